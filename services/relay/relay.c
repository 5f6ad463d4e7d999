/* sw-relay: carries what Kafka says to the console: live changes over ZeroMQ, the read model into Redis. (What
 * integrators get is relay/wire.)
 *
 * Two readers without a group. The live one starts at the end and publishes every case and journal line as it comes. The
 * other fills the read model from where the model says it stands; when the model is lost (Redis gone or emptied) it is
 * paused, and made anew from the stored offsets when the model is live again. Neither waits for the other. */
#include "relay/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "io/config.h"
#include "io/kafka.h"
#include "io/log.h"
#include "io/zmq.h"
#include "relay/read_model.h"
#include "relay/wire.h"
#include "shouwang/v1/case.pb-c.h"
#include "shouwang/v1/journal.pb-c.h"

enum {
    PARTITIONS_MAX = 1024,
    PUBLISH_QUEUE_MAX = 100000,
    WIRE_TOPIC_BYTES = 128,
    ROOM_CHECK_MS = 5
};

enum { PUBLISHED, REFUSED, WRITTEN, LOST, REBUILDS, LAG, ROWS };

static const struct metric_row metric_rows[ROWS] = {
    [PUBLISHED] = {.name = "sw_relay_published_total",
                   .kind = METRIC_COUNTER,
                   .help = "messages given to the live wire",
                   .labels = {"what"}},
    [REFUSED] = {.name = "sw_relay_refused_total",
                 .kind = METRIC_COUNTER,
                 .help = "records of cases or journal that do not decode",
                 .labels = {"topic"}},
    [WRITTEN] = {.name = "sw_relay_written_total",
                 .kind = METRIC_COUNTER,
                 .help = "records applied to the read model"},
    [LOST] = {.name = "sw_relay_model_lost_total",
              .kind = METRIC_COUNTER,
              .help = "times the read model went away"},
    [REBUILDS] = {.name = "sw_relay_model_rebuilds_total",
                  .kind = METRIC_COUNTER,
                  .help = "times the read model was found empty and started anew"},
    [LAG] = {.name = "sw_relay_model_lag_records",
             .kind = METRIC_GAUGE,
             .help = "records that the read model does not have yet"},
};

struct relay {
    struct service *service;
    struct loop *loop;
    const struct config *config;
    struct zmq_pub *wire;
    struct kafka_reader *live_reader;
    struct kafka_reader *model_reader;
    struct read_model *model;
    struct loop_timer *room;
    struct wire *public_wire;
    int64_t next_case[PARTITIONS_MAX]; /* offsets from which the read model is to be filled */
    int64_t next_line[PARTITIONS_MAX];
    struct metric *metrics[ROWS];
};

/* --- Records ------------------------------------------------------------------------------------------------------- */

/* "<unit>/case/<hex>" of the cases topic, which also holds policies and heads: false for those. */
static bool split_case_key(struct str key, struct str *ret_unit, struct str *ret_hex)
{
    static const char middle[] = "/case/";
    const char *at = key.len == 0 ? NULL : memmem(key.at, key.len, middle, sizeof(middle) - 1);
    if (at == NULL) {
        return false;
    }
    *ret_unit = (struct str){key.at, (size_t)(at - key.at)};
    *ret_hex =
        (struct str){at + sizeof(middle) - 1, key.len - ret_unit->len - (sizeof(middle) - 1)};
    struct ident id;
    return ident_parse(*ret_hex, &id);
}

/* The case a journal line belongs to, and since when a deadline is over (0: it says nothing of the kind); false when it is
 * of the unit, or does not decode. */
