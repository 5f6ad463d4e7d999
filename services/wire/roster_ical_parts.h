/* Inside of wire/roster_ical: an event on its way into a roster. */
#ifndef WIRE_ROSTER_ICAL_PARTS_H
#define WIRE_ROSTER_ICAL_PARTS_H

#include <libical/ical.h>

#include "wire/roster_ical.h"

/* A time as it is written. */
struct ical_moment {
    uint32_t line; /* 0: not given */
    bool is_date;  /* no time of day */
    bool is_utc;
    int64_t minute;  /* of its own wall clock, since 1970 */
    struct str tzid; /* empty: the unit's, or UTC */
};

struct ical_event {
    uint32_t line; /* of its BEGIN */
    struct str uid;
    struct ical_moment start;
    struct ical_moment end;
    struct ical_moment recurrence_id;
    int64_t duration_minutes; /* 0: not given */
    bool has_rule;
    uint32_t rule_line;
    struct icalrecurrencetype rule;
    struct ical_moment *except; /* EXDATE */
    size_t except_count;
    size_t except_capacity;
    struct ical_moment *extra; /* RDATE */
    size_t extra_count;
    size_t extra_capacity;
    struct str people[ROSTER_ICAL_PEOPLE_MAX];
    size_t person_count;
    struct str substitute;
    struct str campus;
    bool is_cancelled;
    enum roster_days days;
    bool is_override;
    struct str instead_of; /* of an override; empty: everybody */
};

/* A VTIMEZONE of the file. */
struct ical_zone {
    struct str id;
    int32_t offset_s;
    size_t offset_count; /* of its parts: one alone can be used */
    bool is_different;   /* they do not agree */
};

/* A zone that a time is of, once it was found. */
struct ical_found_zone {
    struct str id;
    struct zone zone;
};

enum { ICAL_ZONES_MAX = 16 };

struct ical_reading {
    const struct roster_ical *file;
    const struct roster_ical_names *names;
    struct arena *arena;
    struct yaml_faults *faults;
    int error; /* ERR_MEMORY */
    struct ical_zone zones[ICAL_ZONES_MAX];
    size_t zone_count;
    struct ical_found_zone found_zones[ICAL_ZONES_MAX];
    size_t found_zone_count;
    struct ical_event *events;
    size_t event_count;
    size_t event_capacity;
    struct calendar_span *holidays;
    size_t holiday_count;
    struct roster_make_up *make_up_days;
    size_t make_up_count;
};

/* Adds a fault of that line. */
void roster_ical_fail(struct ical_reading *reading, uint32_t line, const char *text);

/* The file's lines -> events, holidays, make-up days. False: faults were added, or memory is out. */
bool roster_ical_read_lines(struct ical_reading *reading);

/* One content line of a VEVENT; unknown ones are passed over. */
void roster_ical_take_property(struct ical_reading *reading, struct ical_event *event,
                               const char *text, uint32_t line);

/* The zone in which the moment was written. False: a fault. */
bool roster_ical_find_zone(struct ical_reading *reading, const struct ical_moment *moment,
                           struct zone *ret_zone);

/* What the events come to. False as above. */
bool roster_ical_build(struct ical_reading *reading, struct roster *ret_roster);

/* "20261010" as days since 1970. */
bool roster_ical_parse_day(struct str text, int64_t *ret_day);

#endif
