/* Fields of objects and maps, items of lists; of an optional, as an optional. */
#include "core/expr/machine_step.h"

/* What was looked for, as an optional: one that is not there is none. */
static struct expr_value wrap_found(struct machine *machine, const struct expr_value *found)
{
    if (!is_error(found)) {
        return machine_wrap(machine, found);
    }
    bool is_missing =
        found->fault == EXPR_FAULT_NO_SUCH_KEY || found->fault == EXPR_FAULT_NO_SUCH_INDEX;
    return is_missing ? expr_none() : *found;
}

/* The value of a key that is a text, which most are: nothing but texts equals it. */
static struct expr_value find_text(struct machine *machine, const struct expr_map *map,
                                   struct str key)
{
    const struct expr_entry *entries = map->entry == NULL ? map->at : NULL;
    struct expr_entry room;
    if (!machine_spend(machine, map->count / 4)) {
        return expr_error(EXPR_FAULT_COST);
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct expr_entry *entry = entries != NULL ? &entries[i] : &room;
        if (entries == NULL) {
            map->entry(map->at, i, &room);
        }
        if (entry->key.kind == EXPR_STRING && str_equal(entry->key.text, key)) {
            return entry->value;
        }
    }
    return expr_error(EXPR_FAULT_NO_SUCH_KEY);
}

struct expr_value machine_find_key(struct machine *machine, const struct expr_map *map,
                                   const struct expr_value *key)
{
    if (key->kind == EXPR_STRING) {
        return find_text(machine, map, key->text);
    }
    for (size_t i = 0; i < map->count && machine->cost > 0; i++) {
        struct expr_entry entry = expr_map_entry(map, i);
        if (expr_equal(&entry.key, key, &machine->cost)) {
            return entry.value;
        }
    }
    return expr_error(EXPR_FAULT_NO_SUCH_KEY);
}

/* The field's index, which the program knows if the schema is the one that it was made for. */
static size_t find_field(const struct expr_schema *schema, const struct step *step,
                         const struct expr_value *name)
{
    if (step->small < schema->field_count && schema->fields[step->small].name == name->text.at) {
        return step->small;
    }
    size_t i = 0;
    while (i < schema->field_count && !str_is(name->text, schema->fields[i].name)) {
        i++;
    }
    return i;
}

/* The field of a value that is no optional; `ret_is_set` tells whether it is set. */
static struct expr_value get_field(struct machine *machine, const struct step *step,
                                   const struct expr_value *operand, bool *ret_is_set)
{
    const struct expr_value *name = &machine->expr->constants[step->arg];
    struct expr_value value = expr_null();
    if (operand->kind == EXPR_OBJECT) {
        const struct expr_schema *schema = operand->object.schema;
        size_t field = find_field(schema, step, name);
        if (field == schema->field_count) {
            return expr_error(EXPR_FAULT_NO_SUCH_KEY);
        }
        *ret_is_set = schema->get(schema, operand->object.at, field, &value);
        return value;
    }
    if (operand->kind != EXPR_MAP) {
        return expr_no_overload();
    }
    value = machine_find_key(machine, &operand->map, name);
    *ret_is_set = !is_error(&value);
    return value;
}

/* What is selected of an optional is an optional. */
void step_field(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    bool is_optional = top->kind == EXPR_OPTIONAL;
    bool is_set = false;
    if (is_error(top) || (is_optional && top->inside == NULL)) {
        return;
    }
    struct expr_value value = get_field(machine, step, is_optional ? top->inside : top, &is_set);
    if (is_optional || step->kind == STEP_FIELD_OPT) {
        *top = is_set || is_error(&value) ? wrap_found(machine, &value) : expr_none();
    } else {
        *top = value;
    }
}

void step_has(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    bool is_optional = top->kind == EXPR_OPTIONAL;
    bool is_set = false;
    if (is_error(top)) {
        return;
    }
    if (is_optional && top->inside == NULL) {
        *top = expr_bool(false);
        return;
    }
    struct expr_value value = get_field(machine, step, is_optional ? top->inside : top, &is_set);
    bool is_missing = is_error(&value) && value.fault == EXPR_FAULT_NO_SUCH_KEY;
    *top = is_error(&value) && !is_missing ? value : expr_bool(is_set);
}

/* Any number that is a whole one is an index. */
static struct expr_value find_index(const struct expr_list *list, const struct expr_value *key)
{
    const struct expr_value limit = expr_uint(list->count);
    const struct expr_value zero = expr_int(0);
    if (key->kind != EXPR_INT && key->kind != EXPR_UINT && key->kind != EXPR_DOUBLE) {
        return expr_no_overload();
    }
    bool is_inside = expr_operate_order(EXPR_OP_GREATER_EQUAL, key, &zero).boolean &&
                     expr_operate_order(EXPR_OP_LESS, key, &limit).boolean;
    if (!is_inside) {
        return expr_error(EXPR_FAULT_NO_SUCH_INDEX);
    }
    size_t index = key->kind == EXPR_DOUBLE ? (size_t)key->real
                   : key->kind == EXPR_INT  ? (size_t)key->integer
                                            : (size_t)key->natural;
    bool is_whole = key->kind != EXPR_DOUBLE || (double)index == key->real;
    return is_whole ? expr_list_item(list, index) : expr_error(EXPR_FAULT_NO_SUCH_INDEX);
}

void step_index(struct machine *machine, const struct step *step)
{
    const struct expr_value *key = pop(machine);
    struct expr_value *top = &machine->top[-1];
    bool is_optional = top->kind == EXPR_OPTIONAL;
    if (is_error(top)) {
        return;
    }
    if (is_error(key)) {
        *top = *key;
        return;
    }
    if (is_optional && top->inside == NULL) {
        return;
    }
    const struct expr_value *in = is_optional ? top->inside : top;
    struct expr_value value = expr_no_overload();
    if (in->kind == EXPR_LIST) {
        value = find_index(&in->list, key);
    } else if (in->kind == EXPR_MAP) {
        value = machine_find_key(machine, &in->map, key);
    }
    bool wraps = is_optional || step->kind == STEP_INDEX_OPT;
    *top = wraps ? wrap_found(machine, &value) : value;
}
