/* Steps: who is called when, until somebody has it. */
#include "support/runner.h"

#include "world.h"
#include "world_people.h"

static void test_casework_crisis_calls_step_after_step(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    world_expect(world, "0:00:00 notice 0#0 duty voice+sms+wecom\n"
                        "0:00:00 notice 0#0 psych voice+sms+wecom\n"
                        "0:00:00 notice 0#0 teacher voice+sms+wecom\n");
    world_run(world, 3 * MINUTE + 1);
    world_expect(world, "0:01:05 notice 0#1 duty voice\n"
                        "0:01:05 notice 0#1 psych voice\n"
                        "0:01:05 notice 0#1 teacher voice\n"
                        "0:02:00 notice 1#0 mum sms\n"
                        "0:02:00 notice 1#0 dad sms\n"
                        "0:02:10 notice 0#2 duty voice\n"
                        "0:02:10 notice 0#2 psych voice\n"
                        "0:02:10 notice 0#2 teacher voice\n"
                        "0:03:00 notice emergency_call/breach#0 duty voice\n"
                        "0:03:00 notice emergency_call/breach#0 psych voice\n"
                        "0:03:00 notice emergency_call/breach#0 teacher voice\n"
                        "0:03:00 notice emergency_call/breach#0 boss voice\n"
                        "0:03:00 notice 2#0 boss voice+sms\n");
    world_free(world);
}

static void test_casework_last_step_of_a_crisis_repeats_until_acked(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 10 * MINUTE);
    world_show(world, SHOW_NOTICES);
    world_run(world, 22 * MINUTE);
    assert_int_equal(world_count(world, "desk", "3"), 8); /* 10:00 11:05 12:10, 15:00 …, 20:00 … */
    assert_string_equal(world_ack(world, "desk", "bureau_duty"), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 29 * MINUTE);
    assert_int_equal(world_count(world, "desk", "3"), 0);
    world_free(world);
}

/* Nobody has said that they have it: the last step that still asks anybody takes its turn. */
static void test_casework_step_before_a_last_one_that_stops_goes_on(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 9 * MINUTE);
    assert_string_equal(world_met(world, "on_scene", 9 * MINUTE), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 22 * MINUTE);
    assert_int_equal(world_count(world, "desk", "3"), 0);
    /* 10:00 11:05 12:10, 15:00 …, 20:00 …; with an SMS at the first of each three */
    assert_int_equal(world_count(world, "boss", "2"), 11);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 29 * MINUTE);
    assert_int_equal(world_count(world, "boss", "2"), 0);
    world_run(
        world,
        60 *
            MINUTE); /* lapsed after ten minutes: the ladder starts anew, and does not end either */
    assert_int_equal(world_case(world)->steps[2].state, STEP_FIRING);
    world_free(world);
}

static void test_casework_step_before_an_empty_last_one_goes_on(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_people_remove(world_org(world), "c1", "desk");
    world_people_remove(world_org(world), "c1", "chief");
    world_people_remove(world_org(world), "c1", "centre");
    world_send(world, world_signal(world));
    world_run(world, 9 * MINUTE);
    world_show(world, SHOW_NOTICES);
    world_run(world, 22 * MINUTE);
    assert_int_equal(world_count(world, "boss", "2"), 11);
    world_free(world);
}

static void test_casework_step_stops_once_its_obligation_is_met(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_met(world, "guardian_contact", 50 * SECOND), "applied");
    world_run(world, 9 * MINUTE + 59 * SECOND);
    assert_string_equal(world_met(world, "on_scene", 9 * MINUTE), "applied");
    world_run(world, 30 * MINUTE - 1);
    assert_int_equal(world_count(world, "mum", "1"), 0);
    assert_int_equal(world_count(world, "desk", "3"), 0);
    world_free(world);
}

