#include "support/runner.h"

#include <string.h>

#include "io/address.h"
#include "io/buffer.h"

static void assert_reads(const char *text, const char *host, unsigned port, bool is_unix)
{
    struct address address;
    char again[ADDRESS_HOST_MAX + 16];
    assert_int_equal(address_parse(str_of(text), &address), 0);
    assert_string_equal(address.host, host);
    assert_int_equal(address.port, port);
    assert_int_equal(address.is_unix, is_unix);
    address_format(&address, again, sizeof(again));
    assert_string_equal(again, text);
}

static void test_address_reads_and_writes(void **state)
{
    (void)state;
    assert_reads("127.0.0.1:8080", "127.0.0.1", 8080, false);
    assert_reads("[::1]:0", "::1", 0, false);
    assert_reads("redis.local:6379", "redis.local", 6379, false);
    assert_reads(":65535", "", 65535, false);
    assert_reads("unix:/run/redis.sock", "/run/redis.sock", 0, true);
}

static void test_address_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        "host",    "host:",   "host:x", "host:65536",
                                      "::1:80",  "host:-1", "a b:1",   "unix:",  "a/b:1",
                                      "host:1 ", "\xe5:80", "host: 1", "[::1]80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct address address = {.port = 7};
        assert_int_equal(address_parse(str_of(bad[i]), &address), ERR_INVALID);
        assert_int_equal(address.port, 7);
    }
    char path[300];
    memset(path, 'p', sizeof(path));
    memcpy(path, "unix:", 5);
    struct address address;
    assert_int_equal(address_parse((struct str){path, sizeof(path)}, &address), ERR_INVALID);
}

static void test_buffer_takes_all_or_nothing(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    buffer_add_text(&buffer, "12345");
    buffer_format(&buffer, "%d", 678901);
    assert_true(buffer.overflowed);
    assert_string_equal(buffer.bytes, "12345");
    buffer_format(&buffer, "%d", 67890);
    assert_string_equal(buffer.bytes, "1234567890");
    assert_true(buffer.overflowed); /* it stays known that something is missing */
    buffer_clear(&buffer);
    assert_false(buffer.overflowed);
    assert_int_equal(buffer_str(&buffer).len, 0);
    buffer_fini(&buffer);
    buffer_fini(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_reads_and_writes),
        cmocka_unit_test(test_address_refuses_what_is_none),
        cmocka_unit_test(test_buffer_takes_all_or_nothing),
    };
    return RUN_TESTS(argc, argv, tests);
}
