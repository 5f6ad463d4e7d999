/* Records of the directory topic, honest and hostile. Made-up people. */
#include <string.h>

#include <shouwang/v1/directory.pb-c.h>

#include "support/runner.h"
#include "wire/decode.h"
#include "wire/directory.h"

#define S(literal) STR_LITERAL(literal)

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 16 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* One encoded sealed value, of no real key. */
static struct str make_sealed(void)
{
    Shouwang__V1__Sealed sealed = SHOUWANG__V1__SEALED__INIT;
    static char person[] = "p-1";
    static char key_id[] = "0123456789abcdef";
    static uint8_t bytes[80] = {1, 2, 3};
    struct str encoded;
    sealed.suite = 1;
    sealed.key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT;
    sealed.key_id = key_id;
    sealed.erasure_id = person;
    sealed.nonce = (ProtobufCBinaryData){24, bytes};
    sealed.bytes = (ProtobufCBinaryData){sizeof(bytes), bytes};
    assert_int_equal(encode_message(&sealed.base, &arena, &encoded), 0);
    return encoded;
}

/* Encodes, decodes under its own key, encodes again: the same bytes, and the record for further questions. */
static struct org_record round_trip(const struct org_record *record)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str once;
    struct str twice;
    struct org_record back;
    struct fault fault = {0};
    assert_null(org_record_fault(record));
    assert_int_equal(directory_encode(record, &arena, &once), 0);
    int error = directory_decode(org_record_key(record, key), once, &arena, &back, &fault);
    if (error != 0) {
        char text[256];
        fault_format(&fault, text, sizeof(text));
        fail_msg("%s: %s", error_name(error), text);
    }
    assert_int_equal(back.kind, record->kind);
    assert_int_equal(directory_encode(&back, &arena, &twice), 0);
    assert_true(str_equal(once, twice));
    return back;
}

static void test_directory_unit_makes_the_round(void **state)
{
    (void)state;
    struct str above[] = {S("c1"), S("city")};
    struct str lines[] = {S("12356")};
    struct zone_offset offsets[] = {{0, 28800}, {1000, -3600}};
    struct org_record record = {.kind = ORG_RECORD_UNIT,
                                .unit = {.id = S("s1"),
                                         .kind = ORG_UNIT_SCHOOL,
                                         .parent = S("c1"),
                                         .jurisdiction = S("fenyang"),
                                         .label = S("第一中学（虚构）"),
                                         .time_zone = S("Asia/Shanghai"),
                                         .zone = {offsets, 2},
                                         .switchboard = S("100-0002000"),
                                         .help_lines = lines,
                                         .help_line_count = 1,
                                         .above = above,
                                         .above_count = 2}};
    struct org_record back = round_trip(&record);
    assert_int_equal(back.unit.zone.offsets[1].offset_s, -3600);
    assert_true(str_is(back.unit.above[1], "city"));
    assert_true(str_is(back.unit.label, "第一中学（虚构）"));
}

static void test_directory_person_makes_the_round(void **state)
{
    const struct org_flag flag = {STR_LITERAL("left_behind"), STR_LITERAL("class_teacher"),
                                  1798732800000};
    (void)state;
    struct str sealed = make_sealed();
    struct org_address address = {CASE_CHANNEL_MAIL, S("0a0b"), sealed};
    struct org_guardian guardian = {S("g-1"), S("mother"), true, false};
    struct str number = S("00ff");
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = S("p-1"),
                                           .unit = S("s1"),
                                           .kind = ORG_PERSON_STUDENT,
                                           .household = S("h-1"),
                                           .group = S("g7c2"),
                                           .lang = S("en"),
                                           .name = sealed,
                                           .addresses = &address,
                                           .address_count = 1,
                                           .guardians = &guardian,
                                           .flags = &flag,
                                           .flag_count = 1,
                                           .guardian_count = 1,
                                           .identifiers = &number,
                                           .identifier_count = 1}};
    struct org_record back = round_trip(&record);
    assert_true(str_equal(back.person.name, sealed));
    assert_true(str_equal(back.person.addresses[0].sealed, sealed));
    assert_int_equal(back.person.addresses[0].channel, CASE_CHANNEL_MAIL);
    assert_true(back.person.guardians[0].remote);
    assert_int_equal(back.person.flag_count, 1);
    assert_true(str_is(back.person.flags[0].code, "left_behind"));
    assert_true(str_is(back.person.flags[0].source, "class_teacher"));
    assert_true(back.person.flags[0].expires_ms == 1798732800000);
    struct org_holding holding = {ORG_ROLE_CLASS_TEACHER, S("g7c2"), S("t-2")};
    record.person = (struct org_person){.id = S("t-1"),
                                        .unit = S("s1"),
                                        .kind = ORG_PERSON_STAFF,
                                        .holdings = &holding,
                                        .holding_count = 1};
    back = round_trip(&record);
    assert_int_equal(back.person.holdings[0].role, ORG_ROLE_CLASS_TEACHER);
    assert_true(str_is(back.person.holdings[0].substitute, "t-2"));
}

