/* What the files of the stream shell share. Private to stream*.c.
 *
 *   stream.c          life of the shell: start, the turn of the loop, drain, free
 *   stream_group.c    the consumer as a member of its group
 *   stream_conf.c     the librdkafka handles and their settings
 *   stream_assign.c   from a rebalance to parts that may step: keep, restore, prove
 *   stream_ask.c      the blocking questions (worker thread): topics, committed offsets, ends
 *   stream_restore.c  parts from the changelog
 *   stream_source.c   one queue per topic partition, positions, ends
 *   stream_step.c     tables, inputs and timers into the core, by priority
 *   stream_effects.c  the batch: what a step leaves
 *   stream_txn.c      a batch into one transaction (worker thread), and what its end means
 *   stream_metrics.c  counters, lag, "show stream"
 * All but the two workers' jobs runs on the loop's thread. */
#ifndef IO_STREAM_INSIDE_H
#define IO_STREAM_INSIDE_H

#include <librdkafka/rdkafka.h>

#include "base/heap.h"
#include "io/kafka_conf.h"
#include "io/stream.h"
#include "io/stream_feeds.h"
#include "io/stream_batch.h"
#include "io/worker.h"

/* One input of one partition. The queue lives as long as the process, the numbers as long as an assignment. */
struct stream_source {
    rd_kafka_queue_t *queue;
    rd_kafka_message_t *held[STREAM_CHUNK_MAX]; /* taken from the queue, not yet stepped */
    size_t held_at;
    size_t held_count;
    int64_t position;  /* the next offset to step: our own number, the only one ever committed */
    int64_t committed; /* what the group has; equals position when nothing is in work */
    int64_t end;       /* to be reached before the part is live; STREAM_UNKNOWN: no matter */
    int64_t seen_end;  /* where an end was met: markers of transactions may lie before it */
    int64_t recorded;  /* what the changelog says, should the group's offsets have expired */
    int64_t refused;   /* the record whose effects were too large; STREAM_UNKNOWN: none */
    bool is_ended;     /* end was reached */
    bool is_paused;
};

enum stream_phase {
    STREAM_NOT_OURS,
    STREAM_RESTORING,      /* from the changelog */
    STREAM_READING_TABLES, /* to the end seen at the assignment */
    STREAM_CATCHING_UP,    /* before_timers inputs likewise */
    STREAM_LIVE
};

struct stream_partition {
    struct stream *stream;
    int32_t index;
    enum stream_phase phase;
    bool is_assigned; /* in the present assignment */
    bool was_live;
    void *part; /* the service's; NULL while NOT_OURS */
    /* Where our next changelog record would go; STREAM_UNKNOWN: to be restored at the next assignment. */
    int64_t changelog_end;
    int64_t restore_to;
    int64_t restored_count;
    int64_t recorded_count; /* partitions, by the changelog; 0: not recorded yet */
    struct stream_source sources[STREAM_INPUTS_MAX]; /* by input */
};

enum stream_outcome { STREAM_COMMITTED, STREAM_ABORTED, STREAM_FATAL };

/* The transactional producer, the worker's while a job is under way. */
struct stream_txn {
    struct worker *worker;
    rd_kafka_t *producer;
    rd_kafka_topic_t *topics[TOPIC_COUNT]; /* held, so that their leaders are known */
    struct stream_feeds feeds;
    struct stream *stream; /* names and settings, which never change, and `session` */
    struct stream_batch *batch;
    const rd_kafka_consumer_group_metadata_t *metadata;
    enum stream_outcome outcome;
    rd_kafka_resp_err_t error;
    char reason[STREAM_REASON_MAX];
};

/* What was asked about one partition; STREAM_UNKNOWN: there is none. */
struct stream_answer {
    int32_t index;
    int64_t changelog_end;
    int64_t committed[STREAM_INPUTS_MAX];
    int64_t ends[STREAM_INPUTS_MAX];
};

