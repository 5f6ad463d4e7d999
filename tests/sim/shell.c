/* Owning partitions and stepping them. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/shell_inside.h"

static struct agenda *agenda_of(const struct stream *stream)
{
    return stream->machine->world->agenda;
}

static struct broker *broker_of(const struct stream *stream)
{
    return stream->machine->world->broker;
}

/* --- owning ------------------------------------------------------------------------------------------------------------ */

static void lose(struct stream_partition *partition)
{
    if (partition->part != NULL) {
        shell_batch_drop(partition->stream->open, partition);
        if (partition->stream->flying != NULL) {
            shell_batch_drop(partition->stream->flying, partition);
        }
        partition->stream->definition->part_free(partition->part);
    }
    partition->part = NULL;
    partition->phase = SHELL_NOT_OURS;
    partition->was_live = false;
    memset(partition->is_paused, 0, sizeof(partition->is_paused));
}

/* The newest value of each key, as a compacted topic has it, in the order of their records. */
static void restore(struct stream_partition *partition)
{
    struct stream *stream = partition->stream;
    const struct stream_definition *definition = stream->definition;
    for (const struct broker_record *record =
             broker_first_newest(broker_of(stream), definition->changelog, partition->index);
         record != NULL; record = record->next_newest) {
        if (record->record.value.at != NULL) {
            sw_assert(definition->load(partition->part, record->record.key, record->record.value) ==
                      0);
        }
    }
}

static bool is_ordinary(const struct stream_input *input)
{
    return !input->is_table && !input->before_timers;
}

/* Reads again from what is committed, to the end seen now before anything fires. */
static void rewind_partition(struct stream_partition *partition)
{
    struct stream *stream = partition->stream;
    const struct stream_definition *definition = stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        if (!definition->inputs[input].is_table) {
            partition->committed[input] =
                broker_committed(broker_of(stream), stream->machine->group,
                                 definition->inputs[input].topic, partition->index);
            partition->positions[input] = partition->committed[input];
        }
        partition->seen_end[input] =
            broker_end(broker_of(stream), definition->inputs[input].topic, partition->index);
    }
}

static void read_tables(struct stream_partition *partition, bool to_end)
{
    struct stream *stream = partition->stream;
    const struct stream_definition *definition = stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        const struct broker_record *record;
        while (definition->inputs[input].is_table &&
               (record = broker_read(broker_of(stream), definition->inputs[input].topic,
                                     partition->index, partition->positions[input])) != NULL &&
               (to_end || record->visible_ms <= agenda_now(agenda_of(stream)))) {
            definition->table(partition->part, &record->record);
            partition->positions[input]++;
        }
    }
}

/* The same tables, once they have been compacted. */
static void read_compacted_tables(struct stream_partition *partition)
{
    struct stream *stream = partition->stream;
    const struct stream_definition *definition = stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        const struct broker_record *record =
            definition->inputs[input].is_table
                ? broker_first_newest(broker_of(stream), definition->inputs[input].topic,
                                      partition->index)
                : NULL;
        for (; record != NULL; record = record->next_newest) {
            definition->table(partition->part, &record->record);
        }
    }
}

static void take(struct stream_partition *partition, uint64_t epoch)
{
    struct stream *stream = partition->stream;
    memset(partition->positions, 0, sizeof(partition->positions));
    partition->part = stream->definition->part_new(stream->ctx, partition, partition->index);
    sw_assert(partition->part != NULL);
    partition->epoch = epoch;
    restore(partition);
    rewind_partition(partition);
    read_tables(partition, true);
    partition->phase = SHELL_PROVING;
    partition->proven_ms = agenda_now(agenda_of(stream)) + machine_hop_ms(stream->machine->world);
}

void shell_sync(struct stream *stream)
{
    bool has_changed = false;
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        struct stream_partition *partition = &stream->partitions[index];
        struct broker_owner owner =
            broker_owner_of(broker_of(stream), stream->machine->group, index);
        bool is_ours = owner.slot == stream->machine->slot;
        if (partition->part != NULL && (!is_ours || owner.epoch != partition->epoch)) {
            lose(partition);
            has_changed = true;
        }
        if (partition->part == NULL && is_ours && !stream->is_draining) {
            take(partition, owner.epoch);
            has_changed = true;
        }
    }
    for (int32_t index = 0; has_changed && index < BROKER_PARTITIONS; index++) {
        struct stream_partition *kept = &stream->partitions[index];
        if (kept->phase == SHELL_LIVE) {
            kept->phase = SHELL_CATCHING_UP;
            for (size_t input = 0; input < stream->definition->input_count; input++) {
                kept->seen_end[input] =
                    broker_end(broker_of(stream), stream->definition->inputs[input].topic, index);
            }
        }
    }
}

/* --- stepping ---------------------------------------------------------------------------------------------------------- */

