/* Records of the streams: controls, notices, callbacks. */
#include "notifier/take.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/alert.pb-c.h>
#include <shouwang/v1/callback.pb-c.h>

#include "base/assert.h"
#include "io/log.h"
#include "notifier/digest.h"
#include "notifier/entity.h"
#include "notifier/entry.h"
#include "notifier/flight.h"
#include "wire/decode.h"
#include "wire/reader.h"

static void give_up(struct part *part, int error)
{
    service_fail(part->notifier->service, error_name(error));
}

static void review_lane(struct part *part, enum notifier_lane lane, size_t count, size_t max)
{
    bool wanted = part->is_paused[lane] ? count > max / 4 * 3 : count > max;
    if (wanted != part->is_paused[lane]) {
        part->is_paused[lane] = wanted;
        stream_partition_pause(
            part->partition, lane == LANE_BULK ? TOPIC_NOTICES_BULK : TOPIC_NOTICES_URGENT, wanted);
    }
}

void take_review_pause(struct part *part)
{
    review_lane(part, LANE_URGENT, part->held.count - part->bulk_count, NOTIFIER_URGENT_MAX);
    review_lane(part, LANE_BULK, part->bulk_count, part->notifier->held_max);
}

/* --- Ends -------------------------------------------------------------------------------------- */

/* A call that is ended from here while the provider has it in hand, or has taken it, may ring all the same. */
static void count_underway(struct part *part, const struct held *held,
                           struct stream_effects *effects)
{
    const struct flight *flight = map_get(&part->flights, ident_part(&held->id));
    bool may_ring =
        flight != NULL &&
        (flight->stage == FLIGHT_SENDING ||
         (flight->stage == FLIGHT_ANSWERED && flight->answer.kind == NOTICE_ANSWER_TAKEN));
    if (may_ring && flight->callee != NULL) {
        callee_count(part, flight->callee, flight->sent_ms, effects);
    }
}

void take_end(struct part *part, struct held *held, enum case_delivery state, const char *reason,
              struct stream_effects *effects)
{
    struct output_receipt receipt = {
        .notice = held_record(part, held),
        .state = state,
        .reason = reason,
        .attempt = held->life.attempt,
        .at_ms = loop_utc_ms(),
    };
    if (receipt.notice == NULL) {
        give_up(part, ERR_MEMORY);
        return;
    }
    held_touch(part, held, effects);
    notice_transition(&held->life, state);
    output_receipt(part, &receipt, effects);
    count_underway(part, held, effects);
    flight_drop(part, held->id);
    held_write_gone(part, held, effects);
    held_drop(part, held);
}

void take_settle(struct part *part, struct held *held, int64_t now_ms,
                 struct stream_effects *effects)
{
    bool lands = map_get(&part->flights, ident_part(&held->id)) != NULL;
    bool is_over = notice_is_end(held->life.state) ||
                   (held->life.state != CASE_DELIVERY_QUEUED && !held->has_merged);
    if (is_over && !lands) {
        held_write_gone(part, held, effects);
        held_drop(part, held);
    } else {
        /* A callback may be faster than the answer, which says whether a call counts against its number: it is heard first. */
        held_write(part, held, effects);
        held_schedule(part, held, now_ms);
    }
}

/* --- Controls ---------------------------------------------------------------------------------- */

/* Every queued notice that is stopped now. Ids are looked up; what names none is looked for. */
static void stop_if_asked(struct part *part, struct held *held, struct stream_effects *effects)
{
    struct stop_question question = held_question(held);
    struct str reason = stops_check(part->stops, part->org, &question);
    char text[NOTIFIER_REASON_BYTES];
    if (reason.len > 0 && held->life.state == CASE_DELIVERY_QUEUED) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)reason.len, reason.at);
        take_end(part, held, CASE_DELIVERY_CANCELLED, text, effects);
    }
}

/* Ends the queued ones that a cancel names. True: it names some that have not come yet, as far as is known, so that it must
 * be kept for them. */
