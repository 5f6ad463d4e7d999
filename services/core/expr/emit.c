/* The program of a checked tree: each node leaves one value more on the stack than there was. */
#include <string.h>

#include "base/assert.h"
#include "core/expr/builtin.h"

struct emitter {
    const struct expr_env *env;
    struct arena *arena;
    struct expr_report *report;
    struct expr *expr;
    struct step *steps;
    size_t step_count;
    size_t step_capacity;
    struct expr_value *constants;
    size_t constant_count;
    size_t constant_capacity;
    const struct regex **patterns;
    size_t pattern_count;
    size_t pattern_capacity;
    struct zone *zones;
    size_t zone_count;
    size_t zone_capacity;
    size_t depth;    /* values on the stack */
    bool is_folding; /* computes what is constant */
};

static int emit_node(struct emitter *emitter, const struct node *node);

/* --- Rows ------------------------------------------------------------------------------------------------------------ */

/* Adds a step; `ret_at` (may be NULL) is where, for a target that is set later. */
static int emit(struct emitter *emitter, struct step step, size_t *ret_at)
{
    struct step *steps = arena_grow_array(emitter->arena, emitter->steps, emitter->step_count,
                                          &emitter->step_capacity, sizeof(*steps));
    if (steps == NULL) {
        return ERR_MEMORY;
    }
    emitter->steps = steps;
    steps[emitter->step_count] = step;
    if (ret_at != NULL) {
        *ret_at = emitter->step_count;
    }
    emitter->step_count++;
    return 0;
}

static int emit_plain(struct emitter *emitter, enum step_kind kind, size_t small, size_t arg)
{
    sw_assert(small <= UINT16_MAX && arg <= UINT32_MAX);
    return emit(emitter, (struct step){(uint8_t)kind, 0, (uint16_t)small, (uint32_t)arg}, NULL);
}

static int emit_framed(struct emitter *emitter, enum step_kind kind, size_t frame, size_t small)
{
    sw_assert(frame <= UINT8_MAX && small <= UINT16_MAX);
    return emit(emitter, (struct step){(uint8_t)kind, (uint8_t)frame, (uint16_t)small, 0}, NULL);
}

/* The step at `at` goes to the next one that is added. */
static void land(struct emitter *emitter, size_t at)
{
    emitter->steps[at].arg = (uint32_t)emitter->step_count;
}

static int add_constant(struct emitter *emitter, struct expr_value value, size_t *ret_index)
{
    struct expr_value *constants =
        arena_grow_array(emitter->arena, emitter->constants, emitter->constant_count,
                         &emitter->constant_capacity, sizeof(*constants));
    if (constants == NULL) {
        return ERR_MEMORY;
    }
    emitter->constants = constants;
    *ret_index = emitter->constant_count;
    constants[emitter->constant_count++] = value;
    return 0;
}

static int emit_constant(struct emitter *emitter, struct expr_value value)
{
    size_t index = 0;
    int error = add_constant(emitter, value, &index);
    return error != 0 ? error : emit_plain(emitter, STEP_CONSTANT, 0, index);
}

/* --- Operators ------------------------------------------------------------------------------------------------------- */

