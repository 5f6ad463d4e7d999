/* From an event to entries in windows: those of its own unit here, those of its county as a fact that is sent there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/rules/triage_inside.h"

static struct ident distinct_value(const struct turn *turn, const struct expr_value *value)
{
    char text[32] = "";
    struct str part = {text, 0};
    if (value->kind == EXPR_STRING || value->kind == EXPR_BYTES) {
        part = value->text;
    } else if (value->kind == EXPR_INT) {
        part.len = (size_t)snprintf(text, sizeof(text), "%lld", (long long)value->integer);
    } else if (value->kind == EXPR_BOOL) {
        part = str_of(value->boolean ? "true" : "false");
    }
    const struct str parts[] = {STR_LITERAL("value"), part};
    return part.len == 0 ? (struct ident){{0}} : ident_derive(turn->triage->setup.hash, parts, 2);
}

/* False: it has none, or one that cannot be summed. */
static bool read_number(const struct feature *feature, const struct expr_run *run,
                        double *ret_number)
{
    struct expr_value value = expr_evaluate(feature->number, run);
    double number = value.kind == EXPR_INT      ? (double)value.integer
                    : value.kind == EXPR_DOUBLE ? value.real
                                                : NAN;
    *ret_number = number;
    return number >= -FEATURE_NUMBER_MAX && number <= FEATURE_NUMBER_MAX;
}

/* Whether the feature counts the event for the subject, and with which value; an expression without a value counts as an
 * error. */
static bool takes(struct turn *turn, const struct feature *feature, struct str subject,
                  struct window_entry *ret_entry)
{
    const struct judge_scene *scene = judge_open_scene(&turn->judge, subject);
    const struct expr_run run = {scene->bindings, turn->arena, RULESET_COST_MAX};
    struct expr_value holds = expr_evaluate(feature->where, &run);
    bool is_good = holds.kind == EXPR_BOOL;
    bool is_taken = is_good && holds.boolean;
    *ret_entry = (struct window_entry){.at_ms = judge_event_time(turn->judge.event)};
    if (is_taken && feature->value != NULL) {
        struct expr_value value = expr_evaluate(feature->value, &run);
        is_good = value.kind != EXPR_ERROR;
        ret_entry->value = distinct_value(turn, &value);
    }
    if (is_taken && feature->number != NULL) {
        is_good = read_number(feature, &run, &ret_entry->number) && is_good;
    }
    turn->judge.rule_errors += is_good ? 0 : 1;
    return is_good && is_taken;
}

static int count_once(struct turn *turn, const struct window_key *key,
                      const struct window_entry *entry)
{
    char text[WINDOW_KEY_MAX_BYTES];
    struct str bucket = windows_key(key, entry->at_ms, text);
    struct window_state before = windows_get(&turn->triage->windows, bucket);
    struct window_state after;
    bool is_cut = false;
    int error = windows_add_entry(&before, entry, turn->arena, &after, &is_cut);
    turn->result->windows_evicted += error == 0 && is_cut ? 1 : 0;
    return error != 0 ? error : turn_change_window(turn, bucket, &after);
}

/* Whether an earlier subject counts in the same place: an event counts once for a class, however many of it are named. */
static bool is_counted(const struct judge *judge, const struct feature *feature,
                       const struct signal_subject *subjects, size_t index)
{
    struct window_key own;
    struct window_key other;
    bool has_place = judge_window_key(judge, feature, &subjects[index], &own);
    for (size_t i = 0; i < index && has_place; i++) {
        if (judge_window_key(judge, feature, &subjects[i], &other) &&
            str_equal(own.scope_id, other.scope_id)) {
            return true;
        }
    }
    return !has_place;
}

/* --- The county ------------------------------------------------------------------------------------------------------ */

/* The county above the unit, or the unit itself where it is one; empty: none is known. */
static struct str county_of(const struct turn *turn)
{
    const struct org *org = turn->judge.org;
    const struct org_unit *unit = org_find_unit(org, turn->judge.unit);
    for (size_t i = 0; unit != NULL && i < unit->above_count && unit->kind != ORG_UNIT_COUNTY;
         i++) {
        const struct org_unit *above = org_find_unit(org, unit->above[i]);
        if (above != NULL && above->kind == ORG_UNIT_COUNTY) {
            return above->id;
        }
    }
    return unit != NULL && unit->kind == ORG_UNIT_COUNTY ? unit->id : (struct str){NULL, 0};
}

/* An empty fact of the event in hand, if it is not there yet; without a county it takes nothing. */
static int open_fact(struct turn *turn)
{
    const struct event *event = turn->judge.event;
    if (event->kind == EVENT_KIND_UNKNOWN || turn->fact.county.len > 0) {
        return 0;
    }
    struct str county = county_of(turn);
    if (county.len == 0) {
        return 0;
    }
    turn->counts = arena_alloc_array(turn->arena, COUNTY_COUNTS_MAX, sizeof(*turn->counts));
    if (turn->counts == NULL) {
        return ERR_MEMORY;
    }
    turn->fact = (struct county_fact){
        .county = county,
        .unit = event->unit,
        .source = event->source,
        .id = event->id,
        .family = event->family,
        .kind = event->kind,
        .occurred_ms = event->occurred_ms,
        .discovered_ms = event->discovered_ms,
        .reported_ms = event->reported_ms,
        .history = event->history,
        .counts = turn->counts,
    };
    return 0;
}

