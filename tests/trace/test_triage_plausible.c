/* So many absent at once that it may be a fault: a question first, and nobody's parents are told. */
#include <stdio.h>

#include "support/runner.h"

#include "triage_world.h"

/* Two classes of ten, k1 and k2, beside the four pupils of the world: 24 in all; 10 % are 2.4, 30 % of a class are 3. */
static const char rules[] = "plausibility:\n"
                            "  settle: 2m\n"
                            "  class: 30%\n"
                            "  school: 25%\n"
                            "  at_least: 2\n"
                            "  hold: 12h\n"
                            "  then: {level: high, layer: school, kind: attendance_doubt}\n"
                            "rules:\n"
                            "  - id: absent\n"
                            "    on: attendance.absent\n"
                            "    when: event.state == 'absent_unexplained'\n"
                            "    wait: plausibility\n"
                            "    then: {level: attention, layer: class, kind: absent}\n"
                            "  - id: missing_on_file\n"
                            "    on: attendance.absent\n"
                            "    when: event.confirmed\n"
                            "    only: on_file\n"
                            "    then: {level: crisis, layer: school, kind: missing}\n";

static struct triage_world *make(void)
{
    struct triage_world *world = triage_world_new(rules);
    triage_world_add_pupils(world, "k1", 10);
    triage_world_add_pupils(world, "k2", 10);
    triage_world_run(world, triage_world_at(world, 1, 8, 0));
    return world;
}

static struct event absence(struct triage_world *world, const char *pupil)
{
    struct event event = triage_world_event(world, "absent", pupil);
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_ABSENT;
    event.attendance = (struct event_attendance){.state = EVENT_ROLL_ABSENT_UNEXPLAINED};
    return event;
}

static struct event roll(struct triage_world *world, const char *group, uint32_t absent,
                         uint32_t enrolled)
{
    struct event event = triage_world_event(world, "roll", NULL);
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_ROLL;
    event.has_scope = true;
    event.group = str_of(group);
    event.attendance =
        (struct event_attendance){.absent_count = absent, .enrolled_count = enrolled};
    return event;
}

/* The first `count` of the class are absent; what the events give is not looked at. */
static void send_absences(struct triage_world *world, const char *group, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        char pupil[32];
        (void)snprintf(pupil, sizeof(pupil), "%s-%02u", group, i);
        struct event event = absence(world, pupil);
        triage_world_send(world, &event);
    }
    triage_world_forget(world);
}

static void run_minutes(struct triage_world *world, int minutes)
{
    triage_world_run(world, triage_world_now(world) + minutes * (TRIAGE_HOUR / 60));
}

static void test_triage_a_few_absent_are_told_after_the_settle_time(void **state)
{
    struct triage_world *world = make();
    (void)state;
    struct event event = absence(world, "k1-01");
    triage_world_send(world, &event);
    run_minutes(world, 1);
    event = absence(world, "k2-01");
    triage_world_send(world, &event);
    triage_world_restart(world);
    run_minutes(world, 5);
    triage_world_expect(world, "e1 judged\n  held=1\ne2 judged\n  held=1\n"
                               "10-10 08:02:00 time\n  released absent k1-01\n"
                               "10-10 08:03:00 time\n  released absent k2-01\n");
    triage_world_free(world);
}

/* 4 of 10 of one class: its question, the other class's absence goes its way. */
static void test_triage_too_many_of_a_class_give_its_question(void **state)
{
    struct triage_world *world = make();
    (void)state;
    send_absences(world, "k1", 4);
    send_absences(world, "k2", 1);
    run_minutes(world, 2);
    triage_world_expect(world, "10-10 08:02:00 time\n"
                               "  released absent k2-01\n"
                               "  high attendance_doubt k1 school plausibility group episode\n"
                               "    plausibility absent=4 of=10\n"
                               "  questions=1\n");
    triage_world_restart(world);
    struct event event = absence(world, "k1-09"); /* comes while the question is open */
    triage_world_send(world, &event);
    run_minutes(world, 60);
    triage_world_expect(world, "e6 judged\n  held=1\n");
    triage_world_answer(world, false);
    assert_int_equal(triage_world_releases(world), 5);
    triage_world_forget(world);
    run_minutes(world, 60);
    triage_world_expect(world, "");
    triage_world_free(world);
}

