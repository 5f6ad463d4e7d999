/* A part's life, its tables and its time. What it takes from streams is in take.c. */
#include "notifier/part.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"
#include "notifier/digest.h"
#include "notifier/entity.h"
#include "notifier/flight.h"
#include "notifier/take.h"
#include "wire/directory.h"

enum { DUE_MAX = 256, WHEEL_FIRST = 1024, NOT_YET_MS = 50 };

static const char *const answer_names[] = {"taken", "later",   "throttled",
                                           "never", "stopped", "silent"};

static void init_lists(struct part *part, uint64_t seed)
{
    list_init(&part->node);
    list_init(&part->ready[LANE_URGENT]);
    list_init(&part->ready[LANE_BULK]);
    list_init(&part->inbox);
    list_init(&part->applied);
    list_init(&part->underway);
    list_init(&part->parked);
    map_init(&part->stop_entities, STOPS_MAX, seed);
    map_init(&part->held, NOTIFIER_HELD_MAX, seed);
    map_init(&part->callees, NOTIFIER_HELD_MAX, seed);
    map_init(&part->digests, NOTIFIER_HELD_MAX, seed);
    map_init(&part->flights, NOTIFIER_HELD_MAX, seed);
    arena_init(&part->arena, NOTIFIER_ARENA_BYTES);
}

void *part_new(void *ctx, struct stream_partition *partition, int32_t index)
{
    struct notifier *notifier = ctx;
    struct part *part = calloc(1, sizeof(*part));
    uint64_t seed = 0;
    if (part == NULL) {
        return NULL;
    }
    seal_random(&seed, sizeof(seed));
    const struct org_setup setup = {.seed = seed, .keep_sealed = true};
    part->notifier = notifier;
    part->partition = partition;
    part->index = index;
    init_lists(part, seed);
    part->org = org_new(&setup);
    part->packs = pack_store_new(seal_digest);
    part->stops = stops_new(seed);
    part->wheel = wheel_new(loop_utc_ms(), WHEEL_FIRST, 4 * (size_t)NOTIFIER_HELD_MAX);
    part->recent = calloc(NOTIFIER_RECENT, sizeof(*part->recent));
    int error = erasure_new(&part->erasure);
    list_push_back(&notifier->parts, &part->node);
    if (error != 0 || part->org == NULL || part->packs == NULL || part->stops == NULL ||
        part->wheel == NULL || part->recent == NULL) {
        part_free(part);
        return NULL;
    }
    return part;
}

void part_free(void *object)
{
    struct part *part = object;
    if (part == NULL) {
        return;
    }
    list_remove(&part->node);
    flight_orphan_all(part);
    entity_free_all(part);
    stops_free(part->stops);
    wheel_free(part->wheel);
    pack_store_free(part->packs);
    org_free(part->org);
    erasure_free(part->erasure);
    arena_fini(&part->arena);
    free(part->timers);
    free(part->recent);
    free(part);
}

void part_live(void *object)
{
    struct part *part = object;
    part->is_live = true;
    stream_partition_kick(part->partition);
}

/* --- Tables ------------------------------------------------------------------------------------ */

static void table_fault(struct part *part, const struct kafka_record *record, const char *reason)
{
    counters_add(&part->notifier->counters, COUNTER_TABLE_FAULTS, reason, NULL);
    log_warn("table_record_refused", log_code("topic", topic_rows[record->topic].suffix),
             log_count("partition", record->partition), log_count("offset", record->offset),
             log_code("why", reason));
}

static void take_pack(struct part *part, const struct kafka_record *record, const struct str *value)
{
    const struct pack *pack = NULL;
    struct yaml_faults *faults = yaml_faults_new();
    int error = ERR_MEMORY;
    if (faults != NULL) {
        error = pack_store_apply(part->packs, record->key, value, faults, &pack);
    }
    free(faults);
    if (error == ERR_INVALID) {
        table_fault(part, record, "pack");
    } else if (error != 0) {
        service_fail(part->notifier->service, error_name(error));
    }
}

void part_table(void *object, const struct kafka_record *record)
{
    struct part *part = object;
    const struct str *value = record->value.at != NULL ? &record->value : NULL;
    struct fault fault = {.reason = REJECT_NONE};
    arena_reset(&part->arena);
    if (record->topic == TOPIC_DIRECTORY && pack_owns_key(record->key)) {
        take_pack(part, record, value);
        return;
    }
    int error = record->topic == TOPIC_KEYS
                    ? erasure_apply(part->erasure, record->key, value)
                    : directory_apply(part->org, &part->arena, record->key, value, &fault);
    if (error == ERR_INVALID) {
        table_fault(part, record,
                    fault.reason != REJECT_NONE ? reject_reason_code(fault.reason) : "bad_record");
    } else if (error == ERR_UNSUPPORTED) {
        table_fault(part, record, "unsupported");
    } else if (error != 0) {
        service_fail(part->notifier->service, error_name(error));
    }
}

/* --- Answers ----------------------------------------------------------------------------------- */

static void count_call(struct part *part, const struct flight *flight, int64_t now_ms,
                       struct stream_effects *effects)
{
    if (flight->callee != NULL && flight->answer.kind == NOTICE_ANSWER_TAKEN) {
        callee_count(part, flight->callee, flight->sent_ms > 0 ? flight->sent_ms : now_ms, effects);
    }
}

