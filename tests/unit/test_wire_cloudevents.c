#include "wire/cloudevents.h"

#include <string.h>

#include "support/runner.h"
#include "wire/json.h"

struct parsed {
    struct arena arena;
    struct fault fault;
    struct json_t *json;
    struct cloudevent event;
    int error;
};

static void parse_object(struct parsed *parsed, const char *text)
{
    memset(parsed, 0, sizeof(*parsed));
    arena_init(&parsed->arena, 64 * 1024);
    assert_int_equal(json_parse_text(str_of(text), &parsed->fault, &parsed->json), 0);
    parsed->error =
        cloudevent_read_object(parsed->json, &parsed->arena, &parsed->fault, &parsed->event);
}

static void parsed_fini(struct parsed *parsed)
{
    json_drop(parsed->json);
    arena_fini(&parsed->arena);
}

static void expect_refused(const char *text, const char *path, enum reject_reason reason)
{
    struct parsed parsed;
    parse_object(&parsed, text);
    assert_int_equal(parsed.error, ERR_INVALID);
    assert_string_equal(parsed.fault.path, path);
    assert_string_equal(reject_reason_code(parsed.fault.reason), reject_reason_code(reason));
    parsed_fini(&parsed);
}

#define REQUIRED "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""

static void test_cloudevents_structured_mode_refuses_with_its_attribute(void **state)
{
    (void)state;
    expect_refused("[]", "", REJECT_BAD_TYPE);
    expect_refused("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}", "/type",
                   REJECT_MISSING);
    expect_refused("{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
                   "/specversion", REJECT_BAD_SPECVERSION);
    expect_refused("{\"specversion\":1.0}", "/specversion", REJECT_BAD_TYPE);
    expect_refused("{\"id\":\"\"}", "/id", REJECT_MISSING);
    expect_refused("{\"id\":\"a\\nb\"}", "/id", REJECT_BAD_ATTRIBUTE);
    expect_refused("{\"id\":\"a\\u0085b\"}", "/id", REJECT_BAD_ATTRIBUTE);
    expect_refused("{" REQUIRED ",\"time\":\"yesterday\"}", "/time", REJECT_BAD_TIME);
    expect_refused("{" REQUIRED ",\"Upper\":\"x\"}", "/Upper", REJECT_BAD_ATTRIBUTE);
    expect_refused("{" REQUIRED ",\"ext\":{}}", "/ext", REJECT_BAD_ATTRIBUTE);
    expect_refused("{" REQUIRED ",\"ext\":2147483648}", "/ext", REJECT_BAD_ATTRIBUTE);
    expect_refused("{" REQUIRED ",\"data\":{},\"data_base64\":\"\"}", "/data_base64",
                   REJECT_EXCLUDES_ANOTHER);
    expect_refused("{" REQUIRED ",\"data_base64\":\"!\"}", "/data_base64", REJECT_BAD_CHARACTER);
}

static void test_cloudevents_structured_mode_reads_all(void **state)
{
    (void)state;
    struct parsed parsed;
    parse_object(&parsed,
                 "{" REQUIRED ",\"time\":\"2026-11-24T08:00:00+08:00\",\"subject\":\"p-1\","
                 "\"ext\":7,\"other\":true,\"third\":\"x\",\"dataschema\":null,"
                 "\"data_base64\":\"AAE=\"}");
    assert_int_equal(parsed.error, 0);
    assert_true(str_is(parsed.event.subject, "p-1"));
    assert_int_equal(parsed.event.time_ms, INT64_C(1795478400000));
    assert_int_equal(parsed.event.extension_count, 3);
    assert_int_equal(parsed.event.dataschema.len, 0);
    assert_int_equal(parsed.event.data.len, 2);
    parsed_fini(&parsed);
}

