/* Obligations: clocks, evidence, consequences. */
#include "support/runner.h"

#include "world.h"

static struct world *crisis(void)
{
    struct world *world = world_new();
    world_send(world, world_signal(world));
    return world;
}

static void test_casework_phone_report_at_29_59_is_met(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 29 * MINUTE + 59 * SECOND);
    assert_string_equal(world_met(world, "phone_report", 29 * MINUTE + 59 * SECOND), "applied");
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_MET);
    world_run(world, 40 * MINUTE);
    assert_int_equal(world_count(world, "boss", "phone_report/breach"), 0);
    world_free(world);
}

static void test_casework_phone_report_at_30_01_is_breached_and_met_late(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 30 * MINUTE + 1 * SECOND);
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_BREACHED);
    assert_int_equal(world_count(world, "boss", "phone_report/breach"),
                     2); /* by voice and message */
    assert_int_equal(world_count(world, "duty", "phone_report/breach"), 2);
    assert_string_equal(world_met(world, "phone_report", 30 * MINUTE + 1 * SECOND), "applied");
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_MET_LATE);
    assert_false(world_obligation(world, "phone_report")->recorded_late);
    world_free(world);
}

/* Performed in time and written down too late: breached first, then met by a new line. */
static void test_casework_phone_report_performed_at_22_recorded_at_41(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 15 * MINUTE + 1);
    world_show(world, SHOW_JOURNAL | SHOW_ALERTS);
    world_run(world, 30 * MINUTE + 1);
    world_expect(world, "0:30:00 obligation_breached obligation=phone_report\n"
                        "0:30:00 alert breached\n");
    world_run(world, 41 * MINUTE);
    assert_string_equal(world_met(world, "phone_report", 22 * MINUTE), "applied");
    world_expect(world, "0:41:00 obligation_met obligation=phone_report recorded_late=true\n"
                        "0:41:00 command command=met via=console applied\n");
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_MET);
    assert_true(world_obligation(world, "phone_report")->recorded_late);
    world_free(world);
}

static void test_casework_anchor_discovered_starts_the_clock_before_the_report(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.discovered_ms = WORLD_START_MS - 20 * MINUTE;
    world_send(world, signal);
    assert_int_equal(world_obligation(world, "phone_report")->due_ms, WORLD_START_MS + 10 * MINUTE);
    world_run(world, 6 * MINUTE);
    assert_int_equal(world_count(world, "duty", "phone_report/warn/1"), 0); /* lay in the past */
    assert_int_equal(world_count(world, "duty", "phone_report/warn/2"),
                     1); /* 25 minutes after the discovery */
    world_free(world);
}

static void test_casework_performed_later_than_recorded_is_cut(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 5 * MINUTE);
    assert_string_equal(world_met(world, "on_scene", 50 * MINUTE), "applied");
    assert_int_equal(world_obligation(world, "on_scene")->performed_ms,
                     WORLD_START_MS + 5 * MINUTE);
    world_free(world);
}

static void test_casework_warnings_go_to_the_owner(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 14 * MINUTE);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 14 * MINUTE + 59 * SECOND);
    assert_int_equal(world_count(world, "duty", ""), 0);
    world_run(world, 25 * MINUTE + 1);
    assert_int_equal(world_count(world, "duty", "phone_report/warn/1"), 1);
    assert_int_equal(world_count(world, "duty", "phone_report/warn/2"), 1);
    assert_int_equal(world_count(world, "psych", "phone_report/warn/1"), 0);
    assert_string_equal(world_met(world, "phone_report", 25 * MINUTE), "applied");
    assert_true(world_is_cancelled(world, "duty",
                                   "phone_report/warn/2")); /* what is still queued is stale */
    world_free(world);
}

static struct case_command met(struct world *world, const struct case_evidence *evidence,
                               size_t count)
{
    struct case_command command = world_command(world, CASE_COMMAND_MET, "duty", "duty_leader");
    command.obligation = STR_LITERAL("emergency_call");
    command.evidence = evidence;
    command.evidence_count = count;
    return command;
}

