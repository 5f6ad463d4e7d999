/* sw-escalator as a process, with a real broker behind it. All names are made up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shouwang/v1/case.pb-c.h>
#include <shouwang/v1/command.pb-c.h>
#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/reject.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "io/http_client.h"
#include "io/kafka.h"
#include "io/seal.h"
#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/decode.h"
#include "wire/directory.h"
#include "wire/journal.h"
#include "wire/pack.h"

enum { RECORDS_MAX = 128, WAIT_MS = 30000 };

struct seen {
    char value[8192];
    size_t len;
    char type[96];
};

struct list {
    struct seen items[RECORDS_MAX];
    unsigned count;
};

struct world {
    struct loop *loop;
    struct config *config;
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    struct http_client *http;
    struct arena arena;
    char prefix[32];
    uint16_t admin_port;
    pid_t pid;
    struct list cases;
    struct list journal;
    struct list notices;
    struct list rejects;
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

static void put_message(struct world *world, enum topic topic, const ProtobufCMessage *message)
{
    struct kafka_output output = {.topic = topic, .unit = STR_LITERAL("no-3")};
    assert_int_equal(encode_message(message, &world->arena, &output.value), 0);
    put_record(world, &output);
}

static void put(struct world *world, const struct org_record *record)
{
    char room[ORG_KEY_MAX_BYTES];
    struct kafka_output output = {.topic = TOPIC_DIRECTORY, .key = org_record_key(record, room)};
    assert_int_equal(directory_encode(record, &world->arena, &output.value), 0);
    output.unit = topic_unit_of_key(output.key);
    put_record(world, &output);
}

static void put_person(struct world *world, const char *id, enum org_role role)
{
    const struct org_address address = {.channel = CASE_CHANNEL_SMS, .digest = STR_LITERAL("0a0b")};
    const struct org_holding holding = {.role = role};
    const struct org_record record = {.kind = ORG_RECORD_PERSON,
                                      .person = {.id = str_of(id),
                                                 .unit = STR_LITERAL("no-3"),
                                                 .kind = ORG_PERSON_STAFF,
                                                 .addresses = &address,
                                                 .address_count = 1,
                                                 .holdings = &holding,
                                                 .holding_count = 1}};
    put(world, &record);
}

static void put_school(struct world *world)
{
    const struct org_record school = {.kind = ORG_RECORD_UNIT,
                                      .unit = {.id = STR_LITERAL("no-3"),
                                               .kind = ORG_UNIT_SCHOOL,
                                               .jurisdiction = STR_LITERAL("fenyang")}};
    put(world, &school);
    put_person(world, "duty", ORG_ROLE_DUTY_LEADER);
    put_person(world, "psych", ORG_ROLE_PSYCH_TEACHER);
    put_person(world, "boss", ORG_ROLE_PRINCIPAL);
}

static void put_pack(struct world *world)
{
    static struct yaml_faults faults;
    const struct pack_activation activation = {STR_LITERAL("fenyang"), STR_LITERAL("test"), 1};
    const struct pack_file *files = NULL;
    struct pack *pack = NULL;
    size_t count = 0;
    assert_int_equal(pack_read_folder(SW_SOURCE_DIR "/config/packs/reference", &world->arena,
                                      &faults, &files, &count),
                     0);
    assert_int_equal(pack_build(files, count, seal_digest, &faults, &pack), 0);
    for (size_t i = 0; i <= pack->file_count; i++) {
        struct kafka_output output = {.topic = TOPIC_DIRECTORY, .unit = STR_LITERAL("no-3")};
        int error =
            i < pack->file_count
                ? pack_file_record(pack, i, &world->arena, &output.key, &output.value)
                : pack_active_record(pack, &activation, &world->arena, &output.key, &output.value);
        assert_int_equal(error, 0);
        put_record(world, &output);
    }
    pack_free(pack);
}

static struct list *list_of(struct world *world, const struct kafka_record *record)
{
    if (record->topic == TOPIC_CASES) {
        return memmem(record->key.at, record->key.len, "/case/", 6) != NULL ? &world->cases : NULL;
    }
    if (record->topic == TOPIC_JOURNAL) {
        return &world->journal;
    }
    return record->topic == TOPIC_REJECTS ? &world->rejects : &world->notices;
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    struct list *list = list_of(world, record);
    struct str type = kafka_header_get(record, "ce_type");
    if (list == NULL) {
        return;
    }
    assert_true(list->count < RECORDS_MAX);
    struct seen *seen = &list->items[list->count++];
    assert_true(record->value.len <= sizeof(seen->value));
    seen->len = record->value.len;
    memcpy(seen->value, record->value.at, seen->len);
    (void)snprintf(seen->type, sizeof(seen->type), "%.*s", (int)type.len,
                   type.len > 0 ? type.at : "");
}

static const void *decode(struct world *world, const struct list *list, unsigned index,
                          const ProtobufCMessageDescriptor *descriptor)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    struct str value = {list->items[index].value, list->items[index].len};
    assert_int_equal(decode_message(descriptor, value, &world->arena, &fault, &message), 0);
    return message;
}

/* --- The process ----------------------------------------------------------------------------------------------------- */

