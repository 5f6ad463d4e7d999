#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { CAPACITY_MIN = 8 };

/* wyhash-like mixing: a multiply and a fold per 8 bytes, with the seed in front. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 uint128;
    uint128 product =
        (uint128)(a ^ UINT64_C(0x9E3779B97F4A7C15)) * (b ^ UINT64_C(0xD6E8FEB86659FD93));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(struct str key, uint64_t seed)
{
    uint64_t hash = mix(seed, key.len + 1);
    size_t i = 0;
    for (; i + 8 <= key.len; i += 8) {
        uint64_t word;
        memcpy(&word, key.at + i, 8);
        hash = mix(hash, word);
    }
    uint64_t tail = 0;
    if (i < key.len) {
        memcpy(&tail, key.at + i, key.len - i);
    }
    return mix(hash, tail);
}

void map_init(struct map *map, size_t max, uint64_t seed)
{
    sw_assert(max > 0);
    sw_assert(max <= (size_t)1 << 30);
    *map = (struct map){.max = max, .seed = seed};
}

void map_fini(struct map *map)
{
    free(map->entries);
    free(map->slots);
    *map = (struct map){.max = map->max, .seed = map->seed};
}

static size_t slot_mask(const struct map *map)
{
    return 2 * map->capacity - 1;
}

/* The slot that holds the key, or the empty one where it would go. */
static size_t find_slot(const struct map *map, struct str key, uint64_t hash)
{
    size_t slot = hash & slot_mask(map);
    while (map->slots[slot] != 0) {
        const struct map_entry *entry = &map->entries[map->slots[slot] - 1];
        if (entry->hash == hash && str_equal(entry->key, key)) {
            return slot;
        }
        slot = (slot + 1) & slot_mask(map);
    }
    return slot;
}

static int grow(struct map *map)
{
    size_t capacity = map->capacity == 0 ? CAPACITY_MIN : 2 * map->capacity;
    uint32_t *slots = calloc(2 * capacity, sizeof(*slots));
    struct map_entry *entries = realloc(map->entries, capacity * sizeof(*entries));
    if (entries != NULL) {
        map->entries = entries;
    }
    if (slots == NULL || entries == NULL) {
        free(slots);
        return ERR_MEMORY;
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    for (size_t i = 0; i < map->count; i++) {
        map->slots[find_slot(map, entries[i].key, entries[i].hash)] = (uint32_t)(i + 1);
    }
    return 0;
}

void *map_get(const struct map *map, struct str key)
{
    if (map->count == 0) {
        return NULL;
    }
    size_t slot = find_slot(map, key, hash_of(key, map->seed));
    return map->slots[slot] == 0 ? NULL : map->entries[map->slots[slot] - 1].value;
}

int map_add(struct map *map, struct str key, void *value)
{
    sw_assert(value != NULL);
    uint64_t hash = hash_of(key, map->seed);
    size_t slot = map->capacity == 0 ? 0 : find_slot(map, key, hash);
    if (map->capacity != 0 && map->slots[slot] != 0) {
        return ERR_EXISTS;
    }
    if (map->count == map->max) {
        return ERR_FULL;
    }
    if (map->count == map->capacity) {
        int error = grow(map);
        if (error != 0) {
            return error;
        }
        slot = find_slot(map, key, hash);
    }
    map->entries[map->count] = (struct map_entry){key, value, hash};
    map->slots[slot] = (uint32_t)(map->count + 1);
    map->count++;
    return 0;
}

/* Closes the gap at `slot`: later members of its probe run move up (Knuth's algorithm R). */
static void close_gap(struct map *map, size_t gap)
{
    size_t mask = slot_mask(map);
    size_t slot = gap;
    map->slots[gap] = 0;
    for (;;) {
        slot = (slot + 1) & mask;
        if (map->slots[slot] == 0) {
            return;
        }
        size_t home = map->entries[map->slots[slot] - 1].hash & mask;
        if (((slot - home) & mask) >= ((slot - gap) & mask)) {
            map->slots[gap] = map->slots[slot];
            map->slots[slot] = 0;
            gap = slot;
        }
    }
}

void *map_remove(struct map *map, struct str key)
{
    if (map->count == 0) {
        return NULL;
    }
    size_t slot = find_slot(map, key, hash_of(key, map->seed));
    if (map->slots[slot] == 0) {
        return NULL;
    }
    size_t index = map->slots[slot] - 1;
    void *value = map->entries[index].value;
    size_t last = map->count - 1;
    if (index != last) {
        size_t moved = find_slot(map, map->entries[last].key, map->entries[last].hash);
        map->slots[moved] = (uint32_t)(index + 1);
        map->entries[index] = map->entries[last];
    }
    map->count = last;
    close_gap(map, slot); /* looks at the entries: last */
    return value;
}
