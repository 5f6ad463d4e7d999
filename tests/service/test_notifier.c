/* sw-notifier as a process, with a real broker, a real Redis and a provider that the test plays. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "io/loop.h"
#include "support/loop_wait.h"
#include "support/notifier_world.h"

/* --- Cases ---------------------------------------------------------------------------------------------------------------- */

static void test_notifier_tells_each_audience_its_own(void **state)
{
    struct world *world = *state;
    world_notify_teacher(world, 1, CASE_CHANNEL_WECOM);
    world_notify_teacher(world, 2, CASE_CHANNEL_SMS);
    world_notify_teacher(world, 3, CASE_CHANNEL_VOICE);
    world_notify_guardian(world, 4, "p-guardian");
    for (uint8_t id = 1; id <= 4; id++) {
        world_wait_receipt(world, id, CASE_DELIVERY_ACCEPTED);
    }
    const char *wecom = world_only_send(world, 1);
    assert_non_null(strstr(wecom, PUPIL_CANARY));
    assert_non_null(strstr(wecom, PLACE_CANARY));
    assert_non_null(strstr(wecom, "https://console.example/a/"));
    assert_string_equal(world_member(wecom, "to"), TEACHER_NUMBER);
    const char *sms = world_only_send(world, 2);
    assert_null(strstr(sms, "canary"));
    assert_null(strstr(sms, "https://"));
    assert_null(strstr(sms, "自"));
    const char *voice = world_only_send(world, 3);
    assert_null(strstr(voice, PUPIL_CANARY));
    assert_non_null(strstr(voice, PLACE_CANARY));
    assert_string_equal(world_member(voice, "keys"), "12");
    const char *guardian = world_only_send(world, 4);
    assert_string_equal(world_member(guardian, "to"), GUARDIAN_NUMBER);
    assert_null(strstr(guardian, "canary"));
    assert_null(strstr(guardian, "http"));
    assert_non_null(strstr(guardian, "0358-0000000"));
}

static unsigned call_back(struct world *world, const char *ref, const char *rest)
{
    char url[96];
    char body[1024];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/callbacks", world->processes[0].port);
    snprintf(body, sizeof(body), "{\"ref\":\"%s\"%s}", ref, rest);
    return world_call(world, "POST", url, str_of(body));
}

static void test_notifier_binds_a_key_press_to_its_notice(void **state)
{
    struct world *world = *state;
    char ref[1024];
    world_notify_teacher(world, 1, CASE_CHANNEL_VOICE);
    world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED);
    snprintf(ref, sizeof(ref), "%s", world_member(world_only_send(world, 1), "ref"));
    assert_int_equal(call_back(world, "forged", ",\"state\":\"reached\",\"digits\":\"1\""), 403);
    assert_int_equal(call_back(world, ref, ",\"state\":\"sideways\""), 400);
    assert_int_equal(call_back(world, ref, ",\"state\":\"reached\",\"digits\":\"x\""), 400);
    assert_int_equal(call_back(world, ref, ",\"state\":\"delivered\""), 204);
    world_wait_receipt(world, 1, CASE_DELIVERY_DELIVERED);
    assert_int_equal(call_back(world, ref, ",\"state\":\"acked\""),
                     204); /* without a key: reached */
    world_wait_receipt(world, 1, CASE_DELIVERY_REACHED);
    assert_null(world_find_receipt(world, 1, CASE_DELIVERY_ACKED));
    assert_int_equal(call_back(world, ref, ",\"state\":\"reached\",\"digits\":\"1\",\"at\":5"),
                     204);
    world_wait_receipt(world, 1, CASE_DELIVERY_ACKED);
}

