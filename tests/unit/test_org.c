/* Made-up people of a made-up county. */
#include <stdio.h>
#include <string.h>

#include "core/org/org.h"
#include "core/org/resolve.h"
#include "support/runner.h"

#define S(literal) STR_LITERAL(literal)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void put(struct org *org, const struct org_record *record)
{
    assert_null(org_record_fault(record));
    assert_int_equal(org_put(org, record), 0);
}

static void put_unit(struct org *org, const char *id, enum org_unit_kind kind,
                     const struct str *above, size_t above_count)
{
    struct org_record record = {.kind = ORG_RECORD_UNIT,
                                .unit = {.id = str_of(id),
                                         .kind = kind,
                                         .parent = above_count > 0 ? above[0] : S(""),
                                         .above = above,
                                         .above_count = above_count}};
    put(org, &record);
}

static void put_group(struct org *org, const char *unit, const char *id, enum org_group_kind kind,
                      const char *parent)
{
    struct org_record record = {
        .kind = ORG_RECORD_GROUP,
        .group = {.id = str_of(id), .unit = str_of(unit), .kind = kind, .parent = str_of(parent)}};
    put(org, &record);
}

/* A person of staff, with one phone whose digest is given ("": none), and at most one role. */
struct staff {
    const char *unit;
    const char *id;
    const char *household;
    const char *digest;
    enum org_role role;
    const char *group;
    const char *substitute;
};

static void put_staff(struct org *org, const struct staff *staff)
{
    struct org_address address = {
        .channel = CASE_CHANNEL_VOICE, .digest = str_of(staff->digest), .sealed = S("sealed")};
    struct org_holding holding = {staff->role, str_of(staff->group), str_of(staff->substitute)};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = str_of(staff->id),
                                           .unit = str_of(staff->unit),
                                           .kind = ORG_PERSON_STAFF,
                                           .household = str_of(staff->household),
                                           .name = S("sealed name"),
                                           .addresses = &address,
                                           .address_count = strlen(staff->digest) > 0 ? 1 : 0,
                                           .holdings = &holding,
                                           .holding_count = staff->role != ORG_ROLE_NONE ? 1 : 0}};
    put(org, &record);
}

static void put_guardian(struct org *org, const char *unit, const char *id, const char *household,
                         const char *digest)
{
    struct org_address address = {.channel = CASE_CHANNEL_SMS, .digest = str_of(digest)};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = str_of(id),
                                           .unit = str_of(unit),
                                           .kind = ORG_PERSON_GUARDIAN,
                                           .household = str_of(household),
                                           .addresses = &address,
                                           .address_count = 1}};
    put(org, &record);
}

static void put_student(struct org *org, const char *unit, const char *id, const char *household,
                        const char *const guardians[2])
{
    struct org_guardian list[2];
    struct str identifier = S("0a1b");
    for (size_t i = 0; i < 2; i++) {
        list[i] = (struct org_guardian){str_of(guardians[i]), S("mother"), i == 1, i == 0};
    }
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = str_of(id),
                                           .unit = str_of(unit),
                                           .kind = ORG_PERSON_STUDENT,
                                           .household = str_of(household),
                                           .group = S("g7c2"),
                                           .guardians = list,
                                           .guardian_count = guardians[1] == NULL ? 1 : 2,
                                           .identifiers = &identifier,
                                           .identifier_count = 1}};
    put(org, &record);
}

/* School s1 of county c1: classes g7c1 and g7c2 of grade g7 on campus east; a pupil with separated parents, one of them a
 * teacher of the school; a second child at school s2. */
