/* Conflicts and holds: who must not learn of it, and who not yet. */
#include "support/runner.h"

#include "world.h"

static const char *conflict(struct world *world, const char *person)
{
    struct case_command command =
        world_command(world, CASE_COMMAND_SET_CONFLICT, "psych", "psych_teacher");
    command.person = str_of(person);
    command.conflict = CASE_CONFLICT_PUPIL_FEARS;
    return world_do(world, command);
}

/* The same run twice: first everybody is told, then with the conflict neither gets anything more. */
static void test_casework_conflict_withholds_from_guardian_and_teacher(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 12 * MINUTE);
    assert_int_equal(world_count(world, "mum", "1"), 1);
    assert_int_equal(world_count(world, "teacher", "0"), 5);
    world_free(world);

    world = world_new();
    world_send(world, world_signal(world));
    world_run(world, 30 * SECOND);
    world_show(world, SHOW_NOTICES | SHOW_CONTROL);
    assert_string_equal(conflict(world, "mum"), "applied");
    assert_string_equal(conflict(world, "teacher"), "applied");
    world_expect(world,
                 "0:00:30 conflict_set mum\n"
                 "0:00:30 conflict_set teacher\n"
                 "0:00:30 notice 0#1 aide voice+sms+wecom\n"); /* the substitute takes the role */
    world_run(world, 12 * MINUTE);
    assert_int_equal(world_count(world, "mum", ""), 0);
    assert_int_equal(world_count(world, "teacher", ""), 0);
    assert_int_equal(world_count(world, "dad", "1"), 1);
    assert_int_equal(world_count(world, "aide", "guardian_contact/breach"), 2);
    world_free(world);
}

static void test_casework_excluded_person_may_do_nothing(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(conflict(world, "duty"), "applied");
    assert_string_equal(world_ack(world, "duty", "duty_leader"), "denied");
    assert_string_equal(world_met(world, "on_scene", 0), "denied");
    assert_int_equal(world_count(world, "deputy", "0"), 3);
    world_free(world);
}

static void test_casework_acknowledgement_of_an_excluded_person_ends(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_show(world, SHOW_NOTICES);
    assert_string_equal(conflict(world, "boss"), "applied");
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    assert_int_equal(world_count(world, "duty", "0"), 3); /* nobody has it any more: it rings */
    assert_int_equal(world_case(world)->episodes[0].first_acknowledger.len, 0);
    world_free(world);
}

/* Staff as the alleged party: never told, in no role, on no channel. */
/* Said before the expiry that was judged already, it takes up no acknowledgement: nobody holds one who is kept out. */
static void test_casework_who_names_himself_holds_nothing_any_more(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(world_ack(world, "duty", "duty_leader"), "applied");
    world_run(world, 30 * MINUTE);
    assert_int_equal(world_case(world)->acks[0].state, ACK_EXPIRED);
    struct case_command command =
        world_command(world, CASE_COMMAND_SET_CONFLICT, "duty", "duty_leader");
    command.person = STR_LITERAL("duty");
    command.conflict = CASE_CONFLICT_PUPIL_FEARS;
    assert_string_equal(world_do_at(world, command, 2 * MINUTE), "applied");
    assert_int_not_equal(world_case(world)->acks[0].state, ACK_ACTIVE);
    world_free(world);
}

static void test_casework_alleged_teacher_is_never_told(void **state)
{
    static const struct case_input_party parties[] = {
        {.ref = {"lan", 3}, .role = CASE_PARTY_AFFECTED},
        {.ref = {"teacher", 7}, .role = CASE_PARTY_ALLEGED}};
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.parties = parties;
    signal.party_count = 2;
    world_send(world, signal);
    world_run(world, 2 * HOUR);
    assert_int_equal(world_count(world, "teacher", ""), 0);
    assert_true(world_count(world, "aide", "0") > 0);
    world_free(world);
}

static struct case_signal abuse(struct world *world)
{
    struct case_signal signal = world_signal(world);
    signal.kind = STR_LITERAL("abuse_suspected");
    signal.level = CASE_LEVEL_HIGH;
    return signal;
}

static void test_casework_abuse_starts_with_guardians_and_class_layer_held(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_show(world, SHOW_NOTICES);
    world_send(world, abuse(world));
    world_expect(world, "0:00:00 notice 0#0 duty voice+sms\n"
                        "0:00:00 notice 0#0 psych voice+sms\n");
    world_run(world, 9 * MINUTE);
    assert_int_equal(world_count(world, "mum", ""), 0);
    assert_int_equal(world_count(world, "dad", ""), 0);
    assert_int_equal(world_count(world, "teacher", ""), 0);
    assert_int_equal(world_count(world, "chief", ""), 0);
    world_run(world, 10 * MINUTE + 1);
    assert_int_equal(world_count(world, "chief", "hold"), 2); /* the hold went up */
    assert_int_equal(world_obligation(world, "hold")->state, OBLIGATION_BREACHED);
    world_free(world);
}

/* Whoever is told last is not called again and again because the level is a crisis. */
static void test_casework_guardians_are_no_last_step(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = abuse(world);
    (void)state;
    signal.level = CASE_LEVEL_CRISIS;
    world_send(world, signal);
    struct case_command command =
        world_command(world, CASE_COMMAND_RELEASE_HOLD, "psych", "psych_teacher");
    command.person = STR_LITERAL("dad");
    assert_string_equal(world_do(world, command), "applied");
    world_run(world, 60 * MINUTE);
    assert_int_equal(world_count(world, "dad", "1"), 1);
    assert_true(world_count(world, "chief", "2") > 20);
    world_free(world);
}

