/* JSON text -> a tree that can be trusted in form, and times. The tree <-> message parts are in json_read.c and
 * json_write.c. */
#include "wire/json.h"

#include <stdio.h>

#include <jansson.h>

#include "base/assert.h"

/* Jansson's own bound is 2,048 levels, on the stack: ours is checked before. False: `ret_at` is where it is passed. */
static bool nesting_is_bounded(struct str text, size_t *ret_at)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_NESTING_MAX) {
                *ret_at = i;
                return false;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static int refuse_by_jansson(const json_error_t *error, struct fault *ret_fault)
{
    enum json_error_code code = json_error_code(error);
    enum reject_reason reason = code == json_error_duplicate_key      ? REJECT_GIVEN_TWICE
                                : code == json_error_null_character   ? REJECT_NUL_IN_TEXT
                                : code == json_error_null_byte_in_key ? REJECT_NUL_IN_TEXT
                                : code == json_error_invalid_utf8     ? REJECT_BAD_UTF8
                                : code == json_error_numeric_overflow ? REJECT_OUT_OF_RANGE
                                                                      : REJECT_BAD_JSON;
    return code == json_error_out_of_memory ? ERR_MEMORY
                                            : fault_set(ret_fault, reason, "", error->position);
}

int json_parse_text(struct str text, struct fault *ret_fault, struct json_t **ret_json)
{
    size_t bad = 0;
    if (text.len > JSON_TEXT_MAX_BYTES) {
        return fault_set(ret_fault, REJECT_TOO_LARGE, "", JSON_TEXT_MAX_BYTES);
    }
    if (!str_is_utf8(text, &bad)) {
        enum reject_reason reason = text.at[bad] == '\0' ? REJECT_NUL_IN_TEXT : REJECT_BAD_UTF8;
        return fault_set(ret_fault, reason, "", (int64_t)bad);
    }
    if (!nesting_is_bounded(text, &bad)) {
        return fault_set(ret_fault, REJECT_TOO_DEEP, "", (int64_t)bad);
    }
    json_error_t error;
    json_t *json =
        json_loadb(text.len == 0 ? "" : text.at, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return refuse_by_jansson(&error, ret_fault);
    }
    *ret_json = json;
    return 0;
}

struct str json_text_of(const struct json_t *json)
{
    return json_is_string(json) ? (struct str){json_string_value(json), json_string_length(json)}
                                : (struct str){NULL, 0};
}

bool json_array_of(const struct json_t *json, size_t *ret_count)
{
    *ret_count = json_array_size(json);
    return json_is_array(json);
}

const struct json_t *json_element(const struct json_t *array, size_t index)
{
    return json_array_get(array, index);
}

const struct json_t *json_member(const struct json_t *object, const char *name)
{
    return json_object_get(object, name);
}

bool json_integer_of(const struct json_t *json, int64_t *ret_number)
{
    if (!json_is_integer(json)) {
        return false;
    }
    *ret_number = json_integer_value(json);
    return true;
}

size_t json_compact_bytes(const struct json_t *json)
{
    return json_dumpb(json, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

void json_drop(struct json_t *json)
{
    json_decref(json);
}

/* Reads `digits` digits at `*at` and moves behind them. */
static bool read_digits(struct str text, size_t *at, size_t digits, int *ret_value)
{
    int value = 0;
    if (text.len - *at < digits) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        char c = text.at[(*at)++];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *ret_value = value;
    return true;
}

static bool read_mark(struct str text, size_t *at, const char *either)
{
    if (*at >= text.len || (text.at[*at] != either[0] && text.at[*at] != either[1])) {
        return false;
    }
    (*at)++;
    return true;
}

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* "08:00:00", and what is behind the second down to the millisecond. */
static bool read_clock(struct str text, size_t *at, int64_t *ret_ms)
{
    int hour, minute, second;
    if (!read_digits(text, at, 2, &hour) || !read_mark(text, at, "::") ||
        !read_digits(text, at, 2, &minute) || !read_mark(text, at, "::") ||
        !read_digits(text, at, 2, &second) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    int64_t ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
    if (read_mark(text, at, "..")) {
        int64_t scale = 100;
        size_t first = *at;
        for (; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9'; (*at)++) {
            ms += (text.at[*at] - '0') * scale;
            scale /= 10;
        }
        if (*at == first) {
            return false;
        }
    }
    *ret_ms = ms;
    return true;
}

/* "Z" or "+08:00". */
static bool read_offset(struct str text, size_t *at, int64_t *ret_ms)
{
    int hours, minutes;
    if (read_mark(text, at, "Zz")) {
        *ret_ms = 0;
        return true;
    }
    bool west = *at < text.len && text.at[*at] == '-';
    if (!read_mark(text, at, "+-") || !read_digits(text, at, 2, &hours) ||
        !read_mark(text, at, "::") || !read_digits(text, at, 2, &minutes) || hours > 23 ||
        minutes > 59) {
        return false;
    }
    int64_t ms = (hours * 60 + minutes) * INT64_C(60000);
    *ret_ms = west ? -ms : ms;
    return true;
}

bool json_parse_time(struct str text, int64_t *ret_ms)
{
    size_t at = 0;
    int year, month, day;
    int64_t clock_ms, offset_ms;
    if (!read_digits(text, &at, 4, &year) || !read_mark(text, &at, "--") ||
        !read_digits(text, &at, 2, &month) || !read_mark(text, &at, "--") ||
        !read_digits(text, &at, 2, &day) || !read_mark(text, &at, "Tt") || month < 1 ||
        month > 12 || day < 1 || day > days_of_month(year, month) ||
        !read_clock(text, &at, &clock_ms) || !read_offset(text, &at, &offset_ms) ||
        at != text.len) {
        return false;
    }
    *ret_ms = days_from_civil(year, month, day) * 86400000 + clock_ms - offset_ms;
    return true;
}

void json_format_time(int64_t utc_ms, char ret_text[JSON_TIME_BYTES])
{
    sw_assert(utc_ms >= INT64_C(-62167219200000) && utc_ms <= INT64_C(253402300799999));
    int64_t days = utc_ms / 86400000 - (utc_ms % 86400000 < 0);
    int64_t rest_ms = utc_ms - days * 86400000;
    int64_t era_days = days + 719468;
    int64_t era = (era_days >= 0 ? era_days : era_days - 146096) / 146097;
    int64_t doe = era_days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2);
    char text[96];
    snprintf(text, sizeof(text), "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ",
             (long long)year, (long long)month, (long long)(doy - (153 * mp + 2) / 5 + 1),
             (long long)(rest_ms / 3600000), (long long)(rest_ms / 60000 % 60),
             (long long)(rest_ms / 1000 % 60), (long long)(rest_ms % 1000));
    snprintf(ret_text, JSON_TIME_BYTES, "%.24s", text);
}