static bool case_of_line(struct relay *relay, struct str value, char ret_hex[IDENT_TEXT_BYTES],
                         int64_t *ret_breached_ms)
{
    Shouwang__V1__JournalLine *line =
        shouwang__v1__journal_line__unpack(NULL, value.len, (const uint8_t *)value.at);
    if (line == NULL) {
        metric_add(metric_with(relay->metrics[REFUSED], (const char *[]){"journal"}), 1);
        return false;
    }
    bool has_case = line->case_id.len == IDENT_BYTES;
    *ret_breached_ms = strcmp(line->what, "obligation_breached") == 0 ? line->at_ms : 0;
    if (has_case) {
        struct ident id;
        memcpy(id.bytes, line->case_id.data, IDENT_BYTES);
        ident_format(id, ret_hex);
    }
    shouwang__v1__journal_line__free_unpacked(line, NULL);
    return has_case;
}

/* --- The live wire ------------------------------------------------------------------------------------------------- */

static void publish(struct relay *relay, const char *what, struct str unit, struct str hex,
                    struct str payload)
{
    char topic[WIRE_TOPIC_BYTES];
    int length = snprintf(topic, sizeof(topic), "%s/%.*s/%.*s", what, (int)unit.len, unit.at,
                          (int)hex.len, hex.at);
    if (length < 0 || (size_t)length >= sizeof(topic)) {
        return;
    }
    int error = zmq_pub_send(relay->wire, (struct str){topic, (size_t)length}, payload);
    if (error != 0) {
        log_warn("not_published", log_error_code("why", error));
        return;
    }
    metric_add(metric_with(relay->metrics[PUBLISHED], &what), 1);
}

static void live_record(void *ctx, const struct kafka_record *record)
{
    struct relay *relay = ctx;
    struct str unit;
    struct str hex;
    char case_hex[IDENT_TEXT_BYTES] = "";
    int64_t breached_ms;
    if (record->topic == TOPIC_CASES) {
        if (split_case_key(record->key, &unit, &hex)) {
            publish(relay, "case", unit, hex, record->value);
        }
    } else if (record->value.at != NULL) {
        (void)case_of_line(relay, record->value, case_hex, &breached_ms);
        publish(relay, "line", record->key, str_of(case_hex), record->value);
    }
}

/* --- The read model -------------------------------------------------------------------------------------------------- */

static void put_case(struct relay *relay, struct read_model_place place,
                     const struct kafka_record *record)
{
    struct str unit;
    struct str hex;
    if (!split_case_key(record->key, &unit, &hex)) {
        return;
    }
    Shouwang__V1__Case *value = record->value.at == NULL
                                    ? NULL
                                    : shouwang__v1__case__unpack(NULL, record->value.len,
                                                                 (const uint8_t *)record->value.at);
    if (value == NULL && record->value.at != NULL) {
        metric_add(metric_with(relay->metrics[REFUSED], (const char *[]){"cases"}), 1);
        return;
    }
    /* Not taken: the model is lost, and will ask for this record again. */
    int error = read_model_put_case(relay->model, place, unit, hex, value);
    if (error != 0) {
        log_debug("not_written", log_error_code("why", error));
    }
    if (value != NULL) {
        shouwang__v1__case__free_unpacked(value, NULL);
    }
}

static void add_line(struct relay *relay, struct read_model_place place,
                     const struct kafka_record *record)
{
    char hex[IDENT_TEXT_BYTES];
    int64_t breached_ms;
    if (record->value.at == NULL || !case_of_line(relay, record->value, hex, &breached_ms)) {
        return;
    }
    const struct read_model_line line = {.case_hex = str_of(hex),
                                         .packed = record->value,
                                         .breached_unit =
                                             breached_ms > 0 ? record->key : STR_LITERAL(""),
                                         .at_ms = breached_ms};
    int error = read_model_add_line(relay->model, place, &line);
    if (error != 0) {
        log_debug("not_written", log_error_code("why", error));
    }
}

static void model_record(void *ctx, const struct kafka_record *record)
{
    struct relay *relay = ctx;
    char partition[64];
    int length = snprintf(partition, sizeof(partition), "%s/%d", topic_rows[record->topic].suffix,
                          (int)record->partition);
    struct read_model_place place = {{partition, (size_t)length}, record->offset};
    if (record->topic == TOPIC_CASES) {
        put_case(relay, place, record);
    } else {
        add_line(relay, place, record);
    }
    if (!read_model_has_room(relay->model)) {
        kafka_reader_pause(relay->model_reader, true);
        loop_timer_after(relay->room, ROOM_CHECK_MS);
    }
}

