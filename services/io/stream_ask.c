/* Questions that block, asked on a second worker's thread, so that transactions of kept partitions go on meanwhile.
 *
 * Of an assignment, in this order (the order is what makes a restore complete): the stable committed offsets, which
 * waits for every pending transaction of the group; then the true end of the changelog, open transactions included;
 * then the ends to which tables and before_timers inputs are read first. */
#include "io/stream_calls.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"

enum { SLICE_MS = 1000, ABORT_SCAN_MS = 10000, RETRY_MS = 500 };

static void say(struct stream_ask *ask, int error, const char *what, const char *why)
{
    ask->error = error;
    (void)snprintf(ask->reason, sizeof ask->reason, "%s: %s", what, why);
}

/* ---- on the worker's thread */

static int32_t count_partitions(struct stream_ask *ask, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(ask->end_view, topic, NULL);
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(ask->end_view, 0, handle, &metadata, 5 * SLICE_MS);
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        say(ask, ERR_UNAVAILABLE, "no answer from Kafka", rd_kafka_err2name(error));
        return -1;
    }
    int32_t count = -1;
    if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        count = metadata->topics[0].partition_cnt;
    } else {
        say(ask, ERR_NOT_FOUND, topic, "there is no such topic: run `swctl topics`");
    }
    rd_kafka_metadata_destroy(metadata);
    return count;
}

/* The restorer must know the changelog's leaders before it is assigned partitions, or it looks for them half a second
 * later. */
static void learn_changelog(struct stream_ask *ask)
{
    const struct rd_kafka_metadata *metadata;
    if (ask->changelog == NULL) {
        ask->changelog =
            rd_kafka_topic_new(ask->stream->restorer, ask->stream->changelog_name.text, NULL);
    }
    if (ask->changelog != NULL &&
        rd_kafka_metadata(ask->stream->restorer, 0, ask->changelog, &metadata, 5 * SLICE_MS) ==
            RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
    }
}

static const char *offsets_topic(const struct stream_ask *ask, size_t input)
{
    return ask->stream->input_names[input].text;
}

/* The list of one question: for each asked partition, each input that `wanted` says. */
static rd_kafka_topic_partition_list_t *list_inputs(struct stream_ask *ask,
                                                    bool (*wanted)(const struct stream_input *))
{
    const struct stream_definition *definition = ask->stream->definition;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)(ask->count * definition->input_count));
    for (size_t i = 0; i < ask->count; i++) {
        for (size_t input = 0; input < definition->input_count; input++) {
            if (wanted(&definition->inputs[input])) {
                rd_kafka_topic_partition_list_add(list, offsets_topic(ask, input),
                                                  ask->answers[i].index);
            }
        }
    }
    return list;
}

static bool has_offsets(const struct stream_input *input)
{
    return !input->is_table;
}

static bool has_end(const struct stream_input *input)
{
    return input->is_table || input->before_timers;
}

static int64_t take_offset(const rd_kafka_topic_partition_list_t *list, const char *topic,
                           int32_t index)
{
    const rd_kafka_topic_partition_t *found = rd_kafka_topic_partition_list_find(
        (rd_kafka_topic_partition_list_t *)(uintptr_t)list, topic, index);
    return found == NULL || found->err != RD_KAFKA_RESP_ERR_NO_ERROR || found->offset < 0
               ? STREAM_UNKNOWN
               : found->offset;
}

/* Above the transaction time-out and the broker's scan for dead ones: a pending commit of a predecessor ends by then. */
static int ask_committed(struct stream_ask *ask)
{
    rd_kafka_topic_partition_list_t *list = list_inputs(ask, has_offsets);
    int64_t until_ms =
        loop_monotonic_ms() + ask->stream->transaction_ms + ABORT_SCAN_MS + 5 * SLICE_MS;
    rd_kafka_resp_err_t error;
    do {
        error = rd_kafka_committed(ask->committed_view, list, SLICE_MS);
    } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && loop_monotonic_ms() < until_ms &&
             !worker_is_stopping(ask->worker));
    for (size_t i = 0; i < ask->count && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        for (size_t input = 0; input < ask->stream->definition->input_count; input++) {
            ask->answers[i].committed[input] =
                take_offset(list, offsets_topic(ask, input), ask->answers[i].index);
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        say(ask, ERR_UNAVAILABLE, "no committed offsets", rd_kafka_err2name(error));
    }
    return ask->error;
}

/* Fills in the ends of a list, in one request per broker. The timestamp RD_KAFKA_OFFSET_END asks for the end as the
 * handle's isolation level sees it. */
static int ask_ends(struct stream_ask *ask, rd_kafka_t *view, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = RD_KAFKA_OFFSET_END;
    }
    rd_kafka_resp_err_t error = list->cnt == 0
                                    ? RD_KAFKA_RESP_ERR_NO_ERROR
                                    : rd_kafka_offsets_for_times(view, list, 5 * SLICE_MS);
    for (int i = 0; i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        error = list->elems[i].err;
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        say(ask, ERR_UNAVAILABLE, "no ends of partitions", rd_kafka_err2name(error));
    }
    return ask->error;
}

static int ask_changelog_end(struct stream_ask *ask)
{
    const char *topic = ask->stream->changelog_name.text;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)ask->count);
    for (size_t i = 0; i < ask->count; i++) {
        rd_kafka_topic_partition_list_add(list, topic, ask->answers[i].index);
    }
#ifdef STREAM_FAULT_RESTORE_LSO /* a test's: the torture must find that the last commit may be missing */
    int error = ask_ends(ask, ask->committed_view, list);
