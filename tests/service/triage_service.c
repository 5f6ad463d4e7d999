#include "triage_service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/erasure.h"
#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/directory.h"
#include "wire/event.h"
#include "wire/pack.h"

/* --- Kafka ----------------------------------------------------------------------------------------------------------- */

static void produced(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct world *world = ctx;
    (void)partition;
    (void)offset;
    assert_int_equal(error, 0);
    world->produced++;
}

void triage_service_put(struct world *world, const struct kafka_output *output)
{
    unsigned before = world->produced;
    assert_int_equal(kafka_produce(world->producer, output, produced, world), 0);
    assert_true(loop_wait_count(world->loop, &world->produced, before + 1, WAIT_MS));
}

void triage_service_put_bytes(struct world *world, enum topic topic, struct str key,
                              struct str value)
{
    const struct kafka_output output = {
        .topic = topic, .unit = topic_unit_of_key(key), .key = key, .value = value};
    triage_service_put(world, &output);
}

void triage_service_put_org(struct world *world, const struct org_record *record)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str value;
    assert_int_equal(directory_encode(record, &world->arena, &value), 0);
    triage_service_put_bytes(world, TOPIC_DIRECTORY, org_record_key(record, key), value);
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
    triage_service_put_org(world, &school);
    triage_service_put_org(world, &pupil);
    assert_int_equal(erasure_make_record(&owner, 1, &world->arena, &key, &value), 0);
    triage_service_put_bytes(world, TOPIC_KEYS, key, value);
}

static void put_source(struct world *world, const char *unit, const char *name)
{
    struct str units[] = {str_of(unit)};
    const struct org_record record = {
        .kind = ORG_RECORD_SOURCE,
        .source = {.name = str_of(name), .unit = str_of(unit), .units = units, .unit_count = 1}};
    triage_service_put_org(world, &record);
}

/* In place: the file's bytes are the arena's. */
static void patch(const struct pack_file *files, size_t count, const struct pack_patch *patch)
{
    size_t len = strlen(patch->from);
    assert_int_equal(len, strlen(patch->to));
    for (size_t i = 0; i < count; i++) {
        char *at = memmem(files[i].content.at, files[i].content.len, patch->from, len);
        if (at != NULL) {
            memcpy(at, patch->to, len);
            return;
        }
    }
    fail_msg("the pack has no %s", patch->from);
}

/* The reference pack, once into each partition, as the activation does. */
static void put_pack(struct world *world, const struct plan *plan)
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
    for (size_t i = 0; plan != NULL && i < plan->patch_count; i++) {
        patch(files, count, &plan->patches[i]);
    }
    assert_int_equal(pack_build(files, count, seal_digest, &faults, &pack), 0);
    for (size_t u = 0; u < 2; u++) {
        for (size_t i = 0; i <= pack->file_count; i++) {
            int error = i < pack->file_count
                            ? pack_file_record(pack, i, &world->arena, &key, &value)
                            : pack_active_record(pack, &activation, &world->arena, &key, &value);
            assert_int_equal(error, 0);
            const struct kafka_output output = {
                .topic = TOPIC_DIRECTORY, .unit = str_of(units[u]), .key = key, .value = value};
            triage_service_put(world, &output);
        }
    }
    pack_free(pack);
}

static void keep(struct written *written, const struct kafka_record *record)
{
    struct str type = kafka_header_get(record, "ce_type");
    assert_true(record->value.len <= sizeof(written->value));
    written->len = record->value.len;
    memcpy(written->value, record->value.at, written->len);
    (void)snprintf(written->key, sizeof(written->key), "%.*s", (int)record->key.len,
                   record->key.at);
    (void)snprintf(written->type, sizeof(written->type), "%.*s", (int)type.len, type.at);
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

void triage_service_spawn(struct world *world)
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

void triage_service_wait_ready(struct world *world)
{
    int64_t until_ms = loop_monotonic_ms() + WAIT_MS;
    while (!admin_is(world, "/readyz", 200)) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
}

long triage_service_metric(struct world *world, const char *series)
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

struct world *triage_service_new(const struct plan *plan)
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
    put_pack(world, plan);
    if (plan != NULL && plan->prepare != NULL) {
        plan->prepare(world);
    }
    world->admin_port = free_port();
    triage_service_spawn(world);
    triage_service_wait_ready(world);
    return world;
}

void triage_service_end(struct world *world, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(world->pid, signal_number), 0);
    assert_int_equal(waitpid(world->pid, &status, 0), world->pid);
    if (signal_number == SIGTERM) {
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* drained */
    }
}

void triage_service_free(struct world *world)
{
    char command[96];
    triage_service_end(world, SIGTERM);
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

void triage_service_draft(struct draft *draft, const char *id, const char *unit, const char *kind)
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
    draft->family = EVENT_FAMILY_INCIDENT;
}

void triage_service_draft_absence(struct draft *draft, const char *person)
{
    shouwang__v1__attendance__init(&draft->attendance);
    draft->party.ref = (char *)(uintptr_t)person;
    draft->family = EVENT_FAMILY_ATTENDANCE;
    draft->attendance.state = SHOUWANG__V1__ROLL_STATE__ROLL_STATE_ABSENT_UNEXPLAINED;
    draft->event.detail_case = SHOUWANG__V1__EVENT__DETAIL_ATTENDANCE;
    draft->event.attendance = &draft->attendance;
}

void triage_service_send(struct world *world, const struct draft *draft, bool as_intake,
                         const char *placed_as)
{
    struct cloudevent attributes;
    struct cloudevent_header named[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX + 2];
    char origin[KEYRING_DIGEST_TEXT_BYTES];
    bool is_absence = draft->family == EVENT_FAMILY_ATTENDANCE;
    struct kafka_output output = {.topic =
                                      is_absence ? TOPIC_EVENTS_ATTENDANCE : TOPIC_EVENTS_INCIDENT,
                                  .unit = str_of(placed_as)};
    assert_int_equal(event_attributes(&draft->event, draft->family, &world->arena, &attributes), 0);
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
    triage_service_put(world, &output);
}

const Shouwang__V1__Signal *triage_service_signal(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_true(loop_wait_count(world->loop, &world->signal_count, index + 1, WAIT_MS));
    const struct written *record = &world->signals[index];
    assert_int_equal(decode_message(&shouwang__v1__signal__descriptor,
                                    (struct str){record->value, record->len}, &world->arena, &fault,
                                    &message),
                     0);
    return (const Shouwang__V1__Signal *)message;
}

const Shouwang__V1__Reject *triage_service_reject(struct world *world, unsigned index)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_true(loop_wait_count(world->loop, &world->reject_count, index + 1, WAIT_MS));
    const struct written *record = &world->rejects[index];
    assert_int_equal(decode_message(&shouwang__v1__reject__descriptor,
                                    (struct str){record->value, record->len}, &world->arena, &fault,
                                    &message),
                     0);
    return (const Shouwang__V1__Reject *)message;
}
