/* sw-console: board, case page and acknowledgement page. It owns nothing but sessions: what it shows comes from the read
 * model, what it is told becomes commands on Kafka. */
#include "console/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/feed.h"
#include "io/log.h"
#include "io/seal_record.h"
#include "shell/keys.h"
#include "shouwang/v1/journal.pb-c.h"

enum { OPEN_BYTES = 128 * 1024, WIRE_QUEUE_MAX = 10000, PRODUCE_TIMEOUT_MS = 5000 };

int console_seal(struct console *console, struct str unit, struct str text, struct arena *arena,
                 Shouwang__V1__Sealed **ret_sealed)
{
    struct vault vault = {console->keyring, tables_keys(console->tables)};
    struct vault_target target = {
        .unit = unit, .erasure_id = unit, .key_class = SEAL_CLASS_CONTENT};
    return vault_close_record(&vault, &target, text, arena, ret_sealed);
}

bool console_takes_code(const struct console *console, struct str unit, struct str obligation,
                        struct str key, struct str code)
{
    const struct org_unit *found = org_find_unit(tables_org(console->tables), unit);
    struct str jurisdiction = found == NULL ? (struct str){NULL, 0} : found->jurisdiction;
    const struct pack *pack = pack_store_active(tables_packs(console->tables), jurisdiction);
    return pack != NULL && policy_set_takes_code(&pack->policies, obligation, key, code);
}

bool console_open(const struct console *console, struct str unit,
                  const Shouwang__V1__Sealed *sealed, char *ret_text, size_t size)
{
    struct arena arena;
    struct sealed value;
    struct str plain = {NULL, 0};
    arena_init(&arena, OPEN_BYTES);
    int error = sealed_of_record(sealed, &value);
    if (error == 0) {
        struct vault vault = {console->keyring, tables_keys(console->tables)};
        error = vault_open(&vault, unit, &value, &arena, &plain);
    }
    bool opened = error == 0 && plain.len < size && str_is_utf8(plain, NULL);
    if (opened) {
        snprintf(ret_text, size, "%.*s", (int)plain.len, plain.at);
    }
    arena_fini(&arena);
    return opened;
}

/* Topics of the wire: "case/<unit>/<id>", "line/<unit>/<case id>" with a packed journal line. */
static void heard(struct str topic, struct str payload, void *ctx)
{
    struct console *console = ctx;
    const char *unit_at = memchr(topic.at, '/', topic.len);
    const char *end = topic.at + topic.len;
    const char *case_at =
        unit_at == NULL ? NULL : memchr(unit_at + 1, '/', (size_t)(end - unit_at - 1));
    if (case_at == NULL) {
        return;
    }
    struct str unit = {unit_at + 1, (size_t)(case_at - unit_at - 1)};
    live_change(console->live, unit, (struct str){case_at + 1, (size_t)(end - case_at - 1)});
    if (!str_starts(topic, STR_LITERAL("line/"))) {
        return;
    }
    Shouwang__V1__JournalLine *line =
        shouwang__v1__journal_line__unpack(NULL, payload.len, (const uint8_t *)payload.at);
    if (line == NULL) {
        return;
    }
    /* Several lines may come of one command; one of them is its outcome. */
    if (line->command_id.len == IDENT_BYTES && line->outcome[0] != '\0') {
        struct ident id;
        memcpy(id.bytes, line->command_id.data, IDENT_BYTES);
        actions_heard(console->actions, id, str_of(line->outcome), str_of(line->reason));
    }
    shouwang__v1__journal_line__free_unpacked(line, NULL);
}

static bool is_within(struct str unit, struct str scope, void *ctx)
{
    const struct console *console = ctx;
    return org_is_within(tables_org(console->tables), unit, scope);
}

static void tables_ready(void *ctx)
{
    struct console *console = ctx;
    service_set_unready(console->service, "tables", NULL);
}

