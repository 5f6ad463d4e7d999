/* sw-intake as a process, with a real broker behind it. All names are made up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shouwang/v1/event.pb-c.h>

#include "io/erasure.h"
#include "io/http_client.h"
#include "io/kafka.h"
#include "io/keyring.h"
#include "support/kafka_process.h"
#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/directory.h"

enum { RECORDS_MAX = 64, WAIT_MS = 20000 };

struct seen {
    char value[4096];
    size_t len;
    char type[64];
    enum topic topic;
};

struct world {
    struct loop *loop;
    struct config *config;
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    struct http_client *http;
    struct keyring *keyring;
    struct arena arena;
    char folder[64];
    char prefix[32];
    uint16_t port;
    uint16_t admin_port;
    pid_t pid;
    struct seen seen[RECORDS_MAX];
    unsigned seen_count;
    unsigned produced; /* directory records that Kafka has */
    unsigned answered;
    unsigned status;
    int64_t retry_after_ms;
    char body[64 * 1024];
};

static void directory_done(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct world *world = ctx;
    (void)partition;
    (void)offset;
    assert_int_equal(error, 0);
    world->produced++;
}

static void put_bytes(struct world *world, enum topic topic, struct str key, struct str value)
{
    const struct kafka_output output = {
        .topic = topic, .unit = topic_unit_of_key(key), .key = key, .value = value};
    unsigned before = world->produced;
    assert_int_equal(kafka_produce(world->producer, &output, directory_done, world), 0);
    assert_true(loop_wait_count(world->loop, &world->produced, before + 1, WAIT_MS));
}

static void put(struct world *world, const struct org_record *record)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str value;
    assert_int_equal(directory_encode(record, &world->arena, &value), 0);
    put_bytes(world, TOPIC_DIRECTORY, org_record_key(record, key), value);
}

static void put_unit(struct world *world, const char *id, const char *parent)
{
    struct str above[] = {str_of(parent)};
    struct org_record record = {
        .kind = ORG_RECORD_UNIT,
        .unit = {.id = str_of(id),
                 .kind = parent[0] == '\0' ? ORG_UNIT_COUNTY : ORG_UNIT_SCHOOL,
                 .parent = str_of(parent),
                 .above = above,
                 .above_count = parent[0] == '\0' ? 0 : 1}};
    struct seal_owner owner = {str_of(id), str_of(id)};
    struct str key, value;
    put(world, &record);
    assert_int_equal(erasure_make_record(&owner, 1, &world->arena, &key, &value), 0);
    put_bytes(world, TOPIC_KEYS, key, value);
}

static void put_token(struct world *world, const char *text, const char *unit, const char *kind)
{
    struct str kinds[] = {str_of(kind)};
    struct org_record record = {
        .kind = ORG_RECORD_TOKEN,
        .token = {.unit = str_of(unit), .kinds = kinds, .kind_count = kind[0] == '\0' ? 0 : 1}};
    seal_digest(text, strlen(text), record.token.hash);
    put(world, &record);
}

static void put_pupil(struct world *world, const char *unit, const char *identifier)
{
    char digest[KEYRING_DIGEST_TEXT_BYTES];
    keyring_identifier_digest(world->keyring, str_of(unit), str_of(identifier), digest);
    struct str digests[] = {str_of(digest)};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = STR_LITERAL("p-1"),
                                           .unit = str_of(unit),
                                           .kind = ORG_PERSON_STUDENT,
                                           .identifiers = digests,
                                           .identifier_count = 1}};
    put(world, &record);
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    assert_true(world->seen_count < RECORDS_MAX && record->value.len <= sizeof(world->seen->value));
    struct seen *seen = &world->seen[world->seen_count++];
    struct str type = kafka_header_get(record, "ce_type");
    seen->topic = record->topic;
    seen->len = record->value.len;
    memcpy(seen->value, record->value.at, seen->len);
    snprintf(seen->type, sizeof(seen->type), "%.*s", (int)type.len, type.at);
}

