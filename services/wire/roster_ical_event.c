/* The lines of a VEVENT, each by libical, and the time zones that they name. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/roster/zone.h"
#include "wire/roster_ical_parts.h"
#include "wire/zone_file.h"

enum { DAY_MINUTES = 24 * 60, YEAR_MIN = 1970, YEAR_MAX = 4000 };

/* A line in hand. */
struct line {
    struct ical_reading *reading;
    struct ical_event *event;
    icalproperty *property;
    uint32_t number;
};

static void fail(const struct line *line, const char *text)
{
    roster_ical_fail(line->reading, line->number, text);
}

static struct str copy(const struct line *line, const char *text)
{
    struct str copied = arena_copy_str(line->reading->arena, str_of(text));
    if (copied.at == NULL && text != NULL && *text != '\0') {
        line->reading->error = ERR_MEMORY;
    }
    return copied;
}

/* ---- times ---- */

static bool is_time(const struct icaltimetype *time)
{
    return time->year >= YEAR_MIN && time->year <= YEAR_MAX && time->month >= 1 &&
           time->month <= 12 && time->day >= 1 &&
           time->day <= icaltime_days_in_month(time->month, time->year) &&
           (time->is_date || (time->hour >= 0 && time->hour <= 23 && time->minute >= 0 &&
                              time->minute <= 59 && time->second == 0));
}

static struct ical_moment moment_of(const struct line *line, struct icaltimetype time)
{
    struct ical_moment moment = {.line = line->number, .is_date = time.is_date != 0};
    icalparameter *tzid = icalproperty_get_first_parameter(line->property, ICAL_TZID_PARAMETER);
    if (icaltime_is_null_time(time) || !is_time(&time)) {
        fail(line, "not a date or a time of whole minutes from 1970 on");
        return moment;
    }
    moment.minute = zone_day_of(time.year, (uint32_t)time.month, (uint32_t)time.day) * DAY_MINUTES;
    if (!moment.is_date) {
        moment.minute += time.hour * 60 + time.minute;
        moment.is_utc = icaltime_is_utc(time) != 0;
        moment.tzid = tzid != NULL && !moment.is_utc ? copy(line, icalparameter_get_tzid(tzid))
                                                     : STR_LITERAL("");
    }
    return moment;
}

static void take_once(const struct line *line, struct icaltimetype time,
                      struct ical_moment *ret_moment)
{
    if (ret_moment->line != 0) {
        fail(line, "given twice");
        return;
    }
    *ret_moment = moment_of(line, time);
}

static void add_moment(const struct line *line, struct ical_moment moment,
                       struct ical_moment **moments, size_t *count, size_t *capacity)
{
    struct ical_moment *grown =
        arena_grow_array(line->reading->arena, *moments, *count, capacity, sizeof(*grown));
    if (*count == ROSTER_OVERRIDES_MAX) {
        fail(line, "more than 1024 days that are let out or added");
    } else if (grown == NULL) {
        line->reading->error = ERR_MEMORY;
    } else {
        *moments = grown;
        grown[(*count)++] = moment;
    }
}

static void take_duration(const struct line *line)
{
    enum { MINUTE_S = 60 };
    struct icaldurationtype length = icalproperty_get_duration(line->property);
    bool fits = length.is_neg == 0 && length.weeks <= 1 && length.days <= 7 &&
                length.hours <= 168 && length.minutes <= ROSTER_SHIFT_MAX_MINUTES &&
                length.seconds <= 7 * 86400;
    int64_t seconds = fits ? icaldurationtype_as_int(length) : 0;
    if (seconds <= 0 || seconds % MINUTE_S != 0 ||
        seconds > (int64_t)ROSTER_SHIFT_MAX_MINUTES * MINUTE_S) {
        fail(line, "expected a duration of whole minutes, up to 7 days");
        return;
    }
    line->event->duration_minutes = seconds / MINUTE_S;
}

static void take_rule(const struct line *line)
{
    if (line->event->has_rule) {
        fail(line, "given twice");
        return;
    }
    line->event->has_rule = true;
    line->event->rule_line = line->number;
    line->event->rule = icalproperty_get_rrule(line->property);
    if (line->event->rule.rscale != NULL) {
        fail(line, "RSCALE: only the Gregorian calendar");
    }
    line->event->rule.rscale = NULL; /* libical's own, gone with the property */
}

/* ---- people and places ---- */