static void test_notifier_sends_nothing_that_was_stopped(void **state)
{
    struct world *world = *state;
    world->status_to_give = 503; /* the provider holds: all of these stay queued */
    world_notify_teacher(world, 1, CASE_CHANNEL_SMS);
    world_notify_guardian(world, 2, "p-guardian");
    world_notify_teacher(world, 3, CASE_CHANNEL_WECOM);
    assert_true(loop_wait_count(world->out.loop, &world->tries, 3, OUTSIDE_WAIT_MS));
    world_cancel(world, 1);
    world_set_conflict(world, "p-uncle");
    world_cancel(world, 5); /* before its notice */
    assert_string_equal(world_wait_receipt(world, 1, CASE_DELIVERY_CANCELLED)->reason, "acked");
    /* The household of whoever is kept out is kept out. */
    assert_string_equal(world_wait_receipt(world, 2, CASE_DELIVERY_CANCELLED)->reason, "conflict");
    world->status_to_give = 0;
    world_notify_guardian(world, 4, "p-uncle");
    world_notify_teacher(world, 5, CASE_CHANNEL_SMS);
    world_wait_receipt(world, 3, CASE_DELIVERY_ACCEPTED);
    world_wait_receipt(world, 4, CASE_DELIVERY_CANCELLED);
    world_wait_receipt(world, 5, CASE_DELIVERY_CANCELLED);
    assert_int_equal(world->send_count, 1);
    assert_true(world_was_sent(world, 3));
    /* Kept are the conflict and the cancel that came before its notice; not those of notices known to have ended. */
    world_cancel(world, 3);
    world_notify_teacher(world, 6, CASE_CHANNEL_SMS);
    world_wait_receipt(world, 6, CASE_DELIVERY_ACCEPTED);
    char url[96];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/show/queues", world->processes[0].admin_port);
    assert_int_equal(world_call(world, "GET", url, (struct str){NULL, 0}), 200);
    assert_non_null(strstr(world->out.body, "stops 2,"));
}

/* The provider takes it, and the process dies before that is recorded; then another one of the slot comes. */
static void die_while_sending(struct world *world)
{
    unsigned before = world->send_count;
    world->kills_sender = true;
    assert_true(loop_wait_count(world->out.loop, &world->send_count, before + 1, OUTSIDE_WAIT_MS));
    world->kills_sender = false;
    world_kill(world, 0);
    world_spawn(world, 0);
    world_wait_ready(world, 0);
}

static void test_notifier_urgent_sends_again_inside_the_window_only(void **state)
{
    struct world *world = *state;
    world->status_to_give = 503;
    world_notify_teacher(world, 1, CASE_CHANNEL_SMS);
    assert_true(loop_wait_count(world->out.loop, &world->tries, 1, OUTSIDE_WAIT_MS));
    world->status_to_give = 0;
    die_while_sending(world);
    assert_true(world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED)->sent_again);
    assert_int_equal(world->send_count, 2);
    assert_int_equal(world_metric(world, 0, "sw_notifier_sent_again_total"), 1);
    /* What is recorded is not sent again by the next one. */
    world_kill(world, 0);
    world_spawn(world, 0);
    world_wait_ready(world, 0);
    world_notify_teacher(world, 2, CASE_CHANNEL_SMS);
    assert_false(world_wait_receipt(world, 2, CASE_DELIVERY_ACCEPTED)->sent_again);
    assert_int_equal(world->send_count, 3);
}

static void test_notifier_queue_outlives_the_process(void **state)
{
    struct world *world = *state;
    world->status_to_give = 503;
    world_notify_teacher(world, 1, CASE_CHANNEL_SMS);
    world_notify_teacher(world, 2, CASE_CHANNEL_WECOM);
    assert_true(loop_wait_count(world->out.loop, &world->tries, 2, OUTSIDE_WAIT_MS));
    world_kill(world, 0);
    world->status_to_give = 0;
    world_spawn(world, 0);
    world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED);
    world_wait_receipt(world, 2, CASE_DELIVERY_ACCEPTED);
    assert_int_equal(world->send_count, 2);
}

