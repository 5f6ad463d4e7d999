#include "sim/broker.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/map.h"

enum { BROKER_ARENA_BYTES = 1 << 30, BROKER_KEYS_MAX = 1 << 22 };

struct log {
    struct broker_record **records;
    size_t count;
    size_t capacity;
    int64_t last_visible_ms;
    struct map newest; /* by key */
    struct broker_record *first_newest;
    struct broker_record *last_newest;
};

struct group {
    struct broker_owner owners[BROKER_PARTITIONS];
    int64_t committed[TOPIC_COUNT][BROKER_PARTITIONS];
};

struct broker {
    struct broker_setup setup;
    struct arena arena;
    int64_t delay_ms;
    struct log logs[TOPIC_COUNT][BROKER_PARTITIONS];
    struct group groups[BROKER_GROUPS];
};

struct broker *broker_new(const struct broker_setup *setup)
{
    struct broker *broker = calloc(1, sizeof(*broker));
    sw_assert(broker != NULL);
    broker->setup = *setup;
    broker->delay_ms = 1;
    arena_init(&broker->arena, BROKER_ARENA_BYTES);
    for (size_t topic = 0; topic < TOPIC_COUNT; topic++) {
        for (size_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
            map_init(&broker->logs[topic][partition].newest, BROKER_KEYS_MAX, 0);
        }
    }
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
            broker->groups[group].owners[partition].slot = BROKER_NOBODY;
        }
    }
    return broker;
}

void broker_free(struct broker *broker)
{
    if (broker == NULL) {
        return;
    }
    for (size_t topic = 0; topic < TOPIC_COUNT; topic++) {
        for (size_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
            free(broker->logs[topic][partition].records);
            map_fini(&broker->logs[topic][partition].newest);
        }
    }
    arena_fini(&broker->arena);
    free(broker);
}

void broker_set_delay(struct broker *broker, int64_t delay_ms)
{
    broker->delay_ms = delay_ms;
}

int64_t broker_delay(const struct broker *broker)
{
    return broker->delay_ms;
}

static struct str copy(struct broker *broker, struct str text)
{
    if (text.at == NULL) {
        return text;
    }
    struct str copied = arena_copy_str(&broker->arena, text);
    sw_assert(copied.at != NULL);
    return copied;
}

static void *take(struct broker *broker, size_t bytes)
{
    void *room = arena_alloc(&broker->arena, bytes);
    sw_assert(room != NULL);
    return room;
}

static void push(struct log *log, struct broker_record *record)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : 2 * log->capacity;
        log->records = realloc(log->records, log->capacity * sizeof(struct broker_record *));
        sw_assert(log->records != NULL);
    }
    log->records[log->count++] = record;
}

/* The record takes the place of the one of its key. */
static void follow_newest(struct log *log, struct broker_record *record)
{
    struct broker_record *before = map_remove(&log->newest, record->record.key);
    if (before != NULL) {
        *(before->prev_newest != NULL ? &before->prev_newest->next_newest : &log->first_newest) =
            before->next_newest;
        *(before->next_newest != NULL ? &before->next_newest->prev_newest : &log->last_newest) =
            before->prev_newest;
        before->next_newest = NULL;
        before->prev_newest = NULL;
    }
    record->prev_newest = log->last_newest;
    *(log->last_newest != NULL ? &log->last_newest->next_newest : &log->first_newest) = record;
    log->last_newest = record;
    sw_assert(map_add(&log->newest, record->record.key, record) == 0);
}

static void append_at(struct broker *broker, const struct kafka_output *output, int32_t partition)
{
    struct log *log = &broker->logs[output->topic][partition];
    struct broker_record *record = take(broker, sizeof(*record));
    struct kafka_header *headers = take(broker, (output->header_count + 1) * sizeof(*headers));
    int64_t now_ms = agenda_now(broker->setup.agenda);
    for (size_t i = 0; i < output->header_count; i++) {
        headers[i] = (struct kafka_header){copy(broker, output->headers[i].name),
                                           copy(broker, output->headers[i].value)};
    }
    record->record = (struct kafka_record){
        .topic = output->topic,
        .partition = partition,
        .offset = (int64_t)log->count,
        .time_ms = now_ms,
        .key = copy(broker, output->key.at != NULL ? output->key : output->unit),
        .value = copy(broker, output->value),
        .headers = headers,
        .header_count = output->header_count,
    };
    record->visible_ms = now_ms + dice_between(broker->setup.dice, 1, broker->delay_ms);
    if (record->visible_ms < log->last_visible_ms) {
        record->visible_ms = log->last_visible_ms;
    }
    log->last_visible_ms = record->visible_ms;
    push(log, record);
    if (topic_rows[output->topic].kind == TOPIC_TABLE) {
        follow_newest(log, record);
    }
    broker->setup.watch(broker->setup.ctx, record);
}

void broker_append(struct broker *broker, const struct kafka_output *output)
{
    if (output->partner.len > 0) {
        return;
    }
    struct str unit = output->unit.len > 0 ? output->unit : topic_unit_of_key(output->key);
    append_at(broker, output, topic_partition_of(unit, BROKER_PARTITIONS));
}

void broker_append_everywhere(struct broker *broker, const struct kafka_output *output)
{
    for (int32_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
        append_at(broker, output, partition);
    }
}

const struct broker_record *broker_read(const struct broker *broker, enum topic topic,
                                        int32_t partition, int64_t offset)
{
    const struct log *log = &broker->logs[topic][partition];
    return offset < (int64_t)log->count ? log->records[offset] : NULL;
}

const struct broker_record *broker_first_newest(const struct broker *broker, enum topic topic,
                                                int32_t partition)
{
    return broker->logs[topic][partition].first_newest;
}

int64_t broker_end(const struct broker *broker, enum topic topic, int32_t partition)
{
    return (int64_t)broker->logs[topic][partition].count;
}

struct broker_owner broker_owner_of(const struct broker *broker, enum broker_group group,
                                    int32_t partition)
{
    return broker->groups[group].owners[partition];
}

void broker_give(struct broker *broker, enum broker_group group, int32_t partition, int slot)
{
    struct broker_owner *owner = &broker->groups[group].owners[partition];
    owner->slot = slot;
    owner->epoch++;
}

int64_t broker_committed(const struct broker *broker, enum broker_group group, enum topic topic,
                         int32_t partition)
{
    return broker->groups[group].committed[topic][partition];
}

void broker_set_committed(struct broker *broker, enum broker_group group, enum topic topic,
                          int32_t partition, int64_t offset)
{
    sw_assert(offset >= broker->groups[group].committed[topic][partition]);
    broker->groups[group].committed[topic][partition] = offset;
}
