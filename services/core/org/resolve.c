#include "core/org/resolve.h"

#include <string.h>

#include "base/assert.h"

/* Of one role in one unit; further ones are not looked at, and `cut` is set. */
enum { HOLDERS_MAX = 512 };

struct work {
    const struct org *org;
    const struct org_query *query;
    struct org_resolution *ret;
    struct str unit;    /* where persons are looked for now */
    enum org_role role; /* as which */
    enum org_gap fault; /* why those who were named were not taken; NONE: nobody was named */
};

/* One who would be taken, with who stands in. */
struct candidate {
    struct str person;
    struct str substitute;
    const struct org_guardian *guardian;
    bool by_roster;
};

const char *org_gap_name(enum org_gap gap)
{
    switch (gap) {
    case ORG_GAP_NONE:
        break;
    case ORG_GAP_NO_HOLDER:
        return "no_holder";
    case ORG_GAP_NOT_ON_DUTY:
        return "not_on_duty";
    case ORG_GAP_EXCLUDED:
        return "excluded";
    case ORG_GAP_NO_CHANNEL:
        return "no_channel";
    }
    return "";
}

static bool is_taken(const struct org_resolution *resolution, struct str person)
{
    for (size_t i = 0; i < resolution->count; i++) {
        if (str_equal(resolution->recipients[i].person->id, person)) {
            return true;
        }
    }
    return false;
}

/* The addresses that are not also those of somebody who is kept out. */
static size_t list_reaches(const struct work *work, const struct org_person *person,
                           struct org_reach *ret_reaches)
{
    size_t count = 0;
    for (size_t i = 0; i < person->address_count && count < ORG_ADDRESSES_MAX; i++) {
        const struct org_address *address = &person->addresses[i];
        if (!org_is_shared_digest(work->org, address->digest, work->query->excluded,
                                  work->query->excluded_count)) {
            ret_reaches[count++] = (struct org_reach){address->channel, address->digest};
        }
    }
    return count;
}

/* Adds the person as a recipient, or answers why not. One who is there already counts as taken. */
static enum org_gap add_person(struct work *work, struct str id, const struct candidate *candidate)
{
    struct org_resolution *ret = work->ret;
    const struct org_person *person = org_find_person(work->org, work->unit, id);
    if (person == NULL) {
        return ORG_GAP_NO_HOLDER;
    }
    if (org_is_excluded(work->org, person, work->query->excluded, work->query->excluded_count)) {
        return ORG_GAP_EXCLUDED;
    }
    if (is_taken(ret, id)) {
        return ORG_GAP_NONE;
    }
    if (ret->count == ORG_RECIPIENTS_MAX) {
        ret->cut = true;
        return ORG_GAP_NONE;
    }
    struct org_recipient *recipient = &ret->recipients[ret->count];
    recipient->reach_count = list_reaches(work, person, recipient->reaches);
    if (recipient->reach_count == 0) {
        return ORG_GAP_NO_CHANNEL;
    }
    bool is_substitute = !str_equal(id, candidate->person);
    recipient->person = person;
    recipient->role = work->role;
    recipient->instead_of = is_substitute ? candidate->person : (struct str){NULL, 0};
    recipient->by_roster = candidate->by_roster;
    const struct org_guardian *guardian = is_substitute ? NULL : candidate->guardian;
    recipient->relation = guardian == NULL ? (struct str){NULL, 0} : guardian->relation;
    recipient->remote = guardian != NULL && guardian->remote;
    recipient->pick_up = guardian != NULL && guardian->pick_up;
    ret->count++;
    return ORG_GAP_NONE;
}

static void pass_over(struct work *work, struct str person, enum org_gap reason)
{
    struct org_resolution *ret = work->ret;
    work->fault = work->fault == ORG_GAP_EXCLUDED ? work->fault : reason;
    for (size_t i = 0; i < ret->passed_count; i++) {
        if (str_equal(ret->passed[i].person, person)) {
            return;
        }
    }
    if (ret->passed_count < ORG_PASSED_MAX) {
        ret->passed[ret->passed_count++] = (struct org_passed){person, reason};
    }
}

/* Takes the person, else the substitute. */
static void take(struct work *work, const struct candidate *candidate)
{
    enum org_gap reason = add_person(work, candidate->person, candidate);
    if (reason == ORG_GAP_NONE) {
        return;
    }
    pass_over(work, candidate->person, reason);
    if (candidate->substitute.len == 0) {
        return;
    }
    reason = add_person(work, candidate->substitute, candidate);
    if (reason != ORG_GAP_NONE) {
        pass_over(work, candidate->substitute, reason);
    }
}

