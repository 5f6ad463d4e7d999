/* Names resolved, types checked: what a typo would do at run time is an error here. */
#include <stdio.h>

#include "base/assert.h"
#include "core/expr/near.h"
#include "core/expr/node.h"

enum { TYPE_TEXT_BYTES = 64 };

struct checker {
    const struct expr_env *env;
    struct arena *arena;
    struct expr_report *report;
    struct expr *expr;
};

static const struct expr_type dyn_type = {.kind = EXPR_DYN};

static int check(struct checker *checker, struct node *node);

/* --- Types ----------------------------------------------------------------------------------------------------------- */

static struct expr_type simple(enum expr_kind kind)
{
    return (struct expr_type){.kind = kind};
}

static const struct expr_type *element_of(const struct expr_type *type)
{
    return type->element == NULL ? &dyn_type : type->element;
}

static const struct expr_type *key_of(const struct expr_type *type)
{
    return type->key == NULL ? &dyn_type : type->key;
}

/* Whether values of both may be of one type. */
static bool agree(const struct expr_type *a, const struct expr_type *b)
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
    bool has_element = a->kind == EXPR_LIST || a->kind == EXPR_MAP;
    if (has_element && !agree(element_of(a), element_of(b))) {
        return false;
    }
    return a->kind != EXPR_MAP || agree(key_of(a), key_of(b));
}

static bool is_same(const struct expr_type *a, const struct expr_type *b)
{
    if (a->kind != b->kind || a->schema != b->schema) {
        return false;
    }
    bool has_element = a->kind == EXPR_LIST || a->kind == EXPR_MAP;
    return !has_element || (is_same(element_of(a), element_of(b)) && is_same(key_of(a), key_of(b)));
}

static bool is_kind(const struct expr_type *type, enum expr_kind kind)
{
    return type->kind == kind || type->kind == EXPR_DYN;
}

static bool is_number(enum expr_kind kind)
{
    return kind == EXPR_INT || kind == EXPR_UINT || kind == EXPR_DOUBLE;
}

static int keep_type(struct checker *checker, const struct expr_type *type,
                     const struct expr_type **ret_type)
{
    struct expr_type *kept = arena_alloc(checker->arena, sizeof(*kept));
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *kept = *type;
    *ret_type = kept;
    return 0;
}

/* --- Names ----------------------------------------------------------------------------------------------------------- */

static int fail_unknown(struct checker *checker, const struct node *node, const char *what,
                        const struct near *near)
{
    if (near->best.len > 0) {
        return expr_fail(checker->report, EXPR_ERROR_NAME, node,
                         "unknown %s \"%.*s\": did you mean \"%.*s\"?", what, (int)node->name.len,
                         node->name.at, (int)near->best.len, near->best.at);
    }
    return expr_fail(checker->report, EXPR_ERROR_NAME, node, "unknown %s \"%.*s\"", what,
                     (int)node->name.len, node->name.at);
}

static bool is_type_word(struct str name)
{
    static const char *const words[] = {
        "bool",      "int",  "uint",   "double", "string", "bytes",    "list",    "map",
        "null_type", "type", "google", "dyn",    "math",   "optional", "strings", "cel"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_is(name, words[i])) {
            return true;
        }
    }
    return false;
}

static int check_name(struct checker *checker, struct node *node)
{
    struct near near = near_start(node->name);
    for (size_t i = 0; i < checker->env->count; i++) {
        const struct expr_variable *variable = &checker->env->variables[i];
        if (str_is(node->name, variable->name)) {
            node->index = i;
            node->type = variable->type;
            checker->expr->variables |= UINT64_C(1) << i;
            return 0;
        }
        near_offer(&near, str_of(variable->name));
    }
    if (is_type_word(node->name)) {
        return expr_fail(checker->report, EXPR_ERROR_UNSUPPORTED, node,
                         "not supported yet: types as values (\"%.*s\")", (int)node->name.len,
                         node->name.at);
    }
    return fail_unknown(checker, node, "name", &near);
}

static int check_field(struct checker *checker, struct node *node, const struct expr_schema *schema)
{
    struct near near = near_start(node->name);
    char what[TYPE_TEXT_BYTES + 16];
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct expr_field *field = &schema->fields[i];
        if (str_is(node->name, field->name)) {
            node->index = i;
            node->type = field->type;
            checker->expr->reads_sealed = checker->expr->reads_sealed || field->is_sealed;
            return 0;
        }
        near_offer(&near, str_of(field->name));
    }
    (void)snprintf(what, sizeof(what), "field of %s", schema->name);
    return fail_unknown(checker, node, what, &near);
}

