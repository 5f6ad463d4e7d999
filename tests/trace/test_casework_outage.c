/* Overdue after an outage, and inputs that come after the judgement. */
#include "support/runner.h"

#include "world.h"

/* Every overdue step of a crisis fires at once, as one notice to each person, marked late. */
static void test_casework_overdue_crisis_fires_at_once_merged(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * SECOND);
    world_show(world, SHOW_NOTICES);
    world_jump(world, 12 * MINUTE);
    world_expect(world, "0:01:05 notice 0#1 duty voice late merged 3\n"
                        "0:01:05 notice 0#1 psych voice late merged 3\n"
                        "0:01:05 notice 0#1 teacher voice late merged 3\n"
                        "0:02:00 notice 1#0 mum sms late\n"
                        "0:02:00 notice 1#0 dad sms late\n"
                        "0:03:00 notice emergency_call/breach#0 boss voice late merged 4\n"
                        "0:10:00 notice 3#0 desk voice late\n");
    world_free(world);
}

/* Other plans fire the first overdue step and keep the later gaps from it. */
static void test_casework_overdue_warning_keeps_its_gaps(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.kind = STR_LITERAL("bullying");
    signal.level = CASE_LEVEL_WARNING;
    world_send(world, signal);
    world_run(world, 10 * MINUTE);
    world_show(world, SHOW_NOTICES);
    world_jump(world, 5 * HOUR);
    world_expect(world, "1:00:00 notice 1#0 head wecom late\n");
    world_run(world, 6 * HOUR);
    world_expect(world, "5:05:00 notice 1#1 head sms\n");
    world_run(world, 6 * HOUR + 1);
    world_expect(world, "6:00:00 notice 2#0 duty wecom\n"); /* an hour after it, as planned */
    world_free(world);
}

static void test_casework_missed_occurrences_fire_once_with_their_count(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(
        world_do(world, world_command(world, CASE_COMMAND_NOTE, "duty", "duty_leader")), "applied");
    world_jump(world, 9 * HOUR);
    assert_int_equal(world_obligation(world, "follow_up")->owed, 4);
    assert_int_equal(world_obligation(world, "follow_up")->due_ms, WORLD_START_MS + 10 * HOUR);
    assert_int_equal(world_obligation(world, "follow_up")->state, OBLIGATION_BREACHED);
    world_free(world);
}

/* The acknowledgement that waits in the log beats the overdue step. */
static void test_casework_ack_in_the_log_beats_the_overdue_step(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    struct case_command ack = world_command(world, CASE_COMMAND_ACKNOWLEDGE, "boss", "principal");
    assert_string_equal(world_do_at(world, ack, 4 * MINUTE),
                        "applied"); /* read before any timer fired */
    world_show(world, SHOW_NOTICES);
    world_jump(world, 8 * MINUTE);
    assert_int_equal(world_count(world, "boss", "2"), 0);
    assert_int_equal(world_count(world, "duty", "0"), 0);
    assert_int_equal(world_count(world, "mum", "1"), 1); /* not covered */
    world_free(world);
}

/* An acknowledgement older than a step that fired takes it back. */
static void test_casework_earlier_ack_corrects_a_fired_step(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 3 * MINUTE + 1);
    assert_int_equal(world_count(world, "boss", "2"), 2);
    world_show(world, SHOW_JOURNAL);
    const char *const actors[][2] = {
        {"duty", "duty_leader"}, {"psych", "psych_teacher"}, {"teacher", "class_teacher"}};
    for (size_t i = 0; i < 3; i++) {
        struct case_command ack =
            world_command(world, CASE_COMMAND_ACKNOWLEDGE, actors[i][0], actors[i][1]);
        assert_string_equal(world_do_at(world, ack, 2 * MINUTE + 59 * SECOND), "applied");
    }
    assert_true(world_is_cancelled(world, "boss", "2"));
    assert_int_equal(world_case(world)->steps[2].state, STEP_UNNEEDED);
    world_free(world);
}

static void test_casework_earlier_report_corrects_a_breach(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 30 * MINUTE + 1);
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_BREACHED);
    struct case_command met = world_command(world, CASE_COMMAND_MET, "duty", "duty_leader");
    met.obligation = STR_LITERAL("phone_report");
    met.performed_ms = WORLD_START_MS + 20 * MINUTE;
    world_show(world, SHOW_JOURNAL);
    assert_string_equal(world_do_at(world, met, 29 * MINUTE + 59 * SECOND), "applied");
    assert_true(world_is_cancelled(world, "boss", "phone_report/breach"));
    world_expect(world, "0:29:59 obligation_corrected obligation=phone_report\n"
                        "0:29:59 obligation_met obligation=phone_report\n"
                        "0:29:59 command command=met via=console applied\n");
    assert_false(world_obligation(world, "phone_report")->recorded_late);
    world_free(world);
}

/* Judged by its broker time even when no timer has fired yet. */
static void test_casework_report_in_the_log_after_its_deadline_is_breached_first(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    struct case_command met = world_command(world, CASE_COMMAND_MET, "duty", "duty_leader");
    met.obligation = STR_LITERAL("phone_report");
    met.performed_ms = WORLD_START_MS + 22 * MINUTE;
    world_show(world, SHOW_ALERTS);
    assert_string_equal(world_do_at(world, met, 41 * MINUTE), "applied");
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_MET);
    assert_true(world_obligation(world, "phone_report")->recorded_late);
    world_free(world);
}