static struct org *make_county(void)
{
    static const struct str above_school[] = {STR_LITERAL("c1")};
    static const struct staff people[] = {
        {"s1", "t-wang", "h-wang", "d1", ORG_ROLE_CLASS_TEACHER, "g7c2", "t-sub"},
        {"s1", "t-other", "h-other", "d2", ORG_ROLE_CLASS_TEACHER, "g7c1", ""},
        {"s1", "t-sub", "h-sub", "d3", ORG_ROLE_NONE, "", ""},
        {"s1", "t-grade", "h-grade", "d4", ORG_ROLE_GRADE_HEAD, "g7", ""},
        {"s1", "t-psych", "h-psych", "d5", ORG_ROLE_PSYCH_TEACHER, "", ""},
        {"s1", "t-lead", "h-lead", "d6", ORG_ROLE_DUTY_LEADER, "", ""},
        {"s1", "t-head", "h-head", "d7", ORG_ROLE_PRINCIPAL, "", "t-vice"},
        {"s1", "t-vice", "h-head", "d8", ORG_ROLE_NONE, "", ""}, /* married to t-head */
        {"s1", "t-father", "h-pupil", "d9", ORG_ROLE_NONE, "", ""},
        {"c1", "b-duty", "h-b1", "d10", ORG_ROLE_BUREAU_DUTY, "", ""},
        {"c1", "b-named", "h-b2", "d11", ORG_ROLE_COUNTY_DESIGNEE, "", ""},
        {"c1", "b-centre", "h-b3", "d12", ORG_ROLE_COUNTY_CENTRE, "", ""},
        {"c1", "b-last", "h-b4", "d13", ORG_ROLE_LAST_RESPONDER, "", ""},
    };
    struct org_setup setup = {.seed = 1, .keep_sealed = true};
    struct org *org = org_new(&setup);
    assert_non_null(org);
    put_unit(org, "c1", ORG_UNIT_COUNTY, NULL, 0);
    put_unit(org, "s1", ORG_UNIT_SCHOOL, above_school, 1);
    put_unit(org, "s2", ORG_UNIT_SCHOOL, above_school, 1);
    put_group(org, "s1", "east", ORG_GROUP_CAMPUS, "");
    put_group(org, "s1", "g7", ORG_GROUP_GRADE, "east");
    put_group(org, "s1", "g7c1", ORG_GROUP_CLASS, "g7");
    put_group(org, "s1", "g7c2", ORG_GROUP_CLASS, "g7");
    for (size_t i = 0; i < COUNT(people); i++) {
        put_staff(org, &people[i]);
    }
    put_guardian(org, "s1", "g-mother", "h-mother", "e1");
    put_guardian(org, "s2", "g-mother", "h-mother", "e1");
    put_student(org, "s1", "p-1", "h-pupil", (const char *const[2]){"t-father", "g-mother"});
    put_student(org, "s2", "p-2", "h-mother", (const char *const[2]){"g-mother", NULL});
    return org;
}

static struct org_query ask(enum org_role role)
{
    return (struct org_query){.role = role, .unit = S("s1"), .subject = S("p-1"), .at_ms = 1};
}

/* The answer as "person(instead of) … gap", for one comparison. */
static void assert_resolves(const struct org *org, const struct org_query *query,
                            const char *expected)
{
    static struct org_resolution found;
    char text[512] = "";
    org_resolve(org, query, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct org_recipient *one = &found.recipients[i];
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%.*s%s%.*s%s ", (int)one->person->id.len,
                 one->person->id.at, one->instead_of.len > 0 ? "(" : "", (int)one->instead_of.len,
                 one->instead_of.at, one->instead_of.len > 0 ? ")" : "");
        assert_true(one->reach_count > 0);
    }
    size_t len = strlen(text);
    snprintf(text + len, sizeof(text) - len, "%s", org_gap_name(found.gap));
    assert_string_equal(text, expected);
}

static void assert_passed(const struct org *org, const struct org_query *query, const char *person,
                          enum org_gap reason)
{
    static struct org_resolution found;
    enum org_gap told = ORG_GAP_NONE;
    org_resolve(org, query, &found);
    for (size_t i = 0; i < found.passed_count; i++) {
        if (str_is(found.passed[i].person, person)) {
            told = found.passed[i].reason;
        }
    }
    assert_int_equal(told, reason);
}

