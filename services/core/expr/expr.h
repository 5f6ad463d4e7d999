/* Expressions of rules: the Common Expression Language, as far as the table in README.md says.
 *
 * Happy path: expr_compile parses a text, resolves its names and checks its types against what the caller declares;
 * expr_evaluate computes the value. Whatever is wrong with the text is found at compile time, with line and column; what
 * is valid CEL but not built yet is refused there too. Evaluation always ends: it has no loops but over values, a bound on
 * its cost, and a bound on the depth of the tree it walks. Nothing here allocates but in the caller's arena. */
#ifndef CORE_EXPR_EXPR_H
#define CORE_EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/expr/value.h"

enum {
    EXPR_SOURCE_MAX_BYTES = 16 * 1024,
    EXPR_DEPTH_MAX = 200,   /* of the tree */
    EXPR_NODES_MAX = 10000, /* of the tree */
    EXPR_VARIABLES_MAX = 32,
    EXPR_ERROR_MAX_BYTES = 240,
};

/* Names that an expression may use. */
struct expr_variable {
    const char *name;
    struct expr_type type;
};

struct expr_env {
    const struct expr_variable *variables; /* at most EXPR_VARIABLES_MAX */
    size_t count;
};

enum expr_error_kind {
    EXPR_ERROR_SYNTAX,
    EXPR_ERROR_NAME, /* a variable, field or function that does not exist */
    EXPR_ERROR_TYPE,
    EXPR_ERROR_UNSUPPORTED, /* valid, but not supported yet */
    EXPR_ERROR_BOUND,       /* too long, too deep */
};

/* Line and column count from 1, the column in code points. */
struct expr_error {
    enum expr_error_kind kind;
    uint32_t line;
    uint32_t column;
    char text[EXPR_ERROR_MAX_BYTES];
};

struct expr;

/* Compiles `source`, which must outlive the result, as must the environment's names and schemas. The result lies in
 * `arena`. ERR_INVALID: see `ret_error`; ERR_MEMORY: the arena is full. */
SW_NODISCARD int expr_compile(struct str source, const struct expr_env *env, struct arena *arena,
                              struct expr_error *ret_error, const struct expr **ret_expr);

/* The type of its value. */
struct expr_type expr_type_of(const struct expr *expr);

/* Whether it names the variable at `index` of its environment. */
bool expr_uses(const struct expr *expr, size_t variable_index);

/* Whether it reads a sealed field: its value, or whether one is set, must not be shown. */
bool expr_reads_sealed(const struct expr *expr);

/* How to evaluate. One value for each variable of the environment, in its order. */
struct expr_run {
    const struct expr_value *bindings;
    struct arena *arena; /* for what the value needs: texts that are joined, lists that are made */
    uint64_t cost_max;   /* one for each node visited, value compared and 16 bytes handled */
};

/* The value; of kind EXPR_ERROR when there is none. It may borrow from the bindings, the expression and the arena. */
struct expr_value expr_evaluate(const struct expr *expr, const struct expr_run *run);

#endif
