/* Into the core: tables, inputs and timers, by priority, until the batch is full or nothing is left; then the batch is
 * sealed for its transaction.
 *
 * A record whose effects Kafka would not take must not stop its partition for ever: it is marked and the open batch is
 * undone (stream_assign.c); when it comes again it goes to `refuse`. A batch ends with the record that it refuses, so
 * that one mark per input is enough. */
#include "io/stream_calls.h"

#include "base/assert.h"
#include "io/log.h"

enum { TURN_STEPS_MAX = 1024, TABLE_RECORDS_MAX = 4096 };

/* What one turn of the loop may still do. */
struct turn {
    struct stream *stream;
    int64_t now_ms;
    size_t steps_left;
    bool has_worked;
};

static struct stream_effects effects_of(struct stream_partition *partition)
{
    struct stream *stream = partition->stream;
    (void)stream_batch_partition(stream->open, partition);
    return (struct stream_effects){.stream = stream, .batch = stream->open, .partition = partition};
}

static void count_step(struct turn *turn)
{
    turn->stream->open->record_count++;
    turn->steps_left -= turn->steps_left > 0;
    turn->has_worked = true;
}

/* For a step that is there to be made: without room for it the batch waits for nothing else. */
static bool may_step(const struct turn *turn, const struct stream_partition *partition)
{
    bool has_room = stream_batch_has_room(turn->stream->open, partition);
    turn->stream->open->is_hurried |= !has_room;
    return turn->steps_left > 0 && has_room;
}

/* Fires what is due by `until_ms`; true when nothing of it is left. */
static bool step_timers(struct turn *turn, struct stream_partition *partition, int64_t until_ms)
{
    const struct stream_definition *definition = turn->stream->definition;
    int64_t deadline_ms;
    while ((deadline_ms = definition->next_deadline(partition->part)) <= until_ms) {
        if (!may_step(turn, partition)) {
            return false;
        }
        struct stream_effects effects = effects_of(partition);
        if (deadline_ms > 0) {
            stream_metrics_lateness(turn->stream, turn->now_ms - deadline_ms);
            if (deadline_ms < effects.batch->earliest_deadline_ms) {
                effects.batch->earliest_deadline_ms = deadline_ms;
            }
        }
        definition->step_time(partition->part, until_ms, &effects);
        count_step(turn);
    }
    return true;
}

/* False: the record's effects are too large, it stays where it is. */
static bool step_record(struct stream_partition *partition, struct stream_source *source,
                        const struct kafka_record *record)
{
    const struct stream_definition *definition = partition->stream->definition;
    struct stream_effects effects = effects_of(partition);
    if (record->offset == source->refused) {
        definition->refuse(partition->part, record, &effects);
        effects.batch->is_full = true;
        return true;
    }
    definition->step(partition->part, record, &effects);
    if (effects.batch->error != ERR_TOO_LARGE) {
        return true;
    }
    log_error("stream_refused", log_code("topic", topic_rows[record->topic].suffix),
              log_count("partition", record->partition), log_count("offset", record->offset),
              log_error_code("error", ERR_TOO_LARGE));
    source->refused = record->offset;
    effects.batch->is_refused = true;
    return false;
}

/* Steps at most a chunk of one input. Deadlines before a record's time go first, once the part is live. */
static void step_input(struct turn *turn, struct stream_partition *partition, size_t input)
{
    struct stream *stream = turn->stream;
    struct stream_source *source = &partition->sources[input];
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    for (size_t n = 0; n < STREAM_CHUNK_MAX && !source->is_paused; n++) {
        const rd_kafka_message_t *message = stream_source_peek(stream, source);
        if (message == NULL || !may_step(turn, partition)) {
            return;
        }
        struct kafka_record record =
            kafka_record_of(message, stream->definition->inputs[input].topic, headers);
#ifndef STREAM_FAULT_INPUTS_FIRST /* a test's: the torture must find that a deadline then comes after what was later */
        if (partition->phase == STREAM_LIVE && !step_timers(turn, partition, record.time_ms - 1)) {
            return;
        }
#endif
        if (!may_step(turn, partition)) {
            return;
        }
        turn->has_worked = true;
        if (!step_record(partition, source, &record)) {
            return;
        }
        stream_source_advance(source);
        stream_metrics_record(stream, input);
        count_step(turn);
    }
}

static void read_tables(struct turn *turn, struct stream_partition *partition)
{
    const struct stream_definition *definition = turn->stream->definition;
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    size_t left = TABLE_RECORDS_MAX;
    for (size_t input = 0; input < definition->input_count; input++) {
        struct stream_source *source = &partition->sources[input];
        const rd_kafka_message_t *message;
        while (definition->inputs[input].is_table && left > 0 &&
               (message = stream_source_peek(turn->stream, source)) != NULL) {
            struct kafka_record record =
                kafka_record_of(message, definition->inputs[input].topic, headers);
            definition->table(partition->part, &record);
            stream_source_advance(source);
            stream_metrics_record(turn->stream, input);
            turn->has_worked = true;
            left--;
        }
    }
}