static void apply_answer(struct part *part, struct held *held, const struct flight *flight,
                         int64_t now_ms, struct stream_effects *effects)
{
    struct output_receipt receipt = {.notice = held_record(part, held)};
    if (receipt.notice == NULL) {
        service_fail(part->notifier->service, error_name(ERR_MEMORY));
        return;
    }
    held_touch(part, held, effects);
    held->life.attempt++;
    held->via = flight->via;
    held->was_silent = flight->answer.kind == NOTICE_ANSWER_SILENT;
    notice_apply_answer(&held->life, &flight->answer, now_ms);
    count_call(part, flight, now_ms, effects);
    memcpy(held->message_id, flight->message_id, sizeof(held->message_id));
    if (held->life.state != CASE_DELIVERY_QUEUED) {
        receipt.state = held->life.state;
        receipt.reason = flight->via != flight->channel ? "sms_for_call" : flight->reason;
        receipt.attempt = held->life.attempt;
        receipt.sent_again = flight->sent_again;
        receipt.at_ms = flight->sent_ms > 0 ? flight->sent_ms : now_ms;
        output_receipt(part, &receipt, effects);
    }
    take_settle(part, held, now_ms, effects);
}

/* One answer of the inbox. Its notice may be undone (then it waits for it), or have gone on without it. */
static void step_answer(struct part *part, struct flight *flight, int64_t now_ms,
                        struct stream_effects *effects)
{
    struct held *held = held_find(part, flight->id);
    list_remove(&flight->node);
    if (held == NULL) {
        list_push_back(&part->parked, &flight->node);
        return;
    }
    (void)map_remove(&part->flights, ident_part(&flight->id));
    counters_add(&part->notifier->counters, COUNTER_SENT, case_channel_name(flight->via),
                 answer_names[flight->answer.kind]);
    flight->token = ++part->next_token;
    list_push_back(&part->applied, &flight->node);
    stream_on_end(effects, flight->token);
    if (held->life.state != CASE_DELIVERY_QUEUED) { /* a callback was faster */
        held_touch(part, held, effects);
        count_call(part, flight, now_ms, effects);
        take_settle(part, held, now_ms, effects);
        return;
    }
    apply_answer(part, held, flight, now_ms, effects);
}

void part_ended(void *object, uint64_t token, bool is_committed)
{
    struct part *part = object;
    for (struct list *at = part->applied.next; at != &part->applied; at = at->next) {
        struct flight *flight = LIST_ENTRY(at, struct flight, node);
        if (flight->token != token) {
            continue;
        }
        if (is_committed || map_add(&part->flights, ident_part(&flight->id), flight) != 0) {
            flight_free(flight);
        } else {
            list_remove(&flight->node);
            list_push_back(&part->inbox, &flight->node);
            stream_partition_kick(part->partition);
        }
        return;
    }
}

/* --- Time -------------------------------------------------------------------------------------- */

int64_t part_next_deadline(const void *object)
{
    const struct part *part = object;
    if (!list_is_empty(&part->inbox) || flight_can_start(part)) {
        return 0;
    }
    return wheel_next_deadline(part->wheel);
}

static void held_due(struct part *part, struct held *held, int64_t now_ms,
                     struct stream_effects *effects)
{
    if (map_get(&part->flights, ident_part(&held->id)) != NULL && now_ms >= held->life.expires_ms &&
        held->life.state == CASE_DELIVERY_QUEUED) {
        /* Its answer is on its way and decides. */
        if (part_timer_set(part, held->timer, now_ms + NOT_YET_MS) != 0) {
            service_fail(part->notifier->service, error_name(ERR_MEMORY));
        }
        return;
    }
    if (held->life.state == CASE_DELIVERY_QUEUED && now_ms >= held->life.expires_ms) {
        take_end(part, held, CASE_DELIVERY_EXPIRED, "deadline", effects);
    } else if (held->life.state == CASE_DELIVERY_QUEUED) {
        held_schedule(part, held, now_ms);
    } else {
        held_touch(part, held, effects);
        held_write_gone(part, held, effects);
        held_drop(part, held);
    }
}

static void timer_due(struct part *part, uint32_t timer, int64_t now_ms,
                      struct stream_effects *effects)
{
    sw_assert(timer < part->timer_count);
    void *owner = part->timers[timer].owner;
    switch (part->timers[timer].kind) {
    case PART_TIMER_FREE:
        break;
    case PART_TIMER_HELD:
        held_due(part, owner, now_ms, effects);
        break;
    case PART_TIMER_STOP: {
        struct ident id = ((const struct stop_entity *)owner)->id;
        stop_write_gone(part, id, effects);
        stop_drop(part, id);
        break;
    }
    case PART_TIMER_DIGEST:
        digest_due(part, owner, now_ms, effects);
        break;
    case PART_TIMER_CALLEE:
        callee_review(part, owner, now_ms, effects);
        break;
    }
}

/* Answers first, then what is due, then sends: every control in the log was stepped before this is called. */
void part_step_time(void *object, int64_t now_ms, struct stream_effects *effects)
{
    struct part *part = object;
    struct wheel_due due[DUE_MAX];
    part->digest_budget = DIGEST_PARTS_A_TURN;
    arena_reset(&part->arena);
    for (size_t i = 0; i < DUE_MAX && !list_is_empty(&part->inbox); i++) {
        step_answer(part, LIST_ENTRY(part->inbox.next, struct flight, node), now_ms, effects);
        arena_reset(&part->arena);
    }
    size_t count = wheel_expire(part->wheel, now_ms, due, DUE_MAX);
    for (size_t i = 0; i < count; i++) {
        arena_reset(&part->arena);
        timer_due(part, due[i].id, now_ms, effects);
    }
    flight_start_ready(part, now_ms);
    take_review_pause(part);
}