static bool stop_named(struct part *part, const Shouwang__V1__Cancel *cancel,
                       struct stream_effects *effects)
{
    char reason[NOTIFIER_REASON_BYTES];
    bool must_keep = false;
    (void)snprintf(reason, sizeof(reason), "%s",
                   cancel->reason[0] != '\0' ? cancel->reason : "cancelled");
    for (size_t i = 0; i < cancel->n_notice_ids; i++) {
        struct ident id = reader_ident(cancel->notice_ids[i]);
        struct held *held = held_find(part, id);
        if (held == NULL) {
            must_keep = must_keep || !held_ended_lately(part, id);
        } else if (held->life.state == CASE_DELIVERY_QUEUED) {
            take_end(part, held, CASE_DELIVERY_CANCELLED, reason, effects);
        }
    }
    return must_keep;
}

static void sweep(struct part *part, const Shouwang__V1__Control *control,
                  struct stream_effects *effects)
{
    struct ident case_id = reader_ident(control->case_id);
    /* Backwards: an end moves the last entry into its place. */
    for (size_t i = part->held.count; i-- > 0;) {
        struct held *held = part->held.entries[i].value;
        if (ident_equal(held->case_id, case_id)) {
            stop_if_asked(part, held, effects);
        }
    }
}

static void clear_conflicts(struct part *part, const Shouwang__V1__Control *control,
                            struct stream_effects *effects)
{
    struct str person = str_of(control->conflict_cleared->person);
    const struct stop *stop;
    while ((stop = stops_find_conflict(part->stops, reader_ident(control->case_id), person)) !=
           NULL) {
        struct ident id = stop->id;
        stop_write_gone(part, id, effects);
        stop_drop(part, id);
    }
}

/* For notices that come after it. */
static void keep_control(struct part *part, const struct kafka_record *record,
                         const Shouwang__V1__Control *control, struct stream_effects *effects)
{
    struct ident id = reader_ident(control->id);
    if (stops_find(part->stops, id) != NULL) {
        counters_add(&part->notifier->counters, COUNTER_REPEATED, NULL, NULL);
        return;
    }
    if (stops_count(part->stops) == STOPS_MAX) {
        struct ident oldest = stop_oldest(part);
        counters_add(&part->notifier->counters, COUNTER_STOPS_EVICTED, NULL, NULL);
        stop_write_gone(part, oldest, effects);
        stop_drop(part, oldest);
    }
    int error = stop_add(part, control, record->value);
    if (error == ERR_TOO_LARGE) {
        struct fault fault;
        (void)fault_set(&fault, REJECT_TOO_MANY, "/cancel/notice_ids", FAULT_NO_BYTE);
        output_reject(part, record, &fault, effects);
    } else if (error != 0) {
        give_up(part, error);
    } else {
        stop_write_new(part, id, effects);
    }
}

static void take_control(struct part *part, const struct kafka_record *record,
                         const Shouwang__V1__Control *control, struct stream_effects *effects)
{
    if (control->action_case == SHOUWANG__V1__CONTROL__ACTION_CONFLICT_CLEARED) {
        clear_conflicts(part, control, effects);
        return;
    }
    if (control->action_case != SHOUWANG__V1__CONTROL__ACTION_CANCEL &&
        control->action_case != SHOUWANG__V1__CONTROL__ACTION_CONFLICT_SET) {
        struct fault fault;
        (void)fault_set(&fault, REJECT_MISSING, "/action", FAULT_NO_BYTE);
        output_reject(part, record, &fault, effects);
        return;
    }
    bool by_id = control->action_case == SHOUWANG__V1__CONTROL__ACTION_CANCEL &&
                 control->cancel->n_notice_ids > 0;
    if (by_id && !stop_named(part, control->cancel, effects)) {
        return;
    }
    keep_control(part, record, control, effects);
    if (!by_id) {
        sweep(part, control, effects);
    }
}

/* --- Notices ----------------------------------------------------------------------------------- */

static bool is_sendable(const Shouwang__V1__Notice *notice)
{
    return notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_VOICE ||
           notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_SMS ||
           notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_WECOM ||
           notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_MAIL ||
           notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_WEBHOOK ||
           notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_FEED;
}

