/* What a part writes: receipts and rejects, with CloudEvents headers. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/receipt.pb-c.h>

#include "base/assert.h"
#include "io/seal_record.h"
#include "notifier/part.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/json.h"
#include "wire/reject.h"

_Static_assert((int)SHOUWANG__V1__NOTICE_STATE__NOTICE_STATE_UNKNOWN == (int)CASE_DELIVERY_UNKNOWN,
               "same values");

struct envelope {
    enum topic topic;
    struct str unit;
    const char *group; /* of the type: "receipt" */
    struct str kind;
    struct str id;
    int64_t at_ms;
};

static void emit(const struct envelope *envelope, struct str value, struct stream_effects *effects)
{
    char type[128];
    char at[JSON_TIME_BYTES];
    struct cloudevent_header written[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX];
    json_format_time(envelope->at_ms, at);
    bool fits = cloudevent_format_type(envelope->group, envelope->kind, type, sizeof(type));
    sw_assert(fits);
    struct cloudevent event = {
        .specversion = STR_LITERAL("1.0"),
        .id = envelope->id,
        .source = STR_LITERAL("shouwang/notifier"),
        .type = str_of(type),
        .time = str_of(at),
        .partitionkey = envelope->unit,
        .datacontenttype = STR_LITERAL("application/protobuf"),
    };
    size_t count = cloudevent_write_kafka(&event, written);
    for (size_t i = 0; i < count; i++) {
        headers[i] = (struct kafka_header){str_of(written[i].name), written[i].value};
    }
    struct kafka_output output = {
        .topic = envelope->topic,
        .unit = envelope->unit,
        .value = value,
        .headers = headers,
        .header_count = count,
    };
    stream_emit(effects, &output);
}

/* The generated struct wants a mutable text; nothing writes through it. */
static char *unshared(struct part *part, const char *text)
{
    struct str copy = arena_copy_str(&part->arena, str_of(text));
    char *bytes = NULL;
    if (copy.at != NULL) {
        memcpy(&bytes, &copy.at, sizeof(bytes));
    }
    return bytes;
}

void output_receipt(struct part *part, const struct output_receipt *receipt,
                    struct stream_effects *effects)
{
    const Shouwang__V1__Notice *notice = receipt->notice;
    Shouwang__V1__Receipt record = SHOUWANG__V1__RECEIPT__INIT;
    struct str value;
    record.notice_id = notice->id;
    record.unit = notice->unit;
    record.case_id = notice->case_id;
    record.person = notice->person;
    record.role = notice->role;
    record.channel = notice->channel;
    record.state = (Shouwang__V1__NoticeState)receipt->state;
    record.reason = unshared(part, receipt->reason);
    record.at_ms = receipt->at_ms;
    record.n_merged = notice->n_merged;
    record.merged = notice->merged;
    record.attempt = receipt->attempt;
    record.sent_again = receipt->sent_again;
    if (record.reason == NULL || encode_message(&record.base, &part->arena, &value) != 0) {
        service_fail(part->notifier->service, error_name(ERR_MEMORY));
        return;
    }
    struct ident notice_id;
    char id[IDENT_TEXT_BYTES + 32];
    memcpy(notice_id.bytes, notice->id.data, IDENT_BYTES);
    ident_format(notice_id, id);
    const char *state = case_delivery_name(receipt->state);
    (void)snprintf(id + IDENT_TEXT_BYTES - 1, 32, "-%s-%u", state, receipt->attempt);
    struct envelope envelope = {
        .topic = TOPIC_RECEIPTS,
        .unit = str_of(notice->unit),
        .group = "receipt",
        .kind = str_of(state),
        .id = str_of(id),
        .at_ms = receipt->at_ms,
    };
    emit(&envelope, value, effects);
    counters_add(&part->notifier->counters, COUNTER_RECEIPTS,
                 case_channel_name((enum case_channel)notice->channel), state);
}

static int seal_body(void *ctx, struct str unit, struct str clear, struct arena *arena,
                     Shouwang__V1__Sealed **ret_sealed)
{
    const struct part *part = ctx;
    struct vault vault = {part->notifier->keyring, part->erasure};
    struct vault_target target = {unit, unit, SEAL_CLASS_CONTENT};
    struct sealed sealed;
    Shouwang__V1__Sealed *record = arena_alloc(arena, sizeof(*record));
    int error = record == NULL ? ERR_MEMORY : vault_close(&vault, &target, clear, arena, &sealed);
    if (error == 0) {
        error = sealed_to_record(&sealed, arena, record);
    }
    if (error == 0) {
        *ret_sealed = record;
    }
    return error;
}

void output_reject(struct part *part, const struct kafka_record *record, const struct fault *fault,
                   struct stream_effects *effects)
{
    char id[64];
    struct topic_name topic = stream_topic_name(part->notifier->stream, record->topic);
    struct reject_origin origin = {
        .service = "sw-notifier",
        .topic = str_of(topic.text),
        .partition = record->partition,
        .offset = record->offset,
        .unit = str_is_utf8(record->key, NULL) ? record->key : STR_LITERAL(""),
        .at_ms = record->time_ms,
    };
    Shouwang__V1__Reject *reject = NULL;
    struct str value;
    counters_add(&part->notifier->counters, COUNTER_REJECTS, topic_rows[record->topic].suffix,
                 reject_reason_code(fault->reason));
    if (reject_make(&origin, fault, record->value, seal_body, part, &part->arena, &reject) != 0 ||
        encode_message(&reject->base, &part->arena, &value) != 0) {
        service_fail(part->notifier->service, error_name(ERR_MEMORY));
        return;
    }
    (void)snprintf(id, sizeof(id), "%s-%d-%lld", topic_rows[record->topic].suffix,
                   (int)record->partition, (long long)record->offset);
    struct envelope envelope = {
        .topic = TOPIC_REJECTS,
        .unit = origin.unit.len > 0 ? origin.unit : STR_LITERAL("unknown"),
        .group = "reject",
        .kind = str_of(reject_reason_code(fault->reason)),
        .id = str_of(id),
        .at_ms = record->time_ms,
    };
    emit(&envelope, value, effects);
}