static void test_directory_other_records_make_the_round(void **state)
{
    (void)state;
    struct roster_shift shift = {.weekday = 7,
                                 .start_minute = 1140,
                                 .length_minutes = 750,
                                 .person = S("t-1"),
                                 .substitute = S("t-2"),
                                 .campus = S("east"),
                                 .period_days = 14,
                                 .first_day = 20700,
                                 .last_day = 20900,
                                 .days = ROSTER_DAYS_OTHER};
    struct roster_override override = {
        .from_ms = 1000, .to_ms = 2000, .person = S("t-2"), .instead_of = S("t-1")};
    struct calendar_span holiday = {20728, 20734};
    struct roster_make_up make_up = {20737, 4};
    struct str texts[] = {S("incident.*"), S("attendance.roll")};
    struct str units[] = {S("s1"), S("s2")};
    struct org_record records[] = {
        {.kind = ORG_RECORD_GROUP,
         .group = {S("g7"), S("s1"), ORG_GROUP_GRADE, S("east"), S("七年级")}},
        {.kind = ORG_RECORD_ROSTER,
         .roster = {.unit = S("s1"),
                    .role = S("duty_leader"),
                    .shifts = &shift,
                    .shift_count = 1,
                    .overrides = &override,
                    .override_count = 1,
                    .holidays = &holiday,
                    .holiday_count = 1,
                    .make_up_days = &make_up,
                    .make_up_count = 1}},
        {.kind = ORG_RECORD_TOKEN,
         .token = {{1, 2, 3}, S("s1"), texts, 2, S("/gates"), S("gates"), 99}},
        {.kind = ORG_RECORD_SOURCE, .source = {S("/gates/1"), S("c1"), units, 2}},
        {.kind = ORG_RECORD_USER,
         .user = {S("li"), S("t-1"), S("s1"), S("$argon2id$v=19$m=1"), units, 1}},
        {.kind = ORG_RECORD_PARTNER,
         .partner = {.id = S("qh-police"),
                     .unit = S("c1"),
                     .audience = S("police"),
                     .label = S("公安"),
                     .channel = CASE_CHANNEL_FEED,
                     .level_at_least = CASE_LEVEL_HIGH}},
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        (void)round_trip(&records[i]);
    }
}

static int decode(const char *key, const Shouwang__V1__DirectoryRecord *message,
                  struct org_record *ret_record)
{
    struct str bytes;
    struct fault fault = {0};
    assert_int_equal(encode_message(&message->base, &arena, &bytes), 0);
    return directory_decode(str_of(key), bytes, &arena, ret_record, &fault);
}

static void test_directory_refuses_a_record_under_another_key(void **state)
{
    (void)state;
    static char id[] = "s1";
    Shouwang__V1__Unit unit = SHOUWANG__V1__UNIT__INIT;
    Shouwang__V1__DirectoryRecord message = SHOUWANG__V1__DIRECTORY_RECORD__INIT;
    struct org_record record;
    unit.id = id;
    unit.kind = SHOUWANG__V1__UNIT_KIND__UNIT_KIND_SCHOOL;
    message.entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_UNIT;
    message.unit = &unit;
    assert_int_equal(decode("s1/unit", &message, &record), 0);
    assert_int_equal(decode("s2/unit", &message, &record), ERR_INVALID);
    assert_int_equal(decode("s1/group/s1", &message, &record), ERR_INVALID);
    assert_int_equal(decode("pack/active", &message, &record), ERR_UNSUPPORTED);
    unit.kind = 77;
    assert_int_equal(decode("s1/unit", &message, &record), ERR_INVALID);
    message.entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY__NOT_SET;
    assert_int_equal(decode("s1/unit", &message, &record), ERR_UNSUPPORTED);
}

