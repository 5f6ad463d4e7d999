/* Stand-down, settling, linking, help. */
#include "support/runner.h"

#include "world.h"

static const char *stand_down(struct world *world)
{
    struct case_command command =
        world_command(world, CASE_COMMAND_STAND_DOWN, "duty", "duty_leader");
    command.stand_down = CASE_STAND_DOWN_FALSE_REPORT;
    return world_do(world, command);
}

static const char *confirm(struct world *world, const char *actor, const char *role, bool confirmed)
{
    struct case_command command =
        world_command(world, CASE_COMMAND_CONFIRM_STAND_DOWN, actor, role);
    command.confirmed = confirmed;
    return world_do(world, command);
}

static void test_casework_stand_down_tells_everyone_told(void **state)
{
    static const char *const told[] = {"duty", "psych", "teacher", "mum", "dad", "boss"};
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 3 * MINUTE + 1);
    world_show(world, SHOW_NOTICES);
    assert_string_equal(stand_down(world), "applied");
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        assert_int_equal(world_count(world, told[i], "stood_down"), 1);
    }
    assert_int_equal(world_count(world, "desk", ""), 0); /* never told */
    world_run(world, 23 * HOUR);
    assert_int_equal(world_count(world, "duty", ""), 1); /* and nothing after */
    assert_int_equal(world_count(world, "boss", ""), 1);
    world_free(world);
}

static void test_casework_stand_down_stops_everything_queued(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_show(world, SHOW_CONTROL);
    assert_string_equal(stand_down(world), "applied");
    world_expect(world, "0:00:00 cancel 9 stood_down\n"   /* by their ids */
                        "0:00:00 cancel 0 stood_down\n"); /* and all there is of the generation */
    world_free(world);
}

static void test_casework_stand_down_needs_the_duty_leader_and_a_reason(void **state)
{
    struct world *world = world_new();
    struct case_command command;
    (void)state;
    world_send(world, world_signal(world));
    command = world_command(world, CASE_COMMAND_STAND_DOWN, "teacher", "class_teacher");
    command.stand_down = CASE_STAND_DOWN_MISTAKEN;
    assert_string_equal(world_do(world, command), "not_duty_leader");
    command = world_command(world, CASE_COMMAND_STAND_DOWN, "duty", "duty_leader");
    assert_string_equal(world_do(world, command), "reason_missing");
    world_free(world);
}

static void test_casework_stand_down_is_confirmed_by_a_second_person(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(stand_down(world), "applied");
    assert_string_equal(confirm(world, "duty", "duty_leader", true), "same_person");
    world_run(world, 20 * HOUR);
    assert_string_equal(confirm(world, "boss", "principal", true), "applied");
    world_show(world, SHOW_NOTICES);
    world_run(world, 3 * DAY);
    world_expect(world, "");
    assert_int_equal(world_case(world)->state, CASE_STOOD_DOWN);
    for (size_t i = 0; i < world_case(world)->obligation_count; i++) {
        assert_int_equal(world_case(world)->obligations[i].state, OBLIGATION_WAIVED);
    }
    world_free(world);
}

static void test_casework_stand_down_unconfirmed_reopens(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 1 * MINUTE);
    assert_string_equal(stand_down(world), "applied");
    world_run(world, DAY + 1 * MINUTE);
    assert_int_equal(world_case(world)->state, CASE_STOOD_DOWN);
    world_show(world, SHOW_NOTICES);
    world_run(world, DAY + 1 * MINUTE + 1);
    assert_int_equal(world_case(world)->state, CASE_REOPENED);
    assert_int_equal(world_count(world, "duty", "0"), 3);
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    assert_int_equal(world_case(world)->state, CASE_ACKNOWLEDGED);
    world_free(world);
}

static void test_casework_stand_down_refused_reopens_at_once(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(stand_down(world), "applied");
    assert_string_equal(confirm(world, "psych", "psych_teacher", false), "applied");
    assert_int_equal(world_case(world)->state, CASE_REOPENED);
    world_free(world);
}

static void test_casework_wrong_person_keeps_nothing(void **state)
{
    struct world *world = world_new();
    struct case_command command;
    (void)state;
    world_send(world, world_signal(world));
    command = world_command(world, CASE_COMMAND_STAND_DOWN, "duty", "duty_leader");
    command.stand_down = CASE_STAND_DOWN_WRONG_PERSON;
    assert_string_equal(world_do(world, command), "applied");
    assert_string_equal(confirm(world, "boss", "principal", true), "applied");
    assert_int_equal(world_case(world)->subject.len, 0);
    assert_int_equal(world_case(world)->party_count, 0);
    world_free(world);
}

