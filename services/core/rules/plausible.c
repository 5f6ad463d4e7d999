/* So many pupils absent at once that it may be a fault: first one question to a person.
 *
 * Signals of rules that wait are held for the settle time, and a roll that says how many of a class or school are absent for
 * as long. When the first of them is due, all that is held of the unit is judged as a whole: too many of the school, else too
 * many of a class, and a question is asked; whatever else is due goes its way. While a question is open, what comes for its
 * class or school is held, too. A person's word lets it all go, or drops it; without one the question ends after a while, and
 * its case stays with the people who were asked. Signals about pupils on file never wait. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/casework/casework.h"
#include "core/rules/triage_inside.h"

enum { SHARE_WHOLE = 10000 };

static const struct str school_scope = {"u", 1};

/* --- Questions ------------------------------------------------------------------------------------------------------- */

struct scope_text {
    char text[EVENT_REF_MAX_BYTES + 3];
};

/* "u", or "c:<class>". */
static struct str scope_of(struct str group, struct scope_text *ret_text)
{
    if (group.len == 0) {
        return school_scope;
    }
    int len = snprintf(ret_text->text, sizeof(ret_text->text), "c:%.*s", (int)group.len, group.at);
    sw_assert(len > 0 && (size_t)len < sizeof(ret_text->text));
    return (struct str){ret_text->text, (size_t)len};
}

static bool is_open(const struct watch_unit *unit, struct str scope)
{
    const struct doubt *doubt = watch_find_doubt(unit, scope);
    return doubt != NULL && doubt->state.asked_ms > 0;
}

/* Whether a question that is open covers what is held. */
static bool is_covered(const struct watch_unit *unit, const struct held *held)
{
    struct scope_text text;
    return is_open(unit, school_scope) || is_open(unit, scope_of(held->state.group, &text));
}

/* --- Taking ---------------------------------------------------------------------------------------------------------- */

/* The key of what is held under an id. */
static struct str held_key(const struct turn *turn, struct ident id,
                           char ret_text[WATCH_KEY_MAX_BYTES])
{
    char digits[IDENT_TEXT_BYTES];
    ident_format(id, digits);
    return watch_key(turn->judge.unit, WATCH_HELD, str_of(digits), ret_text);
}

static bool is_pupil(const struct signal_subject *subject)
{
    return subject->kind == CASE_SUBJECT_STUDENT || subject->kind == CASE_SUBJECT_UNRESOLVED;
}

/* What is held of a pupil stands for itself. Of a class there is one of each rule: a newer one, which has counted more, takes
 * the place of the one before it. */
static struct ident held_id(const struct turn *turn, const struct signal *signal)
{
    const struct str parts[] = {STR_LITERAL("class"), turn->judge.unit, signal->subject.ref,
                                signal->why[0].rule};
    return is_pupil(&signal->subject) ? signal->id : ident_derive(turn->judge.hash, parts, 4);
}

static int hold_signal(struct turn *turn, const struct signal *signal)
{
    char text[WATCH_KEY_MAX_BYTES];
    struct str key = held_key(turn, held_id(turn, signal), text);
    const struct held *before = watch_find_held(&turn->triage->watch, key);
    struct held_state state = {
        .due_ms = before != NULL ? before->state.due_ms
                                 : turn->now_ms + turn->judge.rules->plausibility.settle_ms,
        .group = judge_group_of(&turn->judge, signal->subject.group, ORG_GROUP_CLASS),
        .subject = signal->subject.ref,
        .weight = is_pupil(&signal->subject) ? 1 : 0,
    };
    int error = turn->triage->setup.encode(signal, turn->arena, &state.bytes);
    turn->result->held += before == NULL ? 1 : 0;
    return error != 0 ? error : turn_change_held(turn, key, &state);
}

static bool may_wait(const struct turn *turn, const struct signal *signal)
{
    const struct watch_unit *unit = watch_find_unit(&turn->triage->watch, turn->judge.unit);
    bool may = is_pupil(&signal->subject) || signal->subject.kind == CASE_SUBJECT_GROUP;
    return signal->waits && may && (unit == NULL || unit->held_count < WATCH_HELD_MAX);
}

/* Those that may not wait stay with the event's others. */
static int hold_signals(struct turn *turn)
{
    struct judge *judge = &turn->judge;
    size_t kept = 0;
    for (size_t i = 0; i < judge->count; i++) {
        if (may_wait(turn, &judge->signals[i])) {
            int error = hold_signal(turn, &judge->signals[i]);
            if (error != 0) {
                return error;
            }
        } else {
            judge->signals[kept++] = judge->signals[i];
        }
    }
    judge->count = kept;
    return 0;
}

