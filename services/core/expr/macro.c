/* Macros: calls that mean more than a function of their arguments. */
#include "base/assert.h"
#include "core/expr/check.h"

enum macro_kind { MACRO_HAS, MACRO_FOLD, MACRO_BIND };

struct macro {
    const char *name;
    enum macro_kind kind;
    bool is_member;
    enum node_fold fold;
    enum node_bind bind;
    size_t locals; /* how many names of its own it takes */
    size_t computed_min;
    size_t computed_max; /* how many expressions behind the names */
    const char *usage;
};

#define FOLD(name, fold, locals, min, max, usage)                                                  \
    {                                                                                              \
        name, MACRO_FOLD, true, fold, BIND_VALUE, locals, min, max, usage                          \
    }

static const struct macro macros[] = {
    {"has", MACRO_HAS, false, FOLD_ALL, BIND_VALUE, 0, 1, 1,
     "has() takes one field, as in has(event.gate)"},
    FOLD("all", FOLD_ALL, 1, 1, 1, "all is called as list.all(x, condition)"),
    FOLD("all", FOLD_ALL, 2, 1, 1, "all is called as map.all(key, value, condition)"),
    FOLD("exists", FOLD_EXISTS, 1, 1, 1, "exists is called as list.exists(x, condition)"),
    FOLD("exists", FOLD_EXISTS, 2, 1, 1, "exists is called as map.exists(key, value, condition)"),
    FOLD("exists_one", FOLD_ONE, 1, 1, 1, "exists_one is called as list.exists_one(x, condition)"),
    FOLD("exists_one", FOLD_ONE, 2, 1, 1,
         "exists_one is called as map.exists_one(key, value, condition)"),
    FOLD("existsOne", FOLD_ONE, 1, 1, 1, "existsOne is called as list.existsOne(x, condition)"),
    FOLD("existsOne", FOLD_ONE, 2, 1, 1,
         "existsOne is called as map.existsOne(key, value, condition)"),
    FOLD("filter", FOLD_FILTER, 1, 1, 1, "filter is called as list.filter(x, condition)"),
    FOLD("map", FOLD_LIST, 1, 1, 2, "map is called as list.map(x, item)"),
    FOLD("transformList", FOLD_LIST, 2, 1, 2,
         "transformList is called as map.transformList(key, value, item)"),
    FOLD("transformMap", FOLD_MAP, 2, 1, 2,
         "transformMap is called as map.transformMap(key, value, other)"),
    FOLD("transformMapEntry", FOLD_ENTRIES, 2, 1, 2,
         "transformMapEntry is called as map.transformMapEntry(key, value, {other: other})"),
    {"bind", MACRO_BIND, true, FOLD_ALL, BIND_VALUE, 1, 2, 2,
     "bind is called as cel.bind(name, value, result)"},
    {"optMap", MACRO_BIND, true, FOLD_ALL, BIND_MAP, 1, 1, 1,
     "optMap is called as optional.optMap(name, result)"},
    {"optFlatMap", MACRO_BIND, true, FOLD_ALL, BIND_FLAT_MAP, 1, 1, 1,
     "optFlatMap is called as optional.optFlatMap(name, result)"},
};

static bool fits(const struct macro *macro, const struct node *call)
{
    size_t count = call->node_count - (macro->is_member ? 1 : 0);
    if (count < macro->locals + macro->computed_min ||
        count > macro->locals + macro->computed_max) {
        return false;
    }
    for (size_t i = 0; i < macro->locals; i++) {
        const struct node *name = call->nodes[1 + i];
        if (name->kind != NODE_NAME || name->is_rooted) {
            return false;
        }
    }
    if (macro->locals == 2 && str_equal(call->nodes[1]->name, call->nodes[2]->name)) {
        return false;
    }
    return macro->kind != MACRO_HAS ||
           (call->nodes[0]->kind == NODE_SELECT && !call->nodes[0]->is_test);
}

/* The receiver and the names go where they belong; what is computed stays behind the receiver. */
static void take_locals(const struct macro *macro, struct node *call)
{
    for (size_t i = 0; i < macro->locals; i++) {
        call->locals[i] = call->nodes[1 + i]->name;
    }
    for (size_t i = 1 + macro->locals; i < call->node_count; i++) {
        call->nodes[i - macro->locals] = call->nodes[i];
    }
    call->node_count -= macro->locals;
}

static void expand(const struct macro *macro, struct node *call)
{
    if (macro->kind == MACRO_HAS) {
        struct node *select = call->nodes[0];
        *call = *select;
        call->is_test = true;
        return;
    }
    take_locals(macro, call);
    call->kind = macro->kind == MACRO_FOLD ? NODE_FOLD : NODE_BIND;
    call->fold = macro->fold;
    call->bind = macro->bind;
    if (macro->kind == MACRO_BIND && macro->bind == BIND_VALUE) {
        call->nodes++; /* `cel` is no value */
        call->node_count--;
    }
    sw_assert(call->node_count == 2 || call->node_count == 3);
}

/* Whether the call means this macro, if its arguments fit. */
static bool is_named(const struct macro *macro, const struct node *call)
{
    if (macro->is_member != call->is_member || !str_is(call->name, macro->name)) {
        return false;
    }
    bool is_of_cel = macro->kind == MACRO_BIND && macro->bind == BIND_VALUE;
    return !is_of_cel || (call->nodes[0]->kind == NODE_NAME && str_is(call->nodes[0]->name, "cel"));
}

int macro_expand(struct node *call, struct expr_report *report)
{
    const struct macro *meant = NULL;
    for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
        const struct macro *macro = &macros[i];
        if (!is_named(macro, call)) {
            continue;
        }
        if (fits(macro, call)) {
            expand(macro, call);
            return 0;
        }
        meant = meant == NULL ? macro : meant;
    }
    return meant == NULL ? 0 : expr_fail(report, EXPR_ERROR_SYNTAX, call, "%s", meant->usage);
}

void macro_offer(struct near *near)
{
    for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
        near_offer(near, str_of(macros[i].name));
    }
}
