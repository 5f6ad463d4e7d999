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
    int64_t now_ms;  /* the instant this happens at: the input's time, or a deadline */
    int64_t wall_ms; /* the input's time */
    bool late;       /* the deadline in hand is overdue after an outage */
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

/* --- the entities --------------------------------------------------------------------------------------------------- */

/* plan.c: matches the policy again and starts its steps at now; the generation rises. `keep_acks`: a level that went
 * down repeats nothing. */
void plan_start(struct work *work, bool keep_acks);
/* Ends steps and acknowledgements: nothing more is sent. */
void plan_stop(struct work *work, const char *reason);

/* step.c */
void step_fire(struct work *work, size_t index);
/* Judges every step again after something was acknowledged, met or expired; cancels what is no longer needed. */
void step_review(struct work *work);
/* Tells those who may be told only now: a hold released, a substitute for one excluded, a person linked. */
void step_refresh(struct work *work);
/* Fires the ladder again from now: nobody is left who has it. */
void step_restart(struct work *work);
/* Stops what is queued for a person in a role. */
void step_cancel_person(struct work *work, struct str person, struct str role, const char *reason);
void step_cancel_all(struct work *work, const char *reason);
struct policy_step step_policy(const struct work *work, const struct step *step);
bool step_is_satisfied(const struct work *work, const struct step *step);
bool step_takes_role(const struct work *work, struct str role);
bool step_any_satisfied(const struct work *work);
struct str step_cause(struct work *work, const struct step *step);

/* ack.c */
/* Answers a refusal's reason, or NULL. */
const char *ack_add(struct work *work, struct str person, struct str role, struct ident id);
void ack_expire(struct work *work, size_t index);
void ack_progress(struct work *work, struct str person);
void ack_end_all(struct work *work);
void ack_end_person(struct work *work, struct str person);
bool ack_is_active(const struct work *work, struct str person, struct str role);

/* obligation.c */
void obligation_open_all(struct work *work, const struct policy *policy);
/* True: it is owed by this asking; false: it was owed already, or was waived. */
bool obligation_open_built_in(struct work *work, struct str id, int64_t within_ms);
void obligation_anchor(struct work *work, enum policy_anchor anchor, int64_t anchor_ms);
void obligation_due(struct work *work, size_t index);
void obligation_warn(struct work *work, size_t index);
bool obligation_is_met(const struct work *work, struct str id);
bool obligation_is_open(const struct casefile *file, const struct obligation *obligation);
void obligation_waive_all(struct work *work, uint32_t episode, struct str by, const char *reason);
void obligation_settle_recurring(struct work *work);
bool obligation_all_settled_done(const struct work *work);
const char *obligation_meet(struct work *work, const struct case_command *command);
const char *obligation_waive(struct work *work, const struct case_command *command);
const char *obligation_respond(struct work *work, const struct case_command *command);
/* Meets a built-in one. */
void obligation_meet_built_in(struct work *work, struct str id, struct str by);

/* conflict.c */
bool conflict_set(struct work *work, struct str person, enum case_conflict_reason reason,
                  struct str by);
/* Before the case opens: no line and no control of its own yet. */
void conflict_inherit(struct work *work, struct str person, enum case_conflict_reason reason);
void conflict_say_inherited(struct work *work);
const char *conflict_clear(struct work *work, const struct case_command *command);
void conflict_hold_all(struct work *work);
const char *conflict_release(struct work *work, const struct case_command *command);

/* episode.c */
void episode_open(struct work *work, const struct case_signal *signal);
void episode_join_signal(struct work *work, const struct case_signal *signal);
const char *episode_join(struct work *work, const struct case_command *command);
void episode_tell_owners(struct work *work, struct str cause);

/* signal.c: a signal on the case in hand; a new one has state NONE. */
void signal_step(struct work *work, const struct case_signal *signal);

/* life.c: level, settle, stand-down, close. */
const char *life_change_level(struct work *work, const struct case_command *command);
void life_raise(struct work *work, enum case_level level);
const char *life_settle(struct work *work, const struct case_command *command);
void life_review_monitoring(struct work *work);
const char *life_stand_down(struct work *work, const struct case_command *command);
const char *life_confirm(struct work *work, const struct case_command *command);
void life_reopen(struct work *work);
const char *life_close(struct work *work, const struct case_command *command);

/* command.c, receipt.c */
void command_step(struct work *work, const struct case_command *command);
void receipt_step(struct work *work, const struct case_receipt *receipt);

const char *command_name(enum case_command_kind kind);

/* due.c: everything of this case that is due by the input's time. */
void due_step(struct work *work);
/* Before a person's word: deadlines of obligations that lie before it are judged, whether time has told or not. */
void due_judge_obligations(struct work *work);

#endif
