/* What triage makes of events: levels by facts, rules, repeats, subjects, windows, undoing. */
#include "support/runner.h"

#include "triage_world.h"

static const char concern_rules[] =
    "features:\n"
    "  - id: concerns_14d\n"
    "    from: incident\n"
    "    where: event.kind == 'concern'\n"
    "    scope: student\n"
    "    window: 14d\n"
    "    ops: {count: count(), observers: distinct(event.reporter_ref)}\n"
    "rules:\n"
    "  - id: concern\n"
    "    on: incident.concern\n"
    "    when: 'true'\n"
    "    then: {level: attention, layer: class, kind: wellbeing, tell: [class_teacher, "
    "psych_teacher]}\n"
    "  - id: concern_repeated\n"
    "    on: incident.concern\n"
    "    when: features.concerns_14d.count >= 3 && features.concerns_14d.observers >= 2\n"
    "    then: {level: warning, layer: class, kind: wellbeing}\n"
    "    why: '{features.concerns_14d.count} by {features.concerns_14d.observers}'\n";

static void test_triage_facts_give_the_level(void **state)
{
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    struct event event = triage_world_event(world, "self_harm", "p-an");
    event.incident.danger = CASE_DANGER_HAPPENING;
    triage_world_send(world, &event);
    event = triage_world_event(world, "accident", "p-an");
    event.incident.injury = CASE_INJURY_NEEDS_TREATMENT;
    triage_world_send(world, &event);
    event = triage_world_event(world, "panic", NULL);
    triage_world_send(world, &event);
    event = triage_world_event(world, "accident", "p-an");
    triage_world_send(world, &event);
    event = triage_world_event(world, "life_event", "p-an");
    event.incident.signs = EVENT_SIGN_FAREWELL;
    triage_world_send(world, &event);
    event = triage_world_event(world, "life_event", "p-an");
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  crisis self_harm p-an school facts/danger episode\n"
                               "    facts/danger event.danger=happening\n"
                               "    facts/kind event.kind=self_harm\n"
                               "e2 judged\n"
                               "  crisis accident p-an school facts/injury episode\n"
                               "    facts/injury event.injury=needs_treatment\n"
                               "    facts/kind event.kind=accident\n"
                               "e3 judged\n"
                               "  crisis panic s1 school facts/panic unit episode\n"
                               "    facts/panic event.kind=panic\n"
                               "    facts/kind event.kind=panic\n"
                               "e4 judged\n"
                               "  warning accident p-an school facts/kind episode\n"
                               "    facts/kind event.kind=accident\n"
                               "e5 judged\n"
                               "  high life_event p-an school facts/sign episode\n"
                               "    facts/sign event.signs=farewell\n"
                               "    facts/kind event.kind=life_event\n"
                               "e6 judged\n"
                               "  attention life_event p-an school facts/kind\n"
                               "    facts/kind event.kind=life_event\n");
    triage_world_free(world);
}

static void test_triage_unknown_danger_counts_as_imminent_for_three_kinds(void **state)
{
    static const char *const kinds[] = {"self_harm", "threat", "missing", "bullying"};
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct event event = triage_world_event(world, kinds[i], "p-an");
        event.incident.danger = i == 1 ? CASE_DANGER_NONE : CASE_DANGER_UNKNOWN;
        triage_world_send(world, &event);
    }
    triage_world_expect(world, "e1 judged\n"
                               "  crisis self_harm p-an school facts/unknown_danger episode\n"
                               "    facts/unknown_danger event.danger=unknown\n"
                               "    facts/kind event.kind=self_harm\n"
                               "e2 judged\n"
                               "  crisis threat p-an school facts/unknown_danger episode\n"
                               "    facts/unknown_danger event.danger=unknown\n"
                               "    facts/kind event.kind=threat\n"
                               "e3 judged\n"
                               "  crisis missing p-an school facts/unknown_danger episode\n"
                               "    facts/unknown_danger event.danger=unknown\n"
                               "    facts/kind event.kind=missing\n"
                               "e4 judged\n"
                               "  warning bullying p-an school facts/kind episode\n"
                               "    facts/kind event.kind=bullying\n");
    triage_world_free(world);
}