static uint16_t free_port(void)
{
    struct address any = {.host = "127.0.0.1"};
    int fd;
    assert_int_equal(address_listen(&any, 1, &fd), 0);
    assert_int_equal(address_of_socket(fd, &any), 0);
    close(fd);
    return any.port;
}

static void spawn(struct world *world, const char *bootstrap)
{
    char settings[8][160];
    snprintf(settings[0], sizeof(settings[0]), "bootstrap.servers=%s", bootstrap);
    snprintf(settings[1], sizeof(settings[1]), "topic.prefix=%s", world->prefix);
    snprintf(settings[2], sizeof(settings[2]), "keys.dir=%s/keys", world->folder);
    snprintf(settings[3], sizeof(settings[3]), "http.listen=127.0.0.1:%u", world->port);
    snprintf(settings[4], sizeof(settings[4]), "admin.listen=127.0.0.1:%u", world->admin_port);
    world->pid = fork();
    assert_true(world->pid >= 0);
    if (world->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion leaves nothing behind */
        execl(SW_INTAKE, SW_INTAKE, "--set", settings[0], "--set", settings[1], "--set",
              settings[2], "--set", settings[3], "--set", settings[4], "--set", "rate.burst=40",
              "--set", "rate.per_second=20", "--set", "produce.timeout=3s", (char *)NULL);
        _exit(127);
    }
}

static void answered(const struct http_call_result *result, void *ctx)
{
    struct world *world = ctx;
    world->status = result->error == 0 ? result->status : 0;
    world->retry_after_ms = result->retry_after_ms;
    snprintf(world->body, sizeof(world->body), "%.*s", (int)result->body.len,
             result->body.len == 0 ? "" : result->body.at);
    world->answered++;
}

static unsigned call(struct world *world, const struct http_call_options *options)
{
    unsigned before = world->answered;
    assert_int_equal(http_client_call(world->http, options, answered, world, NULL), 0);
    assert_true(loop_wait_count(world->loop, &world->answered, before + 1, WAIT_MS));
    return world->status;
}

/* Posts bytes with up to five further headers, NULL-terminated. */
static unsigned post_with(struct world *world, const char *token, const char *content_type,
                          struct str body, const char *const *more)
{
    char url[64], authorization[128], type[128];
    const char *headers[9] = {type, authorization};
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/events", world->port);
    snprintf(type, sizeof(type), "Content-Type: %s", content_type);
    snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", token);
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        headers[2 + i] = more[i];
    }
    return call(world, &(struct http_call_options){.method = "POST",
                                                   .url = url,
                                                   .headers = headers,
                                                   .body = body,
                                                   .timeout_ms = WAIT_MS,
                                                   .response_max_bytes = sizeof(world->body)});
}

static unsigned post(struct world *world, const char *token, const char *body)
{
    return post_with(world, token, "application/cloudevents+json", str_of(body), NULL);
}

#define EVENT(id, kind, data)                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/test\",\"type\":\"shouwang." kind    \
    "\",\"data\":" data "}"
#define GOOD(id) EVENT(id, "incident.self_harm", "{\"unit\":\"no-3\",\"place\":\"on_campus\"}")

static bool admin_is(struct world *world, const char *path, unsigned status)
{
    char url[96];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", world->admin_port, path);
    return call(world, &(struct http_call_options){.method = "GET",
                                                   .url = url,
                                                   .timeout_ms = WAIT_MS,
                                                   .response_max_bytes = sizeof(world->body)}) ==
           status;
}

/* The value of a series of /metrics, 0 when there is none. */
static long metric(struct world *world, const char *series)
{
    char line[160];
    assert_true(admin_is(world, "/metrics", 200));
    snprintf(line, sizeof(line), "\n%s", series);
    const char *at = strstr(world->body, line);
    return at == NULL ? 0 : strtol(at + strlen(line), NULL, 10);
}

static void wait_ready(struct world *world)
{
    int64_t until_ms = loop_monotonic_ms() + WAIT_MS;
    while (!admin_is(world, "/readyz", 200)) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
}

