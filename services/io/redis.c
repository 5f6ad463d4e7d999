/* Redis over hiredis, with an adapter of our own.
 *
 * Happy path: connect, AUTH and FUNCTION LOAD, ready, commands in order, answers in order. Whatever goes wrong (refused,
 * reset, a command past its deadline, a failed set-up) ends in adapter_cleanup, which every hiredis context passes
 * through exactly once: it is the only place that plans the next attempt. hiredis 0.14 has no time-outs, and the
 * packaged libuv adapter swallows socket errors, so both are ours. A host name is resolved by a blocking call: give an
 * address or a unix socket. */
#include "io/redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "io/log.h"

enum {
    DEFAULT_TIMEOUT_MS = 500,
    DEFAULT_IN_FLIGHT_MAX = 4096,
    DEFAULT_BACKOFF_MAX_MS = 1000,
    BACKOFF_FIRST_MS = 50,
    REDIS_MAGIC = 0x52656469
};

enum state { STATE_DOWN, STATE_CONNECTING, STATE_SETUP, STATE_READY };

struct redis {
    unsigned magic;
    enum state state;
    struct loop *loop;
    struct redis_options options; /* its texts are ours */
    redis_state_fn changed;
    void *changed_ctx;

    redisAsyncContext *context; /* NULL while there is none */
    struct loop_fd *watch;
    unsigned wanted;
    const char *why; /* the connection is being given up, for the log */
    unsigned setup_left;
    bool closing;
    bool in_callback;

    struct list pending; /* commands without an answer, oldest first */
    size_t pending_count;
    int64_t connect_due_ms;
    int64_t alarm_due_ms; /* what the alarm is set to; at or before the earliest deadline */
    struct loop_timer *alarm;
    struct loop_timer *retry;
    int64_t backoff_ms;
    struct redis_counts counts;
};

struct pending {
    struct list node;
    struct redis *redis;
    redis_done_fn done;
    void *ctx;
    int64_t due_ms;
    bool expired;
};

static void start(struct redis *redis);

static void set_state(struct redis *redis, enum state state)
{
    bool was = redis->state == STATE_READY;
    bool is = state == STATE_READY;
    redis->state = state;
    if (was != is && redis->changed != NULL && !redis->closing) {
        redis->changed(is, redis->changed_ctx);
    }
}

static void plan_retry(struct redis *redis)
{
    loop_timer_after(redis->retry, redis->backoff_ms);
    redis->backoff_ms *= 2;
    if (redis->backoff_ms > redis->options.backoff_max_ms) {
        redis->backoff_ms = redis->options.backoff_max_ms;
    }
}

/* Gives the connection up. Inside a hiredis callback the context lives a little longer; adapter_cleanup follows. */
static void give_up(struct redis *redis, const char *why)
{
    if (redis->context == NULL || redis->why != NULL) {
        return;
    }
    redis->why = why;
    redisAsyncFree(redis->context);
}

static void want(struct redis *redis, unsigned events)
{
    if (events == redis->wanted || redis->watch == NULL) {
        return;
    }
    redis->wanted = events;
    if (loop_fd_want(redis->watch, events) != 0) {
        redis->connect_due_ms = 0; /* the alarm gives it up: not from inside hiredis */
        loop_timer_after(redis->alarm, 0);
    }
}

static void adapter_add_read(void *data)
{
    struct redis *redis = data;
    want(redis, redis->wanted | LOOP_READABLE);
}

static void adapter_del_read(void *data)
{
    struct redis *redis = data;
    want(redis, redis->wanted & ~(unsigned)LOOP_READABLE);
}

static void adapter_add_write(void *data)
{
    struct redis *redis = data;
    want(redis, redis->wanted | LOOP_WRITABLE);
}

static void adapter_del_write(void *data)
{
    struct redis *redis = data;
    want(redis, redis->wanted & ~(unsigned)LOOP_WRITABLE);
}