static void test_triage_past_untreated_self_injury_asks_for_an_interview(void **state)
{
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    struct event event = triage_world_event(world, "self_harm", "p-an");
    event.incident.injury = CASE_INJURY_UNTREATED;
    triage_world_send(world, &event);
    triage_world_expect(
        world, "e1 judged\n"
               "  high self_harm p-an school facts/untreated tell=psych_teacher ask=24h episode\n"
               "    facts/untreated event.injury=untreated\n"
               "    facts/kind event.kind=self_harm\n");
    event =
        triage_world_event(world, "self_harm", "p-an"); /* but with a plan the one on call hears */
    event.incident.injury = CASE_INJURY_UNTREATED;
    event.incident.signs = EVENT_SIGN_PLAN;
    triage_world_send(world, &event);
    triage_world_expect(world, "e2 judged\n"
                               "  high self_harm p-an school facts/untreated tell=psych_teacher "
                               "tell=duty_leader ask=24h episode\n"
                               "    facts/untreated event.injury=untreated\n"
                               "    facts/sign_after_self_harm event.signs=plan\n"
                               "    facts/sign event.signs=plan\n"
                               "    facts/kind event.kind=self_harm\n");
    triage_world_free(world);
}

static void test_triage_an_unknown_kind_is_high_day_and_night(void **state)
{
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    struct event event = triage_world_event(world, "flood", "p-an");
    triage_world_send(world, &event);
    event = triage_world_event(world, "drone", "p-an");
    event.family = EVENT_FAMILY_ATTENDANCE;
    triage_world_send(world, &event);
    triage_world_expect(
        world, "e1 judged\n"
               "  high flood p-an school facts/unknown_kind tell=duty_leader tell=psych_teacher "
               "episode\n"
               "    facts/unknown_kind event.kind=flood\n"
               "e2 judged\n"
               "  high drone p-an school facts/unknown_kind tell=duty_leader tell=psych_teacher\n"
               "    facts/unknown_kind event.kind=drone\n");
    triage_world_free(world);
}

static void test_triage_subjects_are_the_affected_else_the_alleged_else_the_scope(void **state)
{
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    struct event event = triage_world_event(world, "bullying", "p-an");
    const struct event_party parties[] = {
        {.ref = STR_LITERAL("p-an"), .role = CASE_PARTY_AFFECTED},
        {.ref = STR_LITERAL("u-nobody"), .role = CASE_PARTY_AFFECTED, .unresolved = true},
        {.ref = STR_LITERAL("t-wang"), .role = CASE_PARTY_ALLEGED},
        {.ref = STR_LITERAL("p-bo"), .role = CASE_PARTY_ALLEGED},
    };
    event.parties = parties;
    event.party_count = 4;
    triage_world_send(world, &event);
    event = triage_world_event(world, "bullying", NULL);
    event.parties = parties + 2;
    event.party_count = 2;
    triage_world_send(world, &event);
    event = triage_world_event(world, "concern", NULL);
    event.has_scope = true;
    event.group = STR_LITERAL("c2");
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  warning bullying p-an school facts/kind episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "  warning bullying u-nobody school facts/kind unresolved episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "e2 judged\n"
                               "  warning bullying t-wang school facts/kind staff episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "  warning bullying p-bo school facts/kind episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "e3 judged\n"
                               "  attention concern c2 school facts/kind group\n"
                               "    facts/kind event.kind=concern\n");
    triage_world_free(world);
}

