/* From a rebalance to parts that may step.
 *
 * The callback only records what the group says. The loop then goes through these stages, each as soon as the one
 * before is done, and from any of them back to the start when the group changes again:
 *   revoked    the transaction in flight has ended, the open batch is undone: rd_kafka_assign(NULL)
 *   adopted    parts that are no longer ours are freed; the partition sets of all inputs are equal
 *   answered   committed offsets and ends are known (stream_ask): parts whose memory equals them are kept, the others
 *              are restored
 *   fetching   rd_kafka_assign with our own offsets
 *   proven     a first transaction has committed the offsets of all streams: the broker takes us for the owner
 * An abort, or a step that is refused, goes back to before `fetching`, a fatal producer error or an absence to before `answered`. */
#include "io/stream_calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"

/* ---- recorded by librdkafka, on the loop's thread, while the main queue is read */

static void drop_recorded(struct stream_rebalance *rebalance)
{
    if (rebalance->assigned != NULL) {
        rd_kafka_topic_partition_list_destroy(rebalance->assigned);
        rebalance->assigned = NULL;
    }
    if (rebalance->metadata != NULL) {
        rd_kafka_consumer_group_metadata_destroy(rebalance->metadata);
        rebalance->metadata = NULL;
    }
}

void stream_assign_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t event,
                                rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct stream *stream = opaque;
    drop_recorded(&stream->rebalance);
    if (stream->is_closing) { /* or rd_kafka_consumer_close would wait for ever */
        rd_kafka_assign(consumer, NULL);
        return;
    }
    if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        stream->rebalance.assigned = rd_kafka_topic_partition_list_copy(partitions);
        stream->rebalance.metadata = rd_kafka_consumer_group_metadata(consumer);
    } else {
        stream->rebalance.is_revoked = true;
    }
}

void stream_assign_forget(struct stream *stream)
{
    drop_recorded(&stream->rebalance);
    stream->rebalance.is_revoked = false;
    if (stream->metadata != NULL) {
        rd_kafka_consumer_group_metadata_destroy(stream->metadata);
        stream->metadata = NULL;
    }
}

/* ---- parts */

static void drop_part(struct stream_partition *partition)
{
    if (partition->part != NULL) {
        partition->stream->definition->part_free(partition->part);
        partition->part = NULL;
    }
    partition->phase = STREAM_NOT_OURS;
    partition->was_live = false;
    partition->changelog_end = STREAM_UNKNOWN;
    partition->recorded_count = 0;
    partition->restored_count = 0;
    for (size_t input = 0; input < partition->stream->definition->input_count; input++) {
        stream_source_forget(&partition->sources[input]);
        partition->sources[input].is_paused = false;
        partition->sources[input].position = STREAM_UNKNOWN;
        partition->sources[input].seen_end = STREAM_UNKNOWN;
        partition->sources[input].committed = STREAM_UNKNOWN;
        partition->sources[input].recorded = STREAM_UNKNOWN;
        partition->sources[input].refused = STREAM_UNKNOWN;
    }
}

void stream_assign_drop_parts(struct stream *stream)
{
    for (int32_t index = 0; index < stream->partition_count; index++) {
        drop_part(&stream->partitions[index]);
    }
    stream->is_answered = false;
    stream->is_fetching = false;
    stream->is_proven = false;
}

void stream_assign_drop(struct stream *stream)
{
    stream_assign_drop_parts(stream);
    stream->is_assigned = false;
    stream->assigned_count = 0;
    stream->proven_at_ms = INT64_MIN;
    for (int32_t index = 0; index < stream->partition_count; index++) {
        stream->partitions[index].is_assigned = false;
    }
}

static void make_part(struct stream_partition *partition)
{
    struct stream *stream = partition->stream;
    drop_part(partition);
    partition->part = stream->definition->part_new(stream->ctx, partition, partition->index);
    if (partition->part == NULL) {
        stream_fail(stream, "out of memory for a part");
        return;
    }
    partition->phase = STREAM_RESTORING;
}

/* Memory equals what Kafka has: our offsets are the committed ones and nobody wrote behind our last record. */
static bool is_same(const struct stream_partition *partition, const struct stream_answer *answer)
{
    if (partition->phase < STREAM_READING_TABLES || partition->changelog_end == STREAM_UNKNOWN ||
        partition->changelog_end != answer->changelog_end) {
        return false;
    }
    const struct stream_definition *definition = partition->stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        const struct stream_source *source = &partition->sources[input];
        if (!definition->inputs[input].is_table &&
            (source->position != source->committed ||
             source->committed != answer->committed[input])) {
            return false;
        }
    }
    return true;
}

