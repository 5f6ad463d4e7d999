#include "core/org/check.h"

#include "base/assert.h"
#include "base/heap.h"

static const struct {
    bool is_error;
    const char *id;
    const char *zh;
    const char *en;
} kinds[ORG_FINDING_COUNT] = {
#define ORG_FINDING(name, is_error, id, zh, en) [ORG_FINDING_##name] = {is_error, #id, zh, en},
#include "core/org/finding.def"
#undef ORG_FINDING
};

bool org_finding_is_error(enum org_finding_kind kind)
{
    sw_assert((unsigned)kind < ORG_FINDING_COUNT);
    return kinds[kind].is_error;
}

const char *org_finding_id(enum org_finding_kind kind)
{
    sw_assert((unsigned)kind < ORG_FINDING_COUNT);
    return kinds[kind].id;
}

const char *org_finding_text(enum org_finding_kind kind, struct str lang)
{
    sw_assert((unsigned)kind < ORG_FINDING_COUNT);
    return str_is(lang, "en") ? kinds[kind].en : kinds[kind].zh;
}

struct work {
    const struct org_check *check;
    struct org_finding *findings;
    size_t max;
    size_t count;
    struct org_resolution found; /* scratch */
    /* All records of the unit in hand; grown from unit to unit. */
    const struct org_person **persons;
    const struct org_group **groups;
    size_t person_count;
    size_t group_count;
};

static void add(struct work *work, struct org_finding finding)
{
    if (work->count < work->max) {
        work->findings[work->count] = finding;
    }
    work->count++;
}

static void check_role(struct work *work, struct str unit, enum org_role role, struct str group)
{
    struct org_query query = {
        .role = role, .unit = unit, .group = group, .at_ms = work->check->within.from_ms};
    org_resolve(work->check->org, &query, &work->found);
    /* A hole in a roster is a finding of its own. */
    bool is_hole = work->found.gap == ORG_GAP_NOT_ON_DUTY && work->found.count > 0 &&
                   work->found.recipients[0].role == role;
    if (work->found.gap == ORG_GAP_NONE || is_hole) {
        return;
    }
    enum org_finding_kind kind = ORG_FINDING_ROLE_FALLS_UP;
    if (work->found.count == 0) {
        bool is_last = role == ORG_ROLE_LAST_RESPONDER;
        kind = is_last ? ORG_FINDING_NO_LAST_RESPONDER : ORG_FINDING_ROLE_EMPTY;
    }
    add(work,
        (struct org_finding){
            .kind = kind, .unit = unit, .group = group, .role = role, .gap = work->found.gap});
}

/* A role of a class is asked for each class, one of a grade for each grade, any other once. */
static void check_roles(struct work *work, struct str unit)
{
    for (size_t i = 0; i < work->check->role_count; i++) {
        enum org_role role = work->check->roles[i];
        enum org_role_scope scope = org_role_scope(role);
        enum org_group_kind kind = scope == ORG_ROLE_SCOPE_CLASS   ? ORG_GROUP_CLASS
                                   : scope == ORG_ROLE_SCOPE_GRADE ? ORG_GROUP_GRADE
                                                                   : ORG_GROUP_NONE;
        if (scope == ORG_ROLE_SCOPE_FAMILY || scope == ORG_ROLE_SCOPE_NONE) {
            continue; /* guardians are asked for each pupil */
        }
        if (kind == ORG_GROUP_NONE && role != ORG_ROLE_LAST_RESPONDER) {
            check_role(work, unit, role, (struct str){NULL, 0});
        }
        for (size_t j = 0; kind != ORG_GROUP_NONE && j < work->group_count; j++) {
            if (work->groups[j]->kind == kind) {
                check_role(work, unit, role, work->groups[j]->id);
            }
        }
    }
    check_role(work, unit, ORG_ROLE_LAST_RESPONDER, (struct str){NULL, 0});
}

static size_t count_campuses(const struct work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->group_count; i++) {
        count += work->groups[i]->kind == ORG_GROUP_CAMPUS ? 1 : 0;
    }
    return count;
}

