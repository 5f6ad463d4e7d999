/* Parts from the changelog: read as read_committed from its beginning until the end-of-partition event stands at or
 * past the true end seen after the committed offsets. The last stable offset alone may still lack the last commit; and
 * a commit marker takes an offset that no message carries, so only the event tells the end. */
#include "io/stream_calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"
#include "shouwang/v1/state.pb-c.h"

enum { LOADS_PER_TURN = 2048, MESSAGES_MAX = 256 };

struct str stream_shell_key(int32_t index, char *ret_text)
{
    int len = snprintf(ret_text, STREAM_SHELL_KEY_MAX, "%" PRId32 "/shell", index);
    return (struct str){ret_text, (size_t)len};
}

/* The shell's own record: the partition count and the positions of all streams, in the batch's arena. */
struct str stream_shell_encode(struct stream *stream, struct stream_batch *batch,
                               const struct batch_partition *touched)
{
    Shouwang__V1__ShellState state = SHOUWANG__V1__SHELL_STATE__INIT;
    Shouwang__V1__InputOffset offsets[STREAM_INPUTS_MAX];
    Shouwang__V1__InputOffset *pointers[STREAM_INPUTS_MAX];
    state.partition_count = (uint32_t)stream->partition_count;
    state.offsets = pointers;
    for (size_t input = 0; input < stream->definition->input_count; input++) {
        if (!stream->definition->inputs[input].is_table) {
            size_t at = state.n_offsets++;
            shouwang__v1__input_offset__init(&offsets[at]);
            offsets[at].topic = stream->input_names[input].text;
            offsets[at].next_offset = touched->positions[input];
            pointers[at] = &offsets[at];
        }
    }
    size_t len = shouwang__v1__shell_state__get_packed_size(&state);
    uint8_t *bytes = arena_alloc(&batch->arena, len + 1);
    if (bytes == NULL) {
        return KAFKA_NONE; /* a spare record: the next batch writes it */
    }
    (void)shouwang__v1__shell_state__pack(&state, bytes);
    return (struct str){(const char *)bytes, len};
}

static int load_shell_state(struct stream_partition *partition, struct str value)
{
    struct stream *stream = partition->stream;
    Shouwang__V1__ShellState *state =
        shouwang__v1__shell_state__unpack(NULL, value.len, (const uint8_t *)value.at);
    if (state == NULL) {
        return ERR_CORRUPT;
    }
    partition->recorded_count = state->partition_count;
    for (size_t i = 0; i < state->n_offsets; i++) {
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            if (strcmp(state->offsets[i]->topic, stream->input_names[input].text) == 0) {
                partition->sources[input].recorded = state->offsets[i]->next_offset;
            }
        }
    }
    shouwang__v1__shell_state__free_unpacked(state, NULL);
    return 0;
}

static void load_record(struct stream_partition *partition, const rd_kafka_message_t *message)
{
    struct stream *stream = partition->stream;
    struct str key = {message->key, message->key_len};
    struct str value = {message->payload, message->len};
    char own[STREAM_SHELL_KEY_MAX];
    bool is_own = str_equal(key, stream_shell_key(partition->index, own));
    int error = is_own ? load_shell_state(partition, value)
                       : stream->definition->load(partition->part, key, value);
    if (error != 0) {
        log_error("stream_load", log_error_code("error", error),
                  log_count("partition", partition->index), log_count("offset", message->offset));
        stream_fail(stream, "a record of the changelog does not load");
    }
    partition->restored_count++;
}

/* The part is whole. `end` is where our next record would go, if nobody else writes. */
static void finish(struct stream_partition *partition, int64_t end)
{
    struct stream *stream = partition->stream;
    if (partition->recorded_count != 0 && partition->recorded_count != stream->partition_count) {
        stream_fail(stream, "the changelog was written with another number of partitions: "
                            "`swctl repartition` is needed");
        return;
    }
    partition->changelog_end = end;
    partition->phase = STREAM_READING_TABLES;
    log_info("stream_restored", log_count("partition", partition->index),
             log_count("records", partition->restored_count),
             log_count("after_ms", loop_monotonic_ms() - stream->restore_begun_ms));
}

void stream_restore_begin(struct stream *stream)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(stream->partition_count);
    stream->restore_begun_ms = loop_monotonic_ms();
    for (int32_t index = 0; index < stream->partition_count; index++) {
        struct stream_partition *partition = &stream->partitions[index];
        if (partition->phase != STREAM_RESTORING) {
            continue;
        }
        stream_metrics_restore(stream);
        if (partition->restore_to == 0) {
            finish(partition, 0);
            continue;
        }
        rd_kafka_topic_partition_list_add(list, stream->changelog_name.text, index)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(stream->restorer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        stream_fail(stream, rd_kafka_err2name(error));
    }
}

bool stream_restore_is_done(const struct stream *stream)
{
    for (int32_t index = 0; index < stream->partition_count; index++) {
        if (stream->partitions[index].phase == STREAM_RESTORING) {
            return false;
        }
    }
    return true;
}

static void take_message(struct stream *stream, const rd_kafka_message_t *message)
{
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
        message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        log_warn("stream_restore", log_code("error", rd_kafka_err2name(message->err)));
        return;
    }
    sw_assert(message->partition >= 0 && message->partition < stream->partition_count);
    struct stream_partition *partition = &stream->partitions[message->partition];
    if (partition->phase != STREAM_RESTORING) {
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        load_record(partition, message);
    } else if (message->offset >= partition->restore_to) {
        finish(partition, message->offset);
    } else { /* a transaction is open here, and behind it may be commits */
        log_info("stream_restore_waits", log_count("partition", partition->index),
                 log_count("at", message->offset), log_count("until", partition->restore_to));
    }
}

bool stream_restore_read(struct stream *stream)
{
    rd_kafka_message_t *messages[MESSAGES_MAX];
    ssize_t total = 0;
    while (total < LOADS_PER_TURN && !stream->has_failed) {
        ssize_t count =
            rd_kafka_consume_batch_queue(stream->restorer_queue, 0, messages, MESSAGES_MAX);
        for (ssize_t i = 0; i < count; i++) {
            take_message(stream, messages[i]);
            rd_kafka_message_destroy(messages[i]);
        }
        if (count <= 0) {
            return false;
        }
        total += count;
    }
    return true;
}
