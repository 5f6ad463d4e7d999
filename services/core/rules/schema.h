/* What an expression of a rule can see: `event`, `calendar`, and the features of its pack. */
#ifndef CORE_RULES_SCHEMA_H
#define CORE_RULES_SCHEMA_H

#include <stddef.h>

#include "base/str.h"
#include "core/expr/expr.h"
#include "core/roster/calendar.h"
#include "core/roster/zone.h"
#include "core/rules/event.h"

/* The object `event`: `at` is a struct event. A field that is not of the event's family has its default and is not set
 * (has()). Closed vocabularies are texts ("on_campus", "imminent"), `items` maps the item's name to its answer. Answers
 * that are not open are not there: to index them is an error of the evaluation. */
extern const struct expr_schema schema_event;

enum { SCHEMA_WORDS_MAX = 8 };

/* The texts that "state", "place", "danger" or "injury" of an event can be; 0: the field has no closed list. Static storage. */
size_t schema_event_words(struct str field, struct str ret_words[SCHEMA_WORDS_MAX]);

/* A local day, as the pack's calendar knows it. */
struct schema_day {
    const struct calendar *calendar;
    struct zone_local local;
};

/* The object `calendar`: `at` is a struct schema_day, that of the event: `is_school_day`, `day` (since 1970-01-01), `weekday` (1 Monday … 7 Sunday),
 * `hour` (0 … 23), and `key_dates`, the names of those that the day lies in. */
extern const struct expr_schema schema_calendar;

#endif
