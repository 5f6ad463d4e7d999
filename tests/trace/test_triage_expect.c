/* What must happen by a time: rolls of classes, a feed of a school. */
#include <stdio.h>
#include <string.h>

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

#define CONTACT                                                                                    \
    "expectations:\n"                                                                              \
    "  - id: contact\n"                                                                            \
    "    for: student\n"                                                                           \
    "    flagged: [left_behind]\n"                                                                 \
    "    on: school_days\n"                                                                        \
    "    within: 14d\n"                                                                            \
    "    from: incident\n"                                                                         \
    "    where: event.kind == 'contact'\n"                                                         \
    "    by: '16:00'\n"                                                                            \
    "    else: {level: attention, layer: class, kind: mentor_contact}\n"

#define NO_CONTACT                                                                                 \
    "  attention mentor_contact p-an class contact episode\n"                                      \
    "    contact\n"                                                                                \
    "  missed=1\n"

/* The clock runs from when it was set, then from each contact; what is still missing is told once more when the time has passed
 * again, and a pupil without the flag is not asked for. A restart changes nothing. */
static void test_triage_a_flagged_pupil_is_talked_to_every_fortnight(void **state)
{
    struct triage_world *world = triage_world_new(CONTACT);
    (void)state;
    triage_world_flag(world, "p-an", "c1", "left_behind", 0);
    triage_world_flag(world, "p-bo", "c1", "poverty", 0);
    triage_world_flag(world, "p-chen", "c2", "left_behind", triage_world_now(world) + TRIAGE_DAY);
    triage_world_run(world, triage_world_at(world, 14, 23, 0)); /* not a fortnight at 16:00 */
    triage_world_expect(world, "");
    triage_world_run(world, triage_world_at(world, 15, 23, 0));
    triage_world_expect(world, "10-24 16:01:00 time\n" NO_CONTACT);
    triage_world_restart(world);
    triage_world_run(world, triage_world_at(world, 28, 23, 0));
    triage_world_expect(world, "");
    triage_world_run(world, triage_world_at(world, 29, 23, 0));
    triage_world_expect(world, "11-07 16:01:00 time\n" NO_CONTACT);
    triage_world_advance(world, triage_world_at(world, 32, 10, 0) - triage_world_now(world));
    struct event event = triage_world_event(world, "contact", "p-an");
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"); /* says nothing by itself */
    triage_world_run(world, triage_world_at(world, 43, 23, 0));
    triage_world_expect(world, "");
    triage_world_run(world, triage_world_at(world, 46, 15, 0)); /* Monday, a fortnight at 10:00 */
    triage_world_expect(world, "");
    triage_world_run(world, triage_world_at(world, 46, 23, 0));
    triage_world_expect(world, "11-24 16:01:00 time\n" NO_CONTACT);
    triage_world_free(world);
}

/* On its date, each year; those of a class in one word, and who refused was asked. */
static void test_triage_who_was_not_screened_is_told_of_by_class(void **state)
{
    struct triage_world *world =
        triage_world_new("expectations:\n"
                         "  - id: term\n"
                         "    for: student\n"
                         "    about: class\n"
                         "    on: dates\n"
                         "    dates: ['10-20', '11-03']\n"
                         "    within: 150d\n"
                         "    from: screening\n"
                         "    where: event.kind == 'result'\n"
                         "    by: '17:00'\n"
                         "    else: {level: attention, layer: school, kind: screening_coverage}\n"
                         "    why: '{event.absent_count} of {event.enrolled_count}'\n");
    static const char *const screened[] = {"p-an", "p-dai"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct event event = triage_world_sheet(world, "PHQ-9", screened[i], NULL, 0);
        event.screening.refused = true;
        triage_world_send(world, &event);
    }
    triage_world_run(world, triage_world_at(world, 20, 0, 0));
    triage_world_expect(world,
                        "e1 judged\ne2 judged\n"
                        "10-20 17:01:00 time\n"
                        "  attention screening_coverage c1 school term group episode\n"
                        "    term event.absent_count=1 event.enrolled_count=2 missing=p-bo\n"
                        "  attention screening_coverage c2 school term group episode\n"
                        "    term event.absent_count=1 event.enrolled_count=1 missing=p-chen\n"
                        "  missed=2\n");
    for (size_t i = 0; i < 2; i++) {
        struct event event =
            triage_world_sheet(world, "PHQ-9", i == 0 ? "p-bo" : "p-chen", NULL, 0);
        triage_world_send(world, &event);
    }
    triage_world_run(world, triage_world_at(world, 30, 0, 0));
    triage_world_expect(world, "e3 judged\ne4 judged\n");
    triage_world_free(world);
}

static void test_triage_a_report_of_the_year_is_due_on_its_date(void **state)
{
    static const char rules[] = "expectations:\n"
                                "  - id: report\n"
                                "    for: school\n"
                                "    on: dates\n"
                                "    dates: ['04-20']\n"
                                "    within: 60d\n"
                                "    from: incident\n"
                                "    where: event.kind == 'report'\n"
                                "    by: '17:00'\n"
                                "    else: {level: attention, layer: county, kind: report_late}\n";
    static const int64_t before_days[] = {-1, 0, 59, 60};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct triage_world *world = triage_world_new(rules);
        int64_t by_ms = (zone_day_of(2026, 4, 20) * 24 + 9) * TRIAGE_HOUR;
        int64_t at_ms = by_ms - before_days[i] * TRIAGE_DAY;
        if (at_ms > by_ms) {
            triage_world_run(world, by_ms + 2 * TRIAGE_HOUR);
        }
        triage_world_run(world, at_ms);
        struct event event = triage_world_event(world, "report", NULL);
        triage_world_send(world, &event);
        triage_world_run(world, by_ms + 20 * TRIAGE_DAY);
        bool is_late = before_days[i] < 0 || before_days[i] >= 60;
        static const char late[] = "04-20 17:01:00 time\n"
                                   "  attention report_late s1 county report unit episode\n"
                                   "    report\n"
                                   "  missed=1\n";
        char expected[512];
        (void)snprintf(expected, sizeof(expected), "%s%s%s", before_days[i] < 0 ? late : "",
                       "e1 judged\n", before_days[i] >= 60 ? late : "");
        triage_world_expect(world, expected);
        assert_true(is_late == (strstr(expected, "missed") != NULL));
        triage_world_free(world);
    }
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
        cmocka_unit_test(test_triage_a_flagged_pupil_is_talked_to_every_fortnight),
        cmocka_unit_test(test_triage_who_was_not_screened_is_told_of_by_class),
        cmocka_unit_test(test_triage_a_report_of_the_year_is_due_on_its_date),
    };
    return RUN_TESTS(argc, argv, tests);
}
