#include "notifier/counters.h"

static const struct metric_row rows[COUNTER_ROWS] = {
    [COUNTER_TAKEN] = {.name = "sw_notifier_taken_total",
                       .kind = METRIC_COUNTER,
                       .help = "notices taken from their topic",
                       .labels = {"lane", "channel"}},
    [COUNTER_REPEATED] = {.name = "sw_notifier_repeated_total",
                          .kind = METRIC_COUNTER,
                          .help = "notices dropped: held already, or accepted before"},
    [COUNTER_RECEIPTS] = {.name = "sw_notifier_receipts_total",
                          .kind = METRIC_COUNTER,
                          .help = "receipts written",
                          .labels = {"channel", "state"}},
    [COUNTER_SENT] = {.name = "sw_notifier_sends_total",
                      .kind = METRIC_COUNTER,
                      .help = "answers of the provider to a send",
                      .labels = {"channel", "answer"}},
    [COUNTER_SENT_AGAIN] = {.name = "sw_notifier_sent_again_total",
                            .kind = METRIC_COUNTER,
                            .help = "sends repeated because the end of the first is not known",
                            .labels = {"why"}},
    [COUNTER_UNCLAIMED] = {.name = "sw_notifier_unclaimed_total",
                           .kind = METRIC_COUNTER,
                           .help = "urgent sends without a claim, Redis being away"},
    [COUNTER_WITHHELD] = {.name = "sw_notifier_withheld_total",
                          .kind = METRIC_COUNTER,
                          .help = "times that sending waited for a fresh proof of ownership"},
    [COUNTER_TO_SMS] = {.name = "sw_notifier_calls_to_sms_total",
                        .kind = METRIC_COUNTER,
                        .help = "calls that became an SMS: the quota of the number"},
    [COUNTER_PLAIN_TEXTS] = {.name = "sw_notifier_plain_texts_total",
                             .kind = METRIC_COUNTER,
                             .help = "messages with the built-in text, no pack having one"},
    [COUNTER_UNREADABLE] = {.name = "sw_notifier_unreadable_values_total",
                            .kind = METRIC_COUNTER,
                            .help = "sealed values that did not open",
                            .labels = {"why"}},
    [COUNTER_REJECTS] = {.name = "sw_notifier_rejects_total",
                         .kind = METRIC_COUNTER,
                         .help = "records that could not be taken",
                         .labels = {"topic", "reason"}},
    [COUNTER_TABLE_FAULTS] = {.name = "sw_notifier_table_faults_total",
                              .kind = METRIC_COUNTER,
                              .help = "records of directory and keys that could not be taken",
                              .labels = {"reason"}},
    [COUNTER_CALLBACKS] = {.name = "sw_notifier_callbacks_total",
                           .kind = METRIC_COUNTER,
                           .help = "callbacks over HTTP by status",
                           .labels = {"status"}},
    [COUNTER_STOPS_EVICTED] = {.name = "sw_notifier_stops_evicted_total",
                               .kind = METRIC_COUNTER,
                               .help =
                                   "cancels and conflicts forgotten before their time, for room"},
    [COUNTER_FEED] = {.name = "sw_notifier_feed_entries_total",
                      .kind = METRIC_COUNTER,
                      .help = "entries written to partners' topics"},
    [COUNTER_DIGESTS] = {.name = "sw_notifier_digests_total",
                         .kind = METRIC_COUNTER,
                         .help = "digests made of notices that may wait",
                         .labels = {"channel"}},
    [COUNTER_QUEUE_TIME] = {.name = "sw_notifier_queue_seconds",
                            .kind = METRIC_HISTOGRAM,
                            .help = "from a notice's making to its first send",
                            .labels = {"lane"},
                            .scale = 1000},
    [COUNTER_SEND_TIME] = {.name = "sw_notifier_send_seconds",
                           .kind = METRIC_HISTOGRAM,
                           .help = "from a send to the provider's answer",
                           .labels = {"lane"},
                           .scale = 1000},
    [COUNTER_IN_FLIGHT] = {.name = "sw_notifier_in_flight",
                           .kind = METRIC_GAUGE,
                           .help = "sends underway",
                           .labels = {"lane"}},
    [COUNTER_HELD] = {.name = "sw_notifier_held",
                      .kind = METRIC_GAUGE,
                      .help = "notices taken and not yet ended",
                      .labels = {"lane"}},
};

int counters_register(struct counters *counters, struct metrics *metrics)
{
    return metrics_register(metrics, rows, COUNTER_ROWS, counters->metric);
}

static struct metric_series *series(const struct counters *counters, enum counter counter,
                                    const char *first, const char *second)
{
    const char *values[] = {first, second};
    return metric_with(counters->metric[counter], first != NULL ? values : NULL);
}

void counters_add(const struct counters *counters, enum counter counter, const char *first,
                  const char *second)
{
    metric_add(series(counters, counter, first, second), 1);
}

void counters_observe(const struct counters *counters, enum counter counter, const char *label,
                      int64_t value_ms)
{
    metric_observe(series(counters, counter, label, NULL), value_ms > 0 ? value_ms : 0);
}

void counters_set(const struct counters *counters, enum counter counter, const char *label,
                  int64_t value)
{
    metric_set(series(counters, counter, label, NULL), value);
}