static int emit_nodes(struct emitter *emitter, const struct node *node)
{
    for (size_t i = 0; i < node->node_count; i++) {
        int error = emit_node(emitter, node->nodes[i]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* a, and unless `decided` finds that enough, b and what `both` makes of them. */
static int emit_lazy(struct emitter *emitter, const struct node *node, struct step decided,
                     struct step both)
{
    size_t at = 0;
    int error = emit_node(emitter, node->nodes[0]);
    error = error != 0 ? error : emit(emitter, decided, &at);
    error = error != 0 ? error : emit_node(emitter, node->nodes[1]);
    error = error != 0 ? error : emit(emitter, both, NULL);
    if (error == 0) {
        land(emitter, at);
    }
    return error;
}

static int emit_logic(struct emitter *emitter, const struct node *node, bool decisive)
{
    return emit_lazy(emitter, node, (struct step){.kind = STEP_DECIDED, .small = decisive},
                     (struct step){.kind = STEP_LOGIC, .small = decisive});
}

static int emit_or(struct emitter *emitter, const struct node *node)
{
    return emit_lazy(emitter, node,
                     (struct step){.kind = STEP_OTHERWISE, .small = node->op == EXPR_OP_OR_VALUE},
                     (struct step){.kind = STEP_CALL, .small = (uint16_t)node->op, .arg = 2});
}

static int emit_condition(struct emitter *emitter, const struct node *node)
{
    size_t at = 0;
    size_t end = 0;
    size_t depth = emitter->depth;
    int error = emit_node(emitter, node->nodes[0]);
    error = error != 0 ? error : emit(emitter, (struct step){.kind = STEP_CONDITION}, &at);
    emitter->depth = depth;
    error = error != 0 ? error : emit_node(emitter, node->nodes[1]);
    error = error != 0 ? error : emit(emitter, (struct step){.kind = STEP_JUMP}, &end);
    if (error != 0) {
        return error;
    }
    land(emitter, at);
    emitter->depth = depth;
    error = emit_node(emitter, node->nodes[2]);
    land(emitter, end);
    return error;
}

static int emit_operator(struct emitter *emitter, const struct node *node)
{
    int error = emit_nodes(emitter, node);
    if (error != 0) {
        return error;
    }
    switch ((int)node->op) {
    case EXPR_OP_NOT:
    case EXPR_OP_NEGATE:
        return emit_plain(emitter, STEP_UNARY, node->op, 0);
    case EXPR_OP_EQUAL:
    case EXPR_OP_NOT_EQUAL:
        return emit_plain(emitter, STEP_EQUAL, node->op == EXPR_OP_EQUAL, 0);
    case EXPR_OP_LESS:
    case EXPR_OP_LESS_EQUAL:
    case EXPR_OP_GREATER:
    case EXPR_OP_GREATER_EQUAL:
        return emit_plain(emitter, STEP_ORDER, node->op, 0);
    case EXPR_OP_IN:
        return emit_plain(emitter, STEP_IN, 0, 0);
    case EXPR_OP_INDEX:
        return emit_plain(emitter, node->is_optional ? STEP_INDEX_OPT : STEP_INDEX, 0, 0);
    case EXPR_OP_ADD:
    case EXPR_OP_SUBTRACT:
    case EXPR_OP_MULTIPLY:
    case EXPR_OP_DIVIDE:
    case EXPR_OP_MODULO:
        return emit_plain(emitter, STEP_ARITHMETIC, node->op, 0);
    default:
        return emit_plain(emitter, STEP_CALL, node->op, node->node_count);
    }
}

/* --- Functions with something to prepare ----------------------------------------------------------------------------- */

static const struct node *literal_text(const struct node *node, size_t index)
{
    const struct node *argument = index < node->node_count ? node->nodes[index] : NULL;
    bool is_text =
        argument != NULL && argument->kind == NODE_LITERAL && argument->literal.kind == EXPR_STRING;
    return is_text ? argument : NULL;
}

/* A pattern that is written out is compiled once, and wrong at once. */
static int emit_match(struct emitter *emitter, const struct node *node, const struct node *pattern)
{
    const char *fault = NULL;
    size_t at = 0;
    const struct regex *regex = NULL;
    int error = regex_compile(pattern->literal.text, emitter->arena, &fault, &at, &regex);
    if (error == ERR_INVALID && emitter->env->is_unchecked) {
        return emit_plain(emitter, STEP_FAULT, 0, EXPR_FAULT_BAD_PATTERN);
    }
    if (error == ERR_INVALID) {
        return expr_fail(emitter->report, EXPR_ERROR_TYPE, pattern, "the pattern, at byte %zu: %s",
                         at + 1, fault);
    }
    const struct regex **patterns =
        error != 0 ? NULL
                   : arena_grow_array(emitter->arena, emitter->patterns, emitter->pattern_count,
                                      &emitter->pattern_capacity, sizeof(struct regex *));
    if (patterns == NULL) {
        return ERR_MEMORY;
    }
    emitter->patterns = patterns;
    patterns[emitter->pattern_count++] = regex;
    error = emit_node(emitter, node->nodes[0]);
    return error != 0 ? error : emit_plain(emitter, STEP_MATCH, 0, emitter->pattern_count - 1);
}

static int find_zone(struct emitter *emitter, struct str name, struct zone *ret_zone)
{
    struct zone_offset *offset = arena_alloc(emitter->arena, sizeof(*offset));
    if (offset == NULL) {
        return ERR_MEMORY;
    }
    if (time_fixed_zone(name, offset)) {
        *ret_zone = (struct zone){offset, 1};
        return 0;
    }
    return emitter->env->find_zone == NULL
               ? ERR_NOT_FOUND
               : emitter->env->find_zone(emitter->env->zone_ctx, name, ret_zone);
}

static int emit_zoned(struct emitter *emitter, const struct node *node, const struct node *name)
{
    struct zone zone = {NULL, 0};
    int error = find_zone(emitter, name->literal.text, &zone);
    if (error != 0 && error != ERR_MEMORY) {
        return emitter->env->is_unchecked
                   ? emit_plain(emitter, STEP_FAULT, 0, EXPR_FAULT_NO_SUCH_ZONE)
                   : expr_fail(emitter->report, EXPR_ERROR_NAME, name, "no such time zone");
    }
    struct zone *zones = error != 0
                             ? NULL
                             : arena_grow_array(emitter->arena, emitter->zones, emitter->zone_count,
                                                &emitter->zone_capacity, sizeof(*zones));
    if (zones == NULL) {
        return ERR_MEMORY;
    }
    emitter->zones = zones;
    zones[emitter->zone_count++] = zone;
    error = emit_node(emitter, node->nodes[0]);
    return error != 0 ? error : emit_plain(emitter, STEP_ZONED, node->op, emitter->zone_count - 1);
}

/* A time or duration that is written out is wrong at once, too. */
static int check_time(struct emitter *emitter, const struct node *node)
{
    const struct node *text = literal_text(node, 0);
    bool is_duration = node->op == EXPR_OP_TO_DURATION;
    if (text == NULL || emitter->env->is_unchecked ||
        (!is_duration && node->op != EXPR_OP_TO_TIMESTAMP)) {
        return 0;
    }
    struct expr_value value = is_duration ? time_read_duration(text->literal.text)
                                          : time_read_instant(text->literal.text);
    return value.kind != EXPR_ERROR
               ? 0
               : expr_fail(emitter->report, EXPR_ERROR_TYPE, text, "%s",
                           is_duration
                               ? "no duration: numbers with h, m, s, ms, us or ns, as in 1h30m"
                               : "no time from year 1 to 9999, as in 2026-11-24T08:00:00+08:00");
}

static bool gets_time(enum expr_op op)
{
    return op >= EXPR_OP_YEAR && op <= EXPR_OP_MILLISECONDS;
}

static int emit_call(struct emitter *emitter, const struct node *node)
{
    const struct node *text = literal_text(node, 1);
    if (node->op == EXPR_OP_AND || node->op == EXPR_OP_OR) {
        return emit_logic(emitter, node, node->op == EXPR_OP_OR);
    }
    if (node->op == EXPR_OP_CONDITION) {
        return emit_condition(emitter, node);
    }
    if (node->op == EXPR_OP_OR_OPTIONAL || node->op == EXPR_OP_OR_VALUE) {
        return emit_or(emitter, node);
    }
    if (node->op == EXPR_OP_MATCHES && text != NULL) {
        return emit_match(emitter, node, text);
    }
    if (gets_time(node->op) && text != NULL) {
        return emit_zoned(emitter, node, text);
    }
    int error = check_time(emitter, node);
    return error != 0 ? error : emit_operator(emitter, node);
}

/* --- Fields, collections --------------------------------------------------------------------------------------------- */

static int emit_select(struct emitter *emitter, const struct node *node)
{
    const struct expr_type *operand = &node->nodes[0]->type;
    operand =
        operand->kind == EXPR_OPTIONAL && operand->element != NULL ? operand->element : operand;
    /* The schema's own name: a look at the pointer tells that the index is this schema's. */
    bool is_known = operand->kind == EXPR_OBJECT;
    struct str name = is_known ? str_of(operand->schema->fields[node->index].name) : node->name;
    enum step_kind kind = node->is_test       ? STEP_HAS
                          : node->is_optional ? STEP_FIELD_OPT
                                              : STEP_FIELD;
    size_t constant = 0;
    int error = emit_node(emitter, node->nodes[0]);
    error = error != 0 ? error : add_constant(emitter, expr_string(name), &constant);
    return error != 0 ? error : emit_plain(emitter, kind, is_known ? node->index : 0, constant);
}

/* A value behind a question mark is taken out of its optional, or marked as not there. */
static int emit_collection(struct emitter *emitter, const struct node *node)
{
    bool is_map = node->kind == NODE_MAP;
    for (size_t i = 0; i < node->node_count; i++) {
        size_t marked = is_map ? i - i % 2 : i;
        bool is_maybe = node->nodes[marked]->is_maybe && (!is_map || i % 2 == 1);
        int error = emit_node(emitter, node->nodes[i]);
        error = error == 0 && is_maybe ? emit_plain(emitter, STEP_MAYBE, 0, 0) : error;
        if (error != 0) {
            return error;
        }
    }
    return emit_plain(emitter, is_map ? STEP_MAP : STEP_LIST, 0, node->node_count);
}

/* --- Macros ---------------------------------------------------------------------------------------------------------- */

/* The range is taken off the stack; each round starts with NEXT, which ends the fold behind the last item. */
static int emit_fold(struct emitter *emitter, const struct node *node)
{
    size_t at = 0;
    size_t depth = emitter->depth;
    size_t frame = node->index;
    const struct step fold = {(uint8_t)STEP_FOLD, (uint8_t)frame, (uint16_t)node->fold, 0};
    bool keeps = node->fold == FOLD_LIST || node->fold == FOLD_MAP || node->fold == FOLD_ENTRIES;
    bool tests = !keeps || node->node_count == 3;
    int error = emit_node(emitter, node->nodes[0]);
    error = error != 0 ? error : emit(emitter, fold, &at);
    emitter->depth = depth;
    error = error != 0 ? error : emit_framed(emitter, STEP_NEXT, frame, node->locals[1].len > 0);
    if (tests) {
        error = error != 0 ? error : emit_node(emitter, node->nodes[1]);
        error = error != 0 ? error : emit_framed(emitter, STEP_TEST, frame, 0);
        emitter->depth = depth;
    }
    if (keeps) {
        error = error != 0 ? error : emit_node(emitter, node->nodes[node->node_count - 1]);
        error = error != 0 ? error : emit_framed(emitter, STEP_KEEP, frame, 0);
    }
    if (error == 0) {
        land(emitter, at);
    }
    return error;
}

static int emit_bind(struct emitter *emitter, const struct node *node)
{
    size_t at = 0;
    size_t depth = emitter->depth;
    bool unwraps = node->bind != BIND_VALUE;
    const struct step bind = {.kind = (uint8_t)(unwraps ? STEP_UNWRAP : STEP_BIND),
                              .frame = (uint8_t)node->index};
    int error = emit_node(emitter, node->nodes[0]);
    error = error != 0 ? error : emit(emitter, bind, &at);
    emitter->depth = depth;
    error = error != 0 ? error : emit_node(emitter, node->nodes[1]);
    if (error == 0 && node->bind == BIND_MAP) {
        error = emit_plain(emitter, STEP_WRAP, 0, 0);
    }
    if (error == 0 && unwraps) {
        land(emitter, at);
    }
    return error;
}

/* Gives the rows to the expression. */
static void finish(const struct emitter *emitter)
{
    struct expr *expr = emitter->expr;
    expr->steps = emitter->steps;
    expr->step_count = emitter->step_count;
    expr->constants = emitter->constants;
    expr->patterns = emitter->patterns;
    expr->zones = emitter->zones;
}

/* --- All of it ------------------------------------------------------------------------------------------------------- */

static int emit_kind(struct emitter *emitter, const struct node *node)
{
    switch (node->kind) {
    case NODE_LITERAL:
        return emit_constant(emitter, node->literal);
    case NODE_NAME:
        return emit_plain(emitter, STEP_VARIABLE, 0, node->index);
    case NODE_LOCAL:
        return emit_framed(emitter, STEP_LOCAL, node->index, node->local);
    case NODE_SELECT:
        return emit_select(emitter, node);
    case NODE_CALL:
        return emit_call(emitter, node);
    case NODE_LIST:
    case NODE_MAP:
        return emit_collection(emitter, node);
    case NODE_FOLD:
        return emit_fold(emitter, node);
    case NODE_BIND:
        return emit_bind(emitter, node);
    case NODE_FAULT:
        return emit_plain(emitter, STEP_FAULT, 0, node->fault);
    }
    sw_assert(!"a kind of node");
    return ERR_INVALID;
}

/* Whether nothing in it depends on names; leaves are as they are. */
static bool is_constant(const struct node *node)
{
    bool is_computed = node->kind == NODE_CALL || node->kind == NODE_LIST || node->kind == NODE_MAP;
    for (size_t i = 0; i < node->node_count && is_computed; i++) {
        is_computed = node->nodes[i]->kind == NODE_LITERAL || is_constant(node->nodes[i]);
    }
    return is_computed;
}

/* The value of a constant, computed once; an error, for when it is evaluated, if it has none or is dear. */
static int fold(struct emitter *emitter, const struct node *node, struct expr_value *ret_value)
{
    enum { COST_MAX = 1000 };
    struct expr part = {.steps = NULL};
    struct emitter inner = {
        .env = emitter->env, .arena = emitter->arena, .report = emitter->report, .expr = &part};
    int error = emit_node(&inner, node);
    finish(&inner);
    const struct expr_run run = {.arena = emitter->arena, .cost_max = COST_MAX};
    if (error == 0) {
        *ret_value = expr_evaluate(&part, &run);
    }
    return error;
}

static int emit_constants(struct emitter *emitter, const struct node *node)
{
    struct expr_value value = expr_null();
    int error = fold(emitter, node, &value);
    if (error != 0 || value.kind != EXPR_ERROR) {
        return error != 0 ? error : emit_constant(emitter, value);
    }
    emitter->is_folding = false; /* its parts would fail again */
    error = emit_kind(emitter, node);
    emitter->is_folding = true;
    return error;
}

static int emit_node(struct emitter *emitter, const struct node *node)
{
    size_t depth = emitter->depth;
    struct expr *expr = emitter->expr;
    bool folds = emitter->is_folding && is_constant(node);
    int error = folds ? emit_constants(emitter, node) : emit_kind(emitter, node);
    emitter->depth = depth + 1;
    expr->stack_max = expr->stack_max > depth + 1 ? expr->stack_max : depth + 1;
    bool has_frame = node->kind == NODE_FOLD || node->kind == NODE_BIND;
    if (has_frame && expr->frame_max < node->index + 1) {
        expr->frame_max = node->index + 1;
    }
    return error;
}

int expr_emit(const struct node *root, const struct expr_env *env, struct arena *arena,
              struct expr_report *report, struct expr *expr)
{
    struct emitter emitter = {
        .env = env, .arena = arena, .report = report, .expr = expr, .is_folding = true};
    int error = emit_node(&emitter, root);
    finish(&emitter);
    return error;
}
