/* The plain producer, the reader without a group, and the table of topics, against the real broker of
 * SW_TEST_BOOTSTRAP. Each case has a topic prefix of its own. */
#include "support/runner.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/kafka.h"
#include "support/loop_wait.h"

enum { BOUND_MS = 30000, PARTITIONS = 4, RECORDS = 2000 };

struct world {
    char prefix[64];
    struct config *config;
    struct loop *loop;
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    unsigned answered;
    unsigned failed;
    unsigned received;
    unsigned disorder;
    unsigned caught_up;
    unsigned gaps;
    int64_t gap_from;
    int64_t gap_to;
    int64_t last[PARTITIONS];
    char last_value[64];
    char last_type[64];
    bool last_is_none;
};

static struct config *make_config(const char *bootstrap, const char *prefix)
{
    static const struct config_table table = {.program = "test", .summary = "A test."};
    char servers[256];
    char topics[128];
    (void)snprintf(servers, sizeof servers, "bootstrap.servers=%s", bootstrap);
    (void)snprintf(topics, sizeof topics, "topic.prefix=%s", prefix);
    const char *settings[] = {servers, topics, "profile=fast", NULL};
    struct buffer errors;
    buffer_init(&errors, 4096);
    struct config *config = NULL;
    assert_int_equal(config_parse(&table, NULL, KAFKA_NONE, settings, &errors, &config), 0);
    buffer_fini(&errors);
    return config;
}

static struct topics_plan plan_of(int32_t partition_count)
{
    return (struct topics_plan){.partition_count = partition_count,
                                .is_single = true,
                                .inputs = topic_group_inputs,
                                .input_count = topic_group_input_count};
}

static int create(const struct world *world, int32_t partition_count, struct buffer *text)
{
    struct topics_plan plan = plan_of(partition_count);
    buffer_clear(text);
    return topics_create(world->config, &plan, text);
}

static int open_world(void **state)
{
    static int serial;
    const char *bootstrap = getenv("SW_TEST_BOOTSTRAP");
    assert_non_null(bootstrap); /* tests/run service starts a broker */
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    (void)snprintf(world->prefix, sizeof world->prefix, "tk%d-%d", (int)getpid(), serial++);
    world->config = make_config(bootstrap, world->prefix);
    assert_int_equal(loop_new(&world->loop), 0);
    *state = world;
    return 0;
}

static int open_with_topics(void **state)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    (void)open_world(state);
    assert_int_equal(create(*state, PARTITIONS, &text), 0);
    buffer_fini(&text);
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    kafka_reader_free(world->reader);
    kafka_producer_free(world->producer);
    loop_free(world->loop);
    config_free(world->config);
    free(world);
    return 0;
}

/* ---- helpers */

static void answered(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct world *world = ctx;
    assert_true(error != 0 || (partition >= 0 && offset >= 0));
    world->answered++;
    world->failed += error != 0;
}

static bool is_up(void *ctx)
{
    struct world *world = ctx;
    return kafka_producer_is_up(world->producer);
}

static void open_producer(struct world *world)
{
    assert_int_equal(kafka_producer_new(world->loop, world->config, 10000, &world->producer), 0);
    assert_true(loop_wait(world->loop, is_up, world, BOUND_MS));
}

static void produce(struct world *world, enum topic topic, struct str unit, struct str key,
                    struct str value)
{
    const struct kafka_header header = {STR_LITERAL("ce_type"), STR_LITERAL("shouwang.test")};
    const struct kafka_output output = {.topic = topic,
                                        .unit = unit,
                                        .key = key,
                                        .value = value,
                                        .headers = &header,
                                        .header_count = 1};
    assert_int_equal(kafka_produce(world->producer, &output, answered, world), 0);
}

