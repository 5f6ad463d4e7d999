/* Triage's state as entities: keys, restoring, and changes that remember what was before. */
#include <string.h>

#include "base/assert.h"
#include "core/rules/triage_inside.h"

bool triage_parse_key(struct str key, enum triage_entity *ret_entity)
{
    static const enum triage_entity watched[] = {
        [WATCH_CLOCK] = TRIAGE_CLOCK, [WATCH_HELD] = TRIAGE_HELD, [WATCH_DOUBT] = TRIAGE_DOUBT};
    struct str feature;
    struct str unit;
    enum watch_kind kind = WATCH_CLOCK;
    int64_t day = 0;
    if (seen_is_key(key)) {
        *ret_entity = TRIAGE_SEEN;
        return true;
    }
    if (watch_parse_key(key, &kind, &unit, &feature)) {
        *ret_entity = watched[kind];
        return true;
    }
    *ret_entity = TRIAGE_WINDOW;
    return key.len < WINDOW_KEY_MAX_BYTES && windows_parse_key(key, &feature, &day);
}

/* Makes the entity so in memory. */
static int put(struct triage *triage, struct str key, const struct triage_state *state)
{
    static const struct window_state none = {NULL, 0};
    switch (state->entity) {
    case TRIAGE_SEEN:
        return seen_put(&triage->seen, key, state->is_there ? &state->seen : NULL);
    case TRIAGE_WINDOW:
        return windows_put(&triage->windows, key, state->is_there ? &state->window : &none);
    case TRIAGE_CLOCK:
        return watch_put_clock(&triage->watch, key, state->is_there ? &state->clock : NULL);
    case TRIAGE_HELD:
        return watch_put_held(&triage->watch, key, state->is_there ? &state->held : NULL);
    case TRIAGE_DOUBT:
        return watch_put_doubt(&triage->watch, key, state->is_there ? &state->doubt : NULL);
    }
    return ERR_INVALID;
}

static int arm(struct triage *triage, const struct watch_unit *unit)
{
    const struct ruleset *rules = triage->setup.rules_of(triage->setup.ctx, unit->name);
    int64_t expected_ms = expect_due(triage, unit, rules);
    int64_t held_ms = plausible_due(unit, rules);
    return watch_arm(&triage->watch, unit, expected_ms < held_ms ? expected_ms : held_ms);
}

int triage_put(struct triage *triage, struct str key, const struct triage_state *state)
{
    enum triage_entity entity = TRIAGE_SEEN;
    enum watch_kind kind;
    struct str unit;
    struct str name;
    if (!triage_parse_key(key, &entity) || entity != state->entity) {
        return ERR_INVALID;
    }
    int error = put(triage, key, state);
    if (error == 0 && watch_parse_key(key, &kind, &unit, &name)) {
        error = arm(triage, watch_find_unit(&triage->watch, unit));
    }
    return error;
}

static struct triage_change *add_change(struct turn *turn, struct str key)
{
    struct triage_result *result = turn->result;
    struct triage_change *changes = arena_grow_array(
        turn->arena, turn->changes, result->change_count, &turn->capacity, sizeof(*changes));
    struct str kept = arena_copy_str(turn->arena, key);
    if (changes == NULL || kept.at == NULL) {
        return NULL;
    }
    turn->changes = changes;
    result->changes = changes;
    struct triage_change *change = &turn->changes[result->change_count++];
    *change = (struct triage_change){.key = kept};
    return change;
}

static int copy(struct turn *turn, struct str *text)
{
    struct str kept = arena_copy_str(turn->arena, *text);
    *text = kept;
    return kept.at == NULL ? ERR_MEMORY : 0;
}