#else
    int error = ask_ends(ask, ask->end_view, list);
#endif
    for (size_t i = 0; i < ask->count && error == 0; i++) {
        ask->answers[i].changelog_end = take_offset(list, topic, ask->answers[i].index);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

/* Every partition has its first offsets, or at least a changelog that carries them. Asked before joining: in a group
 * with members nobody could write them. */
static void check_first_offsets(struct stream_ask *ask)
{
    const struct stream_definition *definition = ask->stream->definition;
    ask->count = 0;
    for (int32_t index = 0; index < ask->partition_count; index++) {
        ask->answers[ask->count++] = (struct stream_answer){.index = index};
    }
    if (ask_committed(ask) != 0 || ask_changelog_end(ask) != 0) {
        return;
    }
    for (size_t i = 0; i < ask->count; i++) {
        for (size_t input = 0; input < definition->input_count; input++) {
            if (!definition->inputs[input].is_table && ask->answers[i].changelog_end == 0 &&
                ask->answers[i].committed[input] == STREAM_UNKNOWN) {
                say(ask, ERR_NOT_FOUND, offsets_topic(ask, input),
                    "has no committed offsets: run `swctl topics`");
                return;
            }
        }
    }
}

/* All inputs and the changelog exist and have one number of partitions. */
static void run_topics(void *job)
{
    struct stream_ask *ask = job;
    const struct stream *stream = ask->stream;
    int32_t count = count_partitions(ask, stream->changelog_name.text);
    for (size_t i = 0; i < stream->definition->input_count && count > 0; i++) {
        int32_t other = count_partitions(ask, stream->input_names[i].text);
        if (other >= 0 && other != count) {
            say(ask, ERR_CONFLICT, stream->input_names[i].text,
                "has another number of partitions than the changelog");
        }
        if (other != count) {
            return;
        }
    }
    if (count > STREAM_PARTITIONS_MAX) {
        say(ask, ERR_UNSUPPORTED, stream->changelog_name.text,
            "has more partitions than this program can hold");
    } else if (count > 0) {
        ask->partition_count = count;
        learn_changelog(ask);
        check_first_offsets(ask);
    }
}

static int ask_input_ends(struct stream_ask *ask)
{
    rd_kafka_topic_partition_list_t *list = list_inputs(ask, has_end);
    int error = ask_ends(ask, ask->end_view, list);
    for (size_t i = 0; i < ask->count && error == 0; i++) {
        for (size_t input = 0; input < ask->stream->definition->input_count; input++) {
            ask->answers[i].ends[input] =
                take_offset(list, offsets_topic(ask, input), ask->answers[i].index);
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

static void run_assignment(void *job)
{
    struct stream_ask *ask = job;
    if (ask_committed(ask) == 0 && ask_changelog_end(ask) == 0) {
        (void)ask_input_ends(ask); /* ask->error tells */
    }
}

/* ---- on the loop's thread */

static void done(void *ctx, void *job)
{
    struct stream *stream = ctx;
    struct stream_ask *ask = job;
    if (ask->error != 0) {
        if (strcmp(stream->ask_reason, ask->reason) != 0) {
            log_warn("stream_ask", log_error_code("error", ask->error),
                     log_library("why", ask->reason));
        }
        ask->retry_at_ms = loop_monotonic_ms() + RETRY_MS;
        memcpy(stream->ask_reason, ask->reason, sizeof stream->ask_reason);
    } else {
        stream->ask_reason[0] = '\0';
        stream_assign_on_answer(stream, ask);
    }
    loop_hook_kick(stream->hook);
}

bool stream_ask_may(const struct stream *stream)
{
    const struct stream_ask *ask = stream->ask;
    return !worker_is_busy(ask->worker) && loop_monotonic_ms() >= ask->retry_at_ms;
}

void stream_ask_topics(struct stream *stream)
{
    struct stream_ask *ask = stream->ask;
    ask->error = 0;
    ask->serial = 0;
    ask->partition_count = 0;
    worker_submit(ask->worker, run_topics, ask);
}

void stream_ask_assignment(struct stream *stream)
{
    struct stream_ask *ask = stream->ask;
    sw_assert(stream->serial != 0);
    ask->error = 0;
    ask->serial = stream->serial;
    ask->count = 0;
    for (int32_t index = 0; index < stream->partition_count; index++) {
        if (stream->partitions[index].is_assigned) {
            ask->answers[ask->count++] = (struct stream_answer){.index = index};
        }
    }
    worker_submit(ask->worker, run_assignment, ask);
}

int stream_ask_new(struct stream *stream)
{
    struct stream_ask *ask = heap_alloc(sizeof *ask);
    if (ask == NULL) {
        return ERR_MEMORY;
    }
    stream->ask = ask;
    ask->stream = stream;
    int error = stream_conf_prober(stream, true, &ask->committed_view);
    if (error == 0) {
        error = stream_conf_prober(stream, false, &ask->end_view);
    }
    return error != 0 ? error : worker_new(stream->loop, done, stream, &ask->worker);
}

static void destroy(rd_kafka_t *handle)
{
    if (handle != NULL) {
        rd_kafka_destroy(handle);
    }
}

void stream_ask_free(struct stream *stream)
{
    if (stream->ask != NULL) {
        worker_free(stream->ask->worker);
        if (stream->ask->changelog != NULL) {
            rd_kafka_topic_destroy(stream->ask->changelog);
        }
        destroy(stream->ask->committed_view);
        destroy(stream->ask->end_view);
        heap_free(stream->ask);
        stream->ask = NULL;
    }
}
