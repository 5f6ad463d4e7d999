/* Happy path: the directory is read, then streams and sockets open; a connection's key names its client, whose
 * subscriptions are cut to what it may read; records come, are published and kept for a while.
 *
 * A client whose rights change is not followed into its connections: on a reload all of them end, and come again. */
#include "relay/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/keyring_file.h"
#include "io/log.h"
#include "io/zmq_key.h"
#include "io/zmq_server.h"
#include "relay/areas.h"
#include "relay/asks.h"
#include "relay/clients.h"
#include "relay/streams.h"

enum { PUBLISHED, SUBSCRIPTIONS, KEYS_REFUSED, QUESTIONS, JOBS, ROWS };

static const struct metric_row metric_rows[ROWS] = {
    [PUBLISHED] = {.name = "sw_relay_wire_published_total",
                   .kind = METRIC_COUNTER,
                   .help = "messages published to integrators",
                   .labels = {"stream"}},
    [SUBSCRIPTIONS] = {.name = "sw_relay_wire_subscriptions_total",
                       .kind = METRIC_COUNTER,
                       .help =
                           "subscriptions as asked, cut to what the client may read, or refused",
                       .labels = {"answer"}},
    [KEYS_REFUSED] = {.name = "sw_relay_wire_keys_refused_total",
                      .kind = METRIC_COUNTER,
                      .help = "connections whose key nobody has"},
    [QUESTIONS] = {.name = "sw_relay_wire_questions_total",
                   .kind = METRIC_COUNTER,
                   .help = "questions answered from memory or from Kafka, or refused",
                   .labels = {"answer"}},
    [JOBS] = {.name = "sw_relay_wire_jobs",
              .kind = METRIC_GAUGE,
              .help = "questions being answered from Kafka"},
};

enum { LOG_EVERY_MS = 1000 };

struct wire {
    struct service *service;
    struct zmq_key key;
    struct clients *clients;
    struct areas *areas;
    bool areas_are_read;
    struct streams *streams;
    struct zmq_server *server;
    struct asks *asks;
    struct asks_counts ended; /* of those before the last reload */
    int64_t logged_ms;        /* when a refused key was last logged */
    struct metric *metrics[ROWS];
};

/* ---- connections */

static bool admit(void *ctx, struct str public_key, char ret_user[ZMQ_USER_BYTES])
{
    _Static_assert((int)CLIENT_NAME_BYTES <= (int)ZMQ_USER_BYTES, "a name is a user's");
    struct wire *wire = ctx;
    const struct client *client = clients_find_key(wire->clients, public_key);
    if (client != NULL) {
        memcpy(ret_user, client->name, sizeof(client->name));
        return true;
    }
    metric_add(metric_with(wire->metrics[KEYS_REFUSED], NULL), 1);
    int64_t now_ms = loop_monotonic_ms();
    if (now_ms - wire->logged_ms >= LOG_EVERY_MS) { /* it comes again and again */
        wire->logged_ms = now_ms;
        log_warn("wire_key_refused");
    }
    return false;
}

static void subscribe(void *ctx, struct str user, struct str prefix, bool is_on)
{
    struct wire *wire = ctx;
    struct str may[CLIENT_PREFIXES_MAX];
    const struct client *client = clients_find(wire->clients, user);
    size_t count = client == NULL ? 0 : client_narrow(client, prefix, may);
    for (size_t i = 0; i < count; i++) {
        zmq_server_grant(wire->server, may[i], is_on);
    }
    if (!is_on) {
        return;
    }
    bool as_asked = count == 1 && str_equal(may[0], prefix);
    const char *answer = count == 0 ? "refused" : as_asked ? "granted" : "narrowed";
    metric_add(metric_with(wire->metrics[SUBSCRIPTIONS], &answer), 1);
    if (count == 0) {
        log_warn("wire_subscription_refused", log_code_str("client", user),
                 log_code_str("prefix", prefix));
    } else {
        log_info("wire_subscription", log_code_str("client", user), log_code("answer", answer));
    }
}

static void ask(void *ctx, struct str user, struct str peer, const struct str *frames, size_t count)
{
    struct wire *wire = ctx;
    const struct client *client = clients_find(wire->clients, user);
    if (client != NULL) {
        asks_take(wire->asks, client, peer, frames, count);
    }
}

static void publish(void *ctx, const struct parcel *parcel)
{
    struct wire *wire = ctx;
    const char *stream = parcel->stream == 0 ? "alerts" : "feed";
    if (wire->server == NULL) {
        return;
    }
    int error = zmq_server_publish(wire->server, parcel->parts, PARCEL_PARTS);
    if (error != 0) {
        log_warn("wire_not_published", log_error_code("why", error));
        return;
    }
    metric_add(metric_with(wire->metrics[PUBLISHED], &stream), 1);
}

/* ---- life */

static int read_clients(const struct config *config, struct clients **ret_clients)
{
    char *text = malloc(CLIENTS_FILE_MAX_BYTES);
    size_t len = 0;
    size_t line = 0;
    if (text == NULL) {
        return ERR_MEMORY;
    }
    const char *path = config_text(config, "wire.clients");
    int error = small_file_read(path, false, text, CLIENTS_FILE_MAX_BYTES, &len);
    error = error != 0 ? error : clients_parse((struct str){text, len}, &line, ret_clients);
    free(text);
    if (error != 0) {
        log_error("wire_clients", log_error_code("why", error), log_library("file", path),
                  log_count("line", (int64_t)line));
    }
    return error;
}