static void open_loop(struct world *world, const char *bootstrap)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_EVENTS_SCREENING, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_EVENTS_ATTENDANCE, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_EVENTS_INCIDENT, .from = KAFKA_FROM_BEGINNING}};
    static const struct config_table table = {.program = "test", .summary = "test"};
    char servers[128], prefix[64];
    const char *settings[] = {servers, prefix, NULL};
    struct buffer errors;
    snprintf(servers, sizeof(servers), "bootstrap.servers=%s", bootstrap);
    snprintf(prefix, sizeof(prefix), "topic.prefix=%s", world->prefix);
    buffer_init(&errors, 65536);
    assert_int_equal(
        config_parse(&table, NULL, (struct str){NULL, 0}, settings, &errors, &world->config), 0);
    const struct topics_plan plan = {.partition_count = 2, .is_single = true};
    assert_int_equal(topics_create(world->config, &plan, &errors), 0);
    buffer_fini(&errors);
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(kafka_producer_new(world->loop, world->config, WAIT_MS, &world->producer), 0);
    assert_int_equal(kafka_reader_new(world->loop, world->config, sources, 3, &world->reader), 0);
    kafka_reader_set_calls(world->reader, &(struct kafka_reader_calls){.record = take}, world);
    assert_int_equal(http_client_new(world->loop, &(struct http_client_options){0}, &world->http),
                     0);
}

static bool producer_is_up(void *ctx)
{
    return kafka_producer_is_up(((struct world *)ctx)->producer);
}

