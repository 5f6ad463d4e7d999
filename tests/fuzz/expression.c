/* The text of a rule's condition, with names of each kind of type, with its types checked and without; what
 * compiles is evaluated within its cost. */
#include <stdint.h>

#include "base/assert.h"
#include "core/expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool get(const struct expr_schema *schema, const void *at, size_t field,
                struct expr_value *ret_value)
{
    (void)schema;
    (void)at;
    *ret_value = field == 0 ? expr_string(STR_LITERAL("self_harm")) : expr_int(3);
    return field == 0;
}

static const struct expr_field fields[] = {
    {.name = "kind", .type = {.kind = EXPR_STRING}},
    {.name = "score", .type = {.kind = EXPR_INT}, .is_sealed = true}};
static const struct expr_schema schema = {
    .name = "event", .fields = fields, .field_count = 2, .get = get};
static const struct expr_variable variables[] = {
    {"event", {.kind = EXPR_OBJECT, .schema = &schema}},
    {"n", {.kind = EXPR_INT}},
    {"d", {.kind = EXPR_DOUBLE}},
    {"s", {.kind = EXPR_STRING}},
    {"items", {.kind = EXPR_LIST}},
    {"m", {.kind = EXPR_MAP}},
    {"t", {.kind = EXPR_TIMESTAMP}},
    {"r", {.kind = EXPR_DURATION}},
    {"o", {.kind = EXPR_OPTIONAL}},
    {"a.b", {.kind = EXPR_BYTES}},
    {"x", {.kind = EXPR_DYN}}};
enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expr_value items[] = {expr_int(1), expr_string(STR_LITERAL("a")), expr_null()};
    struct expr_entry entries[] = {{expr_string(STR_LITERAL("9")), expr_int(3)}};
    struct expr_value list = {.kind = EXPR_LIST, .list = {.at = items, .count = 3}};
    struct expr_value map = {.kind = EXPR_MAP, .map = {.at = entries, .count = 1}};
    struct expr_value optional = {.kind = EXPR_OPTIONAL, .inside = &map};
    const struct expr_value bindings[VARIABLES] = {expr_object(&schema, NULL),
                                                   expr_int(7),
                                                   expr_double(0.5),
                                                   expr_string(STR_LITERAL("文")),
                                                   list,
                                                   map,
                                                   expr_timestamp_ms(1709251199999),
                                                   expr_duration_ns(-90000000001),
                                                   optional,
                                                   expr_bytes(STR_LITERAL("\xff\x00")),
                                                   expr_uint(2)};
    struct str source = {.at = (const char *)data, .len = size};
    struct arena arena;
    arena_init(&arena, 32 * 1024 * 1024);
    for (int i = 0; i < 2; i++) {
        struct expr_env env = {.variables = variables, .count = VARIABLES, .is_unchecked = i == 1};
        struct expr_error error = {.line = 0};
        const struct expr *expr = NULL;
        if (expr_compile(source, &env, &arena, &error, &expr) == 0) {
            const struct expr_run run = {bindings, &arena, 100000};
            struct expr_value value = expr_evaluate(expr, &run);
            sw_assert(value.kind != EXPR_DYN);
        } else {
            sw_assert(error.line > 0 && error.column > 0);
        }
    }
    arena_fini(&arena);
    return 0;
}
