/* The same commands in every service, over HTTP on `admin.listen` (bind it to a local address: it has no login):
 *
 *     GET  /metrics            Prometheus text
 *     GET  /healthz            200 "ok" while the loop turns
 *     GET  /readyz             200 "ready", or 503 with one "part: reason" per line
 *     GET  /show/WHAT          state, queues, config, counters, and what the service adds
 *     POST /set/log            body: debug, info, warn or error
 *     POST /drain              stops taking input and exits when done, as SIGTERM does
 *     GET  /help               this list
 *
 * A service adds its own rows ("show case ID" is GET /show/case/ID). */
#ifndef IO_ADMIN_H
#define IO_ADMIN_H

#include <stddef.h>

#include "base/error.h"
#include "io/buffer.h"
#include "io/config.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "io/metrics.h"

struct admin;

/* Appends its text; `argument` is what stood behind the name ("" if nothing). An error becomes 400 or 404 with its
 * text. */
typedef int (*admin_show_fn)(const char *argument, struct buffer *ret_text, void *ctx);

struct admin_show {
    const char *name; /* "state" */
    const char *help;
    admin_show_fn show;
    void *ctx;
};

struct admin_options {
    struct address listen;
    struct metrics *metrics;
    const struct config *const *config; /* where the config in force is found */
    loop_fn drain;
    /* Appends "part: reason" lines while not ready; nothing when ready. */
    void (*unready)(struct buffer *ret_text, void *ctx);
    void *ctx; /* of drain and unready */
};

/* ERR_* of http_server_new. */
SW_NODISCARD int admin_new(struct loop *loop, const struct admin_options *options,
                           struct admin **ret_admin);
/* NULL is fine. */
void admin_free(struct admin *admin);

/* Copies the rows; at most 32, several may have one name (their texts follow each other). ERR_FULL. */
SW_NODISCARD int admin_add(struct admin *admin, const struct admin_show *rows, size_t count);

struct address admin_address(const struct admin *admin);

#endif
