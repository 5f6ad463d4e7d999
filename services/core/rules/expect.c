/* Expectations: what must happen in each class, or in a school, by a time of the local day.
 *
 * What came is noted per class and day: one bucket of the windows, under the expectation's id and the local day, with the
 * earliest of the events. What was judged is a clock of the unit: it stands at the last deadline that was. A deadline is judged
 * a little later, since what came in time may still be on its way; what comes later than that is noted and changes nothing. */
#include "core/rules/triage_inside.h"

static const int64_t day_ms = INT64_C(86400000);

/* Where it is noted that something came: the class, or the school, on a local day. */
static struct str mark_key(const struct turn *turn, const struct expectation *expectation,
                           struct str scope_id, int64_t day, char ret_text[WINDOW_KEY_MAX_BYTES])
{
    const struct window_key key = {
        .unit = turn->judge.unit,
        .scope = expectation->is_of_class ? 'c' : 'u',
        .scope_id = scope_id,
        .feature = str_of(expectation->id),
    };
    return windows_key(&key, day * day_ms, ret_text);
}

/* --- Noting ---------------------------------------------------------------------------------------------------------- */

static bool is_expected(struct turn *turn, const struct expectation *expectation)
{
    struct judge_scene scene;
    const struct expr_run run = {scene.bindings, turn->arena, RULESET_COST_MAX};
    if (expectation->from != turn->judge.event->family) {
        return false;
    }
    judge_set_scene(&turn->judge, (struct str){NULL, 0}, &scene);
    struct expr_value holds = expr_evaluate(expectation->where, &run);
    turn->judge.rule_errors += holds.kind == EXPR_BOOL ? 0 : 1;
    return holds.kind == EXPR_BOOL && holds.boolean;
}

static int mark(struct turn *turn, const struct expectation *expectation, struct str scope_id)
{
    struct window_entry *entry = arena_alloc(turn->arena, sizeof(*entry));
    const struct window_state after = {entry, 1};
    const struct zone zone = org_zone(turn->judge.org, turn->judge.unit);
    char text[WINDOW_KEY_MAX_BYTES];
    if (entry == NULL) {
        return ERR_MEMORY;
    }
    entry->at_ms = judge_event_time(turn->judge.event);
    int64_t day = zone_to_local(&zone, entry->at_ms).day;
    struct str key = mark_key(turn, expectation, scope_id, day, text);
    struct window_state before = windows_get(&turn->triage->windows, key);
    bool is_earlier = before.count == 0 || entry->at_ms < before.entries[0].at_ms;
    bool is_old = entry->at_ms + (expectation->known_days + 2) * day_ms < turn->now_ms;
    return is_earlier && !is_old ? turn_change_window(turn, key, &after) : 0;
}

int expect_mark(struct turn *turn, const struct signal_subject *subjects, size_t count)
{
    const struct ruleset *rules = turn->judge.rules;
    int error = 0;
    for (size_t e = 0; rules != NULL && e < rules->expectation_count && error == 0; e++) {
        const struct expectation *expectation = &rules->expectations[e];
        if (!is_expected(turn, expectation)) {
            continue;
        }
        for (size_t i = 0; i < count && error == 0; i++) {
            struct str id = expectation->is_of_class
                                ? judge_group_of(&turn->judge, subjects[i].group, ORG_GROUP_CLASS)
                                : turn->judge.unit;
            error = id.len == 0 ? 0 : mark(turn, expectation, id);
        }
    }
    return error;
}

/* --- Deadlines ------------------------------------------------------------------------------------------------------- */

/* When the first deadline that is not judged by the instant will be. */
static int64_t next_due(const struct triage *triage, const struct ruleset *rules,
                        const struct expectation *expectation, struct str unit, int64_t after_ms)
{
    const struct zone zone = org_zone(triage->setup.org, unit);
    int64_t day = zone_to_local(&zone, after_ms - expectation->grace_ms).day;
    for (int i = 0; i < CALENDAR_SEARCH_DAYS; i++, day++) {
        int64_t due_ms = zone_from_local(&zone, day, expectation->by_ms) + expectation->grace_ms;
        if (due_ms > after_ms &&
            (expectation->is_every_day || calendar_is_school_day(&rules->calendar, day))) {
            return due_ms;
        }
    }
    return INT64_MAX;
}

static int64_t clock_due(const struct triage *triage, const struct watch_unit *unit,
                         const struct ruleset *rules, const struct clock *clock)
{
    const struct expectation *expectation =
        rules == NULL ? NULL : ruleset_find_expectation(rules, clock->expectation);
    return expectation == NULL ? INT64_MAX
                               : next_due(triage, rules, expectation, unit->name, clock->judged_ms);
}

int64_t expect_due(const struct triage *triage, const struct watch_unit *unit,
                   const struct ruleset *rules)
{
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < unit->clock_count; i++) {
        int64_t own_ms = clock_due(triage, unit, rules, unit->clocks[i]);
        due_ms = own_ms < due_ms ? own_ms : due_ms;
    }
    return due_ms;
}

/* --- Judging --------------------------------------------------------------------------------------------------------- */

