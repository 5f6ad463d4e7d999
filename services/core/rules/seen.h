/* Which events came already: by the hash of unit, source and id, with a digest of the body. Kept for SEEN_KEEP_MS and
 * bounded; the oldest falls out first, which the caller counts.
 *
 * Each is an entity of triage's changelog, under the key `<unit>/seen/<32 hexadecimal digits>`. */
#ifndef CORE_RULES_SEEN_H
#define CORE_RULES_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

enum { SEEN_MAX = 4 * 1024 * 1024 /* of one partition */, SEEN_KEY_MAX_BYTES = 96 };

#define SEEN_KEEP_MS (7 * INT64_C(86400000))

struct seen_state {
    struct ident digest; /* of the body */
    int64_t at_ms;       /* broker time */
};

struct seen {
    struct map events;
    struct list order; /* oldest first */
    size_t max;
};

/* Caller's storage. `max` 0: SEEN_MAX. */
void seen_init(struct seen *seen, size_t max, uint64_t seed);
void seen_fini(struct seen *seen);

/* The text of a key, with a NUL. */
struct str seen_key(struct str unit, struct ident id, char ret_text[SEEN_KEY_MAX_BYTES]);

/* Whether a text is such a key. */
bool seen_is_key(struct str text);

/* What is known under the key; NULL: nothing. Valid until it changes. */
const struct seen_state *seen_get(const struct seen *seen, struct str key);

/* Puts it there, or takes it away (`state` NULL). ERR_FULL: a new one has no room, make some first; ERR_MEMORY. */
SW_NODISCARD int seen_put(struct seen *seen, struct str key, const struct seen_state *state);

/* The key that was put first and what is under it; empty: there is none. `ret_is_full`: a new one has no room. */
struct str seen_oldest(const struct seen *seen, const struct seen_state **ret_state,
                       bool *ret_is_full);

#endif
