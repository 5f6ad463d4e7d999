#include "notifier/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "io/log.h"
#include "io/mail.h"
#include "notifier/entity.h"
#include "notifier/flight.h"
#include "notifier/hook.h"
#include "notifier/part.h"
#include "notifier/text.h"
#include "shell/heartbeat.h"
#include "shell/keys.h"

enum { WATCH_MS = 20, PRODUCE_TIMEOUT_MS = 5000, URL_MAX_BYTES = 256 };

static const struct config_key keys[] = {
    {"keys.dir", CONFIG_TEXT, "keys", 1, 1024, NULL, false,
     "folder of contact.key, token.key and the public keys"},
    {"phone.url", CONFIG_TEXT, "http://127.0.0.1:8090", 8, URL_MAX_BYTES, NULL, false,
     "the provider (the pretend phones): messages are posted to <url>/v1/send"},
    {"phone.person", CONFIG_BOOL, "false", 0, 0, NULL, false,
     "name the recipient's opaque id and role to the provider; for the pretend phones' screens"},
    {"phone.timeout", CONFIG_DURATION, "10s", 100, 60000, NULL, false,
     "how long an answer of the provider or of a webhook is waited for"},
    {"mail.smtp", CONFIG_TEXT, NULL, 8, URL_MAX_BYTES, NULL, false,
     "mail server for channel mail: smtp://host:port, smtps://host; not set: the provider"},
    {"mail.from", CONFIG_TEXT, "shouwang@localhost", 3, 254, NULL, false,
     "sender of mails; what is behind its @ is also in their Message-ID"},
    {"mail.user", CONFIG_TEXT, NULL, 1, 254, NULL, false, "login at the mail server"},
    {"mail.password", CONFIG_SECRET, NULL, 0, 512, NULL, false, "of mail.user"},
    {"mail.ca", CONFIG_TEXT, NULL, 1, 1024, NULL, false,
     "file of the certificates that the mail server must answer to; not set: the system's"},
    {"mail.timeout", CONFIG_DURATION, "30s", 100, 300000, NULL, false,
     "how long the mail server is waited for"},
    {"mail.tls", CONFIG_BOOL, "true", 0, 0, NULL, false,
     "no mail without TLS; false only for a server on this machine"},
    {"console.url", CONFIG_TEXT, NULL, 8, URL_MAX_BYTES, NULL, false,
     "public address of the console for acknowledgement links; not set: messages carry none"},
    {"urgent.in_flight", CONFIG_INT, "64", 1, 4096, NULL, false, "urgent sends underway at once"},
    {"bulk.in_flight", CONFIG_INT, "16", 1, 4096, NULL, false, "bulk sends underway at once"},
    {"bulk.held", CONFIG_INT, "100000", 1, 1000000, NULL, false,
     "bulk notices a partition holds before it stops reading more"},
    {"quota.voice", CONFIG_BOOL, "true", 0, 0, NULL, false,
     "calls beyond the limits of a number become an SMS"},
    {"quota.voice.per_minute", CONFIG_INT, "1", 0, 20, NULL, false,
     "calls to one number; 0: no limit"},
    {"quota.voice.per_hour", CONFIG_INT, "5", 0, 20, NULL, false,
     "calls to one number; 0: no limit"},
    {"quota.voice.per_day", CONFIG_INT, "20", 0, QUOTA_CALLS_MAX, NULL, false,
     "calls to one number; 0: no limit"},
    HEARTBEAT_CONFIG_KEYS,
};

static const struct config_table table = {
    .program = "sw-notifier",
    .summary =
        "Brings notices to people over the channels of a provider, and says what became of them.",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0]),
};

static const struct stream_input inputs[] = {
    {.topic = TOPIC_DIRECTORY, .is_table = true},
    {.topic = TOPIC_KEYS, .is_table = true},
    {.topic = TOPIC_NOTICES_CONTROL, .before_timers = true},
    {.topic = TOPIC_CALLBACKS, .before_timers = true},
    {.topic = TOPIC_NOTICES_URGENT},
    {.topic = TOPIC_ALERTS},
    {.topic = TOPIC_NOTICES_BULK},
};

static const struct stream_definition stream_definition = {
    .name = "notifier",
    .changelog = TOPIC_STATE_NOTIFIER,
    .inputs = inputs,
    .input_count = sizeof(inputs) / sizeof(inputs[0]),
    .heartbeat = true,
    .part_new = part_new,
    .part_free = part_free,
    .load = entity_load,
    .table = part_table,
    .step = part_step,
    .refuse = part_refuse,
    .next_deadline = part_next_deadline,
    .step_time = part_step_time,
    .live = part_live,
    .ended = part_ended,
};

/* --- While it runs ----------------------------------------------------------------------------- */

static void drained(void *ctx)
{
    struct notifier *notifier = ctx;
    service_drained(notifier->service);
}

static bool is_settled(const struct notifier *notifier)
{
    bool settled = notifier->in_flight[LANE_URGENT] + notifier->in_flight[LANE_BULK] == 0 &&
                   http_server_pending(notifier->server) == 0;
    for (struct list *at = notifier->parts.next; at != &notifier->parts; at = at->next) {
        const struct part *part = LIST_ENTRY(at, struct part, node);
        settled = settled && list_is_empty(&part->inbox) && list_is_empty(&part->applied);
    }
    return settled;
}

