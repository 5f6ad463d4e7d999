#include "core/casework/casefile.h"

#include "base/assert.h"

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

const char *case_state_name(enum case_state state)
{
    static const char *const names[] = {"none",       "open",     "acknowledged",
                                        "responding", "settled",  "monitoring",
                                        "closed",     "reopened", "stood_down"};
    sw_assert((size_t)state < COUNT(names));
    return names[state];
}

const char *step_state_name(enum step_state state)
{
    static const char *const names[] = {"pending",   "firing",   "sent",
                                        "satisfied", "unneeded", "skipped"};
    sw_assert((size_t)state < COUNT(names));
    return names[state];
}

const char *obligation_state_name(enum obligation_state state)
{
    static const char *const names[] = {"pending", "warned",   "breached",
                                        "met",     "met_late", "waived"};
    sw_assert((size_t)state < COUNT(names));
    return names[state];
}

const char *ack_state_name(enum ack_state state)
{
    static const char *const names[] = {"active", "expired", "ended", "seen"};
    sw_assert((size_t)state < COUNT(names));
    return names[state];
}

bool casefile_is_running(const struct casefile *file)
{
    return file->state == CASE_OPEN || file->state == CASE_ACKNOWLEDGED ||
           file->state == CASE_RESPONDING || file->state == CASE_REOPENED;
}

bool casefile_owes_interview(const struct casefile *file)
{
    for (size_t i = 0; i < file->obligation_count; i++) {
        const struct obligation *obligation = &file->obligations[i];
        bool is_interview = obligation->policy.len == 0 && str_is(obligation->id, "interview");
        if (is_interview && obligation->state <= OBLIGATION_BREACHED) {
            return true;
        }
    }
    return false;
}

bool casefile_has_member(const struct casefile *file, struct str person, int64_t at_ms)
{
    for (size_t i = 0; i < file->member_count; i++) {
        if (str_equal(file->members[i].person, person)) {
            return at_ms < file->members[i].until_ms;
        }
    }
    return false;
}

struct episode *casefile_episode(const struct casefile *file, uint32_t number)
{
    for (size_t i = 0; i < file->episode_count; i++) {
        if (file->episodes[i].number == number) {
            return &file->episodes[i];
        }
    }
    return NULL;
}

static void consider(struct case_due *best, int64_t at_ms, enum case_due_kind kind, size_t index)
{
    if (at_ms < best->from_ms) {
        return;
    }
    if (at_ms < best->at_ms || (at_ms == best->at_ms && at_ms != CASE_NEVER && kind < best->kind)) {
        best->at_ms = at_ms;
        best->kind = kind;
        best->index = index;
    }
}

static void consider_obligation(const struct casefile *file, size_t index, struct case_due *best)
{
    const struct obligation *obligation = &file->obligations[index];
    const struct episode *episode = casefile_episode(file, obligation->episode);
    if (file->state == CASE_CLOSED || episode->state == EPISODE_STOOD_DOWN ||
        episode->state == EPISODE_JOINED) {
        return;
    }
    bool waits = obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED;
    if (waits) {
        consider(best, obligation->warn_ms, CASE_DUE_WARNING, index);
    }
    if (waits || (obligation->state == OBLIGATION_BREACHED && obligation->occurrence > 0)) {
        consider(best, obligation->due_ms, CASE_DUE_OBLIGATION, index);
    }
}

struct case_due casefile_next_due(const struct casefile *file, int64_t from_ms)
{
    struct case_due best = {.at_ms = CASE_NEVER, .from_ms = from_ms};
    if (file->state == CASE_STOOD_DOWN) {
        consider(&best, file->stand_down_by_ms, CASE_DUE_STAND_DOWN, 0);
    }
    for (size_t i = 0; i < file->ack_count; i++) {
        if (file->acks[i].state == ACK_ACTIVE) {
            consider(&best, file->acks[i].expires_ms, CASE_DUE_ACK, i);
        }
    }
    for (size_t i = 0; i < file->member_count; i++) {
        consider(&best, file->members[i].until_ms, CASE_DUE_MEMBER, i);
    }
    for (size_t i = 0; i < file->obligation_count; i++) {
        consider_obligation(file, i, &best);
    }
    for (size_t i = 0; i < file->step_count; i++) {
        const struct step *step = &file->steps[i];
        if (step->state == STEP_PENDING) {
            consider(&best, step->due_ms, CASE_DUE_STEP, i);
        } else if (step->state == STEP_FIRING) {
            consider(&best, step->next_ms, CASE_DUE_STEP, i);
        }
    }
    return best;
}

static bool counts_fit(const struct casefile *file)
{
    return file->episode_count >= 1 && file->episode_count <= CASE_EPISODES_MAX &&
           file->step_count <= CASE_STEPS_MAX && file->obligation_count <= CASE_OBLIGATIONS_MAX &&
           file->ack_count <= CASE_ACKS_MAX && file->told_count <= CASE_TOLD_MAX &&
           file->conflict_count <= CASE_CONFLICTS_MAX && file->hold_count <= CASE_HOLDS_MAX &&
           file->party_count <= CASE_PARTIES_MAX && file->why_count <= CASE_WHY_MAX &&
           file->signal_count <= CASE_SIGNALS_MAX && file->member_count <= CASE_MEMBERS_MAX;
}

