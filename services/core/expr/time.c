/* Instants and durations: what they say in a zone, and arithmetic with its bounds. */
#include "base/assert.h"
#include "core/expr/builtin.h"

#define SECOND_NS INT64_C(1000000000)
#define DAY_S INT64_C(86400)
#define INSTANT_MIN_S (-INT64_C(62135596800)) /* 0001-01-01T00:00:00Z */
#define INSTANT_MAX_S INT64_C(253402300799)   /* 9999-12-31T23:59:59Z */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* --- Arithmetic ------------------------------------------------------------------------------------------------------ */

struct expr_value time_instant(int64_t seconds, int64_t nanos)
{
    sw_assert(nanos > -2 * SECOND_NS && nanos < 2 * SECOND_NS);
    int64_t carried = floor_div(nanos, SECOND_NS);
    if (__builtin_add_overflow(seconds, carried, &seconds) || seconds < INSTANT_MIN_S ||
        seconds > INSTANT_MAX_S) {
        return expr_error(EXPR_FAULT_OVERFLOW);
    }
    return expr_timestamp((struct expr_instant){seconds, (int32_t)(nanos - carried * SECOND_NS)});
}

static struct expr_value move_instant(struct expr_instant instant, int64_t ns, int sign)
{
    return time_instant(instant.seconds + sign * (ns / SECOND_NS),
                        instant.nanos + sign * (ns % SECOND_NS));
}

static struct expr_value between(struct expr_instant a, struct expr_instant b)
{
    int64_t ns = 0;
    if (__builtin_mul_overflow(a.seconds - b.seconds, SECOND_NS, &ns) ||
        __builtin_add_overflow(ns, (int64_t)a.nanos - b.nanos, &ns)) {
        return expr_error(EXPR_FAULT_OVERFLOW);
    }
    return expr_duration_ns(ns);
}

static struct expr_value operate_durations(enum expr_op op, int64_t a, int64_t b)
{
    int64_t ns = 0;
    bool overflows =
        op == EXPR_OP_ADD ? __builtin_add_overflow(a, b, &ns) : __builtin_sub_overflow(a, b, &ns);
    return overflows ? expr_error(EXPR_FAULT_OVERFLOW) : expr_duration_ns(ns);
}

struct expr_value time_operate(enum expr_op op, const struct expr_value *a,
                               const struct expr_value *b)
{
    bool is_sum = op == EXPR_OP_ADD;
    if (!is_sum && op != EXPR_OP_SUBTRACT) {
        return expr_no_overload();
    }
    if (a->kind == EXPR_TIMESTAMP && b->kind == EXPR_DURATION) {
        return move_instant(a->instant, b->duration_ns, is_sum ? 1 : -1);
    }
    if (a->kind == EXPR_TIMESTAMP && b->kind == EXPR_TIMESTAMP && !is_sum) {
        return between(a->instant, b->instant);
    }
    if (a->kind == EXPR_DURATION && b->kind == EXPR_TIMESTAMP && is_sum) {
        return move_instant(b->instant, a->duration_ns, 1);
    }
    bool are_durations = a->kind == EXPR_DURATION && b->kind == EXPR_DURATION;
    return are_durations ? operate_durations(op, a->duration_ns, b->duration_ns)
                         : expr_no_overload();
}

/* --- Calendar -------------------------------------------------------------------------------------------------------- */

struct date {
    int64_t year;
    uint32_t month; /* from 1 */
    uint32_t day;   /* from 1 */
};

/* Howard Hinnant's civil_from_days: years begin in March, so that the leap day is the last. */
static struct date date_of(int64_t day)
{
    int64_t shifted = day + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    bool is_next_year = month >= 10;
    return (struct date){
        .year = year_of_era + era * 400 + (is_next_year ? 1 : 0),
        .month = (uint32_t)(is_next_year ? month - 9 : month + 3),
        .day = (uint32_t)(day_of_year - (153 * month + 2) / 5 + 1),
    };
}

static int64_t date_part(enum expr_op op, int64_t day)
{
    struct date date = date_of(day);
    switch ((int)op) {
    case EXPR_OP_YEAR:
        return date.year;
    case EXPR_OP_MONTH:
        return date.month - 1;
    case EXPR_OP_DATE:
        return date.day;
    case EXPR_OP_DAY_OF_MONTH:
        return date.day - 1;
    case EXPR_OP_DAY_OF_YEAR:
        return day - zone_day_of(date.year, 1, 1);
    case EXPR_OP_DAY_OF_WEEK: /* Sunday is 0; 1970-01-01 was a Thursday */
        return (day % 7 + 7 + 4) % 7;
    default:
        sw_assert(!"a part of a date");
        return 0;
    }
}

