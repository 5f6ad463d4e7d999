/* Expressions of rules: the Common Expression Language; what is left out is in README.md's table.
 *
 * Happy path: expr_compile parses a text, resolves its names, checks its types against what the caller declares and makes a
 * program of it; expr_evaluate runs that. Whatever is wrong with the text is found at compile time, with line and column.
 * Evaluation always ends: it has no loops but over values, and a bound on its cost. Nothing here allocates but in the
 * caller's arena. */
#ifndef CORE_EXPR_EXPR_H
#define CORE_EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/expr/value.h"
#include "core/roster/zone.h"

enum {
    EXPR_SOURCE_MAX_BYTES = 16 * 1024,
    EXPR_DEPTH_MAX = 200,   /* of the tree */
    EXPR_NODES_MAX = 10000, /* of the tree */
    EXPR_VARIABLES_MAX = 32,
    EXPR_ERROR_MAX_BYTES = 240,
};

/* Names that an expression may use; "a.b" is a name too, and goes before the field b of a. */
struct expr_variable {
    const char *name;
    struct expr_type type;
};

/* The time zone of an IANA name, for the zones that an expression names; asked at compile time only. ERR_NOT_FOUND and
 * every other error: there is no such zone. The zone lives as long as the expression. */
typedef int (*expr_zone_fn)(void *ctx, struct str name, struct zone *ret_zone);

struct expr_env {
    const struct expr_variable *variables; /* at most EXPR_VARIABLES_MAX */
    size_t count;
    expr_zone_fn find_zone; /* NULL: only UTC and fixed offsets ("+08:00") */
    void *zone_ctx;
    const char *container; /* "a.b": the name x may mean a.b.x or a.x; NULL: none */
    bool
        is_unchecked; /* what is wrong with names and types fails when it is evaluated, not before */
};

enum expr_error_kind {
    EXPR_ERROR_SYNTAX,
    EXPR_ERROR_NAME, /* a variable, field or function that does not exist */
    EXPR_ERROR_TYPE,
    EXPR_ERROR_UNSUPPORTED, /* valid, but left out */
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
    uint64_t cost_max;   /* one for each step of the program, value compared and 16 bytes handled */
};

/* The value; of kind EXPR_ERROR when there is none. It may borrow from the bindings, the expression and the arena. */
struct expr_value expr_evaluate(const struct expr *expr, const struct expr_run *run);

#endif
