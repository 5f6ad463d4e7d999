#include "core/casework/policy_clock.h"

#include "core/casework/policy.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS };

/* The part of the day in which the clock runs, in ms of the local day; an empty one: not at all. */
static void running_part(const struct policy_set *set, enum policy_clock clock, int64_t day,
                         int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    bool hours = clock == POLICY_CLOCK_WORKING_HOURS;
    *ret_from_ms = hours ? (int64_t)set->work_from_minute * MINUTE_MS : 0;
    *ret_to_ms = hours ? (int64_t)set->work_to_minute * MINUTE_MS : DAY_MS;
    if (!calendar_is_school_day(&set->calendar, day)) {
        *ret_to_ms = *ret_from_ms;
    }
}

int64_t policy_clock_end(const struct policy_set *set, const struct zone *zone,
                         enum policy_clock clock, int64_t anchor_ms, int64_t duration_ms)
{
    enum { DAYS_MAX = 2 * 366 };
    struct zone_local start = zone_to_local(zone, anchor_ms);
    int64_t end_ms = anchor_ms;
    if (clock == POLICY_CLOCK_ALWAYS) {
        return anchor_ms + duration_ms;
    }
    for (int64_t day = start.day; day < start.day + DAYS_MAX; day++) {
        int64_t from_ms = 0;
        int64_t to_ms = 0;
        running_part(set, clock, day, &from_ms, &to_ms);
        if (day == start.day && from_ms < start.day_ms) {
            from_ms = start.day_ms < to_ms ? start.day_ms : to_ms;
        }
        /* An anchor in the hour that comes twice is itself, not the first of the two. */
        bool is_running = day == start.day && from_ms == start.day_ms;
        end_ms = (is_running ? anchor_ms : zone_from_local(zone, day, from_ms)) + duration_ms;
        if (from_ms < to_ms && from_ms + duration_ms <= to_ms) {
            return end_ms;
        }
        duration_ms -= to_ms - from_ms;
    }
    return end_ms;
}
