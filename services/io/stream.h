/* The transactional stream shell: Kafka records in, a pure core per partition, effects out, exactly once.
 *
 * A service describes itself by a struct stream_definition and is called back on the loop's thread, never from inside
 * one of its own calls. For each partition that this process owns the shell
 *   1. makes the service's part (part_new) and restores it from the changelog (load, once per entity and version);
 *   2. reads the tables to the end seen then (table), and follows them from there;
 *   3. commits the offsets of all its streams, which proves that the partition is ours;
 *   4. steps the streams marked `before_timers` to the end seen then, without firing any timer;
 *   5. calls `live`; from here on timers fire, and records are stepped in the order of the inputs' priority.
 * Work is gathered in batches. A batch's effects are performed in one transaction, in this order: offsets, changelog,
 * outputs, commit; then its tokens are answered (ended). While one commits, the next is stepped in memory; under load, what
 * nobody waits for (stream_hurry) is gathered a little longer. A batch that
 * cannot be committed is undone: each entity that it touched is loaded again as it was before, newest batch first, and
 * its records come once more. When Kafka refuses one after the other (a topic is missing, no right to write) that goes on
 * with a back-off, and the service is not ready and says why. A record that leaves more than Kafka takes goes to rejects.
 *
 * The same, from step 2 on or from 1, follows each rebalance, and each absence of the process longer than half of its
 * session: what memory and Kafka agree about is kept, all else is restored. `live` is called once per part.
 *
 * The core's state is therefore a set of *entities*, each with a key and an encoding. Whatever is not an entity must
 * follow from entities and tables, or may be lost. The changelog also has a record of the shell's own in each partition,
 * under the key "<partition>/shell", which `load` never sees: other readers of the topic skip it. */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/kafka.h"
#include "io/loop.h"
#include "io/service.h"
#include "io/topics.h"

enum {
    STREAM_INPUTS_MAX = 12,
    STREAM_KEY_MAX = 512, /* bytes of an entity's key; values at most KAFKA_VALUE_MAX */
    STREAM_RECORD_MAX_BYTES =
        1000000, /* key, value and headers; brokers take 1,048,588 by default */
    STREAM_STEP_EFFECTS_MAX_BYTES = 64 << 20
};

struct stream;           /* one per process */
struct stream_partition; /* one per partition that this process owns */
struct stream_effects;   /* where a step leaves its effects; valid during that step only */

struct stream_input {
    enum topic topic;
    /* Compacted, without committed offsets: goes to `table`, not to `step`. */
    bool is_table;
    /* A stream that is read to its end before the first timer, and always before due ones. */
    bool before_timers;
};

struct stream_definition {
    const char *name; /* "escalator": the group is <prefix>-<name> */
    enum topic changelog;
    const struct stream_input *inputs; /* the most urgent first; at most STREAM_INPUTS_MAX */
    size_t input_count;
    /* Also when idle, commits a proof of ownership often enough for stream_proof_age_ms. */
    bool heartbeat;

    /* The service's own object of one partition; `partition` is the handle for stream_partition_* and lives as long as
     * the object. NULL when memory is out (the process then ends). `ctx` is the service's own of stream_start. */
    void *(*part_new)(void *ctx, struct stream_partition *partition, int32_t index);
    /* The partition was lost, or will be restored from the start. Nothing is told to anybody. */
    void (*part_free)(void *part);

    /* Entity `key` is from now on what `value` says, whatever it was before; at == NULL: it is not there. Called for
     * every changelog record in order when restoring, and when a batch is undone. Timers are armed by it too. An
     * error (ERR_CORRUPT …) ends the process: the changelog is ours. */
    int (*load)(void *part, struct str key, struct str value);

    /* A record of a table; at == NULL: the entry is gone. Bad input is counted by the service, never an error. May be
     * NULL when no input is a table. Not part of any transaction: it leaves no effects. */
    void (*table)(void *part, const struct kafka_record *record);

    /* One record of a stream. While step 4 above runs no timer has fired, even one that lies before the record's
     * time: judge a deadline against time_ms. Later all deadlines before time_ms have fired. */
    void (*step)(void *part, const struct kafka_record *record, struct stream_effects *effects);

    /* Instead of step, for a record whose effects were too large: all that it did is undone, and it would be so again.
     * Says where the record lies (topic rejects, counter), and no more. */
    void (*refuse)(void *part, const struct kafka_record *record, struct stream_effects *effects);

    /* The earliest deadline, ms of UTC, or INT64_MAX. Cheap: asked before each record. A part whose own inbox (answers
     * of providers) is not empty answers 0. */
    int64_t (*next_deadline)(const void *part);