/* What a roll says: how many of how many. One that counts no heads gives a share of all who are absent, whatever the reason:
 * it says something where that would be too many of a class. */
static void count_roll(const struct turn *turn, struct held_state *state)
{
    const struct event_attendance *roll = &turn->judge.event->attendance;
    bool is_many = roll->absent_share > turn->judge.rules->plausibility.class_share;
    bool has_counts = roll->enrolled_count > 0;
    state->size = has_counts ? roll->enrolled_count : SHARE_WHOLE;
    state->weight = has_counts ? roll->absent_count : is_many ? roll->absent_share : 0;
}

/* The newest roll of a class, or of the school, is held in place of the one before it, and judged when that one was to be. */
static int hold_roll(struct turn *turn)
{
    const struct event *event = turn->judge.event;
    struct held_state state = {
        .due_ms = turn->now_ms + turn->judge.rules->plausibility.settle_ms,
        .group = judge_group_of(&turn->judge, event->group, ORG_GROUP_CLASS),
    };
    bool is_other = event->group.len > 0 && state.group.len == 0; /* of a grade: its classes tell */
    if (event->kind != EVENT_KIND_ROLL || !event->has_scope || is_other) {
        return 0;
    }
    const struct str parts[] = {STR_LITERAL("roll"), event->unit, state.group};
    char text[WATCH_KEY_MAX_BYTES];
    struct str key = held_key(turn, ident_derive(turn->judge.hash, parts, 3), text);
    const struct held *before = watch_find_held(&turn->triage->watch, key);
    count_roll(turn, &state);
    if (state.weight == 0) {
        return before == NULL ? 0 : turn_change_held(turn, key, NULL);
    }
    state.due_ms = before != NULL ? before->state.due_ms : state.due_ms;
    return turn_change_held(turn, key, &state);
}

/* The pupil is there, or it is known why not. */
static bool explains(const struct event *event)
{
    enum event_roll state = event->attendance.state;
    return event->family == EVENT_FAMILY_ATTENDANCE &&
           (event->kind == EVENT_KIND_RETURNED || event->kind == EVENT_KIND_LATE ||
            state == EVENT_ROLL_PRESENT || state == EVENT_ROLL_ABSENT_EXPLAINED ||
            state == EVENT_ROLL_LATE);
}

/* What was reported before the absence came says nothing of it: somebody may pass the gate and not be in class. */
static int drop_subject(struct turn *turn, const struct watch_unit *unit, struct str subject)
{
    int64_t settle_ms = turn->judge.rules->plausibility.settle_ms;
    int error = 0;
    for (struct list *at = unit->held.next, *next = at->next; at != &unit->held && error == 0;
         at = next, next = at->next) {
        const struct held *held = LIST_ENTRY(at, struct held, list);
        bool is_later = turn->judge.event->reported_ms >= held->state.due_ms - settle_ms;
        if (is_later && str_equal(held->state.subject, subject)) {
            turn->result->dropped++;
            error = turn_change_held(turn, held->key, NULL);
        }
    }
    return error;
}

static int drop_explained(struct turn *turn)
{
    const struct watch_unit *unit = watch_find_unit(&turn->triage->watch, turn->judge.unit);
    const struct event *event = turn->judge.event;
    int error = 0;
    for (size_t i = 0; unit != NULL && i < event->party_count && error == 0; i++) {
        if (event->parties[i].role == CASE_PARTY_AFFECTED) {
            error = drop_subject(turn, unit, event->parties[i].ref);
        }
    }
    return error;
}

int plausible_take(struct turn *turn)
{
    const struct ruleset *rules = turn->judge.rules;
    size_t before = turn->result->change_count;
    if (rules == NULL || !rules->plausibility.is_set || turn->judge.is_silent) {
        return 0;
    }
    int error = explains(turn->judge.event) ? drop_explained(turn) : 0;
    error = error != 0 ? error : hold_signals(turn);
    error = error != 0 ? error : hold_roll(turn);
    bool is_changed = turn->result->change_count > before;
    return error != 0 || !is_changed
               ? error
               : turn_arm(turn, watch_find_unit(&turn->triage->watch, turn->judge.unit));
}

/* --- Letting go ------------------------------------------------------------------------------------------------------ */