/* The gate fails: everybody absent is one question to the school, and no call to a parent. */
static void test_triage_a_gate_that_fails_gives_one_question(void **state)
{
    struct triage_world *world = make();
    (void)state;
    send_absences(world, "k1", 10);
    run_minutes(world, 1);
    send_absences(world, "k2", 10);
    run_minutes(world, 30);
    triage_world_expect(world, "10-10 08:02:00 time\n"
                               "  high attendance_doubt s1 school plausibility unit episode\n"
                               "    plausibility absent=20 of=24\n"
                               "  questions=1\n");
    triage_world_restart(world);
    triage_world_answer(world, true);
    run_minutes(world, 24 * 60);
    triage_world_expect(world, "answered fault\n  dropped=20\n");
    send_absences(world, "k1", 10); /* the next morning it fails again */
    run_minutes(world, 3);
    triage_world_expect(world, "10-11 08:33:00 time\n"
                               "  high attendance_doubt s1 school plausibility unit episode\n"
                               "    plausibility absent=10 of=24\n"
                               "  questions=1\n");
    triage_world_answer(world, false);
    assert_int_equal(triage_world_releases(world), 10);
    triage_world_free(world);
}

static void test_triage_a_question_without_an_answer_ends(void **state)
{
    struct triage_world *world = make();
    (void)state;
    send_absences(world, "k1", 4);
    run_minutes(world, 3);
    triage_world_forget(world);
    run_minutes(world, 24 * 60);
    triage_world_expect(world, "10-10 20:02:00 time\n  dropped=4\n");
    triage_world_answer(world, false); /* too late */
    triage_world_expect(world, "answered real\n");
    triage_world_free(world);
}

static void test_triage_who_turns_up_in_time_is_not_told_of(void **state)
{
    struct triage_world *world = make();
    (void)state;
    send_absences(world, "k1", 2);
    struct event event = triage_world_event(world, "late", "k1-01");
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_LATE;
    event.attendance = (struct event_attendance){.state = EVENT_ROLL_LATE};
    triage_world_send(world, &event);
    event = triage_world_event(world, "returned", "k1-02"); /* through the gate, before the roll */
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_RETURNED;
    event.attendance = (struct event_attendance){.gate = STR_LITERAL("g-1")};
    event.reported_ms -= TRIAGE_HOUR;
    triage_world_send(world, &event);
    event.id = STR_LITERAL("e5");
    event.reported_ms += TRIAGE_HOUR;
    event.history = true; /* of another day */
    triage_world_send(world, &event);
    run_minutes(world, 5);
    triage_world_expect(world, "e3 judged\n  dropped=1\ne4 judged\ne5 judged\n"
                               "10-10 08:02:00 time\n  released absent k1-02\n");
    triage_world_free(world);
}

/* The gate and the roll both miss the pupil: one pupil, not two; a roll that is corrected counts as it stands now. */
static void test_triage_a_pupil_counts_once_and_a_roll_as_it_stands(void **state)
{
    struct triage_world *world = make();
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct event event = absence(world, i % 2 == 0 ? "k1-01" : "k1-02");
        triage_world_send(world, &event);
    }
    struct event event = roll(world, "k1", 9, 10);
    triage_world_send(world, &event);
    event = roll(world, "k1", 2, 10);
    triage_world_send(world, &event);
    triage_world_forget(world);
    run_minutes(world, 5);
    assert_int_equal(triage_world_releases(world), 4);
    triage_world_forget(world);
    triage_world_free(world);
}

