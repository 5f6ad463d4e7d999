/* Features: named aggregates over events. Built by wire/pack_features, counted by core/rules/window. */
#ifndef CORE_RULES_FEATURE_H
#define CORE_RULES_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expr/expr.h"
#include "core/rules/event.h"

enum {
    RULESET_OPS_MAX =
        6, /* of one feature: one of them distinct, and all numbers of one expression */
};

/* Whose events are counted together. */
enum feature_scope {
    FEATURE_STUDENT,
    FEATURE_CLASS,
    FEATURE_GRADE,
    FEATURE_SCHOOL,
    FEATURE_COUNTY, /* of all its schools: counted where the county is placed (core/rules/county) */
};

enum feature_op_kind {
    FEATURE_COUNT,
    FEATURE_DISTINCT, /* of the feature's `value` */
    FEATURE_STREAK,
    FEATURE_SUM, /* of its `number`, as the next ones */
    FEATURE_MAX,
    FEATURE_MIN,
    FEATURE_LAST,
    FEATURE_MEDIAN,
};

struct feature_op {
    const char *name;
    enum feature_op_kind kind;
};

/* A named aggregate over the events of a sliding window, in event time: those at most `window_ms` before the event that is
 * judged, and that event itself. An event may come late by `lateness_ms` and still count, as if it had come in time: it is
 * also judged at the later events whose windows it falls into. Later than that it is not counted. */
struct feature {
    const char *id;
    enum event_family from;
    const struct expr *where; /* sees `event` and `calendar` */
    uint64_t kinds;           /* bits 1 << enum event_kind: for others `where` never holds */
    enum feature_scope scope;
    int64_t window_ms;
    int64_t lateness_ms;
    const struct expr *value;  /* sees what `where` sees; NULL: no distinct() */
    const struct expr *number; /* likewise; NULL: no operator on numbers */
    int64_t half_life_ms;      /* of sum(); 0: it does not decay */
    bool is_per_subject; /* `value` reads event.subject: an event counts for each of its subjects */
    struct feature_op ops[RULESET_OPS_MAX];
    size_t op_count;
};

#endif
