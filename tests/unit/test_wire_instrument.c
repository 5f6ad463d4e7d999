/* Instruments of a pack, and the score of one's answers. */
#include "wire/instrument.h"

#include "support/runner.h"

static struct arena arena;
static struct yaml_faults faults;
static struct instrument_set set;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4 * 1024 * 1024);
    faults.count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static int read_text(const char *text)
{
    const struct yaml_node *root = NULL;
    assert_int_equal(yaml_parse("i.yaml", str_of(text), &arena, &faults, &root), 0);
    return instrument_read(&root, 1, &arena, &faults, &set);
}

static void test_instrument_counts_reversed_items_from_the_other_end(void **state)
{
    (void)state;
    static const int32_t answers[] = {0, 4, 1};
    assert_int_equal(
        read_text("instruments:\n"
                  "  - {id: A-3, version: \"1\", items: 3, answers: 0..4, reversed: [1, 3]}\n"
                  "  - {id: B, version: \"2\", items: 1, answers: 1..5}\n"),
        0);
    assert_int_equal(set.count, 2);
    const struct instrument *instrument = instrument_find(&set, STR_LITERAL("A-3"));
    assert_non_null(instrument);
    assert_int_equal(instrument->item_count, 3);
    assert_int_equal(instrument_score(instrument, answers), 4 + 4 + 3);
    assert_null(instrument_find(&set, STR_LITERAL("A-4")));
}

static void test_instrument_faults_have_places(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "i.yaml:2:46: expected the least and the most of one answer, such as 0..3",
        "i.yaml:3:10: an id without '/': columns of files are called id/item",
        "i.yaml:4:66: expected a whole number from 1 to 2, found \"3\"",
        "i.yaml:6:5: the instrument D is there already",
        "i.yaml:7:5: the key \"items\" is missing",
    };
    assert_int_equal(
        read_text("instruments:\n"
                  "  - {id: A, version: \"1\", items: 2, answers: 3..0}\n"
                  "  - {id: B/1, version: \"1\", items: 2, answers: 0..3}\n"
                  "  - {id: C, version: \"1\", items: 2, answers: 0..3, reversed: [1, 3]}\n"
                  "  - {id: D, version: \"1\", items: 2, answers: 0..3}\n"
                  "  - {id: D, version: \"2\", items: 2, answers: 0..3}\n"
                  "  - {id: E, version: \"1\", answers: 0..3}\n"),
        ERR_INVALID);
    assert_int_equal(faults.count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < faults.count; i++) {
        assert_string_equal(faults.texts[i], expected[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_instrument_counts_reversed_items_from_the_other_end,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_instrument_faults_have_places, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
