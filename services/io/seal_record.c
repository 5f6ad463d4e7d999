#include "io/seal_record.h"

#include <string.h>

#include "base/assert.h"

enum { KEY_ID_MAX = 32, ERASURE_ID_MAX = 64, NONCE_MAX = 64, BYTES_MAX = 64 * 1024 };

int sealed_of_record(const Shouwang__V1__Sealed *record, struct sealed *ret_sealed)
{
    sw_assert(ret_sealed != NULL);
    if (record == NULL) {
        return ERR_INVALID;
    }
    struct sealed sealed = {
        .suite = record->suite,
        .key_class = (enum seal_class)record->key_class,
        .key_id = str_of(record->key_id),
        .erasure_id = str_of(record->erasure_id),
        .nonce = {(const char *)record->nonce.data, record->nonce.len},
        .bytes = {(const char *)record->bytes.data, record->bytes.len},
    };
    if (record->key_class <= 0 || record->key_class >= (int)SEAL_CLASS_COUNT ||
        sealed.key_id.len == 0 || sealed.key_id.len > KEY_ID_MAX || sealed.erasure_id.len == 0 ||
        sealed.erasure_id.len > ERASURE_ID_MAX || sealed.nonce.len > NONCE_MAX ||
        sealed.bytes.len > BYTES_MAX) {
        return ERR_INVALID;
    }
    *ret_sealed = sealed;
    return 0;
}

int sealed_to_record(const struct sealed *sealed, struct arena *arena,
                     Shouwang__V1__Sealed *ret_record)
{
    struct str key_id = arena_copy_str(arena, sealed->key_id);
    struct str erasure_id = arena_copy_str(arena, sealed->erasure_id);
    if (key_id.at == NULL || erasure_id.at == NULL) {
        return ERR_MEMORY;
    }
    shouwang__v1__sealed__init(ret_record);
    ret_record->suite = sealed->suite;
    ret_record->key_class = (Shouwang__V1__KeyClass)sealed->key_class;
    /* The generated struct has no const; nothing writes through these. */
    memcpy(&ret_record->key_id, &key_id.at, sizeof(char *));
    memcpy(&ret_record->erasure_id, &erasure_id.at, sizeof(char *));
    memcpy(&ret_record->nonce.data, &sealed->nonce.at, sizeof(char *));
    ret_record->nonce.len = sealed->nonce.len;
    memcpy(&ret_record->bytes.data, &sealed->bytes.at, sizeof(char *));
    ret_record->bytes.len = sealed->bytes.len;
    return 0;
}

int vault_close_record(const struct vault *vault, const struct vault_target *target,
                       struct str plain, struct arena *arena, Shouwang__V1__Sealed **ret_record)
{
    struct sealed sealed;
    Shouwang__V1__Sealed *record = arena_alloc(arena, sizeof(*record));
    int error = record == NULL ? ERR_MEMORY : vault_close(vault, target, plain, arena, &sealed);
    error = error != 0 ? error : sealed_to_record(&sealed, arena, record);
    if (error == 0) {
        *ret_record = record;
    }
    return error;
}

int sealed_encode(const struct sealed *sealed, struct arena *arena, struct str *ret_bytes)
{
    Shouwang__V1__Sealed record;
    int error = sealed_to_record(sealed, arena, &record);
    if (error != 0) {
        return error;
    }
    size_t len = shouwang__v1__sealed__get_packed_size(&record);
    uint8_t *bytes = arena_alloc(arena, len);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    *ret_bytes = (struct str){(const char *)bytes, shouwang__v1__sealed__pack(&record, bytes)};
    return 0;
}

static void *arena_allocator_alloc(void *arena, size_t bytes)
{
    return arena_alloc(arena, bytes);
}

static void arena_allocator_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

int sealed_decode(struct str bytes, struct arena *arena, struct sealed *ret_sealed)
{
    if (bytes.len > BYTES_MAX + 512) {
        return ERR_INVALID;
    }
    ProtobufCAllocator allocator = {arena_allocator_alloc, arena_allocator_free, arena};
    const Shouwang__V1__Sealed *record = shouwang__v1__sealed__unpack(
        &allocator, bytes.len, (const uint8_t *)(bytes.at != NULL ? bytes.at : ""));
    return sealed_of_record(record, ret_sealed);
}