/* The worker's while a question is under way. */
struct stream_ask {
    struct worker *worker;
    rd_kafka_t *committed_view, *end_view;
    rd_kafka_topic_t *changelog; /* of the restorer, held so that its leaders are known */
    struct stream *stream;       /* names and settings only */
    uint64_t serial;             /* of the assignment; 0: about the topics */
    int error;
    char reason[STREAM_REASON_MAX];
    int32_t partition_count;
    size_t count;
    struct stream_answer answers[STREAM_PARTITIONS_MAX];
    int64_t retry_at_ms; /* the loop's */
};

/* What happened to the assignment since the loop last looked: the callback only records. */
struct stream_rebalance {
    bool is_revoked;
    rd_kafka_topic_partition_list_t *assigned; /* NULL: none */
    rd_kafka_consumer_group_metadata_t *metadata;
};

/* How long the group surely keeps us, by CLOCK_BOOTTIME. A transaction does not prolong the session, only what the consumer
 * says to the coordinator does, and each of those is sent after the answer to the one before was heard. So the session of
 * the last one that was answered began no sooner than that. Written by a thread of librdkafka. */
struct stream_session {
    _Atomic int64_t heard_ms;        /* the last answer; 0: none */
    _Atomic int64_t heard_before_ms; /* the one before */
};

/* When the producer or the member was last fenced: the second within 10 s means a twin. */
struct stream_fence {
    bool has_happened;
    int64_t at_ms; /* monotonic */
};

struct stream {
    const struct stream_definition *definition;
    void *ctx;
    struct service *service;
    struct loop *loop;
    const struct config *config;
    const char *prefix;
    char group[STREAM_NAME_MAX];
    char slot_id[STREAM_NAME_MAX]; /* transactional.id and group.instance.id */
    struct topic_name input_names[STREAM_INPUTS_MAX];
    struct topic_name changelog_name;
    int64_t session_ms, transaction_ms;

    rd_kafka_t *consumer, *restorer;
    rd_kafka_queue_t *consumer_queue, *restorer_queue;
    int event_fd;
    struct loop_fd *event_watch;
    struct loop_hook *hook;
    struct loop_timer *due_timer;   /* the earliest deadline of all parts */
    struct loop_timer *retry_timer; /* polls, back-off, heartbeat */

    struct stream_partition *partitions;
    int32_t partition_count; /* 0: not known */
    int32_t next_turn;       /* which partition comes first */
    struct stream_rebalance rebalance;
    rd_kafka_consumer_group_metadata_t *metadata; /* of the present assignment */
    uint64_t serial;                              /* of the assignment, from 1 */
    int32_t assigned_count;
    bool is_assigned, is_answered, is_fetching, is_proven; /* see stream_assign.c */
    bool is_producer_ready, is_init_wanted, is_rejoin_wanted;
    bool is_doubtful; /* was away: to begin as after an assignment */
    bool is_blocked;  /* until the next assignment: a person must do something */
    bool is_draining, is_closing, is_closed, has_failed;
    char blocked_reason[STREAM_REASON_MAX], ask_reason[STREAM_REASON_MAX];
    char producer_reason[STREAM_REASON_MAX], shown_text[STREAM_REASON_MAX];
    char abort_reason[STREAM_REASON_MAX]; /* while one follows the other; else empty */
    const char *shown_reason;             /* NULL: ready */
    int64_t retry_at_ms;                  /* monotonic: nothing is begun before */
    int64_t backoff_ms;
    struct stream_fence fence;
    struct stream_session session;
    int64_t proven_at_ms;   /* boot time; INT64_MIN: not in this assignment */
    int64_t proof_begun_ms; /* boot time, of the last transaction that was committed */
    int64_t begun_ms;       /* monotonic, of the transaction in flight, or the last one */
    size_t begun_steps;     /* of it */
    int64_t restore_begun_ms;
    int64_t last_turn_ms; /* boot time */
    loop_fn drained;
    void *drained_ctx;
    struct stream_batch *open, *in_flight, *spare; /* one of the latter two is NULL */
    struct stream_txn *txn;
    struct stream_ask *ask;
    struct metric *metrics[STREAM_METRICS_MAX];
    struct metric_series *record_series[STREAM_INPUTS_MAX], *lag_series[STREAM_INPUTS_MAX];
};

#endif