static void spawn(struct world *world)
{
    char settings[3][160];
    (void)snprintf(settings[0], sizeof(settings[0]), "bootstrap.servers=%s",
                   getenv("SW_TEST_BOOTSTRAP"));
    (void)snprintf(settings[1], sizeof(settings[1]), "topic.prefix=%s", world->prefix);
    (void)snprintf(settings[2], sizeof(settings[2]), "admin.listen=127.0.0.1:%u",
                   world->admin_port);
    world->pid = fork();
    assert_true(world->pid >= 0);
    if (world->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion leaves nothing behind */
        execl(SW_ESCALATOR, SW_ESCALATOR, "--set", settings[0], "--set", settings[1], "--set",
              settings[2], (char *)NULL);
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

static void wait_unready(struct world *world, const char *reason)
{
    int64_t until_ms = loop_monotonic_ms() + WAIT_MS;
    while (!admin_is(world, "/readyz", 503) || strstr(world->body, reason) == NULL) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
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
        {.topic = TOPIC_CASES, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_JOURNAL, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_NOTICES_URGENT, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_REJECTS, .from = KAFKA_FROM_BEGINNING}};
    static const struct config_table table = {.program = "test", .summary = "test"};
    char servers[128];
    char prefix[64];
    const char *settings[] = {servers, prefix, NULL};
    struct buffer errors;
    (void)snprintf(servers, sizeof(servers), "bootstrap.servers=%s", getenv("SW_TEST_BOOTSTRAP"));
    (void)snprintf(prefix, sizeof(prefix), "topic.prefix=%s", world->prefix);
    buffer_init(&errors, 65536);
    assert_int_equal(
        config_parse(&table, NULL, (struct str){NULL, 0}, settings, &errors, &world->config), 0);
    const struct topics_plan plan = {.partition_count = 1,
                                     .is_single = true,
                                     .inputs = topic_group_inputs,
                                     .input_count = topic_group_input_count};
    assert_int_equal(topics_create(world->config, &plan, &errors), 0);
    buffer_fini(&errors);
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(kafka_producer_new(world->loop, world->config, WAIT_MS, &world->producer), 0);
    assert_int_equal(kafka_reader_new(world->loop, world->config, sources, 4, &world->reader), 0);
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
    assert_non_null(world);
    assert_non_null(getenv("SW_TEST_BOOTSTRAP"));
    (void)snprintf(world->prefix, sizeof(world->prefix), "escalator%d-%u", (int)getpid(), made++);
    arena_init(&world->arena, 64 << 20);
    assert_int_equal(seal_init(), 0);
    open_loop(world);
    assert_true(loop_wait(world->loop, producer_is_up, world, WAIT_MS));
    put_school(world);
    world->admin_port = free_port();
    spawn(world);
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
    end_process(world, SIGTERM);
    http_client_free(world->http);
    kafka_reader_free(world->reader);
    kafka_producer_free(world->producer);
    loop_free(world->loop);
    config_free(world->config);
    arena_fini(&world->arena);
    free(world);
}

/* --- Inputs ---------------------------------------------------------------------------------------------------------- */

static void send_signal(struct world *world, uint8_t number)
{
    uint8_t id[16] = {number};
    Shouwang__V1__Signal record = SHOUWANG__V1__SIGNAL__INIT;
    record.id = (ProtobufCBinaryData){16, id};
    record.unit = (char *)(uintptr_t) "no-3";
    record.kind = (char *)(uintptr_t) "self_harm";
    record.subject = (char *)(uintptr_t) "p-1";
    record.subject_kind = SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_STUDENT;
    record.level = SHOUWANG__V1__LEVEL__LEVEL_CRISIS;
    record.place = SHOUWANG__V1__PLACE__PLACE_ON_CAMPUS;
    record.opens_episode = true;
    record.discovered_at_ms = loop_utc_ms();
    put_message(world, TOPIC_SIGNALS, &record.base);
}

static void send_ack(struct world *world, uint8_t number, ProtobufCBinaryData case_id)
{
    uint8_t id[16] = {number, 7};
    Shouwang__V1__Command record = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Acknowledge acknowledge = SHOUWANG__V1__ACKNOWLEDGE__INIT;
    record.id = (ProtobufCBinaryData){16, id};
    record.unit = (char *)(uintptr_t) "no-3";
    record.case_id = case_id;
    record.actor = (char *)(uintptr_t) "boss";
    record.actor_role = (char *)(uintptr_t) "principal";
    record.action_case = SHOUWANG__V1__COMMAND__ACTION_ACKNOWLEDGE;
    record.acknowledge = &acknowledge;
    put_message(world, TOPIC_COMMANDS, &record.base);
}

static const Shouwang__V1__Case *newest_case(struct world *world)
{
    return decode(world, &world->cases, world->cases.count - 1, &shouwang__v1__case__descriptor);
}

/* How many lines answer a command; `number` 0: any. */
static unsigned count_answers(struct world *world, uint8_t number)
{
    unsigned answers = 0;
    for (unsigned i = 0; i < world->journal.count; i++) {
        const Shouwang__V1__JournalLine *line =
            decode(world, &world->journal, i, &shouwang__v1__journal_line__descriptor);
        bool ours =
            line->command_id.len == 16 && (number == 0 || line->command_id.data[0] == number);
        answers += ours && strcmp(line->outcome, "applied") == 0;
    }
    return answers;
}

static bool is_answered(void *ctx)
{
    return count_answers(ctx, 0) > 0;
}

/* Cases and lines come on topics of their own, in no order between them. */
static bool is_acknowledged(void *ctx)
{
    return newest_case(ctx)->state == SHOUWANG__V1__CASE_STATE__CASE_STATE_ACKNOWLEDGED;
}

static void verify_journal(struct world *world)
{
    struct journal_place place = {0};
    struct fault fault;
    for (unsigned i = 0; i < world->journal.count; i++) {
        struct str value = {world->journal.items[i].value, world->journal.items[i].len};
        assert_int_equal(journal_verify(value, seal_digest, &world->arena, &place, &fault), 0);
    }
    assert_int_equal(place.number, world->journal.count);
}

/* --- Cases ----------------------------------------------------------------------------------------------------------- */

static void test_escalator_service_opens_survives_kill_and_answers_once(void **state)
{
    struct world *world = world_new();
    (void)state;
    put_pack(world);
    wait_ready(world);
    send_signal(world, 1);
    assert_true(loop_wait_count(world->loop, &world->notices.count, 2,
                                WAIT_MS)); /* an SMS to each of two */
    assert_string_equal(world->notices.items[0].type, "shouwang.notices.step");
    assert_true(loop_wait_count(world->loop, &world->cases.count, 1, WAIT_MS));
    const Shouwang__V1__Case *file = newest_case(world);
    assert_int_equal(file->state, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    assert_string_equal(file->policy, "fenyang/crisis");

    end_process(world, SIGKILL);
    send_ack(world, 1, file->id); /* waits in the log */
    spawn(world);
    wait_ready(world);
    assert_true(loop_wait(world->loop, is_answered, world, WAIT_MS));
    assert_true(loop_wait(world->loop, is_acknowledged, world, WAIT_MS));
    send_ack(world, 1, file->id); /* once more the same command */
    send_signal(world, 1);        /* and the same signal */
    send_ack(world, 2, file->id);
    int64_t until_ms = loop_monotonic_ms() + WAIT_MS;
    while (count_answers(world, 2) == 0) {
        assert_true(loop_monotonic_ms() < until_ms);
        loop_turn(world->loop, 50);
    }
    assert_int_equal(count_answers(world, 0),
                     2); /* one to each command, none to the repeated one */
    assert_int_equal(newest_case(world)->n_episodes, 1);
    verify_journal(world);
    world_free(world);
}

static void test_escalator_service_waits_for_a_pack(void **state)
{
    struct world *world = world_new();
    (void)state;
    send_signal(world, 1);
    wait_unready(world, "no_pack");
    assert_int_equal(world->cases.count, 0);
    put_pack(world);
    assert_true(
        loop_wait_count(world->loop, &world->cases.count, 1, WAIT_MS)); /* it was not lost */
    wait_ready(world);
    world_free(world);
}

static void test_escalator_service_rejects_what_it_cannot_read(void **state)
{
    struct world *world = world_new();
    const struct kafka_output garbage = {
        .topic = TOPIC_SIGNALS, .unit = STR_LITERAL("no-3"), .value = STR_LITERAL("\xff\xff\xff")};
    const struct kafka_output elsewhere = {
        .topic = TOPIC_COMMANDS, .unit = STR_LITERAL("no-3"), .value = STR_LITERAL("\x12\x04no-4")};
    (void)state;
    put_pack(world);
    wait_ready(world);
    put_record(world, &garbage);
    put_record(world, &elsewhere);
    assert_true(loop_wait_count(world->loop, &world->rejects.count, 2, WAIT_MS));
    const Shouwang__V1__Reject *reject =
        decode(world, &world->rejects, 0, &shouwang__v1__reject__descriptor);
    assert_string_equal(reject->service, "sw-escalator");
    send_signal(world, 1); /* the next good one flows */
    assert_true(loop_wait_count(world->loop, &world->cases.count, 1, WAIT_MS));
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escalator_service_opens_survives_kill_and_answers_once),
        cmocka_unit_test(test_escalator_service_waits_for_a_pack),
        cmocka_unit_test(test_escalator_service_rejects_what_it_cannot_read),
    };
    return RUN_TESTS(argc, argv, tests);
}
