/* Sends of the real notifier under virtual time, where they went wrong: found by the simulator. */
#include "support/runner.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/notice.pb-c.h>

#include "sim/fakes.h"
#include "sim/provider.h"
#include "sim/stage.h"
#include "wire/decode.h"

#define MIDNIGHT_MS INT64_C(1764000000000) /* of the school */

enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, ANSWER_MS = 5 * SECOND_MS };

struct scene {
    struct stage_setup setup;
    struct stage stage;
    char channels[64]; /* of the sends accepted, in their order */
    bool presses_key;  /* at once */
    int64_t life_ms;   /* of a call */
    unsigned receipts;
};

static void appended(void *ctx, const struct broker_record *record)
{
    struct scene *scene = ctx;
    scene->receipts += record->record.topic == TOPIC_RECEIPTS;
}

static void failed(void *ctx, const char *why)
{
    (void)ctx;
    fail_msg("%s", why);
}

static void heard(void *ctx, const struct provider_sent *sent)
{
    struct scene *scene = ctx;
    size_t len = strlen(scene->channels);
    (void)snprintf(scene->channels + len, sizeof(scene->channels) - len, "%.*s ",
                   (int)sent->channel.len, sent->channel.at);
}

static void rings(void *ctx, const struct provider_sent *sent)
{
    struct scene *scene = ctx;
    if (scene->presses_key) {
        provider_tell(scene->stage.world.provider, sent->ref, "reached", "1");
    }
}

static void run(struct scene *scene, int64_t for_ms)
{
    int64_t until_ms = agenda_now(scene->stage.agenda) + for_ms;
    while (agenda_step(scene->stage.agenda, until_ms)) {
    }
}

/* A provider that is long in answering, and quick in ringing. */
static void open_scene(struct scene *scene, int64_t start_ms)
{
    static const struct provider_habits habits = {
        .quick_ms = ANSWER_MS, .slow_ms = ANSWER_MS, .word_ms = 1, .bring_ms = 1};
    const struct stage_calls calls = {appended, heard, rings, failed, scene};
    memset(scene->channels, 0, sizeof(scene->channels));
    scene->presses_key = true;
    scene->receipts = 0;
    scene->life_ms = 600 * SECOND_MS;
    stage_setup_init(&scene->setup, SIM_PACK);
    stage_open(&scene->stage, &scene->setup, &calls, 1, start_ms);
    provider_set_habits(scene->stage.world.provider, &habits);
    stage_start(&scene->stage);
    run(scene, 10 * SECOND_MS);
}

static void close_scene(struct scene *scene)
{
    stage_close(&scene->stage);
    stage_setup_fini(&scene->setup);
}

static void append_call(struct scene *scene, uint8_t number, bool may_wait)
{
    static char unit[] = "s1", person[] = "psych", role[] = "psych_teacher", purpose[] = "step",
                subject[] = "lan", kind[] = "self_harm", case_number[] = "1", cause[] = "0";
    uint8_t id[16] = {number};
    uint8_t case_id[16] = {200};
    struct arena arena;
    struct kafka_output output = {.topic = may_wait ? TOPIC_NOTICES_BULK : TOPIC_NOTICES_URGENT,
                                  .unit = STR_LITERAL("s1")};
    Shouwang__V1__Notice notice = SHOUWANG__V1__NOTICE__INIT;
    notice.id = (ProtobufCBinaryData){16, id};
    notice.case_id = (ProtobufCBinaryData){16, case_id};
    notice.unit = unit;
    notice.person = person;
    notice.role = role;
    notice.audience = role;
    notice.channel = SHOUWANG__V1__CHANNEL__CHANNEL_VOICE;
    notice.purpose = purpose;
    notice.cause = cause;
    notice.subject = subject;
    notice.kind = kind;
    notice.case_number = case_number;
    notice.level = SHOUWANG__V1__LEVEL__LEVEL_CRISIS;
    notice.wants_key_press = true;
    notice.may_wait = may_wait;
    notice.created_at_ms = agenda_now(scene->stage.agenda);
    notice.expires_at_ms = notice.created_at_ms + scene->life_ms;
    arena_init(&arena, 1 << 20);
    assert_int_equal(encode_message(&notice.base, &arena, &output.value), 0);
    broker_append(scene->stage.world.broker, &output);
    arena_fini(&arena);
}

static void call(struct scene *scene, uint8_t number)
{
    append_call(scene, number, false);
}

static void cancel(struct scene *scene, uint8_t number)
{
    static char unit[] = "s1", reason[] = "acked";
    uint8_t id[16] = {number};
    uint8_t control_id[16] = {100};
    uint8_t case_id[16] = {200};
    struct arena arena;
    struct kafka_output output = {.topic = TOPIC_NOTICES_CONTROL, .unit = STR_LITERAL("s1")};
    Shouwang__V1__Control control = SHOUWANG__V1__CONTROL__INIT;
    Shouwang__V1__Cancel action = SHOUWANG__V1__CANCEL__INIT;
    ProtobufCBinaryData ids[] = {{16, id}};
    control.id = (ProtobufCBinaryData){16, control_id};
    control.unit = unit;
    control.case_id = (ProtobufCBinaryData){16, case_id};
    control.action_case = SHOUWANG__V1__CONTROL__ACTION_CANCEL;
    control.cancel = &action;
    control.until_ms = agenda_now(scene->stage.agenda) + 600 * SECOND_MS;
    action.notice_ids = ids;
    action.n_notice_ids = 1;
    action.reason = reason;
    arena_init(&arena, 1 << 20);
    assert_int_equal(encode_message(&control.base, &arena, &output.value), 0);
    broker_append(scene->stage.world.broker, &output);
    arena_fini(&arena);
}