static void test_casework_new_happening_opens_a_stood_down_case(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    assert_string_equal(stand_down(world), "applied");
    world_run(world, 1 * HOUR);
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    assert_int_equal(world_case(world)->state, CASE_OPEN);
    assert_int_equal(world_count(world, "duty", "0"), 3);
    assert_int_equal(casework_case_count(world_casework(world)), 1);
    world_free(world);
}

static void test_casework_settle_stops_the_steps(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 30 * SECOND);
    assert_string_equal(
        world_do(world, world_command(world, CASE_COMMAND_SETTLE, "psych", "psych_teacher")),
        "not_duty_leader");
    world_show(world, SHOW_NOTICES);
    assert_string_equal(
        world_do(world, world_command(world, CASE_COMMAND_SETTLE, "duty", "duty_leader")),
        "applied");
    assert_int_equal(world_case(world)->state, CASE_SETTLED);
    assert_int_equal(world_count(world, "boss", "final_report/due"), 1);
    assert_true(world_is_cancelled(world, "psych", "0"));
    assert_int_equal(world_obligation(world, "final_report")->due_ms,
                     WORLD_START_MS + 30 * SECOND + 72 * (int64_t)HOUR);
    world_run(world, 2 * MINUTE + 59 * SECOND);
    assert_int_equal(world_count(world, "psych", ""), 0);
    world_free(world);
}

static void test_casework_help_is_a_persons_decision(void **state)
{
    struct world *world = world_new();
    struct case_command help;
    (void)state;
    world_send(world, world_signal(world));
    world_run(world, 2 * HOUR);
    assert_int_equal(world_count(world, "cop", ""), 0);
    help = world_command(world, CASE_COMMAND_REQUEST_HELP, "duty", "duty_leader");
    help.role = STR_LITERAL("police_liaison");
    assert_string_equal(world_do(world, help), "applied");
    assert_int_equal(world_count(world, "cop", ""), 2);
    help.role = STR_LITERAL("principal");
    assert_string_equal(world_do(world, help), "unknown_role");
    world_free(world);
}

static void test_casework_unresolved_person_is_linked_later(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    struct case_command link;
    (void)state;
    signal.subject = STR_LITERAL("u-1");
    signal.subject_kind = CASE_SUBJECT_UNRESOLVED;
    signal.unresolved = true;
    signal.group = STR_LITERAL("");
    world_send(world, signal);
    assert_true(str_is(world_case(world)->policy, "test/crisis")); /* matched as a student */
    world_run(world, 4 * MINUTE);
    assert_int_equal(world_count(world, "mum", ""), 0);
    link = world_command(world, CASE_COMMAND_LINK, "duty", "duty_leader");
    link.unresolved = STR_LITERAL("u-1");
    link.person = STR_LITERAL("lan");
    assert_string_equal(world_do(world, link), "applied");
    assert_int_equal(world_count(world, "mum", "1"), 1);
    assert_int_equal(world_count(world, "teacher", "0"), 3);
    world_send(world, world_signal(world)); /* and the pupil's next report finds the case */
    assert_int_equal(casework_case_count(world_casework(world)), 1);
    world_free(world);
}

/* A report of a pupil whom nobody knew, beside the pupil's own case; the one in hand is the unknown one's. */
static struct ident unknown_beside_known(struct world *world)
{
    struct case_signal signal = world_signal(world);
    world_send(world, signal);
    struct ident known = world_case(world)->id;
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    signal = world_signal(world);
    signal.subject = STR_LITERAL("u-1");
    signal.subject_kind = CASE_SUBJECT_UNRESOLVED;
    signal.unresolved = true;
    world_send(world, signal);
    return known;
}

static struct case_command link_to(struct world *world, const char *person)
{
    struct case_command link = world_command(world, CASE_COMMAND_LINK, "duty", "duty_leader");
    link.unresolved = STR_LITERAL("u-1");
    link.person = str_of(person);
    return link;
}

