/* The torture's hands on Kafka; SW_BOOTSTRAP_SERVERS and SW_TOPIC_PREFIX as for a service.
 *
 *     create N          the topics with N partitions, and the groups' first offsets; on three brokers with
 *                       TORTURE_BROKERS=3
 *     check N           compares them with the table
 *     feed              lines "<signals|commands|directory> <unit> <text>" on stdin; prints "ok <n>" after each empty
 *                       line, once all n lines so far are acknowledged by Kafka
 *     journal           prints "<partition> <offset> <broker time> <unit> <text>" to the end seen now
 *     count TOPIC       prints how many records that topic holds
 *     squeeze           makes the changelog compact within a second or two
 *     drop TOPIC        deletes it, or every one with `all`
 *     forget            deletes the group and its offsets, which must have no members
 *     grow N            gives every topic N partitions
 *     hang N            opens a transaction in N partitions of the changelog, says "open", aborts it at the end of stdin */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/kafka.h"
#include "io/loop.h"
#include "support/loop_wait.h"

enum { BOUND_MS = 120000, LINE_MAX_BYTES = 4096 };

struct tool {
    struct config *config;
    struct loop *loop;
    struct kafka_producer *producer;
    unsigned answered;
    unsigned failed;
    int64_t count;
    bool is_printing;
};

static enum topic topic_of(const char *suffix)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        if (strcmp(topic_rows[topic].suffix, suffix) == 0) {
            return (enum topic)topic;
        }
    }
    sw_assert(false && "no such topic");
    return TOPIC_COUNT;
}

/* ---- topics */

static int make_topics(struct tool *tool, const char *count, bool is_check)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    struct topics_plan plan = {.partition_count = (int32_t)strtol(count, NULL, 10),
                               .is_single = getenv("TORTURE_BROKERS") == NULL,
                               .inputs = topic_group_inputs,
                               .input_count = topic_group_input_count};
    int error = is_check ? topics_check(tool->config, &plan, &text)
                         : topics_create(tool->config, &plan, &text);
    printf("%.*s", (int)text.len, text.bytes == NULL ? "" : text.bytes);
    buffer_fini(&text);
    return error == 0 ? 0 : 1;
}

static rd_kafka_t *open_raw(struct tool *tool, const char *transactional_id)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", config_text(tool->config, "bootstrap.servers"),
                      text, sizeof text);
    if (transactional_id != NULL) {
        rd_kafka_conf_set(conf, "transactional.id", transactional_id, text, sizeof text);
    }
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    sw_assert(handle != NULL);
    return handle;
}

/* The answer of an admin request must be there and good. */
static void must_answer(rd_kafka_t *handle, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, BOUND_MS);
    sw_assert(event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(handle);
}

static int squeeze(struct tool *tool)
{
    static const char *const settings[][2] = {{"cleanup.policy", "compact"},
                                              {"message.timestamp.type", "LogAppendTime"},
                                              {"segment.ms", "500"},
                                              {"min.cleanable.dirty.ratio", "0.001"},
                                              {"max.compaction.lag.ms", "500"},
                                              {NULL, NULL}};
    struct topic_name name = topic_name_of(config_text(tool->config, "topic.prefix"), TOPIC_CASES);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.text);
    for (size_t i = 0; settings[i][0] != NULL; i++) {
        rd_kafka_ConfigResource_set_config(resource, settings[i][0], settings[i][1]);
    }
    rd_kafka_t *handle = open_raw(tool, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_AlterConfigs(handle, &resource, 1, NULL, queue);
    rd_kafka_ConfigResource_destroy(resource);
    must_answer(handle, queue);
    return 0;
}

static int forget(struct tool *tool)
{
    char group[256];
    (void)snprintf(group, sizeof group, "%s-escalator", config_text(tool->config, "topic.prefix"));
    rd_kafka_t *handle = open_raw(tool, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteGroup_t *wish = rd_kafka_DeleteGroup_new(group);
    rd_kafka_DeleteGroups(handle, &wish, 1, NULL, queue);
    rd_kafka_DeleteGroup_destroy(wish);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, BOUND_MS);
    sw_assert(event != NULL);
    size_t count;
    const rd_kafka_group_result_t **results =
        rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count);
    int code = count == 1 && rd_kafka_group_result_error(results[0]) == NULL ? 0 : 1;
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(handle);
    return code;
}

static int grow(struct tool *tool, const char *count)
{
    char text[256];
    rd_kafka_NewPartitions_t *wishes[TOPIC_COUNT];
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        struct topic_name name =
            topic_name_of(config_text(tool->config, "topic.prefix"), (enum topic)topic);
        wishes[topic] =
            rd_kafka_NewPartitions_new(name.text, strtoul(count, NULL, 10), text, sizeof text);
    }
    rd_kafka_t *handle = open_raw(tool, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_CreatePartitions(handle, wishes, TOPIC_COUNT, NULL, queue);
    rd_kafka_NewPartitions_destroy_array(wishes, TOPIC_COUNT);
    must_answer(handle, queue);
    return 0;
}

static int drop(struct tool *tool, const char *suffix)
{
    const char *prefix = config_text(tool->config, "topic.prefix");
    rd_kafka_DeleteTopic_t *wishes[TOPIC_COUNT];
    size_t count = 0;
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        if (strcmp(suffix, "all") == 0 || strcmp(suffix, topic_rows[topic].suffix) == 0) {
            wishes[count++] =
                rd_kafka_DeleteTopic_new(topic_name_of(prefix, (enum topic)topic).text);
        }
    }
    rd_kafka_t *handle = open_raw(tool, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteTopics(handle, wishes, count, NULL, queue);
    rd_kafka_DeleteTopic_destroy_array(wishes, count);
    must_answer(handle, queue);
    return 0;
}

