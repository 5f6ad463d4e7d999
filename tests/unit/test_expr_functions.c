/* Functions, macros and optional values: what holds, and what each kind of mistake gives. */
#include <string.h>

#include "core/expr/expr.h"
#include "support/runner.h"

static struct arena arena;

static const struct zone_offset changes[] = {{0, 3600}, {INT64_C(1711846800000), 7200}};

/* A made-up zone that changes once, at 2024-03-31T01:00:00Z. */
static int find_zone(void *ctx, struct str name, struct zone *ret_zone)
{
    (void)ctx;
    *ret_zone = (struct zone){changes, 2};
    return str_is(name, "Made/Up") ? 0 : ERR_NOT_FOUND;
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 8 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct expr_value evaluate_within(const char *text, uint64_t cost_max)
{
    static const struct expr_variable variables[] = {{"x", {.kind = EXPR_DYN}}};
    static const struct expr_env env = {.variables = variables, .count = 1, .find_zone = find_zone};
    const struct expr_value bindings[] = {expr_int(7)};
    const struct expr_run how = {bindings, &arena, cost_max};
    struct expr_error error = {.line = 0};
    const struct expr *expr = NULL;
    if (expr_compile(str_of(text), &env, &arena, &error, &expr) != 0) {
        print_message("%s: %u:%u: %s\n", text, error.line, error.column, error.text);
    }
    assert_non_null(expr);
    return expr_evaluate(expr, &how);
}

static void assert_all_hold(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct expr_value value = evaluate_within(texts[i], 100000);
        if (value.kind != EXPR_BOOL || !value.boolean) {
            print_message("%s: %s\n", texts[i],
                          value.kind == EXPR_ERROR ? expr_fault_text(value.fault) : "false");
        }
        assert_int_equal(value.kind, EXPR_BOOL);
        assert_true(value.boolean);
    }
}

#define ASSERT_HOLD(texts) assert_all_hold(texts, sizeof(texts) / sizeof((texts)[0]))

static void assert_fault(const char *text, enum expr_fault fault)
{
    struct expr_value value = evaluate_within(text, 100000);
    if (value.kind != EXPR_ERROR || value.fault != fault) {
        print_message("%s: %s\n", text,
                      value.kind == EXPR_ERROR ? expr_fault_text(value.fault) : "a value");
    }
    assert_int_equal(value.kind, EXPR_ERROR);
    assert_int_equal(value.fault, fault);
}

static void test_expr_texts_count_code_points(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "size('守望 ok') == 5 && '守望'.charAt(1) == '望' && '守望'.charAt(2) == ''",
        "'守望守望'.indexOf('望') == 1 && '守望守望'.lastIndexOf('望') == 3",
        "'守望守望'.indexOf('望', 2) == 3 && '守望'.indexOf('') == 0 && '守望'.lastIndexOf('') == "
        "2",
        "'守望者'.substring(1) == '望者' && '守望者'.substring(1, 2) == '望'",
        "'守望'.reverse() == '望守' && '\\u3000 守 '.trim() == '守' && '  '.trim() == ''",
        "'a-b-c'.replace('-', '+') == 'a+b+c' && 'a-b-c'.replace('-', '', 1) == 'ab-c'",
        "'ab'.replace('', '.') == '.a.b.' && ''.replace('', 'x') == 'x'",
        "'守望'.split('') == ['守', '望'] && ''.split(',') == [''] && 'a,,b'.split(',') == ['a', "
        "'', 'b']",
        "'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'abc'.split('', 2) == ['a', 'bc']",
        "['a', 'b'].join(', ') == 'a, b' && ['a'].join() == 'a' && [].join('x') == ''",
        "'AbÄ'.lowerAscii() == 'abÄ' && 'ab{'.upperAscii() == 'AB{'",
        "b'\\xff'.size() == 1 && b'a' + b'b' == b'ab' && 'b' > 'a' && '望' > 'z'",
        "strings.quote('a\"\\n\\\\') == '\"a\\\\\"\\\\n\\\\\\\\\"'",
    };
    ASSERT_HOLD(texts);
    assert_fault("'守望'.charAt(3)", EXPR_FAULT_NO_SUCH_INDEX);
    assert_fault("'守望'.substring(2, 1)", EXPR_FAULT_NO_SUCH_INDEX);
    assert_fault("'守望'.indexOf('a', -1)", EXPR_FAULT_NO_SUCH_INDEX);
    assert_fault("[dyn('a'), dyn(1)].join()", EXPR_FAULT_NO_OVERLOAD);
}

