/* sw-triage as a process, with a real broker behind it. All names are made up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/reject.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "io/erasure.h"
#include "io/http_client.h"
#include "io/kafka.h"
#include "io/keyring.h"
#include "io/stream.h"
#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/directory.h"
#include "wire/event.h"
#include "wire/pack.h"

enum { RECORDS_MAX = 64, WAIT_MS = 30000 };

struct seen {
    char value[8192];
    size_t len;
    char key[64];
    char type[96];
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
    uint16_t admin_port;
    pid_t pid;
    struct seen signals[RECORDS_MAX];
    unsigned signal_count;
    struct seen rejects[RECORDS_MAX];
    unsigned reject_count;
    unsigned produced;
    unsigned answered;
    unsigned status;
    char body[64 * 1024];
};

/* --- Kafka ----------------------------------------------------------------------------------------------------------- */

static void produced(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct world *world = ctx;
    (void)partition;
    (void)offset;
    assert_int_equal(error, 0);
    world->produced++;
}

static void put_record(struct world *world, const struct kafka_output *output)
{
    unsigned before = world->produced;
    assert_int_equal(kafka_produce(world->producer, output, produced, world), 0);
    assert_true(loop_wait_count(world->loop, &world->produced, before + 1, WAIT_MS));
}

static void put_bytes(struct world *world, enum topic topic, struct str key, struct str value)
{
    const struct kafka_output output = {
        .topic = topic, .unit = topic_unit_of_key(key), .key = key, .value = value};
    put_record(world, &output);
}

static void put(struct world *world, const struct org_record *record)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str value;
    assert_int_equal(directory_encode(record, &world->arena, &value), 0);
    put_bytes(world, TOPIC_DIRECTORY, org_record_key(record, key), value);
}

static void put_school(struct world *world, const char *id)
{
    const struct org_record school = {.kind = ORG_RECORD_UNIT,
                                      .unit = {.id = str_of(id),
                                               .kind = ORG_UNIT_SCHOOL,
                                               .jurisdiction = STR_LITERAL("fenyang")}};
    const struct org_record pupil = {.kind = ORG_RECORD_PERSON,
                                     .person = {.id = STR_LITERAL("p-1"),
                                                .unit = str_of(id),
                                                .kind = ORG_PERSON_STUDENT,
                                                .group = STR_LITERAL("c1")}};
    const struct seal_owner owner = {str_of(id), str_of(id)};
    struct str key;
    struct str value;
    put(world, &school);
    put(world, &pupil);
    assert_int_equal(erasure_make_record(&owner, 1, &world->arena, &key, &value), 0);
    put_bytes(world, TOPIC_KEYS, key, value);
}

static void put_source(struct world *world, const char *unit, const char *name)
{
    struct str units[] = {str_of(unit)};
    const struct org_record record = {
        .kind = ORG_RECORD_SOURCE,
        .source = {.name = str_of(name), .unit = str_of(unit), .units = units, .unit_count = 1}};
    put(world, &record);
}

/* The reference pack, once into each partition, as the activation does. */
static void put_pack(struct world *world)
{
    static struct yaml_faults faults;
    static const char *const units[] = {"no-3", "no-8"};
    const struct pack_activation activation = {STR_LITERAL("fenyang"), STR_LITERAL("test"), 1};
    const struct pack_file *files = NULL;
    struct pack *pack = NULL;
    size_t count = 0;
    struct str key;
    struct str value;
    assert_int_equal(pack_read_folder(SW_SOURCE_DIR "/config/packs/reference", &world->arena,
                                      &faults, &files, &count),
                     0);
    assert_int_equal(pack_build(files, count, seal_digest, &faults, &pack), 0);
    for (size_t u = 0; u < 2; u++) {
        for (size_t i = 0; i <= pack->file_count; i++) {
            int error = i < pack->file_count
                            ? pack_file_record(pack, i, &world->arena, &key, &value)
                            : pack_active_record(pack, &activation, &world->arena, &key, &value);
            assert_int_equal(error, 0);
            const struct kafka_output output = {
                .topic = TOPIC_DIRECTORY, .unit = str_of(units[u]), .key = key, .value = value};
            put_record(world, &output);
        }
    }
    pack_free(pack);
}

