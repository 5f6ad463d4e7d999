/* Triage: one checked event in; what became of it, the signals it gives, and what is to be remembered out.
 *
 * Pure: the same events, in the same order, on the same directory and rules give the same signals under the same ids. State
 * is a set of entities (core/rules/seen, core/rules/window); each change is told with the entity's value from before, so
 * that the shell can undo it. One triage per partition. */
#ifndef CORE_RULES_TRIAGE_H
#define CORE_RULES_TRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/rules/event.h"
#include "core/rules/ruleset.h"
#include "core/rules/seen.h"
#include "core/rules/signal.h"
#include "core/rules/window.h"

struct org;
struct triage;

enum { TRIAGE_ARENA_BYTES = 8 * 1024 * 1024 /* enough for one step */ };

struct triage_setup {
    ident_hash_fn hash;
    const struct org *org; /* borrowed; changes under us between steps */
    size_t seen_max;       /* 0: SEEN_MAX */
    size_t window_max;     /* 0: WINDOW_BUCKETS_MAX */
    uint64_t seed;         /* of the hash tables */
};

struct triage_input {
    const struct event *event;
    int64_t time_ms;             /* broker time */
    const struct ruleset *rules; /* of the unit's pack; NULL: none yet, facts alone judge */
};

enum triage_outcome {
    TRIAGE_JUDGED,
    TRIAGE_REPEATED, /* the same event came before: nothing to do */
    TRIAGE_CONFLICT, /* another body under the same id, and no incident: to be rejected */
};

enum triage_entity { TRIAGE_SEEN, TRIAGE_WINDOW };

/* One entity of the state; `is_there` false: it does not exist. */
struct triage_state {
    enum triage_entity entity;
    bool is_there;
    struct seen_state seen;
    struct window_state window;
};

struct triage_change {
    struct str key;
    struct triage_state before;
    struct triage_state after;
};

/* All of it lies in the caller's arena, or borrows from event and rules. */
struct triage_result {
    enum triage_outcome outcome;
    bool id_reused; /* another body under the same id: accepted, and flagged */
    const struct signal *signals;
    size_t signal_count;
    const struct triage_change *changes; /* in order; a key may come twice */
    size_t change_count;
    uint32_t rule_errors;  /* expressions that could not be computed; the other rules were judged */
    uint32_t seen_evicted; /* before their time: the bound was reached */
    uint32_t windows_evicted; /* likewise, buckets and entries */
};

/* NULL when memory is out. */
struct triage *triage_new(const struct triage_setup *setup);
void triage_free(struct triage *triage);

/* Judges one event. `arena` is the caller's; nothing in it is kept. ERR_MEMORY: the state may be changed in part; put back
 * every entity as it was last committed. */
SW_NODISCARD int triage_step(struct triage *triage, const struct triage_input *input,
                             struct arena *arena, struct triage_result *ret_result);

/* Makes an entity what the changelog says: restore and undo. ERR_INVALID: not a key of ours; ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int triage_put(struct triage *triage, struct str key,
                            const struct triage_state *state);

/* Whose entity a key is; false: not one of ours. */
bool triage_parse_key(struct str key, enum triage_entity *ret_entity);

size_t triage_seen_count(const struct triage *triage);
size_t triage_window_count(const struct triage *triage);

#endif
