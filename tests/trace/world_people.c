#include "world_people.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"

struct row {
    const char *unit;
    const char *id;
    const char *household;
    enum org_person_kind kind;
    enum org_role role;
    const char *group;
    const char *substitute;
};

static const struct row rows[] = {
    {"s1", "duty", "h-duty", ORG_PERSON_STAFF, ORG_ROLE_DUTY_LEADER, "", "deputy"},
    {"s1", "deputy", "h-deputy", ORG_PERSON_STAFF, ORG_ROLE_NONE, "", ""},
    {"s1", "psych", "h-psych", ORG_PERSON_STAFF, ORG_ROLE_PSYCH_TEACHER, "", ""},
    {"s1", "teacher", "h-teacher", ORG_PERSON_STAFF, ORG_ROLE_CLASS_TEACHER, "k1", "aide"},
    {"s1", "aide", "h-aide", ORG_PERSON_STAFF, ORG_ROLE_NONE, "", ""},
    {"s1", "head", "h-head", ORG_PERSON_STAFF, ORG_ROLE_GRADE_HEAD, "g1", ""},
    {"s1", "boss", "h-boss", ORG_PERSON_STAFF, ORG_ROLE_PRINCIPAL, "", ""},
    {"s1", "mum", "h-lan", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
    {"s1", "dad", "h-dad", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
    {"c1", "desk", "h-desk", ORG_PERSON_STAFF, ORG_ROLE_BUREAU_DUTY, "", ""},
    {"c1", "chief", "h-chief", ORG_PERSON_STAFF, ORG_ROLE_COUNTY_DESIGNEE, "", ""},
    {"c1", "last", "h-last", ORG_PERSON_STAFF, ORG_ROLE_LAST_RESPONDER, "", ""},
    {"c1", "centre", "h-centre", ORG_PERSON_STAFF, ORG_ROLE_COUNTY_CENTRE, "", ""},
    {"c1", "cop", "h-cop", ORG_PERSON_PARTNER, ORG_ROLE_POLICE_LIAISON, "", ""},
    {"c1", "doctor", "h-doctor", ORG_PERSON_PARTNER, ORG_ROLE_HOSPITAL, "", ""},
};

static void put(struct org *org, const struct org_record *record)
{
    assert_null(org_record_fault(record));
    assert_int_equal(org_put(org, record), 0);
}

static void put_units(struct org *org)
{
    static const struct str above = {"c1", 2};
    struct org_record county = {.kind = ORG_RECORD_UNIT,
                                .unit = {.id = STR_LITERAL("c1"), .kind = ORG_UNIT_COUNTY}};
    struct org_record school = {.kind = ORG_RECORD_UNIT,
                                .unit = {.id = STR_LITERAL("s1"),
                                         .kind = ORG_UNIT_SCHOOL,
                                         .parent = above,
                                         .above = &above,
                                         .above_count = 1}};
    struct org_record grade = {
        .kind = ORG_RECORD_GROUP,
        .group = {.id = STR_LITERAL("g1"), .unit = STR_LITERAL("s1"), .kind = ORG_GROUP_GRADE}};
    struct org_record class_record = {.kind = ORG_RECORD_GROUP,
                                      .group = {.id = STR_LITERAL("k1"),
                                                .unit = STR_LITERAL("s1"),
                                                .kind = ORG_GROUP_CLASS,
                                                .parent = STR_LITERAL("g1")}};
    put(org, &county);
    put(org, &school);
    put(org, &grade);
    put(org, &class_record);
}

/* Everybody has a telephone for voice and messages of its own number, and WeCom. */
static void put_person(struct org *org, const struct row *row)
{
    static const char digits[] = "0123456789abcdef";
    char phone[17] = "00000000000000aa";
    char wecom[17] = "00000000000000bb";
    for (size_t i = 0; i < strlen(row->id) && i < 6; i++) {
        phone[2 * i] = wecom[2 * i] = digits[((unsigned char)row->id[i] >> 4) & 15];
        phone[2 * i + 1] = wecom[2 * i + 1] = digits[(unsigned char)row->id[i] & 15];
    }
    struct org_address addresses[] = {
        {.channel = CASE_CHANNEL_VOICE, .digest = str_of(phone)},
        {.channel = CASE_CHANNEL_SMS, .digest = str_of(phone)},
        {.channel = CASE_CHANNEL_WECOM, .digest = str_of(wecom)},
    };
    struct org_holding holding = {row->role, str_of(row->group), str_of(row->substitute)};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = str_of(row->id),
                                           .unit = str_of(row->unit),
                                           .kind = row->kind,
                                           .household = str_of(row->household),
                                           .addresses = addresses,
                                           .address_count = 3,
                                           .holdings = &holding,
                                           .holding_count = row->role != ORG_ROLE_NONE ? 1 : 0}};
    put(org, &record);
}

static void put_student(struct org *org, const char *id)
{
    struct org_guardian guardians[] = {
        {.person = STR_LITERAL("mum"), .relation = STR_LITERAL("mother")},
        {.person = STR_LITERAL("dad"), .relation = STR_LITERAL("father"), .remote = true},
    };
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = str_of(id),
                                           .unit = STR_LITERAL("s1"),
                                           .kind = ORG_PERSON_STUDENT,
                                           .household = STR_LITERAL("h-lan"),
                                           .group = STR_LITERAL("k1"),
                                           .guardians = guardians,
                                           .guardian_count = 2}};
    put(org, &record);
}

void world_people_put(struct org *org)
{
    put_units(org);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_person(org, &rows[i]);
    }
    put_student(org, "lan");
    put_student(org, "mei"); /* her sister */
}

void world_people_remove(struct org *org, const char *unit, const char *person)
{
    char key[128];
    snprintf(key, sizeof(key), "%s/person/%s", unit, person);
    assert_true(org_remove(org, str_of(key)));
}