static void take_attendee(const struct line *line)
{
    struct ical_event *event = line->event;
    icalparameter *role = icalproperty_get_first_parameter(line->property, ICAL_ROLE_PARAMETER);
    icalparameter_role what =
        role == NULL ? ICAL_ROLE_REQPARTICIPANT : icalparameter_get_role(role);
    const char *address = icalproperty_get_attendee(line->property);
    struct str person;
    if (what == ICAL_ROLE_NONPARTICIPANT) {
        return;
    }
    if (address == NULL ||
        !line->reading->names->find_person(line->reading->names->ctx, str_of(address),
                                           line->reading->arena, &person)) {
        fail(line, "the directory has no such person: expected mailto: or tel: of somebody, or "
                   "urn:shouwang:person:REF");
    } else if (what == ICAL_ROLE_OPTPARTICIPANT && event->substitute.len > 0) {
        fail(line, "a second substitute");
    } else if (what == ICAL_ROLE_OPTPARTICIPANT) {
        event->substitute = person;
    } else if (event->person_count == ROSTER_ICAL_PEOPLE_MAX) {
        fail(line, "more than 8 persons in one duty");
    } else {
        event->people[event->person_count++] = person;
    }
}

static void take_place(const struct line *line)
{
    const char *place = icalproperty_get_location(line->property);
    if (place == NULL || *place == '\0') {
        return;
    }
    if (!line->reading->names->find_campus(line->reading->names->ctx, str_of(place),
                                           line->reading->arena, &line->event->campus)) {
        fail(line, "LOCATION is no campus of the unit: expected its id or label, or nothing");
    }
}

static void take_own(const struct line *line)
{
    const char *name = icalproperty_get_x_name(line->property);
    const char *value = icalproperty_get_x(line->property);
    struct str text = str_of(value);
    static const char *const days[] = {"every", "school", "other"};
    if (name == NULL || value == NULL) {
        return;
    }
    if (strcmp(name, "X-SHOUWANG-DAYS") == 0) {
        size_t index = 0;
        while (index < ROSTER_DAYS_COUNT && !str_is(text, days[index])) {
            index++;
        }
        if (index == ROSTER_DAYS_COUNT) {
            fail(line, "expected every, school or other");
            return;
        }
        line->event->days = (enum roster_days)index;
    } else if (strcmp(name, "X-SHOUWANG-INSTEAD-OF") == 0) {
        line->event->is_override = true;
        if (!str_is(text, "*") &&
            !line->reading->names->find_person(line->reading->names->ctx, text,
                                               line->reading->arena, &line->event->instead_of)) {
            fail(line, "the directory has no such person");
        }
    }
}

/* ---- one line ---- */

static void take_recurrence_id(const struct line *line)
{
    if (icalproperty_get_first_parameter(line->property, ICAL_RANGE_PARAMETER) != NULL) {
        fail(line, "RANGE: expected a series that ends and another that begins");
        return;
    }
    take_once(line, icalproperty_get_recurrenceid(line->property), &line->event->recurrence_id);
}

static void take_extra(const struct line *line)
{
    struct icaldatetimeperiodtype date = icalproperty_get_rdate(line->property);
    struct ical_event *event = line->event;
    if (icaltime_is_null_time(date.time)) {
        fail(line, "expected RDATE of times, not of periods");
        return;
    }
    add_moment(line, moment_of(line, date.time), &event->extra, &event->extra_count,
               &event->extra_capacity);
}

static void take_value(const struct line *line)
{
    struct ical_event *event = line->event;
    icalproperty_kind kind = icalproperty_isa(line->property);
    if (kind == ICAL_DTSTART_PROPERTY) {
        take_once(line, icalproperty_get_dtstart(line->property), &event->start);
    } else if (kind == ICAL_DTEND_PROPERTY) {
        take_once(line, icalproperty_get_dtend(line->property), &event->end);
    } else if (kind == ICAL_DURATION_PROPERTY) {
        take_duration(line);
    } else if (kind == ICAL_RRULE_PROPERTY) {
        take_rule(line);
    } else if (kind == ICAL_EXDATE_PROPERTY) {
        add_moment(line, moment_of(line, icalproperty_get_exdate(line->property)), &event->except,
                   &event->except_count, &event->except_capacity);
    } else if (kind == ICAL_RDATE_PROPERTY) {
        take_extra(line);
    } else if (kind == ICAL_RECURRENCEID_PROPERTY) {
        take_recurrence_id(line);
    } else if (kind == ICAL_UID_PROPERTY) {
        event->uid = copy(line, icalproperty_get_uid(line->property));
    } else if (kind == ICAL_ATTENDEE_PROPERTY) {
        take_attendee(line);
    } else if (kind == ICAL_LOCATION_PROPERTY) {
        take_place(line);
    } else if (kind == ICAL_STATUS_PROPERTY) {
        event->is_cancelled = icalproperty_get_status(line->property) == ICAL_STATUS_CANCELLED;
    } else if (kind == ICAL_X_PROPERTY) {
        take_own(line);
    } else if (kind == ICAL_EXRULE_PROPERTY) {
        fail(line, "EXRULE: expected EXDATE");
    }
}