/* One channel after the other below high, until a human was reached. */
static void test_casework_below_high_channels_come_in_turn(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.kind = STR_LITERAL("bullying");
    signal.level = CASE_LEVEL_WARNING;
    world_show(world, SHOW_NOTICES);
    world_send(world, signal);
    world_expect(world, "0:00:00 notice 0#0 teacher wecom\n"
                        "0:00:00 notice 0#0 psych wecom\n");
    world_run(world, 1 * MINUTE);
    world_receipt(world, "teacher", CASE_CHANNEL_WECOM,
                  CASE_DELIVERY_DELIVERED); /* is not reached */
    world_receipt(world, "psych", CASE_CHANNEL_WECOM, CASE_DELIVERY_REACHED);
    world_run(world, 59 * MINUTE);
    world_expect(world, "0:05:00 notice 0#1 teacher sms\n");
    world_run(world, 60 * MINUTE + 1);
    world_expect(world, "1:00:00 notice 1#0 head wecom\n");
    world_free(world);
}

static void test_casework_empty_step_is_skipped_at_once(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.kind = STR_LITERAL("bullying");
    signal.level = CASE_LEVEL_WARNING;
    world_people_remove(world_org(world), "s1", "head");
    world_send(world, signal);
    world_show(world, SHOW_NOTICES | SHOW_ALERTS | SHOW_JOURNAL);
    world_run(world, 60 * MINUTE + 1);
    world_expect(world, "0:05:00 notice 0#1 teacher sms\n"
                        "0:05:00 notice 0#1 psych sms\n"
                        "1:00:00 step_skipped step=1 reason=empty\n"
                        "1:00:00 roster_gap step=1 gap=no_holder\n"
                        "1:00:00 alert roster_gap\n"
                        "1:00:00 notice 2#0 duty wecom\n"); /* an hour before its time */
    world_free(world);
}

/* A crisis whose guardians are told one after the other from the first minute on. */
static struct world *ordered_world(void)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    signal.kind = STR_LITERAL("left_campus");
    world_send(world, signal);
    world_run(world, 59 * SECOND);
    return world;
}

static void test_casework_guardians_are_called_in_their_order(void **state)
{
    struct world *world = ordered_world();
    (void)state;
    world_run(world, 1 * MINUTE + 1);
    assert_int_equal(world_count(world, "mum", "1"), 2); /* call and SMS */
    assert_int_equal(world_count(world, "dad", "1"), 0);
    world_run(world, 2 * MINUTE + 4 * SECOND);
    assert_int_equal(world_count(world, "mum", "1"), 2);
    world_run(world, 2 * MINUTE + 5 * SECOND + 1);
    assert_int_equal(world_count(world, "mum", "1"), 3); /* called again, at least a minute later */
    assert_int_equal(world_count(world, "dad", "1"), 0);
    world_receipt(world, "mum", CASE_CHANNEL_SMS, CASE_DELIVERY_DELIVERED); /* is not reached */
    world_run(world, 3 * MINUTE + 10 * SECOND + 1);
    assert_int_equal(world_count(world, "dad", "1"), 2);
    world_run(world, 29 * MINUTE);
    assert_int_equal(world_count(world, "dad", "1"), 3);
    assert_int_equal(world_count(world, "mum", "1"), 3); /* and nobody a third time */
    world_free(world);
}

static void test_casework_guardians_end_with_the_first_who_is_reached(void **state)
{
    struct world *world = ordered_world();
    (void)state;
    world_run(world, 1 * MINUTE + 1);
    world_receipt(world, "mum", CASE_CHANNEL_VOICE, CASE_DELIVERY_REACHED);
    world_run(world, 29 * MINUTE);
    assert_int_equal(world_count(world, "mum", "1"), 2);
    assert_int_equal(world_count(world, "dad", "1"), 0);
    world_free(world);
    world = ordered_world();
    world_run(world, 1 * MINUTE + 1);
    assert_string_equal(world_met(world, "guardian_contact", 60 * SECOND), "applied");
    world_run(world, 29 * MINUTE);
    assert_int_equal(world_count(world, "dad", "1"), 0);
    world_free(world);
}

static void test_casework_guardians_pass_over_who_is_gone_or_kept_out(void **state)
{
    struct world *world = ordered_world();
    (void)state;
    world_people_remove(world_org(world), "s1", "mum");
    world_run(world, 1 * MINUTE + 1);
    assert_int_equal(world_count(world, "dad", "1"), 2); /* at once in her place */
    world_free(world);
    world = ordered_world();
    world_run(world, 1 * MINUTE + 1);
    world_people_remove(world_org(world), "s1", "mum");
    world_run(world, 2 * MINUTE + 5 * SECOND + 1);
    assert_int_equal(world_count(world, "dad", "1"), 2); /* her second call is his first */
    world_free(world);
}

