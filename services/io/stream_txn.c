/* A batch becomes one transaction: offsets, changelog, outputs, commit, in this order, on the worker's thread; then, on
 * the loop's thread, what its end means.
 *
 * The offsets go first. Nothing of a transaction is seen before its commit, so the order is free, and theirs is the call
 * that the group fences a zombie by. It also waits for the end of the transaction before in steps of retry.backoff.ms,
 * where librdkafka 2.0.2 has a fixed 20 ms for a record's partition.
 *
 * Ends. Committed: the positions of the batch are the committed ones. Aborted (the group rebalances, a broker refuses a
 * record, a test forces it): everything in memory is undone to the last commit, read again from there, after a
 * back-off. Fatal (fenced, after a stall or by a twin; or librdkafka is at its wits' end): nobody knows whether the
 * batch is committed, so the producer is made anew under the same id, which ends the old transaction one way or the
 * other, and every part is restored. */
#include "io/stream_calls.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"

enum { SLICE_MS = 1000, BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 5000 };

enum verdict { VERDICT_DONE, VERDICT_ABORT, VERDICT_FATAL };

/* ---- on the worker's thread */

/* The opaque of a changelog record is its batch_partition, of an output NULL. */
void stream_txn_on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    (void)opaque;
    struct batch_partition *touched = message->_private;
    if (touched == NULL) {
        return;
    }
    touched->answered++;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        touched->delivered++;
        touched->last_offset = message->offset;
        if (touched->first_offset == STREAM_UNKNOWN) {
            touched->first_offset = message->offset;
        }
    }
}

static void note(struct stream_txn *txn, rd_kafka_resp_err_t error, const char *text)
{
    txn->error = error;
    (void)snprintf(txn->reason, sizeof txn->reason, "%s", text);
}