static void assert_role_resolves(const struct org *org, enum org_role role, const char *expected)
{
    struct org_query query = ask(role);
    assert_resolves(org, &query, expected);
}

static void test_org_resolves_each_role_at_its_scope(void **state)
{
    (void)state;
    struct org *org = make_county();
    assert_role_resolves(org, ORG_ROLE_CLASS_TEACHER, "t-wang ");
    assert_role_resolves(org, ORG_ROLE_GRADE_HEAD, "t-grade ");
    assert_role_resolves(org, ORG_ROLE_PSYCH_TEACHER, "t-psych ");
    assert_role_resolves(org, ORG_ROLE_GUARDIANS, "t-father g-mother ");
    assert_role_resolves(org, ORG_ROLE_BUREAU_DUTY, "b-duty ");
    assert_role_resolves(org, ORG_ROLE_LAST_RESPONDER, "b-last ");
    assert_role_resolves(org, ORG_ROLE_POLICE_LIAISON, "no_holder");
    assert_role_resolves(org, ORG_ROLE_DUTY_MANAGER, "no_holder");
    assert_role_resolves(org, ORG_ROLE_NONE, "no_holder");
    /* A class as the subject, a group that is not known, and a unit that is not known. */
    struct org_query query = ask(ORG_ROLE_CLASS_TEACHER);
    query.subject = S("");
    query.group = S("g7c1");
    assert_resolves(org, &query, "t-other ");
    query.group = S("g9c9");
    assert_resolves(org, &query, "no_holder");
    query.unit = S("nowhere");
    assert_resolves(org, &query, "no_holder");
    org_free(org);
}

static void test_org_goes_up_where_a_school_has_nobody(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct org_query query = ask(ORG_ROLE_PSYCH_TEACHER);
    query.unit = S("s2");
    query.subject = S("p-2");
    assert_resolves(org, &query, "b-centre no_holder");
    query.role = ORG_ROLE_DUTY_LEADER;
    assert_resolves(org, &query, "b-named no_holder");
    query.role = ORG_ROLE_DUTY_MANAGER;
    assert_resolves(org, &query, "no_holder");
    org_free(org);
}

static void exclude(struct org_query *query, const struct org_excluded *excluded)
{
    query->excluded = excluded;
    query->excluded_count = 1;
}

static void test_org_conflict_lets_the_substitute_take_the_role(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct org_excluded wang = {S("t-wang"), S("")};
    struct org_query query = ask(ORG_ROLE_CLASS_TEACHER);
    exclude(&query, &wang);
    assert_resolves(org, &query, "t-sub(t-wang) ");
    struct org_excluded leader = {S("t-lead"), S("")};
    query = ask(ORG_ROLE_DUTY_LEADER);
    exclude(&query, &leader);
    assert_resolves(org, &query, "b-named excluded");
    /* The substitute lives with the one who is kept out. */
    struct org_excluded head = {S("t-head"), S("")};
    query = ask(ORG_ROLE_PRINCIPAL);
    exclude(&query, &head);
    assert_resolves(org, &query, "b-named excluded");
    org_free(org);
}

static void test_org_conflict_of_one_parent_spares_the_other_household(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct org_excluded father = {S("t-father"), S("")};
    struct org_query query = ask(ORG_ROLE_GUARDIANS);
    exclude(&query, &father);
    assert_resolves(org, &query, "g-mother ");
    /* The number is shared with the one who is kept out: there is no way to reach her. */
    put_guardian(org, "s1", "g-mother", "h-mother", "d9");
    assert_resolves(org, &query, "excluded");
    assert_passed(org, &query, "g-mother", ORG_GAP_NO_CHANNEL);
    /* She moved in with him. */
    put_guardian(org, "s1", "g-mother", "h-pupil", "e1");
    assert_resolves(org, &query, "excluded");
    assert_passed(org, &query, "g-mother", ORG_GAP_EXCLUDED);
    /* His record is gone, the case remembers the household. */
    assert_true(org_remove(org, S("s1/person/t-father")));
    assert_resolves(org, &query, "g-mother ");
    father.household = S("h-pupil");
    assert_resolves(org, &query, "excluded");
    org_free(org);
}

