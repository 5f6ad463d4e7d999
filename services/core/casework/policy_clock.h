/* Clocks of obligations: most run always; one that may pause says so in its policy. */
#ifndef CORE_CASEWORK_POLICY_CLOCK_H
#define CORE_CASEWORK_POLICY_CLOCK_H

#include <stdint.h>

#include "core/roster/zone.h"

struct policy_set;

/* When the clock of an obligation runs. Only what a policy says pauses, and what it does not, never. */
enum policy_clock {
    POLICY_CLOCK_ALWAYS,
    POLICY_CLOCK_SCHOOL_DAYS,   /* day and night of school days */
    POLICY_CLOCK_WORKING_HOURS, /* the set's working hours of school days */
};

/* The instant at which the clock of the obligation has run for so long since the anchor; where the calendar has no such time
 * within two years, the last one that was looked at. */
int64_t policy_clock_end(const struct policy_set *set, const struct zone *zone,
                         enum policy_clock clock, int64_t anchor_ms, int64_t duration_ms);

#endif
