/* The machine: steps over a stack of values, each paid for. */
#include "core/expr/machine.h"

#include <string.h>

#include "base/assert.h"
#include "core/expr/builtin.h"
#include "core/expr/machine_step.h"

/* --- What is paid for ------------------------------------------------------------------------------------------------ */

bool machine_spend(struct machine *machine, uint64_t amount)
{
    bool is_enough = machine->cost > amount;
    machine->cost = is_enough ? machine->cost - amount : 0;
    return is_enough;
}

bool machine_spend_bytes(struct machine *machine, size_t bytes)
{
    enum { BYTES_PER_COST = 16 };
    return machine_spend(machine, bytes / BYTES_PER_COST);
}

void *machine_alloc(struct machine *machine, size_t count, size_t element_bytes)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, element_bytes, &bytes) ||
        !machine_spend_bytes(machine, bytes)) {
        machine->cost = 0;
        return NULL;
    }
    void *room = arena_alloc(machine->arena, bytes);
    if (room == NULL) {
        machine->fault = EXPR_FAULT_MEMORY;
        machine->cost = 0;
    }
    return room;
}

/* --- Leaves ---------------------------------------------------------------------------------------------------------- */

static void step_constant(struct machine *machine, const struct step *step)
{
    push(machine, machine->expr->constants[step->arg]);
}

static void step_variable(struct machine *machine, const struct step *step)
{
    push(machine, machine->bindings[step->arg]);
}

static void step_local(struct machine *machine, const struct step *step)
{
    push(machine, machine->frames[step->frame].locals[step->small]);
}

static void step_fault(struct machine *machine, const struct step *step)
{
    push(machine, expr_error((enum expr_fault)step->arg));
}

/* --- Optionals ------------------------------------------------------------------------------------------------------- */

struct expr_value machine_wrap(struct machine *machine, const struct expr_value *value)
{
    struct expr_value *inside = machine_alloc(machine, 1, sizeof(*inside));
    if (inside == NULL) {
        return expr_none();
    }
    *inside = *value;
    return (struct expr_value){.kind = EXPR_OPTIONAL, .inside = inside};
}

static void step_wrap(struct machine *machine, const struct step *step)
{
    (void)step;
    if (!is_error(&machine->top[-1])) {
        machine->top[-1] = machine_wrap(machine, &machine->top[-1]);
    }
}

/* Takes the value out of an optional for the frame, or leaves what is there and goes to the end. */
static void step_unwrap(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    if (top->kind == EXPR_OPTIONAL && top->inside != NULL) {
        machine->frames[step->frame].locals[0] = *top->inside;
        machine->top--;
        return;
    }
    if (top->kind != EXPR_OPTIONAL && !is_error(top)) {
        *top = expr_no_overload();
    }
    machine->next = machine->expr->steps + step->arg;
}

static void step_bind(struct machine *machine, const struct step *step)
{
    machine->frames[step->frame].locals[0] = *pop(machine);
}

/* What is behind a question mark in a list or map: DYN marks what is not there. */
static void step_maybe(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    (void)step;
    if (top->kind == EXPR_OPTIONAL) {
        *top = top->inside == NULL ? (struct expr_value){.kind = EXPR_DYN} : *top->inside;
    } else if (!is_error(top)) {
        *top = expr_no_overload();
    }
}

/* --- Operators ------------------------------------------------------------------------------------------------------- */

static void step_unary(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    if (!is_error(top)) {
        *top = expr_operate_unary((enum expr_op)step->small, top);
    }
}

/* The operands of a binary step, the second taken off; false: one is an error, which is left as the result. */
static bool take_two(struct machine *machine, struct expr_value **ret_a,
                     const struct expr_value **ret_b)
{
    *ret_b = pop(machine);
    *ret_a = &machine->top[-1];
    if (is_error(*ret_a)) {
        return false;
    }
    if (is_error(*ret_b)) {
        **ret_a = **ret_b;
        return false;
    }
    return true;
}

