/* Triage: one checked event in; what became of it, the signals it gives, and what is to be remembered out.
 *
 * Pure: the same events, in the same order, on the same directory and rules give the same signals under the same ids. State
 * is a set of entities (core/rules/seen, window, watch); each change is told with the entity's value from before, so
 * that the shell can undo it. One triage per partition. */
#ifndef CORE_RULES_TRIAGE_H
#define CORE_RULES_TRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/rules/county.h"
#include "core/rules/event.h"
#include "core/rules/ruleset.h"
#include "core/rules/seen.h"
#include "core/rules/signal.h"
#include "core/rules/watch.h"
#include "core/rules/window.h"

struct case_command;
struct org;
struct triage;

enum {
    TRIAGE_ARENA_BYTES =
        32 * 1024 * 1024 /* enough for one step: all that is held of one unit, let go at once */
};

/* The rules of a unit's pack; NULL: none yet, facts alone judge. They live as long as the triage. */
typedef const struct ruleset *(*triage_rules_fn)(void *ctx, struct str unit);

/* A signal as bytes, in `arena`; ERR_MEMORY. Whatever is held back is kept encoded. */
typedef int (*triage_encode_fn)(const struct signal *signal, struct arena *arena,
                                struct str *ret_bytes);

struct triage_setup {
    ident_hash_fn hash;
    triage_rules_fn rules_of;
    triage_encode_fn encode;
    void *ctx;             /* of rules_of */
    const struct org *org; /* borrowed; changes under us between steps */
    size_t seen_max;       /* 0: SEEN_MAX */
    size_t window_max;     /* 0: WINDOW_BUCKETS_MAX */
    uint64_t seed;         /* of the hash tables */
};

struct triage_input {
    const struct event *event;
    int64_t time_ms; /* broker time */
};

/* A person's word on a question: of the case that it opened or joined. */
struct triage_answer {
    struct str unit;
    struct ident case_id;
    bool is_fault; /* else it is real */
    int64_t time_ms;
};

/* What a command says on a question, at its time: an obligation "plausibility" met with the evidence "answer". False: it is none. */
bool triage_read_answer(const struct case_command *command, int64_t time_ms,
                        struct triage_answer *ret_answer);

enum triage_outcome {
    TRIAGE_JUDGED,
    TRIAGE_REPEATED, /* the same event came before: nothing to do */
    TRIAGE_CONFLICT, /* another body under the same id, and no incident: to be rejected */
};

enum triage_entity { TRIAGE_SEEN, TRIAGE_WINDOW, TRIAGE_CLOCK, TRIAGE_HELD, TRIAGE_DOUBT };

/* One entity of the state; `is_there` false: it does not exist. */
struct triage_state {
    enum triage_entity entity;
    bool is_there;
    struct seen_state seen;
    struct window_state window;
    struct clock_state clock;
    struct held_state held;
    struct doubt_state doubt;
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
    const struct str
        *releases; /* signals that were held back, encoded, to be written now, before the others */
    size_t release_count;
    const struct county_fact *fact;      /* what the county counts of the event; NULL: nothing */
    const struct triage_change *changes; /* in order; a key may come twice */
    size_t change_count;
    uint32_t rule_errors;  /* expressions that could not be computed; the other rules were judged */
    uint32_t seen_evicted; /* before their time: the bound was reached */
    uint32_t windows_evicted; /* likewise, buckets and entries */
    uint32_t held;            /* signals kept back by this step */
    uint32_t
        dropped; /* held ones that will not be written: explained, a fault, or no answer came */
    uint32_t questions;
    uint32_t missed; /* expectations that were not met */
};

/* NULL when memory is out. */
struct triage *triage_new(const struct triage_setup *setup);
void triage_free(struct triage *triage);

/* Judges one event. `arena` is the caller's; nothing in it is kept. ERR_MEMORY: the state may be changed in part; put back
 * every entity as it was last committed. */
SW_NODISCARD int triage_step(struct triage *triage, const struct triage_input *input,
                             struct arena *arena, struct triage_result *ret_result);

/* Counts a fact of one of the county's units, and judges the rules about the county. As triage_step. */
SW_NODISCARD int triage_step_fact(struct triage *triage, const struct county_fact *fact,
                                  int64_t time_ms, struct arena *arena,
                                  struct triage_result *ret_result);

/* The earliest instant at which time alone does something; INT64_MAX: none; 0: at once, after triage_refresh. */
int64_t triage_next_deadline(const struct triage *triage);

/* Settles what of one unit is due at or before `now_ms`; the events before it must have been stepped. As triage_step. */
SW_NODISCARD int triage_step_time(struct triage *triage, int64_t now_ms, struct arena *arena,
                                  struct triage_result *ret_result);

/* Lets what is held back by the question go, or drops it; nothing happens when no such question is open. As triage_step. */
SW_NODISCARD int triage_step_answer(struct triage *triage, const struct triage_answer *answer,
                                    struct arena *arena, struct triage_result *ret_result);

/* Units or rules are others now: what is expected is worked out again by the next steps of time. What is new counts from
 * then on. So it is also when a triage is made. */
void triage_refresh(struct triage *triage);

/* Makes an entity what the changelog says: restore and undo. ERR_INVALID: not a key of ours; ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int triage_put(struct triage *triage, struct str key,
                            const struct triage_state *state);

/* Whose entity a key is; false: not one of ours. */
bool triage_parse_key(struct str key, enum triage_entity *ret_entity);

size_t triage_seen_count(const struct triage *triage);
size_t triage_window_count(const struct triage *triage);

#endif
