#include "notifier/flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"
#include "io/mail.h"
#include "notifier/claim.h"
#include "notifier/digest.h"
#include "notifier/entity.h"
#include "notifier/text.h"
#include "wire/provider.h"

static const char *const lane_names[LANE_COUNT] = {"urgent", "bulk"};

static bool is_proven(const struct notifier *notifier)
{
    return stream_proof_age_ms(notifier->stream) < stream_proof_limit_ms(notifier->stream);
}

static bool has_room(const struct part *part, enum notifier_lane lane)
{
    const struct notifier *notifier = part->notifier;
    return !list_is_empty(&part->ready[lane]) &&
           notifier->in_flight[lane] < notifier->in_flight_max[lane] &&
           (lane == LANE_URGENT || redis_is_ready(notifier->redis));
}

bool flight_can_start(const struct part *part)
{
    return part->is_live && !part->notifier->is_draining &&
           (has_room(part, LANE_URGENT) || has_room(part, LANE_BULK)) && is_proven(part->notifier);
}

bool flight_is_withheld(const struct notifier *notifier)
{
    if (is_proven(notifier)) {
        return false;
    }
    for (struct list *at = notifier->parts.next; at != &notifier->parts; at = at->next) {
        const struct part *part = LIST_ENTRY(at, struct part, node);
        if (part->is_live && (has_room(part, LANE_URGENT) || has_room(part, LANE_BULK))) {
            return true;
        }
    }
    return false;
}

void flight_kick_parts(struct notifier *notifier)
{
    for (struct list *at = notifier->parts.next; at != &notifier->parts; at = at->next) {
        struct part *part = LIST_ENTRY(at, struct part, node);
        if (flight_can_start(part)) {
            stream_partition_kick(part->partition);
        }
    }
}

/* --- Ends -------------------------------------------------------------------------------------- */

void flight_free(struct flight *flight)
{
    list_remove(&flight->node);
    free(flight);
}

/* Nothing of it is underway any more: its room in the lane and at its number is free. */
static void land(struct flight *flight)
{
    struct notifier *notifier = flight->notifier;
    sw_assert(notifier->in_flight[flight->lane] > 0);
    notifier->in_flight[flight->lane]--;
    if (flight->callee != NULL) {
        flight->callee->underway--;
    }
    list_remove(&flight->node);
}

static void forget(struct flight *flight)
{
    struct part *part = flight->part;
    struct notifier *notifier = flight->notifier;
    land(flight);
    if (part != NULL && map_get(&part->flights, ident_part(&flight->id)) == flight) {
        (void)map_remove(&part->flights, ident_part(&flight->id));
    }
    free(flight);
    flight_kick_parts(notifier);
}

/* Nothing was sent: the notice goes back to the front of its lane. */
static void put_back(struct flight *flight)
{
    struct held *held =
        flight->part != NULL && !flight->is_dropped ? held_find(flight->part, flight->id) : NULL;
    if (held != NULL && held->life.state == CASE_DELIVERY_QUEUED) {
        list_remove(&held->node);
        list_push_front(&flight->part->ready[flight->lane], &held->node);
    }
    forget(flight);
}

static void answer(struct flight *flight, const struct notice_answer *result, const char *reason)
{
    struct part *part = flight->part;
    flight->answer = *result;
    /* A webhook drops repeats: rather twice than not at all. */
    flight->answer.is_urgent =
        flight->lane == LANE_URGENT ||
        (flight->way == POST_WEBHOOK && result->kind == NOTICE_ANSWER_SILENT);
    (void)snprintf(flight->reason, sizeof(flight->reason), "%s", reason);
    if (flight->is_claimed) {
        claim_end(flight);
    }
    if (part == NULL || flight->is_dropped) {
        forget(flight);
        return;
    }
    flight->stage = FLIGHT_ANSWERED;
    land(flight);
    list_push_back(&part->inbox, &flight->node);
    stream_partition_kick(part->partition);
    flight_kick_parts(flight->notifier);
}

static void answer_kind(struct flight *flight, enum notice_answer_kind kind, const char *reason)
{
    struct notice_answer result = {.kind = kind, .retry_after_ms = -1};
    answer(flight, &result, reason);
}

/* --- Asking and sending ------------------------------------------------------------------------ */

static void send_now(struct flight *flight);
static void ask(struct flight *flight);

static void take_message_id(struct flight *flight, const struct provider_reply *reply)
{
    (void)snprintf(flight->message_id, sizeof(flight->message_id), "%.*s",
                   (int)reply->message_id.len, reply->message_id.at);
}

