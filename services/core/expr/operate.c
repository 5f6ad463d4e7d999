/* Operators on values: numbers with their bounds, order, equality. */

#include "base/assert.h"
#include "core/expr/node.h"

static struct expr_value no_overload(void)
{
    return expr_error(EXPR_FAULT_NO_OVERLOAD);
}

/* --- Order ----------------------------------------------------------------------------------------------------------- */

enum order { ORDER_LESS = -1, ORDER_EQUAL = 0, ORDER_GREATER = 1, ORDER_NONE = 2 };

static bool is_number(const struct expr_value *value)
{
    return value->kind == EXPR_INT || value->kind == EXPR_UINT || value->kind == EXPR_DOUBLE;
}

static enum order reversed(enum order order)
{
    return order == ORDER_NONE ? ORDER_NONE : (enum order)(-(int)order);
}

static enum order order_of(bool is_less, bool is_greater)
{
    return is_less ? ORDER_LESS : is_greater ? ORDER_GREATER : ORDER_EQUAL;
}

static enum order order_doubles(double a, double b)
{
    return a != a || b != b ? ORDER_NONE : order_of(a<b, a> b);
}

/* As CEL does it: inside their range, integers are compared with a double as the double nearest to them. */
static enum order order_int_double(int64_t a, double b)
{
    const double two_63 = 9223372036854775808.0;
    if (b > two_63 || b < -two_63) {
        return order_of(b > 0, b < 0);
    }
    return order_doubles((double)a, b);
}

static enum order order_uint_double(uint64_t a, double b)
{
    const double two_64 = 18446744073709551616.0;
    if (b > two_64 || b < 0) {
        return order_of(b > 0, b < 0);
    }
    return order_doubles((double)a, b);
}

static enum order order_int_uint(int64_t a, uint64_t b)
{
    if (a < 0) {
        return ORDER_LESS;
    }
    return order_of((uint64_t)a<b, (uint64_t)a> b);
}

static enum order order_numbers(const struct expr_value *a, const struct expr_value *b)
{
    if (a->kind == EXPR_DOUBLE && b->kind == EXPR_DOUBLE) {
        return order_doubles(a->real, b->real);
    }
    if (a->kind == EXPR_INT && b->kind == EXPR_INT) {
        return order_of(a->integer<b->integer, a->integer> b->integer);
    }
    if (a->kind == EXPR_UINT && b->kind == EXPR_UINT) {
        return order_of(a->natural<b->natural, a->natural> b->natural);
    }
    if (b->kind == EXPR_DOUBLE) {
        return a->kind == EXPR_INT ? order_int_double(a->integer, b->real)
                                   : order_uint_double(a->natural, b->real);
    }
    if (a->kind == EXPR_INT && b->kind == EXPR_UINT) {
        return order_int_uint(a->integer, b->natural);
    }
    return reversed(order_numbers(b, a));
}

struct expr_value expr_operate_order(enum expr_op op, struct expr_value a, struct expr_value b)
{
    enum order order = ORDER_NONE;
    if (is_number(&a) && is_number(&b)) {
        order = order_numbers(&a, &b);
    } else if (a.kind != b.kind) {
        return no_overload();
    } else if (a.kind == EXPR_STRING || a.kind == EXPR_BYTES) {
        int compared = str_compare(a.text, b.text);
        order = order_of(compared<0, compared> 0);
    } else if (a.kind == EXPR_BOOL) {
        order = order_of(!a.boolean && b.boolean, a.boolean && !b.boolean);
    } else {
        return no_overload();
    }
    bool is_less = order == ORDER_LESS;
    bool is_equal = order == ORDER_EQUAL;
    bool is_greater = order == ORDER_GREATER;
    switch ((int)op) {
    case EXPR_OP_LESS:
        return expr_bool(is_less);
    case EXPR_OP_LESS_EQUAL:
        return expr_bool(is_less || is_equal);
    case EXPR_OP_GREATER:
        return expr_bool(is_greater);
    case EXPR_OP_GREATER_EQUAL:
        return expr_bool(is_greater || is_equal);
    default:
        sw_assert(!"an operator of order");
        return no_overload();
    }
}

/* --- Equality -------------------------------------------------------------------------------------------------------- */

static bool spend(uint64_t *cost, uint64_t amount)
{
    bool is_enough = *cost >= amount;
    *cost = is_enough ? *cost - amount : 0;
    return is_enough;
}

static bool equal_lists(const struct expr_list *a, const struct expr_list *b, uint64_t *cost)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!expr_equal(expr_list_item(a, i), expr_list_item(b, i), cost)) {
            return false;
        }
    }
    return true;
}

static bool has_entry(const struct expr_map *map, const struct expr_entry *wanted, uint64_t *cost)
{
    for (size_t i = 0; i < map->count; i++) {
        struct expr_entry entry = expr_map_entry(map, i);
        if (expr_equal(entry.key, wanted->key, cost)) {
            return expr_equal(entry.value, wanted->value, cost);
        }
    }
    return false;
}

static bool equal_maps(const struct expr_map *a, const struct expr_map *b, uint64_t *cost)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        struct expr_entry entry = expr_map_entry(a, i);
        if (!has_entry(b, &entry, cost)) {
            return false;
        }
    }
    return true;
}