static int check_select(struct checker *checker, struct node *node)
{
    int error = check(checker, node->nodes[0]);
    if (error != 0) {
        return error;
    }
    const struct expr_type *operand = &node->nodes[0]->type;
    if (operand->kind == EXPR_OBJECT) {
        error = check_field(checker, node, operand->schema);
    } else if (operand->kind == EXPR_MAP && is_kind(key_of(operand), EXPR_STRING)) {
        node->type = *element_of(operand);
    } else if (operand->kind == EXPR_DYN) {
        node->type = dyn_type;
    } else {
        char text[TYPE_TEXT_BYTES];
        expr_type_format(operand, text, sizeof(text));
        error = expr_fail(checker->report, EXPR_ERROR_TYPE, node,
                          "a value of type %s has no field \"%.*s\"", text, (int)node->name.len,
                          node->name.at);
    }
    if (error == 0 && node->is_test) {
        node->type = simple(EXPR_BOOL);
    }
    return error;
}

/* --- Collections ----------------------------------------------------------------------------------------------------- */

/* The common type of every `stride`-th child from `from` on; dyn when they differ or are none. */
static struct expr_type common_type(const struct node *node, size_t from, size_t stride)
{
    if (node->node_count == 0) {
        return dyn_type;
    }
    struct expr_type common = node->nodes[from]->type;
    for (size_t i = from; i < node->node_count; i += stride) {
        if (!is_same(&common, &node->nodes[i]->type)) {
            return dyn_type;
        }
    }
    return common;
}

