/* sw-intake as a process, with a real broker behind it. All names are made up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shouwang/v1/event.pb-c.h>

#include "support/kafka_process.h"
#include "support/loop_wait.h"
#include "support/outside.h"
#include "support/runner.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"

enum { RECORDS_MAX = 64 };

struct seen {
    char value[4096];
    size_t len;
    char type[64];
    enum topic topic;
};

struct world {
    struct outside out;
    uint16_t port;
    uint16_t admin_port;
    pid_t pid;
    struct seen seen[RECORDS_MAX];
    unsigned seen_count;
};

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
    outside_put_org(&world->out, &record);
    outside_put_key(&world->out, id, id);
}

static void put_token(struct world *world, const char *text, const char *unit, const char *kind)
{
    struct str kinds[] = {str_of(kind)};
    struct org_record record = {
        .kind = ORG_RECORD_TOKEN,
        .token = {.unit = str_of(unit), .kinds = kinds, .kind_count = kind[0] == '\0' ? 0 : 1}};
    seal_digest(text, strlen(text), record.token.hash);
    outside_put_org(&world->out, &record);
}

static void put_pupil(struct world *world, const char *unit, const char *identifier)
{
    char digest[KEYRING_DIGEST_TEXT_BYTES];
    keyring_identifier_digest(world->out.keyring, str_of(unit), str_of(identifier), digest);
    struct str digests[] = {str_of(digest)};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = STR_LITERAL("p-1"),
                                           .unit = str_of(unit),
                                           .kind = ORG_PERSON_STUDENT,
                                           .identifiers = digests,
                                           .identifier_count = 1}};
    outside_put_org(&world->out, &record);
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

static void spawn(struct world *world)
{
    char http[64], admin[64];
    const char *settings[] = {
        http, admin, "rate.burst=40", "rate.per_second=20", "produce.timeout=3s", NULL};
    snprintf(http, sizeof(http), "http.listen=127.0.0.1:%u", world->port);
    snprintf(admin, sizeof(admin), "admin.listen=127.0.0.1:%u", world->admin_port);
    world->pid = outside_spawn(&world->out, SW_INTAKE, settings, NULL);
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
    return outside_call(&world->out,
                        &(struct http_call_options){
                            .method = "POST", .url = url, .headers = headers, .body = body});
}

static unsigned post(struct world *world, const char *token, const char *body)
{
    return post_with(world, token, "application/cloudevents+json", str_of(body), NULL);
}

#define EVENT(id, kind, data)                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/test\",\"type\":\"shouwang." kind    \
    "\",\"data\":" data "}"
#define GOOD(id) EVENT(id, "incident.self_harm", "{\"unit\":\"no-3\",\"place\":\"on_campus\"}")

static struct world *world_new(const char *bootstrap)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_EVENTS_SCREENING, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_EVENTS_ATTENDANCE, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_EVENTS_INCIDENT, .from = KAFKA_FROM_BEGINNING}};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    outside_open(&world->out, &(struct outside_plan){.name = "intake",
                                                     .bootstrap = bootstrap,
                                                     .partition_count = 2,
                                                     .key_uses = KEYRING_IDENT,
                                                     .sources = sources,
                                                     .source_count = 3,
                                                     .take = take,
                                                     .ctx = world});
    put_unit(world, "county", "");
    put_unit(world, "no-3", "county");
    put_unit(world, "no-4", "county");
    put_pupil(world, "no-3", "20260317");
    put_token(world, "made-up-token", "no-3", "");
    put_token(world, "panic-token", "no-3", "incident.panic");
    world->port = outside_free_port();
    world->admin_port = outside_free_port();
    spawn(world);
    outside_wait_ready(&world->out, world->admin_port);
    return world;
}

static void world_free(struct world *world)
{
    outside_end(world->pid, SIGTERM);
    outside_close(&world->out);
    free(world);
}

static void wait_seen(struct world *world, unsigned count)
{
    assert_true(loop_wait_count(world->out.loop, &world->seen_count, count, OUTSIDE_WAIT_MS));
    assert_int_equal(world->seen_count, count);
}

static Shouwang__V1__Event *seen_event(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    struct str value = {world->seen[index].value, world->seen[index].len};
    assert_int_equal(decode_message(&shouwang__v1__event__descriptor, value, &world->out.arena,
                                    &fault, &message),
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
    assert_string_equal(world->out.body, "{\"id\":\"e-1\",\"status\":\"accepted\"}\n");
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
    assert_int_equal(
        outside_metric(&world->out, world->admin_port, "sw_intake_unknown_kinds_total "), 1);
    assert_int_equal(outside_metric(&world->out, world->admin_port, "sw_intake_unresolved_total "),
                     1);

    /* A token that is written now serves soon. */
    put_token(world, "new-token", "county", "");
    int64_t until_ms = loop_monotonic_ms() + OUTSIDE_WAIT_MS;
    while (post(world, "new-token", GOOD("e-5")) == 401) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
    assert_int_equal(world->out.status, 202);
    wait_seen(world, 5);
    world_free(world);
}

static void expect(struct world *world, unsigned status, const char *reason)
{
    assert_int_equal(world->out.status, status);
    assert_non_null(strstr(world->out.body, reason));
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
    for (unsigned i = 0; i < 60 && world->out.status == 202; i++) {
        post(world, "panic-token", EVENT("p", "incident.panic", "{\"unit\":\"no-4\"}"));
        world->out.status = world->out.status == 403 ? 202 : world->out.status;
    }
    expect(world, 429, "rate");
    assert_true(world->out.retry_after_ms >= 1000);
    /* Nothing but the good ones is in Kafka, and each refusal is counted. */
    wait_seen(world, 3);
    assert_int_equal(outside_metric(&world->out, world->admin_port,
                                    "sw_intake_refused_total{reason=\"bad_utf8\"} "),
                     1);
    assert_int_equal(outside_metric(&world->out, world->admin_port,
                                    "sw_intake_refused_total{reason=\"unauthorized\"} "),
                     1);
    assert_int_equal(outside_metric(&world->out, world->admin_port,
                                    "sw_intake_refused_total{reason=\"unit_unknown\"} "),
                     1);
    assert_int_equal(outside_metric(&world->out, world->admin_port,
                                    "sw_intake_refused_total{reason=\"too_large\"} "),
                     1);
    assert_int_equal(outside_metric(&world->out, world->admin_port,
                                    "sw_intake_http_ended_total{why=\"too_large\"} "),
                     1);
    assert_true(outside_metric(&world->out, world->admin_port,
                               "sw_intake_refused_total{reason=\"rate\"} ") >= 1);
    assert_int_equal(
        outside_metric(&world->out, world->admin_port,
                       "sw_intake_events_total{family=\"incident\",result=\"accepted\"} "),
        3);
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
    assert_true(world->out.retry_after_ms >= 1000);
    began_ms = loop_monotonic_ms();
    post(world, "made-up-token", GOOD("e-3")); /* now it is known: at once */
    expect(world, 503, "\"reason\":\"kafka\"");
    assert_true(loop_monotonic_ms() - began_ms < 200);
    assert_true(outside_get(&world->out, world->admin_port, "/readyz") == 503);
    kafka_process_restart(&kafka);
    outside_wait_ready(&world->out, world->admin_port);
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