int64_t time_part(enum expr_op op, struct expr_instant instant, const struct zone *zone)
{
    int64_t offset_s = zone == NULL ? 0 : zone_offset_s(zone, instant.seconds * 1000);
    int64_t local_s = instant.seconds + offset_s;
    int64_t day = floor_div(local_s, DAY_S);
    int64_t second = local_s - day * DAY_S;
    switch ((int)op) {
    case EXPR_OP_HOURS:
        return second / 3600;
    case EXPR_OP_MINUTES:
        return second / 60 % 60;
    case EXPR_OP_SECONDS:
        return second % 60;
    case EXPR_OP_MILLISECONDS:
        return instant.nanos / 1000000;
    default:
        return date_part(op, day);
    }
}

/* The whole duration in a unit; of milliseconds only those behind the last second. */
static struct expr_value duration_part(enum expr_op op, int64_t ns)
{
    switch ((int)op) {
    case EXPR_OP_HOURS:
        return expr_int(ns / SECOND_NS / 3600);
    case EXPR_OP_MINUTES:
        return expr_int(ns / SECOND_NS / 60);
    case EXPR_OP_SECONDS:
        return expr_int(ns / SECOND_NS);
    case EXPR_OP_MILLISECONDS:
        return expr_int(ns % SECOND_NS / 1000000);
    default:
        return expr_no_overload();
    }
}

bool time_fixed_zone(struct str text, struct zone_offset *ret_offset)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    *ret_offset = (struct zone_offset){0, 0};
    if (str_is(text, "UTC") || str_is(text, "Z")) {
        return true;
    }
    bool has_sign = text.len > 0 && (text.at[0] == '+' || text.at[0] == '-');
    struct str digits = {text.at + has_sign, text.len - has_sign};
    bool is_shaped = digits.len == 5 && digits.at[2] == ':';
    if (!is_shaped || !str_to_int64((struct str){digits.at, 2}, 0, 18, &hours) ||
        !str_to_int64((struct str){digits.at + 3, 2}, 0, 59, &minutes)) {
        return false;
    }
    int64_t offset_s = hours * 3600 + minutes * 60;
    ret_offset->offset_s = (int32_t)(has_sign && text.at[0] == '-' ? -offset_s : offset_s);
    return offset_s <= ZONE_OFFSET_MAX_S;
}

/* A zone that is computed is a fixed one: those with names are looked up when the expression is compiled. */
struct expr_value time_get(struct machine *machine, enum expr_op op, const struct expr_value *args,
                           size_t count)
{
    (void)machine;
    struct zone_offset offset;
    if (builtin_takes(args, count, "r")) {
        return duration_part(op, args[0].duration_ns);
    }
    if (builtin_takes(args, count, "t")) {
        return expr_int(time_part(op, args[0].instant, NULL));
    }
    if (!builtin_takes(args, count, "ts")) {
        return expr_no_overload();
    }
    const struct zone zone = {&offset, 1};
    return time_fixed_zone(args[1].text, &offset) ? expr_int(time_part(op, args[0].instant, &zone))
                                                  : expr_error(EXPR_FAULT_NO_SUCH_ZONE);
}

/* --- As texts -------------------------------------------------------------------------------------------------------- */

/* Digits of a number, at least `width`. */
static size_t put_digits(char *out, uint64_t number, size_t width)
{
    char digits[20];
    size_t count = 0;
    while (number > 0 || count < width) {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    return count;
}

/* ".5", nothing for 0. */
static size_t put_fraction(char *out, uint64_t nanos)
{
    size_t width = 9;
    if (nanos == 0) {
        return 0;
    }
    for (; nanos % 10 == 0; nanos /= 10) {
        width--;
    }
    out[0] = '.';
    return 1 + put_digits(out + 1, nanos, width);
}

size_t time_format_instant(struct expr_instant instant, char ret_text[TIME_TEXT_BYTES])
{
    int64_t day = floor_div(instant.seconds, DAY_S);
    int64_t second = instant.seconds - day * DAY_S;
    struct date date = date_of(day);
    const struct {
        int64_t number;
        size_t width;
        char behind;
    } parts[] = {{date.year, 4, '-'},     {date.month, 2, '-'},       {date.day, 2, 'T'},
                 {second / 3600, 2, ':'}, {second / 60 % 60, 2, ':'}, {second % 60, 2, '\0'}};
    size_t used = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        used += put_digits(ret_text + used, (uint64_t)parts[i].number, parts[i].width);
        if (parts[i].behind != '\0') {
            ret_text[used++] = parts[i].behind;
        }
    }
    used += put_fraction(ret_text + used, (uint64_t)instant.nanos);
    ret_text[used++] = 'Z';
    return used;
}

size_t time_format_duration(int64_t ns, char ret_text[TIME_TEXT_BYTES])
{
    uint64_t magnitude = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    size_t used = 0;
    if (ns < 0) {
        ret_text[used++] = '-';
    }
    used += put_digits(ret_text + used, magnitude / (uint64_t)SECOND_NS, 1);
    used += put_fraction(ret_text + used, magnitude % (uint64_t)SECOND_NS);
    ret_text[used++] = 's';
    return used;
}
