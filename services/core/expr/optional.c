/* Optional values. */
#include "base/assert.h"
#include "core/expr/builtin.h"
#include "core/expr/machine_step.h"

/* What protobuf calls a default: null, false, 0, nothing in it. */
static bool is_zero(const struct expr_value *value)
{
    switch (value->kind) {
    case EXPR_NULL:
        return true;
    case EXPR_BOOL:
        return !value->boolean;
    case EXPR_INT:
        return value->integer == 0;
    case EXPR_UINT:
        return value->natural == 0;
    case EXPR_DOUBLE:
        return value->real == 0;
    case EXPR_STRING:
    case EXPR_BYTES:
        return value->text.len == 0;
    case EXPR_TIMESTAMP:
        return value->instant.seconds == 0 && value->instant.nanos == 0;
    case EXPR_DURATION:
        return value->duration_ns == 0;
    case EXPR_LIST:
        return value->list.count == 0;
    case EXPR_MAP:
        return value->map.count == 0;
    case EXPR_OPTIONAL:
        return value->inside == NULL;
    case EXPR_DYN:
    case EXPR_TYPE:
    case EXPR_OBJECT:
    case EXPR_ERROR:
        return false;
    }
    return false;
}

struct expr_value optional_make(struct machine *machine, enum expr_op op,
                                const struct expr_value *args, size_t count)
{
    bool is_none = count == 0 || (op == EXPR_OP_SOME_NON_ZERO && is_zero(&args[0]));
    return is_none ? expr_none() : machine_wrap(machine, &args[0]);
}

struct expr_value optional_take(struct machine *machine, enum expr_op op,
                                const struct expr_value *args, size_t count)
{
    (void)machine;
    if (!builtin_takes(args, count, "O")) {
        return expr_no_overload();
    }
    if (op == EXPR_OP_HAS_VALUE) {
        return expr_bool(args[0].inside != NULL);
    }
    return args[0].inside == NULL ? expr_error(EXPR_FAULT_NO_VALUE) : *args[0].inside;
}

/* The machine does without the other when there is a value. */
struct expr_value optional_or(struct machine *machine, enum expr_op op,
                              const struct expr_value *args, size_t count)
{
    (void)machine;
    (void)count;
    bool is_good =
        args[0].kind == EXPR_OPTIONAL && (op == EXPR_OP_OR_VALUE || args[1].kind == EXPR_OPTIONAL);
    sw_assert(!is_good || args[0].inside == NULL);
    return is_good ? args[1] : expr_no_overload();
}
