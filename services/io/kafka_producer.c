/* A plain, idempotent producer on the loop. Delivery reports, statistics and errors come through librdkafka's main queue,
 * whose descriptor is watched; nothing here blocks. The one blocking question, how many partitions the topics have, is
 * asked by a worker until it is answered. */
#include "io/kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/kafka_conf.h"
#include "io/log.h"
#include "io/worker.h"

enum { ASK_MS = 1000, ASK_AGAIN_MS = 500, EVENTS_PER_TURN = 10000 };

struct pending {
    struct kafka_producer *producer;
    kafka_done_fn done;
    void *ctx;
};

struct kafka_producer {
    struct loop *loop;
    const char *prefix;
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    int event_fd;
    struct loop_fd *watch;
    struct loop_hook *hook;
    struct loop_timer *ask_timer;
    struct worker *worker;
    int32_t asked_count; /* the worker's */
    int32_t partition_count;
    size_t pending_count;
    bool is_connected; /* by the statistics */
    bool is_freeing;
};

/* ---- called by librdkafka, on the loop's thread, out of rd_kafka_poll */

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    (void)opaque;
    struct pending *pending = message->_private;
    struct kafka_producer *producer = pending->producer;
    producer->pending_count--;
    if (!producer->is_freeing) {
        pending->done(pending->ctx, kafka_error_of(message->err), message->partition,
                      message->offset);
    }
    free(pending);
}

static int on_statistics(rd_kafka_t *handle, char *json, size_t len, void *opaque)
{
    (void)handle;
    struct kafka_producer *producer = opaque;
    static const char up[] = "\"state\":\"UP\"";
    producer->is_connected = memmem(json, len, up, sizeof up - 1) != NULL;
    return 0;
}

static void on_error(rd_kafka_t *handle, int error, const char *reason, void *opaque)
{
    (void)handle;
    struct kafka_producer *producer = opaque;
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        producer->is_connected = false;
    }
    log_warn("kafka_producer", log_code("error", rd_kafka_err2name((rd_kafka_resp_err_t)error)),
             log_library("why", reason));
}

static void on_event(void *ctx, unsigned events)
{
    struct kafka_producer *producer = ctx;
    (void)events;
    kafka_clear_events(producer->event_fd);
    loop_hook_kick(producer->hook);
}

/* One poll serves all that is there. */
static bool turn(void *ctx)
{
    struct kafka_producer *producer = ctx;
    (void)rd_kafka_poll(producer->handle, 0);
    return false;
}

/* ---- how many partitions */

static void run_ask(void *job)
{
    struct kafka_producer *producer = job;
    const struct rd_kafka_metadata *metadata;
    struct topic_name name = topic_name_of(producer->prefix, TOPIC_DIRECTORY);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer->handle, name.text, NULL);
    producer->asked_count = 0;
    if (topic != NULL && rd_kafka_metadata(producer->handle, 0, topic, &metadata, ASK_MS) ==
                             RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            producer->asked_count = metadata->topics[0].partition_cnt;
        }
        rd_kafka_metadata_destroy(metadata);
    }
    if (topic != NULL) {
        rd_kafka_topic_destroy(topic);
    }
}

static void ask(void *ctx)
{
    struct kafka_producer *producer = ctx;
    worker_submit(producer->worker, run_ask, producer);
}

static void asked(void *ctx, void *job)
{
    struct kafka_producer *producer = ctx;
    (void)job;
    producer->partition_count = producer->asked_count;
    if (producer->partition_count > 0) {
        producer->is_connected = true;
    } else {
        loop_timer_after(producer->ask_timer, ASK_AGAIN_MS);
    }
}

/* ---- life */