static void test_directory_leaves_out_a_role_of_a_later_version(void **state)
{
    (void)state;
    static char id[] = "t-1";
    static char unit[] = "s1";
    static char later[] = "dormitory_head";
    static char known[] = "psych_teacher";
    Shouwang__V1__Holding holdings[2] = {SHOUWANG__V1__HOLDING__INIT, SHOUWANG__V1__HOLDING__INIT};
    Shouwang__V1__Holding *list[2] = {&holdings[0], &holdings[1]};
    Shouwang__V1__Person person = SHOUWANG__V1__PERSON__INIT;
    Shouwang__V1__DirectoryRecord message = SHOUWANG__V1__DIRECTORY_RECORD__INIT;
    struct org_record record;
    holdings[0].role = later;
    holdings[1].role = known;
    person.id = id;
    person.unit = unit;
    person.kind = SHOUWANG__V1__PERSON_KIND__PERSON_KIND_STAFF;
    person.holdings = list;
    person.n_holdings = 2;
    message.entry_case = SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PERSON;
    message.person = &person;
    assert_int_equal(decode("s1/person/t-1", &message, &record), 0);
    assert_int_equal(record.person.holding_count, 1);
    assert_int_equal(record.person.holdings[0].role, ORG_ROLE_PSYCH_TEACHER);
}

static void test_directory_apply_keeps_what_was_there(void **state)
{
    (void)state;
    struct arena scratch;
    struct org_setup setup = {.keep_sealed = true};
    struct org *org = org_new(&setup);
    struct org_record record = {
        .kind = ORG_RECORD_PERSON,
        .person = {
            .id = S("t-1"), .unit = S("s1"), .kind = ORG_PERSON_STAFF, .name = make_sealed()}};
    struct fault fault = {0};
    struct str value;
    struct str bad = S("\x0a\xff\xff");
    arena_init(&scratch, 1024 * 1024);
    assert_int_equal(directory_encode(&record, &arena, &value), 0);
    assert_int_equal(directory_apply(org, &scratch, S("s1/person/t-1"), &value, &fault), 0);
    assert_int_equal(directory_apply(org, &scratch, S("s1/person/t-1"), &bad, &fault), ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_BAD_PROTOBUF);
    assert_non_null(org_find_person(org, S("s1"), S("t-1")));
    assert_int_equal(directory_apply(org, &scratch, S("pack/active"), &value, &fault),
                     ERR_UNSUPPORTED);
    assert_int_equal(directory_apply(org, &scratch, S("pack/active"), NULL, &fault),
                     ERR_UNSUPPORTED);
    assert_int_equal(directory_apply(org, &scratch, S("s1/person/t-1"), NULL, &fault), 0);
    assert_null(org_find_person(org, S("s1"), S("t-1")));
    arena_fini(&scratch);
    org_free(org);
}

/* Every single-byte change of a record decodes or is refused, and what decodes is without fault. */
static void test_directory_survives_every_flipped_byte(void **state)
{
    (void)state;
    struct str number = S("00ff");
    struct org_address address = {CASE_CHANNEL_VOICE, S("0a0b"), make_sealed()};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = S("p-1"),
                                           .unit = S("s1"),
                                           .kind = ORG_PERSON_STUDENT,
                                           .group = S("g7c2"),
                                           .addresses = &address,
                                           .address_count = 1,
                                           .identifiers = &number,
                                           .identifier_count = 1}};
    struct arena scratch;
    struct str value;
    arena_init(&scratch, 1024 * 1024);
    assert_int_equal(directory_encode(&record, &arena, &value), 0);
    char *copy = arena_alloc(&arena, value.len);
    for (size_t i = 0; i < value.len * 8; i++) {
        struct org_record back;
        struct fault fault = {0};
        memcpy(copy, value.at, value.len);
        copy[i / 8] = (char)(copy[i / 8] ^ (1 << (i % 8)));
        arena_reset(&scratch);
        int error = directory_decode(S("s1/person/p-1"), (struct str){copy, value.len}, &scratch,
                                     &back, &fault);
        assert_true(error == 0 || error == ERR_INVALID || error == ERR_UNSUPPORTED);
        assert_true(error != 0 || org_record_fault(&back) == NULL);
    }
    arena_fini(&scratch);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_directory_unit_makes_the_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_directory_person_makes_the_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_directory_other_records_make_the_round, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_directory_refuses_a_record_under_another_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_directory_leaves_out_a_role_of_a_later_version, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_directory_apply_keeps_what_was_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_directory_survives_every_flipped_byte, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
