/* What the entities of casework ask of each other, file by file. Internal to casework. */
#ifndef CORE_CASEWORK_PARTS_H
#define CORE_CASEWORK_PARTS_H

#include "core/casework/work.h"

/* plan.c: matches the policy again and starts its steps at now; the generation rises. `keep_acks`: a level that went
 * down repeats nothing. */
void plan_start(struct work *work, bool keep_acks);
/* No plan: all that is owed is an interview, in the psychology teacher's queue. Whatever else comes starts one. */
void plan_queue(struct work *work);
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
/* True: it is owed by this asking, or sooner by it; false: it was owed already, or was waived. */
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
const char *obligation_urge(struct work *work, const struct case_command *command);
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
/* Another case of the same pupil is taken in: what it was told of, what its reporter said, and whoever is kept out of it, go
 * on here. Answers a refusal's reason, or NULL. */
const char *episode_take_in(struct work *work, const struct casefile *other);
/* The other side: this one ends, its duties with it; `to` is the case that goes on. */
void episode_give_away(struct work *work, struct ident to, struct str actor);
void episode_tell_owners(struct work *work, struct str cause);

/* signal.c: a signal on the case in hand; a new one has state NONE. */
void signal_step(struct work *work, const struct case_signal *signal);

/* life.c: level, settle, stand-down, close. */
const char *life_change_level(struct work *work, const struct case_command *command);
/* The plan starts anew; quietly: what is in force goes on, and nobody is told but by what is owed. */
void life_raise(struct work *work, enum case_level level);
void life_raise_quietly(struct work *work, enum case_level level);
const char *life_settle(struct work *work, const struct case_command *command);
void life_review_monitoring(struct work *work);
const char *life_stand_down(struct work *work, const struct case_command *command);
const char *life_confirm(struct work *work, const struct case_command *command);
void life_reopen(struct work *work);
/* Stood down as the wrong person's, and not confirmed: whoever names the right person says that the danger is real. */
bool life_awaits_person(const struct casefile *file);
/* A wrong person's file keeps nothing: the case stays, without them. */
void life_forget_person(struct casefile *file);
const char *life_close(struct work *work, const struct case_command *command);

/* team.c: the temporary team. Answers a refusal's reason, or NULL. */
const char *team_change(struct work *work, const struct case_command *command);
/* Why one who acts as a member may not give the command; NULL: may, or acts in another role. */
const char *team_refusal(const struct work *work, const struct case_command *command);
/* members[index] leaves: sees and does nothing more here. */
void team_leave(struct work *work, size_t index, const char *reason);
void team_end(struct work *work, const char *reason);
/* Whoever is kept out by now leaves. */
void team_review(struct work *work);
/* Whether the role is a member's, and the person is one no more. */
bool team_has_left(const struct work *work, struct str person, struct str role);

/* command.c, receipt.c */
/* True: applied; false: refused. Either way it is answered by a line. */
bool command_step(struct work *work, const struct case_command *command);
void receipt_step(struct work *work, const struct case_receipt *receipt);

const char *command_name(enum case_command_kind kind);

/* due.c: everything of this case that is due by the input's time. */
void due_step(struct work *work);
/* Before a person's word: deadlines of obligations that lie before it are judged, whether time has told or not. */
void due_judge_obligations(struct work *work);

#endif
