#include "wire/json.h"

#include <string.h>

#include <jansson.h>

#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/keys.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>

#include "support/runner.h"
#include "wire/decode.h"

static void expect_not_json(const char *bytes, size_t len, enum reject_reason reason,
                            int64_t at_byte)
{
    struct fault fault = {0};
    json_t *json = NULL;
    assert_int_equal(json_parse_text((struct str){bytes, len}, &fault, &json), ERR_INVALID);
    assert_string_equal(reject_reason_code(fault.reason), reject_reason_code(reason));
    assert_int_equal(fault.at_byte, at_byte);
    assert_null(json);
}

static void test_json_text_is_refused_with_its_byte(void **state)
{
    (void)state;
    expect_not_json("", 0, REJECT_BAD_JSON, 0);
    expect_not_json("{\"a\":\"\xE5\xAE\"}", 9, REJECT_BAD_UTF8, 6);
    expect_not_json("{\"a\":\"x\0y\"}", 11, REJECT_NUL_IN_TEXT, 7);
    expect_not_json("{\"a\":\"\\u0000\"}", 14, REJECT_NUL_IN_TEXT, 13);
    expect_not_json("{\"a\":\"\\ud800\"}", 14, REJECT_BAD_JSON, 13);
    expect_not_json("{\"a\":1,\"a\":2}", 13, REJECT_GIVEN_TWICE, 10);
    expect_not_json("{\"a\":1} x", 9, REJECT_BAD_JSON, 9);
    expect_not_json("{\"a\":", 5, REJECT_BAD_JSON, 5);
    expect_not_json("\"text\"", 6, REJECT_BAD_JSON, 6);
    char deep[2 * JSON_NESTING_MAX + 2];
    memset(deep, '[', sizeof(deep));
    expect_not_json(deep, sizeof(deep), REJECT_TOO_DEEP, JSON_NESTING_MAX);
}

struct read {
    struct arena arena;
    struct fault fault;
    json_t *json;
    ProtobufCMessage *message;
    int error;
};

static void read_json(struct read *read, const ProtobufCMessageDescriptor *descriptor,
                      const char *text, const struct json_reader *reader)
{
    memset(read, 0, sizeof(*read));
    arena_init(&read->arena, 256 * 1024);
    assert_int_equal(json_parse_text(str_of(text), &read->fault, &read->json), 0);
    read->message = json_new_message(descriptor, &read->arena);
    read->error = json_read_message(read->json, reader, &read->arena, &read->fault, read->message);
}

static void read_fini(struct read *read)
{
    json_drop(read->json);
    arena_fini(&read->arena);
}

static void expect_event_refused(const char *text, const char *path, enum reject_reason reason)
{
    struct read read;
    read_json(&read, &shouwang__v1__event__descriptor, text, NULL);
    assert_int_equal(read.error, ERR_INVALID);
    assert_string_equal(read.fault.path, path);
    assert_string_equal(reject_reason_code(read.fault.reason), reject_reason_code(reason));
    read_fini(&read);
}

static void test_json_read_refuses_with_a_pointer(void **state)
{
    (void)state;
    expect_event_refused("{\"unit\":7}", "/unit", REJECT_BAD_TYPE);
    expect_event_refused("[]", "", REJECT_BAD_TYPE);
    expect_event_refused("{\"parties\":[{},{\"role\":\"boss\"}]}", "/parties/1/role",
                         REJECT_UNKNOWN_VALUE);
    expect_event_refused("{\"parties\":[{},null]}", "/parties/1", REJECT_BAD_TYPE);
    expect_event_refused("{\"incident\":{\"place\":\"on_campus\",\"mandatory_code\":-1}}",
                         "/incident/mandatory_code", REJECT_OUT_OF_RANGE);
    expect_event_refused("{\"occurred_at\":\"2026-11-24\"}", "/occurred_at", REJECT_BAD_TIME);
    expect_event_refused("{\"occurred_at\":true}", "/occurred_at", REJECT_BAD_TIME);
    expect_event_refused("{\"occurred_at\":1,\"occurred_at_ms\":1}", "/occurred_at",
                         REJECT_GIVEN_TWICE);
    expect_event_refused("{\"incident\":{},\"attendance\":{}}", "/attendance",
                         REJECT_EXCLUDES_ANOTHER);
    expect_event_refused("{\"colour\":1}", "/colour", REJECT_UNKNOWN_FIELD);
    expect_event_refused("{\"scope\":{\"\xE5\xA7\x93\xE5\x90\x8D/x\":1}}", "/scope/?",
                         REJECT_UNKNOWN_FIELD);
    expect_event_refused("{\"text\":\"x\"}", "/text", REJECT_SEALED_NOT_ALLOWED);
}

static void test_json_read_takes_times_of_every_zone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T08:00:00+08:00", INT64_C(1795478400000)},
        {"2026-11-24T00:00:00.123456z", INT64_C(1795478400123)},
        {"2026-11-23t19:00:00.5-05:00", INT64_C(1795478400500)},
        {"2024-02-29T23:59:60Z", INT64_C(1709251200000)},
        {"1969-12-31T23:59:59.999Z", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = 0;
        assert_true(json_parse_time(str_of(cases[i].text), &ms));
        assert_int_equal(ms, cases[i].ms);
    }
    static const char *const bad[] = {
        "",
        "2026-11-24T08:00:00",
        "2026-11-24 08:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T08:00:00.Z",
        "2026-11-24T08:00:00+8:00",
        "2026-11-24T08:00:00+08:00 ",
        "+2026-11-24T08:00:00Z",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = 0;
        assert_false(json_parse_time(str_of(bad[i]), &ms));
    }
    for (int64_t ms = INT64_C(-2208988800000); ms < INT64_C(4102444800000);
         ms += INT64_C(12345678901)) {
        char text[JSON_TIME_BYTES];
        int64_t again = 0;
        json_format_time(ms, text);
        assert_true(json_parse_time(str_of(text), &again));
        assert_int_equal(again, ms);
    }
}

