/* Cases as records of topic cases: core/casework's casefile <-> bytes, and the other entities of that changelog. */
#ifndef WIRE_CASE_H
#define WIRE_CASE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/casefile.h"
#include "wire/fault.h"

enum { CASE_KEY_MAX_BYTES = 160 };

/* The bytes of a case, in `arena`; deterministic. Sealed values and reasons are passed along as they came in, where they were
 * checked. ERR_MEMORY, ERR_TOO_LARGE. */
SW_NODISCARD int case_encode(const struct casefile *file, struct arena *arena,
                             struct str *ret_value);

/* Back, in `arena`: borrows nothing from `value`. Invariants that tie the parts together are casework_put's to check.
 * ERR_INVALID with `ret_fault`; ERR_MEMORY. */
SW_NODISCARD int case_decode(struct str value, struct arena *arena, struct casefile *ret_file,
                             struct fault *ret_fault);

/* Keys: "<unit>/case/<id>", "<unit>/policy/<hash>", "<unit>/journal", "<unit>/commands". The text lies in `ret_key`. */
struct str case_key(struct str unit, struct ident id, char ret_key[CASE_KEY_MAX_BYTES]);
struct str case_policy_key(struct str unit, const uint8_t hash[POLICY_HASH_BYTES],
                           char ret_key[CASE_KEY_MAX_BYTES]);
struct str case_unit_key(struct str unit, const char *what, char ret_key[CASE_KEY_MAX_BYTES]);

enum case_entity {
    CASE_ENTITY_CASE,
    CASE_ENTITY_POLICY,
    CASE_ENTITY_JOURNAL,
    CASE_ENTITY_COMMANDS
};

/* What a key names; `ret_id` is set for a case. False: none of these. Texts borrow from the key. */
bool case_parse_key(struct str key, enum case_entity *ret_entity, struct str *ret_unit,
                    struct ident *ret_id);

/* The head of a unit's journal. */
struct case_head {
    uint64_t number;      /* of the last line; 0: none yet */
    uint8_t digest[32];   /* of the last line; zeros: none yet */
    uint64_t case_number; /* of the last case */
};

SW_NODISCARD int case_encode_head(const struct case_head *head, struct arena *arena,
                                  struct str *ret_value);
SW_NODISCARD int case_decode_head(struct str value, struct arena *arena, struct case_head *ret_head,
                                  struct fault *ret_fault);

/* The unit's last command ids, oldest first. */
SW_NODISCARD int case_encode_commands(const struct ident *ids, size_t count, struct arena *arena,
                                      struct str *ret_value);
SW_NODISCARD int case_decode_commands(struct str value, struct arena *arena,
                                      const struct ident **ret_ids, size_t *ret_count,
                                      struct fault *ret_fault);

/* The policy files of a pack. */
struct case_policy_file {
    struct str path;
    struct str content;
};

struct case_policies {
    uint8_t hash[POLICY_HASH_BYTES];
    const struct case_policy_file *files;
    size_t count;
};

SW_NODISCARD int case_encode_policies(const struct case_policies *policies, struct arena *arena,
                                      struct str *ret_value);
SW_NODISCARD int case_decode_policies(struct str value, struct arena *arena,
                                      struct case_policies *ret_policies, struct fault *ret_fault);

#endif
