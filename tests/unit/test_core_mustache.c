/* The template renderer: what the published cases leave open, its bounds and its faults. The published cases are run by
 * test_mustache_cases.c. */
#include "support/runner.h"

#include <string.h>

#include "core/disclose/mustache.h"

struct kitchen {
    struct arena arena;
    char text[4096];
    struct str partial_name;
    struct str partial_source;
};

static struct mustache_value text_value(const char *text)
{
    return (struct mustache_value){.kind = MUSTACHE_TEXT, .text = str_of(text)};
}

static struct str find_partial(struct str name, void *ctx)
{
    const struct kitchen *kitchen = ctx;
    return str_equal(name, kitchen->partial_name) ? kitchen->partial_source : (struct str){NULL, 0};
}

/* Renders with {name: "A<B", list: ["1", "2"]}; ERR_* or 0, the text in kitchen->text. */
static int render_in(struct kitchen *kitchen, const char *source, bool escape_html, size_t size)
{
    const struct str names[] = {STR_LITERAL("name"), STR_LITERAL("list"), STR_LITERAL("empty")};
    const struct mustache_value list[] = {text_value("1"), text_value("2")};
    const struct mustache_value items[] = {
        text_value("A<B"), {.kind = MUSTACHE_LIST, .items = list, .count = 2}, text_value("")};
    const struct mustache_value data = {
        .kind = MUSTACHE_HASH, .items = items, .names = names, .count = 3};
    struct mustache *mustache = NULL;
    struct mustache_fault fault;
    int error = mustache_compile(&kitchen->arena, str_of(source), &fault, &mustache);
    if (error != 0) {
        return error;
    }
    struct mustache_options options = {escape_html, find_partial, kitchen, &kitchen->arena};
    struct mustache_output output = {kitchen->text, size, 0};
    error = mustache_render(mustache, &data, &options, &output);
    kitchen->text[error == 0 ? output.len : 0] = '\0';
    return error;
}

static int open_kitchen(void **state)
{
    static struct kitchen kitchen;
    memset(&kitchen, 0, sizeof(kitchen));
    arena_init(&kitchen.arena, 1024 * 1024);
    *state = &kitchen;
    return 0;
}

static int close_kitchen(void **state)
{
    struct kitchen *kitchen = *state;
    arena_fini(&kitchen->arena);
    return 0;
}

static void test_mustache_escapes_only_when_asked(void **state)
{
    struct kitchen *kitchen = *state;
    assert_int_equal(render_in(kitchen, "{{name}} {{{name}}} {{&name}}", true, 100), 0);
    assert_string_equal(kitchen->text, "A&lt;B A<B A<B");
    assert_int_equal(render_in(kitchen, "{{name}}", false, 100), 0);
    assert_string_equal(kitchen->text, "A<B");
}

static void test_mustache_empty_text_is_not_said(void **state)
{
    struct kitchen *kitchen = *state;
    assert_int_equal(render_in(kitchen, "{{#empty}}yes{{/empty}}{{^empty}}no{{/empty}}", true, 100),
                     0);
    assert_string_equal(kitchen->text, "no");
}

static void test_mustache_text_that_does_not_fit_is_an_error(void **state)
{
    struct kitchen *kitchen = *state;
    assert_int_equal(render_in(kitchen, "{{#list}}{{.}}{{/list}}", true, 2), 0);
    assert_string_equal(kitchen->text, "12");
    assert_int_equal(render_in(kitchen, "{{#list}}{{.}}{{/list}}", true, 1), ERR_TOO_LARGE);
    assert_int_equal(render_in(kitchen, "abc", true, 2), ERR_TOO_LARGE);
}

static void test_mustache_endless_partial_ends(void **state)
{
    struct kitchen *kitchen = *state;
    kitchen->partial_name = STR_LITERAL("self");
    kitchen->partial_source = STR_LITERAL("x{{>self}}");
    assert_int_equal(render_in(kitchen, "{{>self}}", true, 1000), ERR_TOO_LARGE);
}

static void test_mustache_bad_partial_is_an_error(void **state)
{
    struct kitchen *kitchen = *state;
    kitchen->partial_name = STR_LITERAL("bad");
    kitchen->partial_source = STR_LITERAL("{{#open}}");
    assert_int_equal(render_in(kitchen, "{{>bad}}", true, 1000), ERR_INVALID);
    assert_int_equal(render_in(kitchen, "a{{>other}}b", true, 1000), 0);
    assert_string_equal(kitchen->text, "ab");
}

