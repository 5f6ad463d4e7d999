/* What a county counts of its schools' events. A school's triage finds what the features of county scope take of an event and
 * sends no more than that: a fact, placed by the county. The county's triage puts it into its windows and judges the rules
 * that are about the county. Neither knows the other's state. */
#ifndef CORE_RULES_COUNTY_H
#define CORE_RULES_COUNTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/rules/event.h"
#include "core/rules/window.h"

enum { COUNTY_COUNTS_MAX = 64 };

/* One entry for the window of one feature. */
struct county_count {
    struct str feature;
    struct window_entry entry;
};

/* One event of one school, as far as its county counts it: a value is a hash, a number is what the pack made of the event, and
 * no person is named. */
struct county_fact {
    struct str county;
    struct str unit; /* where it happened */
    struct str source;
    struct str id;
    enum event_family family;
    enum event_kind kind;
    int64_t occurred_ms;
    int64_t discovered_ms;
    int64_t reported_ms;
    bool history;
    const struct county_count *counts;
    size_t count;
};

#endif
