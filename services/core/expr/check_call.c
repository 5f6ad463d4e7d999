/* Operators and functions: which ones there are, what they take and give. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/check.h"

/* --- Operators ------------------------------------------------------------------------------------------------------- */

static bool is_number(enum expr_kind kind)
{
    return kind == EXPR_INT || kind == EXPR_UINT || kind == EXPR_DOUBLE;
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
    node->type = check_simple(EXPR_BOOL);
    return check_is(&node->nodes[0]->type, EXPR_BOOL);
}

static bool rule_negate(struct node *node)
{
    node->type = node->nodes[0]->type;
    return check_is(&node->type, EXPR_INT) || node->type.kind == EXPR_DOUBLE;
}

static bool rule_logic(struct node *node)
{
    node->type = check_simple(EXPR_BOOL);
    return check_is(&node->nodes[0]->type, EXPR_BOOL) && check_is(&node->nodes[1]->type, EXPR_BOOL);
}

static bool rule_condition(struct node *node)
{
    const struct expr_type *a = &node->nodes[1]->type;
    const struct expr_type *b = &node->nodes[2]->type;
    node->type = check_same(a, b) ? *a : check_dyn;
    return check_is(&node->nodes[0]->type, EXPR_BOOL) && check_agree(a, b);
}

static bool rule_equal(struct node *node)
{
    node->type = check_simple(EXPR_BOOL);
    return check_agree(&node->nodes[0]->type, &node->nodes[1]->type);
}

static bool rule_order(struct node *node)
{
    const struct expr_type *a = &node->nodes[0]->type;
    const struct expr_type *b = &node->nodes[1]->type;
    enum expr_kind known = known_of(node).kind;
    node->type = check_simple(EXPR_BOOL);
    if (is_number(a->kind) && is_number(b->kind)) {
        return true;
    }
    bool has_order = is_number(known) || known == EXPR_BOOL || known == EXPR_STRING ||
                     known == EXPR_BYTES || known == EXPR_TIMESTAMP || known == EXPR_DURATION ||
                     known == EXPR_DYN;
    return has_order && check_agree(a, b);
}

static bool rule_in(struct node *node)
{
    const struct expr_type *item = &node->nodes[0]->type;
    const struct expr_type *in = &node->nodes[1]->type;
    node->type = check_simple(EXPR_BOOL);
    return in->kind == EXPR_DYN ||
           (in->kind == EXPR_LIST && check_agree(item, check_element(in))) ||
           (in->kind == EXPR_MAP && check_agree(item, check_key(in)));
}

/* time + length, length + time, time - length, time - time, length ± length. */
static bool rule_time(struct node *node)
{
    enum expr_kind a = node->nodes[0]->type.kind;
    enum expr_kind b = node->nodes[1]->type.kind;
    bool is_sum = node->op == EXPR_OP_ADD;
    if ((a == EXPR_DYN || b == EXPR_DYN)) {
        node->type = check_dyn;
        return true;
    }
    if (a == EXPR_TIMESTAMP && b == EXPR_TIMESTAMP) {
        node->type = check_simple(EXPR_DURATION);
        return !is_sum;
    }
    node->type = check_simple(a == b ? EXPR_DURATION : EXPR_TIMESTAMP);
    bool is_first = (a == EXPR_TIMESTAMP || a == EXPR_DURATION) && b == EXPR_DURATION;
    return is_first || (is_sum && a == EXPR_DURATION && b == EXPR_TIMESTAMP);
}

static bool is_time(enum expr_kind kind)
{
    return kind == EXPR_TIMESTAMP || kind == EXPR_DURATION;
}

static bool rule_add(struct node *node)
{
    bool is_good = check_agree(&node->nodes[0]->type, &node->nodes[1]->type);
    node->type = known_of(node);
    enum expr_kind kind = node->type.kind;
    if (is_time(kind) || is_time(node->nodes[1]->type.kind)) {
        return rule_time(node);
    }
    if (kind == EXPR_LIST && !check_same(&node->nodes[0]->type, &node->nodes[1]->type)) {
        node->type.element = NULL;
    }
    return is_good && (is_number(kind) || kind == EXPR_STRING || kind == EXPR_BYTES ||
                       kind == EXPR_LIST || kind == EXPR_DYN);
}

