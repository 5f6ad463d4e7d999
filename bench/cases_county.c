#include "cases_county.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "io/seal.h"

#define COUNTY "zaihe"

struct post {
    enum org_role role;
    const char *group;
};

static const struct post school_posts[] = {
    {ORG_ROLE_DUTY_LEADER, ""},  {ORG_ROLE_PSYCH_TEACHER, ""}, {ORG_ROLE_CLASS_TEACHER, "k1"},
    {ORG_ROLE_GRADE_HEAD, "g1"}, {ORG_ROLE_PRINCIPAL, ""},
};
static const struct post county_posts[] = {
    {ORG_ROLE_BUREAU_DUTY, ""},
    {ORG_ROLE_COUNTY_DESIGNEE, ""},
    {ORG_ROLE_LAST_RESPONDER, ""},
};

/* "p-" and 26 digits of base 32, as the keyed hash of a real identifier gives them. */
static struct str person_id(const char *kind, size_t number, char ret_id[COUNTY_ID_BYTES])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t hash[IDENT_BYTES];
    char name[48];
    int length = snprintf(name, sizeof(name), "%s %zu", kind, number);
    seal_hash128(name, (size_t)length, hash);
    ret_id[0] = 'p';
    ret_id[1] = '-';
    for (size_t i = 0; i < 26; i++) {
        ret_id[2 + i] = digits[(hash[i % IDENT_BYTES] ^ (i / IDENT_BYTES * 11)) % 32];
    }
    return (struct str){ret_id, 28};
}

struct str county_school(size_t school, char ret_id[COUNTY_ID_BYTES])
{
    int length = snprintf(ret_id, COUNTY_ID_BYTES, "%s-school-%04zu", COUNTY, school);
    return (struct str){ret_id, (size_t)length};
}

struct str county_pupil(size_t pupil, char ret_id[COUNTY_ID_BYTES])
{
    return person_id("pupil", pupil, ret_id);
}

static void put(struct county *county, const struct org_record *record)
{
    const char *fault = org_record_fault(record);
    int error = fault == NULL ? org_put(county->org, record) : ERR_INVALID;
    if (error != 0) {
        fprintf(stderr, "bench-cases: %s\n", fault != NULL ? fault : error_name(error));
        abort();
    }
}

static void put_person(struct county *county, struct org_person person, size_t number)
{
    char phone[24];
    char household[24];
    snprintf(phone, sizeof(phone), "%016zx", number * 2654435761u);
    snprintf(household, sizeof(household), "h-%zu", number);
    const struct org_address addresses[] = {
        {.channel = CASE_CHANNEL_VOICE, .digest = str_of(phone)},
        {.channel = CASE_CHANNEL_SMS, .digest = str_of(phone)},
        {.channel = CASE_CHANNEL_WECOM, .digest = str_of(phone)},
    };
    person.household = str_of(household);
    if (person.kind != ORG_PERSON_STUDENT) {
        person.addresses = addresses;
        person.address_count = 3;
    }
    const struct org_record record = {.kind = ORG_RECORD_PERSON, .person = person};
    put(county, &record);
}

static void put_staff(struct county *county, struct str unit, const struct post *post,
                      size_t number)
{
    char id[COUNTY_ID_BYTES];
    const struct org_holding holding = {.role = post->role, .group = str_of(post->group)};
    put_person(county,
               (struct org_person){.id = person_id("staff", number, id),
                                   .unit = unit,
                                   .kind = ORG_PERSON_STAFF,
                                   .holdings = &holding,
                                   .holding_count = 1},
               number);
}

