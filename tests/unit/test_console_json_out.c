#include "console/json_out.h"

#include <string.h>

#include "support/runner.h"

static void check(const struct buffer *buffer, const char *expected)
{
    struct str text = buffer_str(buffer);
    assert_false(buffer->overflowed);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
}

static void test_json_out_puts_commas_and_nests(void **state)
{
    (void)state;
    struct buffer buffer;
    struct json_out out;
    buffer_init(&buffer, 4096);
    json_out_init(&out, &buffer);
    json_out_object(&out, NULL);
    json_out_int(&out, "n", -5);
    json_out_array(&out, "list");
    json_out_bool(&out, NULL, true);
    json_out_object(&out, NULL);
    json_out_end_object(&out);
    json_out_text(&out, NULL, "守望");
    json_out_end_array(&out);
    json_out_text(&out, "none", NULL);
    json_out_end_object(&out);
    check(&buffer, "{\"n\":-5,\"list\":[true,{},\"守望\"],\"none\":\"\"}");
    buffer_fini(&buffer);
}

static void test_json_out_escapes_and_mends_bytes(void **state)
{
    (void)state;
    struct buffer buffer;
    struct json_out out;
    buffer_init(&buffer, 4096);
    json_out_init(&out, &buffer);
    json_out_str(&out, NULL, (struct str){"a\"\\\n</script>\xC0z\0", 16});
    check(&buffer, "\"a\\\"\\\\\\u000a\\u003c/script>\xEF\xBF\xBDz\xEF\xBF\xBD\"");
    buffer_fini(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_out_puts_commas_and_nests),
        cmocka_unit_test(test_json_out_escapes_and_mends_bytes),
    };
    return RUN_TESTS(argc, argv, tests);
}
