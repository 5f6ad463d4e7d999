#include "support/notifier_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/receipt.pb-c.h>

#include "io/seal_record.h"
#include "support/loop_wait.h"
#include "wire/decode.h"
#include "wire/reader.h"

/* --- The provider ------------------------------------------------------------------------------------------------------ */

static void provide(struct http_request *request, void *ctx)
{
    struct world *world = ctx;
    struct str body = http_body(request);
    world->tries++;
    if (world->status_to_give != 0) {
        http_reply_json(request, world->status_to_give, STR_LITERAL("{\"error\":\"holding\"}"));
        return;
    }
    assert_true(world->send_count < SENDS_MAX && body.len < BODY_BYTES);
    memcpy(world->sends[world->send_count], body.at, body.len);
    world->sends[world->send_count++][body.len] = '\0';
    if (world->kills_sender) {
        assert_int_equal(kill(world->processes[0].pid, SIGKILL), 0);
    }
    http_reply_json(request, 200, STR_LITERAL("{\"message_id\":\"m-1\"}"));
}

static void tell(struct http_request *request, void *ctx)
{
    struct world *world = ctx;
    char begin[64];
    bool found = false;
    snprintf(begin, sizeof(begin), "\"notice_id\":\"%s\"", http_param(request, "id"));
    for (unsigned i = 0; i < world->send_count; i++) {
        found = found || strstr(world->sends[i], begin) != NULL;
    }
    http_reply_json(request,
                    world->does_not_tell ? 500
                    : found              ? 200
                                         : 404,
                    STR_LITERAL("{\"message_id\":\"m-1\"}"));
}

/* No escapes in what is asked for. */
const char *world_member(const char *send, const char *name)
{
    static char value[1024];
    char begin[40];
    snprintf(begin, sizeof(begin), "\"%s\":\"", name);
    const char *at = strstr(send, begin);
    assert_non_null(at);
    at += strlen(begin);
    size_t len = strcspn(at, "\"");
    assert_true(len < sizeof(value));
    memcpy(value, at, len);
    value[len] = '\0';
    return value;
}

/* --- The directory ------------------------------------------------------------------------------------------------------ */

static struct sealed close_value(struct world *world, const char *id, const char *text)
{
    struct vault vault = {world->out.keyring, world->out.erasure};
    struct vault_target target = {STR_LITERAL(UNIT), str_of(id), SEAL_CLASS_CONTACT};
    struct sealed sealed;
    assert_int_equal(vault_close(&vault, &target, str_of(text), &world->out.arena, &sealed), 0);
    return sealed;
}

static struct str seal_text(struct world *world, const char *id, const char *text)
{
    struct sealed sealed = close_value(world, id, text);
    struct str bytes;
    assert_int_equal(sealed_encode(&sealed, &world->out.arena, &bytes), 0);
    return bytes;
}

static struct str digest_of(const char *number)
{
    static char texts[8][KEYRING_DIGEST_TEXT_BYTES];
    static unsigned next;
    char *text = texts[next++ % 8];
    uint8_t hash[16];
    seal_hash128(number, strlen(number), hash);
    for (size_t i = 0; i < 16; i++) {
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }
    return str_of(text);
}

static void put_person(struct world *world, const char *id, enum org_person_kind kind,
                       const char *number)
{
    static const enum case_channel channels[] = {CASE_CHANNEL_VOICE, CASE_CHANNEL_SMS,
                                                 CASE_CHANNEL_WECOM, CASE_CHANNEL_MAIL};
    struct org_address addresses[4];
    outside_put_key(&world->out, UNIT, id);
    for (size_t i = 0; i < 4; i++) {
        addresses[i] =
            (struct org_address){channels[i], digest_of(number), seal_text(world, id, number)};
    }
    struct org_record record = {
        .kind = ORG_RECORD_PERSON,
        .person = {.id = str_of(id),
                   .unit = STR_LITERAL(UNIT),
                   .kind = kind,
                   .household = kind == ORG_PERSON_GUARDIAN ? STR_LITERAL("h-1") : STR_LITERAL(""),
                   .addresses = addresses,
                   .address_count = 4}};
    outside_put_org(&world->out, &record);
}

