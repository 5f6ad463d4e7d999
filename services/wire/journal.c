#include "wire/journal.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/journal.pb-c.h>

#include "wire/decode.h"
#include "wire/writer.h"

static void write_facts(struct writer *writer, const struct effect_journal *line,
                        Shouwang__V1__JournalLine *to)
{
    WRITER_MESSAGES(writer, line->fact_count, Shouwang__V1__Fact, shouwang__v1__fact__init)
    for (size_t i = 0; bodies != NULL && i < line->fact_count; i++) {
        bodies[i].key = writer_text(writer, line->facts[i].key);
        bodies[i].value = writer_text(writer, line->facts[i].value);
    }
    to->facts = messages;
    to->n_facts = line->fact_count;
}

static void write_line(struct writer *writer, const struct effect_journal *line,
                       Shouwang__V1__JournalLine *to)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)line->case_number);
    to->unit = writer_text(writer, line->unit);
    to->case_id = writer_ident(writer, line->case_id);
    to->case_number = writer_text(writer, line->case_number > 0 ? str_of(number) : STR_LITERAL(""));
    to->episode = line->episode;
    to->what = writer_text(writer, line->what);
    to->actor = writer_text(writer, line->actor);
    to->actor_role = writer_text(writer, line->actor_role);
    to->command_id = writer_ident(writer, line->command_id);
    to->outcome = writer_text(writer, line->outcome);
    to->reason = writer_text(writer, line->reason);
    to->level = (Shouwang__V1__Level)line->level;
    to->cause_id = writer_ident(writer, line->cause_id);
    write_facts(writer, line, to);
    if (line->sealed.len > 0) {
        Shouwang__V1__Sealed **sealed = writer_take(writer, 1, sizeof(*sealed));
        if (sealed != NULL) {
            sealed[0] = writer_sealed(writer, line->sealed);
            to->sealed = sealed;
            to->n_sealed = 1;
        }
    }
}

/* H(previous digest, the line without its digest); the record holds `previous`, so that it is in both. */
static int digest_line(Shouwang__V1__JournalLine *record,
                       const uint8_t previous[JOURNAL_DIGEST_BYTES], journal_hash_fn hash,
                       struct arena *arena, uint8_t ret_digest[JOURNAL_DIGEST_BYTES])
{
    struct str bytes;
    ProtobufCBinaryData kept = record->digest;
    record->digest = (ProtobufCBinaryData){0, NULL};
    int error = encode_message(&record->base, arena, &bytes);
    record->digest = kept;
    if (error != 0) {
        return error;
    }
    uint8_t *joined = arena_alloc(arena, JOURNAL_DIGEST_BYTES + bytes.len);
    if (joined == NULL) {
        return ERR_MEMORY;
    }
    memcpy(joined, previous, JOURNAL_DIGEST_BYTES);
    memcpy(joined + JOURNAL_DIGEST_BYTES, bytes.at, bytes.len);
    hash(joined, JOURNAL_DIGEST_BYTES + bytes.len, ret_digest);
    return 0;
}

int journal_encode(const struct effect_journal *line, const struct journal_place *place,
                   journal_hash_fn hash, struct arena *arena, struct str *ret_value,
                   uint8_t ret_digest[JOURNAL_DIGEST_BYTES])
{
    struct writer writer = {.arena = arena};
    uint8_t digest[JOURNAL_DIGEST_BYTES];
    Shouwang__V1__JournalLine record = SHOUWANG__V1__JOURNAL_LINE__INIT;
    write_line(&writer, line, &record);
    record.number = place->number;
    record.at_ms = place->at_ms;
    record.previous =
        writer_bytes(&writer, (struct str){(const char *)place->previous, JOURNAL_DIGEST_BYTES});
    int error = writer.error != 0 ? writer.error
                                  : digest_line(&record, place->previous, hash, arena, digest);
    if (error != 0) {
        return error;
    }
    record.digest = (ProtobufCBinaryData){JOURNAL_DIGEST_BYTES, digest};
    error = encode_message(&record.base, arena, ret_value);
    if (error == 0) {
        memcpy(ret_digest, digest, JOURNAL_DIGEST_BYTES);
    }
    return error;
}

int journal_verify(struct str value, journal_hash_fn hash, struct arena *arena,
                   struct journal_place *place, struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    uint8_t digest[JOURNAL_DIGEST_BYTES];
    int error =
        decode_message(&shouwang__v1__journal_line__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    Shouwang__V1__JournalLine *record = (Shouwang__V1__JournalLine *)message;
    bool follows = record->number == place->number + 1 &&
                   record->previous.len == JOURNAL_DIGEST_BYTES &&
                   record->digest.len == JOURNAL_DIGEST_BYTES &&
                   memcmp(record->previous.data, place->previous, JOURNAL_DIGEST_BYTES) == 0;
    if (!follows) {
        return ERR_CORRUPT;
    }
    error = digest_line(record, place->previous, hash, arena, digest);
    if (error != 0) {
        return error;
    }
    if (memcmp(digest, record->digest.data, JOURNAL_DIGEST_BYTES) != 0) {
        return ERR_CORRUPT;
    }
    place->number = record->number;
    place->at_ms = record->at_ms;
    memcpy(place->previous, digest, JOURNAL_DIGEST_BYTES);
    return 0;
}