bool expr_equal(struct expr_value a, struct expr_value b, uint64_t *cost)
{
    if (!spend(cost, 1)) {
        return false;
    }
    if (is_number(&a) && is_number(&b)) {
        return order_numbers(&a, &b) == ORDER_EQUAL;
    }
    if (a.kind != b.kind) {
        return false;
    }
    switch (a.kind) {
    case EXPR_NULL:
        return true;
    case EXPR_BOOL:
        return a.boolean == b.boolean;
    case EXPR_TIMESTAMP:
        return a.instant.seconds == b.instant.seconds && a.instant.nanos == b.instant.nanos;
    case EXPR_DURATION:
        return a.duration_ns == b.duration_ns;
    case EXPR_OPTIONAL:
        return a.inside == NULL || b.inside == NULL ? a.inside == b.inside
                                                    : expr_equal(*a.inside, *b.inside, cost);
    case EXPR_STRING:
    case EXPR_BYTES:
    case EXPR_TYPE:
        return spend(cost, a.text.len / 16) && str_equal(a.text, b.text);
    case EXPR_LIST:
        return equal_lists(&a.list, &b.list, cost);
    case EXPR_MAP:
        return equal_maps(&a.map, &b.map, cost);
    case EXPR_OBJECT:
        return a.object.schema == b.object.schema && a.object.at == b.object.at;
    case EXPR_INT:
    case EXPR_UINT:
    case EXPR_DOUBLE:
    case EXPR_DYN:
    case EXPR_ERROR:
        break;
    }
    sw_assert(!"a value that is there");
    return false;
}

/* --- Numbers --------------------------------------------------------------------------------------------------------- */

struct expr_value expr_operate_unary(enum expr_op op, struct expr_value a)
{
    if (op == EXPR_OP_NOT) {
        return a.kind == EXPR_BOOL ? expr_bool(!a.boolean) : no_overload();
    }
    sw_assert(op == EXPR_OP_NEGATE);
    if (a.kind == EXPR_INT) {
        return a.integer == INT64_MIN ? expr_error(EXPR_FAULT_OVERFLOW) : expr_int(-a.integer);
    }
    return a.kind == EXPR_DOUBLE ? expr_double(-a.real) : no_overload();
}

static struct expr_value operate_ints(enum expr_op op, int64_t a, int64_t b)
{
    int64_t result = 0;
    bool is_division = op == EXPR_OP_DIVIDE || op == EXPR_OP_MODULO;
    bool overflows = false;
    if (is_division && b == 0) {
        return expr_error(EXPR_FAULT_DIVIDE_BY_ZERO);
    }
    if (is_division && a == INT64_MIN && b == -1) {
        overflows = true;
    } else if (op == EXPR_OP_ADD) {
        overflows = __builtin_add_overflow(a, b, &result);
    } else if (op == EXPR_OP_SUBTRACT) {
        overflows = __builtin_sub_overflow(a, b, &result);
    } else if (op == EXPR_OP_MULTIPLY) {
        overflows = __builtin_mul_overflow(a, b, &result);
    } else {
        result = op == EXPR_OP_DIVIDE ? a / b : a % b;
    }
    return overflows ? expr_error(EXPR_FAULT_OVERFLOW) : expr_int(result);
}

static struct expr_value operate_uints(enum expr_op op, uint64_t a, uint64_t b)
{
    uint64_t result = 0;
    bool overflows = false;
    if ((op == EXPR_OP_DIVIDE || op == EXPR_OP_MODULO) && b == 0) {
        return expr_error(EXPR_FAULT_DIVIDE_BY_ZERO);
    }
    if (op == EXPR_OP_ADD) {
        overflows = __builtin_add_overflow(a, b, &result);
    } else if (op == EXPR_OP_SUBTRACT) {
        overflows = __builtin_sub_overflow(a, b, &result);
    } else if (op == EXPR_OP_MULTIPLY) {
        overflows = __builtin_mul_overflow(a, b, &result);
    } else {
        result = op == EXPR_OP_DIVIDE ? a / b : a % b;
    }
    return overflows ? expr_error(EXPR_FAULT_OVERFLOW) : expr_uint(result);
}

/* IEEE 754: division by zero gives an infinity or NaN. Not checked by UBSan as an error of ours. */
__attribute__((no_sanitize("float-divide-by-zero"))) static struct expr_value
operate_doubles(enum expr_op op, double a, double b)
{
    switch ((int)op) {
    case EXPR_OP_ADD:
        return expr_double(a + b);
    case EXPR_OP_SUBTRACT:
        return expr_double(a - b);
    case EXPR_OP_MULTIPLY:
        return expr_double(a * b);
    case EXPR_OP_DIVIDE:
        return expr_double(a / b);
    default:
        return no_overload();
    }
}

struct expr_value expr_operate_number(enum expr_op op, struct expr_value a, struct expr_value b)
{
    if (a.kind != b.kind) {
        return no_overload();
    }
    if (a.kind == EXPR_INT) {
        return operate_ints(op, a.integer, b.integer);
    }
    if (a.kind == EXPR_UINT) {
        return operate_uints(op, a.natural, b.natural);
    }
    return a.kind == EXPR_DOUBLE ? operate_doubles(op, a.real, b.real) : no_overload();
}