static void test_org_conflict_of_a_pupil_spares_the_household(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct org_excluded sibling = {S("p-2"), S("h-mother")};
    struct org_query query = ask(ORG_ROLE_GUARDIANS);
    exclude(&query, &sibling);
    assert_resolves(org, &query, "t-father g-mother ");
    org_free(org);
}

static void test_org_person_without_a_channel_is_a_gap(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct staff wang = {"s1", "t-wang", "h-wang", "", ORG_ROLE_CLASS_TEACHER, "g7c2", "t-sub"};
    put_staff(org, &wang);
    assert_role_resolves(org, ORG_ROLE_CLASS_TEACHER, "t-sub(t-wang) ");
    wang.substitute = "";
    put_staff(org, &wang);
    assert_role_resolves(org, ORG_ROLE_CLASS_TEACHER, "no_channel");
    struct org_query query = ask(ORG_ROLE_CLASS_TEACHER);
    assert_passed(org, &query, "t-wang", ORG_GAP_NO_CHANNEL);
    org_free(org);
}

/* Monday 00:00-12:00 local: the psychology teacher leads, with the grade head as substitute. */
static void put_roster(struct org *org, const char *unit, const char *role)
{
    struct roster_shift shift = {
        .weekday = 1, .length_minutes = 720, .person = S("t-psych"), .substitute = S("t-grade")};
    struct org_record record = {
        .kind = ORG_RECORD_ROSTER,
        .roster = {.unit = str_of(unit), .role = str_of(role), .shifts = &shift, .shift_count = 1}};
    put(org, &record);
}

static void test_org_roster_goes_before_holders(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct zone china = {NULL, 0};
    put_roster(org, "s1", "duty_leader");
    struct org_query query = ask(ORG_ROLE_DUTY_LEADER);
    query.at_ms = zone_from_local(&china, zone_day_of(2026, 11, 23), 8 * INT64_C(3600000));
    assert_resolves(org, &query, "t-psych ");
    assert_true(org_has_role(org, &query, S("t-psych")));
    assert_true(org_has_role(org, &query, S("t-grade")));
    assert_true(org_has_role(org, &query, S("t-lead")));
    struct org_excluded psych = {S("t-psych"), S("")};
    exclude(&query, &psych);
    assert_resolves(org, &query, "t-grade(t-psych) ");
    /* Off the roster: those who hold the role, and the hole is told. */
    query.at_ms += 6 * INT64_C(3600000);
    assert_resolves(org, &query, "t-lead not_on_duty");
    assert_false(org_has_role(org, &query, S("t-psych")));
    org_free(org);
}

static void test_org_has_role_minds_class_and_unit(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct org_query query = ask(ORG_ROLE_CLASS_TEACHER);
    assert_true(org_has_role(org, &query, S("t-wang")));
    assert_true(org_has_role(org, &query, S("t-sub")));
    assert_false(org_has_role(org, &query, S("t-other")));
    query = ask(ORG_ROLE_GUARDIANS);
    assert_true(org_has_role(org, &query, S("t-father")));
    assert_false(org_has_role(org, &query, S("t-wang")));
    query = ask(ORG_ROLE_BUREAU_DUTY);
    assert_true(org_has_role(org, &query, S("b-duty")));
    query = ask(ORG_ROLE_DUTY_LEADER);
    assert_false(org_has_role(org, &query, S("b-duty")));
    assert_false(org_has_role(org, &query, S("")));
    org_free(org);
}