static void test_triage_a_repeat_says_nothing_and_another_body_is_flagged(void **state)
{
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    struct event event = triage_world_event(world, "accident", "p-an");
    triage_world_send(world, &event);
    struct ident first = triage_world_signal_id(world);
    triage_world_send(world, &event);
    event.body_digest.bytes[0] ^= 1;
    triage_world_send(world, &event);
    assert_false(ident_equal(first, triage_world_signal_id(world)));
    triage_world_send(world, &event);
    event.family = EVENT_FAMILY_ATTENDANCE;
    event.body_digest.bytes[0] ^= 2;
    triage_world_send(world, &event);
    triage_world_advance(world, 7 * TRIAGE_DAY);
    event.family = EVENT_FAMILY_INCIDENT;
    event.reported_ms = triage_world_now(world);
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  warning accident p-an school facts/kind episode\n"
                               "    facts/kind event.kind=accident\n"
                               "e1 repeated\n"
                               "e1 judged\n"
                               "  warning accident p-an school facts/kind episode reused\n"
                               "    facts/kind event.kind=accident\n"
                               "e1 repeated\n"
                               "e1 conflict\n"
                               "e1 judged\n" /* forgotten after 7 days */
                               "  warning accident p-an school facts/kind episode\n"
                               "    facts/kind event.kind=accident\n");
    assert_int_equal(triage_seen_count(triage_world_triage(world)), 1);
    triage_world_free(world);
}

static void test_triage_old_and_imported_events_page_nobody(void **state)
{
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    struct event event = triage_world_event(world, "accident", "p-an");
    event.reported_ms = triage_world_now(world) - 48 * TRIAGE_HOUR;
    triage_world_send(world, &event);
    event = triage_world_event(world, "accident", "p-an");
    event.reported_ms = triage_world_now(world) - 48 * TRIAGE_HOUR - 1;
    triage_world_send(world, &event);
    event = triage_world_event(world, "accident", "p-an");
    event.history = true;
    triage_world_send(world, &event);
    event = triage_world_event(world, "accident", "p-an"); /* long ago, but reported now */
    event.occurred_ms = event.discovered_ms = triage_world_now(world) - 30 * TRIAGE_DAY;
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  warning accident p-an school facts/kind episode\n"
                               "    facts/kind event.kind=accident\n"
                               "e2 judged\n"
                               "  warning accident p-an school facts/kind episode silent\n"
                               "    facts/kind event.kind=accident\n"
                               "e3 judged\n"
                               "  warning accident p-an school facts/kind episode silent\n"
                               "    facts/kind event.kind=accident\n"
                               "e4 judged\n"
                               "  warning accident p-an school facts/kind episode\n"
                               "    facts/kind event.kind=accident\n");
    triage_world_free(world);
}

/* Sends a concern about p-an by `reporter`. */
static void send_concern(struct triage_world *world, const char *reporter)
{
    struct event event = triage_world_event(world, "concern", "p-an");
    const struct event_party parties[] = {
        {.ref = str_of(reporter), .role = CASE_PARTY_REPORTER},
        {.ref = STR_LITERAL("p-an"), .role = CASE_PARTY_AFFECTED},
    };
    event.parties = parties;
    event.party_count = 2;
    triage_world_send(world, &event);
}

#define CONCERN(id)                                                                                \
    id " judged\n"                                                                                 \
       "  attention concern p-an class facts/kind tell=class_teacher tell=psych_teacher\n"         \
       "    facts/kind event.kind=concern\n"                                                       \
       "    concern\n"
#define REPEATED(id, count, observers)                                                             \
    id " judged\n"                                                                                 \
       "  warning wellbeing p-an class concern_repeated tell=class_teacher tell=psych_teacher\n"   \
       "    facts/kind event.kind=concern\n"                                                       \
       "    concern\n"                                                                             \
       "    concern_repeated features.concerns_14d.count=" count                                   \
       " features.concerns_14d.observers=" observers "\n"