/* A notice that never becomes one of ours: only a receipt. */
static void refuse(struct part *part, const Shouwang__V1__Notice *notice, enum case_delivery state,
                   const char *reason, struct stream_effects *effects)
{
    struct output_receipt receipt = {
        .notice = notice, .state = state, .reason = reason, .at_ms = loop_utc_ms()};
    output_receipt(part, &receipt, effects);
    flight_drop(part, reader_ident(notice->id));
    held_note_ended(part, reader_ident(notice->id));
}

/* A partner's topic needs no flight: what is said there is in this step's transaction. */
static void end_in_feed(struct part *part, struct held *held, struct stream_effects *effects)
{
    struct entry entry;
    int error = entry_build(part, held, &entry);
    if (error == ERR_MEMORY) {
        give_up(part, error);
    } else if (error == ERR_DENIED) {
        take_end(part, held, CASE_DELIVERY_CANCELLED, "conflict", effects);
    } else if (error != 0) {
        take_end(part, held, CASE_DELIVERY_FAILED,
                 error == ERR_NOT_FOUND ? "no_partner" : "unreadable", effects);
    } else {
        entry_emit(part, &entry, effects);
        take_end(part, held, CASE_DELIVERY_ACCEPTED, "", effects);
    }
}

static void hold(struct part *part, const Shouwang__V1__Notice *notice, struct str bytes,
                 enum notifier_lane lane, struct stream_effects *effects)
{
    struct held *held = NULL;
    int error = held_add(part, notice, bytes, lane, &held);
    if (error != 0) {
        give_up(part, error);
        return;
    }
    digest_place(part, held, loop_utc_ms());
    held_write(part, held, effects);
    struct stop_question question = held_question(held);
    if (stops_check(part->stops, part->org, &question).len > 0) {
        stop_if_asked(part, held, effects);
        return;
    }
    if (held->channel == CASE_CHANNEL_FEED) {
        end_in_feed(part, held, effects);
        return;
    }
    held_schedule(part, held, loop_utc_ms());
    flight_unpark(part, held->id);
}

static void take_notice(struct part *part, const struct kafka_record *record,
                        const Shouwang__V1__Notice *notice, struct stream_effects *effects)
{
    struct notifier *notifier = part->notifier;
    counters_add(&notifier->counters, COUNTER_TAKEN,
                 record->topic == TOPIC_NOTICES_URGENT ? "urgent" : "bulk",
                 case_channel_name((enum case_channel)notice->channel));
    if (held_find(part, reader_ident(notice->id)) != NULL) {
        counters_add(&notifier->counters, COUNTER_REPEATED, NULL, NULL);
    } else if (!is_sendable(notice)) {
        refuse(part, notice, CASE_DELIVERY_FAILED, "channel", effects);
    } else if (notice->expires_at_ms > 0 && loop_utc_ms() >= notice->expires_at_ms) {
        refuse(part, notice, CASE_DELIVERY_EXPIRED, "deadline", effects);
    } else {
        hold(part, notice, record->value,
             record->topic == TOPIC_NOTICES_URGENT ? LANE_URGENT : LANE_BULK, effects);
    }
}

/* --- Alerts ------------------------------------------------------------------------------------ */

/* An alert in the shape of a notice: to a topic at once and without a receipt, to a webhook as any other. */
static void hold_alert(struct part *part, const Shouwang__V1__Notice *notice,
                       struct stream_effects *effects)
{
    struct str bytes;
    struct held *held = NULL;
    struct entry entry;
    if (held_find(part, reader_ident(notice->id)) != NULL) {
        counters_add(&part->notifier->counters, COUNTER_REPEATED, NULL, NULL);
        return;
    }
    int error = encode_message(&notice->base, &part->arena, &bytes);
    if (error == 0 && notice->channel == SHOUWANG__V1__CHANNEL__CHANNEL_WEBHOOK) {
        hold(part, notice, bytes, LANE_BULK, effects);
        return;
    }
    if (error == 0) {
        error = held_add(part, notice, bytes, LANE_BULK, &held);
    }
    if (error == 0) {
        error = entry_build(part, held, &entry);
    }
    if (error == 0) {
        entry_emit(part, &entry, effects);
    }
    if (held != NULL) {
        held_drop(part, held);
    }
    if (error != 0) {
        give_up(part, error);
    }
}