static void keep_or_restore(struct stream_partition *partition, const struct stream_answer *answer)
{
    const struct stream_definition *definition = partition->stream->definition;
    bool is_kept = is_same(partition, answer);
    if (is_kept) {
        partition->phase = STREAM_READING_TABLES;
    } else {
        make_part(partition);
        partition->restore_to = answer->changelog_end;
    }
    for (size_t input = 0; input < definition->input_count; input++) {
        struct stream_source *source = &partition->sources[input];
        const struct stream_input *kind = &definition->inputs[input];
        if (!is_kept) {
            source->position = kind->is_table ? 0 : answer->committed[input];
            source->committed = source->position;
        }
        stream_source_aim(source, kind->is_table || kind->before_timers ? answer->ends[input]
                                                                        : STREAM_UNKNOWN);
    }
}

void stream_assign_on_answer(struct stream *stream, const struct stream_ask *ask)
{
    if (ask->serial == 0) {
        if (stream->partition_count == 0) {
            stream_group_join(stream, ask->partition_count);
        }
        return;
    }
    if (ask->serial != stream->serial || !stream->is_assigned) {
        return; /* of an assignment that is gone */
    }
    stream->is_answered = true;
    for (size_t i = 0; i < ask->count; i++) {
        keep_or_restore(&stream->partitions[ask->answers[i].index], &ask->answers[i]);
    }
    stream_restore_begin(stream);
}

/* ---- the stages */

static void revoke(struct stream *stream)
{
    stream->rebalance.is_revoked = false;
    stream_txn_undo_open(stream);
    stream->is_assigned = false;
    stream->is_answered = false;
    stream->is_fetching = false;
    stream->is_proven = false;
    stream->proven_at_ms = INT64_MIN;
    rd_kafka_assign(stream->consumer, NULL);
}

/* The assignment stays, but what it holds is asked for again, behind whatever question is under way. */
static void doubt(struct stream *stream)
{
    stream->is_doubtful = false;
    stream_txn_undo_open(stream);
    stream->serial++;
    stream->is_answered = false;
    stream->is_fetching = false;
    stream->is_proven = false;
}

/* Back to the last commit; the record that is refused is marked. */
static void take_back(struct stream *stream)
{
    stream_txn_undo_open(stream);
    stream->is_fetching = false;
    stream->is_proven = false;
}

static size_t find_input(const struct stream *stream, const char *topic)
{
    size_t input = 0;
    while (input < stream->definition->input_count &&
           strcmp(stream->input_names[input].text, topic) != 0) {
        input++;
    }
    return input;
}

/* A topic that is missing, or was made with another number of partitions, is silently left out by the assignor. */
static bool is_even(struct stream *stream, const rd_kafka_topic_partition_list_t *list)
{
    size_t inputs[STREAM_PARTITIONS_MAX] = {0};
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].partition >= stream->partition_count) {
            stream_block(stream, "the topics have more partitions now: see `swctl repartition`");
            return false;
        }
        inputs[list->elems[i].partition] += (size_t)1 << find_input(stream, list->elems[i].topic);
    }
    size_t all = ((size_t)1 << stream->definition->input_count) - 1;
    for (int32_t index = 0; index < stream->partition_count; index++) {
        if (inputs[index] == 0 || inputs[index] == all) {
            continue;
        }
        size_t missing = 0;
        while ((inputs[index] >> missing & 1) != 0) {
            missing++;
        }
        char reason[STREAM_REASON_MAX];
        (void)snprintf(reason, sizeof reason,
                       "partition %" PRId32
                       " of %s is not ours with the others: is the topic missing? see "
                       "`swctl topics --check`",
                       index, stream->input_names[missing].text);
        stream_block(stream, reason);
        return false;
    }
    return true;
}

static void adopt(struct stream *stream)
{
    rd_kafka_topic_partition_list_t *list = stream->rebalance.assigned;
    if (stream->metadata != NULL) {
        rd_kafka_consumer_group_metadata_destroy(stream->metadata);
    }
    stream->metadata = stream->rebalance.metadata;
    stream->rebalance = (struct stream_rebalance){0};
    stream->is_blocked = false;
    stream->backoff_ms = 0;
    stream->abort_reason[0] = '\0';
    stream->serial++;
    for (int32_t index = 0; index < stream->partition_count; index++) {
        stream->partitions[index].is_assigned = false;
    }
    bool is_usable = is_even(stream, list);
    for (int i = 0; i < list->cnt && is_usable; i++) {
        stream->partitions[list->elems[i].partition].is_assigned = true;
    }
    stream->assigned_count = 0;
    for (int32_t index = 0; index < stream->partition_count; index++) {
        struct stream_partition *partition = &stream->partitions[index];
        stream->assigned_count += partition->is_assigned;
        if (!partition->is_assigned) {
            drop_part(partition);
        }
    }
    stream->is_assigned = true;
    log_info("stream_assigned", log_count("partitions", stream->assigned_count));
    rd_kafka_topic_partition_list_destroy(list);
}

