/* One step on one case: what the parts of casework share. Internal to casework.
 *
 * Errors: memory can only run out while effects are written. The first failure is remembered in `failed`, what follows
 * writes into a sink, and the step as a whole is given up; the parts therefore need not check. */
#ifndef CORE_CASEWORK_WORK_H
#define CORE_CASEWORK_WORK_H

#include "core/casework/casefile.h"
#include "core/casework/effect.h"
#include "core/casework/input.h"
#include "core/casework/policy.h"
#include "core/org/org.h"

struct work {
    ident_hash_fn hash;
    const struct org *org;
    const struct policy_set *set; /* the case's pack */
    struct casefile *file;        /* the scratch case */
    struct effects *effects;
    const struct case_input *input;
    const struct casefile *other; /* of a command that names a second case; else NULL */
    int64_t now_ms;               /* the instant this happens at: the input's time, or a deadline */
    int64_t wall_ms;              /* the input's time */
    uint32_t interviews;          /* of a signal: what the unit's other cases owe */
    bool late;                    /* the deadline in hand is overdue after an outage */
    bool any_late;                /* one in this step was */
    bool failed;
    struct effect sink;
};

enum { WORK_LATE_AFTER_MS = 5000 };

/* The policy in force, NULL when none matched. */
const struct policy *work_policy(const struct work *work);

struct episode *work_episode(const struct work *work);

/* The texts one after the other, in the effects' arena. */
struct str work_join(struct work *work, const struct str *parts, size_t part_count);
struct str work_number(struct work *work, uint64_t number);
struct str work_copy(struct work *work, struct str text);

/* Effects, filled with what is common; never NULL. */
struct effect_journal *work_journal(struct work *work, const char *what);
void work_fact(struct work *work, struct effect_journal *line, const char *key, struct str value);
void work_fact_number(struct work *work, struct effect_journal *line, const char *key,
                      uint64_t value);
struct effect_alert *work_alert(struct work *work, const char *what);
struct effect_control *work_control(struct work *work, enum effect_control_kind kind);

/* The command in hand, or NULL. */
const struct case_command *work_command(const struct work *work);

/* --- resolve.c: who has a role now --------------------------------------------------------------------------------- */

struct org_recipient;

enum { WORK_PEOPLE_MAX = CASE_TOLD_MAX };

struct work_person {
    struct str person; /* borrowed from the org until the end of the step */
    struct str role;   /* the one acted in, which may stand in for the one asked for */
    const struct org_person *record;
};

struct work_people {
    struct work_person items[WORK_PEOPLE_MAX];
    size_t count;
    bool held;      /* somebody was left out by a hold */
    struct str gap; /* why nobody, or a stand-in, was found; empty: no gap */
};

/* Adds those who have the role, each person once, and marks in the case who is not told and why (`cause`). */
void resolve_role(struct work *work, struct str role, struct str cause, struct work_people *people);

/* Everybody in conflict, as the directory wants it. Returns how many. */
size_t resolve_list_excluded(const struct work *work,
                             struct org_excluded ret_excluded[CASE_CONFLICTS_MAX]);

/* Whether anybody has the role now, not counting those held. */
bool resolve_has_anybody(const struct work *work, struct str role);

/* Whether the person may get or do anything in this case. */
bool resolve_is_excluded(const struct work *work, struct str person);
bool resolve_is_held(const struct work *work, struct str person, struct str role);

/* --- notice.c ------------------------------------------------------------------------------------------------------- */

/* What is said to a person; channels are tried or used as `together` says. */
struct work_message {
    struct str cause;
    uint32_t firing;
    struct str purpose;
    uint32_t channels; /* bits 1 << enum case_channel; all of them are used */
    enum effect_lane lane;
    int64_t expires_ms;
    bool wants_key_press;
    bool may_wait; /* told with others at the pack's digest times, never in quiet hours */
    struct str obligation;
    int64_t due_ms;
    struct str taken_over_role;
    int64_t taken_over_ms;
};

/* Sends over each of the channels that the person can be reached by; over any one where none of them is left. False:
 * nothing could be sent, which is marked. */
bool notice_send(struct work *work, const struct work_person *to,
                 const struct work_message *message);

/* As notice_send, over the first of `via` that the person has. */
bool notice_send_one(struct work *work, const struct work_person *to, struct policy_channels via,
                     const struct work_message *message);

/* The id that such a notice has: hash(case, generation, cause, firing, person, channel). */
struct ident notice_id(const struct work *work, uint32_t generation, struct str cause,
                       uint32_t firing, struct str person, enum case_channel channel);

/* Stops what is queued for a cause, whoever gets it. */
void notice_cancel_cause(struct work *work, struct str cause, const char *reason);

/* Replaces the overdue notices of this step by one for each person. */
void notice_merge_late(struct work *work);

/* Everybody told in this case, each once, but those excluded by now. */
void notice_list_told(const struct work *work, struct work_people *people);

/* Quiet channels first: for what informs and does not call. */
struct policy_channels notice_quiet_channels(void);

/* What is to be read in the course of the day, where there is room for it. */
struct policy_channels notice_written_channels(void);

#endif