/* Takes the error. True: the call is to be made again. */
static bool judge(struct stream_txn *txn, rd_kafka_error_t *error, enum verdict *ret_verdict)
{
    if (error == NULL) {
        *ret_verdict = VERDICT_DONE;
        return false;
    }
    bool is_again = rd_kafka_error_is_retriable(error) && !worker_is_stopping(txn->worker);
    *ret_verdict = rd_kafka_error_txn_requires_abort(error) ? VERDICT_ABORT : VERDICT_FATAL;
    note(txn, rd_kafka_error_code(error), rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return is_again;
}

static enum verdict begin(struct stream_txn *txn)
{
    enum verdict verdict;
    (void)judge(txn, rd_kafka_begin_transaction(txn->producer), &verdict);
    return verdict;
}

static enum verdict produce(struct stream_txn *txn, const char *topic, int32_t partition,
                            const struct kafka_output *output, struct batch_partition *touched)
{
    rd_kafka_resp_err_t error;
    while ((error = kafka_send(txn->producer, topic, partition, output, touched)) ==
               RD_KAFKA_RESP_ERR__QUEUE_FULL &&
           !worker_is_stopping(txn->worker)) {
        rd_kafka_poll(txn->producer, SLICE_MS / 10);
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (touched != NULL) {
            touched->sent++;
        }
        return VERDICT_DONE;
    }
    note(txn, error, topic);
    return rd_kafka_fatal_error(txn->producer, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR
               ? VERDICT_FATAL
               : VERDICT_ABORT;
}

static struct str changelog_key(struct str key)
{
#ifdef STREAM_FAULT_KEY_BY_UNIT /* a test's: the torture must find that compaction then keeps one case per school */
    return topic_unit_of_key(key);
#else
    return key;
#endif
}

static enum verdict send_changelog(struct stream_txn *txn)
{
    struct stream_batch *batch = txn->batch;
    const char *topic = txn->stream->changelog_name.text;
    enum verdict verdict = VERDICT_DONE;
    for (struct batch_entity *entity = batch->first_entity;
         entity != NULL && verdict == VERDICT_DONE; entity = entity->next) {
        if (!entity->is_put) {
            continue;
        }
        struct kafka_output output = {.key = changelog_key(entity->key), .value = entity->after};
        verdict = produce(txn, topic, entity->partition->index, &output,
                          stream_batch_partition(batch, entity->partition));
    }
    for (size_t i = 0; i < batch->partition_count && verdict == VERDICT_DONE; i++) {
        struct batch_partition *touched = &batch->partitions[i];
        if (touched->shell_state.at != NULL) {
            char key[STREAM_SHELL_KEY_MAX];
            struct kafka_output output = {.key = stream_shell_key(touched->partition->index, key),
                                          .value = touched->shell_state};
            verdict = produce(txn, topic, touched->partition->index, &output, touched);
        }
    }
    return verdict;
}

static enum verdict send_outputs(struct stream_txn *txn)
{
    enum verdict verdict = VERDICT_DONE;
    for (struct batch_output *output = txn->batch->first_output;
         output != NULL && verdict == VERDICT_DONE; output = output->next) {
        const struct kafka_output *record = &output->output;
        const char *prefix = txn->stream->prefix;
        bool is_feed = record->partner.len > 0;
        struct topic_name name = is_feed ? topic_name_of_feed(prefix, record->partner)
                                         : topic_name_of(prefix, record->topic);
        if (is_feed && !stream_feeds_has(&txn->feeds, txn->producer, &name)) {
            continue;
        }
        verdict = produce(txn, name.text, output->partition, record, NULL);
    }
    return verdict;
}

static enum verdict send_offsets(struct stream_txn *txn)
{
    enum verdict verdict;
    txn->batch->session_ms = txn->stream->session.heard_before_ms;
    txn->batch->begun_ms = loop_boottime_ms();
    while (judge(txn,
                 rd_kafka_send_offsets_to_transaction(txn->producer, txn->batch->offsets,
                                                      txn->metadata, SLICE_MS),
                 &verdict)) {
        rd_kafka_poll(txn->producer, 0);
    }
    return verdict;
}

static enum verdict commit(struct stream_txn *txn)
{
    enum verdict verdict;
    while (judge(txn, rd_kafka_commit_transaction(txn->producer, SLICE_MS), &verdict)) {
        rd_kafka_poll(txn->producer, 0);
    }
    return verdict;
}

/* Reports of purged records point into the batch: all must have come before it is let go. */
static bool is_all_answered(struct stream_txn *txn)
{
    int64_t until_ms = loop_monotonic_ms() + txn->stream->transaction_ms;
    for (;;) {
        bool is_all = true;
        for (size_t i = 0; i < txn->batch->partition_count; i++) {
            is_all &= txn->batch->partitions[i].answered == txn->batch->partitions[i].sent;
        }
        if (is_all || loop_monotonic_ms() > until_ms) {
            return is_all;
        }
        rd_kafka_poll(txn->producer, SLICE_MS / 100);
    }
}

static enum verdict abort_transaction(struct stream_txn *txn)
{
    struct stream_txn cause = *txn;
    enum verdict verdict;
    while (judge(txn, rd_kafka_abort_transaction(txn->producer, SLICE_MS), &verdict)) {
        rd_kafka_poll(txn->producer, 0);
    }
    if (verdict == VERDICT_DONE) {
        note(txn, cause.error, cause.reason);
        return is_all_answered(txn) ? VERDICT_ABORT : VERDICT_FATAL;
    }
    return VERDICT_FATAL;
}

/* A librdkafka that was destroyed gives no reports any more. */
static void destroy_producer(struct stream_txn *txn)
{
    if (txn->producer != NULL) {
        stream_feeds_forget(&txn->feeds);
        for (int topic = 0; topic < TOPIC_COUNT; topic++) {
            rd_kafka_topic_destroy(txn->topics[topic]);
            txn->topics[topic] = NULL;
        }
        (void)rd_kafka_purge(txn->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(txn->producer);
        txn->producer = NULL;
    }
}

static void run_commit(void *job)
{
    struct stream_txn *txn = job;
#ifdef STREAM_FAULT_OUTPUTS_FIRST /* a test's: the torture must find it */
    enum verdict (*const effects[])(struct stream_txn *) = {begin, send_offsets, send_outputs,
                                                            send_changelog, commit};
#else
    enum verdict (*const effects[])(struct stream_txn *) = {begin, send_offsets, send_changelog,
                                                            send_outputs, commit};
#endif
    enum verdict verdict = VERDICT_DONE;
    for (size_t i = 0; i < sizeof effects / sizeof *effects && verdict == VERDICT_DONE; i++) {
        verdict = stream_test_point(i) == 0 ? effects[i](txn) : VERDICT_ABORT;
    }
    (void)stream_test_point(sizeof effects / sizeof *effects);
    if (verdict == VERDICT_ABORT) {
        stream_feeds_doubt(&txn->feeds);
        verdict = abort_transaction(txn);
    }
    if (verdict == VERDICT_FATAL) {
        destroy_producer(txn);
    }
    txn->outcome = verdict == VERDICT_DONE    ? STREAM_COMMITTED
                   : verdict == VERDICT_ABORT ? STREAM_ABORTED
                                              : STREAM_FATAL;
}

/* A topic that librdkafka hears of by its first record makes that record wait up to a second for the topic's leaders:
 * let it know all of them before. */
static void learn_topics(struct stream_txn *txn)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        struct topic_name name = topic_name_of(txn->stream->prefix, (enum topic)topic);
        txn->topics[topic] = rd_kafka_topic_new(txn->producer, name.text, NULL);
        sw_assert(txn->topics[topic] != NULL);
    }
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(txn->producer, 0, NULL, &metadata, SLICE_MS) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
    }
}

