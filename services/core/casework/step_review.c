/* What becomes of steps when something else happens: acknowledged, met, expired, released. */
#include "core/casework/step.h"

#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/told.h"

/* The sends of one step to one person that may still be queued: those of a quarter of an hour, three to each five minutes (no
 * repeated one lives longer, see step.c), and some that a correction or a new roster added. */
enum { CANCEL_FIRINGS = 16 };

/* Ids of what may still be queued, collected for control records of EFFECT_IDS_MAX each. */
struct cancel {
    struct ident *ids;
    size_t count;
    const char *reason;
};

static void begin_cancel(struct cancel *cancel, const char *reason)
{
    *cancel = (struct cancel){.reason = reason};
}

static void end_cancel(struct work *work, struct cancel *cancel)
{
    if (cancel->count > 0) {
        struct effect_control *control = work_control(work, EFFECT_CANCEL);
        control->notice_ids = cancel->ids;
        control->notice_count = cancel->count;
        control->reason = str_of(cancel->reason);
    }
    cancel->ids = NULL;
    cancel->count = 0;
}

static void cancel_id(struct work *work, struct cancel *cancel, struct ident id)
{
    if (cancel->count == EFFECT_IDS_MAX) {
        end_cancel(work, cancel);
    }
    if (cancel->ids == NULL) {
        cancel->ids =
            arena_alloc_array(&work->effects->arena, EFFECT_IDS_MAX, sizeof(struct ident));
    }
    work->failed |= cancel->ids == NULL;
    if (cancel->ids != NULL) {
        cancel->ids[cancel->count++] = id;
    }
}

static void cancel_told(struct work *work, const struct told *told, struct cancel *cancel)
{
    uint32_t first = told->firings > CANCEL_FIRINGS ? told->firings - CANCEL_FIRINGS : 0;
    for (uint32_t firing = first; firing < told->firings; firing++) {
        for (int channel = 1; channel < CASE_CHANNEL_COUNT; channel++) {
            if ((told->channels >> channel & 1) != 0) {
                cancel_id(work, cancel,
                          notice_id(work, told->generation, told->cause, firing, told->person,
                                    (enum case_channel)channel));
            }
        }
    }
}

void notice_cancel_cause(struct work *work, struct str cause, const char *reason)
{
    struct cancel cancel;
    begin_cancel(&cancel, reason);
    for (size_t i = 0; i < work->file->told_count; i++) {
        const struct told *told = &work->file->told[i];
        if (str_equal(told->cause, cause) && told->not_told.len == 0) {
            cancel_told(work, told, &cancel);
        }
    }
    end_cancel(work, &cancel);
}

void step_cancel_person(struct work *work, struct str person, struct str role, const char *reason)
{
    struct cancel cancel;
    begin_cancel(&cancel, reason);
    for (size_t i = 0; i < work->file->told_count; i++) {
        const struct told *told = &work->file->told[i];
        if (told->generation == work->file->generation && told->not_told.len == 0 &&
            str_equal(told->person, person) && str_equal(told->role, role) &&
            step_is_cause(told->cause)) {
            cancel_told(work, told, &cancel);
        }
    }
    end_cancel(work, &cancel);
}

static void cancel_step(struct work *work, const struct step *step, const char *reason)
{
    struct cancel cancel;
    begin_cancel(&cancel, reason);
    for (size_t i = 0; i < work->file->told_count; i++) {
        if (step_told(work, &work->file->told[i], step)) {
            cancel_told(work, &work->file->told[i], &cancel);
        }
    }
    end_cancel(work, &cancel);
}

void step_cancel_all(struct work *work, const char *reason)
{
    for (size_t i = 0; i < work->file->step_count; i++) {
        const struct step *step = &work->file->steps[i];
        if (step->state == STEP_FIRING || step->state == STEP_SENT) {
            cancel_step(work, step, reason);
        }
    }
}

static void review(struct work *work, struct step *step)
{
    switch (step->state) {
    case STEP_FIRING:
    case STEP_SENT:
        if (step_is_satisfied(work, step)) {
            cancel_step(work, step, "acked");
            step_transition(step, STEP_SATISFIED);
            work_fact_number(work, work_journal(work, "step_satisfied"), "step", step->index);
        } else if (step_is_unneeded(work, step)) {
            /* An input older than the firing: had it been read in time, the step would not have fired. */
            bool corrected = work->now_ms < step->fired_ms;
            cancel_step(work, step, corrected ? "corrected" : "unneeded");
            step_transition(step, STEP_UNNEEDED);
            work_fact_number(work,
                             work_journal(work, corrected ? "step_corrected" : "step_stopped"),
                             "step", step->index);
        }
        break;
    case STEP_SATISFIED:
        if (!step_is_satisfied(work, step)) {
            step_transition(step, STEP_PENDING);
            step->due_ms = work->now_ms;
            step->slot = 0;
        }
        break;
    case STEP_PENDING:
    case STEP_UNNEEDED:
    case STEP_SKIPPED:
        break;
    }
}

