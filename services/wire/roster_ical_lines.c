/* iCalendar files line by line: unfolding, the nesting of components, and what stands in the calendar itself. The lines of a
 * VEVENT go one by one through libical, so that each fault has its line. */
#include <string.h>

#include "base/assert.h"
#include "core/roster/zone.h"
#include "wire/roster_ical_parts.h"

enum part { PART_NONE, PART_CALENDAR, PART_EVENT, PART_ZONE, PART_ZONE_RULE, PART_OTHER };

enum { DEPTH_MAX = 8, NAME_MAX_BYTES = 64 };

struct lines {
    struct ical_reading *reading;
    struct str rest;
    uint32_t next_line; /* of `rest` */
    uint32_t line;      /* where the one in hand began */
    char text[ROSTER_ICAL_LINE_MAX_BYTES + 1];
    size_t len;
    enum part parts[DEPTH_MAX];
    struct str names[DEPTH_MAX]; /* of what is open */
    size_t depth;
    bool is_over; /* a second calendar is not read */
};

void roster_ical_fail(struct ical_reading *reading, uint32_t line, const char *text)
{
    yaml_fail_at(reading->faults, reading->file->path, line, 1, text);
}

/* ---- lines ---- */

static struct str take_raw(struct lines *lines)
{
    const char *end = memchr(lines->rest.at, '\n', lines->rest.len);
    size_t len = end == NULL ? lines->rest.len : (size_t)(end - lines->rest.at);
    struct str raw = {lines->rest.at, len};
    size_t used = len + (end == NULL ? 0 : 1);
    lines->rest.at += used;
    lines->rest.len -= used;
    lines->next_line++;
    if (raw.len > 0 && raw.at[raw.len - 1] == '\r') {
        raw.len--;
    }
    return raw;
}

static bool append(struct lines *lines, struct str raw)
{
    if (lines->len + raw.len > ROSTER_ICAL_LINE_MAX_BYTES) {
        roster_ical_fail(lines->reading, lines->line, "a line of more than 8 KiB");
        return false;
    }
    if (raw.len > 0) {
        memcpy(lines->text + lines->len, raw.at, raw.len);
    }
    lines->len += raw.len;
    return true;
}

/* The next unfolded line; false: the file is over, or a fault. */
static bool next_line(struct lines *lines)
{
    lines->line = lines->next_line;
    lines->len = 0;
    if (lines->rest.len == 0 || !append(lines, take_raw(lines))) {
        return false;
    }
    while (lines->rest.len > 0 && (lines->rest.at[0] == ' ' || lines->rest.at[0] == '\t')) {
        struct str raw = take_raw(lines);
        if (!append(lines, (struct str){raw.at + 1, raw.len - 1})) {
            return false;
        }
    }
    lines->text[lines->len] = '\0';
    size_t at = 0;
    if (strlen(lines->text) != lines->len ||
        !str_is_utf8((struct str){lines->text, lines->len}, &at)) {
        roster_ical_fail(lines->reading, lines->line, "not text in UTF-8");
        return false;
    }
    return true;
}

static bool is_named(struct str text, const char *name)
{
    size_t len = strlen(name);
    if (text.len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c =
            text.at[i] >= 'a' && text.at[i] <= 'z' ? (char)(text.at[i] - 'a' + 'A') : text.at[i];
        if (c != name[i]) {
            return false;
        }
    }
    return true;
}

/* "NAME;PARAMETER=x:value": the name, and the value behind the first colon outside of quotes. */
static bool split(const struct lines *lines, struct str *ret_name, struct str *ret_value)
{
    size_t name = strcspn(lines->text, ":;");
    bool is_quoted = false;
    for (size_t i = name; i < lines->len; i++) {
        is_quoted = lines->text[i] == '"' ? !is_quoted : is_quoted;
        if (lines->text[i] == ':' && !is_quoted) {
            *ret_name = (struct str){lines->text, name};
            *ret_value = (struct str){lines->text + i + 1, lines->len - i - 1};
            return name > 0;
        }
    }
    return false;
}

/* ---- of the calendar ---- */