static struct stream_effects effects_of(struct stream_partition *partition)
{
    struct shell_batch *open = partition->stream->open;
    open->has[partition->index] = true;
    open->epoch[partition->index] = partition->epoch;
    open->is_empty = false;
    partition->stream->machine->world->steps++;
    return (struct stream_effects){partition->stream, partition};
}

static int64_t clock_of(const struct stream *stream)
{
    return agenda_now(agenda_of(stream)) + stream->machine->skew_ms;
}

static bool step_timers(struct stream_partition *partition, int64_t until_ms)
{
    const struct stream_definition *definition = partition->stream->definition;
    bool has_worked = false;
    for (unsigned turns = 0; definition->next_deadline(partition->part) <= until_ms; turns++) {
        struct stream_effects effects = effects_of(partition);
        definition->step_time(partition->part, until_ms, &effects);
        has_worked = true;
        sw_assert(turns < SHELL_STEPS_MAX); /* a part that is never done */
    }
    return has_worked;
}

static bool step_input(struct stream_partition *partition, size_t input)
{
    struct stream *stream = partition->stream;
    const struct stream_definition *definition = stream->definition;
    const struct broker_record *record;
    bool has_worked = false;
    while (!partition->is_paused[input] &&
           (record = broker_read(broker_of(stream), definition->inputs[input].topic,
                                 partition->index, partition->positions[input])) != NULL &&
           record->visible_ms <= agenda_now(agenda_of(stream))) {
        if (partition->phase == SHELL_LIVE) {
            (void)step_timers(partition, record->record.time_ms - 1);
        }
        struct stream_effects effects = effects_of(partition);
        definition->step(partition->part, &record->record, &effects);
        partition->positions[input]++;
        has_worked = true;
    }
    return has_worked;
}

static bool has_caught_up(const struct stream_partition *partition)
{
    const struct stream_definition *definition = partition->stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        if (definition->inputs[input].before_timers &&
            partition->positions[input] < partition->seen_end[input]) {
            return false;
        }
    }
    return true;
}

static bool step_urgent(struct stream_partition *partition)
{
    const struct stream_definition *definition = partition->stream->definition;
    bool has_worked = false;
    for (size_t input = 0; input < definition->input_count; input++) {
        if (definition->inputs[input].before_timers) {
            has_worked = step_input(partition, input) || has_worked;
        }
    }
    if (partition->phase == SHELL_CATCHING_UP && has_caught_up(partition)) {
        partition->phase = SHELL_LIVE;
        has_worked = true;
        if (!partition->was_live && definition->live != NULL) {
            definition->live(partition->part);
        }
        partition->was_live = true;
    }
    if (partition->phase == SHELL_LIVE) {
        has_worked = step_timers(partition, clock_of(partition->stream)) || has_worked;
    }
    return has_worked;
}

/* The first transaction of an assignment: only an owner who is heard gets it through. */
static void prove(struct stream_partition *partition)
{
    enum { AGAIN_MS = 500 };
    const struct machine *machine = partition->stream->machine;
    int64_t now_ms = agenda_now(agenda_of(partition->stream));
    struct broker_owner owner =
        broker_owner_of(broker_of(partition->stream), machine->group, partition->index);
    if (partition->phase != SHELL_PROVING || partition->proven_ms > now_ms) {
        return;
    }
    if (machine->is_in_contact && owner.slot == machine->slot && owner.epoch == partition->epoch) {
        partition->phase = SHELL_CATCHING_UP;
    } else {
        partition->proven_ms = now_ms + AGAIN_MS;
    }
}

static bool step_all(struct stream *stream)
{
    const struct stream_definition *definition = stream->definition;
    bool has_worked = false;
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        struct stream_partition *partition = &stream->partitions[index];
        prove(partition);
        if (partition->phase >= SHELL_CATCHING_UP) {
            read_tables(partition, false);
            has_worked = step_urgent(partition) || has_worked;
        }
    }
    for (size_t input = 0; input < definition->input_count; input++) {
        for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
            if (is_ordinary(&definition->inputs[input]) &&
                stream->partitions[index].phase == SHELL_LIVE) {
                has_worked = step_input(&stream->partitions[index], input) || has_worked;
            }
        }
    }
    return has_worked;
}

static void leave(struct stream *stream)
{
    if (stream->flying != NULL || !stream->open->is_empty || stream->drained == NULL) {
        return;
    }
    loop_fn drained = stream->drained;
    stream->drained = NULL;
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        lose(&stream->partitions[index]);
    }
    drained(stream->drained_ctx);
}

void shell_turn(struct stream *stream)
{
    for (unsigned turns = 0; !stream->is_draining && step_all(stream); turns++) {
        sw_assert(turns < SHELL_STEPS_MAX);
    }
    shell_commit(stream);
    if (stream->is_draining) {
        leave(stream);
    }
}

