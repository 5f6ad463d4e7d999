#include "core/rules/schema.h"

#include "base/assert.h"

static const struct expr_type string_type = {.kind = EXPR_STRING};
static const struct expr_type int_type = {.kind = EXPR_INT};

/* --- Fields of every event ------------------------------------------------------------------------------------------- */

static bool give_text(struct str text, struct expr_value *ret_value)
{
    *ret_value = expr_string(text);
    return text.len > 0;
}

static bool give_int(int64_t value, struct expr_value *ret_value)
{
    *ret_value = expr_int(value);
    return value != 0;
}

static bool give_bool(bool value, struct expr_value *ret_value)
{
    *ret_value = expr_bool(value);
    return value;
}

static bool get_kind(const struct event *event, struct expr_value *ret_value)
{
    return give_text(event->kind_name, ret_value);
}

static bool get_source(const struct event *event, struct expr_value *ret_value)
{
    return give_text(event->source, ret_value);
}

static bool get_unit(const struct event *event, struct expr_value *ret_value)
{
    return give_text(event->unit, ret_value);
}

static bool get_group(const struct event *event, struct expr_value *ret_value)
{
    return give_text(event->group, ret_value);
}

static bool get_unresolved(const struct event *event, struct expr_value *ret_value)
{
    return give_bool(event->unresolved, ret_value);
}

static bool get_subject(const struct event *event, struct expr_value *ret_value)
{
    return give_text(event->subject, ret_value);
}

static bool get_reporter(const struct event *event, struct expr_value *ret_value)
{
    const struct event_party *party = event_find_party(event, CASE_PARTY_REPORTER);
    return give_text(party == NULL ? (struct str){NULL, 0} : party->ref, ret_value);
}

/* --- Incident -------------------------------------------------------------------------------------------------------- */

static const struct event_incident *incident_of(const struct event *event)
{
    static const struct event_incident none = {.signs = 0};
    return event->family == EVENT_FAMILY_INCIDENT ? &event->incident : &none;
}

static bool get_place(const struct event *event, struct expr_value *ret_value)
{
    enum case_place place = incident_of(event)->place;
    *ret_value =
        expr_string(str_of(case_place_name(place == CASE_PLACE_NONE ? CASE_PLACE_UNKNOWN : place)));
    return place != CASE_PLACE_NONE;
}

static bool get_danger(const struct event *event, struct expr_value *ret_value)
{
    enum case_danger danger = incident_of(event)->danger;
    *ret_value = expr_string(
        str_of(case_danger_name(danger == CASE_DANGER_NONE ? CASE_DANGER_UNKNOWN : danger)));
    return danger != CASE_DANGER_NONE;
}

static bool get_injury(const struct event *event, struct expr_value *ret_value)
{
    enum case_injury injury = incident_of(event)->injury;
    *ret_value = expr_string(
        str_of(case_injury_name(injury == CASE_INJURY_NONE ? CASE_INJURY_UNKNOWN : injury)));
    return injury != CASE_INJURY_NONE;
}

static const char *sign_name(unsigned bit)
{
    static const char *const names[] = {"other", "farewell", "plan", "means"};
    return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : names[0];
}

static void read_sign(const void *at, size_t index, struct expr_value *ret_item)
{
    uint32_t signs = ((const struct event_incident *)at)->signs;
    unsigned bit = 0;
    for (size_t seen = 0; bit < 32; bit++) {
        seen += (signs >> bit & 1) != 0 ? 1 : 0;
        if (seen > index) {
            break;
        }
    }
    *ret_item = expr_string(str_of(sign_name(bit)));
}

static bool get_signs(const struct event *event, struct expr_value *ret_value)
{
    const struct event_incident *incident = incident_of(event);
    size_t count = 0;
    for (uint32_t left = incident->signs; left != 0; left &= left - 1) {
        count++;
    }
    *ret_value = (struct expr_value){.kind = EXPR_LIST, .list = {incident, count, read_sign}};
    return count > 0;
}

static bool get_mandatory_code(const struct event *event, struct expr_value *ret_value)
{
    return give_int(incident_of(event)->mandatory_code, ret_value);
}

/* --- Screening ------------------------------------------------------------------------------------------------------- */

static const struct event_screening *screening_of(const struct event *event)
{
    static const struct event_screening none = {.item_count = 0};
    return event->family == EVENT_FAMILY_SCREENING ? &event->screening : &none;
}

static bool get_instrument(const struct event *event, struct expr_value *ret_value)
{
    return give_text(screening_of(event)->instrument, ret_value);
}

static bool get_version(const struct event *event, struct expr_value *ret_value)
{
    return give_text(screening_of(event)->version, ret_value);
}