static struct world *world_new(const char *bootstrap)
{
    struct world *world = calloc(1, sizeof(*world));
    char keys[80];
    assert_non_null(bootstrap);
    snprintf(world->folder, sizeof(world->folder), "/tmp/sw-intake-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    static unsigned worlds; /* each has its own topics, also where one process runs all cases */
    snprintf(world->prefix, sizeof(world->prefix), "intake%dx%u", (int)getpid(), worlds++);
    snprintf(keys, sizeof(keys), "%s/keys", world->folder);
    arena_init(&world->arena, 1 << 20);
    assert_int_equal(seal_init(), 0);
    assert_int_equal(keyring_generate(keys), 0);
    assert_int_equal(keyring_load(keys, KEYRING_IDENT, NULL, &world->keyring), 0);
    open_loop(world, bootstrap);
    assert_true(loop_wait(world->loop, producer_is_up, world, WAIT_MS));
    put_unit(world, "county", "");
    put_unit(world, "no-3", "county");
    put_unit(world, "no-4", "county");
    put_pupil(world, "no-3", "20260317");
    put_token(world, "made-up-token", "no-3", "");
    put_token(world, "panic-token", "no-3", "incident.panic");
    world->port = free_port();
    world->admin_port = free_port();
    spawn(world, bootstrap);
    wait_ready(world);
    return world;
}

static void world_free(struct world *world)
{
    int status = 0;
    char command[96];
    kill(world->pid, SIGTERM);
    assert_int_equal(waitpid(world->pid, &status, 0), world->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* drained */
    http_client_free(world->http);
    kafka_reader_free(world->reader);
    kafka_producer_free(world->producer);
    loop_free(world->loop);
    config_free(world->config);
    keyring_free(world->keyring);
    arena_fini(&world->arena);
    snprintf(command, sizeof(command), "rm -rf %s", world->folder);
    assert_int_equal(system(command), 0);
    free(world);
}

static void wait_seen(struct world *world, unsigned count)
{
    assert_true(loop_wait_count(world->loop, &world->seen_count, count, WAIT_MS));
    assert_int_equal(world->seen_count, count);
}

static Shouwang__V1__Event *seen_event(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    struct str value = {world->seen[index].value, world->seen[index].len};
    assert_int_equal(
        decode_message(&shouwang__v1__event__descriptor, value, &world->arena, &fault, &message),
        0);
    return (Shouwang__V1__Event *)message;
}

static void test_intake_takes_every_mode_and_seals(void **state)
{
    (void)state;
    struct world *world = world_new(getenv("SW_TEST_BOOTSTRAP"));
    assert_int_equal(
        post(
            world, "made-up-token",
            EVENT("e-1", "incident.self_harm",
                  "{\"unit\":\"no-3\",\"parties\":[{\"identifier\":\"20260317\",\"role\":"
                  "\"affected\"},{\"identifier\":\"CANARY-ID\",\"role\":\"witness\"}],"
                  "\"text\":\"CANARY-TEXT\",\"callback\":\"CANARY-CALL\",\"new\":\"CANARY-NEW\"}")),
        202);
    assert_string_equal(world->body, "{\"id\":\"e-1\",\"status\":\"accepted\"}\n");
    static const char *const binary[] = {"ce-specversion: 1.0", "ce-id: e-2", "ce-source: /test",
                                         "ce-type: shouwang.attendance.roll", NULL};
    assert_int_equal(post_with(world, "made-up-token", "application/json; charset=utf-8",
                               STR_LITERAL("{\"unit\":\"no-3\",\"confirmed\":true}"), binary),
                     202);
    assert_int_equal(post_with(world, "made-up-token", "application/cloudevents-batch+json",
                               STR_LITERAL("[" GOOD("e-3") "," EVENT("e-4", "incident.of_tomorrow",
                                                                     "{\"unit\":\"no-3\"}") "]"),
                               NULL),
                     202);
    wait_seen(world, 4);
    const Shouwang__V1__Event *event = NULL;
    for (unsigned i = 0; i < 4; i++) {
        assert_null(memmem(world->seen[i].value, world->seen[i].len, "CANARY", 6));
        assert_null(memmem(world->seen[i].value, world->seen[i].len, "20260317", 8));
        const Shouwang__V1__Event *any = seen_event(world, i);
        event = strcmp(any->id, "e-1") == 0 ? any : event;
        bool is_roll = strcmp(any->id, "e-2") == 0;
        assert_int_equal(world->seen[i].topic,
                         is_roll ? TOPIC_EVENTS_ATTENDANCE : TOPIC_EVENTS_INCIDENT);
    }
    assert_non_null(event);
    assert_string_equal(event->parties[0]->ref, "p-1");
    assert_memory_equal(event->parties[1]->ref, "u-", 2);
    assert_true(event->unresolved && !event->parties[0]->unresolved);
    assert_non_null(event->text);
    assert_string_equal(event->text->erasure_id, "no-3"); /* p-1 has no key of its own here */
    assert_non_null(event->sender_ids);
    assert_non_null(event->extra);
    assert_int_equal(metric(world, "sw_intake_unknown_kinds_total "), 1);
    assert_int_equal(metric(world, "sw_intake_unresolved_total "), 1);

    /* A token that is written now serves soon. */
    put_token(world, "new-token", "county", "");
    int64_t until_ms = loop_monotonic_ms() + WAIT_MS;
    while (post(world, "new-token", GOOD("e-5")) == 401) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
    assert_int_equal(world->status, 202);
    wait_seen(world, 5);
    world_free(world);
}

static void expect(struct world *world, unsigned status, const char *reason)
{
    assert_int_equal(world->status, status);
    assert_non_null(strstr(world->body, reason));
}

static void test_intake_refuses_hostile_input_and_goes_on(void **state)
{
    (void)state;
    struct world *world = world_new(getenv("SW_TEST_BOOTSTRAP"));
    static char large[1200000];
    memset(large, ' ', sizeof(large));
    static const char structured[] = "application/cloudevents+json";
    post_with(world, "made-up-token", structured, (struct str){large, 65537}, NULL);
    expect(world, 413, "too_large");
    assert_int_equal(
        post_with(world, "made-up-token", structured, (struct str){large, sizeof(large)}, NULL),
        413);
    post_with(world, "made-up-token", structured, STR_LITERAL("{\"id\":\"\xE5\xAE"), NULL);
    expect(world, 400, "\"reason\":\"bad_utf8\"");
    expect(world, 400, "\"at_byte\":7");
    post(world, "made-up-token", "{\"id\":");
    expect(world, 400, "bad_json");
    post(world, "made-up-token",
         EVENT("e", "incident.threat", "{\"unit\":\"no-3\",\"danger\":\"soon\"}"));
    expect(world, 400, "\"field\":\"/data/danger\"");
    post_with(world, "made-up-token", "text/plain", STR_LITERAL("x"), NULL);
    expect(world, 415, "bad_content_type");
    post(world, "nobodys-token", GOOD("e"));
    expect(world, 401, "unauthorized");
    post(world, "made-up-token", EVENT("e", "incident.threat", "{\"unit\":\"no-4\"}"));
    expect(world, 403, "unit_not_allowed");
    post(world, "made-up-token", EVENT("e", "incident.threat", "{\"unit\":\"no-9\"}"));
    expect(world, 403, "unit_unknown");
    post(world, "panic-token", EVENT("e", "incident.threat", "{\"unit\":\"no-3\"}"));
    expect(world, 403, "kind_not_allowed");
    post_with(world, "made-up-token", "application/cloudevents-batch+json",
              STR_LITERAL("[" GOOD("g-1") ",7," GOOD("g-2") "]"), NULL);
    expect(world, 400,
           "{\"accepted\":2,\"refused\":1,\"unavailable\":0,\"items\":["
           "{\"id\":\"g-1\",\"status\":\"accepted\"},{\"status\":\"refused\","
           "\"reason\":\"bad_type\"");
    assert_int_equal(post(world, "made-up-token", GOOD("g-3")), 202);
    /* The bucket of 40 empties, and tells when to come again. */
    for (unsigned i = 0; i < 60 && world->status == 202; i++) {
        post(world, "panic-token", EVENT("p", "incident.panic", "{\"unit\":\"no-4\"}"));
        world->status = world->status == 403 ? 202 : world->status;
    }
    expect(world, 429, "rate");
    assert_true(world->retry_after_ms >= 1000);
    /* Nothing but the good ones is in Kafka, and each refusal is counted. */
    wait_seen(world, 3);
    assert_int_equal(metric(world, "sw_intake_refused_total{reason=\"bad_utf8\"} "), 1);
    assert_int_equal(metric(world, "sw_intake_refused_total{reason=\"unauthorized\"} "), 1);
    assert_int_equal(metric(world, "sw_intake_refused_total{reason=\"unit_unknown\"} "), 1);
    assert_int_equal(metric(world, "sw_intake_refused_total{reason=\"too_large\"} "), 1);
    assert_int_equal(metric(world, "sw_intake_http_ended_total{why=\"too_large\"} "), 1);
    assert_true(metric(world, "sw_intake_refused_total{reason=\"rate\"} ") >= 1);
    assert_int_equal(
        metric(world, "sw_intake_events_total{family=\"incident\",result=\"accepted\"} "), 3);
    world_free(world);
}

static void test_intake_answers_503_while_kafka_is_away(void **state)
{
    (void)state;
    struct kafka_process kafka;
    kafka_process_init(&kafka);
    struct world *world = world_new(kafka.bootstrap);
    assert_int_equal(post(world, "made-up-token", GOOD("e-1")), 202);
    kafka_process_kill(&kafka);
    int64_t began_ms = loop_monotonic_ms();
    post(world, "made-up-token", GOOD("e-2")); /* the broker may just have gone: bounded */
    expect(world, 503, "unavailable");
    assert_true(loop_monotonic_ms() - began_ms < 5000);
    assert_true(world->retry_after_ms >= 1000);
    began_ms = loop_monotonic_ms();
    post(world, "made-up-token", GOOD("e-3")); /* now it is known: at once */
    expect(world, 503, "\"reason\":\"kafka\"");
    assert_true(loop_monotonic_ms() - began_ms < 200);
    assert_true(admin_is(world, "/readyz", 503));
    kafka_process_restart(&kafka);
    wait_ready(world);
    assert_int_equal(post(world, "made-up-token", GOOD("e-4")), 202);
    world_free(world);
    kafka_process_fini(&kafka);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intake_takes_every_mode_and_seals),
        cmocka_unit_test(test_intake_refuses_hostile_input_and_goes_on),
        cmocka_unit_test(test_intake_answers_503_while_kafka_is_away),
    };
    return RUN_TESTS(argc, argv, tests);
}