/* hiredis lets go of its context; all of its callbacks have been called. */
static void adapter_cleanup(void *data)
{
    struct redis *redis = data;
    sw_assert(redis->magic == REDIS_MAGIC);
    bool was_ready = redis->state == STATE_READY;
    const char *text = redis->context->errstr == NULL ? "" : redis->context->errstr;
    if (was_ready && !redis->closing) {
        log_warn("redis_lost", log_code("why", redis->why == NULL ? "connection" : redis->why),
                 log_library("text", text));
    } else if (!redis->closing) {
        log_debug("redis_not_reached",
                  log_code("why", redis->why == NULL ? "connection" : redis->why),
                  log_library("text", text));
    }
    loop_fd_free(redis->watch);
    redis->watch = NULL;
    redis->wanted = 0;
    redis->context = NULL;
    redis->why = NULL;
    set_state(redis, STATE_DOWN);
    if (!redis->closing) {
        plan_retry(redis);
    }
}

static void socket_ready(void *ctx, unsigned events)
{
    struct redis *redis = ctx;
    redisAsyncContext *context = redis->context;
    sw_assert(context != NULL);
    /* On a socket error both handlers run: hiredis finds the error itself and tears the context down. */
    if ((events & LOOP_READABLE) != 0) {
        redisAsyncHandleRead(context);
    }
    if (redis->context == context && (events & LOOP_WRITABLE) != 0) {
        redisAsyncHandleWrite(context);
    }
    if (redis->context == context && (events & LOOP_BROKEN) != 0) {
        give_up(redis, "socket"); /* it found none, and the watch has stopped */
    }
}

static void set_alarm(struct redis *redis, int64_t due_ms)
{
    if (due_ms < redis->alarm_due_ms) {
        redis->alarm_due_ms = due_ms;
        loop_timer_set(redis->alarm, due_ms);
    }
}

static void alarm_fired(void *ctx)
{
    struct redis *redis = ctx;
    int64_t now_ms = loop_monotonic_ms();
    bool expired = false;
    int64_t next_ms = INT64_MAX;
    redis->alarm_due_ms = INT64_MAX;
    for (struct list *at = redis->pending.next; at != &redis->pending; at = at->next) {
        struct pending *pending = LIST_ENTRY(at, struct pending, node);
        pending->expired = pending->due_ms <= now_ms;
        expired |= pending->expired;
        next_ms = pending->due_ms < next_ms ? pending->due_ms : next_ms;
    }
    bool connecting = redis->state == STATE_CONNECTING || redis->state == STATE_SETUP;
    if (expired || redis->connect_due_ms == 0 || (connecting && redis->connect_due_ms <= now_ms)) {
        give_up(redis, "timeout");
        return;
    }
    if (connecting && redis->connect_due_ms < next_ms) {
        next_ms = redis->connect_due_ms;
    }
    set_alarm(redis, next_ms);
}

static void answered(redisAsyncContext *context, void *reply, void *data)
{
    struct pending *pending = data;
    struct redis *redis = pending->redis;
    (void)context;
    sw_assert(redis->magic == REDIS_MAGIC);
    list_remove(&pending->node);
    redis->pending_count--;
    const redisReply *answer = reply;
    enum redis_outcome outcome = REDIS_REPLY;
    if (answer == NULL) {
        outcome = pending->expired ? REDIS_TIMEOUT : REDIS_UNAVAILABLE;
    } else if (answer->type == REDIS_REPLY_ERROR) {
        outcome = REDIS_ERROR;
    }
    redis->counts.errors += outcome == REDIS_ERROR;
    redis->counts.timeouts += outcome == REDIS_TIMEOUT;
    redis->counts.unavailable += outcome == REDIS_UNAVAILABLE;
    if (pending->done != NULL) {
        redis->in_callback = true;
        pending->done(outcome, reply, pending->ctx);
        redis->in_callback = false;
    }
    free(pending);
}

/* As redis_send, in any state that has a connection. */
static int send_now(struct redis *redis, const struct redis_command *command, redis_done_fn done,
                    void *ctx)
{
    const char *arguments[REDIS_ARGUMENTS_MAX];
    size_t lengths[REDIS_ARGUMENTS_MAX];
    sw_assert(command->count >= 1 && command->count <= REDIS_ARGUMENTS_MAX);
    for (size_t i = 0; i < command->count; i++) {
        arguments[i] = command->arguments[i].len == 0 ? "" : command->arguments[i].at;
        lengths[i] = command->arguments[i].len;
    }
    struct pending *pending = calloc(1, sizeof(*pending));
    if (pending == NULL) {
        return ERR_UNAVAILABLE;
    }
    int64_t timeout_ms = command->timeout_ms > 0 ? command->timeout_ms : redis->options.timeout_ms;
    *pending = (struct pending){
        .redis = redis, .done = done, .ctx = ctx, .due_ms = loop_monotonic_ms() + timeout_ms};
    if (redisAsyncCommandArgv(redis->context, answered, pending, (int)command->count, arguments,
                              lengths) != REDIS_OK) {
        free(pending);
        return ERR_UNAVAILABLE;
    }
    list_push_back(&redis->pending, &pending->node);
    redis->pending_count++;
    redis->counts.sent++;
    set_alarm(redis, pending->due_ms);
    return 0;
}

