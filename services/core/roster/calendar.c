#include "core/roster/calendar.h"

#include "base/assert.h"

enum { MONDAY_TO_FRIDAY = 0x3e };

static bool covers(const struct calendar_span *spans, size_t count, int64_t day)
{
    for (size_t i = 0; i < count; i++) {
        if (spans[i].first_day <= day && day <= spans[i].last_day) {
            return true;
        }
    }
    return false;
}

/* 1 Monday … 7 Sunday; 1970-01-01 was a Thursday. */
static unsigned weekday_of(int64_t day)
{
    int64_t from_thursday = day % 7;
    return (unsigned)((from_thursday + 7 + 3) % 7) + 1;
}

bool calendar_is_school_day(const struct calendar *calendar, int64_t day)
{
    uint32_t weekdays = calendar->weekdays != 0 ? calendar->weekdays : MONDAY_TO_FRIDAY;
    if (covers(calendar->make_up_days, calendar->make_up_count, day)) {
        return true;
    }
    return (weekdays >> weekday_of(day) & 1) != 0 &&
           !covers(calendar->holidays, calendar->holiday_count, day) &&
           (calendar->term_count == 0 || covers(calendar->terms, calendar->term_count, day));
}

int64_t calendar_step(const struct calendar *calendar, int64_t day, int64_t count)
{
    int64_t way = count > 0 ? 1 : -1;
    int64_t left = count > 0 ? count : -count;
    sw_assert(count != 0);
    for (int i = 0; i < CALENDAR_SEARCH_DAYS && left > 0; i++) {
        day += way;
        left -= calendar_is_school_day(calendar, day) ? 1 : 0;
    }
    return day;
}

const struct calendar_key_date *calendar_find_key_date(const struct calendar *calendar, int64_t day,
                                                       size_t index)
{
    for (size_t i = 0; i < calendar->key_date_count; i++) {
        const struct calendar_key_date *date = &calendar->key_dates[i];
        if (covers(&date->span, 1, day) && index-- == 0) {
            return date;
        }
    }
    return NULL;
}