/* A word shortly before the end of the outage does not hide that the rest is overdue. */
static void test_casework_outage_is_one_whatever_was_said_meanwhile(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 12 * MINUTE); /* the bureau's step repeats by now */
    struct case_command note = world_command(world, CASE_COMMAND_NOTE, "psych", "psych_teacher");
    assert_string_equal(world_do_at(world, note, 2 * HOUR - 1 * SECOND), "applied");
    assert_int_equal(world_count(world, "duty", "phone_report/breach"),
                     1); /* judged by the note's time, merged */
    world_show(world, SHOW_NOTICES);
    world_jump(world, 2 * HOUR - 1);
    assert_int_equal(world_count(world, "desk", ""), 1); /* not two hours of repeats */
    assert_int_equal(world_count(world, "duty", ""), 1);
    world_free(world);
}

/* Reported after its own deadlines: breached at once, by nobody's outage. */
static void test_casework_report_after_its_deadlines_is_not_late_by_us(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.discovered_ms = WORLD_START_MS - 40 * MINUTE;
    world_show(world, SHOW_NOTICES);
    world_send(world, signal);
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_BREACHED);
    world_expect(world, "0:00:00 notice phone_report/breach#0 duty voice+sms\n"
                        "0:00:00 notice phone_report/breach#0 boss voice+sms\n"
                        "0:00:00 notice 0#0 duty voice+sms+wecom\n"
                        "0:00:00 notice 0#0 psych voice+sms+wecom\n"
                        "0:00:00 notice 0#0 teacher voice+sms+wecom\n");
    world_free(world);
}

/* Nothing changes when a case is taken out and put back, as a restore does. */
static void test_casework_restored_case_goes_on(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    struct casework *casework = world_casework(world);
    struct casefile file = *world_case(world); /* its block lives until the next step */
    assert_int_equal(casework_put(casework, &file), 0);
    world_show(world, SHOW_NOTICES);
    world_run(world, 2 * MINUTE + 1);
    world_expect(world, "0:01:05 notice 0#1 duty voice\n"
                        "0:01:05 notice 0#1 psych voice\n"
                        "0:01:05 notice 0#1 teacher voice\n"
                        "0:02:00 notice 1#0 mum sms\n"
                        "0:02:00 notice 1#0 dad sms\n");
    world_free(world);
}

/* Read after its expiry was judged, an acknowledgement of before takes up the one that there is: it adds none, and stops what
 * the person was called with in between. */
static void test_casework_earlier_ack_takes_up_the_expired_one(void **state)
{
    struct world *world = world_new();
    size_t active = 0;
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_ack(world, "teacher", "class_teacher"), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 12 * MINUTE);
    assert_true(world_count(world, "teacher", "0") > 0); /* expired, and called again */
    for (int i = 0; i < 3; i++) {
        struct case_command ack =
            world_command(world, CASE_COMMAND_ACKNOWLEDGE, "teacher", "class_teacher");
        assert_string_equal(world_do_at(world, ack, (5 + i) * MINUTE), "applied");
    }
    assert_true(world_is_cancelled(world, "teacher", "0"));
    const struct casefile *file = world_case(world);
    for (size_t i = 0; i < file->ack_count; i++) {
        active += file->acks[i].state == ACK_ACTIVE && str_is(file->acks[i].person, "teacher");
    }
    assert_int_equal(file->ack_count, 1);
    assert_int_equal(active, 1);
    /* From the last call, at 11:05, not from what was said before it. */
    assert_int_equal(file->acks[0].expires_ms, WORLD_START_MS + 21 * MINUTE + 5 * SECOND);
    world_free(world);
}

/* Our clock is ahead of the broker's by more than an acknowledgement lives: what is said would have lapsed when it comes, and ring
 * again at once whoever said it. */
static void test_casework_acknowledgement_by_a_clock_behind_ours_holds(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 20 * MINUTE);
    struct case_command ack = world_command(world, CASE_COMMAND_ACKNOWLEDGE, "duty", "duty_leader");
    assert_string_equal(world_do_at(world, ack, 3 * MINUTE), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 22 * MINUTE);
    assert_int_equal(world_count(world, "duty", "0"), 0);
    world_run(world, 31 * MINUTE);
    assert_true(world_count(world, "duty", "0") > 0); /* it lives no longer than another */
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_overdue_crisis_fires_at_once_merged),
        cmocka_unit_test(test_casework_overdue_warning_keeps_its_gaps),
        cmocka_unit_test(test_casework_missed_occurrences_fire_once_with_their_count),
        cmocka_unit_test(test_casework_ack_in_the_log_beats_the_overdue_step),
        cmocka_unit_test(test_casework_earlier_ack_takes_up_the_expired_one),
        cmocka_unit_test(test_casework_acknowledgement_by_a_clock_behind_ours_holds),
        cmocka_unit_test(test_casework_earlier_ack_corrects_a_fired_step),
        cmocka_unit_test(test_casework_earlier_report_corrects_a_breach),
        cmocka_unit_test(test_casework_report_in_the_log_after_its_deadline_is_breached_first),
        cmocka_unit_test(test_casework_outage_is_one_whatever_was_said_meanwhile),
        cmocka_unit_test(test_casework_report_after_its_deadlines_is_not_late_by_us),
        cmocka_unit_test(test_casework_restored_case_goes_on),
    };
    return RUN_TESTS(argc, argv, tests);
}
