/* Programs, and what runs them. Private to core/expr.
 *
 * A program is a row of steps over a stack of values; an error is a value like any other, so that && and || can absorb it.
 * What ends the evaluation at once (its cost or memory is spent) is told by a cost of 0. */
#ifndef CORE_EXPR_MACHINE_H
#define CORE_EXPR_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expr/node.h"
#include "core/expr/regex.h"

enum step_kind {
    STEP_CONSTANT,  /* arg: of the constants */
    STEP_VARIABLE,  /* arg: of the bindings */
    STEP_LOCAL,     /* small: first or second */
    STEP_FAULT,     /* arg: an expr_fault */
    STEP_FIELD,     /* small: the index; arg: the constant with the name */
    STEP_HAS,       /* the same */
    STEP_FIELD_OPT, /* the same */
    STEP_INDEX,
    STEP_INDEX_OPT,
    STEP_UNARY,      /* small: the operator */
    STEP_EQUAL,      /* small: what equal values give */
    STEP_ORDER,      /* small: the operator */
    STEP_ARITHMETIC, /* small: the operator */
    STEP_IN,
    STEP_JUMP,      /* arg: where to */
    STEP_DECIDED,   /* small: what decides; arg: where to go then */
    STEP_LOGIC,     /* small: what decides */
    STEP_OTHERWISE, /* arg: where to go when an optional has a value; small: with that value */
    STEP_CONDITION, /* arg: the other branch; the step before that leads to the end */
    STEP_LIST,      /* arg: how many items */
    STEP_MAP,       /* arg: how many keys and values */
    STEP_MAYBE,
    STEP_CALL,  /* small: the function; arg: how many arguments */
    STEP_MATCH, /* arg: of the patterns */
    STEP_ZONED, /* small: the function; arg: of the zones */
    STEP_FOLD,  /* small: an enum node_fold; arg: the end */
    STEP_NEXT,  /* small: whether it has two locals */
    STEP_TEST,
    STEP_KEEP,
    STEP_BIND,
    STEP_UNWRAP, /* arg: where to go when there is no value */
    STEP_WRAP,
    STEP_COUNT,
};

struct step {
    uint8_t kind;
    uint8_t frame; /* of the locals */
    uint16_t small;
    uint32_t arg;
};

_Static_assert(EXPR_DEPTH_MAX <= UINT8_MAX, "frames are nested as the tree is");

struct expr {
    const struct step *steps;
    size_t step_count;
    const struct expr_value *constants;
    const struct regex *const *patterns;
    const struct zone *zones;
    size_t stack_max;
    size_t frame_max;
    struct expr_type type;
    uint64_t variables; /* bits of those it names */
    bool reads_sealed;
};

_Static_assert(EXPR_VARIABLES_MAX <= 64, "one bit each");

struct frame;

struct machine {
    const struct expr *expr;
    const struct expr_value *bindings;
    struct arena *arena;
    uint64_t cost;         /* left, and one more; 0: the evaluation ends with `fault` */
    enum expr_fault fault; /* COST until memory runs out */
    const struct step *next;
    struct expr_value *top; /* behind the last one */
    struct frame *frames;
};

/* Resolves names and sets the types of the tree, and notes in `expr` what it reads. ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int expr_check(struct node *root, const struct expr_env *env, struct arena *arena,
                            struct expr_report *report, struct expr *expr);

/* Makes the program of a checked tree. ERR_INVALID: a pattern or zone that is none; ERR_MEMORY. */
SW_NODISCARD int expr_emit(const struct node *root, const struct expr_env *env, struct arena *arena,
                           struct expr_report *report, struct expr *expr);

/* Takes from the cost; false: it is spent. */
bool machine_spend(struct machine *machine, uint64_t amount);

/* The same for so many bytes that are looked at or copied. */
bool machine_spend_bytes(struct machine *machine, size_t bytes);

/* Room in the arena, paid for; NULL: the evaluation ends. */
void *machine_alloc(struct machine *machine, size_t count, size_t element_bytes);

/* The value of a key, or NO_SUCH_KEY. */
struct expr_value machine_find_key(struct machine *machine, const struct expr_map *map,
                                   const struct expr_value *key);

/* NO_OVERLOAD, as a value. */
struct expr_value expr_no_overload(void);

/* Operators on values that are there; EXPR_ERROR with a fault when they have none. */
struct expr_value expr_operate_unary(enum expr_op op, const struct expr_value *a);
struct expr_value expr_operate_order(enum expr_op op, const struct expr_value *a,
                                     const struct expr_value *b);
struct expr_value expr_operate_number(enum expr_op op, const struct expr_value *a,
                                      const struct expr_value *b);

/* Equality of CEL: numbers by value across types, NaN unlike itself, values of unlike types unequal. Counts what it
 * compares down from `cost`; when that runs out, or the values are nested too deeply, the answer is false and `*cost` 0. */
bool expr_equal(const struct expr_value *a, const struct expr_value *b, uint64_t *cost);

#endif
