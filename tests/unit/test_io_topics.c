/* Names and placement of topics. */
#include "support/runner.h"

#include <string.h>

#include "io/topics.h"

static void test_topics_have_prefix_and_version(void **state)
{
    (void)state;
    assert_string_equal(topic_name_of("sw", TOPIC_EVENTS_INCIDENT).text, "sw.events.incident.v1");
    assert_string_equal(topic_name_of_feed("sw", STR_LITERAL("police")).text, "sw.feed.police.v1");
}

static void test_topics_are_parsed_back(void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        struct topic_name name = topic_name_of("a.b", (enum topic)topic);
        enum topic parsed = TOPIC_COUNT;
        assert_true(topic_parse("a.b", str_of(name.text), &parsed));
        assert_int_equal(parsed, topic);
    }
    enum topic untouched = TOPIC_KEYS;
    assert_false(topic_parse("sw", STR_LITERAL("a.b.keys.v1"), &untouched));
    assert_false(topic_parse("sw", STR_LITERAL("sw.keys.v2"), &untouched));
    assert_int_equal(untouched, TOPIC_KEYS);
}

/* The hashes are those of Apache Kafka's own test of murmur2 (Utils), made positive and taken modulo. */
static void test_topics_place_as_java_does(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } known[] = {{"21", -973932308},
                 {"foobar", -790332482},
                 {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829},
                 {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                 {"abc", 479470107}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(topic_partition_of(str_of(known[i].key), 16),
                         (known[i].hash & INT32_MAX) % 16);
    }
}

static void test_topics_unit_begins_the_key(void **state)
{
    (void)state;
    assert_true(str_is(topic_unit_of_key(STR_LITERAL("school-1/case/00")), "school-1"));
    assert_true(str_is(topic_unit_of_key(STR_LITERAL("school-1")), "school-1"));
    assert_int_equal(topic_unit_of_key((struct str){NULL, 0}).len, 0);
}

/* A changelog is a table; what a group commits offsets of is a stream; a service's inputs stand in one piece. */
static void test_topics_groups_commit_streams_only(void **state)
{
    (void)state;
    assert_int_equal(topic_rows[TOPIC_CASES].kind, TOPIC_TABLE);
    size_t changes = 0;
    for (size_t i = 0; i < topic_group_input_count; i++) {
        assert_int_equal(topic_rows[topic_group_inputs[i].topic].kind, TOPIC_STREAM);
        changes +=
            i > 0 && strcmp(topic_group_inputs[i - 1].service, topic_group_inputs[i].service) != 0;
    }
    assert_int_equal(changes, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topics_have_prefix_and_version),
        cmocka_unit_test(test_topics_are_parsed_back),
        cmocka_unit_test(test_topics_place_as_java_does),
        cmocka_unit_test(test_topics_unit_begins_the_key),
        cmocka_unit_test(test_topics_groups_commit_streams_only),
    };
    return RUN_TESTS(argc, argv, tests);
}