static void test_expr_conversions_keep_the_value_or_fail(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "int('-9223372036854775808') == -9223372036854775807 - 1 && uint('18446744073709551615') > "
        "1u",
        "int(-1.9) == -1 && uint(1.9) == 1u && double('0.1') == 0.1 && double('-1') == -1.0",
        "string(0.1) == '0.1' && string(1e21) == '1e+21' && string(100.0) == '100' && string(-0.0) "
        "== '-0'",
        "string(5e-324) == '5e-324' && string(1.7976931348623157e308) == '1.7976931348623157e+308'",
        "string(0.1 + 0.2) == '0.30000000000000004' && string(1e20) == '100000000000000000000'",
        "string(2.5e-310) == '2.5e-310' && string(-1.5e22) == '-1.5e+22' && string(1.0 / 3.0) == "
        "'0.3333333333333333'",
        "'%s %d'.format([1e21, -2.50]) == '1000000000000000000000 -2.5'",
        "string(123456789012345680.0) == '123456789012345680' && string(0.000001) == '0.000001'",
        "double('NaN') != double('NaN') && string(double('-Infinity')) == '-Infinity'",
        "bytes('守') == b'\\xe5\\xae\\x88' && string(true) == 'true' && bool('False') == false",
        "type(1) == int && type([]) == list && type(type(1)) == type && type(null) == null_type",
    };
    ASSERT_HOLD(texts);
    assert_fault("int('9223372036854775808')", EXPR_FAULT_OVERFLOW);
    assert_fault("int(9.3e18)", EXPR_FAULT_OVERFLOW);
    assert_fault("int(double('NaN'))", EXPR_FAULT_OVERFLOW);
    assert_fault("uint(-1)", EXPR_FAULT_OVERFLOW);
    assert_fault("int(18446744073709551615u)", EXPR_FAULT_OVERFLOW);
    assert_fault("int(' 1')", EXPR_FAULT_BAD_TEXT);
    assert_fault("double('0x1p3')", EXPR_FAULT_BAD_TEXT);
    assert_fault("double('1e400')", EXPR_FAULT_OVERFLOW);
    assert_fault("bool('yes')", EXPR_FAULT_BAD_TEXT);
    assert_fault("string(b'\\xff')", EXPR_FAULT_BAD_UTF8);
}

