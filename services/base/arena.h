/* A bump allocator for what lives as long as one batch, one file or one request. Not thread-safe.
 *
 * Blocks are taken from the heap as needed, up to a bound given at init, and kept for the next use at reset. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *first;   /* in the order they were taken */
    struct arena_block *current; /* where the next bytes come from */
    size_t used_bytes;           /* handed out since the last reset, padding included */
    size_t max_bytes;            /* the bound on used_bytes */
};

/* Caller's storage; takes no memory yet. */
void arena_init(struct arena *arena, size_t max_bytes);

/* Gives all blocks back. A zeroed arena is fine. */
void arena_fini(struct arena *arena);

/* Forgets everything handed out and keeps the blocks. */
void arena_reset(struct arena *arena);

/* `bytes` bytes of zeros aligned for any type, valid until reset or fini; NULL when the bound is reached or memory is
 * out. Zero bytes give a valid pointer. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* The same bytes uncleared, for who writes all of them. */
void *arena_take(struct arena *arena, size_t bytes);

/* `count` elements, as arena_alloc; NULL on overflow too. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t element_bytes);

/* Room for one element behind `count` of them: `items` itself while `*capacity` is larger, else a copy in twice the room; the
 * old one stays behind until reset. `items` may be NULL with a capacity of 0. NULL, and nothing changed, when there is none. */
void *arena_grow_array(struct arena *arena, void *items, size_t count, size_t *capacity,
                       size_t element_bytes);

/* A copy of the text with a NUL behind it (not counted in len); at == NULL when there is no room. */
struct str arena_copy_str(struct arena *arena, struct str text);

#endif
