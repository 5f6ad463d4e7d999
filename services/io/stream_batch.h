/* The batch of the stream shell: what steps leave until it is one transaction, and the bounds of both. Private to
 * stream*.c. */
#ifndef IO_STREAM_BATCH_H
#define IO_STREAM_BATCH_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "base/map.h"
#include "io/stream.h"

enum {
    STREAM_PARTITIONS_MAX = 256,
    STREAM_CHUNK_MAX = 32, /* records taken from one queue before looking at the more urgent ones */
    STREAM_BATCH_RECORDS_MAX = 8192,  /* a batch takes no more steps beyond this, */
    STREAM_BATCH_BYTES_MAX = 8 << 20, /* or this, */
    STREAM_BATCH_PARTITIONS_MAX =
        8, /* and touches no more partitions: commit time grows with them */
    /* A transaction costs the broker the same for one record as for a hundred. So after one of this many steps, which
     * shows that there is load, the next is begun no sooner than so long after it, unless somebody waits. */
    STREAM_GATHER_STEPS = 4,
    STREAM_GATHER_MS = 100,
    STREAM_NAME_MAX = 160,
    STREAM_REASON_MAX = 200,
    STREAM_SHELL_KEY_MAX = 32,
    STREAM_METRICS_MAX = 12
};

#define STREAM_UNKNOWN INT64_C(-1)

struct batch_entity {
    struct batch_entity *next;
    struct stream_partition *partition;
    struct str key;
    struct str before;
    struct str after;
    bool is_put;
};

struct batch_output {
    struct batch_output *next;
    struct kafka_output output;
    int32_t partition;
};

struct batch_token {
    struct batch_token *next;
    struct stream_partition *partition;
    uint64_t token;
};

/* What a batch did to one partition; `sent` and the offsets are filled by the transaction. */
struct batch_partition {
    struct stream_partition *partition;
    int64_t positions[STREAM_INPUTS_MAX]; /* at the seal */
    struct str shell_state; /* the shell's own changelog record; at == NULL: unchanged */
    size_t sent;
    size_t answered;
    size_t delivered;
    int64_t first_offset; /* of delivered changelog records */
    int64_t last_offset;
};

struct stream_batch {
    struct arena arena;
    struct map entities; /* by partition and key */
    struct batch_entity *first_entity, **last_entity;
    struct batch_output *first_output, **last_output;
    struct batch_token *first_token, **last_token;
    struct batch_partition partitions[STREAM_PARTITIONS_MAX]; /* touched, or proven */
    size_t partition_count;
    size_t record_count;
    int64_t earliest_deadline_ms; /* fired in it; INT64_MAX */
    int64_t begun_ms;             /* CLOCK_BOOTTIME before the offsets were sent */
    int64_t session_ms;           /* the session was last prolonged no sooner, as known then */
    int error;                    /* what an effect could not be kept for */
    bool is_refused; /* by the step that met `error`: to be undone, its record is marked */
    bool is_full;    /* takes no more steps */
    bool is_hurried; /* what it leaves is waited for, or something waits for room */
    bool is_proof;
    rd_kafka_topic_partition_list_t *offsets;
};

struct stream_effects {
    struct stream *stream;
    struct stream_batch *batch;
    struct stream_partition *partition;
    size_t bytes;
};

#endif