static void test_casework_evidence_is_asked_for(void **state)
{
    const struct case_evidence wrong[] = {
        {.key = STR_LITERAL("caller"), .sealed = STR_LITERAL("x")},
        {.key = STR_LITERAL("call"), .code = STR_LITERAL("119")}};
    const struct case_evidence unreasoned[] = {
        {.key = STR_LITERAL("caller"), .sealed = STR_LITERAL("x")},
        {.key = STR_LITERAL("call"), .code = STR_LITERAL("not_needed")}};
    const struct case_evidence reasoned[] = {
        {.key = STR_LITERAL("caller"), .sealed = STR_LITERAL("x")},
        {.key = STR_LITERAL("call"), .code = STR_LITERAL("not_needed")},
        {.key = STR_LITERAL("reason"), .sealed = STR_LITERAL("x")}};
    /* A word in clear where the policy wants a text, or under a key that it does not know. */
    const struct case_evidence in_clear[] = {
        {.key = STR_LITERAL("caller"), .code = STR_LITERAL("made-up-name")},
        {.key = STR_LITERAL("call"), .code = STR_LITERAL("120")}};
    const struct case_evidence unknown[] = {
        {.key = STR_LITERAL("caller"), .sealed = STR_LITERAL("x")},
        {.key = STR_LITERAL("call"), .code = STR_LITERAL("120")},
        {.key = STR_LITERAL("note"), .code = STR_LITERAL("made-up-name")}};
    struct world *world = crisis();
    (void)state;
    assert_string_equal(world_do(world, met(world, in_clear, 2)), "evidence_code");
    assert_string_equal(world_do(world, met(world, unknown, 3)), "evidence_code");
    assert_string_equal(world_do(world, met(world, NULL, 0)), "evidence_missing");
    assert_string_equal(world_do(world, met(world, wrong, 2)), "evidence_code");
    assert_string_equal(world_do(world, met(world, unreasoned, 2)), "evidence_missing");
    assert_int_equal(world_obligation(world, "emergency_call")->state, OBLIGATION_PENDING);
    assert_string_equal(world_do(world, met(world, reasoned, 3)), "applied");
    assert_int_equal(world_obligation(world, "emergency_call")->state, OBLIGATION_MET);
    world_free(world);
}

/* Nobody recorded the call: the next person is asked, in voice. */
static void test_casework_emergency_call_breach_asks_in_voice(void **state)
{
    struct world *world = crisis();
    (void)state;
    assert_string_equal(world_ack(world, "duty", "duty_leader"), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 3 * MINUTE - 1);
    assert_int_equal(world_count(world, "boss", "emergency_call/breach"), 0);
    world_run(world, 3 * MINUTE + 1);
    assert_int_equal(world_count(world, "boss", "emergency_call/breach"), 1);
    assert_int_equal(world_count(world, "duty", "emergency_call/breach"),
                     1); /* the first acknowledger */
    assert_int_equal(world_count(world, "psych", "emergency_call/breach"), 0);
    world_free(world);
}

static void test_casework_follow_up_comes_due_until_settled(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 2 * HOUR + 1);
    assert_int_equal(world_count(world, "duty", "follow_up/due/1"), 1);
    world_run(world, 3 * HOUR);
    assert_string_equal(world_met(world, "follow_up", 3 * HOUR), "applied");
    assert_int_equal(world_obligation(world, "follow_up")->done, 1);
    world_run(world, 4 * HOUR + 1);
    assert_int_equal(world_count(world, "duty", "follow_up/due/2"), 1);
    assert_int_equal(world_obligation(world, "follow_up")->due_ms,
                     WORLD_START_MS + 6 * HOUR); /* no drift */
    world_run(world, 6 * HOUR + 1);              /* the second was never made */
    assert_int_equal(world_obligation(world, "follow_up")->state, OBLIGATION_BREACHED);
    assert_int_equal(world_count(world, "boss", "follow_up/breach/3"), 2);
    assert_string_equal(world_met(world, "follow_up", 6 * HOUR), "applied");
    assert_int_equal(world_obligation(world, "follow_up")->state, OBLIGATION_PENDING);
    assert_string_equal(
        world_do(world, world_command(world, CASE_COMMAND_SETTLE, "duty", "duty_leader")),
        "applied");
    world_run(world, 9 * HOUR);
    assert_int_equal(world_count(world, "duty", "follow_up/due/4"), 0);
    world_free(world);
}

static void test_casework_waiver_needs_a_reason(void **state)
{
    struct world *world = crisis();
    struct case_command waive = world_command(world, CASE_COMMAND_WAIVE, "boss", "principal");
    (void)state;
    waive.obligation = STR_LITERAL("written_report");
    assert_string_equal(world_do(world, waive), "reason_missing");
    waive.reason_code = STR_LITERAL("told_in_person");
    assert_string_equal(world_do(world, waive), "applied");
    assert_int_equal(world_obligation(world, "written_report")->state, OBLIGATION_WAIVED);
    world_run(world, 3 * HOUR);
    assert_int_equal(world_count(world, "duty", "written_report/warn/1"), 0);
    world_free(world);
}

