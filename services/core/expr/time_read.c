/* Texts that say an instant or a duration. */
#include "base/assert.h"
#include "core/expr/builtin.h"

#define SECOND_NS INT64_C(1000000000)

struct reader {
    struct str text;
    size_t at;
};

static bool is_digit(const struct reader *reader)
{
    return reader->at < reader->text.len && reader->text.at[reader->at] >= '0' &&
           reader->text.at[reader->at] <= '9';
}

static bool take(struct reader *reader, const char *any)
{
    for (; reader->at < reader->text.len && *any != '\0'; any++) {
        if (reader->text.at[reader->at] == *any) {
            reader->at++;
            return true;
        }
    }
    return false;
}

/* `width` digits, from min to max. */
static bool take_number(struct reader *reader, size_t width, int64_t min, int64_t max,
                        int64_t *ret_number)
{
    int64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        if (!is_digit(reader)) {
            return false;
        }
        number = number * 10 + (reader->text.at[reader->at++] - '0');
    }
    *ret_number = number;
    return number >= min && number <= max;
}

/* The digits of a fraction as billionths; more than nine are cut. */
static int64_t take_fraction(struct reader *reader)
{
    int64_t nanos = 0;
    int64_t unit = SECOND_NS / 10;
    while (is_digit(reader)) {
        nanos += (reader->text.at[reader->at++] - '0') * unit;
        unit /= 10;
    }
    return nanos;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static bool take_date(struct reader *reader, int64_t *ret_day)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    bool is_good = take_number(reader, 4, 0, 9999, &year) && take(reader, "-") &&
                   take_number(reader, 2, 1, 12, &month) && take(reader, "-") &&
                   take_number(reader, 2, 1, days_of_month(year, month), &day);
    if (is_good) {
        *ret_day = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    }
    return is_good;
}

static bool take_clock(struct reader *reader, int64_t *ret_second, int64_t *ret_nanos)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    *ret_nanos = 0;
    bool is_good = take_number(reader, 2, 0, 23, &hour) && take(reader, ":") &&
                   take_number(reader, 2, 0, 59, &minute) && take(reader, ":") &&
                   take_number(reader, 2, 0, 59, &second);
    if (is_good && take(reader, ".")) {
        is_good = is_digit(reader);
        *ret_nanos = take_fraction(reader);
    }
    *ret_second = hour * 3600 + minute * 60 + second;
    return is_good;
}

static bool take_offset(struct reader *reader, int64_t *ret_offset_s)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    *ret_offset_s = 0;
    if (take(reader, "Zz")) {
        return true;
    }
    bool is_west = take(reader, "-");
    bool is_good = (is_west || take(reader, "+")) && take_number(reader, 2, 0, 23, &hours) &&
                   take(reader, ":") && take_number(reader, 2, 0, 59, &minutes);
    int64_t offset_s = hours * 3600 + minutes * 60;
    *ret_offset_s = is_west ? -offset_s : offset_s;
    return is_good;
}

struct expr_value time_read_instant(struct str text)
{
    struct reader reader = {text, 0};
    int64_t day = 0;
    int64_t second = 0;
    int64_t nanos = 0;
    int64_t offset_s = 0;
    bool is_good = take_date(&reader, &day) && take(&reader, "Tt") &&
                   take_clock(&reader, &second, &nanos) && take_offset(&reader, &offset_s) &&
                   reader.at == text.len;
    return is_good ? time_instant(day * 86400 + second - offset_s, nanos)
                   : expr_error(EXPR_FAULT_BAD_TEXT);
}

struct expr_value convert_timestamp(struct machine *machine, enum expr_op op,
                                    const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    switch ((int)args[0].kind) {
    case EXPR_TIMESTAMP:
        return args[0];
    case EXPR_INT:
        return time_instant(args[0].integer, 0);
    case EXPR_STRING:
        return time_read_instant(args[0].text);
    default:
        return expr_no_overload();
    }
}

/* --- Durations ------------------------------------------------------------------------------------------------------- */

struct unit {
    const char *name;
    int64_t ns;
};

static bool take_unit(struct reader *reader, int64_t *ret_ns)
{
    static const struct unit units[] = {
        {"ns", 1},
        {"us", 1000},
        {"\xC2\xB5s", 1000}, /* the sign of micro, and the Greek letter */
        {"\xCE\xBCs", 1000},
        {"ms", 1000000},
        {"s", SECOND_NS},
        {"m", 60 * SECOND_NS},
        {"h", 3600 * SECOND_NS},
    };
    struct str rest = {reader->text.at + reader->at, reader->text.len - reader->at};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (str_starts(rest, str_of(units[i].name))) {
            reader->at += str_of(units[i].name).len;
            *ret_ns = units[i].ns;
            return true;
        }
    }
    return false;
}

/* One number with its unit, "1.5h"; OVERFLOW and BAD_TEXT. */
static enum expr_fault take_part(struct reader *reader, unsigned __int128 *ret_ns)
{
    const unsigned __int128 limit = (unsigned __int128)INT64_MAX + 1;
    unsigned __int128 whole = 0;
    int64_t unit = 0;
    bool has_digit = is_digit(reader);
    while (is_digit(reader)) {
        whole = whole * 10 + (unsigned)(reader->text.at[reader->at++] - '0');
        whole = whole > limit ? limit : whole;
    }
    int64_t billionths = 0;
    if (take(reader, ".")) {
        has_digit = has_digit || is_digit(reader);
        billionths = take_fraction(reader);
    }
    if (!has_digit || !take_unit(reader, &unit)) {
        return EXPR_FAULT_BAD_TEXT;
    }
    unsigned __int128 fraction =
        (unsigned __int128)billionths * (uint64_t)unit / (uint64_t)SECOND_NS;
    *ret_ns += whole * (uint64_t)unit + fraction;
    return *ret_ns > limit ? EXPR_FAULT_OVERFLOW : EXPR_FAULT_NONE;
}

struct expr_value time_read_duration(struct str text)
{
    struct reader reader = {text, 0};
    unsigned __int128 ns = 0;
    bool is_negative = take(&reader, "-");
    if (!is_negative) {
        (void)take(&reader, "+"); /* may be there */
    }
    struct str rest = {text.at + reader.at, text.len - reader.at};
    if (str_is(rest, "0")) {
        return expr_duration_ns(0);
    }
    enum expr_fault fault = rest.len == 0 ? EXPR_FAULT_BAD_TEXT : EXPR_FAULT_NONE;
    while (fault == EXPR_FAULT_NONE && reader.at < text.len) {
        fault = take_part(&reader, &ns);
    }
    if (fault == EXPR_FAULT_NONE && ns > INT64_MAX && !is_negative) {
        fault = EXPR_FAULT_OVERFLOW;
    }
    uint64_t magnitude = (uint64_t)ns;
    return fault == EXPR_FAULT_NONE
               ? expr_duration_ns((int64_t)(is_negative ? -magnitude : magnitude))
               : expr_error(fault);
}

struct expr_value convert_duration(struct machine *machine, enum expr_op op,
                                   const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    if (args[0].kind == EXPR_DURATION) {
        return args[0];
    }
    return args[0].kind == EXPR_STRING ? time_read_duration(args[0].text) : expr_no_overload();
}
