/* The bare limit of a stage: an empty transactional copy with librdkafka alone. Reads a topic, writes for each record the
 * given number of records of the given sizes, commits outputs and offsets in one transaction, until it has read as many
 * as it was told. No core, no state, no timers: what a stage of ours is compared with in the same run.
 *
 *     bench-copy --bootstrap HOST:PORT --in TOPIC --group NAME --count N [--batch 5000] --out TOPIC:PER-INPUT:BYTES ...
 *
 * PER-INPUT may be a fraction (0.5: one for every second record). Prints "copied N seconds S per_second R". */
#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OUTPUTS_MAX = 8, BYTES_MAX = 1 << 20, CALL_MS = 30000 };

struct output {
    char topic[250];
    double per_input;
    size_t bytes;
    double owed;
};

struct copy {
    const char *bootstrap;
    const char *in;
    const char *group;
    size_t count;
    size_t batch;
    struct output outputs[OUTPUTS_MAX];
    size_t output_count;
    rd_kafka_t *consumer;
    rd_kafka_t *producer;
    size_t copied;
};

static char filler[BYTES_MAX];

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench-copy: %s: %s\n", what, why);
    exit(1);
}

static void check(rd_kafka_error_t *error, const char *what)
{
    if (error != NULL) {
        die(what, rd_kafka_error_string(error));
    }
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
        die(name, why);
    }
}

static rd_kafka_t *open_client(struct copy *copy, rd_kafka_type_t type)
{
    char why[256];
    char id[128];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", copy->bootstrap);
    if (type == RD_KAFKA_CONSUMER) {
        set(conf, "group.id", copy->group);
        set(conf, "enable.auto.commit", "false");
        set(conf, "auto.offset.reset", "earliest");
        set(conf, "isolation.level", "read_committed");
        set(conf, "queued.min.messages", "1000000");
        set(conf, "fetch.wait.max.ms", "5");
    } else {
        snprintf(id, sizeof(id), "%s-copy", copy->group);
        set(conf, "transactional.id", id);
        set(conf, "retry.backoff.ms", "5");
        set(conf, "linger.ms", "0");
        set(conf, "queue.buffering.max.messages", "2000000");
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof(why));
    if (client == NULL) {
        die("rd_kafka_new", why);
    }
    return client;
}

static void write_outputs(struct copy *copy, const rd_kafka_message_t *message)
{
    for (size_t i = 0; i < copy->output_count; i++) {
        struct output *output = &copy->outputs[i];
        for (output->owed += output->per_input; output->owed >= 1; output->owed -= 1) {
            rd_kafka_resp_err_t error =
                rd_kafka_producev(copy->producer, RD_KAFKA_V_TOPIC(output->topic),
                                  RD_KAFKA_V_PARTITION(message->partition),
                                  RD_KAFKA_V_KEY(message->key, message->key_len),
                                  RD_KAFKA_V_VALUE(filler, output->bytes),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
            if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
                die(output->topic, rd_kafka_err2str(error));
            }
        }
    }
}

static void commit(struct copy *copy)
{
    rd_kafka_topic_partition_list_t *offsets = NULL;
    if (rd_kafka_assignment(copy->consumer, &offsets) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_position(copy->consumer, offsets) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("position", "no answer");
    }
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(copy->consumer);
    check(rd_kafka_send_offsets_to_transaction(copy->producer, offsets, group, CALL_MS), "offsets");
    check(rd_kafka_commit_transaction(copy->producer, CALL_MS), "commit");
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(offsets);
}

/* One transaction; answers how many records it took. */
static size_t copy_batch(struct copy *copy, rd_kafka_queue_t *queue, rd_kafka_message_t **messages)
{
    ssize_t got = rd_kafka_consume_batch_queue(queue, 20, messages, copy->batch);
    size_t taken = 0;
    if (got <= 0) {
        return 0;
    }
    check(rd_kafka_begin_transaction(copy->producer), "begin");
    for (ssize_t i = 0; i < got; i++) {
        if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            write_outputs(copy, messages[i]);
            taken++;
        }
        rd_kafka_message_destroy(messages[i]);
    }
    commit(copy);
    rd_kafka_poll(copy->producer, 0);
    return taken;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void parse_output(struct copy *copy, char *text)
{
    char *count = strchr(text, ':');
    char *bytes = count == NULL ? NULL : strchr(count + 1, ':');
    if (bytes == NULL || copy->output_count == OUTPUTS_MAX) {
        die(text, "wants TOPIC:PER-INPUT:BYTES");
    }
    struct output *output = &copy->outputs[copy->output_count++];
    snprintf(output->topic, sizeof(output->topic), "%.*s", (int)(count - text), text);
    output->per_input = strtod(count + 1, NULL);
    output->bytes = strtoul(bytes + 1, NULL, 10);
    if (output->bytes > BYTES_MAX) {
        die(text, "too large");
    }
}

static bool parse(struct copy *copy, int argc, char **argv)
{
    static const struct option options[] = {{"bootstrap", 1, NULL, 'b'}, {"in", 1, NULL, 'i'},
                                            {"group", 1, NULL, 'g'},     {"count", 1, NULL, 'n'},
                                            {"batch", 1, NULL, 't'},     {"out", 1, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'b':
            copy->bootstrap = optarg;
            break;
        case 'i':
            copy->in = optarg;
            break;
        case 'g':
            copy->group = optarg;
            break;
        case 'n':
            copy->count = strtoul(optarg, NULL, 10);
            break;
        case 't':
            copy->batch = strtoul(optarg, NULL, 10);
            break;
        case 'o':
            parse_output(copy, optarg);
            break;
        default:
            return false;
        }
    }
    return copy->bootstrap != NULL && copy->in != NULL && copy->group != NULL && copy->count > 0 &&
           copy->batch > 0;
}

int main(int argc, char **argv)
{
    struct copy copy = {.batch = 5000};
    if (!parse(&copy, argc, argv)) {
        fprintf(
            stderr,
            "usage: bench-copy --bootstrap HOST:PORT --in TOPIC --group NAME --count N [--batch N] "
            "--out TOPIC:PER-INPUT:BYTES ...\n");
        return 2;
    }
    copy.consumer = open_client(&copy, RD_KAFKA_CONSUMER);
    copy.producer = open_client(&copy, RD_KAFKA_PRODUCER);
    check(rd_kafka_init_transactions(copy.producer, CALL_MS), "init");
    rd_kafka_poll_set_consumer(copy.consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, copy.in, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(copy.consumer, topics) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die(copy.in, "cannot subscribe");
    }
    rd_kafka_topic_partition_list_destroy(topics);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(copy.consumer);
    rd_kafka_message_t **messages = calloc(copy.batch, sizeof(*messages));
    size_t first = 0;
    while (
        first ==
        0) { /* joining the group is not copying: the first batch is left out of count and time */
        first = copy_batch(&copy, queue, messages);
    }
    double start = seconds();
    while (copy.copied + first < copy.count) {
        copy.copied += copy_batch(&copy, queue, messages);
    }
    double took = seconds() - start;
    printf("copied %zu seconds %.3f per_second %.0f\n", copy.copied, took,
           (double)copy.copied / took);
    free(messages);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(copy.consumer);
    rd_kafka_destroy(copy.consumer);
    rd_kafka_destroy(copy.producer);
    return 0;
}
