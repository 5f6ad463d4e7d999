/* Puts the parts together: tables and keys, producer, HTTP server; readiness and drain. */
#include "intake/intake.h"

#include <stdlib.h>

#include "intake/maps.h"
#include "intake/submission.h"
#include "intake/upload.h"
#include "io/log.h"
#include "shell/keys.h"

enum {
    WATCH_MS = 100,
    /* Of one event, 64 KiB of JSON, its record and its seals; or of one row of a file, up to 8 events of 200 answers. */
    EVENT_ARENA_BYTES = 4 * 1024 * 1024,
    REPLY_MAX_BYTES = 2 * 1024 * 1024, /* of a full batch, each item refused */
};
_Static_assert(CLOUDEVENT_BATCH_MAX * 700 < REPLY_MAX_BYTES, "id, field and text of each item");
_Static_assert(UPLOAD_ERRORS_MAX * 400 < REPLY_MAX_BYTES, "place, name and text of each error");

static void tables_read(void *ctx)
{
    struct intake *intake = ctx;
    intake->tables_ready = true;
    service_set_unready(intake->service, "tables", NULL);
}

/* Every WATCH_MS: says when Kafka comes and goes, and ends a drain once nobody waits any more. */
static void watch(void *ctx)
{
    struct intake *intake = ctx;
    bool is_up = kafka_producer_is_up(intake->producer);
    service_set_unready(intake->service, "kafka", is_up ? NULL : "no broker");
    if (intake->is_draining && intake->in_flight == 0 && http_server_pending(intake->http) == 0 &&
        http_server_connections(intake->http) == 0) {
        service_drained(intake->service);
        return;
    }
    loop_timer_after(intake->watch, WATCH_MS);
}

static void collect(void *ctx)
{
    struct intake *intake = ctx;
    struct http_server_counts counts = http_server_counts(intake->http);
    counters_http(&intake->counters, &counts);
    counters_set(&intake->counters, COUNTER_IN_FLIGHT, (int64_t)intake->in_flight);
    counters_set(&intake->counters, COUNTER_UNITS, (int64_t)org_count(tables_org(intake->tables)));
    counters_set(&intake->counters, COUNTER_TABLE_REFUSED, (int64_t)tables_refused(intake->tables));
    counters_set(&intake->counters, COUNTER_TABLE_LAG, tables_lag(intake->tables));
}

static int open_kafka(struct intake *intake)
{
    service_set_unready(intake->service, "tables", "reading the directory");
    service_set_unready(intake->service, "kafka", "no broker");
    const struct tables_setup tables = {
        .keep_packs = true, .caught_up = tables_read, .ctx = intake};
    int error = tables_new(intake->loop, intake->config, &tables, &intake->tables);
    if (error == 0) {
        error =
            kafka_producer_new(intake->loop, intake->config,
                               config_int(intake->config, "produce.timeout"), &intake->producer);
    }
    return error;
}

static int open_http(struct intake *intake)
{
    const struct address *listen = config_address(intake->config, "http.listen");
    if (listen == NULL) {
        log_error("config_missing", log_code("key", "http.listen"));
        return ERR_INVALID;
    }
    const struct http_server_options options = {
        .listen = *listen,
        .body_max_bytes = (size_t)config_int(intake->config, "body.max"),
        .connections_max = (unsigned)config_int(intake->config, "connections.max")};
    const size_t file_max_bytes = (size_t)config_int(intake->config, "import.body.max");
    const struct http_route routes[] = {
        {"POST", "/v1/events", submission_begin, intake, 0},
        {"POST", "/v1/import/screening", upload_begin_screening, intake, file_max_bytes},
        {"POST", "/v1/import/attendance", upload_begin_attendance, intake, file_max_bytes}};
    int error = http_server_new(intake->loop, &options, &intake->http);
    return error != 0 ? error
                      : http_server_route(intake->http, routes, sizeof(routes) / sizeof(routes[0]));
}