static void test_expr_times_know_calendars_and_zones(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "timestamp('2024-02-29T23:59:59Z') + duration('1s') == timestamp('2024-03-01T00:00:00Z')",
        "timestamp('2024-02-29T08:00:00+08:00') == timestamp('2024-02-29T00:00:00Z')",
        "timestamp('2024-12-31T00:00:00Z').getDayOfYear() == 365",
        "timestamp('2023-12-31T00:00:00Z').getDayOfYear() == 364",
        "timestamp('2024-01-01T00:30:00Z').getFullYear('-01:00') == 2023",
        "timestamp('2026-11-24T18:00:00Z').getDate('+08:00') == 25",
        "timestamp('2026-11-24T18:00:00Z').getDayOfMonth() == 23",
        "timestamp('2026-11-22T00:00:00Z').getDayOfWeek() == 0",
        "timestamp('1969-12-31T23:59:59.5Z').getMilliseconds() == 500",
        "timestamp('1969-12-31T23:59:59.5Z').getSeconds() == 59 && "
        "timestamp('1969-12-31T23:59:59Z').getMonth() == 11",
        "timestamp('2024-03-31T00:59:59Z').getHours('Made/Up') == 1",
        "timestamp('2024-03-31T01:00:00Z').getHours('Made/Up') == 3",
        "timestamp(0) < timestamp(1) && duration('1h') > duration('59m59.999s')",
        "duration('-1h30m') == duration('-5400s') && duration('1.5h').getMinutes() == 90",
        "duration('1ms2us3ns') == duration('0.001002003s') && string(duration('-1.5s')) == '-1.5s'",
        "string(timestamp('0001-01-01T00:00:00Z')) == '0001-01-01T00:00:00Z'",
        "int(timestamp('1969-12-31T23:59:59.9Z')) == -1",
    };
    ASSERT_HOLD(texts);
    assert_fault("timestamp(string('2023-02-29T00:00:00Z'))", EXPR_FAULT_BAD_TEXT);
    assert_fault("timestamp(string('2023-02-28T24:00:00Z'))", EXPR_FAULT_BAD_TEXT);
    assert_fault("timestamp(string('2023-02-28T00:00:00'))", EXPR_FAULT_BAD_TEXT);
    assert_fault("timestamp(string('9999-12-31T23:59:59-01:00'))", EXPR_FAULT_OVERFLOW);
    assert_fault("duration(string('1'))", EXPR_FAULT_BAD_TEXT);
    assert_fault("duration(string(''))", EXPR_FAULT_BAD_TEXT);
    assert_fault("duration('9223372036s') + duration('1s')", EXPR_FAULT_OVERFLOW);
    assert_fault("duration(string('99999999999999999999h'))", EXPR_FAULT_OVERFLOW);
    assert_fault("timestamp(0).getHours(string(x) + 'Made/Up')", EXPR_FAULT_NO_SUCH_ZONE);
}

static void test_expr_macros_absorb_what_cel_absorbs(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "![1, 0].all(i, 1 / i > 5) && [0, 1].exists(i, 1 / i == 1)",
        "[[1, 2], [3]].all(row, row.exists(i, i % 2 == 1 && row[0] > 0))",
        "[1, 2, 3].filter(i, i > 1).map(i, i * i) == [4, 9] && [1, 2].map(i, i > 1, i) == [2]",
        "[1, 1].exists_one(i, i == 1) == false && {'a': 1, 'b': 2}.map(k, k) == ['a', 'b']",
        "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [5].transformMap(i, v, v) == {0: 5}",
        "['a', 'b'].transformMapEntry(i, v, {v: i}) == {'a': 0, 'b': 1}",
        "[3, 4].transformList(i, v, i > 0, v + i) == [5] && [].all(i, false) && ![].exists(i, "
        "true)",
        "cel.bind(y, x + 1, y * y) == 64 && cel.bind(x, 1, cel.bind(x, x + 1, x)) == 2 && x == 7",
        "[1].map(x, [2].map(y, x + y)[0])[0] + x == 10",
    };
    ASSERT_HOLD(texts);
    assert_fault("[1, 0].all(i, 1 / i > 0)", EXPR_FAULT_DIVIDE_BY_ZERO);
    assert_fault("[1, 0].filter(i, 1 / i > 0)", EXPR_FAULT_DIVIDE_BY_ZERO);
    assert_fault("[1, 0].map(i, 1 / i)", EXPR_FAULT_DIVIDE_BY_ZERO);
    assert_fault("dyn(x).exists(i, true)", EXPR_FAULT_NO_OVERLOAD);
    assert_fault("['a', 'a'].transformMapEntry(i, v, {v: i})", EXPR_FAULT_REPEATED_KEY);
}