static void test_org_finds_siblings_households_and_numbers(void **state)
{
    (void)state;
    struct org *org = make_county();
    const struct org_person *found[8];
    const struct org_person *pupil = org_find_person(org, S("s1"), S("p-1"));
    assert_int_equal(org_list_siblings(org, pupil, found, 8), 1);
    assert_true(str_is(found[0]->id, "p-2"));
    assert_int_equal(org_list_household(org, S("h-head"), found, 8), 2);
    assert_true(str_is(found[0]->id, "t-head"));
    assert_int_equal(org_list_digest(org, S("e1"), found, 8), 2); /* one guardian, two schools */
    assert_true(str_is(found[0]->unit, "s1"));
    assert_int_equal(org_list_students(org, S("s1"), S("g7c2"), found, 8), 1);
    assert_int_equal(org_list_holders(org, S("s1"), ORG_ROLE_CLASS_TEACHER, found, 1), 2);
    assert_true(str_is(found[0]->id, "t-other"));
    assert_ptr_equal(org_find_identifier(org, S("s1"), S("0a1b")), pupil);
    assert_null(org_find_identifier(org, S("c1"), S("0a1b")));
    /* Filed above the school: found from it, and not the other way round. */
    assert_non_null(org_find_person(org, S("s1"), S("b-duty")));
    assert_null(org_find_person(org, S("c1"), S("t-wang")));
    org_free(org);
}

static void test_org_knows_its_tree(void **state)
{
    (void)state;
    struct org *org = make_county();
    const struct org_unit *units[4];
    const struct org_group *chain[ORG_CHAIN_MAX];
    assert_true(org_is_within(org, S("s1"), S("c1")));
    assert_true(org_is_within(org, S("s1"), S("s1")));
    assert_false(org_is_within(org, S("c1"), S("s1")));
    assert_false(org_is_within(org, S("s3"), S("s3")));
    assert_int_equal(org_list_children(org, S("c1"), units, 4), 2);
    assert_true(str_is(units[1]->id, "s2"));
    assert_int_equal(org_list_units(org, units, 4), 3);
    assert_int_equal(org_group_chain(org, S("s1"), S("g7c2"), chain), 3);
    assert_true(str_is(org_campus(org, S("s1"), S("g7c2")), "east"));
    put_group(org, "s1", "east", ORG_GROUP_CAMPUS, "g7c2"); /* a loop */
    assert_int_equal(org_group_chain(org, S("s1"), S("g7c2"), chain), 3);
    org_free(org);
}

static void test_org_tokens_and_sources_stay_in_their_subtree(void **state)
{
    (void)state;
    struct org *org = make_county();
    struct str kinds[] = {S("incident.*"), S("attendance.roll")};
    struct org_record record = {.kind = ORG_RECORD_TOKEN,
                                .token = {.hash = {7, 255},
                                          .unit = S("s1"),
                                          .kinds = kinds,
                                          .kind_count = 2,
                                          .expires_ms = 1000}};
    put(org, &record);
    const struct org_token *token = org_find_token(org, record.token.hash);
    assert_non_null(token);
    assert_true(org_token_allows(org, token, S("s1"), S("incident.panic"), 999));
    assert_true(org_token_allows(org, token, S("s1"), S("attendance.roll"), 999));
    assert_false(org_token_allows(org, token, S("s1"), S("attendance.late"), 999));
    assert_false(org_token_allows(org, token, S("s2"), S("incident.panic"), 999));
    assert_false(org_token_allows(org, token, S("s1"), S("incident.panic"), 1000));
    record.token.hash[0] = 8;
    assert_null(org_find_token(org, record.token.hash));

    struct str units[] = {S("c1")};
    record = (struct org_record){
        .kind = ORG_RECORD_SOURCE,
        .source = {.name = S("/gates/1"), .unit = S("s2"), .units = units, .unit_count = 1}};
    put(org, &record);
    assert_true(org_source_allows(org, S("/gates/1"), S("s2")));
    assert_false(org_source_allows(org, S("/gates/1"), S("s1"))); /* beyond where it is filed */
    assert_false(org_source_allows(org, S("/gates/2"), S("s2")));
    org_free(org);
}

