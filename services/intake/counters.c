#include "intake/counters.h"

#include <stdio.h>

/* Half a millisecond to ten seconds, in microseconds. */
static const int64_t reply_bounds_us[] = {500,     1000,    2000,    5000,    10000,
                                          20000,   50000,   100000,  200000,  500000,
                                          1000000, 2000000, 5000000, 10000000};

static const struct metric_row rows[COUNTER_COUNT] = {
    [COUNTER_REQUESTS] =
        {.name = "sw_intake_requests_total",
         .kind = METRIC_COUNTER,
         .help = "Requests to /v1/events and /v1/import by the status they were answered with.",
         .labels = {"status"}},
    [COUNTER_EVENTS] = {.name = "sw_intake_events_total",
                        .kind = METRIC_COUNTER,
                        .help = "Events by family (\"any\" where it is not known) and result.",
                        .labels = {"family", "result"}},
    [COUNTER_REFUSED] = {.name = "sw_intake_refused_total",
                         .kind = METRIC_COUNTER,
                         .help =
                             "Requests and events refused, by the code of wire/reject.def or of "
                             "the request (unauthorized, rate, busy, kafka).",
                         .labels = {"reason"}},
    [COUNTER_UNKNOWN_KINDS] = {.name = "sw_intake_unknown_kinds_total",
                               .kind = METRIC_COUNTER,
                               .help =
                                   "Accepted events of a kind that this version does not know."},
    [COUNTER_UNRESOLVED] = {.name = "sw_intake_unresolved_total",
                            .kind = METRIC_COUNTER,
                            .help = "Accepted events that name somebody the directory does not."},
    [COUNTER_UNSEALED] = {.name = "sw_intake_unsealed_total",
                          .kind = METRIC_COUNTER,
                          .help = "Events answered 503 because their unit has no erasure key."},
    [COUNTER_HTTP_ENDED] = {.name = "sw_intake_http_ended_total",
                            .kind = METRIC_COUNTER,
                            .help = "Requests that the HTTP server ended itself: too_large (413), "
                                    "not_found (404, 405), too_slow (cut off).",
                            .labels = {"why"}},
    [COUNTER_REPLY] = {.name = "sw_intake_reply_seconds",
                       .kind = METRIC_HISTOGRAM,
                       .help = "From the whole request to its answer, Kafka included.",
                       .scale = 1000000,
                       .bounds = reply_bounds_us,
                       .bound_count = sizeof(reply_bounds_us) / sizeof(reply_bounds_us[0])},
    [COUNTER_IN_FLIGHT] = {.name = "sw_intake_in_flight",
                           .kind = METRIC_GAUGE,
                           .help = "Events that wait for Kafka's answer."},
    [COUNTER_UNITS] = {.name = "sw_intake_directory_records",
                       .kind = METRIC_GAUGE,
                       .help = "Records of the directory in memory."},
    [COUNTER_TABLE_REFUSED] = {.name = "sw_intake_table_refused",
                               .kind = METRIC_GAUGE,
                               .help = "Records of directory and keys that were not taken."},
    [COUNTER_TABLE_LAG] = {.name = "sw_intake_table_lag",
                           .kind = METRIC_GAUGE,
                           .help = "Records of directory and keys still to be read."},
};

int counters_init(struct counters *counters, struct metrics *metrics)
{
    int error = metrics_register(metrics, rows, COUNTER_COUNT, counters->metrics);
    for (int family = EVENT_FAMILY_NONE + 1; error == 0 && family < EVENT_FAMILY_COUNT; family++) {
        const char *labels[] = {event_family_name((enum event_family)family), "accepted"};
        counters->accepted[family] = metric_with(counters->metrics[COUNTER_EVENTS], labels);
    }
    if (error == 0) {
        counters->reply = metric_with(counters->metrics[COUNTER_REPLY], NULL);
    }
    return error;
}

void counters_answered(struct counters *counters, unsigned status, int64_t took_us)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", status);
    metric_add(metric_with(counters->metrics[COUNTER_REQUESTS], (const char *[]){text}), 1);
    if (took_us >= 0) {
        metric_observe(counters->reply, took_us);
    }
}

void counters_refused(struct counters *counters, const char *code)
{
    const char *labels[] = {code};
    metric_add(metric_with(counters->metrics[COUNTER_REFUSED], labels), 1);
}

void counters_event(struct counters *counters, const char *result)
{
    const char *labels[] = {"any", result};
    metric_add(metric_with(counters->metrics[COUNTER_EVENTS], labels), 1);
}

void counters_accepted(struct counters *counters, enum event_family family)
{
    metric_add(counters->accepted[family], 1);
}

void counters_http(struct counters *counters, const struct http_server_counts *counts)
{
    const struct {
        const char *why;
        uint64_t count;
    } ends[] = {{"too_large", counts->too_large},
                {"not_found", counts->not_found},
                {"too_slow", counts->too_slow}};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        metric_set(metric_with(counters->metrics[COUNTER_HTTP_ENDED], &ends[i].why),
                   (int64_t)ends[i].count);
    }
}

void counters_add(struct counters *counters, enum counter counter)
{
    metric_add(metric_with(counters->metrics[counter], NULL), 1);
}

void counters_set(struct counters *counters, enum counter counter, int64_t value)
{
    metric_set(metric_with(counters->metrics[counter], NULL), value);
}