static void check_room(void *ctx)
{
    struct relay *relay = ctx;
    if (!read_model_is_live(relay->model)) {
        return; /* `live` makes a new reader */
    }
    if (read_model_has_room(relay->model)) {
        kafka_reader_pause(relay->model_reader, false);
    } else {
        loop_timer_after(relay->room, ROOM_CHECK_MS);
    }
}

/* "<topic>/<n>" as model_record writes it. */
static void model_stored(struct str partition, int64_t offset, void *ctx)
{
    struct relay *relay = ctx;
    const char *slash = memrchr(partition.at, '/', partition.len);
    int64_t index = 0;
    if (slash == NULL ||
        !str_to_int64((struct str){slash + 1, (size_t)(partition.at + partition.len - slash - 1)},
                      0, PARTITIONS_MAX - 1, &index)) {
        return;
    }
    struct str topic = {partition.at, (size_t)(slash - partition.at)};
    if (str_is(topic, topic_rows[TOPIC_CASES].suffix)) {
        relay->next_case[index] = offset + 1;
    } else if (str_is(topic, topic_rows[TOPIC_JOURNAL].suffix)) {
        relay->next_line[index] = offset + 1;
    }
}

static void forget_offsets(struct relay *relay)
{
    for (size_t i = 0; i < PARTITIONS_MAX; i++) {
        relay->next_case[i] = -1;
        relay->next_line[i] = -1;
    }
}

static void model_live(void *ctx)
{
    struct relay *relay = ctx;
    const struct kafka_source sources[] = {{.topic = TOPIC_CASES,
                                            .from = KAFKA_FROM_OFFSETS,
                                            .offsets = relay->next_case,
                                            .offset_count = PARTITIONS_MAX},
                                           {.topic = TOPIC_JOURNAL,
                                            .from = KAFKA_FROM_OFFSETS,
                                            .offsets = relay->next_line,
                                            .offset_count = PARTITIONS_MAX}};
    kafka_reader_free(relay->model_reader);
    relay->model_reader = NULL;
    int error = kafka_reader_new(relay->loop, relay->config, sources, 2, &relay->model_reader);
    if (error != 0) {
        service_fail(relay->service, "model_reader");
        return;
    }
    kafka_reader_set_calls(relay->model_reader,
                           &(struct kafka_reader_calls){.record = model_record}, relay);
    service_set_unready(relay->service, "read_model", NULL);
    forget_offsets(relay);
}

static void model_lost(void *ctx)
{
    struct relay *relay = ctx;
    if (relay->model_reader != NULL) {
        kafka_reader_pause(relay->model_reader, true);
    }
    service_set_unready(relay->service, "read_model", "redis");
}

/* --- The service ----------------------------------------------------------------------------------------------------- */

static void collect(void *ctx)
{
    struct relay *relay = ctx;
    struct read_model_counts counts = read_model_counts(relay->model);
    metric_set(metric_with(relay->metrics[WRITTEN], NULL), (int64_t)counts.written);
    metric_set(metric_with(relay->metrics[LOST], NULL), (int64_t)counts.lost);
    metric_set(metric_with(relay->metrics[REBUILDS], NULL), (int64_t)counts.rebuilds);
    metric_set(metric_with(relay->metrics[LAG], NULL),
               relay->model_reader == NULL ? 0 : kafka_reader_lag(relay->model_reader));
}

static int open_live(struct relay *relay)
{
    static const struct kafka_source sources[] = {{.topic = TOPIC_CASES, .from = KAFKA_FROM_END},
                                                  {.topic = TOPIC_JOURNAL, .from = KAFKA_FROM_END}};
    int error = zmq_pub_new(relay->loop, config_text(relay->config, "relay.endpoint"),
                            PUBLISH_QUEUE_MAX, &relay->wire);
    if (error != 0) {
        return error;
    }
    error = kafka_reader_new(relay->loop, relay->config, sources, 2, &relay->live_reader);
    if (error == 0) {
        kafka_reader_set_calls(relay->live_reader,
                               &(struct kafka_reader_calls){.record = live_record}, relay);
    }
    return error;
}

