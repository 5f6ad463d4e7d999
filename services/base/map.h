/* A hash map from bytes to pointers. Keys are borrowed: they must live, unmoved, as long as their entry (normally they
 * lie in the object the value points at). Grows by doubling up to a bound. Not thread-safe.
 *
 * Iteration is in insertion order but for removals, which move the last entry into the gap: what depends on order must
 * sort. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct map_entry {
    struct str key;
    void *value;
    uint64_t hash;
};

struct map {
    struct map_entry *entries; /* dense, count of them in use */
    uint32_t *slots;           /* index + 1 into entries, 0 = empty; a power of two of them */
    size_t count;
    size_t capacity; /* of entries; the slots are twice that */
    size_t max;      /* the bound on count */
    uint64_t seed;   /* against chosen keys; set by map_init */
};

/* Caller's storage; takes no memory yet. `max` bounds the entries, at most 2^30; `seed` any number, different per
 * process where keys come from outside. */
void map_init(struct map *map, size_t max, uint64_t seed);

/* Frees the tables, not the values. A zeroed map is fine. */
void map_fini(struct map *map);

/* The value, or NULL. */
void *map_get(const struct map *map, struct str key);

/* Adds an entry; `value` is not NULL. ERR_EXISTS (nothing changed), ERR_FULL at the bound, ERR_MEMORY. */
SW_NODISCARD int map_add(struct map *map, struct str key, void *value);

/* Takes the entry out and answers its value, or NULL. */
void *map_remove(struct map *map, struct str key);

#endif