static int check_children(struct checker *checker, struct node *node)
{
    for (size_t i = 0; i < node->node_count; i++) {
        int error = check(checker, node->nodes[i]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int check_list(struct checker *checker, struct node *node)
{
    int error = check_children(checker, node);
    if (error != 0) {
        return error;
    }
    struct expr_type element = common_type(node, 0, 1);
    node->type = simple(EXPR_LIST);
    return keep_type(checker, &element, &node->type.element);
}

static int check_map(struct checker *checker, struct node *node)
{
    int error = check_children(checker, node);
    if (error != 0) {
        return error;
    }
    struct expr_type key = common_type(node, 0, 2);
    struct expr_type element = common_type(node, 1, 2);
    bool is_key = is_kind(&key, EXPR_BOOL) || is_kind(&key, EXPR_INT) || is_kind(&key, EXPR_UINT) ||
                  is_kind(&key, EXPR_STRING);
    if (!is_key) {
        return expr_fail(checker->report, EXPR_ERROR_TYPE, node->nodes[0],
                         "a key of a map is a bool, int, uint or string");
    }
    node->type = simple(EXPR_MAP);
    error = keep_type(checker, &key, &node->type.key);
    return error != 0 ? error : keep_type(checker, &element, &node->type.element);
}

/* --- Calls ----------------------------------------------------------------------------------------------------------- */

static int fail_types(struct checker *checker, const struct node *node)
{
    char a[TYPE_TEXT_BYTES] = "";
    char b[TYPE_TEXT_BYTES] = "";
    expr_type_format(&node->nodes[0]->type, a, sizeof(a));
    if (node->node_count > 1) {
        expr_type_format(&node->nodes[1]->type, b, sizeof(b));
    }
    return expr_fail(checker->report, EXPR_ERROR_TYPE, node, "%s does not take %s%s%s",
                     expr_op_name(node->op), a, node->node_count > 1 ? " and " : "", b);
}

/* The type of both when they agree: the known one where the other is dyn. */
static struct expr_type known_of(const struct node *node)
{
    const struct expr_type *a = &node->nodes[0]->type;
    const struct expr_type *b = &node->nodes[1]->type;
    return a->kind == EXPR_DYN ? *b : *a;
}

/* Each rule answers whether the operands fit, and sets the call's type. */
typedef bool (*rule_fn)(struct node *node);

static bool rule_not(struct node *node)
{
    node->type = simple(EXPR_BOOL);
    return is_kind(&node->nodes[0]->type, EXPR_BOOL);
}

static bool rule_negate(struct node *node)
{
    node->type = node->nodes[0]->type;
    return is_kind(&node->type, EXPR_INT) || node->type.kind == EXPR_DOUBLE;
}

static bool rule_logic(struct node *node)
{
    node->type = simple(EXPR_BOOL);
    return is_kind(&node->nodes[0]->type, EXPR_BOOL) && is_kind(&node->nodes[1]->type, EXPR_BOOL);
}

static bool rule_condition(struct node *node)
{
    const struct expr_type *a = &node->nodes[1]->type;
    const struct expr_type *b = &node->nodes[2]->type;
    node->type = is_same(a, b) ? *a : dyn_type;
    return is_kind(&node->nodes[0]->type, EXPR_BOOL) && agree(a, b);
}

static bool rule_equal(struct node *node)
{
    node->type = simple(EXPR_BOOL);
    return agree(&node->nodes[0]->type, &node->nodes[1]->type);
}

static bool rule_order(struct node *node)
{
    const struct expr_type *a = &node->nodes[0]->type;
    const struct expr_type *b = &node->nodes[1]->type;
    enum expr_kind known = known_of(node).kind;
    node->type = simple(EXPR_BOOL);
    if (is_number(a->kind) && is_number(b->kind)) {
        return true;
    }
    bool has_order = is_number(known) || known == EXPR_BOOL || known == EXPR_STRING ||
                     known == EXPR_BYTES || known == EXPR_DYN;
    return has_order && agree(a, b);
}

static bool rule_in(struct node *node)
{
    const struct expr_type *item = &node->nodes[0]->type;
    const struct expr_type *in = &node->nodes[1]->type;
    node->type = simple(EXPR_BOOL);
    return in->kind == EXPR_DYN || (in->kind == EXPR_LIST && agree(item, element_of(in))) ||
           (in->kind == EXPR_MAP && agree(item, key_of(in)));
}

static bool rule_add(struct node *node)
{
    bool is_good = agree(&node->nodes[0]->type, &node->nodes[1]->type);
    node->type = known_of(node);
    enum expr_kind kind = node->type.kind;
    if (kind == EXPR_LIST && !is_same(&node->nodes[0]->type, &node->nodes[1]->type)) {
        node->type.element = NULL;
    }
    return is_good && (is_number(kind) || kind == EXPR_STRING || kind == EXPR_BYTES ||
                       kind == EXPR_LIST || kind == EXPR_DYN);
}

static bool rule_arithmetic(struct node *node)
{
    bool is_good = agree(&node->nodes[0]->type, &node->nodes[1]->type);
    node->type = known_of(node);
    enum expr_kind kind = node->type.kind;
    bool is_taken =
        node->op == EXPR_OP_MODULO ? kind == EXPR_INT || kind == EXPR_UINT : is_number(kind);
    return is_good && (is_taken || kind == EXPR_DYN);
}

static bool rule_index(struct node *node)
{
    const struct expr_type *in = &node->nodes[0]->type;
    const struct expr_type *key = &node->nodes[1]->type;
    node->type = *element_of(in);
    if (in->kind == EXPR_DYN) {
        return true;
    }
    return in->kind == EXPR_LIST ? is_kind(key, EXPR_INT)
                                 : in->kind == EXPR_MAP && agree(key, key_of(in));
}

static bool rule_size(struct node *node)
{
    enum expr_kind kind = node->nodes[0]->type.kind;
    node->type = simple(EXPR_INT);
    return kind == EXPR_STRING || kind == EXPR_BYTES || kind == EXPR_LIST || kind == EXPR_MAP ||
           kind == EXPR_DYN;
}

static bool rule_dyn(struct node *node)
{
    node->type = dyn_type;
    return true;
}

static bool rule_text(struct node *node)
{
    node->type = simple(EXPR_BOOL);
    return is_kind(&node->nodes[0]->type, EXPR_STRING) &&
           is_kind(&node->nodes[1]->type, EXPR_STRING);
}

static const rule_fn rules[EXPR_OP_COUNT] = {
    [EXPR_OP_NOT] = rule_not,
    [EXPR_OP_NEGATE] = rule_negate,
    [EXPR_OP_AND] = rule_logic,
    [EXPR_OP_OR] = rule_logic,
    [EXPR_OP_CONDITION] = rule_condition,
    [EXPR_OP_EQUAL] = rule_equal,
    [EXPR_OP_NOT_EQUAL] = rule_equal,
    [EXPR_OP_LESS] = rule_order,
    [EXPR_OP_LESS_EQUAL] = rule_order,
    [EXPR_OP_GREATER] = rule_order,
    [EXPR_OP_GREATER_EQUAL] = rule_order,
    [EXPR_OP_IN] = rule_in,
    [EXPR_OP_ADD] = rule_add,
    [EXPR_OP_SUBTRACT] = rule_arithmetic,
    [EXPR_OP_MULTIPLY] = rule_arithmetic,
    [EXPR_OP_DIVIDE] = rule_arithmetic,
    [EXPR_OP_MODULO] = rule_arithmetic,
    [EXPR_OP_INDEX] = rule_index,
    [EXPR_OP_SIZE] = rule_size,
    [EXPR_OP_DYN] = rule_dyn,
    [EXPR_OP_STARTS_WITH] = rule_text,
    [EXPR_OP_ENDS_WITH] = rule_text,
    [EXPR_OP_CONTAINS] = rule_text,
};

struct function {
    enum expr_op op;
    const char *name;
    bool is_member;
    size_t argument_count; /* beside the receiver */
};

static const struct function functions[] = {
#define EXPR_OPERATOR(name)
#define EXPR_FUNCTION(name, text, is_member, arguments)                                            \
    {EXPR_OP_##name, text, is_member, arguments},
#include "core/expr/op.def"
#undef EXPR_OPERATOR
#undef EXPR_FUNCTION
};

static const char *const later[] = {
#define EXPR_LATER(name) name,
#include "core/expr/later.def"
#undef EXPR_LATER
};

static const struct function *find_function(struct str name)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (str_is(name, functions[i].name)) {
            return &functions[i];
        }
    }
    return NULL;
}

static bool is_later(struct str name)
{
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        if (str_is(name, later[i])) {
            return true;
        }
    }
    return false;
}

static int fail_function(struct checker *checker, const struct node *node)
{
    if (is_later(node->name)) {
        return expr_fail(checker->report, EXPR_ERROR_UNSUPPORTED, node,
                         "not supported yet: the function \"%.*s\"", (int)node->name.len,
                         node->name.at);
    }
    struct near near = near_start(node->name);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        near_offer(&near, str_of(functions[i].name));
    }
    return fail_unknown(checker, node, "function", &near);
}

