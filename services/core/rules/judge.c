#include <math.h>

#include "base/assert.h"
#include "core/rules/facts.h"
#include "core/rules/judge_inside.h"

int64_t judge_event_time(const struct event *event)
{
    return event->occurred_ms > 0 ? event->occurred_ms : event->discovered_ms;
}

static void make_scene(struct judge *judge)
{
    struct judge_scene *scene = &judge->scene;
    const struct zone zone = org_zone(judge->org, judge->unit);
    *scene = (struct judge_scene){.event = *judge->event};
    scene->day = (struct schema_day){
        .calendar = &judge->rules->calendar,
        .local = zone_to_local(&zone, judge_event_time(judge->event)),
    };
    scene->bindings[RULESET_EVENT] = expr_object(&schema_event, &scene->event);
    scene->bindings[RULESET_CALENDAR] = expr_object(&schema_calendar, &scene->day);
    judge->scene_event = judge->event;
}

struct judge_scene *judge_open_scene(struct judge *judge, struct str subject)
{
    if (judge->scene_event != judge->event) {
        make_scene(judge);
    }
    judge->scene.event.subject = subject;
    judge->scene.bindings[RULESET_FEATURES] = expr_null();
    return &judge->scene;
}

struct str judge_group_of(const struct judge *judge, struct str group, enum org_group_kind kind)
{
    const struct org_group *chain[ORG_CHAIN_MAX];
    size_t count =
        group.len == 0 ? 0 : org_group_chain(judge->org, judge->event->unit, group, chain);
    for (size_t i = 0; i < count; i++) {
        if (chain[i]->kind == kind) {
            return chain[i]->id;
        }
    }
    bool is_unknown = count == 0 && kind == ORG_GROUP_CLASS;
    return is_unknown ? group : (struct str){NULL, 0};
}

bool judge_window_key(const struct judge *judge, const struct feature *feature,
                      const struct signal_subject *subject, struct window_key *ret_key)
{
    static const char letters[] = {'s', 'c', 'g', 'u', 'k'};
    bool is_pupil =
        subject->kind == CASE_SUBJECT_STUDENT || subject->kind == CASE_SUBJECT_UNRESOLVED;
    struct str id = {NULL, 0};
    switch (feature->scope) {
    case FEATURE_STUDENT:
        id = is_pupil ? subject->ref : id;
        break;
    case FEATURE_CLASS:
        id = judge_group_of(judge, subject->group, ORG_GROUP_CLASS);
        break;
    case FEATURE_GRADE:
        id = judge_group_of(judge, subject->group, ORG_GROUP_GRADE);
        break;
    case FEATURE_SCHOOL:
        id = judge->event->unit;
        break;
    case FEATURE_COUNTY:
        id = judge->is_of_county ? judge->event->unit : id;
        break;
    }
    *ret_key = (struct window_key){
        .unit = judge->event->unit,
        .scope = letters[feature->scope],
        .scope_id = id,
        .feature = str_of(feature->id),
    };
    return id.len > 0;
}

/* --- Reasons --------------------------------------------------------------------------------------------------------- */

static struct hold *add_hold(struct judge *judge, struct holds *holds)
{
    struct hold *hold = arena_alloc(judge->arena, sizeof(*hold));
    if (hold != NULL) {
        *holds->end = hold;
        holds->end = &hold->next;
    }
    return hold;
}

static int hold_fact(struct judge *judge, const struct facts_reason *reason, struct holds *holds)
{
    struct hold *hold = add_hold(judge, holds);
    struct signal_value *value = arena_alloc(judge->arena, sizeof(*value));
    struct str *tell = arena_alloc_array(judge->arena, FACTS_TELL_MAX, sizeof(*tell));
    if (hold == NULL || value == NULL || tell == NULL) {
        return ERR_MEMORY;
    }
    *value = reason->value;
    hold->kind = judge->event->kind_name;
    hold->family = case_family_of(hold->kind);
    hold->level = reason->level;
    hold->layer = reason->layer;
    hold->tell = tell;
    while (hold->tell_count < FACTS_TELL_MAX && reason->tell[hold->tell_count] != NULL) {
        tell[hold->tell_count] = str_of(reason->tell[hold->tell_count]);
        hold->tell_count++;
    }
    hold->ask_interview = str_of(reason->ask_interview);
    hold->why = (struct signal_why){.rule = str_of(reason->rule),
                                    .text = str_of(reason->text),
                                    .values = value,
                                    .value_count = 1};
    return 0;
}