static void test_cloudevents_mode_is_told_by_the_content_type(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        enum cloudevent_mode mode;
    } cases[] = {
        {"application/json", CLOUDEVENT_BINARY},
        {"application/json; charset=utf-8", CLOUDEVENT_BINARY},
        {"Application/CloudEvents+JSON;charset=\"UTF-8\" ; x=y", CLOUDEVENT_STRUCTURED},
        {"application/cloudevents-batch+json", CLOUDEVENT_BATCH},
        {"application/protobuf", CLOUDEVENT_PROTOBUF},
        {"application/json; charset=gb2312", CLOUDEVENT_UNSUPPORTED},
        {"text/plain", CLOUDEVENT_UNSUPPORTED},
        {"", CLOUDEVENT_UNSUPPORTED},
        {NULL, CLOUDEVENT_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(cloudevent_mode(cases[i].content_type), cases[i].mode);
    }
}

static const char *header_of(void *ctx, const char *name)
{
    const char *const *pairs = ctx;
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        if (strcmp(pairs[i], name) == 0) {
            return pairs[i + 1];
        }
    }
    return NULL;
}

static void test_cloudevents_http_binary_mode_decodes_header_values(void **state)
{
    (void)state;
    const char *headers[] = {
        "ce-specversion", "1.0", "ce-id",        "%E5%AE%88-1%",     "ce-source", "/a%20b",
        "ce-type",        "t.u", "content-type", "application/json", NULL};
    struct arena arena;
    struct fault fault;
    struct cloudevent event;
    arena_init(&arena, 4096);
    assert_int_equal(cloudevent_read_http(header_of, headers, NULL, &arena, &fault, &event), 0);
    assert_true(str_is(event.id, "守-1%"));
    assert_true(str_is(event.source, "/a b"));
    headers[3] = "%E5%AE";
    assert_int_equal(cloudevent_read_http(header_of, headers, NULL, &arena, &fault, &event),
                     ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_BAD_UTF8);
    assert_int_equal(fault.at_byte, 0);
    assert_string_equal(fault.path, "/id");
    headers[3] = "a%00";
    assert_int_equal(cloudevent_read_http(header_of, headers, NULL, &arena, &fault, &event),
                     ERR_INVALID);
    assert_int_equal(fault.at_byte, 1);
    arena_fini(&arena);
}

static void test_cloudevents_kafka_headers_go_both_ways(void **state)
{
    (void)state;
    const struct cloudevent event = {
        .specversion = STR_LITERAL("1.0"),
        .id = STR_LITERAL("e-1"),
        .source = STR_LITERAL("app"),
        .type = STR_LITERAL("shouwang.incident.self_harm"),
        .time = STR_LITERAL("2026-11-24T00:00:00.000Z"),
        .subject = STR_LITERAL("p-1"),
        .partitionkey = STR_LITERAL("no-3"),
        .datacontenttype = STR_LITERAL("application/protobuf"),
    };
    struct cloudevent_header headers[CLOUDEVENT_HEADERS_MAX + 1];
    size_t count = cloudevent_write_kafka(&event, headers);
    assert_int_equal(count, 8);
    assert_string_equal(headers[0].name, "ce_specversion");
    assert_string_equal(headers[count - 1].name, "content-type");
    struct cloudevent again;
    struct fault fault;
    assert_int_equal(cloudevent_read_kafka(headers, count, &fault, &again), 0);
    assert_true(str_equal(again.type, event.type));
    assert_true(str_equal(again.partitionkey, event.partitionkey));
    assert_true(str_equal(again.datacontenttype, event.datacontenttype));
    assert_int_equal(cloudevent_read_kafka(headers, 3, &fault, &again), ERR_INVALID);
    assert_string_equal(fault.path, "/type");
    headers[count] = headers[1];
    assert_int_equal(cloudevent_read_kafka(headers, count + 1, &fault, &again), ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_GIVEN_TWICE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cloudevents_structured_mode_refuses_with_its_attribute),
        cmocka_unit_test(test_cloudevents_structured_mode_reads_all),
        cmocka_unit_test(test_cloudevents_mode_is_told_by_the_content_type),
        cmocka_unit_test(test_cloudevents_http_binary_mode_decodes_header_values),
        cmocka_unit_test(test_cloudevents_kafka_headers_go_both_ways),
    };
    return RUN_TESTS(argc, argv, tests);
}
