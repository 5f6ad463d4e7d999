/* What a row says: its cells as the body of an event. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "core/roster/zone.h"
#include "wire/import_inside.h"
#include "wire/json.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, WHOLE = 10000 /* hundredths of a percent */ };

#define COUNT_MAX 1000000

static int refuse(struct import_fault *ret_fault, enum reject_reason reason, size_t column)
{
    *ret_fault = (struct import_fault){.reason = reason, .column = column};
    return ERR_INVALID;
}

struct str import_cell(const struct import *import, const struct csv_row *row,
                       enum import_column column)
{
    size_t at = import->at[column];
    return at == 0 ? (struct str){"", 0} : row->fields[at - 1];
}

/* --- Cells ----------------------------------------------------------------------------------------------------------- */

static bool read_part(struct str text, size_t at, size_t len, int64_t max, int64_t *ret_value)
{
    return at + len <= text.len && text.at[at] != '-' &&
           str_to_int64((struct str){text.at + at, len}, 0, max, ret_value);
}

bool import_read_day(struct str text, int64_t *ret_day)
{
    int64_t year;
    int64_t month;
    int64_t day;
    size_t gap = text.len == 10 ? 1 : 0;
    bool has_marks =
        gap == 1 && (text.at[4] == '-' || text.at[4] == '/') && text.at[7] == text.at[4];
    if ((text.len != 8 && !has_marks) || !read_part(text, 0, 4, 9999, &year) ||
        !read_part(text, 4 + gap, 2, 12, &month) || !read_part(text, 6 + 2 * gap, 2, 31, &day) ||
        month < 1 || day < 1) {
        return false;
    }
    int64_t found = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    int64_t next =
        zone_day_of(month == 12 ? year + 1 : year, month == 12 ? 1 : (uint32_t)month + 1, 1);
    if (found >= next) {
        return false; /* the 31st of a month that has none */
    }
    *ret_day = found;
    return true;
}

bool import_read_time(struct str text, int64_t *ret_ms)
{
    int64_t hour;
    int64_t minute;
    if (text.len != 5 || text.at[2] != ':' || !read_part(text, 0, 2, 23, &hour) ||
        !read_part(text, 3, 2, 59, &minute)) {
        return false;
    }
    *ret_ms = (hour * 60 + minute) * 60000;
    return true;
}

bool import_read_percent(struct str text, uint32_t *ret_hundredths)
{
    const char *dot = text.len == 0 ? NULL : memchr(text.at, '.', text.len);
    size_t whole_len = dot == NULL ? text.len : (size_t)(dot - text.at);
    size_t decimals = dot == NULL ? 0 : text.len - whole_len - 1;
    int64_t whole;
    int64_t part = 0;
    if (!read_part(text, 0, whole_len, 100, &whole) ||
        (dot != NULL &&
         (decimals == 0 || decimals > 2 || !read_part(text, whole_len + 1, decimals, 99, &part)))) {
        return false;
    }
    int64_t value = whole * 100 + (decimals == 1 ? part * 10 : part);
    if (value > WHOLE) {
        return false;
    }
    *ret_hundredths = (uint32_t)value;
    return true;
}

/* --- Members --------------------------------------------------------------------------------------------------------- */

static int set(json_t *body, const char *member, json_t *value)
{
    return json_object_set_new(body, member, value) == 0 ? 0 : ERR_MEMORY;
}

static json_t *text_of(struct str text)
{
    return json_stringn(text.len == 0 ? "" : text.at, text.len);
}

/* A cell that becomes one member by its shape; an empty one is not given. */
static int add_plain(const struct import *import, const struct csv_row *row,
                     enum import_column column, json_t *body, struct import_fault *ret_fault)
{
    struct str cell = import_cell(import, row, column);
    int64_t number;
    if (cell.len == 0) {
        return 0;
    }
    switch (import_columns[column].shape) {
    case IMPORT_SHAPE_OWN:
        return 0;
    case IMPORT_SHAPE_TEXT:
        return set(body, import_columns[column].member, text_of(cell));
    case IMPORT_SHAPE_COUNT:
        if (!str_to_int64(cell, 0, COUNT_MAX, &number)) {
            return refuse(ret_fault, REJECT_BAD_NUMBER, import->at[column]);
        }
        return set(body, import_columns[column].member, json_integer(number));
    case IMPORT_SHAPE_FLAG:
        if (!str_is(cell, "true") && !str_is(cell, "false")) {
            return refuse(ret_fault, REJECT_UNKNOWN_VALUE, import->at[column]);
        }
        return set(body, import_columns[column].member, json_boolean(str_is(cell, "true")));
    }
    return 0;
}

