/* Signals and episodes: what merges, what rings again, how a level moves. */
#include "support/runner.h"

#include "world.h"

static void test_casework_reports_within_ten_minutes_are_one_episode(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 9 * MINUTE);
    world_show(world, SHOW_JOURNAL);
    world_send(world, world_signal(world));
    world_expect(world, "0:09:00 signal_joined\n");
    assert_int_equal(world_case(world)->episode_count, 1);
    assert_int_equal(casework_case_count(world_casework(world)), 1);
    world_run(world, 10 * MINUTE + 1);
    world_send(world, world_signal(world));
    assert_int_equal(world_case(world)->episode_count, 2);
    world_free(world);
}

static void test_casework_acknowledged_episode_takes_no_second_happening(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_run(world, 5 * MINUTE);
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    assert_int_equal(world_case(world)->episode_count, 2);
    assert_int_equal(world_case(world)->state,
                     CASE_OPEN); /* earlier acknowledgements do not count */
    assert_int_equal(world_count(world, "duty", "0"), 3);
    world_free(world);
}

static void settle(struct world *world)
{
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    assert_string_equal(
        world_do(world, world_command(world, CASE_COMMAND_SETTLE, "duty", "duty_leader")),
        "applied");
    assert_string_equal(world_met(world, "final_report", 20 * MINUTE), "applied");
    assert_int_equal(world_case(world)->state, CASE_MONITORING);
}

static void test_casework_second_incident_during_monitoring_rings_again(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 20 * MINUTE);
    settle(world);
    world_run(world, 3 * DAY);
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    world_expect(world, "72:00:00 notice 0#0 duty voice+sms+wecom\n"
                        "72:00:00 notice 0#0 psych voice+sms+wecom\n"
                        "72:00:00 notice 0#0 teacher voice+sms+wecom\n");
    assert_int_equal(casework_case_count(world_casework(world)), 1);
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    assert_int_equal(world_obligation(world, "phone_report")->due_ms,
                     WORLD_START_MS + 3 * (int64_t)DAY + 30 * MINUTE);
    world_free(world);
}

static void test_casework_other_family_is_another_case(void **state)
{
    struct world *world = world_new();
    struct case_signal signal;
    (void)state;
    world_send(world, world_signal(world));
    signal = world_signal(world);
    signal.kind = STR_LITERAL("bullying");
    signal.level = CASE_LEVEL_WARNING;
    world_send(world, signal);
    assert_int_equal(casework_case_count(world_casework(world)), 2);
    signal = world_signal(world);
    signal.kind = STR_LITERAL("self_harm_risk");
    signal.level = CASE_LEVEL_WARNING;
    signal.opens_episode = false;
    world_send(world, signal);
    assert_int_equal(casework_case_count(world_casework(world)), 2);
    world_free(world);
}

static void test_casework_level_up_plans_again_from_now(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.level = CASE_LEVEL_HIGH;
    world_send(world, signal);
    assert_string_equal(world_ack(world, "psych", "psych_teacher"), "applied");
    world_run(world, 10 * MINUTE);
    uint32_t generation = world_case(world)->generation;
    signal = world_signal(world);
    signal.opens_episode = false;
    world_show(world, SHOW_NOTICES | SHOW_ALERTS);
    world_send(world, signal);
    assert_int_equal(world_case(world)->generation, generation + 1);
    world_expect(world, "0:10:00 alert raised\n"
                        "0:10:00 notice 0#0 duty voice+sms+wecom\n"
                        "0:10:00 notice 0#0 psych voice+sms+wecom\n"
                        "0:10:00 notice 0#0 teacher voice+sms+wecom\n");
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    world_run(world, 13 * MINUTE + 1);
    assert_int_equal(world_count(world, "boss", "2"), 2);
    world_free(world);
}

/* What was done of the episode is not asked for again. */
static void test_casework_level_up_keeps_what_was_done(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    struct case_command up;
    (void)state;
    signal.place = CASE_PLACE_OFF_CAMPUS;
    signal.level = CASE_LEVEL_HIGH;
    world_send(world, signal);
    assert_string_equal(world_met(world, "interview_done", 0), "applied");
    up = world_command(world, CASE_COMMAND_CHANGE_LEVEL, "duty", "duty_leader");
    up.level = CASE_LEVEL_CRISIS;
    assert_string_equal(world_do(world, up), "applied");
    assert_int_equal(world_obligation(world, "interview_done")->state, OBLIGATION_MET);
    assert_int_equal(world_case(world)->obligation_count, 1);
    world_free(world);
}

static void test_casework_level_goes_down_only_by_a_psychology_teacher(void **state)
{
    struct world *world = world_new();
    struct case_command down;
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 30 * SECOND);
    down = world_command(world, CASE_COMMAND_CHANGE_LEVEL, "boss", "principal");
    down.level = CASE_LEVEL_HIGH;
    down.reason_code = STR_LITERAL("calm");
    assert_string_equal(world_do(world, down), "not_psych_teacher");
    down.actor = STR_LITERAL("psych");
    down.actor_role = STR_LITERAL("psych_teacher");
    down.reason_code = STR_LITERAL("");
    assert_string_equal(world_do(world, down), "reason_missing");
    down.reason_code = STR_LITERAL("calm");
    down.level = CASE_LEVEL_WARNING;
    assert_string_equal(world_do(world, down), "one_step_at_a_time");
    down.level = CASE_LEVEL_HIGH;
    world_show(world, SHOW_NOTICES);
    assert_string_equal(world_do(world, down), "applied");
    assert_true(world_is_cancelled(world, "duty", "0"));
    world_expect(world, ""); /* nobody who knows is called once more */
    assert_int_equal(world_case(world)->level, CASE_LEVEL_HIGH);
    world_free(world);
}

