/* Questions of the live wire, as they are read and held against what their client may read. */
#include "relay/wish.h"

#include <stdlib.h>
#include <string.h>

#include "relay/asks.h"
#include "support/runner.h"

/* Three streams; the topic of the last does not exist yet. */
static const char *const names[] = {"alerts", "qh-police", "qh-hospital"};

size_t streams_count(const struct streams *streams)
{
    (void)streams;
    return 3;
}

struct str streams_name(const struct streams *streams, size_t stream)
{
    (void)streams;
    return str_of(names[stream]);
}

size_t streams_positions(const struct streams *streams, size_t stream, int64_t *ret_offsets)
{
    (void)streams;
    (void)ret_offsets;
    return stream < 2 ? 4 : 0;
}

static struct client police(void)
{
    return (struct client){
        .name = "qh-police", .prefixes = {"qh-police.", "alerts.qinghe."}, .prefix_count = 2};
}

static const char *ask(const char *const *texts, struct wish *ret_wish)
{
    struct str frames[8];
    struct client client = police();
    size_t count = 0;
    for (; texts[count] != NULL; count++) {
        frames[count] = str_of(texts[count]);
    }
    return wish_read(&client, NULL, frames, count, ret_wish);
}

#define ASK(...) ask((const char *const[]){__VA_ARGS__, NULL}, &wish)

static void test_relay_wish_is_cut_to_what_its_client_may_read(void **state)
{
    (void)state;
    struct wish wish;
    assert_null(ASK("RESUME", "7", "", "100", "alerts 0:5 3:9", "qh-police 1:2"));
    assert_int_equal(wish.prefix_count, 2);
    assert_int_equal(wish.stream_count, 2);
    assert_int_equal(wish.credit, 100);
    assert_int_equal(wish_stream(&wish, 0)->offsets[0], 5);
    assert_int_equal(wish_stream(&wish, 0)->offsets[1], -1);
    assert_int_equal(wish_stream(&wish, 0)->offsets[3], 9);
    assert_int_equal(wish_stream(&wish, 1)->offsets[1], 2);
    assert_null(wish_stream(&wish, 2));
    wish_fini(&wish);
    assert_null(ASK("SNAPSHOT", "8", "alerts.qinghe.one.", "1"));
    assert_int_equal(wish.stream_count, 1);
    wish_fini(&wish);
    assert_string_equal(ASK("SNAPSHOT", "9", "alerts.other.", "1"), "not_allowed");
    wish_fini(&wish);
    assert_string_equal(ASK("SNAPSHOT", "9", "qh-hospital.", "1"), "not_allowed");
    wish_fini(&wish);
}

static void refused(const char *const *texts)
{
    struct wish wish;
    assert_string_equal(ask(texts, &wish), "malformed");
    wish_fini(&wish);
}

#define REFUSED(...) refused((const char *const[]){__VA_ARGS__, NULL})

static void test_relay_wish_that_does_not_read_is_refused(void **state)
{
    (void)state;
    REFUSED("RESUME", "1", "");
    REFUSED("RESUME", "1", "", "0");
    REFUSED("RESUME", "1", "", "1001");
    REFUSED("RESUME", "1", "", "ten");
    REFUSED("SNAPSHOT", "1", "", "1", "alerts 0:1");
    REFUSED("RESUME", "1", "", "1", "");
    REFUSED("RESUME", "1", "", "1", "alerts 0");
    REFUSED("RESUME", "1", "", "1", "alerts 0:");
    REFUSED("RESUME", "1", "", "1", "alerts 0:-1");
    REFUSED("RESUME", "1", "", "1", "alerts 1024:1");
    REFUSED("RESUME", "1", "", "1", "alerts 0:9223372036854775808");
    REFUSED("RESUME", "12345678901234567890123456789012345678901234567890123456789012345", "", "1");
}

static void test_relay_wish_wants_what_lies_behind_its_position(void **state)
{
    (void)state;
    struct wish wish;
    const struct kafka_record record = {.partition = 3, .offset = 9, .value = STR_LITERAL("body")};
    struct parcel *inside =
        parcel_new(STR_LITERAL("alerts"), 0, STR_LITERAL("qinghe.one."), &record);
    struct parcel *outside =
        parcel_new(STR_LITERAL("alerts"), 0, STR_LITERAL("other.two."), &record);
    assert_null(ASK("RESUME", "7", "alerts.", "100", "alerts 3:9"));
    assert_true(wish_wants(&wish, inside));
    assert_false(wish_wants(&wish, outside));
    wish_fini(&wish);
    assert_null(ASK("RESUME", "7", "alerts.", "100", "alerts 3:10"));
    assert_false(wish_wants(&wish, inside));
    wish_fini(&wish);
    free(inside);
    free(outside);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_wish_is_cut_to_what_its_client_may_read),
        cmocka_unit_test(test_relay_wish_that_does_not_read_is_refused),
        cmocka_unit_test(test_relay_wish_wants_what_lies_behind_its_position),
    };
    return RUN_TESTS(argc, argv, tests);
}
