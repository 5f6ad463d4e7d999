/* Packs as the topic tells them: files, then the record that makes a hash active. */
#include <string.h>

#include <shouwang/v1/directory.pb-c.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wire/decode.h"
#include "wire/pack.h"
#include "wire/pack_key.h"

enum { ACTIVE_MAX = 64 /* jurisdictions */, SCRATCH_BYTES = 8 * 1024 * 1024 };

/* One pack: its files until it is built, then the pack. */
struct stored {
    uint8_t hash[PACK_HASH_BYTES];
    struct pack_file files[PACK_FILES_MAX]; /* sorted by path; both texts on the heap */
    size_t file_count;
    struct pack *pack; /* NULL: not built yet */
    uint64_t number;   /* in the order they came */
};

struct active {
    char jurisdiction[PACK_JURISDICTION_MAX_BYTES + 1]; /* empty: not in use */
    uint8_t hash[PACK_HASH_BYTES];                      /* that shall be active */
    size_t file_count;
    const struct pack *pack; /* that is; may be the one before it */
    uint64_t number;         /* in the order they came */
};

struct pack_store {
    pack_hash_fn hash;
    struct stored *packs[PACK_STORED_MAX];
    struct active actives[ACTIVE_MAX];
    uint64_t number;
    struct arena scratch;
};

struct pack_store *pack_store_new(pack_hash_fn hash)
{
    struct pack_store *store = heap_alloc(sizeof(*store));
    if (store != NULL) {
        store->hash = hash;
        arena_init(&store->scratch, SCRATCH_BYTES);
    }
    return store;
}

static void drop_files(struct stored *stored)
{
    for (size_t i = 0; i < stored->file_count; i++) {
        heap_free((void *)(uintptr_t)stored->files[i].path);
        heap_free((void *)(uintptr_t)stored->files[i].content.at);
    }
    stored->file_count = 0;
}

static void stored_free(struct stored *stored)
{
    if (stored != NULL) {
        drop_files(stored);
        pack_free(stored->pack);
        heap_free(stored);
    }
}

void pack_store_free(struct pack_store *store)
{
    if (store != NULL) {
        for (size_t i = 0; i < PACK_STORED_MAX; i++) {
            stored_free(store->packs[i]);
        }
        arena_fini(&store->scratch);
        heap_free(store);
    }
}

/* --- Packs ----------------------------------------------------------------------------------------------------------- */

static struct stored *find_stored(const struct pack_store *store, const uint8_t *hash)
{
    for (size_t i = 0; i < PACK_STORED_MAX; i++) {
        if (store->packs[i] != NULL && memcmp(store->packs[i]->hash, hash, PACK_HASH_BYTES) == 0) {
            return store->packs[i];
        }
    }
    return NULL;
}

/* A place for one more pack: a free one, else that of the oldest which was never built. What was handed out stays. */
static struct stored **find_place(struct pack_store *store)
{
    struct stored **oldest = NULL;
    for (size_t i = 0; i < PACK_STORED_MAX; i++) {
        struct stored *stored = store->packs[i];
        if (stored == NULL) {
            return &store->packs[i];
        }
        bool is_older = oldest == NULL || stored->number < (*oldest)->number;
        if (stored->pack == NULL && is_older) {
            oldest = &store->packs[i];
        }
    }
    return oldest;
}

static int take_stored(struct pack_store *store, const uint8_t *hash, struct stored **ret_stored)
{
    struct stored *stored = find_stored(store, hash);
    if (stored == NULL) {
        struct stored **place = find_place(store);
        if (place == NULL) {
            return ERR_FULL;
        }
        stored = heap_alloc(sizeof(*stored));
        if (stored == NULL) {
            return ERR_MEMORY;
        }
        stored_free(*place);
        *place = stored;
        memcpy(stored->hash, hash, PACK_HASH_BYTES);
        stored->number = ++store->number;
    }
    *ret_stored = stored;
    return 0;
}

static char *copy_text(struct str text)
{
    char *copy = heap_alloc(text.len + 1);
    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return copy;
}

