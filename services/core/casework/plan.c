/* The plan in force: a policy's steps laid out from an instant, under a generation of their own. */
#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/parts.h"

static const struct policy *find_policy(const struct work *work)
{
    const struct casefile *file = work->file;
    const struct episode *episode = work_episode(work);
    struct policy_query query = {
        .level = file->level,
        .kind = file->kind,
        .subject = file->subject_kind,
        .place = episode->place == CASE_PLACE_NONE ? CASE_PLACE_UNKNOWN : episode->place,
        .danger = episode->danger == CASE_DANGER_NONE ? CASE_DANGER_UNKNOWN : episode->danger,
        .injury = episode->injury == CASE_INJURY_NONE ? CASE_INJURY_UNKNOWN : episode->injury,
    };
    return policy_find(work->set, &query);
}

static void lay_steps(struct work *work, const struct policy *policy)
{
    struct casefile *file = work->file;
    sw_assert(policy->step_count <= POLICY_STEPS_MAX);
    for (size_t i = 0; i < policy->step_count; i++) {
        file->steps[i] = (struct step){
            .index = (uint32_t)i,
            .due_ms = work->now_ms + policy->steps[i].at_ms,
        };
    }
    file->step_count = policy->step_count;
}

static void keep_acks_of(struct work *work)
{
    for (size_t i = 0; i < work->file->ack_count; i++) {
        if (work->file->acks[i].state == ACK_ACTIVE) {
            work->file->acks[i].generation = work->file->generation;
        }
    }
}

void plan_start(struct work *work, bool keep_acks)
{
    struct casefile *file = work->file;
    file->is_queued = false;
    step_cancel_all(work, "replaced");
    file->step_count = 0;
    if (!keep_acks) {
        ack_end_all(work);
    }
    file->quiet_before = keep_acks ? file->generation : 0;
    file->generation++;
    keep_acks_of(work);
    file->plan_ms = work->now_ms;
    const struct policy *policy = find_policy(work);
    file->policy = policy != NULL ? policy->id : STR_LITERAL("");
    struct effect_journal *line = work_journal(work, "plan_started");
    work_fact(work, line, "policy", file->policy);
    work_fact_number(work, line, "generation", file->generation);
    if (policy == NULL || file->silent) {
        return; /* below attention, or history: nobody is told */
    }
    lay_steps(work, policy);
    obligation_open_all(work, policy);
}

void plan_queue(struct work *work)
{
    struct casefile *file = work->file;
    file->is_queued = true;
    file->generation++;
    file->plan_ms = work->now_ms;
    file->policy = STR_LITERAL("");
    (void)work_journal(work, "queued");
}

void plan_stop(struct work *work, const char *reason)
{
    struct casefile *file = work->file;
    step_cancel_all(work, reason);
    for (size_t i = 0; i < file->step_count; i++) {
        struct step *step = &file->steps[i];
        if (step->state == STEP_PENDING) {
            step_transition(step, STEP_UNNEEDED);
        } else if (step->state == STEP_FIRING) {
            step_transition(step, STEP_SENT);
        }
    }
    ack_end_all(work);
}
