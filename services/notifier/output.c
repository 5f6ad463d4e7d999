/* What a part writes: receipts and rejects, with CloudEvents headers. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/receipt.pb-c.h>

#include "base/assert.h"
#include "notifier/part.h"
#include "shell/envelope.h"
#include "shell/rejection.h"
#include "wire/decode.h"

_Static_assert((int)SHOUWANG__V1__NOTICE_STATE__NOTICE_STATE_UNKNOWN == (int)CASE_DELIVERY_UNKNOWN,
               "same values");

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

static void emit_receipt(struct part *part, const struct output_receipt *receipt,
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
    record.is_digest = notice->n_merged_cases > 0;
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
        .source = NOTIFIER_SOURCE,
        .kind = str_of(state),
        .id = str_of(id),
        .at_ms = receipt->at_ms,
    };
    envelope_emit(&envelope, value, effects);
    if (receipt->state >= CASE_DELIVERY_REACHED && receipt->state != CASE_DELIVERY_CANCELLED) {
        stream_hurry(effects); /* it stops a step, or begins the next */
    }
    counters_add(&part->notifier->counters, COUNTER_RECEIPTS,
                 case_channel_name((enum case_channel)notice->channel), state);
}

/* The cases that a digest speaks of are several: each hears of its own part. */
void output_receipt(struct part *part, const struct output_receipt *receipt,
                    struct stream_effects *effects)
{
    const Shouwang__V1__Notice *notice = receipt->notice;
    emit_receipt(part, receipt, effects);
    for (size_t i = 0; i < notice->n_merged_cases && i < notice->n_merged; i++) {
        Shouwang__V1__Notice of_part = *notice;
        struct output_receipt told = *receipt;
        of_part.id = notice->merged[i];
        of_part.case_id = notice->merged_cases[i];
        of_part.n_merged = 0;
        told.notice = &of_part;
        emit_receipt(part, &told, effects);
    }
}

void output_reject(struct part *part, const struct kafka_record *record, const struct fault *fault,
                   struct stream_effects *effects)
{
    struct topic_name topic = stream_topic_name(part->notifier->stream, record->topic);
    const struct rejection rejection = {
        .record = record,
        .fault = fault,
        .origin = {.service = "sw-notifier",
                   .topic = str_of(topic.text),
                   .partition = record->partition,
                   .offset = record->offset,
                   .unit = str_is_utf8(record->key, NULL) ? record->key : STR_LITERAL(""),
                   .at_ms = record->time_ms},
        .source = NOTIFIER_SOURCE,
        .vault = {part->notifier->keyring, part->erasure},
    };
    counters_add(&part->notifier->counters, COUNTER_REJECTS, topic_rows[record->topic].suffix,
                 reject_reason_code(fault->reason));
    int error = rejection_emit(&rejection, &part->arena, effects);
    if (error != 0) {
        service_fail(part->notifier->service, error_name(error));
    }
}
