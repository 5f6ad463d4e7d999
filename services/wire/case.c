/* Keys of the escalator's changelog, and its small entities. */
#include "wire/case.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>

#include "wire/decode.h"
#include "wire/reader.h"
#include "wire/writer.h"

struct str case_key(struct str unit, struct ident id, char ret_key[CASE_KEY_MAX_BYTES])
{
    char digits[IDENT_TEXT_BYTES];
    ident_format(id, digits);
    int length =
        snprintf(ret_key, CASE_KEY_MAX_BYTES, "%.*s/case/%s", (int)unit.len, unit.at, digits);
    return (struct str){ret_key, (size_t)length};
}

struct str case_policy_key(struct str unit, const uint8_t hash[POLICY_HASH_BYTES],
                           char ret_key[CASE_KEY_MAX_BYTES])
{
    char digits[2 * POLICY_HASH_BYTES + 1];
    for (size_t i = 0; i < POLICY_HASH_BYTES; i++) {
        snprintf(digits + 2 * i, 3, "%02x", hash[i]);
    }
    int length =
        snprintf(ret_key, CASE_KEY_MAX_BYTES, "%.*s/policy/%s", (int)unit.len, unit.at, digits);
    return (struct str){ret_key, (size_t)length};
}

struct str case_unit_key(struct str unit, const char *what, char ret_key[CASE_KEY_MAX_BYTES])
{
    int length = snprintf(ret_key, CASE_KEY_MAX_BYTES, "%.*s/%s", (int)unit.len, unit.at, what);
    return (struct str){ret_key, (size_t)length};
}

bool case_parse_key(struct str key, enum case_entity *ret_entity, struct str *ret_unit,
                    struct ident *ret_id)
{
    const char *slash = key.len > 0 ? memchr(key.at, '/', key.len) : NULL;
    if (slash == NULL) {
        return false;
    }
    struct str unit = {key.at, (size_t)(slash - key.at)};
    struct str rest = {slash + 1, key.len - unit.len - 1};
    if (str_is(rest, "journal")) {
        *ret_entity = CASE_ENTITY_JOURNAL;
    } else if (str_is(rest, "commands")) {
        *ret_entity = CASE_ENTITY_COMMANDS;
    } else if (str_starts(rest, STR_LITERAL("policy/"))) {
        *ret_entity = CASE_ENTITY_POLICY;
    } else if (str_starts(rest, STR_LITERAL("case/")) &&
               ident_parse((struct str){rest.at + 5, rest.len - 5}, ret_id)) {
        *ret_entity = CASE_ENTITY_CASE;
    } else {
        return false;
    }
    *ret_unit = unit;
    return true;
}

int case_encode_head(const struct case_head *head, struct arena *arena, struct str *ret_value)
{
    Shouwang__V1__JournalHead record = SHOUWANG__V1__JOURNAL_HEAD__INIT;
    uint8_t digest[sizeof(head->digest)];
    memcpy(digest, head->digest, sizeof(digest));
    record.number = head->number;
    record.digest = (ProtobufCBinaryData){head->number > 0 ? sizeof(digest) : 0, digest};
    record.case_count = head->case_number;
    return encode_message(&record.base, arena, ret_value);
}

int case_decode_head(struct str value, struct arena *arena, struct case_head *ret_head,
                     struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    int error =
        decode_message(&shouwang__v1__journal_head__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__JournalHead *record = (const Shouwang__V1__JournalHead *)message;
    *ret_head = (struct case_head){.number = record->number, .case_number = record->case_count};
    if (record->digest.len == sizeof(ret_head->digest)) {
        memcpy(ret_head->digest, record->digest.data, sizeof(ret_head->digest));
    }
    return 0;
}

int case_encode_commands(const struct ident *ids, size_t count, struct arena *arena,
                         struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__RecentCommands record = SHOUWANG__V1__RECENT_COMMANDS__INIT;
    record.ids = writer_idents(&writer, ids, count);
    record.n_ids = count;
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

int case_decode_commands(struct str value, struct arena *arena, const struct ident **ret_ids,
                         size_t *ret_count, struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    int error = decode_message(&shouwang__v1__recent_commands__descriptor, value, arena, ret_fault,
                               &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__RecentCommands *record = (const Shouwang__V1__RecentCommands *)message;
    struct ident *ids = arena_alloc_array(arena, record->n_ids, sizeof(*ids));
    if (ids == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_ids; i++) {
        ids[i] = reader_ident(record->ids[i]);
    }
    *ret_ids = ids;
    *ret_count = record->n_ids;
    return 0;
}

int case_encode_policies(const struct case_policies *policies, struct arena *arena,
                         struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__PolicyRecord record = SHOUWANG__V1__POLICY_RECORD__INIT;
    WRITER_MESSAGES(&writer, policies->count, Shouwang__V1__PolicyFile,
                    shouwang__v1__policy_file__init)
    for (size_t i = 0; bodies != NULL && i < policies->count; i++) {
        bodies[i].path = writer_text(&writer, policies->files[i].path);
        bodies[i].content = writer_bytes(&writer, policies->files[i].content);
    }
    record.hash =
        writer_bytes(&writer, (struct str){(const char *)policies->hash, POLICY_HASH_BYTES});
    record.files = messages;
    record.n_files = policies->count;
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

int case_decode_policies(struct str value, struct arena *arena, struct case_policies *ret_policies,
                         struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    int error =
        decode_message(&shouwang__v1__policy_record__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__PolicyRecord *record = (const Shouwang__V1__PolicyRecord *)message;
    struct case_policy_file *files = arena_alloc_array(arena, record->n_files, sizeof(*files));
    if (files == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < record->n_files; i++) {
        files[i] = (struct case_policy_file){str_of(record->files[i]->path),
                                             reader_bytes(record->files[i]->content)};
    }
    *ret_policies = (struct case_policies){.files = files, .count = record->n_files};
    memcpy(ret_policies->hash, record->hash.data, POLICY_HASH_BYTES); /* its length was checked */
    return 0;
}
