#include "io/seal.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

_Static_assert(SEAL_DIGEST_BYTES == crypto_generichash_BYTES, "digest");
_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "class keys");
_Static_assert(SEAL_KEY_BYTES == crypto_box_SECRETKEYBYTES, "class keys");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "erasure keys");
_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonces");
_Static_assert(SEAL_NONCE_BYTES == crypto_box_NONCEBYTES, "one nonce for both layers");
_Static_assert(SEAL_KEY_BYTES == crypto_box_BEFORENMBYTES, "shared keys");
_Static_assert(SEAL_PASSWORD_TEXT_BYTES == crypto_pwhash_STRBYTES, "password texts");
_Static_assert(SEAL_MAC_BYTES >= crypto_generichash_BYTES_MIN, "macs");

enum {
    INNER_EXTRA = SEAL_KEY_BYTES + crypto_box_MACBYTES, /* the sender's ephemeral key in front */
    OUTER_EXTRA = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BESIDE_MAX = 2 + 1 + 32 + 1 + 64, /* suite, class, two ids with their lengths */
};

int seal_init(void)
{
    return sodium_init() < 0 ? ERR_UNAVAILABLE : 0;
}

/* --- Hashes ------------------------------------------------------------------------------------ */

static const unsigned char *bytes_of(const void *bytes)
{
    return bytes != NULL ? bytes : (const unsigned char *)"";
}

void seal_digest(const void *bytes, size_t len, uint8_t ret_digest[SEAL_DIGEST_BYTES])
{
    sw_assert(bytes != NULL || len == 0);
    (void)crypto_generichash(ret_digest, SEAL_DIGEST_BYTES, bytes_of(bytes), len, NULL, 0);
}

void seal_hash128(const void *bytes, size_t len, uint8_t ret_hash[16])
{
    sw_assert(bytes != NULL || len == 0);
    (void)crypto_generichash(ret_hash, 16, bytes_of(bytes), len, NULL, 0);
}

void seal_keyed_hash(const uint8_t key[SEAL_KEY_BYTES], struct str domain, struct str text,
                     uint8_t *ret_hash, size_t ret_len)
{
    sw_assert(ret_len >= 16 && ret_len <= 32);
    sw_assert(domain.len <= UINT8_MAX);
    crypto_generichash_state state;
    uint8_t domain_len = (uint8_t)domain.len;
    (void)crypto_generichash_init(&state, key, SEAL_KEY_BYTES, ret_len);
    (void)crypto_generichash_update(&state, &domain_len, 1);
    (void)crypto_generichash_update(&state, bytes_of(domain.at), domain.len);
    (void)crypto_generichash_update(&state, bytes_of(text.at), text.len);
    (void)crypto_generichash_final(&state, ret_hash, ret_len);
}

bool seal_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void seal_random(void *ret_bytes, size_t len)
{
    randombytes_buf(ret_bytes, len);
}

void seal_wipe(void *bytes, size_t len)
{
    if (len > 0) {
        sodium_memzero(bytes, len);
    }
}

