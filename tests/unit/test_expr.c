/* Expressions: places of errors, what is absorbed, bounds, and values that are reached and not copied. */
#include "core/expr/expr.h"

#include <string.h>

#include "support/runner.h"

static struct arena arena;

struct thing {
    int64_t count;
    struct str name;
    int64_t answers[3];
};

static void read_answer(const void *at, size_t index, struct expr_entry *ret_entry)
{
    static const char *const names[] = {"7", "8", "9"};
    ret_entry->key = expr_string(str_of(names[index]));
    ret_entry->value = expr_int(((const int64_t *)at)[index]);
}

static bool get_thing(const struct expr_schema *schema, const void *at, size_t field,
                      struct expr_value *ret_value)
{
    (void)schema;
    const struct thing *thing = at;
    if (field == 0) {
        *ret_value = expr_int(thing->count);
        return thing->count != 0;
    }
    if (field == 1) {
        *ret_value = expr_string(thing->name);
        return thing->name.len > 0;
    }
    *ret_value = (struct expr_value){.kind = EXPR_MAP, .map = {thing->answers, 3, read_answer}};
    return true;
}

static const struct expr_type string_type = {.kind = EXPR_STRING};
static const struct expr_type int_type = {.kind = EXPR_INT};
static const struct expr_field thing_fields[] = {
    {"count", {.kind = EXPR_INT}, false},
    {"name", {.kind = EXPR_STRING}, false},
    {"items", {.kind = EXPR_MAP, .key = &string_type, .element = &int_type}, true},
};
static const struct expr_schema thing_schema = {"event", thing_fields, 3, get_thing};
static const struct expr_variable variables[] = {
    {"event", {.kind = EXPR_OBJECT, .schema = &thing_schema}},
    {"features", {.kind = EXPR_INT}},
};
static const struct expr_env env = {.variables = variables, .count = 2};

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static const struct expr *compile(const char *text)
{
    struct expr_error error = {.line = 0};
    const struct expr *expr = NULL;
    if (expr_compile(str_of(text), &env, &arena, &error, &expr) != 0) {
        print_message("%s: %u:%u: %s\n", text, error.line, error.column, error.text);
    }
    assert_non_null(expr);
    return expr;
}

static struct expr_value evaluate_at_cost(const char *text, uint64_t cost_max)
{
    static const struct thing thing = {3, {"守望", 6}, {0, 1, 2}};
    const struct expr_value bindings[] = {expr_object(&thing_schema, &thing), expr_int(5)};
    const struct expr_run how = {bindings, &arena, cost_max};
    return expr_evaluate(compile(text), &how);
}

static struct expr_value evaluate(const char *text)
{
    return evaluate_at_cost(text, 10000);
}

static void assert_holds(const char *text)
{
    struct expr_value value = evaluate(text);
    if (value.kind != EXPR_BOOL || !value.boolean) {
        print_message("%s\n", text);
    }
    assert_int_equal(value.kind, EXPR_BOOL);
    assert_true(value.boolean);
}

