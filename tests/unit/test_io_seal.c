/* Sealed values and erasure keys, against the real library. The people in here are made up. */
#include "support/key_place.h"

#include <string.h>

#include "base/arena.h"
#include "io/erasure.h"
#include "io/seal_record.h"
#include "shouwang/v1/keys.pb-c.h"

static void test_seal_opens_what_it_closed(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed sealed = key_place_seal(&place, "王小虎（虚构）");
    assert_null(memmem(sealed.bytes.at, sealed.bytes.len, "王小虎", 9));
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    assert_true(str_is(plain, "王小虎（虚构）"));
    sealed = key_place_seal(&place, "");
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    assert_int_equal(plain.len, 0);
    key_place_close(&place);
}

static void test_seal_same_text_gives_other_bytes(void **state)
{
    (void)state;
    struct key_place place;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed one = key_place_seal(&place, "same");
    struct sealed two = key_place_seal(&place, "same");
    assert_int_equal(one.bytes.len, two.bytes.len);
    assert_memory_not_equal(one.bytes.at, two.bytes.at, one.bytes.len);
    key_place_close(&place);
}

static void test_seal_deleted_erasure_key_ends_every_copy(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed sealed = key_place_seal(&place, "made-up name");
    assert_true(erasure_remove(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a")));
    assert_false(erasure_remove(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a")));
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_NOT_FOUND);
    key_place_put(&place, "school-1", "p-a"); /* a new key under the old id opens nothing */
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_CORRUPT);
    key_place_close(&place);
}

static void test_seal_notices_every_changed_byte(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed sealed = key_place_seal(&place, "made-up");
    char bytes[256];
    assert_true(sealed.bytes.len < sizeof(bytes));
    for (size_t i = 0; i < sealed.bytes.len; i++) {
        memcpy(bytes, sealed.bytes.at, sealed.bytes.len);
        bytes[i] = (char)(bytes[i] ^ 1);
        struct sealed changed = sealed;
        changed.bytes.at = bytes;
        assert_int_equal(
            vault_open(&place.vault, STR_LITERAL("school-1"), &changed, &place.arena, &plain),
            ERR_CORRUPT);
    }
    for (size_t len = 0; len < sealed.bytes.len; len++) {
        struct sealed cut = sealed;
        cut.bytes.len = len;
        assert_int_equal(
            vault_open(&place.vault, STR_LITERAL("school-1"), &cut, &place.arena, &plain),
            ERR_CORRUPT);
    }
    key_place_close(&place);
}

static void test_seal_what_stands_beside_is_bound(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    const uint8_t *key = erasure_get(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a"));
    uint8_t copy[SEAL_KEY_BYTES];
    memcpy(copy, key, sizeof(copy));
    assert_int_equal(erasure_put(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-b"), copy),
                     0);
    struct sealed sealed = key_place_seal(&place, "made-up");
    sealed.erasure_id = STR_LITERAL("p-b"); /* even with equal keys */
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_CORRUPT);
    sealed.erasure_id = STR_LITERAL("p-a");
    sealed.suite = 2;
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_UNSUPPORTED);
    key_place_close(&place);
}

static void test_seal_class_needs_its_private_key(void **state)
{
    (void)state;
    struct key_place place;
    struct str plain;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed sealed = key_place_seal(&place, "made-up");
    struct keyring *writer = NULL;
    assert_int_equal(keyring_load(place.dir, KEYRING_CLOSE | KEYRING_OPEN_ANSWERS, NULL, &writer),
                     0);
    struct vault vault = {writer, place.erasure};
    assert_int_equal(vault_open(&vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
                     ERR_DENIED);
    keyring_free(writer);
    key_place_close(&place);
}

static void test_seal_record_goes_there_and_back(void **state)
{
    (void)state;
    struct key_place place;
    struct str bytes;
    struct str plain;
    struct sealed read;
    key_place_open(&place);
    key_place_put(&place, "school-1", "p-a");
    struct sealed sealed = key_place_seal(&place, "made-up");
    assert_int_equal(sealed_encode(&sealed, &place.arena, &bytes), 0);
    assert_int_equal(sealed_decode(bytes, &place.arena, &read), 0);
    assert_int_equal(vault_open(&place.vault, STR_LITERAL("school-1"), &read, &place.arena, &plain),
                     0);
    assert_true(str_is(plain, "made-up"));
    for (size_t len = 0; len < bytes.len; len++) {
        int error = sealed_decode((struct str){bytes.at, len}, &place.arena, &read);
        assert_true(error == 0 || error == ERR_INVALID);
    }
    assert_int_equal(sealed_decode((struct str){NULL, 0}, &place.arena, &read), ERR_INVALID);
    key_place_close(&place);
}

static void test_erasure_follows_the_topic(void **state)
{
    (void)state;
    struct key_place place;
    struct str key;
    struct str value;
    key_place_open(&place);
    struct seal_owner owner = {STR_LITERAL("school-1"), STR_LITERAL("p-a")};
    assert_int_equal(erasure_make_record(&owner, 1000, &place.arena, &key, &value), 0);
    assert_true(str_is(key, "school-1/key/p-a"));
    assert_int_equal(erasure_apply(place.erasure, key, &value), 0);
    assert_non_null(erasure_get(place.erasure, owner.unit, owner.erasure_id));
    assert_null(erasure_get(place.erasure, STR_LITERAL("school-2"), owner.erasure_id));
    /* A record that says something else than its key is refused, and what was there stays. */
    assert_int_equal(erasure_apply(place.erasure, STR_LITERAL("school-1/key/p-b"), &value),
                     ERR_INVALID);
    struct str junk = STR_LITERAL("\xff\xff\xff");
    assert_int_equal(erasure_apply(place.erasure, key, &junk), ERR_INVALID);
    assert_int_equal(erasure_apply(place.erasure, STR_LITERAL("school-1/person/p-a"), NULL),
                     ERR_INVALID);
    assert_int_equal(erasure_count(place.erasure), 1);
    assert_int_equal(erasure_apply(place.erasure, key, NULL), 0);
    assert_int_equal(erasure_count(place.erasure), 0);
    key_place_close(&place);
}

static void test_seal_password_is_checked_and_not_kept(void **state)
{
    (void)state;
    char text[SEAL_PASSWORD_TEXT_BYTES];
    assert_int_equal(seal_init(), 0);
    assert_int_equal(seal_password_hash(STR_LITERAL("correct horse"), text), 0);
    assert_null(strstr(text, "correct"));
    assert_true(seal_password_check(str_of(text), STR_LITERAL("correct horse")));
    assert_false(seal_password_check(str_of(text), STR_LITERAL("correct horsf")));
    assert_false(seal_password_check(STR_LITERAL(""), STR_LITERAL("")));
    assert_false(seal_password_check(STR_LITERAL("$argon2id$v=19$junk"), STR_LITERAL("x")));
}

/* The example of the Standard Webhooks specification, and a secret that is no base64. */
static void test_seal_webhook_signature_is_the_standards(void **state)
{
    (void)state;
    char text[SEAL_SIGNATURE_BYTES];
    seal_webhook_sign(STR_LITERAL("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                      STR_LITERAL("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                      STR_LITERAL("{\"test\": 2432232314}"), text);
    assert_string_equal(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    seal_webhook_sign(STR_LITERAL("key"), STR_LITERAL("a"), 1, STR_LITERAL("b"), text);
    assert_string_equal(text, "v1,x5tOcy8TSmcrIlScag+jdQEcfzV2fwdz8mSFheg7RaQ=");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_webhook_signature_is_the_standards),
        cmocka_unit_test(test_seal_opens_what_it_closed),
        cmocka_unit_test(test_seal_same_text_gives_other_bytes),
        cmocka_unit_test(test_seal_deleted_erasure_key_ends_every_copy),
        cmocka_unit_test(test_seal_notices_every_changed_byte),
        cmocka_unit_test(test_seal_what_stands_beside_is_bound),
        cmocka_unit_test(test_seal_class_needs_its_private_key),
        cmocka_unit_test(test_seal_record_goes_there_and_back),
        cmocka_unit_test(test_erasure_follows_the_topic),
        cmocka_unit_test(test_seal_password_is_checked_and_not_kept),
    };
    return RUN_TESTS(argc, argv, tests);
}
