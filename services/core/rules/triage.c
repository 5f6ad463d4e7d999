#include "core/rules/triage.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/org/org.h"
#include "core/rules/judge.h"
#include "core/rules/schema.h"

enum {
    PURGE_MAX =
        4 /* old entities taken away in one step, of each sort: more than a step makes on average */
};

struct triage {
    ident_hash_fn hash;
    const struct org *org;
    struct seen seen;
    struct windows windows;
};

/* One step in hand. */
struct step {
    struct triage *triage;
    const struct triage_input *input;
    struct arena *arena;
    struct triage_result *result;
    struct triage_change *changes;
    size_t capacity;
};

struct triage *triage_new(const struct triage_setup *setup)
{
    struct triage *triage = heap_alloc(sizeof(*triage));
    if (triage != NULL) {
        triage->hash = setup->hash;
        triage->org = setup->org;
        seen_init(&triage->seen, setup->seen_max, setup->seed);
        windows_init(&triage->windows, setup->window_max, setup->seed);
    }
    return triage;
}

void triage_free(struct triage *triage)
{
    if (triage != NULL) {
        seen_fini(&triage->seen);
        windows_fini(&triage->windows);
        heap_free(triage);
    }
}

size_t triage_seen_count(const struct triage *triage)
{
    return triage->seen.events.count;
}

size_t triage_window_count(const struct triage *triage)
{
    return triage->windows.buckets.count;
}

/* --- Entities -------------------------------------------------------------------------------------------------------- */

bool triage_parse_key(struct str key, enum triage_entity *ret_entity)
{
    struct str feature;
    int64_t day = 0;
    if (seen_is_key(key)) {
        *ret_entity = TRIAGE_SEEN;
        return true;
    }
    *ret_entity = TRIAGE_WINDOW;
    return key.len < WINDOW_KEY_MAX_BYTES && windows_parse_key(key, &feature, &day);
}

int triage_put(struct triage *triage, struct str key, const struct triage_state *state)
{
    enum triage_entity entity = TRIAGE_SEEN;
    static const struct window_state none = {NULL, 0};
    if (!triage_parse_key(key, &entity) || entity != state->entity) {
        return ERR_INVALID;
    }
    if (entity == TRIAGE_SEEN) {
        return seen_put(&triage->seen, key, state->is_there ? &state->seen : NULL);
    }
    return windows_put(&triage->windows, key, state->is_there ? &state->window : &none);
}

static struct triage_change *add_change(struct step *step, struct str key)
{
    struct triage_result *result = step->result;
    if (result->change_count == step->capacity) {
        size_t capacity = step->capacity == 0 ? 8 : 2 * step->capacity;
        struct triage_change *changes = arena_alloc_array(step->arena, capacity, sizeof(*changes));
        if (changes == NULL) {
            return NULL;
        }
        if (result->change_count > 0) {
            memcpy(changes, step->changes, result->change_count * sizeof(*changes));
        }
        step->changes = changes;
        step->capacity = capacity;
        result->changes = changes;
    }
    struct str kept = arena_copy_str(step->arena, key);
    if (kept.at == NULL) {
        return NULL;
    }
    struct triage_change *change = &step->changes[result->change_count++];
    *change = (struct triage_change){.key = kept};
    return change;
}

static int change_seen(struct step *step, struct str key, const struct seen_state *state)
{
    struct triage_change *change = add_change(step, key);
    const struct seen_state *before = seen_get(&step->triage->seen, key);
    if (change == NULL) {
        return ERR_MEMORY;
    }
    change->before = (struct triage_state){.entity = TRIAGE_SEEN, .is_there = before != NULL};
    change->after = (struct triage_state){.entity = TRIAGE_SEEN, .is_there = state != NULL};
    if (before != NULL) {
        change->before.seen = *before;
    }
    if (state != NULL) {
        change->after.seen = *state;
    }
    return seen_put(&step->triage->seen, change->key, state);
}

static int change_window(struct step *step, struct str key, const struct window_state *state)
{
    struct triage_change *change = add_change(step, key);
    struct window_state before = windows_get(&step->triage->windows, key);
    struct window_entry *kept = arena_alloc_array(step->arena, before.count, sizeof(*kept));
    if (change == NULL || kept == NULL) {
        return ERR_MEMORY;
    }
    if (before.count > 0) {
        memcpy(kept, before.entries, before.count * sizeof(*kept));
    }
    before.entries = kept;
    change->before = (struct triage_state){
        .entity = TRIAGE_WINDOW, .is_there = before.count > 0, .window = before};
    change->after = (struct triage_state){
        .entity = TRIAGE_WINDOW, .is_there = state->count > 0, .window = *state};
    return windows_put(&step->triage->windows, change->key, state);
}

/* --- What is too old, and what has no room --------------------------------------------------------------------------- */

