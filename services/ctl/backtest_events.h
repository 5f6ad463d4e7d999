/* The events of a backtest, in memory, in the order of their times: from files as senders write them, or from Kafka. */
#ifndef CTL_BACKTEST_EVENTS_H
#define CTL_BACKTEST_EVENTS_H

#include <stdint.h>

#include "core/org/org.h"
#include "core/rules/event.h"
#include "core/rules/ruleset.h"
#include "ctl/ctl.h"

/* Of whatever lies before the span, so much is replayed too, so that windows are full: the longest window, and what may come
 * late. */
#define BACKTEST_WARM_UP_MS (RULESET_WINDOW_MAX_MS + RULESET_LATENESS_MAX_MS)

struct backtest_span {
    int64_t from_ms;
    int64_t to_ms;
};

struct backtest_event {
    int64_t time_ms; /* when it came: of a file, when it was reported */
    size_t order;    /* in which it was read */
    struct event event;
};

struct backtest_events {
    struct arena arena;
    struct backtest_event *items;
    size_t count;
    size_t capacity;
    uint64_t refused; /* records and events that are none */
    uint64_t closed;  /* results whose answers could not be opened */
};

/* Caller's storage; to be given back by backtest_events_fini in any case. */
void backtest_events_init(struct backtest_events *events);
void backtest_events_fini(struct backtest_events *events);

/* All files of the option --events: CloudEvents in structured mode, one a line, or an array of them. Whatever is refused is told
 * on stderr with its place. */
enum ctl_exit backtest_read_files(struct ctl *ctl, const struct org *org, struct backtest_span span,
                                  struct backtest_events *events);

/* The three topics of events. Answers are opened with the keys of keys.dir; without it rules about them do not hold. */
enum ctl_exit backtest_read_kafka(struct ctl *ctl, struct backtest_span span,
                                  struct backtest_events *events);

/* Ascending by time; of one time, in the order in which they were read. */
void backtest_sort(struct backtest_events *events);

#endif