static void test_expr_optionals_chain(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{'a': {'b': 1}}.?a.?b.value() == 1 && !{'a': {}}.?a.?b.hasValue()",
        "{'a': 1}[?'b'].orValue(2) == 2 && [1][?1].or(optional.of(3)).value() == 3",
        "optional.of(1).optMap(y, y + 1) == optional.of(2)",
        "optional.none().optFlatMap(y, optional.of(y)) == optional.none()",
        "[?optional.none(), 1, ?optional.of(2)] == [1, 2] && {?'a': optional.none(), 'b': 1} == "
        "{'b': 1}",
        "!optional.ofNonZeroValue('').hasValue() && optional.ofNonZeroValue([0]).hasValue()",
    };
    ASSERT_HOLD(texts);
    static const char *const lazy[] = {
        "optional.of(1).orValue(1 / 0) == 1 && optional.of(1).or(optional.of(1 / 0)).value() == 1",
        "optional.none().orValue(2) == 2 && optional.none().or(optional.of(3)).value() == 3",
    };
    ASSERT_HOLD(lazy);
    assert_fault("optional.none().orValue(1 / 0)", EXPR_FAULT_DIVIDE_BY_ZERO);
    assert_fault("{'a': [1][2]}.?b.hasValue()", EXPR_FAULT_NO_SUCH_INDEX); /* is no "not there" */
    assert_fault("[1][?[1][2]].hasValue()", EXPR_FAULT_NO_SUCH_INDEX);
    assert_fault("math.greatest(1, 0.0 / 0.0)", EXPR_FAULT_NO_OVERLOAD);
    assert_fault("optional.none().value()", EXPR_FAULT_NO_VALUE);
    assert_fault("[?dyn(1)]", EXPR_FAULT_NO_OVERLOAD);
}

static void test_expr_format_says_every_kind(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "'%s|%d|%x|%X|%o|%b|%%'.format([null, -5, -255, 255, 8, true]) == 'null|-5|-ff|FF|10|1|%'",
        "'%s'.format([{'b': [1, 2.5, 'x'], 'a': duration('1s')}]) == '{a: 1s, b: [1, 2.5, x]}'",
        "'%s'.format([{2: true, 1u: int, 'k': timestamp(0)}]) == '{1: int, 2: true, k: "
        "1970-01-01T00:00:00Z}'",
        "'%.2f %.0e %f'.format([1.005, 12345.0, 1u]) == '1.00 1e+04 1.000000'",
    };
    ASSERT_HOLD(texts);
    assert_fault("'%'.format([])", EXPR_FAULT_BAD_FORMAT);
    assert_fault("'%.f'.format([1.0])", EXPR_FAULT_BAD_FORMAT);
    assert_fault("'%.999f'.format([1.0])", EXPR_FAULT_BAD_FORMAT);
    assert_fault("'%d'.format(['1'])", EXPR_FAULT_BAD_FORMAT);
}

enum { TEXT_BYTES = 4096 };

static void surround(char text[TEXT_BYTES], const char *before, const char *after)
{
    size_t first = strlen(before);
    size_t len = strlen(text);
    assert_true(first + len + strlen(after) < TEXT_BYTES);
    memmove(text + first, text, len);
    memcpy(text, before, first);
    memcpy(text + first + len, after, strlen(after) + 1);
}

static void test_expr_cost_ends_what_would_not_end(void **state)
{
    (void)state;
    /* 2^30 items; each doubling is paid for before it is made */
    char text[TEXT_BYTES] = "[1, 2]";
    for (int i = 0; i < 30; i++) {
        surround(text, "cel.bind(y, ", ", y + y)");
    }
    assert_fault(text, EXPR_FAULT_COST);
    size_t used = arena.used_bytes;
    assert_true(used < 4 * 1024 * 1024);
    assert_int_equal(evaluate_within("[1, 2, 3].all(i, i > 0) || true", 12).fault, EXPR_FAULT_COST);
    assert_int_equal(evaluate_within("true || 1 / 0 > x", 12).kind, EXPR_BOOL);
    /* values nested far deeper than any tree */
    memcpy(text, "[1]", sizeof("[1]"));
    for (int i = 0; i < 12; i++) {
        surround(text, "cel.bind(y, ", ", [[[[[[[[[[[[[[[[[[[[y]]]]]]]]]]]]]]]]]]]])");
    }
    surround(text, "'%s'.format([", "])");
    assert_fault(text, EXPR_FAULT_DEPTH);
    memmove(text, text + strlen("'%s'.format(["), strlen(text));
    text[strlen(text) - 2] = '\0';
    surround(text, "cel.bind(z, ", ", z == z)");
    assert_fault(text, EXPR_FAULT_COST);
}

