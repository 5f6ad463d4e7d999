/* Whether a step is satisfied, or not needed. */
#include "core/casework/step.h"

struct policy_step step_policy(const struct work *work, const struct step *step)
{
    static const struct str last_responder = {"last_responder", 14};
    const struct policy *policy = work_policy(work);
    if (policy != NULL && step->index < policy->step_count) {
        return policy->steps[step->index];
    }
    return (struct policy_step){
        .roles = {&last_responder, 1},
        .via = work->set->last_responder_via,
        .quorum = POLICY_QUORUM_ANY,
        .repeat_until_acked = true,
    };
}

struct str step_cause(struct work *work, const struct step *step)
{
    return work_number(work, step->index);
}

/* Guardians are told, never asked to take over. */
bool step_role_counts(struct str role)
{
    return !str_is(role, "guardians");
}

static bool in_texts(struct policy_texts texts, struct str text)
{
    for (size_t i = 0; i < texts.count; i++) {
        if (str_equal(texts.items[i], text)) {
            return true;
        }
    }
    return false;
}

/* Whether an acknowledgement of that role satisfies the step alone. */
static bool takes_over(const struct work *work, const struct step *step, struct str role)
{
    struct policy_step policy_step = step_policy(work, step);
    if (policy_step.takes_over.count > 0) {
        return in_texts(policy_step.takes_over, role);
    }
    if (!step_role_counts(role) || in_texts(policy_step.roles, role)) {
        return false;
    }
    for (size_t i = 0; i < work->file->step_count; i++) {
        const struct step *later = &work->file->steps[i];
        if (later->index > step->index && in_texts(step_policy(work, later).roles, role)) {
            return true;
        }
    }
    return false;
}

static bool role_is_acked(const struct work *work, struct str role)
{
    for (size_t i = 0; i < work->file->ack_count; i++) {
        const struct ack *ack = &work->file->acks[i];
        if (ack->state == ACK_ACTIVE && str_equal(ack->role, role)) {
            return true;
        }
    }
    return false;
}

bool step_is_cause(struct str cause)
{
    return cause.len > 0 && cause.at[0] >= '0' && cause.at[0] <= '9';
}

bool step_told(const struct work *work, const struct told *told, const struct step *step)
{
    char digits[4] = {0};
    size_t length = 0;
    if (told->generation != work->file->generation || told->not_told.len > 0) {
        return false;
    }
    if (step->index >= 10) {
        digits[length++] = (char)('0' + step->index / 10);
    }
    digits[length++] = (char)('0' + step->index % 10);
    return str_equal(told->cause, (struct str){digits, length});
}

/* Roles told by the step, and how many of them are acknowledged. */
static size_t count_roles(const struct work *work, const struct step *step, size_t *ret_acked)
{
    const struct casefile *file = work->file;
    size_t roles = 0;
    size_t acked = 0;
    for (size_t i = 0; i < file->told_count; i++) {
        bool counts = step_told(work, &file->told[i], step) && step_role_counts(file->told[i].role);
        for (size_t k = 0; k < i && counts; k++) {
            counts = !step_told(work, &file->told[k], step) ||
                     !str_equal(file->told[k].role, file->told[i].role);
        }
        if (counts) {
            roles++;
            acked += role_is_acked(work, file->told[i].role);
        }
    }
    *ret_acked = acked;
    return roles;
}

bool step_is_satisfied(const struct work *work, const struct step *step)
{
    struct policy_step policy_step = step_policy(work, step);
    size_t acked = 0;
    size_t roles = count_roles(work, step, &acked);
    size_t need = 1;
    for (size_t i = 0; i < work->file->ack_count; i++) {
        const struct ack *ack = &work->file->acks[i];
        if (ack->state == ACK_ACTIVE && takes_over(work, step, ack->role)) {
            return true;
        }
    }
    switch (policy_step.quorum) {
    case POLICY_QUORUM_DEFAULT:
        need = work->file->level >= CASE_LEVEL_HIGH ? roles : 1;
        break;
    case POLICY_QUORUM_EACH:
        need = roles;
        break;
    case POLICY_QUORUM_ANY:
        break;
    case POLICY_QUORUM_COUNT:
        need = policy_step.quorum_count < roles ? policy_step.quorum_count : roles;
        break;
    }
    return roles > 0 && acked >= need;
}

bool step_takes_role(const struct work *work, struct str role)
{
    const struct casefile *file = work->file;
    for (size_t i = 0; i < file->step_count; i++) {
        if (in_texts(step_policy(work, &file->steps[i]).roles, role) ||
            takes_over(work, &file->steps[i], role)) {
            return true;
        }
        for (size_t k = 0; k < file->told_count; k++) {
            if (step_told(work, &file->told[k], &file->steps[i]) &&
                str_equal(file->told[k].role, role)) {
                return true; /* one who stands in for a role that nobody holds */
            }
        }
    }
    return false;
}

bool step_any_satisfied(const struct work *work)
{
    for (size_t i = 0; i < work->file->step_count; i++) {
        if (work->file->steps[i].state == STEP_SATISFIED) {
            return true;
        }
    }
    return false;
}

/* All earlier steps that ask for an acknowledgement have it, and there is one. */
static bool acked_before(const struct work *work, const struct step *step)
{
    bool any = false;
    for (size_t i = 0; i < work->file->step_count; i++) {
        const struct step *earlier = &work->file->steps[i];
        if (earlier->index >= step->index) {
            break;
        }
        struct policy_step policy_step = step_policy(work, earlier);
        switch (earlier->state) {
        case STEP_SATISFIED:
            any = true;
            break;
        case STEP_UNNEEDED:
        case STEP_SKIPPED:
            break;
        case STEP_PENDING:
        case STEP_FIRING:
        case STEP_SENT:
            if (policy_step_wants_ack(&policy_step)) {
                return false;
            }
            break;
        }
    }
    return any;
}

bool step_is_unneeded(const struct work *work, const struct step *step)
{
    struct policy_step policy_step = step_policy(work, step);
    switch (policy_step.unless) {
    case POLICY_UNLESS_NEVER:
        return false;
    case POLICY_UNLESS_ACKED:
        return acked_before(work, step);
    case POLICY_UNLESS_MET:
        return obligation_is_met(work, policy_step.unless_obligation);
    }
    return false;
}
