/* The consumer as a member of its group: queues and subscription, errors, leaving, and coming back.
 *
 * A fence does not tell of a twin for sure: a stall longer than the time-out of a transaction fences the producer, and
 * when the answer to a static member's join is lost with a dying broker, the group knows it under a new member id and
 * refuses the retry under the old one for ever. So the first fence is no exit: producer and member are made anew under
 * the same ids. Fenced again within 10 s, the process ends and says that a twin holds the slot.
 *
 * Of two twins one has to stay. Producer and member therefore go together and come back together, after a hold in which
 * both fences are sure to be seen: each return fences the other once, so the one that was there first is the first to be
 * fenced again, and ends, while the other has a second return left. */
#include "io/stream_calls.h"

#include "base/assert.h"
#include "io/log.h"

enum { ERRORS_MAX = 16, FENCE_HOLD_MS = 1000, FENCED_AGAIN_MS = 10000 };

int stream_group_open(struct stream *stream)
{
    int error = stream_conf_consumer(stream, &stream->consumer);
    if (error == 0) {
        rd_kafka_poll_set_consumer(stream->consumer);
        stream->consumer_queue = rd_kafka_queue_get_consumer(stream->consumer);
        kafka_watch_queue(stream->consumer_queue, stream->event_fd);
    }
    return error;
}

void stream_group_close(struct stream *stream)
{
    stream_assign_forget(stream);
    for (int32_t index = 0; index < stream->partition_count; index++) {
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            stream_source_close(&stream->partitions[index].sources[input]);
        }
    }
    if (stream->consumer_queue != NULL) {
        rd_kafka_queue_destroy(stream->consumer_queue);
        stream->consumer_queue = NULL;
    }
    if (stream->consumer != NULL) {
        rd_kafka_destroy_flags(stream->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        stream->consumer = NULL;
    }
}

/* Queues first, cut loose from the main one, then subscribe. */
static void subscribe(struct stream *stream)
{
    size_t input_count = stream->definition->input_count;
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new((int)input_count);
    for (size_t input = 0; input < input_count; input++) {
        rd_kafka_topic_partition_list_add(topics, stream->input_names[input].text,
                                          RD_KAFKA_PARTITION_UA);
        for (int32_t index = 0; index < stream->partition_count; index++) {
            stream_source_open(stream, &stream->partitions[index].sources[input], input, index);
        }
    }
    rd_kafka_resp_err_t error = rd_kafka_subscribe(stream->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        stream_fail(stream, rd_kafka_err2name(error));
    }
}

void stream_group_join(struct stream *stream, int32_t partition_count)
{
    sw_assert(partition_count > 0 && partition_count <= STREAM_PARTITIONS_MAX);
    stream->partitions = heap_alloc_array((size_t)partition_count, sizeof *stream->partitions);
    if (stream->partitions == NULL) {
        stream_fail(stream, "out of memory");
        return;
    }
    stream->partition_count = partition_count;
    for (int32_t index = 0; index < partition_count; index++) {
        stream->partitions[index].stream = stream;
        stream->partitions[index].index = index;
        stream->partitions[index].changelog_end = STREAM_UNKNOWN;
    }
    subscribe(stream);
}

bool stream_is_fenced_again(struct stream_fence *fence)
{
    int64_t now_ms = loop_monotonic_ms();
    bool is_again = fence->has_happened && now_ms - fence->at_ms < FENCED_AGAIN_MS;
    *fence = (struct stream_fence){.has_happened = true, .at_ms = now_ms};
    return is_again;
}

void stream_group_note_fence(struct stream *stream)
{
    if (stream->is_rejoin_wanted) {
        return; /* the other half of the same fence */
    }
    if (stream_is_fenced_again(&stream->fence)) {
        stream_fail(stream, "fenced twice: another process runs with this slot");
    }
    stream->is_rejoin_wanted = true;
}

static void note_fatal(struct stream *stream)
{
    char text[STREAM_REASON_MAX];
    rd_kafka_resp_err_t error = rd_kafka_fatal_error(stream->consumer, text, sizeof text);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    log_warn("stream_fenced", log_code("error", rd_kafka_err2name(error)),
             log_library("why", text));
    stream_group_note_fence(stream);
}

void stream_group_read(struct stream *stream)
{
    if (stream->partition_count == 0 || stream->is_closed) {
        return;
    }
    rd_kafka_message_t *messages[ERRORS_MAX];
    ssize_t count = rd_kafka_consume_batch_queue(stream->consumer_queue, 0, messages, ERRORS_MAX);
    for (ssize_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = messages[i]->err;
        sw_assert(error != RD_KAFKA_RESP_ERR_NO_ERROR); /* records come by their own queues only */
        log_warn("stream_consumer", log_code("error", rd_kafka_err2name(error)));
        rd_kafka_message_destroy(messages[i]);
    }
    if (count > 0) {
        note_fatal(stream);
    }
}

void stream_group_rejoin_if_fenced(struct stream *stream)
{
    if (!stream->is_rejoin_wanted || stream->in_flight != NULL || stream->has_failed ||
        loop_monotonic_ms() - stream->fence.at_ms < FENCE_HOLD_MS) {
        return;
    }
    stream->is_rejoin_wanted = false;
    stream_txn_undo_open(stream);
    stream_assign_drop(stream);
    stream_group_close(stream);
    if (stream_group_open(stream) != 0) {
        stream_fail(stream, "no consumer");
        return;
    }
    subscribe(stream);
    stream->is_init_wanted = true;
}

void stream_group_leave(struct stream *stream)
{
    if (stream->partition_count == 0) {
        stream->is_closed = true;
        return;
    }
    stream->is_closing = true;
    if (stream->rebalance.is_revoked || stream->rebalance.assigned != NULL) {
        rd_kafka_assign(stream->consumer, NULL);
    }
    stream_assign_forget(stream);
    rd_kafka_error_t *error =
        rd_kafka_consumer_close_queue(stream->consumer, stream->consumer_queue);
    if (error != NULL) {
        log_warn("stream_close", log_library("why", rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);
    }
}

bool stream_group_has_left(const struct stream *stream)
{
    return stream->is_closing && rd_kafka_consumer_closed(stream->consumer) != 0;
}
