/* What the notifier counts. */
#ifndef NOTIFIER_COUNTERS_H
#define NOTIFIER_COUNTERS_H

#include "io/metrics.h"

enum counter {
    COUNTER_TAKEN,
    COUNTER_REPEATED,
    COUNTER_RECEIPTS,
    COUNTER_SENT,
    COUNTER_SENT_AGAIN,
    COUNTER_UNCLAIMED,
    COUNTER_WITHHELD,
    COUNTER_TO_SMS,
    COUNTER_PLAIN_TEXTS,
    COUNTER_UNREADABLE,
    COUNTER_REJECTS,
    COUNTER_TABLE_FAULTS,
    COUNTER_CALLBACKS,
    COUNTER_STOPS_EVICTED,
    COUNTER_FEED,
    COUNTER_DIGESTS,
    COUNTER_QUEUE_TIME,
    COUNTER_SEND_TIME,
    COUNTER_IN_FLIGHT,
    COUNTER_HELD,
    COUNTER_ROWS,
};

struct counters {
    struct metric *metric[COUNTER_ROWS];
};

/* Registers the rows. ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int counters_register(struct counters *counters, struct metrics *metrics);

/* Adds one; labels in the order of the row, NULL where there are none. */
void counters_add(const struct counters *counters, enum counter counter, const char *first,
                  const char *second);
void counters_observe(const struct counters *counters, enum counter counter, const char *label,
                      int64_t value_ms);
void counters_set(const struct counters *counters, enum counter counter, const char *label,
                  int64_t value);

#endif
