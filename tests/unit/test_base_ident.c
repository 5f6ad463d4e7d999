#include "base/ident.h"

#include <string.h>

#include "support/runner.h"

/* Not a hash: keeps the first bytes, so that a test sees what was joined. */
static void first_bytes(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES])
{
    memset(ret_hash, 0xEE, IDENT_BYTES);
    memcpy(ret_hash, bytes, len < IDENT_BYTES ? len : IDENT_BYTES);
}

static void test_ident_derive_keeps_parts_apart(void **state)
{
    (void)state;
    struct str one[] = {STR_LITERAL("ab"), STR_LITERAL("c")};
    struct str other[] = {STR_LITERAL("a"), STR_LITERAL("bc")};
    struct ident id = ident_derive(first_bytes, one, 2);
    assert_memory_equal(id.bytes, "\2\0\0\0ab\1\0\0\0c\xEE", 12);
    assert_false(ident_equal(id, ident_derive(first_bytes, other, 2)));
    assert_true(ident_equal(id, ident_derive(first_bytes, one, 2)));
}

static void test_ident_text_round_trip(void **state)
{
    (void)state;
    struct ident id = {{0x00, 0x0f, 0xf0, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xab}};
    struct ident back = {{0}};
    char text[IDENT_TEXT_BYTES];
    ident_format(id, text);
    assert_string_equal(text, "000ff0ff0102030405060708090a0bab");
    assert_true(ident_parse(str_of("000FF0ff0102030405060708090a0bAB"), &back));
    assert_true(ident_equal(id, back));
    assert_false(ident_parse(str_of("000ff0ff0102030405060708090a0ba"), &back));
    assert_false(ident_parse(str_of("g00ff0ff0102030405060708090a0bab"), &back));
    assert_true(ident_is_none((struct ident){{0}}));
    assert_false(ident_is_none(id));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ident_derive_keeps_parts_apart),
        cmocka_unit_test(test_ident_text_round_trip),
    };
    return RUN_TESTS(argc, argv, tests);
}