static void produce_numbers(struct world *world, enum topic topic, unsigned count)
{
    unsigned before = world->answered;
    for (unsigned i = 0; i < count; i++) {
        char unit[24];
        char value[24];
        int unit_len = snprintf(unit, sizeof unit, "school-%u", i % 50);
        int value_len = snprintf(value, sizeof value, "%u", i);
        produce(world, topic, (struct str){unit, (size_t)unit_len}, KAFKA_NONE,
                (struct str){value, (size_t)value_len});
    }
    assert_true(loop_wait_count(world->loop, &world->answered, before + count, BOUND_MS));
    assert_int_equal(world->failed, 0);
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    world->received++;
    world->disorder += record->offset <= world->last[record->partition];
    world->last[record->partition] = record->offset;
    assert_int_equal(record->partition,
                     topic_partition_of(topic_unit_of_key(record->key), PARTITIONS));
    assert_true(record->time_ms > 0);
    world->last_is_none = record->value.at == NULL;
    (void)snprintf(world->last_value, sizeof world->last_value, "%.*s", (int)record->value.len,
                   record->value.at == NULL ? "" : record->value.at);
    struct str type = kafka_header_get(record, "ce_type");
    (void)snprintf(world->last_type, sizeof world->last_type, "%.*s", (int)type.len, type.at);
}

static void caught_up(void *ctx)
{
    struct world *world = ctx;
    world->caught_up++;
}

static void note_gap(void *ctx, enum topic topic, int32_t partition, int64_t from, int64_t to)
{
    struct world *world = ctx;
    assert_int_equal(topic, TOPIC_SIGNALS);
    assert_int_equal(partition, 1);
    world->gaps++;
    world->gap_from = from;
    world->gap_to = to;
}

static void open_reader(struct world *world, const struct kafka_source *source)
{
    static const struct kafka_reader_calls calls = {
        .record = take, .caught_up = caught_up, .gap = note_gap};
    for (int i = 0; i < PARTITIONS; i++) {
        world->last[i] = -1;
    }
    assert_int_equal(kafka_reader_new(world->loop, world->config, source, 1, &world->reader), 0);
    kafka_reader_set_calls(world->reader, &calls, world);
}

/* ---- cases */

static void test_kafka_what_is_produced_is_read_in_order(void **state)
{
    struct world *world = *state;
    open_producer(world);
    produce_numbers(world, TOPIC_SIGNALS, RECORDS);
    assert_int_equal(kafka_producer_pending(world->producer), 0);
    open_reader(world,
                &(struct kafka_source){.topic = TOPIC_SIGNALS, .from = KAFKA_FROM_BEGINNING});
    assert_true(loop_wait_count(world->loop, &world->caught_up, 1, BOUND_MS));
    assert_int_equal(world->received, RECORDS);
    assert_int_equal(world->disorder, 0);
    assert_string_equal(world->last_type, "shouwang.test");
    assert_int_equal(kafka_reader_lag(world->reader), 0);
    produce_numbers(world, TOPIC_SIGNALS, 100);
    assert_true(loop_wait_count(world->loop, &world->received, RECORDS + 100, BOUND_MS));
    assert_int_equal(world->caught_up, 1);
}

static void test_kafka_reader_begins_where_it_is_told(void **state)
{
    struct world *world = *state;
    open_producer(world);
    produce_numbers(world, TOPIC_SIGNALS, 400);
    int64_t offsets[PARTITIONS] = {3, -1, 5, 7};
    open_reader(world, &(struct kafka_source){.topic = TOPIC_SIGNALS,
                                              .from = KAFKA_FROM_OFFSETS,
                                              .offsets = offsets,
                                              .offset_count = PARTITIONS});
    assert_true(loop_wait_count(world->loop, &world->caught_up, 1, BOUND_MS));
    assert_int_equal(world->received, 400 - 3 - 5 - 7);
    kafka_reader_free(world->reader);
    world->received = 0;
    open_reader(world, &(struct kafka_source){.topic = TOPIC_SIGNALS, .from = KAFKA_FROM_END});
    assert_true(loop_wait_count(world->loop, &world->caught_up, 2, BOUND_MS));
    assert_int_equal(world->received, 0);
}

