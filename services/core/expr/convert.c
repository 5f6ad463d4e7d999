/* Conversions between types. */
#include <math.h>

#include "base/assert.h"
#include "core/expr/builtin.h"

static struct expr_value bad_text(void)
{
    return expr_error(EXPR_FAULT_BAD_TEXT);
}

static struct expr_value out_of_range(void)
{
    return expr_error(EXPR_FAULT_OVERFLOW);
}

static bool is_one_of(struct str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

struct expr_value convert_bool(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
    (void)machine;
    (void)op;
    (void)count;
    if (args[0].kind == EXPR_BOOL) {
        return args[0];
    }
    if (args[0].kind != EXPR_STRING) {
        return expr_no_overload();
    }
    bool is_true = is_one_of(args[0].text, yes, sizeof(yes) / sizeof(yes[0]));
    bool is_false = is_one_of(args[0].text, no, sizeof(no) / sizeof(no[0]));
    return is_true || is_false ? expr_bool(is_true) : bad_text();
}

/* --- Whole numbers --------------------------------------------------------------------------------------------------- */

/* Digits, with a sign before them if `is_signed`; 128 bits take what 64 do not. */
static bool read_whole(struct str text, bool is_signed, __int128 *ret_number)
{
    bool is_negative = is_signed && text.len > 0 && text.at[0] == '-';
    size_t at = is_negative || (is_signed && text.len > 0 && text.at[0] == '+') ? 1 : 0;
    __int128 number = 0;
    if (at == text.len) {
        return false;
    }
    for (; at < text.len; at++) {
        if (text.at[at] < '0' || text.at[at] > '9') {
            return false;
        }
        number = number * 10 + (text.at[at] - '0');
        number = number > UINT64_MAX ? (__int128)UINT64_MAX + 1 : number;
    }
    *ret_number = is_negative ? -number : number;
    return true;
}

static struct expr_value whole_of_text(struct str text, bool is_signed)
{
    __int128 number = 0;
    if (!read_whole(text, is_signed, &number)) {
        return bad_text();
    }
    if (is_signed) {
        bool is_inside = number >= INT64_MIN && number <= INT64_MAX;
        return is_inside ? expr_int((int64_t)number) : out_of_range();
    }
    return number <= UINT64_MAX ? expr_uint((uint64_t)number) : out_of_range();
}

/* Of a double towards zero; NaN compares with nothing. -2^63 may have been any of the numbers around it. */
struct expr_value convert_int(struct machine *machine, enum expr_op op,
                              const struct expr_value *args, size_t count)
{
    const double two_63 = 9223372036854775808.0;
    const struct expr_value *a = &args[0];
    (void)machine;
    (void)op;
    (void)count;
    switch ((int)a->kind) {
    case EXPR_INT:
        return *a;
    case EXPR_UINT:
        return a->natural <= INT64_MAX ? expr_int((int64_t)a->natural) : out_of_range();
    case EXPR_DOUBLE:
        return a->real > -two_63 && a->real < two_63 ? expr_int((int64_t)a->real) : out_of_range();
    case EXPR_STRING:
        return whole_of_text(a->text, true);
    case EXPR_TIMESTAMP:
        return expr_int(a->instant.seconds);
    default:
        return expr_no_overload();
    }
}

struct expr_value convert_uint(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    const double two_64 = 18446744073709551616.0;
    const struct expr_value *a = &args[0];
    (void)machine;
    (void)op;
    (void)count;
    switch ((int)a->kind) {
    case EXPR_UINT:
        return *a;
    case EXPR_INT:
        return a->integer >= 0 ? expr_uint((uint64_t)a->integer) : out_of_range();
    case EXPR_DOUBLE:
        return a->real >= 0 && a->real < two_64 ? expr_uint((uint64_t)a->real) : out_of_range();
    case EXPR_STRING:
        return whole_of_text(a->text, false);
    default:
        return expr_no_overload();
    }
}

/* --- Doubles --------------------------------------------------------------------------------------------------------- */

/* Whether the text is the word, in letters of either case. */
static bool is_word(struct str text, const char *word)
{
    struct str wanted = str_of(word);
    bool is_same = text.len == wanted.len;
    for (size_t i = 0; i < wanted.len && is_same; i++) {
        is_same = (text.at[i] | 0x20) == wanted.at[i];
    }
    return is_same;
}

static struct expr_value read_double(struct str text)
{
    bool is_negative = text.len > 0 && text.at[0] == '-';
    size_t sign = is_negative || (text.len > 0 && text.at[0] == '+') ? 1 : 0;
    struct str word = {text.at + sign, text.len - sign};
    if (is_word(word, "infinity") || is_word(word, "inf")) {
        return expr_double(is_negative ? -INFINITY : INFINITY);
    }
    if (is_word(text, "nan")) {
        return expr_double(NAN);
    }
    double value = 0;
    if (!str_to_double(text, &value)) {
        return bad_text();
    }
    return isinf(value) ? out_of_range() : expr_double(value);
}

struct expr_value convert_double(struct machine *machine, enum expr_op op,
                                 const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    switch ((int)args[0].kind) {
    case EXPR_DOUBLE:
        return args[0];
    case EXPR_INT:
        return expr_double((double)args[0].integer);
    case EXPR_UINT:
        return expr_double((double)args[0].natural);
    case EXPR_STRING:
        return read_double(args[0].text);
    default:
        return expr_no_overload();
    }
}

/* --- The rest -------------------------------------------------------------------------------------------------------- */

struct expr_value convert_bytes(struct machine *machine, enum expr_op op,
                                const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    bool is_text = args[0].kind == EXPR_STRING || args[0].kind == EXPR_BYTES;
    return is_text ? expr_bytes(args[0].text) : expr_no_overload();
}

struct expr_value convert_dyn(struct machine *machine, enum expr_op op,
                              const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    return args[0];
}

struct expr_value convert_type(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    const char *name =
        args[0].kind == EXPR_OBJECT ? args[0].object.schema->name : expr_kind_name(args[0].kind);
    return (struct expr_value){.kind = EXPR_TYPE, .text = str_of(name)};
}