static bool get_informant(const struct event *event, struct expr_value *ret_value)
{
    return give_text(screening_of(event)->informant, ret_value);
}

static bool get_norm_set(const struct event *event, struct expr_value *ret_value)
{
    return give_text(screening_of(event)->norm_set, ret_value);
}

static bool get_campaign(const struct event *event, struct expr_value *ret_value)
{
    return give_text(screening_of(event)->campaign, ret_value);
}

static bool get_item_count(const struct event *event, struct expr_value *ret_value)
{
    return give_int(screening_of(event)->item_count, ret_value);
}

static bool get_refused(const struct event *event, struct expr_value *ret_value)
{
    return give_bool(screening_of(event)->refused, ret_value);
}

static void read_item(const void *at, size_t index, struct expr_entry *ret_entry)
{
    const struct event_item *item = (const struct event_item *)at + index;
    ret_entry->key = expr_string(item->item);
    ret_entry->value = expr_int(item->value);
}

static bool get_items(const struct event *event, struct expr_value *ret_value)
{
    const struct event_screening *screening = screening_of(event);
    *ret_value = (struct expr_value){.kind = EXPR_MAP,
                                     .map = {screening->items, screening->opened_count, read_item}};
    return screening->opened_count > 0;
}

static bool get_score(const struct event *event, struct expr_value *ret_value)
{
    *ret_value = expr_double(screening_of(event)->score);
    return screening_of(event)->has_score;
}

static bool get_valid(const struct event *event, struct expr_value *ret_value)
{
    return give_bool(screening_of(event)->valid, ret_value);
}

/* --- Attendance ------------------------------------------------------------------------------------------------------ */

static const struct event_attendance *attendance_of(const struct event *event)
{
    static const struct event_attendance none = {.session_start_ms = 0};
    return event->family == EVENT_FAMILY_ATTENDANCE ? &event->attendance : &none;
}

static bool get_session(const struct event *event, struct expr_value *ret_value)
{
    return give_text(attendance_of(event)->session, ret_value);
}

static const char *const state_names[] = {
    [EVENT_ROLL_NONE] = "",
    [EVENT_ROLL_PRESENT] = "present",
    [EVENT_ROLL_ABSENT_EXPLAINED] = "absent_explained",
    [EVENT_ROLL_ABSENT_UNEXPLAINED] = "absent_unexplained",
    [EVENT_ROLL_LATE] = "late",
    [EVENT_ROLL_NOT_TAKEN] = "not_taken",
};

static bool get_state(const struct event *event, struct expr_value *ret_value)
{
    return give_text(str_of(state_names[attendance_of(event)->state]), ret_value);
}

static bool get_enrolled(const struct event *event, struct expr_value *ret_value)
{
    return give_int(attendance_of(event)->enrolled_count, ret_value);
}

static bool get_absent(const struct event *event, struct expr_value *ret_value)
{
    return give_int(attendance_of(event)->absent_count, ret_value);
}

static bool get_absent_share(const struct event *event, struct expr_value *ret_value)
{
    return give_int(attendance_of(event)->absent_share, ret_value);
}

static bool get_confirmed(const struct event *event, struct expr_value *ret_value)
{
    return give_bool(attendance_of(event)->confirmed, ret_value);
}

static bool get_gate(const struct event *event, struct expr_value *ret_value)
{
    return give_text(attendance_of(event)->gate, ret_value);
}

/* --- The table ------------------------------------------------------------------------------------------------------- */

typedef bool (*getter_fn)(const struct event *event, struct expr_value *ret_value);

#define TEXT(name, getter) X(name, getter, EXPR_STRING, false)
#define NUMBER(name, getter) X(name, getter, EXPR_INT, false)
#define FLAG(name, getter) X(name, getter, EXPR_BOOL, false)
#define FIELDS                                                                                     \
    TEXT("kind", get_kind)                                                                         \
    TEXT("source", get_source)                                                                     \
    TEXT("unit", get_unit)                                                                         \
    TEXT("group", get_group)                                                                       \
    FLAG("unresolved", get_unresolved)                                                             \
    TEXT("subject", get_subject)                                                                   \
    TEXT("reporter_ref", get_reporter)                                                             \
    TEXT("place", get_place)                                                                       \
    TEXT("danger", get_danger)                                                                     \
    TEXT("injury", get_injury)                                                                     \
    NUMBER("mandatory_code", get_mandatory_code)                                                   \
    TEXT("instrument", get_instrument)                                                             \
    TEXT("version", get_version)                                                                   \
    TEXT("informant", get_informant)                                                               \
    TEXT("norm_set", get_norm_set)                                                                 \
    TEXT("campaign", get_campaign)                                                                 \
    NUMBER("item_count", get_item_count)                                                           \
    FLAG("refused", get_refused)                                                                   \
    X("score", get_score, EXPR_DOUBLE, true)                                                       \
    X("valid", get_valid, EXPR_BOOL, true)                                                         \
    TEXT("session", get_session)                                                                   \
    TEXT("state", get_state)                                                                       \
    NUMBER("enrolled_count", get_enrolled)                                                         \
    NUMBER("absent_count", get_absent)                                                             \
    NUMBER("absent_share", get_absent_share)                                                       \
    FLAG("confirmed", get_confirmed)                                                               \
    TEXT("gate", get_gate)