static void notify_bulk(struct world *world, uint8_t id)
{
    static char role[] = "duty_leader", audience[] = "duty", person[] = "p-teacher",
                purpose[] = "digest";
    world_notify(world, &(struct order){.id = id,
                                        .person = person,
                                        .role = role,
                                        .audience = audience,
                                        .channel = CASE_CHANNEL_MAIL,
                                        .purpose = purpose,
                                        .bulk = true});
}

static void test_notifier_bulk_asks_before_it_sends_again(void **state)
{
    struct world *world = *state;
    world->status_to_give = 503;
    notify_bulk(world, 1);
    assert_true(loop_wait_count(world->out.loop, &world->tries, 1, OUTSIDE_WAIT_MS));
    world->status_to_give = 0;
    die_while_sending(world);
    assert_string_equal(world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED)->reason, "asked");
    assert_int_equal(world->send_count, 1);
    world->does_not_tell = true;
    world->status_to_give = 503;
    notify_bulk(world, 2);
    assert_true(loop_wait_count(world->out.loop, &world->tries, 3, OUTSIDE_WAIT_MS));
    world->status_to_give = 0;
    die_while_sending(world);
    assert_string_equal(world_wait_receipt(world, 2, CASE_DELIVERY_UNKNOWN)->reason, "not_known");
    assert_int_equal(world->send_count, 2);
}

static bool is_stopped(void *ctx)
{
    const struct process *process = ctx;
    int status;
    return waitpid(process->pid, &status, WNOHANG | WUNTRACED) == process->pid &&
           WIFSTOPPED(status);
}

/* The owner stops itself at that instant of a send with five notices to be sent again, its twin sends them, the owner wakes.
 * What the provider hears of the woken one beyond the next notice, which is its own again. */
static unsigned count_tries_of_the_woken(struct world *world, const char *instant)
{
    world_kill(world, 0);
    world->status_to_give = 503;
    setenv("SW_STOP_BEFORE", instant, 1);
    world->program = SW_STOPPING_NOTIFIER;
    world_spawn(world, 0);
    unsetenv("SW_STOP_BEFORE");
    world->program = SW_NOTIFIER;
    world_wait_ready(world, 0);
    world_spawn(world, 1);
    world_wait_ready(world, 1);
    for (uint8_t id = 1; id <= 5; id++) {
        world_notify_teacher(world, id, CASE_CHANNEL_SMS);
    }
    assert_true(loop_wait(world->out.loop, is_stopped, &world->processes[0], OUTSIDE_WAIT_MS));
    world->status_to_give = 0;
    for (uint8_t id = 1; id <= 5; id++) {
        world_wait_receipt(world, id, CASE_DELIVERY_ACCEPTED);
    }
    assert_int_equal(world->send_count, 5);
    /* No claims in its way: only the proof of ownership is missing. */
    redis_process_signal(&world->redis, SIGKILL);
    unsigned tries = world->tries;
    assert_int_equal(kill(world->processes[0].pid, SIGCONT), 0);
    world_wait_ready(world, 0);
    world_kill(world, 1);
    world_notify_teacher(world, 6, CASE_CHANNEL_SMS);
    world_wait_receipt(world, 6, CASE_DELIVERY_ACCEPTED);
    redis_process_start(&world->redis);
    return world->tries - tries - 1;
}

static void test_notifier_woken_before_a_call_stays_silent(void **state)
{
    assert_int_equal(count_tries_of_the_woken(*state, "call"), 0);
}

static void test_notifier_woken_before_a_head_stays_silent(void **state)
{
    assert_int_equal(count_tries_of_the_woken(*state, "head"), 0);
}

static void test_notifier_woken_before_a_body_stays_silent(void **state)
{
    assert_int_equal(count_tries_of_the_woken(*state, "body"), 0);
}

/* The three above would tell: with the last word left out the woken one sends what it had in hand. */
static void test_notifier_woken_without_the_last_word_sends(void **state)
{
    setenv("SW_ASKS_NOBODY", "1", 1);
    unsigned tries = count_tries_of_the_woken(*state, "body");
    unsetenv("SW_ASKS_NOBODY");
    assert_in_range(tries, 1, 5);
}