/* --- Callbacks --------------------------------------------------------------------------------- */

/* The notice was handed over and is not held any more: what was said is passed on as it is. */
static void pass_on(struct part *part, const struct kafka_record *record,
                    const Shouwang__V1__Callback *callback, struct stream_effects *effects)
{
    Shouwang__V1__Notice notice = SHOUWANG__V1__NOTICE__INIT;
    notice.id = callback->notice_id;
    notice.unit = callback->unit;
    notice.case_id = callback->case_id;
    notice.person = callback->person;
    notice.role = callback->role;
    notice.channel = callback->channel;
    struct output_receipt receipt = {
        .notice = &notice,
        .state = (enum case_delivery)callback->state,
        .reason = "",
        .at_ms = callback->at_ms > 0 ? callback->at_ms : record->time_ms,
    };
    output_receipt(part, &receipt, effects);
}

static void take_callback(struct part *part, const struct kafka_record *record,
                          const Shouwang__V1__Callback *callback, struct stream_effects *effects)
{
    struct held *held = held_find(part, reader_ident(callback->notice_id));
    enum case_delivery state = (enum case_delivery)callback->state;
    if (state < CASE_DELIVERY_DELIVERED || state > CASE_DELIVERY_FAILED) {
        struct fault fault;
        (void)fault_set(&fault, REJECT_UNKNOWN_VALUE, "/state", FAULT_NO_BYTE);
        output_reject(part, record, &fault, effects);
        return;
    }
    if (held == NULL) {
        pass_on(part, record, callback, effects);
        return;
    }
    if (!notice_may_become(held->life.state, state)) {
        return; /* said before, or overtaken */
    }
    struct output_receipt receipt = {
        .notice = held_record(part, held),
        .state = state,
        .reason = held->via != held->channel ? "sms_for_call" : "",
        .attempt = held->life.attempt,
        .at_ms = callback->at_ms > 0 ? callback->at_ms : record->time_ms,
    };
    if (receipt.notice == NULL) {
        give_up(part, ERR_MEMORY);
        return;
    }
    held_touch(part, held, effects);
    notice_transition(&held->life, state);
    output_receipt(part, &receipt, effects);
    take_settle(part, held, loop_utc_ms(), effects);
}

/* --- The streams ------------------------------------------------------------------------------- */

static const ProtobufCMessageDescriptor *descriptor_of(enum topic topic)
{
    if (topic == TOPIC_NOTICES_CONTROL) {
        return &shouwang__v1__control__descriptor;
    }
    if (topic == TOPIC_ALERTS) {
        return &shouwang__v1__alert__descriptor;
    }
    if (topic == TOPIC_CALLBACKS) {
        return &shouwang__v1__callback__descriptor;
    }
    sw_assert(topic == TOPIC_NOTICES_URGENT || topic == TOPIC_NOTICES_BULK);
    return &shouwang__v1__notice__descriptor;
}

void part_step(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct part *part = object;
    struct fault fault;
    ProtobufCMessage *message = NULL;
    arena_reset(&part->arena);
    int error =
        decode_message(descriptor_of(record->topic), record->value, &part->arena, &fault, &message);
    if (error == ERR_INVALID) {
        output_reject(part, record, &fault, effects);
    } else if (error != 0) {
        give_up(part, error);
    } else if (record->topic == TOPIC_NOTICES_CONTROL) {
        take_control(part, record, (const Shouwang__V1__Control *)message, effects);
    } else if (record->topic == TOPIC_ALERTS) {
        entry_tell_partners(part, (const Shouwang__V1__Alert *)message, hold_alert, effects);
    } else if (record->topic == TOPIC_CALLBACKS) {
        take_callback(part, record, (const Shouwang__V1__Callback *)message, effects);
    } else {
        take_notice(part, record, (const Shouwang__V1__Notice *)message, effects);
    }
    take_review_pause(part);
}

void part_refuse(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct part *part = object;
    const struct fault fault = {.reason = REJECT_TOO_LARGE, .at_byte = FAULT_NO_BYTE};
    arena_reset(&part->arena);
    output_reject(part, record, &fault, effects);
}
