/* Values as texts: string() and format(). */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/builtin.h"
#include "core/expr/utf8.h"

enum { FORMAT_PLAIN_BYTES = 400 };

/* A text that grows in the arena, paid for. */
struct output {
    struct machine *machine;
    char *at;
    size_t len;
    size_t capacity;
    enum expr_fault fault; /* NONE while all is well */
};

static void add(struct output *output, struct str text)
{
    struct machine *machine = output->machine;
    if (output->fault != EXPR_FAULT_NONE || text.len == 0) {
        return;
    }
    if (text.len > output->capacity - output->len) {
        size_t capacity = 2 * (output->len + text.len) + 32;
        char *grown = machine_alloc(machine, capacity, 1);
        if (grown == NULL) {
            output->fault = machine->fault;
            return;
        }
        if (output->len > 0) {
            memcpy(grown, output->at, output->len);
        }
        output->at = grown;
        output->capacity = capacity;
    }
    memcpy(output->at + output->len, text.at, text.len);
    output->len += text.len;
}

static void add_text(struct output *output, const char *text)
{
    add(output, str_of(text));
}

static struct expr_value finish(const struct output *output)
{
    return output->fault == EXPR_FAULT_NONE ? expr_string((struct str){output->at, output->len})
                                            : expr_error(output->fault);
}

/* --- Numbers --------------------------------------------------------------------------------------------------------- */

