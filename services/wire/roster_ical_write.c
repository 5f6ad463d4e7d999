/* A roster -> an iCalendar file, through libical: one VEVENT for each shift and each override. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/roster/zone.h"
#include "wire/roster_ical_parts.h"

enum { DAY_MINUTES = 24 * 60, MINUTE_S = 60, TEXT_BYTES = 256 };

struct writing {
    const struct roster *roster;
    icalcomponent *calendar;
    icalcomponent *event; /* in hand */
    int64_t now_ms;
    int64_t since_day; /* of a series that has always been: what began before now goes on */
};

static void add(icalcomponent *component, icalproperty *property)
{
    if (property != NULL) {
        icalcomponent_add_property(component, property);
    }
}

static void add_own(icalcomponent *component, const char *name, const char *value)
{
    icalproperty *property = icalproperty_new_x(value);
    if (property != NULL) {
        icalproperty_set_x_name(property, name);
        icalcomponent_add_property(component, property);
    }
}

static const char *address_of(struct str person, char text[TEXT_BYTES])
{
    (void)snprintf(text, TEXT_BYTES, "urn:shouwang:person:%.*s", (int)person.len, person.at);
    return text;
}

static void add_person(struct writing *writing, struct str person, icalparameter_role role)
{
    char text[TEXT_BYTES];
    icalproperty *property =
        person.len > 0 ? icalproperty_new_attendee(address_of(person, text)) : NULL;
    if (property != NULL) {
        icalproperty_add_parameter(property, icalparameter_new_role(role));
        icalcomponent_add_property(writing->event, property);
    }
}

/* Of the unit's wall clock. */
static struct icaltimetype floating(int64_t minute)
{
    return icaltime_from_timet_with_zone((time_t)(minute * MINUTE_S), 0, NULL);
}

static struct icaltimetype utc(int64_t at_ms)
{
    return icaltime_from_timet_with_zone((time_t)(at_ms / 1000), 0,
                                         icaltimezone_get_utc_timezone());
}

static void open_event(struct writing *writing, const char *what, size_t index)
{
    char text[TEXT_BYTES];
    const struct roster *roster = writing->roster;
    writing->event = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    (void)snprintf(text, sizeof(text), "%s-%zu.%.*s@%.*s", what, index, (int)roster->role.len,
                   roster->role.at, (int)roster->unit.len, roster->unit.at);
    add(writing->event, icalproperty_new_uid(text));
    add(writing->event, icalproperty_new_dtstamp(utc(writing->now_ms)));
    (void)snprintf(text, sizeof(text), "%.*s", (int)roster->role.len, roster->role.at);
    add(writing->event, icalproperty_new_summary(text));
    icalcomponent_add_component(writing->calendar, writing->event);
}

static void add_campus(struct writing *writing, struct str campus)
{
    char text[TEXT_BYTES];
    (void)snprintf(text, sizeof(text), "%.*s", (int)campus.len, campus.at);
    add(writing->event, campus.len > 0 ? icalproperty_new_location(text) : NULL);
}

