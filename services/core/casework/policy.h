/* Policies as plain structs: who is called when, and what must be done by when. Built by wire/pack_policy, read by
 * casework; immutable once built. All texts and arrays belong to the builder's arena.
 *
 * Roles are the texts of the closed list in core/org; whether a role exists is checked by the builder. */
#ifndef CORE_CASEWORK_POLICY_H
#define CORE_CASEWORK_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/casework/policy_clock.h"
#include "core/casework/policy_digest.h"
#include "core/casework/terms.h"
#include "core/roster/calendar.h"

enum {
    POLICY_HASH_BYTES = 32,
    POLICY_KEYS_MAX = 32,    /* values of one match key */
    POLICY_STEPS_MAX = 15,   /* and one more for the last responder */
    POLICY_ROLES_MAX = 12,   /* of one step */
    POLICY_CHANNELS_MAX = 6, /* of one step */
    POLICY_OBLIGATIONS_MAX = 24,
    POLICY_WARNINGS_MAX = 8,
    POLICY_EVIDENCE_MAX = 16,
    POLICY_PASS_MAX = 8,  /* roles that an obligation is passed to */
    POLICY_NEEDS_MAX = 8, /* obligations that one waits for */
    POLICY_POLICIES_MAX = 256,
};

struct policy_texts {
    const struct str *items;
    size_t count;
};

/* Which cases a policy is for. An empty list or CASE_*_NONE matches all; a list means any of. */
struct policy_match {
    enum case_level level; /* exact; NONE: every level */
    struct policy_texts kinds;
    enum case_subject subject; /* UNRESOLVED never; an unresolved person is matched as a student */
    uint32_t places;           /* bits 1 << enum case_place; 0 all */
    uint32_t dangers;          /* bits 1 << enum case_danger; 0 all */
    uint32_t injuries;         /* bits 1 << enum case_injury; 0 all */
};

enum policy_unless {
    POLICY_UNLESS_NEVER, /* no condition: always fires */
    POLICY_UNLESS_ACKED, /* all earlier steps of this generation are satisfied */
    POLICY_UNLESS_MET,   /* `unless_obligation` is met; on_scene is met(on_scene) */
};

enum policy_quorum {
    POLICY_QUORUM_DEFAULT, /* each from high, any below */
    POLICY_QUORUM_EACH,    /* one person per role */
    POLICY_QUORUM_ANY,
    POLICY_QUORUM_COUNT, /* `quorum_count` of the roles */
};

struct policy_channels {
    enum case_channel items[POLICY_CHANNELS_MAX];
    size_t count;
};

struct policy_step {
    int64_t at_ms; /* from the episode's start, or from the level change */
    struct policy_texts roles;
    struct policy_channels via; /* together from high, in turn below */
    enum policy_unless unless;
    struct str unless_obligation;
    enum policy_quorum quorum;
    uint32_t quorum_count;
    struct policy_texts takes_over; /* empty: the roles of later steps */
    bool repeat_until_acked;
    bool in_order;      /* one person after the other, until one is reached; never with repeat */
    struct str purpose; /* template; empty: "step" */
};

enum policy_anchor {
    POLICY_ANCHOR_OPENED, /* the episode's start; of what a level change adds, that instant */
    POLICY_ANCHOR_OCCURRED,
    POLICY_ANCHOR_DISCOVERED,
    POLICY_ANCHOR_CONFIRMED,
    POLICY_ANCHOR_LEVEL_REACHED,
    POLICY_ANCHOR_SETTLED,
    POLICY_ANCHOR_AFTER, /* `after`, met or met late */
};

enum policy_evidence_type { POLICY_EVIDENCE_TEXT, POLICY_EVIDENCE_LIST, POLICY_EVIDENCE_CODE };

struct policy_evidence {
    struct str key;
    enum policy_evidence_type type;
    bool optional;
    struct policy_texts codes; /* of CODE: one of these */
};