static void test_casework_linked_person_has_one_case(void **state)
{
    struct world *world = world_new();
    (void)state;
    struct ident known = unknown_beside_known(world);
    struct ident unknown = world_case(world)->id;
    size_t signals = casework_get(world_casework(world), known)->signal_count;
    world_show(world, SHOW_NOTICES);
    assert_string_equal(world_do(world, link_to(world, "lan")), "applied");
    const struct casefile *given = casework_get(world_casework(world), unknown);
    assert_int_equal(given->state, CASE_CLOSED);
    assert_true(str_is(given->outcome, "joined"));
    assert_true(str_is(given->subject, "lan"));
    const struct casefile *taken = casework_get(world_casework(world), known);
    assert_int_equal(taken->signal_count, signals + 1);
    assert_int_equal(taken->state, CASE_ACKNOWLEDGED);
    assert_int_equal(world_count(world, "boss", ""), 1); /* who has the case hears of it */
    world_free(world);
}

static void test_casework_link_is_refused_with_its_reason(void **state)
{
    struct world *world = world_new();
    (void)state;
    (void)unknown_beside_known(world);
    assert_string_equal(world_do(world, link_to(world, "nobody")), "unknown_person");
    assert_string_equal(world_do(world, link_to(world, "mum")), "no_pupil_or_staff");
    struct case_command other = link_to(world, "lan");
    other.unresolved = STR_LITERAL("u-2");
    assert_string_equal(world_do(world, other), "other_subject");
    struct case_command guardian = link_to(world, "lan");
    guardian.actor = STR_LITERAL("mum");
    guardian.actor_role = STR_LITERAL("guardians");
    assert_string_equal(world_do(world, guardian), "denied");
    assert_true(str_is(world_case(world)->subject, "u-1"));
    assert_string_equal(world_do(world, link_to(world, "lan")), "applied");
    assert_string_equal(world_do(world, link_to(world, "lan")), "already_resolved");
    world_free(world);
}

/* Nobody who is kept out of the pupil's record learns of the case, or decides in it, because a link came late. */
static void test_casework_link_keeps_out_who_is_kept_out(void **state)
{
    struct world *world = world_new();
    (void)state;
    struct ident known = unknown_beside_known(world);
    struct ident unknown = world_case(world)->id;
    struct case_command conflict =
        world_command(world, CASE_COMMAND_SET_CONFLICT, "boss", "principal");
    conflict.case_id = known;
    conflict.person = STR_LITERAL("duty");
    conflict.conflict = CASE_CONFLICT_PUPIL_FEARS;
    assert_string_equal(world_do(world, conflict), "applied");
    assert_string_equal(world_do(world, link_to(world, "lan")), "denied");
    struct case_command link = link_to(world, "lan");
    link.actor = STR_LITERAL("boss");
    link.actor_role = STR_LITERAL("principal");
    link.case_id = unknown;
    assert_string_equal(world_do(world, link), "applied");
    world_free(world);
}

static void test_casework_command_without_a_case_is_refused(void **state)
{
    struct world *world = world_new();
    struct case_command command;
    (void)state;
    world_send(world, world_signal(world));
    command = world_command(world, CASE_COMMAND_ACKNOWLEDGE, "duty", "duty_leader");
    command.unit = STR_LITERAL("s2"); /* not its unit's */
    assert_string_equal(world_do(world, command), "unknown_case");
    command.case_id = (struct ident){{9}};
    assert_string_equal(world_do(world, command), "unknown_case");
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_stand_down_tells_everyone_told),
        cmocka_unit_test(test_casework_stand_down_stops_everything_queued),
        cmocka_unit_test(test_casework_stand_down_needs_the_duty_leader_and_a_reason),
        cmocka_unit_test(test_casework_stand_down_is_confirmed_by_a_second_person),
        cmocka_unit_test(test_casework_stand_down_unconfirmed_reopens),
        cmocka_unit_test(test_casework_stand_down_refused_reopens_at_once),
        cmocka_unit_test(test_casework_wrong_person_keeps_nothing),
        cmocka_unit_test(test_casework_new_happening_opens_a_stood_down_case),
        cmocka_unit_test(test_casework_settle_stops_the_steps),
        cmocka_unit_test(test_casework_help_is_a_persons_decision),
        cmocka_unit_test(test_casework_unresolved_person_is_linked_later),
        cmocka_unit_test(test_casework_linked_person_has_one_case),
        cmocka_unit_test(test_casework_link_is_refused_with_its_reason),
        cmocka_unit_test(test_casework_link_keeps_out_who_is_kept_out),
        cmocka_unit_test(test_casework_command_without_a_case_is_refused),
    };
    return RUN_TESTS(argc, argv, tests);
}
