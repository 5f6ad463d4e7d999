#include "wire/journal.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/journal.pb-c.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/tail.h"

/* --- writing: the fields of JournalLine (journal.proto), the last one first ------------------------------------------- */

struct draft {
    const struct effect_journal *line;
    const struct journal_place *place;
};

static void write_rest(struct tail *tail, const struct effect_journal *line)
{
    char number[24] = "";
    if (line->case_number > 0) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)line->case_number);
    }
    tail_ident(tail, 18, line->cause_id);
    tail_number(tail, 17, line->level);
    tail_text(tail, 16, line->sealed);
    for (size_t i = line->fact_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        tail_text(tail, 2, line->facts[i].value);
        tail_text(tail, 1, line->facts[i].key);
        tail_message(tail, 15, mark);
    }
    tail_text(tail, 14, line->reason);
    tail_text(tail, 13, line->outcome);
    tail_ident(tail, 12, line->command_id);
    tail_text(tail, 11, line->actor_role);
    tail_text(tail, 10, line->actor);
    tail_text(tail, 9, line->what);
    tail_number(tail, 8, line->episode);
    tail_text(tail, 7, str_of(number));
    tail_ident(tail, 6, line->case_id);
}

/* With room for the digest, which is that of all other bytes. */
static void write_line(struct tail *tail, const void *record)
{
    static const char digest[JOURNAL_DIGEST_BYTES];
    const struct draft *draft = record;
    write_rest(tail, draft->line);
    tail_number(tail, 5, (uint64_t)draft->place->at_ms);
    tail_bytes(tail, 4, (struct str){digest, sizeof(digest)});
    tail_bytes(tail, 3, (struct str){(const char *)draft->place->previous, JOURNAL_DIGEST_BYTES});
    tail_number(tail, 2, draft->place->number);
    tail_text(tail, 1, draft->line->unit);
}

/* --- the chain: what it needs of a line is found in the bytes themselves ----------------------------------------------- */

struct links {
    uint64_t number;
    int64_t at_ms;
    struct str previous;
    struct str digest;
    size_t digest_from; /* the field, its key included */
};

struct cursor {
    struct str bytes;
    size_t at;
    bool is_bad;
};

static uint64_t take_varint(struct cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && cursor->at < cursor->bytes.len; shift += 7) {
        uint8_t byte = (uint8_t)cursor->bytes.at[cursor->at++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    cursor->is_bad = true;
    return 0;
}

static struct str take_bytes(struct cursor *cursor, uint64_t len)
{
    struct str taken = {cursor->bytes.at + cursor->at, (size_t)len};
    if (len > cursor->bytes.len - cursor->at) {
        cursor->is_bad = true;
        return STR_LITERAL("");
    }
    cursor->at += taken.len;
    return taken;
}

/* False: not the bytes of a message, or not of a line with one digest and one before it. */
static bool find_links(struct str value, struct links *ret_links)
{
    enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
    struct cursor cursor = {.bytes = value};
    struct links links = {0};
    unsigned found = 0;
    while (cursor.at < value.len && !cursor.is_bad) {
        size_t from = cursor.at;
        uint64_t key = take_varint(&cursor);
        uint64_t field = key >> 3;
        struct str bytes = STR_LITERAL("");
        uint64_t number = 0;
        switch (key & 7) {
        case VARINT:
            number = take_varint(&cursor);
            break;
        case BYTES:
            bytes = take_bytes(&cursor, take_varint(&cursor));
            break;
        case FIXED64:
        case FIXED32:
            (void)take_bytes(&cursor, (key & 7) == FIXED64 ? 8 : 4);
            break;
        default:
            return false;
        }
        if (field >= 2 && field <= 4) {
            cursor.is_bad |= (found >> field & 1) != 0;
            found |= 1u << field;
        }
        links.number = field == 2 ? number : links.number;
        links.previous = field == 3 ? bytes : links.previous;
        links.digest = field == 4 ? bytes : links.digest;
        links.digest_from = field == 4 ? from : links.digest_from;
        links.at_ms = field == 5 ? (int64_t)number : links.at_ms;
    }
    *ret_links = links;
    return !cursor.is_bad && links.previous.len == JOURNAL_DIGEST_BYTES &&
           links.digest.len == JOURNAL_DIGEST_BYTES;
}

/* H(previous digest, the line without its digest); the record holds `previous`, so that it is in both. */
static int digest_line(struct str value, const struct links *links, journal_hash_fn hash,
                       struct arena *arena, uint8_t ret_digest[JOURNAL_DIGEST_BYTES])
{
    size_t behind = (size_t)(links->digest.at + links->digest.len - value.at);
    size_t bytes = JOURNAL_DIGEST_BYTES + links->digest_from + value.len - behind;
    uint8_t *joined = arena_alloc(arena, bytes);
    if (joined == NULL) {
        return ERR_MEMORY;
    }
    memcpy(joined, links->previous.at, JOURNAL_DIGEST_BYTES);
    memcpy(joined + JOURNAL_DIGEST_BYTES, value.at, links->digest_from);
    memcpy(joined + JOURNAL_DIGEST_BYTES + links->digest_from, value.at + behind,
           value.len - behind);
    hash(joined, bytes, ret_digest);
    return 0;
}

int journal_encode(const struct effect_journal *line, const struct journal_place *place,
                   journal_hash_fn hash, struct arena *arena, struct str *ret_value,
                   uint8_t ret_digest[JOURNAL_DIGEST_BYTES])
{
    const struct draft draft = {.line = line, .place = place};
    uint8_t digest[JOURNAL_DIGEST_BYTES];
    struct links links;
    struct str value;
    int error = tail_encode(write_line, &draft, arena, &value);
    if (error != 0) {
        return error;
    }
    bool has_links = find_links(value, &links);
    sw_assert(has_links); /* just written */
    error = digest_line(value, &links, hash, arena, digest);
    if (error != 0) {
        return error;
    }
    /* The copy in the arena is ours to write to. */
    memcpy((char *)(uintptr_t)links.digest.at, digest, JOURNAL_DIGEST_BYTES);
    memcpy(ret_digest, digest, JOURNAL_DIGEST_BYTES);
    *ret_value = value;
    return 0;
}

int journal_verify(struct str value, journal_hash_fn hash, struct arena *arena,
                   struct journal_place *place, struct fault *ret_fault)
{
    uint8_t digest[JOURNAL_DIGEST_BYTES];
    struct links links;
    if (!find_links(value, &links)) {
        ProtobufCMessage *message = NULL; /* says what is wrong with it, if it is no line at all */
        int error = decode_message(&shouwang__v1__journal_line__descriptor, value, arena, ret_fault,
                                   &message);
        return error != 0 ? error : ERR_CORRUPT;
    }
    if (links.number != place->number + 1 ||
        memcmp(links.previous.at, place->previous, JOURNAL_DIGEST_BYTES) != 0) {
        return ERR_CORRUPT;
    }
    int error = digest_line(value, &links, hash, arena, digest);
    if (error != 0) {
        return error;
    }
    if (memcmp(digest, links.digest.at, JOURNAL_DIGEST_BYTES) != 0) {
        return ERR_CORRUPT;
    }
    place->number = links.number;
    place->at_ms = links.at_ms;
    memcpy(place->previous, digest, JOURNAL_DIGEST_BYTES);
    return 0;
}