static void test_triage_concerns_add_up_by_count_and_observers(void **state)
{
    struct triage_world *world = triage_world_new(concern_rules);
    (void)state;
    for (int i = 0; i < 3; i++) {
        send_concern(world, "t-wang");
        triage_world_advance(world, TRIAGE_DAY);
    }
    send_concern(world, "t-li");
    triage_world_expect(world, CONCERN("e1") CONCERN("e2") CONCERN("e3") REPEATED("e4", "4", "2"));
    triage_world_free(world);
}

static void test_triage_a_window_ends_to_the_millisecond(void **state)
{
    struct triage_world *world = triage_world_new(concern_rules);
    (void)state;
    send_concern(world, "t-wang");
    send_concern(world, "t-li");
    triage_world_advance(world, 14 * TRIAGE_DAY - 1);
    send_concern(world, "t-wang"); /* the first two lie just inside */
    triage_world_undo(world);
    triage_world_advance(world, 1);
    send_concern(world, "t-wang"); /* and just outside */
    triage_world_expect(world, CONCERN("e1") CONCERN("e2") REPEATED("e3", "3", "2") CONCERN("e4"));
    triage_world_free(world);
}

/* Concerns about two of a class count for it once each, and not for another class. */
static void test_triage_a_class_counts_an_event_once(void **state)
{
    struct triage_world *world =
        triage_world_new("features:\n"
                         "  - id: f\n"
                         "    from: incident\n"
                         "    where: event.kind == 'bullying'\n"
                         "    scope: class\n"
                         "    window: 2d\n"
                         "    ops: {count: count()}\n"
                         "rules:\n"
                         "  - id: often\n"
                         "    on: incident.bullying\n"
                         "    when: features.f.count >= 2\n"
                         "    then: {level: high, layer: class, kind: bullying}\n"
                         "    why: '{features.f.count}'\n"
                         "  - id: told\n"
                         "    on: incident.concern\n"
                         "    when: 'true'\n"
                         "    then: {level: attention, layer: class, kind: wellbeing}\n"
                         "    why: '{features.f.count} before'\n");
    static const struct event_party parties[] = {
        {.ref = STR_LITERAL("p-an"), .role = CASE_PARTY_AFFECTED},
        {.ref = STR_LITERAL("p-bo"), .role = CASE_PARTY_AFFECTED},
    };
    (void)state;
    struct event event = triage_world_event(world, "bullying", NULL);
    event.parties = parties;
    event.party_count = 2;
    triage_world_send(world, &event);
    event = triage_world_event(world, "bullying", "p-chen");
    triage_world_send(world, &event);
    event = triage_world_event(world, "bullying", "p-bo");
    triage_world_send(world, &event);
    event = triage_world_event(world, "concern", "p-an"); /* a reason alone may name a feature */
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  warning bullying p-an school facts/kind episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "  warning bullying p-bo school facts/kind episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "e2 judged\n"
                               "  warning bullying p-chen school facts/kind episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "e3 judged\n"
                               "  high bullying p-bo class often episode\n"
                               "    facts/kind event.kind=bullying\n"
                               "    often features.f.count=2\n"
                               "e4 judged\n"
                               "  attention concern p-an class facts/kind\n"
                               "    facts/kind event.kind=concern\n"
                               "    told features.f.count=2\n");
    triage_world_free(world);
}

static void test_triage_undo_gives_the_state_from_before(void **state)
{
    struct triage_world *world = triage_world_new(concern_rules);
    (void)state;
    send_concern(world, "t-wang");
    send_concern(world, "t-li");
    struct event event = triage_world_event(world, "concern", "p-an");
    triage_world_send(world, &event);
    struct ident first = triage_world_signal_id(world);
    triage_world_undo(world);
    triage_world_send(world, &event); /* the same record once more: the same signal */
    assert_true(ident_equal(first, triage_world_signal_id(world)));
    triage_world_expect(world, CONCERN("e1") CONCERN("e2") REPEATED("e3", "3", "2")
                                   REPEATED("e3", "3", "2"));
    triage_world_free(world);
}

