/* Key files in a folder of their own, ids and digests, signed tokens. The people in here are made up. */
#include "support/key_place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/token.h"

static void test_keyring_refuses_a_secret_others_may_read(void **state)
{
    (void)state;
    struct key_place place;
    char path[128];
    const char *file = NULL;
    struct keyring *keyring = NULL;
    key_place_open(&place);
    (void)snprintf(path, sizeof(path), "%s/token.key", place.dir);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(keyring_load(place.dir, KEY_PLACE_WANTS, &file, &keyring), ERR_DENIED);
    assert_string_equal(file, "token.key");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(keyring_load(place.dir, KEY_PLACE_WANTS, &file, &keyring), ERR_NOT_FOUND);
    assert_int_equal(keyring_load(place.dir, KEYRING_CLOSE, NULL, &keyring), 0);
    keyring_free(keyring);
    assert_int_equal(keyring_generate(place.dir), ERR_EXISTS);
    key_place_close(&place);
}

static void test_keyring_rotation_keeps_the_old_readable(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed old = key_place_seal(&place, "before");
    assert_int_equal(keyring_rotate(place.dir, SEAL_CLASS_CONTACT), 0);
    keyring_free(place.keyring);
    place.keyring = NULL;
    assert_int_equal(keyring_load(place.dir, KEY_PLACE_WANTS, NULL, &place.keyring), 0);
    place.vault.keyring = place.keyring;
    struct sealed fresh = key_place_seal(&place, "after");
    assert_false(str_equal(old.key_id, fresh.key_id));
    assert_int_equal(vault_open(&place.vault, STR_LITERAL("school-1"), &old, &place.arena, &plain),
                     0);
    assert_true(str_is(plain, "before"));
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &fresh, &place.arena, &plain), 0);
    assert_true(str_is(plain, "after"));
    key_place_close(&place);
}