static void read_status(struct flight *flight, const struct http_call_result *result)
{
    struct arena *arena = &flight->notifier->arena;
    char reason[NOTIFIER_REASON_BYTES];
    arena_reset(arena);
    struct provider_reply reply = provider_decode_reply(result->body, arena);
    struct notice_answer told = {.kind = NOTICE_ANSWER_NEVER, .retry_after_ms = -1};
    (void)snprintf(reason, sizeof(reason), "http_%u", result->status);
    take_message_id(flight, &reply);
    if (result->status / 100 == 2) {
        told.kind = NOTICE_ANSWER_TAKEN;
    } else if (result->status == 429) {
        told.kind = NOTICE_ANSWER_THROTTLED;
        told.retry_after_ms =
            reply.retry_after_ms >= 0 ? reply.retry_after_ms : result->retry_after_ms;
    } else if (result->status >= 500 || result->status == 408) {
        told.kind = NOTICE_ANSWER_LATER;
        told.retry_after_ms = result->retry_after_ms;
    }
    answer(flight, &told, told.kind == NOTICE_ANSWER_TAKEN ? "" : reason);
}

static void read_mail(struct flight *flight, const struct http_call_result *result)
{
    static const enum notice_answer_kind kinds[] = {
        [MAIL_TAKEN] = NOTICE_ANSWER_TAKEN,
        [MAIL_LATER] = NOTICE_ANSWER_LATER,
        [MAIL_NEVER] = NOTICE_ANSWER_NEVER,
        [MAIL_SILENT] = NOTICE_ANSWER_SILENT,
    };
    enum mail_outcome outcome = mail_outcome_of(result);
    char reason[NOTIFIER_REASON_BYTES] = "";
    if (outcome == MAIL_CANCELLED) {
        put_back(flight);
        return;
    }
    if (outcome != MAIL_TAKEN) {
        (void)snprintf(reason, sizeof(reason), result->status >= 400 ? "smtp_%u" : "unreachable",
                       result->status);
    }
    answer_kind(flight, kinds[outcome], outcome == MAIL_SILENT ? "silent" : reason);
}

static void send_done(const struct http_call_result *result, void *ctx)
{
    struct flight *flight = ctx;
    struct notifier *notifier = flight->notifier;
    flight->call = NULL;
    counters_observe(&notifier->counters, COUNTER_SEND_TIME, lane_names[flight->lane],
                     loop_monotonic_ms() - flight->sent_clock_ms);
    if (flight->way == POST_MAIL) {
        read_mail(flight, result);
    } else if (result->error == 0) {
        read_status(flight, result);
    } else if (result->error == ERR_DENIED && !result->maybe_sent) {
        put_back(flight);
    } else if (!result->maybe_sent) {
        answer_kind(flight, NOTICE_ANSWER_LATER, "unreachable");
    } else if (flight->lane == LANE_BULK && flight->way == POST_PROVIDER && !flight->is_dropped &&
               result->error != ERR_CLOSED) {
        ask(flight);
    } else {
        answer_kind(flight, NOTICE_ANSWER_SILENT, "silent");
    }
}

/* Asked when the bytes go out, which may be long after the call was made: a process that was stopped in between is no owner any
 * more. */
static bool may_send(void *ctx)
{
    const struct flight *flight = ctx;
    return flight->part != NULL && !flight->is_dropped && is_proven(flight->notifier);
}

static int call_out(struct flight *flight, const struct post *post)
{
    struct notifier *notifier = flight->notifier;
    struct http_call_options options = post->options;
    flight->way = post->kind;
    options.timeout_ms =
        post->kind == POST_MAIL ? notifier->mail_timeout_ms : notifier->send_timeout_ms;
    options.response_max_bytes = PROVIDER_BODY_MAX_BYTES;
    options.may_send = may_send;
    return http_client_call(notifier->client, &options, send_done, flight, &flight->call);
}

static void note_start(struct flight *flight, const struct held *held)
{
    struct notifier *notifier = flight->notifier;
    flight->stage = FLIGHT_SENDING;
    flight->sent_ms = loop_utc_ms();
    flight->sent_clock_ms = loop_monotonic_ms();
    if (held->life.attempt == 0) {
        counters_observe(&notifier->counters, COUNTER_QUEUE_TIME, lane_names[flight->lane],
                         flight->sent_ms - held->created_ms);
    }
    if (flight->sent_again) {
        counters_add(&notifier->counters, COUNTER_SENT_AGAIN,
                     held->life.attempt > 0 ? "silent" : "claimed", NULL);
    }
}

