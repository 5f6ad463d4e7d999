/* The librdkafka handles of the shell. Each setting that a rule of the shell depends on is a must; the rest are defaults
 * that kafka.* of the configuration may change. */
#include "io/stream_calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    STOCK_SESSION_MS = 6000,
    STOCK_TRANSACTION_MS = 10000,
    FAST_SESSION_MS = 2000,
    FAST_TRANSACTION_MS = 3000,
    FRAMING_MAX_BYTES = 1024 /* around a record and its headers */
};

/* Numbers of Kafka's requests. */
enum { API_JOIN_GROUP = 11, API_HEARTBEAT = 12, API_SYNC_GROUP = 14 };

struct number_text {
    char text[24];
};

static struct number_text number_text(int64_t number)
{
    struct number_text out;
    (void)snprintf(out.text, sizeof out.text, "%" PRId64, number);
    return out;
}

void stream_conf_names(struct stream *stream)
{
    const struct stream_definition *definition = stream->definition;
    bool is_fast = strcmp(config_text(stream->config, "profile"), "fast") == 0;
    stream->session_ms = is_fast ? FAST_SESSION_MS : STOCK_SESSION_MS;
    stream->transaction_ms = is_fast ? FAST_TRANSACTION_MS : STOCK_TRANSACTION_MS;
    stream->prefix = config_text(stream->config, "topic.prefix");
    (void)snprintf(stream->group, sizeof stream->group, "%s-%s", stream->prefix, definition->name);
    (void)snprintf(stream->slot_id, sizeof stream->slot_id, "%s-%s-%" PRId64, stream->prefix,
                   definition->name, config_int(stream->config, "slot"));
    for (size_t i = 0; i < definition->input_count; i++) {
        stream->input_names[i] = topic_name_of(stream->prefix, definition->inputs[i].topic);
    }
    stream->changelog_name = topic_name_of(stream->prefix, definition->changelog);
}

static int new_handle(const struct stream *stream, rd_kafka_type_t type,
                      const struct kafka_property *defaults, const struct kafka_property *musts,
                      rd_kafka_t **ret_handle)
{
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(stream->config, defaults, musts, &conf);
    return error != 0 ? error : kafka_handle_new(type, conf, ret_handle);
}