static void test_casework_recipient_confirms_or_returns(void **state)
{
    struct world *world = crisis();
    struct case_command answer;
    (void)state;
    world_run(world, 20 * MINUTE);
    assert_string_equal(world_met(world, "phone_report", 20 * MINUTE), "applied");
    answer = world_command(world, CASE_COMMAND_RESPOND, "boss", "principal");
    answer.obligation = STR_LITERAL("phone_report");
    answer.code = STR_LITERAL("returned");
    assert_string_equal(world_do(world, answer), "not_recipient");
    answer.actor = STR_LITERAL("desk");
    answer.actor_role = STR_LITERAL("bureau_duty");
    assert_string_equal(world_do(world, answer), "applied");
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_PENDING);
    world_run(world, 30 * MINUTE + 1);
    assert_int_equal(world_obligation(world, "phone_report")->state, OBLIGATION_BREACHED);
    world_free(world);
}

static struct case_command desk_says(struct world *world, enum case_command_kind kind,
                                     const char *obligation, const char *answer)
{
    struct case_command command = world_command(world, kind, "desk", "bureau_duty");
    command.obligation = str_of(obligation);
    command.code = str_of(answer);
    return command;
}

/* What is owed "after the confirmation" has no clock before the recipient confirms a report. */
static void test_casework_a_confirmed_report_starts_its_clock(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.kind = STR_LITERAL("dorm_missing");
    world_send(world, signal);
    world_run(world, 10 * MINUTE);
    assert_int_equal(world_obligation(world, "detailed_report")->anchor_ms, 0);
    assert_string_equal(
        world_do(world, desk_says(world, CASE_COMMAND_RESPOND, "first_report", "confirmed")),
        "not_reported");
    assert_string_equal(world_met(world, "first_report", 10 * MINUTE), "applied");
    assert_string_equal(
        world_do(world, desk_says(world, CASE_COMMAND_RESPOND, "first_report", "disputed")),
        "applied");
    assert_int_equal(world_obligation(world, "detailed_report")->anchor_ms, 0);
    world_run(world, 20 * MINUTE);
    assert_string_equal(
        world_do(world, desk_says(world, CASE_COMMAND_RESPOND, "first_report", "confirmed")),
        "applied");
    assert_int_equal(world_obligation(world, "detailed_report")->due_ms,
                     WORLD_START_MS + 80 * MINUTE);
    assert_int_equal(world_count(world, "boss", "detailed_report/due"), 1);
    world_run(world, 30 * MINUTE);
    assert_string_equal(
        world_do(world, desk_says(world, CASE_COMMAND_RESPOND, "first_report", "confirmed")),
        "applied");
    assert_int_equal(world_obligation(world, "detailed_report")->due_ms,
                     WORLD_START_MS + 80 * MINUTE); /* only the first one counts */
    world_free(world);
}

static void test_casework_a_returned_report_is_told_to_its_owner(void **state)
{
    struct world *world = crisis();
    (void)state;
    world_run(world, 20 * MINUTE);
    assert_string_equal(world_met(world, "phone_report", 20 * MINUTE), "applied");
    assert_string_equal(
        world_do(world, desk_says(world, CASE_COMMAND_RESPOND, "phone_report", "returned")),
        "applied");
    assert_int_equal(world_count(world, "duty", "phone_report/returned/1"), 1);
    assert_string_equal(world_met(world, "phone_report", 20 * MINUTE), "applied");
    assert_string_equal(
        world_do(world, desk_says(world, CASE_COMMAND_RESPOND, "phone_report", "returned")),
        "applied");
    assert_int_equal(world_count(world, "duty", "phone_report/returned/2"), 1);
    world_free(world);
}

static void test_casework_urging_tells_the_owner_once_in_five_minutes(void **state)
{
    struct world *world = crisis();
    struct case_command urge;
    (void)state;
    world_run(world, 6 * MINUTE);
    urge = desk_says(world, CASE_COMMAND_URGE, "phone_report", "");
    assert_string_equal(world_do(world, urge), "applied");
    assert_int_equal(world_count(world, "duty", "phone_report/urge/1"), 1);
    world_run(world, 10 * MINUTE);
    urge = desk_says(world, CASE_COMMAND_URGE, "phone_report", "");
    assert_string_equal(world_do(world, urge), "too_soon");
    world_run(world, 11 * MINUTE);
    urge = desk_says(world, CASE_COMMAND_URGE, "phone_report", "");
    assert_string_equal(world_do(world, urge), "applied");
    assert_int_equal(world_count(world, "duty", "phone_report/urge/2"), 1);
    urge = desk_says(world, CASE_COMMAND_URGE, "final_report", "");
    assert_string_equal(world_do(world, urge), "not_started");
    urge = world_command(world, CASE_COMMAND_URGE, "psych", "psych_teacher");
    urge.obligation = STR_LITERAL("phone_report");
    assert_string_equal(world_do(world, urge), "not_in_charge");
    assert_string_equal(world_met(world, "phone_report", 11 * MINUTE), "applied");
    urge = desk_says(world, CASE_COMMAND_URGE, "phone_report", "");
    assert_string_equal(world_do(world, urge), "not_owed");
    world_free(world);
}

