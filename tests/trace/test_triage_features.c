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

/* A sum that halves in ten days, the greatest, least and newest number, of a bullying's signs. */
static void test_triage_numbers_of_a_window_decide(void **state)
{
    struct triage_world *world = triage_world_new(
        "features:\n"
        "  - id: f\n"
        "    from: incident\n"
        "    where: 'true'\n"
        "    scope: student\n"
        "    window: 30d\n"
        "    ops: {load: 'sum(event.mandatory_code, 10d)', most: max(event.mandatory_code), least: "
        "min(event.mandatory_code), newest: last(event.mandatory_code)}\n"
        "rules:\n"
        "  - id: r\n"
        "    on: incident.life_event\n"
        "    when: features.f.load >= 4.5\n"
        "    then: {level: attention, layer: class, kind: wellbeing}\n"
        "    why: '{features.f.load} {features.f.most} {features.f.least} {features.f.newest}'\n");
    static const uint32_t codes[] = {8, 0, 2, 7};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct event event = triage_world_event(world, "life_event", "p-an");
        event.incident.mandatory_code = codes[i];
        triage_world_send(world, &event);
        if (i == 0) {
            triage_world_expect_why(world, "8 8 8 8");
        } else if (i == 2) {
            triage_world_forget(world); /* 8 / 4 + 2 is 4 */
        } else if (i == 3) {
            triage_world_expect_why(world, "8 7 0 7"); /* 2 / 2 + 7: the 8 lies at the edge */
        }
        triage_world_advance(world, 10 * TRIAGE_DAY);
    }
    triage_world_free(world);
}

/* What one number alone kept from holding is told with the signal, and the version that its authors gave a rule. */
static void test_triage_a_rule_that_nearly_held_is_named(void **state)
{
    struct triage_world *world =
        triage_world_new("features:\n"
                         "  - {id: f, from: incident, where: 'true', scope: student, window: 14d, "
                         "ops: {n: count(), who: distinct(event.reporter_ref)}}\n"
                         "rules:\n"
                         "  - id: each\n"
                         "    on: incident.life_event\n"
                         "    when: event.danger == 'past'\n"
                         "    version: '2026-1'\n"
                         "    then: {level: attention, layer: class, kind: wellbeing}\n"
                         "  - id: three_of_two\n"
                         "    on: incident.life_event\n"
                         "    when: features.f.n >= 2 && features.f.who >= 2\n"
                         "    then: {level: warning, layer: class, kind: wellbeing}\n"
                         "  - id: many\n"
                         "    on: incident.life_event\n"
                         "    when: features.f.n > 20\n"
                         "    then: {level: high, layer: class, kind: wellbeing}\n"
                         "  - id: other_family\n"
                         "    on: incident.life_event\n"
                         "    when: features.f.n > 2\n"
                         "    then: {level: high, layer: class, kind: self_harm_risk}\n");
    (void)state;
    triage_world_show_near(world);
    for (int i = 0; i < 2; i++) {
        struct event event = triage_world_event(world, "life_event", "p-an");
        triage_world_send(world, &event);
    }
    triage_world_expect(world, "e1 judged\n"
                               "  attention life_event p-an class facts/kind\n"
                               "    facts/kind event.kind=life_event\n"
                               "    each event.danger=past\n"
                               "e2 judged\n"
                               "  attention life_event p-an class facts/kind\n"
                               "    facts/kind event.kind=life_event\n"
                               "    each event.danger=past\n"
                               "    nearly three_of_two features.f.who=1\n");
    triage_world_free(world);
}

/* What counts for an hour does not lie behind what counts for two months; nor after a restart, nor when the hour has become a week. */
static void test_triage_what_is_over_is_forgotten_each_in_its_time(void **state)
{
#define TWO_FEATURES(window)                                                                       \
    "features:\n"                                                                                  \
    "  - {id: long, from: incident, where: 'true', scope: student, window: 60d, ops: {n: "         \
    "count()}}\n"                                                                                  \
    "  - {id: short, from: incident, where: 'true', scope: student, window: " window               \
    ", lateness: 0s, ops: {n: count()}}\n"
    struct triage_world *world = triage_world_new(TWO_FEATURES("1h"));
    (void)state;
    for (size_t i = 1; i <= 20; i++) {
        struct event event = triage_world_event(world, "life_event", "p-an");
        triage_world_send(world, &event);
        /* of the short one: today's, and yesterday's until its day and its hour are over */
        assert_in_range(triage_window_count(triage_world_triage(world)), i + 1, i + 2);
        if (i == 8) {
            triage_world_restart(world);
        }
        triage_world_advance(world, TRIAGE_DAY);
    }
    triage_world_set_rules(world, TWO_FEATURES("7d"));
    for (size_t i = 21; i <= 40; i++) {
        struct event event = triage_world_event(world, "life_event", "p-an");
        triage_world_send(world, &event);
        assert_in_range(triage_window_count(triage_world_triage(world)), i + 1, i + 9);
        triage_world_advance(world, TRIAGE_DAY);
    }
    assert_in_range(triage_window_count(triage_world_triage(world)), 40 + 7, 40 + 9);
    triage_world_free(world);
}

