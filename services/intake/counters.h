/* The metrics of intake, one row each in counters.c. */
#ifndef INTAKE_COUNTERS_H
#define INTAKE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/rules/event.h"
#include "io/http_server.h"
#include "io/metrics.h"

enum counter {
    COUNTER_REQUESTS,
    COUNTER_EVENTS,
    COUNTER_REFUSED,
    COUNTER_UNKNOWN_KINDS,
    COUNTER_UNRESOLVED,
    COUNTER_UNSEALED,
    COUNTER_HTTP_ENDED,
    COUNTER_REPLY,
    COUNTER_IN_FLIGHT,
    COUNTER_UNITS,
    COUNTER_TABLE_REFUSED,
    COUNTER_TABLE_LAG,
    COUNTER_COUNT
};

struct counters {
    struct metric *metrics[COUNTER_COUNT];
    struct metric_series *accepted[EVENT_FAMILY_COUNT]; /* of COUNTER_EVENTS: the hot ones */
    struct metric_series *reply;
};

/* Registers the rows. ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int counters_init(struct counters *counters, struct metrics *metrics);

/* One request answered with `status`, begun `took_us` ago; -1: a file, which takes as long as its rows. */
void counters_answered(struct counters *counters, unsigned status, int64_t took_us);

/* One event or request refused: a code of wire/reject.def, "unauthorized", "rate", "busy", "kafka". */
void counters_refused(struct counters *counters, const char *code);

/* One event, "refused" or "unavailable"; accepted ones are counted by their family. */
void counters_event(struct counters *counters, const char *result);
void counters_accepted(struct counters *counters, enum event_family family);

/* What the HTTP server itself ended so far: counted there. */
void counters_http(struct counters *counters, const struct http_server_counts *counts);

/* One more of a counter without labels; a gauge's value. */
void counters_add(struct counters *counters, enum counter counter);
void counters_set(struct counters *counters, enum counter counter, int64_t value);

#endif