static void setup_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct redis *redis = ctx;
    if (outcome != REDIS_REPLY) {
        if (outcome == REDIS_ERROR) {
            const redisReply *reply = (const void *)value;
            log_warn("redis_setup_refused", log_library("text", reply->str));
        }
        give_up(redis, "setup");
        return;
    }
    redis->setup_left--;
    if (redis->setup_left == 0 && redis->why == NULL) {
        redis->backoff_ms = BACKOFF_FIRST_MS;
        redis->counts.connects++;
        log_info("redis_ready", log_count("connects", (int64_t)redis->counts.connects));
        set_state(redis, STATE_READY);
    }
}

static void send_setup(struct redis *redis, const struct str *arguments, size_t count)
{
    const struct redis_command command = {.arguments = arguments, .count = count};
    redis->setup_left++;
    if (send_now(redis, &command, setup_done, redis) != 0) {
        give_up(redis, "setup");
    }
}

static void connected(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->ev.data;
    if (status != REDIS_OK) {
        return; /* hiredis frees the context next */
    }
    redis->state = STATE_SETUP;
    redis->setup_left = 0;
    if (redis->options.password != NULL) {
        send_setup(redis,
                   (const struct str[]){STR_LITERAL("AUTH"), str_of(redis->options.password)}, 2);
    }
    if (redis->options.function_library.len > 0) {
        send_setup(redis,
                   (const struct str[]){STR_LITERAL("FUNCTION"), STR_LITERAL("LOAD"),
                                        STR_LITERAL("REPLACE"), redis->options.function_library},
                   4);
    }
    send_setup(redis, (const struct str[]){STR_LITERAL("PING")}, 1);
}

static bool attach(struct redis *redis, redisAsyncContext *context)
{
    if (loop_fd_new(redis->loop, context->c.fd, socket_ready, redis, &redis->watch) != 0) {
        return false;
    }
    redis->context = context;
    context->ev.data = redis;
    context->ev.addRead = adapter_add_read;
    context->ev.delRead = adapter_del_read;
    context->ev.addWrite = adapter_add_write;
    context->ev.delWrite = adapter_del_write;
    context->ev.cleanup = adapter_cleanup;
    return true;
}

static void start(struct redis *redis)
{
    const struct address *address = &redis->options.address;
    redis->counts.attempts++;
    redisAsyncContext *context = address->is_unix ? redisAsyncConnectUnix(address->host)
                                                  : redisAsyncConnect(address->host, address->port);
    if (context == NULL || context->err != 0 || !attach(redis, context)) {
        if (context != NULL) {
            redisAsyncFree(context);
        }
        plan_retry(redis);
        return;
    }
    redis->state = STATE_CONNECTING;
    redis->connect_due_ms = loop_monotonic_ms() + redis->options.timeout_ms;
    set_alarm(redis, redis->connect_due_ms);
    if (redisAsyncSetConnectCallback(context, connected) != REDIS_OK) {
        give_up(redis, "setup");
    }
}

static void retry_fired(void *ctx)
{
    start(ctx);
}

