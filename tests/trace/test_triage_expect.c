/* What must happen by a time: rolls of classes, a feed of a school. */
#include "support/runner.h"

#include "triage_world.h"

#define ROLL(grace, known)                                                                         \
    "expectations:\n"                                                                              \
    "  - id: roll_am\n"                                                                            \
    "    for: class\n"                                                                             \
    "    on: school_days\n"                                                                        \
    "    from: attendance\n"                                                                       \
    "    where: event.kind == 'roll' && event.state != 'not_taken'\n"                              \
    "    by: '08:40'\n" grace known                                                                \
    "    else: {level: attention, layer: class, kind: roll_missing, tell: [class_teacher]}\n"

#define MISSING(group)                                                                             \
    "  attention roll_missing " group " class roll_am group tell=class_teacher episode\n"          \
    "    roll_am\n"

/* A roll of the class at that time, read when it comes. */
static void send_roll(struct triage_world *world, const char *group, int64_t at_ms)
{
    struct event event = triage_world_event(world, "roll", NULL);
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_ROLL;
    event.has_scope = true;
    event.group = str_of(group);
    event.attendance = (struct event_attendance){.state = EVENT_ROLL_PRESENT};
    event.occurred_ms = at_ms;
    triage_world_send(world, &event);
}

/* The first day is a Thursday and already over at 08:40: nothing is asked of it. */
static void test_triage_a_missing_roll_is_told_once_on_school_days(void **state)
{
    struct triage_world *world = triage_world_new(ROLL("", ""));
    (void)state;
    triage_world_run(world, triage_world_at(world, 1, 8, 30));
    send_roll(world, "c1", triage_world_at(world, 1, 8, 20));
    send_roll(world, "c2", triage_world_at(world, 1, 8, 25));
    send_roll(world, "c2", triage_world_at(world, 1, 8, 26));
    triage_world_run(world, triage_world_at(world, 1, 8, 40) + 59999);
    triage_world_expect(world, "e1 judged\ne2 judged\ne3 judged\n");
    triage_world_run(world, triage_world_at(world, 4, 8, 0)); /* over the weekend */
    send_roll(world, "c1", triage_world_at(world, 4, 8, 0));
    triage_world_run(world, triage_world_at(world, 4, 9, 0));
    triage_world_expect(world,
                        "10-10 08:41:00 time\n" MISSING("c3") "  missed=1\n"
                                                              "e4 judged\n"
                                                              "10-13 08:41:00 time\n" MISSING("c2")
                                                                  MISSING("c3") "  missed=2\n");
    triage_world_free(world);
}

/* In time and on its way; then too late, which is told, and by whose clock. */
static void test_triage_a_roll_counts_by_when_it_was_taken(void **state)
{
    struct triage_world *world = triage_world_new(ROLL("    grace: 5m\n", ""));
    (void)state;
    triage_world_run(world, triage_world_at(world, 1, 8, 44));
    send_roll(world, "c1", triage_world_at(world, 1, 8, 40));
    send_roll(world, "c2", triage_world_at(world, 1, 8, 40) + 1);
    triage_world_run(world, triage_world_at(world, 1, 8, 46));
    send_roll(world, "c2", triage_world_at(world, 1, 8, 39)); /* nobody is told twice */
    triage_world_run(world, triage_world_at(world, 1, 23, 0));
    triage_world_expect(world, "e1 judged\ne2 judged\n"
                               "10-10 08:45:00 time\n" MISSING("c2") MISSING("c3") "  missed=2\n"
                                                                                   "e3 judged\n");
    triage_world_free(world);
}

static void test_triage_a_class_that_never_sent_a_roll_is_not_waited_for(void **state)
{
    struct triage_world *world = triage_world_new(ROLL("", "    if_seen_within: 7d\n"));
    (void)state;
    triage_world_run(world, triage_world_at(world, 1, 8, 0));
    send_roll(world, "c1", triage_world_at(world, 1, 8, 0));
    triage_world_run(world, triage_world_at(world, 12, 9, 0));
    triage_world_expect(world,
                        "e1 judged\n"
                        "10-13 08:41:00 time\n" MISSING(
                            "c1") "  missed=1\n"
                                  "10-14 08:41:00 time\n" MISSING(
                                      "c1") "  missed=1\n"
                                            "10-15 08:41:00 time\n" MISSING(
                                                "c1") "  missed=1\n"
                                                      "10-16 08:41:00 time\n" MISSING(
                                                          "c1") "  missed=1\n"
                                                                "10-17 08:41:00 time\n" MISSING(
                                                                    "c1") "  missed=1\n");
    triage_world_free(world);
}

