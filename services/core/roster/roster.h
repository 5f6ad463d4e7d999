/* Who is on duty in a role that is worked in shifts: a table in local wall-clock time that comes round (weekly, in weeks that
 * take turns, in days that take turns), the holidays and make-up days it follows, and overrides by instant (a swap, a
 * stand-in, somebody who is away). Pure values; the org keeps one roster per unit and role.
 *
 * Shifts are compared on the wall clock, so that a table which covers the week has no gap when summer time begins, and an
 * hour that comes twice has the same person on duty both times. Several persons may be on duty at once. An override that
 * covers an instant replaces the shifts of its campus (of all of them when it names none): those of one person, or all.
 *
 * Questions go through an index that roster_index() makes once, for each roster that is kept: O(log n) and one step for each
 * shift that meets the hour. */
#ifndef CORE_ROSTER_ROSTER_H
#define CORE_ROSTER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/roster/calendar.h"
#include "core/roster/zone.h"

enum {
    ROSTER_SHIFTS_MAX = 1024,
    ROSTER_OVERRIDES_MAX = 1024,
    ROSTER_HOLIDAYS_MAX = 64,
    ROSTER_MAKE_UP_DAYS_MAX = 64,
    ROSTER_ON_DUTY_MAX = 16, /* at once; further ones are left out */
    ROSTER_SHIFT_MAX_MINUTES = 7 * 24 * 60,
    ROSTER_PERIOD_MAX_DAYS = 371, /* 53 weeks */
};

/* On which days a shift begins. A school day is Monday to Friday and no holiday, or a make-up day. */
enum roster_days { ROSTER_DAYS_EVERY, ROSTER_DAYS_SCHOOL, ROSTER_DAYS_OTHER, ROSTER_DAYS_COUNT };

struct roster_shift {
    uint32_t weekday; /* of the start: 1 Monday … 7 Sunday; 0: it goes by `first_day` alone */
    uint32_t start_minute; /* of the local day, 0 .. 1439 */
    uint32_t
        length_minutes; /* 1 .. ROSTER_SHIFT_MAX_MINUTES, and no longer than the period; may pass
                                midnight and the week's end */
    struct str person;
    struct str substitute; /* empty: none */
    struct str campus;     /* group id; empty: all */
    uint32_t period_days;  /* 0: 7. With a weekday: whole weeks, counted from `first_day` */
    int64_t first_day; /* days since 1970-01-01, local; 0: has always been. A period of other than 7
                          days needs it */
    int64_t last_day;  /* inclusive; 0: goes on */
    enum roster_days days;
};

struct roster_override {
    int64_t from_ms;
    int64_t to_ms;     /* exclusive, > from_ms */
    struct str person; /* empty: nobody takes the place of `instead_of` */
    struct str substitute;
    struct str campus;
    struct str instead_of; /* person; empty: of everybody */
};

/* A day that is worked by another weekday's table (调休). */
struct roster_make_up {
    int64_t day;
    uint32_t weekday; /* 1 Monday … 7 Sunday */
};

/* Of the index; see roster.c. */
struct roster_node {
    int64_t from;
    int64_t to;
    int64_t reach; /* the latest `to` of the half of the tree below it */
    uint32_t item;
    uint32_t period_days; /* 0: an override */
};

struct roster {
    struct str unit;
    struct str role;
    const struct roster_shift *shifts;
    size_t shift_count;
    const struct roster_override *overrides;
    size_t override_count;
    const struct calendar_span *holidays;
    size_t holiday_count;
    const struct roster_make_up *make_up_days;
    size_t make_up_count;
    const struct roster_node *nodes; /* shift_count + override_count of them; NULL: not indexed */
};

/* Makes the index of a roster without fault in `ret_nodes`, room for shift_count + override_count, and points the roster at
 * it. */
void roster_index(struct roster *roster, struct roster_node *ret_nodes);

/* Borrowed from the roster. */
struct roster_duty {
    struct str person;
    struct str substitute;
    struct str campus;
};

/* Who is on duty at the instant, overrides first, else in the order of the table, each person once. `campus` empty: of any
 * campus. Returns how many; 0 is a gap. The roster is indexed. */
size_t roster_on_duty(const struct roster *roster, const struct zone *zone, struct str campus,
                      int64_t at_ms, struct roster_duty ret_duties[ROSTER_ON_DUTY_MAX]);

struct roster_gap {
    int64_t from_ms;
    int64_t to_ms; /* exclusive */
};

/* The first stretch within [from_ms, to_ms) in which nobody is on duty, to the minute; false: there is none. */
bool roster_find_gap(const struct roster *roster, const struct zone *zone, struct str campus,
                     struct roster_gap within, struct roster_gap *ret_gap);

/* What is wrong with a roster from outside: NULL, or a sentence in static storage. */
const char *roster_fault(const struct roster *roster);

/* The first day at or behind `first_day` on which the shift comes round. */
int64_t roster_anchor_day(const struct roster_shift *shift);

#endif
