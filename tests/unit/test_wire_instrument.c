/* Instruments of a pack, and the score of one's answers. */
#include "wire/instrument.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "wire/event.h"
#include "wire/json.h"

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

/* The path that a body of that kind is refused at; "" where it counts. */
static const char *refused_at(const char *kind, const char *data, const char *reason)
{
    static struct fault fault;
    static struct event_draft draft;
    struct json_t *json = NULL;
    char body[1024];
    char type[64];
    (void)snprintf(body, sizeof(body), "{\"unit\": \"s1\", \"instrument\": \"S\"%s%s}",
                   data[0] != '\0' ? ", " : "", data);
    (void)snprintf(type, sizeof(type), "shouwang.screening.%s", kind);
    memset(&fault, 0, sizeof(fault));
    assert_int_equal(json_parse_text(str_of(body), &fault, &json), 0);
    const struct cloudevent source = {
        .id = STR_LITERAL("e-1"), .source = STR_LITERAL("app"), .type = str_of(type), .json = json};
    assert_int_equal(event_read(&source, 1772150400000, &arena, &fault, &draft), 0);
    int error = instrument_check(&set, &draft, &arena, &fault);
    assert_int_equal(error, reason == NULL ? 0 : ERR_INVALID);
    if (reason != NULL) {
        assert_string_equal(reject_reason_code(fault.reason), reason);
    }
    json_drop(json);
    return reason == NULL ? "" : fault.path;
}

static void test_instrument_refuses_another_sheet_with_the_reason(void **state)
{
    static const struct {
        const char *kind;
        const char *data;
        const char *reason; /* NULL: it counts */
        const char *path;
    } cases[] = {
#define WHO "\"informant\": \"self\", \"norm_set\": \"uk\""
        {"result", WHO, NULL, ""},
        {"result", WHO ", \"version\": \"1\", \"item_count\": 2", NULL, ""},
        {"result", WHO ", \"version\": \"2\"", "wrong_instrument", "/data/version"},
        {"result", WHO ", \"item_count\": 3", "wrong_instrument", "/data/item_count"},
        {"result", "\"norm_set\": \"uk\"", "missing", "/data/informant"},
        {"result", "\"informant\": \"self\"", "missing", "/data/norm_set"},
        {"result", "\"informant\": \"aunt\", \"norm_set\": \"uk\"", "wrong_instrument",
         "/data/informant"},
        {"result", "\"refused\": true", NULL, ""},
#define ITEMS(text) WHO ", \"answers\": {\"items\": [" text "]}"
#define ITEM(item, value) "{\"item\": \"" item "\", \"value\": " value "}"
        {"result", ITEMS(ITEM("2", "0") ", " ITEM("1", "3")), NULL, ""},
        {"result", ITEMS(ITEM("1", "0")), "wrong_instrument", "/data/answers/items"},
        {"interview", ITEMS(ITEM("1", "0")), NULL, ""},
        {"result", ITEMS(ITEM("1", "0") ", " ITEM("3", "0")), "wrong_instrument",
         "/data/answers/items/1/item"},
        {"result", ITEMS(ITEM("1", "0") ", " ITEM("1", "0")), "wrong_instrument",
         "/data/answers/items/1/item"},
        {"result", ITEMS(ITEM("1", "4") ", " ITEM("2", "0")), "out_of_range",
         "/data/answers/items/0/value"},
    };
    (void)state;
    assert_int_equal(read_text("instruments:\n"
                               "  - {id: S, version: \"1\", items: 2, answers: 0..3, "
                               "informants: [self, parent], norm_sets: [uk]}\n"),
                     0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(refused_at(cases[i].kind, cases[i].data, cases[i].reason),
                            cases[i].path);
    }
}

static void test_instrument_leaves_out_what_is_not_scored(void **state)
{
    static const int32_t answers[] = {3, 2, 1};
    (void)state;
    assert_int_equal(read_text("instruments:\n"
                               "  - {id: A, version: \"1\", items: 3, answers: 0..3, "
                               "unscored: [2], reversed: [3]}\n"),
                     0);
    assert_int_equal(instrument_score(&set.items[0], answers), 3 + 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_instrument_counts_reversed_items_from_the_other_end,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_instrument_faults_have_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_instrument_refuses_another_sheet_with_the_reason,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_instrument_leaves_out_what_is_not_scored, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
