/* What steps leave, and its transaction. The brokers decide a while after it was sent, and the process hears a while after
 * that: it may die, or lose its partitions, before either. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/shell_inside.h"

static void begin(struct shell_batch *batch)
{
    map_init(&batch->entities, SHELL_ENTITIES_MAX, 0);
    batch->last_entity = NULL;
    batch->first_written = NULL;
    batch->first_output = NULL;
    batch->last_output = &batch->first_output;
    batch->first_token = NULL;
    batch->last_token = &batch->first_token;
    memset(batch->has, 0, sizeof(batch->has));
    batch->is_empty = true;
}

struct shell_batch *shell_batch_new(void)
{
    struct shell_batch *batch = calloc(1, sizeof(*batch));
    sw_assert(batch != NULL);
    arena_init(&batch->arena, SHELL_ARENA_BYTES);
    begin(batch);
    return batch;
}

void shell_batch_clear(struct shell_batch *batch)
{
    map_fini(&batch->entities);
    arena_reset(&batch->arena);
    begin(batch);
}

void shell_batch_free(struct shell_batch *batch)
{
    if (batch != NULL) {
        map_fini(&batch->entities);
        arena_fini(&batch->arena);
        free(batch);
    }
}

static void *room(struct shell_batch *batch, size_t bytes)
{
    void *taken = arena_alloc(&batch->arena, bytes);
    sw_assert(taken != NULL);
    return taken;
}

static struct str copy(struct shell_batch *batch, struct str text)
{
    return text.at == NULL ? text : arena_copy_str(&batch->arena, text);
}

/* --- io/stream.h: effects ---------------------------------------------------------------------------------------------- */

bool stream_is_touched(const struct stream_effects *effects, struct str key)
{
    return map_get(&effects->stream->open->entities, key) != NULL;
}

void stream_touch(struct stream_effects *effects, struct str key, struct str before)
{
    struct shell_batch *batch = effects->stream->open;
    sw_assert(key.len > 0 && key.len <= STREAM_KEY_MAX);
    if (stream_is_touched(effects, key)) {
        return;
    }
    struct shell_entity *entity = room(batch, sizeof(*entity));
    *entity = (struct shell_entity){.next = batch->last_entity,
                                    .partition = effects->partition,
                                    .key = copy(batch, key),
                                    .before = copy(batch, before)};
    batch->last_entity = entity;
    sw_assert(map_add(&batch->entities, entity->key, entity) == 0);
}

void stream_put_state(struct stream_effects *effects, struct str key, struct str value)
{
    struct shell_batch *batch = effects->stream->open;
    struct shell_entity *entity = map_get(&batch->entities, key);
    sw_assert(entity != NULL && entity->partition == effects->partition);
    entity->after = copy(batch, value);
    entity->is_put = true;
}

void stream_emit(struct stream_effects *effects, const struct kafka_output *output)
{
    struct shell_batch *batch = effects->stream->open;
    struct shell_output *kept = room(batch, sizeof(*kept));
    struct kafka_header *headers = room(batch, (output->header_count + 1) * sizeof(*headers));
    for (size_t i = 0; i < output->header_count; i++) {
        headers[i] = (struct kafka_header){copy(batch, output->headers[i].name),
                                           copy(batch, output->headers[i].value)};
    }
    kept->output = (struct kafka_output){.topic = output->topic,
                                         .unit = copy(batch, output->unit),
                                         .key = copy(batch, output->key),
                                         .value = copy(batch, output->value),
                                         .headers = headers,
                                         .header_count = output->header_count,
                                         .partner = copy(batch, output->partner)};
    *batch->last_output = kept;
    batch->last_output = &kept->next;
}

void stream_hurry(struct stream_effects *effects)
{
    (void)effects; /* when a batch goes out is decided by the dice */
}

void stream_on_end(struct stream_effects *effects, uint64_t token)
{
    struct shell_batch *batch = effects->stream->open;
    struct shell_token *kept = room(batch, sizeof(*kept));
    *kept = (struct shell_token){.partition = effects->partition, .token = token};
    *batch->last_token = kept;
    batch->last_token = &kept->next;
}

void shell_batch_drop(struct shell_batch *batch, const struct stream_partition *partition)
{
    for (struct shell_entity *entity = batch->last_entity; entity != NULL; entity = entity->next) {
        entity->partition = entity->partition == partition ? NULL : entity->partition;
    }
    for (struct shell_token *token = batch->first_token; token != NULL; token = token->next) {
        token->partition = token->partition == partition ? NULL : token->partition;
    }
}

/* --- undo -------------------------------------------------------------------------------------------------------------- */

static void tell_tokens(struct stream *stream, struct shell_batch *batch, bool is_committed)
{
    for (struct shell_token *token = batch->first_token; token != NULL; token = token->next) {
        if (token->partition != NULL && token->partition->part != NULL) {
            stream->definition->ended(token->partition->part, token->token, is_committed);
        }
    }
}

static void undo_batch(struct stream *stream, struct shell_batch *batch)
{
    for (struct shell_entity *entity = batch->last_entity; entity != NULL; entity = entity->next) {
        if (entity->partition != NULL && entity->partition->part != NULL) {
            sw_assert(stream->definition->load(entity->partition->part, entity->key,
                                               entity->before) == 0);
        }
    }
    tell_tokens(stream, batch, false);
}