static bool rule_arithmetic(struct node *node)
{
    bool is_good = check_agree(&node->nodes[0]->type, &node->nodes[1]->type);
    node->type = known_of(node);
    enum expr_kind kind = node->type.kind;
    if (node->op == EXPR_OP_SUBTRACT && (is_time(kind) || is_time(node->nodes[1]->type.kind))) {
        return rule_time(node);
    }
    bool is_taken =
        node->op == EXPR_OP_MODULO ? kind == EXPR_INT || kind == EXPR_UINT : is_number(kind);
    return is_good && (is_taken || kind == EXPR_DYN);
}

/* On an optional, or behind a question mark, the index makes an optional; check_call wraps the element's type. */
static bool rule_index(struct node *node)
{
    const struct expr_type *in = &node->nodes[0]->type;
    const struct expr_type *key = &node->nodes[1]->type;
    if (in->kind == EXPR_OPTIONAL) {
        in = check_element(in);
    }
    node->type = *check_element(in);
    if (in->kind == EXPR_DYN) {
        return true;
    }
    return in->kind == EXPR_LIST ? check_is(key, EXPR_INT)
                                 : in->kind == EXPR_MAP && check_agree(key, check_key(in));
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
};

/* --- Overloads of functions ------------------------------------------------------------------------------------------ */

struct function {
    const char *name;
    const char *overloads; /* NULL: an operator */
};

static const struct function functions[EXPR_OP_COUNT] = {
#define EXPR_OPERATOR(name, text) [EXPR_OP_##name] = {text, NULL},
#define EXPR_FUNCTION(name, text, overloads, builtin) [EXPR_OP_##name] = {text, overloads},
#include "core/expr/op.def"
#undef EXPR_OPERATOR
#undef EXPR_FUNCTION
};

/* One overload: "s", "i" …, in the letters of op.def. */
struct overload {
    bool is_member;
    const char *arguments;
    size_t count;
    bool is_repeated; /* the last one, any number of times */
    char result;
};

/* Reads the overload at `text`, and answers where the next one begins, or NULL. */
static const char *read_overload(const char *text, struct overload *ret_overload)
{
    const char *arrow = strchr(text, '>');
    sw_assert(arrow != NULL);
    ret_overload->is_member = *text == '.';
    ret_overload->arguments = text + (*text == '.' ? 1 : 0);
    ret_overload->count = (size_t)(arrow - ret_overload->arguments);
    ret_overload->is_repeated = ret_overload->count > 0 && arrow[-1] == '+';
    ret_overload->count -= ret_overload->is_repeated ? 1 : 0;
    ret_overload->result = arrow[1];
    return arrow[2] == '\0' ? NULL : arrow + 3;
}

static bool has_shape(const struct overload *overload, const struct node *node)
{
    return overload->is_member == node->is_member &&
           (overload->is_repeated ? node->node_count >= overload->count
                                  : node->node_count == overload->count);
}

static enum expr_kind kind_of(char letter)
{
    static const char letters[] = "biudsytrTLMO";
    static const enum expr_kind kinds[] = {EXPR_BOOL,   EXPR_INT,   EXPR_UINT,      EXPR_DOUBLE,
                                           EXPR_STRING, EXPR_BYTES, EXPR_TIMESTAMP, EXPR_DURATION,
                                           EXPR_TYPE,   EXPR_LIST,  EXPR_MAP,       EXPR_OPTIONAL};
    const char *at = strchr(letters, letter);
    sw_assert(at != NULL && letter != '\0');
    return kinds[at - letters];
}

static bool takes(char letter, const struct node *node, size_t argument)
{
    const struct expr_type *type = &node->nodes[argument]->type;
    if (letter == 'x' || type->kind == EXPR_DYN) {
        return true;
    }
    if (letter == '=' || letter == 'E') {
        const struct expr_type *first = &node->nodes[0]->type;
        return check_agree(type, letter == '=' ? first : check_element(first));
    }
    if (letter == 'n') {
        return is_number(type->kind);
    }
    if (letter == 'S') {
        return type->kind == EXPR_LIST && check_is(check_element(type), EXPR_STRING);
    }
    return type->kind == kind_of(letter);
}