size_t seal_text_bytes(size_t len)
{
    return sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void seal_text_write(const void *bytes, size_t len, char *ret_text, size_t size)
{
    sw_assert(size >= seal_text_bytes(len));
    (void)sodium_bin2base64(ret_text, size, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int seal_text_read(struct str text, void *ret_bytes, size_t max, size_t *ret_len)
{
    size_t len = 0;
    const char *end = text.at;
    if (text.len > 0 && sodium_base642bin(ret_bytes, max, text.at, text.len, NULL, &len, &end,
                                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return ERR_INVALID;
    }
    if (text.len > 0 && end != text.at + text.len) {
        return ERR_INVALID;
    }
    *ret_len = len;
    return 0;
}

void seal_mac(const uint8_t key[SEAL_KEY_BYTES], struct str text, uint8_t ret_mac[SEAL_MAC_BYTES])
{
    (void)crypto_generichash(ret_mac, SEAL_MAC_BYTES, bytes_of(text.at), text.len, key,
                             SEAL_KEY_BYTES);
}

bool seal_mac_check(const uint8_t key[SEAL_KEY_BYTES], struct str text,
                    const uint8_t mac[SEAL_MAC_BYTES])
{
    uint8_t right[SEAL_MAC_BYTES];
    seal_mac(key, text, right);
    return seal_equal(right, mac, SEAL_MAC_BYTES);
}

/* --- Webhooks ---------------------------------------------------------------------------------- */

/* The key of a secret: at most `size` bytes. */
static size_t webhook_key(struct str secret, uint8_t *ret_key, size_t size)
{
    static const struct str mark = {"whsec_", 6};
    size_t len = 0;
    if (str_starts(secret, mark) &&
        sodium_base642bin(ret_key, size, secret.at + mark.len, secret.len - mark.len, NULL, &len,
                          NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
        return len;
    }
    len = secret.len < size ? secret.len : size;
    memcpy(ret_key, secret.at, len);
    return len;
}

void seal_webhook_sign(struct str secret, struct str id, int64_t time_s, struct str body,
                       char ret_text[SEAL_SIGNATURE_BYTES])
{
    uint8_t key[256];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char time[24];
    crypto_auth_hmacsha256_state hash;
    size_t key_len = webhook_key(secret, key, sizeof(key));
    int time_len = snprintf(time, sizeof(time), ".%" PRId64 ".", time_s);
    (void)crypto_auth_hmacsha256_init(&hash, key, key_len);
    (void)crypto_auth_hmacsha256_update(&hash, (const uint8_t *)id.at, id.len);
    (void)crypto_auth_hmacsha256_update(&hash, (const uint8_t *)time, (unsigned long long)time_len);
    (void)crypto_auth_hmacsha256_update(&hash, (const uint8_t *)body.at, body.len);
    (void)crypto_auth_hmacsha256_final(&hash, mac);
    memcpy(ret_text, "v1,", 3);
    (void)sodium_bin2base64(ret_text + 3, SEAL_SIGNATURE_BYTES - 3, mac, sizeof(mac),
                            sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof(key));
    sodium_memzero(&hash, sizeof(hash));
}

/* --- Passwords --------------------------------------------------------------------------------- */

int seal_password_hash(struct str password, char ret_text[SEAL_PASSWORD_TEXT_BYTES])
{
    char text[SEAL_PASSWORD_TEXT_BYTES];
    if (crypto_pwhash_str(text, password.at != NULL ? password.at : "", password.len,
                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
        return ERR_MEMORY;
    }
    memcpy(ret_text, text, sizeof(text));
    return 0;
}

bool seal_password_check(struct str text, struct str password)
{
    /* The library wants the whole array, zeros behind the text; a text that asks for more work than ours never came
     * from us. */
    char padded[SEAL_PASSWORD_TEXT_BYTES] = {0};
    if (text.len == 0 || text.len >= sizeof(padded)) {
        return false;
    }
    memcpy(padded, text.at, text.len);
    if (crypto_pwhash_str_needs_rehash(padded, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                       crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
        return false;
    }
    return crypto_pwhash_str_verify(padded, password.at != NULL ? password.at : "", password.len) ==
           0;
}

/* --- Class keys -------------------------------------------------------------------------------- */

void seal_keypair(uint8_t ret_public[SEAL_KEY_BYTES], uint8_t ret_private[SEAL_KEY_BYTES])
{
    (void)crypto_box_keypair(ret_public, ret_private);
}

void seal_public(const uint8_t private_key[SEAL_KEY_BYTES], uint8_t ret_public[SEAL_KEY_BYTES])
{
    (void)crypto_scalarmult_base(ret_public, private_key);
}

void seal_key_id(const uint8_t key[SEAL_KEY_BYTES], char ret_id[SEAL_KEY_ID_BYTES])
{
    uint8_t digest[SEAL_DIGEST_BYTES];
    char text[SEAL_KEY_ID_BYTES + 1];
    seal_digest(key, SEAL_KEY_BYTES, digest);
    (void)sodium_bin2hex(text, sizeof(text), digest, SEAL_KEY_ID_BYTES / 2);
    memcpy(ret_id, text, SEAL_KEY_ID_BYTES);
}

/* --- Sealed values ----------------------------------------------------------------------------- */

/* What stands beside the bytes and may not be exchanged: suite, class and both ids, as the outer layer authenticates
 * them. */
static size_t write_beside(uint32_t suite, const struct seal_layers *layers,
                           uint8_t ret_beside[BESIDE_MAX])
{
    size_t at = 0;
    ret_beside[at++] = (uint8_t)suite;
    ret_beside[at++] = (uint8_t)layers->key_class;
    ret_beside[at++] = (uint8_t)layers->key_id.len;
    memcpy(ret_beside + at, layers->key_id.at, layers->key_id.len);
    at += layers->key_id.len;
    ret_beside[at++] = (uint8_t)layers->erasure_id.len;
    memcpy(ret_beside + at, layers->erasure_id.at, layers->erasure_id.len);
    return at + layers->erasure_id.len;
}

static bool layers_are_whole(const struct seal_layers *layers)
{
    return layers->erasure_key != NULL && layers->key_id.len > 0 && layers->key_id.len <= 32 &&
           layers->erasure_id.len > 0 && layers->erasure_id.len <= 64 &&
           layers->key_class > SEAL_CLASS_NONE && layers->key_class < SEAL_CLASS_COUNT;
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);
    sw_assert(failed == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void seal_sender_init(struct seal_sender *sender, const uint8_t class_key[SEAL_KEY_BYTES])
{
    *sender = (struct seal_sender){.left = 0};
    memcpy(sender->class_key, class_key, SEAL_KEY_BYTES);
}

void seal_sender_fini(struct seal_sender *sender)
{
    seal_wipe(sender, sizeof(*sender));
}

/* A key pair for the values to come, when the last one is used up. */
static int sender_renew(struct seal_sender *sender)
{
    int64_t now_us = monotonic_us();
    if (sender->left > 0 && now_us < sender->until_us) {
        return 0;
    }
    uint8_t private_key[SEAL_KEY_BYTES];
    seal_keypair(sender->ephemeral, private_key);
    int failed = crypto_box_beforenm(sender->shared, sender->class_key, private_key);
    seal_wipe(private_key, sizeof(private_key));
    sender->left = failed == 0 ? SEAL_SENDER_VALUES : 0;
    sender->until_us = now_us + (int64_t)SEAL_SENDER_MS * 1000;
    return failed == 0 ? 0 : ERR_CORRUPT; /* not a point of the curve: a damaged key file */
}

void seal_recipient_init(struct seal_recipient *recipient, const uint8_t class_key[SEAL_KEY_BYTES])
{
    memset(recipient, 0, sizeof(*recipient));
    memcpy(recipient->class_key, class_key, SEAL_KEY_BYTES);
}

void seal_recipient_fini(struct seal_recipient *recipient)
{
    seal_wipe(recipient, sizeof(*recipient));
}

/* The one place where the secret shared with this sender may be remembered: ephemeral keys are as good as random. */
static struct seal_shared *recipient_place(struct seal_recipient *recipient,
                                           const uint8_t ephemeral[SEAL_KEY_BYTES])
{
    unsigned begin = (unsigned)ephemeral[0] << 8 | ephemeral[1];
    return &recipient->known[begin % SEAL_RECIPIENT_SHARED];
}

/* Opens the inner layer: the sender's ephemeral key, then its box. */
static int open_inner(struct seal_recipient *recipient, struct str inner, const uint8_t *nonce,
                      uint8_t *ret_plain)
{
    const uint8_t *ephemeral = (const uint8_t *)inner.at;
    const uint8_t *box = ephemeral + SEAL_KEY_BYTES;
    size_t box_len = inner.len - SEAL_KEY_BYTES;
    struct seal_shared *place = recipient_place(recipient, ephemeral);
    if (place->is_known && memcmp(place->ephemeral, ephemeral, SEAL_KEY_BYTES) == 0) {
        int failed = crypto_box_open_easy_afternm(ret_plain, box, box_len, nonce, place->shared);
        return failed == 0 ? 0 : ERR_CORRUPT;
    }
    struct seal_shared fresh = {.is_known = true};
    memcpy(fresh.ephemeral, ephemeral, SEAL_KEY_BYTES);
    int failed = crypto_box_beforenm(fresh.shared, ephemeral, recipient->class_key);
    if (failed == 0) {
        failed = crypto_box_open_easy_afternm(ret_plain, box, box_len, nonce, fresh.shared);
    }
    if (failed == 0) {
        *place = fresh;
    }
    seal_wipe(&fresh, sizeof(fresh));
    return failed == 0 ? 0 : ERR_CORRUPT;
}

int seal_close(struct seal_sender *sender, const struct seal_layers *layers, struct str plain,
               struct arena *arena, struct sealed *ret_sealed)
{
    sw_assert(layers_are_whole(layers));
    if (plain.len > SEAL_PLAIN_MAX_BYTES) {
        return ERR_TOO_LARGE;
    }
    size_t inner_len = plain.len + INNER_EXTRA;
    uint8_t *inner = arena_alloc(arena, inner_len);
    uint8_t *outer = arena_alloc(arena, inner_len + OUTER_EXTRA);
    uint8_t *nonce = arena_alloc(arena, SEAL_NONCE_BYTES);
    if (inner == NULL || outer == NULL || nonce == NULL) {
        return ERR_MEMORY;
    }
    int error = sender_renew(sender);
    if (error != 0) {
        return error;
    }
    /* One nonce for both layers, since their keys have nothing in common; at random, 24 bytes never come again. */
    seal_random(nonce, SEAL_NONCE_BYTES);
    memcpy(inner, sender->ephemeral, SEAL_KEY_BYTES);
    (void)crypto_box_easy_afternm(inner + SEAL_KEY_BYTES, bytes_of(plain.at), plain.len, nonce,
                                  sender->shared);
    sender->left--;
    uint8_t beside[BESIDE_MAX];
    size_t beside_len = write_beside(SEAL_SUITE, layers, beside);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(outer, NULL, inner, inner_len, beside,
                                                     beside_len, NULL, nonce, layers->erasure_key);
    *ret_sealed = (struct sealed){
        .suite = SEAL_SUITE,
        .key_class = layers->key_class,
        .key_id = layers->key_id,
        .erasure_id = layers->erasure_id,
        .nonce = {(const char *)nonce, SEAL_NONCE_BYTES},
        .bytes = {(const char *)outer, inner_len + OUTER_EXTRA},
    };
    return 0;
}

int seal_open(struct seal_recipient *recipient, const struct seal_layers *layers,
              const struct sealed *sealed, struct arena *arena, struct str *ret_plain)
{
    sw_assert(layers_are_whole(layers));
    if (sealed->suite != SEAL_SUITE) {
        return ERR_UNSUPPORTED;
    }
    if (sealed->nonce.len != SEAL_NONCE_BYTES || sealed->bytes.len < OUTER_EXTRA + INNER_EXTRA) {
        return ERR_CORRUPT;
    }
    size_t inner_len = sealed->bytes.len - OUTER_EXTRA;
    uint8_t *inner = arena_alloc(arena, inner_len);
    uint8_t *plain = arena_alloc(arena, inner_len - INNER_EXTRA + 1);
    if (inner == NULL || plain == NULL) {
        return ERR_MEMORY;
    }
    uint8_t beside[BESIDE_MAX];
    size_t beside_len = write_beside(sealed->suite, layers, beside);
    const uint8_t *nonce = (const uint8_t *)sealed->nonce.at;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            inner, NULL, NULL, (const uint8_t *)sealed->bytes.at, sealed->bytes.len, beside,
            beside_len, nonce, layers->erasure_key) != 0) {
        return ERR_CORRUPT;
    }
    int error = open_inner(recipient, (struct str){(const char *)inner, inner_len}, nonce, plain);
    if (error == 0) {
        *ret_plain = (struct str){(const char *)plain, inner_len - INNER_EXTRA};
    }
    return error;
}