static int add_person(const struct import *import, const struct csv_row *row, json_t *body,
                      struct import_fault *ret_fault)
{
    struct str person = import_cell(import, row, IMPORT_COLUMN_PERSON);
    struct str number = import_cell(import, row, IMPORT_COLUMN_ROW);
    char made_up[IMPORT_SUBJECT_BYTES];
    if (import->setup.is_made_up) {
        int64_t at = (int64_t)row->number;
        if (number.len > 0 && !str_to_int64(number, 2, INT32_MAX, &at)) {
            return refuse(ret_fault, REJECT_BAD_NUMBER, import->at[IMPORT_COLUMN_ROW]);
        }
        (void)snprintf(made_up, sizeof(made_up), "made-up-%lld", (long long)at - 1);
        person = str_of(made_up);
    }
    bool is_named = import->setup.is_made_up || import->at[IMPORT_COLUMN_PERSON] != 0;
    if (!is_named) {
        return 0;
    }
    if (person.len == 0) {
        return refuse(ret_fault, REJECT_MISSING, import->at[IMPORT_COLUMN_PERSON]);
    }
    json_t *party =
        json_pack("[{s:s%,s:s}]", "identifier", person.at, person.len, "role", "affected");
    return set(body, "parties", party);
}

/* When it happened: an instant, or a local day and time of the unit. Of attendance that is also when it was reported, so that a
 * roll of last month pages nobody; answers count from when they are handed in. */
static int add_times(const struct import *import, const struct csv_row *row, struct str unit,
                     json_t *body, struct import_fault *ret_fault)
{
    struct str date = import_cell(import, row, IMPORT_COLUMN_DATE);
    struct str time = import_cell(import, row, IMPORT_COLUMN_TIME);
    int64_t day;
    int64_t day_ms = 0;
    int64_t at_ms = 0;
    if (date.len == 0 && import->at[IMPORT_COLUMN_DATE] == 0) {
        return time.len == 0 ? 0
                             : refuse(ret_fault, REJECT_BAD_TIME, import->at[IMPORT_COLUMN_TIME]);
    }
    if (time.len > 0 && !import_read_time(time, &day_ms)) {
        return refuse(ret_fault, REJECT_BAD_TIME, import->at[IMPORT_COLUMN_TIME]);
    }
    if (import_read_day(date, &day)) {
        struct zone zone = {NULL, 0};
        if (import->setup.org != NULL) {
            zone = org_zone(import->setup.org, unit);
        }
        at_ms = zone_from_local(&zone, day, day_ms);
    } else if (time.len > 0 || !json_parse_time(date, &at_ms)) {
        return refuse(ret_fault, date.len == 0 ? REJECT_MISSING : REJECT_BAD_TIME,
                      import->at[IMPORT_COLUMN_DATE]);
    }
    int error = set(body, "occurred_at_ms", json_integer(at_ms));
    if (error == 0 && import->setup.family == EVENT_FAMILY_ATTENDANCE) {
        error = set(body, "reported_at_ms", json_integer(at_ms));
        error = error != 0 ? error : set(body, "session_start_ms", json_integer(at_ms));
    }
    return error;
}

/* --- Attendance ------------------------------------------------------------------------------------------------------ */

static int add_share(const struct import *import, const struct csv_row *row, json_t *body,
                     struct import_fault *ret_fault)
{
    struct str cell = import_cell(import, row, IMPORT_COLUMN_PRESENT_PCT);
    uint32_t present;
    if (import->at[IMPORT_COLUMN_PRESENT_PCT] == 0) {
        return 0;
    }
    if (str_is(cell, "not_taken")) {
        return set(body, "state", text_of(cell));
    }
    if (cell.len == 0) {
        return refuse(ret_fault, REJECT_MISSING, import->at[IMPORT_COLUMN_PRESENT_PCT]);
    }
    if (!import_read_percent(cell, &present)) {
        return refuse(ret_fault, REJECT_BAD_NUMBER, import->at[IMPORT_COLUMN_PRESENT_PCT]);
    }
    return set(body, "absent_share", json_integer(WHOLE - (json_int_t)present));
}

static int add_attendance(const struct import *import, const struct csv_row *row, json_t *body,
                          struct import_fault *ret_fault)
{
    struct str group = import_cell(import, row, IMPORT_COLUMN_GROUP);
    int error = add_share(import, row, body, ret_fault);
    if (error == 0 && json_object_get(body, "parties") == NULL) {
        error = set(body, "scope",
                    json_pack("{s:s%}", "group", group.len == 0 ? "" : group.at, group.len));
    }
    return error;
}

/* --- Screening ------------------------------------------------------------------------------------------------------- */

