#include "wire/decode.h"

#include <stdlib.h>
#include <string.h>

#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "support/runner.h"
#include "wire/limits.h"

/* A made-up event, packed. */
static size_t pack_event(const Shouwang__V1__Event *event, uint8_t *ret_bytes)
{
    return shouwang__v1__event__pack(event, ret_bytes);
}

static Shouwang__V1__Event sample_event(void)
{
    Shouwang__V1__Event event = SHOUWANG__V1__EVENT__INIT;
    event.id = (char *)"e-1";
    event.source = (char *)"school-app";
    event.unit = (char *)"no-3-middle";
    event.kind = (char *)"self_harm";
    return event;
}

struct decoded {
    struct arena arena;
    struct fault fault;
    ProtobufCMessage *message;
    int error;
};

static void decode(struct decoded *decoded, const void *bytes, size_t len)
{
    memset(decoded, 0, sizeof(*decoded));
    arena_init(&decoded->arena, 256 * 1024);
    decoded->error = decode_message(&shouwang__v1__event__descriptor, (struct str){bytes, len},
                                    &decoded->arena, &decoded->fault, &decoded->message);
}

static void expect_refused(const Shouwang__V1__Event *event, enum reject_reason reason,
                           const char *path, int64_t at_byte)
{
    uint8_t bytes[64 * 1024];
    struct decoded decoded;
    decode(&decoded, bytes, pack_event(event, bytes));
    assert_int_equal(decoded.error, ERR_INVALID);
    assert_string_equal(reject_reason_code(decoded.fault.reason), reject_reason_code(reason));
    assert_string_equal(decoded.fault.path, path);
    assert_int_equal(decoded.fault.at_byte, at_byte);
    assert_null(decoded.message);
    arena_fini(&decoded.arena);
}

static void test_decode_takes_a_clean_event(void **state)
{
    (void)state;
    uint8_t bytes[256];
    Shouwang__V1__Event event = sample_event();
    struct decoded decoded;
    decode(&decoded, bytes, pack_event(&event, bytes));
    assert_int_equal(decoded.error, 0);
    memset(bytes, 0xFF, sizeof(bytes)); /* nothing is borrowed */
    assert_string_equal(((Shouwang__V1__Event *)decoded.message)->unit, "no-3-middle");
    arena_fini(&decoded.arena);
}

static void test_decode_names_field_and_byte(void **state)
{
    (void)state;
    Shouwang__V1__Event event = sample_event();
    event.unit = (char *)"no-3\xC0\xAF";
    expect_refused(&event, REJECT_BAD_UTF8, "/unit", 4);
    event.unit = (char *)"no 3";
    expect_refused(&event, REJECT_BAD_CHARACTER, "/unit", 2);
    event.unit = (char *)"";
    expect_refused(&event, REJECT_MISSING, "/unit", FAULT_NO_BYTE);
    event.unit = (char *)"0123456789012345678901234567890123456789012345678";
    expect_refused(&event, REJECT_TOO_LONG, "/unit", 48);

    event = sample_event();
    Shouwang__V1__Party parties[33];
    Shouwang__V1__Party *pointers[33];
    for (size_t i = 0; i < 33; i++) {
        parties[i] = (Shouwang__V1__Party)SHOUWANG__V1__PARTY__INIT;
        parties[i].ref = (char *)"p-1";
        pointers[i] = &parties[i];
    }
    event.parties = pointers;
    event.n_parties = 3;
    parties[2].ref = (char *)"a b";
    expect_refused(&event, REJECT_BAD_CHARACTER, "/parties/2/ref", 1);
    parties[2].ref = (char *)"p-1";
    parties[1].role = (Shouwang__V1__PartyRole)77;
    expect_refused(&event, REJECT_UNKNOWN_VALUE, "/parties/1/role", FAULT_NO_BYTE);
    parties[1].role = SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED;
    event.n_parties = 33;
    expect_refused(&event, REJECT_TOO_MANY, "/parties", FAULT_NO_BYTE);

    event = sample_event();
    Shouwang__V1__Incident incident = SHOUWANG__V1__INCIDENT__INIT;
    event.detail_case = SHOUWANG__V1__EVENT__DETAIL_INCIDENT;
    event.incident = &incident;
    incident.mandatory_code = 10;
    expect_refused(&event, REJECT_OUT_OF_RANGE, "/incident/mandatory_code", FAULT_NO_BYTE);
}

static void test_decode_sees_a_nul_inside_text(void **state)
{
    (void)state;
    uint8_t bytes[256];
    Shouwang__V1__Event event = sample_event();
    size_t len = pack_event(&event, bytes);
    uint8_t *unit = memmem(bytes, len, "no-3-middle", 11);
    unit[4] = 0; /* protobuf-c hands out "no-3" */
    struct decoded decoded;
    decode(&decoded, bytes, len);
    assert_int_equal(decoded.error, ERR_INVALID);
    assert_int_equal(decoded.fault.reason, REJECT_NUL_IN_TEXT);
    assert_string_equal(decoded.fault.path, "/unit");
    assert_int_equal(decoded.fault.at_byte, 4);
    arena_fini(&decoded.arena);
    unit[0] = 0;
    unit[4] = '-';
    decode(&decoded, bytes, len);
    assert_int_equal(decoded.fault.reason, REJECT_NUL_IN_TEXT);
    assert_int_equal(decoded.fault.at_byte, 0);
    arena_fini(&decoded.arena);
}

static void test_decode_refuses_every_cut(void **state)
{
    (void)state;
    uint8_t bytes[256];
    Shouwang__V1__Event event = sample_event();
    size_t len = pack_event(&event, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        struct decoded decoded;
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, bytes, cut);
        decode(&decoded, exact, cut);
        assert_int_equal(decoded.error, ERR_INVALID);
        assert_true(decoded.fault.reason == REJECT_BAD_PROTOBUF ||
                    decoded.fault.reason == REJECT_MISSING);
        arena_fini(&decoded.arena);
        free(exact);
    }
}

