/* All cryptography of the project: no other file names an algorithm, no other file includes libsodium. Primitives and
 * sealed values here; key files in io/keyring, signed tokens in io/token.
 *
 * A sealed value has two layers: inside, the bytes sealed to a class's public key (writers hold nothing else); around
 * it, the subject's erasure key. Opening needs the class's private key and the erasure key; deleting the erasure key
 * makes every copy unreadable. What stands beside the bytes (suite, class, key id, erasure id) is authenticated.
 *
 * Everything here but the password functions takes microseconds. All of it is safe from any thread after seal_init, and
 * nothing is kept between calls but in the caller's seal_sender and seal_recipient: one thread at a time for each. */
#ifndef IO_SEAL_H
#define IO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum {
    SEAL_DIGEST_BYTES = 32,
    SEAL_KEY_BYTES = 32,
    SEAL_NONCE_BYTES = 24,
    SEAL_MAC_BYTES = 16,
    SEAL_PASSWORD_TEXT_BYTES = 128, /* with its NUL */
    SEAL_KEY_ID_BYTES = 16,         /* hexadecimal digits, no NUL */
    SEAL_SUITE = 1,
    SEAL_PLAIN_MAX_BYTES =
        60 * 1024, /* of one value; sealed it stays below the 64 KiB of the record */
};

/* Values equal those of the record's KeyClass. */
enum seal_class {
    SEAL_CLASS_NONE,
    SEAL_CLASS_CONTACT,
    SEAL_CLASS_CONTENT,
    SEAL_CLASS_ANSWERS,
    SEAL_CLASS_COUNT
};

/* Once per process, before anything else here; again is harmless. ERR_UNAVAILABLE: no entropy. */
SW_NODISCARD int seal_init(void);

/* --- Hashes ---------------------------------------------------------------------------------------------------------- */

/* For the journal's chain, bodies, documents and bearer tokens at rest. */
void seal_digest(const void *bytes, size_t len, uint8_t ret_digest[SEAL_DIGEST_BYTES]);

/* The ident_hash_fn of the project. */
void seal_hash128(const void *bytes, size_t len, uint8_t ret_hash[16]);

/* Keyed, collision-resistant, `ret_len` 16..32 bytes. `domain` separates uses of one key ("address", "identifier"). */
void seal_keyed_hash(const uint8_t key[SEAL_KEY_BYTES], struct str domain, struct str text,
                     uint8_t *ret_hash, size_t ret_len);

/* Compares in constant time. */
bool seal_equal(const void *a, const void *b, size_t len);

/* --- Random, secrets in memory -------------------------------------------------------------------------------------- */

void seal_random(void *ret_bytes, size_t len);

/* Overwrites what held a secret or an opened value; not optimised away. */
void seal_wipe(void *bytes, size_t len);

/* --- Bytes as URL-safe text (base64url without padding) --------------------------------------------------------------- */

/* `size` holds seal_text_bytes(len), its NUL included. */
size_t seal_text_bytes(size_t len);
void seal_text_write(const void *bytes, size_t len, char *ret_text, size_t size);
/* ERR_INVALID: not such a text, or longer than `max` bytes. */
SW_NODISCARD int seal_text_read(struct str text, void *ret_bytes, size_t max, size_t *ret_len);

/* --- Messages of our own that come back ------------------------------------------------------------------------------ */

void seal_mac(const uint8_t key[SEAL_KEY_BYTES], struct str text, uint8_t ret_mac[SEAL_MAC_BYTES]);
bool seal_mac_check(const uint8_t key[SEAL_KEY_BYTES], struct str text,
                    const uint8_t mac[SEAL_MAC_BYTES]);

/* --- What others check, in the way of Standard Webhooks ---------------------------------------------------------------- */

enum { SEAL_SIGNATURE_BYTES = 3 + 44 + 1 }; /* "v1,", base64 of 32 bytes, NUL */

/* "v1,<base64 of HMAC-SHA256>" of `id`.`time_s`.`body`. The key is the secret's bytes, or what its base64 says when it
 * begins with "whsec_" (its bytes all
 * the same where that is no base64). */
void seal_webhook_sign(struct str secret, struct str id, int64_t time_s, struct str body,
                       char ret_text[SEAL_SIGNATURE_BYTES]);

