/* A transactional producer that waits. No delivery reports are asked for: a record that was not delivered fails the
 * commit of its transaction, and with it the whole batch. */
#include "io/kafka_bulk.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "io/kafka_conf.h"
#include "io/log.h"
#include "io/loop.h"

enum { SLICE_MS = 1000, OPEN_MAX_MS = 5000, POLL_MS = 50 };

struct kafka_bulk {
    const char *prefix;
    rd_kafka_t *handle;
    int64_t timeout_ms;
    int32_t partition_count;
    bool is_open; /* a transaction */
    bool is_failed;
    int64_t begun_ms;
    size_t records;
    size_t bytes;
};

/* Takes the error. True: to be called again. */
static bool judge(rd_kafka_error_t *error, int64_t until_ms, int *ret_error)
{
    *ret_error = 0;
    if (error == NULL) {
        return false;
    }
    bool is_again = rd_kafka_error_is_retriable(error) && loop_monotonic_ms() < until_ms;
    *ret_error = kafka_error_of(rd_kafka_error_code(error));
    if (!is_again) {
        log_warn("kafka_bulk", log_code("error", rd_kafka_error_name(error)),
                 log_library("why", rd_kafka_error_string(error)));
    }
    rd_kafka_error_destroy(error);
    return is_again;
}

/* Drops the open transaction; nothing of it is ever seen. */
static int fail(struct kafka_bulk *bulk, int error)
{
    int ignored = 0;
    int64_t until_ms = loop_monotonic_ms() + bulk->timeout_ms;
    while (bulk->is_open &&
           judge(rd_kafka_abort_transaction(bulk->handle, SLICE_MS), until_ms, &ignored)) {
    }
    bulk->is_open = false;
    bulk->is_failed = true;
    return error;
}

static int learn_partitions(struct kafka_bulk *bulk)
{
    struct topic_name name = topic_name_of(bulk->prefix, TOPIC_DIRECTORY);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(bulk->handle, name.text, NULL);
    const struct rd_kafka_metadata *metadata;
    if (topic == NULL) {
        return ERR_INVALID;
    }
    int error =
        kafka_error_of(rd_kafka_metadata(bulk->handle, 0, topic, &metadata, (int)bulk->timeout_ms));
    if (error == 0) {
        bool is_there =
            metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        bulk->partition_count = is_there ? metadata->topics[0].partition_cnt : 0;
        error = bulk->partition_count > 0 ? 0 : ERR_NOT_FOUND;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    return error;
}

static int open_handle(struct kafka_bulk *bulk, const struct config *config)
{
    char id[TOPIC_PREFIX_MAX + 16];
    (void)snprintf(id, sizeof(id), "%s-swctl", bulk->prefix);
    const struct kafka_property defaults[] = {
        {"linger.ms", "5"}, {"compression.type", "lz4"}, {"retry.backoff.ms", "20"}, {NULL, NULL}};
    const struct kafka_property musts[] = {{"transactional.id", id},
                                           {"acks", "all"},
                                           {"transaction.timeout.ms", "30000"},
                                           {"message.timeout.ms", "30000"},
                                           {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(config, defaults, musts, &conf);
    return error != 0 ? error : kafka_handle_new(RD_KAFKA_PRODUCER, conf, &bulk->handle);
}

int kafka_bulk_new(const struct config *config, int64_t timeout_ms, struct kafka_bulk **ret_bulk)
{
    sw_assert(timeout_ms > 0 && timeout_ms <= INT32_MAX);
    struct kafka_bulk *bulk = heap_alloc(sizeof(*bulk));
    if (bulk == NULL) {
        return ERR_MEMORY;
    }
    *bulk = (struct kafka_bulk){.prefix = config_text(config, "topic.prefix"),
                                .timeout_ms = timeout_ms};
    int error = open_handle(bulk, config);
    if (error == 0) {
        error = learn_partitions(bulk); /* first: it tells no broker from no topics */
    }
    if (error == 0) {
        int64_t until_ms = loop_monotonic_ms() + timeout_ms;
        while (judge(rd_kafka_init_transactions(bulk->handle, SLICE_MS), until_ms, &error)) {
        }
    }
    if (error != 0) {
        kafka_bulk_free(bulk);
        return error;
    }
    *ret_bulk = bulk;
    return 0;
}

void kafka_bulk_free(struct kafka_bulk *bulk)
{
    if (bulk == NULL) {
        return;
    }
    if (bulk->handle != NULL) {
        (void)fail(bulk, 0);
        rd_kafka_destroy(bulk->handle);
    }
    heap_free(bulk);
}

int kafka_bulk_commit(struct kafka_bulk *bulk)
{
    sw_assert(!bulk->is_failed);
    if (!bulk->is_open) {
        return 0;
    }
    int error = 0;
    int64_t until_ms = loop_monotonic_ms() + bulk->timeout_ms;
    while (judge(rd_kafka_commit_transaction(bulk->handle, SLICE_MS), until_ms, &error)) {
    }
    if (error != 0) {
        return fail(bulk, error);
    }
    bulk->is_open = false;
    return 0;
}

/* Makes room for a record: ends a full batch, begins one when there is none. */
static int begin(struct kafka_bulk *bulk)
{
    sw_assert(!bulk->is_failed);
    bool is_full =
        bulk->is_open && (bulk->records >= KAFKA_BULK_RECORDS || bulk->bytes >= KAFKA_BULK_BYTES ||
                          loop_monotonic_ms() - bulk->begun_ms >= OPEN_MAX_MS);
    int error = is_full ? kafka_bulk_commit(bulk) : 0;
    if (error != 0 || bulk->is_open) {
        return error;
    }
    (void)judge(rd_kafka_begin_transaction(bulk->handle), 0, &error);
    if (error != 0) {
        return fail(bulk, error);
    }
    bulk->is_open = true;
    bulk->begun_ms = loop_monotonic_ms();
    bulk->records = 0;
    bulk->bytes = 0;
    return 0;
}

static int put(struct kafka_bulk *bulk, const struct kafka_output *output, int32_t partition)
{
    struct topic_name name = output->partner.len > 0
                                 ? topic_name_of_feed(bulk->prefix, output->partner)
                                 : topic_name_of(bulk->prefix, output->topic);
    int64_t until_ms = loop_monotonic_ms() + bulk->timeout_ms;
    rd_kafka_resp_err_t code;
    while ((code = kafka_send(bulk->handle, name.text, partition, output, NULL)) ==
               RD_KAFKA_RESP_ERR__QUEUE_FULL &&
           loop_monotonic_ms() < until_ms) {
        (void)rd_kafka_poll(bulk->handle, POLL_MS);
    }
    bulk->records++;
    bulk->bytes += output->key.len + output->value.len;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : fail(bulk, kafka_error_of(code));
}

int kafka_bulk_write(struct kafka_bulk *bulk, const struct kafka_output *output)
{
    if (output->value.len > KAFKA_VALUE_MAX) {
        return fail(bulk, ERR_TOO_LARGE);
    }
    int error = begin(bulk);
    return error != 0 ? error
                      : put(bulk, output, topic_partition_of(output->unit, bulk->partition_count));
}

int kafka_bulk_write_everywhere(struct kafka_bulk *bulk, const struct kafka_output *output)
{
    sw_assert(output->key.at != NULL);
    if (output->value.len > KAFKA_VALUE_MAX) {
        return fail(bulk, ERR_TOO_LARGE);
    }
    int error = begin(bulk);
    for (int32_t partition = 0; error == 0 && partition < bulk->partition_count; partition++) {
        error = put(bulk, output, partition);
    }
    return error;
}
