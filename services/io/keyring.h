/* The keys of one process from `keys.dir`: class keys, and the keys of hashes and tokens. Erasure keys are in io/erasure.
 *
 * Files of `keys.dir`, one line `<key id> <key>` per key, the current one first (rotation puts a line before it):
 *
 *     contact.pub content.pub answers.pub     public, for whoever writes
 *     contact.key content.key answers.key     private, 0600, only where the class may be opened
 *     ident.key                               0600: opaque ids, digests of identifiers and addresses
 *     token.key                               0600: links, notice references, cookies
 *
 * A process loads what it asks for and nothing else. A secret file that others may read is refused.
 *
 * vault_close and vault_open change what the keyring keeps for the next value (a sender for each class, a recipient for
 * each private key: io/seal.h), so they belong to one thread at a time; all else of a keyring only reads. */
#ifndef IO_KEYRING_H
#define IO_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/erasure.h"
#include "io/seal.h"

struct keyring;

enum keyring_want {
    KEYRING_CLOSE = 1, /* the three public keys */
    KEYRING_OPEN_CONTACT = 2,
    KEYRING_OPEN_CONTENT = 4,
    KEYRING_OPEN_ANSWERS = 8,
    KEYRING_IDENT = 16,
    KEYRING_TOKEN = 32,
};

enum {
    KEYRING_KEYS_MAX = 16,              /* of one file, the current one and those before it */
    KEYRING_OPAQUE_BYTES = 2 + 26 + 1,  /* "p-", base32, NUL */
    KEYRING_DIGEST_TEXT_BYTES = 32 + 1, /* hexadecimal, NUL */
};

/* Reads the files of `wants` (KEYRING_* or-ed). Blocks on files: at start only. ERR_NOT_FOUND: a file is missing;
 * ERR_DENIED: others may read a secret, or it may not be read; ERR_INVALID: not a key file; ERR_MEMORY. `ret_file`
 * (may be NULL) names the file in question, static storage. */
SW_NODISCARD int keyring_load(const char *dir, unsigned wants, const char **ret_file,
                              struct keyring **ret_keyring);

/* Wipes and frees. NULL is fine. */
void keyring_free(struct keyring *keyring);

/* Makes every file of a new `keys.dir` (created 0700 if missing). ERR_EXISTS: one of them is there, and nothing was
 * changed; ERR_IO, ERR_DENIED. */
SW_NODISCARD int keyring_generate(const char *dir);

/* Puts a new current key of the class before the old ones. ERR_* as above. */
SW_NODISCARD int keyring_rotate(const char *dir, enum seal_class key_class);

/* The two-person recovery copy: either share alone tells nothing. Writes two files, 0600, that must not exist. */
SW_NODISCARD int keyring_split(const char *dir, const char *share_a, const char *share_b);

/* Makes a `keys.dir` from both shares. ERR_CORRUPT: they do not belong together; else as keyring_generate. */
SW_NODISCARD int keyring_recover(const char *dir, const char *share_a, const char *share_b);

/* --- Sealed values ----------------------------------------------------------------------------------------------------- */

/* What closing and opening needs: the keys of the process and the erasure keys of a partition. Borrowed. */
struct vault {
    struct keyring *keyring;
    const struct erasure_keys *erasure;
};

/* Whose value it is, and who may open it. */
struct vault_target {
    struct str unit;
    struct str erasure_id; /* a person of the unit, or the unit itself */
    enum seal_class key_class;
};

/* Seals to the current key of the class, wrapped under the owner's erasure key; the result lives in `arena`.
 * ERR_NOT_FOUND: no such erasure key; ERR_TOO_LARGE, ERR_MEMORY. KEYRING_CLOSE was asked for (asserted). */
SW_NODISCARD int vault_close(const struct vault *vault, const struct vault_target *target,
                             struct str plain, struct arena *arena, struct sealed *ret_sealed);

/* Opens a value of the unit into `arena`. ERR_DENIED: a class this process does not open; ERR_NOT_FOUND: the erasure key
 * is gone (the value is unreadable for ever) or the class key is unknown; ERR_CORRUPT, ERR_UNSUPPORTED, ERR_MEMORY. */
SW_NODISCARD int vault_open(const struct vault *vault, struct str unit, const struct sealed *sealed,
                            struct arena *arena, struct str *ret_plain);

/* --- Names without names: KEYRING_IDENT was asked for (asserted) ----------------------------------------------------- */

/* An opaque id of a sender's own identifier: `prefix` 'p' (person), 'u' (unresolved), 'h' (household). The same
 * identifier in another unit gives another id. */
void keyring_opaque_id(const struct keyring *keyring, char prefix, struct str unit,
                       struct str identifier, char ret_id[KEYRING_OPAQUE_BYTES]);

/* The digest by which a person of the unit is found from a sender's identifier. */
void keyring_identifier_digest(const struct keyring *keyring, struct str unit,
                               struct str identifier, char ret_text[KEYRING_DIGEST_TEXT_BYTES]);

/* The digest of a phone number or mail address; equal ones have equal digests however they are written (spaces, hyphens,
 * +86, capital letters). */
void keyring_address_digest(const struct keyring *keyring, struct str address,
                            char ret_text[KEYRING_DIGEST_TEXT_BYTES]);

/* The digest of an event's body as its sender wrote it: equal bodies are told, what they say is not. */
void keyring_body_digest(const struct keyring *keyring, struct str body, uint8_t ret_digest[16]);

/* What only a process with this key can say of a record's bytes, in hexadecimal: by it triage knows our own intake's
 * records (header KEYRING_ORIGIN_HEADER) from those of a foreign producer. */
#define KEYRING_ORIGIN_HEADER "sw_origin"
void keyring_record_mac(const struct keyring *keyring, struct str record,
                        char ret_text[KEYRING_DIGEST_TEXT_BYTES]);

/* The keys of signed tokens, for io/token: index 0 is the current one; NULL behind the last. KEYRING_TOKEN was asked for
 * (asserted). */
const uint8_t *keyring_token_key(const struct keyring *keyring, size_t index);

#endif
