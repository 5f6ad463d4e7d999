/* Features in rules: scopes, streaks, events that come late. */
#include "support/runner.h"

#include "triage_world.h"

/* Every scope counts the same bullying; one rule shows all counts. */
static void test_triage_counts_per_pupil_class_grade_and_school(void **state)
{
    struct triage_world *world = triage_world_new(
        "features:\n"
        "  - {id: a, from: incident, where: 'true', scope: student, window: 2d, ops: {n: "
        "count()}}\n"
        "  - {id: b, from: incident, where: 'true', scope: class, window: 2d, ops: {n: count()}}\n"
        "  - {id: c, from: incident, where: 'true', scope: grade, window: 2d, ops: {n: count()}}\n"
        "  - {id: d, from: incident, where: 'true', scope: school, window: 2d, ops: {n: count()}}\n"
        "rules:\n"
        "  - id: r\n"
        "    on: incident.life_event\n"
        "    when: 'true'\n"
        "    then: {level: attention, layer: class, kind: wellbeing}\n"
        "    why: '{features.a.n} {features.b.n} {features.c.n} {features.d.n}'\n");
    static const char *const pupils[] = {"p-an", "p-bo", "p-chen", "p-dai", "p-an"};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct event event = triage_world_event(world, "life_event", pupils[i]);
        triage_world_send(world, &event);
        triage_world_expect_why(
            world, (const char *const[]){"1 1 1 1", "1 2 2 2", "1 1 3 3", "1 1 1 4", "2 3 4 5"}[i]);
    }
    triage_world_free(world);
}

static struct event absence(struct triage_world *world, int64_t at_ms)
{
    struct event event = triage_world_event(world, "absent", "p-an");
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_ABSENT;
    event.attendance = (struct event_attendance){.state = EVENT_ROLL_ABSENT_UNEXPLAINED};
    event.occurred_ms = at_ms;
    return event;
}

static const char streak_rules[] = "features:\n"
                                   "  - id: days\n"
                                   "    from: attendance\n"
                                   "    where: event.kind == 'absent'\n"
                                   "    scope: student\n"
                                   "    window: 14d\n"
                                   "    ops: {row: streak()}\n"
                                   "rules:\n"
                                   "  - id: third\n"
                                   "    on: attendance.absent\n"
                                   "    when: features.days.row >= 3\n"
                                   "    then: {level: warning, layer: class, kind: wellbeing}\n"
                                   "    why: '{features.days.row}'\n";

#define SIGNAL "  warning wellbeing p-an class third\n    third features.days.row=3\n"

/* The world begins on a Thursday, 16:53 in China. */
static void test_triage_a_streak_passes_over_the_weekend(void **state)
{
    struct triage_world *world = triage_world_new(streak_rules);
    int64_t start_ms = triage_world_now(world);
    (void)state;
    for (int day = 0; day < 5; day += day == 1 ? 3 : 1) {
        triage_world_advance(world, start_ms + day * TRIAGE_DAY - triage_world_now(world));
        struct event event = absence(world, triage_world_now(world));
        triage_world_send(world, &event);
    }
    triage_world_expect(world, "e1 judged\ne2 judged\ne3 judged\n" SIGNAL);
    triage_world_free(world);
}

/* Whichever of three concerns comes last, the rule holds once, with the same values. */
static void test_triage_a_late_event_completes_what_came_before(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct triage_world *world = triage_world_new(streak_rules);
        int64_t start_ms = triage_world_now(world) - 6 * TRIAGE_DAY; /* a Friday */
        triage_world_advance(world, -TRIAGE_DAY);
        for (size_t k = 0; k < 3; k++) {
            static const int days[] = {3, 4, 5}; /* Monday to Wednesday */
            struct event event = absence(world, start_ms + days[orders[i][k]] * TRIAGE_DAY);
            triage_world_send(world, &event);
        }
        triage_world_expect(world, "e1 judged\ne2 judged\ne3 judged\n" SIGNAL);
        triage_world_free(world);
    }
}

static void test_triage_later_than_the_lateness_is_not_counted(void **state)
{
    struct triage_world *world =
        triage_world_new("features:\n"
                         "  - {id: f, from: incident, where: 'true', scope: student, window: 1d, "
                         "lateness: 1h, ops: {n: "
                         "count()}}\n"
                         "rules:\n"
                         "  - id: r\n"
                         "    on: incident.life_event\n"
                         "    when: features.f.n >= 2\n"
                         "    then: {level: attention, layer: class, kind: wellbeing}\n"
                         "    why: '{features.f.n}'\n");
    (void)state;
    struct event event = triage_world_event(world, "life_event", "p-an");
    event.occurred_ms = triage_world_now(world) - 24 * TRIAGE_HOUR - TRIAGE_HOUR;
    triage_world_send(world, &event);
    event = triage_world_event(world, "life_event", "p-an");
    event.occurred_ms = triage_world_now(world) - 24 * TRIAGE_HOUR - TRIAGE_HOUR + 1;
    triage_world_send(world, &event); /* counted, and the first one is not */
    assert_int_equal(triage_window_count(triage_world_triage(world)), 1);
    event = triage_world_event(world, "life_event", "p-an");
    event.occurred_ms = triage_world_now(world) - 24 * TRIAGE_HOUR;
    triage_world_send(world, &event);
    triage_world_expect_why(world, "2");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_counts_per_pupil_class_grade_and_school),
        cmocka_unit_test(test_triage_a_streak_passes_over_the_weekend),
        cmocka_unit_test(test_triage_a_late_event_completes_what_came_before),
        cmocka_unit_test(test_triage_later_than_the_lateness_is_not_counted),
    };
    return RUN_TESTS(argc, argv, tests);
}