static int add_release(struct turn *turn, struct str bytes)
{
    struct triage_result *result = turn->result;
    struct str *releases = arena_grow_array(turn->arena, turn->releases, result->release_count,
                                            &turn->release_capacity, sizeof(*releases));
    struct str copy = arena_copy_str(turn->arena, bytes);
    if (releases == NULL || copy.at == NULL) {
        return ERR_MEMORY;
    }
    turn->releases = releases;
    result->releases = releases;
    turn->releases[result->release_count++] = copy;
    return 0;
}

static int let_go(struct turn *turn, const struct held *held, bool is_written)
{
    bool is_signal = held->state.bytes.len > 0;
    int error = is_signal && is_written ? add_release(turn, held->state.bytes) : 0;
    turn->result->dropped += is_signal && !is_written ? 1 : 0;
    return error != 0 ? error : turn_change_held(turn, held->key, NULL);
}

/* Ends the question: what it covers is written, or dropped; what another one covers stays. */
static int end_doubt(struct turn *turn, const struct watch_unit *unit, struct str scope,
                     bool is_written)
{
    const struct doubt *doubt = watch_find_doubt(unit, scope);
    struct doubt_state after = doubt->state;
    struct scope_text text;
    int error = 0;
    bool is_school = str_equal(scope, school_scope);
    for (struct list *at = unit->held.next, *next = at->next; at != &unit->held && error == 0;
         at = next, next = at->next) {
        const struct held *held = LIST_ENTRY(at, struct held, list);
        if (is_school || str_equal(scope_of(held->state.group, &text), scope)) {
            error = let_go(turn, held, is_written);
        }
    }
    after.asked_ms = 0;
    error = error != 0 ? error : turn_change_doubt(turn, doubt->key, &after);
    return error != 0 ? error : turn_arm(turn, unit);
}

/* --- Judging as a whole ---------------------------------------------------------------------------------------------- */

/* What is held of one class, or of the school without a class. */
struct tally {
    struct str group;
    int64_t pupils; /* of signals */
    int64_t absent; /* what a roll says, where that is more */
    int64_t size;
};

struct tallies {
    struct tally *items;
    size_t count;
};

static struct tally *tally_of(struct tallies *tallies, struct str group)
{
    for (size_t i = 0; i < tallies->count; i++) {
        if (str_equal(tallies->items[i].group, group)) {
            return &tallies->items[i];
        }
    }
    struct tally *tally = &tallies->items[tallies->count++];
    *tally = (struct tally){.group = group};
    return tally;
}

static int64_t class_size(const struct turn *turn, struct str group)
{
    return (int64_t)org_list_students(turn->judge.org, turn->judge.unit, group, NULL, 0);
}

static int64_t school_size(const struct turn *turn)
{
    const struct org *org = turn->judge.org;
    size_t count = org_list_groups(org, turn->judge.unit, NULL, 0);
    const struct org_group **groups = arena_alloc_array(turn->arena, count, sizeof(*groups));
    int64_t size = 0;
    count = groups == NULL ? 0 : org_list_groups(org, turn->judge.unit, groups, count);
    for (size_t i = 0; i < count; i++) {
        size += groups[i]->kind == ORG_GROUP_CLASS ? class_size(turn, groups[i]->id) : 0;
    }
    return size;
}

/* Fewer are never too many, of whatever size: nobody need count the pupils of the school. */
static bool is_enough(const struct turn *turn, const struct tally *tally)
{
    return tally->absent >= (int64_t)turn->judge.rules->plausibility.at_least;
}

/* A pupil counts once, by however many signals; one about a class counts nobody. ERR_MEMORY. */
static int add_to(struct tally *tally, const struct held *held, struct map *pupils)
{
    if (held->state.bytes.len > 0 && held->state.weight == 0) {
        return 0;
    }
    if (held->state.bytes.len > 0) {
        int error = map_add(pupils, held->state.subject, tally);
        tally->pupils += error == 0 ? 1 : 0;
        return error == ERR_EXISTS ? 0 : error;
    }
    if (held->state.weight > tally->absent) {
        tally->absent = held->state.weight;
        tally->size = held->state.size;
    }
    return 0;
}