/* Makes the producer (anew). Whatever its predecessor left open is aborted by this, or was committed. */
static void run_init(void *job)
{
    struct stream_txn *txn = job;
    destroy_producer(txn);
    txn->outcome = STREAM_FATAL;
    int error = stream_conf_producer(txn->stream, &txn->producer);
    if (error != 0) {
        note(txn, RD_KAFKA_RESP_ERR__INVALID_ARG, "the producer's properties are refused");
        return;
    }
    learn_topics(txn);
    enum verdict verdict;
    while (judge(txn, rd_kafka_init_transactions(txn->producer, SLICE_MS), &verdict)) {
        rd_kafka_poll(txn->producer, 0);
    }
    if (verdict == VERDICT_DONE) {
        txn->outcome = STREAM_COMMITTED;
    } else {
        destroy_producer(txn);
    }
}

/* ---- on the loop's thread */

void stream_txn_init(struct stream *stream)
{
    stream->is_producer_ready = false;
    stream->txn->batch = NULL;
    worker_submit(stream->txn->worker, run_init, stream->txn);
}

void stream_txn_submit(struct stream *stream)
{
    struct stream_batch *batch = stream->open;
    sw_assert(stream->in_flight == NULL && batch->offsets != NULL && batch->offsets->cnt > 0);
    stream->in_flight = batch;
    stream->open = stream->spare;
    stream->spare = NULL;
    stream->txn->batch = batch;
    stream->txn->metadata = stream->metadata;
    stream->begun_ms = loop_monotonic_ms();
    stream->begun_steps = batch->record_count;
    worker_submit(stream->txn->worker, run_commit, stream->txn);
}

/* Where our next changelog record would go. After an abort that is known only if the aborted records followed ours
 * without a gap and were all delivered: the marker takes one offset more. */
static void note_changelog_end(struct batch_partition *touched, bool is_committed)
{
    struct stream_partition *partition = touched->partition;
    bool is_gapless =
        touched->delivered == touched->sent && touched->first_offset == partition->changelog_end;
    if (touched->sent == 0) {
        return;
    }
    partition->changelog_end =
        is_committed || is_gapless ? touched->last_offset + 2 : STREAM_UNKNOWN;
}

static void note_committed(struct stream *stream, struct stream_batch *batch)
{
    for (size_t i = 0; i < batch->partition_count; i++) {
        struct batch_partition *touched = &batch->partitions[i];
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            touched->partition->sources[input].committed = touched->positions[input];
        }
        if (touched->shell_state.at != NULL) {
            touched->partition->recorded_count = stream->partition_count;
        }
        note_changelog_end(touched, true);
    }
}

static void tell_tokens(struct stream *stream, struct stream_batch *batch, bool is_committed)
{
    for (struct batch_token *token = batch->first_token; token != NULL; token = token->next) {
        stream->definition->ended(token->partition->part, token->token, is_committed);
    }
}

static void end_batch(struct stream *stream, struct stream_batch *batch)
{
    stream_batch_clear(batch);
    if (batch == stream->in_flight) {
        stream->in_flight = NULL;
        stream->spare = batch;
    }
}

/* Puts every entity back as it was before the batch, and the positions to what is committed. */
static void undo(struct stream *stream, struct stream_batch *batch)
{
    for (struct batch_entity *entity = batch->first_entity; entity != NULL; entity = entity->next) {
        int error = stream->definition->load(entity->partition->part, entity->key, entity->before);
        if (error != 0) {
            stream_fail(stream, "an entity could not be put back");
        }
    }
    for (size_t i = 0; i < batch->partition_count; i++) {
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            struct stream_source *source = &batch->partitions[i].partition->sources[input];
            if (!stream->definition->inputs[input].is_table) {
                stream_source_forget(source);
                source->position = source->committed;
                source->seen_end = STREAM_UNKNOWN;
            }
        }
    }
}

void stream_txn_undo_open(struct stream *stream)
{
    sw_assert(stream->in_flight == NULL);
    undo(stream, stream->open);
    tell_tokens(stream, stream->open, false);
    end_batch(stream, stream->open);
}

static void back_off(struct stream *stream)
{
    stream->backoff_ms = stream->backoff_ms == 0 ? BACKOFF_MIN_MS : stream->backoff_ms * 2;
    if (stream->backoff_ms > BACKOFF_MAX_MS) {
        stream->backoff_ms = BACKOFF_MAX_MS;
    }
    stream->retry_at_ms = loop_monotonic_ms() + stream->backoff_ms;
}

/* The commit says that we were a member when it began; so what the group was told before that had prolonged our session.
 * Half a session after the one, or an eighth before the other is over, is the end. */