static int open_model(struct relay *relay)
{
    if (config_address(relay->config, "redis.address") == NULL) {
        log_error("config_missing", log_code("key", "redis.address"));
        return ERR_INVALID;
    }
    struct redis_options redis = {.address = *config_address(relay->config, "redis.address"),
                                  .password = config_text(relay->config, "redis.password")};
    struct read_model_events events = {
        .stored = model_stored, .live = model_live, .lost = model_lost, .ctx = relay};
    forget_offsets(relay);
    service_set_unready(relay->service, "read_model", "redis");
    int error = loop_timer_new(relay->loop, LOOP_MONOTONIC, check_room, relay, &relay->room);
    return error != 0
               ? error
               : read_model_new(relay->loop, &redis, config_text(relay->config, "topic.prefix"),
                                &events, &relay->model);
}

static int start(struct service *service, void **ret_state)
{
    struct relay *relay = calloc(1, sizeof(*relay));
    if (relay == NULL) {
        return ERR_MEMORY;
    }
    *ret_state = relay;
    relay->service = service;
    relay->loop = service_loop(service);
    relay->config = service_config(service);
    int error = metrics_register(service_metrics(service), metric_rows, ROWS, relay->metrics);
    error = error != 0 ? error : open_model(relay);
    error = error != 0 ? error : open_live(relay);
    error = error != 0 ? error : wire_new(service, &relay->public_wire);
    return error != 0 ? error : metrics_on_collect(service_metrics(service), collect, relay);
}

static void stop(void *state)
{
    struct relay *relay = state;
    kafka_reader_free(relay->live_reader);
    kafka_reader_free(relay->model_reader);
    read_model_free(relay->model);
    loop_timer_free(relay->room);
    zmq_pub_free(relay->wire);
    wire_free(relay->public_wire);
    free(relay);
}

static void reload(void *state)
{
    struct relay *relay = state;
    relay->config = service_config(relay->service); /* the one before is gone */
    if (relay->public_wire != NULL) {
        wire_reload(relay->public_wire);
    }
}

static const struct config_key keys[] = {
    {"relay.endpoint", CONFIG_TEXT, "ipc:///tmp/shouwang-relay", 1, 256, NULL, false,
     "where changes are published for the console"},
    {"wire.publish", CONFIG_TEXT, NULL, 1, 200, NULL, false,
     "where integrators subscribe, \"tcp://0.0.0.0:7790\"; not set: no public wire"},
    {"wire.ask", CONFIG_TEXT, NULL, 1, 200, NULL, false,
     "where they ask for what they missed, by custom the next port"},
    {"wire.key", CONFIG_TEXT, NULL, 1, 1000, NULL, false, "file of the wire's own key pair"},
    {"wire.clients", CONFIG_TEXT, NULL, 1, 1000, NULL, false,
     "file of the clients: name, public key, prefixes; read again on SIGHUP"},
    {"wire.queue", CONFIG_INT, "10000", 100, 1000000, "messages", false,
     "how many wait for a slow subscriber before it loses some"},
    {"wire.keep", CONFIG_SIZE, "16MiB", 0, INT64_C(1) << 30, NULL, false,
     "messages kept in memory for those who missed them"},
    {"wire.patience", CONFIG_DURATION, "60s", 100, 600000, NULL, false,
     "how long a client may let its answers wait"},
};

static const struct config_table table = {
    .program = "sw-relay",
    .summary =
        "Carries cases and journal lines to the read model and the console, and alerts and feeds "
        "to integrators.",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0])};

const struct service_definition relay_definition = {
    .table = &table, .start = start, .stop = stop, .reload = reload};