static int64_t offset_to_fetch(const struct stream_source *source, bool is_table)
{
    return is_table && source->position == 0 ? RD_KAFKA_OFFSET_BEGINNING : source->position;
}

/* The committed offset, or the changelog's when the group's have expired; never a guess. */
static bool settle_offset(struct stream *stream, struct stream_partition *partition, size_t input)
{
    struct stream_source *source = &partition->sources[input];
    if (source->position == STREAM_UNKNOWN) {
        source->position = source->recorded;
        source->committed = source->recorded;
    }
    if (source->position != STREAM_UNKNOWN) {
        return true;
    }
    char reason[STREAM_REASON_MAX];
    (void)snprintf(reason, sizeof reason,
                   "partition %" PRId32 " of %s has no committed offset: run `swctl topics`",
                   partition->index, stream->input_names[input].text);
    stream_block(stream, reason);
    return false;
}

/* False while an offset must come from a changelog that is still being read. */
static bool has_offsets(const struct stream *stream)
{
    for (int32_t index = 0; index < stream->partition_count; index++) {
        const struct stream_partition *partition = &stream->partitions[index];
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            if (partition->is_assigned && partition->phase == STREAM_RESTORING &&
                partition->sources[input].position == STREAM_UNKNOWN) {
                return false;
            }
        }
    }
    return true;
}

static rd_kafka_topic_partition_list_t *list_to_fetch(struct stream *stream)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(stream->partition_count);
    for (int32_t index = 0; index < stream->partition_count; index++) {
        struct stream_partition *partition = &stream->partitions[index];
        for (size_t input = 0; input < stream->definition->input_count && partition->is_assigned;
             input++) {
            if (!settle_offset(stream, partition, input)) {
                rd_kafka_topic_partition_list_destroy(list);
                return rd_kafka_topic_partition_list_new(1);
            }
            struct stream_source *source = &partition->sources[input];
            stream_source_forget(source);
            rd_kafka_topic_partition_list_add(list, stream->input_names[input].text, index)
                ->offset = offset_to_fetch(source, stream->definition->inputs[input].is_table);
        }
    }
    return list;
}

static void fetch(struct stream *stream)
{
    rd_kafka_topic_partition_list_t *list = list_to_fetch(stream);
    rd_kafka_resp_err_t error = rd_kafka_assign(stream->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        stream_fail(stream, rd_kafka_err2name(error));
    }
    stream->is_fetching = true;
    stream->is_proven = stream->assigned_count == 0; /* nothing to prove: we stand by */
}

static void prove(struct stream *stream)
{
    for (int32_t index = 0; index < stream->partition_count; index++) {
        if (stream->partitions[index].is_assigned) {
            (void)stream_batch_partition(stream->open, &stream->partitions[index]);
        }
    }
    stream->open->is_proof = true;
    stream_step_seal(stream);
}

bool stream_assign_may_begin(const struct stream *stream)
{
    return stream->is_producer_ready && !stream->is_blocked && !stream->has_failed &&
           !stream->is_rejoin_wanted && !stream->rebalance.is_revoked &&
           loop_monotonic_ms() >= stream->retry_at_ms;
}

void stream_assign_advance(struct stream *stream)
{
    if (stream->rebalance.is_revoked && stream->in_flight == NULL) {
        revoke(stream);
    }
    if (stream->rebalance.assigned != NULL && !stream->rebalance.is_revoked &&
        stream->in_flight == NULL) {
        stream_txn_undo_open(stream);
        adopt(stream);
        if (stream->is_blocked || stream->assigned_count == 0) {
            stream->is_answered = true;
            fetch(stream); /* the group waits for an answer, be it an empty one */
        }
    }
    if (stream->is_doubtful && stream->in_flight == NULL) {
        doubt(stream);
    }
    if (stream->open->is_refused && stream->in_flight == NULL) {
        take_back(stream);
    }
    if (!stream->is_assigned || !stream_assign_may_begin(stream)) {
        return;
    }
    if (!stream->is_answered && stream_ask_may(stream)) {
        stream_ask_assignment(stream);
    }
    if (stream->is_answered && !stream->is_fetching && has_offsets(stream)) {
        fetch(stream);
    }
    if (stream->is_fetching && !stream->is_proven && stream->in_flight == NULL &&
        !stream->is_blocked) {
        prove(stream);
    }
}
