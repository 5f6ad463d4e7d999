/* Patterns: RE2's syntax, and time that is linear in the text. */
#include "core/expr/regex.h"

#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

enum { COST_MAX = 100000000 };

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 16 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static bool matches(const char *pattern, const char *text)
{
    const char *fault = NULL;
    const struct regex *regex = NULL;
    size_t at = 0;
    uint64_t cost = COST_MAX;
    bool result = false;
    int error = regex_compile(str_of(pattern), &arena, &fault, &at, &regex);
    if (error != 0) {
        print_message("%s: byte %zu: %s\n", pattern, at, fault == NULL ? "" : fault);
    }
    assert_int_equal(error, 0);
    assert_int_equal(regex_match(regex, str_of(text), &arena, &cost, &result), 0);
    return result;
}

static const struct {
    const char *pattern;
    const char *text;
    bool matches;
} cases[] = {
    {"", "", true},
    {"b", "abc", true},
    {"^b", "abc", false},
    {"c$", "abc", true},
    {"b$", "abc", false},
    {"^$", "", true},
    {"^$", "\n", false},
    {"(?m)^b$", "a\nb\nc", true},
    {"\\Ab", "a\nb", false},
    {"a.c", "a\nc", false},
    {"(?s)a.c", "a\nc", true},
    {"^.$", "望", true},
    {"^..$", "望", false},
    {"(?i)ABC", "xabcx", true},
    {"(?i:A)B", "aB", true},
    {"(?i:A)B", "ab", false},
    {"a(?i)b|c", "C", true},
    {"(?i)[k-m]", "L", true},
    {"(?i)[^k]", "K", false},
    {"^(a|ab)(c|bcd)$", "abcd", true},
    {"^(?:a|b)*c$", "ababc", true},
    {"^(?P<name>a+)(?<other>b)$", "aab", true},
    {"^a{2}$", "aa", true},
    {"^a{2}$", "aaa", false},
    {"^a{2,}$", "aaaa", true},
    {"^a{1,3}$", "aaaa", false},
    {"^a{0}$", "", true},
    {"a{,2}", "a{,2}", true},
    {"a{", "a{", true},
    {"^(a?){3}a{3}$", "aaa", true},
    {"^()*$", "", true},
    {"^(a*)*$", "aaa", true},
    {"^(a*)+b", "aaab", true},
    {"^[a-c]+$", "abc", true},
    {"^[^a-c]+$", "xyz", true},
    {"^[]a]+$", "]a", true},
    {"^[^]a]$", "b", true},
    {"^[a-]+$", "a-", true},
    {"^[\\d_]+$", "12_", true},
    {"^[\\D]+$", "ab", true},
    {"^[[:alpha:]]+$", "Ab", true},
    {"^[[:^alpha:]]+$", "12", true},
    {"^\\w+\\s\\W$", "a_1 -", true},
    {"\\bcat\\b", "a cat sat", true},
    {"\\bcat\\b", "concat", false},
    {"\\Bcat", "concat", true},
    {"^\\x41\\x{5b88}\\101$", "A守A", true},
    {"^\\p{Han}+$", "守望者", true},
    {"^\\P{Han}+$", "abc", true},
    {"\\p{Han}", "abc", false},
    {"^[\\p{Han}a-z]+$", "守a", true},
    {"^\\Qa.b*\\E$", "a.b*", true},
    {"^\\Qa.b\\E+$", "a.bb", true},
    {"^(\\Qa|b\\E)|\\Q(", "(", true},
    {"^\\Q\\Ea$", "a", true},
    {"^a\\.b\\$$", "a.b$", true},
    {"^\\t\\n\\r\\f\\v\\a$", "\t\n\r\f\v\a", true},
    {"^(不想活|想死|自杀)", "自杀的念头", true},
    {"a*?b+?c??$", "aabb", true},
    {"x|", "", true},
    {"(|a)b", "b", true},
    {"[^\\x00-\\x{10FFFF}]", "a", false},
};

static void test_regex_matches_as_re2_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool result = matches(cases[i].pattern, cases[i].text);
        if (result != cases[i].matches) {
            print_message("%s on %s\n", cases[i].pattern, cases[i].text);
        }
        assert_int_equal(result, cases[i].matches);
    }
}

static void test_regex_refuses_what_is_no_pattern(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(",       ")",        "a)",
        "[",       "[a",       "[b-a]",
        "*",       "a**",      "a{2}{3}",
        "a{1001}", "a{3,2}",   "(?x)a",
        "(?P<>a)", "\\",       "\\8",
        "\\y",     "\\x4",     "\\x{110000}",
        "\\pN",    "\\p{Grk}", "[[:x:]]",
        "(?=a)",   "(?<=a)",   "(?!a)",
        "(a)\\1",  "\\C",      "((a{1000}){1000})",
    };
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const char *fault = NULL;
        const struct regex *regex = NULL;
        size_t at = 0;
        int error = regex_compile(str_of(patterns[i]), &arena, &fault, &at, &regex);
        if (error != ERR_INVALID) {
            print_message("%s\n", patterns[i]);
        }
        assert_int_equal(error, ERR_INVALID);
        assert_non_null(fault);
        assert_true(at <= strlen(patterns[i]));
    }
}

/* What a matcher that tries one way after the other takes exponential time for. */
static uint64_t cost_of(const char *pattern, size_t len)
{
    const char *fault = NULL;
    const struct regex *regex = NULL;
    size_t at = 0;
    uint64_t cost = COST_MAX;
    bool result = true;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'a', len);
    assert_int_equal(regex_compile(str_of(pattern), &arena, &fault, &at, &regex), 0);
    assert_int_equal(regex_match(regex, (struct str){text, len}, &arena, &cost, &result), 0);
    free(text);
    assert_false(result);
    return COST_MAX - cost;
}

static void test_regex_is_linear_in_the_text(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(a*)*b", "(a|aa)+$b", "(x+x+)+y|a.*a.*a.*b",
                                           "^(a?){30}a{30}b"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        uint64_t once = cost_of(patterns[i], 1000);
        uint64_t tenfold = cost_of(patterns[i], 10000);
        assert_true(tenfold <= 11 * once + 16);
    }
}

static void test_regex_empty_repetitions_end(void **state)
{
    (void)state;
    assert_true(matches("((((((){1000}){1000}){1000}){1000}){1000}){1000}", "a"));
    uint64_t cost = 3;
    bool result = true;
    const char *fault = NULL;
    const struct regex *regex = NULL;
    size_t at = 0;
    assert_int_equal(regex_compile(STR_LITERAL("a*b"), &arena, &fault, &at, &regex), 0);
    assert_int_equal(regex_match(regex, STR_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                 &arena, &cost, &result),
                     0);
    assert_false(result);
    assert_int_equal(cost, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_regex_matches_as_re2_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_regex_refuses_what_is_no_pattern, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_regex_is_linear_in_the_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_regex_empty_repetitions_end, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