static bool takes_all(const struct overload *overload, const struct node *node)
{
    for (size_t i = 0; i < node->node_count; i++) {
        size_t letter = i < overload->count ? i : overload->count - 1;
        if (!takes(overload->arguments[letter], node, i)) {
            return false;
        }
    }
    return true;
}

static int give(struct checker *checker, const struct node *node, char result,
                struct expr_type *ret_type)
{
    static const struct expr_type string_type = {.kind = EXPR_STRING};
    switch (result) {
    case 'x':
        *ret_type = check_dyn;
        return 0;
    case 'S':
        *ret_type = (struct expr_type){.kind = EXPR_LIST, .element = &string_type};
        return 0;
    case '0':
        *ret_type = node->nodes[0]->type;
        return 0;
    case 'e':
        *ret_type = *check_element(&node->nodes[0]->type);
        return 0;
    case 'f':
        *ret_type = *check_element(&node->nodes[0]->type);
        *ret_type = check_same(ret_type, &node->nodes[1]->type) ? *ret_type : check_dyn;
        return 0;
    case 'Q':
        return check_make(checker, EXPR_OPTIONAL, &node->nodes[0]->type, ret_type);
    case 'c':
        *ret_type = node->nodes[0]->type;
        for (size_t i = 1; i < node->node_count; i++) {
            *ret_type = check_same(ret_type, &node->nodes[i]->type) ? *ret_type : check_dyn;
        }
        return 0;
    default:
        *ret_type = check_simple(kind_of(result));
        return 0;
    }
}

/* "startsWith is called as string.startsWith(string)", from the first overload. */
static int fail_shape(struct checker *checker, struct node *node, enum expr_op op)
{
    struct overload overload;
    char text[EXPR_ERROR_MAX_BYTES];
    char receiver[CHECK_TYPE_TEXT_BYTES] = "";
    size_t used = 0;
    (void)read_overload(functions[op].overloads, &overload);
    for (size_t i = 0; i < overload.count; i++) {
        char letter = overload.arguments[i];
        const char *name = letter == 'x' || letter == 'E' ? "value"
                           : letter == 'n'                ? "number"
                           : letter == 'S'                ? "list"
                           : letter == '='                ? "optional_type"
                                                          : expr_kind_name(kind_of(letter));
        bool is_receiver = overload.is_member && i == 0;
        if (is_receiver) {
            (void)snprintf(receiver, sizeof(receiver), "%s.", name);
            continue;
        }
        int wrote = snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? ", " : "", name);
        used += wrote > 0 && (size_t)wrote < sizeof(text) - used ? (size_t)wrote : 0;
    }
    text[used] = '\0';
    if (checker->env->is_unchecked) {
        node->kind = NODE_FAULT;
        node->fault = EXPR_FAULT_NO_OVERLOAD;
        node->type = check_dyn;
        return 0;
    }
    return check_fail_type(checker, node, "%s is called as %s%s(%s)", functions[op].name, receiver,
                           functions[op].name, text);
}

static int fail_types(struct checker *checker, struct node *node)
{
    enum { SHOWN_MAX = 3 };
    char text[EXPR_ERROR_MAX_BYTES] = "";
    size_t used = 0;
    size_t shown = node->node_count < SHOWN_MAX ? node->node_count : SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        char type[CHECK_TYPE_TEXT_BYTES];
        expr_type_format(&node->nodes[i]->type, type, sizeof(type));
        const char *before = i == 0 ? "" : i + 1 == shown ? " and " : ", ";
        int wrote = snprintf(text + used, sizeof(text) - used, "%s%s", before, type);
        used += wrote > 0 && (size_t)wrote < sizeof(text) - used ? (size_t)wrote : 0;
    }
    return check_fail_type(checker, node, "%s does not take %s", functions[node->op].name, text);
}