static int add_up(struct turn *turn, const struct watch_unit *unit, struct tallies *ret_tallies)
{
    ret_tallies->count = 0;
    ret_tallies->items =
        arena_alloc_array(turn->arena, unit->held_count + 1, sizeof(*ret_tallies->items));
    if (ret_tallies->items == NULL) {
        return ERR_MEMORY;
    }
    struct tally *school = tally_of(ret_tallies, (struct str){NULL, 0});
    struct map pupils;
    int error = 0;
    map_init(&pupils, WATCH_HELD_MAX + 1, turn->triage->setup.seed);
    for (struct list *at = unit->held.next; at != &unit->held && error == 0; at = at->next) {
        const struct held *held = LIST_ENTRY(at, struct held, list);
        error = add_to(tally_of(ret_tallies, held->state.group), held, &pupils);
    }
    map_fini(&pupils);
    for (size_t i = 1; i < ret_tallies->count;
         i++) { /* the first is the school: of all its classes */
        struct tally *tally = &ret_tallies->items[i];
        if (tally->pupils >= tally->absent) {
            tally->absent = tally->pupils;
            tally->size = class_size(turn, tally->group);
        }
        school->pupils += tally->size == SHARE_WHOLE ? 0 : tally->absent;
    }
    if (school->pupils >= school->absent) {
        school->absent = school->pupils;
        school->size = is_enough(turn, school) ? school_size(turn) : 0;
    }
    return error;
}

static bool is_too_many(const struct turn *turn, const struct tally *tally)
{
    const struct plausibility *plausibility = &turn->judge.rules->plausibility;
    int64_t share = tally->group.len == 0 ? plausibility->school_share : plausibility->class_share;
    return is_enough(turn, tally) && tally->absent * SHARE_WHOLE > share * tally->size;
}

/* The question's reason stands on the numbers, too. */
static int add_numbers(struct turn *turn, const struct tally *tally)
{
    struct signal *signal = &turn->judge.signals[turn->judge.count - 1];
    struct signal_why *why = arena_alloc(turn->arena, sizeof(*why));
    struct signal_value *values =
        arena_alloc_array(turn->arena, SIGNAL_VALUES_MAX, sizeof(*values));
    const int64_t numbers[] = {tally->absent, tally->size};
    static const char *const names[] = {"absent", "of"};
    if (why == NULL || values == NULL) {
        return ERR_MEMORY;
    }
    *why = signal->why[0];
    size_t count =
        why->value_count < SIGNAL_VALUES_MAX - 2 ? why->value_count : SIGNAL_VALUES_MAX - 2;
    for (size_t i = 0; i < 2; i++) {
        char text[24];
        (void)snprintf(text, sizeof(text), "%lld", (long long)numbers[i]);
        values[i] =
            (struct signal_value){str_of(names[i]), arena_copy_str(turn->arena, str_of(text))};
        if (values[i].value.at == NULL) {
            return ERR_MEMORY;
        }
    }
    for (size_t i = 0; i < count; i++) {
        values[2 + i] = why->values[i];
    }
    why->values = values;
    why->value_count = 2 + count;
    signal->why = why;
    return 0;
}

static int ask(struct turn *turn, const struct watch_unit *unit, const struct tally *tally,
               int64_t due_ms)
{
    struct scope_text text;
    struct str scope = scope_of(tally->group, &text);
    const struct doubt *doubt = watch_find_doubt(unit, scope);
    struct doubt_state after = {.signal_count = 0};
    char key[WATCH_KEY_MAX_BYTES];
    int error =
        turn_own_event(turn, turn->judge.rules->plausibility.question.id, tally->group, due_ms);
    if (error != 0) {
        return error;
    }
    const struct event *event = turn->judge.event;
    bool is_class = event->group.len > 0;
    const struct signal_subject subject = {
        .ref = is_class ? event->group : event->unit,
        .kind = is_class ? CASE_SUBJECT_GROUP : CASE_SUBJECT_UNIT,
        .group = event->group,
    };
    error = judge_rule(&turn->judge, &subject, &turn->judge.rules->plausibility.question);
    error = error != 0 ? error : add_numbers(turn, tally);
    if (error != 0) {
        return error;
    }
    after = doubt != NULL ? doubt->state : after;
    if (after.signal_count == WATCH_ASKED_MAX) {
        after.signal_count--;
        memmove(&after.signals[0], &after.signals[1],
                after.signal_count * sizeof(after.signals[0]));
    }
    after.signals[after.signal_count++] = turn->judge.signals[turn->judge.count - 1].id;
    after.asked_ms = due_ms;
    turn->result->questions++;
    return turn_change_doubt(turn, watch_key(unit->name, WATCH_DOUBT, scope, key), &after);
}