static bool has_ended(const struct stream_partition *partition, bool is_table)
{
    const struct stream_definition *definition = partition->stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        if (definition->inputs[input].is_table == is_table && !partition->sources[input].is_ended) {
            return false;
        }
    }
    return true;
}

/* All that may be urgent in one partition: inputs marked before_timers, then due timers. */
static void step_urgent(struct turn *turn, struct stream_partition *partition)
{
    const struct stream_definition *definition = turn->stream->definition;
    if (partition->phase == STREAM_READING_TABLES && has_ended(partition, true)) {
        partition->phase = STREAM_CATCHING_UP;
    }
    if (partition->phase < STREAM_CATCHING_UP) {
        return;
    }
    for (size_t input = 0; input < definition->input_count; input++) {
        if (definition->inputs[input].before_timers) {
            step_input(turn, partition, input);
        }
    }
    if (partition->phase == STREAM_CATCHING_UP && has_ended(partition, false)) {
        partition->phase = STREAM_LIVE;
        turn->has_worked = true;
        if (!partition->was_live && definition->live != NULL) {
            definition->live(partition->part);
        }
        partition->was_live = true;
    }
    if (partition->phase == STREAM_LIVE) {
        (void)step_timers(turn, partition, turn->now_ms);
    }
}

static bool is_ordinary(const struct stream_input *input)
{
    return !input->is_table && !input->before_timers;
}

/* The partitions take turns at being first. */
static struct stream_partition *partition_at(struct stream *stream, int32_t n)
{
    return &stream->partitions[(stream->next_turn + n) % stream->partition_count];
}

bool stream_step_all(struct stream *stream)
{
    struct turn turn = {.stream = stream, .now_ms = loop_utc_ms(), .steps_left = TURN_STEPS_MAX};
    for (int32_t n = 0; n < stream->partition_count && stream->is_fetching; n++) {
        if (stream->partitions[n].phase >= STREAM_READING_TABLES) {
            read_tables(&turn, &stream->partitions[n]);
        }
    }
    if (!stream->is_proven || stream->is_draining || !stream_assign_may_begin(stream)) {
        return turn.has_worked;
    }
    for (int32_t n = 0; n < stream->partition_count; n++) {
        step_urgent(&turn, partition_at(stream, n));
    }
    for (size_t input = 0; input < stream->definition->input_count; input++) {
        if (!is_ordinary(&stream->definition->inputs[input])) {
            continue;
        }
        for (int32_t n = 0; n < stream->partition_count; n++) {
            if (partition_at(stream, n)->phase == STREAM_LIVE) {
                step_input(&turn, partition_at(stream, n), input);
            }
        }
    }
    stream->next_turn = (stream->next_turn + 1) % stream->partition_count;
    if (stream->open->error != 0 && !stream->open->is_refused) {
        stream_fail(stream, "a step's effects do not fit into memory");
    }
    return turn.has_worked;
}

int64_t stream_step_next_deadline(const struct stream *stream)
{
    int64_t next_ms = INT64_MAX;
    for (int32_t index = 0; index < stream->partition_count; index++) {
        const struct stream_partition *partition = &stream->partitions[index];
        if (partition->phase != STREAM_LIVE || !stream_batch_has_room(stream->open, partition)) {
            continue;
        }
        int64_t deadline_ms = stream->definition->next_deadline(partition->part);
        next_ms = deadline_ms < next_ms ? deadline_ms : next_ms;
    }
    return next_ms;
}

/* ---- the seal: what the transaction needs to know of the positions */

static bool note_positions(struct stream *stream, struct batch_partition *touched)
{
    bool has_moved = false;
    for (size_t input = 0; input < stream->definition->input_count; input++) {
        struct stream_source *source = &touched->partition->sources[input];
        touched->positions[input] = source->position;
        if (!stream->definition->inputs[input].is_table) {
            has_moved |= source->position != source->committed;
            rd_kafka_topic_partition_list_add(
                stream->open->offsets, stream->input_names[input].text, touched->partition->index)
                ->offset = source->position;
        }
    }
    return has_moved;
}

/* A changelog without a record of ours gets one at once: a group that stays idle from its first day on must not lose
 * its offsets either. */
static bool is_first_record(const struct stream_partition *partition)
{
    return partition->phase >= STREAM_READING_TABLES && partition->recorded_count == 0;
}

void stream_step_seal(struct stream *stream)
{
    struct stream_batch *batch = stream->open;
    sw_assert(batch->offsets == NULL && batch->partition_count > 0);
    batch->offsets = rd_kafka_topic_partition_list_new((int)batch->partition_count);
    for (size_t i = 0; i < batch->partition_count; i++) {
        bool has_moved = note_positions(stream, &batch->partitions[i]);
        if (has_moved || is_first_record(batch->partitions[i].partition)) {
            batch->partitions[i].shell_state =
                stream_shell_encode(stream, batch, &batch->partitions[i]);
        }
    }
#ifdef STREAM_FAULT_POSITION_OFFSETS /* a test's: the torture must find that a stopped member then commits */
    (void)rd_kafka_position(stream->consumer, batch->offsets);
#endif
    stream_txn_submit(stream);
}