/* Where the file of that path is (true) or would be. */
static bool find_file(const struct stored *stored, struct str path, size_t *ret_index)
{
    size_t low = 0;
    size_t high = stored->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(str_of(stored->files[middle].path), path);
        if (order == 0) {
            *ret_index = middle;
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    *ret_index = low;
    return false;
}

static int keep_file(struct stored *stored, struct str path, struct str content)
{
    size_t index = 0;
    struct pack_file *file = find_file(stored, path, &index) ? &stored->files[index] : NULL;
    if (file == NULL && stored->file_count == PACK_FILES_MAX) {
        return ERR_FULL;
    }
    char *bytes = copy_text(content);
    char *name = file == NULL ? copy_text(path) : NULL;
    if (bytes == NULL || (file == NULL && name == NULL)) {
        heap_free(bytes);
        heap_free(name);
        return ERR_MEMORY;
    }
    if (file == NULL) {
        file = &stored->files[index];
        memmove(file + 1, file, (stored->file_count++ - index) * sizeof(*file));
        *file = (struct pack_file){.path = name};
    }
    heap_free((void *)(uintptr_t)file->content.at);
    file->content = (struct str){bytes, content.len};
    return 0;
}

static void forget_file(struct stored *stored, struct str path)
{
    size_t index = 0;
    if (stored != NULL && find_file(stored, path, &index)) {
        struct pack_file *file = &stored->files[index];
        heap_free((void *)(uintptr_t)file->path);
        heap_free((void *)(uintptr_t)file->content.at);
        memmove(file, file + 1, (--stored->file_count - index) * sizeof(*file));
    }
}

/* Builds the pack once all its files are there. */
static int build(struct pack_store *store, struct stored *stored, struct yaml_faults *faults)
{
    struct pack *pack = NULL;
    int error = pack_build_parts(stored->files, stored->file_count, store->hash, faults, &pack);
    if (error != 0) {
        return error;
    }
    if (memcmp(pack->hash, stored->hash, PACK_HASH_BYTES) != 0) {
        yaml_fail_at(faults, "pack", 0, 0, "the files are not those that the pack's hash names");
        pack_free(pack);
        return ERR_INVALID;
    }
    stored->pack = pack;
    drop_files(stored);
    return 0;
}

/* Makes what is wanted active, if it can be. */
static int settle(struct pack_store *store, struct active *active, struct yaml_faults *faults,
                  const struct pack **ret_pack)
{
    struct stored *stored = find_stored(store, active->hash);
    if (stored == NULL || (stored->pack == NULL && stored->file_count < active->file_count)) {
        return 0; /* its files are still to come */
    }
    int error = stored->pack == NULL ? build(store, stored, faults) : 0;
    if (error == 0 && active->pack != stored->pack) {
        active->pack = stored->pack;
        *ret_pack = stored->pack;
    }
    return error;
}

/* --- Records --------------------------------------------------------------------------------------------------------- */

static int refuse(struct yaml_faults *faults, const char *text)
{
    yaml_fail_at(faults, "pack", 0, 0, text);
    return ERR_INVALID;
}

static int apply_file(struct pack_store *store, const struct pack_key *key,
                      const Shouwang__V1__PackFile *file, struct yaml_faults *faults,
                      const struct pack **ret_pack)
{
    struct stored *stored = NULL;
    if (file->pack.len != PACK_HASH_BYTES ||
        memcmp(file->pack.data, key->hash, PACK_HASH_BYTES) != 0 ||
        !str_is(key->path, file->path)) {
        return refuse(faults, "the record of a file does not belong to its key");
    }
    int error = take_stored(store, key->hash, &stored);
    if (error != 0 || stored->pack != NULL) {
        return error; /* built: the same hash has the same files */
    }
    error = keep_file(stored, key->path,
                      (struct str){(const char *)file->content.data, file->content.len});
    for (size_t i = 0; i < ACTIVE_MAX && error == 0; i++) {
        struct active *active = &store->actives[i];
        if (active->jurisdiction[0] != '\0' &&
            memcmp(active->hash, key->hash, PACK_HASH_BYTES) == 0) {
            error = settle(store, active, faults, ret_pack);
        }
    }
    return error;
}

static struct active *find_active(struct pack_store *store, struct str jurisdiction)
{
    for (size_t i = 0; i < ACTIVE_MAX; i++) {
        if (str_is(jurisdiction, store->actives[i].jurisdiction)) {
            return &store->actives[i];
        }
    }
    return NULL;
}

static int apply_active(struct pack_store *store, const struct pack_key *key,
                        const Shouwang__V1__PackActive *record, struct yaml_faults *faults,
                        const struct pack **ret_pack)
{
    struct active *active = find_active(store, key->jurisdiction);
    if (record->pack.len != PACK_HASH_BYTES || !str_is(key->jurisdiction, record->jurisdiction) ||
        record->file_count == 0) {
        return refuse(faults, "the record of the active pack does not belong to its key");
    }
    active = active != NULL ? active : find_active(store, (struct str){NULL, 0});
    if (active == NULL) {
        return ERR_FULL;
    }
    memcpy(active->jurisdiction, key->jurisdiction.at, key->jurisdiction.len);
    active->jurisdiction[key->jurisdiction.len] = '\0';
    memcpy(active->hash, record->pack.data, PACK_HASH_BYTES);
    active->file_count = record->file_count;
    active->number = ++store->number;
    return settle(store, active, faults, ret_pack);
}

static int apply_record(struct pack_store *store, const struct pack_key *key, struct str value,
                        struct yaml_faults *faults, const struct pack **ret_pack)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    arena_reset(&store->scratch);
    int error = decode_message(&shouwang__v1__directory_record__descriptor, value, &store->scratch,
                               &fault, &message);
    if (error != 0) {
        return error == ERR_INVALID ? refuse(faults, "the record is not one of a pack") : error;
    }
    const Shouwang__V1__DirectoryRecord *record = (const Shouwang__V1__DirectoryRecord *)message;
    bool is_active = key->jurisdiction.len > 0;
    if (!is_active && record->entry_case == SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PACK_FILE) {
        return apply_file(store, key, record->pack_file, faults, ret_pack);
    }
    if (is_active && record->entry_case == SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PACK_ACTIVE) {
        return apply_active(store, key, record->pack_active, faults, ret_pack);
    }
    return refuse(faults, "the record is not one of a pack");
}

