/* The pages' live connections (server-sent events): tells them that something changed, never what: a page then asks
 * anew, with its own rights. */
#ifndef CONSOLE_LIVE_H
#define CONSOLE_LIVE_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "io/http_server.h"

enum { LIVE_STREAMS_MAX = 4096 };

struct live;

/* Whether a user of `scope` may hear of `unit`. */
typedef bool (*live_within_fn)(struct str unit, struct str scope, void *ctx);

/* NULL when memory is out. */
struct live *live_new(live_within_fn within, void *ctx);

/* After the HTTP server is freed, which closes the streams. NULL is fine. */
void live_free(struct live *live);

/* Answers the request with a stream. `scope` is the user's unit; `case_hex` empty: every case. 503 when full. */
void live_open(struct live *live, struct http_request *request, struct str scope,
               struct str case_hex);

/* Something of the case changed. */
void live_change(struct live *live, struct str unit, struct str case_hex);

/* Everything may have changed (the wire or the read model came back). */
void live_change_all(struct live *live);

size_t live_count(const struct live *live);

#endif