static void step_equal(struct machine *machine, const struct step *step)
{
    struct expr_value *a = NULL;
    const struct expr_value *b = NULL;
    if (take_two(machine, &a, &b)) {
        *a = expr_bool(expr_equal(a, b, &machine->cost) == (step->small != 0));
    }
}

static void step_order(struct machine *machine, const struct step *step)
{
    struct expr_value *a = NULL;
    const struct expr_value *b = NULL;
    if (take_two(machine, &a, &b)) {
        *a = expr_operate_order((enum expr_op)step->small, a, b);
    }
}

/* A copy of both, one behind the other. */
static struct str join_texts(struct machine *machine, struct str a, struct str b)
{
    size_t len = a.len + b.len;
    char *out = machine_alloc(machine, len, 1);
    if (out == NULL) {
        return (struct str){NULL, 0};
    }
    if (a.len > 0) {
        memcpy(out, a.at, a.len);
    }
    if (b.len > 0) {
        memcpy(out + a.len, b.at, b.len);
    }
    return (struct str){out, len};
}

static struct expr_value join_lists(struct machine *machine, const struct expr_list *a,
                                    const struct expr_list *b)
{
    size_t count = a->count + b->count;
    struct expr_value *items = machine_alloc(machine, count, sizeof(*items));
    for (size_t i = 0; items != NULL && i < count; i++) {
        items[i] = i < a->count ? expr_list_item(a, i) : expr_list_item(b, i - a->count);
    }
    return (struct expr_value){.kind = EXPR_LIST, .list = {items, count, NULL}};
}

static void step_arithmetic(struct machine *machine, const struct step *step)
{
    struct expr_value *a = NULL;
    const struct expr_value *b = NULL;
    if (!take_two(machine, &a, &b)) {
        return;
    }
    bool is_join = step->small == EXPR_OP_ADD && a->kind == b->kind;
    if (is_join && (a->kind == EXPR_STRING || a->kind == EXPR_BYTES)) {
        a->text = join_texts(machine, a->text, b->text);
    } else if (is_join && a->kind == EXPR_LIST) {
        *a = join_lists(machine, &a->list, &b->list);
    } else {
        *a = expr_operate_number((enum expr_op)step->small, a, b);
    }
}

static void step_in(struct machine *machine, const struct step *step)
{
    struct expr_value *item = NULL;
    const struct expr_value *in = NULL;
    (void)step;
    if (!take_two(machine, &item, &in)) {
        return;
    }
    bool is_found = false;
    if (in->kind == EXPR_MAP) {
        struct expr_value value = machine_find_key(machine, &in->map, item);
        is_found = !is_error(&value);
    } else if (in->kind == EXPR_LIST) {
        for (size_t i = 0; i < in->list.count && !is_found && machine->cost > 0; i++) {
            struct expr_value one = expr_list_item(&in->list, i);
            is_found = expr_equal(&one, item, &machine->cost);
        }
    } else {
        *item = expr_no_overload();
        return;
    }
    *item = expr_bool(is_found);
}

/* --- Branches -------------------------------------------------------------------------------------------------------- */

static void step_jump(struct machine *machine, const struct step *step)
{
    machine->next = machine->expr->steps + step->arg;
}

/* `small` decides alone, whatever the other side is: false for &&, true for ||. */
static void step_decided(struct machine *machine, const struct step *step)
{
    const struct expr_value *a = &machine->top[-1];
    if (a->kind == EXPR_BOOL && a->boolean == (step->small != 0)) {
        machine->next = machine->expr->steps + step->arg;
    }
}

static void step_logic(struct machine *machine, const struct step *step)
{
    bool decisive = step->small != 0;
    const struct expr_value *b = pop(machine);
    struct expr_value *a = &machine->top[-1];
    if (b->kind == EXPR_BOOL && b->boolean == decisive) {
        *a = *b;
    } else if (!is_error(a)) {
        bool are_bools = a->kind == EXPR_BOOL && b->kind == EXPR_BOOL;
        *a = is_error(b) ? *b : are_bools ? expr_bool(!decisive) : expr_no_overload();
    }
}

