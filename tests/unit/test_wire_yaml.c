/* Trees with marks, and faults that say where and what was expected. */
#include "wire/yaml.h"

#include <string.h>

#include "support/runner.h"

static struct arena arena;
static struct yaml_faults faults;

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

static const struct yaml_node *parse(const char *text)
{
    const struct yaml_node *root = NULL;
    int error = yaml_parse("p.yaml", str_of(text), &arena, &faults, &root);
    assert_true((error == 0) == (root != NULL));
    return root;
}

static void assert_fault(const char *text)
{
    assert_true(faults.count > 0);
    assert_string_equal(faults.texts[0], text);
    faults.count = 0;
}

static void test_yaml_tree_keeps_exact_marks(void **state)
{
    (void)state;
    const struct yaml_node *root = parse("rules:\n"
                                         "  - id: 守望\n"
                                         "    then: {level: high, at: \"5m\"}\n");
    assert_int_equal(root->kind, YAML_MAPPING);
    const struct yaml_node *list = &root->pairs[0].value;
    assert_int_equal(list->kind, YAML_SEQUENCE);
    assert_int_equal(list->count, 1);
    const struct yaml_node *rule = &list->items[0];
    assert_int_equal(rule->line, 2);
    assert_int_equal(rule->column, 5);
    assert_true(str_is(rule->pairs[0].value.text, "守望"));
    assert_true(rule->pairs[0].value.is_plain);
    const struct yaml_node *then = &rule->pairs[1].value;
    assert_int_equal(then->count, 2);
    assert_int_equal(then->pairs[1].value.line, 3);
    assert_int_equal(then->pairs[1].value.column, 29);
    assert_false(then->pairs[1].value.is_plain);
    const struct yaml_node *quoted = parse("a: 'b == '''' || c == ''d'' '\n");
    assert_true(str_is(quoted->pairs[0].value.text, "b == '' || c == 'd' "));
}

/* Each text has a "!" at a line and column of its own; the file has it somewhere else. */
static void test_yaml_places_inside_texts_are_places_of_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        uint32_t column;
        const char *fault;
    } cases[] = {
        {"a: b == '' !\n", 1, 9, "p.yaml:1:12: here"},
        {"a: 'b''''守 !'\n", 1, 6, "p.yaml:1:12: here"},
        {"a: \"b\\\"\\x41 !\"\n", 1, 5, "p.yaml:1:13: here"},
        {"a: |\n  b\n    c\n   ''!\n", 3, 4, "p.yaml:4:6: here"},
        {"a: >\n  b ''\n  c !\nd: 1\n", 1, 8, "p.yaml:3:5: here"},
        {"a: b\n  ''\n  c !\n", 1, 8, "p.yaml:3:5: here"},
        {"a: \"b\n  c !\"\n", 1, 5, "p.yaml:2:5: here"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct yaml_node *root = parse(cases[i].text);
        yaml_fail_inside(&faults, &root->pairs[0].value, cases[i].line, cases[i].column, "here");
        assert_string_equal(faults.texts[0], cases[i].fault);
        faults.count = 0;
    }
}

static void test_yaml_refuses_what_is_not_one_plain_document(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *fault;
    } cases[] = {
        {"", "p.yaml: the file is empty"},
        {"# nothing\n", "p.yaml: the file is empty"},
        {"a: 1\n---\nb: 2\n", "p.yaml:2:1: a second document in the file"},
        {"a: 1\nb: 2\na: 3\n", "p.yaml:3:1: key \"a\" is given twice, first on line 1"},
        {"a: &x 1\nb: 2\n", "p.yaml:1:7: tags and anchors are not allowed"},
        {"a: *x\n", "p.yaml:1:5: aliases are not allowed: write the value out"},
        {"a: !!str 1\n", "p.yaml:1:10: tags and anchors are not allowed"},
        {"a: 1\nb: x\xFFy\n", "p.yaml:2:5: not well-formed UTF-8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(parse(cases[i].text));
        assert_fault(cases[i].fault);
    }
    assert_null(parse("a: [1, 2\nb: 3\n"));
    assert_true(faults.count > 0);
    assert_non_null(strstr(faults.texts[0], "p.yaml:"));
}

static void test_yaml_depth_is_bounded(void **state)
{
    (void)state;
    char text[2 * YAML_DEPTH_MAX + 8];
    memset(text, '[', sizeof(text));
    memset(text + YAML_DEPTH_MAX + 2, ']', YAML_DEPTH_MAX + 2);
    text[2 * YAML_DEPTH_MAX + 4] = '\0';
    assert_null(parse(text));
    assert_non_null(strstr(faults.texts[0], "nested too deeply"));
}