static int open_rest(struct intake *intake)
{
    int error = counters_init(&intake->counters, service_metrics(intake->service));
    if (error == 0) {
        error = metrics_on_collect(service_metrics(intake->service), collect, intake);
    }
    if (error == 0) {
        error = gate_new(config_int(intake->config, "rate.per_second"),
                         config_int(intake->config, "rate.burst"), &intake->gate);
    }
    if (error == 0) {
        error = loop_timer_new(intake->loop, LOOP_MONOTONIC, watch, intake, &intake->watch);
    }
    return error;
}

static int start(struct service *service, void **ret_state)
{
    struct intake *intake = calloc(1, sizeof(*intake));
    if (intake == NULL) {
        return ERR_MEMORY;
    }
    *ret_state = intake;
    intake->service = service;
    intake->loop = service_loop(service);
    intake->config = service_config(service);
    intake->in_flight_max = (size_t)config_int(intake->config, "in_flight.max");
    intake->retry_after_ms = config_int(intake->config, "retry.after");
    list_init(&intake->submissions);
    list_init(&intake->uploads);
    arena_init(&intake->arena, EVENT_ARENA_BYTES);
    buffer_init(&intake->reply, REPLY_MAX_BYTES);
    int error = keys_load(intake->config, KEYRING_CLOSE | KEYRING_IDENT, &intake->keyring);
    error =
        error != 0 ? error : maps_load(config_text(intake->config, "imports.dir"), &intake->maps);
    error = error != 0 ? error : open_kafka(intake);
    error = error != 0 ? error : open_rest(intake);
    error = error != 0 ? error : open_http(intake);
    if (error == 0) {
        loop_timer_after(intake->watch, WATCH_MS);
    }
    return error;
}

static void drain(void *state)
{
    struct intake *intake = state;
    intake->is_draining = true;
    http_server_drain(intake->http);
}

static void stop(void *state)
{
    struct intake *intake = state;
    kafka_producer_free(intake->producer);
    http_server_free(intake->http); /* answers 503 to who still waits */
    submission_free_all(intake);
    upload_free_all(intake);
    loop_timer_free(intake->watch);
    tables_free(intake->tables);
    gate_free(intake->gate);
    keyring_free(intake->keyring);
    maps_free(intake->maps);
    arena_fini(&intake->arena);
    buffer_fini(&intake->reply);
    free(intake);
}

static const struct config_key keys[] = {
    {"keys.dir", CONFIG_TEXT, "keys", 1, 4096, NULL, false,
     "Folder of the key files: contact.pub, content.pub, answers.pub and ident.key."},
    {"produce.timeout", CONFIG_DURATION, "5s", 100, 120000, NULL, false,
     "How long one event may wait for all replicas before its sender is told 503."},
    {"in_flight.max", CONFIG_INT, "20000", 1, 1000000, "events", false,
     "Events that may wait for Kafka at once; beyond it 503."},
    {"rate.per_second", CONFIG_INT, "500", 1, 1000000, "events", false,
     "What one token may send on average; beyond it 429."},
    {"rate.burst", CONFIG_INT, "2000", 1, 1000000, "events", false,
     "What one token may send at once."},
    {"retry.after", CONFIG_DURATION, "2s", 1000, 3600000, NULL, false,
     "What a 503 advises in Retry-After."},
    {"body.max", CONFIG_SIZE, "1MiB", 1024, 16777216, NULL, false,
     "Largest body (a batch; one event is at most 64 KiB); beyond it 413."},
    {"import.body.max", CONFIG_SIZE, "4MiB", 1024, 67108864, NULL, false,
     "Largest CSV file; beyond it 413."},
    {"imports.dir", CONFIG_TEXT, NULL, 1, 4096, NULL, false,
     "Folder of maps, NAME.yaml, that files may ask for by ?map=NAME; read at the start."},
    {"connections.max", CONFIG_INT, "1024", 1, 60000, "connections", false,
     "Connections at once; further ones wait."},
};

static const struct config_table table = {
    .program = "sw-intake",
    .summary = "Takes events over HTTP and answers when all replicas of Kafka have them.",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0])};

const struct service_definition intake_definition = {
    .table = &table, .start = start, .drain = drain, .stop = stop};
