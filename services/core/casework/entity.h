/* The parts of a case, each with one state machine: the only writer of a `state` is <entity>_transition(), which checks
 * it against a table (machine.c). Values; the texts belong to the casefile they are in. */
#ifndef CORE_CASEWORK_ENTITY_H
#define CORE_CASEWORK_ENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "core/casework/policy.h"
#include "core/casework/terms.h"

/* Bounds; what happens at each of them stands beside it. */
enum {
    CASE_EPISODES_MAX = 24, /* further happenings are joined to the newest episode */
    CASE_STEPS_MAX = 16,    /* POLICY_STEPS_MAX and the last responder */
    CASE_OBLIGATIONS_MAX =
        96, /* the oldest ended one goes; with none, the new one is refused and journalled */
    CASE_ACKS_MAX = 48,  /* the oldest ended one goes */
    CASE_TOLD_MAX = 192, /* the oldest of an earlier generation goes, but the last of each person */
    CASE_CONFLICTS_MAX = 32, /* refused */
    CASE_HOLDS_MAX = 16,     /* guardians and the class layer */
    CASE_SIGNALS_MAX = 32,   /* the oldest goes */
    CASE_PARTIES_MAX = 32,   /* further ones are not kept */
    CASE_WHY_MAX = 16,       /* of the level in force */
    CASE_EVIDENCE_MAX = 16,  /* of one obligation */
    CASE_MEMBERS_MAX = 16,   /* of the team; refused */
};

#define CASE_NEVER INT64_MAX

enum case_state {
    CASE_NONE,
    CASE_OPEN,
    CASE_ACKNOWLEDGED,
    CASE_RESPONDING,
    CASE_SETTLED,
    CASE_MONITORING,
    CASE_CLOSED,
    CASE_REOPENED,
    CASE_STOOD_DOWN
};

enum episode_state { EPISODE_RUNNING, EPISODE_SETTLED, EPISODE_STOOD_DOWN, EPISODE_JOINED };

enum step_state {
    STEP_PENDING,   /* due at due_ms */
    STEP_FIRING,    /* told people; the next send is due at next_ms */
    STEP_SENT,      /* told people; nothing more to send unless an acknowledgement expires */
    STEP_SATISFIED, /* acknowledged as its quorum asks */
    STEP_UNNEEDED,  /* its `unless` held when it came due */
    STEP_SKIPPED,   /* nobody to tell */
};

enum obligation_state {
    OBLIGATION_PENDING,
    OBLIGATION_WARNED,
    OBLIGATION_BREACHED,
    OBLIGATION_MET,
    OBLIGATION_MET_LATE,
    OBLIGATION_WAIVED
};

enum ack_state { ACK_ACTIVE, ACK_EXPIRED, ACK_ENDED, ACK_SEEN };

enum conflict_state { CONFLICT_ACTIVE, CONFLICT_CLEAR_ASKED, CONFLICT_CLEARED };

enum hold_state { HOLD_HELD, HOLD_RELEASED };

/* How many states there are; apart, so that a switch over states needs no case for it. */
enum {
    CASE_STATE_COUNT = CASE_STOOD_DOWN + 1,
    EPISODE_STATE_COUNT = EPISODE_JOINED + 1,
    STEP_STATE_COUNT = STEP_SKIPPED + 1,
    OBLIGATION_STATE_COUNT = OBLIGATION_WAIVED + 1,
    ACK_STATE_COUNT = ACK_SEEN + 1,
    CONFLICT_STATE_COUNT = CONFLICT_CLEARED + 1,
    HOLD_STATE_COUNT = HOLD_RELEASED + 1,
};

struct case_evidence {
    struct str key;
    struct str code;   /* of a closed list; empty for typed text */
    struct str sealed; /* an encoded Sealed, opaque */
    struct str digest; /* of the document or text */
    uint32_t version;
};

struct episode {
    uint32_t number; /* 1, 2, 3 … */
    enum episode_state state;
    uint32_t joined_to; /* while JOINED */
    int64_t opened_ms;
    int64_t occurred_ms;
    int64_t discovered_ms;
    int64_t confirmed_ms;     /* 0: not yet */
    int64_t settled_ms;       /* 0: not yet */
    int64_t level_reached_ms; /* of the level in force */
    enum case_place place;
    enum case_danger danger;
    enum case_injury injury;
    uint32_t mandatory_code;
    struct str first_acknowledger; /* person; empty: nobody yet */
    struct str callback;           /* encoded Sealed values, opaque */
    struct str with_pupil;
    struct str place_detail;
    struct str text;
};

/* A step of the generation in force. */
struct step {
    uint32_t index; /* in the policy; step_count of the policy is the last responder's */
    enum step_state state;
    int64_t due_ms;
    int64_t fired_ms; /* 0: not yet */
    int64_t next_ms;  /* while FIRING */
    uint32_t firing;  /* of the next send; never goes back */
    uint32_t slot;    /* position in the round of sends; see step.c */
    bool only_new;    /* the next firing tells only those it has not told yet */
};

struct obligation {
    struct str id;
    struct str
        policy; /* where it is defined, within the pack; empty: built in ("hold", "interview") */
    uint32_t episode;
    enum obligation_state state;
    struct str owner_role;
    struct str to_role; /* the recipient's; may be empty */
    enum policy_anchor anchor;
    int64_t anchor_ms;   /* 0: the anchor is not there yet */
    int64_t due_ms;      /* CASE_NEVER: no deadline (yet, or any more) */
    uint32_t occurrence; /* of a recurring one: the one that is due next, from 1; else 0 */
    uint32_t owed;       /* of a recurring one: occurrences that came due and are not done */
    uint32_t done;       /* reports made, numbered without a gap */
    uint32_t returned;   /* times the recipient gave it back */
    uint32_t warned;     /* warnings sent */
    int64_t warn_ms;     /* the next warning; CASE_NEVER: none */
    int64_t breached_ms; /* deadline that passed; 0: none */
    int64_t performed_ms;
    int64_t recorded_ms;
    bool recorded_late;
    struct str by;
    struct str by_role;
    struct str reason; /* of a waiver */
    struct str answer; /* confirmed, disputed, returned by the recipient */
    uint32_t urged;    /* times the owner was urged */
    int64_t urged_ms;  /* the last time; 0: never */
    const struct case_evidence *evidence;
    size_t evidence_count;
};

struct ack {
    struct ident id; /* of the command or notice */
    struct str person;
    struct str role;
    uint32_t episode;
    uint32_t generation;
    enum ack_state state;
    int64_t at_ms;
    int64_t expires_ms; /* CASE_NEVER: does not */
};

/* A person told, or not told with the reason. One entry per person, role, generation and cause. */
struct told {
    struct str person;
    struct str role;
    struct str cause; /* a step's index, "phone_report/warn/1" … */
    uint32_t generation;
    uint32_t firings;  /* sends so far */
    uint32_t channels; /* bits 1 << enum case_channel used so far */
    int64_t at_ms;
    enum case_delivery best;
    struct str not_told; /* reason code; empty when told */
};

struct conflict {
    struct str person;
    struct str household; /* of that person at the time; empty: unknown */
    enum case_conflict_reason reason;
    enum conflict_state state;
    struct str set_by;   /* person; empty: from the report */
    struct str clear_by; /* first of the two, while CLEAR_ASKED */
    int64_t at_ms;
};

struct hold {
    struct str what; /* a guardian's id, or "class" */
    enum hold_state state;
    int64_t since_ms;
    struct str released_by;
};

#endif
