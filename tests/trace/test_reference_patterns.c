/* The reference pack over time: patterns of absence, what adds up, clusters, key dates. The people are made up. */
#include <string.h>

#include "support/runner.h"
#include "triage_world.h"

/* The world begins on Thursday 2025-10-09, 16:53 in China; day 4 is a Monday. */

static struct event absent_on(struct triage_world *world, const char *pupil, int day)
{
    int64_t at_ms = triage_world_at(world, day, 8, 0);
    triage_world_advance(world, at_ms - triage_world_now(world));
    struct event event = triage_world_event(world, "absent", pupil);
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.kind = EVENT_KIND_ABSENT;
    event.attendance = (struct event_attendance){.state = EVENT_ROLL_ABSENT_EXPLAINED};
    return event;
}

static void send(struct triage_world *world, const struct event *event, const char *held)
{
    triage_world_send(world, event);
    triage_world_forget(world);
    assert_string_equal(triage_world_held(world), held);
}

static void test_reference_ten_missed_sessions_are_a_pattern(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    triage_world_hold_nothing(world);
    for (int i = 0; i < 60; i++) {
        struct event event = absent_on(world, "p-an", 5 + i);
        send(world, &event,
             i < 9    ? ""
             : i < 49 ? "attention: missed_tenth"
                      : "warning: missed_tenth missed_half");
    }
    struct event event = absent_on(world, "p-an", 5 + 59 + 70); /* all of them lie ten weeks back */
    send(world, &event, "");
    triage_world_free(world);
}

static void test_reference_three_mondays_of_four_are_a_pattern(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    triage_world_hold_nothing(world);
    struct event tuesday = absent_on(world, "p-an", 5);
    send(world, &tuesday, "");
    triage_world_advance(world, -5 * TRIAGE_DAY);
    for (int week = 0; week < 4; week++) {
        struct event event = absent_on(world, "p-an", 4 + 7 * week);
        event.attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
        triage_world_send(world, &event);
        triage_world_forget(world);
        assert_string_equal(triage_world_held(world),
                            week < 2 ? "warning: absent" : "warning: absent missed_mondays");
        event = absent_on(world, "p-an", 4 + 7 * week); /* and in the afternoon: the same day */
        event.attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
        triage_world_send(world, &event);
        triage_world_forget(world);
    }
    triage_world_free(world);
}

static void test_reference_an_absence_after_bullying_is_named(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    struct event event = triage_world_event(world, "bullying", "p-an");
    (void)state;
    triage_world_hold_nothing(world);
    send(world, &event, "warning: facts/kind");
    event = absent_on(world, "p-an", 5);
    event.attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
    send(world, &event, "warning: absent absent_after_bullying");
    event = absent_on(world, "p-bo", 5);
    event.attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
    send(world, &event, "warning: absent");
    event = absent_on(world, "p-an", 5 + 28);
    event.attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
    send(world, &event, "warning: absent");
    triage_world_free(world);
}

/* The class is told of once, by the third pupil and not by a second report of one. */
static void test_reference_three_of_a_class_are_looked_at_together(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    triage_world_hold_nothing(world);
    triage_world_add_pupils(world, "k1", 4);
    static const char *const pupils[] = {"k1-01", "k1-02", "k1-02", "k1-03"};
    for (size_t i = 0; i < 4; i++) {
        struct event event = absent_on(world, pupils[i], 5);
        triage_world_send(world, &event);
    }
    triage_world_expect(world, "e1 judged\ne2 judged\ne3 judged\ne4 judged\n"
                               "  attention absence_cluster k1 class class_absences group "
                               "tell=class_teacher\n"
                               "    class_absences features.absent_of_class.pupils=3 "
                               "features.missed_now.count=1\n");
    triage_world_free(world);
}

/* A whole class at once is first a question, and what would be said of the class waits with its pupils. */
static void test_reference_a_class_that_may_be_a_fault_is_one_question(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    static const char *const pupils[] = {"k1-01", "k1-02", "k1-03", "k1-04"};
    (void)state;
    triage_world_add_pupils(world, "k1", 4);
    for (size_t i = 0; i < 4; i++) {
        struct event event = absent_on(world, pupils[i], 5);
        event.attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
        triage_world_send(world, &event);
        assert_string_equal(triage_world_held(world), "");
    }
    triage_world_forget(world);
    triage_world_run(world, triage_world_now(world) + TRIAGE_HOUR / 30);
    assert_int_equal(triage_world_releases(world), 0);
    assert_string_equal(triage_world_held(world), "high: plausibility");
    triage_world_forget(world);
    triage_world_answer(world, false);
    assert_int_equal(triage_world_releases(world), 4 + 1); /* the class once, with all four */
    triage_world_free(world);
}