static void keep(struct seen *seen, const struct kafka_record *record)
{
    struct str type = kafka_header_get(record, "ce_type");
    assert_true(record->value.len <= sizeof(seen->value));
    seen->len = record->value.len;
    memcpy(seen->value, record->value.at, seen->len);
    (void)snprintf(seen->key, sizeof(seen->key), "%.*s", (int)record->key.len, record->key.at);
    (void)snprintf(seen->type, sizeof(seen->type), "%.*s", (int)type.len, type.at);
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    bool is_signal = record->topic == TOPIC_SIGNALS;
    assert_true(world->signal_count < RECORDS_MAX && world->reject_count < RECORDS_MAX);
    keep(is_signal ? &world->signals[world->signal_count] : &world->rejects[world->reject_count],
         record);
    world->signal_count += is_signal ? 1 : 0;
    world->reject_count += is_signal ? 0 : 1;
}

/* --- The process ----------------------------------------------------------------------------------------------------- */

static void spawn(struct world *world)
{
    char settings[4][160];
    (void)snprintf(settings[0], sizeof(settings[0]), "bootstrap.servers=%s",
                   getenv("SW_TEST_BOOTSTRAP"));
    (void)snprintf(settings[1], sizeof(settings[1]), "topic.prefix=%s", world->prefix);
    (void)snprintf(settings[2], sizeof(settings[2]), "keys.dir=%s/keys", world->folder);
    (void)snprintf(settings[3], sizeof(settings[3]), "admin.listen=127.0.0.1:%u",
                   world->admin_port);
    world->pid = fork();
    assert_true(world->pid >= 0);
    if (world->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion leaves nothing behind */
        execl(SW_TRIAGE, SW_TRIAGE, "--set", settings[0], "--set", settings[1], "--set",
              settings[2], "--set", settings[3], (char *)NULL);
        _exit(127);
    }
}

static void answered(const struct http_call_result *result, void *ctx)
{
    struct world *world = ctx;
    world->status = result->error == 0 ? result->status : 0;
    (void)snprintf(world->body, sizeof(world->body), "%.*s", (int)result->body.len,
                   result->body.len == 0 ? "" : result->body.at);
    world->answered++;
}

static bool admin_is(struct world *world, const char *path, unsigned status)
{
    char url[96];
    unsigned before = world->answered;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", world->admin_port, path);
    const struct http_call_options options = {.method = "GET",
                                              .url = url,
                                              .timeout_ms = WAIT_MS,
                                              .response_max_bytes = sizeof(world->body)};
    assert_int_equal(http_client_call(world->http, &options, answered, world, NULL), 0);
    assert_true(loop_wait_count(world->loop, &world->answered, before + 1, WAIT_MS));
    return world->status == status;
}

static void wait_ready(struct world *world)
{
    int64_t until_ms = loop_monotonic_ms() + WAIT_MS;
    while (!admin_is(world, "/readyz", 200)) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
}

/* The value of a series of /metrics, 0 when there is none. */
static long metric(struct world *world, const char *series)
{
    char line[160];
    assert_true(admin_is(world, "/metrics", 200));
    (void)snprintf(line, sizeof(line), "\n%s", series);
    const char *at = strstr(world->body, line);
    return at == NULL ? 0 : strtol(at + strlen(line), NULL, 10);
}

static uint16_t free_port(void)
{
    struct address any = {.host = "127.0.0.1"};
    int fd = -1;
    assert_int_equal(address_listen(&any, 1, &fd), 0);
    assert_int_equal(address_of_socket(fd, &any), 0);
    (void)close(fd);
    return any.port;
}

static void open_loop(struct world *world)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_SIGNALS, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_REJECTS, .from = KAFKA_FROM_BEGINNING}};
    static const struct config_table table = {.program = "test", .summary = "test"};
    char servers[128];
    char prefix[64];
    const char *settings[] = {servers, prefix, "kafka.message.max.bytes=1048000", NULL};
    struct buffer errors;
    (void)snprintf(servers, sizeof(servers), "bootstrap.servers=%s", getenv("SW_TEST_BOOTSTRAP"));
    (void)snprintf(prefix, sizeof(prefix), "topic.prefix=%s", world->prefix);
    buffer_init(&errors, 65536);
    assert_int_equal(
        config_parse(&table, NULL, (struct str){NULL, 0}, settings, &errors, &world->config), 0);
    const struct topics_plan plan = {.partition_count = 2,
                                     .is_single = true,
                                     .inputs = topic_group_inputs,
                                     .input_count = topic_group_input_count};
    assert_int_equal(topics_create(world->config, &plan, &errors), 0);
    buffer_fini(&errors);
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(kafka_producer_new(world->loop, world->config, WAIT_MS, &world->producer), 0);
    assert_int_equal(kafka_reader_new(world->loop, world->config, sources, 2, &world->reader), 0);
    kafka_reader_set_calls(world->reader, &(struct kafka_reader_calls){.record = take}, world);
    assert_int_equal(http_client_new(world->loop, &(struct http_client_options){0}, &world->http),
                     0);
}