static const char county_rules[] =
    "features:\n"
    "  - {id: f, from: incident, where: event.kind == 'self_harm', scope: county, window: 30d, "
    "ops: {n: count(), pupils: distinct(event.subject)}}\n"
    "rules:\n"
    "  - id: r\n"
    "    on: incident.self_harm\n"
    "    about: county\n"
    "    when: features.f.pupils >= 3\n"
    "    then: {level: warning, layer: county, kind: cluster, tell: [county_centre]}\n"
    "    why: '{features.f.n} {features.f.pupils}'\n";

/* Three pupils of two schools, one of them twice, the last reported being the first by time: the signal is the county's, and names no pupil and no school. Whatever order the
 * facts come in, with a take-over between, it is the same. */
static void test_triage_a_county_counts_what_happens_in_its_schools(void **state)
{
    static const char *const pupils[] = {"p-an", "u-x", "p-an", "p-dai"};
    (void)state;
    for (int backward = 0; backward < 2; backward++) {
        struct triage_world *world = triage_world_new(county_rules);
        triage_world_add_county(world);
        for (size_t i = 0; i < 4; i++) {
            struct event event = triage_world_event(world, "self_harm", pupils[i]);
            event.unit = i == 1 ? STR_LITERAL("s2") : event.unit;
            event.incident.injury = CASE_INJURY_UNTREATED;
            event.occurred_ms = triage_world_now(world) - (int64_t)i;
            triage_world_send(world, &event);
            assert_string_equal(triage_world_held(world), "high: facts/untreated facts/kind");
        }
        triage_world_forget(world);
        triage_world_restart(world);
        triage_world_count_facts(world, backward == 1);
        if (backward == 0) {
            triage_world_expect(world,
                                "county counts e1 of s1\n"
                                "county counts e2 of s2\n"
                                "county counts e3 of s1\n"
                                "county counts e4 of s1\n"
                                "  warning cluster county-1 county r unit tell=county_centre\n"
                                "    r features.f.n=3 features.f.pupils=3\n");
        } else {
            triage_world_expect(world,
                                "county counts e4 of s1\n"
                                "county counts e3 of s1\n"
                                "county counts e2 of s2\n"
                                "  warning cluster county-1 county r unit tell=county_centre\n"
                                "    r features.f.n=3 features.f.pupils=3\n"
                                "county counts e1 of s1\n"
                                "  warning cluster county-1 county r unit tell=county_centre\n"
                                "    r features.f.n=4 features.f.pupils=3\n");
        }
        triage_world_free(world);
    }
}

/* Without a county nobody counts, and other events are none of its business. */
static void test_triage_only_what_a_county_counts_is_sent_to_it(void **state)
{
    struct triage_world *world = triage_world_new(county_rules);
    (void)state;
    struct event event = triage_world_event(world, "self_harm", "p-an");
    triage_world_send(world, &event);
    triage_world_add_county(world);
    event = triage_world_event(world, "bullying", "p-an");
    triage_world_send(world, &event);
    triage_world_forget(world);
    triage_world_count_facts(world, false);
    triage_world_expect(world, "");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_counts_per_pupil_class_grade_and_school),
        cmocka_unit_test(test_triage_a_streak_passes_over_the_weekend),
        cmocka_unit_test(test_triage_a_late_event_completes_what_came_before),
        cmocka_unit_test(test_triage_later_than_the_lateness_is_not_counted),
        cmocka_unit_test(test_triage_numbers_of_a_window_decide),
        cmocka_unit_test(test_triage_a_rule_that_nearly_held_is_named),
        cmocka_unit_test(test_triage_a_county_counts_what_happens_in_its_schools),
        cmocka_unit_test(test_triage_only_what_a_county_counts_is_sent_to_it),
        cmocka_unit_test(test_triage_what_is_over_is_forgotten_each_in_its_time),
    };
    return RUN_TESTS(argc, argv, tests);
}