static const char *episodes_fault(const struct casefile *file)
{
    for (size_t i = 0; i < file->episode_count; i++) {
        const struct episode *episode = &file->episodes[i];
        if ((unsigned)episode->state >= EPISODE_STATE_COUNT) {
            return "an episode has an unknown state";
        }
        if (episode->number != i + 1) {
            return "episodes are not numbered 1, 2, 3";
        }
        if (episode->state == EPISODE_JOINED &&
            (episode->joined_to == 0 || episode->joined_to == episode->number)) {
            return "a joined episode names no other";
        }
        if (episode->state == EPISODE_SETTLED && episode->settled_ms == 0) {
            return "a settled episode has no time";
        }
    }
    return casefile_episode(file, file->episode) == NULL ? "the current episode is missing" : NULL;
}

static const char *steps_fault(const struct casefile *file)
{
    for (size_t i = 0; i < file->step_count; i++) {
        const struct step *step = &file->steps[i];
        if ((unsigned)step->state >= STEP_STATE_COUNT) {
            return "a step has an unknown state";
        }
        if (i > 0 && step->index <= file->steps[i - 1].index) {
            return "steps are out of order";
        }
        bool waits = step->state == STEP_PENDING || step->state == STEP_FIRING;
        if (waits && !casefile_is_running(file)) {
            return "a step waits in a case that does not run";
        }
        if (step->state == STEP_FIRING && (step->fired_ms == 0 || step->next_ms < step->fired_ms)) {
            return "a firing step has no next send";
        }
    }
    return NULL;
}

static const char *obligation_fault(const struct casefile *file,
                                    const struct obligation *obligation)
{
    bool done = obligation->state == OBLIGATION_MET || obligation->state == OBLIGATION_MET_LATE;
    if ((unsigned)obligation->state >= OBLIGATION_STATE_COUNT || obligation->id.len == 0) {
        return "an obligation has an unknown state or no id";
    }
    if (casefile_episode(file, obligation->episode) == NULL) {
        return "an obligation is of no episode";
    }
    if (done && (obligation->performed_ms == 0 || obligation->recorded_ms == 0)) {
        return "a met obligation has no time";
    }
    if (done && obligation->performed_ms > obligation->recorded_ms) {
        return "an obligation was performed after it was recorded";
    }
    if (obligation->state == OBLIGATION_BREACHED && obligation->breached_ms == 0) {
        return "a breached obligation has no deadline";
    }
    if (obligation->state == OBLIGATION_WAIVED &&
        (obligation->by.len == 0 || obligation->reason.len == 0)) {
        return "a waiver has no person or no reason";
    }
    return NULL;
}

static bool in_conflict(const struct casefile *file, struct str person)
{
    for (size_t i = 0; i < file->conflict_count; i++) {
        if (file->conflicts[i].state != CONFLICT_CLEARED &&
            str_equal(file->conflicts[i].person, person)) {
            return true;
        }
    }
    return false;
}

static const char *acks_fault(const struct casefile *file)
{
    for (size_t i = 0; i < file->ack_count; i++) {
        const struct ack *ack = &file->acks[i];
        if ((unsigned)ack->state >= ACK_STATE_COUNT) {
            return "an acknowledgement has an unknown state";
        }
        if (ack->state != ACK_ACTIVE) {
            continue;
        }
        if (ack->generation != file->generation || !casefile_is_running(file)) {
            return "an active acknowledgement is of another generation, or of a case that does not "
                   "run";
        }
        if (in_conflict(file, ack->person)) {
            return "an excluded person holds an acknowledgement";
        }
    }
    return NULL;
}

static const char *states_fault(const struct casefile *file)
{
    for (size_t i = 0; i < file->conflict_count; i++) {
        if ((unsigned)file->conflicts[i].state >= CONFLICT_STATE_COUNT) {
            return "a conflict has an unknown state";
        }
    }
    for (size_t i = 0; i < file->hold_count; i++) {
        if ((unsigned)file->holds[i].state >= HOLD_STATE_COUNT) {
            return "a hold has an unknown state";
        }
    }
    if (file->state == CASE_STOOD_DOWN && file->stand_down_reason == CASE_STAND_DOWN_NONE) {
        return "a stood-down case has no reason";
    }
    if (file->stand_down_by_ms != CASE_NEVER && file->state != CASE_STOOD_DOWN) {
        return "a confirmation is due in a case that is not stood down";
    }
    if (file->member_count > 0 && file->state == CASE_CLOSED) {
        return "a closed case has a team";
    }
    return file->state == CASE_CLOSED && file->outcome.len == 0 ? "a closed case has no outcome"
                                                                : NULL;
}

const char *casefile_fault(const struct casefile *file)
{
    if (ident_is_none(file->id) || file->unit.len == 0) {
        return "a case has no id or no unit";
    }
    if (file->state <= CASE_NONE || file->state > CASE_STOOD_DOWN ||
        file->level <= CASE_LEVEL_NONE || file->level > CASE_LEVEL_CRISIS) {
        return "a case has an unknown state or level";
    }
    if (!counts_fit(file)) {
        return "a list of a case is longer than its bound, or there is no episode";
    }
    const char *fault = episodes_fault(file);
    for (size_t i = 0; i < file->obligation_count && fault == NULL; i++) {
        fault = obligation_fault(file, &file->obligations[i]);
    }
    fault = fault != NULL ? fault : steps_fault(file);
    fault = fault != NULL ? fault : acks_fault(file);
    return fault != NULL ? fault : states_fault(file);
}

void casefile_check(const struct casefile *file)
{
    const char *fault = casefile_fault(file);
    if (fault != NULL) {
        assert_failed(fault, __FILE__, __LINE__);
    }
}