bool roster_ical_parse_day(struct str text, int64_t *ret_day)
{
    static const int64_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (text.len != 8 || !str_to_int64((struct str){text.at, 4}, 1970, 4000, &year) ||
        !str_to_int64((struct str){text.at + 4, 2}, 1, 12, &month) ||
        !str_to_int64((struct str){text.at + 6, 2}, 1, month_days[month - 1], &day)) {
        return false;
    }
    *ret_day = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    return true;
}

static void take_holiday(struct lines *lines, struct str value)
{
    struct ical_reading *reading = lines->reading;
    struct calendar_span span;
    if (value.len != 17 || value.at[8] != '/' ||
        !roster_ical_parse_day((struct str){value.at, 8}, &span.first_day) ||
        !roster_ical_parse_day((struct str){value.at + 9, 8}, &span.last_day) ||
        span.last_day < span.first_day) {
        roster_ical_fail(reading, lines->line, "expected two days, \"20261001/20261007\"");
    } else if (reading->holiday_count == ROSTER_HOLIDAYS_MAX) {
        roster_ical_fail(reading, lines->line, "more than 64 holidays");
    } else {
        reading->holidays[reading->holiday_count++] = span;
    }
}

static void take_make_up(struct lines *lines, struct str value)
{
    static const char *const weekdays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    struct ical_reading *reading = lines->reading;
    struct roster_make_up make_up = {.weekday = 0};
    bool is_day = value.len == 11 && value.at[8] == '/' &&
                  roster_ical_parse_day((struct str){value.at, 8}, &make_up.day);
    for (uint32_t i = 0; is_day && i < 7; i++) {
        if (is_named((struct str){value.at + 9, 2}, weekdays[i])) {
            make_up.weekday = i + 1;
        }
    }
    if (make_up.weekday == 0) {
        roster_ical_fail(reading, lines->line,
                         "expected a day and whose table it follows, \"20261010/TH\"");
    } else if (reading->make_up_count == ROSTER_MAKE_UP_DAYS_MAX) {
        roster_ical_fail(reading, lines->line, "more than 64 make-up days");
    } else {
        reading->make_up_days[reading->make_up_count++] = make_up;
    }
}

/* ---- time zones ---- */

static void take_zone_line(struct lines *lines, struct str name, struct str value)
{
    struct ical_reading *reading = lines->reading;
    struct ical_zone *zone = &reading->zones[reading->zone_count - 1];
    int64_t hours = 0;
    int64_t minutes = 0;
    if (is_named(name, "TZID")) {
        zone->id = arena_copy_str(reading->arena, value);
        reading->error = zone->id.at == NULL && value.len > 0 ? ERR_MEMORY : reading->error;
        return;
    }
    if (!is_named(name, "TZOFFSETTO")) {
        return;
    }
    if ((value.len != 5 && value.len != 7) || (value.at[0] != '+' && value.at[0] != '-') ||
        !str_to_int64((struct str){value.at + 1, 2}, 0, 18, &hours) ||
        !str_to_int64((struct str){value.at + 3, 2}, 0, 59, &minutes)) {
        roster_ical_fail(reading, lines->line, "not an offset, expected \"+0800\"");
        return;
    }
    int32_t offset_s = (int32_t)(hours * 3600 + minutes * 60) * (value.at[0] == '-' ? -1 : 1);
    zone->is_different |= zone->offset_count > 0 && zone->offset_s != offset_s;
    zone->offset_s = offset_s;
    zone->offset_count++;
}

/* ---- components ---- */

static bool open_event(struct lines *lines)
{
    struct ical_reading *reading = lines->reading;
    if (reading->event_count == ROSTER_ICAL_EVENTS_MAX) {
        roster_ical_fail(reading, lines->line, "more than 2048 events");
        return false;
    }
    if (reading->event_count == reading->event_capacity) {
        struct ical_event *grown =
            arena_grow_array(reading->arena, reading->events, reading->event_count,
                             &reading->event_capacity, sizeof(*grown));
        if (grown == NULL) {
            reading->error = ERR_MEMORY;
            return false;
        }
        reading->events = grown;
    }
    reading->events[reading->event_count++] = (struct ical_event){.line = lines->line};
    return true;
}

