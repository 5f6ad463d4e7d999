/* Expectations: what must happen in each class, in a school or with each pupil, by a time of the local day.
 *
 * What came is noted per class, school or pupil and day: one bucket of the windows, under the expectation's id and the local
 * day, with the earliest of the events. What was judged is a clock of the unit: it stands at the last deadline that was. A
 * deadline is judged a little later, since what came in time may still be on its way; what comes later than that is noted
 * and changes nothing. */
#include "base/assert.h"
#include "core/rules/triage_inside.h"

static const int64_t day_ms = INT64_C(86400000);

static struct window_key mark_key(const struct turn *turn, const struct expectation *expectation,
                                  struct str scope_id)
{
    static const char letters[] = {
        [EXPECT_CLASS] = 'c', [EXPECT_SCHOOL] = 'u', [EXPECT_STUDENT] = 's'};
    return (struct window_key){
        .unit = turn->judge.unit,
        .scope = letters[expectation->scope],
        .scope_id = scope_id,
        .feature = str_of(expectation->id),
    };
}

/* Where it is noted that something came on a local day. */
static struct str mark_bucket(const struct turn *turn, const struct expectation *expectation,
                              struct str scope_id, int64_t day, char ret_text[WINDOW_KEY_MAX_BYTES])
{
    const struct window_key key = mark_key(turn, expectation, scope_id);
    return windows_key(&key, day * day_ms, ret_text);
}

int64_t expect_keep_ms(const struct expectation *expectation)
{
    int64_t known_ms = expectation->known_days * day_ms;
    int64_t longest_ms = expectation->within_ms > known_ms ? expectation->within_ms : known_ms;
    return longest_ms + 2 * day_ms;
}

/* --- Noting ---------------------------------------------------------------------------------------------------------- */

static bool is_expected(struct turn *turn, const struct expectation *expectation,
                        struct str subject)
{
    const struct event *event = turn->judge.event;
    if (expectation->from != event->family || (expectation->kinds >> event->kind & 1) == 0) {
        return false;
    }
    const struct judge_scene *scene = judge_open_scene(&turn->judge, subject);
    const struct expr_run run = {scene->bindings, turn->arena, RULESET_COST_MAX};
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
    struct str key = mark_bucket(turn, expectation, scope_id, day, text);
    struct window_state before = windows_get(&turn->triage->windows, key);
    bool is_earlier = before.count == 0 || entry->at_ms < before.entries[0].at_ms;
    bool is_old = entry->at_ms + expect_keep_ms(expectation) < turn->now_ms;
    return is_earlier && !is_old ? turn_change_window(turn, key, &after) : 0;
}

static struct str scope_of(const struct turn *turn, const struct expectation *expectation,
                           const struct signal_subject *subject)
{
    const struct str none = {NULL, 0};
    switch (expectation->scope) {
    case EXPECT_CLASS:
        return judge_group_of(&turn->judge, subject->group, ORG_GROUP_CLASS);
    case EXPECT_SCHOOL:
        return turn->judge.unit;
    case EXPECT_STUDENT:
        return subject->kind == CASE_SUBJECT_STUDENT ? subject->ref : none;
    }
    return none;
}

int expect_mark(struct turn *turn, const struct signal_subject *subjects, size_t count)
{
    const struct ruleset *rules = turn->judge.rules;
    int error = 0;
    for (size_t e = 0; rules != NULL && e < rules->expectation_count && error == 0; e++) {
        const struct expectation *expectation = &rules->expectations[e];
        for (size_t i = 0; i < count && error == 0; i++) {
            struct str id = scope_of(turn, expectation, &subjects[i]);
            bool is_it = id.len > 0 && is_expected(turn, expectation, subjects[i].ref);
            error = is_it ? mark(turn, expectation, id) : 0;
        }
    }
    return error;
}

/* --- Deadlines ------------------------------------------------------------------------------------------------------- */