struct policy_obligation {
    struct str id; /* snake_case, unique in its policy */
    enum policy_anchor anchor;
    struct str after;
    struct str after_code;   /* starts only if `after` was met with this code; else it is waived */
    int64_t within_ms;       /* 0 of a recurring one */
    enum policy_clock clock; /* of within_ms and warn_ms */
    int64_t every_ms;        /* 0 of a single one */
    bool until_settled;
    struct str owner;                     /* a role, or "first_acknowledger" */
    struct str to;                        /* the recipient's role; may be empty */
    int64_t warn_ms[POLICY_WARNINGS_MAX]; /* after the anchor, ascending */
    size_t warn_count;
    struct policy_texts breach_roles; /* told when it is breached, beside the owner */
    struct policy_channels breach_via;
    const struct policy_evidence *evidence;
    size_t evidence_count;
    struct policy_texts
        pass_to; /* asks one person after the other, the owner's and then these roles',
                                    `within_ms` each, until one accepts; empty: all of the owner's */
    struct policy_texts needs; /* cannot be met before these are */
};

struct policy {
    struct str id; /* "fenyang/crisis" */
    struct policy_match match;
    const struct policy_step *steps; /* ascending at_ms */
    size_t step_count;
    const struct policy_obligation *obligations;
    size_t obligation_count;
};

/* All policies of one pack, in file order. */
struct policy_set {
    uint8_t hash[POLICY_HASH_BYTES]; /* of the pack */
    struct calendar calendar;        /* school days, by which interviews are counted */
    const struct policy *policies;
    size_t count;
    struct policy_channels last_responder_via; /* how the last responder is called */
    struct policy_digest digest;
    uint32_t work_from_minute; /* working hours, of the local day: 08:00 to 17:00 */
    uint32_t work_to_minute;   /* exclusive, above it */
    uint32_t
        interviews_each;  /* so many may wait for one psychology teacher of a school; 0: no bound */
    int64_t voice_gap_ms; /* between rounds of a call: 65 s */
    int64_t channel_gap_ms;                       /* to the next channel below high: 5 min */
    int64_t repeat_gap_ms;                        /* of repeat: until_acked: 5 min */
    int64_t join_within_ms;                       /* two reports of one happening: 10 min */
    int64_t stand_down_confirm_ms;                /* 24 h */
    int64_t hold_within_ms;                       /* a hold goes up after: 10 min */
    int64_t ack_expiry_ms[CASE_LEVEL_CRISIS + 1]; /* 0: does not expire */
};

/* The numbers of model.md, for the builder to start from. */
void policy_set_defaults(struct policy_set *ret_set);

/* What a case asks for. */
struct policy_query {
    enum case_level level;
    struct str kind;
    enum case_subject subject;
    enum case_place place;
    enum case_danger danger;
    enum case_injury injury;
};

/* The policy with most keys that match, then in file order; NULL when none does. One that does not name kind and
 * subject never matches abuse_suspected or a staff subject, but that a policy naming one of them stands in for lack
 * of a better: `abuse_suspected` needs the kind named, a staff subject needs the subject named. */
const struct policy *policy_find(const struct policy_set *set, const struct policy_query *query);

/* The policy of that id, or NULL. */
const struct policy *policy_by_id(const struct policy_set *set, struct str id);

/* The index of an obligation in the policy, or -1. */
int policy_obligation_index(const struct policy *policy, struct str id);

/* Whether the obligation wants, as its evidence `key`, a code of a closed list, and takes this one. */
bool policy_takes_code(const struct policy_obligation *obligation, struct str key, struct str code);

/* Whether the step asks anybody for an acknowledgement: guardians are told, never asked to take over. */
bool policy_step_wants_ack(const struct policy_step *step);

/* Whether some obligation of that id wants, as its evidence `key`, a code, and takes this one. Anything else that a
 * person gives as evidence is content. */
bool policy_set_takes_code(const struct policy_set *set, struct str obligation, struct str key,
                           struct str code);

/* What a set lacks to be used: NULL when nothing, else a sentence in static storage. A set needs a policy without
 * other keys for each level from attention to crisis, one for the kind abuse_suspected, one for the subject staff,
 * and a channel for the last responder. */
const char *policy_set_lacks(const struct policy_set *set);

#endif
