#include "core/roster/zone.h"

#include "base/assert.h"

#define DAY_MS INT64_C(86400000)

int32_t zone_offset_s(const struct zone *zone, int64_t at_ms)
{
    if (zone->count == 0) {
        return ZONE_DEFAULT_OFFSET_S;
    }
    size_t low = 0; /* the last entry that begins at or before the instant, by halves */
    size_t high = zone->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->offsets[middle].from_ms <= at_ms) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return zone->offsets[low].offset_s;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    sw_assert(b > 0);
    return a / b - (a % b < 0 ? 1 : 0);
}

struct zone_local zone_to_local(const struct zone *zone, int64_t at_ms)
{
    int64_t local_ms = at_ms + INT64_C(1000) * zone_offset_s(zone, at_ms);
    int64_t day = floor_div(local_ms, DAY_MS);
    int64_t since_monday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (struct zone_local){
        .day = day,
        .weekday = (uint32_t)(since_monday < 0 ? since_monday + 7 : since_monday) + 1,
        .day_ms = local_ms - day * DAY_MS,
    };
}

int64_t zone_from_local(const struct zone *zone, int64_t day, int64_t day_ms)
{
    int64_t local_ms = day * DAY_MS + day_ms;
    /* The offsets in force a day before and after bracket any change; the earlier reading is the one with the offset from
     * before the change, which is also what a skipped time means. */
    int32_t before_s = zone_offset_s(zone, local_ms - DAY_MS);
    int32_t after_s = zone_offset_s(zone, local_ms + DAY_MS);
    int64_t early_ms = local_ms - INT64_C(1000) * before_s;
    int64_t late_ms = local_ms - INT64_C(1000) * after_s;
    if (zone_offset_s(zone, early_ms) == before_s || zone_offset_s(zone, late_ms) != after_s) {
        return early_ms;
    }
    return late_ms;
}

int64_t zone_day_of(int64_t year, uint32_t month, uint32_t day)
{
    sw_assert(month >= 1 && month <= 12);
    /* Howard Hinnant's days_from_civil: years begin in March, so that the leap day is the last. */
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(shifted, 400);
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}