static int purge_seen(struct step *step)
{
    for (int i = 0; i < PURGE_MAX; i++) {
        bool is_full = false;
        struct str key = seen_oldest(&step->triage->seen, &is_full);
        const struct seen_state *state = key.len == 0 ? NULL : seen_get(&step->triage->seen, key);
        bool is_old = state != NULL && state->at_ms + SEEN_KEEP_MS <= step->input->time_ms;
        if (state == NULL || (!is_old && !is_full)) {
            return 0;
        }
        step->result->seen_evicted += is_old ? 0 : 1;
        int error = change_seen(step, key, NULL);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* Until when a bucket can matter: its day's end, the feature's window, and how late an event may come that looks back on it;
 * the longest ones for a feature that is gone. */
static int64_t bucket_end(const struct ruleset *rules, struct str key)
{
    const int64_t day_ms = INT64_C(86400000);
    struct str feature;
    int64_t day = 0;
    bool is_key = windows_parse_key(key, &feature, &day);
    sw_assert(is_key);
    int index = rules == NULL ? -1 : ruleset_find_feature(rules, feature);
    int64_t keep_ms = index < 0
                          ? RULESET_WINDOW_MAX_MS + RULESET_LATENESS_MAX_MS
                          : rules->features[index].window_ms + rules->features[index].lateness_ms;
    return (day + 1) * day_ms + keep_ms;
}

static int purge_windows(struct step *step)
{
    static const struct window_state none = {NULL, 0};
    for (int i = 0; i < PURGE_MAX; i++) {
        bool is_full = false;
        struct str key = windows_oldest(&step->triage->windows, &is_full);
        if (key.len == 0) {
            return 0;
        }
        bool is_old = bucket_end(step->input->rules, key) <= step->input->time_ms;
        if (!is_old && !is_full) {
            return 0;
        }
        step->result->windows_evicted += is_old ? 0 : 1;
        int error = change_window(step, key, &none);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* --- Dedupe ---------------------------------------------------------------------------------------------------------- */

static struct str event_key(const struct step *step, bool with_body,
                            char ret_text[SEEN_KEY_MAX_BYTES])
{
    const struct event *event = step->input->event;
    const struct str none = {NULL, 0};
    const struct str parts[] = {
        STR_LITERAL("event"),
        event->source,
        event->id,
        with_body ? ident_part(&event->body_digest) : none,
    };
    struct ident id = ident_derive(step->triage->hash, parts, sizeof(parts) / sizeof(parts[0]));
    return seen_key(event->unit, id, ret_text);
}

/* What is known under the key and still counts. */
static const struct seen_state *recall(const struct step *step, struct str key)
{
    const struct seen_state *known = seen_get(&step->triage->seen, key);
    bool counts = known != NULL && known->at_ms + SEEN_KEEP_MS > step->input->time_ms;
    return counts ? known : NULL;
}

/* Sets the outcome, and remembers the event where it is new. */
static int dedupe(struct step *step)
{
    const struct event *event = step->input->event;
    const struct seen_state state = {event->body_digest, step->input->time_ms};
    char text[SEEN_KEY_MAX_BYTES];
    struct str key = event_key(step, false, text);
    const struct seen_state *known = recall(step, key);
    step->result->outcome = TRIAGE_JUDGED;
    if (known == NULL) {
        return change_seen(step, key, &state);
    }
    if (ident_equal(known->digest, event->body_digest)) {
        step->result->outcome = TRIAGE_REPEATED;
        return 0;
    }
    if (event->family != EVENT_FAMILY_INCIDENT) {
        step->result->outcome = TRIAGE_CONFLICT;
        return 0;
    }
    key = event_key(step, true, text);
    if (recall(step, key) != NULL) {
        step->result->outcome = TRIAGE_REPEATED;
        return 0;
    }
    step->result->id_reused = true;
    return change_seen(step, key, &state);
}

/* --- Features -------------------------------------------------------------------------------------------------------- */

static struct ident distinct_value(const struct step *step, const struct expr_value *value)
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
    return part.len == 0 ? (struct ident){{0}} : ident_derive(step->triage->hash, parts, 2);
}

/* Whether the feature counts the event, and with which value; an expression without a value counts as an error. */
static bool takes(struct step *step, const struct feature *feature, struct judge *judge,
                  struct window_entry *ret_entry)
{
    const struct event *event = step->input->event;
    const struct expr_value bindings[] = {expr_object(&schema_event, event)};
    const struct expr_run run = {bindings, step->arena, RULESET_COST_MAX};
    if (feature->from != event->family) {
        return false;
    }
    struct expr_value holds = expr_evaluate(feature->where, &run);
    bool is_good = holds.kind == EXPR_BOOL;
    *ret_entry = (struct window_entry){.at_ms = judge_event_time(event)};
    for (size_t op = 0; op < feature->op_count && is_good && holds.boolean; op++) {
        if (feature->ops[op].kind == FEATURE_DISTINCT) {
            struct expr_value value = expr_evaluate(feature->ops[op].value, &run);
            is_good = value.kind != EXPR_ERROR;
            ret_entry->value = distinct_value(step, &value);
        }
    }
    judge->rule_errors += is_good ? 0 : 1;
    return is_good && holds.boolean;
}

static int count_once(struct step *step, const struct window_key *key,
                      const struct window_entry *entry)
{
    char text[WINDOW_KEY_MAX_BYTES];
    struct str bucket = windows_key(key, entry->at_ms, text);
    struct window_state before = windows_get(&step->triage->windows, bucket);
    struct window_state after;
    bool is_cut = false;
    int error = windows_add_entry(&before, entry, step->arena, &after, &is_cut);
    step->result->windows_evicted += error == 0 && is_cut ? 1 : 0;
    return error != 0 ? error : change_window(step, bucket, &after);
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

static int feed_features(struct step *step, const struct signal_subject *subjects, size_t count,
                         struct judge *judge)
{
    const struct ruleset *rules = step->input->rules;
    for (size_t f = 0; rules != NULL && f < rules->feature_count; f++) {
        const struct feature *feature = &rules->features[f];
        struct window_entry entry;
        struct window_key key;
        bool is_taken =
            takes(step, feature, judge, &entry) &&
            entry.at_ms + feature->window_ms + feature->lateness_ms > step->input->time_ms;
        for (size_t i = 0; i < count && is_taken; i++) {
            if (is_counted(judge, feature, subjects, i) ||
                !judge_window_key(judge, feature, &subjects[i], &key)) {
                continue;
            }
            int error = count_once(step, &key, &entry);
            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}

/* --- Subjects -------------------------------------------------------------------------------------------------------- */

static struct signal_subject party_subject(const struct step *step, const struct event_party *party)
{
    const struct org_person *person =
        party->unresolved
            ? NULL
            : org_find_person(step->triage->org, step->input->event->unit, party->ref);
    struct signal_subject subject = {.ref = party->ref, .kind = CASE_SUBJECT_UNRESOLVED};
    if (person != NULL && person->kind == ORG_PERSON_STUDENT) {
        subject.kind = CASE_SUBJECT_STUDENT;
        subject.group = person->group;
    } else if (person != NULL && person->kind == ORG_PERSON_STAFF) {
        subject.kind = CASE_SUBJECT_STAFF;
    }
    subject.is_unresolved = subject.kind == CASE_SUBJECT_UNRESOLVED;
    return subject;
}

static size_t list_parties(const struct step *step, enum case_party_role role,
                           struct signal_subject subjects[EVENT_PARTIES_MAX])
{
    const struct event *event = step->input->event;
    size_t count = 0;
    for (size_t i = 0; i < event->party_count && count < EVENT_PARTIES_MAX; i++) {
        bool is_known = event->parties[i].role != role;
        for (size_t j = 0; j < count && !is_known; j++) {
            is_known = str_equal(subjects[j].ref, event->parties[i].ref);
        }
        if (!is_known) {
            subjects[count++] = party_subject(step, &event->parties[i]);
        }
    }
    return count;
}

/* Each who is affected; where there is none, the alleged; else the class or school. */
static size_t list_subjects(const struct step *step,
                            struct signal_subject subjects[EVENT_PARTIES_MAX])
{
    const struct event *event = step->input->event;
    size_t count = list_parties(step, CASE_PARTY_AFFECTED, subjects);
    count = count > 0 ? count : list_parties(step, CASE_PARTY_ALLEGED, subjects);
    if (count > 0) {
        return count;
    }
    bool is_group = event->group.len > 0;
    subjects[0] = (struct signal_subject){
        .ref = is_group ? event->group : event->unit,
        .kind = is_group ? CASE_SUBJECT_GROUP : CASE_SUBJECT_UNIT,
        .group = event->group,
    };
    return 1;
}

static bool is_silent(const struct triage_input *input)
{
    int64_t live_within_ms =
        input->rules == NULL ? RULESET_LIVE_WITHIN_MS : input->rules->live_within_ms;
    return input->event->history || input->event->reported_ms + live_within_ms < input->time_ms;
}

static int judge_event(struct step *step)
{
    struct signal_subject subjects[EVENT_PARTIES_MAX];
    size_t count = list_subjects(step, subjects);
    struct judge judge = {
        .hash = step->triage->hash,
        .input = step->input,
        .windows = &step->triage->windows,
        .org = step->triage->org,
        .arena = step->arena,
        .id_reused = step->result->id_reused,
        .is_silent = is_silent(step->input),
    };
    int error = feed_features(step, subjects, count, &judge);
    for (size_t i = 0; i < count && error == 0; i++) {
        error = judge_subject(&judge, &subjects[i]);
    }
    step->result->signals = judge.signals;
    step->result->signal_count = judge.count;
    step->result->rule_errors = judge.rule_errors;
    return error;
}

int triage_step(struct triage *triage, const struct triage_input *input, struct arena *arena,
                struct triage_result *ret_result)
{
    struct triage_result result = {.outcome = TRIAGE_JUDGED};
    struct step step = {.triage = triage, .input = input, .arena = arena, .result = &result};
    sw_assert(input->event->unit.len > 0 && input->event->reported_ms > 0);
    int error = purge_seen(&step);
    error = error != 0 ? error : purge_windows(&step);
    error = error != 0 ? error : dedupe(&step);
    if (error == 0 && result.outcome == TRIAGE_JUDGED) {
        error = judge_event(&step);
    }
    if (error == 0) {
        *ret_result = result;
    }
    return error;
}
