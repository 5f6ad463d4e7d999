/* The erasure keys of one partition (or of all), in memory, as the table `keys` says them. Deleting one makes every copy of
 * what was sealed under it unreadable. Filed by unit: one person may have a record in several units. */
#ifndef IO_ERASURE_H
#define IO_ERASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/seal.h"

enum {
    ERASURE_MAX = 16 * 1024 * 1024, /* keys in one store; more are refused */
    ERASURE_ID_MAX_BYTES = 64,
};

struct erasure_keys;

/* Whose values: a person of the unit, or the unit itself for what an unresolved person sent. */
struct seal_owner {
    struct str unit;
    struct str erasure_id;
};

/* ERR_MEMORY. */
SW_NODISCARD int erasure_new(struct erasure_keys **ret_keys);

/* Wipes and frees. NULL is fine. */
void erasure_free(struct erasure_keys *keys);

/* Adds or replaces. ERR_INVALID: an id that is empty or too long, or not [A-Za-z0-9._-]; ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int erasure_put(struct erasure_keys *keys, struct str unit, struct str erasure_id,
                             const uint8_t key[SEAL_KEY_BYTES]);

/* Wipes it; false: there was none. */
bool erasure_remove(struct erasure_keys *keys, struct str unit, struct str erasure_id);

/* What a service does with each record of the topic: key `<unit>/key/<erasure id>`, `value` an encoded ErasureKey or NULL
 * (a tombstone). ERR_INVALID: refused, what was there stays; ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int erasure_apply(struct erasure_keys *keys, struct str key, const struct str *value);

/* Draws a new key for the owner and makes its record: the topic's key and value, in `arena` (wipe the value when it is
 * sent). Ids as erasure_put takes them (asserted). ERR_MEMORY. */
SW_NODISCARD int erasure_make_record(const struct seal_owner *owner, int64_t now_ms,
                                     struct arena *arena, struct str *ret_key,
                                     struct str *ret_value);

/* The key, borrowed until the next put or remove; NULL: none. */
const uint8_t *erasure_get(const struct erasure_keys *keys, struct str unit, struct str erasure_id);

size_t erasure_count(const struct erasure_keys *keys);

#endif
