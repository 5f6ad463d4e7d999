/* School days: which local days a school is held on. A rule for the week, and exceptions by date: holidays take days out,
 * make-up days (调休) put days in, terms bound the whole. Pure values, made of a pack's calendars/ by wire/pack_calendar.
 *
 * Days are counted since 1970-01-01 in the local time of whoever asks (core/roster/zone). */
#ifndef CORE_ROSTER_CALENDAR_H
#define CORE_ROSTER_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    CALENDAR_SPANS_MAX = 512, /* of each sort */
    CALENDAR_NAME_MAX_BYTES = 48,
    CALENDAR_SEARCH_DAYS =
        400 /* farther than the longest holiday: beyond it a calendar has no school day */
};

/* Whole local days, both ends included. */
struct calendar_span {
    int64_t first_day;
    int64_t last_day;
};

/* Days that ask for more care: examinations, the begin of a term. */
struct calendar_key_date {
    struct str name; /* "exam"; several spans may have one name */
    struct calendar_span span;
};

/* A value; the arrays are borrowed. An empty one: Monday to Friday, all the year. */
struct calendar {
    uint32_t weekdays; /* bits 1 << weekday (1 Monday … 7 Sunday); 0: Monday to Friday */
    const struct calendar_span *terms; /* none: all the year is term */
    size_t term_count;
    const struct calendar_span *holidays;
    size_t holiday_count;
    const struct calendar_span *make_up_days; /* win over all else */
    size_t make_up_count;
    const struct calendar_key_date *key_dates;
    size_t key_date_count;
};

bool calendar_is_school_day(const struct calendar *calendar, int64_t day);

/* The `count`th school day behind `day` (count > 0) or before it (count < 0); where the calendar has not so many within
 * CALENDAR_SEARCH_DAYS, the last day that was looked at. */
int64_t calendar_step(const struct calendar *calendar, int64_t day, int64_t count);

/* The `index`th of the key dates that the day lies in, or NULL. A name may come twice. */
const struct calendar_key_date *calendar_find_key_date(const struct calendar *calendar, int64_t day,
                                                       size_t index);

#endif
