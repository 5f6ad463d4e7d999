/* What a check of the organisation finds. Made-up people. */
#include <stdio.h>
#include <string.h>

#include "core/org/check.h"
#include "support/directory_names.h"
#include "support/runner.h"

#define S(literal) STR_LITERAL(literal)
#define MONDAY_MS INT64_C(1795968000000) /* 2026-11-30 00:00 in China */
#define WEEK_MS INT64_C(604800000)

/* A county and a school in which nothing is missing; a test leaves something out. */
struct parts {
    const char *last;
    const char *psych;
    const char *phone;
    const char *leader;
    const char *sunday;
    const char *guardian;
};

static const struct parts WHOLE = {
    .last = "{role: last_responder}",
    .psych = "{role: psych_teacher, group: west}",
    .phone = "[{phone: \"1\"}]",
    .leader = "{role: duty_leader}",
    .sunday = ", sun",
    .guardian = "guardians: [{person: G1, relation: mother}]",
};

static struct directory_import *import_parts(const struct parts *parts)
{
    static char text[4096];
    static struct yaml_faults faults;
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    int len = snprintf(
        text, sizeof(text),
        "units:\n"
        "  - {id: c1, kind: county, label: C}\n"
        "  - {id: s1, kind: school, parent: c1, label: S}\n"
        "groups:\n"
        "  - {unit: s1, id: east, kind: campus, label: E}\n"
        "  - {unit: s1, id: west, kind: campus, label: W}\n"
        "  - {unit: s1, id: a, kind: class, label: A, parent: east}\n"
        "people:\n"
        "  - {unit: c1, ref: B1, kind: staff, name: B, addresses: [{phone: \"1\"}], roles: "
        "[{role: bureau_duty}, {role: county_designee}, %s]}\n"
        "  - {unit: s1, ref: T1, kind: staff, name: T, addresses: [{phone: \"1\"}], roles: "
        "[{role: psych_teacher, group: east}, %s, {role: class_teacher, group: a}]}\n"
        "  - {unit: s1, ref: T2, kind: staff, name: T, addresses: %s, roles: [%s, "
        "{role: grade_head}]}\n"
        "  - {unit: s1, ref: G1, kind: guardian, name: G, addresses: [{phone: \"1\"}]}\n"
        "  - {unit: s1, ref: S1, kind: student, name: S, group: a, %s}\n"
        "rosters:\n"
        "  - unit: s1\n"
        "    role: duty_leader\n"
        "    shifts:\n"
        "      - {days: [mon, tue, wed, thu, fri, sat%s], from: \"07:00\", to: \"07:00\", "
        "person: T2}\n",
        parts->last, parts->psych, parts->phone, parts->leader, parts->guardian, parts->sunday);
    faults.count = 0;
    assert_true(len > 0 && (size_t)len < sizeof(text));
    if (directory_import_add(import, "test.yaml", str_of(text), &faults) != 0 ||
        directory_import_finish(import, &faults) != 0) {
        fail_msg("%s", faults.texts[0]);
    }
    return import;
}

/* The findings of a school as "id unit group person role", one a line. */
static void assert_finds(const struct parts *parts, const char *expected)
{
    static const enum org_role roles[] = {
        ORG_ROLE_CLASS_TEACHER, ORG_ROLE_PSYCH_TEACHER,   ORG_ROLE_DUTY_LEADER,
        ORG_ROLE_BUREAU_DUTY,   ORG_ROLE_COUNTY_DESIGNEE, ORG_ROLE_GUARDIANS,
    };
    struct directory_import *import = import_parts(parts);
    struct org_finding findings[16];
    char text[1024] = "";
    size_t count = 0;
    struct org_check check = {
        .org = directory_import_org(import),
        .within = {MONDAY_MS, MONDAY_MS + WEEK_MS},
        .roles = roles,
        .role_count = sizeof(roles) / sizeof(roles[0]),
    };
    assert_int_equal(org_check(&check, findings, 16, &count), 0);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s %.*s %.*s %s\n",
                 org_finding_id(findings[i].kind), (int)findings[i].group.len, findings[i].group.at,
                 (int)findings[i].person.len, findings[i].person.at, org_role_id(findings[i].role));
    }
    assert_string_equal(text, expected);
    directory_import_free(import);
}

static void test_org_check_finds_nothing_in_a_whole_county(void **state)
{
    (void)state;
    assert_finds(&WHOLE, "");
}

static void test_org_check_finds_who_is_missing(void **state)
{
    (void)state;
    struct parts parts = WHOLE;
    parts.last = "{role: spokesperson}";
    assert_finds(&parts, "no_last_responder   last_responder\n");
    parts = WHOLE;
    parts.psych = "{role: spokesperson}";
    assert_finds(&parts, "campus_without_psych west  psych_teacher\n");
    parts = WHOLE;
    parts.guardian = "lang: zh";
    assert_finds(&parts, "pupil_without_guardian a p-c1-S1 guardians\n");
}

static void test_org_check_finds_who_cannot_be_called(void **state)
{
    (void)state;
    struct parts parts = WHOLE;
    parts.phone = "[{phone: \"1\"}]";
    parts.leader = "{role: duty_manager, substitute: S1}";
    assert_finds(&parts, "unreachable  p-c1-S1 duty_manager\n");
}

static void test_org_check_finds_gaps_of_rosters(void **state)
{
    (void)state;
    struct parts parts = WHOLE;
    struct org_finding finding;
    parts.sunday = "";
    /* Monday morning until seven, and Sunday from seven: at the start nobody is on duty, the holder takes it. */
    assert_finds(&parts, "roster_gap   duty_leader\nroster_gap   duty_leader\n");
    struct directory_import *import = import_parts(&parts);
    struct org_check check = {.org = directory_import_org(import),
                              .within = {MONDAY_MS, MONDAY_MS + WEEK_MS}};
    size_t count = 0;
    assert_int_equal(org_check(&check, &finding, 1, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(finding.when.from_ms, MONDAY_MS);
    assert_int_equal(finding.when.to_ms, MONDAY_MS + 7 * INT64_C(3600000));
    assert_true(org_finding_is_error(finding.kind));
    assert_string_equal(org_finding_text(finding.kind, S("en")), "the roster has a gap");
    directory_import_free(import);
    parts.leader = "{role: principal}";
    assert_finds(&parts, "roster_gap   duty_leader\nroster_gap   duty_leader\n"
                         "role_falls_up   duty_leader\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_org_check_finds_nothing_in_a_whole_county),
        cmocka_unit_test(test_org_check_finds_who_is_missing),
        cmocka_unit_test(test_org_check_finds_who_cannot_be_called),
        cmocka_unit_test(test_org_check_finds_gaps_of_rosters),
    };
    return RUN_TESTS(argc, argv, tests);
}