/* The result that all overloads which fit agree on; dyn when they do not. */
static int check_overloads(struct checker *checker, struct node *node)
{
    struct overload overload;
    bool is_found = false;
    struct expr_type result = check_dyn;
    for (const char *at = functions[node->op].overloads; at != NULL;) {
        at = read_overload(at, &overload);
        if (!has_shape(&overload, node) || !takes_all(&overload, node)) {
            continue;
        }
        struct expr_type one = check_dyn;
        int error = give(checker, node, overload.result, &one);
        if (error != 0) {
            return error;
        }
        result = !is_found || check_same(&one, &result) ? one : check_dyn;
        is_found = true;
    }
    node->type = result;
    return is_found ? 0 : fail_types(checker, node);
}

/* --- Calls ----------------------------------------------------------------------------------------------------------- */

static bool is_shape_of(enum expr_op op, const struct node *node)
{
    struct overload overload;
    for (const char *at = functions[op].overloads; at != NULL;) {
        at = read_overload(at, &overload);
        if (has_shape(&overload, node)) {
            return true;
        }
    }
    return false;
}

static enum expr_op find_function(struct str name)
{
    for (int op = EXPR_OP_UNKNOWN + 1; op < EXPR_OP_COUNT; op++) {
        if (functions[op].overloads != NULL && str_is(name, functions[op].name)) {
            return (enum expr_op)op;
        }
    }
    return EXPR_OP_UNKNOWN;
}

/* "math.abs" is a name of its own: its receiver is no value. */
static enum expr_op find_qualified(const struct checker *checker, struct node *node)
{
    char name[CHECK_TYPE_TEXT_BYTES];
    const struct node *space = node->is_member ? node->nodes[0] : NULL;
    if (space == NULL || space->kind != NODE_NAME || check_is_local(checker, space->name)) {
        return EXPR_OP_UNKNOWN;
    }
    int len = snprintf(name, sizeof(name), "%.*s.%.*s", (int)space->name.len, space->name.at,
                       (int)node->name.len, node->name.at);
    if (len < 0 || (size_t)len >= sizeof(name)) {
        return EXPR_OP_UNKNOWN;
    }
    enum expr_op op = find_function((struct str){name, (size_t)len});
    if (op != EXPR_OP_UNKNOWN) {
        node->is_member = false;
        node->nodes++;
        node->node_count--;
    }
    return op;
}

/* A call by name: which function, and whether it is called as it must be. */
static int check_function(struct checker *checker, struct node *node)
{
    enum expr_op op = find_qualified(checker, node);
    op = op != EXPR_OP_UNKNOWN ? op : find_function(node->name);
    if (op == EXPR_OP_UNKNOWN) {
        struct near near = near_start(node->name);
        for (int i = EXPR_OP_UNKNOWN + 1; i < EXPR_OP_COUNT; i++) {
            if (functions[i].overloads != NULL) {
                near_offer(&near, str_of(functions[i].name));
            }
        }
        macro_offer(&near);
        return check_fail_name(checker, node, "function", &near);
    }
    if (!is_shape_of(op, node)) {
        return fail_shape(checker, node, op);
    }
    node->op = op;
    return 0;
}

int check_call(struct checker *checker, struct node *node)
{
    int error = node->op == EXPR_OP_UNKNOWN ? check_function(checker, node) : 0;
    if (error != 0 || node->kind == NODE_FAULT) {
        return error;
    }
    error = check_nodes(checker, node);
    if (error != 0) {
        return error;
    }
    if (rules[node->op] == NULL) {
        return check_overloads(checker, node);
    }
    if (!rules[node->op](node)) {
        return fail_types(checker, node);
    }
    bool is_optional = node->is_optional || node->nodes[0]->type.kind == EXPR_OPTIONAL;
    if (node->op == EXPR_OP_INDEX && is_optional) {
        struct expr_type element = node->type;
        return check_make(checker, EXPR_OPTIONAL, &element, &node->type);
    }
    return 0;
}

const char *expr_op_name(enum expr_op op)
{
    sw_assert(op < EXPR_OP_COUNT && functions[op].name != NULL);
    return functions[op].name;
}
