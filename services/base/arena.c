#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { BLOCK_BYTES = 16 * 1024, ALIGNMENT = alignof(max_align_t), GROWN_FIRST = 8 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max_bytes = max_bytes};
}

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){.max_bytes = arena->max_bytes};
}

void arena_reset(struct arena *arena)
{
    /* Blocks behind the current one are as they were: a small step does not pay for the largest one before it. */
    struct arena_block *end = arena->current != NULL ? arena->current->next : NULL;
    for (struct arena_block *block = arena->first; block != end; block = block->next) {
        block->used = 0;
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
}

/* A block with room for `bytes`, behind the current one; NULL when memory is out. */
static struct arena_block *take_block(struct arena *arena, size_t bytes)
{
    while (arena->current != NULL && arena->current->next != NULL) {
        arena->current = arena->current->next;
        if (arena->current->size - arena->current->used >= bytes) {
            return arena->current;
        }
    }
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        return NULL;
    }
    *block = (struct arena_block){.size = size};
    if (arena->current == NULL) {
        arena->first = block;
    } else {
        arena->current->next = block;
    }
    arena->current = block;
    return block;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded > arena->max_bytes - arena->used_bytes) {
        return NULL;
    }
    struct arena_block *block = arena->current;
    if (block == NULL || block->size - block->used < rounded) {
        block = take_block(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    char *at = block->bytes + block->used;
    block->used += rounded;
    arena->used_bytes += rounded;
    sw_assert(block->used <= block->size);
    return at;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    char *at = arena_take(arena, bytes);
    return at != NULL ? memset(at, 0, bytes) : NULL;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t element_bytes)
{
    size_t bytes;
    return __builtin_mul_overflow(count, element_bytes, &bytes) ? NULL : arena_alloc(arena, bytes);
}

void *arena_grow_array(struct arena *arena, void *items, size_t count, size_t *capacity,
                       size_t element_bytes)
{
    size_t room = *capacity == 0 ? GROWN_FIRST : 2 * *capacity;
    if (count < *capacity) {
        return items;
    }
    void *grown = arena_alloc_array(arena, room, element_bytes);
    if (grown != NULL) {
        if (count > 0) {
            memcpy(grown, items, count * element_bytes);
        }
        *capacity = room;
    }
    return grown;
}

struct str arena_copy_str(struct arena *arena, struct str text)
{
    char *at = text.len < SIZE_MAX ? arena_take(arena, text.len + 1) : NULL;
    if (at == NULL) {
        return (struct str){NULL, 0};
    }
    if (text.len > 0) {
        memcpy(at, text.at, text.len);
    }
    at[text.len] = '\0';
    return (struct str){at, text.len};
}
