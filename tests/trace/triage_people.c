/* The made-up schools of the triage world, and the people in them. */
#include "triage_people.h"

#include <stdio.h>

#include "support/runner.h"

static void add_person(struct org *org, const char *id, enum org_person_kind kind,
                       const char *group)
{
    const struct org_record record = {
        .kind = ORG_RECORD_PERSON,
        .person = {.id = str_of(id),
                   .unit = STR_LITERAL("s1"),
                   .kind = kind,
                   .group = str_of(group)},
    };
    assert_int_equal(org_put(org, &record), 0);
}

static void add_group(struct org *org, const char *id, enum org_group_kind kind, const char *parent)
{
    const struct org_record record = {
        .kind = ORG_RECORD_GROUP,
        .group = {
            .id = str_of(id), .unit = STR_LITERAL("s1"), .kind = kind, .parent = str_of(parent)}};
    assert_int_equal(org_put(org, &record), 0);
}

struct org *triage_people_make(void)
{
    const struct org_setup setup = {.seed = 1};
    struct org *org = org_new(&setup);
    const struct org_record school = {
        .kind = ORG_RECORD_UNIT,
        .unit = {.id = STR_LITERAL("s1"), .kind = ORG_UNIT_SCHOOL, .label = STR_LITERAL("made up")},
    };
    assert_non_null(org);
    assert_int_equal(org_put(org, &school), 0);
    add_group(org, "g1", ORG_GROUP_GRADE, "");
    add_group(org, "g2", ORG_GROUP_GRADE, "");
    add_group(org, "c1", ORG_GROUP_CLASS, "g1");
    add_group(org, "c2", ORG_GROUP_CLASS, "g1");
    add_group(org, "c3", ORG_GROUP_CLASS, "g2");
    add_person(org, "p-dai", ORG_PERSON_STUDENT, "c3");
    add_person(org, "p-an", ORG_PERSON_STUDENT, "c1");
    add_person(org, "p-bo", ORG_PERSON_STUDENT, "c1");
    add_person(org, "p-chen", ORG_PERSON_STUDENT, "c2");
    add_person(org, "t-wang", ORG_PERSON_STAFF, "");
    return org;
}

void triage_world_add_pupils(struct triage_world *world, const char *group, unsigned count)
{
    add_group(triage_world_org(world), group, ORG_GROUP_CLASS, "");
    for (unsigned i = 1; i <= count; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "%s-%02u", group, i);
        add_person(triage_world_org(world), id, ORG_PERSON_STUDENT, group);
    }
}

void triage_world_flag(struct triage_world *world, const char *pupil, const char *group,
                       const char *code, int64_t until_ms)
{
    const struct org_flag flag = {str_of(code), STR_LITERAL("made-up"), until_ms};
    const struct org_record record = {
        .kind = ORG_RECORD_PERSON,
        .person = {.id = str_of(pupil),
                   .unit = STR_LITERAL("s1"),
                   .kind = ORG_PERSON_STUDENT,
                   .group = str_of(group),
                   .flags = &flag,
                   .flag_count = 1},
    };
    assert_int_equal(org_put(triage_world_org(world), &record), 0);
}

static void add_unit(struct org *org, const char *id, enum org_unit_kind kind)
{
    static const struct str county = STR_LITERAL("county-1");
    const struct org_record record = {
        .kind = ORG_RECORD_UNIT,
        .unit = {.id = str_of(id),
                 .kind = kind,
                 .label = STR_LITERAL("made up"),
                 .parent = kind == ORG_UNIT_SCHOOL ? county : (struct str){NULL, 0},
                 .above = &county,
                 .above_count = kind == ORG_UNIT_SCHOOL ? 1 : 0},
    };
    assert_int_equal(org_put(org, &record), 0);
}

void triage_world_add_county(struct triage_world *world)
{
    add_unit(triage_world_org(world), "county-1", ORG_UNIT_COUNTY);
    add_unit(triage_world_org(world), "s1", ORG_UNIT_SCHOOL);
    add_unit(triage_world_org(world), "s2", ORG_UNIT_SCHOOL);
}