/* or() and orValue() of an optional: what has a value, and an error, does without the other. */
static void step_otherwise(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    bool has_value = top->kind == EXPR_OPTIONAL && top->inside != NULL;
    if (has_value && step->small != 0) {
        *top = *top->inside;
    }
    if (has_value || is_error(top)) {
        machine->next = machine->expr->steps + step->arg;
    }
}

static void step_condition(struct machine *machine, const struct step *step)
{
    const struct expr_value *condition = pop(machine);
    if (condition->kind != EXPR_BOOL) {
        push(machine, is_error(condition) ? *condition : expr_no_overload());
        machine->next = machine->expr->steps + step->arg - 1;
    } else if (!condition->boolean) {
        machine->next = machine->expr->steps + step->arg;
    }
}

/* --- Collections ----------------------------------------------------------------------------------------------------- */

/* The first error of the topmost values, which are taken off; NULL: there is none. */
static const struct expr_value *take_many(struct machine *machine, size_t count)
{
    machine->top -= count;
    for (size_t i = 0; i < count; i++) {
        if (is_error(&machine->top[i])) {
            return &machine->top[i];
        }
    }
    return NULL;
}

static void step_list(struct machine *machine, const struct step *step)
{
    const struct expr_value *error = take_many(machine, step->arg);
    if (error != NULL) {
        push(machine, *error);
        return;
    }
    size_t count = 0;
    struct expr_value *items = machine_alloc(machine, step->arg, sizeof(*items));
    for (size_t i = 0; items != NULL && i < step->arg; i++) {
        if (machine->top[i].kind != EXPR_DYN) {
            items[count++] = machine->top[i];
        }
    }
    push(machine, (struct expr_value){.kind = EXPR_LIST, .list = {items, count, NULL}});
}

enum expr_fault machine_add_entry(struct machine *machine, struct expr_entry *entries, size_t count,
                                  const struct expr_entry *entry)
{
    enum expr_kind kind = entry->key.kind;
    if (kind != EXPR_BOOL && kind != EXPR_INT && kind != EXPR_UINT && kind != EXPR_STRING) {
        return EXPR_FAULT_BAD_KEY;
    }
    for (size_t i = 0; i < count && machine->cost > 0; i++) {
        if (expr_equal(&entries[i].key, &entry->key, &machine->cost)) {
            return EXPR_FAULT_REPEATED_KEY;
        }
    }
    entries[count] = *entry;
    return EXPR_FAULT_NONE;
}

static void step_map(struct machine *machine, const struct step *step)
{
    const struct expr_value *error = take_many(machine, step->arg);
    if (error != NULL) {
        push(machine, *error);
        return;
    }
    size_t count = 0;
    enum expr_fault fault = EXPR_FAULT_NONE;
    struct expr_entry *entries = machine_alloc(machine, step->arg / 2, sizeof(*entries));
    for (size_t i = 0; entries != NULL && i < step->arg && fault == EXPR_FAULT_NONE; i += 2) {
        const struct expr_entry entry = {machine->top[i], machine->top[i + 1]};
        if (entry.value.kind != EXPR_DYN) {
            fault = machine_add_entry(machine, entries, count++, &entry);
        }
    }
    push(machine, fault != EXPR_FAULT_NONE
                      ? expr_error(fault)
                      : (struct expr_value){.kind = EXPR_MAP, .map = {entries, count, NULL}});
}

/* --- Functions ------------------------------------------------------------------------------------------------------- */

static void step_call(struct machine *machine, const struct step *step)
{
    static const builtin_fn builtins[EXPR_OP_COUNT] = {
#define EXPR_OPERATOR(name, text)
#define EXPR_FUNCTION(name, text, overloads, builtin) [EXPR_OP_##name] = builtin,
#include "core/expr/op.def"
#undef EXPR_OPERATOR
#undef EXPR_FUNCTION
    };
    const struct expr_value *error = take_many(machine, step->arg);
    push(machine, error != NULL ? *error
                                : builtins[step->small](machine, (enum expr_op)step->small,
                                                        machine->top, step->arg));
}