/* What may be passed over even when it is no good: people's words, pictures. */
static bool is_ours(const char *text)
{
    static const char *const names[] = {"DTSTART",
                                        "DTEND",
                                        "DURATION",
                                        "RRULE",
                                        "EXDATE",
                                        "RDATE",
                                        "EXRULE",
                                        "RECURRENCE-ID",
                                        "UID",
                                        "ATTENDEE",
                                        "LOCATION",
                                        "STATUS",
                                        "X-SHOUWANG-DAYS",
                                        "X-SHOUWANG-INSTEAD-OF"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(text, names[i], len) == 0 && (text[len] == ':' || text[len] == ';')) {
            return true;
        }
    }
    return false;
}

void roster_ical_take_property(struct ical_reading *reading, struct ical_event *event,
                               const char *text, uint32_t line)
{
    if (!is_ours(text)) {
        return;
    }
    size_t room = strlen(text) + 64;
    char *wrapped = arena_alloc(reading->arena, room);
    if (wrapped == NULL) {
        reading->error = ERR_MEMORY;
        return;
    }
    (void)snprintf(wrapped, room, "BEGIN:VEVENT\r\n%s\r\nEND:VEVENT\r\n", text);
    icalcomponent *component = icalparser_parse_string(wrapped);
    if (component == NULL || icalcomponent_count_errors(component) > 0 ||
        icalcomponent_get_first_property(component, ICAL_ANY_PROPERTY) == NULL) {
        roster_ical_fail(reading, line, "not understood: the value is not of its kind");
    } else {
        struct line in_hand = {.reading = reading, .event = event, .number = line};
        in_hand.property = icalcomponent_get_first_property(component, ICAL_ANY_PROPERTY);
        while (in_hand.property != NULL) { /* a list is several of them */
            take_value(&in_hand);
            in_hand.property = icalcomponent_get_next_property(component, ICAL_ANY_PROPERTY);
        }
    }
    if (component != NULL) {
        icalcomponent_free(component);
    }
}

/* ---- time zones ---- */

/* "/freeassociation.sourceforge.net/Asia/Shanghai" is Asia/Shanghai. */
static struct str last_two(struct str name)
{
    size_t parts = 0;
    for (size_t i = name.len; i > 0; i--) {
        parts += name.at[i - 1] == '/' ? 1 : 0;
        if (parts == 2) {
            return (struct str){name.at + i, name.len - i};
        }
    }
    return name;
}

/* A VTIMEZONE that has one offset only. */
static bool find_fixed(const struct ical_reading *reading, struct str id, struct zone *ret_zone)
{
    for (size_t i = 0; i < reading->zone_count; i++) {
        const struct ical_zone *zone = &reading->zones[i];
        if (str_equal(zone->id, id) && zone->offset_count > 0 && !zone->is_different) {
            struct zone_offset *offset = arena_alloc(reading->arena, sizeof(*offset));
            if (offset == NULL) {
                return false;
            }
            *offset = (struct zone_offset){0, zone->offset_s};
            *ret_zone = (struct zone){offset, 1};
            return true;
        }
    }
    return false;
}

bool roster_ical_find_zone(struct ical_reading *reading, const struct ical_moment *moment,
                           struct zone *ret_zone)
{
    static const struct zone_offset utc = {0, 0};
    if (moment->is_utc) {
        *ret_zone = (struct zone){&utc, 1};
        return true;
    }
    if (moment->tzid.len == 0 || str_equal(moment->tzid, reading->file->time_zone)) {
        *ret_zone = reading->file->zone;
        return true;
    }
    for (size_t i = 0; i < reading->found_zone_count; i++) {
        if (str_equal(reading->found_zones[i].id, moment->tzid)) {
            *ret_zone = reading->found_zones[i].zone;
            return true;
        }
    }
    struct zone zone;
    int error = reading->found_zone_count < ICAL_ZONES_MAX
                    ? zone_file_read(last_two(moment->tzid), reading->arena, &zone)
                    : ERR_NOT_FOUND;
    if (error != 0 && !find_fixed(reading, moment->tzid, &zone)) {
        roster_ical_fail(reading, moment->line,
                         "TZID: neither known here nor a VTIMEZONE of one offset");
        return false;
    }
    if (reading->found_zone_count < ICAL_ZONES_MAX) {
        reading->found_zones[reading->found_zone_count++] =
            (struct ical_found_zone){moment->tzid, zone};
    }
    *ret_zone = zone;
    return true;
}
