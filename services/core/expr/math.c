/* The math extension. */
#include <math.h>

#include "base/assert.h"
#include "core/expr/builtin.h"

static bool is_number(enum expr_kind kind)
{
    return kind == EXPR_INT || kind == EXPR_UINT || kind == EXPR_DOUBLE;
}

/* The largest or smallest of the arguments, or of a list of numbers; of equal ones the first. */
struct expr_value math_extreme(struct machine *machine, enum expr_op op,
                               const struct expr_value *args, size_t count)
{
    enum expr_op better = op == EXPR_OP_GREATEST ? EXPR_OP_GREATER : EXPR_OP_LESS;
    bool is_list = count == 1 && args[0].kind == EXPR_LIST;
    size_t total = is_list ? args[0].list.count : count;
    struct expr_value best = expr_no_overload();
    if (!machine_spend(machine, total)) {
        return best;
    }
    for (size_t i = 0; i < total; i++) {
        struct expr_value item = is_list ? expr_list_item(&args[0].list, i) : args[i];
        bool has_order = total == 1 || item.kind != EXPR_DOUBLE || !isnan(item.real);
        if (!is_number(item.kind) || !has_order) {
            return expr_no_overload();
        }
        if (i == 0 || expr_operate_order(better, &item, &best).boolean) {
            best = item;
        }
    }
    return best;
}

/* abs() and sign(). */
struct expr_value math_sign(struct machine *machine, enum expr_op op, const struct expr_value *args,
                            size_t count)
{
    bool is_abs = op == EXPR_OP_ABS;
    const struct expr_value *a = &args[0];
    (void)machine;
    (void)count;
    switch ((int)a->kind) {
    case EXPR_INT:
        if (!is_abs) {
            return expr_int((a->integer > 0) - (a->integer < 0));
        }
        return a->integer < 0 ? expr_operate_unary(EXPR_OP_NEGATE, a) : *a;
    case EXPR_UINT:
        return is_abs ? *a : expr_uint(a->natural > 0 ? 1 : 0);
    case EXPR_DOUBLE:
        if (is_abs) {
            return expr_double(fabs(a->real));
        }
        return isnan(a->real) ? *a : expr_double((double)((a->real > 0) - (a->real < 0)));
    default:
        return expr_no_overload();
    }
}

static double truncate(double value)
{
    return value < 0 ? -floor(-value) : floor(value);
}

struct expr_value math_round(struct machine *machine, enum expr_op op,
                             const struct expr_value *args, size_t count)
{
    (void)machine;
    if (!builtin_takes(args, count, "d")) {
        return expr_no_overload();
    }
    double value = args[0].real;
    double whole = truncate(value);
    switch ((int)op) {
    case EXPR_OP_CEIL:
        return expr_double(-floor(-value));
    case EXPR_OP_FLOOR:
        return expr_double(floor(value));
    case EXPR_OP_TRUNC:
        return expr_double(whole);
    default: /* halves go away from zero */
        return expr_double(fabs(value - whole) >= 0.5 ? whole + (value < 0 ? -1 : 1) : whole);
    }
}

struct expr_value math_sqrt(struct machine *machine, enum expr_op op, const struct expr_value *args,
                            size_t count)
{
    (void)machine;
    (void)op;
    (void)count;
    switch ((int)args[0].kind) {
    case EXPR_INT:
        return expr_double(sqrt((double)args[0].integer));
    case EXPR_UINT:
        return expr_double(sqrt((double)args[0].natural));
    case EXPR_DOUBLE:
        return expr_double(sqrt(args[0].real));
    default:
        return expr_no_overload();
    }
}

struct expr_value math_class(struct machine *machine, enum expr_op op,
                             const struct expr_value *args, size_t count)
{
    (void)machine;
    if (!builtin_takes(args, count, "d")) {
        return expr_no_overload();
    }
    double value = args[0].real;
    return expr_bool(op == EXPR_OP_IS_NAN   ? isnan(value)
                     : op == EXPR_OP_IS_INF ? isinf(value)
                                            : isfinite(value));
}

static uint64_t operate_bits(enum expr_op op, uint64_t a, uint64_t b)
{
    switch ((int)op) {
    case EXPR_OP_BIT_AND:
        return a & b;
    case EXPR_OP_BIT_OR:
        return a | b;
    case EXPR_OP_BIT_XOR:
        return a ^ b;
    default:
        return ~a;
    }
}

struct expr_value math_bits(struct machine *machine, enum expr_op op, const struct expr_value *args,
                            size_t count)
{
    const struct expr_value *other = count == 2 ? &args[1] : &args[0];
    (void)machine;
    if (args[0].kind != other->kind) {
        return expr_no_overload();
    }
    if (args[0].kind == EXPR_INT) {
        return expr_int(
            (int64_t)operate_bits(op, (uint64_t)args[0].integer, (uint64_t)other->integer));
    }
    return args[0].kind == EXPR_UINT ? expr_uint(operate_bits(op, args[0].natural, other->natural))
                                     : expr_no_overload();
}

/* Bits move as in a number without a sign; beyond 63 nothing stays. */
struct expr_value math_shift(struct machine *machine, enum expr_op op,
                             const struct expr_value *args, size_t count)
{
    (void)machine;
    bool is_int = builtin_takes(args, count, "ii");
    if (!is_int && !builtin_takes(args, count, "ui")) {
        return expr_no_overload();
    }
    int64_t by = args[1].integer;
    if (by < 0) {
        return expr_error(EXPR_FAULT_OVERFLOW);
    }
    uint64_t bits = is_int ? (uint64_t)args[0].integer : args[0].natural;
    bits = by > 63 ? 0 : op == EXPR_OP_SHIFT_LEFT ? bits << by : bits >> by;
    return is_int ? expr_int((int64_t)bits) : expr_uint(bits);
}
