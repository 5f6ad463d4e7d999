/* sw-escalator as a process, with a real broker behind it. All names are made up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>
#include <shouwang/v1/command.pb-c.h>
#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/reject.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "io/seal.h"
#include "support/loop_wait.h"
#include "support/outside.h"
#include "support/runner.h"
#include "wire/decode.h"
#include "wire/journal.h"

enum { RECORDS_MAX = 128 };

static const char *const unit = "no-3";

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
    struct outside out;
    uint16_t admin_port;
    pid_t pid;
    struct list cases;
    struct list journal;
    struct list notices;
    struct list rejects;
};

/* --- Records ----------------------------------------------------------------------------------------------------------- */

static void put_message(struct world *world, enum topic topic, const ProtobufCMessage *message)
{
    struct kafka_output output = {.topic = topic, .unit = STR_LITERAL("no-3")};
    assert_int_equal(encode_message(message, &world->out.arena, &output.value), 0);
    outside_put(&world->out, &output);
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
    outside_put_org(&world->out, &record);
}

static void put_school(struct world *world)
{
    const struct org_record school = {.kind = ORG_RECORD_UNIT,
                                      .unit = {.id = STR_LITERAL("no-3"),
                                               .kind = ORG_UNIT_SCHOOL,
                                               .jurisdiction = STR_LITERAL("fenyang")}};
    outside_put_org(&world->out, &school);
    put_person(world, "duty", ORG_ROLE_DUTY_LEADER);
    put_person(world, "psych", ORG_ROLE_PSYCH_TEACHER);
    put_person(world, "boss", ORG_ROLE_PRINCIPAL);
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
    assert_int_equal(decode_message(descriptor, value, &world->out.arena, &fault, &message), 0);
    return message;
}

/* --- The process ----------------------------------------------------------------------------------------------------- */

static void spawn(struct world *world)
{
    char admin[64];
    const char *settings[] = {admin, NULL};
    (void)snprintf(admin, sizeof(admin), "admin.listen=127.0.0.1:%u", world->admin_port);
    world->pid = outside_spawn(&world->out, SW_ESCALATOR, settings, NULL);
}

static void wait_unready(struct world *world, const char *reason)
{
    int64_t until_ms = loop_monotonic_ms() + OUTSIDE_WAIT_MS;
    while (outside_get(&world->out, world->admin_port, "/readyz") != 503 ||
           strstr(world->out.body, reason) == NULL) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
}

static struct world *world_new(void)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_CASES, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_JOURNAL, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_NOTICES_URGENT, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_REJECTS, .from = KAFKA_FROM_BEGINNING}};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    outside_open(&world->out, &(struct outside_plan){.name = "escalator",
                                                     .partition_count = 1,
                                                     .sources = sources,
                                                     .source_count = 4,
                                                     .take = take,
                                                     .ctx = world});
    put_school(world);
    world->admin_port = outside_free_port();
    spawn(world);
    return world;
}

static void world_free(struct world *world)
{
    outside_end(world->pid, SIGTERM);
    outside_close(&world->out);
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
        assert_int_equal(journal_verify(value, seal_digest, &world->out.arena, &place, &fault), 0);
    }
    assert_int_equal(place.number, world->journal.count);
}

/* --- Cases ----------------------------------------------------------------------------------------------------------- */

static void test_escalator_service_opens_survives_kill_and_answers_once(void **state)
{
    struct world *world = world_new();
    (void)state;
    outside_put_pack(&world->out, &unit, 1, NULL, 0);
    outside_wait_ready(&world->out, world->admin_port);
    send_signal(world, 1);
    assert_true(loop_wait_count(world->out.loop, &world->notices.count, 2,
                                OUTSIDE_WAIT_MS)); /* an SMS to each of two */
    assert_string_equal(world->notices.items[0].type, "shouwang.notices.step");
    assert_true(loop_wait_count(world->out.loop, &world->cases.count, 1, OUTSIDE_WAIT_MS));
    const Shouwang__V1__Case *file = newest_case(world);
    assert_int_equal(file->state, SHOUWANG__V1__CASE_STATE__CASE_STATE_OPEN);
    assert_string_equal(file->policy, "fenyang/crisis");

    outside_end(world->pid, SIGKILL);
    send_ack(world, 1, file->id); /* waits in the log */
    spawn(world);
    outside_wait_ready(&world->out, world->admin_port);
    assert_true(loop_wait(world->out.loop, is_answered, world, OUTSIDE_WAIT_MS));
    assert_true(loop_wait(world->out.loop, is_acknowledged, world, OUTSIDE_WAIT_MS));
    send_ack(world, 1, file->id); /* once more the same command */
    send_signal(world, 1);        /* and the same signal */
    send_ack(world, 2, file->id);
    int64_t until_ms = loop_monotonic_ms() + OUTSIDE_WAIT_MS;
    while (count_answers(world, 2) == 0) {
        assert_true(loop_monotonic_ms() < until_ms);
        loop_turn(world->out.loop, 50);
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
    outside_put_pack(&world->out, &unit, 1, NULL, 0);
    assert_true(loop_wait_count(world->out.loop, &world->cases.count, 1,
                                OUTSIDE_WAIT_MS)); /* it was not lost */
    outside_wait_ready(&world->out, world->admin_port);
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
    outside_put_pack(&world->out, &unit, 1, NULL, 0);
    outside_wait_ready(&world->out, world->admin_port);
    outside_put(&world->out, &garbage);
    outside_put(&world->out, &elsewhere);
    assert_true(loop_wait_count(world->out.loop, &world->rejects.count, 2, OUTSIDE_WAIT_MS));
    const Shouwang__V1__Reject *reject =
        decode(world, &world->rejects, 0, &shouwang__v1__reject__descriptor);
    assert_string_equal(reject->service, "sw-escalator");
    send_signal(world, 1); /* the next good one flows */
    assert_true(loop_wait_count(world->out.loop, &world->cases.count, 1, OUTSIDE_WAIT_MS));
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
