#include "support/runner.h"

#include <string.h>

#include "base/error.h"
#include "io/log.h"

static char seen[4 * LOG_LINE_MAX];
static size_t seen_len;

static void sink(const char *line, size_t len, void *ctx)
{
    (void)ctx;
    assert_true(seen_len + len < sizeof(seen));
    memcpy(seen + seen_len, line, len);
    seen_len += len;
    seen[seen_len] = '\0';
}

static int set_up(void **state)
{
    (void)state;
    seen_len = 0;
    seen[0] = '\0';
    log_init("sw-test", LOG_LEVEL_INFO);
    log_set_sink(sink, NULL);
    return 0;
}

static void test_log_line_has_event_and_fields(void **state)
{
    (void)state;
    struct ident id = {{0xab, 1}};
    log_info("case_opened", log_ident("case", id), log_count("n", -7), log_code("unit", "school-1"),
             log_error_code("error", ERR_TIMEOUT));
    assert_non_null(strstr(seen, "Z info case_opened service=sw-test case=ab010000"));
    assert_non_null(strstr(seen, " n=-7 unit=school-1 error=TIMEOUT\n"));
    assert_int_equal(seen[4], '-');
}

static void test_log_shows_no_text_of_people(void **state)
{
    (void)state;
    log_info("told", log_code("who", "\xe5\xbc\xa0\xe4\xb8\x89"), log_code("say", "two words"),
             log_code("none", ""));
    assert_non_null(strstr(seen, " who=#6 say=#9 none=#0\n"));
    assert_null(strstr(seen, "words"));
}

static void test_log_quotes_what_a_library_says(void **state)
{
    (void)state;
    log_info("failed", log_library("text", "a \"b\"\n\xe5\\"));
    assert_non_null(strstr(seen, " text=\"a \\\"b\\\"??\\\\\"\n"));
}

static void test_log_obeys_its_level(void **state)
{
    (void)state;
    uint64_t before = log_written(LOG_LEVEL_DEBUG);
    log_debug("hidden");
    assert_int_equal(seen_len, 0);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("shown");
    assert_non_null(strstr(seen, "debug shown"));
    assert_int_equal(log_written(LOG_LEVEL_DEBUG), before + 1);
    enum log_level level;
    assert_true(log_level_parse(STR_LITERAL("warn"), &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
    assert_false(log_level_parse(STR_LITERAL("loud"), &level));
}

static void test_log_line_is_bounded(void **state)
{
    (void)state;
    char code[201];
    memset(code, 'x', sizeof(code));
    code[200] = '\0';
    log_info("long", log_code("a", code), log_code("b", code), log_code("c", code),
             log_code("d", code), log_code("e", code), log_code("f", code));
    assert_true(seen_len <= LOG_LINE_MAX);
    assert_non_null(strstr(seen, "\xe2\x80\xa6"
                                 "cut\n"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_log_line_has_event_and_fields, set_up),
        cmocka_unit_test_setup(test_log_shows_no_text_of_people, set_up),
        cmocka_unit_test_setup(test_log_quotes_what_a_library_says, set_up),
        cmocka_unit_test_setup(test_log_obeys_its_level, set_up),
        cmocka_unit_test_setup(test_log_line_is_bounded, set_up),
    };
    return RUN_TESTS(argc, argv, tests);
}