static int take_sealed(void *ctx, const ProtobufCFieldDescriptor *field, const json_t *value,
                       struct Shouwang__V1__Sealed **slot, struct fault *ret_fault)
{
    (void)ret_fault;
    static Shouwang__V1__Sealed sealed = SHOUWANG__V1__SEALED__INIT;
    assert_string_equal(field->name, "callback");
    assert_true(str_is(json_text_of(value), "made-up 555"));
    sealed.key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT;
    *slot = &sealed;
    ++*(int *)ctx;
    return 0;
}

static int take_unknown(void *ctx, ProtobufCMessage *message, const char *name, json_t *value,
                        struct fault *ret_fault)
{
    (void)ret_fault;
    assert_string_equal(name, "identifier");
    assert_string_equal(message->descriptor->short_name, "Party");
    assert_string_equal(json_string_value(value), "20260317");
    ++*(int *)ctx;
    return 0;
}

static void test_json_round_trip_of_an_event(void **state)
{
    (void)state;
    int taken = 0;
    const struct json_reader reader = {take_sealed, take_unknown, &taken, true};
    struct read read;
    read_json(&read, &shouwang__v1__event__descriptor,
              "{\"id\":\"e-1\",\"source\":\"app\",\"unit\":\"no-3\",\"kind\":\"self_harm\","
              "\"parties\":[{\"ref\":\"p-1\",\"role\":\"affected\",\"identifier\":\"20260317\"}],"
              "\"occurred_at\":\"2026-11-24T08:00:00+08:00\",\"reported_at_ms\":\"1795478400000\","
              "\"discovered_missing\":true,\"history\":null,"
              "\"incident\":{\"place\":\"on_campus\",\"danger\":99,\"signs\":[\"plan\",\"means\"],"
              "\"mandatory_code\":3},\"callback\":\"made-up 555\","
              "\"_unknown\":[{\"tag\":999,\"wire_type\":2,\"data\":\"A25ldw==\"}]}",
              &reader);
    assert_int_equal(read.error, 0);
    assert_int_equal(taken, 2);
    struct str text;
    assert_int_equal(json_write_message(read.message, JSON_WRITE_TIMES, &read.arena, &text), 0);
    assert_string_equal(
        text.at,
        "{\"id\":\"e-1\",\"source\":\"app\",\"unit\":\"no-3\",\"kind\":\"self_harm\","
        "\"parties\":[{\"ref\":\"p-1\",\"role\":\"affected\"}],"
        "\"occurred_at\":\"2026-11-24T00:00:00.000Z\",\"reported_at\":\"2026-11-24T00:00:00.000Z\","
        "\"discovered_missing\":true,"
        "\"incident\":{\"place\":\"on_campus\",\"danger\":99,\"signs\":[\"plan\",\"means\"],"
        "\"mandatory_code\":3},\"callback\":{\"sealed\":\"contact\"},"
        "\"_unknown\":[{\"tag\":999,\"wire_type\":2,\"data\":\"A25ldw==\"}]}");
    /* The unknown field really is one on the wire. */
    struct str packed;
    assert_int_equal(encode_message(read.message, &read.arena, &packed), 0);
    assert_non_null(memmem(packed.at, packed.len, "\xBA\x3E\x03new", 6));
    read_fini(&read);
}

static void test_json_ids_are_hexadecimal_and_secrets_hidden(void **state)
{
    (void)state;
    struct read read;
    read_json(&read, &shouwang__v1__notice__descriptor,
              "{\"id\":\"000102030405060708090a0b0c0d0e0f\",\"merged\":"
              "[\"FF0102030405060708090a0b0c0d0e0f\"],\"channel\":\"voice\"}",
              NULL);
    assert_int_equal(read.error, 0);
    struct str text;
    assert_int_equal(json_write_message(read.message, 0, &read.arena, &text), 0);
    assert_string_equal(text.at, "{\"id\":\"000102030405060708090a0b0c0d0e0f\",\"channel\":"
                                 "\"voice\",\"merged\":[\"ff0102030405060708090a0b0c0d0e0f\"]}");
    Shouwang__V1__ErasureKey key = SHOUWANG__V1__ERASURE_KEY__INIT;
    uint8_t bytes[32] = {7};
    key.key = (ProtobufCBinaryData){32, bytes};
    assert_int_equal(json_write_message(&key.base, 0, &read.arena, &text), 0);
    assert_string_equal(text.at, "{\"key\":\"hidden\"}");
    read_fini(&read);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_text_is_refused_with_its_byte),
        cmocka_unit_test(test_json_read_refuses_with_a_pointer),
        cmocka_unit_test(test_json_read_takes_times_of_every_zone),
        cmocka_unit_test(test_json_round_trip_of_an_event),
        cmocka_unit_test(test_json_ids_are_hexadecimal_and_secrets_hidden),
    };
    return RUN_TESTS(argc, argv, tests);
}
