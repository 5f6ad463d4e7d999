/* Acknowledgements: what they stop, what they do not, and that they lapse. */
#include "support/runner.h"

#include "world.h"

/* One acknowledgement stops that person's pages, not the other roles'. */
static void test_casework_ack_stops_the_person_and_no_other_role(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 30 * SECOND);
    world_show(world, SHOW_NOTICES | SHOW_CONTROL);
    assert_string_equal(world_ack(world, "duty", "duty_leader"), "applied");
    assert_true(world_is_cancelled(world, "duty", "0"));
    assert_false(world_is_cancelled(world, "psych", "0"));
    world_run(world, 2 * MINUTE + 30 * SECOND);
    world_expect(world, "0:00:30 cancel 3 acked\n"
                        "0:01:05 notice 0#1 psych voice\n"
                        "0:01:05 notice 0#1 teacher voice\n"
                        "0:02:00 notice 1#0 mum sms\n"
                        "0:02:00 notice 1#0 dad sms\n"
                        "0:02:10 notice 0#2 psych voice\n"
                        "0:02:10 notice 0#2 teacher voice\n");
    assert_int_equal(world_case(world)->state, CASE_OPEN); /* each role must */
    world_free(world);
}

static void test_casework_each_role_acks_then_the_next_step_is_not_needed(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 30 * SECOND);
    assert_string_equal(world_ack(world, "duty", "duty_leader"), "applied");
    assert_string_equal(world_ack(world, "psych", "psych_teacher"), "applied");
    world_show(world, SHOW_NOTICES);
    assert_string_equal(world_ack(world, "teacher", "class_teacher"), "applied");
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    assert_int_equal(world_count(world, "duty", ""), 1); /* taken over by the class teacher */
    assert_int_equal(world_count(world, "psych", ""), 1);
    world_run(world, 9 * MINUTE + 59 * SECOND);
    assert_int_equal(world_count(world, "boss", "2"), 0);
    assert_int_equal(world_count(world, "mum", "1"), 1); /* guardians' step is not covered */
    world_free(world);
}

/* What acknowledgements do not cover comes all the same. */
static void test_casework_ack_leaves_on_scene_warnings_and_follow_ups(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 30 * SECOND);
    assert_string_equal(world_ack(world, "boss", "principal"),
                        "applied"); /* of a later step: takes over alone */
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_run(world, 10 * MINUTE + 1);
    assert_int_equal(world_count(world, "desk", "3"), 1);
    world_run(world, 121 * MINUTE);
    assert_int_equal(world_count(world, "duty", "phone_report/warn/1"), 1);
    assert_int_equal(world_count(world, "duty", "phone_report/warn/2"), 1);
    assert_int_equal(world_count(world, "duty", "written_report/warn/1"), 1);
    assert_int_equal(world_count(world, "duty", "follow_up/due/1"), 1);
    world_free(world);
}

static void test_casework_ack_of_a_role_outside_counts_as_seen(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_show(world, SHOW_JOURNAL);
    assert_string_equal(world_ack(world, "cop", "police_liaison"), "applied");
    world_expect(world, "0:00:00 seen person=cop role=police_liaison\n"
                        "0:00:00 command command=acknowledge via=console applied\n");
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    world_free(world);
}

static void test_casework_acking_twice_is_harmless(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_show(world, SHOW_NOTICES | SHOW_CONTROL);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_expect(world, "");
    assert_int_equal(world_case(world)->ack_count, 1);
    world_free(world);
}

static void test_casework_key_press_acknowledges_by_its_notice(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 20 * SECOND);
    world_receipt(world, "duty", CASE_CHANNEL_VOICE, CASE_DELIVERY_ACKED);
    assert_int_equal(world_case(world)->ack_count, 1);
    assert_true(str_is(world_case(world)->episodes[0].first_acknowledger, "duty"));
    assert_true(world_is_cancelled(world, "duty", "0"));
    world_free(world);
}