static void note_proof(struct stream *stream, const struct stream_batch *batch)
{
    int64_t begun_ms = batch->begun_ms;
    int64_t session_end_ms = batch->session_ms + stream->session_ms * 7 / 8;
#if defined STREAM_FAULT_PROOF_LATE /* a test's: the torture must find both */
    begun_ms = loop_boottime_ms();
    session_end_ms = INT64_MAX;
#elif defined STREAM_FAULT_PROOF_DEAF
    session_end_ms = INT64_MAX;
#endif
    int64_t latest_ms = session_end_ms - stream_proof_limit_ms(stream);
    stream->proven_at_ms = begun_ms < latest_ms ? begun_ms : latest_ms;
    stream->proof_begun_ms = batch->begun_ms;
}

static void after_commit(struct stream *stream, struct stream_batch *batch)
{
    note_committed(stream, batch);
    if (!batch->is_proof) { /* a proof says nothing about the records that were refused */
        stream->backoff_ms = 0;
        stream->abort_reason[0] = '\0';
    }
    note_proof(stream, batch);
    stream->is_proven |= batch->is_proof;
    stream_metrics_committed(stream, batch);
    tell_tokens(stream, batch, true);
    end_batch(stream, batch);
}

/* Several in a row are no rebalance: a topic is missing, or we may not write to it. That is tried again for ever, since it
 * can be mended, and shown until then. A transaction that failed behind our back says _STATE at the next call. */
static void note_abort(struct stream *stream)
{
    const struct stream_txn *txn = stream->txn;
    bool says_why = txn->error != RD_KAFKA_RESP_ERR__STATE || stream->abort_reason[0] == '\0';
    if (stream->backoff_ms > 2 * BACKOFF_MIN_MS && says_why) {
        (void)snprintf(stream->abort_reason, sizeof stream->abort_reason,
                       "Kafka refuses the transactions (see `swctl topics --check`): %.120s",
                       txn->reason);
    }
}

/* Newest first: the open batch was stepped on top of the one in flight. */
static void after_abort(struct stream *stream, struct stream_batch *batch)
{
    log_warn("stream_abort", log_code("error", rd_kafka_err2name(stream->txn->error)),
             log_library("why", stream->txn->reason));
    undo(stream, stream->open);
    undo(stream, batch);
    for (size_t i = 0; i < batch->partition_count; i++) {
        note_changelog_end(&batch->partitions[i], false);
    }
    tell_tokens(stream, batch, false);
    tell_tokens(stream, stream->open, false);
    end_batch(stream, batch);
    end_batch(stream, stream->open);
    /* Go back: fetch again from the committed offsets, and prove ourselves. */
    stream->is_fetching = false;
    stream->is_proven = false;
    back_off(stream);
    note_abort(stream);
}

static void after_fatal(struct stream *stream)
{
    memcpy(stream->producer_reason, stream->txn->reason, sizeof stream->producer_reason);
    log_warn("stream_fatal", log_code("error", rd_kafka_err2name(stream->txn->error)),
             log_library("why", stream->txn->reason));
    if (kafka_error_of(stream->txn->error) == ERR_FENCED) {
        stream_group_note_fence(stream);
    }
    if (stream->in_flight != NULL) {
        end_batch(stream, stream->in_flight);
    }
    end_batch(stream, stream->open);
    stream_assign_drop_parts(stream);
    stream->proven_at_ms = INT64_MIN;
    back_off(stream);
    stream->is_producer_ready = false;
    stream->is_init_wanted = true;
}

static void done(void *ctx, void *job)
{
    struct stream *stream = ctx;
    struct stream_txn *txn = job;
    struct stream_batch *batch = txn->batch;
    stream_metrics_outcome(stream, batch != NULL, txn->outcome);
    if (txn->outcome == STREAM_COMMITTED && txn->feeds.missed > 0) {
        stream_metrics_missed(stream, txn->feeds.missed);
        log_warn("feed_missing", log_count("records", txn->feeds.missed));
    }
    txn->feeds.missed = 0;
    if (txn->outcome == STREAM_FATAL) {
        after_fatal(stream);
    } else if (batch == NULL) {
        stream->is_producer_ready = true;
        stream->producer_reason[0] = '\0';
        stream->backoff_ms = 0;
    } else if (txn->outcome == STREAM_COMMITTED) {
        after_commit(stream, batch);
    } else {
        after_abort(stream, batch);
    }
    loop_hook_kick(stream->hook);
}

int stream_txn_new(struct stream *stream)
{
    struct stream_txn *txn = heap_alloc(sizeof *txn);
    if (txn == NULL) {
        return ERR_MEMORY;
    }
    txn->stream = stream;
    stream->txn = txn;
    return worker_new(stream->loop, done, stream, &txn->worker);
}

void stream_txn_free(struct stream *stream)
{
    if (stream->txn != NULL) {
        worker_free(stream->txn->worker);
        destroy_producer(stream->txn);
        heap_free(stream->txn);
        stream->txn = NULL;
    }
}
