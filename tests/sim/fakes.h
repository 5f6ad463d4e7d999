/* What the services use of io/ beside the stream, under the same names: the linker finds these instead. Service and loop here,
 * Redis, the HTTP client, the HTTP server of callbacks and the producer behind it. Real are: configuration, metrics, log,
 * cryptography, and all of wire, core and base. */
#ifndef TESTS_SIM_FAKES_H
#define TESTS_SIM_FAKES_H

#include <stdbool.h>

#include "io/service.h"
#include "sim/agenda.h"
#include "sim/machine.h"

extern const struct service_definition triage_definition;
extern const struct service_definition escalator_definition;
extern const struct service_definition notifier_definition;

/* --- Redis: one for all --------------------------------------------------------------------------------------------- */

struct store *store_new(struct agenda *agenda);
void store_free(struct store *store);

/* Nobody reaches it; every client is told. `is_emptied`: what it held is gone when it is back. */
void store_set_away(struct store *store, bool is_away, bool is_emptied,
                    struct machine_world *world);
bool store_is_away(const struct store *store);

/* What it holds under a key; empty: nothing. */
struct str store_get(const struct store *store, struct str key);

/* --- callbacks of the provider ---------------------------------------------------------------------------------------- */

/* 0: not reached, or no answer yet worth waiting for; else the HTTP status, later. */
typedef void (*callback_done_fn)(void *ctx, unsigned status);

/* POST /v1/callbacks to a notifier. `body` is borrowed for the call. */
void machine_post_callback(struct machine *machine, struct str body, callback_done_fn done,
                           void *ctx);

#endif