static int copy_options(struct redis *redis, const struct redis_options *options)
{
    struct redis_options copy = *options;
    copy.timeout_ms = copy.timeout_ms > 0 ? copy.timeout_ms : DEFAULT_TIMEOUT_MS;
    copy.in_flight_max = copy.in_flight_max > 0 ? copy.in_flight_max : DEFAULT_IN_FLIGHT_MAX;
    copy.backoff_max_ms = copy.backoff_max_ms > 0 ? copy.backoff_max_ms : DEFAULT_BACKOFF_MAX_MS;
    copy.password = options->password == NULL ? NULL : strdup(options->password);
    size_t len = options->function_library.len;
    char *library = malloc(len + 1);
    if (library == NULL || (options->password != NULL && copy.password == NULL)) {
        free(library);
        free((void *)(uintptr_t)copy.password);
        return ERR_MEMORY;
    }
    if (len > 0) {
        memcpy(library, options->function_library.at, len);
    }
    copy.function_library = (struct str){library, len};
    redis->options = copy;
    return 0;
}

int redis_new(struct loop *loop, const struct redis_options *options, redis_state_fn state,
              void *ctx, struct redis **ret_redis)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    if (redis == NULL) {
        return ERR_MEMORY;
    }
    redis->magic = REDIS_MAGIC;
    redis->loop = loop;
    redis->changed = state;
    redis->changed_ctx = ctx;
    redis->backoff_ms = BACKOFF_FIRST_MS;
    redis->alarm_due_ms = INT64_MAX;
    list_init(&redis->pending);
    int error = copy_options(redis, options);
    if (error == 0) {
        error = loop_timer_new(loop, LOOP_MONOTONIC, alarm_fired, redis, &redis->alarm);
    }
    if (error == 0) {
        error = loop_timer_new(loop, LOOP_MONOTONIC, retry_fired, redis, &redis->retry);
    }
    if (error != 0) {
        redis_free(redis);
        return error;
    }
    start(redis);
    *ret_redis = redis;
    return 0;
}

void redis_free(struct redis *redis)
{
    if (redis == NULL) {
        return;
    }
    sw_assert(redis->magic == REDIS_MAGIC);
    sw_assert(!redis->in_callback);
    redis->closing = true;
    give_up(redis, "closing");
    sw_assert(redis->context == NULL && redis->pending_count == 0);
    loop_timer_free(redis->alarm);
    loop_timer_free(redis->retry);
    free((void *)(uintptr_t)redis->options.password);
    free((void *)(uintptr_t)redis->options.function_library.at);
    redis->magic = 0;
    free(redis);
}

bool redis_is_ready(const struct redis *redis)
{
    return redis->state == STATE_READY && redis->why == NULL;
}

int redis_send(struct redis *redis, const struct redis_command *command, redis_done_fn done,
               void *ctx)
{
    sw_assert(redis->magic == REDIS_MAGIC);
    int error = ERR_UNAVAILABLE;
    if (redis_is_ready(redis)) {
        error = redis->pending_count >= redis->options.in_flight_max
                    ? ERR_FULL
                    : send_now(redis, command, done, ctx);
    }
    redis->counts.unavailable += error != 0;
    return error;
}

size_t redis_in_flight(const struct redis *redis)
{
    return redis->pending_count;
}

struct redis_counts redis_counts(const struct redis *redis)
{
    return redis->counts;
}

static const redisReply *reply_of(const struct redis_value *value)
{
    return (const void *)value;
}

enum redis_type redis_value_type(const struct redis_value *value)
{
    switch (reply_of(value)->type) {
    case REDIS_REPLY_INTEGER:
        return REDIS_INTEGER;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        return REDIS_STRING;
    case REDIS_REPLY_ARRAY:
        return REDIS_ARRAY;
    default: /* an int of hiredis, not an enum */
        return REDIS_NIL;
    }
}

int64_t redis_value_int(const struct redis_value *value)
{
    if (redis_value_type(value) == REDIS_INTEGER) {
        return reply_of(value)->integer;
    }
    int64_t number = 0;
    (void)str_to_int64(redis_value_str(value), INT64_MIN, INT64_MAX, &number); /* else 0 */
    return number;
}

struct str redis_value_str(const struct redis_value *value)
{
    if (redis_value_type(value) != REDIS_STRING) {
        return (struct str){NULL, 0};
    }
    return (struct str){reply_of(value)->str, reply_of(value)->len};
}

size_t redis_value_count(const struct redis_value *value)
{
    return redis_value_type(value) == REDIS_ARRAY ? reply_of(value)->elements : 0;
}

const struct redis_value *redis_value_at(const struct redis_value *value, size_t index)
{
    sw_assert(index < redis_value_count(value));
    return (const void *)reply_of(value)->element[index];
}
