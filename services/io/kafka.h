/* Kafka through librdkafka: configuration, records, a plain idempotent producer, a reader without a group.
 *
 * The transactional shell of the stateful services is io/stream.h. Here is what intake, console, relay and the callbacks
 * of providers need: records go out with an answer each, and whole topics come in from explicit offsets. Everything is
 * called, and calls back, on the loop's thread; nothing blocks unless it says so. */
#ifndef IO_KAFKA_H
#define IO_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/config.h"
#include "io/loop.h"
#include "io/metrics.h"
#include "io/topics.h"

enum { KAFKA_HEADERS_MAX = 24, KAFKA_VALUE_MAX = 960 * 1024 };

/* A value: bytes, or at == NULL for "none" (a tombstone in a compacted topic). An empty record has at != NULL. */
#define KAFKA_NONE ((struct str){NULL, 0})

struct kafka_header {
    struct str name;
    struct str value; /* at == NULL: null */
};

/* A record as it was read, borrowed for the call. */
struct kafka_record {
    enum topic topic; /* TOPIC_COUNT: a partner's feed */
    int32_t partition;
    int64_t offset;
    int64_t time_ms; /* the broker's (LogAppendTime) */
    struct str key;  /* at == NULL: none, as a foreign producer may write */
    struct str value;
    const struct kafka_header *headers; /* the first KAFKA_HEADERS_MAX */
    size_t header_count;
};

/* The value of the first header of that name; at == NULL when there is none. */
struct str kafka_header_get(const struct kafka_record *record, const char *name);

/* A record to be written. */
struct kafka_output {
    enum topic topic;
    struct str unit; /* placed by it: murmur2(unit) mod partitions */
    struct str
        key; /* at == NULL: the unit. Of a compacted topic: the entity, which begins with the unit */
    struct str value;
    const struct kafka_header *headers;
    size_t header_count; /* at most KAFKA_HEADERS_MAX */
    struct str partner;  /* not empty: the partner's feed instead of `topic` */
};

/* ---- a plain, idempotent producer: acks=all, no linger, order kept within a partition */

struct kafka_producer;

/* `error` 0: all replicas have it, at `partition` and `offset`. ERR_TIMEOUT, ERR_UNAVAILABLE: Kafka did not take it in
 * `timeout_ms` (it may have, all the same, when the answer was lost). ERR_DENIED, ERR_TOO_LARGE, ERR_IO. */
typedef void (*kafka_done_fn)(void *ctx, int error, int32_t partition, int64_t offset);

/* `timeout_ms` bounds the wait for one record. Takes bootstrap.servers and every kafka.* of the config. ERR_INVALID (a
 * property, logged), ERR_MEMORY, ERR_IO. The partition count is asked for in the background: until then, and whenever
 * no broker is reached, kafka_producer_is_up answers false. */
SW_NODISCARD int kafka_producer_new(struct loop *loop, const struct config *config,
                                    int64_t timeout_ms, struct kafka_producer **ret_producer);

/* Waits for nothing: what is unanswered is never answered. Not from `done`. NULL is fine. */
void kafka_producer_free(struct kafka_producer *producer);

/* Whether a record would be taken now: a broker is connected and the topics' partition count is known. To answer 503
 * at once instead of after a time-out. */
bool kafka_producer_is_up(const struct kafka_producer *producer);

/* The number of partitions of every topic of the table; 0 until it is known. */
int32_t kafka_producer_partition_count(const struct kafka_producer *producer);

/* Copies the record; `done` is called exactly once, later. On an error it is not: ERR_FULL (queue: try again later),
 * ERR_UNAVAILABLE (partition count not known), ERR_TOO_LARGE. */
SW_NODISCARD int kafka_produce(struct kafka_producer *producer, const struct kafka_output *output,
                               kafka_done_fn done, void *ctx);

/* Records taken and not yet answered. */
size_t kafka_producer_pending(const struct kafka_producer *producer);

/* ---- a reader without a group: all partitions of some topics, read_committed */

struct kafka_reader;

enum kafka_from { KAFKA_FROM_BEGINNING, KAFKA_FROM_END, KAFKA_FROM_OFFSETS };

struct kafka_source {
    enum topic topic;
    struct str partner; /* not empty: the partner's feed instead of `topic` */
    enum kafka_from from;
    const int64_t
        *offsets; /* KAFKA_FROM_OFFSETS: the next one per partition, -1: its beginning; copied */
    size_t offset_count; /* partitions beyond it start at their beginning */
};

struct kafka_reader_calls {
    void (*record)(void *ctx, const struct kafka_record *record);
    /* All that was in the topics when reading began was given to `record`. Once. May be NULL. */
    void (*caught_up)(void *ctx);
    /* An offset is gone (retention): reading goes on at the beginning of what is left. May be NULL. */
    void (*gap)(void *ctx, enum topic topic, int32_t partition, int64_t from, int64_t to);
};

/* Reads in the order of offsets within one partition, in bounded batches per turn of the loop. A topic that does not
 * exist yet is waited for. `sources` are copied. ERR_INVALID, ERR_MEMORY, ERR_IO. */
SW_NODISCARD int kafka_reader_new(struct loop *loop, const struct config *config,
                                  const struct kafka_source *sources, size_t source_count,
                                  struct kafka_reader **ret_reader);

/* What it calls; to be set in the same turn as it was made. None of the calls may free the reader. */
void kafka_reader_set_calls(struct kafka_reader *reader, const struct kafka_reader_calls *calls,
                            void *ctx);

/* NULL is fine. */
void kafka_reader_free(struct kafka_reader *reader);

/* Stops and goes on reading (back-pressure). */
void kafka_reader_pause(struct kafka_reader *reader, bool is_paused);

/* False until all sources have been found and read to the end seen then. */
bool kafka_reader_is_caught_up(const struct kafka_reader *reader);

/* What comes next of a source (by its index in `sources`): one offset per partition into `ret_offsets`, at most `max`;
 * the count of partitions, 0 before it is known. The offset of a partition whose beginning is sought is 0. */
size_t kafka_reader_positions(const struct kafka_reader *reader, size_t source, size_t max,
                              int64_t *ret_offsets);

/* Records that the topics hold beyond what was given to `record`, as last seen; for lag metrics. */
int64_t kafka_reader_lag(const struct kafka_reader *reader);

#endif