static void test_triage_state_is_bounded_and_says_what_fell_out(void **state)
{
    enum { SEEN_BOUND = 16 };
    struct triage_world *world = triage_world_new(NULL);
    (void)state;
    for (int i = 0; i < SEEN_BOUND + 1; i++) {
        struct event event = triage_world_event(world, "panic", NULL);
        event.history = true;
        triage_world_send(world, &event);
    }
    assert_int_equal(triage_seen_count(triage_world_triage(world)), SEEN_BOUND);
    triage_world_free(world);
}

static void test_triage_a_rule_without_a_value_stops_no_other(void **state)
{
    struct triage_world *world = triage_world_new(
        "rules:\n"
        "  - id: broken\n"
        "    on: screening.result\n"
        "    when: event.items['9'] == 3\n"
        "    then: {level: high, layer: school, kind: self_harm_risk}\n"
        "  - id: refused\n"
        "    on: screening.result\n"
        "    when: event.refused\n"
        "    then: {level: attention, layer: class, kind: wellbeing, ask: {interview: "
        "3_school_days}}\n");
    (void)state;
    struct event event = triage_world_event(world, "result", "p-an");
    event.family = EVENT_FAMILY_SCREENING;
    event.kind = EVENT_KIND_RESULT;
    event.screening = (struct event_screening){.refused = true};
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged rule_errors=1\n"
                               "  attention wellbeing p-an class refused ask=3_school_days\n"
                               "    refused event.refused=true\n");
    triage_world_free(world);
}

static void test_triage_answers_decide_but_are_not_shown(void **state)
{
    struct triage_world *world = triage_world_new(
        "rules:\n"
        "  - id: item9\n"
        "    on: screening.result\n"
        "    when: event.items['9'] == 3\n"
        "    then: {level: high, layer: school, kind: self_harm_risk, ask: {interview: same_day}}\n"
        "    why: \"item 9 = {event.items['9']}\"\n");
    static const struct event_item items[] = {{STR_LITERAL("9"), 3}};
    (void)state;
    struct event event = triage_world_event(world, "result", "p-an");
    event.family = EVENT_FAMILY_SCREENING;
    event.kind = EVENT_KIND_RESULT;
    event.screening = (struct event_screening){.items = items, .opened_count = 1};
    triage_world_send(world, &event);
    triage_world_expect(world, "e1 judged\n"
                               "  high self_harm_risk p-an school item9 ask=same_day\n"
                               "    item9 event.items['9']=(sealed)\n");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_facts_give_the_level),
        cmocka_unit_test(test_triage_unknown_danger_counts_as_imminent_for_three_kinds),
        cmocka_unit_test(test_triage_past_untreated_self_injury_asks_for_an_interview),
        cmocka_unit_test(test_triage_an_unknown_kind_is_high_day_and_night),
        cmocka_unit_test(test_triage_subjects_are_the_affected_else_the_alleged_else_the_scope),
        cmocka_unit_test(test_triage_a_repeat_says_nothing_and_another_body_is_flagged),
        cmocka_unit_test(test_triage_old_and_imported_events_page_nobody),
        cmocka_unit_test(test_triage_concerns_add_up_by_count_and_observers),
        cmocka_unit_test(test_triage_a_window_ends_to_the_millisecond),
        cmocka_unit_test(test_triage_a_class_counts_an_event_once),
        cmocka_unit_test(test_triage_undo_gives_the_state_from_before),
        cmocka_unit_test(test_triage_state_is_bounded_and_says_what_fell_out),
        cmocka_unit_test(test_triage_a_rule_without_a_value_stops_no_other),
        cmocka_unit_test(test_triage_answers_decide_but_are_not_shown),
    };
    return RUN_TESTS(argc, argv, tests);
}
