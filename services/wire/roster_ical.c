/* Events of an iCalendar file -> shifts and overrides. A series is worked out on its own clock and then moved by whole days to
 * the unit's, which is right as long as the two clocks differ by the same time all the year; any other is refused. */
#include "wire/roster_ical.h"

#include "base/assert.h"
#include "core/roster/zone.h"
#include "wire/roster_ical_parts.h"

enum { DAY_MINUTES = 24 * 60, WEEK_DAYS = 7, MINUTE_MS = 60000 };

struct build {
    struct ical_reading *reading;
    const struct ical_event *event;
    struct zone zone;   /* of the event's start */
    int64_t shift_days; /* from its own day to the unit's */
    int64_t own_day;    /* of the start */
    int64_t minute;     /* of the start, on the unit's clock, since 1970 */
    int64_t length_minutes;
    struct roster_shift *shifts;
    size_t shift_count;
    size_t shift_capacity;
    struct roster_override *overrides;
    size_t override_count;
    size_t override_capacity;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static uint32_t weekday_of(int64_t day)
{
    return (uint32_t)(day + 3 - floor_div(day + 3, WEEK_DAYS) * WEEK_DAYS) + 1;
}

/* ---- what is added ---- */

static void add_shift(struct build *build, const struct roster_shift *shift, uint32_t line)
{
    struct roster one = {.shifts = shift, .shift_count = 1};
    const char *fault = roster_fault(&one);
    struct roster_shift *grown =
        arena_grow_array(build->reading->arena, build->shifts, build->shift_count,
                         &build->shift_capacity, sizeof(*grown));
    if (fault != NULL || build->shift_count == ROSTER_SHIFTS_MAX) {
        roster_ical_fail(build->reading, line, fault != NULL ? fault : "more than 1024 duties");
    } else if (grown == NULL) {
        build->reading->error = ERR_MEMORY;
    } else {
        build->shifts = grown;
        grown[build->shift_count++] = *shift;
    }
}

static int64_t instant_of(const struct build *build, int64_t minute)
{
    int64_t day = floor_div(minute, DAY_MINUTES);
    return zone_from_local(&build->reading->file->zone, day,
                           (minute - day * DAY_MINUTES) * MINUTE_MS);
}

static void add_override(struct build *build, struct roster_override override, uint32_t line)
{
    struct roster_override *grown =
        arena_grow_array(build->reading->arena, build->overrides, build->override_count,
                         &build->override_capacity, sizeof(*grown));
    if (override.from_ms >= override.to_ms || build->override_count == ROSTER_OVERRIDES_MAX) {
        roster_ical_fail(build->reading, line,
                         build->override_count == ROSTER_OVERRIDES_MAX
                             ? "more than 1024 overrides"
                             : "an override ends before it begins");
    } else if (grown == NULL) {
        build->reading->error = ERR_MEMORY;
    } else {
        build->overrides = grown;
        grown[build->override_count++] = override;
    }
}

/* ---- times ---- */

/* On the unit's clock. */
static bool local_minute(struct build *build, const struct ical_moment *moment, int64_t *ret_minute)
{
    struct zone zone;
    if (!roster_ical_find_zone(build->reading, moment, &zone)) {
        return false;
    }
    int64_t day = floor_div(moment->minute, DAY_MINUTES);
    int64_t at_ms = zone_from_local(&zone, day, (moment->minute - day * DAY_MINUTES) * MINUTE_MS);
    struct zone_local local = zone_to_local(&build->reading->file->zone, at_ms);
    *ret_minute = moment->tzid.len == 0 && !moment->is_utc
                      ? moment->minute
                      : local.day * DAY_MINUTES + local.day_ms / MINUTE_MS;
    return true;
}

/* Start, length and clock of the event. */
static bool read_times(struct build *build)
{
    const struct ical_event *event = build->event;
    int64_t end = 0;
    if (event->start.line == 0) {
        roster_ical_fail(build->reading, event->line, "a VEVENT without DTSTART");
        return false;
    }
    if (!roster_ical_find_zone(build->reading, &event->start, &build->zone) ||
        !local_minute(build, &event->start, &build->minute)) {
        return false;
    }
    build->own_day = floor_div(event->start.minute, DAY_MINUTES);
    build->shift_days = floor_div(build->minute, DAY_MINUTES) - build->own_day;
    if (event->end.line != 0 && event->duration_minutes > 0) {
        roster_ical_fail(build->reading, event->end.line,
                         "DTEND and DURATION: expected one of them");
        return false;
    }
    if (event->end.line != 0 && !local_minute(build, &event->end, &end)) {
        return false;
    }
    build->length_minutes = event->end.line != 0          ? end - build->minute
                            : event->duration_minutes > 0 ? event->duration_minutes
                            : event->start.is_date        ? DAY_MINUTES
                                                          : 0;
    if (build->length_minutes < 1 || build->length_minutes > ROSTER_SHIFT_MAX_MINUTES) {
        roster_ical_fail(build->reading, event->end.line != 0 ? event->end.line : event->line,
                         "expected an end, from 1 minute to 7 days behind the start");
        return false;
    }
    return true;
}

/* Whether the two clocks differ by one and the same time, over the two years from the start. */
static bool keeps_distance(const struct build *build)
{
    enum { WEEKS = 106 };
    int64_t at_ms = instant_of(build, build->minute);
    const struct zone *unit = &build->reading->file->zone;
    int32_t distance = zone_offset_s(&build->zone, at_ms) - zone_offset_s(unit, at_ms);
    for (int week = 1; week < WEEKS; week++) {
        int64_t then_ms = at_ms + INT64_C(604800000) * week;
        if (zone_offset_s(&build->zone, then_ms) - zone_offset_s(unit, then_ms) != distance) {
            return false;
        }
    }
    return true;
}

/* ---- series ---- */

static bool is_set(const short *list)
{
    return list[0] != ICAL_RECURRENCE_ARRAY_MAX;
}

/* Why the rule is not taken; NULL: it is. */
static const char *rule_fault(const struct icalrecurrencetype *rule)
{
    enum { COUNT_MAX = 100000 };
    bool is_daily = rule->freq == ICAL_DAILY_RECURRENCE;
    if (!is_daily && rule->freq != ICAL_WEEKLY_RECURRENCE) {
        return "RRULE: expected FREQ=DAILY, FREQ=WEEKLY or FREQ=MONTHLY";
    }
    if (is_set(rule->by_second) || is_set(rule->by_minute) || is_set(rule->by_hour) ||
        is_set(rule->by_month_day) || is_set(rule->by_year_day) || is_set(rule->by_week_no) ||
        is_set(rule->by_month) || is_set(rule->by_set_pos)) {
        return "RRULE: expected INTERVAL, BYDAY, UNTIL, COUNT and WKST only";
    }
    if (rule->interval < 1 || rule->interval > ROSTER_PERIOD_MAX_DAYS) {
        return "RRULE: INTERVAL is not 1 to 53 weeks";
    }
    if (rule->count < 0 || rule->count > COUNT_MAX) {
        return "RRULE: COUNT is not 1 to 100000";
    }
    if (is_daily && is_set(rule->by_day) && rule->interval > 1) {
        return "RRULE: BYDAY with FREQ=DAILY and INTERVAL; expected FREQ=WEEKLY";
    }
    for (size_t i = 0; i < ICAL_BY_DAY_SIZE && rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        if (icalrecurrencetype_day_position(rule->by_day[i]) != 0 || i >= WEEK_DAYS) {
            return "RRULE: BYDAY: expected weekdays, each once, without a number";
        }
    }
    return NULL;
}

/* The table of a roster comes round in days, months do not: each day of such a rule is a duty of its own, up to its end. */
static const char *monthly_fault(const struct icalrecurrencetype *rule)
{
    if (is_set(rule->by_second) || is_set(rule->by_minute) || is_set(rule->by_hour) ||
        is_set(rule->by_year_day) || is_set(rule->by_week_no)) {
        return "RRULE: expected INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, UNTIL, COUNT and "
               "WKST only";
    }
    if (rule->interval < 1 || rule->interval > 12) {
        return "RRULE: INTERVAL is not 1 to 12 months";
    }
    if (rule->count < 0 || rule->count > ROSTER_SHIFTS_MAX) {
        return "RRULE: COUNT is not 1 to 1024 days of months";
    }
    return rule->count == 0 && icaltime_is_null_time(rule->until)
               ? "RRULE: FREQ=MONTHLY without an end: expected UNTIL or COUNT"
               : NULL;
}

/* Days since 1970 of the first time in each of its weekdays, ascending; one for a daily rule. */
static size_t list_first_days(const struct build *build, int64_t ret_days[WEEK_DAYS])
{
    const struct icalrecurrencetype *rule = &build->event->rule;
    int64_t wkst = rule->week_start == ICAL_SUNDAY_WEEKDAY || rule->week_start == ICAL_NO_WEEKDAY
                       ? 7
                       : (int64_t)rule->week_start - 1;
    int64_t start = weekday_of(build->own_day);
    int64_t week = build->own_day - (start - wkst + WEEK_DAYS) % WEEK_DAYS;
    size_t count = 0;
    if (!is_set(rule->by_day)) {
        ret_days[0] = build->own_day;
        return 1;
    }
    for (size_t i = 0; i < WEEK_DAYS && rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        int64_t named = (int64_t)icalrecurrencetype_day_day_of_week(rule->by_day[i]) - 1;
        named = named == 0 ? 7 : named;
        int64_t day = week + (named - wkst + WEEK_DAYS) % WEEK_DAYS;
        day += day < build->own_day ? WEEK_DAYS * (int64_t)rule->interval : 0;
        size_t at = count++;
        while (at > 0 && ret_days[at - 1] > day) {
            ret_days[at] = ret_days[at - 1];
            at--;
        }
        ret_days[at] = day;
    }
    return count;
}

static uint32_t period_of(const struct icalrecurrencetype *rule)
{
    bool is_daily = rule->freq == ICAL_DAILY_RECURRENCE && !is_set(rule->by_day);
    return (uint32_t)rule->interval * (is_daily ? 1 : WEEK_DAYS);
}

/* The last own day on which the series begins a duty; 0: it goes on. False: a fault. */
static bool find_last_day(struct build *build, const int64_t *first_days, size_t count,
                          int64_t *ret_day)
{
    const struct icalrecurrencetype *rule = &build->event->rule;
    const struct icaltimetype *until = &rule->until;
    *ret_day = 0;
    if (rule->count > 0) {
        size_t last = (size_t)rule->count - 1;
        *ret_day = first_days[last % count] + (int64_t)(last / count) * period_of(rule);
        return true;
    }
    if (icaltime_is_null_time(*until)) {
        return true;
    }
    if (until->year < 1970 || until->year > 4000 || until->month < 1 || until->month > 12 ||
        until->day < 1 || until->day > 31) {
        roster_ical_fail(build->reading, build->event->rule_line, "RRULE: UNTIL is no date");
        return false;
    }
    int64_t day = zone_day_of(until->year, (uint32_t)until->month, (uint32_t)until->day);
    int64_t minute = until->hour * 60 + until->minute;
    if (!until->is_date && icaltime_is_utc(*until)) {
        struct zone_local own =
            zone_to_local(&build->zone, (day * DAY_MINUTES + minute) * MINUTE_MS);
        day = own.day;
        minute = own.day_ms / MINUTE_MS;
    }
    bool is_before = !until->is_date && minute < build->event->start.minute % DAY_MINUTES;
    *ret_day = is_before ? day - 1 : day;
    return true;
}

static void add_for_each(struct build *build, struct roster_shift shift, uint32_t line)
{
    for (size_t i = 0; i < build->event->person_count; i++) {
        shift.person = build->event->people[i];
        add_shift(build, &shift, line);
    }
}

static struct roster_shift shift_on(const struct build *build, int64_t minute)
{
    int64_t day = floor_div(minute, DAY_MINUTES);
    return (struct roster_shift){
        .weekday = weekday_of(day),
        .start_minute = (uint32_t)(minute - day * DAY_MINUTES),
        .length_minutes = (uint32_t)build->length_minutes,
        .substitute = build->event->substitute,
        .campus = build->event->campus,
        .first_day = day,
        .last_day = day,
        .days = build->event->days,
    };
}

static struct icaltimetype date_of(int64_t day)
{
    return icaltime_from_timet_with_zone((time_t)(day * 86400), 1, NULL);
}

/* Each day as libical counts them, but for UNTIL, which it does not compare on the duty's own clock. */
static void add_monthly(struct build *build)
{
    const struct ical_event *event = build->event;
    struct icalrecurrencetype rule = event->rule;
    int64_t last_day = 0;
    if (rule.count == 0 && !find_last_day(build, NULL, 0, &last_day)) {
        return;
    }
    rule.until = icaltime_null_time();
    rule.count = 0;
    struct icalrecur_iterator_impl *at = icalrecur_iterator_new(rule, date_of(build->own_day));
    for (size_t i = 0; at != NULL && i <= ROSTER_SHIFTS_MAX; i++) {
        struct icaltimetype next = icalrecur_iterator_next(at);
        bool is_over = event->rule.count > 0 && i >= (size_t)event->rule.count;
        if (is_over || icaltime_is_null_time(next)) {
            break;
        }
        int64_t day = zone_day_of(next.year, (uint32_t)next.month, (uint32_t)next.day);
        if (last_day != 0 && day > last_day) {
            break;
        }
        int64_t minute = build->minute + (day - build->own_day) * DAY_MINUTES;
        add_for_each(build, shift_on(build, minute), event->rule_line);
    }
    icalrecur_iterator_free(at);
}

static void add_series(struct build *build)
{
    const struct ical_event *event = build->event;
    const struct icalrecurrencetype *rule = &event->rule;
    int64_t first_days[WEEK_DAYS];
    int64_t last_day = 0;
    bool is_monthly = rule->freq == ICAL_MONTHLY_RECURRENCE;
    const char *fault = is_monthly ? monthly_fault(rule) : rule_fault(rule);
    if (fault == NULL && !keeps_distance(build)) {
        fault = "a series on a clock that changes otherwise than the unit's";
    }
    if (fault != NULL) {
        roster_ical_fail(build->reading, event->rule_line, fault);
        return;
    }
    if (is_monthly) {
        add_monthly(build);
        return;
    }
    size_t count = list_first_days(build, first_days);
    if (!find_last_day(build, first_days, count, &last_day)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct roster_shift shift = shift_on(build, build->minute);
        shift.first_day = first_days[i] + build->shift_days;
        shift.last_day = last_day == 0 ? 0 : last_day + build->shift_days;
        shift.period_days = period_of(rule);
        shift.weekday = shift.period_days % WEEK_DAYS == 0 ? weekday_of(shift.first_day) : 0;
        if (shift.last_day == 0 || shift.last_day >= shift.first_day) {
            add_for_each(build, shift, event->rule_line);
        }
    }
}

/* Where the instance of the moment begins on the unit's clock; one of a day has the series' time. */
static bool instance_minute(struct build *build, const struct ical_moment *moment,
                            int64_t *ret_minute)
{
    if (moment->is_date && !build->event->start.is_date) {
        *ret_minute = moment->minute + build->shift_days * DAY_MINUTES + build->minute -
                      floor_div(build->minute, DAY_MINUTES) * DAY_MINUTES;
        return true;
    }
    return local_minute(build, moment, ret_minute);
}

static void add_exceptions(struct build *build)
{
    const struct ical_event *event = build->event;
    int64_t minute = 0;
    for (size_t i = 0; i < event->except_count; i++) {
        for (size_t k = 0;
             instance_minute(build, &event->except[i], &minute) && k < event->person_count; k++) {
            struct roster_override away = {
                .from_ms = instant_of(build, minute),
                .to_ms = instant_of(build, minute + build->length_minutes),
                .campus = event->campus,
                .instead_of = event->people[k],
            };
            add_override(build, away, event->except[i].line);
        }
    }
    for (size_t i = 0; i < event->extra_count; i++) {
        if (instance_minute(build, &event->extra[i], &minute)) {
            add_for_each(build, shift_on(build, minute), event->extra[i].line);
        }
    }
}

/* ---- changed instances, overrides ---- */

static const struct ical_event *find_series(const struct build *build)
{
    const struct ical_reading *reading = build->reading;
    for (size_t i = 0; i < reading->event_count; i++) {
        const struct ical_event *event = &reading->events[i];
        if (event->recurrence_id.line == 0 && event->uid.len > 0 &&
            str_equal(event->uid, build->event->uid)) {
            return event;
        }
    }
    return NULL;
}

/* The instance is taken from those of the series, and given, where and when it is now, to those of the change. */
static void add_change(struct build *build)
{
    struct build series = *build;
    const struct ical_event *change = build->event;
    int64_t minute = 0;
    series.event = find_series(build);
    if (series.event == NULL || !series.event->has_rule) {
        roster_ical_fail(build->reading, change->recurrence_id.line,
                         "RECURRENCE-ID: the file has no series with this UID");
        return;
    }
    if (!read_times(&series) || !instance_minute(&series, &change->recurrence_id, &minute)) {
        return;
    }
    for (size_t i = 0; i < series.event->person_count; i++) {
        struct roster_override away = {
            .from_ms = instant_of(build, minute),
            .to_ms = instant_of(build, minute + series.length_minutes),
            .campus = series.event->campus,
            .instead_of = series.event->people[i],
        };
        add_override(build, away, change->recurrence_id.line);
    }
    for (size_t i = 0; i < change->person_count && !change->is_cancelled; i++) {
        struct roster_override now = {
            .from_ms = instant_of(build, build->minute),
            .to_ms = instant_of(build, build->minute + build->length_minutes),
            .person = change->people[i],
            .substitute = change->substitute,
            .campus = change->campus,
            .instead_of = change->people[i],
        };
        add_override(build, now, change->line);
    }
}

static void add_own_override(struct build *build)
{
    const struct ical_event *event = build->event;
    struct roster_override override = {
        .from_ms = instant_of(build, build->minute),
        .to_ms = instant_of(build, build->minute + build->length_minutes),
        .substitute = event->substitute,
        .campus = event->campus,
        .instead_of = event->instead_of,
    };
    if (event->has_rule || event->person_count > 1) {
        roster_ical_fail(build->reading, event->line, "an override is of one person, and once");
    } else if (event->person_count == 0 && event->instead_of.len == 0) {
        roster_ical_fail(build->reading, event->line, "nobody instead of everybody");
    } else if (!event->is_cancelled) {
        override.person = event->person_count > 0 ? event->people[0] : override.person;
        add_override(build, override, event->line);
    }
}

static void add_event(struct build *build)
{
    const struct ical_event *event = build->event;
    bool is_change = event->recurrence_id.line != 0;
    if (!read_times(build)) {
        return;
    }
    if (event->person_count == 0 && !event->is_cancelled && !event->is_override) {
        roster_ical_fail(build->reading, event->line,
                         "a VEVENT without ATTENDEE: whose duty is it?");
    } else if (is_change) {
        add_change(build);
    } else if (event->is_override) {
        add_own_override(build);
    } else if (!event->is_cancelled) {
        if (event->has_rule) {
            add_series(build);
        } else {
            add_for_each(build, shift_on(build, build->minute), event->line);
        }
        add_exceptions(build);
    }
}

bool roster_ical_build(struct ical_reading *reading, struct roster *ret_roster)
{
    struct build build = {.reading = reading};
    size_t before = reading->faults->count;
    if (reading->event_count == 0) {
        roster_ical_fail(reading, 1, "a calendar without VEVENT");
    }
    for (size_t i = 0; i < reading->event_count && reading->error == 0; i++) {
        build.event = &reading->events[i];
        add_event(&build);
    }
    if (reading->error != 0 || reading->faults->count > before) {
        return false;
    }
    *ret_roster = (struct roster){
        .unit = reading->file->unit,
        .role = reading->file->role,
        .shifts = build.shifts,
        .shift_count = build.shift_count,
        .overrides = build.overrides,
        .override_count = build.override_count,
        .holidays = reading->holidays,
        .holiday_count = reading->holiday_count,
        .make_up_days = reading->make_up_days,
        .make_up_count = reading->make_up_count,
    };
    sw_assert(roster_fault(ret_roster) == NULL);
    return true;
}

int roster_ical_read(const struct roster_ical *file, const struct roster_ical_names *names,
                     struct arena *arena, struct yaml_faults *faults, struct roster *ret_roster)
{
    struct ical_reading *reading = arena_alloc(arena, sizeof(*reading));
    struct calendar_span *holidays =
        arena_alloc_array(arena, ROSTER_HOLIDAYS_MAX, sizeof(*holidays));
    struct roster_make_up *make_ups =
        arena_alloc_array(arena, ROSTER_MAKE_UP_DAYS_MAX, sizeof(*make_ups));
    if (reading == NULL || holidays == NULL || make_ups == NULL) {
        return ERR_MEMORY;
    }
    *reading = (struct ical_reading){.file = file,
                                     .names = names,
                                     .arena = arena,
                                     .faults = faults,
                                     .holidays = holidays,
                                     .make_up_days = make_ups};
    if (file->content.len > ROSTER_ICAL_MAX_BYTES) {
        roster_ical_fail(reading, 0, "larger than 1 MiB");
        return ERR_INVALID;
    }
    icalerror_set_errors_are_fatal(0);
    bool is_good = roster_ical_read_lines(reading) && roster_ical_build(reading, ret_roster);
    icalmemory_free_ring();
    return is_good ? 0 : reading->error != 0 ? reading->error : ERR_INVALID;
}
