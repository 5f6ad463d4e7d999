/* Senders and recipients of sealed values: renewal, what is remembered and what is not. */
#include "support/runner.h"

#include <string.h>

#include "base/arena.h"
#include "io/seal.h"

/* Both ends of one class key, and a made-up erasure key. */
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_sender_is_renewed_by_count_and_by_time),
        cmocka_unit_test(test_seal_recipient_opens_whatever_it_forgot),
        cmocka_unit_test(test_seal_recipient_remembers_the_genuine_only),
        cmocka_unit_test(test_seal_refuses_what_is_no_key),
    };
    return RUN_TESTS(argc, argv, tests);
}