static void add_rule(struct writing *writing, const struct roster_shift *shift)
{
    static const char *const weekdays[] = {"", "MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    char text[TEXT_BYTES];
    uint32_t period = shift->period_days > 0 ? shift->period_days : 7;
    int len = shift->weekday > 0 ? snprintf(text, sizeof(text), "FREQ=WEEKLY;INTERVAL=%u;BYDAY=%s",
                                            period / 7, weekdays[shift->weekday])
                                 : snprintf(text, sizeof(text), "FREQ=DAILY;INTERVAL=%u", period);
    if (shift->last_day > 0) {
        struct icaltimetype until = floating(shift->last_day * DAY_MINUTES + shift->start_minute);
        (void)snprintf(text + len, sizeof(text) - (size_t)len, ";UNTIL=%s",
                       icaltime_as_ical_string(until));
    }
    add(writing->event, icalproperty_new_rrule(icalrecurrencetype_from_string(text)));
}

static void write_shift(struct writing *writing, const struct roster_shift *shift, size_t index)
{
    static const char *const days[] = {"every", "school", "other"};
    struct roster_shift known = *shift;
    known.first_day = shift->first_day > 0 ? shift->first_day : writing->since_day;
    int64_t day = roster_anchor_day(&known);
    int64_t minute = day * DAY_MINUTES + shift->start_minute;
    if (shift->last_day > 0 && shift->last_day < day) {
        return; /* it never comes round */
    }
    open_event(writing, "shift", index);
    add(writing->event, icalproperty_new_dtstart(floating(minute)));
    add(writing->event, icalproperty_new_dtend(floating(minute + shift->length_minutes)));
    if (shift->last_day == 0 || shift->last_day > day) {
        add_rule(writing, shift);
    }
    add_person(writing, shift->person, ICAL_ROLE_REQPARTICIPANT);
    add_person(writing, shift->substitute, ICAL_ROLE_OPTPARTICIPANT);
    add_campus(writing, shift->campus);
    if (shift->days != ROSTER_DAYS_EVERY) {
        add_own(writing->event, "X-SHOUWANG-DAYS", days[shift->days]);
    }
}

static void write_override(struct writing *writing, const struct roster_override *override,
                           size_t index)
{
    char text[TEXT_BYTES];
    open_event(writing, "override", index);
    add(writing->event, icalproperty_new_dtstart(utc(override->from_ms)));
    add(writing->event, icalproperty_new_dtend(utc(override->to_ms)));
    add_person(writing, override->person, ICAL_ROLE_REQPARTICIPANT);
    add_person(writing, override->substitute, ICAL_ROLE_OPTPARTICIPANT);
    add_campus(writing, override->campus);
    add_own(writing->event, "X-SHOUWANG-INSTEAD-OF",
            override->instead_of.len > 0 ? address_of(override->instead_of, text) : "*");
}

static void day_text(int64_t day, char text[TEXT_BYTES])
{
    struct icaltimetype date = floating(day * DAY_MINUTES);
    (void)snprintf(text, TEXT_BYTES, "%04d%02d%02d", date.year, date.month, date.day);
}

static void write_days(struct writing *writing)
{
    static const char *const weekdays[] = {"", "MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    const struct roster *roster = writing->roster;
    char first[TEXT_BYTES];
    char last[TEXT_BYTES];
    char text[2 * TEXT_BYTES];
    for (size_t i = 0; i < roster->holiday_count; i++) {
        day_text(roster->holidays[i].first_day, first);
        day_text(roster->holidays[i].last_day, last);
        (void)snprintf(text, sizeof(text), "%s/%s", first, last);
        add_own(writing->calendar, "X-SHOUWANG-HOLIDAY", text);
    }
    for (size_t i = 0; i < roster->make_up_count; i++) {
        day_text(roster->make_up_days[i].day, first);
        (void)snprintf(text, sizeof(text), "%s/%s", first,
                       weekdays[roster->make_up_days[i].weekday]);
        add_own(writing->calendar, "X-SHOUWANG-MAKE-UP", text);
    }
}

int roster_ical_write(const struct roster *roster, const struct zone *zone, int64_t now_ms,
                      struct arena *arena, struct str *ret_text)
{
    icalerror_set_errors_are_fatal(0);
    struct writing writing = {.roster = roster,
                              .calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT),
                              .now_ms = now_ms,
                              .since_day = zone_to_local(zone, now_ms).day - 14};
    sw_assert(roster_fault(roster) == NULL);
    if (writing.calendar == NULL) {
        return ERR_MEMORY;
    }
    add(writing.calendar, icalproperty_new_prodid("-//shouwang//roster//ZH"));
    add(writing.calendar, icalproperty_new_version("2.0"));
    write_days(&writing);
    for (size_t i = 0; i < roster->shift_count; i++) {
        write_shift(&writing, &roster->shifts[i], i);
    }
    for (size_t i = 0; i < roster->override_count; i++) {
        write_override(&writing, &roster->overrides[i], i);
    }
    char *text = icalcomponent_as_ical_string_r(writing.calendar);
    *ret_text = arena_copy_str(arena, str_of(text));
    icalmemory_free_buffer(text);
    icalcomponent_free(writing.calendar);
    icalmemory_free_ring();
    return ret_text->at == NULL ? ERR_MEMORY : 0;
}
