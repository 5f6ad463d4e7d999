#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/rules/triage_inside.h"

enum {
    PURGE_MAX =
        16, /* old entities taken away in one step, of each sort: more than a step makes on average */
    FRESH_MAX = 32, /* buckets whose end is worked out in one step, likewise */
};

struct triage *triage_new(const struct triage_setup *setup)
{
    struct triage *triage = heap_alloc(sizeof(*triage));
    if (triage == NULL) {
        return NULL;
    }
    triage->setup = *setup;
    triage->is_stale = true;
    seen_init(&triage->seen, setup->seen_max, setup->seed);
    windows_init(&triage->windows, setup->window_max, setup->seed);
    if (watch_init(&triage->watch, setup->seed) != 0) {
        triage_free(triage);
        return NULL;
    }
    return triage;
}

void triage_free(struct triage *triage)
{
    if (triage != NULL) {
        seen_fini(&triage->seen);
        windows_fini(&triage->windows);
        watch_fini(&triage->watch);
        heap_free(triage);
    }
}

void triage_refresh(struct triage *triage)
{
    triage->is_stale = true;
    triage->refreshed = 0;
    windows_forget_ends(&triage->windows);
}

size_t triage_seen_count(const struct triage *triage)
{
    return triage->seen.events.count;
}

size_t triage_window_count(const struct triage *triage)
{
    return triage->windows.buckets.count;
}

/* --- What is too old, and what has no room --------------------------------------------------------------------------- */

