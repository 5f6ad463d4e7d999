/* Values of expressions as JSON, cases of conformance files, and swctl's commands for both. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/runner.h"
#include "wire/expr_case.h"
#include "wire/expr_json.h"
#include "wire/json.h"

static void assert_shown(const char *source, const char *bindings, const char *expected)
{
    struct arena arena;
    struct fault fault;
    struct json_t *json = NULL;
    struct expr_env env;
    const struct expr_value *values = NULL;
    struct expr_error error;
    const struct expr *expr = NULL;
    struct str text;
    arena_init(&arena, 1 << 20);
    assert_int_equal(json_parse_text(str_of(bindings), &fault, &json), 0);
    assert_int_equal(expr_bindings_of_json(json, &arena, &env, &values), 0);
    assert_int_equal(expr_compile(str_of(source), &env, &arena, &error, &expr), 0);
    const struct expr_run run = {values, &arena, 10000};
    struct expr_value value = expr_evaluate(expr, &run);
    assert_int_equal(expr_value_write(&value, &arena, &text), 0);
    assert_string_equal(text.at, expected);
    json_drop(json);
    arena_fini(&arena);
}

static void test_wire_expr_values_are_json(void **state)
{
    (void)state;
    assert_shown("a + 1", "{\"a\": 41}", "42");
    assert_shown("[a, b, c, d, e]",
                 "{\"a\": 1.5, \"b\": \"守\", \"c\": true, \"d\": null, \"e\": {\"f\": [1]}}",
                 "[1.5, \"守\", true, null, {\"f\": [1]}]");
    assert_shown(
        "{1: b'a', 'k': timestamp(0), 'l': duration('1s'), 'm': int, 'n': optional.none()}", "{}",
        "{\"1\": \"YQ==\", \"k\": \"1970-01-01T00:00:00Z\", \"l\": \"1s\", \"m\": \"int\", \"n\": "
        "null}");
    assert_shown("[0.0 / 0.0, 18446744073709551615u, optional.of(2)]", "{}",
                 "[\"NaN\", \"18446744073709551615\", 2]");
}

static size_t counts[EXPR_CASE_VERDICTS];

static void tell(const struct expr_case *result, void *ctx)
{
    (void)ctx;
    counts[result->verdict]++;
}

static void test_wire_expr_cases_have_verdicts(void **state)
{
    (void)state;
    static const char cases[] = "{\"file\": \"f\", \"section\": \"s\", \"name\": \"1\", \"expr\": "
                                "\"1 + 1\", \"value\": {\"int64_value\": \"2\"}}\n"
                                "{\"expr\": \"1 + 1\", \"value\": {\"int64_value\": \"3\"}}\n"
                                "{\"expr\": \"1 + 1\", \"value\": {\"uint64_value\": \"2\"}}\n"
                                "{\"expr\": \"1 / 0\", \"eval_error\": {}}\n"
                                "{\"expr\": \"1\", \"eval_error\": {}}\n"
                                "{\"expr\": \"1 +\"}\n"
                                "\n"
                                "{\"expr\": \"Thing{}\"}\n"
                                "{\"expr\": \"true\"}\n";
    size_t line = 0;
    memset(counts, 0, sizeof(counts));
    assert_int_equal(expr_case_run(STR_LITERAL(cases), tell, NULL, &line), 0);
    assert_int_equal(counts[EXPR_CASE_PASSED], 3);
    assert_int_equal(counts[EXPR_CASE_FAILED], 4);
    assert_int_equal(counts[EXPR_CASE_OMITTED], 1);
    assert_int_equal(expr_case_run(STR_LITERAL("{\"expr\": \"1\"}\n[]\n"), tell, NULL, &line),
                     ERR_INVALID);
    assert_int_equal(line, 2);
}

/* The exit code, and what the command wrote on stdout. */
static int run(const char *command, char *out, size_t size)
{
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, size - 1, pipe)] = '\0';
    return WEXITSTATUS(pclose(pipe));
}

static void test_swctl_expr_eval_tells_the_value_or_the_place(void **state)
{
    char out[1024];
    (void)state;
    assert_int_equal(
        run(SW_SWCTL " expr eval 'event.n.map(x, x + 1)' --bindings '{\"event\": {\"n\": [1, 2]}}'",
            out, sizeof(out)),
        0);
    assert_string_equal(out, "[2, 3]\n");
    assert_int_equal(
        run(SW_SWCTL " --json expr eval 'evnt.n' --bindings '{\"event\": 1}'", out, sizeof(out)),
        1);
    assert_string_equal(out, "{\"error\": \"unknown name \\\"evnt\\\": did you mean "
                             "\\\"event\\\"?\", \"line\": 1, \"column\": 1}\n");
    assert_int_equal(run(SW_SWCTL " --json expr eval '1 / 0'", out, sizeof(out)), 1);
    assert_string_equal(out, "{\"error\": \"division by zero\"}\n");
    assert_int_equal(run(SW_SWCTL " expr eval 1 --bindings '[' 2>/dev/null", out, sizeof(out)), 2);
}

static void test_swctl_expr_test_counts_by_section(void **state)
{
    char out[1024];
    (void)state;
    assert_int_equal(run("echo '{\"file\": \"f\", \"section\": \"s\", \"name\": \"n\", \"expr\": "
                         "\"1 == 2\"}' | " SW_SWCTL " --json expr test -",
                         out, sizeof(out)),
                     1);
    assert_string_equal(out,
                        "{\"verdict\": \"failed\", \"file\": \"f\", \"section\": \"s\", \"name\": "
                        "\"n\", \"expr\": \"1 == 2\", "
                        "\"reason\": \"another value, of type bool\"}\n"
                        "{\"section\": \"f/s\", \"passed\": 0, \"failed\": 1, \"omitted\": 0}\n"
                        "{\"section\": \"all\", \"passed\": 0, \"failed\": 1, \"omitted\": 0}\n");
    assert_int_equal(
        run("echo '{\"expr\": \"1 == 1\"}' | " SW_SWCTL " expr test -", out, sizeof(out)), 0);
    assert_int_equal(run("echo x | " SW_SWCTL " expr test - 2>/dev/null", out, sizeof(out)), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_expr_values_are_json),
        cmocka_unit_test(test_wire_expr_cases_have_verdicts),
        cmocka_unit_test(test_swctl_expr_eval_tells_the_value_or_the_place),
        cmocka_unit_test(test_swctl_expr_test_counts_by_section),
    };
    return RUN_TESTS(argc, argv, tests);
}