int holds_find_facts(struct judge *judge, struct holds *holds)
{
    struct facts facts;
    facts_judge(judge->event, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        int error = hold_fact(judge, &facts.reasons[i], holds);
        if (error != 0) {
            return error;
        }
    }
    holds->is_happening = facts.count > 0 && facts.is_happening;
    return 0;
}

/* The values of what the condition read, behind those that the reason shows already. */
static int add_reads(const struct rule *rule, const struct expr_run *run, struct signal_why *why)
{
    struct signal_value *values = arena_alloc_array(run->arena, SIGNAL_VALUES_MAX, sizeof(*values));
    size_t count = 0;
    if (values == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < why->value_count && count < SIGNAL_VALUES_MAX; i++) {
        values[count++] = why->values[i];
    }
    for (size_t r = 0; r < rule->reads.count && count < SIGNAL_VALUES_MAX; r++) {
        const struct read *read = &rule->reads.items[r];
        bool is_shown = false;
        for (size_t i = 0; i < count; i++) {
            is_shown = is_shown || reads_same_path(values[i].name, read->path);
        }
        int error = is_shown ? 0 : why_value(read->path, read->expr, run, &values[count]);
        if (error != 0) {
            return error;
        }
        count += is_shown ? 0 : 1;
    }
    why->values = values;
    why->value_count = count;
    return 0;
}

int holds_add_rule(struct judge *judge, const struct rule *rule, const struct expr_run *run,
                   struct holds *holds)
{
    struct hold *hold = add_hold(judge, holds);
    if (hold == NULL) {
        return ERR_MEMORY;
    }
    hold->kind = rule->case_kind;
    hold->family = case_family_of(rule->case_kind);
    hold->about = rule->about;
    hold->level = rule->level;
    hold->layer = rule->layer;
    hold->tell = rule->tell;
    hold->tell_count = rule->tell_count;
    bool is_sooner = judge->is_flagged && rule->ask_flagged.len > 0;
    hold->ask_interview = is_sooner ? rule->ask_flagged : rule->ask_interview;
    hold->only_on_file = rule->only_on_file;
    hold->waits = rule->waits;
    hold->why.text = rule->id;
    int error = rule->why.count == 0 ? 0 : why_render(&rule->why, run, &hold->why);
    hold->why.rule = rule->id;
    hold->why.version = rule->version;
    return error != 0 ? error : add_reads(rule, run, &hold->why);
}

/* A rule that one number alone kept from holding is worth a word, but where that word would tell of answers. */
static int note_near(struct judge *judge, const struct rule *rule, const struct expr_run *run,
                     struct holds *holds)
{
    const struct read_term *term = NULL;
    if (holds->near_count == HOLDS_NEAR_MAX || expr_reads_sealed(rule->when) ||
        !reads_nearly(&rule->reads, run, &term)) {
        return 0;
    }
    struct near_rule *near = &holds->near[holds->near_count];
    struct signal_value *value = arena_alloc(judge->arena, sizeof(*value));
    if (value == NULL) {
        return ERR_MEMORY;
    }
    near->family = case_family_of(rule->case_kind);
    near->why = (struct signal_why){rule->id, rule->version, term->text, value, 1};
    holds->near_count++;
    return why_value(term->value_text, term->value, run, value);
}

/* --- Rules ----------------------------------------------------------------------------------------------------------- */

