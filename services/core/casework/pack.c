/* A block is: the casefile, its arrays, then the bytes of all texts. One walk over the parts visits each text; it runs
 * twice, once to count and once to copy. */
#include "core/casework/pack.h"

#include <stdalign.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

struct walk {
    char *next;   /* where the next text goes; NULL: only count */
    size_t bytes; /* of all texts so far */
};

static void walk_text(struct walk *walk, struct str *text)
{
    if (text->len > 0 && walk->next != NULL) {
        memcpy(walk->next, text->at, text->len);
        text->at = walk->next;
        walk->next += text->len;
    } else if (text->len == 0) {
        text->at = NULL;
    }
    walk->bytes += text->len;
}

static void walk_case(struct walk *walk, struct casefile *file)
{
    struct str *texts[] = {&file->unit,          &file->subject, &file->kind, &file->policy,
                           &file->stood_down_by, &file->outcome, &file->group};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        walk_text(walk, texts[i]);
    }
}

static void walk_episode(struct walk *walk, struct episode *episode)
{
    walk_text(walk, &episode->first_acknowledger);
    walk_text(walk, &episode->callback);
    walk_text(walk, &episode->with_pupil);
    walk_text(walk, &episode->place_detail);
    walk_text(walk, &episode->text);
}

static void walk_obligation(struct walk *walk, struct obligation *obligation)
{
    struct str *texts[] = {&obligation->id,      &obligation->policy, &obligation->owner_role,
                           &obligation->to_role, &obligation->by,     &obligation->by_role,
                           &obligation->reason,  &obligation->answer};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        walk_text(walk, texts[i]);
    }
}

static void walk_evidence(struct walk *walk, struct case_evidence *evidence)
{
    walk_text(walk, &evidence->key);
    walk_text(walk, &evidence->code);
    walk_text(walk, &evidence->sealed);
    walk_text(walk, &evidence->digest);
}

static void walk_people(struct walk *walk, struct casefile *file)
{
    for (size_t i = 0; i < file->ack_count; i++) {
        walk_text(walk, &file->acks[i].person);
        walk_text(walk, &file->acks[i].role);
    }
    for (size_t i = 0; i < file->told_count; i++) {
        walk_text(walk, &file->told[i].person);
        walk_text(walk, &file->told[i].role);
        walk_text(walk, &file->told[i].cause);
        walk_text(walk, &file->told[i].not_told);
    }
    for (size_t i = 0; i < file->conflict_count; i++) {
        walk_text(walk, &file->conflicts[i].person);
        walk_text(walk, &file->conflicts[i].household);
        walk_text(walk, &file->conflicts[i].set_by);
        walk_text(walk, &file->conflicts[i].clear_by);
    }
    for (size_t i = 0; i < file->hold_count; i++) {
        walk_text(walk, &file->holds[i].what);
        walk_text(walk, &file->holds[i].released_by);
    }
    for (size_t i = 0; i < file->party_count; i++) {
        walk_text(walk, &file->parties[i].ref);
    }
    for (size_t i = 0; i < file->why_count; i++) {
        walk_text(walk, &file->why[i].text);
        walk_text(walk, &file->why[i].values);
    }
}

/* Texts of everything but the evidence, whose arrays move separately. */
static void walk_all(struct walk *walk, struct casefile *file)
{
    walk_case(walk, file);
    for (size_t i = 0; i < file->episode_count; i++) {
        walk_episode(walk, &file->episodes[i]);
    }
    for (size_t i = 0; i < file->obligation_count; i++) {
        walk_obligation(walk, &file->obligations[i]);
    }
    walk_people(walk, file);
}

static size_t rounded(size_t bytes)
{
    return (bytes + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* Takes room for an array of the block and copies it there. */
static void *move_array(char **at, const void *items, size_t count, size_t element_bytes)
{
    void *moved = *at;
    if (count > 0) {
        memcpy(moved, items, count * element_bytes);
    }
    *at += rounded(count * element_bytes);
    return moved;
}

/* The arrays of a case, one row each. */
#define ARRAYS(ROW)                                                                                \
    ROW(episodes, episode_count)                                                                   \
    ROW(steps, step_count)                                                                         \
    ROW(obligations, obligation_count)                                                             \
    ROW(acks, ack_count)                                                                           \
    ROW(told, told_count)                                                                          \
    ROW(conflicts, conflict_count)                                                                 \
    ROW(holds, hold_count)                                                                         \
    ROW(parties, party_count)                                                                      \
    ROW(why, why_count)                                                                            \
    ROW(signals, signal_count)

static size_t array_bytes(const struct casefile *file)
{
    size_t bytes = rounded(sizeof(*file));
#define ROW(items, count) bytes += rounded(file->count * sizeof(*file->items));
    ARRAYS(ROW)
#undef ROW
    for (size_t i = 0; i < file->obligation_count; i++) {
        bytes += rounded(file->obligations[i].evidence_count * sizeof(struct case_evidence));
    }
    return bytes;
}

/* Bytes of all texts; walks a case without changing it, but that empty texts lose their address. */
static size_t text_bytes(const struct casefile *file)
{
    struct walk walk = {0};
    struct casefile shallow = *file;
    walk_all(&walk, &shallow);
    for (size_t i = 0; i < file->obligation_count; i++) {
        for (size_t k = 0; k < file->obligations[i].evidence_count; k++) {
            struct case_evidence copy = file->obligations[i].evidence[k];
            walk_evidence(&walk, &copy);
        }
    }
    return walk.bytes;
}

size_t pack_bytes(const struct casefile *file)
{
    return array_bytes(file) + text_bytes(file);
}

struct casefile *pack_new(const struct casefile *file)
{
    size_t arrays = array_bytes(file);
    struct casefile *packed = heap_alloc(arrays + text_bytes(file));
    if (packed == NULL) {
        return NULL;
    }
    char *at = (char *)packed + rounded(sizeof(*packed));
    *packed = *file;
#define ROW(items, count)                                                                          \
    packed->items = move_array(&at, file->items, file->count, sizeof(*file->items));
    ARRAYS(ROW)
#undef ROW
    struct walk walk = {.next = (char *)packed + arrays};
    walk_all(&walk, packed);
    for (size_t i = 0; i < packed->obligation_count; i++) {
        struct obligation *obligation = &packed->obligations[i];
        struct case_evidence *evidence = move_array(
            &at, obligation->evidence, obligation->evidence_count, sizeof(struct case_evidence));
        for (size_t k = 0; k < obligation->evidence_count; k++) {
            walk_evidence(&walk, &evidence[k]);
        }
        obligation->evidence = evidence;
    }
    sw_assert(at == (char *)packed + arrays);
    return packed;
}

void pack_load(struct pack_scratch *scratch, const struct casefile *file)
{
    static const struct casefile empty = {.stand_down_by_ms = CASE_NEVER};
    const struct casefile *from = file != NULL ? file : &empty;
    struct casefile *into = &scratch->file;
    *into = *from;
#define ROW(items, count)                                                                          \
    into->items = scratch->items;                                                                  \
    if (from->count > 0) {                                                                         \
        memcpy(into->items, from->items, from->count * sizeof(*from->items));                      \
    }
    ARRAYS(ROW)
#undef ROW
}