/* The addresses without which there is nothing to do. */
static int check_addresses(const struct config *config)
{
    static const char *const required[] = {"http.listen", "redis.address"};
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (config_address(config, required[i]) == NULL) {
            log_error("config_missing", log_code("key", required[i]));
            return ERR_INVALID;
        }
    }
    return 0;
}

static int open_parts(struct console *console)
{
    static const char *const everything[] = {"", NULL};
    struct redis_options redis = {.address = *config_address(console->config, "redis.address"),
                                  .password = config_text(console->config, "redis.password")};
    struct zmq_sub_options wire = {.endpoint = config_text(console->config, "relay.endpoint"),
                                   .prefixes = everything,
                                   .queue_max = WIRE_QUEUE_MAX,
                                   .message = heard,
                                   .ctx = console};
    service_set_unready(console->service, "tables", "reading the directory");
    const struct tables_setup tables = {
        .keep_packs = true, .keep_sealed = true, .caught_up = tables_ready, .ctx = console};
    int error = tables_new(console->loop, console->config, &tables, &console->tables);
    if (error == 0) {
        error = kafka_producer_new(console->loop, console->config, PRODUCE_TIMEOUT_MS,
                                   &console->producer);
    }
    if (error == 0) {
        error = model_new(console->loop, &redis, config_text(console->config, "topic.prefix"),
                          &console->model);
    }
    console->live = live_new(is_within, console);
    console->actions = actions_new(console);
    console->feed = feed_new(console);
    if (error == 0 &&
        (console->live == NULL || console->actions == NULL || console->feed == NULL)) {
        error = ERR_MEMORY;
    }
    if (error == 0) {
        error = sign_in_new(console->loop, &console->sign_in);
    }
    return error != 0 ? error : zmq_sub_new(console->loop, &wire, &console->wire);
}

static int open_http(struct console *console)
{
    struct http_server_options options = {.listen = *config_address(console->config, "http.listen"),
                                          .body_max_bytes = 64 * 1024};
    int error = http_server_new(console->loop, &options, &console->http);
    return error != 0 ? error : console_add_routes(console);
}

static int start(struct service *service, void **ret_state)
{
    struct console *console = calloc(1, sizeof(*console));
    if (console == NULL) {
        return ERR_MEMORY;
    }
    *ret_state = console;
    console->service = service;
    console->loop = service_loop(service);
    console->config = service_config(service);
    console->secure_cookies = config_bool(console->config, "cookie.secure");
    int error = check_addresses(console->config);
    error =
        error != 0
            ? error
            : keys_load(console->config,
                        KEYRING_CLOSE | KEYRING_OPEN_CONTACT | KEYRING_OPEN_CONTENT | KEYRING_TOKEN,
                        &console->keyring);
    error = error != 0 ? error : open_parts(console);
    return error != 0 ? error : open_http(console);
}

static void drain(void *state)
{
    struct console *console = state;
    http_server_drain(console->http);
    service_drained(console->service);
}

static void stop(void *state)
{
    struct console *console = state;
    actions_free(console->actions); /* answers who waits */
    feed_free(console->feed);
    model_free(console->model);
    sign_in_free(console->sign_in);
    http_server_free(console->http);
    live_free(console->live);
    zmq_sub_free(console->wire);
    kafka_producer_free(console->producer);
    tables_free(console->tables);
    keyring_free(console->keyring);
    free(console);
}

static const struct config_key keys[] = {
    {"keys.dir", CONFIG_TEXT, "keys", 1, 4096, NULL, false, "folder of the key files"},
    {"relay.endpoint", CONFIG_TEXT, "ipc:///tmp/shouwang-relay", 1, 256, NULL, false,
     "where the relay publishes changes"},
    {"cookie.secure", CONFIG_BOOL, "true", 0, 0, NULL, false,
     "send the session's cookie over HTTPS only"},
};

static const struct config_table table = {
    .program = "sw-console",
    .summary = "Board, case page and acknowledgement page of Shouwang.",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0])};

const struct service_definition console_definition = {
    .table = &table, .start = start, .drain = drain, .stop = stop};