static bool producer_is_up(void *ctx)
{
    return kafka_producer_is_up(((struct world *)ctx)->producer);
}

static struct world *world_new(void)
{
    static unsigned made = 0;
    struct world *world = calloc(1, sizeof(*world));
    char keys[80];
    assert_non_null(world);
    assert_non_null(getenv("SW_TEST_BOOTSTRAP"));
    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/sw-triage-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->prefix, sizeof(world->prefix), "triage%d-%u", (int)getpid(), made++);
    (void)snprintf(keys, sizeof(keys), "%s/keys", world->folder);
    arena_init(&world->arena, 64 << 20);
    assert_int_equal(seal_init(), 0);
    assert_int_equal(keyring_generate(keys), 0);
    assert_int_equal(keyring_load(keys, KEYRING_IDENT, NULL, &world->keyring), 0);
    open_loop(world);
    assert_true(loop_wait(world->loop, producer_is_up, world, WAIT_MS));
    put_school(world, "no-3");
    put_school(world, "no-8");
    put_source(world, "no-3", "/gates");
    put_pack(world);
    world->admin_port = free_port();
    spawn(world);
    wait_ready(world);
    return world;
}

static void end_process(struct world *world, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(world->pid, signal_number), 0);
    assert_int_equal(waitpid(world->pid, &status, 0), world->pid);
    if (signal_number == SIGTERM) {
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* drained */
    }
}

static void world_free(struct world *world)
{
    char command[96];
    end_process(world, SIGTERM);
    http_client_free(world->http);
    kafka_reader_free(world->reader);
    kafka_producer_free(world->producer);
    loop_free(world->loop);
    config_free(world->config);
    keyring_free(world->keyring);
    arena_fini(&world->arena);
    (void)snprintf(command, sizeof(command), "rm -rf %s", world->folder);
    assert_int_equal(system(command), 0);
    free(world);
}

/* --- Events ---------------------------------------------------------------------------------------------------------- */

struct draft {
    Shouwang__V1__Event event;
    Shouwang__V1__Party party;
    Shouwang__V1__Party *parties[1];
    Shouwang__V1__Incident incident;
    struct str padding; /* a header of the record */
};

/* An incident of that kind about pupil p-1, reported now. */
static void draft_init(struct draft *draft, const char *id, const char *unit, const char *kind)
{
    draft->padding = KAFKA_NONE;
    shouwang__v1__event__init(&draft->event);
    shouwang__v1__party__init(&draft->party);
    shouwang__v1__incident__init(&draft->incident);
    draft->party.ref = "p-1";
    draft->party.role = SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED;
    draft->parties[0] = &draft->party;
    draft->incident.danger = SHOUWANG__V1__DANGER__DANGER_PAST;
    draft->event.id = (char *)(uintptr_t)id;
    draft->event.source = "/gates";
    draft->event.unit = (char *)(uintptr_t)unit;
    draft->event.kind = (char *)(uintptr_t)kind;
    draft->event.parties = draft->parties;
    draft->event.n_parties = 1;
    draft->event.reported_at_ms = loop_utc_ms();
    draft->event.detail_case = SHOUWANG__V1__EVENT__DETAIL_INCIDENT;
    draft->event.incident = &draft->incident;
}

/* Writes the event; `as_intake` with the mark of our own intake, `placed_as` under the key and in the partition of that
 * unit. */
static void send_event(struct world *world, const struct draft *draft, bool as_intake,
                       const char *placed_as)
{
    struct cloudevent attributes;
    struct cloudevent_header named[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX + 2];
    char origin[KEYRING_DIGEST_TEXT_BYTES];
    struct kafka_output output = {.topic = TOPIC_EVENTS_INCIDENT, .unit = str_of(placed_as)};
    assert_int_equal(
        event_attributes(&draft->event, EVENT_FAMILY_INCIDENT, &world->arena, &attributes), 0);
    assert_int_equal(encode_message(&draft->event.base, &world->arena, &output.value), 0);
    size_t count = cloudevent_write_kafka(&attributes, named);
    for (size_t i = 0; i < count; i++) {
        headers[i] = (struct kafka_header){str_of(named[i].name), named[i].value};
    }
    if (as_intake) {
        keyring_record_mac(world->keyring, output.value, origin);
        headers[count++] =
            (struct kafka_header){STR_LITERAL(KEYRING_ORIGIN_HEADER), str_of(origin)};
    }
    if (draft->padding.len > 0) {
        headers[count++] = (struct kafka_header){STR_LITERAL("padding"), draft->padding};
    }
    output.headers = headers;
    output.header_count = count;
    put_record(world, &output);
}