/* Somebody of the unit who holds the role for the campus, or for all of it where that is enough. */
static bool has_psych(const struct work *work, struct str campus, bool is_unit_enough)
{
    for (size_t i = 0; i < work->person_count; i++) {
        for (size_t j = 0; j < work->persons[i]->holding_count; j++) {
            const struct org_holding *holding = &work->persons[i]->holdings[j];
            bool is_here =
                str_equal(holding->group, campus) || (is_unit_enough && holding->group.len == 0);
            if (holding->role == ORG_ROLE_PSYCH_TEACHER && is_here) {
                return true;
            }
        }
    }
    return false;
}

/* One for each campus of a school (domain: M29); a school with one campus or none needs one. */
static void check_psych(struct work *work, struct str unit)
{
    size_t campuses = count_campuses(work);
    for (size_t i = 0; i < work->group_count; i++) {
        const struct org_group *group = work->groups[i];
        if (group->kind == ORG_GROUP_CAMPUS && !has_psych(work, group->id, campuses == 1)) {
            add(work, (struct org_finding){.kind = ORG_FINDING_CAMPUS_WITHOUT_PSYCH,
                                           .unit = unit,
                                           .group = group->id,
                                           .role = ORG_ROLE_PSYCH_TEACHER});
        }
    }
    if (campuses == 0 && !has_psych(work, (struct str){NULL, 0}, true)) {
        add(work, (struct org_finding){.kind = ORG_FINDING_CAMPUS_WITHOUT_PSYCH,
                                       .unit = unit,
                                       .role = ORG_ROLE_PSYCH_TEACHER});
    }
}

/* Whether the same was said of the person before: a roster names people week by week. */
static bool is_known(const struct work *work, const struct org_finding *finding)
{
    size_t count = work->count < work->max ? work->count : work->max;
    for (size_t i = 0; i < count; i++) {
        const struct org_finding *known = &work->findings[i];
        if (known->kind == finding->kind && str_equal(known->unit, finding->unit) &&
            str_equal(known->person, finding->person)) {
            return true;
        }
    }
    return false;
}

static void check_named(struct work *work, struct str unit, enum org_role role, struct str person)
{
    const struct org_person *named = org_find_person(work->check->org, unit, person);
    if (person.len == 0 || (named != NULL && named->address_count > 0)) {
        return;
    }
    struct org_finding finding = {
        .kind = named == NULL ? ORG_FINDING_NOT_FILED : ORG_FINDING_UNREACHABLE,
        .unit = unit,
        .role = role,
        .person = person,
    };
    if (!is_known(work, &finding)) {
        add(work, finding);
    }
}

static void check_pupil(struct work *work, const struct org_person *pupil)
{
    struct org_query query = {.role = ORG_ROLE_GUARDIANS,
                              .unit = pupil->unit,
                              .subject = pupil->id,
                              .at_ms = work->check->within.from_ms};
    org_resolve(work->check->org, &query, &work->found);
    if (work->found.count == 0) {
        add(work, (struct org_finding){.kind = ORG_FINDING_PUPIL_WITHOUT_GUARDIAN,
                                       .unit = pupil->unit,
                                       .group = pupil->group,
                                       .person = pupil->id,
                                       .role = ORG_ROLE_GUARDIANS,
                                       .gap = work->found.gap});
    }
}

static void check_persons(struct work *work, struct str unit)
{
    for (size_t i = 0; i < work->person_count; i++) {
        const struct org_person *person = work->persons[i];
        if (person->kind == ORG_PERSON_STUDENT) {
            check_pupil(work, person);
        }
        for (size_t j = 0; j < person->holding_count; j++) {
            enum org_role role = person->holdings[j].role;
            if (j == 0) {
                check_named(work, unit, role, person->id);
            }
            check_named(work, unit, role, person->holdings[j].substitute);
        }
    }
}