static void step_match(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    bool matches = false;
    if (top->kind != EXPR_STRING) {
        *top = is_error(top) ? *top : expr_no_overload();
        return;
    }
    if (regex_match(machine->expr->patterns[step->arg], top->text, machine->arena, &machine->cost,
                    &matches) != 0) {
        machine->fault = EXPR_FAULT_MEMORY;
        machine->cost = 0;
    }
    *top = expr_bool(matches);
}

static void step_zoned(struct machine *machine, const struct step *step)
{
    struct expr_value *top = &machine->top[-1];
    if (top->kind == EXPR_TIMESTAMP) {
        *top = expr_int(
            time_part((enum expr_op)step->small, top->instant, &machine->expr->zones[step->arg]));
    } else if (!is_error(top)) {
        *top = expr_no_overload();
    }
}

/* --- All of it ------------------------------------------------------------------------------------------------------- */

static const step_fn functions[STEP_COUNT] = {
    [STEP_CONSTANT] = step_constant,
    [STEP_VARIABLE] = step_variable,
    [STEP_LOCAL] = step_local,
    [STEP_FAULT] = step_fault,
    [STEP_FIELD] = step_field,
    [STEP_HAS] = step_has,
    [STEP_FIELD_OPT] = step_field,
    [STEP_INDEX] = step_index,
    [STEP_INDEX_OPT] = step_index,
    [STEP_UNARY] = step_unary,
    [STEP_EQUAL] = step_equal,
    [STEP_ORDER] = step_order,
    [STEP_ARITHMETIC] = step_arithmetic,
    [STEP_IN] = step_in,
    [STEP_JUMP] = step_jump,
    [STEP_DECIDED] = step_decided,
    [STEP_LOGIC] = step_logic,
    [STEP_OTHERWISE] = step_otherwise,
    [STEP_CONDITION] = step_condition,
    [STEP_LIST] = step_list,
    [STEP_MAP] = step_map,
    [STEP_MAYBE] = step_maybe,
    [STEP_CALL] = step_call,
    [STEP_MATCH] = step_match,
    [STEP_ZONED] = step_zoned,
    [STEP_FOLD] = step_fold,
    [STEP_NEXT] = step_next,
    [STEP_TEST] = step_test,
    [STEP_KEEP] = step_keep,
    [STEP_BIND] = step_bind,
    [STEP_UNWRAP] = step_unwrap,
    [STEP_WRAP] = step_wrap,
};

static struct expr_value run_program(struct machine *machine)
{
    const struct expr *expr = machine->expr;
    const struct expr_value *bottom = machine->top;
    machine->next = expr->steps;
    while (machine->next != expr->steps + expr->step_count) {
        const struct step *step = machine->next++;
        if (!machine_spend(machine, 1)) {
            return expr_error(machine->fault);
        }
        functions[step->kind](machine, step);
    }
    sw_assert(machine->top == bottom + 1);
    return machine->cost == 0 ? expr_error(machine->fault) : *bottom;
}

struct expr_value expr_evaluate(const struct expr *expr, const struct expr_run *run)
{
    enum { STACK_SMALL = 16, FRAMES_SMALL = 3 };
    struct expr_value stack[STACK_SMALL];
    struct frame frames[FRAMES_SMALL];
    struct machine machine = {
        .expr = expr,
        .bindings = run->bindings,
        .arena = run->arena,
        .cost = run->cost_max < UINT64_MAX ? run->cost_max + 1 : UINT64_MAX,
        .fault = EXPR_FAULT_COST,
        .top = stack,
        .frames = frames,
    };
    sw_assert(expr->step_count > 0);
    if (expr->stack_max > STACK_SMALL) {
        machine.top = arena_alloc_array(run->arena, expr->stack_max, sizeof(*stack));
    }
    if (expr->frame_max > FRAMES_SMALL) {
        machine.frames = arena_alloc_array(run->arena, expr->frame_max, sizeof(*frames));
    }
    bool has_room = machine.top != NULL && machine.frames != NULL;
    return has_room ? run_program(&machine) : expr_error(EXPR_FAULT_MEMORY);
}