static const Shouwang__V1__Signal *wait_signal(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_true(loop_wait_count(world->loop, &world->signal_count, index + 1, WAIT_MS));
    const struct seen *seen = &world->signals[index];
    assert_int_equal(decode_message(&shouwang__v1__signal__descriptor,
                                    (struct str){seen->value, seen->len}, &world->arena, &fault,
                                    &message),
                     0);
    return (const Shouwang__V1__Signal *)message;
}

static const Shouwang__V1__Reject *wait_reject(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_true(loop_wait_count(world->loop, &world->reject_count, index + 1, WAIT_MS));
    const struct seen *seen = &world->rejects[index];
    assert_int_equal(decode_message(&shouwang__v1__reject__descriptor,
                                    (struct str){seen->value, seen->len}, &world->arena, &fault,
                                    &message),
                     0);
    return (const Shouwang__V1__Reject *)message;
}

/* --- Cases ----------------------------------------------------------------------------------------------------------- */

static void test_triage_service_judges_once_and_survives_kill(void **state)
{
    struct world *world = world_new();
    struct draft draft;
    (void)state;
    draft_init(&draft, "e-1", "no-3", "self_harm");
    draft.incident.danger = SHOUWANG__V1__DANGER__DANGER_IMMINENT;
    draft.event.source = "/school"; /* intake checked it: no source of the directory */
    send_event(world, &draft, true, "no-3");
    const Shouwang__V1__Signal *signal = wait_signal(world, 0);
    assert_string_equal(world->signals[0].key, "no-3");
    assert_string_equal(world->signals[0].type, "shouwang.signals.self_harm");
    assert_string_equal(signal->subject, "p-1");
    assert_int_equal(signal->subject_kind, SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_STUDENT);
    assert_int_equal(signal->level, SHOUWANG__V1__LEVEL__LEVEL_CRISIS);
    assert_string_equal(signal->rule, "facts/danger");
    assert_int_equal(signal->pack.len, PACK_HASH_BYTES);
    assert_true(signal->opens_episode && !signal->silent);
    end_process(world, SIGKILL);
    send_event(world, &draft, true, "no-3"); /* the sender tries again while nobody is there */
    draft_init(&draft, "e-2", "no-3", "concern");
    send_event(world, &draft, true, "no-3");
    spawn(world);
    wait_ready(world);
    signal = wait_signal(world, 1);
    assert_string_equal(signal->event_id, "e-2");
    assert_int_equal(signal->n_tell, 2);
    assert_int_equal(metric(world, "sw_triage_events_total{topic=\"events.incident\","
                                   "outcome=\"repeated\"} "),
                     1);
    assert_int_equal(world->signal_count, 2);
    world_free(world);
}

static void test_triage_service_checks_a_foreign_producer(void **state)
{
    struct world *world = world_new();
    struct draft draft;
    Shouwang__V1__Sealed sealed;
    (void)state;
    draft_init(&draft, "f-1", "no-3", "accident");
    send_event(world, &draft, false, "no-3");
    assert_string_equal(wait_signal(world, 0)->event_id, "f-1");
    draft_init(&draft, "f-2", "no-8", "accident"); /* not listed for /gates */
    send_event(world, &draft, false, "no-8");
    const Shouwang__V1__Reject *reject = wait_reject(world, 0);
    assert_string_equal(reject->reason, "unit_not_allowed");
    assert_string_equal(reject->event_id, "f-2");
    assert_non_null(strstr(reject->topic, ".events.incident.v1"));
    assert_true(reject->offset >= 0 && reject->body != NULL);
    draft_init(&draft, "f-3", "no-3", "accident");
    shouwang__v1__sealed__init(&sealed);
    sealed.suite = 1;
    sealed.key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT;
    draft.event.text = &sealed;
    send_event(world, &draft, false, "no-3");
    assert_string_equal(wait_reject(world, 1)->reason, "sealed_not_allowed");
    const struct kafka_output garbage = {.topic = TOPIC_EVENTS_INCIDENT,
                                         .unit = STR_LITERAL("no-3"),
                                         .value = STR_LITERAL("\xFF\xFF not protobuf")};
    put_record(world, &garbage);
    assert_string_equal(wait_reject(world, 2)->reason, "bad_protobuf");
    draft_init(&draft, "f-4", "no-3", "flood"); /* after each of them the next good one flows */
    send_event(world, &draft, false, "no-3");
    const Shouwang__V1__Signal *signal = wait_signal(world, 1);
    assert_string_equal(signal->event_id, "f-4");
    assert_int_equal(signal->level, SHOUWANG__V1__LEVEL__LEVEL_HIGH);
    assert_int_equal(metric(world, "sw_triage_rejects_total{topic=\"events.incident\","
                                   "reason=\"unit_not_allowed\"} "),
                     1);
    world_free(world);
}

