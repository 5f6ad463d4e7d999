/* Levels and layers, reasons with their values, windows whatever order events come in. */
#include <string.h>

#include "core/rules/level.h"
#include "core/rules/ruleset.h"
#include "core/rules/schema.h"
#include "core/rules/seen.h"
#include "core/rules/why.h"
#include "core/rules/window.h"
#include "support/runner.h"

static struct arena arena;

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

static void test_rules_levels_have_labels_in_two_languages(void **state)
{
    (void)state;
    enum level_layer layer = LEVEL_LAYER_NONE;
    assert_string_equal(level_label(CASE_LEVEL_HIGH, STR_LITERAL("zh")), "高危（橙）");
    assert_string_equal(level_label(CASE_LEVEL_HIGH, STR_LITERAL("en")), "high (orange)");
    assert_string_equal(level_label(CASE_LEVEL_NONE, STR_LITERAL("en")), "");
    assert_true(level_layer_parse(STR_LITERAL("school"), &layer));
    assert_int_equal(layer, LEVEL_LAYER_SCHOOL);
    assert_false(level_layer_parse(STR_LITERAL("galaxy"), &layer));
}

static void test_rules_kinds_belong_to_one_family(void **state)
{
    (void)state;
    assert_int_equal(event_kind_find(EVENT_FAMILY_INCIDENT, STR_LITERAL("panic")),
                     EVENT_KIND_PANIC);
    assert_int_equal(event_kind_find(EVENT_FAMILY_ATTENDANCE, STR_LITERAL("panic")),
                     EVENT_KIND_UNKNOWN);
    assert_int_equal(event_kind_family(EVENT_KIND_ROLL), EVENT_FAMILY_ATTENDANCE);
    for (int kind = EVENT_KIND_UNKNOWN + 1; kind < EVENT_KIND_COUNT; kind++) {
        enum event_family family = event_kind_family((enum event_kind)kind);
        struct str name = str_of(event_kind_name((enum event_kind)kind));
        assert_int_equal(event_kind_find(family, name), kind);
    }
}

static struct signal_why render(const char *text, const struct event *event)
{
    struct expr_env env = ruleset_event_env();
    struct expr_error error;
    struct why_text why;
    struct signal_why result = {.value_count = 0};
    const struct expr_value bindings[] = {expr_object(&schema_event, event)};
    const struct expr_run run = {bindings, &arena, 10000};
    assert_int_equal(why_compile(str_of(text), &env, &arena, &error, &why), 0);
    assert_int_equal(why_render(&why, &run, &result), 0);
    return result;
}

static void test_rules_why_puts_values_in(void **state)
{
    (void)state;
    static const struct event_item items[] = {{STR_LITERAL("9"), 2}};
    const struct event event = {
        .family = EVENT_FAMILY_SCREENING,
        .kind_name = STR_LITERAL("result"),
        .screening = {.instrument = STR_LITERAL("PHQ-9"), .items = items, .opened_count = 1}};
    struct signal_why why = render(
        "{event.instrument}: {{x}} {size({'a': 1})} {event.items['9']} {1 / 0} {0.5}", &event);
    assert_true(str_is(why.text, "PHQ-9: {x} 1 (sealed) ? 0.5"));
    assert_int_equal(why.value_count, 5);
    assert_true(str_is(why.values[0].name, "event.instrument"));
    assert_true(str_is(why.values[0].value, "PHQ-9"));
}

static void test_rules_why_errors_have_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t column;
        const char *message;
    } cases[] = {
        {"原因 {evnt.kind}", 5, "unknown name \"evnt\": did you mean \"event\"?"},
        {"a {event.kind", 4, "a \"{\" is not closed"},
        {"a } b", 3, "a \"}\" without its \"{\"; write \"}}\" for a brace"},
        {"{}", 2, "expected an expression, found the end"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct expr_env env = ruleset_event_env();
        struct expr_error error;
        struct why_text why;
        assert_int_equal(why_compile(str_of(cases[i].text), &env, &arena, &error, &why),
                         ERR_INVALID);
        assert_string_equal(error.text, cases[i].message);
        assert_int_equal(error.line, 1);
        assert_int_equal(error.column, cases[i].column);
    }
}

static const struct window_key row = {
    .unit = {"s1", 2}, .scope = 's', .scope_id = {"p-1", 3}, .feature = {"f", 1}};

static void add(struct windows *windows, int64_t at_ms, uint8_t value)
{
    char text[WINDOW_KEY_MAX_BYTES];
    const struct window_entry entry = {at_ms, {{value}}, 0};
    struct str key = windows_key(&row, at_ms, text);
    struct window_state before = windows_get(windows, key);
    struct window_state after;
    bool is_cut = false;
    assert_int_equal(windows_add_entry(&before, &entry, &arena, &after, &is_cut), 0);
    assert_int_equal(windows_put(windows, key, &after), 0);
}

static void test_rules_a_full_bucket_keeps_the_newest(void **state)
{
    struct windows windows;
    (void)state;
    windows_init(&windows, 0, 1);
    for (int i = 0; i < WINDOW_ENTRIES_MAX + 10; i++) {
        add(&windows, i, (uint8_t)i);
    }
    char text[WINDOW_KEY_MAX_BYTES];
    struct window_state kept = windows_get(&windows, windows_key(&row, 0, text));
    assert_int_equal(kept.count, WINDOW_ENTRIES_MAX);
    assert_int_equal(kept.entries[0].at_ms, 10);
    windows_fini(&windows);
}

static void test_rules_keys_are_told_apart(void **state)
{
    (void)state;
    struct str feature;
    int64_t day = 0;
    assert_true(windows_parse_key(STR_LITERAL("s1/window/s:p-1/f/-3"), &feature, &day));
    assert_true(str_is(feature, "f") && day == -3);
    assert_false(windows_parse_key(STR_LITERAL("s1/window/s:p-1/f"), &feature, &day));
    assert_false(windows_parse_key(STR_LITERAL("s1/window/s:p-1/f/3/4"), &feature, &day));
    assert_true(seen_is_key(STR_LITERAL("s1/seen/00112233445566778899aabbccddeeff")));
    assert_false(seen_is_key(STR_LITERAL("s1/seen/00112233445566778899aabbccddeef")));
    assert_false(seen_is_key(STR_LITERAL("/seen/00112233445566778899aabbccddeeff")));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_levels_have_labels_in_two_languages),
        cmocka_unit_test(test_rules_kinds_belong_to_one_family),
        cmocka_unit_test_setup_teardown(test_rules_why_puts_values_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rules_why_errors_have_their_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rules_a_full_bucket_keeps_the_newest, set_up,
                                        tear_down),
        cmocka_unit_test(test_rules_keys_are_told_apart),
    };
    return RUN_TESTS(argc, argv, tests);
}