/* One more in the turn's fact; what has no room is counted. */
static int add_count(struct turn *turn, const struct feature *feature,
                     const struct window_entry *entry)
{
    struct county_fact *fact = &turn->fact;
    int error = open_fact(turn);
    if (error != 0 || fact->counts == NULL || fact->count == COUNTY_COUNTS_MAX) {
        turn->result->windows_evicted += fact->counts == NULL ? 0 : 1;
        return error;
    }
    turn->counts[fact->count++] = (struct county_count){str_of(feature->id), *entry};
    return 0;
}

static int close_fact(struct turn *turn)
{
    if (turn->fact.count == 0) {
        return 0;
    }
    struct county_fact *kept = arena_alloc(turn->arena, sizeof(*kept));
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *kept = turn->fact;
    turn->result->fact = kept;
    return 0;
}

/* --- Feeding --------------------------------------------------------------------------------------------------------- */

static int feed_feature(struct turn *turn, const struct feature *feature,
                        const struct signal_subject *subjects, size_t count)
{
    struct judge *judge = &turn->judge;
    struct window_entry entry;
    struct window_key key;
    bool is_taken = takes(turn, feature, subjects[0].ref, &entry);
    bool is_in_time = entry.at_ms + feature->window_ms + feature->lateness_ms > turn->now_ms;
    int error = 0;
    for (size_t i = 0; i < count && is_in_time && error == 0; i++) {
        if (feature->is_per_subject && i > 0) {
            is_taken = takes(turn, feature, subjects[i].ref, &entry);
        }
        bool is_again =
            !feature->is_per_subject &&
            (feature->scope == FEATURE_COUNTY ? i > 0 : is_counted(judge, feature, subjects, i));
        if (!is_taken || is_again) {
            continue;
        }
        if (feature->scope == FEATURE_COUNTY) {
            error = add_count(turn, feature, &entry);
        } else if (judge_window_key(judge, feature, &subjects[i], &key)) {
            error = count_once(turn, &key, &entry);
        }
    }
    return error;
}

int feed_features(struct turn *turn, const struct signal_subject *subjects, size_t count)
{
    const struct ruleset *rules = turn->judge.rules;
    const struct event *event = turn->judge.event;
    int error = 0;
    for (size_t f = 0; rules != NULL && f < rules->feature_count && error == 0; f++) {
        const struct feature *feature = &rules->features[f];
        bool may_count = feature->from == event->family && (feature->kinds >> event->kind & 1) != 0;
        error = may_count ? feed_feature(turn, feature, subjects, count) : 0;
    }
    return error != 0 ? error : close_fact(turn);
}

/* The event as the county knows it: of the county, about nobody. */
static int open_event(struct turn *turn, const struct county_fact *fact)
{
    struct event *event = arena_alloc(turn->arena, sizeof(*event));
    if (event == NULL) {
        return ERR_MEMORY;
    }
    *event = (struct event){
        .id = fact->id,
        .source = fact->source,
        .unit = fact->county,
        .family = fact->family,
        .kind = fact->kind,
        .kind_name = str_of(event_kind_name(fact->kind)),
        .has_scope = true,
        .occurred_ms = fact->occurred_ms,
        .discovered_ms = fact->discovered_ms,
        .reported_ms = fact->reported_ms,
        .history = fact->history,
    };
    turn->judge.event = event;
    turn->judge.is_of_county = true;
    turn->judge.is_silent = turn_is_silent(&turn->judge);
    return 0;
}

int feed_fact(struct turn *turn, const struct county_fact *fact)
{
    const struct ruleset *rules = turn->judge.rules;
    int error = open_event(turn, fact);
    for (size_t i = 0; rules != NULL && i < fact->count && error == 0; i++) {
        const struct county_count *count = &fact->counts[i];
        int index = ruleset_find_feature(rules, count->feature);
        const struct feature *feature = index < 0 ? NULL : &rules->features[index];
        if (feature == NULL || feature->scope != FEATURE_COUNTY ||
            count->entry.at_ms + feature->window_ms + feature->lateness_ms <= turn->now_ms) {
            continue; /* the county's pack is another one by now, or it came too late */
        }
        const struct window_key key = {.unit = fact->county,
                                       .scope = 'k',
                                       .scope_id = fact->county,
                                       .feature = count->feature};
        error = count_once(turn, &key, &count->entry);
    }
    return error != 0 || rules == NULL ? error : judge_county(&turn->judge);
}
