/* The tree between parser, checker and evaluation. Private to core/expr. */
#ifndef CORE_EXPR_NODE_H
#define CORE_EXPR_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/expr/expr.h"
#include "core/expr/value.h"

enum expr_op {
    EXPR_OP_UNKNOWN,
#define EXPR_OPERATOR(name) EXPR_OP_##name,
#define EXPR_FUNCTION(name, text, is_member, arguments) EXPR_OP_##name,
#include "core/expr/op.def"
#undef EXPR_OPERATOR
#undef EXPR_FUNCTION
    EXPR_OP_COUNT,
};

enum node_kind {
    NODE_LITERAL,
    NODE_NAME,
    NODE_SELECT, /* nodes[0].name, or has(nodes[0].name) */
    NODE_CALL,   /* an operator or a function; of a member call, nodes[0] is the receiver */
    NODE_LIST,   /* nodes are the items */
    NODE_MAP,    /* nodes are key, value, key, value … */
};

struct node {
    enum node_kind kind;
    enum expr_op op; /* of a call */
    uint32_t line;
    uint32_t column;
    uint32_t depth; /* 1 + the deepest child's */
    bool is_test;   /* of a select: has() */
    bool is_member; /* of a call */
    struct str name;
    size_t index;              /* of a name: the variable; of a select on an object: the field */
    struct expr_type type;     /* set by the checker */
    struct expr_value literal; /* of a literal */
    struct node **nodes;
    size_t node_count;
};

struct expr {
    const struct node *root;
    uint64_t variables; /* bits of those it names */
    bool reads_sealed;
};

_Static_assert(EXPR_VARIABLES_MAX <= 64, "one bit each");

/* Where errors go: the first one is kept. */
struct expr_report {
    struct expr_error *error;
    int code; /* 0: none so far */
};

/* Keeps the error unless there is one already, and answers ERR_INVALID. */
int expr_fail(struct expr_report *report, enum expr_error_kind kind, const struct node *at,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The tree of a text. ERR_INVALID with the error in `report`, ERR_MEMORY. */
SW_NODISCARD int expr_parse(struct str source, struct arena *arena, struct expr_report *report,
                            struct node **ret_root);

/* Resolves names and sets the types of the tree. ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int expr_check(struct node *root, const struct expr_env *env, struct arena *arena,
                            struct expr_report *report, struct expr *expr);

/* The name of an operator or function, as written. */
const char *expr_op_name(enum expr_op op);

/* Operators on values that are there; EXPR_ERROR with a fault when they have none. */
struct expr_value expr_operate_unary(enum expr_op op, struct expr_value a);
struct expr_value expr_operate_order(enum expr_op op, struct expr_value a, struct expr_value b);
struct expr_value expr_operate_number(enum expr_op op, struct expr_value a, struct expr_value b);

/* Equality of CEL: numbers by value across types, NaN unlike itself, values of unlike types unequal. Counts what it
 * compares down from `cost`; when that runs out, the answer is false and `*cost` is 0. */
bool expr_equal(struct expr_value a, struct expr_value b, uint64_t *cost);

#endif