static void test_expr_errors_name_place_and_nearest_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum expr_error_kind kind;
        uint32_t line;
        uint32_t column;
        const char *message;
    } cases[] = {
        {"event.conut > 1", EXPR_ERROR_NAME, 1, 7,
         "unknown field of event \"conut\": did you mean \"count\"?"},
        {"\"守望\" == evnt.name", EXPR_ERROR_NAME, 1, 9,
         "unknown name \"evnt\": did you mean \"event\"?"},
        {"event.name.startWith('a')", EXPR_ERROR_NAME, 1, 12,
         "unknown function \"startWith\": did you mean \"startsWith\"?"},
        {"event.count == 1 &&\n  event.name == 2", EXPR_ERROR_TYPE, 2, 14,
         "== does not take string and int"},
        {"event.count = 1", EXPR_ERROR_SYNTAX, 1, 13, "\"=\" is not expected here"},
        {"event.count ==", EXPR_ERROR_SYNTAX, 1, 15, "expected an expression, found the end"},
        {"(event.count", EXPR_ERROR_SYNTAX, 1, 13, "expected \")\", found the end"},
        {"[1, 2].exsts(x, x > 1)", EXPR_ERROR_NAME, 1, 8,
         "unknown function \"exsts\": did you mean \"exists\"?"},
        {"[1, 2].exists(item, itme > 1)", EXPR_ERROR_NAME, 1, 21,
         "unknown name \"itme\": did you mean \"item\"?"},
        {"[1, 2].exists(1, true)", EXPR_ERROR_SYNTAX, 1, 8,
         "exists is called as list.exists(x, condition)"},
        {"{'a': 1}.all(x, x, true)", EXPR_ERROR_SYNTAX, 1, 10,
         "all is called as list.all(x, condition)"},
        {"0X1F == 31", EXPR_ERROR_SYNTAX, 1, 1, "a number runs into a name"},
        {"optional.of(1).orValue('a')", EXPR_ERROR_TYPE, 1, 16,
         "orValue does not take optional_type(int) and string"},
        {"event.count.all(x, true)", EXPR_ERROR_TYPE, 1, 13,
         "all goes over a list or a map, not over int"},
        {"[1].filter(x, x)", EXPR_ERROR_TYPE, 1, 15, "expected a condition, found int"},
        {"event.name.matches('a[')", EXPR_ERROR_TYPE, 1, 20,
         "the pattern, at byte 3: a class is not closed"},
        {"timestamp(event.count).getHours('Asia/Shangai')", EXPR_ERROR_NAME, 1, 33,
         "no such time zone"},
        {"timestamp(0) - timestamp(1) > duration('14d')", EXPR_ERROR_TYPE, 1, 40,
         "no duration: numbers with h, m, s, ms, us or ns, as in 1h30m"},
        {"timestamp('2026-02-29T00:00:00Z') < timestamp(0)", EXPR_ERROR_TYPE, 1, 11,
         "no time from year 1 to 9999, as in 2026-11-24T08:00:00+08:00"},
        {"event.name.startsWith()", EXPR_ERROR_TYPE, 1, 12,
         "startsWith is called as string.startsWith(string)"},
        {"math.abs('a')", EXPR_ERROR_TYPE, 1, 6, "math.abs does not take string"},
        {"thing{count: 1}", EXPR_ERROR_UNSUPPORTED, 1, 6, "left out: construction of messages"},
        {"event.count.name", EXPR_ERROR_TYPE, 1, 13, "a value of type int has no field \"name\""},
        {"event.items[9] == 1", EXPR_ERROR_TYPE, 1, 12,
         "[] does not take map(string, int) and int"},
        {"has(event)", EXPR_ERROR_SYNTAX, 1, 1, "has() takes one field, as in has(event.gate)"},
        {"'abc", EXPR_ERROR_SYNTAX, 1, 1, "the text is not closed"},
        {"9223372036854775808", EXPR_ERROR_SYNTAX, 1, 1, "the number is out of range"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct expr_error error = {.line = 0};
        const struct expr *expr = NULL;
        assert_int_equal(expr_compile(str_of(cases[i].text), &env, &arena, &error, &expr),
                         ERR_INVALID);
        assert_string_equal(error.text, cases[i].message);
        assert_int_equal(error.kind, cases[i].kind);
        assert_int_equal(error.line, cases[i].line);
        assert_int_equal(error.column, cases[i].column);
        assert_null(expr);
    }
}

static void test_expr_reads_fields_maps_and_presence(void **state)
{
    (void)state;
    assert_holds("event.items['9'] == 2 && event.items[\"8\"] in [1, 2]");
    assert_holds("event.count >= 3 && features == 5");
    assert_holds("size(event.name) == 2 && event.name.size() == 2");
    assert_holds("event.name.startsWith('守') && event.name.endsWith('望')");
    assert_holds("has(event.name) && has(event.items) && 'a' in {'a': 1}");
    assert_holds("!has({'a': 1}.b) && {'a': 1}.a == 1");
    assert_holds("(event.count > 2 ? 'many' : 'few') == 'many'");
}