/* Whether one of the dates is that day, in whatever year. */
static bool is_date(const struct expectation *expectation, int64_t day)
{
    enum { YEAR_DAYS = 365 };
    int64_t year =
        1970 + day / YEAR_DAYS; /* this one, or one that a few leap days have put behind */
    for (size_t i = 0; i < expectation->date_count; i++) {
        const struct expect_date *date = &expectation->dates[i];
        if (zone_day_of(year, date->month, date->day) == day ||
            zone_day_of(year - 1, date->month, date->day) == day) {
            return true;
        }
    }
    return false;
}

static bool is_due_on(const struct expectation *expectation, const struct ruleset *rules,
                      int64_t day)
{
    switch (expectation->days) {
    case EXPECT_SCHOOL_DAYS:
        return calendar_is_school_day(&rules->calendar, day);
    case EXPECT_EVERY_DAY:
        return true;
    case EXPECT_DATES:
        return is_date(expectation, day);
    }
    return false;
}

/* When the first deadline that is not judged by the instant will be. */
static int64_t next_due(const struct triage *triage, const struct ruleset *rules,
                        const struct expectation *expectation, struct str unit, int64_t after_ms)
{
    const struct zone zone = org_zone(triage->setup.org, unit);
    int64_t day = zone_to_local(&zone, after_ms - expectation->grace_ms).day;
    for (int i = 0; i < CALENDAR_SEARCH_DAYS; i++, day++) {
        int64_t due_ms = zone_from_local(&zone, day, expectation->by_ms) + expectation->grace_ms;
        if (due_ms > after_ms && is_due_on(expectation, rules, day)) {
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
    return expectation == NULL
               ? INT64_MAX
               : next_due(triage, rules, expectation, unit->name, clock->state.judged_ms);
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

/* One deadline in hand. */
struct deadline {
    const struct expectation *expectation;
    struct clock_state clock; /* before it */
    int64_t due_ms;           /* judged now */
    int64_t by_ms;            /* what had come by then was in time */
    int64_t day;              /* local */
};

static bool came_on(const struct turn *turn, const struct expectation *expectation,
                    struct str scope_id, int64_t day, int64_t until_ms)
{
    char text[WINDOW_KEY_MAX_BYTES];
    struct window_state state =
        windows_get(&turn->triage->windows, mark_bucket(turn, expectation, scope_id, day, text));
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

/* Whether nothing came within the time before, and that is new since the deadline before: it has passed once more since the
 * last event, or since the clock began. A date asks anew. */
static bool is_overdue(const struct turn *turn, const struct deadline *deadline, struct str id)
{
    const struct expectation *expectation = deadline->expectation;
    const struct window_key key = mark_key(turn, expectation, id);
    int64_t last_ms = windows_last_ms(&turn->triage->windows, &key, deadline->by_ms);
    if (expectation->days == EXPECT_DATES) {
        return last_ms == INT64_MIN || last_ms <= deadline->by_ms - expectation->within_ms;
    }
    int64_t since_ms =
        deadline->clock.since_ms != 0 ? deadline->clock.since_ms : deadline->clock.judged_ms;
    int64_t base_ms = last_ms > since_ms ? last_ms : since_ms;
    int64_t before_ms = deadline->clock.judged_ms - expectation->grace_ms;
    before_ms = before_ms > base_ms ? before_ms : base_ms;
    return (deadline->by_ms - base_ms) / expectation->within_ms >
           (before_ms - base_ms) / expectation->within_ms;
}

static bool is_missing(const struct turn *turn, const struct deadline *deadline, struct str id)
{
    const struct expectation *expectation = deadline->expectation;
    bool is_late = expectation->within_ms > 0
                       ? is_overdue(turn, deadline, id)
                       : !came_on(turn, expectation, id, deadline->day, deadline->by_ms);
    return is_late && is_known(turn, expectation, id, deadline->day);
}

/* The signal about a class or the school, or, `pupil` not NULL, about one in the class. */
static int tell_missing(struct turn *turn, const struct deadline *deadline, struct str group,
                        const struct org_person *pupil)
{
    struct signal_subject subject = {
        .ref = group.len > 0 ? turn->judge.event->group : turn->judge.event->unit,
        .kind = group.len > 0 ? CASE_SUBJECT_GROUP : CASE_SUBJECT_UNIT,
        .group = turn->judge.event->group,
    };
    if (pupil != NULL) {
        subject.ref = arena_copy_str(turn->arena, pupil->id);
        subject.kind = CASE_SUBJECT_STUDENT;
    }
    turn->result->missed++;
    return subject.ref.at == NULL
               ? ERR_MEMORY
               : judge_rule(&turn->judge, &subject, &deadline->expectation->otherwise);
}

static int judge_group(struct turn *turn, const struct deadline *deadline, struct str group)
{
    struct str id = group.len > 0 ? group : turn->judge.unit;
    if (!is_missing(turn, deadline, id)) {
        return 0;
    }
    int error = turn_own_event(turn, str_of(deadline->expectation->id), group, deadline->due_ms);
    return error != 0 ? error : tell_missing(turn, deadline, group, NULL);
}

/* --- Pupils ---------------------------------------------------------------------------------------------------------- */

/* Those of a class, or of more of them, of whom something is missing. */
struct missing {
    const struct org_person **pupils;
    size_t count;
    size_t of; /* so many were looked at */
};

bool expect_is_flagged(const struct org_person *person, const struct str *flags, size_t flag_count,
                       int64_t at_ms)
{
    for (size_t i = 0; i < person->flag_count; i++) {
        const struct org_flag *flag = &person->flags[i];
        bool stands = flag->expires_ms == 0 || flag->expires_ms > at_ms;
        bool is_named = flag_count == 0;
        for (size_t f = 0; f < flag_count; f++) {
            is_named = is_named || str_equal(flags[f], flag->code);
        }
        if (stands && is_named) {
            return true;
        }
    }
    return false;
}

static int find_missing(struct turn *turn, const struct deadline *deadline, struct str group,
                        struct missing *ret_missing)
{
    const struct expectation *expectation = deadline->expectation;
    const struct org *org = turn->judge.org;
    size_t count = org_list_students(org, turn->judge.unit, group, NULL, 0);
    struct missing missing = {.pupils =
                                  arena_alloc_array(turn->arena, count, sizeof(*missing.pupils))};
    const struct org_person **all = arena_alloc_array(turn->arena, count, sizeof(*all));
    if (missing.pupils == NULL || all == NULL) {
        return ERR_MEMORY;
    }
    count = org_list_students(org, turn->judge.unit, group, all, count);
    for (size_t i = 0; i < count; i++) {
        bool is_asked =
            expectation->flag_count == 0 ||
            expect_is_flagged(all[i], expectation->flags, expectation->flag_count, deadline->by_ms);
        missing.of += is_asked ? 1 : 0;
        if (is_asked && is_missing(turn, deadline, all[i]->id)) {
            missing.pupils[missing.count++] = all[i];
        }
    }
    *ret_missing = missing;
    return 0;
}

/* One signal for all of them: how many of how many, and the first of them by name. */
static int tell_together(struct turn *turn, const struct deadline *deadline, struct str group,
                         const struct missing *missing)
{
    struct judge *judge = &turn->judge;
    struct signal_value *values =
        arena_alloc_array(turn->arena, SIGNAL_VALUES_MAX, sizeof(*values));
    int error = turn_own_event(turn, str_of(deadline->expectation->id), group, deadline->due_ms);
    if (error != 0 || values == NULL) {
        return ERR_MEMORY;
    }
    struct event own = *judge->event;
    own.attendance.enrolled_count = (uint32_t)missing->of;
    own.attendance.absent_count = (uint32_t)missing->count;
    struct event *kept = arena_alloc(turn->arena, sizeof(*kept));
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *kept = own;
    judge->event = kept;
    error = tell_missing(turn, deadline, group, NULL);
    if (error != 0) {
        return error;
    }
    struct signal *signal = &judge->signals[judge->count - 1];
    struct signal_why *why = arena_alloc(turn->arena, sizeof(*why));
    if (why == NULL) {
        return ERR_MEMORY;
    }
    *why = signal->why[0];
    size_t count = 0;
    while (count < why->value_count) {
        values[count] = why->values[count];
        count++;
    }
    for (size_t i = 0; i < missing->count && count < SIGNAL_VALUES_MAX; i++) {
        values[count++] = (struct signal_value){
            STR_LITERAL("missing"), arena_copy_str(turn->arena, missing->pupils[i]->id)};
    }
    why->values = values;
    why->value_count = count;
    signal->why = why;
    return 0;
}

/* The pupils of one class: each of whom it is missing, or all of them in one word. */
static int judge_pupils(struct turn *turn, const struct deadline *deadline, struct str group)
{
    struct missing missing;
    int error = find_missing(turn, deadline, group, &missing);
    if (error != 0 || missing.count == 0) {
        return error;
    }
    if (deadline->expectation->otherwise.about != RULE_ABOUT_SUBJECT) {
        return tell_together(turn, deadline, group, &missing);
    }
    error = turn_own_event(turn, str_of(deadline->expectation->id), group, deadline->due_ms);
    for (size_t i = 0; i < missing.count && error == 0; i++) {
        error = tell_missing(turn, deadline, group, missing.pupils[i]);
    }
    return error;
}

/* --- All of a unit --------------------------------------------------------------------------------------------------- */

static int judge_classes(struct turn *turn, const struct deadline *deadline)
{
    const struct org *org = turn->judge.org;
    size_t count = org_list_groups(org, turn->judge.unit, NULL, 0);
    const struct org_group **groups = arena_alloc_array(turn->arena, count, sizeof(*groups));
    int error = groups == NULL ? ERR_MEMORY : 0;
    count = error == 0 ? org_list_groups(org, turn->judge.unit, groups, count) : 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        bool has_pupils = groups[i]->kind == ORG_GROUP_CLASS &&
                          org_list_students(org, turn->judge.unit, groups[i]->id, NULL, 0) > 0;
        if (has_pupils) {
            error = deadline->expectation->scope == EXPECT_STUDENT
                        ? judge_pupils(turn, deadline, groups[i]->id)
                        : judge_group(turn, deadline, groups[i]->id);
        }
    }
    return error;
}

static int judge_deadline(struct turn *turn, const struct deadline *deadline)
{
    const struct str school = {NULL, 0};
    return deadline->expectation->scope == EXPECT_SCHOOL ? judge_group(turn, deadline, school)
                                                         : judge_classes(turn, deadline);
}

int expect_fire(struct turn *turn, struct watch_unit *unit, int64_t due_ms)
{
    const struct ruleset *rules = turn->judge.rules;
    const struct zone zone = org_zone(turn->judge.org, turn->judge.unit);
    int error = 0;
    for (size_t i = 0; i < unit->clock_count && error == 0; i++) {
        const struct clock *clock = unit->clocks[i];
        if (clock_due(turn->triage, unit, rules, clock) > due_ms) {
            continue;
        }
        struct deadline deadline = {
            .expectation = ruleset_find_expectation(rules, clock->expectation),
            .clock = clock->state,
            .due_ms = due_ms,
        };
        sw_assert(deadline.expectation != NULL);
        deadline.by_ms = due_ms - deadline.expectation->grace_ms;
        deadline.day = zone_to_local(&zone, deadline.by_ms).day;
        const struct clock_state judged = {due_ms, clock->state.since_ms};
        error = judge_deadline(turn, &deadline);
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
    const struct clock_state now = {turn->now_ms, turn->now_ms};
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