/* Away over the deadline: it is judged afterwards, by what was there in time; older than live_within, silently. */
static void test_triage_a_deadline_outlives_the_process(void **state)
{
    struct triage_world *world = triage_world_new("live_within: 20h\n" ROLL("", ""));
    (void)state;
    triage_world_run(world, triage_world_at(world, 1, 8, 0));
    send_roll(world, "c1", triage_world_at(world, 1, 8, 0));
    send_roll(world, "c2", triage_world_at(world, 1, 8, 0));
    triage_world_restart(world);
    triage_world_advance(world, TRIAGE_DAY);
    triage_world_run(world, triage_world_at(world, 2, 9, 0));
    triage_world_restart(world);
    triage_world_run(world, triage_world_at(world, 2, 10, 0));
    triage_world_expect(world, "e1 judged\ne2 judged\n"
                               "10-11 08:00:00 time\n"
                               "  attention roll_missing c3 class roll_am group tell=class_teacher "
                               "episode silent\n"
                               "    roll_am\n"
                               "  missed=1\n");
    triage_world_free(world);
}

/* A feed, at the school, on every day. */
static void test_triage_a_silent_feed_is_told_on_every_day(void **state)
{
    struct triage_world *world =
        triage_world_new("expectations:\n"
                         "  - id: gate\n"
                         "    for: school\n"
                         "    on: every_day\n"
                         "    from: attendance\n"
                         "    where: event.gate != ''\n"
                         "    by: '12:00'\n"
                         "    grace: 0s\n"
                         "    else: {level: attention, layer: school, kind: feed_silent}\n"
                         "    why: 门禁无数据 / nothing from the gate\n");
    (void)state;
    triage_world_run(world, triage_world_at(world, 2, 11, 0)); /* Friday noon passed */
    struct event event = triage_world_event(world, "returned", "p-an");
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_RETURNED;
    event.attendance = (struct event_attendance){.gate = STR_LITERAL("g-1")};
    triage_world_send(world, &event);
    triage_world_run(world, triage_world_at(world, 3, 13, 0));
    triage_world_expect(world, "10-10 12:00:00 time\n"
                               "  attention feed_silent s1 school gate unit episode\n"
                               "    gate\n"
                               "  missed=1\n"
                               "e1 judged\n"
                               "10-12 12:00:00 time\n"
                               "  attention feed_silent s1 school gate unit episode\n"
                               "    gate\n"
                               "  missed=1\n");
    triage_world_free(world);
}

/* Other rules: what was expected before is forgotten, what is new counts from then on, what stays loses no deadline. */
static void test_triage_other_rules_change_what_is_expected(void **state)
{
    struct triage_world *world = triage_world_new(ROLL("", ""));
    (void)state;
    triage_world_run(world, triage_world_at(world, 1, 8, 0));
    triage_world_set_rules(world, "live_within: 20h\n" ROLL("", ""));
    triage_world_run(world, triage_world_at(world, 1, 9, 0));
    triage_world_expect(world, "10-10 08:41:00 time\n" MISSING("c1") MISSING("c2")
                                   MISSING("c3") "  missed=3\n");
    triage_world_set_rules(world, "live_within: 20h\n");
    triage_world_run(world, triage_world_at(world, 4, 9, 0));
    triage_world_set_rules(world, ROLL("", ""));
    triage_world_run(world, triage_world_at(world, 5, 8, 0));
    triage_world_expect(world, "");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_a_missing_roll_is_told_once_on_school_days),
        cmocka_unit_test(test_triage_a_roll_counts_by_when_it_was_taken),
        cmocka_unit_test(test_triage_a_class_that_never_sent_a_roll_is_not_waited_for),
        cmocka_unit_test(test_triage_a_deadline_outlives_the_process),
        cmocka_unit_test(test_triage_a_silent_feed_is_told_on_every_day),
        cmocka_unit_test(test_triage_other_rules_change_what_is_expected),
    };
    return RUN_TESTS(argc, argv, tests);
}
