/* Import of directory files: the made-up county of config/sample, and files with faults. */
#include <stdio.h>
#include <string.h>

#include "core/org/resolve.h"
#include "support/directory_names.h"
#include "support/runner.h"
#include "wire/decode.h"
#include "wire/directory.h"
#include "wire/directory_file.h"
#include "wire/zone_file.h"

#include <shouwang/v1/sealed.pb-c.h>

#define S(literal) STR_LITERAL(literal)

static struct yaml_faults faults;

/* Adds texts as files "1", "2" … and finishes; the first fault as text, or "" when all is well. */
static const char *import_texts(struct directory_import *import, const char *const *texts,
                                size_t count)
{
    static const char *const paths[] = {"1.yaml", "2.yaml"};
    int error = 0;
    faults.count = 0;
    for (size_t i = 0; i < count; i++) {
        int added = directory_import_add(import, paths[i], str_of(texts[i]), &faults);
        error = error != 0 ? error : added;
    }
    if (error == 0) {
        error = directory_import_finish(import, &faults);
    }
    assert_true(error == 0 || error == ERR_INVALID);
    assert_int_equal(error == 0, faults.count == 0);
    return error == 0 ? "" : faults.texts[0];
}

static void assert_import(const char *text, const char *expected)
{
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    assert_string_equal(import_texts(import, &text, 1), expected);
    directory_import_free(import);
}

