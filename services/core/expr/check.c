/* Names resolved, types checked: what a typo would do at run time is an error here. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/check.h"

/* --- Names ----------------------------------------------------------------------------------------------------------- */

enum { PATH_MAX_BYTES = 256 };

/* A name with its dots, as it is written; empty: too long to be one. */
struct path {
    char text[PATH_MAX_BYTES];
    size_t len;
};

static void path_add(struct path *path, struct str part)
{
    size_t dot = path->len > 0 ? 1 : 0;
    if (path->len + dot + part.len > PATH_MAX_BYTES) {
        path->len = 0;
        return;
    }
    if (dot > 0) {
        path->text[path->len] = '.';
    }
    memcpy(path->text + path->len + dot, part.at, part.len);
    path->len += dot + part.len;
}

/* The path of a chain of names, and the name that begins it; NULL: the node is something else. */
static const struct node *path_of(const struct node *node, struct path *ret_path)
{
    const struct node *chain[EXPR_DEPTH_MAX];
    size_t count = 0;
    while (node->kind == NODE_SELECT && !node->is_test && !node->is_optional && !node->is_quoted) {
        chain[count++] = node;
        node = node->nodes[0];
    }
    if (node->kind != NODE_NAME) {
        return NULL;
    }
    ret_path->len = 0;
    path_add(ret_path, node->name);
    while (count > 0 && ret_path->len > 0) {
        path_add(ret_path, chain[--count]->name);
    }
    return ret_path->len > 0 ? node : NULL;
}

static const struct scope *find_local(const struct checker *checker, struct str name,
                                      size_t *ret_local)
{
    for (const struct scope *scope = checker->scope; scope != NULL; scope = scope->outer) {
        for (size_t i = 0; i < 2; i++) {
            if (scope->names[i].len > 0 && str_equal(scope->names[i], name)) {
                *ret_local = i;
                return scope;
            }
        }
    }
    return NULL;
}

bool check_is_local(const struct checker *checker, struct str name)
{
    size_t local = 0;
    return find_local(checker, name, &local) != NULL;
}

/* A variable of that name makes the node mean it. */
static bool resolve_variable(struct checker *checker, struct node *node, struct str name)
{
    for (size_t i = 0; i < checker->env->count; i++) {
        const struct expr_variable *variable = &checker->env->variables[i];
        if (str_is(name, variable->name)) {
            node->kind = NODE_NAME;
            node->index = i;
            node->type = variable->type;
            checker->expr->variables |= UINT64_C(1) << i;
            return true;
        }
    }
    return false;
}

static bool resolve_type(struct node *node, struct str name)
{
    for (int kind = EXPR_NULL; kind < EXPR_OBJECT; kind++) {
        if (str_is(name, expr_kind_name((enum expr_kind)kind))) {
            node->kind = NODE_LITERAL;
            node->type = check_simple(EXPR_TYPE);
            node->literal = (struct expr_value){
                .kind = EXPR_TYPE, .text = str_of(expr_kind_name((enum expr_kind)kind))};
            return true;
        }
    }
    return false;
}

/* The name in its container and in those around that, then by itself. */
static bool resolve(struct checker *checker, struct node *node, const struct path *path,
                    bool is_rooted)
{
    const struct str plain = {path->text, path->len};
    struct str container = is_rooted ? (struct str){NULL, 0} : str_of(checker->env->container);
    while (container.len > 0) {
        struct path whole = {.len = 0};
        path_add(&whole, container);
        path_add(&whole, plain);
        if (whole.len > plain.len &&
            resolve_variable(checker, node, (struct str){whole.text, whole.len})) {
            return true;
        }
        while (container.len > 0 && container.at[--container.len] != '.') {
        }
    }
    return resolve_variable(checker, node, plain) || resolve_type(node, plain);
}