/* A call by name: which function, and whether it is called as it must be. */
static int check_function(struct checker *checker, struct node *node)
{
    const struct function *function = find_function(node->name);
    if (function == NULL) {
        return fail_function(checker, node);
    }
    bool both_ways = function->op == EXPR_OP_SIZE;
    size_t expected = function->argument_count + (function->is_member ? 1 : 0);
    if ((!both_ways && node->is_member != function->is_member) || node->node_count != expected) {
        return expr_fail(checker->report, EXPR_ERROR_TYPE, node, "%s is called as %s%s(%s)",
                         function->name, function->is_member ? "text." : "", function->name,
                         function->is_member ? "other" : "value");
    }
    node->op = function->op;
    return 0;
}

static int check_call(struct checker *checker, struct node *node)
{
    int error = node->op == EXPR_OP_UNKNOWN ? check_function(checker, node) : 0;
    error = error != 0 ? error : check_children(checker, node);
    if (error != 0) {
        return error;
    }
    sw_assert(rules[node->op] != NULL);
    return rules[node->op](node) ? 0 : fail_types(checker, node);
}

static int check(struct checker *checker, struct node *node)
{
    switch (node->kind) {
    case NODE_LITERAL:
        node->type = simple(node->literal.kind);
        return 0;
    case NODE_NAME:
        return check_name(checker, node);
    case NODE_SELECT:
        return check_select(checker, node);
    case NODE_CALL:
        return check_call(checker, node);
    case NODE_LIST:
        return check_list(checker, node);
    case NODE_MAP:
        return check_map(checker, node);
    }
    sw_assert(!"a kind of node");
    return ERR_INVALID;
}

int expr_check(struct node *root, const struct expr_env *env, struct arena *arena,
               struct expr_report *report, struct expr *expr)
{
    sw_assert(env->count <= EXPR_VARIABLES_MAX);
    struct checker checker = {.env = env, .arena = arena, .report = report, .expr = expr};
    return check(&checker, root);
}

const char *expr_op_name(enum expr_op op)
{
    static const char *const symbols[EXPR_OP_COUNT] = {
        [EXPR_OP_NOT] = "!",
        [EXPR_OP_NEGATE] = "-",
        [EXPR_OP_AND] = "&&",
        [EXPR_OP_OR] = "||",
        [EXPR_OP_CONDITION] = "?:",
        [EXPR_OP_EQUAL] = "==",
        [EXPR_OP_NOT_EQUAL] = "!=",
        [EXPR_OP_LESS] = "<",
        [EXPR_OP_LESS_EQUAL] = "<=",
        [EXPR_OP_GREATER] = ">",
        [EXPR_OP_GREATER_EQUAL] = ">=",
        [EXPR_OP_IN] = "in",
        [EXPR_OP_ADD] = "+",
        [EXPR_OP_SUBTRACT] = "-",
        [EXPR_OP_MULTIPLY] = "*",
        [EXPR_OP_DIVIDE] = "/",
        [EXPR_OP_MODULO] = "%",
        [EXPR_OP_INDEX] = "[]",
        [EXPR_OP_SIZE] = "size",
        [EXPR_OP_DYN] = "dyn",
        [EXPR_OP_STARTS_WITH] = "startsWith",
        [EXPR_OP_ENDS_WITH] = "endsWith",
        [EXPR_OP_CONTAINS] = "contains",
    };
    sw_assert(op < EXPR_OP_COUNT && symbols[op] != NULL);
    return symbols[op];
}
