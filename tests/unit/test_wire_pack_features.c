/* How features are written in a pack, and what is said of one that is not right. */
#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "wire/pack_rules.h"

static struct arena arena;
static struct yaml_faults faults;
static struct ruleset rules;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    faults.count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static int read_ops(const char *ops)
{
    char text[512];
    const struct yaml_node *root = NULL;
    (void)snprintf(text, sizeof(text),
                   "features:\n"
                   "  - id: f\n"
                   "    from: screening\n"
                   "    where: 'true'\n"
                   "    scope: student\n"
                   "    window: 30d\n"
                   "    ops: {%s}\n",
                   ops);
    struct str kept = arena_copy_str(&arena, str_of(text));
    assert_int_equal(yaml_parse("a.yaml", kept, &arena, &faults, &root), 0);
    return pack_read_rules(&root, 1, &arena, &faults, &rules);
}

static void test_pack_features_have_operators_on_numbers(void **state)
{
    (void)state;
    assert_int_equal(
        read_ops("n: count(), d: distinct(event.source), load: 'sum(event.item_count, 90d)', "
                 "most: max(event.item_count), newest: last(event.item_count), middle: "
                 "median(event.item_count)"),
        0);
    const struct feature *feature = &rules.features[0];
    assert_int_equal(feature->op_count, 6);
    assert_int_equal(feature->ops[2].kind, FEATURE_SUM);
    assert_int_equal(feature->ops[4].kind, FEATURE_LAST);
    assert_int_equal(feature->ops[5].kind, FEATURE_MEDIAN);
    assert_true(feature->half_life_ms == 90 * INT64_C(86400000));
    assert_non_null(feature->number);
    assert_non_null(feature->value);
}

static void test_pack_features_that_are_wrong_say_why(void **state)
{
    static const struct {
        const char *ops;
        const char *says;
    } cases[] = {
        {"a: mean(event.item_count)", "expected count()"},
        {"a: count(event.kind)", "nothing in their brackets"},
        {"a: sum(event.kind)", "expected a number"},
        {"a: sum(event.kindd)", "kind"},
        {"a: sum(event.item_count), b: max(1)", "one number"},
        {"a: 'sum(event.item_count, 1d)', b: sum(event.item_count)", "one half-life"},
        {"a: distinct(event.kind), b: distinct(event.source)", "one distinct()"},
        {"a: max(event.score)", "sealed"},
        {"a: distinct(event.score)", "sealed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        faults.count = 0;
        assert_int_equal(read_ops(cases[i].ops), ERR_INVALID);
        assert_true(faults.count > 0);
        if (strstr(faults.texts[0], cases[i].says) == NULL) {
            fail_msg("%s: %s", cases[i].ops, faults.texts[0]);
        }
        assert_non_null(strstr(faults.texts[0], "a.yaml:7:"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pack_features_have_operators_on_numbers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pack_features_that_are_wrong_say_why, setup, teardown),
    };
    return RUN_TESTS(argc, argv, tests);
}