static void put_directory(struct world *world)
{
    struct str help_lines[] = {STR_LITERAL("12356")};
    struct org_record unit = {.kind = ORG_RECORD_UNIT,
                              .unit = {.id = STR_LITERAL(UNIT),
                                       .kind = ORG_UNIT_SCHOOL,
                                       .jurisdiction = STR_LITERAL("fenyang"),
                                       .label = STR_LITERAL("Third School (made up)"),
                                       .switchboard = STR_LITERAL("0358-0000000"),
                                       .help_lines = help_lines,
                                       .help_line_count = 1}};
    outside_put_org(&world->out, &unit);
    outside_put_key(&world->out, UNIT, UNIT);
    put_person(world, "p-teacher", ORG_PERSON_STAFF, TEACHER_NUMBER);
    put_person(world, "p-guardian", ORG_PERSON_GUARDIAN, GUARDIAN_NUMBER);
    put_person(world, "p-uncle", ORG_PERSON_GUARDIAN, "13900000003"); /* of the same household */
    outside_put_key(&world->out, UNIT, "p-pupil");
    struct org_record pupil = {.kind = ORG_RECORD_PERSON,
                               .person = {.id = STR_LITERAL("p-pupil"),
                                          .unit = STR_LITERAL(UNIT),
                                          .kind = ORG_PERSON_STUDENT,
                                          .name = seal_text(world, "p-pupil", PUPIL_CANARY)}};
    outside_put_org(&world->out, &pupil);
}

/* --- The world ---------------------------------------------------------------------------------------------------------- */

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    struct fault fault;
    ProtobufCMessage *message = NULL;
    assert_int_equal(record->topic, TOPIC_RECEIPTS); /* nothing is rejected */
    assert_null(memmem(record->value.at, record->value.len, "canary", 6));
    assert_true(world->receipt_count < RECEIPTS_MAX);
    assert_int_equal(decode_message(&shouwang__v1__receipt__descriptor, record->value,
                                    &world->out.arena, &fault, &message),
                     0);
    const Shouwang__V1__Receipt *receipt = (const Shouwang__V1__Receipt *)message;
    struct receipt *to = &world->receipts[world->receipt_count++];
    to->notice_id = reader_ident(receipt->notice_id);
    to->state = (int)receipt->state;
    to->sent_again = receipt->sent_again;
    snprintf(to->reason, sizeof(to->reason), "%s", receipt->reason);
}

void world_spawn(struct world *world, unsigned slot)
{
    struct process *process = &world->processes[slot];
    char http[64], admin[64], redis[128], phone[64], number[16], log[96];
    const char *settings[] = {http,
                              admin,
                              redis,
                              phone,
                              number,
                              "console.url=https://console.example",
                              "profile=fast",
                              "log.level=debug",
                              NULL};
    snprintf(http, sizeof(http), "http.listen=127.0.0.1:%u", process->port);
    snprintf(admin, sizeof(admin), "admin.listen=127.0.0.1:%u", process->admin_port);
    snprintf(redis, sizeof(redis), "redis.address=unix:%s", redis_process_socket(&world->redis));
    snprintf(phone, sizeof(phone), "phone.url=http://127.0.0.1:%u",
             http_server_address(world->provider).port);
    snprintf(number, sizeof(number), "slot=%u", slot);
    snprintf(log, sizeof(log), "%s/log", world->out.folder);
    process->pid = outside_spawn(&world->out, world->program, settings, log);
}

unsigned world_call(struct world *world, const char *method, const char *url, struct str body)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    return outside_call(&world->out,
                        &(struct http_call_options){
                            .method = method, .url = url, .headers = headers, .body = body});
}

long world_metric(struct world *world, unsigned slot, const char *name)
{
    return outside_metric(&world->out, world->processes[slot].admin_port, name);
}

void world_wait_ready(struct world *world, unsigned slot)
{
    outside_wait_ready(&world->out, world->processes[slot].admin_port);
}

void world_kill(struct world *world, unsigned slot)
{
    int status;
    struct process *process = &world->processes[slot];
    (void)kill(process->pid, SIGKILL); /* it may be dead already */
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    process->pid = 0;
}

