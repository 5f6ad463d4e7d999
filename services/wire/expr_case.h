/* Cases of the public conformance tests of the Common Expression Language, one a line of JSON: {"file", "section", "name",
 * "expr", "value" or "eval_error", maybe "bindings", "type_env", "container", "disable_check"}. For `swctl expr test FILE` and
 * the project's own tests.
 *
 * A case that expects an error passes too when it is refused for what is written in it before it is evaluated. */
#ifndef WIRE_EXPR_CASE_H
#define WIRE_EXPR_CASE_H

#include "base/error.h"
#include "base/str.h"

enum expr_verdict {
    EXPR_CASE_PASSED,
    EXPR_CASE_FAILED,
    EXPR_CASE_OMITTED, /* it needs what core/expr/README.md says is left out */
    EXPR_CASE_VERDICTS,
};

/* One case, as it came out; borrowed for the call. */
struct expr_case {
    struct str file;
    struct str section;
    struct str name;
    struct str source;
    enum expr_verdict verdict;
    const char *reason; /* why it is omitted or failed */
};

typedef void (*expr_case_fn)(const struct expr_case *result, void *ctx);

/* Runs every line of the text and tells each. ERR_INVALID: a line is no such case, `ret_line` says which; ERR_MEMORY. */
SW_NODISCARD int expr_case_run(struct str text, expr_case_fn each, void *ctx, size_t *ret_line);

#endif