static int read_answer(const struct instrument *instrument, struct str cell, size_t column,
                       struct import_fault *ret_fault, int32_t *ret_answer)
{
    int64_t answer;
    if (cell.len == 0) {
        return refuse(ret_fault, REJECT_MISSING, column);
    }
    if (!str_to_int64(cell, INT32_MIN, INT32_MAX, &answer)) {
        return refuse(ret_fault, REJECT_BAD_NUMBER, column);
    }
    if (answer < instrument->least || answer > instrument->most) {
        return refuse(ret_fault, REJECT_OUT_OF_RANGE, column);
    }
    *ret_answer = (int32_t)answer;
    return 0;
}

/* The score of a row: that of the items, and one that the file gives too must be the same; or the file's alone, where the
 * instrument's is no sum. */
static int read_score(const struct csv_row *row, const struct import_answers *answers,
                      const int32_t *values, struct import_fault *ret_fault, bool *ret_has_score,
                      int64_t *ret_score)
{
    const struct instrument *instrument = answers->instrument;
    bool is_sum = !instrument->is_scored_by_sender;
    int64_t score = is_sum ? instrument_score(instrument, values) : 0;
    int64_t given = score;
    if (answers->score != 0 &&
        !str_to_int64(row->fields[answers->score - 1], INT32_MIN, INT32_MAX, &given)) {
        return refuse(ret_fault, REJECT_BAD_NUMBER, answers->score);
    }
    if (is_sum && given != score) {
        return refuse(ret_fault, REJECT_CONFLICT, answers->score);
    }
    *ret_has_score = is_sum || answers->score != 0;
    *ret_score = given;
    return 0;
}

static int add_answers(const struct csv_row *row, const struct import_answers *answers,
                       json_t *body, struct import_fault *ret_fault)
{
    int32_t values[EVENT_ITEMS_MAX];
    char item[24];
    const struct instrument *instrument = answers->instrument;
    json_t *items = json_array();
    int error = items == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; error == 0 && i < instrument->item_count; i++) {
        size_t column = answers->items[i];
        error = read_answer(instrument, row->fields[column - 1], column, ret_fault, &values[i]);
        (void)snprintf(item, sizeof(item), "%zu", i + 1);
        if (error == 0) {
            json_t *one = json_pack("{s:s,s:i}", "item", item, "value", (int)values[i]);
            error = json_array_append_new(items, one) == 0 ? 0 : ERR_MEMORY;
        }
    }
    int64_t score = 0;
    bool has_score = false;
    error = error != 0 ? error : read_score(row, answers, values, ret_fault, &has_score, &score);
    if (error != 0) {
        json_decref(items);
        return error;
    }
    return set(body, "answers",
               json_pack("{s:o,s:f,s:b,s:b}", "items", items, "score", (double)score, "has_score",
                         has_score ? 1 : 0, "valid", 1));
}

static int add_screening(const struct csv_row *row, const struct import_answers *answers,
                         json_t *body, struct import_fault *ret_fault)
{
    const struct instrument *instrument = answers->instrument;
    struct str version = row->fields[answers->version - 1];
    if (!str_equal(version, instrument->version)) {
        return refuse(ret_fault, version.len == 0 ? REJECT_MISSING : REJECT_WRONG_INSTRUMENT,
                      answers->version);
    }
    int error = set(body, "instrument", text_of(instrument->id));
    error = error != 0 ? error : set(body, "version", text_of(instrument->version));
    error = error != 0 ? error
                       : set(body, "item_count", json_integer((json_int_t)instrument->item_count));
    return error != 0 ? error : add_answers(row, answers, body, ret_fault);
}

int import_body(const struct import *import, const struct csv_row *row,
                const struct import_answers *answers, struct import_fault *ret_fault,
                struct json_t **ret_json)
{
    struct str unit = import_cell(import, row, IMPORT_COLUMN_UNIT);
    unit = import->at[IMPORT_COLUMN_UNIT] == 0 ? import->setup.unit : unit;
    json_t *body = json_object();
    int error = body == NULL ? ERR_MEMORY : set(body, "unit", text_of(unit));
    if (error == 0 && !import->setup.is_live) {
        error = set(body, "history", json_true());
    }
    error = error != 0 ? error : add_person(import, row, body, ret_fault);
    error = error != 0 ? error : add_times(import, row, unit, body, ret_fault);
    for (size_t i = 0; error == 0 && i < IMPORT_COLUMN_COUNT; i++) {
        error = add_plain(import, row, (enum import_column)i, body, ret_fault);
    }
    if (error == 0) {
        error = answers != NULL ? add_screening(row, answers, body, ret_fault)
                                : add_attendance(import, row, body, ret_fault);
    }
    if (error != 0) {
        json_decref(body);
        return error;
    }
    *ret_json = body;
    return 0;
}
