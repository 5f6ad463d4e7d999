/* Operators on values: numbers with their bounds, order, equality. */

#include "base/assert.h"
#include "core/expr/builtin.h"

struct expr_value expr_no_overload(void)
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

/* Of values of one kind. */
static enum order order_same(const struct expr_value *a, const struct expr_value *b)
{
    switch ((int)a->kind) {
    case EXPR_STRING:
    case EXPR_BYTES: {
        int compared = str_compare(a->text, b->text);
        return order_of(compared<0, compared> 0);
    }
    case EXPR_BOOL:
        return order_of(!a->boolean && b->boolean, a->boolean && !b->boolean);
    case EXPR_TIMESTAMP:
        return a->instant.seconds != b->instant.seconds
                   ? order_of(a->instant.seconds<b->instant.seconds, a->instant.seconds> b->instant
                                  .seconds)
                   : order_of(
                         a->instant.nanos<b->instant.nanos, a->instant.nanos> b->instant.nanos);
    case EXPR_DURATION:
        return order_of(a->duration_ns<b->duration_ns, a->duration_ns> b->duration_ns);
    default:
        return ORDER_NONE;
    }
}

static bool has_order(enum expr_kind kind)
{
    return kind == EXPR_STRING || kind == EXPR_BYTES || kind == EXPR_BOOL ||
           kind == EXPR_TIMESTAMP || kind == EXPR_DURATION;
}

struct expr_value expr_operate_order(enum expr_op op, const struct expr_value *a,
                                     const struct expr_value *b)
{
    bool are_numbers = is_number(a) && is_number(b);
    if (!are_numbers && (a->kind != b->kind || !has_order(a->kind))) {
        return expr_no_overload();
    }
    enum order order = are_numbers ? order_numbers(a, b) : order_same(a, b);
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
        return expr_no_overload();
    }
}

/* --- Equality -------------------------------------------------------------------------------------------------------- */

static bool spend(uint64_t *cost, uint64_t amount)
{
    bool is_enough = *cost > amount;
    *cost = is_enough ? *cost - amount : 0;
    return is_enough;
}

static bool equal(const struct expr_value *a, const struct expr_value *b, uint64_t *cost,
                  int depth);

static bool equal_lists(const struct expr_list *a, const struct expr_list *b, uint64_t *cost,
                        int depth)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        struct expr_value one = expr_list_item(a, i);
        struct expr_value other = expr_list_item(b, i);
        if (!equal(&one, &other, cost, depth)) {
            return false;
        }
    }
    return true;
}

static bool has_entry(const struct expr_map *map, const struct expr_entry *wanted, uint64_t *cost,
                      int depth)
{
    for (size_t i = 0; i < map->count; i++) {
        struct expr_entry entry = expr_map_entry(map, i);
        if (equal(&entry.key, &wanted->key, cost, depth)) {
            return equal(&entry.value, &wanted->value, cost, depth);
        }
    }
    return false;
}

static bool equal_maps(const struct expr_map *a, const struct expr_map *b, uint64_t *cost,
                       int depth)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        struct expr_entry entry = expr_map_entry(a, i);
        if (!has_entry(b, &entry, cost, depth)) {
            return false;
        }
    }
    return true;
}

/* Of values of one kind, which is not a number's. */
static bool equal_same(const struct expr_value *a, const struct expr_value *b, uint64_t *cost,
                       int depth)
{
    switch (a->kind) {
    case EXPR_NULL:
        return true;
    case EXPR_BOOL:
        return a->boolean == b->boolean;
    case EXPR_TIMESTAMP:
        return a->instant.seconds == b->instant.seconds && a->instant.nanos == b->instant.nanos;
    case EXPR_DURATION:
        return a->duration_ns == b->duration_ns;
    case EXPR_STRING:
    case EXPR_BYTES:
    case EXPR_TYPE:
        return spend(cost, a->text.len / 16) && str_equal(a->text, b->text);
    case EXPR_LIST:
        return equal_lists(&a->list, &b->list, cost, depth);
    case EXPR_MAP:
        return equal_maps(&a->map, &b->map, cost, depth);
    case EXPR_OPTIONAL:
        return a->inside == NULL || b->inside == NULL ? a->inside == b->inside
                                                      : equal(a->inside, b->inside, cost, depth);
    case EXPR_OBJECT:
        return a->object.schema == b->object.schema && a->object.at == b->object.at;
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

static bool equal(const struct expr_value *a, const struct expr_value *b, uint64_t *cost, int depth)
{
    if (depth == 0) {
        *cost = 0; /* values can be nested deeper than any tree */
    }
    if (!spend(cost, 1)) {
        return false;
    }
    if (is_number(a) && is_number(b)) {
        return order_numbers(a, b) == ORDER_EQUAL;
    }
    return a->kind == b->kind && equal_same(a, b, cost, depth - 1);
}

bool expr_equal(const struct expr_value *a, const struct expr_value *b, uint64_t *cost)
{
    return equal(a, b, cost, EXPR_DEPTH_MAX);
}

/* --- Numbers --------------------------------------------------------------------------------------------------------- */

struct expr_value expr_operate_unary(enum expr_op op, const struct expr_value *a)
{
    if (op == EXPR_OP_NOT) {
        return a->kind == EXPR_BOOL ? expr_bool(!a->boolean) : expr_no_overload();
    }
    sw_assert(op == EXPR_OP_NEGATE);
    if (a->kind == EXPR_INT) {
        return a->integer == INT64_MIN ? expr_error(EXPR_FAULT_OVERFLOW) : expr_int(-a->integer);
    }
    return a->kind == EXPR_DOUBLE ? expr_double(-a->real) : expr_no_overload();
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
        return expr_no_overload();
    }
}

struct expr_value expr_operate_number(enum expr_op op, const struct expr_value *a,
                                      const struct expr_value *b)
{
    if (a->kind == EXPR_TIMESTAMP || a->kind == EXPR_DURATION) {
        return time_operate(op, a, b);
    }
    if (a->kind != b->kind) {
        return expr_no_overload();
    }
    if (a->kind == EXPR_INT) {
        return operate_ints(op, a->integer, b->integer);
    }
    if (a->kind == EXPR_UINT) {
        return operate_uints(op, a->natural, b->natural);
    }
    return a->kind == EXPR_DOUBLE ? operate_doubles(op, a->real, b->real) : expr_no_overload();
}