static const struct expr_field fields[] = {
#define X(name, getter, type, sealed) {name, {.kind = type}, sealed},
    FIELDS
#undef X
    {"signs", {.kind = EXPR_LIST, .element = &string_type}, false},
    {"items", {.kind = EXPR_MAP, .key = &string_type, .element = &int_type}, true},
};

static const getter_fn getters[] = {
#define X(name, getter, type, sealed) getter,
    FIELDS
#undef X
        get_signs,
    get_items,
};

_Static_assert(sizeof(fields) / sizeof(fields[0]) == sizeof(getters) / sizeof(getters[0]),
               "one getter a field");

static bool get(const struct expr_schema *schema, const void *at, size_t field,
                struct expr_value *ret_value)
{
    sw_assert(field < schema->field_count);
    return getters[field](at, ret_value);
}

const struct expr_schema schema_event = {"event", fields, sizeof(fields) / sizeof(fields[0]), get};

size_t schema_event_words(struct str field, struct str ret_words[SCHEMA_WORDS_MAX])
{
    size_t count = 0;
    if (str_is(field, "state")) {
        for (; count < sizeof(state_names) / sizeof(state_names[0]); count++) {
            ret_words[count] = str_of(state_names[count]);
        }
    } else if (str_is(field, "place")) {
        for (int value = CASE_PLACE_NONE + 1; value <= CASE_PLACE_UNKNOWN; value++) {
            ret_words[count++] = str_of(case_place_name((enum case_place)value));
        }
    } else if (str_is(field, "danger")) {
        for (int value = CASE_DANGER_NONE + 1; value <= CASE_DANGER_UNKNOWN; value++) {
            ret_words[count++] = str_of(case_danger_name((enum case_danger)value));
        }
    } else if (str_is(field, "injury")) {
        for (int value = CASE_INJURY_NONE + 1; value <= CASE_INJURY_UNKNOWN; value++) {
            ret_words[count++] = str_of(case_injury_name((enum case_injury)value));
        }
    }
    return count;
}

/* --- The calendar ---------------------------------------------------------------------------------------------------- */

static const struct schema_day *day_of(const void *at)
{
    return at;
}

static void read_key_date(const void *at, size_t index, struct expr_value *ret_item)
{
    const struct schema_day *day = day_of(at);
    const struct calendar_key_date *date =
        calendar_find_key_date(day->calendar, day->local.day, index);
    sw_assert(date != NULL);
    *ret_item = expr_string(date->name);
}

enum { DAY_SCHOOL, DAY_NUMBER, DAY_WEEKDAY, DAY_HOUR, DAY_KEY_DATES };

static const struct expr_field day_fields[] = {
    [DAY_SCHOOL] = {"is_school_day", {.kind = EXPR_BOOL}, false},
    [DAY_NUMBER] = {"day", {.kind = EXPR_INT}, false},
    [DAY_WEEKDAY] = {"weekday", {.kind = EXPR_INT}, false},
    [DAY_HOUR] = {"hour", {.kind = EXPR_INT}, false},
    [DAY_KEY_DATES] = {"key_dates", {.kind = EXPR_LIST, .element = &string_type}, false},
};

static bool get_day(const struct expr_schema *schema, const void *at, size_t field,
                    struct expr_value *ret_value)
{
    const struct schema_day *day = day_of(at);
    size_t count = 0;
    sw_assert(field < schema->field_count);
    if (field == DAY_SCHOOL) {
        *ret_value = expr_bool(calendar_is_school_day(day->calendar, day->local.day));
    } else if (field == DAY_NUMBER) {
        *ret_value = expr_int(day->local.day);
    } else if (field == DAY_WEEKDAY) {
        *ret_value = expr_int(day->local.weekday);
    } else if (field == DAY_HOUR) {
        *ret_value = expr_int(day->local.day_ms / 3600000);
    } else {
        while (calendar_find_key_date(day->calendar, day->local.day, count) != NULL) {
            count++;
        }
        *ret_value = (struct expr_value){.kind = EXPR_LIST, .list = {day, count, read_key_date}};
    }
    return true;
}

const struct expr_schema schema_calendar = {"calendar", day_fields,
                                            sizeof(day_fields) / sizeof(day_fields[0]), get_day};