static void test_expr_logic_absorbs_errors(void **state)
{
    (void)state;
    assert_holds("event.items['x'] == 1 || true");
    assert_holds("true || event.items['x'] == 1");
    assert_holds("!(event.items['x'] == 1 && false)");
    assert_int_equal(evaluate("event.items['x'] == 1 && true").fault, EXPR_FAULT_NO_SUCH_KEY);
    assert_int_equal(evaluate("event.items['x'] == 1 || false").kind, EXPR_ERROR);
}

static void test_expr_arithmetic_never_wraps(void **state)
{
    (void)state;
    assert_int_equal(evaluate("9223372036854775807 + 1").fault, EXPR_FAULT_OVERFLOW);
    assert_int_equal(evaluate("-9223372036854775808 - 1").fault, EXPR_FAULT_OVERFLOW);
    assert_int_equal(evaluate("-(-9223372036854775808)").fault, EXPR_FAULT_OVERFLOW);
    assert_int_equal(evaluate("0u - 1u").fault, EXPR_FAULT_OVERFLOW);
    assert_int_equal(evaluate("1 / 0").fault, EXPR_FAULT_DIVIDE_BY_ZERO);
    assert_int_equal(evaluate("-9223372036854775808 / -1").fault, EXPR_FAULT_OVERFLOW);
    assert_holds("7 / 2 == 3 && -7 % 3 == -1 && 0.5 + 0.25 == 0.75 && 1e3 == 1000.0");
}

static void test_expr_evaluation_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(evaluate_at_cost("features + 2 + 3", 4).fault, EXPR_FAULT_COST);
    assert_int_equal(evaluate_at_cost("features + 2 + 3", 5).integer, 10);
    assert_int_equal(evaluate_at_cost("[1, features] == [1, features] && true", 9).fault,
                     EXPR_FAULT_COST);
    /* what is constant is computed once, when it is compiled */
    assert_int_equal(evaluate_at_cost("size('abc' + 'd') * 3 / 2 - 1", 1).integer, 5);
    assert_int_equal(evaluate_at_cost("1 / 0 + 1", 9).fault, EXPR_FAULT_DIVIDE_BY_ZERO);
    char text[2 * EXPR_DEPTH_MAX + 8];
    memset(text, '(', sizeof(text));
    struct expr_error error = {.line = 0};
    const struct expr *expr = NULL;
    assert_int_equal(expr_compile((struct str){text, sizeof(text)}, &env, &arena, &error, &expr),
                     ERR_INVALID);
    assert_int_equal(error.kind, EXPR_ERROR_BOUND);
    memset(text, '!', sizeof(text));
    assert_int_equal(expr_compile((struct str){text, sizeof(text)}, &env, &arena, &error, &expr),
                     ERR_INVALID);
    assert_int_equal(error.kind, EXPR_ERROR_BOUND);
}

static void test_expr_tells_what_it_reads(void **state)
{
    (void)state;
    assert_true(expr_reads_sealed(compile("event.items['9'] == 1")));
    assert_true(expr_reads_sealed(compile("has(event.items)")));
    assert_true(expr_reads_sealed(compile("has(dyn(event).items)")));
    assert_true(expr_reads_sealed(compile("[event].exists(e, e.items == {})")));
    assert_true(expr_reads_sealed(compile("cel.bind(e, [dyn(1), event], e[1].items)")));
    assert_true(expr_reads_sealed(compile("optional.of(event).?items.hasValue()")));
    assert_false(expr_reads_sealed(compile("dyn(event).count == 1")));
    assert_false(expr_reads_sealed(compile("event.count == 1")));
    assert_true(expr_uses(compile("features > 1"), 1));
    assert_false(expr_uses(compile("event.count == 1"), 1));
    assert_int_equal(expr_type_of(compile("event.name + 'x'")).kind, EXPR_STRING);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expr_errors_name_place_and_nearest_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_expr_reads_fields_maps_and_presence, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_expr_logic_absorbs_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_arithmetic_never_wraps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_evaluation_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_tells_what_it_reads, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
