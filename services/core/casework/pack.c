/* Each part of a case is described once, by a function that both writes and reads it (pack_text.h). A member that is added to
 * a part is added here too: the asserts on sizes see to it. */
#include "core/casework/pack.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

enum { ROOM_BYTES = 16 * 1024, CACHE_LINE_BYTES = 64, USUAL_BYTES = 768 };

_Static_assert(sizeof(struct casefile) == 432, "a new member is packed in code_case");
_Static_assert(sizeof(struct episode) == 160, "a new member is packed in code_episode");
_Static_assert(sizeof(struct step) == 48, "a new member is packed in code_step");
_Static_assert(sizeof(struct obligation) == 256, "… in code_obligation");
_Static_assert(sizeof(struct case_evidence) == 72, "… in code_evidence");
_Static_assert(sizeof(struct ack) == 80, "… in code_ack");
_Static_assert(sizeof(struct told) == 96, "… in code_told");
_Static_assert(sizeof(struct conflict) == 80, "… in code_conflict");
_Static_assert(sizeof(struct hold) == 48, "… in code_hold");
_Static_assert(sizeof(struct member) == 24, "… in code_member");

/* Members, for the compiler to give each its own type back. */
#define NUMBER(member) ((member) = (__typeof__(member))codec_number(codec, (uint64_t)(member)))
#define TIME(member) ((member) = codec_time(codec, (member)))
#define TEXT(member) ((member) = codec_text(codec, (member)))
#define WORD(member) ((member) = codec_word(codec, (member)))

static void code_hash(struct codec *codec, uint8_t hash[POLICY_HASH_BYTES])
{
    struct str word = codec_word(codec, (struct str){(const char *)hash, POLICY_HASH_BYTES});
    sw_assert(word.len == POLICY_HASH_BYTES);
    memmove(hash, word.at, POLICY_HASH_BYTES);
}

static void code_case(struct codec *codec, struct casefile *file)
{
    TIME(file->opened_ms);
    codec->base_ms = file->opened_ms;
    codec_ident(codec, &file->id);
    WORD(file->unit);
    NUMBER(file->number);
    TEXT(file->subject);
    NUMBER(file->subject_kind);
    WORD(file->kind);
    NUMBER(file->family);
    NUMBER(file->state);
    NUMBER(file->level);
    NUMBER(file->layer);
    NUMBER(file->generation);
    NUMBER(file->quiet_before);
    NUMBER(file->episode);
    code_hash(codec, file->pack);
    WORD(file->policy);
    TIME(file->changed_ms);
    TIME(file->plan_ms);
    NUMBER(file->stand_down_reason);
    TEXT(file->stood_down_by);
    TIME(file->stand_down_by_ms);
    WORD(file->outcome);
    WORD(file->group);
    NUMBER(file->unresolved);
    NUMBER(file->silent);
    NUMBER(file->is_queued);
}

static void code_episode(struct codec *codec, struct episode *episode)
{
    NUMBER(episode->number);
    NUMBER(episode->state);
    NUMBER(episode->joined_to);
    TIME(episode->opened_ms);
    TIME(episode->occurred_ms);
    TIME(episode->discovered_ms);
    TIME(episode->confirmed_ms);
    TIME(episode->settled_ms);
    TIME(episode->level_reached_ms);
    NUMBER(episode->place);
    NUMBER(episode->danger);
    NUMBER(episode->injury);
    NUMBER(episode->mandatory_code);
    TEXT(episode->first_acknowledger);
    TEXT(episode->callback);
    TEXT(episode->with_pupil);
    TEXT(episode->place_detail);
    TEXT(episode->text);
}

static void code_step(struct codec *codec, struct step *step)
{
    NUMBER(step->index);
    NUMBER(step->state);
    TIME(step->due_ms);
    TIME(step->fired_ms);
    TIME(step->next_ms);
    NUMBER(step->firing);
    NUMBER(step->slot);
    NUMBER(step->only_new);
}