/* The record that comes next becomes visible. */
static int64_t next_record_ms(const struct stream_partition *partition, size_t input)
{
    const struct stream *stream = partition->stream;
    const struct broker_record *record =
        broker_read(broker_of(stream), stream->definition->inputs[input].topic, partition->index,
                    partition->positions[input]);
    return record == NULL || partition->is_paused[input] ? INT64_MAX : record->visible_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t shell_next_ms(struct stream *stream)
{
    const struct stream_definition *definition = stream->definition;
    int64_t next_ms = INT64_MAX;
    for (int32_t index = 0; index < BROKER_PARTITIONS && !stream->is_draining; index++) {
        const struct stream_partition *partition = &stream->partitions[index];
        if (partition->phase == SHELL_PROVING) {
            next_ms = earlier(next_ms, partition->proven_ms);
        }
        for (size_t input = 0;
             partition->phase >= SHELL_CATCHING_UP && input < definition->input_count; input++) {
            if (partition->phase == SHELL_LIVE || !is_ordinary(&definition->inputs[input])) {
                next_ms = earlier(next_ms, next_record_ms(partition, input));
            }
        }
        if (partition->phase == SHELL_LIVE) {
            int64_t deadline_ms = definition->next_deadline(partition->part);
            next_ms = deadline_ms == INT64_MAX
                          ? next_ms
                          : earlier(next_ms, deadline_ms - stream->machine->skew_ms);
        }
    }
    return next_ms;
}

int64_t shell_next_deadline(struct stream *stream, int32_t partition)
{
    return stream->definition->next_deadline(stream->partitions[partition].part);
}

int64_t shell_restored_deadline(struct stream *stream, int32_t partition)
{
    struct stream_partition other = {.stream = stream, .index = partition};
    other.part = stream->definition->part_new(stream->ctx, &other, partition);
    sw_assert(other.part != NULL);
    restore(&other);
    read_compacted_tables(&other);
    int64_t deadline_ms = stream->definition->next_deadline(other.part);
    stream->definition->part_free(other.part);
    return deadline_ms;
}

void *shell_settled_part(struct stream *stream, int32_t partition)
{
    bool is_settled = stream->flying == NULL && stream->open->is_empty &&
                      stream->partitions[partition].phase == SHELL_LIVE;
    return is_settled ? stream->partitions[partition].part : NULL;
}

/* --- io/stream.h ------------------------------------------------------------------------------------------------------- */

int stream_start(struct service *service, const struct stream_definition *definition, void *ctx,
                 struct stream **ret_stream)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    sw_assert(stream != NULL);
    stream->machine = service->machine;
    stream->definition = definition;
    stream->ctx = ctx;
    stream->open = shell_batch_new();
    stream->spare = shell_batch_new();
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        stream->partitions[index].stream = stream;
        stream->partitions[index].index = index;
    }
    service->machine->stream = stream;
    *ret_stream = stream;
    return 0;
}

void stream_drain(struct stream *stream, loop_fn drained, void *ctx)
{
    stream->is_draining = true;
    stream->drained = drained;
    stream->drained_ctx = ctx;
    machine_wake(stream->machine, agenda_now(agenda_of(stream)) + 1);
}

void stream_free(struct stream *stream)
{
    if (stream == NULL) {
        return;
    }
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        lose(&stream->partitions[index]);
    }
    shell_batch_free(stream->open);
    shell_batch_free(stream->flying);
    shell_batch_free(stream->spare);
    stream->machine->stream = NULL;
    free(stream);
}

int64_t stream_proof_age_ms(const struct stream *stream)
{
    const struct machine *machine = stream->machine;
    int64_t now_ms = agenda_now(agenda_of(stream));
    enum { HEARTBEAT_MS = 500 }; /* the last one may be as old as that */
    return machine->is_in_contact ? now_ms % HEARTBEAT_MS : now_ms - machine->contact_ms;
}

int64_t stream_proof_limit_ms(const struct stream *stream)
{
    (void)stream;
    return MACHINE_SESSION_MS / 2;
}

void *stream_find_part(struct stream *stream, struct str unit)
{
    struct stream_partition *partition =
        &stream->partitions[topic_partition_of(unit, BROKER_PARTITIONS)];
    return partition->phase == SHELL_LIVE ? partition->part : NULL;
}

int32_t stream_partition_count(const struct stream *stream)
{
    (void)stream;
    return BROKER_PARTITIONS;
}

struct topic_name stream_topic_name(const struct stream *stream, enum topic topic)
{
    (void)stream;
    return topic_name_of("sim", topic);
}

int32_t stream_partition_index(const struct stream_partition *partition)
{
    return partition->index;
}

void stream_partition_pause(struct stream_partition *partition, enum topic topic, bool is_paused)
{
    const struct stream_definition *definition = partition->stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        if (definition->inputs[input].topic == topic) {
            sw_assert(is_ordinary(&definition->inputs[input]));
            partition->is_paused[input] = is_paused;
        }
    }
    stream_partition_kick(partition);
}

void stream_partition_kick(struct stream_partition *partition)
{
    machine_wake(partition->stream->machine, agenda_now(agenda_of(partition->stream)));
}