static bool open_zone(struct lines *lines)
{
    struct ical_reading *reading = lines->reading;
    if (reading->zone_count == ICAL_ZONES_MAX) {
        roster_ical_fail(reading, lines->line, "more than 16 time zones");
        return false;
    }
    reading->zones[reading->zone_count++] = (struct ical_zone){.offset_count = 0};
    return true;
}

static bool open_part(struct lines *lines, struct str name)
{
    enum part in = lines->depth == 0 ? PART_NONE : lines->parts[lines->depth - 1];
    enum part part = PART_OTHER;
    bool is_good = true;
    if (lines->depth == DEPTH_MAX) {
        roster_ical_fail(lines->reading, lines->line, "components nested too deeply");
        return false;
    }
    if (in == PART_NONE) {
        part = is_named(name, "VCALENDAR") ? PART_CALENDAR : PART_OTHER;
        is_good = part == PART_CALENDAR;
        if (!is_good) {
            roster_ical_fail(lines->reading, lines->line, "expected BEGIN:VCALENDAR");
        }
    } else if (in == PART_CALENDAR && is_named(name, "VEVENT")) {
        part = PART_EVENT;
        is_good = open_event(lines);
    } else if (in == PART_CALENDAR && is_named(name, "VTIMEZONE")) {
        part = PART_ZONE;
        is_good = open_zone(lines);
    } else if (in == PART_ZONE) {
        part = PART_ZONE_RULE;
    }
    lines->names[lines->depth] = arena_copy_str(lines->reading->arena, name);
    lines->parts[lines->depth++] = part;
    return is_good;
}

static bool close_part(struct lines *lines, struct str name)
{
    bool fits = lines->depth > 0 && str_equal(lines->names[lines->depth - 1], name);
    if (!fits) {
        roster_ical_fail(lines->reading, lines->line, "an END without its BEGIN");
        return false;
    }
    lines->depth--;
    lines->is_over = lines->depth == 0;
    return true;
}

static bool take_line(struct lines *lines)
{
    struct str name;
    struct str value;
    struct ical_reading *reading = lines->reading;
    if (lines->len == 0) {
        return true;
    }
    if (!split(lines, &name, &value)) {
        roster_ical_fail(reading, lines->line, "expected NAME:VALUE");
        return false;
    }
    if (is_named(name, "BEGIN")) {
        return open_part(lines, value);
    }
    if (is_named(name, "END")) {
        return close_part(lines, value);
    }
    switch (lines->depth == 0 ? PART_NONE : lines->parts[lines->depth - 1]) {
    case PART_NONE:
        roster_ical_fail(reading, lines->line, "expected BEGIN:VCALENDAR");
        return false;
    case PART_CALENDAR:
        if (is_named(name, "X-SHOUWANG-HOLIDAY")) {
            take_holiday(lines, value);
        } else if (is_named(name, "X-SHOUWANG-MAKE-UP")) {
            take_make_up(lines, value);
        }
        break;
    case PART_EVENT:
        roster_ical_take_property(reading, &reading->events[reading->event_count - 1], lines->text,
                                  lines->line);
        break;
    case PART_ZONE:
    case PART_ZONE_RULE:
        take_zone_line(lines, name, value);
        break;
    case PART_OTHER:
        break;
    }
    return reading->error == 0;
}

bool roster_ical_read_lines(struct ical_reading *reading)
{
    struct lines *lines = arena_alloc(reading->arena, sizeof(*lines));
    size_t before = reading->faults->count;
    bool goes_on = lines != NULL;
    if (!goes_on) {
        reading->error = ERR_MEMORY;
        return false;
    }
    *lines = (struct lines){.reading = reading, .rest = reading->file->content, .next_line = 1};
    if (str_starts(lines->rest, STR_LITERAL("\xef\xbb\xbf"))) {
        lines->rest = (struct str){lines->rest.at + 3, lines->rest.len - 3};
    }
    while (goes_on && !lines->is_over && next_line(lines)) {
        goes_on = take_line(lines);
    }
    if (reading->faults->count == before && reading->error == 0 && !lines->is_over) {
        roster_ical_fail(reading, lines->next_line, "the file ends before END:VCALENDAR");
    }
    return reading->faults->count == before && reading->error == 0;
}
