/* The provider's JSON: what we say is what was meant, what it says is never trusted. */
#include "support/runner.h"

#include <string.h>

#include "wire/provider.h"

static void test_provider_message_is_json(void **state)
{
    (void)state;
    struct arena arena;
    struct str json;
    arena_init(&arena, 64 * 1024);
    struct provider_message message = {
        .notice_id = STR_LITERAL("00"),
        .ref = STR_LITERAL("r"),
        .channel = STR_LITERAL("sms"),
        .to = STR_LITERAL("1"),
        .text = STR_LITERAL("\"a\"\n守望"),
        .keys = STR_LITERAL("12"),
        .person = STR_LITERAL(""),
        .role = STR_LITERAL(""),
    };
    assert_int_equal(provider_encode(&message, &arena, &json), 0);
    static const char expected[] =
        "{\"notice_id\":\"00\",\"ref\":\"r\",\"channel\":\"sms\",\"to\":\"1\","
        "\"text\":\"\\\"a\\\"\\n守望\",\"keys\":\"12\",\"person\":\"\",\"role\":\"\"}";
    assert_int_equal(json.len, strlen(expected));
    assert_memory_equal(json.at, expected, json.len);
    message.text = STR_LITERAL("\xff");
    assert_int_equal(provider_encode(&message, &arena, &json), ERR_INVALID);
    arena_fini(&arena);
}

static void test_provider_reply_says_nothing_where_it_is_junk(void **state)
{
    (void)state;
    static const char *const junk[] = {"",
                                       "x",
                                       "[]",
                                       "7",
                                       "{\"message_id\":7,\"retry_after_ms\":\"x\"}",
                                       "{\"retry_after_ms\":-5}",
                                       "{\"message_id\":null}"};
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        struct provider_reply reply = provider_decode_reply(str_of(junk[i]), &arena);
        assert_int_equal(reply.message_id.len, 0);
        assert_int_equal(reply.retry_after_ms, -1);
    }
    struct provider_reply reply = provider_decode_reply(
        STR_LITERAL("{\"message_id\":\"m-1\",\"retry_after_ms\":1500}"), &arena);
    assert_true(str_is(reply.message_id, "m-1"));
    assert_int_equal(reply.retry_after_ms, 1500);
    arena_fini(&arena);
}

static void test_provider_callback_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *path; /* NULL: taken */
    } rows[] = {
        {"{\"ref\":\"r\",\"state\":\"reached\",\"digits\":\"1*#\",\"at\":5,\"message_id\":\"m\"}",
         NULL},
        {"{\"ref\":\"r\",\"at\":\"2026-11-24T08:00:00+08:00\",\"more\":{}}", NULL},
        {"{\"ref\":\"r\",\"digits\":null}", NULL},
        {"[]", ""},
        {"{\"ref\":\"r\"", ""},
        {"{}", "/ref"},
        {"{\"ref\":\"\"}", "/ref"},
        {"{\"ref\":7}", "/ref"},
        {"{\"ref\":\"r\",\"digits\":\"a\"}", "/digits"},
        {"{\"ref\":\"r\",\"digits\":\"123456789\"}", "/digits"},
        {"{\"ref\":\"r\",\"state\":[]}", "/state"},
        {"{\"ref\":\"r\",\"at\":\"yesterday\"}", "/at"},
    };
    struct arena arena;
    arena_init(&arena, 256 * 1024);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct provider_callback callback = {.at_ms = -1};
        struct fault fault = {.path = ""};
        int error = provider_decode_callback(str_of(rows[i].body), &arena, &fault, &callback);
        if (rows[i].path == NULL) {
            assert_int_equal(error, 0);
            assert_true(str_is(callback.ref, "r"));
        } else {
            assert_int_equal(error, ERR_INVALID);
            assert_string_equal(fault.path, rows[i].path);
        }
    }
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_provider_message_is_json),
        cmocka_unit_test(test_provider_reply_says_nothing_where_it_is_junk),
        cmocka_unit_test(test_provider_callback_is_checked),
    };
    return RUN_TESTS(argc, argv, tests);
}