int pack_store_apply(struct pack_store *store, struct str key, const struct str *value,
                     struct yaml_faults *faults, const struct pack **ret_pack)
{
    struct pack_key parsed;
    const struct pack *pack = NULL;
    int error = 0;
    if (!pack_parse_key(key, &parsed)) {
        return refuse(faults, "not the key of a pack's record");
    }
    if (value != NULL) {
        error = apply_record(store, &parsed, *value, faults, &pack);
    } else if (parsed.jurisdiction.len == 0) {
        forget_file(find_stored(store, parsed.hash), parsed.path);
    } else {
        struct active *active = find_active(store, parsed.jurisdiction);
        if (active != NULL) {
            *active = (struct active){.jurisdiction = ""};
        }
    }
    if (ret_pack != NULL) {
        *ret_pack = pack;
    }
    return error;
}

const struct pack *pack_store_active(const struct pack_store *store, struct str jurisdiction)
{
    const struct active *newest = NULL;
    for (size_t i = 0; i < ACTIVE_MAX; i++) {
        const struct active *active = &store->actives[i];
        if (active->jurisdiction[0] == '\0' || active->pack == NULL) {
            continue;
        }
        if (str_is(jurisdiction, active->jurisdiction)) {
            return active->pack;
        }
        newest = newest == NULL || active->number > newest->number ? active : newest;
    }
    return newest == NULL ? NULL : newest->pack;
}

const struct pack *pack_store_find(const struct pack_store *store,
                                   const uint8_t hash[PACK_HASH_BYTES])
{
    const struct stored *stored = find_stored(store, hash);
    return stored == NULL ? NULL : stored->pack;
}