static void test_reference_life_events_add_up_and_fade(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    struct event event = triage_world_event(world, "life_event", "p-an");
    send(world, &event, "attention: facts/kind");
    triage_world_advance(world, 45 * TRIAGE_DAY);
    event = triage_world_event(world, "life_event", "p-an");
    send(world, &event, "attention: facts/kind life_events_add_up");
    triage_world_expect_why(world, "90 天内负性生活事件 2 起，累积 1.70710678118655 / life events "
                                   "within 90 days, load");
    event = triage_world_event(world, "concern", "p-an");
    send(world, &event, "attention: facts/kind concern concern_after_life_event");
    triage_world_advance(world, 90 * TRIAGE_DAY);
    event = triage_world_event(world, "concern", "p-an");
    send(world, &event, "attention: facts/kind concern");
    triage_world_free(world);
}

static struct event self_harm(struct triage_world *world, const char *pupil)
{
    struct event event = triage_world_event(world, "self_harm", pupil);
    event.incident.injury = CASE_INJURY_UNTREATED;
    return event;
}

#define FACTS "    facts/untreated event.injury=untreated\n    facts/kind event.kind=self_harm\n"

/* Two of a class, three of the school: the county's expert, about the class or school and not about a pupil; one pupil twice is
 * no cluster, and the order in which the reports come changes nothing. */