static void test_org_put_and_remove_leave_nothing_behind(void **state)
{
    (void)state;
    struct org *org = make_county();
    size_t count = org_count(org);
    size_t bytes = org_memory_bytes(org);
    const struct org_person *found[4];
    struct staff one = {"s1", "t-new", "h-new", "ff", ORG_ROLE_SPOKESPERSON, "", ""};
    for (int i = 0; i < 3; i++) {
        put_staff(org, &one);
    }
    assert_int_equal(org_count(org), count + 1);
    one.digest = "fe";
    put_staff(org, &one);
    assert_int_equal(org_list_digest(org, S("ff"), found, 4), 0);
    assert_int_equal(org_list_digest(org, S("fe"), found, 4), 1);
    assert_true(org_remove(org, S("s1/person/t-new")));
    assert_false(org_remove(org, S("s1/person/t-new")));
    assert_int_equal(org_list_holders(org, S("s1"), ORG_ROLE_SPOKESPERSON, found, 4), 0);
    assert_int_equal(org_count(org), count);
    assert_true(org_memory_bytes(org) <= 2 * bytes);
    org_free(org);
}

static void test_org_keeps_sealed_values_only_where_asked(void **state)
{
    (void)state;
    struct staff one = {"s1", "t-a", "", "ff", ORG_ROLE_NONE, "", ""};
    for (int keep = 0; keep <= 1; keep++) {
        struct org_setup setup = {.record_max = 1, .keep_sealed = keep == 1};
        struct org *org = org_new(&setup);
        put_staff(org, &one);
        const struct org_person *person = org_find_person(org, S("s1"), S("t-a"));
        assert_true(str_is(person->name, keep == 1 ? "sealed name" : ""));
        assert_true(str_is(person->addresses[0].sealed, keep == 1 ? "sealed" : ""));
        assert_true(str_is(person->addresses[0].digest, "ff"));
        put_staff(org, &one); /* full, yet its own place is free */
        struct org_record second = {
            .kind = ORG_RECORD_PERSON,
            .person = {.id = S("t-b"), .unit = S("s1"), .kind = ORG_PERSON_STAFF}};
        assert_int_equal(org_put(org, &second), ERR_FULL);
        assert_int_equal(org_count(org), 1);
        org_free(org);
    }
}

static void test_org_names_its_keys(void **state)
{
    (void)state;
    char key[ORG_KEY_MAX_BYTES];
    struct org_record unit = {.kind = ORG_RECORD_UNIT, .unit = {.id = S("s1")}};
    struct org_record token = {.kind = ORG_RECORD_TOKEN, .token = {.unit = S("s1"), .hash = {171}}};
    assert_true(str_is(org_record_key(&unit, key), "s1/unit"));
    assert_true(str_starts(org_record_key(&token, key), S("s1/token/ab0000")));
    assert_true(org_owns_key(S("s1/unit")));
    assert_true(org_owns_key(S("s1/source//gates/1")));
    assert_false(org_owns_key(S("s1/person/")));
    assert_false(org_owns_key(S("s1/persons/x")));
    assert_false(org_owns_key(S("pack/active")));
    assert_false(org_owns_key(S("pack/unit")));
    assert_false(org_owns_key(S("/unit")));
    assert_false(org_owns_key(S("")));
}