    /* Fires deadlines at or before `now_ms`, in their order, at least one and at most some hundreds; is called again
     * while next_deadline says so. `now_ms` is the clock or, before a record, its broker time - 1. */
    void (*step_time)(void *part, int64_t now_ms, struct stream_effects *effects);

    /* The part is live: everything in the log before was heard. May be NULL. */
    void (*live)(void *part);

    /* The batch with this token (stream_on_end) is committed, or undone. In the second case its entities have been
     * loaded again. Not called for a part that is freed. May be NULL when no step asks for it. */
    void (*ended)(void *part, uint64_t token, bool is_committed);
};

/* ---- effects, called from step, refuse and step_time only. Bytes are copied. A record that Kafka would not take (beyond
 * STREAM_RECORD_MAX_BYTES or KAFKA_VALUE_MAX): the step is undone and the record that it stepped goes to `refuse`; when
 * it was a timer, or `refuse` itself, the process ends. So it does when memory is out, or beyond
 * STREAM_STEP_EFFECTS_MAX_BYTES in one step. Longer keys of entities, or empty ones, are a bug (asserted). */

/* True when this batch has touched the entity already: then its encoding for stream_touch need not be made. */
bool stream_is_touched(const struct stream_effects *effects, struct str key);

/* Keeps the entity's encoding from before the step, for undoing; to be called before the entity is changed. Only the
 * first call of a batch for a key counts. at == NULL: it did not exist. */
void stream_touch(struct stream_effects *effects, struct str key, struct str before);

/* The entity's new encoding for the changelog; at == NULL deletes it. It was touched before (asserted). Of several in
 * one batch the last is written. */
void stream_put_state(struct stream_effects *effects, struct str key, struct str value);

/* One record to a topic, in the order of the calls within one output partition. */
void stream_emit(struct stream_effects *effects, const struct kafka_output *output);

/* What this step leaves is waited for, by a person or a clock: its batch goes out as soon as the one before is committed.
 * Without it a batch is held back under load (STREAM_GATHER_MS in stream_batch.h), so that more fit into a transaction. */
void stream_hurry(struct stream_effects *effects);

/* Calls `ended` with the token when the batch's fate is known, in the order of the calls. */
void stream_on_end(struct stream_effects *effects, uint64_t token);

/* ---- a partition, from anywhere on the loop's thread */

int32_t stream_partition_index(const struct stream_partition *partition);

/* Stops or goes on reading an input of the partition (back-pressure); not for inputs marked before_timers (asserted).
 * Nothing is paused when a part is new. */
void stream_partition_pause(struct stream_partition *partition, enum topic topic, bool is_paused);

/* Makes the shell ask next_deadline again: something outside a step changed it. */
void stream_partition_kick(struct stream_partition *partition);

/* ---- the process */

/* Starts the shell in a service: consumer, producer, threads, metrics (sw_stream_*), admin page "show stream", part
 * "stream" of readiness. Names of group, transactional.id and group.instance.id come from topic.prefix, the definition
 * and `slot`. The definition must outlive the stream. ERR_INVALID (a kafka.* property that librdkafka does not take,
 * logged), ERR_MEMORY, ERR_IO. Whatever goes wrong later is logged, shown as unready, or ends the process by
 * service_fail. */
SW_NODISCARD int stream_start(struct service *service, const struct stream_definition *definition,
                              void *ctx, struct stream **ret_stream);

/* For `drain`: takes no more input, ends the transaction in flight, commits what was stepped, leaves; then `drained` is
 * called once. Parts are freed before. librdkafka 2.0.2 cannot take a static member out of its group (no LeaveGroup at the
 * close, no such admin request): a twin takes over when the session has expired, as after kill -9, unless the slot is back
 * before. */
void stream_drain(struct stream *stream, loop_fn drained, void *ctx);

/* For `stop`: joins the threads and frees everything, drained or not (then the open transaction is left to its fate, as
 * kill -9 would). NULL is fine. */
void stream_free(struct stream *stream);

/* Milliseconds (CLOCK_BOOTTIME, counting sleep and SIGSTOP) since a transaction that carried offsets was begun and
 * then committed: so long ago we were certainly the owner. More, when the group has not heard of us for longer and might
 * give us up. INT64_MAX before the first of the present assignment. What must not happen twice outside a transaction asks
 * for less than stream_proof_limit_ms. */
int64_t stream_proof_age_ms(const struct stream *stream);

/* Half of the session time-out. */
int64_t stream_proof_limit_ms(const struct stream *stream);

/* The part of a unit, when this process owns it and it is live; else NULL. */
void *stream_find_part(struct stream *stream, struct str unit);

/* The number of partitions of every joined topic; 0 until it is known. */
int32_t stream_partition_count(const struct stream *stream);

/* The full name of a topic under our prefix. */
struct topic_name stream_topic_name(const struct stream *stream, enum topic topic);

#endif