/* As retention does: the records of partition 1 before the offset are deleted. */
static void delete_records(const struct world *world, int64_t before)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", getenv("SW_TEST_BOOTSTRAP"), text,
                                       sizeof text),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(handle);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    struct topic_name name = topic_name_of(world->prefix, TOPIC_SIGNALS);
    rd_kafka_topic_partition_list_add(list, name.text, 1)->offset = before;
    rd_kafka_DeleteRecords_t *wish = rd_kafka_DeleteRecords_new(list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteRecords(handle, &wish, 1, NULL, queue);
    rd_kafka_DeleteRecords_destroy(wish);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, BOUND_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(handle);
}

static void test_kafka_reader_tells_of_a_gap(void **state)
{
    struct world *world = *state;
    open_producer(world);
    produce_numbers(world, TOPIC_SIGNALS, 400);
    delete_records(world, 20);
    int64_t offsets[PARTITIONS] = {0, 5, 0, 0};
    open_reader(world, &(struct kafka_source){.topic = TOPIC_SIGNALS,
                                              .from = KAFKA_FROM_OFFSETS,
                                              .offsets = offsets,
                                              .offset_count = PARTITIONS});
    assert_true(loop_wait_count(world->loop, &world->caught_up, 1, BOUND_MS));
    assert_int_equal(world->gaps, 1);
    assert_int_equal(world->gap_from, 5);
    assert_int_equal(world->gap_to, 20);
    assert_int_equal(world->received, 400 - 20);
    assert_int_equal(world->disorder, 0);
}

static void test_kafka_reader_pauses(void **state)
{
    struct world *world = *state;
    open_producer(world);
    open_reader(world,
                &(struct kafka_source){.topic = TOPIC_SIGNALS, .from = KAFKA_FROM_BEGINNING});
    assert_true(loop_wait_count(world->loop, &world->caught_up, 1, BOUND_MS));
    kafka_reader_pause(world->reader, true);
    produce_numbers(world, TOPIC_SIGNALS, 100);
    loop_turn_for(world->loop, 300);
    assert_int_equal(world->received, 0);
    kafka_reader_pause(world->reader, false);
    assert_true(loop_wait_count(world->loop, &world->received, 100, BOUND_MS));
}

static void test_kafka_none_and_empty_survive(void **state)
{
    struct world *world = *state;
    open_producer(world);
    open_reader(world,
                &(struct kafka_source){.topic = TOPIC_DIRECTORY, .from = KAFKA_FROM_BEGINNING});
    produce(world, TOPIC_DIRECTORY, STR_LITERAL("school-1"), STR_LITERAL("school-1/unit"),
            KAFKA_NONE);
    assert_true(loop_wait_count(world->loop, &world->received, 1, BOUND_MS));
    assert_true(world->last_is_none);
    produce(world, TOPIC_DIRECTORY, STR_LITERAL("school-1"), STR_LITERAL("school-1/unit"),
            STR_LITERAL(""));
    assert_true(loop_wait_count(world->loop, &world->received, 2, BOUND_MS));
    assert_false(world->last_is_none);
}

static void test_kafka_too_large_is_refused(void **state)
{
    struct world *world = *state;
    static const char big[KAFKA_VALUE_MAX + 1];
    open_producer(world);
    struct kafka_output output = {
        .topic = TOPIC_SIGNALS, .unit = STR_LITERAL("u"), .value = {big, sizeof big}};
    assert_int_equal(kafka_produce(world->producer, &output, answered, world), ERR_TOO_LARGE);
    output.value.len--;
    assert_int_equal(kafka_produce(world->producer, &output, answered, world), 0);
    assert_true(loop_wait_count(world->loop, &world->answered, 1, BOUND_MS));
    assert_int_equal(world->failed, 0);
}