static void test_org_refuses_faulty_records(void **state)
{
    (void)state;
    struct str self[] = {S("s1")};
    struct org_holding guardian = {ORG_ROLE_GUARDIANS, S(""), S("")};
    struct org_address no_digest = {.channel = CASE_CHANNEL_SMS};
    struct org_address no_channel = {.channel = CASE_CHANNEL_COUNT, .digest = S("ff")};
    struct org_address large = {
        .channel = CASE_CHANNEL_SMS, .digest = S("ff"), .sealed = {"", ORG_SEALED_MAX_BYTES + 1}};
    struct org_person base = {.id = S("p"), .unit = S("s1"), .kind = ORG_PERSON_STAFF};
    struct org_person persons[8];
    for (size_t i = 0; i < COUNT(persons); i++) {
        persons[i] = base;
    }
    persons[0].id = S("p/1");
    persons[1].unit = S("S1");
    persons[2].kind = 9;
    persons[3].holdings = &guardian;
    persons[3].holding_count = 1;
    persons[4].addresses = &no_digest;
    persons[4].address_count = 1;
    persons[5].addresses = &no_channel;
    persons[5].address_count = 1;
    persons[6].addresses = &large;
    persons[6].address_count = 1;
    persons[7].guardian_count = 1; /* staff has no guardians; the array is not looked at */
    for (size_t i = 0; i < COUNT(persons); i++) {
        struct org_record record = {.kind = ORG_RECORD_PERSON, .person = persons[i]};
        assert_non_null(org_record_fault(&record));
    }
    struct org_record unit = {.kind = ORG_RECORD_UNIT,
                              .unit = {.id = S("s1"),
                                       .kind = ORG_UNIT_SCHOOL,
                                       .parent = S("s1"),
                                       .above = self,
                                       .above_count = 1}};
    assert_non_null(org_record_fault(&unit));
    struct org_record user = {
        .kind = ORG_RECORD_USER,
        .user = {.login = S("li"), .person = S("p"), .unit = S("s1"), .password = S("plain")}};
    assert_non_null(org_record_fault(&user));
    struct org_record none = {.kind = ORG_RECORD_NONE};
    assert_non_null(org_record_fault(&none));
}

static void test_org_roles_are_a_closed_list(void **state)
{
    (void)state;
    enum org_role role = ORG_ROLE_NONE;
    assert_true(org_role_parse(S("police_liaison"), &role));
    assert_int_equal(role, ORG_ROLE_POLICE_LIAISON);
    assert_string_equal(org_role_id(role), "police_liaison");
    assert_string_equal(org_role_label(role, S("en")), "police liaison");
    assert_string_equal(org_role_label(role, S("zh")), "公安联络员");
    assert_false(org_role_parse(S("first_acknowledger"), &role));
    assert_false(org_role_parse(S(""), &role));
    assert_string_equal(org_role_id((enum org_role)999), "");
    assert_int_equal(ORG_ROLE_COUNT - 1, 14);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_org_resolves_each_role_at_its_scope),
        cmocka_unit_test(test_org_goes_up_where_a_school_has_nobody),
        cmocka_unit_test(test_org_conflict_lets_the_substitute_take_the_role),
        cmocka_unit_test(test_org_conflict_of_one_parent_spares_the_other_household),
        cmocka_unit_test(test_org_conflict_of_a_pupil_spares_the_household),
        cmocka_unit_test(test_org_person_without_a_channel_is_a_gap),
        cmocka_unit_test(test_org_roster_goes_before_holders),
        cmocka_unit_test(test_org_has_role_minds_class_and_unit),
        cmocka_unit_test(test_org_finds_siblings_households_and_numbers),
        cmocka_unit_test(test_org_knows_its_tree),
        cmocka_unit_test(test_org_tokens_and_sources_stay_in_their_subtree),
        cmocka_unit_test(test_org_put_and_remove_leave_nothing_behind),
        cmocka_unit_test(test_org_keeps_sealed_values_only_where_asked),
        cmocka_unit_test(test_org_names_its_keys),
        cmocka_unit_test(test_org_refuses_faulty_records),
        cmocka_unit_test(test_org_roles_are_a_closed_list),
    };
    return RUN_TESTS(argc, argv, tests);
}
