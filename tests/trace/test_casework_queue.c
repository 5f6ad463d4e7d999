/* Interviews that wait their turn, and pupils on file. */
#include "support/runner.h"

#include "world.h"

/* A screening answer below the line at which somebody is called: warning, an interview within 3 school days. */
static struct case_signal positive(struct world *world)
{
    struct case_signal signal = world_signal(world);
    signal.level = CASE_LEVEL_WARNING;
    signal.kind = STR_LITERAL("self_harm_risk");
    signal.opens_episode = false;
    signal.ask_interview = STR_LITERAL("3_school_days");
    return signal;
}

/* The start is a Tuesday, 00:00 in China. */
static void test_casework_a_queued_interview_pages_nobody(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, positive(world));
    world_run(world, 2 * DAY);
    assert_true(world_case(world)->is_queued);
    assert_int_equal(world_obligation(world, "interview")->due_ms,
                     WORLD_START_MS + 3 * DAY + 18 * HOUR);
    assert_int_equal(world_count(world, "psych", "interview/due"), 1);
    assert_true(world_only_waits(world, "psych"));
    assert_int_equal(world_count(world, "teacher", ""), 0);
    assert_int_equal(world_count(world, "head", ""), 0);
    world_free(world);
}

static void test_casework_school_days_pass_over_the_weekend(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_run(world, 2 * DAY + 10 * HOUR); /* Thursday: Friday, Monday, Tuesday */
    world_send(world, positive(world));
    assert_int_equal(world_obligation(world, "interview")->due_ms,
                     WORLD_START_MS + 7 * DAY + 18 * HOUR);
    world_free(world);
}

static void test_casework_an_overdue_interview_goes_up(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_send(world, positive(world));
    world_run(world, 3 * DAY + 18 * HOUR + 1);
    assert_int_equal(world_obligation(world, "interview")->state, OBLIGATION_BREACHED);
    assert_int_equal(world_count(world, "duty", "interview/breach"), 1);
    assert_int_equal(world_count(world, "centre", "interview/breach"), 1);
    world_free(world);
}

static void send_positive_of(struct world *world, const char *pupil)
{
    struct case_signal signal = positive(world);
    signal.subject = str_of(pupil);
    world_send(world, signal);
}

/* Of each pupil beyond what the one psychology teacher can take the county's centre is told, once and in the course of the day;
 * whoever was talked to makes room. */
static void test_casework_an_interview_over_capacity_goes_to_the_county(void **state)
{
    static const char *const pupils[] = {"lan", "p-1", "p-2", "p-3", "p-4", "p-5"};
    struct world *world = world_new();
    (void)state;
    for (size_t i = 0; i < WORLD_INTERVIEWS_EACH; i++) {
        send_positive_of(world, pupils[i]);
    }
    assert_int_equal(world_count(world, "centre", ""), 0);
    send_positive_of(world, pupils[WORLD_INTERVIEWS_EACH]);
    send_positive_of(world, pupils[WORLD_INTERVIEWS_EACH]); /* the same pupil's next sheet */
    assert_int_equal(world_count(world, "centre", "interview/over_capacity"), 1);
    assert_true(world_only_waits(world, "centre"));
    assert_int_equal(world_count(world, "psych", "interview/due"), WORLD_INTERVIEWS_EACH + 1);
    assert_string_equal(world_obligation(world, "interview")->owner_role.at, "psych_teacher");
    for (size_t i = 0; i < 2; i++) {
        world_select(world, i);
        assert_string_equal(world_met(world, "interview", WORLD_START_MS), "applied");
    }
    world_show(world, SHOW_NOTICES | SHOW_JOURNAL);
    send_positive_of(world, pupils[WORLD_INTERVIEWS_EACH + 1]);
    assert_int_equal(world_count(world, "centre", ""), 0);
    send_positive_of(world, pupils[WORLD_INTERVIEWS_EACH + 2]);
    assert_int_equal(world_count(world, "centre", "interview/over_capacity"), 1);
    casework_check(world_casework(world));
    world_free(world);
}