static void add_sample(struct directory_import *import, const char *path)
{
    static char content[YAML_FILE_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(content, 1, sizeof(content), file);
    fclose(file);
    if (directory_import_add(import, path, (struct str){content, len}, &faults) != 0) {
        fail_msg("%s", faults.texts[0]);
    }
}

static struct directory_import *import_sample(void)
{
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    faults.count = 0;
    /* The county last: the order of files does not matter. */
    add_sample(import, SW_SOURCE_DIR "/config/sample/qh-yizhong.yaml");
    add_sample(import, SW_SOURCE_DIR "/config/sample/qh-erxiao.yaml");
    add_sample(import, SW_SOURCE_DIR "/config/sample/qh-gaozhong.yaml");
    add_sample(import, SW_SOURCE_DIR "/config/sample/county.yaml");
    if (directory_import_finish(import, &faults) != 0) {
        fail_msg("%s", faults.texts[0]);
    }
    return import;
}

static void test_directory_file_sample_county_is_good(void **state)
{
    (void)state;
    struct directory_import *import = import_sample();
    const struct org *org = directory_import_org(import);
    const struct org_person *found[64];
    static struct org_resolution answer;
    assert_true(org_is_within(org, S("qh-yizhong"), S("qinghe")));
    assert_int_equal(org_zone(org, S("qh-yizhong")).offsets[0].offset_s, 8 * 3600);
    assert_int_equal(org_list_students(org, S("qh-yizhong"), S("g7c2"), found, 64), 6);
    /* Siblings at two schools share one guardian, filed at both. */
    size_t siblings = 0;
    size_t pupils = org_list_students(org, S("qh-erxiao"), S("g5c1"), found, 64);
    for (size_t i = 0; i < pupils; i++) {
        const struct org_person *other[4];
        siblings += org_list_siblings(org, found[i], other, 4);
        struct org_query query = {
            .role = ORG_ROLE_GUARDIANS, .unit = S("qh-erxiao"), .subject = found[i]->id};
        org_resolve(org, &query, &answer);
        assert_int_equal(answer.gap, ORG_GAP_NONE);
    }
    assert_int_equal(siblings, 1);
    assert_true(org_find_user(org, S("yz-leader")) != NULL);
    assert_true(str_starts(org_find_user(org, S("yz-leader"))->password, S("$argon2id$fake$")));
    directory_import_free(import);
}

/* Counts what is handed out, and reads it back. */
struct sink {
    struct arena arena;
    struct org *org;
    size_t records;
    size_t everywhere;
    size_t keys;
    size_t sealed;
};

static int sink_key(void *ctx, struct str unit, struct str erasure_id, bool everywhere)
{
    struct sink *sink = ctx;
    assert_true(unit.len > 0 && erasure_id.len > 0);
    assert_int_equal(everywhere, str_is(unit, "qinghe"));
    sink->keys++;
    return 0;
}

static int sink_seal(void *ctx, struct str unit, struct str erasure_id, struct str clear,
                     struct arena *arena, struct str *ret_sealed)
{
    struct sink *sink = ctx;
    static uint8_t bytes[64];
    static char person[DIRECTORY_ID_TEXT_BYTES];
    Shouwang__V1__Sealed sealed = SHOUWANG__V1__SEALED__INIT;
    (void)unit;
    assert_true(clear.len > 0);
    snprintf(person, sizeof(person), "%.*s", (int)erasure_id.len, erasure_id.at);
    sealed.suite = 1;
    sealed.key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT;
    sealed.key_id = person;
    sealed.erasure_id = person;
    sealed.nonce = (ProtobufCBinaryData){24, bytes};
    sealed.bytes = (ProtobufCBinaryData){sizeof(bytes), bytes};
    sink->sealed++;
    return encode_message(&sealed.base, arena, ret_sealed);
}

static int sink_emit(void *ctx, struct str unit, struct str key, struct str value, bool everywhere)
{
    struct sink *sink = ctx;
    struct fault fault = {0};
    assert_true(str_starts(key, unit));
    assert_int_equal(directory_apply(sink->org, &sink->arena, key, &value, &fault), 0);
    sink->records++;
    sink->everywhere += everywhere ? 1 : 0;
    /* No name leaves in clear: the sample's are in Chinese, and labels only are so in its records. */
    assert_null(memmem(value.at, value.len, "周砚清", strlen("周砚清")));
    assert_null(memmem(value.at, value.len, "10000010", 8));
    return 0;
}

static void test_directory_file_hands_out_sealed_records(void **state)
{
    (void)state;
    struct directory_import *import = import_sample();
    struct org_setup setup = {.keep_sealed = true};
    struct sink sink = {.org = org_new(&setup)};
    struct directory_sink port = {
        .ensure_key = sink_key, .seal = sink_seal, .emit = sink_emit, .ctx = &sink};
    arena_init(&sink.arena, 1024 * 1024);
    assert_int_equal(directory_import_write(import, &port), 0);
    assert_int_equal(sink.records, directory_import_count(import));
    assert_int_equal(org_count(sink.org), sink.records);
    assert_true(sink.everywhere > 10 && sink.everywhere < 40); /* the bureau's */
    assert_true(sink.keys > 140);
    assert_true(sink.sealed > 2 * 140);
    const struct org_person *principal =
        org_find_person(sink.org, S("qh-yizhong"), S("p-qinghe-Y01"));
    assert_non_null(principal);
    assert_true(principal->name.len > 64);
    assert_int_equal(principal->address_count, 3); /* phone is voice and SMS */
    arena_fini(&sink.arena);
    org_free(sink.org);
    directory_import_free(import);
}

#define UNITS                                                                                      \
    "units:\n"                                                                                     \
    "  - {id: c1, kind: county, label: C, time_zone: Europe/Berlin}\n"                             \
    "  - {id: s1, kind: school, parent: c1, label: S}\n"

static void test_directory_file_names_the_place_of_a_fault(void **state)
{
    (void)state;
    assert_import(UNITS, "");
    assert_import("units:\n  - {id: s1, kind: school, parent: c9, label: S}\n",
                  "1.yaml:2:5: no such unit above (or give `above`): \"c9\"");
    assert_import("units:\n  - {id: s1, kind: school, parent: s2, label: S}\n"
                  "  - {id: s2, kind: school, parent: s1, label: S}\n",
                  "1.yaml:2:5: more than 8 units above, or one lies in itself: \"s1\"");
    assert_import("units:\n  - {id: s1, kind: school, parent: s1, label: S}\n"
                  "rosters:\n  - {unit: s1, role: duty_leader, shifts: [{days: mon, from: "
                  "\"07:30\", to: \"19:00\", person: T1}]}\n",
                  "1.yaml:2:5: more than 8 units above, or one lies in itself: \"s1\"");
    assert_import(UNITS "groups:\n  - {unit: s1, id: a, kind: class, label: A, parent: b}\n",
                  "1.yaml:5:5: no such group in the unit: \"b\"");
    assert_import(UNITS "groups:\n  - {unit: s2, id: a, kind: class, label: A}\n",
                  "1.yaml:5:5: no such unit: \"s2\"");
    assert_import(UNITS "groups:\n  - {unit: s1, id: a, kind: class, label: A}\n"
                        "  - {unit: s1, id: a, kind: class, label: B}\n",
                  "1.yaml:6:5: the same record is given twice: \"s1/group/a\"");
    assert_import(UNITS "people:\n  - {unit: s1, ref: T1, kind: staff, name: A, roles: "
                        "[{role: principal, substitute: T2}]}\n",
                  "1.yaml:5:5: names a person who is not filed in unit \"s1\" or above");
    assert_import(UNITS "people:\n  - {unit: s1, ref: T1, kind: student, name: A, roles: "
                        "[{role: principal}]}\n",
                  "1.yaml:5:5: role held: a student holds none");
    assert_import("units:\n  - {id: S1, kind: school, label: S}\n",
                  "1.yaml:2:5: unit id: expected [a-z0-9-]{1,48}");
    assert_import(UNITS "tokens:\n  - {unit: s1, secret: x, label: L, kinds: [Incident]}\n",
                  "1.yaml:5:5: kind: expected \"incident.*\" or \"incident.concern\"");
}

static void assert_faulty(const char *text, const char *begin)
{
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    const char *fault = import_texts(import, &text, 1);
    if (strncmp(fault, begin, strlen(begin)) != 0) {
        fail_msg("expected \"%s…\", got \"%s\"", begin, fault);
    }
    directory_import_free(import);
}

static void test_directory_file_reads_scalars_strictly(void **state)
{
    (void)state;
    assert_faulty("", "1.yaml:");
    assert_faulty("unit: []\n", "1.yaml:1:1:");
    assert_faulty("units:\n  - {id: s1, kind: scool, label: S}\n", "1.yaml:2:20:");
    assert_faulty("units:\n  - {id: s1, kind: school, label: S, time_zone: Asia/Atlantis}\n",
                  "1.yaml:2:49: no such time zone");
    assert_faulty(UNITS "rosters:\n  - {unit: s1, role: duty_leader, shifts: [{days: mon, "
                        "from: \"7:30\", to: \"19:00\", person: T1}]}\n",
                  "1.yaml:5:62: not a time of day");
    assert_faulty(UNITS "rosters:\n  - {unit: s1, role: guardians, shifts: [{days: mon, "
                        "from: \"07:30\", to: \"19:00\", person: T1}]}\n",
                  "1.yaml:5:5: roster: expected a role of the closed list, and not guardians");
    assert_faulty(UNITS "rosters:\n  - unit: s1\n    role: duty_leader\n    shifts: []\n",
                  "1.yaml:7:13:");
    assert_faulty(UNITS "people:\n  - {unit: s1, ref: T1, kind: staff, name: A, addresses: "
                        "[{pager: \"1\"}]}\n",
                  "1.yaml:5:60:");
}

#define PARTNER UNITS "partners:\n  - {id: pa, area: s1, label: P, "

static void test_directory_file_partners_must_fit_their_channel(void **state)
{
    (void)state;
    assert_import(PARTNER "audience: police, channel: feed, level: high}\n", "");
    assert_import(PARTNER "audience: hospital, channel: webhook, url: \"https://h.example\", "
                          "secrets: [\"a secret of at least 24 bytes\"]}\n",
                  "");
    assert_faulty(PARTNER "audience: everybody, channel: feed}\n", "1.yaml:5:5: no such audience");
    assert_faulty(PARTNER "audience: police, channel: feed, url: \"https://h.example\"}\n",
                  "1.yaml:5:5: a feed has neither url nor secrets");
    assert_faulty(PARTNER "audience: police, channel: webhook, url: \"http://h.example\", "
                          "secrets: [\"a secret of at least 24 bytes\"]}\n",
                  "1.yaml:5:5: a webhook needs a url");
    assert_faulty(PARTNER "audience: police, channel: webhook, url: \"https://h.example\"}\n",
                  "1.yaml:5:5: a webhook needs a secret");
    assert_faulty(PARTNER "audience: police, channel: webhook, url: \"https://h.example\", "
                          "secrets: [short]}\n",
                  "1.yaml:5:5: a secret of less than 24 bytes");
}

static void test_directory_file_turns_local_times_into_instants(void **state)
{
    (void)state;
    const char *const texts[] = {
        "people:\n  - {unit: s1, ref: T1, kind: staff, name: A, addresses: [{phone: \"1\"}]}\n"
        "rosters:\n"
        "  - unit: s1\n"
        "    role: duty_leader\n"
        "    shifts: [{days: [mon, sun], from: \"19:00\", to: \"07:30\", person: T1}]\n"
        "    overrides:\n"
        "      - {from: \"2026-07-01 08:00\", to: \"2026-12-01 08:00\", person: T1}\n",
        UNITS,
    };
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    assert_string_equal(import_texts(import, texts, 2), "");
    const struct roster *roster =
        org_find_roster(directory_import_org(import), S("s1"), S("duty_leader"));
    assert_int_equal(roster->shift_count, 2);
    assert_int_equal(roster->shifts[1].weekday, 7);
    assert_int_equal(roster->shifts[1].length_minutes, 12 * 60 + 30);
    assert_int_equal(roster->overrides[0].from_ms, 1782885600000); /* 06:00 UTC: summer time */
    assert_int_equal(roster->overrides[0].to_ms, 1796108400000);   /* 07:00 UTC */
    directory_import_free(import);
}

static void test_directory_file_people_take_turns(void **state)
{
    (void)state;
    const char *const texts[] = {
        "people:\n  - {unit: s1, ref: T1, kind: staff, name: A, addresses: [{phone: \"1\"}]}\n"
        "  - {unit: s1, ref: T2, kind: staff, name: B, addresses: [{phone: \"2\"}]}\n"
        "rosters:\n"
        "  - unit: s1\n"
        "    role: duty_leader\n"
        "    shifts:\n"
        "      - {days: [sat, sun], from: \"08:00\", to: \"08:00\", person: [T1, T2], turn: week, "
        "starting: 2026-09-05}\n"
        "      - {from: \"20:00\", to: \"21:00\", person: [T1, T2], turn: day, starting: "
        "2026-09-01, "
        "on: school}\n"
        "    holidays: [{from: 2026-10-01, to: 2026-10-07}]\n"
        "    make_up_days: [{day: 2026-10-10, as: thu}]\n"
        "    overrides: [{from: \"2026-09-05 08:00\", to: \"2026-09-06 08:00\", instead_of: T1}]\n",
        UNITS,
    };
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    assert_string_equal(import_texts(import, texts, 2), "");
    const struct roster *roster =
        org_find_roster(directory_import_org(import), S("s1"), S("duty_leader"));
    assert_int_equal(roster->shift_count, 6);
    assert_int_equal(roster->shifts[3].weekday, 7);
    assert_int_equal(roster->shifts[3].period_days, 14);
    assert_int_equal(roster->shifts[3].first_day, zone_day_of(2026, 9, 12));
    assert_int_equal(roster->shifts[5].period_days, 2);
    assert_int_equal(roster->shifts[5].first_day, zone_day_of(2026, 9, 2));
    assert_int_equal(roster->shifts[5].days, ROSTER_DAYS_SCHOOL);
    assert_int_equal(roster->make_up_days[0].weekday, 4);
    assert_true(roster->overrides[0].instead_of.len > 0);
    directory_import_free(import);
    assert_faulty("rosters:\n  - unit: s1\n    role: duty_leader\n    shifts:\n"
                  "      - {days: [mon], from: \"08:00\", to: \"09:00\", person: [T1, T2]}\n",
                  "1.yaml:5:9: several persons take turns");
}

static void test_directory_file_person_in_two_units_is_one_id(void **state)
{
    (void)state;
    const char *text = "units:\n"
                       "  - {id: c1, kind: county, label: C}\n"
                       "  - {id: s1, kind: school, parent: c1, label: S}\n"
                       "  - {id: s2, kind: school, parent: c1, label: S}\n"
                       "people:\n"
                       "  - {unit: [s1, s2], ref: T1, kind: staff, name: A, numbers: [\"7\"],\n"
                       "     addresses: [{phone: \"1\"}], roles: [{role: principal}]}\n";
    struct directory_import *import = directory_import_new(&directory_names_made_up);
    assert_string_equal(import_texts(import, &text, 1), "");
    const struct org *org = directory_import_org(import);
    const struct org_person *first = org_find_person(org, S("s1"), S("p-c1-T1"));
    const struct org_person *second = org_find_person(org, S("s2"), S("p-c1-T1"));
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(first->holding_count, 1);
    assert_int_equal(second->holding_count, 0);
    assert_int_equal(second->identifier_count, 0);
    assert_int_equal(second->address_count, 2);
    directory_import_free(import);
}

static void test_zone_file_reads_the_systems_zones(void **state)
{
    (void)state;
    struct arena arena;
    struct zone zone;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(zone_file_read(S("Asia/Shanghai"), &arena, &zone), 0);
    assert_int_equal(zone.count, 1);
    assert_int_equal(zone.offsets[0].offset_s, 28800);
    assert_int_equal(zone_file_read(S("Europe/Berlin"), &arena, &zone), 0);
    assert_int_equal(zone_offset_s(&zone, 1774746000000 - 1), 3600);
    assert_int_equal(zone_offset_s(&zone, 1774746000000), 7200);
    assert_int_equal(zone_file_read(S("../../../etc/passwd"), &arena, &zone), ERR_NOT_FOUND);
    assert_int_equal(zone_file_read(S("Asia/Nowhere"), &arena, &zone), ERR_NOT_FOUND);
    /* Cut anywhere, or with a byte turned: refused or read, never beyond its end. */
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    char bytes[8192];
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t i = 0; i < len; i++) {
        char copy[8192];
        memcpy(copy, bytes, i);
        arena_reset(&arena);
        int error = zone_file_parse((struct str){copy, i}, &arena, &zone);
        assert_true(error == 0 || error == ERR_INVALID);
        memcpy(copy, bytes, len);
        copy[i] = (char)(copy[i] ^ 0x81);
        arena_reset(&arena);
        error = zone_file_parse((struct str){copy, len}, &arena, &zone);
        assert_true(error == 0 || error == ERR_INVALID || error == ERR_TOO_LARGE);
    }
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directory_file_sample_county_is_good),
        cmocka_unit_test(test_directory_file_hands_out_sealed_records),
        cmocka_unit_test(test_directory_file_names_the_place_of_a_fault),
        cmocka_unit_test(test_directory_file_reads_scalars_strictly),
        cmocka_unit_test(test_directory_file_partners_must_fit_their_channel),
        cmocka_unit_test(test_directory_file_turns_local_times_into_instants),
        cmocka_unit_test(test_directory_file_people_take_turns),
        cmocka_unit_test(test_directory_file_person_in_two_units_is_one_id),
        cmocka_unit_test(test_zone_file_reads_the_systems_zones),
    };
    return RUN_TESTS(argc, argv, tests);
}