static void must(rd_kafka_error_t *error)
{
    if (error != NULL) {
        fprintf(stderr, "torture_tool: %s\n", rd_kafka_error_string(error));
        exit(1);
    }
}

static int hang(struct tool *tool, const char *count)
{
    rd_kafka_t *handle = open_raw(tool, "torture-foreign");
    struct topic_name name = topic_name_of(config_text(tool->config, "topic.prefix"), TOPIC_CASES);
    must(rd_kafka_init_transactions(handle, BOUND_MS));
    must(rd_kafka_begin_transaction(handle));
    for (int32_t index = 0; index < strtol(count, NULL, 10); index++) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            handle, RD_KAFKA_V_TOPIC(name.text), RD_KAFKA_V_PARTITION(index),
            RD_KAFKA_V_KEY("foreign", 7), RD_KAFKA_V_VALUE("foreign", 7), RD_KAFKA_V_END);
        sw_assert(error == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    rd_kafka_resp_err_t error = rd_kafka_flush(handle, BOUND_MS);
    sw_assert(error == RD_KAFKA_RESP_ERR_NO_ERROR);
    puts("open");
    fflush(stdout);
    (void)getchar();
    must(rd_kafka_abort_transaction(handle, BOUND_MS));
    rd_kafka_destroy(handle);
    return 0;
}

/* ---- feed */

static void answered(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct tool *tool = ctx;
    (void)partition;
    (void)offset;
    tool->answered++;
    tool->failed += error != 0;
}

static bool is_up(void *ctx)
{
    struct tool *tool = ctx;
    return kafka_producer_is_up(tool->producer);
}

static int feed(struct tool *tool)
{
    char line[LINE_MAX_BYTES];
    unsigned count = 0;
    int error = kafka_producer_new(tool->loop, tool->config, BOUND_MS, &tool->producer);
    sw_assert(error == 0);
    if (!loop_wait(tool->loop, is_up, tool, BOUND_MS)) {
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *unit = strchr(line, ' ');
        if (unit == NULL) {
            if (!loop_wait_count(tool->loop, &tool->answered, count, BOUND_MS)) {
                return 1;
            }
            printf("ok %u\n", count - tool->failed);
            fflush(stdout);
            continue;
        }
        *unit++ = '\0';
        char *text = strchr(unit, ' ');
        sw_assert(text != NULL);
        *text++ = '\0';
        struct kafka_output output = {
            .topic = topic_of(line), .unit = str_of(unit), .value = str_of(text)};
        error = kafka_produce(tool->producer, &output, answered, tool);
        sw_assert(error == 0);
        count++;
    }
    kafka_producer_free(tool->producer);
    return tool->failed == 0 ? 0 : 1;
}

/* ---- read */

static void take(void *ctx, const struct kafka_record *record)
{
    struct tool *tool = ctx;
    tool->count++;
    if (tool->is_printing) {
        sw_assert(str_is(kafka_header_get(record, "ce_type"), "shouwang.torture"));
        printf("%" PRId32 " %" PRId64 " %" PRId64 " %.*s %.*s\n", record->partition, record->offset,
               record->time_ms, (int)record->key.len, record->key.at, (int)record->value.len,
               record->value.at);
    }
}

static bool is_read(void *ctx)
{
    return kafka_reader_is_caught_up(ctx);
}

static int read_all(struct tool *tool, const char *suffix, bool is_printing)
{
    static const struct kafka_reader_calls calls = {.record = take};
    struct kafka_source source = {.topic = topic_of(suffix), .from = KAFKA_FROM_BEGINNING};
    struct kafka_reader *reader;
    tool->is_printing = is_printing;
    int error = kafka_reader_new(tool->loop, tool->config, &source, 1, &reader);
    sw_assert(error == 0);
    kafka_reader_set_calls(reader, &calls, tool);
    bool has_ended = loop_wait(tool->loop, is_read, reader, BOUND_MS);
    kafka_reader_free(reader);
    if (!is_printing) {
        printf("%" PRId64 "\n", tool->count);
    }
    return has_ended ? 0 : 1;
}

static int run(struct tool *tool, int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "create") == 0) {
        return make_topics(tool, argv[2], false);
    }
    if (argc == 3 && strcmp(argv[1], "check") == 0) {
        return make_topics(tool, argv[2], true);
    }
    if (argc == 3 && strcmp(argv[1], "hang") == 0) {
        return hang(tool, argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "drop") == 0) {
        return drop(tool, argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "grow") == 0) {
        return grow(tool, argv[2]);
    }
    if (argc == 2 && strcmp(argv[1], "forget") == 0) {
        return forget(tool);
    }
    if (argc == 3 && strcmp(argv[1], "count") == 0) {
        return read_all(tool, argv[2], false);
    }
    if (argc == 2 && strcmp(argv[1], "journal") == 0) {
        return read_all(tool, "journal", true);
    }
    if (argc == 2 && strcmp(argv[1], "squeeze") == 0) {
        return squeeze(tool);
    }
    if (argc == 2 && strcmp(argv[1], "feed") == 0) {
        return feed(tool);
    }
    fprintf(stderr, "torture_tool: see the head of torture_tool.c\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct config_table table = {.program = "torture-tool",
                                              .summary = "See the source."};
    struct tool tool = {0};
    char *no_arguments[] = {argv[0], NULL};
    if (config_load(&table, 1, no_arguments, &tool.config) != CONFIG_RUN ||
        loop_new(&tool.loop) != 0) {
        return 2;
    }
    int code = run(&tool, argc, argv);
    loop_free(tool.loop);
    config_free(tool.config);
    return code;
}