/* The rules about the event, by index; none about an event whose kind is not known in its family. */
static const struct rules_about *rules_about(const struct judge *judge)
{
    static const struct rules_about none = {.count = 0};
    const struct event *event = judge->event;
    return event_kind_family(event->kind) != event->family
               ? &none
               : &judge->rules->about[judge->is_of_county ? 1 : 0][event->kind];
}

static int64_t count_streak(const struct judge *judge, const struct window_key *key,
                            const struct window_span *span)
{
    const struct zone zone = org_zone(judge->org, key->unit);
    const struct window_days days = {&zone, &judge->rules->calendar, *span};
    return windows_count_streak(judge->windows, key, &days);
}

static double number_of(enum feature_op_kind kind, const struct window_fold *fold)
{
    double none = kind == FEATURE_SUM ? 0.0 : NAN;
    double number = kind == FEATURE_SUM ? fold->sum : kind == FEATURE_MAX ? fold->max : fold->min;
    return fold->is_empty ? none : number;
}

/* One that is not folded. */
static int count_op(struct judge *judge, enum feature_op_kind kind, const struct window_key *key,
                    const struct window_span *span, union feature_value *ret_value)
{
    switch (kind) {
    case FEATURE_COUNT:
        ret_value->integer = windows_count(judge->windows, key, span);
        break;
    case FEATURE_DISTINCT:
        return windows_count_distinct(judge->windows, key, span, &ret_value->integer);
    case FEATURE_STREAK:
        ret_value->integer = count_streak(judge, key, span);
        break;
    case FEATURE_LAST:
        ret_value->real =
            windows_last(judge->windows, key, span, &ret_value->real) ? ret_value->real : NAN;
        break;
    case FEATURE_MEDIAN:
        return windows_median(judge->windows, key, span, judge->arena, &ret_value->real);
    case FEATURE_SUM:
    case FEATURE_MAX:
    case FEATURE_MIN:
        break; /* count_feature has them from the fold */
    }
    return 0;
}

static int count_feature(struct judge *judge, const struct feature *feature,
                         const struct window_key *key, const struct window_span *span,
                         union feature_value values[RULESET_OPS_MAX])
{
    struct window_fold fold = {.is_empty = true};
    int error = feature->number == NULL
                    ? 0
                    : windows_fold(judge->windows, key, span, feature->half_life_ms, &fold);
    for (size_t op = 0; op < feature->op_count && error == 0; op++) {
        enum feature_op_kind kind = feature->ops[op].kind;
        bool is_folded = kind == FEATURE_SUM || kind == FEATURE_MAX || kind == FEATURE_MIN;
        if (is_folded) {
            values[op].real = number_of(kind, &fold);
        } else {
            error = count_op(judge, kind, key, span, &values[op]);
        }
    }
    return error;
}

/* The features of one subject at one instant, each counted once somebody reads it. */
struct counting {
    struct judge *judge;
    const struct signal_subject *subject;
    uint64_t needed; /* bits by index; others are nought */
    uint64_t known;
    int64_t at_ms;
    struct feature_values *values;
    int error; /* kept */
};

static void count_on_demand(void *ctx, size_t index)
{
    struct counting *counting = ctx;
    const struct judge *judge = counting->judge;
    const struct feature *feature = &judge->rules->features[index];
    const struct window_span span = {counting->at_ms, feature->window_ms};
    uint64_t bit = UINT64_C(1) << index;
    struct window_key key;
    bool is_wanted = (counting->needed & ~counting->known & bit) != 0;
    counting->known |= bit;
    if (!is_wanted || !judge_window_key(judge, feature, counting->subject, &key)) {
        return;
    }
    windows_find_row(judge->windows, &key);
    int error = count_feature(counting->judge, feature, &key, &span, counting->values->ops[index]);
    counting->error = counting->error != 0 ? counting->error : error;
}

/* The first instant behind that of the counting at which one of the features stands otherwise and one may still count the event
 * in hand; INT64_MAX: none, which is so but for an event that came late. */
