#include "io/seal.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"

_Static_assert(SEAL_DIGEST_BYTES == crypto_generichash_BYTES, "digest");
_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "class keys");
_Static_assert(SEAL_KEY_BYTES == crypto_box_SECRETKEYBYTES, "class keys");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "erasure keys");
_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonces");
_Static_assert(SEAL_PASSWORD_TEXT_BYTES == crypto_pwhash_STRBYTES, "password texts");
_Static_assert(SEAL_MAC_BYTES >= crypto_generichash_BYTES_MIN, "macs");

enum {
    INNER_EXTRA = crypto_box_SEALBYTES,
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
    return layers->class_key != NULL && layers->erasure_key != NULL && layers->key_id.len > 0 &&
           layers->key_id.len <= 32 && layers->erasure_id.len > 0 && layers->erasure_id.len <= 64 &&
           layers->key_class > SEAL_CLASS_NONE && layers->key_class < SEAL_CLASS_COUNT;
}

int seal_close(const struct seal_layers *layers, struct str plain, struct arena *arena,
               struct sealed *ret_sealed)
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
    if (crypto_box_seal(inner, bytes_of(plain.at), plain.len, layers->class_key) != 0) {
        return ERR_CORRUPT; /* not a point of the curve: a damaged key file */
    }
    seal_random(nonce, SEAL_NONCE_BYTES);
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

int seal_open(const struct seal_layers *layers, const struct sealed *sealed, struct arena *arena,
              struct str *ret_plain)
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
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            inner, NULL, NULL, (const uint8_t *)sealed->bytes.at, sealed->bytes.len, beside,
            beside_len, (const uint8_t *)sealed->nonce.at, layers->erasure_key) != 0) {
        return ERR_CORRUPT;
    }
    uint8_t public_key[SEAL_KEY_BYTES];
    seal_public(layers->class_key, public_key);
    if (crypto_box_seal_open(plain, inner, inner_len, public_key, layers->class_key) != 0) {
        return ERR_CORRUPT;
    }
    *ret_plain = (struct str){(const char *)plain, inner_len - INNER_EXTRA};
    return 0;
}