static void test_casework_last_responder_is_called_when_nobody_is_left(void **state)
{
    static const char *const gone[] = {"duty", "deputy", "psych", "teacher",
                                       "aide", "boss",   "head"};
    struct world *world = world_new();
    (void)state;
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        world_people_remove(world_org(world), "s1", gone[i]);
    }
    world_people_remove(world_org(world), "c1", "chief");
    world_people_remove(world_org(world), "c1", "desk");
    world_people_remove(world_org(world), "c1", "centre");
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    world_run(world, 65 * SECOND); /* called at once, and again like any other */
    world_expect(world, "0:00:00 notice 4#0 last voice+sms\n");
    world_run(world, 11 * MINUTE);
    assert_int_equal(world_count(world, "last", "4"), 8);
    assert_string_equal(world_ack(world, "last", "last_responder"), "applied");
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_free(world);
}

/* The substitute takes the role of one who cannot be reached. */
static void test_casework_unreachable_person_is_replaced(void **state)
{
    struct world *world = world_new();
    struct org_holding holding = {ORG_ROLE_DUTY_LEADER, STR_LITERAL(""), STR_LITERAL("deputy")};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = STR_LITERAL("duty"),
                                           .unit = STR_LITERAL("s1"),
                                           .kind = ORG_PERSON_STAFF,
                                           .holdings = &holding,
                                           .holding_count = 1}};
    (void)state;
    assert_int_equal(org_put(world_org(world), &record), 0);
    world_send(world, world_signal(world));
    assert_int_equal(world_count(world, "duty", ""), 0);
    assert_int_equal(world_count(world, "deputy", "0"), 3);
    world_free(world);
}

/* The roster of the instant at which the step fires counts, and stays in the case. */
static void test_casework_roles_are_resolved_when_a_step_fires(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    world_people_remove(world_org(world), "s1", "boss");
    world_run(world, 4 * MINUTE);
    assert_int_equal(world_count(world, "boss", "2"), 0);
    assert_int_equal(world_count(world, "chief", "2"), 2); /* the role above stands in */
    world_free(world);
}

static void test_casework_general_policies_never_judge_a_case_of_staff(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.subject = STR_LITERAL("teacher");
    signal.subject_kind = CASE_SUBJECT_STAFF;
    signal.party_count = 0;
    world_send(world, signal);
    assert_true(str_is(world_case(world)->policy, "test/staff"));
    world_run(world, 20 * MINUTE);
    assert_int_equal(world_count(world, "teacher", ""), 0);
    assert_int_equal(world_count(world, "mum", ""), 0);
    assert_int_equal(world_count(world, "boss", "0"), 4);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_crisis_calls_step_after_step),
        cmocka_unit_test(test_casework_last_step_of_a_crisis_repeats_until_acked),
        cmocka_unit_test(test_casework_step_before_a_last_one_that_stops_goes_on),
        cmocka_unit_test(test_casework_step_before_an_empty_last_one_goes_on),
        cmocka_unit_test(test_casework_step_stops_once_its_obligation_is_met),
        cmocka_unit_test(test_casework_below_high_channels_come_in_turn),
        cmocka_unit_test(test_casework_empty_step_is_skipped_at_once),
        cmocka_unit_test(test_casework_guardians_are_called_in_their_order),
        cmocka_unit_test(test_casework_guardians_end_with_the_first_who_is_reached),
        cmocka_unit_test(test_casework_guardians_pass_over_who_is_gone_or_kept_out),
        cmocka_unit_test(test_casework_last_responder_is_called_when_nobody_is_left),
        cmocka_unit_test(test_casework_unreachable_person_is_replaced),
        cmocka_unit_test(test_casework_roles_are_resolved_when_a_step_fires),
        cmocka_unit_test(test_casework_general_policies_never_judge_a_case_of_staff),
    };
    return RUN_TESTS(argc, argv, tests);
}