/* The one whom a file says to look for first goes out at once, whatever the gate says of the others. */
static void test_triage_pupils_on_file_never_wait(void **state)
{
    struct triage_world *world = make();
    (void)state;
    send_absences(world, "k1", 10);
    run_minutes(world, 3);
    triage_world_forget(world);
    struct event event = absence(world, "k2-01");
    event.attendance.confirmed = true;
    triage_world_send(world, &event);
    triage_world_expect(world,
                        "e11 judged\n"
                        "  crisis missing k2-01 school missing_on_file only_on_file episode\n"
                        "    missing_on_file event.confirmed=true\n"
                        "  held=1\n");
    triage_world_free(world);
}

static void test_triage_history_asks_nobody(void **state)
{
    struct triage_world *world = make();
    (void)state;
    struct event event = absence(world, "k1-01");
    event.history = true;
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  attention absent k1-01 class absent episode silent\n"
                               "    absent event.state=absent_unexplained\n");
    triage_world_free(world);
}

/* Rolls that count heads and name nobody. */
static void test_triage_rolls_that_count_heads_raise_the_question(void **state)
{
    struct triage_world *world = make();
    (void)state;
    struct event event = roll(world, "k1", 3, 10); /* 30 % are not more than 30 % */
    triage_world_send(world, &event);
    run_minutes(world, 3);
    event = roll(world, "k1", 4, 10);
    triage_world_send(world, &event);
    run_minutes(world, 3);
    triage_world_expect(world, "e1 judged\ne2 judged\n"
                               "10-10 08:05:00 time\n"
                               "  high attendance_doubt k1 school plausibility group episode\n"
                               "    plausibility absent=4 of=10\n"
                               "  questions=1\n");
    event = roll(world, "", 0, 0); /* a school that gives a share: 29 % of all absent, then 93 % */
    event.attendance.absent_share = 2900;
    triage_world_send(world, &event);
    run_minutes(world, 3);
    event = roll(world, "", 0, 0);
    event.attendance.absent_share = 9300;
    triage_world_send(world, &event);
    run_minutes(world, 3);
    triage_world_expect(world, "e3 judged\ne4 judged\n"
                               "10-10 08:11:00 time\n"
                               "  high attendance_doubt s1 school plausibility unit episode\n"
                               "    plausibility absent=9300 of=10000\n"
                               "  questions=1\n");
    triage_world_free(world);
}

/* A step that is taken back leaves all as it was, and gives the same once more. */
static void test_triage_a_question_that_is_undone_is_asked_again(void **state)
{
    struct triage_world *world = make();
    (void)state;
    send_absences(world, "k1", 4);
    run_minutes(world, 2);
    struct ident first = triage_world_signal_id(world);
    triage_world_undo(world);
    triage_world_run(world, triage_world_now(world));
    assert_true(ident_equal(first, triage_world_signal_id(world)));
    triage_world_forget(world);
    triage_world_answer(world, true);
    triage_world_undo(world);
    triage_world_answer(world, true);
    triage_world_expect(world, "answered fault\n  dropped=4\nanswered fault\n  dropped=4\n");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_a_few_absent_are_told_after_the_settle_time),
        cmocka_unit_test(test_triage_too_many_of_a_class_give_its_question),
        cmocka_unit_test(test_triage_a_gate_that_fails_gives_one_question),
        cmocka_unit_test(test_triage_a_question_without_an_answer_ends),
        cmocka_unit_test(test_triage_who_turns_up_in_time_is_not_told_of),
        cmocka_unit_test(test_triage_a_pupil_counts_once_and_a_roll_as_it_stands),
        cmocka_unit_test(test_triage_pupils_on_file_never_wait),
        cmocka_unit_test(test_triage_history_asks_nobody),
        cmocka_unit_test(test_triage_rolls_that_count_heads_raise_the_question),
        cmocka_unit_test(test_triage_a_question_that_is_undone_is_asked_again),
    };
    return RUN_TESTS(argc, argv, tests);
}
