/* What the files of the stream shell call of each other; all on the loop's thread unless it says "worker". Private to
 * stream*.c. */
#ifndef IO_STREAM_CALLS_H
#define IO_STREAM_CALLS_H

#include "io/stream_inside.h"

/* stream.c: ends the process; stops work until the next assignment (a person must do something; shown as unready). */
void stream_fail(struct stream *stream, const char *why);
void stream_block(struct stream *stream, const char *why);

/* stream_group.c: the consumer; then, once the partition count is known, the queues and the subscription; reads the
 * main queue (rebalances, errors); a fence of the producer or of the member was seen; begins anew after it, when its hold is over
 * and no transaction is in flight; leaves. */
SW_NODISCARD int stream_group_open(struct stream *stream);
void stream_group_close(struct stream *stream);
void stream_group_join(struct stream *stream, int32_t partition_count);
void stream_group_read(struct stream *stream);
void stream_group_note_fence(struct stream *stream);
bool stream_is_fenced_again(
    struct stream_fence *fence); /* notes it; true: the one before was less than 10 s ago */
void stream_group_rejoin_if_fenced(struct stream *stream);
void stream_group_leave(struct stream *stream);
bool stream_group_has_left(const struct stream *stream);

/* stream_conf.c: ERR_INVALID with the property logged, ERR_MEMORY. The caller destroys the handle. */
void stream_conf_names(struct stream *stream);
SW_NODISCARD int stream_conf_consumer(struct stream *stream, rd_kafka_t **ret_consumer);
SW_NODISCARD int stream_conf_restorer(struct stream *stream, rd_kafka_t **ret_restorer);
SW_NODISCARD int stream_conf_prober(struct stream *stream, bool is_committed_view,
                                    rd_kafka_t **ret_prober);
SW_NODISCARD int stream_conf_producer(const struct stream *stream,
                                      rd_kafka_t **ret_producer); /* worker */

/* stream_assign.c */
void stream_assign_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t event,
                                rd_kafka_topic_partition_list_t *partitions, void *opaque);
void stream_assign_on_answer(struct stream *stream, const struct stream_ask *ask);
void stream_assign_advance(struct stream *stream);
/* Frees all parts: what they held is nowhere but in Kafka. The assignment stays. */
void stream_assign_drop_parts(struct stream *stream);
/* The same, and the assignment is gone as well. */
void stream_assign_drop(struct stream *stream);
/* Forgets what the callback recorded, and the group's metadata. */
void stream_assign_forget(struct stream *stream);
/* Nothing stands in the way of a transaction: producer, back-off, revocation, blocks. */
bool stream_assign_may_begin(const struct stream *stream);

/* stream_ask.c: one question at a time; answers go to stream_assign_on_answer, failures are asked again. */
SW_NODISCARD int stream_ask_new(struct stream *stream);
void stream_ask_free(struct stream *stream);
bool stream_ask_may(const struct stream *stream);
void stream_ask_topics(struct stream *stream);
void stream_ask_assignment(struct stream *stream);

/* stream_restore.c: begins with all parts that are RESTORING; reads a bounded number of records, true when there may
 * be more; and the shell's own changelog record (KAFKA_NONE when memory is out). */
void stream_restore_begin(struct stream *stream);
bool stream_restore_read(struct stream *stream);
bool stream_restore_is_done(const struct stream *stream);
struct str stream_shell_key(int32_t index, char *ret_text);
struct str stream_shell_encode(struct stream *stream, struct stream_batch *batch,
                               const struct batch_partition *touched);

/* stream_source.c: opens the queue of a partition of the subscribed consumer; forgets what was taken and not stepped;
 * sets the end to be reached. */
void stream_source_open(struct stream *stream, struct stream_source *source, size_t input,
                        int32_t index);
void stream_source_close(struct stream_source *source);
void stream_source_forget(struct stream_source *source);
void stream_source_aim(struct stream_source *source, int64_t end);
/* The next record, borrowed until stream_source_advance; NULL when there is none now. */
rd_kafka_message_t *stream_source_peek(struct stream *stream, struct stream_source *source);
void stream_source_advance(struct stream_source *source);

/* stream_effects.c */
struct stream_batch *stream_batch_new(void);
void stream_batch_free(struct stream_batch *batch); /* NULL is fine */
void stream_batch_clear(struct stream_batch *batch);
bool stream_batch_is_empty(const struct stream_batch *batch);
bool stream_batch_has_room(const struct stream_batch *batch,
                           const struct stream_partition *partition);
/* When the open batch may go out, by the steps and the begin of the transaction before; 0: at once. */
int64_t stream_batch_not_before_ms(const struct stream_batch *batch, size_t steps_before,
                                   int64_t begun_before_ms);
/* The batch's record of a partition, made on first use. Worker too. */
struct batch_partition *stream_batch_partition(struct stream_batch *batch,
                                               struct stream_partition *partition);

/* stream_step.c: steps what it may in one turn, true when there may be more; seals and submits the open batch, which
 * is not empty. */
bool stream_step_all(struct stream *stream);
int64_t stream_step_next_deadline(const struct stream *stream);
void stream_step_seal(struct stream *stream);

/* stream_txn.c */
SW_NODISCARD int stream_txn_new(struct stream *stream);
void stream_txn_free(struct stream *stream);
void stream_txn_init(struct stream *stream);   /* makes the producer, again if need be */
void stream_txn_submit(struct stream *stream); /* the open batch; none is in flight */
void stream_txn_undo_open(struct stream *stream);
void stream_txn_on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message,
                            void *opaque); /* worker */

/* stream_metrics.c */
SW_NODISCARD int stream_metrics_open(struct stream *stream);
void stream_metrics_record(struct stream *stream, size_t input);
void stream_metrics_lateness(struct stream *stream, int64_t late_ms);
void stream_metrics_committed(struct stream *stream, const struct stream_batch *batch);
void stream_metrics_missed(struct stream *stream, int64_t count);
void stream_metrics_outcome(struct stream *stream, bool is_batch, enum stream_outcome outcome);
void stream_metrics_restore(struct stream *stream);

/* A test's build may stop, stall or break the worker before effect `n` of a transaction: 0 begin, 1 changelog, 2
 * outputs, 3 offsets, 4 commit, 5 all done; and librdkafka's talk with the group, at its answers. In every other build
 * this is nothing. */
enum { STREAM_TEST_HEARD = 6 };
#ifdef STREAM_TEST_POINTS
int stream_test_point(size_t effect);
#else
static inline int stream_test_point(size_t effect)
{
    (void)effect;
    return 0;
}
#endif

#endif
