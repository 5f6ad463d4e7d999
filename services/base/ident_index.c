#include "base/ident_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { CAPACITY_MIN = 16, NUMBER_BITS = 32 };

static uint64_t mixed(struct ident id)
{
    uint64_t halves[2];
    memcpy(halves, id.bytes, sizeof(halves));
    return (halves[0] ^ halves[1]) * UINT64_C(0x9E3779B97F4A7C15);
}

/* The upper half of what is kept; the place follows from the same bits, moved down. */
static uint64_t tag_of(uint64_t mixed_bits)
{
    return mixed_bits >> NUMBER_BITS << NUMBER_BITS;
}

static size_t home_of(const struct ident_index *index, uint64_t tag)
{
    return (size_t)(tag >> NUMBER_BITS) & (index->capacity - 1);
}

static uint32_t number_of(uint64_t place)
{
    return (uint32_t)place - 1;
}

void ident_index_init(struct ident_index *index, ident_index_fn ident_of, const void *ctx)
{
    *index = (struct ident_index){.ident_of = ident_of, .ctx = ctx};
}

void ident_index_fini(struct ident_index *index)
{
    free(index->places);
    ident_index_init(index, index->ident_of, index->ctx);
}

/* The place of the ident, or the free one where it would go. */
static size_t find_place(const struct ident_index *index, struct ident id)
{
    uint64_t tag = tag_of(mixed(id));
    size_t at = home_of(index, tag);
    while (index->places[at] != 0) {
        uint64_t place = index->places[at];
        if (tag_of(place) == tag &&
            ident_equal(*index->ident_of(index->ctx, number_of(place)), id)) {
            break;
        }
        at = (at + 1) & (index->capacity - 1);
    }
    return at;
}

static int grow(struct ident_index *index)
{
    size_t capacity = index->capacity == 0 ? CAPACITY_MIN : 2 * index->capacity;
    uint64_t *places = calloc(capacity, sizeof(*places));
    if (places == NULL) {
        return ERR_MEMORY;
    }
    struct ident_index larger = *index;
    larger.places = places;
    larger.capacity = capacity;
    for (size_t i = 0; i < index->capacity; i++) {
        size_t at = home_of(&larger, index->places[i]);
        while (index->places[i] != 0 && places[at] != 0) {
            at = (at + 1) & (capacity - 1);
        }
        places[at] = index->places[i] != 0 ? index->places[i] : places[at];
    }
    free(index->places);
    *index = larger;
    return 0;
}

uint32_t ident_index_find(const struct ident_index *index, struct ident id)
{
    if (index->count == 0) {
        return IDENT_INDEX_NONE;
    }
    uint64_t place = index->places[find_place(index, id)];
    return place != 0 ? number_of(place) : IDENT_INDEX_NONE;
}

int ident_index_add(struct ident_index *index, struct ident id, uint32_t number)
{
    sw_assert(number < IDENT_INDEX_NONE);
    if (ident_index_find(index, id) != IDENT_INDEX_NONE) {
        return ERR_EXISTS;
    }
    if (4 * (index->count + 1) > 3 * index->capacity && grow(index) != 0) {
        return ERR_MEMORY;
    }
    uint64_t tag = tag_of(mixed(id));
    size_t at = home_of(index, tag);
    while (index->places[at] != 0) {
        at = (at + 1) & (index->capacity - 1);
    }
    index->places[at] = tag | (number + UINT64_C(1));
    index->count++;
    return 0;
}

/* Closes the gap: later members of its run move up (Knuth's algorithm R). */
void ident_index_remove(struct ident_index *index, struct ident id)
{
    if (index->count == 0) {
        return;
    }
    size_t mask = index->capacity - 1;
    size_t gap = find_place(index, id);
    if (index->places[gap] == 0) {
        return;
    }
    for (size_t at = (gap + 1) & mask; index->places[at] != 0; at = (at + 1) & mask) {
        size_t home = home_of(index, index->places[at]);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            index->places[gap] = index->places[at];
            gap = at;
        }
    }
    index->places[gap] = 0;
    index->count--;
}

void ident_index_move(struct ident_index *index, struct ident id, uint32_t number)
{
    sw_assert(index->count > 0);
    size_t at = find_place(index, id);
    sw_assert(index->places[at] != 0);
    index->places[at] = tag_of(index->places[at]) | (number + UINT64_C(1));
}
