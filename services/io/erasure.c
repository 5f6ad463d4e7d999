#include "io/erasure.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "shouwang/v1/keys.pb-c.h"

enum { NAME_MAX_BYTES = 48 + 1 + ERASURE_ID_MAX_BYTES };

struct erasure_keys {
    struct map map; /* "<unit>/<erasure id>" -> struct entry */
};

struct entry {
    uint8_t key[SEAL_KEY_BYTES];
    size_t name_len;
    char name[];
};

int erasure_new(struct erasure_keys **ret_keys)
{
    struct erasure_keys *keys = heap_alloc(sizeof(*keys));
    if (keys == NULL) {
        return ERR_MEMORY;
    }
    uint64_t seed;
    seal_random(&seed, sizeof(seed));
    map_init(&keys->map, ERASURE_MAX, seed);
    *ret_keys = keys;
    return 0;
}

static void free_entry(struct entry *entry)
{
    seal_wipe(entry->key, sizeof(entry->key));
    heap_free(entry);
}

void erasure_free(struct erasure_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (size_t i = 0; i < keys->map.count; i++) {
        free_entry(keys->map.entries[i].value);
    }
    map_fini(&keys->map);
    heap_free(keys);
}

static bool id_is_clean(struct str id, size_t max)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
        if (!fine) {
            return false;
        }
    }
    return id.len > 0 && id.len <= max;
}

/* False when the ids could not be those of a key. */
static bool make_name(struct str unit, struct str erasure_id, char ret_bytes[NAME_MAX_BYTES],
                      struct str *ret_name)
{
    if (!id_is_clean(unit, 48) || !id_is_clean(erasure_id, ERASURE_ID_MAX_BYTES)) {
        return false;
    }
    memcpy(ret_bytes, unit.at, unit.len);
    ret_bytes[unit.len] = '/';
    memcpy(ret_bytes + unit.len + 1, erasure_id.at, erasure_id.len);
    *ret_name = (struct str){ret_bytes, unit.len + 1 + erasure_id.len};
    return true;
}

int erasure_put(struct erasure_keys *keys, struct str unit, struct str erasure_id,
                const uint8_t key[SEAL_KEY_BYTES])
{
    char bytes[NAME_MAX_BYTES];
    struct str name;
    if (!make_name(unit, erasure_id, bytes, &name)) {
        return ERR_INVALID;
    }
    struct entry *entry = map_get(&keys->map, name);
    if (entry != NULL) {
        memcpy(entry->key, key, SEAL_KEY_BYTES);
        return 0;
    }
    entry = heap_alloc(sizeof(*entry) + name.len);
    if (entry == NULL) {
        return ERR_MEMORY;
    }
    memcpy(entry->key, key, SEAL_KEY_BYTES);
    memcpy(entry->name, name.at, name.len);
    entry->name_len = name.len;
    int error = map_add(&keys->map, (struct str){entry->name, entry->name_len}, entry);
    if (error != 0) {
        free_entry(entry);
    }
    return error;
}

bool erasure_remove(struct erasure_keys *keys, struct str unit, struct str erasure_id)
{
    char bytes[NAME_MAX_BYTES];
    struct str name;
    if (!make_name(unit, erasure_id, bytes, &name)) {
        return false;
    }
    struct entry *entry = map_remove(&keys->map, name);
    if (entry == NULL) {
        return false;
    }
    free_entry(entry);
    return true;
}

/* "<unit>/key/<erasure id>". */
static bool split_record_key(struct str key, struct str *ret_unit, struct str *ret_id)
{
    static const struct str middle = {"/key/", 5};
    const char *at = key.len > 0 ? memchr(key.at, '/', key.len) : NULL;
    if (at == NULL) {
        return false;
    }
    size_t unit_len = (size_t)(at - key.at);
    struct str rest = {at, key.len - unit_len};
    if (!str_starts(rest, middle)) {
        return false;
    }
    *ret_unit = (struct str){key.at, unit_len};
    *ret_id = (struct str){rest.at + middle.len, rest.len - middle.len};
    return true;
}

int erasure_apply(struct erasure_keys *keys, struct str key, const struct str *value)
{
    struct str unit;
    struct str id;
    if (!split_record_key(key, &unit, &id)) {
        return ERR_INVALID;
    }
    if (value == NULL) {
        (void)erasure_remove(keys, unit, id); /* whether it was there makes no difference */
        return 0;
    }
    Shouwang__V1__ErasureKey *record = shouwang__v1__erasure_key__unpack(
        NULL, value->len, (const uint8_t *)(value->at != NULL ? value->at : ""));
    int error = ERR_INVALID;
    if (record != NULL && record->key.len == SEAL_KEY_BYTES &&
        str_equal(str_of(record->unit), unit) && str_equal(str_of(record->erasure_id), id)) {
        error = erasure_put(keys, unit, id, record->key.data);
    }
    if (record != NULL) {
        seal_wipe(record->key.data, record->key.len);
        shouwang__v1__erasure_key__free_unpacked(record, NULL);
    }
    return error;
}

int erasure_make_record(const struct seal_owner *owner, int64_t now_ms, struct arena *arena,
                        struct str *ret_key, struct str *ret_value)
{
    sw_assert(id_is_clean(owner->unit, 48));
    sw_assert(id_is_clean(owner->erasure_id, ERASURE_ID_MAX_BYTES));
    char unit[49];
    char id[ERASURE_ID_MAX_BYTES + 1];
    (void)snprintf(unit, sizeof(unit), "%.*s", (int)owner->unit.len, owner->unit.at);
    (void)snprintf(id, sizeof(id), "%.*s", (int)owner->erasure_id.len, owner->erasure_id.at);
    uint8_t key[SEAL_KEY_BYTES];
    seal_random(key, sizeof(key));
    Shouwang__V1__ErasureKey record = SHOUWANG__V1__ERASURE_KEY__INIT;
    record.unit = unit;
    record.erasure_id = id;
    record.key = (ProtobufCBinaryData){sizeof(key), key};
    record.created_at_ms = now_ms;
    uint8_t *value = arena_alloc(arena, shouwang__v1__erasure_key__get_packed_size(&record));
    char *name = arena_alloc(arena, NAME_MAX_BYTES + sizeof("/key/"));
    int error = ERR_MEMORY;
    if (value != NULL && name != NULL) {
        size_t len = shouwang__v1__erasure_key__pack(&record, value);
        int name_len = snprintf(name, NAME_MAX_BYTES + sizeof("/key/"), "%s/key/%s", unit, id);
        *ret_key = (struct str){name, (size_t)name_len};
        *ret_value = (struct str){(const char *)value, len};
        error = 0;
    }
    seal_wipe(key, sizeof(key));
    return error;
}

const uint8_t *erasure_get(const struct erasure_keys *keys, struct str unit, struct str erasure_id)
{
    char bytes[NAME_MAX_BYTES];
    struct str name;
    if (!make_name(unit, erasure_id, bytes, &name)) {
        return NULL;
    }
    const struct entry *entry = map_get(&keys->map, name);
    return entry != NULL ? entry->key : NULL;
}

size_t erasure_count(const struct erasure_keys *keys)
{
    return keys->map.count;
}