static void put_pupil(struct county *county, struct str unit, size_t pupil)
{
    enum { GUARDIANS_FROM = 100000000 };
    char ids[3][COUNTY_ID_BYTES];
    struct org_guardian guardians[2];
    for (size_t i = 0; i < 2; i++) {
        size_t number = GUARDIANS_FROM + 2 * pupil + i;
        guardians[i] = (struct org_guardian){.person = person_id("guardian", number, ids[i]),
                                             .relation = STR_LITERAL("mother")};
        put_person(county,
                   (struct org_person){
                       .id = guardians[i].person, .unit = unit, .kind = ORG_PERSON_GUARDIAN},
                   number);
    }
    put_person(county,
               (struct org_person){.id = county_pupil(pupil, ids[2]),
                                   .unit = unit,
                                   .kind = ORG_PERSON_STUDENT,
                                   .group = STR_LITERAL("k1"),
                                   .guardians = guardians,
                                   .guardian_count = 2},
               GUARDIANS_FROM + 2 * pupil);
}

static void put_unit(struct county *county, struct str id, enum org_unit_kind kind)
{
    static const struct str above = {COUNTY, sizeof(COUNTY) - 1};
    bool is_school = kind == ORG_UNIT_SCHOOL;
    const struct org_record record = {.kind = ORG_RECORD_UNIT,
                                      .unit = {.id = id,
                                               .kind = kind,
                                               .parent = is_school ? above : STR_LITERAL(""),
                                               .above = &above,
                                               .above_count = is_school ? 1 : 0}};
    put(county, &record);
}

static void put_school(struct county *county, size_t school)
{
    char id[COUNTY_ID_BYTES];
    struct str unit = county_school(school, id);
    put_unit(county, unit, ORG_UNIT_SCHOOL);
    const struct org_record grade = {
        .kind = ORG_RECORD_GROUP,
        .group = {.id = STR_LITERAL("g1"), .unit = unit, .kind = ORG_GROUP_GRADE}};
    const struct org_record class_record = {.kind = ORG_RECORD_GROUP,
                                            .group = {.id = STR_LITERAL("k1"),
                                                      .unit = unit,
                                                      .kind = ORG_GROUP_CLASS,
                                                      .parent = STR_LITERAL("g1")}};
    put(county, &grade);
    put(county, &class_record);
    for (size_t i = 0; i < sizeof(school_posts) / sizeof(school_posts[0]); i++) {
        put_staff(county, unit, &school_posts[i], 100 * (school + 1) + i);
    }
    for (size_t i = 0; i < COUNTY_PUPILS_EACH; i++) {
        put_pupil(county, unit, school * COUNTY_PUPILS_EACH + i);
    }
}

void county_add_schools(struct county *county, size_t from, size_t to)
{
    for (size_t school = from; school < to; school++) {
        put_school(county, school);
    }
}

const char *county_open(const char *folder, struct county *ret_county)
{
    enum { PACK_BYTES = 64 << 20 };
    static struct yaml_faults faults;
    const struct pack_file *files = NULL;
    size_t file_count = 0;
    *ret_county = (struct county){.org = org_new(&(struct org_setup){.seed = 1})};
    sw_assert(ret_county->org != NULL);
    arena_init(&ret_county->arena, PACK_BYTES);
    int error = pack_read_folder(folder, &ret_county->arena, &faults, &files, &file_count);
    if (error == 0) {
        error = pack_build_parts(files, file_count, seal_digest, &faults, &ret_county->pack);
    }
    if (error != 0) {
        county_close(ret_county);
        return "the pack cannot be read";
    }
    put_unit(ret_county, STR_LITERAL(COUNTY), ORG_UNIT_COUNTY);
    for (size_t i = 0; i < sizeof(county_posts) / sizeof(county_posts[0]); i++) {
        put_staff(ret_county, STR_LITERAL(COUNTY), &county_posts[i], i);
    }
    return NULL;
}

void county_close(struct county *county)
{
    if (county->pack != NULL) {
        pack_free(county->pack);
    }
    org_free(county->org);
    arena_fini(&county->arena);
}

const struct policy_set *county_policies_of(void *ctx, struct str unit)
{
    const struct county *county = ctx;
    (void)unit;
    return &county->pack->policies;
}