/* As if the one before had died between the provider's accept and its own record. */
static void test_notifier_believes_a_claim_that_was_accepted(void **state)
{
    struct world *world = *state;
    char command[256];
    snprintf(command, sizeof(command),
             "redis-cli -s %s SET %s:notice:01%030d 'accepted m-0' >/dev/null",
             redis_process_socket(&world->redis), world->out.prefix, 0);
    assert_int_equal(system(command), 0);
    world_notify_teacher(world, 1, CASE_CHANNEL_SMS);
    assert_string_equal(world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED)->reason,
                        "accepted_before");
    assert_int_equal(world->send_count, 0);
}

static void test_notifier_urgent_goes_on_without_redis(void **state)
{
    struct world *world = *state;
    redis_process_signal(&world->redis, SIGKILL);
    world_notify_teacher(world, 1, CASE_CHANNEL_SMS);
    world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED);
    assert_int_equal(world->send_count, 1);
    assert_int_equal(world_metric(world, 0, "sw_notifier_unclaimed_total"), 1);
    redis_process_start(&world->redis);
}

static void test_notifier_second_call_in_a_minute_is_an_sms(void **state)
{
    struct world *world = *state;
    world_notify_teacher(world, 1, CASE_CHANNEL_VOICE);
    world_notify_teacher(world, 2, CASE_CHANNEL_VOICE);
    world_wait_receipt(world, 1, CASE_DELIVERY_ACCEPTED);
    assert_string_equal(world_wait_receipt(world, 2, CASE_DELIVERY_ACCEPTED)->reason,
                        "sms_for_call");
    assert_string_equal(world_member(world_only_send(world, 1), "channel"), "voice");
    assert_string_equal(world_member(world_only_send(world, 2), "channel"), "sms");
    assert_null(strstr(world_only_send(world, 2), "canary"));
    assert_int_equal(world_metric(world, 0, "sw_notifier_calls_to_sms_total"), 1);
}

static void test_notifier_ends_at_the_deadline(void **state)
{
    struct world *world = *state;
    static char role[] = "duty_leader", audience[] = "duty", person[] = "p-teacher",
                purpose[] = "step";
    world->status_to_give = 503;
    world_notify(world, &(struct order){.id = 1,
                                        .person = person,
                                        .role = role,
                                        .audience = audience,
                                        .channel = CASE_CHANNEL_SMS,
                                        .purpose = purpose,
                                        .life_ms = 2000});
    world_wait_receipt(world, 1, CASE_DELIVERY_FAILED);
    assert_true(world->tries >= 2);
    world->status_to_give = 404;
    world_notify_teacher(world, 2, CASE_CHANNEL_SMS);
    assert_string_equal(world_wait_receipt(world, 2, CASE_DELIVERY_FAILED)->reason, "http_404");
    world->status_to_give = 0;
    assert_int_equal(world->send_count, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_notifier_tells_each_audience_its_own, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_binds_a_key_press_to_its_notice, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_sends_nothing_that_was_stopped, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_urgent_sends_again_inside_the_window_only,
                                        world_new, world_free),
        cmocka_unit_test_setup_teardown(test_notifier_queue_outlives_the_process, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_bulk_asks_before_it_sends_again, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_woken_before_a_call_stays_silent, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_woken_before_a_head_stays_silent, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_woken_before_a_body_stays_silent, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_woken_without_the_last_word_sends, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_believes_a_claim_that_was_accepted, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_urgent_goes_on_without_redis, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_second_call_in_a_minute_is_an_sms, world_new,
                                        world_free),
        cmocka_unit_test_setup_teardown(test_notifier_ends_at_the_deadline, world_new, world_free),
    };
    return RUN_TESTS(argc, argv, tests);
}