/* --- Passwords (argon2id): each call takes some 60 ms and 64 MiB ----------------------------------------------------- */

/* ERR_MEMORY. */
SW_NODISCARD int seal_password_hash(struct str password, char ret_text[SEAL_PASSWORD_TEXT_BYTES]);
/* `text` as made above; false for any other text. */
bool seal_password_check(struct str text, struct str password);

/* --- Class keys ------------------------------------------------------------------------------------------------------ */

void seal_keypair(uint8_t ret_public[SEAL_KEY_BYTES], uint8_t ret_private[SEAL_KEY_BYTES]);
/* The public key of a private one. */
void seal_public(const uint8_t private_key[SEAL_KEY_BYTES], uint8_t ret_public[SEAL_KEY_BYTES]);
/* Names a key: the begin of a public key's digest, in hexadecimal. */
void seal_key_id(const uint8_t key[SEAL_KEY_BYTES], char ret_id[SEAL_KEY_ID_BYTES]);

/* --- Sealed values --------------------------------------------------------------------------------------------------- */

enum {
    SEAL_SENDER_VALUES = 4096,       /* by one ephemeral key pair */
    SEAL_SENDER_MS = 10 * 60 * 1000, /* and for how long */
    SEAL_RECIPIENT_SHARED =
        512, /* shared keys remembered; what is displaced is only worked out again */
};

/* Borrowed texts; the same fields as the record Sealed (io/seal_record.h converts). */
struct sealed {
    uint32_t suite;
    enum seal_class key_class;
    struct str key_id;     /* of the class key pair */
    struct str erasure_id; /* person id, or a unit id while a person is unresolved */
    struct str nonce;
    struct str bytes;
};

/* What is bound to a value beside its class key. */
struct seal_layers {
    enum seal_class key_class;
    struct str key_id;
    struct str erasure_id;
    const uint8_t *erasure_key; /* SEAL_KEY_BYTES */
};

/* Seals to one class key. A value costs no multiplication on the curve: the sender draws a key pair of its own, keeps the
 * secret it shares with the recipient and forgets the private half at once. With the first value behind either bound it
 * draws anew, so that whoever reads this memory can open no more than what it sealed since. The caller's storage. */
struct seal_sender {
    uint8_t class_key[SEAL_KEY_BYTES]; /* public */
    uint8_t ephemeral[SEAL_KEY_BYTES]; /* the public half, in front of every value */
    uint8_t shared[SEAL_KEY_BYTES];
    uint32_t left;    /* values until it is renewed; 0: nothing drawn yet */
    int64_t until_us; /* monotonic */
};

void seal_sender_init(struct seal_sender *sender, const uint8_t class_key[SEAL_KEY_BYTES]);
/* Wipes. A zeroed one is fine. */
void seal_sender_fini(struct seal_sender *sender);

/* Opens what was sealed to one class key, and remembers a bounded number of the secrets shared with its senders: those
 * of values that were genuine, by the sender's ephemeral key. The caller's storage. */
struct seal_recipient {
    uint8_t class_key[SEAL_KEY_BYTES]; /* private */
    struct seal_shared {
        bool is_known;
        uint8_t ephemeral[SEAL_KEY_BYTES];
        uint8_t shared[SEAL_KEY_BYTES];
    } known[SEAL_RECIPIENT_SHARED];
};

void seal_recipient_init(struct seal_recipient *recipient, const uint8_t class_key[SEAL_KEY_BYTES]);
/* Wipes. A zeroed one is fine. */
void seal_recipient_fini(struct seal_recipient *recipient);

/* Seals `plain` (may be empty) into `arena`; `ret_sealed` borrows from it and from `layers`. ERR_TOO_LARGE, ERR_MEMORY;
 * ERR_CORRUPT: the class key is none. */
SW_NODISCARD int seal_close(struct seal_sender *sender, const struct seal_layers *layers,
                            struct str plain, struct arena *arena, struct sealed *ret_sealed);

/* Opens into `arena` (wipe it when it mattered). ERR_UNSUPPORTED: another suite; ERR_CORRUPT: changed, or not these
 * keys; ERR_MEMORY. */
SW_NODISCARD int seal_open(struct seal_recipient *recipient, const struct seal_layers *layers,
                           const struct sealed *sealed, struct arena *arena, struct str *ret_plain);

#endif