static void test_reference_clusters_are_a_matter_of_the_county(void **state)
{
    static const char *const orders[][4] = {{"p-an", "p-an", "p-bo", "p-dai"},
                                            {"p-bo", "p-an", "p-an", "p-dai"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct triage_world *world = triage_world_new_reference();
        for (size_t k = 0; k < 3; k++) {
            struct event event = self_harm(world, orders[i][k]);
            triage_world_send(world, &event);
            if (i == 0 && k == 1) {
                assert_string_equal(triage_world_held(world), "high: facts/untreated facts/kind");
            }
        }
        triage_world_forget(world);
        struct event event = self_harm(world, orders[i][3]);
        triage_world_send(world, &event);
        triage_world_expect(world,
                            "e4 judged\n"
                            "  high self_harm p-dai school facts/untreated tell=psych_teacher "
                            "ask=24h episode\n" FACTS
                            "  warning cluster s1 county cluster_school unit tell=county_centre\n"
                            "    cluster_school features.self_harm_of_school.pupils=3\n");
        triage_world_free(world);
    }
}

static void test_reference_a_cluster_of_a_class_is_found_at_its_second_pupil(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    struct event event = self_harm(world, "p-an");
    triage_world_send(world, &event);
    triage_world_forget(world);
    triage_world_advance(world, 14 * TRIAGE_DAY - 1);
    event = self_harm(world, "p-bo");
    send(world, &event, "high: facts/untreated facts/kind cluster_class");
    triage_world_advance(world, 14 * TRIAGE_DAY);
    event = self_harm(world, "p-an"); /* the other one lies a fortnight back */
    send(world, &event, "high: facts/untreated facts/kind");
    triage_world_free(world);
}

/* One report of two pupils is a cluster; it is said once. */
static void test_reference_two_pupils_of_one_report_are_counted_both(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    struct event_party parties[] = {
        {.ref = STR_LITERAL("p-an"), .role = CASE_PARTY_AFFECTED},
        {.ref = STR_LITERAL("p-bo"), .role = CASE_PARTY_AFFECTED},
    };
    (void)state;
    struct event event = self_harm(world, NULL);
    event.parties = parties;
    event.party_count = 2;
    send(world, &event,
         "high: facts/untreated facts/kind cluster_class facts/untreated facts/kind");
    triage_world_free(world);
}

static void test_reference_a_serious_attempt_asks_who_was_near(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    struct event event = triage_world_event(world, "self_harm", "p-an");
    event.incident.injury = CASE_INJURY_NEEDS_TREATMENT;
    send(world, &event, "crisis: facts/injury facts/kind exposure");
    triage_world_free(world);
}

/* In a window the interview is sooner and the level is the same. */
static void test_reference_a_key_date_raises_cadence_and_no_level(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    int64_t gaokao_ms = (zone_day_of(2026, 5, 31) * 24 - 8) * TRIAGE_HOUR;
    (void)state;
    for (int i = -1; i <= 1; i++) {
        triage_world_advance(world, gaokao_ms + i - triage_world_now(world));
        struct event event = triage_world_event(world, "concern", i < 0 ? "p-an" : "p-bo");
        triage_world_send(world, &event);
        triage_world_forget(world);
        assert_string_equal(triage_world_held(world),
                            i < 0 ? "attention: facts/kind concern"
                                  : "attention: facts/kind concern concern_at_key_date");
    }
    int32_t items[9] = {3, 3, 3, 1};
    struct event event = triage_world_sheet(world, "PHQ-9", "p-an", items, 9);
    triage_world_send(world, &event);
    triage_world_expect(world, "e4 judged\n"
                               "  attention wellbeing p-an school phq9_10 ask=5_school_days\n"
                               "    phq9_10 event.score=(sealed) event.instrument=PHQ-9\n"
                               "    phq9_key_date calendar.key_dates[0]=gaokao "
                               "event.instrument=PHQ-9 event.score=(sealed)\n");
    triage_world_free(world);
}

/* The contacts, reviews, reports and screenings that the pack expects, over half a year in which nobody does any of it. */
static void test_reference_what_does_not_come_is_told_of(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    int64_t coverage_ms = (zone_day_of(2025, 12, 20) * 24 + 9) * TRIAGE_HOUR;
    (void)state;
    triage_world_flag(world, "p-an", "c1", "left_behind", 0);
    triage_world_flag(world, "p-bo", "c1", "key_student", 0);
    triage_world_run(world, triage_world_at(world, 15, 12, 0));
    triage_world_expect(world, "");
    triage_world_run(world, triage_world_at(world, 16, 12, 0));
    triage_world_expect(world, "10-24 16:01:00 time\n"
                               "  attention mentor_contact p-an class mentor_contact "
                               "tell=class_teacher episode\n"
                               "    mentor_contact\n"
                               "  missed=1\n");
    triage_world_run(world, triage_world_at(world, 33, 12, 0));
    triage_world_expect(world, "10-31 17:01:00 time\n"
                               "  attention principal_review s1 school principal_review unit "
                               "tell=principal episode\n"
                               "    principal_review\n"
                               "  missed=1\n"
                               "11-07 16:01:00 time\n"
                               "  attention mentor_contact p-an class mentor_contact "
                               "tell=class_teacher episode\n"
                               "    mentor_contact\n"
                               "  missed=1\n"
                               "11-10 16:01:00 time\n"
                               "  attention file_review p-bo grade file_review "
                               "tell=psych_teacher tell=grade_head episode\n"
                               "    file_review\n"
                               "  missed=1\n");
    triage_world_run(world, coverage_ms);
    triage_world_forget(world);
    triage_world_run(world, coverage_ms + TRIAGE_HOUR);
    triage_world_expect(world, "12-20 17:01:00 time\n"
                               "  attention screening_coverage c1 school screening_coverage group "
                               "tell=psych_teacher episode\n"
                               "    screening_coverage event.absent_count=2 event.enrolled_count=2 "
                               "missing=p-an missing=p-bo\n"
                               "  attention screening_coverage c2 school screening_coverage group "
                               "tell=psych_teacher episode\n"
                               "    screening_coverage event.absent_count=1 event.enrolled_count=1 "
                               "missing=p-chen\n"
                               "  attention screening_coverage c3 school screening_coverage group "
                               "tell=psych_teacher episode\n"
                               "    screening_coverage event.absent_count=1 event.enrolled_count=1 "
                               "missing=p-dai\n"
                               "  missed=3\n");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_ten_missed_sessions_are_a_pattern),
        cmocka_unit_test(test_reference_three_mondays_of_four_are_a_pattern),
        cmocka_unit_test(test_reference_an_absence_after_bullying_is_named),
        cmocka_unit_test(test_reference_three_of_a_class_are_looked_at_together),
        cmocka_unit_test(test_reference_a_class_that_may_be_a_fault_is_one_question),
        cmocka_unit_test(test_reference_life_events_add_up_and_fade),
        cmocka_unit_test(test_reference_clusters_are_a_matter_of_the_county),
        cmocka_unit_test(test_reference_a_cluster_of_a_class_is_found_at_its_second_pupil),
        cmocka_unit_test(test_reference_two_pupils_of_one_report_are_counted_both),
        cmocka_unit_test(test_reference_a_serious_attempt_asks_who_was_near),
        cmocka_unit_test(test_reference_a_key_date_raises_cadence_and_no_level),
        cmocka_unit_test(test_reference_what_does_not_come_is_told_of),
    };
    return RUN_TESTS(argc, argv, tests);
}