static void test_kafka_without_a_broker_is_not_up(void **state)
{
    struct world *world = *state;
    struct config *config = make_config("127.0.0.1:1", world->prefix);
    assert_int_equal(kafka_producer_new(world->loop, config, 1000, &world->producer), 0);
    loop_turn_for(world->loop, 500);
    assert_false(kafka_producer_is_up(world->producer));
    struct kafka_output output = {
        .topic = TOPIC_SIGNALS, .unit = STR_LITERAL("u"), .value = STR_LITERAL("x")};
    assert_int_equal(kafka_produce(world->producer, &output, answered, world), ERR_UNAVAILABLE);
    kafka_producer_free(world->producer);
    world->producer = NULL;
    config_free(config);
}

static void test_topics_create_twice_changes_nothing(void **state)
{
    struct world *world = *state;
    struct buffer text;
    buffer_init(&text, 1 << 16);
    struct topics_plan plan = plan_of(PARTITIONS);
    assert_int_equal(topics_check(world->config, &plan, &text), ERR_CONFLICT);
    assert_non_null(memmem(text.bytes, text.len, "missing", 7));
    assert_int_equal(create(world, PARTITIONS, &text), 0);
    assert_non_null(memmem(text.bytes, text.len, "first offsets of", 16));
    assert_int_equal(create(world, PARTITIONS, &text), 0);
    assert_int_equal(text.len, 0);
    assert_int_equal(topics_check(world->config, &plan, &text), 0);
    assert_int_equal(text.len, 0);
    assert_int_equal(create(world, 2 * PARTITIONS, &text), ERR_CONFLICT);
    plan.partition_count = 2 * PARTITIONS;
    buffer_clear(&text);
    assert_int_equal(topics_check(world->config, &plan, &text), ERR_CONFLICT);
    assert_non_null(memmem(text.bytes, text.len, "number of partitions is 4, should be 8", 38));
    buffer_fini(&text);
}

static int refusals; /* answers about topics that are to be spoiled */

rd_kafka_resp_err_t __real_rd_kafka_topic_result_error(const rd_kafka_topic_result_t *result);
rd_kafka_resp_err_t __wrap_rd_kafka_topic_result_error(const rd_kafka_topic_result_t *result);

rd_kafka_resp_err_t __wrap_rd_kafka_topic_result_error(const rd_kafka_topic_result_t *result)
{
    return refusals > 0 && refusals-- > 0 ? RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR
                                          : __real_rd_kafka_topic_result_error(result);
}

/* As a broker answers that has just started. */
static void test_topics_create_asks_again(void **state)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    refusals = 2;
    assert_int_equal(create(*state, PARTITIONS, &text), 0);
    assert_int_equal(refusals, 0);
    buffer_fini(&text);
}

static void test_kafka_property_that_is_unknown_is_refused(void **state)
{
    struct world *world = *state;
    static const struct config_table table = {.program = "test", .summary = "A test."};
    const char *settings[] = {"kafka.no.such.property=1", NULL};
    struct buffer errors;
    buffer_init(&errors, 4096);
    struct config *config = NULL;
    assert_int_equal(config_parse(&table, NULL, KAFKA_NONE, settings, &errors, &config), 0);
    assert_int_equal(kafka_producer_new(world->loop, config, 1000, &world->producer), ERR_INVALID);
    assert_null(world->producer);
    config_free(config);
    buffer_fini(&errors);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kafka_what_is_produced_is_read_in_order,
                                        open_with_topics, close_world),
        cmocka_unit_test_setup_teardown(test_kafka_reader_begins_where_it_is_told, open_with_topics,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_kafka_reader_tells_of_a_gap, open_with_topics,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_kafka_reader_pauses, open_with_topics, close_world),
        cmocka_unit_test_setup_teardown(test_kafka_none_and_empty_survive, open_with_topics,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_kafka_too_large_is_refused, open_with_topics,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_kafka_without_a_broker_is_not_up, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_topics_create_asks_again, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_topics_create_twice_changes_nothing, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(test_kafka_property_that_is_unknown_is_refused, open_world,
                                        close_world),
    };
    return RUN_TESTS(argc, argv, tests);
}