static int open_handle(struct kafka_producer *producer, const struct config *config,
                       int64_t timeout_ms)
{
    char timeout[24];
    (void)snprintf(timeout, sizeof timeout, "%" PRId64, timeout_ms);
    const struct kafka_property defaults[] = {{"linger.ms", "0"},
                                              {"retry.backoff.ms", "20"},
                                              {"queue.buffering.max.messages", "200000"},
                                              {"compression.type", "lz4"},
                                              {"statistics.interval.ms", "250"},
                                              {NULL, NULL}};
    const struct kafka_property musts[] = {{"enable.idempotence", "true"},
                                           {"acks", "all"},
                                           {"message.timeout.ms", timeout},
                                           {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(config, defaults, musts, &conf);
    if (error != 0) {
        return error;
    }
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return kafka_handle_new(RD_KAFKA_PRODUCER, conf, &producer->handle);
}

static int open_loop(struct kafka_producer *producer)
{
    int error = loop_hook_new(producer->loop, turn, producer, &producer->hook);
    if (error == 0) {
        error = loop_timer_new(producer->loop, LOOP_MONOTONIC, ask, producer, &producer->ask_timer);
    }
    producer->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (error == 0 && producer->event_fd < 0) {
        error = ERR_IO;
    }
    if (error == 0) {
        error =
            loop_fd_new(producer->loop, producer->event_fd, on_event, producer, &producer->watch);
    }
    if (error == 0) {
        error = loop_fd_want(producer->watch, LOOP_READABLE);
    }
    return error != 0 ? error : worker_new(producer->loop, asked, producer, &producer->worker);
}

int kafka_producer_new(struct loop *loop, const struct config *config, int64_t timeout_ms,
                       struct kafka_producer **ret_producer)
{
    struct kafka_producer *producer = calloc(1, sizeof *producer);
    if (producer == NULL) {
        return ERR_MEMORY;
    }
    producer->loop = loop;
    producer->event_fd = -1;
    producer->prefix = config_text(config, "topic.prefix");
    int error = open_handle(producer, config, timeout_ms);
    if (error == 0) {
        error = open_loop(producer);
    }
    if (error != 0) {
        kafka_producer_free(producer);
        return error;
    }
    producer->queue = rd_kafka_queue_get_main(producer->handle);
    kafka_watch_queue(producer->queue, producer->event_fd);
    ask(producer);
    *ret_producer = producer;
    return 0;
}

void kafka_producer_free(struct kafka_producer *producer)
{
    if (producer == NULL) {
        return;
    }
    worker_free(producer->worker);
    if (producer->handle != NULL) {
        producer->is_freeing = true; /* the reports of what is purged give the memory back */
        (void)rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(producer->handle, 0);
        if (producer->queue != NULL) {
            rd_kafka_queue_destroy(producer->queue);
        }
        rd_kafka_destroy(producer->handle);
    }
    loop_fd_free(producer->watch);
    loop_hook_free(producer->hook);
    loop_timer_free(producer->ask_timer);
    if (producer->event_fd >= 0) {
        close(producer->event_fd);
    }
    free(producer);
}

int32_t kafka_producer_partition_count(const struct kafka_producer *producer)
{
    return producer->partition_count;
}

bool kafka_producer_is_up(const struct kafka_producer *producer)
{
    return producer->partition_count > 0 && producer->is_connected;
}

size_t kafka_producer_pending(const struct kafka_producer *producer)
{
    return producer->pending_count;
}

int kafka_produce(struct kafka_producer *producer, const struct kafka_output *output,
                  kafka_done_fn done, void *ctx)
{
    if (producer->partition_count <= 0) {
        return ERR_UNAVAILABLE;
    }
    if (output->value.len > KAFKA_VALUE_MAX) {
        return ERR_TOO_LARGE;
    }
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL) {
        return ERR_MEMORY;
    }
    *pending = (struct pending){.producer = producer, .done = done, .ctx = ctx};
    struct topic_name name = output->partner.len > 0
                                 ? topic_name_of_feed(producer->prefix, output->partner)
                                 : topic_name_of(producer->prefix, output->topic);
    int32_t partition = topic_partition_of(output->unit, producer->partition_count);
    int error = kafka_error_of(kafka_send(producer->handle, name.text, partition, output, pending));
    if (error != 0) {
        free(pending);
        return error;
    }
    producer->pending_count++;
    return 0;
}
