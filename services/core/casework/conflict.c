/* Conflicts and holds: who must not learn of the case, and who not yet. */
#include "core/casework/parts.h"

#include "base/assert.h"
#include "core/casework/machine.h"

static struct conflict *find(const struct casefile *file, struct str person)
{
    for (size_t i = 0; i < file->conflict_count; i++) {
        if (str_equal(file->conflicts[i].person, person)) {
            return &file->conflicts[i];
        }
    }
    return NULL;
}

static struct conflict *add(struct work *work, struct str person)
{
    struct casefile *file = work->file;
    struct str unit = file->unit.len > 0
                          ? file->unit
                          : work->input->signal.unit; /* a case that opens has none yet */
    const struct org_person *record = org_find_person(work->org, unit, person);
    if (file->conflict_count == CASE_CONFLICTS_MAX) {
        return NULL;
    }
    struct conflict *conflict = &file->conflicts[file->conflict_count++];
    *conflict = (struct conflict){.person = work_copy(work, person)};
    if (record != NULL && record->kind != ORG_PERSON_STUDENT) {
        conflict->household = work_copy(work, record->household);
    }
    return conflict;
}

/* Each held person is released, or in conflict, which is more than a hold. */
static void review_holds(struct work *work, struct str by)
{
    for (size_t i = 0; i < work->file->hold_count; i++) {
        const struct hold *hold = &work->file->holds[i];
        if (hold->state == HOLD_HELD && !resolve_is_excluded(work, hold->what)) {
            return;
        }
    }
    obligation_meet_built_in(work, STR_LITERAL("hold"), by);
}

/* Acknowledgements of whoever is excluded by now: the person, and those who live with them. */
static void end_acks(struct work *work)
{
    for (size_t i = 0; i < work->file->ack_count; i++) {
        const struct ack *ack = &work->file->acks[i];
        if (ack->state == ACK_ACTIVE && resolve_is_excluded(work, ack->person)) {
            ack_end_person(work, ack->person);
        }
    }
}

bool conflict_set(struct work *work, struct str person, enum case_conflict_reason reason,
                  struct str by)
{
    struct conflict *conflict = find(work->file, person);
    if (conflict != NULL && conflict->state == CONFLICT_ACTIVE) {
        return true;
    }
    if (conflict == NULL) {
        conflict = add(work, person);
        if (conflict == NULL) {
            return false;
        }
    } else {
        conflict_transition(conflict, CONFLICT_ACTIVE);
    }
    conflict->reason = reason;
    conflict->set_by = by;
    conflict->clear_by = STR_LITERAL("");
    conflict->at_ms = work->now_ms;
    struct effect_journal *line = work_journal(work, "conflict_set");
    work_fact(work, line, "person", person);
    work_fact_number(work, line, "conflict_reason", reason);
    work_control(work, EFFECT_CONFLICT_SET)->person = conflict->person;
    end_acks(work);
    team_review(work);
    review_holds(work, by);
    step_refresh(work);
    step_review(work);
    return true;
}

void conflict_inherit(struct work *work, struct str person, enum case_conflict_reason reason)
{
    struct conflict *conflict = find(work->file, person) == NULL ? add(work, person) : NULL;
    if (conflict != NULL) {
        conflict->reason = reason;
        conflict->at_ms = work->now_ms;
    }
}

/* What was inherited is said once the case is there. */
void conflict_say_inherited(struct work *work)
{
    for (size_t i = 0; i < work->file->conflict_count; i++) {
        const struct conflict *conflict = &work->file->conflicts[i];
        struct effect_journal *line = work_journal(work, "conflict_set");
        work_fact(work, line, "person", conflict->person);
        work_fact_number(work, line, "conflict_reason", conflict->reason);
        work_control(work, EFFECT_CONFLICT_SET)->person = conflict->person;
    }
}

const char *conflict_clear(struct work *work, const struct case_command *command)
{
    struct conflict *conflict = find(work->file, command->person);
    if (conflict == NULL || conflict->state == CONFLICT_CLEARED) {
        return "no_conflict";
    }
    if (conflict->state == CONFLICT_ACTIVE) {
        conflict_transition(conflict, CONFLICT_CLEAR_ASKED);
        conflict->clear_by = command->actor;
        (void)work_journal(work, "conflict_clear_asked");
        return NULL;
    }
    if (str_equal(conflict->clear_by, command->actor)) {
        return "same_person"; /* it takes two */
    }
    conflict_transition(conflict, CONFLICT_CLEARED);
    work_fact(work, work_journal(work, "conflict_cleared"), "person", conflict->person);
    work_control(work, EFFECT_CONFLICT_CLEARED)->person = conflict->person;
    step_refresh(work);
    return NULL;
}

static bool must_hold(const struct work *work)
{
    uint32_t code = work_episode(work)->mandatory_code;
    return work->file->family == CASE_FAMILY_ABUSE || (code >= 1 && code <= 4) || code == 6;
}

static void hold(struct work *work, struct str what, struct str role)
{
    struct casefile *file = work->file;
    for (size_t i = 0; i < file->hold_count; i++) {
        if (str_equal(file->holds[i].what, what)) {
            return; /* held, or released for good by a named person */
        }
    }
    if (file->hold_count == CASE_HOLDS_MAX) {
        return; /* cannot be: a pupil has at most 12 guardians */
    }
    file->holds[file->hold_count++] =
        (struct hold){.what = work_copy(work, what), .since_ms = work->now_ms};
    struct effect_journal *line = work_journal(work, "held");
    work_fact(work, line, "what", what);
    if (!str_is(what, "class")) {
        step_cancel_person(work, what, role, "held");
    }
}

void conflict_hold_all(struct work *work)
{
    struct casefile *file = work->file;
    size_t before = file->hold_count;
    if (!must_hold(work) || file->silent) {
        return;
    }
    const struct org_person *subject = org_find_person(work->org, file->unit, file->subject);
    for (size_t i = 0; subject != NULL && i < subject->guardian_count; i++) {
        hold(work, subject->guardians[i].person, STR_LITERAL("guardians"));
    }
    hold(work, STR_LITERAL("class"), STR_LITERAL("class_teacher"));
    if (file->hold_count > before) {
        (void)obligation_open_built_in(work, STR_LITERAL("hold"), work->set->hold_within_ms);
    }
}

const char *conflict_release(struct work *work, const struct case_command *command)
{
    for (size_t i = 0; i < work->file->hold_count; i++) {
        struct hold *hold = &work->file->holds[i];
        if (!str_equal(hold->what, command->person) || hold->state != HOLD_HELD) {
            continue;
        }
        if (resolve_is_excluded(work, hold->what)) {
            return "in_conflict";
        }
        hold_transition(hold, HOLD_RELEASED);
        hold->released_by = command->actor;
        work_fact(work, work_journal(work, "hold_released"), "what", hold->what);
        review_holds(work, command->actor);
        step_refresh(work);
        return NULL;
    }
    return "not_held";
}
