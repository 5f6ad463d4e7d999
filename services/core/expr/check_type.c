/* Types: what fits what. */
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "core/expr/check.h"

const struct expr_type check_dyn = {.kind = EXPR_DYN};

struct expr_type check_simple(enum expr_kind kind)
{
    return (struct expr_type){.kind = kind};
}

const struct expr_type *check_element(const struct expr_type *type)
{
    return type->element == NULL ? &check_dyn : type->element;
}

const struct expr_type *check_key(const struct expr_type *type)
{
    return type->key == NULL ? &check_dyn : type->key;
}

static bool has_element(const struct expr_type *type)
{
    return type->kind == EXPR_LIST || type->kind == EXPR_MAP || type->kind == EXPR_OPTIONAL;
}

bool check_agree(const struct expr_type *a, const struct expr_type *b)
{
    if (a->kind == EXPR_DYN || b->kind == EXPR_DYN) {
        return true;
    }
    if (a->kind != b->kind) {
        return (a->kind == EXPR_NULL && b->kind == EXPR_OBJECT) ||
               (a->kind == EXPR_OBJECT && b->kind == EXPR_NULL);
    }
    if (a->kind == EXPR_OBJECT) {
        return a->schema == b->schema;
    }
    if (has_element(a) && !check_agree(check_element(a), check_element(b))) {
        return false;
    }
    return a->kind != EXPR_MAP || check_agree(check_key(a), check_key(b));
}

bool check_same(const struct expr_type *a, const struct expr_type *b)
{
    if (a->kind != b->kind || a->schema != b->schema) {
        return false;
    }
    return !has_element(a) || (check_same(check_element(a), check_element(b)) &&
                               check_same(check_key(a), check_key(b)));
}

bool check_is(const struct expr_type *type, enum expr_kind kind)
{
    return type->kind == kind || type->kind == EXPR_DYN;
}

int check_keep(struct checker *checker, const struct expr_type *type,
               const struct expr_type **ret_type)
{
    enum { NESTING_MAX = 16 }; /* what is deeper is dyn: comparing types stays cheap */
    size_t nesting = 0;
    for (const struct expr_type *in = type; in != NULL; in = in->element) {
        nesting++;
    }
    struct expr_type *kept = arena_alloc(checker->arena, sizeof(*kept));
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *kept = nesting > NESTING_MAX ? check_dyn : *type;
    *ret_type = kept;
    return 0;
}

int check_make(struct checker *checker, enum expr_kind kind, const struct expr_type *element,
               struct expr_type *ret_type)
{
    *ret_type = check_simple(kind);
    return check_keep(checker, element, &ret_type->element);
}

int check_fail_type(struct checker *checker, struct node *node, const char *format, ...)
{
    char text[EXPR_ERROR_MAX_BYTES];
    if (checker->env->is_unchecked) {
        node->type = check_dyn;
        return 0;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* may be cut */
    va_end(arguments);
    return expr_fail(checker->report, EXPR_ERROR_TYPE, node, "%s", text);
}

int check_fail_name(struct checker *checker, struct node *node, const char *what,
                    const struct near *near)
{
    if (checker->env->is_unchecked) {
        node->kind = NODE_FAULT;
        node->fault = EXPR_FAULT_NO_SUCH_NAME;
        node->type = check_dyn;
        return 0;
    }
    if (near->best.len > 0) {
        return expr_fail(checker->report, EXPR_ERROR_NAME, node,
                         "unknown %s \"%.*s\": did you mean \"%.*s\"?", what, (int)node->name.len,
                         node->name.at, (int)near->best.len, near->best.at);
    }
    return expr_fail(checker->report, EXPR_ERROR_NAME, node, "unknown %s \"%.*s\"", what,
                     (int)node->name.len, node->name.at);
}
