/* Macros over lists and maps, a round an item. */
#include "base/assert.h"
#include "core/expr/machine_step.h"

/* Leaves the fold with its value. */
static void leave(struct machine *machine, const struct frame *frame, struct expr_value value)
{
    push(machine, value);
    machine->next = frame->end;
}

static void again(struct machine *machine, const struct frame *frame)
{
    machine->next = frame->loop;
}

static size_t range_count(const struct expr_value *range)
{
    return range->kind == EXPR_LIST ? range->list.count : range->map.count;
}

void step_fold(struct machine *machine, const struct step *step)
{
    const struct expr_value *range = pop(machine);
    struct frame *frame = &machine->frames[step->frame];
    frame->end = machine->expr->steps + step->arg;
    frame->loop = machine->next;
    if (range->kind != EXPR_LIST && range->kind != EXPR_MAP) {
        leave(machine, frame, is_error(range) ? *range : expr_no_overload());
        return;
    }
    frame->range = *range;
    frame->pending = expr_null();
    frame->fold = (enum node_fold)step->small;
    frame->index = 0;
    frame->items = NULL;
    frame->entries = NULL;
    frame->count = 0;
    frame->capacity = 0;
}

static struct expr_value result_of(const struct frame *frame)
{
    switch (frame->fold) {
    case FOLD_ALL:
    case FOLD_EXISTS:
        return is_error(&frame->pending) ? frame->pending : expr_bool(frame->fold == FOLD_ALL);
    case FOLD_ONE:
        return expr_bool(frame->count == 1);
    case FOLD_FILTER:
    case FOLD_LIST:
        return (struct expr_value){.kind = EXPR_LIST, .list = {frame->items, frame->count, NULL}};
    case FOLD_MAP:
    case FOLD_ENTRIES:
        return (struct expr_value){.kind = EXPR_MAP, .map = {frame->entries, frame->count, NULL}};
    }
    sw_assert(!"a kind of fold");
    return expr_no_overload();
}

void step_next(struct machine *machine, const struct step *step)
{
    struct frame *frame = &machine->frames[step->frame];
    if (frame->index == range_count(&frame->range)) {
        leave(machine, frame, result_of(frame));
        return;
    }
    if (frame->range.kind == EXPR_MAP) {
        struct expr_entry entry = expr_map_entry(&frame->range.map, frame->index);
        frame->locals[0] = entry.key;
        frame->locals[1] = entry.value;
    } else {
        bool has_two = step->small != 0;
        frame->locals[has_two ? 1 : 0] = expr_list_item(&frame->range.list, frame->index);
        frame->locals[has_two ? 0 : 1] = expr_int((int64_t)frame->index);
    }
    frame->index++;
}

static void add_item(struct machine *machine, struct frame *frame, const struct expr_value *item)
{
    struct expr_value *items = arena_grow_array(machine->arena, frame->items, frame->count,
                                                &frame->capacity, sizeof(*items));
    if (items == NULL) {
        machine->fault = EXPR_FAULT_MEMORY;
        machine->cost = 0;
        return;
    }
    frame->items = items;
    items[frame->count++] = *item;
}

static enum expr_fault add_entry(struct machine *machine, struct frame *frame,
                                 const struct expr_entry *entry)
{
    struct expr_entry *entries = arena_grow_array(machine->arena, frame->entries, frame->count,
                                                  &frame->capacity, sizeof(*entries));
    if (entries == NULL) {
        machine->fault = EXPR_FAULT_MEMORY;
        machine->cost = 0;
        return EXPR_FAULT_MEMORY;
    }
    frame->entries = entries;
    enum expr_fault fault = machine_add_entry(machine, entries, frame->count, entry);
    frame->count += fault == EXPR_FAULT_NONE ? 1 : 0;
    return fault;
}

/* What a condition means that is neither true nor false. */
static struct expr_value error_of(const struct expr_value *condition)
{
    return is_error(condition) ? *condition : expr_no_overload();
}

/* all() and exists(): one item decides alone, and errors wait for it. */
static void test_logic(struct machine *machine, struct frame *frame,
                       const struct expr_value *condition)
{
    bool decisive = frame->fold == FOLD_EXISTS;
    if (condition->kind == EXPR_BOOL && condition->boolean == decisive) {
        leave(machine, frame, expr_bool(decisive));
        return;
    }
    if (condition->kind != EXPR_BOOL && !is_error(&frame->pending)) {
        frame->pending = error_of(condition);
    }
    again(machine, frame);
}

void step_test(struct machine *machine, const struct step *step)
{
    struct frame *frame = &machine->frames[step->frame];
    const struct expr_value *condition = pop(machine);
    if (frame->fold == FOLD_ALL || frame->fold == FOLD_EXISTS) {
        test_logic(machine, frame, condition);
        return;
    }
    if (condition->kind != EXPR_BOOL) {
        leave(machine, frame, error_of(condition));
        return;
    }
    if (frame->fold == FOLD_ONE) {
        frame->count += condition->boolean ? 1 : 0;
        again(machine, frame);
    } else if (frame->fold == FOLD_FILTER) {
        if (condition->boolean) {
            add_item(machine, frame, &frame->locals[0]);
        }
        again(machine, frame);
    } else if (!condition->boolean) {
        again(machine, frame);
    }
}

static enum expr_fault add_entries(struct machine *machine, struct frame *frame,
                                   const struct expr_value *map)
{
    enum expr_fault fault = map->kind == EXPR_MAP ? EXPR_FAULT_NONE : EXPR_FAULT_NO_OVERLOAD;
    for (size_t i = 0; fault == EXPR_FAULT_NONE && i < map->map.count; i++) {
        struct expr_entry entry = expr_map_entry(&map->map, i);
        fault = machine_spend(machine, 1) ? add_entry(machine, frame, &entry) : EXPR_FAULT_COST;
    }
    return fault;
}

void step_keep(struct machine *machine, const struct step *step)
{
    struct frame *frame = &machine->frames[step->frame];
    const struct expr_value *value = pop(machine);
    enum expr_fault fault = EXPR_FAULT_NONE;
    if (is_error(value)) {
        leave(machine, frame, *value);
        return;
    }
    if (frame->fold == FOLD_LIST) {
        add_item(machine, frame, value);
    } else if (frame->fold == FOLD_MAP) {
        const struct expr_entry entry = {frame->locals[0], *value};
        fault = add_entry(machine, frame, &entry);
    } else {
        fault = add_entries(machine, frame, value);
    }
    if (fault == EXPR_FAULT_NONE) {
        again(machine, frame);
    } else {
        leave(machine, frame, expr_error(fault));
    }
}
