/* The batch: what steps leave until it is one transaction. Nothing here talks to Kafka.
 *
 * An entity is kept once per batch: its encoding from before the batch (for undoing) and its newest one (for the
 * changelog), so that ten changes of a case cost one changelog record. Outputs keep their order. All bytes lie in the
 * batch's arena. The first thing that cannot be kept sets `error`, and the batch takes no more: see stream_step.c. */
#include "io/stream_calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { BATCH_ARENA_BYTES = 256 << 20, BATCH_ENTITIES_MAX = 1 << 20 };

static void batch_init(struct stream_batch *batch)
{
    map_init(&batch->entities, BATCH_ENTITIES_MAX, 0);
    batch->first_entity = NULL;
    batch->last_entity = &batch->first_entity;
    batch->first_output = NULL;
    batch->last_output = &batch->first_output;
    batch->first_token = NULL;
    batch->last_token = &batch->first_token;
    batch->partition_count = 0;
    batch->record_count = 0;
    batch->earliest_deadline_ms = INT64_MAX;
    batch->begun_ms = 0;
    batch->session_ms = 0;
    batch->error = 0;
    batch->is_refused = false;
    batch->is_full = false;
    batch->is_hurried = false;
    batch->is_proof = false;
    batch->offsets = NULL;
}

struct stream_batch *stream_batch_new(void)
{
    struct stream_batch *batch = calloc(1, sizeof *batch);
    if (batch != NULL) {
        arena_init(&batch->arena, BATCH_ARENA_BYTES);
        batch_init(batch);
    }
    return batch;
}

void stream_batch_clear(struct stream_batch *batch)
{
    map_fini(&batch->entities);
    arena_reset(&batch->arena);
    if (batch->offsets != NULL) {
        rd_kafka_topic_partition_list_destroy(
            batch->offsets); /* one that leaks hangs rd_kafka_destroy */
    }
    batch_init(batch);
}

void stream_batch_free(struct stream_batch *batch)
{
    if (batch != NULL) {
        stream_batch_clear(batch);
        arena_fini(&batch->arena);
        free(batch);
    }
}

bool stream_batch_is_empty(const struct stream_batch *batch)
{
    return batch->partition_count == 0;
}

struct batch_partition *stream_batch_partition(struct stream_batch *batch,
                                               struct stream_partition *partition)
{
    for (size_t i = 0; i < batch->partition_count; i++) {
        if (batch->partitions[i].partition == partition) {
            return &batch->partitions[i];
        }
    }
    sw_assert(batch->partition_count < STREAM_PARTITIONS_MAX);
    struct batch_partition *touched = &batch->partitions[batch->partition_count++];
    *touched = (struct batch_partition){
        .partition = partition, .first_offset = STREAM_UNKNOWN, .last_offset = STREAM_UNKNOWN};
    return touched;
}

static bool is_in_batch(const struct stream_batch *batch, const struct stream_partition *partition)
{
    for (size_t i = 0; i < batch->partition_count; i++) {
        if (batch->partitions[i].partition == partition) {
            return true;
        }
    }
    return false;
}

bool stream_batch_has_room(const struct stream_batch *batch,
                           const struct stream_partition *partition)
{
    return batch->error == 0 && !batch->is_full && batch->record_count < STREAM_BATCH_RECORDS_MAX &&
           batch->arena.used_bytes < STREAM_BATCH_BYTES_MAX &&
           (batch->partition_count < STREAM_BATCH_PARTITIONS_MAX || is_in_batch(batch, partition));
}

int64_t stream_batch_not_before_ms(const struct stream_batch *batch, size_t steps_before,
                                   int64_t begun_before_ms)
{
    bool may_wait = !batch->is_hurried && !batch->is_full && !batch->is_proof &&
                    batch->record_count < STREAM_BATCH_RECORDS_MAX &&
                    batch->arena.used_bytes < STREAM_BATCH_BYTES_MAX;
    return may_wait && steps_before >= STREAM_GATHER_STEPS ? begun_before_ms + STREAM_GATHER_MS : 0;
}

static void fail(struct stream_effects *effects, int error)
{
    int *known = &effects->batch->error;
    if (*known == 0 ||
        *known ==
            ERR_TOO_LARGE) { /* that one alone leaves the batch whole, so that it can be undone */
        *known = error;
    }
}

static void *take(struct stream_effects *effects, size_t bytes)
{
    effects->bytes += bytes;
    if (effects->bytes > STREAM_STEP_EFFECTS_MAX_BYTES) {
        fail(effects, ERR_FULL);
        return NULL;
    }
    void *memory = arena_alloc(&effects->batch->arena, bytes);
    if (memory == NULL) {
        fail(effects, ERR_MEMORY);
    }
    return memory;
}