/* Sends that wait for a fresh proof of ownership are asked for again; the end of a drain is noticed. */
static void watch(void *ctx)
{
    struct notifier *notifier = ctx;
    bool is_withheld = flight_is_withheld(notifier);
    if (is_withheld && !notifier->is_withheld) {
        counters_add(&notifier->counters, COUNTER_WITHHELD, NULL, NULL);
    }
    notifier->is_withheld = is_withheld;
    flight_kick_parts(notifier);
    if (notifier->is_draining && !notifier->is_leaving && is_settled(notifier)) {
        notifier->is_leaving = true;
        stream_drain(notifier->stream, drained, notifier);
    }
    service_set_unready(notifier->service, "callbacks",
                        kafka_producer_is_up(notifier->producer) ? NULL : "kafka_not_reached");
    loop_timer_after(notifier->watch, WATCH_MS);
}

static void redis_changed(bool ready, void *ctx)
{
    struct notifier *notifier = ctx;
    log_info("redis", log_code("state", ready ? "ready" : "away"));
    flight_kick_parts(notifier);
}

static void collect(void *ctx)
{
    struct notifier *notifier = ctx;
    static const char *const lanes[LANE_COUNT] = {"urgent", "bulk"};
    int64_t held[LANE_COUNT] = {0};
    for (struct list *at = notifier->parts.next; at != &notifier->parts; at = at->next) {
        const struct part *part = LIST_ENTRY(at, struct part, node);
        held[LANE_BULK] += (int64_t)part->bulk_count;
        held[LANE_URGENT] += (int64_t)(part->held.count - part->bulk_count);
    }
    for (size_t i = 0; i < LANE_COUNT; i++) {
        counters_set(&notifier->counters, COUNTER_IN_FLIGHT, lanes[i], notifier->in_flight[i]);
        counters_set(&notifier->counters, COUNTER_HELD, lanes[i], held[i]);
    }
}

static int show_queues(const char *argument, struct buffer *ret_text, void *ctx)
{
    const struct notifier *notifier = ctx;
    (void)argument;
    buffer_format(ret_text, "in flight: urgent %u, bulk %u\n", notifier->in_flight[LANE_URGENT],
                  notifier->in_flight[LANE_BULK]);
    for (struct list *at = notifier->parts.next; at != &notifier->parts; at = at->next) {
        const struct part *part = LIST_ENTRY(at, struct part, node);
        buffer_format(ret_text, "partition %d: held %zu (bulk %zu), stops %zu, numbers %zu%s\n",
                      (int)part->index, part->held.count, part->bulk_count,
                      stops_count(part->stops), part->callees.count,
                      part->is_paused[LANE_BULK] ? ", bulk paused" : "");
    }
    return 0;
}

/* --- Start and stop ---------------------------------------------------------------------------- */

static void read_settings(struct notifier *notifier, const struct config *config)
{
    notifier->topic_prefix = config_text(config, "topic.prefix");
    notifier->provider_url = config_text(config, "phone.url");
    notifier->link_url = config_text(config, "console.url");
    notifier->mail_url = config_text(config, "mail.smtp");
    notifier->mail = (struct http_mail){.from = config_text(config, "mail.from"),
                                        .user = config_text(config, "mail.user"),
                                        .password = config_text(config, "mail.password"),
                                        .ca_file = config_text(config, "mail.ca"),
                                        .needs_tls = config_bool(config, "mail.tls")};
    notifier->send_timeout_ms = config_int(config, "phone.timeout");
    notifier->mail_timeout_ms = config_int(config, "mail.timeout");
    notifier->names_person = config_bool(config, "phone.person");
    notifier->in_flight_max[LANE_URGENT] = (unsigned)config_int(config, "urgent.in_flight");
    notifier->in_flight_max[LANE_BULK] = (unsigned)config_int(config, "bulk.in_flight");
    notifier->held_max = (size_t)config_int(config, "bulk.held");
    if (config_bool(config, "quota.voice")) {
        notifier->limits = (struct quota_limits){
            .per_minute = (uint32_t)config_int(config, "quota.voice.per_minute"),
            .per_hour = (uint32_t)config_int(config, "quota.voice.per_hour"),
            .per_day = (uint32_t)config_int(config, "quota.voice.per_day"),
        };
    }
}

static int load_keys(struct notifier *notifier, const struct config *config)
{
    int error =
        keys_load(config, KEYRING_OPEN_CONTACT | KEYRING_TOKEN | KEYRING_CLOSE, &notifier->keyring);
    if (error != 0) {
        return error;
    }
    uint8_t boot[8];
    seal_random(boot, sizeof(boot));
    int len = snprintf(notifier->claim, sizeof(notifier->claim), "sending %lld ",
                       (long long)config_int(config, "slot"));
    for (size_t i = 0; i < sizeof(boot); i++) {
        len +=
            snprintf(notifier->claim + len, sizeof(notifier->claim) - (size_t)len, "%02x", boot[i]);
    }
    return 0;
}