/* A thread of librdkafka: what prolongs the session has been answered. */
static rd_kafka_resp_err_t heard(rd_kafka_t *consumer, int socket, const char *broker_name,
                                 int32_t broker, int16_t api, int16_t version, int32_t correlation,
                                 size_t bytes, int64_t rtt, rd_kafka_resp_err_t error, void *ctx)
{
    (void)consumer, (void)socket, (void)broker_name, (void)broker, (void)version;
    (void)correlation, (void)bytes, (void)rtt;
    struct stream_session *session = ctx;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR &&
        (api == API_JOIN_GROUP || api == API_HEARTBEAT || api == API_SYNC_GROUP)) {
        session->heard_before_ms = session->heard_ms;
        session->heard_ms = loop_boottime_ms();
        (void)stream_test_point(STREAM_TEST_HEARD);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t listen_to(rd_kafka_t *consumer, const rd_kafka_conf_t *conf, void *ctx,
                                     char *text, size_t text_bytes)
{
    (void)conf, (void)text, (void)text_bytes;
    return rd_kafka_interceptor_add_on_response_received(consumer, "stream", heard, ctx);
}

int stream_conf_consumer(struct stream *stream, rd_kafka_t **ret_consumer)
{
    struct number_text session = number_text(stream->session_ms);
    struct number_text heartbeat = number_text(stream->session_ms / 4);
    const struct kafka_property defaults[] = {
        {"queued.min.messages",
         "1000000"}, /* a smaller one stalls the fetcher in steps of a second */
        {"queued.max.messages.kbytes", "4096"}, /* per topic partition */
        {"fetch.wait.max.ms", "100"},           /* ends of partitions are told that late */
        {"topic.metadata.refresh.interval.ms", "10000"},
        {NULL, NULL}};
    const struct kafka_property musts[] = {{"group.id", stream->group},
                                           {"group.instance.id", stream->slot_id},
                                           {"session.timeout.ms", session.text},
                                           {"heartbeat.interval.ms", heartbeat.text},
                                           {"partition.assignment.strategy", "range"},
                                           {"isolation.level", "read_committed"},
                                           {"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"auto.offset.reset", "error"},
                                           {"enable.partition.eof", "true"},
                                           {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(stream->config, defaults, musts, &conf);
    if (error != 0) {
        return error;
    }
    rd_kafka_conf_set_opaque(conf, stream);
    rd_kafka_conf_set_rebalance_cb(conf, stream_assign_on_rebalance);
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "stream", listen_to, &stream->session);
    return kafka_handle_new(RD_KAFKA_CONSUMER, conf, ret_consumer);
}

/* Reads changelogs by explicit offsets. The group's name is demanded by librdkafka and not used. */
int stream_conf_restorer(struct stream *stream, rd_kafka_t **ret_restorer)
{
    const struct kafka_property defaults[] = {
        {"queued.min.messages", "1000000"},
        {"queued.max.messages.kbytes", "131072"}, /* of all partitions: they share one queue */
        {"fetch.wait.max.ms", "5"},               /* else the end is told 500 ms late */
        {NULL, NULL}};
    const struct kafka_property musts[] = {
        {"group.id", stream->group},      {"isolation.level", "read_committed"},
        {"enable.auto.commit", "false"},  {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"}, {NULL, NULL}};
    return new_handle(stream, RD_KAFKA_CONSUMER, defaults, musts, ret_restorer);
}

/* Two of these ask questions. The committed view waits for pending transactions, and so sees stable offsets; the other
 * sees the true end of a partition, open transactions included. */
int stream_conf_prober(struct stream *stream, bool is_committed_view, rd_kafka_t **ret_prober)
{
    const struct kafka_property musts[] = {
        {"group.id", stream->group},
        {"isolation.level", is_committed_view ? "read_committed" : "read_uncommitted"},
        {"enable.auto.commit", "false"},
        {NULL, NULL}};
    return new_handle(stream, RD_KAFKA_CONSUMER, NULL, musts, ret_prober);
}

/* Called by the transaction's worker: touches only what never changes. */
int stream_conf_producer(const struct stream *stream, rd_kafka_t **ret_producer)
{
    struct number_text timeout = number_text(stream->transaction_ms);
    /* A record that nobody takes ends in an abort of ours before the broker ends the transaction, which would look as
     * if a twin had fenced us. */
    struct number_text message_timeout = number_text(stream->transaction_ms * 2 / 3);
    struct number_text record = number_text(STREAM_RECORD_MAX_BYTES + FRAMING_MAX_BYTES);
    const struct kafka_property defaults[] = {
        {"linger.ms", "0"},
        {"retry.backoff.ms", "5"}, /* a begin right after a commit is refused once */
        {"queue.buffering.max.messages", "1000000"},
        {"queue.buffering.max.kbytes", "262144"},
        {"compression.type", "lz4"},
        {NULL, NULL}};
    const struct kafka_property musts[] = {{"transactional.id", stream->slot_id},
                                           {"transaction.timeout.ms", timeout.text},
                                           {"enable.idempotence", "true"},
                                           {"acks", "all"},
                                           {"message.max.bytes", record.text},
                                           {"message.timeout.ms", message_timeout.text},
                                           {NULL, NULL}};
    rd_kafka_conf_t *conf;
    int error = kafka_conf_new(stream->config, defaults, musts, &conf);
    if (error != 0) {
        return error;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, stream_txn_on_delivery);
    return kafka_handle_new(RD_KAFKA_PRODUCER, conf, ret_producer);
}