static const char *name_of_infinite(double value)
{
    return isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/* Takes the zeros off the end of "4.500e-03"; its length then. */
static size_t strip_zeros(char *text, size_t len)
{
    char *mark = memchr(text, 'e', len);
    sw_assert(mark != NULL);
    char *end = mark;
    while (end > text && memchr(text, '.', (size_t)(end - text)) != NULL &&
           (end[-1] == '0' || end[-1] == '.')) {
        end--;
    }
    size_t tail = len - (size_t)(mark - text);
    memmove(end, mark, tail + 1); /* with the NUL */
    return (size_t)(end - text) + tail;
}

/* The digits that are needed to read the same number again, "4.5e-03"; their length. Fifteen keep every number that has so
 * few, but for those next to 0, which have less room. */
static size_t shortest(double value, char *text, size_t size)
{
    enum { DIGITS_KEPT = 15, DIGITS_MAX = 17 };
    size_t len = 0;
    double again = 0;
    for (int digits = fabs(value) < DBL_MIN ? 1 : DIGITS_KEPT; digits <= DIGITS_MAX; digits++) {
        len = (size_t)snprintf(text, size, "%.*e", digits - 1, value);
        if (str_to_double((struct str){text, len}, &again) && again == value) {
            break;
        }
    }
    return strip_zeros(text, len);
}

/* How many places behind the point the shortest text has, written without an exponent; below 0: it ends in as many zeros. */
static int64_t places_of(struct str shortest_text)
{
    const char *mark = memchr(shortest_text.at, 'e', shortest_text.len);
    int64_t exponent = 0;
    sw_assert(mark != NULL);
    bool has_plus = mark[1] == '+';
    const char *digits = mark + 1 + has_plus;
    struct str written = {digits, shortest_text.len - (size_t)(digits - shortest_text.at)};
    bool is_read = str_to_int64(written, -400, 400, &exponent);
    sw_assert(is_read);
    int64_t fraction = mark - shortest_text.at - (shortest_text.at[0] == '-' ? 1 : 0) - 2;
    return (fraction > 0 ? fraction : 0) - exponent;
}

/* Without an exponent, however long; behind the digits that are needed stand zeros. */
static size_t format_plain(double value, char ret_text[FORMAT_PLAIN_BYTES])
{
    char text[FORMAT_DOUBLE_BYTES];
    if (!isfinite(value)) {
        return (size_t)snprintf(ret_text, FORMAT_PLAIN_BYTES, "%s", name_of_infinite(value));
    }
    size_t len = shortest(value, text, sizeof(text));
    int64_t places = places_of((struct str){text, len});
    if (places >= 0) {
        return (size_t)snprintf(ret_text, FORMAT_PLAIN_BYTES, "%.*f", (int)places, value);
    }
    size_t used = 0;
    for (size_t i = 0; i < len && text[i] != 'e'; i++) {
        if (text[i] != '.') {
            ret_text[used++] = text[i];
        }
    }
    memset(ret_text + used, '0', (size_t)-places);
    return used + (size_t)-places;
}

size_t format_double(double value, char ret_text[FORMAT_DOUBLE_BYTES])
{
    const double small = 1e-7;
    const double large = 1e21;
    double magnitude = fabs(value);
    bool is_plain = magnitude == 0 || (magnitude >= small && magnitude < large);
    if (isfinite(value) && !is_plain) {
        return shortest(value, ret_text, FORMAT_DOUBLE_BYTES);
    }
    char text[FORMAT_PLAIN_BYTES];
    size_t len = format_plain(value, text);
    sw_assert(len < FORMAT_DOUBLE_BYTES);
    memcpy(ret_text, text, len);
    return len;
}

/* A whole number in a base that is a power of two, or 10. */
static void add_whole(struct output *output, const struct expr_value *value, unsigned base,
                      bool is_upper)
{
    const char *digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[66];
    size_t at = sizeof(text);
    bool is_negative = value->kind == EXPR_INT && value->integer < 0;
    uint64_t left = value->kind == EXPR_BOOL   ? (value->boolean ? 1 : 0)
                    : value->kind == EXPR_UINT ? value->natural
                    : is_negative              ? -(uint64_t)value->integer
                                               : (uint64_t)value->integer;
    do {
        text[--at] = digits[left % base];
        left /= base;
    } while (left > 0);
    if (is_negative) {
        text[--at] = '-';
    }
    add(output, (struct str){text + at, sizeof(text) - at});
}

/* --- Any value ------------------------------------------------------------------------------------------------------- */

static void add_value(struct output *output, const struct expr_value *value, int depth);

static void add_list(struct output *output, const struct expr_list *list, int depth)
{
    add_text(output, "[");
    for (size_t i = 0; i < list->count && output->fault == EXPR_FAULT_NONE; i++) {
        struct expr_value item = expr_list_item(list, i);
        add_text(output, i > 0 ? ", " : "");
        add_value(output, &item, depth);
    }
    add_text(output, "]");
}

/* The entries with their keys as texts, in the order of these, so that equal maps give equal texts; NULL: a fault. */
static struct expr_entry *sort_entries(struct output *output, const struct expr_map *map)
{
    struct machine *machine = output->machine;
    struct expr_entry *entries = machine_alloc(machine, map->count, sizeof(*entries));
    for (size_t i = 0; entries != NULL && i < map->count; i++) {
        struct expr_entry entry = expr_map_entry(map, i);
        struct output key = {.machine = machine};
        size_t at = i;
        add_value(&key, &entry.key, 1);
        entry.key = expr_string((struct str){key.at, key.len});
        while (at > 0 && machine_spend(machine, 1) &&
               str_compare(entry.key.text, entries[at - 1].key.text) < 0) {
            entries[at] = entries[at - 1];
            at--;
        }
        entries[at] = entry;
    }
    output->fault = machine->cost == 0 ? machine->fault : output->fault;
    return machine->cost == 0 ? NULL : entries;
}

static void add_map(struct output *output, const struct expr_map *map, int depth)
{
    const struct expr_entry *entries = sort_entries(output, map);
    if (entries == NULL) {
        return;
    }
    add_text(output, "{");
    for (size_t i = 0; i < map->count && output->fault == EXPR_FAULT_NONE; i++) {
        add_text(output, i > 0 ? ", " : "");
        add(output, entries[i].key.text);
        add_text(output, ": ");
        add_value(output, &entries[i].value, depth);
    }
    add_text(output, "}");
}

static void add_simple(struct output *output, const struct expr_value *value)
{
    char text[FORMAT_PLAIN_BYTES];
    switch ((int)value->kind) {
    case EXPR_NULL:
        add_text(output, "null");
        return;
    case EXPR_BOOL:
        add_text(output, value->boolean ? "true" : "false");
        return;
    case EXPR_INT:
    case EXPR_UINT:
        add_whole(output, value, 10, false);
        return;
    case EXPR_DOUBLE:
        add(output, (struct str){text, format_plain(value->real, text)});
        return;
    case EXPR_TIMESTAMP:
        add(output, (struct str){text, time_format_instant(value->instant, text)});
        return;
    case EXPR_DURATION:
        add(output, (struct str){text, time_format_duration(value->duration_ns, text)});
        return;
    case EXPR_STRING:
    case EXPR_TYPE:
        add(output, value->text);
        return;
    default:
        output->fault = EXPR_FAULT_NO_OVERLOAD;
        return;
    }
}

static void add_value(struct output *output, const struct expr_value *value, int depth)
{
    if (depth == 0) {
        output->fault = EXPR_FAULT_DEPTH;
    } else if (!machine_spend(output->machine, 1)) {
        output->fault = EXPR_FAULT_COST;
    } else if (value->kind == EXPR_LIST) {
        add_list(output, &value->list, depth - 1);
    } else if (value->kind == EXPR_MAP) {
        add_map(output, &value->map, depth - 1);
    } else if (value->kind == EXPR_BYTES) {
        if (utf8_is_good(value->text, NULL)) {
            add(output, value->text);
        } else {
            output->fault = EXPR_FAULT_BAD_UTF8;
        }
    } else {
        add_simple(output, value);
    }
}

struct expr_value convert_string(struct machine *machine, enum expr_op op,
                                 const struct expr_value *args, size_t count)
{
    struct output output = {.machine = machine};
    enum expr_kind kind = args[0].kind;
    (void)op;
    (void)count;
    if (kind == EXPR_STRING) {
        return args[0];
    }
    if (kind == EXPR_LIST || kind == EXPR_MAP || kind == EXPR_NULL || kind == EXPR_TYPE) {
        return expr_no_overload();
    }
    if (kind == EXPR_DOUBLE) {
        char text[FORMAT_DOUBLE_BYTES];
        add(&output, (struct str){text, format_double(args[0].real, text)});
    } else {
        add_value(&output, &args[0], 1);
    }
    return finish(&output);
}

/* --- format() -------------------------------------------------------------------------------------------------------- */

/* One clause, "%.3f". */
struct clause {
    char letter;
    int precision;
};

static bool is_whole(const struct expr_value *value)
{
    return value->kind == EXPR_INT || value->kind == EXPR_UINT;
}

static void add_real(struct output *output, const struct expr_value *value, struct clause clause)
{
    enum { TEXT_BYTES = 512 };
    char text[TEXT_BYTES];
    double number = value->kind == EXPR_INT    ? (double)value->integer
                    : value->kind == EXPR_UINT ? (double)value->natural
                                               : value->real;
    if (!is_whole(value) && value->kind != EXPR_DOUBLE) {
        output->fault = EXPR_FAULT_BAD_FORMAT;
    } else if (!isfinite(number)) {
        add_text(output, name_of_infinite(number));
    } else {
        int wrote = clause.letter == 'e'
                        ? snprintf(text, sizeof(text), "%.*e", clause.precision, number)
                        : snprintf(text, sizeof(text), "%.*f", clause.precision, number);
        add(output, (struct str){text, (size_t)wrote});
    }
}

static void add_hex(struct output *output, const struct expr_value *value, bool is_upper)
{
    const char *digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    if (is_whole(value)) {
        add_whole(output, value, 16, is_upper);
        return;
    }
    if (value->kind != EXPR_STRING && value->kind != EXPR_BYTES) {
        output->fault = EXPR_FAULT_BAD_FORMAT;
        return;
    }
    for (size_t i = 0; i < value->text.len && output->fault == EXPR_FAULT_NONE; i++) {
        unsigned byte = (unsigned char)value->text.at[i];
        const char pair[] = {digits[byte >> 4], digits[byte & 15]};
        add(output, (struct str){pair, sizeof(pair)});
    }
}

static void add_clause(struct output *output, const struct expr_value *value, struct clause clause)
{
    bool is_good = false;
    switch (clause.letter) {
    case 's':
        add_value(output, value, EXPR_DEPTH_MAX);
        return;
    case 'f':
    case 'e':
        add_real(output, value, clause);
        return;
    case 'x':
    case 'X':
        add_hex(output, value, clause.letter == 'X');
        return;
    case 'd':
        if (value->kind == EXPR_DOUBLE) {
            add_simple(output, value);
            return;
        }
        is_good = is_whole(value);
        break;
    case 'o':
        is_good = is_whole(value);
        break;
    case 'b':
        is_good = is_whole(value) || value->kind == EXPR_BOOL;
        break;
    default:
        break;
    }
    if (!is_good) {
        output->fault = EXPR_FAULT_BAD_FORMAT;
        return;
    }
    add_whole(output, value, clause.letter == 'd' ? 10 : clause.letter == 'o' ? 8 : 2, false);
}

/* The clause behind a "%"; the byte behind it, or 0: there is none. */
static size_t read_clause(struct str text, size_t at, struct clause *ret_clause)
{
    enum { PRECISION_DEFAULT = 6, PRECISION_MAX = 100 };
    int precision = PRECISION_DEFAULT;
    if (at < text.len && text.at[at] == '.') {
        size_t from = ++at;
        precision = 0;
        while (at < text.len && text.at[at] >= '0' && text.at[at] <= '9' &&
               precision <= PRECISION_MAX) {
            precision = precision * 10 + (text.at[at++] - '0');
        }
        if (at == from || precision > PRECISION_MAX) {
            return 0;
        }
    }
    if (at >= text.len) {
        return 0;
    }
    *ret_clause = (struct clause){text.at[at], precision};
    return at + 1;
}

struct expr_value format_text(struct machine *machine, enum expr_op op,
                              const struct expr_value *args, size_t count)
{
    struct output output = {.machine = machine};
    size_t used = 0;
    (void)op;
    if (!builtin_takes(args, count, "sL")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    for (size_t at = 0; at < text.len && output.fault == EXPR_FAULT_NONE;) {
        struct clause clause = {0};
        const char *mark = memchr(text.at + at, '%', text.len - at);
        size_t end = mark == NULL ? text.len : (size_t)(mark - text.at);
        add(&output, (struct str){text.at + at, end - at});
        if (mark == NULL) {
            break;
        }
        at = read_clause(text, end + 1, &clause);
        if (at == 0 || (clause.letter != '%' && used == args[1].list.count)) {
            return expr_error(EXPR_FAULT_BAD_FORMAT);
        }
        if (clause.letter == '%') {
            add_text(&output, "%");
        } else {
            struct expr_value value = expr_list_item(&args[1].list, used++);
            add_clause(&output, &value, clause);
        }
    }
    return finish(&output);
}