static void check_shifts(struct work *work, const struct roster *roster, enum org_role role)
{
    for (size_t i = 0; i < roster->shift_count; i++) {
        check_named(work, roster->unit, role, roster->shifts[i].person);
        check_named(work, roster->unit, role, roster->shifts[i].substitute);
    }
    for (size_t i = 0; i < roster->override_count; i++) {
        check_named(work, roster->unit, role, roster->overrides[i].person);
        check_named(work, roster->unit, role, roster->overrides[i].substitute);
        check_named(work, roster->unit, role, roster->overrides[i].instead_of);
    }
}

static void check_gaps(struct work *work, const struct roster *roster, enum org_role role,
                       struct str campus)
{
    struct zone zone = org_zone(work->check->org, roster->unit);
    struct roster_gap left = work->check->within;
    struct org_finding finding = {
        .kind = ORG_FINDING_ROSTER_GAP, .unit = roster->unit, .group = campus, .role = role};
    for (int i = 0;
         i < ORG_CHECK_GAPS_MAX && roster_find_gap(roster, &zone, campus, left, &finding.when);
         i++) {
        add(work, finding);
        left.from_ms = finding.when.to_ms;
    }
}

static bool names_campus(const struct roster *roster)
{
    for (size_t i = 0; i < roster->shift_count; i++) {
        if (roster->shifts[i].campus.len > 0) {
            return true;
        }
    }
    return false;
}

static void check_rosters(struct work *work, struct str unit)
{
    for (int role = 1; role < ORG_ROLE_COUNT; role++) {
        const struct roster *roster =
            org_find_roster(work->check->org, unit, str_of(org_role_id((enum org_role)role)));
        if (roster == NULL) {
            continue;
        }
        bool is_by_campus = names_campus(roster);
        check_shifts(work, roster, (enum org_role)role);
        for (size_t i = 0; is_by_campus && i < work->group_count; i++) {
            if (work->groups[i]->kind == ORG_GROUP_CAMPUS) {
                check_gaps(work, roster, (enum org_role)role, work->groups[i]->id);
            }
        }
        if (!is_by_campus) {
            check_gaps(work, roster, (enum org_role)role, (struct str){NULL, 0});
        }
    }
}

static int check_unit(struct work *work, const struct org_unit *unit)
{
    const struct org *org = work->check->org;
    work->person_count = org_list_persons(org, unit->id, NULL, 0);
    work->group_count = org_list_groups(org, unit->id, NULL, 0);
    work->persons = heap_alloc_array(work->person_count, sizeof(*work->persons));
    work->groups = heap_alloc_array(work->group_count, sizeof(*work->groups));
    int error = work->persons == NULL || work->groups == NULL ? ERR_MEMORY : 0;
    if (error == 0) {
        (void)org_list_persons(org, unit->id, work->persons, work->person_count);
        (void)org_list_groups(org, unit->id, work->groups, work->group_count);
        check_rosters(work, unit->id);
        check_persons(work, unit->id);
        if (unit->kind == ORG_UNIT_SCHOOL) {
            check_roles(work, unit->id);
            check_psych(work, unit->id);
        }
    }
    heap_free(work->persons);
    heap_free(work->groups);
    return error;
}

int org_check(const struct org_check *check, struct org_finding *ret_findings, size_t max,
              size_t *ret_count)
{
    sw_assert(check->within.from_ms <= check->within.to_ms);
    size_t unit_count = org_list_units(check->org, NULL, 0);
    const struct org_unit **units = heap_alloc_array(unit_count, sizeof(*units));
    struct work *work = heap_alloc(sizeof(*work));
    int error = units == NULL || work == NULL ? ERR_MEMORY : 0;
    if (error == 0) {
        (void)org_list_units(check->org, units, unit_count);
        work->check = check;
        work->findings = ret_findings;
        work->max = max;
    }
    for (size_t i = 0; error == 0 && i < unit_count; i++) {
        error = check_unit(work, units[i]);
    }
    if (error == 0) {
        *ret_count = work->count;
    }
    heap_free(work);
    heap_free(units);
    return error;
}