static int64_t next_instant(const struct counting *counting)
{
    const struct judge *judge = counting->judge;
    const struct ruleset *rules = judge->rules;
    int64_t longest_ms = 0;
    int64_t first_ms = INT64_MAX;
    if (counting->at_ms >= windows_newest_ms(judge->windows)) {
        return INT64_MAX;
    }
    for (size_t i = 0; i < rules->feature_count; i++) {
        const struct feature *feature = &rules->features[i];
        struct window_key key;
        if ((counting->needed >> i & 1) == 0 ||
            !judge_window_key(judge, feature, counting->subject, &key)) {
            continue;
        }
        int64_t next_ms = windows_next_ms(judge->windows, &key, counting->at_ms);
        first_ms = next_ms < first_ms ? next_ms : first_ms;
        longest_ms = feature->window_ms > longest_ms ? feature->window_ms : longest_ms;
    }
    return first_ms >= judge_event_time(judge->event) + longest_ms ? INT64_MAX : first_ms;
}

/* Judges, with the features as they are bound now, every rule about the event that has not held yet; those without features
 * only the first time. */
static int judge_rules(struct judge *judge, const struct expr_run *run, bool is_first, bool *held,
                       struct holds *holds)
{
    const struct rules_about *about = rules_about(judge);
    for (size_t i = 0; i < about->count; i++) {
        const struct rule *rule = about->rules[i];
        if (held[i] || (!is_first && rule->uses_features == 0)) {
            continue;
        }
        struct expr_value value = expr_evaluate(rule->when, run);
        judge->rule_errors += value.kind == EXPR_BOOL ? 0 : 1;
        held[i] = value.kind == EXPR_BOOL && value.boolean;
        int error = held[i] ? holds_add_rule(judge, rule, run, holds) : 0;
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* Those that nearly held where the event lies, if anything did. */
static int find_near(struct judge *judge, const struct expr_run *run, const bool *held,
                     struct holds *holds)
{
    const struct rules_about *about = rules_about(judge);
    int error = 0;
    for (size_t i = 0; i < about->count && holds->first != NULL && error == 0; i++) {
        error = held[i] ? 0 : note_near(judge, about->rules[i], run, holds);
    }
    return error;
}

/* An event that comes late is judged where it lies, and at each of the later events that it counts for: had it come in time,
 * the rule would have held there. */
int holds_find_rules(struct judge *judge, const struct signal_subject *subject, struct holds *holds)
{
    enum { INSTANTS_MAX = 64 };
    const struct ruleset *rules = judge->rules;
    if (rules == NULL) {
        return 0;
    }
    const struct rules_about *about = rules_about(judge);
    if (about->count == 0) {
        return 0;
    }
    bool *held = arena_alloc_array(judge->arena, about->count, sizeof(*held));
    struct feature_values *values =
        arena_alloc(judge->arena, about->uses_features != 0 ? sizeof(*values) : 0);
    if (held == NULL || values == NULL) {
        return ERR_MEMORY;
    }
    struct counting counting = {.judge = judge,
                                .subject = subject,
                                .needed = about->uses_features,
                                .at_ms = judge_event_time(judge->event),
                                .values = values};
    if (counting.needed != 0) {
        values->count = count_on_demand;
        values->ctx = &counting;
    }
    struct judge_scene *scene = judge_open_scene(judge, subject->ref);
    scene->bindings[RULESET_FEATURES] = ruleset_features(rules, values);
    const struct expr_run run = {scene->bindings, judge->arena, RULESET_COST_MAX};
    int error = 0;
    for (int i = 0; i < INSTANTS_MAX && counting.at_ms != INT64_MAX && error == 0; i++) {
        counting.known = 0;
        error = judge_rules(judge, &run, i == 0, held, holds);
        error = error != 0 || i > 0 ? error : find_near(judge, &run, held, holds);
        error = error != 0 ? error : counting.error;
        counting.at_ms = counting.needed != 0 ? next_instant(&counting) : INT64_MAX;
    }
    return error;
}