static void test_triage_service_places_again_what_lies_elsewhere(void **state)
{
    struct world *world = world_new();
    struct draft draft;
    (void)state;
    draft_init(&draft, "g-1", "no-3", "accident");
    assert_int_not_equal(topic_partition_of(STR_LITERAL("no-3"), 2),
                         topic_partition_of(STR_LITERAL("no-8"), 2));
    send_event(world, &draft, false, "no-8"); /* another unit's key, and its partition */
    assert_string_equal(wait_signal(world, 0)->event_id, "g-1");
    assert_string_equal(world->signals[0].key, "no-3");
    assert_int_equal(metric(world, "sw_triage_placed_again_total{topic=\"events.incident\"} "), 1);
    draft_init(&draft, "g-2", "no-5",
               "accident"); /* no such school: the place told is where it lay */
    send_event(world, &draft, false, "no-8");
    const Shouwang__V1__Reject *reject = wait_reject(world, 0);
    assert_string_equal(reject->reason, "unit_unknown");
    assert_int_equal(reject->partition, topic_partition_of(STR_LITERAL("no-8"), 2));
    assert_int_equal(reject->offset, 1);
    world_free(world);
}

/* Larger than the shell writes, though the broker took it. The partition goes on behind it. */
static void test_triage_service_refuses_what_it_cannot_place_again(void **state)
{
    static char padding[STREAM_RECORD_MAX_BYTES];
    struct world *world = world_new();
    struct draft draft;
    (void)state;
    draft_init(&draft, "p-0", "no-8", "accident");
    send_event(world, &draft, true, "no-8"); /* stepped in the same batch, perhaps */
    draft_init(&draft, "p-1", "no-3", "accident");
    draft.padding = (struct str){padding, sizeof(padding)};
    memset(padding, 'x', sizeof(padding));
    send_event(world, &draft, false, "no-8");
    const Shouwang__V1__Reject *reject = wait_reject(world, 0);
    assert_string_equal(reject->reason, "too_large");
    assert_string_equal(reject->event_id, "p-1");
    assert_string_equal(reject->unit, "no-3");
    assert_int_equal(reject->partition, topic_partition_of(STR_LITERAL("no-8"), 2));
    assert_int_equal(reject->offset, 1);
    draft_init(&draft, "p-2", "no-8", "accident");
    send_event(world, &draft, true, "no-8");
    assert_string_equal(wait_signal(world, 0)->event_id, "p-0");
    assert_string_equal(wait_signal(world, 1)->event_id, "p-2");
    assert_int_equal(metric(world, "sw_triage_rejects_total{topic=\"events.incident\","
                                   "reason=\"too_large\"} "),
                     1);
    world_free(world);
}

static void test_triage_service_flags_another_body_under_the_same_id(void **state)
{
    struct world *world = world_new();
    struct draft draft;
    (void)state;
    draft_init(&draft, "h-1", "no-3", "accident");
    send_event(world, &draft, false, "no-3");
    assert_false(wait_signal(world, 0)->id_reused);
    draft.incident.injury = SHOUWANG__V1__INJURY__INJURY_NEEDS_TREATMENT;
    send_event(world, &draft, false, "no-3");
    const Shouwang__V1__Signal *signal = wait_signal(world, 1);
    assert_true(signal->id_reused);
    assert_int_equal(signal->level, SHOUWANG__V1__LEVEL__LEVEL_CRISIS);
    assert_int_equal(metric(world, "sw_triage_events_total{topic=\"events.incident\","
                                   "outcome=\"id_reused\"} "),
                     1);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_service_judges_once_and_survives_kill),
        cmocka_unit_test(test_triage_service_checks_a_foreign_producer),
        cmocka_unit_test(test_triage_service_places_again_what_lies_elsewhere),
        cmocka_unit_test(test_triage_service_refuses_what_it_cannot_place_again),
        cmocka_unit_test(test_triage_service_flags_another_body_under_the_same_id),
    };
    return RUN_TESTS(argc, argv, tests);
}