static void close_all(struct wire *wire)
{
    struct asks_counts counts =
        wire->asks == NULL ? (struct asks_counts){0} : asks_counts(wire->asks);
    wire->ended.from_memory += counts.from_memory;
    wire->ended.from_kafka += counts.from_kafka;
    wire->ended.refused += counts.refused;
    asks_free(wire->asks);
    zmq_server_free(wire->server);
    streams_free(wire->streams);
    wire->asks = NULL;
    wire->server = NULL;
    wire->streams = NULL;
}

static int open_asks(struct wire *wire, const struct config *config)
{
    wire->asks = asks_new(&(struct asks_setup){.loop = service_loop(wire->service),
                                               .config = config,
                                               .areas = wire->areas,
                                               .streams = wire->streams,
                                               .server = wire->server,
                                               .patience_ms = config_int(config, "wire.patience")});
    return wire->asks == NULL ? ERR_MEMORY : 0;
}

static int open_all(struct wire *wire)
{
    static const struct zmq_server_calls calls = {
        .admit = admit, .subscribe = subscribe, .ask = ask};
    const struct config *config = service_config(wire->service);
    struct loop *loop = service_loop(wire->service);
    int error =
        streams_new(&(struct streams_setup){.loop = loop,
                                            .config = config,
                                            .areas = wire->areas,
                                            .clients = wire->clients,
                                            .keep_bytes = (size_t)config_int(config, "wire.keep"),
                                            .message = publish,
                                            .ctx = wire},
                    &wire->streams);
    const struct zmq_server_options options = {.publish = config_text(config, "wire.publish"),
                                               .ask = config_text(config, "wire.ask"),
                                               .key = &wire->key,
                                               .queue_max = (int)config_int(config, "wire.queue"),
                                               .calls = &calls,
                                               .ctx = wire};
    error = error != 0 ? error : zmq_server_new(loop, &options, &wire->server);
    return error != 0 ? error : open_asks(wire, config);
}

static void open_or_fail(struct wire *wire)
{
    int error = open_all(wire);
    if (error != 0) {
        log_error("wire_not_open", log_error_code("why", error));
        service_fail(wire->service, "wire");
        return;
    }
    service_set_unready(wire->service, "wire", NULL);
    log_info("wire_open", log_count("clients", (int64_t)wire->clients->count),
             log_library("publish", zmq_server_publish_endpoint(wire->server)),
             log_library("ask", zmq_server_ask_endpoint(wire->server)));
}

static void areas_read(void *ctx)
{
    struct wire *wire = ctx;
    wire->areas_are_read = true;
    open_or_fail(wire);
}

void wire_reload(struct wire *wire)
{
    struct clients *clients;
    if (read_clients(service_config(wire->service), &clients) != 0) {
        return;
    }
    free(wire->clients);
    wire->clients = clients;
    if (wire->areas_are_read) {
        close_all(wire);
        open_or_fail(wire);
    }
}

static void collect(void *ctx)
{
    struct wire *wire = ctx;
    struct asks_counts counts =
        wire->asks == NULL ? (struct asks_counts){0} : asks_counts(wire->asks);
    const struct {
        const char *label;
        uint64_t count;
    } rows[] = {{"memory", counts.from_memory + wire->ended.from_memory},
                {"kafka", counts.from_kafka + wire->ended.from_kafka},
                {"refused", counts.refused + wire->ended.refused}};
    for (size_t i = 0; i < 3; i++) {
        metric_set(metric_with(wire->metrics[QUESTIONS], &rows[i].label), (int64_t)rows[i].count);
    }
    metric_set(metric_with(wire->metrics[JOBS], NULL), (int64_t)counts.running);
}

static int read_files(struct wire *wire, const struct config *config)
{
    static const char *const needed[] = {"wire.ask", "wire.key", "wire.clients"};
    for (size_t i = 0; i < 3; i++) {
        if (!config_is_set(config, needed[i])) {
            log_error("config_missing", log_code("key", needed[i]));
            return ERR_INVALID;
        }
    }
    int error = zmq_key_read(config_text(config, "wire.key"), &wire->key);
    if (error != 0) {
        log_error("wire_key", log_error_code("why", error),
                  log_library("file", config_text(config, "wire.key")));
        return error;
    }
    return read_clients(config, &wire->clients);
}

int wire_new(struct service *service, struct wire **ret_wire)
{
    const struct config *config = service_config(service);
    if (!config_is_set(config, "wire.publish")) {
        *ret_wire = NULL;
        return 0;
    }
    struct wire *wire = calloc(1, sizeof(*wire));
    if (wire == NULL) {
        return ERR_MEMORY;
    }
    wire->service = service;
    int error = metrics_register(service_metrics(service), metric_rows, ROWS, wire->metrics);
    error = error != 0 ? error : metrics_on_collect(service_metrics(service), collect, wire);
    error = error != 0 ? error : read_files(wire, config);
    error = error != 0 ? error
                       : areas_new(service_loop(service), config, areas_read, wire, &wire->areas);
    if (error != 0) {
        wire_free(wire);
        return error;
    }
    service_set_unready(service, "wire", "directory");
    *ret_wire = wire;
    return 0;
}

void wire_free(struct wire *wire)
{
    if (wire != NULL) {
        close_all(wire);
        areas_free(wire->areas);
        free(wire->clients);
        free(wire);
    }
}
