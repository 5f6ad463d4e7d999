#include "sim/county.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "core/org/org.h"
#include "io/erasure.h"
#include "io/keyring.h"
#include "io/seal_record.h"
#include "wire/directory.h"
#include "wire/pack.h"

#define COUNTY "c1"

enum { COUNTY_ARENA_BYTES = 64 << 20, OUTPUTS_MAX = 1024 };

const char *const county_schools[COUNTY_SCHOOLS] = {"s1", "s4"};
const char *const county_pupils[COUNTY_PUPILS] = {"lan", "mei", "bo", "tao", "yun", "xin"};

/* Gran has dad's number, the uncle lives with dad; teacher2 is married to mum2. */
static const struct county_person school_people[] = {
    {"duty", "h-duty", "101", ORG_PERSON_STAFF, ORG_ROLE_DUTY_LEADER, "", "deputy"},
    {"duty2", "h-duty2", "102", ORG_PERSON_STAFF, ORG_ROLE_NONE, "", ""},
    {"deputy", "h-deputy", "103", ORG_PERSON_STAFF, ORG_ROLE_DUTY_MANAGER, "", ""},
    {"psych", "h-psych", "104", ORG_PERSON_STAFF, ORG_ROLE_PSYCH_TEACHER, "", ""},
    {"teacher", "h-teacher", "105", ORG_PERSON_STAFF, ORG_ROLE_CLASS_TEACHER, "k1", "aide"},
    {"teacher2", "h-mum2", "106", ORG_PERSON_STAFF, ORG_ROLE_CLASS_TEACHER, "k2", "aide"},
    {"aide", "h-aide", "107", ORG_PERSON_STAFF, ORG_ROLE_NONE, "", ""},
    {"head", "h-head", "108", ORG_PERSON_STAFF, ORG_ROLE_GRADE_HEAD, "g1", ""},
    {"boss", "h-boss", "109", ORG_PERSON_STAFF, ORG_ROLE_PRINCIPAL, "", ""},
    {"mum", "h-lan", "201", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
    {"dad", "h-dad", "202", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
    {"gran", "h-gran", "202", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
    {"uncle", "h-dad", "203", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
    {"mum2", "h-mum2", "204", ORG_PERSON_GUARDIAN, ORG_ROLE_NONE, "", ""},
};
static const struct county_person county_people[] = {
    {"desk", "h-desk", "301", ORG_PERSON_STAFF, ORG_ROLE_BUREAU_DUTY, "", ""},
    {"chief", "h-chief", "302", ORG_PERSON_STAFF, ORG_ROLE_COUNTY_DESIGNEE, "", ""},
    {"centre", "h-centre", "303", ORG_PERSON_STAFF, ORG_ROLE_COUNTY_CENTRE, "", ""},
    {"last", "h-last", "304", ORG_PERSON_STAFF, ORG_ROLE_LAST_RESPONDER, "", ""},
    {"cop", "h-cop", "305", ORG_PERSON_PARTNER, ORG_ROLE_POLICE_LIAISON, "", ""},
    {"doctor", "h-doctor", "306", ORG_PERSON_PARTNER, ORG_ROLE_HOSPITAL, "", ""},
};

struct kept {
    struct kafka_output output;
    bool is_everywhere;
};

struct county {
    struct arena arena;
    struct keyring *keyring;
    struct erasure_keys *erasure;
    struct pack *packs[COUNTY_PACKS];
    struct kept kept[OUTPUTS_MAX];
    size_t count;
};

static const struct county_person *find_in(const struct county_person *people, size_t count,
                                           struct str id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(id, people[i].id)) {
            return &people[i];
        }
    }
    return NULL;
}

const struct county_person *county_find(struct str id)
{
    const struct county_person *found =
        find_in(school_people, sizeof(school_people) / sizeof(school_people[0]), id);
    return found != NULL
               ? found
               : find_in(county_people, sizeof(county_people) / sizeof(county_people[0]), id);
}

/* --- making ------------------------------------------------------------------------------------------------------------ */

static void keep(struct county *county, enum topic topic, struct str key, struct str value)
{
    sw_assert(county->count < OUTPUTS_MAX && key.at != NULL && value.at != NULL);
    county->kept[county->count++] = (struct kept){
        .output = {.topic = topic, .key = arena_copy_str(&county->arena, key), .value = value},
        .is_everywhere = str_equal(topic_unit_of_key(key), STR_LITERAL(COUNTY)),
    };
}

static void keep_record(struct county *county, const struct org_record *record)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str value;
    sw_assert(org_record_fault(record) == NULL);
    sw_assert(directory_encode(record, &county->arena, &value) == 0);
    keep(county, TOPIC_DIRECTORY, org_record_key(record, key), value);
}

static void keep_key(struct county *county, const char *unit, const char *id)
{
    const struct seal_owner owner = {str_of(unit), str_of(id)};
    struct str key;
    struct str value;
    sw_assert(erasure_make_record(&owner, 1, &county->arena, &key, &value) == 0);
    sw_assert(erasure_apply(county->erasure, key, &value) == 0);
    keep(county, TOPIC_KEYS, key, value);
}

static struct str close_text(struct county *county, const char *unit, const char *id,
                             const char *text)
{
    const struct vault vault = {county->keyring, county->erasure};
    const struct vault_target target = {str_of(unit), str_of(id), SEAL_CLASS_CONTACT};
    struct sealed sealed;
    struct str bytes;
    sw_assert(vault_close(&vault, &target, str_of(text), &county->arena, &sealed) == 0);
    sw_assert(sealed_encode(&sealed, &county->arena, &bytes) == 0);
    return bytes;
}

static void put_person(struct county *county, const char *unit, const struct county_person *row)
{
    static const enum case_channel channels[] = {CASE_CHANNEL_VOICE, CASE_CHANNEL_SMS,
                                                 CASE_CHANNEL_WECOM, CASE_CHANNEL_MAIL};
    struct org_address addresses[4];
    char digest[32];
    const struct org_holding holding = {row->role, str_of(row->group), str_of(row->substitute)};
    (void)snprintf(digest, sizeof(digest), "%s%s", row->phone, "00000000000000000000000000a");
    keep_key(county, unit, row->id);
    for (size_t i = 0; i < 4; i++) {
        addresses[i] = (struct org_address){channels[i], str_of(digest),
                                            close_text(county, unit, row->id, row->phone)};
    }
    const struct org_record record = {.kind = ORG_RECORD_PERSON,
                                      .person = {.id = str_of(row->id),
                                                 .unit = str_of(unit),
                                                 .kind = row->kind,
                                                 .household = str_of(row->household),
                                                 .name = close_text(county, unit, row->id, row->id),
                                                 .addresses = addresses,
                                                 .address_count = 4,
                                                 .holdings = &holding,
                                                 .holding_count = row->role != ORG_ROLE_NONE}};
    keep_record(county, &record);
}

/* lan and mei are sisters; so are bo and tao's families one household. */
static void put_pupil(struct county *county, const char *unit, size_t index)
{
    static const struct org_guardian of_lan[] = {
        {.person = {"mum", 3}, .relation = {"mother", 6}},
        {.person = {"dad", 3}, .relation = {"father", 6}, .remote = true},
        {.person = {"gran", 4}, .relation = {"grandparent", 11}},
    };
    static const struct org_guardian of_bo[] = {
        {.person = {"mum2", 4}, .relation = {"mother", 6}},
        {.person = {"uncle", 5}, .relation = {"other", 5}},
    };
    const char *id = county_pupils[index];
    bool is_lan = index < 2;
    keep_key(county, unit, id);
    const struct org_record record = {
        .kind = ORG_RECORD_PERSON,
        .person = {.id = str_of(id),
                   .unit = str_of(unit),
                   .kind = ORG_PERSON_STUDENT,
                   .household = is_lan ? STR_LITERAL("h-lan") : STR_LITERAL("h-mum2"),
                   .group = index % 3 == 2 ? STR_LITERAL("k2") : STR_LITERAL("k1"),
                   .name = close_text(county, unit, id, id),
                   .guardians = is_lan ? of_lan : of_bo,
                   .guardian_count = is_lan ? 3 : 2}};
    keep_record(county, &record);
}

static void put_group(struct county *county, const char *unit, const char *id,
                      enum org_group_kind kind)
{
    const struct org_record record = {
        .kind = ORG_RECORD_GROUP,
        .group = {.id = str_of(id),
                  .unit = str_of(unit),
                  .kind = kind,
                  .parent = kind == ORG_GROUP_CLASS ? STR_LITERAL("g1") : STR_LITERAL("")}};
    keep_record(county, &record);
}

static void put_unit(struct county *county, const char *id, bool is_school)
{
    static const struct str above = {COUNTY, 2};
    const struct org_record record = {
        .kind = ORG_RECORD_UNIT,
        .unit = {.id = str_of(id),
                 .kind = is_school ? ORG_UNIT_SCHOOL : ORG_UNIT_COUNTY,
                 .parent = is_school ? above : STR_LITERAL(""),
                 .jurisdiction = STR_LITERAL("fenyang"),
                 .label = STR_LITERAL("made up"),
                 .switchboard = STR_LITERAL("0358-0000000"),
                 .above = &above,
                 .above_count = is_school}};
    keep_record(county, &record);
    keep_key(county, id, id);
}

static void put_school(struct county *county, const char *unit)
{
    put_unit(county, unit, true);
    put_group(county, unit, "g1", ORG_GROUP_GRADE);
    put_group(county, unit, "k1", ORG_GROUP_CLASS);
    put_group(county, unit, "k2", ORG_GROUP_CLASS);
    for (size_t i = 0; i < sizeof(school_people) / sizeof(school_people[0]); i++) {
        put_person(county, unit, &school_people[i]);
    }
    for (size_t i = 0; i < COUNTY_PUPILS; i++) {
        put_pupil(county, unit, i);
    }
    const struct str units[] = {str_of(unit)};
    const struct org_record source = {
        .kind = ORG_RECORD_SOURCE,
        .source = {
            .name = STR_LITERAL(COUNTY_SOURCE), .unit = units[0], .units = units, .unit_count = 1}};
    keep_record(county, &source);
}

static void build_pack(const struct pack_file *files, size_t count, struct pack **ret_pack)
{
    struct yaml_faults *faults = calloc(1, sizeof(*faults));
    sw_assert(faults != NULL);
    sw_assert(pack_build(files, count, seal_digest, faults, ret_pack) == 0);
    free(faults);
}

/* The reference pack, and one that differs by a word in what people read: another pack all the same, by which new cases are
 * judged while the old ones keep theirs. */
static void build_packs(struct county *county, const char *folder)
{
    struct yaml_faults *faults = calloc(1, sizeof(*faults));
    const struct pack_file *files = NULL;
    size_t count = 0;
    sw_assert(faults != NULL);
    sw_assert(pack_read_folder(folder, &county->arena, faults, &files, &count) == 0);
    free(faults);
    build_pack(files, count, &county->packs[0]);
    struct pack_file *changed = arena_alloc_array(&county->arena, count, sizeof(*changed));
    sw_assert(changed != NULL);
    for (size_t i = 0; i < count; i++) {
        changed[i] = files[i];
        if (strcmp(files[i].path, "README.md") == 0) {
            changed[i].content = STR_LITERAL("Another one.\n");
        }
    }
    build_pack(changed, count, &county->packs[1]);
}

void county_activate(struct county *county, struct broker *broker, size_t pack, int64_t at_ms)
{
    const struct pack_activation activation = {STR_LITERAL("fenyang"), STR_LITERAL("sim"), at_ms};
    struct arena arena;
    struct kafka_output output = {.topic = TOPIC_DIRECTORY};
    arena_init(&arena, 16 << 20);
    for (size_t i = 0; i < county->packs[pack]->file_count; i++) {
        sw_assert(pack_file_record(county->packs[pack], i, &arena, &output.key, &output.value) ==
                  0);
        broker_append_everywhere(broker, &output);
    }
    sw_assert(pack_active_record(county->packs[pack], &activation, &arena, &output.key,
                                 &output.value) == 0);
    broker_append_everywhere(broker, &output);
    arena_fini(&arena);
}

struct county *county_new(const char *keys_dir, const char *pack_folder)
{
    struct county *county = calloc(1, sizeof(*county));
    sw_assert(county != NULL);
    arena_init(&county->arena, COUNTY_ARENA_BYTES);
    sw_assert(seal_init() == 0);
    sw_assert(keyring_generate(keys_dir) == 0);
    sw_assert(keyring_load(keys_dir, KEYRING_CLOSE, NULL, &county->keyring) == 0);
    sw_assert(erasure_new(&county->erasure) == 0);
    put_unit(county, COUNTY, false);
    for (size_t i = 0; i < sizeof(county_people) / sizeof(county_people[0]); i++) {
        put_person(county, COUNTY, &county_people[i]);
    }
    for (size_t i = 0; i < COUNTY_SCHOOLS; i++) {
        put_school(county, county_schools[i]);
    }
    build_packs(county, pack_folder);
    return county;
}

void county_free(struct county *county)
{
    if (county != NULL) {
        pack_free(county->packs[0]);
        pack_free(county->packs[1]);
        keyring_free(county->keyring);
        erasure_free(county->erasure);
        arena_fini(&county->arena);
        free(county);
    }
}

/* --- writing ----------------------------------------------------------------------------------------------------------- */

void county_write(const struct county *county, struct broker *broker)
{
    for (size_t i = 0; i < county->count; i++) {
        if (county->kept[i].is_everywhere) {
            broker_append_everywhere(broker, &county->kept[i].output);
        } else {
            broker_append(broker, &county->kept[i].output);
        }
    }
}

static void write_record(struct broker *broker, const struct org_record *record)
{
    struct arena arena;
    char key[ORG_KEY_MAX_BYTES];
    struct kafka_output output = {.topic = TOPIC_DIRECTORY};
    arena_init(&arena, 1 << 20);
    sw_assert(org_record_fault(record) == NULL);
    output.key = org_record_key(record, key);
    sw_assert(directory_encode(record, &arena, &output.value) == 0);
    broker_append(broker, &output);
    arena_fini(&arena);
}

void county_write_roster(struct broker *broker, size_t school, unsigned version, int64_t at_ms)
{
    enum { DAY_MINUTES = 24 * 60, DAY_MS = 24 * 60 * 60 * 1000 };
    static const char *const people[] = {"duty", "duty2", "deputy", "boss"};
    struct roster_shift shifts[7];
    struct roster_override override = {
        .from_ms = at_ms,
        .to_ms = at_ms + 2 * DAY_MS,
        .person = version % 3 == 0 ? STR_LITERAL("gone") : str_of(people[(version / 3) % 4]),
        .substitute = version % 5 == 0 ? STR_LITERAL("") : STR_LITERAL("deputy")};
    for (uint32_t day = 0; day < 7; day++) {
        shifts[day] = (struct roster_shift){.weekday = day + 1,
                                            .start_minute = 8 * 60,
                                            .length_minutes = DAY_MINUTES,
                                            .person = str_of(people[(day + version) % 2]),
                                            .substitute = STR_LITERAL("deputy")};
    }
    const struct org_record record = {.kind = ORG_RECORD_ROSTER,
                                      .roster = {.unit = str_of(county_schools[school]),
                                                 .role = STR_LITERAL("duty_leader"),
                                                 .shifts = shifts,
                                                 .shift_count = 7,
                                                 .overrides = &override,
                                                 .override_count = version > 0}};
    write_record(broker, &record);
}

void county_write_person(const struct county *county, struct broker *broker, size_t school,
                         const char *id, bool is_there)
{
    char key[ORG_KEY_MAX_BYTES];
    (void)snprintf(key, sizeof(key), "%s/person/%s", county_schools[school], id);
    for (size_t i = 0; i < county->count; i++) {
        if (str_is(county->kept[i].output.key, key)) {
            struct kafka_output output = county->kept[i].output;
            output.value = is_there ? output.value : KAFKA_NONE;
            broker_append(broker, &output);
            return;
        }
    }
}

const struct policy_set *county_policies(const struct county *county)
{
    return &county->packs[0]->policies;
}
