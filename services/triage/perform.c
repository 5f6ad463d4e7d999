/* What a step asked for, in the shell's order: changelog, then outputs. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/sealed.pb-c.h>

#include "io/seal.h"
#include "io/seal_record.h"
#include "triage/part_inside.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/json.h"
#include "wire/reject.h"
#include "wire/signal_write.h"
#include "wire/triage_state.h"

#define SOURCE STR_LITERAL("/shouwang/triage")
#define PLACED_FROM "sw_placed_from" /* "partition/offset" where the producer had put it */

/* --- the changelog --------------------------------------------------------------------------------------------------- */

static int encode(struct part *part, const struct triage_state *state, struct str *ret_value)
{
    *ret_value = KAFKA_NONE;
    return state->is_there ? triage_state_encode(state, &part->arena, ret_value) : 0;
}

void part_put_changes(struct part *part, const struct triage_result *result,
                      struct stream_effects *effects)
{
    for (size_t i = 0; i < result->change_count; i++) {
        const struct triage_change *change = &result->changes[i];
        struct str value;
        int error = 0;
        if (!stream_is_touched(effects, change->key)) {
            error = encode(part, &change->before, &value);
            if (error == 0) {
                stream_touch(effects, change->key, value);
            }
        }
        error = error != 0 ? error : encode(part, &change->after, &value);
        if (error != 0) {
            part_fail(part, error);
            return;
        }
        stream_put_state(effects, change->key, value);
    }
}

/* --- outputs --------------------------------------------------------------------------------------------------------- */

/* What the headers of a record say of it. */
struct envelope {
    enum topic topic;
    struct str unit;
    const char *group; /* of the type: "signals", "rejects" */
    struct str kind;
    struct ident id;
    struct str subject; /* opaque */
    int64_t at_ms;
};

static void emit(const struct envelope *envelope, struct str value, struct stream_effects *effects)
{
    char id[IDENT_TEXT_BYTES];
    char type[128];
    char at[JSON_TIME_BYTES];
    struct cloudevent_header written[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX];
    ident_format(envelope->id, id);
    json_format_time(envelope->at_ms, at);
    if (!cloudevent_format_type(envelope->group, envelope->kind, type, sizeof(type))) {
        (void)snprintf(type, sizeof(type), "shouwang.%s", envelope->group);
    }
    struct cloudevent event = {
        .specversion = STR_LITERAL("1.0"),
        .id = str_of(id),
        .source = SOURCE,
        .type = str_of(type),
        .time = str_of(at),
        .subject = envelope->subject,
        .partitionkey = envelope->unit,
        .datacontenttype = STR_LITERAL("application/protobuf"),
    };
    size_t header_count = cloudevent_write_kafka(&event, written);
    for (size_t i = 0; i < header_count; i++) {
        headers[i] = (struct kafka_header){str_of(written[i].name), written[i].value};
    }
    const struct kafka_output output = {
        .topic = envelope->topic,
        .unit = envelope->unit,
        .value = value,
        .headers = headers,
        .header_count = header_count,
    };
    stream_emit(effects, &output);
}

void part_emit_signals(struct part *part, const struct triage_result *result, int64_t time_ms,
                       struct stream_effects *effects)
{
    for (size_t i = 0; i < result->signal_count; i++) {
        const struct signal *signal = &result->signals[i];
        struct str value;
        int error = signal_encode(signal, &part->arena, &value);
        if (error != 0) {
            part_fail(part, error);
            return;
        }
        const struct envelope envelope = {
            .topic = TOPIC_SIGNALS,
            .unit = signal->event->unit,
            .group = "signals",
            .kind = signal->kind,
            .id = signal->id,
            .subject = signal->subject.ref,
            .at_ms = time_ms,
        };
        emit(&envelope, value, effects);
        part_count(part, PART_SIGNALS, case_level_name(signal->level), NULL);
    }
}

