/* Triage under virtual time, for tools that try a pack: events in, in the order of their times, signals out, and nothing kept.
 *
 * It drives the very core that sw-triage drives (core/rules/triage) as its shell does: what is due is settled before an event
 * that comes later, what is held back is let go in its time, and what a county counts of a school's event reaches it at once.
 * One object judges all units, as if they lay in one partition. */
#ifndef SHELL_REPLAY_H
#define SHELL_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/casework/terms.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "core/rules/level.h"
#include "core/rules/signal.h"
#include "core/rules/triage.h"
#include "wire/pack.h"

struct replay;

/* A signal as it would have been written. Texts are gone when the callback returns. */
struct replay_signal {
    int64_t at_ms; /* when it would have been said */
    struct str unit;
    struct str event_source;
    struct str event_id; /* of an expectation: made of it and its day */
    struct str subject;  /* person, group or unit; empty: unresolved */
    struct str kind;     /* of the case */
    enum case_level level;
    enum level_layer layer;
    struct str rules[SIGNAL_WHY_MAX]; /* that held, in the order of the reasons */
    size_t rule_count;
    struct str ask_interview;
    struct str tell[SIGNAL_TELL_MAX];
    size_t tell_count;
    bool is_silent;
    bool only_on_file;
    struct str record; /* its bytes in topic signals; empty unless asked for */
};

struct replay_setup {
    const struct org *org; /* borrowed; a change is told by replay_refresh */
    /* The pack of a unit; NULL: facts alone judge. Packs outlive the replay. */
    const struct pack *(*pack_of)(void *ctx, struct str unit);
    void (*signal)(void *ctx, const struct replay_signal *signal);
    void *ctx;
    bool wants_records; /* each signal comes with its bytes, too */
};

/* What was counted so far. */
struct replay_counts {
    uint64_t events; /* judged */
    uint64_t repeats;
    uint64_t conflicts; /* another body under the same id: not judged */
    uint64_t signals;
    uint64_t rule_errors;
    uint64_t evicted; /* state that fell out before its time: a bound was reached */
};

/* NULL when memory is out. `setup` is copied. */
struct replay *replay_new(const struct replay_setup *setup);
/* NULL is fine. */
void replay_free(struct replay *replay);

/* Settles all that is due before `time_ms`, then judges the event; times never go back (an earlier one counts as the last). A
 * screening without a score gets that of the unit's pack. ERR_MEMORY: of no further use. */
SW_NODISCARD int replay_event(struct replay *replay, const struct event *event, int64_t time_ms);

/* A person's word on the unit's question that was asked last; without one nothing happens. ERR_MEMORY. */
SW_NODISCARD int replay_answer(struct replay *replay, struct str unit, bool is_fault,
                               int64_t time_ms);

/* The same, on the question that the answer names. */
SW_NODISCARD int replay_answer_case(struct replay *replay, const struct triage_answer *answer);

/* The organisation has changed: what is expected is worked out again. */
void replay_refresh(struct replay *replay);

/* The earliest instant at which time alone does something; INT64_MAX: none. */
int64_t replay_next_deadline(const struct replay *replay);

/* Lets time pass to the instant, which is settled too. ERR_MEMORY. */
SW_NODISCARD int replay_run_until(struct replay *replay, int64_t to_ms);

struct replay_counts replay_counts(const struct replay *replay);

#endif
