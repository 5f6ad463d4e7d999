/* What the copy service does to Kafka, in its order: begin, offsets, changelog, outputs, commit, reply. Linked with
 * --wrap for each of these calls; any other order ends the process. */
#include "torture_order.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "io/kafka_conf.h"

enum reached { NOTHING, BEGUN, OFFSETS, CHANGELOG, OUTPUTS, COMMITTED };

static _Atomic int reached;

/* Effects may be left out, and repeated, but none comes after a later one, and none before the offsets, which every
 * transaction carries. */
static void reach(enum reached effect)
{
    sw_assert(reached >= (effect == OFFSETS ? BEGUN : OFFSETS) && reached <= (int)effect);
    reached = (int)effect;
}

void torture_replied(void)
{
    sw_assert(reached == COMMITTED);
}

rd_kafka_error_t *__real_rd_kafka_begin_transaction(rd_kafka_t *producer);
rd_kafka_error_t *__wrap_rd_kafka_begin_transaction(rd_kafka_t *producer);

rd_kafka_error_t *__wrap_rd_kafka_begin_transaction(rd_kafka_t *producer)
{
    reached = BEGUN;
    return __real_rd_kafka_begin_transaction(producer);
}

rd_kafka_resp_err_t __real_kafka_send(rd_kafka_t *producer, const char *topic, int32_t partition,
                                      const struct kafka_output *output, void *opaque);
rd_kafka_resp_err_t __wrap_kafka_send(rd_kafka_t *producer, const char *topic, int32_t partition,
                                      const struct kafka_output *output, void *opaque);

/* The opaque of an output is NULL. */
rd_kafka_resp_err_t __wrap_kafka_send(rd_kafka_t *producer, const char *topic, int32_t partition,
                                      const struct kafka_output *output, void *opaque)
{
    reach(opaque != NULL ? CHANGELOG : OUTPUTS);
    return __real_kafka_send(producer, topic, partition, output, opaque);
}

rd_kafka_error_t *__real_rd_kafka_send_offsets_to_transaction(
    rd_kafka_t *producer, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *metadata, int timeout_ms);
rd_kafka_error_t *__wrap_rd_kafka_send_offsets_to_transaction(
    rd_kafka_t *producer, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *metadata, int timeout_ms);

rd_kafka_error_t *__wrap_rd_kafka_send_offsets_to_transaction(
    rd_kafka_t *producer, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *metadata, int timeout_ms)
{
    reach(OFFSETS);
    return __real_rd_kafka_send_offsets_to_transaction(producer, offsets, metadata, timeout_ms);
}

rd_kafka_error_t *__real_rd_kafka_commit_transaction(rd_kafka_t *producer, int timeout_ms);
rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *producer, int timeout_ms);

rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *producer, int timeout_ms)
{
    sw_assert(reached >= OFFSETS);
    rd_kafka_error_t *error = __real_rd_kafka_commit_transaction(producer, timeout_ms);
    if (error == NULL) {
        reach(COMMITTED);
    }
    return error;
}
