#include "core/roster/roster.h"

#include "base/assert.h"

#define MINUTE_MS INT64_C(60000)

enum { DAY_MINUTES = 24 * 60, WEEK_MINUTES = 7 * DAY_MINUTES };

/* Whether something of one campus counts for a question about another; empty is all. */
static bool meets_campus(struct str of, struct str asked)
{
    return of.len == 0 || asked.len == 0 || str_equal(of, asked);
}

/* By the wall clock: minutes since the shift's last weekly start, less than its length. */
static bool shift_covers(const struct roster_shift *shift, const struct zone_local *local)
{
    int64_t now = (int64_t)(local->weekday - 1) * DAY_MINUTES + local->day_ms / MINUTE_MS;
    int64_t start = (int64_t)(shift->weekday - 1) * DAY_MINUTES + shift->start_minute;
    int64_t since = (now - start + WEEK_MINUTES) % WEEK_MINUTES;
    return since < shift->length_minutes;
}

static bool override_covers(const struct roster_override *override, int64_t at_ms)
{
    return override->from_ms <= at_ms && at_ms < override->to_ms;
}

/* Whether an override in force stands in the place of the weekly shift. */
static bool is_replaced(const struct roster *roster, const struct roster_shift *shift,
                        struct str campus, int64_t at_ms)
{
    for (size_t i = 0; i < roster->override_count; i++) {
        const struct roster_override *override = &roster->overrides[i];
        bool same_place = override->campus.len == 0 || str_equal(override->campus, shift->campus) ||
                          (campus.len > 0 && str_equal(override->campus, campus));
        if (same_place && override_covers(override, at_ms)) {
            return true;
        }
    }
    return false;
}

static size_t add_duty(struct roster_duty *duties, size_t count, struct roster_duty duty)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(duties[i].person, duty.person)) {
            return count;
        }
    }
    if (count < ROSTER_ON_DUTY_MAX) {
        duties[count] = duty;
        count++;
    }
    return count;
}

size_t roster_on_duty(const struct roster *roster, const struct zone *zone, struct str campus,
                      int64_t at_ms, struct roster_duty ret_duties[ROSTER_ON_DUTY_MAX])
{
    struct zone_local local = zone_to_local(zone, at_ms);
    size_t count = 0;
    for (size_t i = 0; i < roster->override_count; i++) {
        const struct roster_override *override = &roster->overrides[i];
        if (override_covers(override, at_ms) && meets_campus(override->campus, campus)) {
            count = add_duty(
                ret_duties, count,
                (struct roster_duty){override->person, override->substitute, override->campus});
        }
    }
    for (size_t i = 0; i < roster->shift_count; i++) {
        const struct roster_shift *shift = &roster->shifts[i];
        if (shift_covers(shift, &local) && meets_campus(shift->campus, campus) &&
            !is_replaced(roster, shift, campus, at_ms)) {
            count = add_duty(ret_duties, count,
                             (struct roster_duty){shift->person, shift->substitute, shift->campus});
        }
    }
    sw_assert(count <= ROSTER_ON_DUTY_MAX);
    return count;
}

bool roster_find_gap(const struct roster *roster, const struct zone *zone, struct str campus,
                     struct roster_gap within, struct roster_gap *ret_gap)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    int64_t from_ms = within.from_ms;
    while (from_ms < within.to_ms && roster_on_duty(roster, zone, campus, from_ms, duties) > 0) {
        from_ms += MINUTE_MS;
    }
    if (from_ms >= within.to_ms) {
        return false;
    }
    int64_t to_ms = from_ms + MINUTE_MS;
    while (to_ms < within.to_ms && roster_on_duty(roster, zone, campus, to_ms, duties) == 0) {
        to_ms += MINUTE_MS;
    }
    *ret_gap = (struct roster_gap){from_ms, to_ms < within.to_ms ? to_ms : within.to_ms};
    return true;
}

const char *roster_fault(const struct roster *roster)
{
    if (roster->shift_count > ROSTER_SHIFTS_MAX) {
        return "more than 256 shifts";
    }
    if (roster->override_count > ROSTER_OVERRIDES_MAX) {
        return "more than 512 overrides";
    }
    for (size_t i = 0; i < roster->shift_count; i++) {
        const struct roster_shift *shift = &roster->shifts[i];
        if (shift->weekday < 1 || shift->weekday > 7) {
            return "a shift's weekday is not 1..7";
        }
        if (shift->start_minute >= DAY_MINUTES) {
            return "a shift's start is not within the day";
        }
        if (shift->length_minutes < 1 || shift->length_minutes > ROSTER_SHIFT_MAX_MINUTES) {
            return "a shift's length is not 1 minute to 7 days";
        }
        if (shift->person.len == 0) {
            return "a shift has no person";
        }
    }
    for (size_t i = 0; i < roster->override_count; i++) {
        if (roster->overrides[i].from_ms >= roster->overrides[i].to_ms) {
            return "an override ends before it begins";
        }
        if (roster->overrides[i].person.len == 0) {
            return "an override has no person";
        }
    }
    return NULL;
}