int world_new(void **state)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_RECEIPTS, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_REJECTS, .from = KAFKA_FROM_BEGINNING}};
    static const char *const units[] = {UNIT};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    world->program = SW_NOTIFIER;
    outside_open(&world->out, &(struct outside_plan){.name = "notifier",
                                                     .partition_count = 1,
                                                     .key_uses = KEYRING_CLOSE,
                                                     .sources = sources,
                                                     .source_count = 2,
                                                     .take = take,
                                                     .ctx = world});
    const struct http_server_options options = {.listen = {.host = "127.0.0.1"}};
    const struct http_route routes[] = {{"POST", "/v1/send", provide, world, 0},
                                        {"GET", "/v1/messages/:id", tell, world, 0}};
    assert_int_equal(http_server_new(world->out.loop, &options, &world->provider), 0);
    assert_int_equal(http_server_route(world->provider, routes, 2), 0);
    redis_process_init(&world->redis, false);
    redis_process_start(&world->redis);
    put_directory(world);
    outside_put_pack(&world->out, units, 1, NULL, 0);
    for (unsigned slot = 0; slot < 2; slot++) {
        world->processes[slot].port = outside_free_port();
        world->processes[slot].admin_port = outside_free_port();
    }
    world_spawn(world, 0);
    world_wait_ready(world, 0);
    *state = world;
    return 0;
}

static void check_log(struct world *world)
{
    char command[192];
    snprintf(command, sizeof(command), "grep -c -e canary -e 139000000 %s/log >/dev/null",
             world->out.folder);
    assert_int_not_equal(system(command), 0); /* grep found none */
}