static void code_evidence(struct codec *codec, struct case_evidence *evidence)
{
    WORD(evidence->key);
    WORD(evidence->code);
    TEXT(evidence->sealed);
    TEXT(evidence->digest);
    NUMBER(evidence->version);
}

static void code_obligation(struct codec *codec, struct obligation *obligation)
{
    WORD(obligation->id);
    WORD(obligation->policy);
    NUMBER(obligation->episode);
    NUMBER(obligation->state);
    WORD(obligation->owner_role);
    WORD(obligation->to_role);
    NUMBER(obligation->anchor);
    TIME(obligation->anchor_ms);
    TIME(obligation->due_ms);
    NUMBER(obligation->occurrence);
    NUMBER(obligation->owed);
    NUMBER(obligation->done);
    NUMBER(obligation->returned);
    NUMBER(obligation->warned);
    TIME(obligation->warn_ms);
    TIME(obligation->breached_ms);
    TIME(obligation->performed_ms);
    TIME(obligation->recorded_ms);
    NUMBER(obligation->recorded_late);
    TEXT(obligation->by);
    WORD(obligation->by_role);
    WORD(obligation->reason);
    WORD(obligation->answer);
    NUMBER(obligation->urged);
    TIME(obligation->urged_ms);
    NUMBER(obligation->evidence_count);
}

static void code_ack(struct codec *codec, struct ack *ack)
{
    codec_ident(codec, &ack->id);
    TEXT(ack->person);
    WORD(ack->role);
    NUMBER(ack->episode);
    NUMBER(ack->generation);
    NUMBER(ack->state);
    TIME(ack->at_ms);
    TIME(ack->expires_ms);
}

static void code_told(struct codec *codec, struct told *told)
{
    TEXT(told->person);
    WORD(told->role);
    TEXT(told->cause);
    NUMBER(told->generation);
    NUMBER(told->firings);
    NUMBER(told->channels);
    TIME(told->at_ms);
    NUMBER(told->best);
    WORD(told->not_told);
}

static void code_conflict(struct codec *codec, struct conflict *conflict)
{
    TEXT(conflict->person);
    TEXT(conflict->household);
    NUMBER(conflict->reason);
    NUMBER(conflict->state);
    TEXT(conflict->set_by);
    TEXT(conflict->clear_by);
    TIME(conflict->at_ms);
}

static void code_hold(struct codec *codec, struct hold *hold)
{
    TEXT(hold->what);
    NUMBER(hold->state);
    TIME(hold->since_ms);
    TEXT(hold->released_by);
}

static void code_member(struct codec *codec, struct member *member)
{
    TEXT(member->person);
    TIME(member->until_ms);
}

static void code_party(struct codec *codec, struct case_party *party)
{
    TEXT(party->ref);
    NUMBER(party->role);
}

static void code_why(struct codec *codec, struct case_why *why)
{
    TEXT(why->text);
    TEXT(why->values);
}

/* --- a whole case ----------------------------------------------------------------------------------------------------- */

/* The arrays of a case, one row each. */
#define ARRAYS(ROW)                                                                                \
    ROW(episodes, episode_count, code_episode)                                                     \
    ROW(steps, step_count, code_step)                                                              \
    ROW(obligations, obligation_count, code_obligation)                                            \
    ROW(acks, ack_count, code_ack)                                                                 \
    ROW(told, told_count, code_told)                                                               \
    ROW(conflicts, conflict_count, code_conflict)                                                  \
    ROW(holds, hold_count, code_hold)                                                              \
    ROW(parties, party_count, code_party)                                                          \
    ROW(why, why_count, code_why)                                                                  \
    ROW(signals, signal_count, codec_ident)                                                        \
    ROW(members, member_count, code_member)

/* Each element is coded from a copy: a description may write to what it is given. */
static void write_case(struct codec *codec, const struct casefile *file)
{
    struct casefile copy = *file;
    code_case(codec, &copy);
#define ROW(items, count, code)                                                                    \
    NUMBER(copy.count);                                                                            \
    for (size_t i = 0; i < file->count; i++) {                                                     \
        __typeof__(*file->items) item = file->items[i];                                            \
        code(codec, &item);                                                                        \
    }
    ARRAYS(ROW)
#undef ROW
    for (size_t i = 0; i < file->obligation_count; i++) {
        for (size_t k = 0; k < file->obligations[i].evidence_count; k++) {
            struct case_evidence evidence = file->obligations[i].evidence[k];
            code_evidence(codec, &evidence);
        }
    }
}

