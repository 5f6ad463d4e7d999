/* What a step asked for, in the shell's order: changelog, then outputs. */
#include <stdio.h>
#include <string.h>

#include "shell/envelope.h"
#include "shell/rejection.h"
#include "triage/part_inside.h"
#include "wire/county_fact.h"
#include "wire/signal.h"
#include "wire/signal_write.h"
#include "wire/triage_state.h"

#define SOURCE "/shouwang/triage"
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

static int emit_signal(struct part *part, struct str value, int64_t time_ms,
                       struct stream_effects *effects)
{
    struct case_signal signal;
    struct fault fault;
    int error = signal_decode(value, &part->arena, &signal, &fault);
    if (error != 0) {
        return error;
    }
    char id[IDENT_TEXT_BYTES];
    ident_format(signal.id, id);
    const struct envelope envelope = {
        .topic = TOPIC_SIGNALS,
        .unit = signal.unit,
        .source = SOURCE,
        .kind = signal.kind,
        .id = str_of(id),
        .subject = signal.subject,
        .at_ms = time_ms,
    };
    envelope_emit(&envelope, value, effects);
    if (signal.level >= CASE_LEVEL_HIGH && !signal.silent) {
        stream_hurry(effects);
    }
    part_count(part, PART_SIGNALS, case_level_name(signal.level), NULL);
    return 0;
}

void part_emit_signals(struct part *part, const struct triage_result *result, int64_t time_ms,
                       struct stream_effects *effects)
{
    int error = 0;
    for (size_t i = 0; i < result->release_count && error == 0; i++) {
        error = emit_signal(part, result->releases[i], time_ms, effects);
    }
    for (size_t i = 0; i < result->signal_count && error == 0; i++) {
        struct str value;
        error = signal_encode(&result->signals[i], &part->arena, &value);
        error = error != 0 ? error : emit_signal(part, value, time_ms, effects);
    }
    if (error != 0) {
        part_fail(part, error);
    }
}

void part_emit_fact(struct part *part, const struct triage_result *result,
                    struct stream_effects *effects)
{
    const struct county_fact *fact = result->fact;
    struct str value;
    if (fact == NULL) {
        return;
    }
    int error = county_fact_encode(fact, &part->arena, &value);
    if (error != 0) {
        part_fail(part, error);
        return;
    }
    const struct envelope envelope = {
        .topic = TOPIC_FACTS_COUNTY,
        .unit = fact->county,
        .source = SOURCE,
        .kind = str_of(event_kind_name(fact->kind)),
        .id = fact->id,
        .at_ms = fact->reported_ms,
    };
    envelope_emit(&envelope, value, effects);
    part_count(part, PART_FACTS, NULL, NULL);
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
    struct topic_name topic = stream_topic_name(part->shared->stream, record->topic);
    struct rejection rejection = {
        .record = record,
        .fault = fault,
        .origin = {.service = "sw-triage",
                   .topic = str_of(topic.text),
                   .source = kafka_header_get(record, "ce_source"),
                   .event_id = kafka_header_get(record, "ce_id"),
                   .unit = unit,
                   .at_ms = record->time_ms},
        .source = SOURCE,
        .vault = {part->shared->keyring, part->keys},
    };
    find_place(record, &rejection.origin.partition, &rejection.origin.offset);
    part_count(part, PART_REJECTS, topic_rows[record->topic].suffix,
               reject_reason_code(fault->reason));
    int error = rejection_emit(&rejection, &part->arena, effects);
    if (error != 0) {
        part_fail(part, error);
    }
}