/* Of the school, or else of each class. */
static int ask_where_needed(struct turn *turn, const struct watch_unit *unit, int64_t due_ms)
{
    struct tallies tallies;
    int error = add_up(turn, unit, &tallies);
    if (error == 0 && is_too_many(turn, &tallies.items[0])) {
        return ask(turn, unit, &tallies.items[0], due_ms);
    }
    for (size_t i = 1; i < tallies.count && error == 0; i++) {
        struct scope_text text;
        bool has_room = unit->doubt_count < WATCH_DOUBTS_MAX;
        if (has_room && !is_open(unit, scope_of(tallies.items[i].group, &text)) &&
            is_too_many(turn, &tallies.items[i])) {
            error = ask(turn, unit, &tallies.items[i], due_ms);
        }
    }
    return error;
}

/* The first that is due and that no question covers; NULL: none. */
static const struct held *first_due(const struct watch_unit *unit, int64_t due_ms)
{
    for (struct list *at = unit->held.next; at != &unit->held; at = at->next) {
        const struct held *held = LIST_ENTRY(at, struct held, list);
        if (held->state.due_ms > due_ms) {
            return NULL;
        }
        if (!is_covered(unit, held)) {
            return held;
        }
    }
    return NULL;
}

/* Rules that know no plausibility any more end it at once. */
static int64_t doubt_end(const struct doubt *doubt, const struct ruleset *rules)
{
    if (doubt->state.asked_ms == 0 || rules == NULL) {
        return INT64_MAX;
    }
    return doubt->state.asked_ms + (rules->plausibility.is_set ? rules->plausibility.hold_ms : 0);
}

int64_t plausible_due(const struct watch_unit *unit, const struct ruleset *rules)
{
    const struct held *held = first_due(unit, INT64_MAX);
    int64_t due_ms = held == NULL ? INT64_MAX : held->state.due_ms;
    for (struct list *at = unit->doubts.next; at != &unit->doubts; at = at->next) {
        int64_t end_ms = doubt_end(LIST_ENTRY(at, struct doubt, list), rules);
        due_ms = end_ms < due_ms ? end_ms : due_ms;
    }
    return due_ms;
}

int plausible_fire(struct turn *turn, struct watch_unit *unit, int64_t due_ms)
{
    const struct ruleset *rules = turn->judge.rules;
    int error = 0;
    for (struct list *at = unit->doubts.next; at != &unit->doubts && error == 0; at = at->next) {
        const struct doubt *doubt = LIST_ENTRY(at, struct doubt, list);
        if (doubt_end(doubt, rules) <= due_ms) {
            error = end_doubt(turn, unit, doubt->scope, !rules->plausibility.is_set);
        }
    }
    if (error == 0 && rules != NULL && rules->plausibility.is_set &&
        first_due(unit, due_ms) != NULL) {
        error = ask_where_needed(turn, unit, due_ms);
    }
    const struct held *held;
    while (error == 0 && (held = first_due(unit, due_ms)) != NULL) {
        error = let_go(turn, held, true);
    }
    return error;
}

/* --- Answers --------------------------------------------------------------------------------------------------------- */

/* Whether the case is one that a question of this scope opened. */
static bool is_case_of(const struct turn *turn, const struct doubt *doubt, struct ident case_id)
{
    const struct rule *question = &turn->judge.rules->plausibility.question;
    bool is_school = str_equal(doubt->scope, school_scope);
    struct case_signal signal = {
        .unit = turn->judge.unit,
        .kind = question->case_kind,
        .subject =
            is_school ? turn->judge.unit : (struct str){doubt->scope.at + 2, doubt->scope.len - 2},
    };
    for (size_t i = 0; i < doubt->state.signal_count; i++) {
        signal.id = doubt->state.signals[i];
        if (ident_equal(casework_case_id(turn->judge.hash, &signal), case_id)) {
            return true;
        }
    }
    return false;
}

int plausible_answer(struct turn *turn, const struct triage_answer *answer)
{
    const struct watch_unit *unit = watch_find_unit(&turn->triage->watch, answer->unit);
    const struct ruleset *rules = turn->judge.rules;
    if (unit == NULL || rules == NULL || !rules->plausibility.is_set) {
        return 0;
    }
    for (struct list *at = unit->doubts.next; at != &unit->doubts; at = at->next) {
        const struct doubt *doubt = LIST_ENTRY(at, struct doubt, list);
        if (doubt->state.asked_ms > 0 && is_case_of(turn, doubt, answer->case_id)) {
            return end_doubt(turn, unit, doubt->scope, !answer->is_fault);
        }
    }
    return 0;
}
