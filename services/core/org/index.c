#include "core/org/index.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

enum { SLOTS_MIN = 64 };

static uint64_t mix(uint64_t hash, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
    }
    return (hash ^ text.len) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t hash_of(const struct org_index *index, const struct org_index_key *key)
{
    uint64_t hash = mix(mix(index->seed + (uint64_t)key->tag, key->unit), key->word);
    return hash ^ hash >> 32;
}

static bool is_key(const struct org_link *link, uint64_t hash, const struct org_index_key *key)
{
    return link->hash == hash && link->key.tag == key->tag &&
           str_equal(link->key.unit, key->unit) && str_equal(link->key.word, key->word);
}

void org_index_init(struct org_index *index, uint64_t seed)
{
    *index = (struct org_index){.seed = seed ^ UINT64_C(0xCBF29CE484222325)};
}

void org_index_fini(struct org_index *index)
{
    heap_free(index->slots);
    *index = (struct org_index){.seed = index->seed};
}

static void put_in_slot(struct org_index *index, struct org_link *link)
{
    struct org_link **slot = &index->slots[link->hash & (index->slot_count - 1)];
    link->next = *slot;
    link->slot = slot;
    if (link->next != NULL) {
        link->next->slot = &link->next;
    }
    *slot = link;
}

int org_index_reserve(struct org_index *index, size_t count)
{
    size_t slot_count = index->slot_count == 0 ? SLOTS_MIN : index->slot_count;
    while (slot_count < index->count + count) {
        slot_count *= 2;
    }
    if (slot_count == index->slot_count) {
        return 0;
    }
    struct org_link **slots = heap_alloc_array(slot_count, sizeof(struct org_link *));
    if (slots == NULL) {
        return ERR_MEMORY;
    }
    struct org_index grown = *index;
    grown.slots = slots;
    grown.slot_count = slot_count;
    for (size_t i = 0; i < index->slot_count; i++) {
        struct org_link *next;
        for (struct org_link *link = index->slots[i]; link != NULL; link = next) {
            next = link->next;
            put_in_slot(&grown, link);
        }
    }
    heap_free(index->slots);
    *index = grown;
    return 0;
}

void org_index_add(struct org_index *index, struct org_link *link)
{
    sw_assert(index->count < index->slot_count);
    sw_assert(link->slot == NULL);
    link->hash = hash_of(index, &link->key);
    put_in_slot(index, link);
    index->count++;
}

void org_index_remove(struct org_index *index, struct org_link *link)
{
    sw_assert(link->slot != NULL);
    sw_assert(index->count > 0);
    *link->slot = link->next;
    if (link->next != NULL) {
        link->next->slot = link->slot;
    }
    link->slot = NULL;
    link->next = NULL;
    index->count--;
}

struct org_link *org_index_first(const struct org_index *index, const struct org_index_key *key)
{
    if (index->slot_count == 0) {
        return NULL;
    }
    uint64_t hash = hash_of(index, key);
    struct org_link *link = index->slots[hash & (index->slot_count - 1)];
    while (link != NULL && !is_key(link, hash, key)) {
        link = link->next;
    }
    return link;
}

struct org_link *org_index_next(const struct org_link *link)
{
    struct org_link *next = link->next;
    while (next != NULL && !is_key(next, link->hash, &link->key)) {
        next = next->next;
    }
    return next;
}