/* A key that was pressed once and is told of again after the acknowledgement lapsed takes nothing over. */
static void test_casework_key_press_told_again_is_no_second_one(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 20 * SECOND);
    world_receipt(world, "duty", CASE_CHANNEL_VOICE, CASE_DELIVERY_ACKED);
    world_run(world, 12 * MINUTE);
    assert_int_equal(world_case(world)->acks[0].state, ACK_EXPIRED);
    world_receipt_again(world);
    assert_int_equal(world_case(world)->ack_count, 1);
    assert_int_equal(world_case(world)->acks[0].state, ACK_EXPIRED);
    world_free(world);
}

/* Ten minutes without a word from whoever has a crisis, and it rings again. */
static void test_casework_ack_expires_without_progress(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_show(world, SHOW_JOURNAL | SHOW_NOTICES);
    world_run(world, 11 * MINUTE);
    assert_int_equal(world_count(world, "duty", "0"), 0);
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_run(world, 11 * MINUTE + 1);
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    assert_int_equal(world_count(world, "duty", "0"), 3); /* the ladder begins anew */
    world_run(world, 14 * MINUTE + 1);
    assert_int_equal(world_count(world, "boss", "2"), 2);
    world_free(world);
}

static void test_casework_progress_keeps_an_ack(void **state)
{
    struct world *world = world_new();
    struct case_command note;
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_run(world, 10 * MINUTE);
    note = world_command(world, CASE_COMMAND_NOTE, "boss", "principal");
    assert_string_equal(world_do(world, note), "applied");
    world_run(world, 20 * MINUTE - 1);
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_run(world, 20 * MINUTE + 1);
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    world_free(world);
}

static void test_casework_high_keeps_an_ack_for_an_hour(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.level = CASE_LEVEL_HIGH;
    world_send(world, signal);
    assert_string_equal(world_ack(world, "psych", "psych_teacher"), "applied");
    world_run(world, 60 * MINUTE);
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_run(world, 60 * MINUTE + 1);
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    world_free(world);
}

static void test_casework_taken_over_tells_everyone_alerted_once(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 3 * MINUTE + 30 * SECOND);
    world_show(world, SHOW_NOTICES);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    assert_int_equal(world_count(world, "duty", ""), 1);
    assert_int_equal(world_count(world, "psych", ""), 1);
    assert_int_equal(world_count(world, "teacher", ""), 1);
    assert_int_equal(world_count(world, "boss", ""), 0);
    assert_int_equal(world_count(world, "mum", ""), 0);
    world_free(world);
}

/* While the notifier is away a crisis goes on calling: all that may be queued by then is stopped, not the last few. */
static void test_casework_ack_stops_every_call_that_may_be_queued(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 50 * MINUTE);
    world_show(world, SHOW_NOTICES);
    world_run(world, 65 * MINUTE); /* none lives longer than a quarter of an hour */
    assert_true(world_count(world, "desk", "3") >= 9);
    assert_string_equal(world_ack(world, "desk", "bureau_duty"), "applied");
    assert_int_equal(world_left(world, "desk", "3"), 0);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_ack_stops_the_person_and_no_other_role),
        cmocka_unit_test(test_casework_each_role_acks_then_the_next_step_is_not_needed),
        cmocka_unit_test(test_casework_ack_leaves_on_scene_warnings_and_follow_ups),
        cmocka_unit_test(test_casework_ack_of_a_role_outside_counts_as_seen),
        cmocka_unit_test(test_casework_acking_twice_is_harmless),
        cmocka_unit_test(test_casework_key_press_acknowledges_by_its_notice),
        cmocka_unit_test(test_casework_key_press_told_again_is_no_second_one),
        cmocka_unit_test(test_casework_ack_stops_every_call_that_may_be_queued),
        cmocka_unit_test(test_casework_ack_expires_without_progress),
        cmocka_unit_test(test_casework_progress_keeps_an_ack),
        cmocka_unit_test(test_casework_high_keeps_an_ack_for_an_hour),
        cmocka_unit_test(test_casework_taken_over_tells_everyone_alerted_once),
    };
    return RUN_TESTS(argc, argv, tests);
}
