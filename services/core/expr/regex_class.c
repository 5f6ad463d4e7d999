/* Sets of code points. */
#include "base/assert.h"
#include "core/expr/regex_inside.h"

int regex_class_add(struct regex_class *class, uint32_t from, uint32_t to, struct arena *arena)
{
    struct regex_range *ranges =
        arena_grow_array(arena, class->ranges, class->count, &class->capacity, sizeof(*ranges));
    if (ranges == NULL) {
        return ERR_MEMORY;
    }
    sw_assert(from <= to);
    class->ranges = ranges;
    ranges[class->count++] = (struct regex_range){from, to};
    return 0;
}

struct named {
    const char *name;
    size_t count;
    struct regex_range ranges[21];
};

static const struct named named[] = {
    {"d", 1, {{'0', '9'}}},
    {"w", 4, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {"s", 3, {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
    {"alnum", 3, {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
    {"alpha", 2, {{'A', 'Z'}, {'a', 'z'}}},
    {"ascii", 1, {{0, 0x7F}}},
    {"blank", 2, {{'\t', '\t'}, {' ', ' '}}},
    {"cntrl", 2, {{0, 0x1F}, {0x7F, 0x7F}}},
    {"digit", 1, {{'0', '9'}}},
    {"graph", 1, {{'!', '~'}}},
    {"lower", 1, {{'a', 'z'}}},
    {"print", 1, {{' ', '~'}}},
    {"punct", 4, {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {"space", 2, {{'\t', '\r'}, {' ', ' '}}},
    {"upper", 1, {{'A', 'Z'}}},
    {"word", 4, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {"xdigit", 3, {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
    {"Han", 21, {{0x2E80, 0x2E99},   {0x2E9B, 0x2EF3},   {0x2F00, 0x2FD5},   {0x3005, 0x3005},
                 {0x3007, 0x3007},   {0x3021, 0x3029},   {0x3038, 0x303B},   {0x3400, 0x4DBF},
                 {0x4E00, 0x9FFF},   {0xF900, 0xFA6D},   {0xFA70, 0xFAD9},   {0x16FE2, 0x16FE3},
                 {0x16FF0, 0x16FF1}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B739}, {0x2B740, 0x2B81D},
                 {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2F800, 0x2FA1D}, {0x30000, 0x3134A},
                 {0x31350, 0x323AF}}},
};

int regex_class_add_named(struct regex_class *class, struct str name, bool is_negated,
                          struct arena *arena)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (!str_is(name, named[i].name)) {
            continue;
        }
        uint32_t from = 0; /* of what lies between the ranges */
        int error = 0;
        for (size_t r = 0; r < named[i].count && error == 0; r++) {
            const struct regex_range *range = &named[i].ranges[r];
            if (!is_negated) {
                error = regex_class_add(class, range->from, range->to, arena);
            } else if (from < range->from) {
                error = regex_class_add(class, from, range->from - 1, arena);
            }
            from = range->to + 1;
        }
        return error == 0 && is_negated ? regex_class_add(class, from, REGEX_CODE_MAX, arena)
                                        : error;
    }
    return ERR_NOT_FOUND;
}

/* Adds the part of a range that lies in one row of letters, moved to the other row. */
static int add_moved(struct regex_class *class, struct regex_range range, uint32_t first,
                     struct arena *arena)
{
    uint32_t from = range.from > first ? range.from : first;
    uint32_t to = range.to < first + 25 ? range.to : first + 25;
    return from > to ? 0 : regex_class_add(class, from ^ 0x20, to ^ 0x20, arena);
}

int regex_class_fold(struct regex_class *class, struct arena *arena)
{
    int error = 0;
    for (size_t i = class->count; i-- > 0 && error == 0;) {
        struct regex_range range = class->ranges[i];
        error = add_moved(class, range, 'A', arena);
        error = error != 0 ? error : add_moved(class, range, 'a', arena);
    }
    return error;
}

static void sort(struct regex_class *class)
{
    for (size_t i = 1; i < class->count; i++) {
        struct regex_range range = class->ranges[i];
        size_t at = i;
        while (at > 0 && class->ranges[at - 1].from > range.from) {
            class->ranges[at] = class->ranges[at - 1];
            at--;
        }
        class->ranges[at] = range;
    }
}

static void join(struct regex_class *class)
{
    size_t kept = 0;
    for (size_t i = 0; i < class->count; i++) {
        struct regex_range range = class->ranges[i];
        if (kept > 0 && range.from <= class->ranges[kept - 1].to + 1) {
            struct regex_range *before = &class->ranges[kept - 1];
            before->to = range.to > before->to ? range.to : before->to;
        } else {
            class->ranges[kept++] = range;
        }
    }
    class->count = kept;
}

int regex_class_finish(struct regex_class *class, bool is_negated, struct arena *arena)
{
    sort(class);
    join(class);
    if (!is_negated) {
        return 0;
    }
    struct regex_class rest = {.count = 0};
    uint32_t from = 0;
    int error = 0;
    for (size_t i = 0; i < class->count && error == 0; i++) {
        if (class->ranges[i].from > from) {
            error = regex_class_add(&rest, from, class->ranges[i].from - 1, arena);
        }
        from = class->ranges[i].to + 1;
    }
    if (error == 0 && from <= REGEX_CODE_MAX) {
        error = regex_class_add(&rest, from, REGEX_CODE_MAX, arena);
    }
    *class = rest;
    return error;
}