/* The last look before the bytes go out: are we the owner still, is the notice still wanted, may it go to this address. */
static void send_now(struct flight *flight)
{
    struct part *part = flight->part;
    struct held *held = held_find(part, flight->id);
    struct post *post = NULL;
    if (held == NULL || held->life.state != CASE_DELIVERY_QUEUED || !is_proven(flight->notifier) ||
        loop_utc_ms() >= held->life.expires_ms) {
        put_back(flight);
        return;
    }
    struct stop_question question = held_question(held);
    arena_reset(&part->arena);
    if (stops_check(part->stops, part->org, &question).len > 0) {
        answer_kind(flight, NOTICE_ANSWER_STOPPED, "conflict");
        return;
    }
    int error = post_build(part, held, flight->via, &post);
    if (error == ERR_MEMORY) {
        answer_kind(flight, NOTICE_ANSWER_LATER, "memory");
    } else if (error == ERR_DENIED) {
        answer_kind(flight, NOTICE_ANSWER_STOPPED, "conflict");
    } else if (error != 0) {
        answer_kind(flight, NOTICE_ANSWER_NEVER,
                    error == ERR_NOT_FOUND ? "no_address"
                    : error == ERR_INVALID ? "bad_address"
                                           : "unreadable");
    } else {
        note_start(flight, held);
        if (call_out(flight, post) != 0) {
            answer_kind(flight, NOTICE_ANSWER_LATER, "client_full");
        }
    }
}

static void ask_done(const struct http_call_result *result, void *ctx)
{
    struct flight *flight = ctx;
    flight->call = NULL;
    if (result->error == 0 && result->status == 200) {
        arena_reset(&flight->notifier->arena);
        struct provider_reply reply = provider_decode_reply(result->body, &flight->notifier->arena);
        take_message_id(flight, &reply);
        answer_kind(flight, NOTICE_ANSWER_TAKEN, "asked");
    } else if (result->error != 0 || result->status != 404) {
        answer_kind(flight, NOTICE_ANSWER_SILENT, "not_known");
    } else if (flight->part == NULL || flight->is_dropped) {
        forget(flight);
    } else {
        send_now(flight);
    }
}

/* A bulk notice whose first send has no known end: the provider may know. */
static void ask(struct flight *flight)
{
    struct notifier *notifier = flight->notifier;
    char url[512];
    enum post_kind way = post_kind_of(notifier, flight->via);
    if (way == POST_MAIL) {
        answer_kind(flight, NOTICE_ANSWER_SILENT, "not_known");
        return;
    }
    if (way == POST_WEBHOOK) {
        flight->sent_again = true;
        send_now(flight); /* under the same id: whoever has it drops it */
        return;
    }
    flight->stage = FLIGHT_ASKING;
    (void)snprintf(url, sizeof(url), "%s/v1/messages/%s", notifier->provider_url, flight->id_text);
    struct http_call_options options = {
        .method = "GET",
        .url = url,
        .timeout_ms = notifier->send_timeout_ms,
        .response_max_bytes = PROVIDER_BODY_MAX_BYTES,
    };
    if (http_client_call(notifier->client, &options, ask_done, flight, &flight->call) != 0) {
        answer_kind(flight, NOTICE_ANSWER_SILENT, "not_known");
    }
}

static void claim_done(struct flight *flight, enum claim_outcome outcome)
{
    struct notifier *notifier = flight->notifier;
    if (flight->part == NULL || flight->is_dropped) {
        forget(flight);
        return;
    }
    switch (outcome) {
    case CLAIM_OURS:
        flight->is_claimed = true;
        if (flight->sent_again && flight->lane == LANE_BULK) {
            ask(flight);
        } else {
            send_now(flight);
        }
        break;
    case CLAIM_ACCEPTED:
        counters_add(&notifier->counters, COUNTER_REPEATED, NULL, NULL);
        answer_kind(flight, NOTICE_ANSWER_TAKEN, "accepted_before");
        break;
    case CLAIM_THEIRS:
        flight->is_claimed = true;
        if (flight->lane == LANE_BULK) {
            ask(flight);
        } else {
            flight->sent_again = true;
            send_now(flight);
        }
        break;
    case CLAIM_AWAY:
        if (flight->lane == LANE_BULK) {
            put_back(flight);
        } else {
            counters_add(&notifier->counters, COUNTER_UNCLAIMED, NULL, NULL);
            send_now(flight);
        }
        break;
    }
}

/* --- Starts ------------------------------------------------------------------------------------ */

/* A call beyond the quota of its number becomes an SMS, if the person has a number for one. */
static void choose_channel(struct part *part, struct held *held, struct flight *flight)
{
    struct notifier *notifier = part->notifier;
    flight->via = held->channel;
    if (held->channel != CASE_CHANNEL_VOICE) {
        return;
    }
    struct text_address address = text_choose_address(part, held, CASE_CHANNEL_VOICE);
    struct callee *callee =
        address.digest.len > 0 ? callee_of(part, held->unit, address.digest) : NULL;
    if (callee == NULL) {
        return; /* there is nobody to call: the send will say so */
    }
    struct quota with_underway = callee->quota;
    int64_t now_ms = loop_utc_ms();
    for (uint32_t i = 0; i < callee->underway; i++) {
        quota_take(&with_underway, now_ms);
    }
    if (quota_allows(&with_underway, &notifier->limits, now_ms)) {
        callee->underway++;
        flight->callee = callee;
    } else {
        flight->via = CASE_CHANNEL_SMS;
        counters_add(&notifier->counters, COUNTER_TO_SMS, NULL, NULL);
    }
}

