/* Functions of texts; positions and lengths count code points. */
#include <string.h>

#include "base/assert.h"
#include "core/expr/builtin.h"
#include "core/expr/utf8.h"

static struct expr_value bad_index(void)
{
    return expr_error(EXPR_FAULT_NO_SUCH_INDEX);
}

bool builtin_takes(const struct expr_value *args, size_t count, const char *kinds)
{
    static const enum expr_kind by_letter[128] = {
        ['b'] = EXPR_BOOL,   ['i'] = EXPR_INT,   ['u'] = EXPR_UINT,      ['d'] = EXPR_DOUBLE,
        ['s'] = EXPR_STRING, ['y'] = EXPR_BYTES, ['t'] = EXPR_TIMESTAMP, ['r'] = EXPR_DURATION,
        ['L'] = EXPR_LIST,   ['M'] = EXPR_MAP,   ['O'] = EXPR_OPTIONAL,
    };
    for (size_t i = 0; i < count; i++) {
        if (kinds[i] == '\0' || args[i].kind != by_letter[(unsigned char)kinds[i]]) {
            return false;
        }
    }
    return kinds[count] == '\0';
}

/* Part of a text, from one byte to another. */
static struct str cut(struct str text, size_t from, size_t to)
{
    sw_assert(from <= to && to <= text.len);
    return (struct str){text.at + from, to - from};
}

/* The byte offset of `part` in `text` from `from` on; SIZE_MAX: it is not there. */
static size_t find(struct str text, struct str part, size_t from)
{
    sw_assert(from <= text.len);
    if (part.len == 0) {
        return from;
    }
    const char *at = memmem(text.at + from, text.len - from, part.at, part.len);
    return at == NULL ? SIZE_MAX : (size_t)(at - text.at);
}

struct expr_value text_size(struct machine *machine, enum expr_op op, const struct expr_value *args,
                            size_t count)
{
    (void)op;
    (void)count;
    switch ((int)args[0].kind) {
    case EXPR_LIST:
        return expr_int((int64_t)args[0].list.count);
    case EXPR_MAP:
        return expr_int((int64_t)args[0].map.count);
    case EXPR_BYTES:
        return expr_int((int64_t)args[0].text.len);
    case EXPR_STRING:
        (void)machine_spend_bytes(machine, args[0].text.len);
        return expr_int((int64_t)utf8_count(args[0].text));
    default:
        return expr_no_overload();
    }
}

struct expr_value text_contains(struct machine *machine, enum expr_op op,
                                const struct expr_value *args, size_t count)
{
    if (!builtin_takes(args, count, "ss")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    struct str part = args[1].text;
    if (op == EXPR_OP_CONTAINS) {
        bool can_pay = machine_spend_bytes(machine, text.len);
        return expr_bool(can_pay && find(text, part, 0) != SIZE_MAX);
    }
    bool is_longer = text.len >= part.len;
    size_t from = op == EXPR_OP_ENDS_WITH && is_longer ? text.len - part.len : 0;
    return expr_bool(is_longer && str_equal(cut(text, from, from + part.len), part));
}

/* A pattern that is computed: compiled each time. */
struct expr_value text_matches(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    const struct regex *regex = NULL;
    const char *fault = NULL;
    size_t at = 0;
    bool matches = false;
    (void)op;
    if (!builtin_takes(args, count, "ss")) {
        return expr_no_overload();
    }
    size_t before = machine->arena->used_bytes;
    int error = regex_compile(args[1].text, machine->arena, &fault, &at, &regex);
    (void)machine_spend_bytes(machine, machine->arena->used_bytes - before);
    if (error == ERR_INVALID) {
        return expr_error(EXPR_FAULT_BAD_PATTERN);
    }
    if (error != 0 ||
        regex_match(regex, args[0].text, machine->arena, &machine->cost, &matches) != 0) {
        machine->fault = EXPR_FAULT_MEMORY;
        machine->cost = 0;
    }
    return expr_bool(matches);
}

/* --- Positions ------------------------------------------------------------------------------------------------------- */

/* The byte offset of a position from 0 to the length; SIZE_MAX: there is no such one. */
static size_t offset_of(struct machine *machine, struct str text, int64_t position)
{
    bool can_pay = machine_spend_bytes(machine, text.len);
    bool is_inside = position >= 0 && (uint64_t)position <= text.len;
    return can_pay && is_inside ? utf8_offset(text, (size_t)position) : SIZE_MAX;
}

/* The position of a byte offset; -1 for SIZE_MAX. */
static struct expr_value position_of(struct str text, size_t offset)
{
    return expr_int(offset == SIZE_MAX ? -1 : (int64_t)utf8_count(cut(text, 0, offset)));
}

struct expr_value text_char_at(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "si")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    size_t from = offset_of(machine, text, args[1].integer);
    if (from == SIZE_MAX) {
        return bad_index();
    }
    uint32_t code = 0;
    return expr_string(cut(text, from, from == text.len ? from : utf8_next(text, from, &code)));
}