static void test_mustache_fault_names_its_place(void **state)
{
    struct kitchen *kitchen = *state;
    static const struct {
        const char *source;
        uint32_t line;
        uint32_t column;
    } cases[] = {
        {"a\nb {{#open}} c", 2, 6},    {"{{/never}}", 1, 1},    {"{{#a}}{{/b}}", 1, 7},
        {"x\n\n  {{not closed", 3, 3}, {"{{}}", 1, 1},          {"{{two words}}", 1, 1},
        {"{{=<% =}}", 1, 1},           {"{{{x}}", 1, 1},        {"{{= a b c =}}", 1, 1},
        {"a {{! never", 1, 3},         {"{{#a}}{{^b}}", 1, 10}, {"\n{{>}}", 2, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mustache *mustache = NULL;
        struct mustache_fault fault = {0};
        assert_int_equal(
            mustache_compile(&kitchen->arena, str_of(cases[i].source), &fault, &mustache),
            ERR_INVALID);
        assert_int_equal(fault.line, cases[i].line);
        assert_int_equal(fault.column, cases[i].column);
        assert_non_null(fault.what);
    }
}

static void test_mustache_sections_are_bounded(void **state)
{
    struct kitchen *kitchen = *state;
    char source[MUSTACHE_DEPTH_MAX * 12 + 32];
    size_t len = 0;
    for (size_t i = 0; i <= MUSTACHE_DEPTH_MAX; i++) {
        memcpy(source + len, "{{#a}}", 6);
        len += 6;
    }
    struct mustache *mustache = NULL;
    struct mustache_fault fault;
    assert_int_equal(
        mustache_compile(&kitchen->arena, (struct str){source, len}, &fault, &mustache),
        ERR_INVALID);
    assert_string_equal(fault.what, "sections are too deep");
}

static int collect(const struct mustache_item *item, void *ctx)
{
    char *seen = ctx;
    size_t len = strlen(seen);
    seen[len++] = "vsp-"[item->use];
    if (item->use != MUSTACHE_USE_TEXT) {
        memcpy(seen + len, item->text.at, item->text.len);
        len += item->text.len;
    }
    seen[len++] = (char)('0' + item->line);
    seen[len] = '\0';
    return 0;
}

static void test_mustache_tells_what_it_holds(void **state)
{
    struct kitchen *kitchen = *state;
    struct mustache *mustache = NULL;
    char seen[128] = "";
    assert_int_equal(mustache_compile(&kitchen->arena,
                                      STR_LITERAL("a{{b}}\n{{#c.d}}{{{e}}}{{/c.d}}\n{{> f}}"), NULL,
                                      &mustache),
                     0);
    assert_int_equal(mustache_each_item(mustache, collect, seen), 0);
    assert_string_equal(seen, "-1vb1-1sc.d2ve2-2pf3");
}

/* Every cut and every single changed byte of a template compiles or is refused, and never reads beyond. */
static void test_mustache_survives_any_cut(void **state)
{
    struct kitchen *kitchen = *state;
    static const char source[] =
        "{{=<% %>=}}<%#a%>x<%{b}%>\r\n<%={{ }}=%> {{/a}} {{{c}}} {{^d}}{{/d}}";
    char *copy = arena_alloc(&kitchen->arena, sizeof(source));
    for (size_t len = 0; len < sizeof(source); len++) {
        struct arena arena;
        arena_init(&arena, 1024 * 1024);
        char *exact = arena_alloc(&arena, len);
        memcpy(exact, source, len);
        struct mustache *mustache = NULL;
        int error = mustache_compile(&arena, (struct str){exact, len}, NULL, &mustache);
        assert_true(error == 0 || error == ERR_INVALID);
        arena_fini(&arena);
    }
    for (size_t i = 0; i + 1 < sizeof(source); i++) {
        for (size_t k = 0; k < 10; k++) {
            memcpy(copy, source, sizeof(source));
            copy[i] = "{}#/=%> \nx"[k];
            struct arena arena;
            arena_init(&arena, 1024 * 1024);
            struct mustache *mustache = NULL;
            int error = mustache_compile(&arena, str_of(copy), NULL, &mustache);
            assert_true(error == 0 || error == ERR_INVALID);
            arena_fini(&arena);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mustache_escapes_only_when_asked, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_empty_text_is_not_said, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_text_that_does_not_fit_is_an_error,
                                        open_kitchen, close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_endless_partial_ends, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_bad_partial_is_an_error, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_fault_names_its_place, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_sections_are_bounded, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_tells_what_it_holds, open_kitchen,
                                        close_kitchen),
        cmocka_unit_test_setup_teardown(test_mustache_survives_any_cut, open_kitchen,
                                        close_kitchen),
    };
    return RUN_TESTS(argc, argv, tests);
}
