/* Callbacks wait in queues of one constant delay each, so that each queue is in the order of its due times and one timer
 * serves all. */
#include "ctl/phone_calls.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/list.h"
#include "io/http_client.h"
#include "io/log.h"
#include "wire/json.h"

/* The most urgent first: when more is due than can be told, a key that somebody pressed goes before a mere delivery. */
enum queue { QUEUE_NOW, QUEUE_ANSWERS, QUEUE_AGAIN, QUEUE_DELIVERED, QUEUES };

enum {
    IN_FLIGHT_MAX = 32,
    STARTED_MAX = 128,
    AGAIN_MS = 1000,
    GIVE_UP_MS = 10 * 60 * 1000,
    CALL_TIMEOUT_MS = 5000,
    ARENA_BYTES = 64 * 1024,
    DIGITS_BYTES = 9
};

struct call {
    struct list node;
    struct phone_calls *calls;
    struct phone_message *message;
    const char *state; /* static */
    char digits[DIGITS_BYTES];
    int64_t due_ms;   /* monotonic */
    int64_t at_ms;    /* UTC: when it happened; 0: not yet */
    int64_t until_ms; /* monotonic: given up then */
};

struct phone_calls {
    struct loop *loop;
    struct phone_calls_options options;
    struct http_client *client;
    struct loop_timer *timer;
    struct list queues[QUEUES];
    unsigned started;
    struct arena arena;
    struct phone_calls_counts counts;
};

static void run_due(void *ctx);

/* Puts a call into its queue; the timer is set for the earliest. */
static void enqueue(struct phone_calls *calls, enum queue queue, struct call *call,
                    int64_t delay_ms)
{
    call->due_ms = loop_monotonic_ms() + delay_ms;
    list_push_back(&calls->queues[queue], &call->node);
}

static void set_timer(struct phone_calls *calls)
{
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < QUEUES; i++) {
        if (!list_is_empty(&calls->queues[i])) {
            int64_t due_ms = LIST_ENTRY(calls->queues[i].next, struct call, node)->due_ms;
            next_ms = due_ms < next_ms ? due_ms : next_ms;
        }
    }
    loop_timer_set(calls->timer, calls->started < STARTED_MAX ? next_ms : INT64_MAX);
}

static struct call *call_new(struct phone_calls *calls, struct phone_message *message,
                             const char *state, const char *digits)
{
    struct call *call = heap_alloc(sizeof(*call));
    if (call == NULL) {
        log_error("phone_callback_lost", log_error_code("error", ERR_MEMORY));
        return NULL;
    }
    *call = (struct call){.calls = calls,
                          .message = message,
                          .state = state,
                          .until_ms = loop_monotonic_ms() + GIVE_UP_MS};
    (void)snprintf(call->digits, sizeof(call->digits), "%s", digits);
    calls->counts.waiting++;
    return call;
}

static void call_end(struct call *call)
{
    call->calls->counts.waiting--;
    heap_free(call);
}

static void call_done(const struct http_call_result *result, void *ctx)
{
    struct call *call = ctx;
    struct phone_calls *calls = call->calls;
    calls->started--;
    bool taken = result->error == 0 && result->status / 100 == 2;
    bool refused = result->error == 0 && result->status / 100 == 4 && result->status != 429;
    bool late = loop_monotonic_ms() > call->until_ms;
    calls->counts.taken += taken;
    calls->counts.refused += refused;
    calls->counts.given_up += !taken && !refused && (late || result->error == ERR_CLOSED);
    if (taken || refused || late || result->error == ERR_CLOSED) {
        call_end(call);
    } else {
        enqueue(calls, QUEUE_AGAIN, call, AGAIN_MS);
    }
    if (result->error != ERR_CLOSED) {
        set_timer(calls);
    }
}

static int post(struct call *call)
{
    struct phone_calls *calls = call->calls;
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    Shouwang__V1__ProviderCallback record = SHOUWANG__V1__PROVIDER_CALLBACK__INIT;
    record.ref = (char *)(uintptr_t)call->message->ref;
    record.state = (char *)(uintptr_t)call->state;
    record.digits = call->digits;
    record.at = call->at_ms;
    record.message_id = call->message->record.message_id;
    struct str body;
    arena_reset(&calls->arena);
    int error = json_write_message(&record.base, 0, &calls->arena, &body);
    if (error != 0) {
        return error;
    }
    const struct http_call_options options = {.method = "POST",
                                              .url = calls->options.url,
                                              .headers = headers,
                                              .body = body,
                                              .timeout_ms = CALL_TIMEOUT_MS};
    return http_client_call(calls->client, &options, call_done, call, NULL);
}