/* Whether the notice is being sent from before the part was lost and came back: then nobody knows yet how that ends. */
static bool is_orphaned(const struct notifier *notifier, struct ident id)
{
    for (struct list *at = notifier->orphans.next; at != &notifier->orphans; at = at->next) {
        if (ident_equal(LIST_ENTRY(at, struct flight, node)->id, id)) {
            return true;
        }
    }
    return false;
}

/* False: it could not be started now, and stands in its lane again. Quiet hours are judged by the time of the step, as timers are: by
 * a clock of our own that is behind it, what just came due would be put off until then for ever. */
static bool start(struct part *part, struct held *held, int64_t now_ms)
{
    struct notifier *notifier = part->notifier;
    int64_t not_before_ms = digest_not_before(part, held, now_ms);
    if (not_before_ms > now_ms) {
        held->life.next_ms = not_before_ms;
        held_schedule(part, held, now_ms);
        return true;
    }
    if (loop_utc_ms() >= held->life.expires_ms) {
        return true; /* send_now would put it back, and we would start it again: its timer ends it */
    }
    struct flight *flight = calloc(1, sizeof(*flight));
    if (flight == NULL) {
        list_push_front(&part->ready[held->lane], &held->node);
        return false;
    }
    flight->notifier = notifier;
    flight->part = part;
    flight->id = held->id;
    ident_format(flight->id, flight->id_text);
    flight->lane = held->lane;
    flight->channel = held->channel;
    flight->expires_ms = held->life.expires_ms;
    flight->sent_again = held->was_silent || is_orphaned(notifier, held->id);
    list_init(&flight->node);
    if (map_add(&part->flights, ident_part(&flight->id), flight) != 0) {
        free(flight);
        list_push_front(&part->ready[held->lane], &held->node);
        return false;
    }
    list_push_back(&part->underway, &flight->node);
    notifier->in_flight[flight->lane]++;
    choose_channel(part, held, flight);
    flight->stage = FLIGHT_CLAIMING;
    if (!claim_begin(flight, claim_done)) {
        bool waits = flight->lane == LANE_BULK;
        claim_done(flight, CLAIM_AWAY);
        return !waits;
    }
    return true;
}

void flight_start_ready(struct part *part, int64_t now_ms)
{
    for (enum notifier_lane lane = LANE_URGENT; lane < LANE_COUNT; lane++) {
        while (flight_can_start(part) && has_room(part, lane)) {
            struct held *held = LIST_ENTRY(part->ready[lane].next, struct held, node);
            list_remove(&held->node);
            if (map_get(&part->flights, ident_part(&held->id)) != NULL) {
                continue; /* it comes back with the answer that is on its way */
            }
            if (!start(part, held, now_ms)) {
                break; /* a later turn tries again */
            }
        }
    }
}

/* --- From the part ----------------------------------------------------------------------------- */

void flight_drop(struct part *part, struct ident id)
{
    struct flight *flight = map_remove(&part->flights, ident_part(&id));
    if (flight == NULL) {
        return;
    }
    flight->is_dropped = true;
    if (flight->stage == FLIGHT_ANSWERED) {
        flight_free(flight);
    } else if (flight->call != NULL) {
        http_call_cancel(flight->call); /* ends in send_done or ask_done, which forget it */
    }
}

void flight_unpark(struct part *part, struct ident id)
{
    struct flight *flight = map_get(&part->flights, ident_part(&id));
    if (flight != NULL && flight->stage == FLIGHT_ANSWERED) {
        list_remove(&flight->node);
        list_push_back(&part->inbox, &flight->node);
    }
}

static void free_list(struct list *list)
{
    while (!list_is_empty(list)) {
        flight_free(LIST_ENTRY(list->next, struct flight, node));
    }
}

void flight_orphan_all(struct part *part)
{
    free_list(&part->inbox);
    free_list(&part->applied);
    free_list(&part->parked);
    while (!list_is_empty(&part->underway)) {
        struct flight *flight = LIST_ENTRY(part->underway.next, struct flight, node);
        list_remove(&flight->node);
        list_push_back(&part->notifier->orphans, &flight->node);
        flight->part = NULL;
        flight->callee = NULL;
    }
    map_fini(&part->flights);
}