void part_place_again(struct part *part, const struct kafka_record *record, struct str unit,
                      struct stream_effects *effects)
{
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    char place[48];
    size_t count = 0;
    for (size_t i = 0; i < record->header_count && count < KAFKA_HEADERS_MAX - 1; i++) {
        if (!str_is(record->headers[i].name, PLACED_FROM)) {
            headers[count++] = record->headers[i];
        }
    }
    (void)snprintf(place, sizeof(place), "%d/%lld", (int)record->partition,
                   (long long)record->offset);
    headers[count++] = (struct kafka_header){STR_LITERAL(PLACED_FROM), str_of(place)};
    const struct kafka_output output = {
        .topic = record->topic,
        .unit = unit,
        .value = record->value,
        .headers = headers,
        .header_count = count,
    };
    stream_emit(effects, &output);
    part_count(part, PART_PLACED, topic_rows[record->topic].suffix, NULL);
}

/* --- rejects --------------------------------------------------------------------------------------------------------- */

static int seal_body(void *ctx, struct str unit, struct str clear, struct arena *arena,
                     Shouwang__V1__Sealed **ret_sealed)
{
    const struct part *part = ctx;
    const struct vault vault = {part->shared->keyring, part->keys};
    const struct vault_target target = {unit, unit, SEAL_CLASS_CONTENT};
    struct sealed sealed;
    int error = vault_close(&vault, &target, clear, arena, &sealed);
    Shouwang__V1__Sealed *record = arena_alloc(arena, sizeof(*record));
    if (error == 0) {
        error = record == NULL ? ERR_MEMORY : sealed_to_record(&sealed, arena, record);
    }
    if (error == 0) {
        *ret_sealed = record;
    }
    return error;
}

/* Where the producer finds the record: it may have been placed again. */
static void find_place(const struct kafka_record *record, int32_t *ret_partition,
                       int64_t *ret_offset)
{
    struct str place = kafka_header_get(record, PLACED_FROM);
    const char *slash = place.len == 0 ? NULL : memchr(place.at, '/', place.len);
    int64_t partition = record->partition;
    int64_t offset = record->offset;
    if (slash != NULL) {
        struct str first = {place.at, (size_t)(slash - place.at)};
        struct str second = {slash + 1, place.len - first.len - 1};
        if (!str_to_int64(first, 0, INT32_MAX, &partition) ||
            !str_to_int64(second, 0, INT64_MAX, &offset)) {
            partition = record->partition;
            offset = record->offset;
        }
    }
    *ret_partition = (int32_t)partition;
    *ret_offset = offset;
}

void part_reject(struct part *part, const struct kafka_record *record, struct str unit,
                 const struct fault *fault, struct stream_effects *effects)
{
    Shouwang__V1__Reject *reject = NULL;
    struct str value;
    struct topic_name topic = stream_topic_name(part->shared->stream, record->topic);
    struct reject_origin origin = {
        .service = "sw-triage",
        .topic = str_of(topic.text),
        .source = kafka_header_get(record, "ce_source"),
        .event_id = kafka_header_get(record, "ce_id"),
        .unit = unit,
        .at_ms = record->time_ms,
    };
    const char *reason = reject_reason_code(fault->reason);
    find_place(record, &origin.partition, &origin.offset);
    part_count(part, PART_REJECTS, topic_rows[record->topic].suffix, reason);
    int error = reject_make(&origin, fault, record->value, seal_body, part, &part->arena, &reject);
    error = error != 0 ? error : encode_message(&reject->base, &part->arena, &value);
    if (error != 0) {
        part_fail(part, error);
        return;
    }
    const struct str place[] = {origin.topic,
                                {(const char *)&record->partition, sizeof(record->partition)},
                                {(const char *)&record->offset, sizeof(record->offset)}};
    const struct envelope envelope = {
        .topic = TOPIC_REJECTS,
        .unit = unit.len > 0 ? unit : STR_LITERAL("unknown"),
        .group = "rejects",
        .kind = str_of(reason),
        .id = ident_derive(seal_hash128, place, sizeof(place) / sizeof(place[0])),
        .at_ms = record->time_ms,
    };
    emit(&envelope, value, effects);
}
