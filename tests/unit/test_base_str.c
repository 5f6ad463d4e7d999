#include "base/str.h"

#include "support/runner.h"

static void test_str_utf8_place_of_the_first_bad_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        size_t bad_at; /* == len when well-formed */
    } cases[] = {
        {"守望", 6, 6},
        {"a\0b", 3, 1},
        {"ab\xC0\xAF", 4, 2},       /* overlong '/' */
        {"\xED\xA0\x80", 3, 0},     /* a surrogate */
        {"\xF4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
        {"\xF0\x9F\x98\x80", 4, 4}, /* an emoji */
        {"守\xE6\x9C", 5, 3},       /* cut off */
        {"\xF8\x88\x80\x80\x80", 5, 0},
        {"\x80", 1, 0},
        {"", 0, 0},
        {"abcdefg\0abcdefgh", 16, 7}, /* in a word that is looked at as a whole */
        {"\x01\x7F\x01\x7F\x01\x7F\x01\x7F\x80", 9, 8},
        {"abcdefg\xE5\xAE\x88\xE6\x9C\x9B", 13, 13}, /* across its end */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t at = cases[i].len;
        bool good = str_is_utf8((struct str){cases[i].bytes, cases[i].len}, &at);
        assert_int_equal(good, cases[i].bad_at == cases[i].len);
        assert_int_equal(at, cases[i].bad_at);
    }
}

static void test_str_int64_takes_digits_only(void **state)
{
    (void)state;
    int64_t value = -7;
    assert_true(str_to_int64(str_of("9223372036854775807"), INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MAX);
    assert_true(str_to_int64(str_of("-9223372036854775808"), INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MIN);
    static const char *const bad[] = {"",   "-", "+1", " 1", "1 ", "1x", "9223372036854775808",
                                      "0x1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(str_to_int64(str_of(bad[i]), INT64_MIN, INT64_MAX, &value));
    }
    assert_false(str_to_int64(str_of("11"), 0, 10, &value));
    assert_true(value == INT64_MIN); /* untouched by failures */
}

static void test_str_duration_is_one_number_and_one_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0s", 0},       {"250ms", 250},  {"90s", 90000},
                {"15m", 900000}, {"2h", 7200000}, {"400d", 34560000000}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;
        assert_true(str_to_duration_ms(str_of(good[i].text), &ms));
        assert_true(ms == good[i].ms);
    }
    static const char *const bad[] = {"",      "5",   "m",    "5 m",  "5M",
                                      "1h30m", "-5m", "401d", "5.5m", "99999999999999999999d"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = -1;
        assert_false(str_to_duration_ms(str_of(bad[i]), &ms));
        assert_true(ms == -1);
    }
}

static void test_str_compare_orders_prefixes_first(void **state)
{
    (void)state;
    assert_true(str_compare(str_of("ab"), str_of("abc")) < 0);
    assert_true(str_compare(str_of("b"), str_of("abc")) > 0);
    assert_int_equal(str_compare(str_of(NULL), str_of("")), 0);
    assert_true(str_starts(str_of("守望者"), str_of("守望")));
    assert_false(str_starts(str_of("守"), str_of("守望")));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str_utf8_place_of_the_first_bad_byte),
        cmocka_unit_test(test_str_int64_takes_digits_only),
        cmocka_unit_test(test_str_duration_is_one_number_and_one_unit),
        cmocka_unit_test(test_str_compare_orders_prefixes_first),
    };
    return RUN_TESTS(argc, argv, tests);
}