static bool has_active_ack(const struct casefile *file)
{
    for (size_t i = 0; i < file->ack_count; i++) {
        if (file->acks[i].state == ACK_ACTIVE) {
            return true;
        }
    }
    return false;
}

/* Nobody has the case, and what came after a step that was said is needed no more, or reaches nobody: the step goes on. */
static void go_on(struct work *work)
{
    for (size_t i = 0; i < work->file->step_count && !has_active_ack(work->file); i++) {
        struct step *step = &work->file->steps[i];
        if (step->state == STEP_SENT && !step_policy(work, step).in_order &&
            step_repeats(work, step)) {
            int64_t next_ms = step->fired_ms + work->set->repeat_gap_ms;
            step->slot = 0;
            step->next_ms = next_ms > work->now_ms ? next_ms : work->now_ms;
            step_transition(step, STEP_FIRING);
        }
    }
}

/* Whether a person has done one of the episode's obligations. */
static bool has_performed(const struct casefile *file)
{
    for (size_t i = 0; i < file->obligation_count; i++) {
        const struct obligation *obligation = &file->obligations[i];
        if (obligation->episode == file->episode && obligation->policy.len > 0 &&
            (obligation->performed_ms != 0)) {
            return true;
        }
    }
    return false;
}

static void review_state(struct work *work)
{
    struct casefile *file = work->file;
    bool satisfied = step_any_satisfied(work);
    if ((file->state == CASE_OPEN || file->state == CASE_REOPENED) && satisfied) {
        case_transition(file, CASE_ACKNOWLEDGED);
        (void)work_alert(work, "acknowledged");
    } else if (file->state == CASE_ACKNOWLEDGED && !satisfied && !has_active_ack(file)) {
        case_transition(file, CASE_OPEN);
    }
    if (file->state == CASE_ACKNOWLEDGED && has_performed(file)) {
        case_transition(file, CASE_RESPONDING);
    }
}

void step_review(struct work *work)
{
    if (!casefile_is_running(work->file)) {
        return;
    }
    for (size_t i = 0; i < work->file->step_count; i++) {
        review(work, &work->file->steps[i]);
    }
    go_on(work);
    review_state(work);
}

void step_restart(struct work *work)
{
    struct casefile *file = work->file;
    file->plan_ms = work->now_ms;
    for (size_t i = 0; i < file->step_count; i++) {
        struct step *step = &file->steps[i];
        struct policy_step policy_step = step_policy(work, step);
        if (policy_step.unless == POLICY_UNLESS_MET && step->state != STEP_SATISFIED) {
            continue; /* what it waits for does not depend on who has the case */
        }
        if (step->state != STEP_PENDING) {
            step_transition(step, STEP_PENDING);
        }
        step->due_ms = work->now_ms + policy_step.at_ms;
        step->slot = 0;
    }
    (void)work_journal(work, "steps_restarted");
}

/* Whether the step reaches somebody now whom it has not told. */
static bool has_new_person(struct work *work, const struct step *step)
{
    struct policy_step policy_step = step_policy(work, step);
    struct work_people people = {0};
    for (size_t i = 0; i < policy_step.roles.count; i++) {
        resolve_role(work, policy_step.roles.items[i], step_cause(work, step), &people);
    }
    for (size_t i = 0; i < people.count; i++) {
        const struct told *told =
            told_find(work, people.items[i].person, people.items[i].role, step_cause(work, step));
        if (told == NULL || told->not_told.len > 0) {
            return true;
        }
    }
    return false;
}

void step_refresh(struct work *work)
{
    for (size_t i = 0; i < work->file->step_count && casefile_is_running(work->file); i++) {
        struct step *step = &work->file->steps[i];
        bool fired = step->state == STEP_FIRING || step->state == STEP_SENT ||
                     step->state == STEP_SATISFIED || step->state == STEP_SKIPPED;
        if (fired && has_new_person(work, step)) {
            step_transition(step, STEP_PENDING);
            step->due_ms = work->now_ms;
            step->slot = 0;
            step->only_new = true;
        }
    }
}