/* The sharper answer of the same pupil: the interview is owed today, and called for. */
static void test_casework_a_same_day_interview_takes_the_queued_ones_place(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = positive(world);
    (void)state;
    world_send(world, signal);
    world_run(world, 10 * HOUR);
    signal = positive(world);
    signal.level = CASE_LEVEL_HIGH;
    signal.ask_interview = STR_LITERAL("same_day");
    world_show(world, SHOW_NOTICES);
    world_send(world, signal);
    assert_false(world_case(world)->is_queued);
    assert_int_equal(world_obligation(world, "interview")->due_ms, WORLD_START_MS + DAY);
    assert_false(world_only_waits(world, "psych"));
    assert_int_equal(world_count(world, "psych", "interview/due/1"), 1);
    world_free(world);
}

/* Whatever is more than a place in the queue starts the plan, also at the level that the case has. */
static void test_casework_another_report_starts_the_plan_of_a_queued_case(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = positive(world);
    (void)state;
    world_send(world, signal);
    signal = positive(world);
    signal.ask_interview = STR_LITERAL("");
    world_send(world, signal);
    assert_false(world_case(world)->is_queued);
    assert_int_equal(world_count(world, "teacher", ""), 1);
    world_free(world);
}

/* A positive that raises a case with a plan leaves the plan alone. */
static void test_casework_a_queued_interview_raises_quietly(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = positive(world);
    (void)state;
    signal.level = CASE_LEVEL_ATTENTION;
    signal.ask_interview = STR_LITERAL("");
    world_send(world, signal);
    world_show(world, SHOW_NOTICES);
    world_send(world, positive(world));
    assert_int_equal(world_case(world)->level, CASE_LEVEL_WARNING);
    assert_true(world_only_waits(world, "psych"));
    assert_int_equal(world_count(world, "teacher", ""), 0);
    world_free(world);
}

static struct case_signal missing_on_file(struct world *world)
{
    struct case_signal signal = world_signal(world);
    signal.kind = STR_LITERAL("missing");
    signal.only_on_file = true;
    return signal;
}

static void test_casework_missing_counts_only_for_a_pupil_on_file(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = positive(world);
    (void)state;
    world_send(world, missing_on_file(world));
    assert_int_equal(world_case_count(world), 0);
    world_send(world, signal); /* a warning is no file */
    world_send(world, missing_on_file(world));
    assert_int_equal(world_case_count(world), 1);
    signal = world_signal(world);
    signal.level = CASE_LEVEL_HIGH;
    signal.kind = STR_LITERAL("abuse_suspected");
    world_send(world, signal);
    world_send(world, missing_on_file(world));
    assert_int_equal(world_case_count(world), 3);
    assert_int_equal(world_case(world)->level, CASE_LEVEL_CRISIS);
    assert_int_equal(world_case(world)->family, CASE_FAMILY_SAFETY);
    world_free(world);
}

/* Imported rolls that were not taken are history; today's are a case. */
static void test_casework_a_roll_missing_long_ago_opens_no_case(void **state)
{
    struct world *world = world_new();
    struct case_signal signal = world_signal(world);
    (void)state;
    signal.level = CASE_LEVEL_WARNING;
    signal.kind = STR_LITERAL("roll_missing");
    signal.subject = STR_LITERAL("k1");
    signal.subject_kind = CASE_SUBJECT_GROUP;
    signal.silent = true;
    world_send(world, signal);
    assert_int_equal(world_case_count(world), 0);
    signal.silent = false;
    world_send(world, signal);
    assert_int_equal(world_case_count(world), 1);
    assert_int_equal(world_case(world)->family, CASE_FAMILY_ROLL);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_a_queued_interview_pages_nobody),
        cmocka_unit_test(test_casework_school_days_pass_over_the_weekend),
        cmocka_unit_test(test_casework_an_overdue_interview_goes_up),
        cmocka_unit_test(test_casework_an_interview_over_capacity_goes_to_the_county),
        cmocka_unit_test(test_casework_a_same_day_interview_takes_the_queued_ones_place),
        cmocka_unit_test(test_casework_another_report_starts_the_plan_of_a_queued_case),
        cmocka_unit_test(test_casework_a_queued_interview_raises_quietly),
        cmocka_unit_test(test_casework_missing_counts_only_for_a_pupil_on_file),
        cmocka_unit_test(test_casework_a_roll_missing_long_ago_opens_no_case),
    };
    return RUN_TESTS(argc, argv, tests);
}
