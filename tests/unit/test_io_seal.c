/* Sealed values, key files, tokens: everything against the real library, key files in a folder of their own. The people
 * in here are made up. */
#include "support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "io/erasure.h"
#include "io/keyring.h"
#include "io/seal_record.h"
#include "io/token.h"
#include "shouwang/v1/keys.pb-c.h"

enum { ALL_WANTS = 63 };

static const char *const key_files[] = {"contact.pub", "content.pub", "answers.pub", "contact.key",
                                        "content.key", "answers.key", "ident.key",   "token.key"};

struct place {
    char dir[64];
    struct arena arena;
    struct keyring *keyring;
    struct erasure_keys *erasure;
    struct vault vault;
};

static void place_open(struct place *place)
{
    memset(place, 0, sizeof(*place));
    (void)snprintf(place->dir, sizeof(place->dir), "/tmp/sw-seal-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    assert_int_equal(seal_init(), 0);
    assert_int_equal(keyring_generate(place->dir), 0);
    assert_int_equal(keyring_load(place->dir, ALL_WANTS, NULL, &place->keyring), 0);
    assert_int_equal(erasure_new(&place->erasure), 0);
    arena_init(&place->arena, 1024 * 1024);
    place->vault = (struct vault){place->keyring, place->erasure};
}

static void remove_keys(const char *dir)
{
    char path[128];
    for (size_t i = 0; i < sizeof(key_files) / sizeof(key_files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, key_files[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static void place_close(struct place *place)
{
    keyring_free(place->keyring);
    erasure_free(place->erasure);
    arena_fini(&place->arena);
    remove_keys(place->dir);
}

static void put_key(struct place *place, const char *unit, const char *id)
{
    uint8_t key[SEAL_KEY_BYTES];
    seal_random(key, sizeof(key));
    assert_int_equal(erasure_put(place->erasure, str_of(unit), str_of(id), key), 0);
}

static struct sealed close_name(struct place *place, const char *text)
{
    struct sealed sealed;
    struct vault_target target = {STR_LITERAL("school-1"), STR_LITERAL("p-a"), SEAL_CLASS_CONTACT};
    assert_int_equal(vault_close(&place->vault, &target, str_of(text), &place->arena, &sealed), 0);
    return sealed;
}

static void test_seal_opens_what_it_closed(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed sealed = close_name(&place, "王小虎（虚构）");
    assert_null(memmem(sealed.bytes.at, sealed.bytes.len, "王小虎", 9));
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    assert_true(str_is(plain, "王小虎（虚构）"));
    sealed = close_name(&place, "");
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    assert_int_equal(plain.len, 0);
    place_close(&place);
}

static void test_seal_same_text_gives_other_bytes(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed one = close_name(&place, "same");
    struct sealed two = close_name(&place, "same");
    assert_int_equal(one.bytes.len, two.bytes.len);
    assert_memory_not_equal(one.bytes.at, two.bytes.at, one.bytes.len);
    place_close(&place);
}

static void test_seal_deleted_erasure_key_ends_every_copy(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed sealed = close_name(&place, "made-up name");
    assert_true(erasure_remove(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a")));
    assert_false(erasure_remove(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a")));
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_NOT_FOUND);
    put_key(&place, "school-1", "p-a"); /* a new key under the old id opens nothing */
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_CORRUPT);
    place_close(&place);
}

static void test_seal_notices_every_changed_byte(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed sealed = close_name(&place, "made-up");
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
    place_close(&place);
}

static void test_seal_what_stands_beside_is_bound(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    const uint8_t *key = erasure_get(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a"));
    uint8_t copy[SEAL_KEY_BYTES];
    memcpy(copy, key, sizeof(copy));
    assert_int_equal(erasure_put(place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-b"), copy),
                     0);
    struct sealed sealed = close_name(&place, "made-up");
    sealed.erasure_id = STR_LITERAL("p-b"); /* even with equal keys */
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_CORRUPT);
    sealed.erasure_id = STR_LITERAL("p-a");
    sealed.suite = 2;
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
        ERR_UNSUPPORTED);
    place_close(&place);
}

static void test_seal_class_needs_its_private_key(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed sealed = close_name(&place, "made-up");
    struct keyring *writer = NULL;
    assert_int_equal(keyring_load(place.dir, KEYRING_CLOSE | KEYRING_OPEN_ANSWERS, NULL, &writer),
                     0);
    struct vault vault = {writer, place.erasure};
    assert_int_equal(vault_open(&vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain),
                     ERR_DENIED);
    keyring_free(writer);
    place_close(&place);
}

/* A sender and a recipient by themselves, their values under one made-up erasure key. */
struct pair {
    struct arena arena;
    uint8_t public_key[SEAL_KEY_BYTES];
    uint8_t erasure_key[SEAL_KEY_BYTES];
    struct seal_layers layers;
    struct seal_sender sender;
    struct seal_recipient recipient;
};

static void pair_open(struct pair *pair)
{
    uint8_t private_key[SEAL_KEY_BYTES];
    assert_int_equal(seal_init(), 0);
    arena_init(&pair->arena, 16 * 1024 * 1024);
    seal_keypair(pair->public_key, private_key);
    seal_random(pair->erasure_key, sizeof(pair->erasure_key));
    pair->layers = (struct seal_layers){.key_class = SEAL_CLASS_CONTENT,
                                        .key_id = STR_LITERAL("0123456789abcdef"),
                                        .erasure_id = STR_LITERAL("p-a"),
                                        .erasure_key = pair->erasure_key};
    seal_sender_init(&pair->sender, pair->public_key);
    seal_recipient_init(&pair->recipient, private_key);
}

static struct sealed pair_close(struct pair *pair, const char *text)
{
    struct sealed sealed;
    assert_int_equal(seal_close(&pair->sender, &pair->layers, str_of(text), &pair->arena, &sealed),
                     0);
    assert_int_equal(sealed.bytes.len, strlen(text) + 64); /* as sealed.proto says */
    return sealed;
}

static void pair_expect(struct pair *pair, const struct sealed *sealed, const char *text)
{
    struct str plain;
    assert_int_equal(seal_open(&pair->recipient, &pair->layers, sealed, &pair->arena, &plain), 0);
    assert_true(str_is(plain, text));
}

static bool is_zero(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0 && at[len - 1] == 0) {
        len--;
    }
    return len == 0;
}

static void pair_fini(struct pair *pair)
{
    seal_sender_fini(&pair->sender);
    seal_recipient_fini(&pair->recipient);
    assert_true(is_zero(&pair->sender, sizeof(pair->sender)));
    assert_true(is_zero(&pair->recipient, sizeof(pair->recipient)));
    arena_fini(&pair->arena);
}

static void test_seal_sender_is_renewed_by_count_and_by_time(void **state)
{
    (void)state;
    static struct pair pair;
    uint8_t first[SEAL_KEY_BYTES];
    uint8_t secret[SEAL_KEY_BYTES];
    pair_open(&pair);
    struct sealed old = pair_close(&pair, "first");
    memcpy(first, pair.sender.ephemeral, sizeof(first));
    memcpy(secret, pair.sender.shared, sizeof(secret));
    for (int i = 1; i < SEAL_SENDER_VALUES; i++) {
        (void)pair_close(&pair, "x");
    }
    assert_memory_equal(pair.sender.ephemeral, first, sizeof(first));
    struct sealed next = pair_close(&pair, "second");
    assert_memory_not_equal(pair.sender.ephemeral, first, sizeof(first));
    assert_null(memmem(&pair.sender, sizeof(pair.sender), secret, sizeof(secret)));

    memcpy(first, pair.sender.ephemeral, sizeof(first));
    pair.sender.until_us = 0; /* its time is over */
    struct sealed last = pair_close(&pair, "third");
    assert_memory_not_equal(pair.sender.ephemeral, first, sizeof(first));
    pair_expect(&pair, &old, "first");
    pair_expect(&pair, &next, "second");
    pair_expect(&pair, &last, "third");
    pair_fini(&pair);
}

static void test_seal_recipient_opens_whatever_it_forgot(void **state)
{
    (void)state;
    enum { SENDERS = SEAL_RECIPIENT_SHARED + 1 }; /* two of them share a place */
    static struct pair pair;
    static struct sealed values[SENDERS];
    pair_open(&pair);
    for (size_t i = 0; i < SENDERS; i++) {
        pair.sender.left = 0;
        values[i] = pair_close(&pair, "made-up");
    }
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < SENDERS; i++) {
            pair_expect(&pair, &values[i], "made-up");
        }
    }
    pair_fini(&pair);
}

/* Whoever holds the erasure key only, as each writer does, can wrap anything: the recipient must neither take it nor
 * remember it. */
static void test_seal_recipient_remembers_the_genuine_only(void **state)
{
    (void)state;
    static struct pair pair;
    static struct pair stranger;
    struct str plain;
    pair_open(&pair);
    pair_open(&stranger);
    stranger.layers = pair.layers;
    struct sealed foreign = pair_close(&stranger, "to another class key");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(seal_open(&pair.recipient, &pair.layers, &foreign, &pair.arena, &plain),
                         ERR_CORRUPT);
    }
    assert_true(is_zero(pair.recipient.known, sizeof(pair.recipient.known)));

    struct sealed sealed = pair_close(&pair, "made-up");
    pair_expect(&pair, &sealed, "made-up");
    assert_false(is_zero(pair.recipient.known, sizeof(pair.recipient.known)));
    pair_expect(&pair, &sealed, "made-up");
    memcpy(pair.sender.shared, stranger.sender.shared,
           SEAL_KEY_BYTES); /* known, the box is not its */
    sealed = pair_close(&pair, "forged");
    assert_int_equal(seal_open(&pair.recipient, &pair.layers, &sealed, &pair.arena, &plain),
                     ERR_CORRUPT);
    pair_fini(&stranger);
    pair_fini(&pair);
}

static void test_seal_refuses_what_is_no_key(void **state)
{
    (void)state;
    static const uint8_t zero[SEAL_KEY_BYTES];
    static struct pair pair;
    struct sealed sealed;
    pair_open(&pair);
    seal_sender_init(&pair.sender, zero);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            seal_close(&pair.sender, &pair.layers, STR_LITERAL("x"), &pair.arena, &sealed),
            ERR_CORRUPT);
    }
    pair_fini(&pair);
}

static void test_seal_record_goes_there_and_back(void **state)
{
    (void)state;
    struct place place;
    struct str bytes;
    struct str plain;
    struct sealed read;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed sealed = close_name(&place, "made-up");
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
    place_close(&place);
}

static void test_erasure_follows_the_topic(void **state)
{
    (void)state;
    struct place place;
    struct str key;
    struct str value;
    place_open(&place);
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
    place_close(&place);
}

static void test_keyring_refuses_a_secret_others_may_read(void **state)
{
    (void)state;
    struct place place;
    char path[128];
    const char *file = NULL;
    struct keyring *keyring = NULL;
    place_open(&place);
    (void)snprintf(path, sizeof(path), "%s/token.key", place.dir);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(keyring_load(place.dir, ALL_WANTS, &file, &keyring), ERR_DENIED);
    assert_string_equal(file, "token.key");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(keyring_load(place.dir, ALL_WANTS, &file, &keyring), ERR_NOT_FOUND);
    assert_int_equal(keyring_load(place.dir, KEYRING_CLOSE, NULL, &keyring), 0);
    keyring_free(keyring);
    assert_int_equal(keyring_generate(place.dir), ERR_EXISTS);
    place_close(&place);
}

static void test_keyring_rotation_keeps_the_old_readable(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    place_open(&place);
    put_key(&place, "school-1", "p-a");
    struct sealed old = close_name(&place, "before");
    assert_int_equal(keyring_rotate(place.dir, SEAL_CLASS_CONTACT), 0);
    keyring_free(place.keyring);
    place.keyring = NULL;
    assert_int_equal(keyring_load(place.dir, ALL_WANTS, NULL, &place.keyring), 0);
    place.vault.keyring = place.keyring;
    struct sealed fresh = close_name(&place, "after");
    assert_false(str_equal(old.key_id, fresh.key_id));
    assert_int_equal(vault_open(&place.vault, STR_LITERAL("school-1"), &old, &place.arena, &plain),
                     0);
    assert_true(str_is(plain, "before"));
    assert_int_equal(
        vault_open(&place.vault, STR_LITERAL("school-1"), &fresh, &place.arena, &plain), 0);
    assert_true(str_is(plain, "after"));
    place_close(&place);
}

static void test_keyring_recovers_from_two_shares_only(void **state)
{
    (void)state;
    struct place place;
    struct str plain;
    char a[128];
    char b[128];
    char other[128];
    char again[128];
    place_open(&place);
    (void)snprintf(a, sizeof(a), "%s.a", place.dir);
    (void)snprintf(b, sizeof(b), "%s.b", place.dir);
    (void)snprintf(other, sizeof(other), "%s.other", place.dir);
    (void)snprintf(again, sizeof(again), "%s.again", place.dir);
    put_key(&place, "school-1", "p-a");
    struct sealed sealed = close_name(&place, "made-up");
    assert_int_equal(keyring_rotate(place.dir, SEAL_CLASS_CONTACT), 0);
    assert_int_equal(keyring_split(place.dir, a, b), 0);
    assert_int_equal(keyring_split(place.dir, other, b), ERR_EXISTS);
    assert_int_equal(keyring_recover(again, a, a), ERR_CORRUPT);
    assert_int_equal(keyring_recover(again, other, b), ERR_CORRUPT); /* of another set */
    assert_int_equal(keyring_recover(again, b, a), 0);
    struct vault vault = {NULL, place.erasure};
    struct keyring *keyring = NULL;
    assert_int_equal(keyring_load(again, ALL_WANTS, NULL, &keyring), 0);
    vault.keyring = keyring;
    assert_int_equal(vault_open(&vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    assert_true(str_is(plain, "made-up"));
    struct vault_target target = {STR_LITERAL("school-1"), STR_LITERAL("p-a"), SEAL_CLASS_CONTACT};
    assert_int_equal(vault_close(&vault, &target, STR_LITERAL("x"), &place.arena, &sealed), 0);
    assert_int_equal(vault_open(&vault, STR_LITERAL("school-1"), &sealed, &place.arena, &plain), 0);
    keyring_free(keyring);
    remove_keys(again);
    (void)unlink(a);
    (void)unlink(b);
    (void)unlink(other);
    place_close(&place);
}

static void test_keyring_ids_differ_by_unit_and_use(void **state)
{
    (void)state;
    struct place place;
    char one[KEYRING_OPAQUE_BYTES];
    char two[KEYRING_OPAQUE_BYTES];
    place_open(&place);
    keyring_opaque_id(place.keyring, 'p', STR_LITERAL("s-1"), STR_LITERAL("20260101"), one);
    keyring_opaque_id(place.keyring, 'p', STR_LITERAL("s-1"), STR_LITERAL("20260101"), two);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 28);
    keyring_opaque_id(place.keyring, 'p', STR_LITERAL("s-2"), STR_LITERAL("20260101"), two);
    assert_string_not_equal(one, two);
    keyring_opaque_id(place.keyring, 'u', STR_LITERAL("s-1"), STR_LITERAL("20260101"), two);
    assert_string_not_equal(one + 1, two + 1);
    place_close(&place);
}

static void test_keyring_equal_numbers_have_equal_digests(void **state)
{
    (void)state;
    struct place place;
    char one[KEYRING_DIGEST_TEXT_BYTES];
    char two[KEYRING_DIGEST_TEXT_BYTES];
    place_open(&place);
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
    place_close(&place);
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
    struct place place;
    char text[TOKEN_TEXT_BYTES];
    struct token_notice read;
    struct token_notice notice = example_notice();
    place_open(&place);
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
    place_close(&place);
}

static void test_token_changed_or_foreign_is_refused(void **state)
{
    (void)state;
    struct place place;
    struct place stranger;
    char text[TOKEN_TEXT_BYTES];
    struct token_notice read;
    struct token_notice notice = example_notice();
    place_open(&place);
    place_open(&stranger);
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
    place_close(&stranger);
    place_close(&place);
}

static void test_token_field_that_does_not_fit_is_told(void **state)
{
    (void)state;
    struct place place;
    static char large[TOKEN_FIELD_MAX_BYTES + 1];
    char text[TOKEN_TEXT_BYTES];
    place_open(&place);
    struct token token = {.fields = {{large, sizeof(large)}}, .field_count = 1};
    assert_int_equal(token_make(place.keyring, TOKEN_SESSION, &token, text), ERR_TOO_LARGE);
    token = (struct token){.fields = {{large, 255}, {large, 255}}, .field_count = 2};
    assert_int_equal(token_make(place.keyring, TOKEN_SESSION, &token, text), ERR_TOO_LARGE);
    place_close(&place);
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_opens_what_it_closed),
        cmocka_unit_test(test_seal_same_text_gives_other_bytes),
        cmocka_unit_test(test_seal_deleted_erasure_key_ends_every_copy),
        cmocka_unit_test(test_seal_notices_every_changed_byte),
        cmocka_unit_test(test_seal_what_stands_beside_is_bound),
        cmocka_unit_test(test_seal_class_needs_its_private_key),
        cmocka_unit_test(test_seal_sender_is_renewed_by_count_and_by_time),
        cmocka_unit_test(test_seal_recipient_opens_whatever_it_forgot),
        cmocka_unit_test(test_seal_recipient_remembers_the_genuine_only),
        cmocka_unit_test(test_seal_refuses_what_is_no_key),
        cmocka_unit_test(test_seal_record_goes_there_and_back),
        cmocka_unit_test(test_erasure_follows_the_topic),
        cmocka_unit_test(test_keyring_refuses_a_secret_others_may_read),
        cmocka_unit_test(test_keyring_rotation_keeps_the_old_readable),
        cmocka_unit_test(test_keyring_recovers_from_two_shares_only),
        cmocka_unit_test(test_keyring_ids_differ_by_unit_and_use),
        cmocka_unit_test(test_keyring_equal_numbers_have_equal_digests),
        cmocka_unit_test(test_token_says_what_was_signed),
        cmocka_unit_test(test_token_changed_or_foreign_is_refused),
        cmocka_unit_test(test_token_field_that_does_not_fit_is_told),
        cmocka_unit_test(test_seal_password_is_checked_and_not_kept),
    };
    return RUN_TESTS(argc, argv, tests);
}
