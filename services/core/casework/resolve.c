/* Who has a role for this case now: the directory's answer, less those in conflict (which the directory replaces by
 * their substitutes) and those held. */
#include "core/casework/parts.h"

#include "base/assert.h"
#include "core/casework/told.h"
#include "core/org/resolve.h"

_Static_assert((int)CASE_CONFLICTS_MAX <= (int)ORG_EXCLUDED_MAX,
               "the directory takes all conflicts of a case");

size_t resolve_list_excluded(const struct work *work,
                             struct org_excluded ret_excluded[CASE_CONFLICTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < work->file->conflict_count; i++) {
        const struct conflict *conflict = &work->file->conflicts[i];
        if (conflict->state != CONFLICT_CLEARED) {
            ret_excluded[count++] = (struct org_excluded){conflict->person, conflict->household};
        }
    }
    return count;
}

bool resolve_is_excluded(const struct work *work, struct str person)
{
    struct org_excluded excluded[CASE_CONFLICTS_MAX];
    size_t count = resolve_list_excluded(work, excluded);
    const struct org_person *record = org_find_person(work->org, work->file->unit, person);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(excluded[i].person, person)) {
            return true;
        }
    }
    return record != NULL && org_is_excluded(work->org, record, excluded, count);
}

bool resolve_is_held(const struct work *work, struct str person, struct str role)
{
    for (size_t i = 0; i < work->file->hold_count; i++) {
        const struct hold *hold = &work->file->holds[i];
        if (hold->state != HOLD_HELD) {
            continue;
        }
        if (str_is(hold->what, "class") ? str_is(role, "class_teacher")
                                        : str_equal(hold->what, person)) {
            return true;
        }
    }
    return false;
}

static void add_person(struct work_people *people, struct str role, const struct org_person *record)
{
    for (size_t i = 0; i < people->count; i++) {
        if (str_equal(people->items[i].person, record->id)) {
            return;
        }
    }
    if (people->count < WORK_PEOPLE_MAX) {
        people->items[people->count++] = (struct work_person){record->id, role, record};
    }
}

static void query_role(const struct work *work, enum org_role role,
                       struct org_resolution *ret_resolution)
{
    struct org_excluded excluded[CASE_CONFLICTS_MAX];
    struct org_query query = {
        .role = role,
        .unit = work->file->unit,
        .subject = work->file->subject,
        .group = work->file->group,
        .at_ms = work->wall_ms,
        .excluded = excluded,
        .excluded_count = resolve_list_excluded(work, excluded),
    };
    org_resolve(work->org, &query, ret_resolution);
}

static void add_known(struct work *work, struct work_people *people, struct str person,
                      struct str role)
{
    const struct org_person *record = org_find_person(work->org, work->file->unit, person);
    if (record != NULL && !resolve_is_excluded(work, person) &&
        !resolve_is_held(work, person, role)) {
        add_person(people, role, record);
    }
}

/* The first acknowledger of the episode and, until there is one, everyone the first step told. */
static void resolve_first_acknowledger(struct work *work, struct work_people *people)
{
    const struct episode *episode = work_episode(work);
    const struct casefile *file = work->file;
    for (size_t i = 0; i < file->ack_count && episode->first_acknowledger.len > 0; i++) {
        const struct ack *ack = &file->acks[i];
        if (ack->episode == episode->number &&
            str_equal(ack->person, episode->first_acknowledger)) {
            add_known(work, people, ack->person, ack->role);
        }
    }
    for (size_t i = 0; i < file->told_count && episode->first_acknowledger.len == 0; i++) {
        const struct told *told = &file->told[i];
        if (str_is(told->cause, "0") && told->generation == file->generation &&
            told->not_told.len == 0) {
            add_known(work, people, told->person, told->role);
        }
    }
}

void resolve_role(struct work *work, struct str role, struct str cause, struct work_people *people)
{
    struct org_resolution resolution;
    enum org_role parsed = ORG_ROLE_NONE;
    if (str_is(role, "first_acknowledger")) {
        resolve_first_acknowledger(work, people);
        return;
    }
    (void)org_role_parse(role, &parsed); /* an unknown role has no holder */
    query_role(work, parsed, &resolution);
    for (size_t i = 0; i < resolution.count; i++) {
        struct str acted = str_of(org_role_id(resolution.recipients[i].role));
        const struct org_person *record = resolution.recipients[i].person;
        if (resolve_is_held(work, record->id, acted)) {
            people->held = true;
            told_mark_not(work, record->id, acted, cause, "held");
        } else {
            add_person(people, acted, record);
        }
    }
    for (size_t i = 0; i < resolution.passed_count; i++) {
        const struct org_passed *passed = &resolution.passed[i];
        told_mark_not(work, passed->person, role, cause,
                      passed->reason == ORG_GAP_EXCLUDED ? "conflict"
                                                         : org_gap_name(passed->reason));
    }
    if (resolution.gap != ORG_GAP_NONE) {
        people->gap = str_of(org_gap_name(resolution.gap));
    }
}

bool resolve_has_anybody(const struct work *work, struct str role)
{
    struct org_resolution resolution;
    enum org_role parsed = ORG_ROLE_NONE;
    (void)org_role_parse(role, &parsed);
    query_role(work, parsed, &resolution);
    for (size_t i = 0; i < resolution.count; i++) {
        if (!resolve_is_held(work, resolution.recipients[i].person->id,
                             str_of(org_role_id(resolution.recipients[i].role)))) {
            return true;
        }
    }
    return false;
}
