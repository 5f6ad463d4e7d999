/* The life of the shell: start, what one turn of the loop does, drain, end. See io/stream.h for the contract and
 * stream_inside.h for the map of the files. */
#include "io/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/log.h"
#include "io/stream_calls.h"

enum { TICK_BUSY_MS = 50 };

void stream_fail(struct stream *stream, const char *why)
{
    if (!stream->has_failed) {
        stream->has_failed = true;
        service_fail(stream->service, why);
    }
}

void stream_block(struct stream *stream, const char *why)
{
    stream->is_blocked = true;
    (void)snprintf(stream->blocked_reason, sizeof stream->blocked_reason, "%s", why);
    log_error("stream_blocked", log_library("why", why));
}

/* ---- one turn */

/* NULL when ready. */
static const char *unready_reason(const struct stream *stream)
{
    if (stream->is_blocked) {
        return stream->blocked_reason;
    }
    if (stream->is_rejoin_wanted) {
        return "fenced: another process may run with this slot";
    }
    if (stream->partition_count == 0 || (stream->is_assigned && !stream->is_answered)) {
        return stream->ask_reason[0] != '\0' ? stream->ask_reason : "asking Kafka";
    }
    if (!stream->is_producer_ready) {
        return stream->producer_reason[0] != '\0' ? stream->producer_reason
                                                  : "starting the producer";
    }
    if (!stream->is_assigned) {
        return "waiting for the group";
    }
    if (stream->abort_reason[0] != '\0') {
        return stream->abort_reason;
    }
    if (!stream_restore_is_done(stream)) {
        return "restoring from the changelog";
    }
    if (!stream->is_proven) {
        return "proving ownership by a first transaction";
    }
    for (int32_t index = 0; index < stream->partition_count; index++) {
        if (stream->partitions[index].is_assigned &&
            stream->partitions[index].phase != STREAM_LIVE) {
            return "reading what was said before";
        }
    }
    return NULL;
}

static void show_readiness(struct stream *stream)
{
    const char *reason = unready_reason(stream);
    if (reason == NULL ? stream->shown_reason != NULL
                       : stream->shown_reason == NULL || strcmp(reason, stream->shown_text) != 0) {
        (void)snprintf(stream->shown_text, sizeof stream->shown_text, "%s",
                       reason == NULL ? "" : reason);
        stream->shown_reason = reason == NULL ? NULL : stream->shown_text;
        service_set_unready(stream->service, "stream", stream->shown_reason);
        loop_timer_after(stream->retry_timer, TICK_BUSY_MS); /* the idle period would be too long */
    }
}

static void begin_what_is_due(struct stream *stream)
{
    if (stream->partition_count == 0 && stream_ask_may(stream)) {
        stream_ask_topics(stream);
    }
    if (stream->is_init_wanted && !stream->is_rejoin_wanted &&
        loop_monotonic_ms() >= stream->retry_at_ms && !worker_is_busy(stream->txn->worker)) {
        stream->is_init_wanted = false;
        stream_txn_init(stream);
    }
}

static bool is_heartbeat_due(const struct stream *stream)
{
    return stream->definition->heartbeat && stream->assigned_count > 0 &&
           loop_boottime_ms() - stream->proof_begun_ms > stream_proof_limit_ms(stream) / 3;
}

/* Milliseconds for which the open batch is held back for more; 0: it may go. */
static int64_t gather_left_ms(const struct stream *stream)
{
    int64_t not_before_ms =
        stream->is_draining || stream_batch_is_empty(stream->open)
            ? 0
            : stream_batch_not_before_ms(stream->open, stream->begun_steps, stream->begun_ms);
    int64_t left_ms = not_before_ms == 0 ? 0 : not_before_ms - loop_monotonic_ms();
    return left_ms > 0 ? left_ms : 0;
}

/* The open batch goes out as soon as no other is in flight, and nothing is to be gathered. */
static void submit_what_is_open(struct stream *stream)
{
    if (stream->in_flight != NULL || stream->open->is_refused || !stream->is_proven ||
        !stream_assign_may_begin(stream)) {
        return;
    }
    if (stream_batch_is_empty(stream->open) && is_heartbeat_due(stream)) {
        int32_t index = 0;
        while (!stream->partitions[index].is_assigned) {
            index++;
        }
        (void)stream_batch_partition(stream->open, &stream->partitions[index]);
    }
    if (!stream_batch_is_empty(stream->open) && gather_left_ms(stream) == 0) {
        stream_step_seal(stream);
    }
}

