#include "core/expr/expr.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "core/expr/machine.h"

int expr_fail(struct expr_report *report, enum expr_error_kind kind, const struct node *at,
              const char *format, ...)
{
    if (report->code != 0) {
        return report->code;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(report->error->text, EXPR_ERROR_MAX_BYTES, format, arguments); /* may be cut */
    va_end(arguments);
    report->error->kind = kind;
    report->error->line = at->line;
    report->error->column = at->column;
    report->code = ERR_INVALID;
    return ERR_INVALID;
}

int expr_compile(struct str source, const struct expr_env *env, struct arena *arena,
                 struct expr_error *ret_error, const struct expr **ret_expr)
{
    struct expr_report report = {.error = ret_error};
    const struct node start = {.line = 1, .column = 1};
    struct node *root = NULL;
    if (source.len > EXPR_SOURCE_MAX_BYTES) {
        return expr_fail(&report, EXPR_ERROR_BOUND, &start, "longer than %d bytes",
                         EXPR_SOURCE_MAX_BYTES);
    }
    struct expr *expr = arena_alloc(arena, sizeof(*expr));
    if (expr == NULL) {
        return ERR_MEMORY;
    }
    int error = expr_parse(source, arena, &report, &root);
    error = error != 0 ? error : expr_check(root, env, arena, &report, expr);
    error = error != 0 ? error : expr_emit(root, env, arena, &report, expr);
    if (error == 0) {
        sw_assert(report.code == 0);
        *ret_expr = expr;
    }
    return error;
}

struct expr_type expr_type_of(const struct expr *expr)
{
    return expr->type;
}

bool expr_uses(const struct expr *expr, size_t variable_index)
{
    sw_assert(variable_index < EXPR_VARIABLES_MAX);
    return (expr->variables >> variable_index & 1) != 0;
}

bool expr_reads_sealed(const struct expr *expr)
{
    return expr->reads_sealed;
}
