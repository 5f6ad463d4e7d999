/* Many blocks of few hundred bytes that come and go: sizes rounded up to a step, a list of free blocks for each. Taking and giving
 * touch no memory but the block's own, where malloc looks at its neighbours, too; nothing is said beside a block, so whoever
 * gives it back says how large it is. Memory that was once taken stays with the pool, for blocks of that size. Not thread-safe.
 *
 * Under AddressSanitizer every block comes from the heap, so that one that is used too long is found. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

enum { POOL_STEP_BYTES = 32, POOL_BLOCK_MAX_BYTES = 8192 }; /* larger ones come from the heap */

struct pool_block;

struct pool {
    struct pool_block *free_blocks[POOL_BLOCK_MAX_BYTES / POOL_STEP_BYTES + 1];
    struct pool_block *chunks; /* of which blocks are cut */
    uint8_t *next;             /* in the newest chunk */
    size_t left_bytes;
};

/* A zeroed pool is empty and ready. Every block was given back before (or is never touched again); a zeroed pool is fine. */
void pool_fini(struct pool *pool);

/* `bytes` > 0, not zeroed, aligned for any type; NULL when memory is out. */
void *pool_take(struct pool *pool, size_t bytes);

/* NULL is fine. `bytes` as it was taken with. */
void pool_give(struct pool *pool, void *block, size_t bytes);

#endif
