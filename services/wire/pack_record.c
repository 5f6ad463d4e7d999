/* Records of a pack for the topic, and their keys. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/directory.pb-c.h>

#include "base/assert.h"
#include "wire/bytes.h"
#include "wire/decode.h"
#include "wire/pack.h"
#include "wire/pack_key.h"

static const struct str key_begin = {"pack/", 5};
static const struct str key_active = {"active/", 7};

static bool is_jurisdiction(struct str text)
{
    bool is_good = text.len > 0 && text.len <= PACK_JURISDICTION_MAX_BYTES;
    for (size_t i = 0; i < text.len && is_good; i++) {
        char c = text.at[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }
    return is_good;
}

bool pack_parse_key(struct str text, struct pack_key *ret_key)
{
    enum { HEX_BYTES = 2 * PACK_HASH_BYTES };
    struct pack_key key = {.path = {NULL, 0}};
    size_t len = 0;
    if (!str_starts(text, key_begin) || text.len > PACK_KEY_MAX_BYTES) {
        return false;
    }
    struct str rest = {text.at + key_begin.len, text.len - key_begin.len};
    if (str_starts(rest, key_active)) {
        key.jurisdiction = (struct str){rest.at + key_active.len, rest.len - key_active.len};
        *ret_key = key;
        return is_jurisdiction(key.jurisdiction);
    }
    if (rest.len <= HEX_BYTES + 1 || rest.at[HEX_BYTES] != '/' ||
        !bytes_parse_hex((struct str){rest.at, HEX_BYTES}, key.hash, PACK_HASH_BYTES, &len)) {
        return false;
    }
    key.path = (struct str){rest.at + HEX_BYTES + 1, rest.len - HEX_BYTES - 1};
    *ret_key = key;
    return key.path.len <= PACK_PATH_MAX_BYTES;
}

bool pack_owns_key(struct str key)
{
    struct pack_key parsed;
    return pack_parse_key(key, &parsed);
}

static int encode(const Shouwang__V1__DirectoryRecord *record, const char *key, struct arena *arena,
                  struct str *ret_key, struct str *ret_value)
{
    struct str kept = arena_copy_str(arena, str_of(key));
    if (kept.at == NULL) {
        return ERR_MEMORY;
    }
    sw_assert(pack_owns_key(kept));
    int error = encode_message(&record->base, arena, ret_value);
    if (error == 0) {
        *ret_key = kept;
    }
    return error;
}

int pack_file_record(const struct pack *pack, size_t file_index, struct arena *arena,
                     struct str *ret_key, struct str *ret_value)
{
    Shouwang__V1__DirectoryRecord record = SHOUWANG__V1__DIRECTORY_RECORD__INIT;
    Shouwang__V1__PackFile body = SHOUWANG__V1__PACK_FILE__INIT;
    char hex[2 * PACK_HASH_BYTES + 1];
    char key[PACK_KEY_MAX_BYTES];
    sw_assert(file_index < pack->file_count);
    const struct pack_file *file = &pack->files[file_index];
    bytes_format_hex(pack->hash, PACK_HASH_BYTES, hex);
    (void)snprintf(key, sizeof(key), "pack/%s/%s", hex, file->path); /* fits: the path is bounded */
    body.pack = (ProtobufCBinaryData){PACK_HASH_BYTES, (uint8_t *)(uintptr_t)pack->hash};
    body.path = (char *)(uintptr_t)file->path;
    body.content = (ProtobufCBinaryData){file->content.len, (uint8_t *)(uintptr_t)file->content.at};
    record.entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PACK_FILE;
    record.pack_file = &body;
    return encode(&record, key, arena, ret_key, ret_value);
}

int pack_active_record(const struct pack *pack, const struct pack_activation *activation,
                       struct arena *arena, struct str *ret_key, struct str *ret_value)
{
    Shouwang__V1__DirectoryRecord record = SHOUWANG__V1__DIRECTORY_RECORD__INIT;
    Shouwang__V1__PackActive body = SHOUWANG__V1__PACK_ACTIVE__INIT;
    char key[PACK_KEY_MAX_BYTES];
    struct str jurisdiction = arena_copy_str(arena, activation->jurisdiction);
    struct str by = arena_copy_str(arena, activation->by);
    if (!is_jurisdiction(activation->jurisdiction)) {
        return ERR_INVALID;
    }
    if (jurisdiction.at == NULL || by.at == NULL) {
        return ERR_MEMORY;
    }
    (void)snprintf(key, sizeof(key), "pack/active/%s", jurisdiction.at); /* fits: bounded */
    body.pack = (ProtobufCBinaryData){PACK_HASH_BYTES, (uint8_t *)(uintptr_t)pack->hash};
    body.jurisdiction = (char *)(uintptr_t)jurisdiction.at;
    body.file_count = (uint32_t)pack->file_count;
    body.activated_at_ms = activation->at_ms;
    body.activated_by = (char *)(uintptr_t)by.at;
    record.entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PACK_ACTIVE;
    record.pack_active = &body;
    return encode(&record, key, arena, ret_key, ret_value);
}
