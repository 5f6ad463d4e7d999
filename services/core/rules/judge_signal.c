/* From the reasons that held to signals: one for each family of kinds and each of whom they are about. */
#include <string.h>

#include "base/assert.h"
#include "core/rules/judge_inside.h"
#include "core/rules/triage_inside.h"

static void tell(struct signal *signal, struct str role)
{
    for (size_t i = 0; i < signal->tell_count; i++) {
        if (str_equal(signal->tell[i], role)) {
            return;
        }
    }
    if (signal->tell_count < SIGNAL_TELL_MAX) {
        signal->tell[signal->tell_count++] = role;
    }
}

/* What becomes one signal: the reasons of one family of kinds about one subject, apart those that count only for a pupil on
 * file. */
struct sort {
    enum case_family family;
    enum rule_about about;
    bool only_on_file;
};

static struct sort sort_of(const struct hold *hold)
{
    return (struct sort){hold->family, hold->about, hold->only_on_file};
}

static bool is_of(const struct hold *hold, struct sort sort)
{
    return hold->family == sort.family && hold->about == sort.about &&
           hold->only_on_file == sort.only_on_file;
}

/* How long an interview may be waited for, near enough to tell which is sooner. */
static int64_t patience_ms(struct str ask)
{
    int64_t number = INT64_MAX;
    if (case_interview_waits(ask)) {
        size_t digits = 0;
        while (digits < ask.len && ask.at[digits] >= '0' && ask.at[digits] <= '9') {
            digits++;
        }
        bool is_number = str_to_int64((struct str){ask.at, digits}, 0, 1000, &number);
        return is_number ? number * INT64_C(86400000) : INT64_MAX;
    }
    return str_is(ask, "same_day") ? 0 : str_to_duration_ms(ask, &number) ? number : INT64_MAX;
}

/* The soonest interview of all reasons: another reason never puts one off. */
static void ask_sooner(struct signal *signal, struct str ask)
{
    bool is_first = signal->ask_interview.len == 0;
    if (ask.len > 0 && (is_first || patience_ms(ask) < patience_ms(signal->ask_interview))) {
        signal->ask_interview = ask;
    }
}

/* The highest level of the sort; of equal ones the first decides, and the nearest layer. */
static void decide(const struct holds *holds, struct sort sort, struct signal *signal)
{
    signal->only_on_file = sort.only_on_file;
    signal->waits = true;
    for (const struct hold *hold = holds->first; hold != NULL; hold = hold->next) {
        if (!is_of(hold, sort)) {
            continue;
        }
        signal->waits = signal->waits && hold->waits;
        if (hold->level > signal->level) {
            signal->level = hold->level;
            signal->layer = hold->layer;
            signal->kind = hold->kind;
            signal->rule = hold->why.rule;
        } else if (hold->level == signal->level && hold->layer < signal->layer) {
            signal->layer = hold->layer;
        }
        ask_sooner(signal, hold->ask_interview);
        for (size_t i = 0; i < hold->tell_count; i++) {
            tell(signal, hold->tell[i]);
        }
    }
    bool is_waiting = case_interview_waits(signal->ask_interview);
    for (const struct hold *hold = holds->first; hold != NULL && is_waiting; hold = hold->next) {
        bool is_decisive = is_of(hold, sort) && hold->level == signal->level;
        signal->starts_plan =
            signal->starts_plan || (is_decisive && !case_interview_waits(hold->ask_interview));
    }
    sw_assert(signal->level != CASE_LEVEL_NONE);
}

static int collect_why(struct judge *judge, const struct holds *holds, struct sort sort,
                       struct signal *signal)
{
    struct signal_why *why = arena_alloc_array(judge->arena, SIGNAL_WHY_MAX, sizeof(*why));
    if (why == NULL) {
        return ERR_MEMORY;
    }
    for (const struct hold *hold = holds->first; hold != NULL; hold = hold->next) {
        if (!is_of(hold, sort)) {
            continue;
        }
        if (signal->why_count == SIGNAL_WHY_MAX) {
            signal->why_cut++;
        } else {
            why[signal->why_count++] = hold->why;
        }
    }
    signal->why = why;
    return 0;
}

static int collect_near(struct judge *judge, const struct holds *holds, struct sort sort,
                        struct signal *signal)
{
    struct signal_why *near = arena_alloc_array(judge->arena, SIGNAL_NEAR_MAX, sizeof(*near));
    if (near == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < holds->near_count && signal->near_count < SIGNAL_NEAR_MAX; i++) {
        if (holds->near[i].family == sort.family) {
            near[signal->near_count++] = holds->near[i].why;
        }
    }
    signal->near = near;
    return 0;
}