static void test_casework_a_case_handed_over_is_acknowledged_by_the_next(void **state)
{
    struct world *world = crisis();
    struct case_command hand_over;
    (void)state;
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_ack(world, "duty", "duty_leader"), "applied");
    hand_over = world_command(world, CASE_COMMAND_HAND_OVER, "duty", "duty_leader");
    hand_over.person = STR_LITERAL("nobody");
    assert_string_equal(world_do(world, hand_over), "unknown_person");
    hand_over.person = STR_LITERAL("duty");
    hand_over.id.bytes[0] ^= 1;
    assert_string_equal(world_do(world, hand_over), "not_to_this_person");
    hand_over = world_command(world, CASE_COMMAND_HAND_OVER, "duty", "duty_leader");
    hand_over.person = STR_LITERAL("psych");
    unsigned before = (unsigned)world_count(world, "psych", "");
    assert_string_equal(world_do(world, hand_over), "applied");
    assert_int_equal(world_count(world, "psych", ""), before + 1);
    assert_string_equal(world_ack(world, "psych", "duty_leader"), "applied");
    world_free(world);
}

static void close_all(struct world *world)
{
    static const char *const ids[] = {"emergency_call", "on_scene",       "guardian_contact",
                                      "phone_report",   "written_report", "final_report"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct case_command close = world_command(world, CASE_COMMAND_CLOSE, "boss", "principal");
        close.code = STR_LITERAL("true");
        const char *outcome = world_do(world, close);
        assert_string_not_equal(outcome, "applied");
        if (i == 5) {
            assert_string_equal(outcome, "open_obligations");
        }
        assert_string_equal(world_met(world, ids[i], 1 * MINUTE), "applied");
        if (i == 4) {
            assert_string_equal(
                world_do(world, world_command(world, CASE_COMMAND_SETTLE, "duty", "duty_leader")),
                "applied");
        }
    }
}

static void test_casework_closes_only_when_all_is_met_or_waived(void **state)
{
    struct world *world = crisis();
    struct case_command close;
    (void)state;
    world_run(world, 2 * MINUTE);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    close_all(world);
    assert_int_equal(world_case(world)->state, CASE_MONITORING);
    close = world_command(world, CASE_COMMAND_CLOSE, "boss", "principal");
    assert_string_equal(world_do(world, close), "outcome_missing");
    close = world_command(world, CASE_COMMAND_CLOSE, "boss", "principal");
    close.code = STR_LITERAL("true");
    assert_string_equal(world_do(world, close), "applied");
    assert_int_equal(world_case(world)->state, CASE_CLOSED);
    assert_int_equal(casework_next_deadline(world_casework(world)), INT64_MAX);
    world_free(world);
}

static void test_casework_life_goes_from_open_to_responding(void **state)
{
    struct world *world = crisis();
    (void)state;
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    assert_string_equal(world_met(world, "on_scene", 0), "applied");
    assert_int_equal(world_case(world)->state, CASE_RESPONDING);
    assert_string_equal(world_met(world, "final_report", 0), "not_started");
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_phone_report_at_29_59_is_met),
        cmocka_unit_test(test_casework_phone_report_at_30_01_is_breached_and_met_late),
        cmocka_unit_test(test_casework_phone_report_performed_at_22_recorded_at_41),
        cmocka_unit_test(test_casework_anchor_discovered_starts_the_clock_before_the_report),
        cmocka_unit_test(test_casework_performed_later_than_recorded_is_cut),
        cmocka_unit_test(test_casework_warnings_go_to_the_owner),
        cmocka_unit_test(test_casework_evidence_is_asked_for),
        cmocka_unit_test(test_casework_emergency_call_breach_asks_in_voice),
        cmocka_unit_test(test_casework_follow_up_comes_due_until_settled),
        cmocka_unit_test(test_casework_waiver_needs_a_reason),
        cmocka_unit_test(test_casework_recipient_confirms_or_returns),
        cmocka_unit_test(test_casework_a_confirmed_report_starts_its_clock),
        cmocka_unit_test(test_casework_a_returned_report_is_told_to_its_owner),
        cmocka_unit_test(test_casework_urging_tells_the_owner_once_in_five_minutes),
        cmocka_unit_test(test_casework_a_case_handed_over_is_acknowledged_by_the_next),
        cmocka_unit_test(test_casework_closes_only_when_all_is_met_or_waived),
        cmocka_unit_test(test_casework_life_goes_from_open_to_responding),
    };
    return RUN_TESTS(argc, argv, tests);
}