static int check_name(struct checker *checker, struct node *node)
{
    struct path path = {.len = 0};
    size_t local = 0;
    const struct scope *scope = node->is_rooted ? NULL : find_local(checker, node->name, &local);
    if (scope != NULL) {
        node->kind = NODE_LOCAL;
        node->index = scope->frame;
        node->local = local;
        node->type = scope->types[local];
        return 0;
    }
    path_add(&path, node->name);
    if (resolve(checker, node, &path, node->is_rooted)) {
        return 0;
    }
    struct near near = near_start(node->name);
    for (size_t i = 0; i < checker->env->count; i++) {
        near_offer(&near, str_of(checker->env->variables[i].name));
    }
    for (scope = checker->scope; scope != NULL; scope = scope->outer) {
        near_offer(&near, scope->names[0]);
        near_offer(&near, scope->names[1]);
    }
    return check_fail_name(checker, node, "name", &near);
}

/* --- Fields ---------------------------------------------------------------------------------------------------------- */

/* Whether an object that the expression can reach has a sealed field of that name. */
static bool is_sealed_somewhere(const struct expr_type *type, struct str name, int levels)
{
    for (; type != NULL && type->kind != EXPR_OBJECT; type = type->element) {
    }
    const struct expr_schema *schema = type == NULL ? NULL : type->schema;
    for (size_t i = 0; schema != NULL && levels > 0 && i < schema->field_count; i++) {
        const struct expr_field *field = &schema->fields[i];
        if ((field->is_sealed && str_is(name, field->name)) ||
            is_sealed_somewhere(&field->type, name, levels - 1)) {
            return true;
        }
    }
    return false;
}

/* A field of what is not known to be an object: sealed if any such field is. */
static void note_unknown_field(struct checker *checker, struct str name)
{
    enum { LEVELS = 4 };
    for (size_t i = 0; i < checker->env->count && !checker->expr->reads_sealed; i++) {
        checker->expr->reads_sealed =
            is_sealed_somewhere(&checker->env->variables[i].type, name, LEVELS);
    }
}

static int check_field(struct checker *checker, struct node *node, const struct expr_schema *schema)
{
    struct near near = near_start(node->name);
    char what[CHECK_TYPE_TEXT_BYTES + 16];
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
    return check_fail_name(checker, node, what, &near);
}

/* The type of a field of `operand`, which is no optional. */
static int check_member(struct checker *checker, struct node *node, const struct expr_type *operand)
{
    char text[CHECK_TYPE_TEXT_BYTES];
    if (operand->kind == EXPR_OBJECT) {
        return check_field(checker, node, operand->schema);
    }
    if (operand->kind == EXPR_MAP) {
        node->type = *check_element(operand);
        return 0;
    }
    if (operand->kind == EXPR_DYN) {
        node->type = check_dyn;
        note_unknown_field(checker, node->name);
        return 0;
    }
    expr_type_format(operand, text, sizeof(text));
    return check_fail_type(checker, node, "a value of type %s has no field \"%.*s\"", text,
                           (int)node->name.len, node->name.at);
}

static int check_select(struct checker *checker, struct node *node)
{
    struct path path = {.len = 0};
    const struct node *root = path_of(node, &path);
    if (root != NULL && (root->is_rooted || !check_is_local(checker, root->name)) &&
        resolve(checker, node, &path, root->is_rooted)) {
        return 0;
    }
    int error = check_node(checker, node->nodes[0]);
    if (error != 0) {
        return error;
    }
    const struct expr_type *operand = &node->nodes[0]->type;
    bool is_optional = node->is_optional || operand->kind == EXPR_OPTIONAL;
    error = check_member(checker, node,
                         operand->kind == EXPR_OPTIONAL ? check_element(operand) : operand);
    if (error == 0 && is_optional) {
        struct expr_type inside = node->type;
        error = check_make(checker, EXPR_OPTIONAL, &inside, &node->type);
    }
    if (error == 0 && node->is_test) {
        node->type = check_simple(EXPR_BOOL);
    }
    return error;
}

/* --- Collections ----------------------------------------------------------------------------------------------------- */

/* The type of the child at `index`; of an item or value behind a question mark, that of what is in the optional. */
static struct expr_type child_type(const struct node *node, size_t index)
{
    bool is_key = node->kind == NODE_MAP && index % 2 == 0;
    bool is_value = node->kind == NODE_MAP && index % 2 == 1;
    const struct expr_type *type = &node->nodes[index]->type;
    bool is_maybe = !is_key && node->nodes[is_value ? index - 1 : index]->is_maybe;
    return is_maybe && type->kind == EXPR_OPTIONAL ? *check_element(type) : *type;
}

