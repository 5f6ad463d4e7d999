/* The tree between parser, checker and compiler. Private to core/expr. */
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
#define EXPR_OPERATOR(name, text) EXPR_OP_##name,
#define EXPR_FUNCTION(name, text, overloads, builtin) EXPR_OP_##name,
#include "core/expr/op.def"
#undef EXPR_OPERATOR
#undef EXPR_FUNCTION
    EXPR_OP_COUNT,
};

enum node_kind {
    NODE_LITERAL,
    NODE_NAME,   /* a variable */
    NODE_LOCAL,  /* a variable of a macro */
    NODE_SELECT, /* nodes[0].name, nodes[0].?name or has(nodes[0].name) */
    NODE_CALL,   /* an operator or a function; of a member call, nodes[0] is the receiver */
    NODE_LIST,   /* nodes are the items */
    NODE_MAP,    /* nodes are key, value, key, value … */
    NODE_FOLD,   /* nodes are the range, then what is computed for each of its items */
    NODE_BIND,   /* nodes are the value of a local, then what is computed with it */
    NODE_FAULT,  /* found wrong by the checker of an unchecked expression */
};

/* What a fold makes of its items. */
enum node_fold {
    FOLD_ALL,    /* nodes: range, condition */
    FOLD_EXISTS, /* the same */
    FOLD_ONE,    /* the same */
    FOLD_FILTER, /* the same */
    FOLD_LIST,   /* range, maybe a condition, item */
    FOLD_MAP,    /* range, maybe a condition, value; the keys stay */
    FOLD_ENTRIES /* range, maybe a condition, a map whose entries are added */
};

enum node_bind {
    BIND_VALUE,   /* cel.bind(name, value, result) */
    BIND_MAP,     /* optional.optMap(name, result) */
    BIND_FLAT_MAP /* optional.optFlatMap(name, optional result) */
};

struct node {
    enum node_kind kind;
    enum expr_op op; /* of a call */
    enum node_fold fold;
    enum node_bind bind;
    uint32_t line;
    uint32_t column;
    uint32_t depth;   /* 1 + the deepest child's */
    bool is_test;     /* of a select: has() */
    bool is_member;   /* of a call */
    bool is_optional; /* of a select or an index: `.?` and `[?` */
    bool
        is_maybe; /* of an item, a key or a value: `?` before it, so that it is there when the optional has a value */
    bool is_rooted; /* of a name: `.` before it */
    bool is_quoted; /* of a select: in backquotes */
    struct str name;
    struct str locals[2];      /* of a fold or bind; the second may be empty */
    size_t index;              /* variable, field, frame of the locals */
    size_t local;              /* of a local: which of its frame */
    struct expr_type type;     /* set by the checker */
    struct expr_value literal; /* of a literal */
    enum expr_fault fault;     /* of a fault */
    struct node **nodes;
    size_t node_count;
};

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

/* A call that is a macro becomes what it stands for, in its place; others stay. ERR_INVALID: a macro that is called
 * wrongly. */
SW_NODISCARD int macro_expand(struct node *call, struct expr_report *report);

/* The name of an operator or function, as written. */
const char *expr_op_name(enum expr_op op);

#endif