static void test_keyring_recovers_from_two_shares_only(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    char a[128];
    char b[128];
    char other[128];
    char again[128];
    key_place_open(&place);
    (void)snprintf(a, sizeof(a), "%s.a", place.dir);
    (void)snprintf(b, sizeof(b), "%s.b", place.dir);
    (void)snprintf(other, sizeof(other), "%s.other", place.dir);
    (void)snprintf(again, sizeof(again), "%s.again", place.dir);
    key_place_put(&place, "school-1", "p-a");
    struct sealed sealed = key_place_seal(&place, "made-up");
    assert_int_equal(keyring_rotate(place.dir, SEAL_CLASS_CONTACT), 0);
    assert_int_equal(keyring_split(place.dir, a, b), 0);
    assert_int_equal(keyring_split(place.dir, other, b), ERR_EXISTS);
    assert_int_equal(keyring_recover(again, a, a), ERR_CORRUPT);
    assert_int_equal(keyring_recover(again, other, b), ERR_CORRUPT); /* of another set */
    assert_int_equal(keyring_recover(again, b, a), 0);
    struct vault vault = {NULL, place.erasure};
    struct keyring *keyring = NULL;
    assert_int_equal(keyring_load(again, KEY_PLACE_WANTS, NULL, &keyring), 0);
    vault.keyring = keyring;
    assert_int_equal(vault_open(&vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    assert_true(str_is(plain, "made-up"));
    struct vault_target target = {STR_LITERAL("school-1"), STR_LITERAL("p-a"), SEAL_CLASS_CONTACT};
    assert_int_equal(vault_close(&vault, &target, STR_LITERAL("x"), &place.arena, &sealed), 0);
    assert_int_equal(vault_open(&vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    keyring_free(keyring);
    key_place_remove(again);
    (void)unlink(a);
    (void)unlink(b);
    (void)unlink(other);
    key_place_close(&place);
}

static void test_keyring_ids_differ_by_unit_and_use(void **state)
{
    (void)state;
    struct key_place place;
    char one[KEYRING_OPAQUE_BYTES];
    char two[KEYRING_OPAQUE_BYTES];
    key_place_open(&place);
    keyring_opaque_id(place.keyring, 'p', STR_LITERAL("s-1"), STR_LITERAL("20260101"), one);
    keyring_opaque_id(place.keyring, 'p', STR_LITERAL("s-1"), STR_LITERAL("20260101"), two);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 28);
    keyring_opaque_id(place.keyring, 'p', STR_LITERAL("s-2"), STR_LITERAL("20260101"), two);
    assert_string_not_equal(one, two);
    keyring_opaque_id(place.keyring, 'u', STR_LITERAL("s-1"), STR_LITERAL("20260101"), two);
    assert_string_not_equal(one + 1, two + 1);
    key_place_close(&place);
}

static void test_keyring_equal_numbers_have_equal_digests(void **state)
{
    (void)state;
    struct key_place place;
    char one[KEYRING_DIGEST_TEXT_BYTES];
    char two[KEYRING_DIGEST_TEXT_BYTES];
    key_place_open(&place);
    keyring_address_digest(place.keyring, STR_LITERAL("138-0000-0000"), one);
    keyring_address_digest(place.keyring, STR_LITERAL("+86 138 0000 0000"), two);
    assert_string_equal(one, two);
    keyring_address_digest(place.keyring, STR_LITERAL("13800000001"), two);
    assert_string_not_equal(one, two);
    keyring_address_digest(place.keyring, STR_LITERAL("A-b.c@Example.org"), one);
    keyring_address_digest(place.keyring, STR_LITERAL("a-b.c@example.org"), two);
    assert_string_equal(one, two);
    keyring_address_digest(place.keyring, STR_LITERAL("ab.c@example.org"), two);
    assert_string_not_equal(one, two);
    key_place_close(&place);
}

static struct token_notice example_notice(void)
{
    return (struct token_notice){
        .unit = STR_LITERAL("school-1"),
        .case_id = {{1, 2, 3}},
        .notice_id = {{4, 5, 6}},
        .person = STR_LITERAL("p-abcdefghijklmnopqrstuvwxyz"),
        .role = STR_LITERAL("duty_leader"),
        .expires_ms = 1000000,
    };
}

static void test_token_says_what_was_signed(void **state)
{
    (void)state;
    struct key_place place;
    char text[TOKEN_TEXT_BYTES];
    struct token_notice read;
    struct token_notice notice = example_notice();
    key_place_open(&place);
    assert_int_equal(token_make_notice(place.keyring, TOKEN_NOTICE, &notice, text), 0);
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        strlen(text));
    assert_int_equal(token_read_notice(place.keyring, TOKEN_NOTICE, str_of(text), 999999, &read),
                     0);
    assert_true(str_is(read.unit, "school-1"));
    assert_true(str_equal(read.person, notice.person));
    assert_true(str_is(read.role, "duty_leader"));
    assert_true(ident_equal(read.case_id, notice.case_id));
    assert_true(ident_equal(read.notice_id, notice.notice_id));
    assert_int_equal(token_read_notice(place.keyring, TOKEN_NOTICE, str_of(text), 1000000, &read),
                     ERR_TIMEOUT);
    assert_int_equal(token_read_notice(place.keyring, TOKEN_ACKNOWLEDGE, str_of(text), 0, &read),
                     ERR_CORRUPT);
    key_place_close(&place);
}

static void test_token_changed_or_foreign_is_refused(void **state)
{
    (void)state;
    struct key_place place;
    struct key_place stranger;
    char text[TOKEN_TEXT_BYTES];
    struct token_notice read;
    struct token_notice notice = example_notice();
    key_place_open(&place);
    key_place_open(&stranger);
    assert_int_equal(token_make_notice(place.keyring, TOKEN_NOTICE, &notice, text), 0);
    assert_int_equal(token_read_notice(stranger.keyring, TOKEN_NOTICE, str_of(text), 0, &read),
                     ERR_CORRUPT);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(token_read_notice(place.keyring, TOKEN_NOTICE, str_of(text), 0, &read),
                         ERR_CORRUPT);
        text[i] = was;
        assert_int_equal(
            token_read_notice(place.keyring, TOKEN_NOTICE, (struct str){text, i}, 0, &read),
            ERR_CORRUPT);
    }
    key_place_close(&stranger);
    key_place_close(&place);
}

static void test_token_field_that_does_not_fit_is_told(void **state)
{
    (void)state;
    struct key_place place;
    static char large[TOKEN_FIELD_MAX_BYTES + 1];
    char text[TOKEN_TEXT_BYTES];
    key_place_open(&place);
    struct token token = {.fields = {{large, sizeof(large)}}, .field_count = 1};
    assert_int_equal(token_make(place.keyring, TOKEN_SESSION, &token, text), ERR_TOO_LARGE);
    token = (struct token){.fields = {{large, 255}, {large, 255}}, .field_count = 2};
    assert_int_equal(token_make(place.keyring, TOKEN_SESSION, &token, text), ERR_TOO_LARGE);
    key_place_close(&place);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyring_refuses_a_secret_others_may_read),
        cmocka_unit_test(test_keyring_rotation_keeps_the_old_readable),
        cmocka_unit_test(test_keyring_recovers_from_two_shares_only),
        cmocka_unit_test(test_keyring_ids_differ_by_unit_and_use),
        cmocka_unit_test(test_keyring_equal_numbers_have_equal_digests),
        cmocka_unit_test(test_token_says_what_was_signed),
        cmocka_unit_test(test_token_changed_or_foreign_is_refused),
        cmocka_unit_test(test_token_field_that_does_not_fit_is_told),
    };
    return RUN_TESTS(argc, argv, tests);
}
