/* Kafka as the services see it: one log per topic and partition, LogAppendTime, and groups with owners and committed
 * offsets. A transaction is what its shell appends in one call of broker_commit: all of it or nothing. */
#ifndef TESTS_SIM_BROKER_H
#define TESTS_SIM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/kafka.h"
#include "io/topics.h"
#include "sim/agenda.h"
#include "sim/dice.h"

enum { BROKER_PARTITIONS = 2, BROKER_NOBODY = -1 };

enum broker_group { BROKER_TRIAGE, BROKER_ESCALATOR, BROKER_NOTIFIER, BROKER_GROUPS };

struct broker;

/* One record, for ever where it is. */
struct broker_record {
    struct kafka_record record;
    int64_t visible_ms;                /* when consumers have fetched it */
    struct broker_record *next_newest; /* of a compacted topic, while it is the newest of its key */
    struct broker_record *prev_newest;
};

/* Called for each record, in the order of the log. */
typedef void (*broker_watch_fn)(void *ctx, const struct broker_record *record);

struct broker_setup {
    struct agenda *agenda;
    struct dice *dice;
    broker_watch_fn watch;
    void *ctx;
};

struct broker *broker_new(const struct broker_setup *setup);
void broker_free(struct broker *broker);

/* Records are fetched this long after they were appended, at most; at least 1 ms. */
void broker_set_delay(struct broker *broker, int64_t delay_ms);
int64_t broker_delay(const struct broker *broker);

/* Appends a copy to the partition of its unit (of the key, when there is no unit). Of a feed: only counted. */
void broker_append(struct broker *broker, const struct kafka_output *output);

/* As an activation does: once into each partition. */
void broker_append_everywhere(struct broker *broker, const struct kafka_output *output);

/* The record at an offset; NULL: not there yet. */
const struct broker_record *broker_read(const struct broker *broker, enum topic topic,
                                        int32_t partition, int64_t offset);

/* Of a compacted topic: the newest record of each key, tombstones too, in the order of the log; the first, then by next_newest. */
const struct broker_record *broker_first_newest(const struct broker *broker, enum topic topic,
                                                int32_t partition);
int64_t broker_end(const struct broker *broker, enum topic topic, int32_t partition);

/* --- Groups ------------------------------------------------------------------------------------------------------------ */

/* Who owns a partition, by slot, or BROKER_NOBODY; each change gives the partition a new epoch. */
struct broker_owner {
    int slot;
    uint64_t epoch;
};
struct broker_owner broker_owner_of(const struct broker *broker, enum broker_group group,
                                    int32_t partition);
void broker_give(struct broker *broker, enum broker_group group, int32_t partition, int slot);

int64_t broker_committed(const struct broker *broker, enum broker_group group, enum topic topic,
                         int32_t partition);
void broker_set_committed(struct broker *broker, enum broker_group group, enum topic topic,
                          int32_t partition, int64_t offset);

#endif