static void read_evidence(struct codec *codec, struct pack_scratch *scratch)
{
    size_t used = 0;
    for (size_t i = 0; i < scratch->file.obligation_count; i++) {
        struct obligation *obligation = &scratch->obligations[i];
        sw_assert(obligation->evidence_count <= CASE_EVIDENCE_MAX);
        obligation->evidence = &scratch->evidence[used];
        for (size_t k = 0; k < obligation->evidence_count; k++) {
            code_evidence(codec, &scratch->evidence[used++]);
        }
    }
}

void pack_load(const struct packer *packer, struct pack_scratch *scratch,
               const struct packed *packed)
{
    static const struct casefile empty = {.stand_down_by_ms = CASE_NEVER};
    struct casefile *file = &scratch->file;
    struct codec codec_room;
    struct codec *codec = &codec_room;
    *file = empty;
    if (packed != NULL) {
        for (size_t at = 0; at < USUAL_BYTES; at += CACHE_LINE_BYTES) {
            __builtin_prefetch((const char *)packed + at); /* one wait for memory, not many */
        }
        codec_start_read(codec, &packer->words, packed->data);
        code_case(codec, file);
    }
#define ROW(items, count, code)                                                                    \
    file->items = scratch->items;                                                                  \
    if (packed != NULL) {                                                                          \
        NUMBER(file->count);                                                                       \
        sw_assert(file->count <= sizeof(scratch->items) / sizeof(scratch->items[0]));              \
    }                                                                                              \
    for (size_t i = 0; i < file->count; i++) {                                                     \
        code(codec, &scratch->items[i]);                                                           \
    }
    ARRAYS(ROW)
#undef ROW
    if (packed != NULL) {
        read_evidence(codec, scratch);
        sw_assert(codec->from == packed->data + packed->bytes);
    }
}

void packer_init(struct packer *packer)
{
    *packer = (struct packer){0};
    words_init(&packer->words);
}

void packer_fini(struct packer *packer)
{
    words_fini(&packer->words);
    pool_fini(&packer->pool);
    heap_free(packer->room);
}

static bool grow_room(struct packer *packer)
{
    size_t bytes = packer->room_bytes == 0 ? ROOM_BYTES : 4 * packer->room_bytes;
    uint8_t *room = heap_alloc(bytes);
    if (room == NULL) {
        return false;
    }
    heap_free(packer->room);
    packer->room = room;
    packer->room_bytes = bytes;
    return true;
}

struct packed *pack_new(struct packer *packer, const struct casefile *file)
{
    struct codec codec;
    if (packer->room == NULL && !grow_room(packer)) {
        return NULL;
    }
    codec_start_write(&codec, &packer->words, packer->room, packer->room_bytes);
    write_case(&codec, file);
    while (codec.is_full) {
        if (!grow_room(packer)) {
            return NULL;
        }
        codec_start_write(&codec, &packer->words, packer->room, packer->room_bytes);
        write_case(&codec, file);
    }
    size_t bytes = (size_t)(codec.to - packer->room);
    struct packed *packed = pool_take(&packer->pool, sizeof(*packed) + bytes);
    if (packed == NULL) {
        return NULL;
    }
    *packed = (struct packed){
        .bytes = (uint32_t)bytes,
        .state = (uint8_t)file->state,
        .level = (uint8_t)file->level,
        .conflict_count = (uint8_t)file->conflict_count,
    };
    memcpy(packed->data, packer->room, bytes);
    return packed;
}

void packed_free(struct packer *packer, struct packed *packed)
{
    if (packed != NULL) {
        pool_give(&packer->pool, packed, sizeof(*packed) + packed->bytes);
    }
}