/* It waits for what is underway: the provider must answer meanwhile. */
static void stop_process(struct world *world, struct process *process)
{
    int status = 0;
    if (process->pid == 0) {
        return;
    }
    kill(process->pid, SIGTERM);
    kill(process->pid, SIGCONT); /* where a case has stopped it */
    while (waitpid(process->pid, &status, WNOHANG) == 0) {
        loop_turn(world->out.loop, 10);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int world_free(void **state)
{
    struct world *world = *state;
    stop_process(world, &world->processes[0]);
    stop_process(world, &world->processes[1]);
    check_log(world);
    http_server_free(world->provider);
    redis_process_fini(&world->redis);
    outside_close(&world->out);
    free(world);
    return 0;
}

/* --- Notices ------------------------------------------------------------------------------------------------------------- */

static void put_notice(struct world *world, enum topic topic, struct str value)
{
    outside_put(&world->out,
                &(struct kafka_output){.topic = topic, .unit = STR_LITERAL(UNIT), .value = value});
}

void world_notify(struct world *world, const struct order *order)
{
    uint8_t id[16] = {order->id};
    uint8_t case_id[16] = {200};
    Shouwang__V1__Notice notice = SHOUWANG__V1__NOTICE__INIT;
    Shouwang__V1__Sealed place;
    struct sealed sealed = close_value(world, "p-pupil", PLACE_CANARY);
    struct str value;
    assert_int_equal(sealed_to_record(&sealed, &world->out.arena, &place), 0);
    notice.id = (ProtobufCBinaryData){16, id};
    notice.case_id = (ProtobufCBinaryData){16, case_id};
    notice.unit = (char *)(uintptr_t)UNIT;
    notice.person = order->person;
    notice.role = order->role;
    notice.audience = order->audience;
    notice.channel = (Shouwang__V1__Channel)order->channel;
    notice.purpose = order->purpose;
    notice.level = SHOUWANG__V1__LEVEL__LEVEL_CRISIS;
    notice.subject = (char *)(uintptr_t) "p-pupil";
    notice.kind = (char *)(uintptr_t) "self_harm";
    notice.place = (char *)(uintptr_t) "on_campus";
    notice.case_number = (char *)(uintptr_t) "17";
    notice.generation = 1;
    notice.wants_key_press = order->channel == CASE_CHANNEL_VOICE;
    notice.created_at_ms = loop_utc_ms();
    notice.expires_at_ms = notice.created_at_ms + (order->life_ms != 0 ? order->life_ms : LIFE_MS);
    notice.place_detail = &place;
    assert_int_equal(encode_message(&notice.base, &world->out.arena, &value), 0);
    put_notice(world, order->bulk ? TOPIC_NOTICES_BULK : TOPIC_NOTICES_URGENT, value);
}

void world_notify_teacher(struct world *world, uint8_t id, enum case_channel channel)
{
    static char role[] = "duty_leader", audience[] = "duty", person[] = "p-teacher",
                purpose[] = "step";
    world_notify(world, &(struct order){.id = id,
                                        .person = person,
                                        .role = role,
                                        .audience = audience,
                                        .channel = channel,
                                        .purpose = purpose});
}

void world_notify_guardian(struct world *world, uint8_t id, const char *person)
{
    static char role[] = "guardians", audience[] = "guardian", purpose[] = "guardian_calling";
    world_notify(world, &(struct order){.id = id,
                                        .person = (char *)(uintptr_t)person,
                                        .role = role,
                                        .audience = audience,
                                        .channel = CASE_CHANNEL_SMS,
                                        .purpose = purpose});
}

static void control(struct world *world, Shouwang__V1__Control *record)
{
    uint8_t id[16] = {100, (uint8_t)world->out.produced};
    uint8_t case_id[16] = {200};
    struct str value;
    record->id = (ProtobufCBinaryData){16, id};
    record->case_id = (ProtobufCBinaryData){16, case_id};
    record->unit = (char *)(uintptr_t)UNIT;
    record->until_ms = loop_utc_ms() + LIFE_MS;
    assert_int_equal(encode_message(&record->base, &world->out.arena, &value), 0);
    put_notice(world, TOPIC_NOTICES_CONTROL, value);
}

void world_cancel(struct world *world, uint8_t notice)
{
    Shouwang__V1__Control record = SHOUWANG__V1__CONTROL__INIT;
    Shouwang__V1__Cancel action = SHOUWANG__V1__CANCEL__INIT;
    uint8_t id[16] = {notice};
    ProtobufCBinaryData ids[] = {{16, id}};
    action.notice_ids = ids;
    action.n_notice_ids = 1;
    action.reason = (char *)(uintptr_t) "acked";
    record.action_case = SHOUWANG__V1__CONTROL__ACTION_CANCEL;
    record.cancel = &action;
    control(world, &record);
}

void world_set_conflict(struct world *world, const char *person)
{
    Shouwang__V1__Control record = SHOUWANG__V1__CONTROL__INIT;
    Shouwang__V1__ConflictSet action = SHOUWANG__V1__CONFLICT_SET__INIT;
    action.person = (char *)(uintptr_t)person;
    record.action_case = SHOUWANG__V1__CONTROL__ACTION_CONFLICT_SET;
    record.conflict_set = &action;
    control(world, &record);
}

struct expected {
    struct world *world;
    uint8_t id;
    int state;
};

const struct receipt *world_find_receipt(const struct world *world, uint8_t id, int state)
{
    for (unsigned i = 0; i < world->receipt_count; i++) {
        if (world->receipts[i].notice_id.bytes[0] == id && world->receipts[i].state == state) {
            return &world->receipts[i];
        }
    }
    return NULL;
}

static bool has_receipt(void *ctx)
{
    const struct expected *expected = ctx;
    return world_find_receipt(expected->world, expected->id, expected->state) != NULL;
}

const struct receipt *world_wait_receipt(struct world *world, uint8_t id, int state)
{
    struct expected expected = {world, id, state};
    assert_true(loop_wait(world->out.loop, has_receipt, &expected, OUTSIDE_WAIT_MS));
    return world_find_receipt(world, id, state);
}

/* The one send of a notice; asserts that there is exactly one. */
const char *world_only_send(const struct world *world, uint8_t id)
{
    char begin[32];
    const char *found = NULL;
    snprintf(begin, sizeof(begin), "\"notice_id\":\"%02x", id);
    for (unsigned i = 0; i < world->send_count; i++) {
        if (strstr(world->sends[i], begin) != NULL) {
            assert_null(found);
            found = world->sends[i];
        }
    }
    assert_non_null(found);
    return found;
}

bool world_was_sent(const struct world *world, uint8_t id)
{
    char begin[32];
    snprintf(begin, sizeof(begin), "\"notice_id\":\"%02x", id);
    for (unsigned i = 0; i < world->send_count; i++) {
        if (strstr(world->sends[i], begin) != NULL) {
            return true;
        }
    }
    return false;
}
