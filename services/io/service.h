/* What every service's main needs: configuration, loop, log, metrics, admin page, readiness, signals, exit codes.
 *
 *     static const struct service_definition definition = {.table = &config_table, .start = start, .drain = drain,
 *                                                          .stop = stop};
 *     int main(int argc, char **argv) { return service_main(&definition, argc, argv); }
 *
 * Exit codes: 0 drained and stopped, or --help and the like; 1 failed while running (service_fail) or could not start;
 * 2 bad configuration; 3 did not drain in `drain.timeout`; 130 second signal. */
#ifndef IO_SERVICE_H
#define IO_SERVICE_H

#include "base/error.h"
#include "io/admin.h"
#include "io/config.h"
#include "io/loop.h"
#include "io/metrics.h"

struct service;

struct service_definition {
    const struct config_table *table;
    /* Builds the service's own state; `ret_state` is handed to the others. An error ends the process with 1 after a
     * log line; what was built is given back by `stop`, which is called if `ret_state` was set. */
    int (*start)(struct service *service, void **ret_state);
    /* SIGTERM, SIGINT or `drain`: stop input, finish what was taken, then call service_drained (at once or later).
     * NULL: drained at once. */
    void (*drain)(void *state);
    /* Frees the state; the loop does not run any more but through the objects' own teardown. */
    void (*stop)(void *state);
    /* SIGHUP: the file was read again and differs only in reloadable keys; service_config is the new one. May be
     * NULL. */
    void (*reload)(void *state);
};

/* Runs the whole process; answers the exit code. */
int service_main(const struct service_definition *definition, int argc, char **argv);

struct loop *service_loop(struct service *service);
const struct config *service_config(const struct service *service);
struct metrics *service_metrics(struct service *service);
struct admin *service_admin(struct service *service);

/* A part ("stream", "redis") is not ready for a reason (a code or a short English sentence, copied), or ready (NULL).
 * The service is ready when all parts are and it does not drain. At most 16 parts, added by their first call. `part`
 * must live for ever (a literal). Each change is logged. */
void service_set_unready(struct service *service, const char *part, const char *reason);
bool service_is_ready(const struct service *service);

/* Starts the drain, as SIGTERM does. */
void service_drain(struct service *service);

/* Ends the process with 0 once the drain is done. */
void service_drained(struct service *service);

/* Ends the process with 1 at the end of this turn, after a log line with the code. */
void service_fail(struct service *service, const char *why);

#endif
