/* Texts and their parts: replace, split, join. */
#include <string.h>

#include "base/assert.h"
#include "core/expr/builtin.h"
#include "core/expr/utf8.h"

/* Goes over the places of `part` in `text`. An empty part is before each code point and at the end. */
struct finder {
    struct str text;
    struct str part;
    size_t at;     /* where to look next */
    bool at_start; /* an empty part is here too */
};

/* Finds the next place; false: there is none. */
static bool find_next(struct finder *finder, size_t *ret_from)
{
    uint32_t code = 0;
    if (finder->part.len == 0) {
        if (!finder->at_start && finder->at == finder->text.len) {
            return false;
        }
        *ret_from = finder->at_start ? finder->at : utf8_next(finder->text, finder->at, &code);
        finder->at = *ret_from;
        finder->at_start = false;
        return true;
    }
    if (finder->text.len - finder->at < finder->part.len) {
        return false;
    }
    const char *found = memmem(finder->text.at + finder->at, finder->text.len - finder->at,
                               finder->part.at, finder->part.len);
    if (found == NULL) {
        return false;
    }
    *ret_from = (size_t)(found - finder->text.at);
    finder->at = *ret_from + finder->part.len;
    return true;
}

static size_t copy(char *out, struct str text)
{
    if (text.len > 0) {
        memcpy(out, text.at, text.len);
    }
    return text.len;
}

/* --- Replace --------------------------------------------------------------------------------------------------------- */

/* How many places there are, at most `limit`. */
static size_t count_places(struct finder finder, uint64_t limit)
{
    size_t count = 0;
    size_t from = 0;
    while (count < limit && find_next(&finder, &from)) {
        count++;
    }
    return count;
}

struct expr_value text_replace(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "sss") && !builtin_takes(args, count, "sssi")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    struct str other = args[2].text;
    uint64_t limit = count == 4 && args[3].integer >= 0 ? (uint64_t)args[3].integer : UINT64_MAX;
    struct finder finder = {text, args[1].text, 0, true};
    if (!machine_spend_bytes(machine, text.len)) {
        return expr_no_overload();
    }
    size_t places = count_places(finder, limit);
    size_t added = 0;
    if (__builtin_mul_overflow(places, other.len, &added)) {
        return expr_error(EXPR_FAULT_OVERFLOW);
    }
    char *out = machine_alloc(machine, text.len + added, 1);
    size_t used = 0;
    size_t done = 0;
    size_t from = 0;
    if (out == NULL) {
        return expr_no_overload();
    }
    for (size_t i = 0; i < places && find_next(&finder, &from); i++) {
        used += copy(out + used, (struct str){text.at + done, from - done});
        used += copy(out + used, other);
        done = from + args[1].text.len;
    }
    used += copy(out + used, (struct str){text.at + done, text.len - done});
    return expr_string((struct str){out, used});
}

/* --- Split, join ----------------------------------------------------------------------------------------------------- */

struct expr_value text_split(struct machine *machine, enum expr_op op,
                             const struct expr_value *args, size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "ss") && !builtin_takes(args, count, "ssi")) {
        return expr_no_overload();
    }
    struct str text = args[0].text;
    uint64_t limit = count == 3 && args[2].integer >= 0 ? (uint64_t)args[2].integer : UINT64_MAX;
    struct finder finder = {text, args[1].text, 0, false};
    if (limit == 0 || (text.len == 0 && finder.part.len == 0)) {
        return (struct expr_value){.kind = EXPR_LIST, .list = {NULL, 0, NULL}};
    }
    if (!machine_spend_bytes(machine, text.len)) {
        return expr_no_overload();
    }
    size_t most = count_places(finder, limit - 1) + 1;
    struct expr_value *items = machine_alloc(machine, most, sizeof(*items));
    size_t used = 0;
    size_t done = 0;
    size_t from = 0;
    if (items == NULL) {
        return expr_no_overload();
    }
    while (used + 1 < most && find_next(&finder, &from)) {
        items[used++] = expr_string((struct str){text.at + done, from - done});
        done = from + finder.part.len;
    }
    bool is_over = finder.part.len == 0 && done == text.len; /* behind the last code point */
    if (!is_over) {
        items[used++] = expr_string((struct str){text.at + done, text.len - done});
    }
    return (struct expr_value){.kind = EXPR_LIST, .list = {items, used, NULL}};
}

struct expr_value text_join(struct machine *machine, enum expr_op op, const struct expr_value *args,
                            size_t count)
{
    (void)op;
    if (!builtin_takes(args, count, "L") && !builtin_takes(args, count, "Ls")) {
        return expr_no_overload();
    }
    struct str between = count == 2 ? args[1].text : (struct str){NULL, 0};
    const struct expr_list *list = &args[0].list;
    size_t len = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct expr_value item = expr_list_item(list, i);
        if (item.kind != EXPR_STRING) {
            return expr_no_overload();
        }
        len += item.text.len + (i > 0 ? between.len : 0);
    }
    char *out = machine_spend(machine, list->count) ? machine_alloc(machine, len, 1) : NULL;
    size_t used = 0;
    for (size_t i = 0; out != NULL && i < list->count; i++) {
        used += i > 0 ? copy(out + used, between) : 0;
        used += copy(out + used, expr_list_item(list, i).text);
    }
    return expr_string((struct str){out, used});
}