/* Those on duty. False: the role has a roster and nobody is on duty by it. */
static bool take_on_duty(struct work *work, struct str campus)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    const struct roster *roster =
        org_find_roster(work->org, work->unit, str_of(org_role_id(work->role)));
    if (roster == NULL) {
        return true;
    }
    struct zone zone = org_zone(work->org, work->unit);
    size_t count = roster_on_duty(roster, &zone, campus, work->query->at_ms, duties);
    for (size_t i = 0; i < count; i++) {
        struct candidate candidate = {
            .person = duties[i].person, .substitute = duties[i].substitute, .by_roster = true};
        take(work, &candidate);
    }
    return count > 0;
}

/* Those who hold the role in one scope: a group, the unit (empty), or anywhere in it (NULL). */
static void take_holders(struct work *work, const struct str *group)
{
    const struct org_person *holders[HOLDERS_MAX];
    size_t count = org_list_holders(work->org, work->unit, work->role, holders, HOLDERS_MAX);
    if (count > HOLDERS_MAX) {
        work->ret->cut = true;
        count = HOLDERS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < holders[i]->holding_count; j++) {
            const struct org_holding *holding = &holders[i]->holdings[j];
            bool is_here = group == NULL || str_equal(holding->group, *group);
            if (holding->role == work->role && is_here) {
                struct candidate candidate = {.person = holders[i]->id,
                                              .substitute = holding->substitute};
                take(work, &candidate);
            }
        }
    }
}

/* The subject's groups, innermost first; only in its own unit. */
static size_t list_groups(const struct work *work, const struct org_group **ret_groups)
{
    const struct org_query *query = work->query;
    if (!str_equal(work->unit, query->unit)) {
        return 0;
    }
    struct str group = query->group;
    const struct org_person *subject =
        group.len > 0 ? NULL : org_find_person(work->org, query->unit, query->subject);
    if (subject != NULL) {
        group = subject->group;
    }
    return org_group_chain(work->org, query->unit, group, ret_groups);
}

static struct str campus_of(const struct org_group *const *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (groups[i]->kind == ORG_GROUP_CAMPUS) {
            return groups[i]->id;
        }
    }
    return (struct str){NULL, 0};
}

/* Fills in those of one role in one unit. Answers what fell short: NONE when somebody was found and no roster has a hole. */
static enum org_gap resolve_in_unit(struct work *work, struct str unit, enum org_role role)
{
    const struct org_group *groups[ORG_CHAIN_MAX];
    size_t before = work->ret->count;
    work->unit = unit;
    work->role = role;
    work->fault = ORG_GAP_NONE;
    size_t group_count = list_groups(work, groups);
    bool is_on_duty = take_on_duty(work, campus_of(groups, group_count));
    for (size_t i = 0; work->ret->count == before && i < group_count; i++) {
        take_holders(work, &groups[i]->id);
    }
    if (work->ret->count == before) {
        take_holders(work, &(struct str){NULL, 0});
    }
    /* A psychology teacher of another campus is better than none; another class's teacher is not. */
    enum org_role_scope scope = org_role_scope(role);
    bool is_wide = scope == ORG_ROLE_SCOPE_SCHOOL || scope == ORG_ROLE_SCOPE_COUNTY;
    if (work->ret->count == before && is_wide) {
        take_holders(work, NULL);
    }
    if (!is_on_duty) {
        return ORG_GAP_NOT_ON_DUTY;
    }
    if (work->ret->count > before) {
        return ORG_GAP_NONE;
    }
    return work->fault == ORG_GAP_NONE ? ORG_GAP_NO_HOLDER : work->fault;
}

/* The nearest unit that has the role, from the query's own up. */
static enum org_gap resolve_upwards(struct work *work, enum org_role role)
{
    const struct org_unit *here = org_find_unit(work->org, work->query->unit);
    size_t above_count = here == NULL ? 0 : here->above_count;
    enum org_gap gap = ORG_GAP_NO_HOLDER;
    for (size_t i = 0; work->ret->count == 0 && i <= above_count; i++) {
        struct str unit = i == 0 ? work->query->unit : here->above[i - 1];
        enum org_gap here_gap = resolve_in_unit(work, unit, role);
        /* That a school has no police liaison of its own is no gap; that the one it has is excluded is. */
        if (gap == ORG_GAP_NO_HOLDER) {
            gap = here_gap;
        }
    }
    return gap;
}

/* In the order of the record, those who are near before those who are far away: the pupil has to be fetched. */
static enum org_gap resolve_guardians(struct work *work)
{
    const struct org_query *query = work->query;
    const struct org_person *student = org_find_person(work->org, query->unit, query->subject);
    work->unit = query->unit;
    work->role = ORG_ROLE_GUARDIANS;
    size_t count = student == NULL ? 0 : student->guardian_count;
    for (size_t i = 0; i < 2 * count; i++) {
        const struct org_guardian *guardian = &student->guardians[i % count];
        struct candidate candidate = {.person = guardian->person, .guardian = guardian};
        if (guardian->remote == (i >= count)) {
            take(work, &candidate);
        }
    }
    if (work->ret->count > 0) {
        return ORG_GAP_NONE;
    }
    return work->fault == ORG_GAP_NONE ? ORG_GAP_NO_HOLDER : work->fault;
}