/* None stays none; empty stays empty. False when there is no room. */
static bool copy(struct stream_effects *effects, struct str text, struct str *ret_copy)
{
    *ret_copy = KAFKA_NONE;
    if (text.at == NULL) {
        return true;
    }
    char *bytes = take(effects, text.len + 1);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, text.at, text.len);
    *ret_copy = (struct str){bytes, text.len};
    return true;
}

/* Entities of two partitions may have one key only if a unit moved, but they are not one entity. */
struct full_key {
    char bytes[sizeof(int32_t) + STREAM_KEY_MAX];
    size_t len;
};

static struct full_key full_key_of(const struct stream_effects *effects, struct str key)
{
    sw_assert(key.len > 0 && key.len <= STREAM_KEY_MAX);
    struct full_key full = {.len = sizeof(int32_t) + key.len};
    memcpy(full.bytes, &effects->partition->index, sizeof(int32_t));
    memcpy(full.bytes + sizeof(int32_t), key.at, key.len);
    return full;
}

static struct batch_entity *find(const struct stream_effects *effects, struct str key)
{
    struct full_key full = full_key_of(effects, key);
    return map_get(&effects->batch->entities, (struct str){full.bytes, full.len});
}

bool stream_is_touched(const struct stream_effects *effects, struct str key)
{
    return find(effects, key) != NULL;
}

void stream_touch(struct stream_effects *effects, struct str key, struct str before)
{
    struct full_key full = full_key_of(effects, key);
    struct stream_batch *batch = effects->batch;
    if (map_get(&batch->entities, (struct str){full.bytes, full.len}) != NULL) {
        return;
    }
    struct batch_entity *entity = take(effects, sizeof *entity);
    struct str kept;
    if (entity == NULL || !copy(effects, (struct str){full.bytes, full.len}, &kept) ||
        !copy(effects, before, &entity->before)) {
        return;
    }
    entity->partition = effects->partition;
    entity->key = (struct str){kept.at + sizeof(int32_t), key.len};
    int error = map_add(&batch->entities, kept, entity);
    if (error != 0) {
        fail(effects, error);
        return;
    }
    *batch->last_entity = entity;
    batch->last_entity = &entity->next;
}

void stream_put_state(struct stream_effects *effects, struct str key, struct str value)
{
    struct batch_entity *entity = find(effects, key);
    if (entity == NULL) {
        sw_assert(effects->batch->error != 0); /* else it was not touched */
        return;
    }
    if (value.len > KAFKA_VALUE_MAX) {
        fail(effects, ERR_TOO_LARGE);
    } else if (copy(effects, value, &entity->after)) {
        entity->is_put = true;
    }
}

static bool copy_output(struct stream_effects *effects, const struct kafka_output *output,
                        struct kafka_output *ret_copy)
{
    struct kafka_header *headers = take(effects, output->header_count * sizeof *headers);
    *ret_copy = *output;
    if (headers == NULL || !copy(effects, output->unit, &ret_copy->unit) ||
        !copy(effects, output->key, &ret_copy->key) ||
        !copy(effects, output->value, &ret_copy->value) ||
        !copy(effects, output->partner, &ret_copy->partner)) {
        return false;
    }
    for (size_t i = 0; i < output->header_count; i++) {
        if (!copy(effects, output->headers[i].name, &headers[i].name) ||
            !copy(effects, output->headers[i].value, &headers[i].value)) {
            return false;
        }
    }
    ret_copy->headers = headers;
    return true;
}

static bool is_too_large(const struct kafka_output *output)
{
    size_t bytes =
        output->value.len + (output->key.at != NULL ? output->key.len : output->unit.len);
    for (size_t i = 0; i < output->header_count; i++) {
        bytes += output->headers[i].name.len + output->headers[i].value.len;
    }
    return bytes > STREAM_RECORD_MAX_BYTES || output->value.len > KAFKA_VALUE_MAX;
}

void stream_emit(struct stream_effects *effects, const struct kafka_output *output)
{
    sw_assert(output->header_count <= KAFKA_HEADERS_MAX && output->unit.len > 0);
    if (is_too_large(output)) {
        fail(effects, ERR_TOO_LARGE);
        return;
    }
    struct batch_output *kept = take(effects, sizeof *kept);
    if (kept == NULL || !copy_output(effects, output, &kept->output)) {
        return;
    }
    kept->partition = topic_partition_of(output->unit, effects->stream->partition_count);
    *effects->batch->last_output = kept;
    effects->batch->last_output = &kept->next;
}

void stream_hurry(struct stream_effects *effects)
{
    effects->batch->is_hurried = true;
}

void stream_on_end(struct stream_effects *effects, uint64_t token)
{
    struct batch_token *kept = take(effects, sizeof *kept);
    if (kept != NULL) {
        *kept = (struct batch_token){.partition = effects->partition, .token = token};
        *effects->batch->last_token = kept;
        effects->batch->last_token = &kept->next;
    }
}