static bool came_on(const struct turn *turn, const struct expectation *expectation,
                    struct str scope_id, int64_t day, int64_t until_ms)
{
    char text[WINDOW_KEY_MAX_BYTES];
    struct window_state state =
        windows_get(&turn->triage->windows, mark_key(turn, expectation, scope_id, day, text));
    return state.count > 0 && state.entries[0].at_ms <= until_ms;
}

/* Where nothing of the sort was ever heard of, nothing is expected. */
static bool is_known(const struct turn *turn, const struct expectation *expectation,
                     struct str scope_id, int64_t day)
{
    bool was_heard = expectation->known_days == 0;
    for (int64_t back = 1; back <= expectation->known_days && !was_heard; back++) {
        was_heard = came_on(turn, expectation, scope_id, day - back, INT64_MAX);
    }
    return was_heard;
}

static int judge_one(struct turn *turn, const struct expectation *expectation, struct str group,
                     int64_t due_ms)
{
    const struct zone zone = org_zone(turn->judge.org, turn->judge.unit);
    int64_t by_ms = due_ms - expectation->grace_ms;
    int64_t day = zone_to_local(&zone, by_ms).day;
    struct str id = expectation->is_of_class ? group : turn->judge.unit;
    if (came_on(turn, expectation, id, day, by_ms) || !is_known(turn, expectation, id, day)) {
        return 0;
    }
    int error = turn_own_event(turn, str_of(expectation->id), group, due_ms);
    const struct signal_subject subject = {
        .ref = expectation->is_of_class ? turn->judge.event->group : turn->judge.event->unit,
        .kind = expectation->is_of_class ? CASE_SUBJECT_GROUP : CASE_SUBJECT_UNIT,
        .group = turn->judge.event->group,
    };
    turn->result->missed++;
    return error != 0 ? error : judge_rule(&turn->judge, &subject, &expectation->otherwise);
}

static int judge_classes(struct turn *turn, const struct expectation *expectation, int64_t due_ms)
{
    const struct org *org = turn->judge.org;
    size_t count = org_list_groups(org, turn->judge.unit, NULL, 0);
    const struct org_group **groups = arena_alloc_array(turn->arena, count, sizeof(*groups));
    int error = groups == NULL ? ERR_MEMORY : 0;
    count = error == 0 ? org_list_groups(org, turn->judge.unit, groups, count) : 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        bool has_pupils = groups[i]->kind == ORG_GROUP_CLASS &&
                          org_list_students(org, turn->judge.unit, groups[i]->id, NULL, 0) > 0;
        error = has_pupils ? judge_one(turn, expectation, groups[i]->id, due_ms) : 0;
    }
    return error;
}

int expect_fire(struct turn *turn, struct watch_unit *unit, int64_t due_ms)
{
    const struct ruleset *rules = turn->judge.rules;
    const struct str school = {NULL, 0};
    int error = 0;
    for (size_t i = 0; i < unit->clock_count && error == 0; i++) {
        const struct clock *clock = unit->clocks[i];
        if (clock_due(turn->triage, unit, rules, clock) > due_ms) {
            continue;
        }
        const struct expectation *expectation = ruleset_find_expectation(rules, clock->expectation);
        const struct clock_state judged = {due_ms};
        error = expectation->is_of_class ? judge_classes(turn, expectation, due_ms)
                                         : judge_one(turn, expectation, school, due_ms);
        error = error != 0 ? error : turn_change_clock(turn, clock->key, &judged);
    }
    return error;
}

/* --- Which clocks there are ------------------------------------------------------------------------------------------ */

static int drop_clocks(struct turn *turn, const struct ruleset *rules, struct watch_unit *unit)
{
    int error = 0;
    for (size_t i = unit->clock_count; i-- > 0 && error == 0;) {
        const struct clock *clock = unit->clocks[i];
        if (rules == NULL || ruleset_find_expectation(rules, clock->expectation) == NULL) {
            error = turn_change_clock(turn, clock->key, NULL);
        }
    }
    return error;
}

static int add_clocks(struct turn *turn, const struct ruleset *rules, struct watch_unit *unit)
{
    const struct clock_state now = {turn->now_ms};
    int error = 0;
    for (size_t i = 0; i < rules->expectation_count && error == 0; i++) {
        struct str id = str_of(rules->expectations[i].id);
        char text[WATCH_KEY_MAX_BYTES];
        if (watch_find_clock(unit, id) == NULL) {
            error = turn_change_clock(turn, watch_key(unit->name, WATCH_CLOCK, id, text), &now);
        }
    }
    return error;
}

int expect_refresh(struct turn *turn, struct str name)
{
    struct triage *triage = turn->triage;
    const struct org_unit *record = org_find_unit(triage->setup.org, name);
    bool is_school = record != NULL && record->kind == ORG_UNIT_SCHOOL;
    const struct ruleset *rules =
        is_school ? triage->setup.rules_of(triage->setup.ctx, name) : NULL;
    struct watch_unit *unit = watch_find_unit(&triage->watch, name);
    if (unit == NULL && (rules == NULL || rules->expectation_count == 0)) {
        return 0;
    }
    unit = unit != NULL ? unit : watch_get_unit(&triage->watch, name);
    int error = unit == NULL ? ERR_MEMORY : drop_clocks(turn, rules, unit);
    error = error != 0 || rules == NULL ? error : add_clocks(turn, rules, unit);
    return error != 0 ? error : turn_arm(turn, unit);
}
