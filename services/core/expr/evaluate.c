/* The tree walked once, with a bound on what it may cost. An error is a value, so that && and || can absorb it. */
#include <string.h>

#include "base/assert.h"
#include "core/expr/node.h"

enum { BYTES_PER_COST = 16 };

struct machine {
    const struct expr_value *bindings;
    struct arena *arena;
    uint64_t cost; /* left */
};

static struct expr_value evaluate(struct machine *machine, const struct node *node);

static bool spend(struct machine *machine, uint64_t amount)
{
    bool is_enough = machine->cost >= amount;
    machine->cost = is_enough ? machine->cost - amount : 0;
    return is_enough;
}

static struct expr_value no_overload(void)
{
    return expr_error(EXPR_FAULT_NO_OVERLOAD);
}

static bool is_error(const struct expr_value *value)
{
    return value->kind == EXPR_ERROR;
}

static bool is_bool(const struct expr_value *value, bool wanted)
{
    return value->kind == EXPR_BOOL && value->boolean == wanted;
}

/* --- Collections ----------------------------------------------------------------------------------------------------- */

static struct expr_value make_list(struct machine *machine, const struct node *node)
{
    struct expr_value *items = arena_alloc_array(machine->arena, node->node_count, sizeof(*items));
    if (items == NULL) {
        return expr_error(EXPR_FAULT_MEMORY);
    }
    for (size_t i = 0; i < node->node_count; i++) {
        items[i] = evaluate(machine, node->nodes[i]);
        if (is_error(&items[i])) {
            return items[i];
        }
    }
    return (struct expr_value){.kind = EXPR_LIST, .list = {items, node->node_count, NULL}};
}

static enum expr_fault check_key(struct machine *machine, const struct expr_entry *entries,
                                 size_t count)
{
    enum expr_kind kind = entries[count].key.kind;
    if (kind != EXPR_BOOL && kind != EXPR_INT && kind != EXPR_UINT && kind != EXPR_STRING) {
        return EXPR_FAULT_BAD_KEY;
    }
    for (size_t i = 0; i < count; i++) {
        if (expr_equal(entries[i].key, entries[count].key, &machine->cost)) {
            return EXPR_FAULT_REPEATED_KEY;
        }
    }
    return machine->cost == 0 ? EXPR_FAULT_COST : EXPR_FAULT_NONE;
}

static struct expr_value make_map(struct machine *machine, const struct node *node)
{
    size_t count = node->node_count / 2;
    struct expr_entry *entries = arena_alloc_array(machine->arena, count, sizeof(*entries));
    if (entries == NULL) {
        return expr_error(EXPR_FAULT_MEMORY);
    }
    for (size_t i = 0; i < count; i++) {
        entries[i].key = evaluate(machine, node->nodes[2 * i]);
        entries[i].value = evaluate(machine, node->nodes[2 * i + 1]);
        if (is_error(&entries[i].key) || is_error(&entries[i].value)) {
            return is_error(&entries[i].key) ? entries[i].key : entries[i].value;
        }
        enum expr_fault fault = check_key(machine, entries, i);
        if (fault != EXPR_FAULT_NONE) {
            return expr_error(fault);
        }
    }
    return (struct expr_value){.kind = EXPR_MAP, .map = {entries, count, NULL}};
}

/* The value of a key, or NO_SUCH_KEY. */
static struct expr_value find_key(struct machine *machine, const struct expr_map *map,
                                  struct expr_value key)
{
    for (size_t i = 0; i < map->count; i++) {
        struct expr_entry entry = expr_map_entry(map, i);
        if (expr_equal(entry.key, key, &machine->cost)) {
            return entry.value;
        }
    }
    return expr_error(machine->cost == 0 ? EXPR_FAULT_COST : EXPR_FAULT_NO_SUCH_KEY);
}

/* Any number that is a whole one is an index. */
static struct expr_value find_index(const struct expr_list *list, struct expr_value key)
{
    const struct expr_value limit = expr_uint(list->count);
    if (key.kind != EXPR_INT && key.kind != EXPR_UINT && key.kind != EXPR_DOUBLE) {
        return no_overload();
    }
    bool is_inside = expr_operate_order(EXPR_OP_GREATER_EQUAL, key, expr_int(0)).boolean &&
                     expr_operate_order(EXPR_OP_LESS, key, limit).boolean;
    if (!is_inside) {
        return expr_error(EXPR_FAULT_NO_SUCH_INDEX);
    }
    size_t index = key.kind == EXPR_DOUBLE ? (size_t)key.real
                   : key.kind == EXPR_INT  ? (size_t)key.integer
                                           : (size_t)key.natural;
    if (key.kind == EXPR_DOUBLE && (double)index != key.real) {
        return expr_error(EXPR_FAULT_NO_SUCH_INDEX);
    }
    return expr_list_item(list, index);
}

static struct expr_value operate_index(struct machine *machine, struct expr_value in,
                                       struct expr_value key)
{
    if (in.kind == EXPR_LIST) {
        return find_index(&in.list, key);
    }
    return in.kind == EXPR_MAP ? find_key(machine, &in.map, key) : no_overload();
}

