/* What the parser of patterns and the matcher share. Private to core/expr/regex*.c. */
#ifndef CORE_EXPR_REGEX_INSIDE_H
#define CORE_EXPR_REGEX_INSIDE_H

#include "core/expr/regex.h"

enum { REGEX_CODE_MAX = 0x10FFFF };

struct regex_range {
    uint32_t from;
    uint32_t to;
};

/* Code points, as ranges; while it is read in any order, finished ascending and apart. */
struct regex_class {
    struct regex_range *ranges;
    size_t count;
    size_t capacity;
};

/* Conditions on the place between two code points; bits. */
enum regex_place {
    REGEX_TEXT_START = 1,
    REGEX_TEXT_END = 2,
    REGEX_LINE_START = 4,
    REGEX_LINE_END = 8,
    REGEX_WORD_EDGE = 16,
    REGEX_NO_WORD_EDGE = 32,
};

enum regex_kind {
    REGEX_ONE,    /* a code point of the class */
    REGEX_PLACE,  /* nothing, at such a place */
    REGEX_ROW,    /* the children, one behind the other */
    REGEX_CHOICE, /* one of the children */
    REGEX_REPEAT, /* the child, min to max times */
};

/* The tree of a pattern. */
struct regex_node {
    enum regex_kind kind;
    struct regex_class class;
    uint32_t place;
    uint32_t min;
    uint32_t max; /* UINT32_MAX: without end */
    struct regex_node *first;
    struct regex_node *last;
    struct regex_node *next; /* beside it */
};

struct regex_error {
    const char *fault; /* NULL: none */
    size_t at;
};

/* ERR_INVALID: `ret_error` says why; ERR_MEMORY. */
SW_NODISCARD int regex_parse(struct str pattern, struct arena *arena, struct regex_error *ret_error,
                             struct regex_node **ret_root);

/* Adds a range. ERR_MEMORY. */
SW_NODISCARD int regex_class_add(struct regex_class *class, uint32_t from, uint32_t to,
                                 struct arena *arena);

/* Adds what a name stands for: "d" "w" "s" (Perl), "alpha" … (POSIX), "Han" (Unicode), or all else. ERR_NOT_FOUND: no
 * such name; ERR_MEMORY. */
SW_NODISCARD int regex_class_add_named(struct regex_class *class, struct str name, bool is_negated,
                                       struct arena *arena);

/* Adds the other case of ASCII letters. ERR_MEMORY. */
SW_NODISCARD int regex_class_fold(struct regex_class *class, struct arena *arena);

/* Sorts and joins; where negated, all other code points. ERR_MEMORY. */
SW_NODISCARD int regex_class_finish(struct regex_class *class, bool is_negated,
                                    struct arena *arena);

#endif