void shell_undo(struct stream *stream)
{
    struct broker *broker = stream->machine->world->broker;
    undo_batch(stream, stream->open);
    undo_batch(stream, stream->flying);
    shell_batch_clear(stream->open);
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        struct stream_partition *partition = &stream->partitions[index];
        if (partition->part == NULL) {
            continue;
        }
        for (size_t input = 0; input < stream->definition->input_count; input++) {
            enum topic topic = stream->definition->inputs[input].topic;
            partition->seen_end[input] = broker_end(broker, topic, index);
            if (!stream->definition->inputs[input].is_table) {
                partition->positions[input] = partition->committed[input];
            }
        }
        partition->phase = partition->phase == SHELL_LIVE ? SHELL_CATCHING_UP : partition->phase;
    }
}

/* --- the transaction --------------------------------------------------------------------------------------------------- */

static bool is_owner(const struct stream *stream, const struct shell_batch *batch)
{
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        struct broker_owner owner =
            broker_owner_of(stream->machine->world->broker, stream->machine->group, index);
        if (batch->has[index] &&
            (owner.slot != stream->machine->slot || owner.epoch != batch->epoch[index])) {
            return false;
        }
    }
    return true;
}

/* Changelog, outputs, offsets. */
static void write(struct stream *stream, const struct shell_batch *batch)
{
    struct broker *broker = stream->machine->world->broker;
    const struct stream_definition *definition = stream->definition;
    for (const struct shell_entity *entity = batch->first_written; entity != NULL;
         entity = entity->next) {
        const struct kafka_output output = {
            .topic = definition->changelog, .key = entity->key, .value = entity->after};
        if (entity->is_put) {
            broker_append(broker, &output);
        }
    }
    for (const struct shell_output *kept = batch->first_output; kept != NULL; kept = kept->next) {
        broker_append(broker, &kept->output);
    }
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        for (size_t input = 0; batch->has[index] && input < definition->input_count; input++) {
            if (!definition->inputs[input].is_table) {
                broker_set_committed(broker, stream->machine->group,
                                     definition->inputs[input].topic, index,
                                     batch->positions[index][input]);
            }
        }
    }
}

static void conclude(struct stream *stream)
{
    struct shell_batch *batch = stream->flying;
    if (stream->fate == SHELL_COMMITTED) {
        for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
            if (batch->has[index] && stream->partitions[index].epoch == batch->epoch[index]) {
                memcpy(stream->partitions[index].committed, batch->positions[index],
                       sizeof(batch->positions[index]));
            }
        }
        tell_tokens(stream, batch, true);
    } else {
        shell_undo(stream);
    }
    shell_batch_clear(batch);
    stream->spare = batch;
    stream->flying = NULL;
    if (stream->fate == SHELL_FENCED) {
        shell_sync(stream);
    }
}

/* The answer reaches the process. */
static void answered(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    if (!machine->is_up || machine->life != mark || machine->stream == NULL ||
        machine->stream->flying == NULL) {
        return;
    }
    if (machine->stopped_until_ms > 0) {
        agenda_add(machine->world->agenda, machine->stopped_until_ms, answered, machine, mark);
        return;
    }
    struct machine *before = machine_enter(machine);
    conclude(machine->stream);
    machine_leave(before);
    machine_wake(machine, agenda_now(machine->world->agenda));
}

/* The brokers decide. The request is on its way even when the process is stopped; not when it was cut off. */
static void decide(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    struct machine_world *world = machine->world;
    if (!machine->is_up || machine->life != mark) {
        return;
    }
    struct stream *stream = machine->stream;
    if (machine->cut_until_ms > 0) {
        agenda_add(world->agenda, machine->cut_until_ms, decide, machine, mark);
        return;
    }
    if (!is_owner(stream, stream->flying)) {
        stream->fate = SHELL_FENCED;
    } else if (dice_chance(world->dice, world->abort_per_mille)) {
        stream->fate = SHELL_ABORTED;
    } else {
        stream->fate = SHELL_COMMITTED;
        write(stream, stream->flying);
    }
    agenda_add(world->agenda, agenda_now(world->agenda) + machine_hop_ms(world), answered, machine,
               mark);
}

static void put_in_order(struct shell_batch *batch)
{
    struct shell_entity *reversed = NULL;
    for (struct shell_entity *entity = batch->last_entity; entity != NULL;) {
        struct shell_entity *next = entity->next;
        struct shell_entity *kept = room(batch, sizeof(*kept));
        *kept = *entity;
        kept->next = reversed;
        reversed = kept;
        entity = next;
    }
    batch->first_written = reversed;
}

void shell_commit(struct stream *stream)
{
    struct shell_batch *batch = stream->open;
    struct machine_world *world = stream->machine->world;
    if (stream->flying != NULL || batch->is_empty) {
        return;
    }
    put_in_order(batch);
    for (int32_t index = 0; index < BROKER_PARTITIONS; index++) {
        memcpy(batch->positions[index], stream->partitions[index].positions,
               sizeof(batch->positions[index]));
    }
    stream->flying = batch;
    stream->open = stream->spare;
    stream->spare = NULL;
    agenda_add(world->agenda, agenda_now(world->agenda) + machine_hop_ms(world), decide,
               stream->machine, stream->machine->life);
}