static void test_yaml_mapping_names_unknown_and_missing_keys(void **state)
{
    (void)state;
    const struct yaml_node *id = NULL;
    const struct yaml_node *when = NULL;
    const struct yaml_node *why = NULL;
    const struct yaml_key keys[] = {{"id", true, &id}, {"when", true, &when}, {"why", false, &why}};
    const struct yaml_node *root = parse("id: a\nwhn: b\n");
    assert_false(yaml_read_mapping(root, keys, 3, &faults));
    assert_int_equal(faults.count, 2);
    assert_string_equal(faults.texts[0], "p.yaml:2:1: unknown key \"whn\": did you mean \"when\"?");
    assert_string_equal(faults.texts[1], "p.yaml:1:1: the key \"when\" is missing");
    assert_non_null(id);
    assert_null(when);
    faults.count = 0;
    assert_false(yaml_read_mapping(parse("[1]"), keys, 3, &faults));
    assert_fault("p.yaml:1:1: expected a mapping, found a list");
}

static void test_yaml_scalars_are_never_guessed(void **state)
{
    (void)state;
    const struct yaml_node *list = parse("[5m, 5, no, 30%, \"7\", 2.5%, 101%, 1_000, on_scene]");
    const struct yaml_node *items = list->items;
    int64_t value = -1;
    bool flag = true;
    uint32_t percent = 0;
    struct str id = {NULL, 0};
    assert_true(yaml_read_duration_ms(&items[0], 0, 3600000, &faults, &value));
    assert_int_equal(value, 300000);
    assert_false(yaml_read_int64(&items[0], 0, 10, &faults, &value));
    assert_fault("p.yaml:1:2: expected a whole number from 0 to 10, found \"5m\"");
    assert_false(yaml_read_duration_ms(&items[1], 0, 3600000, &faults, &value));
    assert_fault("p.yaml:1:6: expected a duration as in 90s, 15m, 2h or 14d, found \"5\"");
    assert_false(yaml_read_bool(&items[2], &faults, &flag));
    assert_fault("p.yaml:1:9: expected true or false, found \"no\"");
    assert_true(yaml_read_percent(&items[3], &faults, &percent));
    assert_int_equal(percent, 3000);
    assert_false(yaml_read_int64(&items[4], 0, 10, &faults, &value));
    faults.count = 0;
    assert_true(yaml_read_percent(&items[5], &faults, &percent));
    assert_int_equal(percent, 250);
    assert_false(yaml_read_percent(&items[6], &faults, &percent));
    assert_false(yaml_read_int64(&items[7], 0, 10000, &faults, &value));
    assert_true(yaml_read_id(&items[8], false, &faults, &id));
    assert_true(str_is(id, "on_scene"));
}

static void test_yaml_choice_offers_the_nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"attention", "warning", "high", "crisis"};
    const struct yaml_node *items = parse("[warning, cirsis, orange]")->items;
    size_t index = 9;
    assert_true(yaml_read_choice(&items[0], words, 4, &faults, &index));
    assert_int_equal(index, 1);
    assert_false(yaml_read_choice(&items[1], words, 4, &faults, &index));
    assert_fault("p.yaml:1:11: unknown value \"cirsis\": did you mean \"crisis\"?");
    assert_false(yaml_read_choice(&items[2], words, 4, &faults, &index));
    assert_fault("p.yaml:1:19: expected one of: attention, warning, high, crisis, found "
                 "\"orange\"");
}

static void test_yaml_list_takes_a_single_value_where_told(void **state)
{
    (void)state;
    const struct yaml_node *root = parse("{a: x, b: [x, y], c: []}");
    const struct yaml_node *items = NULL;
    size_t count = 0;
    assert_true(yaml_read_list(&root->pairs[0].value, true, 2, &faults, &items, &count));
    assert_int_equal(count, 1);
    assert_false(yaml_read_list(&root->pairs[0].value, false, 2, &faults, &items, &count));
    assert_true(yaml_read_list(&root->pairs[1].value, false, 2, &faults, &items, &count));
    assert_int_equal(count, 2);
    assert_false(yaml_read_list(&root->pairs[2].value, true, 2, &faults, &items, &count));
    assert_false(yaml_read_list(&root->pairs[1].value, true, 1, &faults, &items, &count));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_yaml_tree_keeps_exact_marks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_places_inside_texts_are_places_of_the_file,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_refuses_what_is_not_one_plain_document, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_depth_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_mapping_names_unknown_and_missing_keys, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_scalars_are_never_guessed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_choice_offers_the_nearest_word, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_yaml_list_takes_a_single_value_where_told, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
