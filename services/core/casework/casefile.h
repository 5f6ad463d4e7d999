/* One case as plain data: what the changelog keeps and the console shows. A value: the arrays belong to whoever made
 * it (a packed block of casework, or the arena of a decoder); nothing in it points outside of them. */
#ifndef CORE_CASEWORK_CASEFILE_H
#define CORE_CASEWORK_CASEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "core/casework/entity.h"
#include "core/casework/policy.h"
#include "core/casework/terms.h"

struct case_party {
    struct str ref;
    enum case_party_role role;
};

struct case_why {
    struct str text;
    struct str values; /* encoded, opaque to the core */
};

/* One of the temporary team: sees the case and acts on it until then. */
struct member {
    struct str person;
    int64_t until_ms;
};

struct casefile {
    struct ident id;
    struct str unit;
    uint64_t number; /* the unit's running number, for people */
    struct str subject;
    enum case_subject subject_kind;
    struct str kind;
    enum case_family family;
    enum case_state state;
    enum case_level level;
    uint32_t layer; /* value of shouwang.v1.Layer, opaque */
    uint32_t generation;
    uint32_t
        quiet_before; /* a level went down: who was told since this generation is not called again; 0: all are */
    uint32_t episode; /* number of the current one */
    uint8_t pack[POLICY_HASH_BYTES];
    struct str policy; /* id within the pack */
    int64_t opened_ms;
    int64_t changed_ms; /* the latest time that it has seen */
    int64_t plan_ms;    /* start of the steps in force */
    enum case_stand_down_reason stand_down_reason;
    struct str stood_down_by;
    int64_t stand_down_by_ms; /* confirmation is due; CASE_NEVER: none asked, or given */
    struct str outcome;
    struct str group; /* a pupil's class: the one at the last step */
    bool unresolved;
    bool silent;    /* history: nobody is told */
    bool is_queued; /* no plan runs: an interview is owed, and waits its turn */

    struct episode *episodes;
    struct step *steps;
    struct obligation *obligations;
    struct ack *acks;
    struct told *told;
    struct conflict *conflicts;
    struct hold *holds;
    struct case_party *parties;
    struct case_why *why;
    struct ident *signals;
    struct member *members;
    size_t episode_count;
    size_t step_count;
    size_t obligation_count;
    size_t ack_count;
    size_t told_count;
    size_t conflict_count;
    size_t hold_count;
    size_t party_count;
    size_t why_count;
    size_t signal_count;
    size_t member_count; /* 0: no temporary team */
};

/* The words of records and files; static storage. */
const char *case_state_name(enum case_state state);
const char *step_state_name(enum step_state state);
const char *obligation_state_name(enum obligation_state state);
const char *ack_state_name(enum ack_state state);

/* Asserts every invariant that ties the parts of a case together; called after each step. */
void casefile_check(const struct casefile *file);

/* The same invariants for a record read from outside: NULL when they hold, else the first that does not, as a
 * sentence in static storage. */
const char *casefile_fault(const struct casefile *file);

/* What time alone does to a case, in the order in which it is done when two fall on one instant. */
enum case_due_kind {
    CASE_DUE_NOTHING,
    CASE_DUE_STAND_DOWN, /* not confirmed: reopen */
    CASE_DUE_ACK,        /* acks[index] expires */
    CASE_DUE_MEMBER,     /* members[index] leaves */
    CASE_DUE_OBLIGATION, /* obligations[index] is breached, or its next occurrence is due */
    CASE_DUE_WARNING,    /* of obligations[index] */
    CASE_DUE_STEP,       /* steps[index] fires, or sends again */
};

struct case_due {
    int64_t at_ms; /* CASE_NEVER with NOTHING */
    enum case_due_kind kind;
    size_t index;
    int64_t from_ms; /* as asked */
};

/* The earliest one at or behind `from_ms`. */
struct case_due casefile_next_due(const struct casefile *file, int64_t from_ms);

/* Whether steps of the case may fire: open, acknowledged, responding or reopened. */
bool casefile_is_running(const struct casefile *file);

/* Whether the pupil is to be talked to, and was not yet: a place in the psychology teacher's queue. */
bool casefile_owes_interview(const struct casefile *file);

/* Whether the person is of the temporary team at that time. */
bool casefile_has_member(const struct casefile *file, struct str person, int64_t at_ms);

/* The episode of that number, or NULL. */
struct episode *casefile_episode(const struct casefile *file, uint32_t number);

#endif
