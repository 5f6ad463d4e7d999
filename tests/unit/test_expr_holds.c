#include "core/expr/holds.h"

#include "support/runner.h"

static const struct str states[] = {STR_LITERAL("present"), STR_LITERAL("late")};
static const struct str kinds[] = {STR_LITERAL("absent"), STR_LITERAL("roll")};
static const struct holds_words words[] = {{STR_LITERAL("event.state"), states, 2},
                                           {STR_LITERAL("event.kind"), kinds, 2}};

static bool never(const char *source)
{
    struct arena arena;
    bool is_never = false;
    arena_init(&arena, 64 * 1024 * 1024);
    assert_int_equal(holds_never(str_of(source), (struct holds_given){words, 2}, &arena, &is_never),
                     0);
    arena_fini(&arena);
    return is_never;
}

static void test_holds_finds_what_contradicts_itself(void **state)
{
    static const char *const sources[] = {
        "false",
        "!true",
        "e.a == 1 && e.a == 2",
        "e.a == 1 && e.a != 1",
        "e.a > 3 && e.a < 2",
        "e.a >= 3.5 && 3 > e.a",
        "e.a > 3 && e.a <= 3",
        "e.items['9'] == 3 && e.items[\"9\"] in [1, 2]",
        "e.a in []",
        "e.a == 'x' && !(e.a == 'x')",
        "(e.a == 1 || e.a == 2) && e.a == 3",
        "e.a == 1 && (e.b || e.c) && e.a > 1",
        "!(e.a != 1 || e.a == 1)",
        "event.state == 'presnt'",
        "event.state != 'present' && event.state != 'late'",
        "event.kind == 'concern' && features.x.count > 1",
        "e.a == 1 && false || e.b == 'x' && e.b == 'y'",
        NULL,
    };
    (void)state;
    for (size_t i = 0; sources[i] != NULL; i++) {
        if (!never(sources[i])) {
            fail_msg("may hold: %s", sources[i]);
        }
    }
}

static void test_holds_is_never_wrong(void **state)
{
    static const char *const sources[] = {
        "true",
        "e.a",
        "e.a == 1 && e.b == 2",
        "e.a == 1 && e.a == 1.0",
        "e.a >= 3 && e.a <= 3",
        "e.a > 2 && e.a < 3",
        "e.a != 1 && e.a != 2",
        "e.a == 1 || e.a == 2",
        "(e.a == 1 || e.a == 2) && e.a == 2",
        "!(e.a >= 3) && !(e.a < 3)", /* NaN */
        "e.a == 'x' && e.a > 3",     /* an error, and not ours to judge */
        "f(e.a) == 1 && f(e.a) == 2",
        "e[i] == 1 && e[i] == 2",
        "e.l.exists(x, x == 1 && x == 2) || e.a == 1",
        "!(e.a == 1 && e.a == 2)",
        "has(e.a) && e.a == 1",
        "event.state in ['presnt', 'late']",
        "event.stated == 'presnt'",
        "event.kind != 'concern'",
        "e.a ==",
        NULL,
    };
    (void)state;
    for (size_t i = 0; sources[i] != NULL; i++) {
        if (never(sources[i])) {
            fail_msg("never holds: %s", sources[i]);
        }
    }
}

static void expect_same(const char *a, const char *b, bool expected)
{
    struct arena arena;
    bool is_same = !expected;
    arena_init(&arena, 16 * 1024 * 1024);
    assert_int_equal(holds_same(str_of(a), str_of(b), &arena, &is_same), 0);
    arena_fini(&arena);
    assert_int_equal(is_same, expected);
}

static void test_holds_knows_the_same_condition(void **state)
{
    (void)state;
    expect_same("e.a == 'x' && e.b>1", "(e.a==\"x\")  && (e.b > 1)", true);
    expect_same("e.l.exists(x, x > 1)", "e.l.exists(x, x > 1)", true);
    expect_same("e.l.exists(x, x > 1)", "e.l.all(x, x > 1)", false);
    expect_same("e.a > 1", "e.a > 1.0", false);
    expect_same("e.a > 1", "e.a >= 1", false);
    expect_same("has(e.a)", "e.a", false);
    expect_same("e.a &&", "e.a &&", false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_finds_what_contradicts_itself),
        cmocka_unit_test(test_holds_is_never_wrong),
        cmocka_unit_test(test_holds_knows_the_same_condition),
    };
    return RUN_TESTS(argc, argv, tests);
}