static void test_decode_keeps_what_it_does_not_know(void **state)
{
    (void)state;
    uint8_t bytes[256];
    Shouwang__V1__Event event = sample_event();
    Shouwang__V1__Incident incident = SHOUWANG__V1__INCIDENT__INIT;
    incident.danger = (Shouwang__V1__Danger)99; /* an open enum */
    event.kind = (char *)"a_kind_of_tomorrow";
    event.detail_case = SHOUWANG__V1__EVENT__DETAIL_INCIDENT;
    event.incident = &incident;
    size_t len = pack_event(&event, bytes);
    static const uint8_t unknown[] = {0xBA, 0x3E, 3, 'n', 'e', 'w', 0xC0, 0x3E, 7}; /* 999, 1000 */
    memcpy(bytes + len, unknown, sizeof(unknown));
    len += sizeof(unknown);
    struct decoded decoded;
    decode(&decoded, bytes, len);
    assert_int_equal(decoded.error, 0);
    struct str again;
    assert_int_equal(encode_message(decoded.message, &decoded.arena, &again), 0);
    assert_int_equal(again.len, len);
    assert_memory_equal(again.at, bytes, len);
    arena_fini(&decoded.arena);
}

static void test_decode_bounds_what_a_record_unfolds_to(void **state)
{
    (void)state;
    static uint8_t bytes[128 * 1024]; /* 64 Ki empty parties */
    for (size_t i = 0; i < sizeof(bytes); i += 2) {
        bytes[i] = 5 << 3 | 2;
    }
    struct decoded decoded;
    decode(&decoded, bytes, sizeof(bytes));
    assert_int_equal(decoded.error, ERR_INVALID);
    assert_int_equal(decoded.fault.reason, REJECT_TOO_LARGE);
    arena_fini(&decoded.arena);
    decode(&decoded, bytes, DECODE_RECORD_MAX_BYTES + 1);
    assert_int_equal(decoded.fault.reason, REJECT_TOO_LARGE);
    arena_fini(&decoded.arena);
}

static void test_decode_check_reads_messages_made_in_memory(void **state)
{
    (void)state;
    struct fault fault;
    Shouwang__V1__Notice notice = SHOUWANG__V1__NOTICE__INIT;
    uint8_t id[16] = {1};
    notice.id = (ProtobufCBinaryData){16, id};
    notice.unit = (char *)"no-3-middle";
    notice.person = (char *)"p-1";
    assert_int_equal(decode_check(&notice.base, &fault), 0);
    ProtobufCBinaryData merged[] = {{16, id}, {15, id}};
    notice.merged = merged;
    notice.n_merged = 2;
    assert_int_equal(decode_check(&notice.base, &fault), ERR_INVALID);
    char text[200];
    fault_format(&fault, text, sizeof(text));
    assert_string_equal(text, "/merged/1: too_short");
}

static void test_decode_knows_each_topics_record(void **state)
{
    (void)state;
    assert_ptr_equal(decode_descriptor(str_of("notices.bulk"), str_of("no-3-middle")),
                     &shouwang__v1__notice__descriptor);
    assert_string_equal(decode_descriptor(str_of("cases"), str_of("no-3-middle/case/1f"))->name,
                        "shouwang.v1.Case");
    assert_string_equal(decode_descriptor(str_of("cases"), str_of("no-3-middle/journal"))->name,
                        "shouwang.v1.JournalHead");
    assert_null(decode_descriptor(str_of("cases"), str_of("nonsense")));
    assert_null(decode_descriptor(str_of("other"), str_of("a/b/c")));
}

/* The table is only as good as its tags. */
static void test_decode_limits_name_the_fields_they_mean(void **state)
{
    (void)state;
    static const char *const topics[] = {"events.incident", "signals",  "commands",  "journal",
                                         "notices.control", "receipts", "callbacks", "directory",
                                         "notices.urgent",  "keys",     "rejects",   "alerts"};
    const ProtobufCMessageDescriptor *todo[128];
    size_t count = 0;
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        todo[count++] = decode_descriptor(str_of(topics[i]), str_of(""));
    }
    todo[count++] = decode_descriptor(str_of("cases"), str_of("u/case/1"));
    for (size_t at = 0; at < count; at++) {
        uint32_t last = 0;
        for (const struct limit *row = limit_rows(todo[at]); row->tag != 0; row++) {
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field(todo[at], row->tag);
            assert_non_null(field);
            assert_string_equal(field->name, row->name);
            assert_true(row->tag > last);
            last = row->tag;
        }
        for (unsigned i = 0; i < todo[at]->n_fields; i++) {
            const ProtobufCFieldDescriptor *field = &todo[at]->fields[i];
            if (field->type == PROTOBUF_C_TYPE_MESSAGE && count < 127) {
                todo[count++] = field->descriptor;
            }
        }
    }
    assert_true(count > 40 && count < 127);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_takes_a_clean_event),
        cmocka_unit_test(test_decode_names_field_and_byte),
        cmocka_unit_test(test_decode_sees_a_nul_inside_text),
        cmocka_unit_test(test_decode_refuses_every_cut),
        cmocka_unit_test(test_decode_keeps_what_it_does_not_know),
        cmocka_unit_test(test_decode_bounds_what_a_record_unfolds_to),
        cmocka_unit_test(test_decode_check_reads_messages_made_in_memory),
        cmocka_unit_test(test_decode_knows_each_topics_record),
        cmocka_unit_test(test_decode_limits_name_the_fields_they_mean),
    };
    return RUN_TESTS(argc, argv, tests);
}