/* With each bound on memory from nothing on, it is compiled or refused, and then has its value or says that there was no room. */
static void test_expr_every_bound_on_memory_is_told(void **state)
{
    (void)state;
    static const char text[] = "[1, 2, 3].map(i, {'k': string(i) + 'x', ?'l': "
                               "optional.of(i)}).filter(m, m.k.matches('^[1-2]x+$'))"
                               ".all(m, '%s %f'.format([m, 1.5]).split(' ', "
                               "x).join('-').replace('l', 'ü').trim().size() > x && "
                               "cel.bind(t, timestamp(x) + duration('1h'), t.getHours('Made/Up') "
                               "== 2 && t.getHours() == 1) && "
                               "strings.quote(m.k).upperAscii().reverse() != m.k.matches(m.k) ? "
                               "'a' : 'b' || [x] + [i] != [1.0]) || true";
    static const struct expr_variable variables[] = {{"x", {.kind = EXPR_DYN}},
                                                     {"i", {.kind = EXPR_DYN}}};
    static const struct expr_env env = {
        .variables = variables, .count = 2, .find_zone = find_zone, .is_unchecked = true};
    const struct expr_value bindings[] = {expr_int(7), expr_int(1)};
    size_t refused = 0;
    size_t spent = 0;
    for (size_t bytes = 0; bytes < 200000; bytes += 48) {
        struct arena small;
        struct expr_error error;
        const struct expr *expr = NULL;
        arena_init(&small, bytes);
        int code = expr_compile(STR_LITERAL(text), &env, &small, &error, &expr);
        if (code != 0) {
            assert_int_equal(code, ERR_MEMORY);
            refused++;
        } else {
            const struct expr_run how = {bindings, &small, 100000};
            struct expr_value value = expr_evaluate(expr, &how);
            bool is_spent = value.kind == EXPR_ERROR && value.fault == EXPR_FAULT_MEMORY;
            assert_true(is_spent || (value.kind == EXPR_BOOL && value.boolean));
            spent += is_spent ? 1 : 0;
        }
        arena_fini(&small);
    }
    assert_true(refused > 10 && spent > 10 && refused + spent < 4000);
}

static void test_expr_unchecked_fails_when_it_is_evaluated(void **state)
{
    (void)state;
    static const struct expr_variable variables[] = {{"a.b", {.kind = EXPR_INT}},
                                                     {"b", {.kind = EXPR_INT}}};
    const struct expr_env env = {
        .variables = variables, .count = 2, .container = "a.c", .is_unchecked = true};
    const struct expr_value bindings[] = {expr_int(1), expr_int(2)};
    const struct expr_run how = {bindings, &arena, 1000};
    static const struct {
        const char *text;
        enum expr_kind kind;
    } cases[] = {{"nobody == 1 || b == 1", EXPR_BOOL},
                 {"nobody == 1", EXPR_ERROR},
                 {".b == 2 && a.b == 1 && b == 1", EXPR_BOOL},
                 {"1 + 'a'", EXPR_ERROR},
                 {"unknown(1)", EXPR_ERROR}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct expr_error error;
        const struct expr *expr = NULL;
        assert_int_equal(expr_compile(str_of(cases[i].text), &env, &arena, &error, &expr), 0);
        struct expr_value value = expr_evaluate(expr, &how);
        assert_int_equal(value.kind, cases[i].kind);
        assert_true(value.kind == EXPR_ERROR || value.boolean);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expr_texts_count_code_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_conversions_keep_the_value_or_fail, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_expr_times_know_calendars_and_zones, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_expr_macros_absorb_what_cel_absorbs, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_expr_optionals_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_format_says_every_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_cost_ends_what_would_not_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_every_bound_on_memory_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expr_unchecked_fails_when_it_is_evaluated, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