static struct expr_value operate_in(struct machine *machine, struct expr_value item,
                                    struct expr_value in)
{
    if (in.kind == EXPR_MAP) {
        struct expr_value found = find_key(machine, &in.map, item);
        bool is_missing = is_error(&found) && found.fault == EXPR_FAULT_NO_SUCH_KEY;
        return is_error(&found) && !is_missing ? found : expr_bool(!is_missing);
    }
    if (in.kind != EXPR_LIST) {
        return no_overload();
    }
    for (size_t i = 0; i < in.list.count; i++) {
        if (expr_equal(expr_list_item(&in.list, i), item, &machine->cost)) {
            return expr_bool(true);
        }
    }
    return machine->cost == 0 ? expr_error(EXPR_FAULT_COST) : expr_bool(false);
}

/* --- Fields ---------------------------------------------------------------------------------------------------------- */

/* The index of a field that the checker could not resolve; SIZE_MAX: no such field. */
static size_t find_field(const struct expr_schema *schema, struct str name)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if (str_is(name, schema->fields[i].name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static struct expr_value select_field(const struct node *node, const struct expr_object *object)
{
    bool is_resolved = node->nodes[0]->type.kind == EXPR_OBJECT;
    size_t field = is_resolved ? node->index : find_field(object->schema, node->name);
    struct expr_value value = expr_null();
    if (field == SIZE_MAX) {
        return expr_error(EXPR_FAULT_NO_SUCH_KEY);
    }
    bool is_set = object->schema->get(object->schema, object->at, field, &value);
    return node->is_test ? expr_bool(is_set) : value;
}

static struct expr_value evaluate_select(struct machine *machine, const struct node *node)
{
    struct expr_value operand = evaluate(machine, node->nodes[0]);
    if (operand.kind == EXPR_OBJECT) {
        return select_field(node, &operand.object);
    }
    if (operand.kind != EXPR_MAP) {
        return is_error(&operand) ? operand : no_overload();
    }
    struct expr_value found = find_key(machine, &operand.map, expr_string(node->name));
    if (!node->is_test) {
        return found;
    }
    bool is_missing = is_error(&found) && found.fault == EXPR_FAULT_NO_SUCH_KEY;
    return is_error(&found) && !is_missing ? found : expr_bool(!is_missing);
}

/* --- Texts and joins ------------------------------------------------------------------------------------------------- */

static struct expr_value join_texts(struct machine *machine, struct expr_value a,
                                    struct expr_value b)
{
    size_t len = a.text.len + b.text.len;
    if (!spend(machine, len / BYTES_PER_COST)) {
        return expr_error(EXPR_FAULT_COST);
    }
    char *out = arena_alloc(machine->arena, len);
    if (out == NULL) {
        return expr_error(EXPR_FAULT_MEMORY);
    }
    if (a.text.len > 0) {
        memcpy(out, a.text.at, a.text.len);
    }
    if (b.text.len > 0) {
        memcpy(out + a.text.len, b.text.at, b.text.len);
    }
    return (struct expr_value){.kind = a.kind, .text = {out, len}};
}

static struct expr_value join_lists(struct machine *machine, const struct expr_list *a,
                                    const struct expr_list *b)
{
    size_t count = a->count + b->count;
    if (!spend(machine, count)) {
        return expr_error(EXPR_FAULT_COST);
    }
    struct expr_value *items = arena_alloc_array(machine->arena, count, sizeof(*items));
    if (items == NULL) {
        return expr_error(EXPR_FAULT_MEMORY);
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = i < a->count ? expr_list_item(a, i) : expr_list_item(b, i - a->count);
    }
    return (struct expr_value){.kind = EXPR_LIST, .list = {items, count, NULL}};
}

static struct expr_value operate_add(struct machine *machine, struct expr_value a,
                                     struct expr_value b)
{
    bool is_text = a.kind == EXPR_STRING || a.kind == EXPR_BYTES;
    if (is_text && a.kind == b.kind) {
        return join_texts(machine, a, b);
    }
    if (a.kind == EXPR_LIST && b.kind == EXPR_LIST) {
        return join_lists(machine, &a.list, &b.list);
    }
    return expr_operate_number(EXPR_OP_ADD, a, b);
}

static int64_t count_code_points(struct str text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return count;
}

static struct expr_value operate_size(struct machine *machine, struct expr_value a)
{
    if (a.kind == EXPR_LIST || a.kind == EXPR_MAP) {
        return expr_int((int64_t)(a.kind == EXPR_LIST ? a.list.count : a.map.count));
    }
    if (a.kind == EXPR_BYTES) {
        return expr_int((int64_t)a.text.len);
    }
    if (a.kind != EXPR_STRING) {
        return no_overload();
    }
    return spend(machine, a.text.len / BYTES_PER_COST) ? expr_int(count_code_points(a.text))
                                                       : expr_error(EXPR_FAULT_COST);
}

static bool contains(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (str_equal((struct str){text.at + i, part.len}, part)) {
            return true;
        }
    }
    return false;
}

static struct expr_value operate_text(struct machine *machine, enum expr_op op, struct str text,
                                      struct str part)
{
    bool is_longer = text.len >= part.len;
    if (op == EXPR_OP_CONTAINS) {
        uint64_t cost = text.len * (part.len / BYTES_PER_COST + 1) / BYTES_PER_COST;
        return spend(machine, cost) ? expr_bool(contains(text, part)) : expr_error(EXPR_FAULT_COST);
    }
    size_t from = op == EXPR_OP_ENDS_WITH && is_longer ? text.len - part.len : 0;
    struct str same = {text.at + from, part.len};
    return expr_bool(is_longer && str_equal(same, part));
}

/* --- Calls ----------------------------------------------------------------------------------------------------------- */

/* `decisive` decides alone, whatever the other side is: false for &&, true for ||. */
static struct expr_value evaluate_logic(struct machine *machine, const struct node *node,
                                        bool decisive)
{
    struct expr_value a = evaluate(machine, node->nodes[0]);
    if (is_bool(&a, decisive)) {
        return a;
    }
    struct expr_value b = evaluate(machine, node->nodes[1]);
    if (is_bool(&b, decisive)) {
        return b;
    }
    if (is_error(&a) || is_error(&b)) {
        return is_error(&a) ? a : b;
    }
    return a.kind == EXPR_BOOL && b.kind == EXPR_BOOL ? expr_bool(!decisive) : no_overload();
}

static struct expr_value evaluate_condition(struct machine *machine, const struct node *node)
{
    struct expr_value condition = evaluate(machine, node->nodes[0]);
    if (condition.kind != EXPR_BOOL) {
        return is_error(&condition) ? condition : no_overload();
    }
    return evaluate(machine, node->nodes[condition.boolean ? 1 : 2]);
}

static struct expr_value operate_one(struct machine *machine, enum expr_op op, struct expr_value a)
{
    if (op == EXPR_OP_SIZE) {
        return operate_size(machine, a);
    }
    return op == EXPR_OP_DYN ? a : expr_operate_unary(op, a);
}

static struct expr_value operate_two(struct machine *machine, enum expr_op op, struct expr_value a,
                                     struct expr_value b)
{
    switch ((int)op) {
    case EXPR_OP_EQUAL:
    case EXPR_OP_NOT_EQUAL: {
        bool is_equal = expr_equal(a, b, &machine->cost);
        return machine->cost == 0 ? expr_error(EXPR_FAULT_COST)
                                  : expr_bool(is_equal == (op == EXPR_OP_EQUAL));
    }
    case EXPR_OP_LESS:
    case EXPR_OP_LESS_EQUAL:
    case EXPR_OP_GREATER:
    case EXPR_OP_GREATER_EQUAL:
        return expr_operate_order(op, a, b);
    case EXPR_OP_IN:
        return operate_in(machine, a, b);
    case EXPR_OP_INDEX:
        return operate_index(machine, a, b);
    case EXPR_OP_ADD:
        return operate_add(machine, a, b);
    case EXPR_OP_STARTS_WITH:
    case EXPR_OP_ENDS_WITH:
    case EXPR_OP_CONTAINS:
        return a.kind == EXPR_STRING && b.kind == EXPR_STRING
                   ? operate_text(machine, op, a.text, b.text)
                   : no_overload();
    default:
        return expr_operate_number(op, a, b);
    }
}

static struct expr_value evaluate_call(struct machine *machine, const struct node *node)
{
    if (node->op == EXPR_OP_AND || node->op == EXPR_OP_OR) {
        return evaluate_logic(machine, node, node->op == EXPR_OP_OR);
    }
    if (node->op == EXPR_OP_CONDITION) {
        return evaluate_condition(machine, node);
    }
    struct expr_value a = evaluate(machine, node->nodes[0]);
    if (is_error(&a) || node->node_count == 1) {
        return is_error(&a) ? a : operate_one(machine, node->op, a);
    }
    struct expr_value b = evaluate(machine, node->nodes[1]);
    return is_error(&b) ? b : operate_two(machine, node->op, a, b);
}

static struct expr_value evaluate(struct machine *machine, const struct node *node)
{
    if (!spend(machine, 1)) {
        return expr_error(EXPR_FAULT_COST);
    }
    switch (node->kind) {
    case NODE_LITERAL:
        return node->literal;
    case NODE_NAME:
        return machine->bindings[node->index];
    case NODE_SELECT:
        return evaluate_select(machine, node);
    case NODE_CALL:
        return evaluate_call(machine, node);
    case NODE_LIST:
        return make_list(machine, node);
    case NODE_MAP:
        return make_map(machine, node);
    }
    sw_assert(!"a kind of node");
    return no_overload();
}

struct expr_value expr_evaluate(const struct expr *expr, const struct expr_run *run)
{
    struct machine machine = {
        .bindings = run->bindings, .arena = run->arena, .cost = run->cost_max};
    sw_assert(expr->root != NULL);
    return evaluate(&machine, expr->root);
}