static int recall_watched(struct turn *turn, struct str key, struct triage_state *state)
{
    const struct watch *watch = &turn->triage->watch;
    enum watch_kind kind;
    struct str name;
    struct str rest;
    bool is_watched = watch_parse_key(key, &kind, &name, &rest);
    sw_assert(is_watched);
    const struct watch_unit *unit = watch_find_unit(watch, name);
    if (unit == NULL) {
        return 0;
    }
    if (kind == WATCH_CLOCK) {
        const struct clock *clock = watch_find_clock(unit, rest);
        state->is_there = clock != NULL;
        state->clock = clock != NULL ? clock->state : state->clock;
        return 0;
    }
    if (kind == WATCH_DOUBT) {
        const struct doubt *doubt = watch_find_doubt(unit, rest);
        state->is_there = doubt != NULL;
        state->doubt = doubt != NULL ? doubt->state : state->doubt;
        return 0;
    }
    const struct held *held = watch_find_held(watch, key);
    state->is_there = held != NULL;
    if (held == NULL) {
        return 0;
    }
    state->held = held->state;
    int error = copy(turn, &state->held.group);
    error = error != 0 ? error : copy(turn, &state->held.subject);
    return error != 0 ? error : copy(turn, &state->held.bytes);
}

/* What is known under the key, copied into the turn's arena: the entity is about to change. */
static int recall_entity(struct turn *turn, struct str key, enum triage_entity entity,
                         struct triage_state *ret_state)
{
    struct triage *triage = turn->triage;
    struct triage_state state = {.entity = entity};
    if (entity == TRIAGE_SEEN) {
        const struct seen_state *seen = seen_get(&triage->seen, key);
        state.is_there = seen != NULL;
        state.seen = seen != NULL ? *seen : state.seen;
    } else if (entity == TRIAGE_WINDOW) {
        state.window = windows_get(&triage->windows, key);
        state.is_there = state.window.count > 0;
        struct window_entry *kept =
            arena_alloc_array(turn->arena, state.window.count, sizeof(*kept));
        if (kept == NULL) {
            return ERR_MEMORY;
        }
        if (state.is_there) {
            memcpy(kept, state.window.entries, state.window.count * sizeof(*kept));
        }
        state.window.entries = kept;
    } else {
        int error = recall_watched(turn, key, &state);
        if (error != 0) {
            return error;
        }
    }
    *ret_state = state;
    return 0;
}

static int change(struct turn *turn, struct str key, const struct triage_state *state)
{
    struct triage_change *change = add_change(turn, key);
    if (change == NULL) {
        return ERR_MEMORY;
    }
    change->after = *state;
    int error = recall_entity(turn, change->key, state->entity, &change->before);
    return error != 0 ? error : put(turn->triage, change->key, state);
}

int turn_change_seen(struct turn *turn, struct str key, const struct seen_state *seen)
{
    struct triage_state state = {.entity = TRIAGE_SEEN, .is_there = seen != NULL};
    state.seen = seen != NULL ? *seen : state.seen;
    return change(turn, key, &state);
}

int turn_change_window(struct turn *turn, struct str key, const struct window_state *window)
{
    const struct triage_state state = {
        .entity = TRIAGE_WINDOW, .is_there = window->count > 0, .window = *window};
    return change(turn, key, &state);
}

int turn_change_clock(struct turn *turn, struct str key, const struct clock_state *clock)
{
    struct triage_state state = {.entity = TRIAGE_CLOCK, .is_there = clock != NULL};
    state.clock = clock != NULL ? *clock : state.clock;
    return change(turn, key, &state);
}

int turn_change_held(struct turn *turn, struct str key, const struct held_state *held)
{
    struct triage_state state = {.entity = TRIAGE_HELD, .is_there = held != NULL};
    state.held = held != NULL ? *held : state.held;
    return change(turn, key, &state);
}

int turn_change_doubt(struct turn *turn, struct str key, const struct doubt_state *doubt)
{
    struct triage_state state = {.entity = TRIAGE_DOUBT, .is_there = doubt != NULL};
    state.doubt = doubt != NULL ? *doubt : state.doubt;
    return change(turn, key, &state);
}

int turn_arm(struct turn *turn, const struct watch_unit *unit)
{
    return arm(turn->triage, unit);
}