void org_resolve(const struct org *org, const struct org_query *query,
                 struct org_resolution *ret_resolution)
{
    sw_assert(query->excluded_count <= ORG_EXCLUDED_MAX);
    struct org_resolution *ret = ret_resolution;
    ret->count = 0;
    ret->passed_count = 0;
    ret->cut = false;
    struct work work = {.org = org, .query = query, .ret = ret};
    switch (org_role_scope(query->role)) {
    case ORG_ROLE_SCOPE_NONE:
        ret->gap = ORG_GAP_NO_HOLDER;
        break;
    case ORG_ROLE_SCOPE_FAMILY:
        ret->gap = resolve_guardians(&work);
        break;
    case ORG_ROLE_SCOPE_COUNTY:
        ret->gap = resolve_upwards(&work, query->role);
        break;
    case ORG_ROLE_SCOPE_CLASS:
    case ORG_ROLE_SCOPE_GRADE:
    case ORG_ROLE_SCOPE_SCHOOL:
        ret->gap = resolve_in_unit(&work, query->unit, query->role);
        if (ret->count == 0 && org_role_above(query->role) != ORG_ROLE_NONE) {
            (void)resolve_upwards(&work,
                                  org_role_above(query->role)); /* the gap stays the role's */
        }
        break;
    }
    ret->unit = ret->count > 0 ? work.unit : (struct str){NULL, 0};
    sw_assert(ret->count > 0 || ret->gap != ORG_GAP_NONE);
}

static bool is_guardian_of(const struct org *org, const struct org_query *query, struct str person)
{
    const struct org_person *student = org_find_person(org, query->unit, query->subject);
    for (size_t i = 0; student != NULL && i < student->guardian_count; i++) {
        if (str_equal(student->guardians[i].person, person)) {
            return true;
        }
    }
    return false;
}

/* Whether the scope of a holding takes in the subject's groups; it does when those are not known. */
static bool meets_scope(struct str group, enum org_role role, const struct org_group *const *groups,
                        size_t count)
{
    enum org_role_scope scope = org_role_scope(role);
    bool is_narrow = scope == ORG_ROLE_SCOPE_CLASS || scope == ORG_ROLE_SCOPE_GRADE;
    for (size_t i = 0; i < count; i++) {
        if (str_equal(groups[i]->id, group)) {
            return true;
        }
    }
    return !is_narrow || group.len == 0 || count == 0;
}

static bool holds_role(const struct work *work, struct str person)
{
    const struct org_group *groups[ORG_CHAIN_MAX];
    const struct org_person *holders[HOLDERS_MAX];
    size_t group_count = list_groups(work, groups);
    size_t count = org_list_holders(work->org, work->unit, work->role, holders, HOLDERS_MAX);
    for (size_t i = 0; i < count && i < HOLDERS_MAX; i++) {
        for (size_t j = 0; j < holders[i]->holding_count; j++) {
            const struct org_holding *holding = &holders[i]->holdings[j];
            bool is_person = str_equal(holders[i]->id, person) ||
                             (person.len > 0 && str_equal(holding->substitute, person));
            if (is_person && holding->role == work->role &&
                meets_scope(holding->group, work->role, groups, group_count)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_on_duty(const struct work *work, struct str person)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    const struct roster *roster =
        org_find_roster(work->org, work->unit, str_of(org_role_id(work->role)));
    if (roster == NULL) {
        return false;
    }
    struct zone zone = org_zone(work->org, work->unit);
    size_t count = roster_on_duty(roster, &zone, (struct str){NULL, 0}, work->query->at_ms, duties);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(duties[i].person, person) || str_equal(duties[i].substitute, person)) {
            return true;
        }
    }
    return false;
}

bool org_has_role(const struct org *org, const struct org_query *query, struct str person)
{
    if (person.len == 0 || org_role_scope(query->role) == ORG_ROLE_SCOPE_NONE) {
        return false;
    }
    if (query->role == ORG_ROLE_GUARDIANS) {
        return is_guardian_of(org, query, person);
    }
    struct work work = {.org = org, .query = query, .unit = query->unit, .role = query->role};
    const struct org_unit *here = org_find_unit(org, query->unit);
    bool is_county = org_role_scope(query->role) == ORG_ROLE_SCOPE_COUNTY;
    size_t above_count = here == NULL || !is_county ? 0 : here->above_count;
    for (size_t i = 0; i <= above_count; i++) {
        work.unit = i == 0 ? query->unit : here->above[i - 1];
        if (holds_role(&work, person) || is_on_duty(&work, person)) {
            return true;
        }
    }
    return false;
}