/* The earliest deadline of all parts, or the end of gathering. */
static void arm_due_timer(struct stream *stream)
{
    int64_t due_ms = INT64_MAX;
    if (stream->is_proven && stream_assign_may_begin(stream)) {
        int64_t left_ms = stream->in_flight == NULL ? gather_left_ms(stream) : 0;
        due_ms = stream_step_next_deadline(stream);
        if (left_ms > 0 && loop_utc_ms() + left_ms < due_ms) {
            due_ms = loop_utc_ms() + left_ms;
        }
    }
    loop_timer_set(stream->due_timer, due_ms);
}

static void advance_drain(struct stream *stream)
{
    if (!stream->is_draining || stream->is_closed || stream->in_flight != NULL) {
        return;
    }
    if (!stream->is_closing) {
        stream_txn_undo_open(stream); /* empty, unless it could not be committed */
        stream_assign_drop_parts(stream);
        stream_group_leave(stream);
    }
    stream->is_closed |= stream_group_has_left(stream);
    if (stream->is_closed) {
        stream->drained(stream->drained_ctx);
    }
}

/* A process that was away for half of its session (stopped, suspended, swapped out) has overdue timers and has not
 * heard what was said meanwhile: it begins as after an assignment. */
static void note_absence(struct stream *stream)
{
    int64_t now_ms = loop_boottime_ms();
    int64_t away_ms = now_ms - stream->last_turn_ms;
    stream->last_turn_ms = now_ms;
    if (away_ms > stream_proof_limit_ms(stream) && stream->is_fetching) {
        log_warn("stream_was_away", log_count("away_ms", away_ms));
        stream->is_doubtful = true;
        stream->is_proven = false;
    }
}

static bool turn(void *ctx)
{
    struct stream *stream = ctx;
    kafka_clear_events(stream->event_fd);
    note_absence(stream);
    stream_group_read(stream);
    if (stream->is_draining) {
        submit_what_is_open(stream);
        advance_drain(stream);
        return false;
    }
    if (stream->has_failed) {
        return false;
    }
    stream_group_rejoin_if_fenced(stream);
    begin_what_is_due(stream);
    bool is_more = stream_restore_read(stream);
    stream_assign_advance(stream);
    is_more |= stream->partition_count > 0 && stream_step_all(stream);
    submit_what_is_open(stream);
    show_readiness(stream);
    arm_due_timer(stream);
    return is_more;
}

static void kick(void *ctx)
{
    struct stream *stream = ctx;
    loop_hook_kick(stream->hook);
}

static void on_event(void *ctx, unsigned events)
{
    struct stream *stream = ctx;
    (void)events;
    kafka_clear_events(stream->event_fd);
    loop_hook_kick(stream->hook);
}

/* Between events: back-offs end, the main queue is polled, the heartbeat falls due. */
static void tick(void *ctx)
{
    struct stream *stream = ctx;
    bool is_idle = stream->shown_reason == NULL && !stream->is_draining;
    loop_timer_after(stream->retry_timer,
                     is_idle ? stream_proof_limit_ms(stream) / 6 : TICK_BUSY_MS);
    loop_hook_kick(stream->hook);
}

/* ---- start and end */

static int open_loop(struct stream *stream)
{
    int error = loop_hook_new(stream->loop, turn, stream, &stream->hook);
    if (error == 0) {
        error = loop_timer_new(stream->loop, LOOP_UTC, kick, stream, &stream->due_timer);
    }
    if (error == 0) {
        error = loop_timer_new(stream->loop, LOOP_MONOTONIC, tick, stream, &stream->retry_timer);
    }
    stream->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (error == 0 && stream->event_fd < 0) {
        error = ERR_IO;
    }
    if (error == 0) {
        error = loop_fd_new(stream->loop, stream->event_fd, on_event, stream, &stream->event_watch);
    }
    return error != 0 ? error : loop_fd_want(stream->event_watch, LOOP_READABLE);
}

static int open_kafka(struct stream *stream)
{
    int error = stream_group_open(stream);
    if (error == 0) {
        error = stream_conf_restorer(stream, &stream->restorer);
    }
    if (error != 0) {
        return error;
    }
    rd_kafka_poll_set_consumer(stream->restorer);
    stream->restorer_queue = rd_kafka_queue_get_consumer(stream->restorer);
    kafka_watch_queue(stream->restorer_queue, stream->event_fd);
    error = stream_ask_new(stream);
    return error != 0 ? error : stream_txn_new(stream);
}

