/* One input of one partition: its own queue, our own position in it, and how far it must be read before the part may
 * live. Queues are cut loose from the consumer's main queue once, before subscribe, and survive every assign. */
#include "io/stream_calls.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "io/log.h"

void stream_source_open(struct stream *stream, struct stream_source *source, size_t input,
                        int32_t index)
{
    source->queue =
        rd_kafka_queue_get_partition(stream->consumer, stream->input_names[input].text, index);
    sw_assert(source->queue != NULL);
    rd_kafka_queue_forward(source->queue, NULL);
    kafka_watch_queue(source->queue, stream->event_fd);
    source->position = STREAM_UNKNOWN;
    source->seen_end = STREAM_UNKNOWN;
    source->committed = STREAM_UNKNOWN;
    source->end = STREAM_UNKNOWN;
    source->recorded = STREAM_UNKNOWN;
    source->refused = STREAM_UNKNOWN;
}

void stream_source_forget(struct stream_source *source)
{
    while (source->held_at < source->held_count) {
        rd_kafka_message_destroy(source->held[source->held_at++]);
    }
    source->held_at = 0;
    source->held_count = 0;
}

void stream_source_close(struct stream_source *source)
{
    stream_source_forget(source);
    if (source->queue != NULL) {
        rd_kafka_queue_destroy(source->queue);
        source->queue = NULL;
    }
}

void stream_source_aim(struct stream_source *source, int64_t end)
{
    source->end = end;
    source->is_ended = end == STREAM_UNKNOWN || source->position >= end;
}

/* The records before `offset` are gone (retention), or it lies beyond the end. Going on elsewhere would lose them
 * silently: a person decides. */
static void block_at_gap(struct stream *stream, const rd_kafka_message_t *message)
{
    char reason[STREAM_REASON_MAX];
    (void)snprintf(reason, sizeof reason,
                   "offset %" PRId64 " of partition %" PRId32 " of %s cannot be read: %s",
                   message->offset, message->partition,
                   message->rkt == NULL ? "?" : rd_kafka_topic_name(message->rkt),
                   rd_kafka_err2name(message->err));
    stream_block(stream, reason);
}

/* Takes what is no record: ends and errors. */
static void take_event(struct stream *stream, struct stream_source *source,
                       const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        source->seen_end = message->offset;
        source->is_ended |= message->offset >= source->end;
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        block_at_gap(stream, message);
    } else {
        log_warn("stream_source", log_count("partition", message->partition),
                 log_code("error", rd_kafka_err2name(message->err)));
    }
}

static void refill(struct stream *stream, struct stream_source *source)
{
    rd_kafka_message_t *taken[STREAM_CHUNK_MAX];
    ssize_t count = rd_kafka_consume_batch_queue(source->queue, 0, taken, STREAM_CHUNK_MAX);
    source->held_at = 0;
    source->held_count = 0;
    for (ssize_t i = 0; i < count; i++) {
        bool is_record = taken[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (is_record && taken[i]->offset >= source->position) {
            source->held[source->held_count++] = taken[i];
            continue;
        }
        if (!is_record && source->held_count > 0 &&
            taken[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            source->held[source->held_count++] = taken[i]; /* in its turn, behind the records */
            continue;
        }
        if (!is_record) {
            take_event(stream, source, taken[i]);
        }
        rd_kafka_message_destroy(taken[i]);
    }
}

rd_kafka_message_t *stream_source_peek(struct stream *stream, struct stream_source *source)
{
    for (;;) {
        if (source->held_at == source->held_count) {
            refill(stream, source);
            if (source->held_count == 0) {
                return NULL;
            }
        }
        rd_kafka_message_t *message = source->held[source->held_at];
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return message;
        }
        take_event(stream, source, message);
        rd_kafka_message_destroy(message);
        source->held_at++;
    }
}

void stream_source_advance(struct stream_source *source)
{
    sw_assert(source->held_at < source->held_count);
    rd_kafka_message_t *message = source->held[source->held_at++];
    sw_assert(message->offset >= source->position);
    source->position = message->offset + 1;
    source->is_ended |= source->position >= source->end;
    rd_kafka_message_destroy(message);
}