/* It happens now, whether anybody can be told or not. */
static bool happen(struct call *call)
{
    if (call->at_ms != 0) {
        return true;
    }
    call->at_ms = loop_utc_ms();
    if (!phone_store_move(call->message, call->state, call->digits)) {
        return false; /* the person was faster */
    }
    call->calls->options.moved(call->message, call->calls->options.ctx);
    return true;
}

static void run_one(struct call *call)
{
    struct phone_calls *calls = call->calls;
    list_remove(&call->node);
    if (!happen(call) || calls->options.url == NULL || call->message->ref[0] == '\0') {
        call_end(call);
        return;
    }
    if (post(call) != 0) {
        enqueue(calls, QUEUE_AGAIN, call, AGAIN_MS);
        return;
    }
    calls->started++;
}

static void run_due(void *ctx)
{
    struct phone_calls *calls = ctx;
    int64_t now_ms = loop_monotonic_ms();
    for (int i = 0; i < QUEUES; i++) {
        while (!list_is_empty(&calls->queues[i]) && calls->started < STARTED_MAX) {
            struct call *call = LIST_ENTRY(calls->queues[i].next, struct call, node);
            if (call->due_ms > now_ms) {
                break;
            }
            run_one(call);
        }
    }
    set_timer(calls);
}

int phone_calls_new(struct loop *loop, const struct phone_calls_options *options,
                    struct phone_calls **ret_calls)
{
    struct phone_calls *calls = heap_alloc(sizeof(*calls));
    if (calls == NULL) {
        return ERR_MEMORY;
    }
    calls->loop = loop;
    calls->options = *options;
    arena_init(&calls->arena, ARENA_BYTES);
    for (int i = 0; i < QUEUES; i++) {
        list_init(&calls->queues[i]);
    }
    const struct http_client_options client = {.in_flight_max = IN_FLIGHT_MAX,
                                               .queued_max = STARTED_MAX};
    int error = http_client_new(loop, &client, &calls->client);
    if (error == 0) {
        error = loop_timer_new(loop, LOOP_MONOTONIC, run_due, calls, &calls->timer);
    }
    if (error != 0) {
        phone_calls_free(calls);
        return error;
    }
    *ret_calls = calls;
    return 0;
}

void phone_calls_free(struct phone_calls *calls)
{
    if (calls == NULL) {
        return;
    }
    http_client_free(calls->client);
    loop_timer_free(calls->timer);
    for (int i = 0; i < QUEUES; i++) {
        while (!list_is_empty(&calls->queues[i])) {
            heap_free(LIST_ENTRY(list_pop_front(&calls->queues[i]), struct call, node));
        }
    }
    arena_fini(&calls->arena);
    heap_free(calls);
}

/* Always the same phones: by the notice's id. */
static bool is_answered(const struct phone_calls *calls, const struct phone_message *message)
{
    uint32_t hash = 2166136261U;
    for (const char *at = message->record.notice_id; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    }
    return message->record.keys[0] != '\0' && (hash >> 8) % 1000 < calls->options.answer_per_mille;
}

void phone_calls_accepted(struct phone_calls *calls, struct phone_message *message)
{
    if (calls->options.delivered_ms >= 0) {
        struct call *call = call_new(calls, message, "delivered", "");
        if (call != NULL) {
            enqueue(calls, QUEUE_DELIVERED, call, calls->options.delivered_ms);
        }
    }
    if (is_answered(calls, message)) {
        const char digits[2] = {message->record.keys[0], '\0'};
        struct call *call = call_new(calls, message, "reached", digits);
        if (call != NULL) {
            enqueue(calls, QUEUE_ANSWERS, call, calls->options.answer_after_ms);
        }
    }
    set_timer(calls);
}

int phone_calls_press(struct phone_calls *calls, struct phone_message *message, const char *state,
                      const char *digits)
{
    const char *kept = strcmp(state, "refused") == 0 ? "refused" : "reached";
    struct call *call = call_new(calls, message, kept, digits);
    if (call == NULL) {
        return ERR_MEMORY;
    }
    if (!happen(call)) {
        call_end(call);
        return ERR_ILLEGAL;
    }
    enqueue(calls, QUEUE_NOW, call, 0);
    set_timer(calls);
    return 0;
}

struct phone_calls_counts phone_calls_counts(const struct phone_calls *calls)
{
    return calls->counts;
}