static int open_all(struct stream *stream)
{
    stream->open = stream_batch_new();
    stream->spare = stream_batch_new();
    if (stream->open == NULL || stream->spare == NULL) {
        return ERR_MEMORY;
    }
    stream_conf_names(stream);
    int error = stream_metrics_open(stream);
    if (error == 0) {
        error = open_loop(stream);
    }
    return error != 0 ? error : open_kafka(stream);
}

int stream_start(struct service *service, const struct stream_definition *definition, void *ctx,
                 struct stream **ret_stream)
{
    sw_assert(definition->input_count > 0 && definition->input_count <= STREAM_INPUTS_MAX);
    sw_assert(definition->refuse != NULL);
    struct stream *stream = heap_alloc(sizeof *stream);
    if (stream == NULL) {
        return ERR_MEMORY;
    }
    stream->service = service;
    stream->loop = service_loop(service);
    stream->config = service_config(service);
    stream->definition = definition;
    stream->ctx = ctx;
    stream->event_fd = -1;
    stream->proven_at_ms = INT64_MIN;
    stream->last_turn_ms = loop_boottime_ms();
    int error = open_all(stream);
    if (error != 0) {
        stream_free(stream);
        return error;
    }
    stream->is_init_wanted = true;
    show_readiness(stream);
    tick(stream);
    *ret_stream = stream;
    return 0;
}

void stream_drain(struct stream *stream, loop_fn drained, void *ctx)
{
    sw_assert(!stream->is_draining);
    stream->is_draining = true;
    stream->drained = drained;
    stream->drained_ctx = ctx;
    loop_timer_after(stream->retry_timer, TICK_BUSY_MS);
    loop_hook_kick(stream->hook);
}

static void close_restorer(struct stream *stream)
{
    if (stream->restorer_queue != NULL) {
        rd_kafka_queue_destroy(stream->restorer_queue);
    }
    if (stream->restorer != NULL) {
        rd_kafka_destroy_flags(stream->restorer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
}

void stream_free(struct stream *stream)
{
    if (stream == NULL) {
        return;
    }
    stream_txn_free(stream);
    stream_ask_free(stream);
    stream_assign_drop_parts(stream);
    stream_group_close(stream);
    close_restorer(stream);
    loop_fd_free(stream->event_watch);
    loop_timer_free(stream->retry_timer);
    loop_timer_free(stream->due_timer);
    loop_hook_free(stream->hook);
    if (stream->event_fd >= 0) {
        close(stream->event_fd);
    }
    stream_batch_free(stream->open);
    stream_batch_free(stream->in_flight);
    stream_batch_free(stream->spare);
    heap_free(stream->partitions);
    heap_free(stream);
}

/* ---- what services ask */

int32_t stream_partition_index(const struct stream_partition *partition)
{
    return partition->index;
}

void stream_partition_pause(struct stream_partition *partition, enum topic topic, bool is_paused)
{
    const struct stream_definition *definition = partition->stream->definition;
    for (size_t input = 0; input < definition->input_count; input++) {
        if (definition->inputs[input].topic == topic) {
            sw_assert(!definition->inputs[input].is_table &&
                      !definition->inputs[input].before_timers);
            partition->sources[input].is_paused = is_paused;
            loop_hook_kick(partition->stream->hook);
            return;
        }
    }
    sw_assert(false && "not an input");
}

void stream_partition_kick(struct stream_partition *partition)
{
    loop_hook_kick(partition->stream->hook);
}

int64_t stream_proof_age_ms(const struct stream *stream)
{
    return stream->proven_at_ms == INT64_MIN ? INT64_MAX
                                             : loop_boottime_ms() - stream->proven_at_ms;
}

int64_t stream_proof_limit_ms(const struct stream *stream)
{
    return stream->session_ms / 2;
}

void *stream_find_part(struct stream *stream, struct str unit)
{
    if (stream->partition_count == 0 || unit.len == 0) {
        return NULL;
    }
    const struct stream_partition *partition =
        &stream->partitions[topic_partition_of(unit, stream->partition_count)];
    return partition->phase == STREAM_LIVE && partition->is_assigned ? partition->part : NULL;
}

int32_t stream_partition_count(const struct stream *stream)
{
    return stream->partition_count;
}

struct topic_name stream_topic_name(const struct stream *stream, enum topic topic)
{
    return topic_name_of(stream->prefix, topic);
}
