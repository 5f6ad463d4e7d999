#include "base/pool.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/assert.h"

#ifdef __SANITIZE_ADDRESS__
enum { POOLED_MAX_BYTES = 0 };
#else
enum { POOLED_MAX_BYTES = POOL_BLOCK_MAX_BYTES };
#endif

enum { CHUNK_BYTES = 256 * 1024 };

struct pool_block {
    alignas(max_align_t) struct pool_block *next;
};

_Static_assert(sizeof(struct pool_block) <= POOL_STEP_BYTES, "a free block holds its link");
_Static_assert(POOL_STEP_BYTES % alignof(max_align_t) == 0, "blocks are aligned");

static size_t class_of(size_t bytes)
{
    return (bytes + POOL_STEP_BYTES - 1) / POOL_STEP_BYTES;
}

void pool_fini(struct pool *pool)
{
    while (pool->chunks != NULL) {
        struct pool_block *chunk = pool->chunks;
        pool->chunks = chunk->next;
        free(chunk);
    }
    *pool = (struct pool){.chunks = NULL};
}

/* What is left of the chunk before is too short for this block, and stays unused. */
static uint8_t *cut(struct pool *pool, size_t bytes)
{
    if (pool->left_bytes < bytes) {
        struct pool_block *chunk = malloc(CHUNK_BYTES);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = pool->chunks;
        pool->chunks = chunk;
        pool->next = (uint8_t *)(chunk + 1);
        pool->left_bytes = CHUNK_BYTES - sizeof(*chunk);
    }
    uint8_t *block = pool->next;
    pool->next += bytes;
    pool->left_bytes -= bytes;
    return block;
}

void *pool_take(struct pool *pool, size_t bytes)
{
    sw_assert(bytes > 0);
    if (bytes > POOLED_MAX_BYTES) {
        return malloc(bytes);
    }
    size_t class = class_of(bytes);
    struct pool_block *block = pool->free_blocks[class];
    if (block == NULL) {
        return cut(pool, class * POOL_STEP_BYTES);
    }
    pool->free_blocks[class] = block->next;
    return block;
}

void pool_give(struct pool *pool, void *block, size_t bytes)
{
    if (block == NULL || bytes > POOLED_MAX_BYTES) {
        free(block);
        return;
    }
    size_t class = class_of(bytes);
    struct pool_block *free_block = block;
    free_block->next = pool->free_blocks[class];
    pool->free_blocks[class] = free_block;
}