static struct ident signal_id(const struct judge *judge, const struct signal *signal)
{
    const struct event *event = judge->event;
    const struct str none = {NULL, 0};
    const struct str parts[] = {
        STR_LITERAL("signal"),
        event->unit,
        event->source,
        event->id,
        judge->id_reused ? ident_part(&event->body_digest) : none,
        signal->rule,
        signal->subject.ref,
    };
    return ident_derive(judge->hash, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct signal *add_signal(struct judge *judge)
{
    struct signal *signals = arena_grow_array(judge->arena, judge->signals, judge->count,
                                              &judge->capacity, sizeof(*signals));
    if (signals == NULL) {
        return NULL;
    }
    judge->signals = signals;
    return &judge->signals[judge->count++];
}

/* Whom a rule is about that is not about the event's own subject. A class that is not known is the school's concern. */
static struct signal_subject subject_of(const struct judge *judge,
                                        const struct signal_subject *subject, enum rule_about about)
{
    if (about == RULE_ABOUT_SUBJECT) {
        return *subject;
    }
    struct str group = {NULL, 0};
    if (about == RULE_ABOUT_CLASS || about == RULE_ABOUT_GRADE) {
        group = judge_group_of(judge, subject->group,
                               about == RULE_ABOUT_CLASS ? ORG_GROUP_CLASS : ORG_GROUP_GRADE);
    }
    return (struct signal_subject){
        .ref = group.len > 0 ? group : judge->event->unit,
        .kind = group.len > 0 ? CASE_SUBJECT_GROUP : CASE_SUBJECT_UNIT,
        .group = group,
    };
}

/* Pupils of one class in one event: what is about the class is said once. */
static bool is_said(const struct judge *judge)
{
    const struct signal *last = &judge->signals[judge->count - 1];
    for (size_t i = 0; i + 1 < judge->count; i++) {
        if (ident_equal(judge->signals[i].id, last->id)) {
            return true;
        }
    }
    return false;
}

static int make_signal(struct judge *judge, const struct signal_subject *subject,
                       const struct holds *holds, struct sort sort)
{
    const struct event *event = judge->event;
    struct signal *signal = add_signal(judge);
    if (signal == NULL) {
        return ERR_MEMORY;
    }
    *signal = (struct signal){
        .event = event,
        .subject = subject_of(judge, subject, sort.about),
        .pack = judge->rules == NULL ? NULL : judge->rules->hash,
        .is_silent = judge->is_silent,
        .id_reused = judge->id_reused,
    };
    decide(holds, sort, signal);
    bool is_own_family =
        sort.about == RULE_ABOUT_SUBJECT && sort.family == case_family_of(event->kind_name);
    bool is_incident = is_own_family && event->family == EVENT_FAMILY_INCIDENT &&
                       (holds->is_happening || signal->level >= CASE_LEVEL_HIGH);
    bool is_absence = sort.about == RULE_ABOUT_SUBJECT &&
                      event->family == EVENT_FAMILY_ATTENDANCE && sort.family == CASE_FAMILY_SAFETY;
    signal->opens_episode = is_incident || is_absence || signal->level == CASE_LEVEL_CRISIS;
    signal->id = signal_id(judge, signal);
    if (sort.about != RULE_ABOUT_SUBJECT && is_said(judge)) {
        judge->count--;
        return 0;
    }
    int error = collect_why(judge, holds, sort, signal);
    return error != 0 ? error : collect_near(judge, holds, sort, signal);
}

/* Whether an earlier reason is of the same sort. */
static bool is_sorted(const struct holds *holds, const struct hold *hold)
{
    for (const struct hold *other = holds->first; other != hold; other = other->next) {
        if (is_of(other, sort_of(hold))) {
            return true;
        }
    }
    return false;
}

/* One for each sort of reasons. */
static int make_signals(struct judge *judge, const struct signal_subject *subject,
                        const struct holds *holds)
{
    int error = 0;
    for (const struct hold *hold = holds->first; hold != NULL && error == 0; hold = hold->next) {
        error = is_sorted(holds, hold) ? 0 : make_signal(judge, subject, holds, sort_of(hold));
    }
    return error;
}

int judge_subject(struct judge *judge, const struct signal_subject *subject)
{
    struct holds holds = {.first = NULL, .is_happening = false};
    const struct org_person *person =
        subject->kind == CASE_SUBJECT_STUDENT
            ? org_find_person(judge->org, judge->event->unit, subject->ref)
            : NULL;
    holds.end = &holds.first;
    judge->is_flagged =
        person != NULL && expect_is_flagged(person, NULL, 0, judge_event_time(judge->event));
    int error = holds_find_facts(judge, &holds);
    error = error != 0 ? error : holds_find_rules(judge, subject, &holds);
    return error != 0 ? error : make_signals(judge, subject, &holds);
}

int judge_county(struct judge *judge)
{
    const struct signal_subject county = {.ref = judge->event->unit, .kind = CASE_SUBJECT_UNIT};
    struct holds holds = {.first = NULL, .is_happening = false};
    holds.end = &holds.first;
    int error = holds_find_rules(judge, &county, &holds);
    return error != 0 ? error : make_signals(judge, &county, &holds);
}

int judge_rule(struct judge *judge, const struct signal_subject *subject, const struct rule *rule)
{
    struct holds holds = {.first = NULL};
    const struct judge_scene *scene = judge_open_scene(judge, subject->ref);
    const struct expr_run run = {scene->bindings, judge->arena, RULESET_COST_MAX};
    holds.end = &holds.first;
    int error = holds_add_rule(judge, rule, &run, &holds);
    error = error != 0 ? error : make_signal(judge, subject, &holds, sort_of(holds.first));
    if (error == 0) {
        judge->signals[judge->count - 1].opens_episode = true;
    }
    return error;
}
