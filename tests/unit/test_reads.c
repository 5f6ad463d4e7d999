/* What a condition reads, and which of its terms alone kept it from holding. */
#include "core/rules/reads.h"
#include "core/rules/schema.h"
#include "support/runner.h"

static struct arena arena;
static const struct expr_variable variables[] = {
    {"event", {.kind = EXPR_OBJECT, .schema = &schema_event}},
    {"n", {.kind = EXPR_INT}},
    {"x", {.kind = EXPR_DOUBLE}},
};
static const struct expr_env env = {.variables = variables, .count = 3};

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct reads compile(const char *text)
{
    struct reads reads;
    assert_int_equal(reads_compile(str_of(text), &env, &arena, &reads), 0);
    return reads;
}

static void test_reads_lists_each_path_once(void **state)
{
    (void)state;
    struct reads reads = compile("event.kind == \"event.place\" && (event.score >= 2.5 || "
                                 "event.items['9'] == 1) && !event.refused && event.kind != 'x' && "
                                 "event.items[\"9\"] < 3 && size(event.signs) > 0");
    static const char *const paths[] = {"event.kind", "event.score", "event.items['9']",
                                        "event.refused"};
    assert_int_equal(reads.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_is(reads.items[i].path, paths[i]));
    }
}

static bool nearly(const char *text, int64_t n, double x)
{
    const struct event event = {.kind_name = STR_LITERAL("concern")};
    const struct expr_value bindings[] = {expr_object(&schema_event, &event), expr_int(n),
                                          expr_double(x)};
    const struct expr_run run = {bindings, &arena, 1000};
    const struct read_term *term = NULL;
    struct reads reads = compile(text);
    return reads_nearly(&reads, &run, &term);
}

static void test_reads_nearly_is_one_number_that_falls_short_by_little(void **state)
{
    (void)state;
    assert_true(nearly("event.kind == 'concern' && n >= 3", 2, 0));
    assert_true(nearly("n >= 3", 2, 0));
    assert_true(nearly("x > 20.0 && event.kind == 'concern'", 0, 18.5));
    assert_false(nearly("x > 20.0", 0, 17.9));
    assert_false(nearly("n >= 3", 1, 0));
    assert_false(nearly("n >= 1", 0, 0));                           /* nothing is not nearly one */
    assert_false(nearly("n >= 3", 3, 0));                           /* it holds */
    assert_false(nearly("event.kind == 'absent' && n >= 3", 2, 0)); /* two are missed */
    assert_false(nearly("event.kind == 'absent' && n >= 3", 3, 0)); /* another one is */
    assert_false(nearly("n >= 3 || event.kind == 'absent'", 2, 0)); /* no conjunction */
    assert_false(nearly("n < 3 && event.kind == 'concern'", 4, 0)); /* no least */
    assert_true(nearly("(n >= 9 || n == 2) && n + 1 >= 4", 2, 0));  /* brackets are one term */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_lists_each_path_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_nearly_is_one_number_that_falls_short_by_little,
                                        setup, teardown),
    };
    return RUN_TESTS(argc, argv, tests);
}