struct expr_value text_index_of(struct machine *machine, enum expr_op op,
                                const struct expr_value *args, size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "ss") && !builtin_takes(args, count, "ssi")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    size_t from = offset_of(machine, text, count == 3 ? args[2].integer : 0);
    return from == SIZE_MAX ? bad_index() : position_of(text, find(text, args[1].text, from));
}

/* The last one that begins at or before the byte `from`. Code points begin where UTF-8 says, so bytes may be compared. */
static size_t find_last(struct machine *machine, struct str text, struct str part, size_t from)
{
    if (part.len > text.len) {
        return SIZE_MAX;
    }
    size_t last = text.len - part.len < from ? text.len - part.len : from;
    if (!machine_spend_bytes(machine, (last + 1) * (part.len / 16 + 1))) {
        return SIZE_MAX;
    }
    for (size_t at = last + 1; at-- > 0;) {
        if (str_equal(cut(text, at, at + part.len), part)) {
            return at;
        }
    }
    return SIZE_MAX;
}

struct expr_value text_last_index_of(struct machine *machine, enum expr_op op,
                                     const struct expr_value *args, size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "ss") && !builtin_takes(args, count, "ssi")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    size_t from = count == 3 ? offset_of(machine, text, args[2].integer) : text.len;
    return from == SIZE_MAX ? bad_index()
                            : position_of(text, find_last(machine, text, args[1].text, from));
}

struct expr_value text_substring(struct machine *machine, enum expr_op op,
                                 const struct expr_value *args, size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "si") && !builtin_takes(args, count, "sii")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    size_t from = offset_of(machine, text, args[1].integer);
    size_t to = count == 3 ? offset_of(machine, text, args[2].integer) : text.len;
    bool is_good = from != SIZE_MAX && to != SIZE_MAX && from <= to;
    return is_good ? expr_string(cut(text, from, to)) : bad_index();
}

/* --- Other texts ----------------------------------------------------------------------------------------------------- */

struct expr_value text_ascii(struct machine *machine, enum expr_op op,
                             const struct expr_value *args, size_t count)
{
    char first = op == EXPR_OP_LOWER_ASCII ? 'A' : 'a';
    if (!builtin_takes(args, count, "s")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    char *out = machine_alloc(machine, text.len, 1);
    for (size_t i = 0; out != NULL && i < text.len; i++) {
        bool changes = text.at[i] >= first && text.at[i] <= first + 25;
        out[i] = changes ? (char)(text.at[i] ^ 0x20) : text.at[i];
    }
    return expr_string((struct str){out, out == NULL ? 0 : text.len});
}

struct expr_value text_reverse(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    uint32_t code = 0;
    (void)op;
    if (!builtin_takes(args, count, "s")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    char *out = machine_alloc(machine, text.len, 1);
    for (size_t at = 0; out != NULL && at < text.len;) {
        size_t next = utf8_next(text, at, &code);
        memcpy(out + text.len - next, text.at + at, next - at);
        at = next;
    }
    return expr_string((struct str){out, out == NULL ? 0 : text.len});
}

/* What Unicode calls white space. */
static bool is_blank(uint32_t code)
{
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

struct expr_value text_trim(struct machine *machine, enum expr_op op, const struct expr_value *args,
                            size_t count)
{
    size_t from = SIZE_MAX;
    size_t to = 0;
    uint32_t code = 0;
    (void)op;
    if (!builtin_takes(args, count, "s")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    (void)machine_spend_bytes(machine, text.len);
    for (size_t at = 0; at < text.len;) {
        size_t next = utf8_next(text, at, &code);
        if (!is_blank(code)) {
            from = from == SIZE_MAX ? at : from;
            to = next;
        }
        at = next;
    }
    return expr_string(from == SIZE_MAX ? (struct str){NULL, 0} : cut(text, from, to));
}

struct expr_value text_quote(struct machine *machine, enum expr_op op,
                             const struct expr_value *args, size_t count)
{
    static const char from[] = "\a\b\f\n\r\t\v\\\"";
    static const char to[] = "abfnrtv\\\"";
    (void)op;
    if (!builtin_takes(args, count, "s")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    char *out = machine_alloc(machine, text.len + 1, 2);
    size_t used = 0;
    if (out == NULL) {
        return expr_no_overload();
    }
    out[used++] = '"';
    for (size_t i = 0; i < text.len; i++) {
        const char *escaped = memchr(from, text.at[i], sizeof(from) - 1);
        if (escaped != NULL) {
            out[used++] = '\\';
        }
        out[used++] = escaped != NULL ? to[escaped - from] : text.at[i];
    }
    out[used++] = '"';
    return expr_string((struct str){out, used});
}
