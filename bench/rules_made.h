/* Made-up events for bench-rules-events: what the pupils of a made-up county do on a school day. */
#ifndef BENCH_RULES_MADE_H
#define BENCH_RULES_MADE_H

#include <stddef.h>
#include <stdint.h>

#include "cases_county.h"
#include "core/rules/event.h"

#define TERM_HOUR_MS (60 * INT64_C(60000))
#define TERM_DAY_MS (24 * TERM_HOUR_MS)
#define TERM_START_MS INT64_C(1788192000000) /* Tuesday 2026-09-01 in China */

enum { TERM_SCHOOLS = 32, TERM_CLASS_PUPILS = 40, TERM_EVENTS_MAX = 10000, TERM_ITEMS = 7 };

struct made {
    struct event event;
    char id[24];
    struct event_party parties[2];
    struct event_item items[TERM_ITEMS];
};

struct term {
    char schools[TERM_SCHOOLS][COUNTY_ID_BYTES];
    char pupils[TERM_SCHOOLS * COUNTY_PUPILS_EACH][COUNTY_ID_BYTES];
    struct made made[TERM_EVENTS_MAX]; /* the events in hand */
    size_t made_count;
    size_t numbers;  /* of events so far */
    uint64_t chance; /* not 0 */
};

/* Puts the schools `from` to `to` - 1 into the directory, their pupils in classes of TERM_CLASS_PUPILS. */
void term_add_schools(struct term *term, struct county *county, size_t from, size_t to);

/* The next of the events in hand, about the pupil; an incident is reported by another one of the class. */
struct made *term_make(struct term *term, enum event_kind kind, size_t pupil, int64_t at_ms);

/* All of a pupil's school day `day` that begins at `day_ms`, in no order: through the gate, in two rolls, absent two in a
 * hundred; screened once a month; now and then somebody reports something. */
void term_make_day(struct term *term, size_t pupil, size_t day, int64_t day_ms);

#endif
