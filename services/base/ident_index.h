/* An index from idents to small numbers, for tables of many objects that hold their ident themselves: 8 bytes a place, at most
 * three of four taken. What is looked up is compared with the object's own ident, and with that one only, but for one in four
 * billion. Not thread-safe.
 *
 * Idents are taken as random already (ident_derive); whoever could choose those that are stored could make it slow. */
#ifndef BASE_IDENT_INDEX_H
#define BASE_IDENT_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"

#define IDENT_INDEX_NONE UINT32_MAX

/* The ident of the object of that number. */
typedef const struct ident *(*ident_index_fn)(const void *ctx, uint32_t number);

struct ident_index {
    uint64_t *places; /* a part of the ident above the number + 1; 0: free */
    size_t capacity;  /* a power of two, or 0 */
    size_t count;
    ident_index_fn ident_of;
    const void *ctx; /* of ident_of */
};

/* Caller's storage; takes no memory yet. */
void ident_index_init(struct ident_index *index, ident_index_fn ident_of, const void *ctx);

/* A zeroed index is fine. */
void ident_index_fini(struct ident_index *index);

/* The number, or IDENT_INDEX_NONE. */
uint32_t ident_index_find(const struct ident_index *index, struct ident id);

/* Files an object, whose ident_of is `id` from now on. ERR_EXISTS: another one has that ident; ERR_MEMORY. Nothing changed
 * then. */
SW_NODISCARD int ident_index_add(struct ident_index *index, struct ident id, uint32_t number);

/* Takes the object of that ident out; one that is not there is ignored. */
void ident_index_remove(struct ident_index *index, struct ident id);

/* The object of that ident has another number from now on; it was there (asserted). */
void ident_index_move(struct ident_index *index, struct ident id, uint32_t number);

#endif
