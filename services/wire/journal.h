/* Lines of the journal: effects of casework -> records of topic journal, chained per unit.
 *
 * The digest of a line is H(previous digest, the bytes of the line without its digest). */
#ifndef WIRE_JOURNAL_H
#define WIRE_JOURNAL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/effect.h"
#include "wire/fault.h"

enum { JOURNAL_DIGEST_BYTES = 32 };

/* The content hash of the project: seal_digest. */
typedef void (*journal_hash_fn)(const void *bytes, size_t len,
                                uint8_t ret_digest[JOURNAL_DIGEST_BYTES]);

struct journal_place {
    uint64_t number;                        /* of this line, from 1 */
    uint8_t previous[JOURNAL_DIGEST_BYTES]; /* zeros for the first */
    int64_t at_ms;
};

/* The line's record, in `arena`, and its digest, the next line's `previous`. ERR_MEMORY, ERR_TOO_LARGE. */
SW_NODISCARD int journal_encode(const struct effect_journal *line,
                                const struct journal_place *place, journal_hash_fn hash,
                                struct arena *arena, struct str *ret_value,
                                uint8_t ret_digest[JOURNAL_DIGEST_BYTES]);

/* Checks that a record is the line after the one of that number and digest (0 and zeros: the first), and moves both on.
 * ERR_INVALID: not a line, `ret_fault` says why; ERR_CORRUPT: it does not follow, or was changed; ERR_MEMORY. */
SW_NODISCARD int journal_verify(struct str value, journal_hash_fn hash, struct arena *arena,
                                struct journal_place *place, struct fault *ret_fault);

#endif