static void test_casework_signal_never_lowers(void **state)
{
    struct world *world = world_new();
    struct case_signal signal;
    (void)state;
    world_send(world, world_signal(world));
    signal = world_signal(world);
    signal.level = CASE_LEVEL_ATTENTION;
    signal.opens_episode = false;
    world_send(world, signal);
    assert_int_equal(world_case(world)->level, CASE_LEVEL_CRISIS);
    world_free(world);
}

/* What is joined by a person goes to the owner at once, by voice. */
static void test_casework_person_joins_two_episodes(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_run(world, 5 * MINUTE);
    world_send(world, world_signal(world));
    assert_int_equal(world_case(world)->episode, 2);
    world_show(world, SHOW_NOTICES);
    struct case_command join =
        world_command(world, CASE_COMMAND_JOIN_EPISODES, "duty", "duty_leader");
    join.other_case = join.case_id;
    assert_string_equal(world_do(world, join), "applied");
    assert_int_equal(world_case(world)->episode, 1);
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    assert_int_equal(world_count(world, "boss", "joined/e2"), 1);
    assert_true(world_is_cancelled(world, "duty", "0"));
    world_free(world);
}

/* A report of an unknown pupil turns out to be of a case that is open already. */
static void test_casework_person_joins_two_cases(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    world_send(world, signal);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    signal = world_signal(world);
    signal.subject = STR_LITERAL("u-1");
    signal.subject_kind = CASE_SUBJECT_UNRESOLVED;
    world_send(world, signal);
    struct ident other = world_case(world)->id;
    world_select(world, 0);
    struct case_command join =
        world_command(world, CASE_COMMAND_JOIN_EPISODES, "duty", "duty_leader");
    join.other_case = (struct ident){{7}};
    assert_string_equal(world_do(world, join), "unknown_case");
    world_show(world, SHOW_NOTICES);
    join = world_command(world, CASE_COMMAND_JOIN_EPISODES, "duty", "duty_leader");
    join.other_case = other;
    assert_string_equal(world_do(world, join), "applied");
    assert_int_equal(world_count(world, "boss", ""), 1);
    assert_int_equal(casework_get(world_casework(world), other)->state, CASE_CLOSED);
    assert_true(world_is_cancelled(world, "duty", "0"));
    world_free(world);
}

static void test_casework_signal_merged_later_goes_to_the_owner(void **state)
{
    struct world *world = world_new();
    struct case_signal signal;
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    signal = world_signal(world);
    signal.opens_episode = false;
    world_show(world, SHOW_NOTICES);
    world_send(world, signal);
    assert_int_equal(world_count(world, "boss", ""), 1);
    assert_int_equal(world_count(world, "duty", ""), 0);
    world_free(world);
}

static void test_casework_closed_case_is_followed_by_a_new_one(void **state)
{
    struct world *world = world_new();
    struct case_command close;
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.level = CASE_LEVEL_ATTENTION;
    world_send(world, signal);
    assert_string_equal(
        world_do(world, world_command(world, CASE_COMMAND_SETTLE, "psych", "psych_teacher")),
        "applied");
    close = world_command(world, CASE_COMMAND_CLOSE, "psych", "psych_teacher");
    close.code = STR_LITERAL("benign");
    assert_string_equal(world_do(world, close), "applied");
    world_send(world, world_signal(world));
    assert_int_equal(casework_case_count(world_casework(world)), 2);
    assert_int_equal(world_case(world)->number, 2);
    world_free(world);
}

static void test_casework_history_pages_nobody(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.silent = true;
    world_send(world, signal);
    world_run(world, 3 * DAY);
    assert_int_equal(world_count(world, "duty", ""), 0);
    world_send(world, world_signal(world)); /* what happens now rings */
    assert_int_equal(world_count(world, "duty", "0"), 3);
    world_free(world);
}

static void test_casework_tell_and_ask(void **state)
{
    static const struct str roles[] = {{"class_teacher", 13}};
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.level = CASE_LEVEL_WARNING;
    signal.kind = STR_LITERAL("self_harm_risk");
    signal.opens_episode = false;
    signal.tell = roles;
    signal.tell_count = 1;
    signal.ask_interview = STR_LITERAL("24h");
    world_send(world, signal);
    assert_int_equal(world_obligation(world, "interview")->due_ms, WORLD_START_MS + 24 * HOUR);
    assert_int_equal(world_count(world, "teacher", ""), 2); /* step and tell */
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_reports_within_ten_minutes_are_one_episode),
        cmocka_unit_test(test_casework_acknowledged_episode_takes_no_second_happening),
        cmocka_unit_test(test_casework_second_incident_during_monitoring_rings_again),
        cmocka_unit_test(test_casework_other_family_is_another_case),
        cmocka_unit_test(test_casework_level_up_plans_again_from_now),
        cmocka_unit_test(test_casework_level_up_keeps_what_was_done),
        cmocka_unit_test(test_casework_level_goes_down_only_by_a_psychology_teacher),
        cmocka_unit_test(test_casework_signal_never_lowers),
        cmocka_unit_test(test_casework_person_joins_two_episodes),
        cmocka_unit_test(test_casework_person_joins_two_cases),
        cmocka_unit_test(test_casework_signal_merged_later_goes_to_the_owner),
        cmocka_unit_test(test_casework_closed_case_is_followed_by_a_new_one),
        cmocka_unit_test(test_casework_history_pages_nobody),
        cmocka_unit_test(test_casework_tell_and_ask),
    };
    return RUN_TESTS(argc, argv, tests);
}
