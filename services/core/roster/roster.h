/* Who is on duty in a role that is worked in shifts: a weekly table in local wall-clock time, and overrides by instant
 * (swaps, holidays). Pure values; the org keeps one roster per unit and role.
 *
 * Shifts are compared on the wall clock, so that a table which covers the week has no gap when summer time begins, and an
 * hour that comes twice has the same person on duty both times. Several persons may be on duty at once. An override that
 * covers an instant replaces the weekly shifts of its campus (of all of them when it names none). */
#ifndef CORE_ROSTER_ROSTER_H
#define CORE_ROSTER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/roster/zone.h"

enum {
    ROSTER_SHIFTS_MAX = 256,
    ROSTER_OVERRIDES_MAX = 512,
    ROSTER_ON_DUTY_MAX = 16, /* at once; further ones are left out */
    ROSTER_SHIFT_MAX_MINUTES = 7 * 24 * 60,
};

struct roster_shift {
    uint32_t weekday;      /* of the start: 1 Monday … 7 Sunday */
    uint32_t start_minute; /* of the local day, 0 .. 1439 */
    uint32_t
        length_minutes; /* 1 .. ROSTER_SHIFT_MAX_MINUTES; may pass midnight and the week's end */
    struct str person;
    struct str substitute; /* empty: none */
    struct str campus;     /* group id; empty: all */
};

struct roster_override {
    int64_t from_ms;
    int64_t to_ms; /* exclusive, > from_ms */
    struct str person;
    struct str substitute;
    struct str campus;
};

struct roster {
    struct str unit;
    struct str role;
    const struct roster_shift *shifts;
    size_t shift_count;
    const struct roster_override *overrides;
    size_t override_count;
};

/* Borrowed from the roster. */
struct roster_duty {
    struct str person;
    struct str substitute;
    struct str campus;
};

/* Who is on duty at the instant, in the order of the table, each person once. `campus` empty: of any campus. Returns how
 * many; 0 is a gap. */
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

#endif