static bool has_mail_settings(const struct notifier *notifier)
{
    const struct http_mail *mail = &notifier->mail;
    if (notifier->mail_url != NULL &&
        !str_starts(str_of(notifier->mail_url), STR_LITERAL("smtp://")) &&
        !str_starts(str_of(notifier->mail_url), STR_LITERAL("smtps://"))) {
        log_error("setting_refused", log_code("key", "mail.smtp"));
        return false;
    }
    if (!mail_is_address(str_of(mail->from)) || (mail->user != NULL) != (mail->password != NULL)) {
        log_error("setting_refused",
                  log_code("key", mail_is_address(str_of(mail->from)) ? "mail.user" : "mail.from"));
        return false;
    }
    return true;
}

static bool has_addresses(const struct config *config)
{
    static const char *const wanted[] = {"redis.address", "http.listen"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!config_is_set(config, wanted[i])) {
            log_error("address_missing", log_code("key", wanted[i]));
            return false;
        }
    }
    return true;
}

static int connect_parts(struct notifier *notifier, const struct config *config)
{
    if (!has_addresses(config) || !has_mail_settings(notifier)) {
        return ERR_INVALID;
    }
    const struct redis_options redis = {.address = *config_address(config, "redis.address"),
                                        .password = config_text(config, "redis.password"),
                                        .in_flight_max = 16 * 1024};
    const struct http_client_options client = {
        .in_flight_max = notifier->in_flight_max[LANE_URGENT] + notifier->in_flight_max[LANE_BULK]};
    const struct http_server_options server = {.listen = *config_address(config, "http.listen"),
                                               .body_max_bytes = 16 * 1024};
    int error = redis_new(notifier->loop, &redis, redis_changed, notifier, &notifier->redis);
    if (error == 0) {
        error = http_client_new(notifier->loop, &client, &notifier->client);
    }
    if (error == 0) {
        error = kafka_producer_new(notifier->loop, config, PRODUCE_TIMEOUT_MS, &notifier->producer);
    }
    if (error == 0) {
        error = http_server_new(notifier->loop, &server, &notifier->server);
    }
    if (error == 0) {
        error = hook_add_route(notifier);
    }
    return error;
}

static bool commits(void *ctx)
{
    const struct notifier *notifier = ctx;
    return stream_proof_age_ms(notifier->stream) < stream_proof_limit_ms(notifier->stream);
}

static int begin(struct notifier *notifier)
{
    const struct admin_show show = {"queues", "notices held and underway", show_queues, notifier};
    struct metrics *metrics = service_metrics(notifier->service);
    int error = counters_register(&notifier->counters, metrics);
    if (error == 0) {
        error = metrics_on_collect(metrics, collect, notifier);
    }
    if (error == 0) {
        error = admin_add(service_admin(notifier->service), &show, 1);
    }
    if (error == 0) {
        error = loop_timer_new(notifier->loop, LOOP_MONOTONIC, watch, notifier, &notifier->watch);
    }
    if (error == 0) {
        error = stream_start(notifier->service, &stream_definition, notifier, &notifier->stream);
    }
    if (error == 0) {
        error = heartbeat_new(notifier->service, commits, notifier, &notifier->heartbeat);
    }
    if (error == 0) {
        loop_timer_after(notifier->watch, WATCH_MS);
    }
    return error;
}

static int start(struct service *service, void **ret_state)
{
    const struct config *config = service_config(service);
    struct notifier *notifier = calloc(1, sizeof(*notifier));
    if (notifier == NULL) {
        return ERR_MEMORY;
    }
    *ret_state = notifier;
    notifier->service = service;
    notifier->loop = service_loop(service);
    list_init(&notifier->parts);
    list_init(&notifier->orphans);
    list_init(&notifier->hooks);
    arena_init(&notifier->arena, NOTIFIER_ARENA_BYTES);
    read_settings(notifier, config);
    notifier->texts = texts_new();
    int error = notifier->texts == NULL ? ERR_MEMORY : load_keys(notifier, config);
    if (error == 0) {
        error = connect_parts(notifier, config);
    }
    return error != 0 ? error : begin(notifier);
}

/* Sends no more, hears what is underway, and leaves. */
static void drain(void *state)
{
    struct notifier *notifier = state;
    notifier->is_draining = true;
    http_server_drain(notifier->server);
}

/* The parts go first: what they have underway becomes orphans, which the client and Redis then end. */
static void stop(void *state)
{
    struct notifier *notifier = state;
    heartbeat_free(notifier->heartbeat);
    stream_free(notifier->stream);
    http_client_free(notifier->client);
    redis_free(notifier->redis);
    kafka_producer_free(notifier->producer);
    http_server_free(notifier->server);
    hook_free_all(notifier);
    loop_timer_free(notifier->watch);
    texts_free(notifier->texts);
    keyring_free(notifier->keyring);
    arena_fini(&notifier->arena);
    free(notifier);
}

const struct service_definition notifier_definition = {
    .table = &table, .start = start, .drain = drain, .stop = stop};