static int purge_seen(struct turn *turn)
{
    for (int i = 0; i < PURGE_MAX; i++) {
        bool is_full = false;
        const struct seen_state *state = NULL;
        struct str key = seen_oldest(&turn->triage->seen, &state, &is_full);
        bool is_old = state != NULL && state->at_ms + SEEN_KEEP_MS <= turn->now_ms;
        if (state == NULL || (!is_old && !is_full)) {
            return 0;
        }
        turn->result->seen_evicted += is_old ? 0 : 1;
        int error = turn_change_seen(turn, key, NULL);
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
    const struct expectation *expectation =
        rules == NULL ? NULL : ruleset_find_expectation(rules, feature);
    if (expectation != NULL) {
        return day * day_ms + expect_keep_ms(expectation);
    }
    int64_t keep_ms = index < 0
                          ? RULESET_WINDOW_MAX_MS + RULESET_LATENESS_MAX_MS
                          : rules->features[index].window_ms + rules->features[index].lateness_ms;
    return (day + 1) * day_ms + keep_ms;
}

/* The rules of the unit that a bucket is of. */
static const struct ruleset *rules_of_bucket(const struct turn *turn, struct str key)
{
    const struct triage_setup *setup = &turn->triage->setup;
    const char *slash = memchr(key.at, '/', key.len);
    struct str unit = {key.at, slash == NULL ? 0 : (size_t)(slash - key.at)};
    return str_equal(unit, turn->judge.unit) ? turn->judge.rules
                                             : setup->rules_of(setup->ctx, unit);
}

/* Those that count for nothing any more, and the oldest where there is no room for another one. */
static int purge_windows(struct turn *turn)
{
    static const struct window_state none = {NULL, 0};
    struct windows *windows = &turn->triage->windows;
    for (int i = 0; i < FRESH_MAX; i++) {
        struct str key = windows_fresh(windows);
        if (key.len == 0) {
            break;
        }
        windows_set_end(windows, key, bucket_end(rules_of_bucket(turn, key), key));
    }
    for (int i = 0; i < PURGE_MAX; i++) {
        bool is_full = false;
        struct str oldest = windows_oldest(windows, &is_full);
        struct str key = windows_ended(windows, turn->now_ms);
        bool is_old = key.len > 0;
        key = is_old || !is_full ? key : oldest;
        if (key.len == 0) {
            return 0;
        }
        turn->result->windows_evicted += is_old ? 0 : 1;
        int error = turn_change_window(turn, key, &none);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* --- Dedupe ---------------------------------------------------------------------------------------------------------- */

static struct str event_key(const struct turn *turn, bool with_body,
                            char ret_text[SEEN_KEY_MAX_BYTES])
{
    const struct event *event = turn->judge.event;
    const struct str none = {NULL, 0};
    const struct str parts[] = {
        STR_LITERAL("event"),
        event->source,
        event->id,
        with_body ? ident_part(&event->body_digest) : none,
    };
    struct ident id =
        ident_derive(turn->triage->setup.hash, parts, sizeof(parts) / sizeof(parts[0]));
    return seen_key(event->unit, id, ret_text);
}

/* What is known under the key and still counts. */
static const struct seen_state *recall(const struct turn *turn, struct str key)
{
    const struct seen_state *known = seen_get(&turn->triage->seen, key);
    bool counts = known != NULL && known->at_ms + SEEN_KEEP_MS > turn->now_ms;
    return counts ? known : NULL;
}

/* Sets the outcome, and remembers the event where it is new. */
static int dedupe(struct turn *turn)
{
    const struct event *event = turn->judge.event;
    const struct seen_state state = {event->body_digest, turn->now_ms};
    char text[SEEN_KEY_MAX_BYTES];
    struct str key = event_key(turn, false, text);
    const struct seen_state *known = recall(turn, key);
    turn->result->outcome = TRIAGE_JUDGED;
    if (known == NULL) {
        return turn_change_seen(turn, key, &state);
    }
    if (ident_equal(known->digest, event->body_digest)) {
        turn->result->outcome = TRIAGE_REPEATED;
        return 0;
    }
    if (event->family != EVENT_FAMILY_INCIDENT) {
        turn->result->outcome = TRIAGE_CONFLICT;
        return 0;
    }
    key = event_key(turn, true, text);
    if (recall(turn, key) != NULL) {
        turn->result->outcome = TRIAGE_REPEATED;
        return 0;
    }
    turn->result->id_reused = true;
    return turn_change_seen(turn, key, &state);
}

/* --- Subjects -------------------------------------------------------------------------------------------------------- */

static struct signal_subject party_subject(const struct turn *turn, const struct event_party *party)
{
    const struct org_person *person =
        party->unresolved
            ? NULL
            : org_find_person(turn->triage->setup.org, turn->judge.event->unit, party->ref);
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

static size_t list_parties(const struct turn *turn, enum case_party_role role,
                           struct signal_subject subjects[EVENT_PARTIES_MAX])
{
    const struct event *event = turn->judge.event;
    size_t count = 0;
    for (size_t i = 0; i < event->party_count && count < EVENT_PARTIES_MAX; i++) {
        bool is_known = event->parties[i].role != role;
        for (size_t j = 0; j < count && !is_known; j++) {
            is_known = str_equal(subjects[j].ref, event->parties[i].ref);
        }
        if (!is_known) {
            subjects[count++] = party_subject(turn, &event->parties[i]);
        }
    }
    return count;
}

/* Each who is affected; where there is none, the alleged; else the class or school. */
static size_t list_subjects(const struct turn *turn,
                            struct signal_subject subjects[EVENT_PARTIES_MAX])
{
    const struct event *event = turn->judge.event;
    size_t count = list_parties(turn, CASE_PARTY_AFFECTED, subjects);
    count = count > 0 ? count : list_parties(turn, CASE_PARTY_ALLEGED, subjects);
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

bool turn_is_silent(const struct judge *judge)
{
    int64_t live_within_ms =
        judge->rules == NULL ? RULESET_LIVE_WITHIN_MS : judge->rules->live_within_ms;
    return judge->event->history || judge->event->reported_ms + live_within_ms < judge->time_ms;
}

/* --- Steps ----------------------------------------------------------------------------------------------------------- */

int turn_own_event(struct turn *turn, struct str what, struct str group, int64_t at_ms)
{
    char id[EVENT_ID_MAX_BYTES];
    struct event *event = arena_alloc(turn->arena, sizeof(*event));
    (void)snprintf(id, sizeof(id), "%.*s/%.*s/%lld", (int)what.len, what.at, (int)group.len,
                   group.len > 0 ? group.at : "", (long long)at_ms);
    if (event == NULL) {
        return ERR_MEMORY;
    }
    *event = (struct event){
        .id = arena_copy_str(turn->arena, str_of(id)),
        .source = STR_LITERAL("/shouwang/triage"),
        .unit = arena_copy_str(turn->arena, turn->judge.unit),
        .family = EVENT_FAMILY_ATTENDANCE,
        .kind_name = arena_copy_str(turn->arena, what),
        .has_scope = true,
        .group = arena_copy_str(turn->arena, group),
        .discovered_ms = at_ms,
        .reported_ms = at_ms,
    };
    turn->judge.event = event;
    turn->judge.is_silent = turn_is_silent(&turn->judge);
    bool is_whole = event->id.at != NULL && event->unit.at != NULL && event->kind_name.at != NULL &&
                    event->group.at != NULL;
    return is_whole ? 0 : ERR_MEMORY;
}

static void begin(struct triage *triage, struct str unit, int64_t now_ms, struct arena *arena,
                  struct triage_result *result, struct turn *ret_step)
{
    *result = (struct triage_result){.outcome = TRIAGE_JUDGED};
    *ret_step = (struct turn){.triage = triage, .now_ms = now_ms, .arena = arena, .result = result};
    ret_step->judge = (struct judge){
        .hash = triage->setup.hash,
        .unit = unit,
        .time_ms = now_ms,
        .rules = unit.len == 0 ? NULL : triage->setup.rules_of(triage->setup.ctx, unit),
        .windows = &triage->windows,
        .org = triage->setup.org,
        .arena = arena,
    };
}

static int end(struct turn *turn, int error, struct triage_result *ret_result)
{
    turn->result->signals = turn->judge.signals;
    turn->result->signal_count = turn->judge.count;
    turn->result->rule_errors = turn->judge.rule_errors;
    if (error == 0) {
        *ret_result = *turn->result;
    }
    return error;
}

static int judge_event(struct turn *turn)
{
    struct signal_subject subjects[EVENT_PARTIES_MAX];
    size_t count = list_subjects(turn, subjects);
    turn->judge.id_reused = turn->result->id_reused;
    turn->judge.is_silent = turn_is_silent(&turn->judge);
    int error = feed_features(turn, subjects, count);
    error = error != 0 ? error : expect_mark(turn, subjects, count);
    for (size_t i = 0; i < count && error == 0; i++) {
        error = judge_subject(&turn->judge, &subjects[i]);
    }
    return error != 0 ? error : plausible_take(turn);
}

int triage_step(struct triage *triage, const struct triage_input *input, struct arena *arena,
                struct triage_result *ret_result)
{
    struct triage_result result;
    struct turn turn;
    sw_assert(input->event->unit.len > 0 && input->event->reported_ms > 0);
    begin(triage, input->event->unit, input->time_ms, arena, &result, &turn);
    turn.judge.event = input->event;
    int error = purge_seen(&turn);
    error = error != 0 ? error : purge_windows(&turn);
    error = error != 0 ? error : dedupe(&turn);
    if (error == 0 && result.outcome == TRIAGE_JUDGED) {
        error = judge_event(&turn);
    }
    return end(&turn, error, ret_result);
}

int triage_step_fact(struct triage *triage, const struct county_fact *fact, int64_t time_ms,
                     struct arena *arena, struct triage_result *ret_result)
{
    struct triage_result result;
    struct turn turn;
    begin(triage, fact->county, time_ms, arena, &result, &turn);
    int error = purge_windows(&turn);
    return end(&turn, error != 0 ? error : feed_fact(&turn, fact), ret_result);
}

/* --- Time ------------------------------------------------------------------------------------------------------------ */

int64_t triage_next_deadline(const struct triage *triage)
{
    return triage->is_stale ? 0 : wheel_next_deadline(triage->watch.wheel);
}

/* The units, then those that only our state knows: some of them in one step. */
static int refresh(struct turn *turn)
{
    enum { UNITS_A_STEP = 128 };
    struct triage *triage = turn->triage;
    const struct watch *watch = &triage->watch;
    size_t listed = org_list_units(triage->setup.org, NULL, 0);
    const struct org_unit **units = arena_alloc_array(turn->arena, listed, sizeof(*units));
    size_t watched = watch->count;
    int error = units == NULL ? ERR_MEMORY : 0;
    if (error == 0) {
        listed = org_list_units(triage->setup.org, units, listed);
    }
    for (size_t n = 0; n < UNITS_A_STEP && error == 0 && triage->refreshed < listed + watched;
         n++) {
        size_t i = triage->refreshed++;
        struct str unit = i < listed ? units[i]->id : watch->by_index[i - listed]->name;
        error = expect_refresh(turn, unit);
    }
    triage->is_stale = error != 0 || triage->refreshed < listed + watched;
    return error;
}

int triage_step_time(struct triage *triage, int64_t now_ms, struct arena *arena,
                     struct triage_result *ret_result)
{
    struct triage_result result;
    struct turn turn;
    int64_t due_ms = 0;
    if (triage->is_stale) {
        begin(triage, (struct str){NULL, 0}, now_ms, arena, &result, &turn);
        return end(&turn, refresh(&turn), ret_result);
    }
    struct watch_unit *unit = watch_expire(&triage->watch, now_ms, &due_ms);
    begin(triage, unit == NULL ? (struct str){NULL, 0} : unit->name, now_ms, arena, &result, &turn);
    if (unit == NULL) { /* nothing was due yet, or the wheel could not turn for want of memory */
        return end(&turn, triage_next_deadline(triage) > now_ms ? 0 : ERR_MEMORY, ret_result);
    }
    int error = expect_fire(&turn, unit, due_ms);
    error = error != 0 ? error : plausible_fire(&turn, unit, due_ms);
    error = error != 0 ? error : turn_arm(&turn, unit);
    return end(&turn, error, ret_result);
}

int triage_step_answer(struct triage *triage, const struct triage_answer *answer,
                       struct arena *arena, struct triage_result *ret_result)
{
    struct triage_result result;
    struct turn turn;
    begin(triage, answer->unit, answer->time_ms, arena, &result, &turn);
    return end(&turn, plausible_answer(&turn, answer), ret_result);
}