static const char *release(struct world *world, const char *what)
{
    struct case_command command =
        world_command(world, CASE_COMMAND_RELEASE_HOLD, "psych", "psych_teacher");
    command.person = str_of(what);
    return world_do(world, command);
}

static void test_casework_release_lets_one_be_told(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, abuse(world));
    world_run(world, 3 * MINUTE);
    world_show(world, SHOW_NOTICES);
    assert_string_equal(release(world, "dad"), "applied");
    assert_int_equal(world_count(world, "dad", "1"), 1);
    assert_int_equal(world_count(world, "mum", ""), 0);
    assert_string_equal(release(world, "class"), "applied");
    assert_int_equal(world_count(world, "teacher", "0"), 2);
    assert_int_equal(world_obligation(world, "hold")->state, OBLIGATION_PENDING);
    assert_string_equal(release(world, "dad"), "not_held");
    assert_string_equal(release(world, "mum"), "applied");
    assert_int_equal(world_obligation(world, "hold")->state, OBLIGATION_MET);
    world_free(world);
}

static void test_casework_conflict_is_more_than_a_hold(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, abuse(world));
    assert_string_equal(release(world, "class"), "applied");
    assert_string_equal(release(world, "dad"), "applied");
    assert_string_equal(conflict(world, "mum"), "applied");
    assert_int_equal(world_obligation(world, "hold")->state, OBLIGATION_MET);
    assert_string_equal(release(world, "mum"), "in_conflict");
    world_run(world, 5 * MINUTE);
    assert_int_equal(world_count(world, "mum", ""), 0);
    world_free(world);
}

static void test_casework_mandatory_codes_hold(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 9; code++) {
        struct world *world = world_new();
        struct case_signal signal = world_signal(world);
        signal.mandatory_code = code;
        world_send(world, signal);
        bool holds = (code >= 1 && code <= 4) || code == 6;
        assert_int_equal(world_case(world)->hold_count, holds ? 3 : 0);
        world_free(world);
    }
}

static void test_casework_conflict_is_cleared_by_two(void **state)
{
    struct world *world = world_new();
    struct case_command clear;
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(conflict(world, "mum"), "applied");
    clear = world_command(world, CASE_COMMAND_CLEAR_CONFLICT, "boss", "principal");
    clear.person = STR_LITERAL("mum");
    assert_string_equal(world_do(world, clear), "applied");
    clear = world_command(world, CASE_COMMAND_CLEAR_CONFLICT, "boss", "principal");
    clear.person = STR_LITERAL("mum");
    assert_string_equal(world_do(world, clear), "same_person");
    world_run(world, 2 * MINUTE + 1);
    assert_int_equal(world_count(world, "mum", ""), 0);
    clear = world_command(world, CASE_COMMAND_CLEAR_CONFLICT, "psych", "psych_teacher");
    clear.person = STR_LITERAL("mum");
    assert_string_equal(world_do(world, clear), "applied");
    assert_int_equal(world_count(world, "mum", "1"), 1); /* told now */
    world_free(world);
}

/* The sister's record shares that guardian. */
static void test_casework_conflict_reaches_siblings_and_later_cases(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.subject = STR_LITERAL("mei");
    world_send(world, signal);
    world_send(world, world_signal(world));
    assert_string_equal(conflict(world, "mum"), "applied");
    world_run(world, 2 * MINUTE + 1);
    assert_int_equal(world_count(world, "mum", ""), 0);
    assert_int_equal(world_count(world, "dad", ""), 2);
    signal = world_signal(world);
    signal.kind = STR_LITERAL("panic"); /* another family of the same pupil */
    world_send(world, signal);
    world_run(world, 10 * MINUTE);
    assert_int_equal(world_count(world, "mum", ""), 0);
    world_free(world);
}

/* What is released while the case is stood down stays so: reopened, its hold is nobody's duty for ever. */
static void test_casework_release_while_stood_down_ends_the_hold(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, abuse(world));
    struct case_command command =
        world_command(world, CASE_COMMAND_STAND_DOWN, "duty", "duty_leader");
    command.stand_down = CASE_STAND_DOWN_MISTAKEN;
    assert_string_equal(world_do(world, command), "applied");
    assert_string_equal(release(world, "dad"), "applied");
    assert_string_equal(release(world, "mum"), "applied");
    assert_string_equal(release(world, "class"), "applied");
    command = world_command(world, CASE_COMMAND_CONFIRM_STAND_DOWN, "boss", "principal");
    assert_string_equal(world_do(world, command), "applied"); /* not confirmed: it reopens */
    assert_int_equal(world_case(world)->state, CASE_REOPENED);
    assert_int_equal(world_obligation(world, "hold")->state, OBLIGATION_MET);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_release_while_stood_down_ends_the_hold),
        cmocka_unit_test(test_casework_conflict_withholds_from_guardian_and_teacher),
        cmocka_unit_test(test_casework_excluded_person_may_do_nothing),
        cmocka_unit_test(test_casework_who_names_himself_holds_nothing_any_more),
        cmocka_unit_test(test_casework_acknowledgement_of_an_excluded_person_ends),
        cmocka_unit_test(test_casework_alleged_teacher_is_never_told),
        cmocka_unit_test(test_casework_abuse_starts_with_guardians_and_class_layer_held),
        cmocka_unit_test(test_casework_guardians_are_no_last_step),
        cmocka_unit_test(test_casework_release_lets_one_be_told),
        cmocka_unit_test(test_casework_conflict_is_more_than_a_hold),
        cmocka_unit_test(test_casework_mandatory_codes_hold),
        cmocka_unit_test(test_casework_conflict_is_cleared_by_two),
        cmocka_unit_test(test_casework_conflict_reaches_siblings_and_later_cases),
    };
    return RUN_TESTS(argc, argv, tests);
}