/* One call a minute: the second one becomes an SMS, although the first was taken with a key before the provider had answered. */
static void test_notifier_counts_a_call_that_is_taken_before_its_answer(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, MIDNIGHT_MS);
    call(&scene, 1);
    run(&scene, 20 * SECOND_MS);
    call(&scene, 2);
    run(&scene, 20 * SECOND_MS);
    assert_string_equal(scene.channels, "voice sms ");
    close_scene(&scene);
}

/* The same when the transaction with the answer is aborted: the answer is heard again. */
static void test_notifier_counts_a_call_whose_answer_is_undone(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, MIDNIGHT_MS);
    scene.presses_key = false; /* the provider says "delivered" all the same */
    call(&scene, 1);
    run(&scene, ANSWER_MS - SECOND_MS);
    scene.stage.world.abort_per_mille = 1000;
    run(&scene, 2 * SECOND_MS);
    scene.stage.world.abort_per_mille = 0;
    run(&scene, 14 * SECOND_MS);
    call(&scene, 2);
    run(&scene, 20 * SECOND_MS);
    assert_string_equal(scene.channels, "voice sms ");
    close_scene(&scene);
}

/* The same when the first is cancelled while the provider has it in hand: it may ring all the same. */
static void test_notifier_counts_a_call_that_is_cancelled_underway(void **state)
{
    struct scene scene;
    (void)state;
    const struct provider_habits silent = {
        .quick_ms = ANSWER_MS, .slow_ms = ANSWER_MS, .no_word = 1000, .word_ms = 1, .bring_ms = 1};
    open_scene(&scene, MIDNIGHT_MS);
    provider_set_habits(scene.stage.world.provider, &silent);
    scene.presses_key = false;
    call(&scene, 1);
    run(&scene, 2 * SECOND_MS);
    cancel(&scene, 1);
    run(&scene, 18 * SECOND_MS);
    call(&scene, 2);
    run(&scene, 20 * SECOND_MS);
    assert_string_equal(scene.channels, "voice sms ");
    close_scene(&scene);
}

/* The night ends at half past six by the brokers' clock, and five seconds later by the notifier's: a record of in between lets what
 * waited for the end come due, and it is due then, not put off again and again. */
static void test_notifier_ends_the_night_by_the_time_of_the_step(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, MIDNIGHT_MS + 6 * HOUR_MS + 1795 * SECOND_MS - 10 * SECOND_MS);
    for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
        machine_set_skew(&scene.stage.machines[BROKER_NOTIFIER][slot], -5 * SECOND_MS);
    }
    append_call(&scene, 1, true);
    run(&scene, 4 * SECOND_MS);
    assert_string_equal(scene.channels, "");
    run(&scene, 2 * SECOND_MS);
    cancel(&scene, 2);
    run(&scene, 10 * SECOND_MS);
    assert_string_equal(scene.channels, "voice ");
    close_scene(&scene);
}

/* Stopped for two seconds, the notifier finds a record of before its notice expired: the next try is due by that, and nothing is sent any
 * more by its own clock. */
static void test_notifier_lets_go_of_what_expired_before_it_was_sent(void **state)
{
    struct scene scene;
    (void)state;
    const struct provider_habits busy = {
        .busy = 1000, .quick_ms = 1, .slow_ms = 2, .word_ms = 1, .bring_ms = 1};
    open_scene(&scene, MIDNIGHT_MS);
    provider_set_habits(scene.stage.world.provider, &busy);
    scene.life_ms = 3 * SECOND_MS;
    call(&scene, 1);
    run(&scene, SECOND_MS);
    store_set_away(scene.stage.world.store, true, false, &scene.stage.world);
    for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
        machine_stop(&scene.stage.machines[BROKER_NOTIFIER][slot], 2500);
    }
    run(&scene, 1900);
    cancel(&scene, 2);
    run(&scene, 10 * SECOND_MS);
    assert_int_equal(scene.receipts, 1);
    close_scene(&scene);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notifier_counts_a_call_that_is_taken_before_its_answer),
        cmocka_unit_test(test_notifier_counts_a_call_whose_answer_is_undone),
        cmocka_unit_test(test_notifier_counts_a_call_that_is_cancelled_underway),
        cmocka_unit_test(test_notifier_ends_the_night_by_the_time_of_the_step),
        cmocka_unit_test(test_notifier_lets_go_of_what_expired_before_it_was_sent),
    };
    return RUN_TESTS(argc, argv, tests);
}