/* The common type of every `stride`-th child from `from` on; dyn when they differ or are none. */
static struct expr_type common_type(const struct node *node, size_t from, size_t stride)
{
    if (node->node_count == 0) {
        return check_dyn;
    }
    struct expr_type common = child_type(node, from);
    for (size_t i = from; i < node->node_count; i += stride) {
        struct expr_type type = child_type(node, i);
        if (!check_same(&common, &type)) {
            return check_dyn;
        }
    }
    return common;
}

int check_nodes(struct checker *checker, struct node *node)
{
    for (size_t i = 0; i < node->node_count; i++) {
        int error = check_node(checker, node->nodes[i]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* What stands behind a question mark is an optional. */
static int check_maybe(struct checker *checker, struct node *node, bool is_map)
{
    for (size_t i = 0; i < node->node_count; i += is_map ? 2 : 1) {
        struct node *value = node->nodes[is_map ? i + 1 : i];
        if (node->nodes[i]->is_maybe && !check_is(&value->type, EXPR_OPTIONAL)) {
            return check_fail_type(checker, value, "behind \"?\" stands an optional value");
        }
    }
    return 0;
}

static int check_list(struct checker *checker, struct node *node)
{
    int error = check_nodes(checker, node);
    error = error != 0 ? error : check_maybe(checker, node, false);
    if (error != 0) {
        return error;
    }
    struct expr_type element = common_type(node, 0, 1);
    return check_make(checker, EXPR_LIST, &element, &node->type);
}

static bool may_be_key(const struct expr_type *type)
{
    return check_is(type, EXPR_BOOL) || type->kind == EXPR_INT || type->kind == EXPR_UINT ||
           type->kind == EXPR_STRING;
}

static int make_map(struct checker *checker, struct node *node, const struct expr_type *key,
                    const struct expr_type *element)
{
    int error = check_make(checker, EXPR_MAP, element, &node->type);
    return error != 0 ? error : check_keep(checker, key, &node->type.key);
}

static int check_map(struct checker *checker, struct node *node)
{
    int error = check_nodes(checker, node);
    error = error != 0 ? error : check_maybe(checker, node, true);
    for (size_t i = 0; i < node->node_count && error == 0; i += 2) {
        if (!may_be_key(&node->nodes[i]->type)) {
            error = check_fail_type(checker, node->nodes[i],
                                    "a key of a map is a bool, int, uint or string");
        }
    }
    if (error != 0) {
        return error;
    }
    struct expr_type key = common_type(node, 0, 2);
    struct expr_type element = common_type(node, 1, 2);
    return make_map(checker, node, &key, &element);
}

/* --- Macros ---------------------------------------------------------------------------------------------------------- */

/* What the locals of a fold are: of a list its items, or index and item; of a map its keys, or key and value. */
static int type_locals(struct checker *checker, struct node *node, struct scope *scope)
{
    const struct expr_type *range = &node->nodes[0]->type;
    char text[CHECK_TYPE_TEXT_BYTES];
    bool has_two = node->locals[1].len > 0;
    scope->types[0] = check_dyn;
    scope->types[1] = check_dyn;
    if (range->kind == EXPR_LIST) {
        scope->types[has_two ? 1 : 0] = *check_element(range);
        scope->types[has_two ? 0 : 1] = check_simple(EXPR_INT);
    } else if (range->kind == EXPR_MAP) {
        scope->types[0] = *check_key(range);
        scope->types[1] = *check_element(range);
    } else if (range->kind != EXPR_DYN) {
        expr_type_format(range, text, sizeof(text));
        return check_fail_type(checker, node, "%.*s goes over a list or a map, not over %s",
                               (int)node->name.len, node->name.at, text);
    }
    return 0;
}

static int check_condition(struct checker *checker, struct node *condition)
{
    char text[CHECK_TYPE_TEXT_BYTES];
    int error = check_node(checker, condition);
    if (error != 0 || check_is(&condition->type, EXPR_BOOL)) {
        return error;
    }
    expr_type_format(&condition->type, text, sizeof(text));
    return check_fail_type(checker, condition, "expected a condition, found %s", text);
}

/* The type of the fold itself, from its locals and what it computes last. */
static int type_fold(struct checker *checker, struct node *node, const struct scope *scope)
{
    const struct expr_type *range = &node->nodes[0]->type;
    struct node *last = node->nodes[node->node_count - 1];
    switch (node->fold) {
    case FOLD_ALL:
    case FOLD_EXISTS:
    case FOLD_ONE:
        node->type = check_simple(EXPR_BOOL);
        return 0;
    case FOLD_FILTER:
        return check_make(checker, EXPR_LIST, &scope->types[0], &node->type);
    case FOLD_LIST:
        return check_make(checker, EXPR_LIST, &last->type, &node->type);
    case FOLD_MAP:
        return make_map(checker, node, range->kind == EXPR_DYN ? &check_dyn : &scope->types[0],
                        &last->type);
    case FOLD_ENTRIES:
        node->type = last->type;
        return check_is(&last->type, EXPR_MAP)
                   ? 0
                   : check_fail_type(checker, last, "expected a map of what is to be added");
    }
    sw_assert(!"a kind of fold");
    return ERR_INVALID;
}

static size_t next_frame(const struct checker *checker)
{
    return checker->scope == NULL ? 0 : checker->scope->frame + 1;
}

static int check_fold(struct checker *checker, struct node *node)
{
    struct scope scope = {.outer = checker->scope,
                          .frame = next_frame(checker),
                          .names = {node->locals[0], node->locals[1]}};
    int error = check_node(checker, node->nodes[0]);
    error = error != 0 ? error : type_locals(checker, node, &scope);
    if (error != 0) {
        return error;
    }
    bool has_value =
        node->fold == FOLD_LIST || node->fold == FOLD_MAP || node->fold == FOLD_ENTRIES;
    bool has_condition = !has_value || node->node_count == 3;
    node->index = scope.frame;
    checker->scope = &scope;
    error = has_condition ? check_condition(checker, node->nodes[1]) : 0;
    error =
        error == 0 && has_value ? check_node(checker, node->nodes[node->node_count - 1]) : error;
    checker->scope = scope.outer;
    return error != 0 ? error : type_fold(checker, node, &scope);
}

static int check_bind(struct checker *checker, struct node *node)
{
    int error = check_node(checker, node->nodes[0]);
    const struct expr_type *value = &node->nodes[0]->type;
    if (error == 0 && node->bind != BIND_VALUE && !check_is(value, EXPR_OPTIONAL)) {
        error = check_fail_type(checker, node, "%.*s is called on an optional", (int)node->name.len,
                                node->name.at);
    }
    struct scope scope = {.outer = checker->scope,
                          .frame = next_frame(checker),
                          .names = {node->locals[0], {NULL, 0}},
                          .types = {node->bind == BIND_VALUE ? *value : *check_element(value)}};
    node->index = scope.frame;
    checker->scope = &scope;
    error = error != 0 ? error : check_node(checker, node->nodes[1]);
    checker->scope = scope.outer;
    if (error != 0) {
        return error;
    }
    struct node *result = node->nodes[1];
    node->type = result->type;
    if (node->bind == BIND_MAP) {
        return check_make(checker, EXPR_OPTIONAL, &result->type, &node->type);
    }
    return node->bind == BIND_VALUE || check_is(&result->type, EXPR_OPTIONAL)
               ? 0
               : check_fail_type(checker, result, "the result of optFlatMap is an optional");
}

int check_node(struct checker *checker, struct node *node)
{
    switch (node->kind) {
    case NODE_LITERAL:
        node->type = check_simple(node->literal.kind);
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
    case NODE_FOLD:
        return check_fold(checker, node);
    case NODE_BIND:
        return check_bind(checker, node);
    case NODE_LOCAL:
    case NODE_FAULT:
        return 0;
    }
    sw_assert(!"a kind of node");
    return ERR_INVALID;
}

int expr_check(struct node *root, const struct expr_env *env, struct arena *arena,
               struct expr_report *report, struct expr *expr)
{
    sw_assert(env->count <= EXPR_VARIABLES_MAX);
    struct checker checker = {.env = env, .arena = arena, .report = report, .expr = expr};
    int error = check_node(&checker, root);
    expr->type = root->type;
    return error;
}
