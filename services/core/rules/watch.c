#include "core/rules/watch.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

enum { WHEEL_START = 256, HELD_MAX = 4 * 1024 * 1024 /* of all units */ };

int watch_init(struct watch *watch, uint64_t seed)
{
    *watch = (struct watch){.wheel = wheel_new(0, WHEEL_START, WATCH_UNITS_MAX)};
    map_init(&watch->units, WATCH_UNITS_MAX, seed);
    map_init(&watch->held, HELD_MAX, seed);
    return watch->wheel == NULL ? ERR_MEMORY : 0;
}

static void free_unit(struct watch_unit *unit)
{
    for (size_t i = 0; i < unit->clock_count; i++) {
        heap_free(unit->clocks[i]);
    }
    for (struct list *node = list_pop_front(&unit->held); node != NULL;
         node = list_pop_front(&unit->held)) {
        heap_free(LIST_ENTRY(node, struct held, list));
    }
    for (struct list *node = list_pop_front(&unit->doubts); node != NULL;
         node = list_pop_front(&unit->doubts)) {
        heap_free(LIST_ENTRY(node, struct doubt, list));
    }
    heap_free(unit);
}

void watch_fini(struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        free_unit(watch->by_index[i]);
    }
    heap_free(watch->by_index);
    map_fini(&watch->units);
    map_fini(&watch->held);
    wheel_free(watch->wheel);
}

/* --- Keys ------------------------------------------------------------------------------------------------------------ */

static const char *const kind_words[] = {
    [WATCH_CLOCK] = "clock", [WATCH_HELD] = "held", [WATCH_DOUBT] = "doubt"};

bool watch_parse_key(struct str key, enum watch_kind *ret_kind, struct str *ret_unit,
                     struct str *ret_name)
{
    const char *first = key.len == 0 ? NULL : memchr(key.at, '/', key.len);
    size_t unit_len = first == NULL ? 0 : (size_t)(first - key.at);
    struct str rest = {key.at + unit_len + 1, first == NULL ? 0 : key.len - unit_len - 1};
    const char *second = rest.len == 0 ? NULL : memchr(rest.at, '/', rest.len);
    if (unit_len == 0 || second == NULL || key.len >= WATCH_KEY_MAX_BYTES) {
        return false;
    }
    struct str word = {rest.at, (size_t)(second - rest.at)};
    struct str name = {second + 1, rest.len - word.len - 1};
    for (size_t kind = 0; kind < sizeof(kind_words) / sizeof(kind_words[0]); kind++) {
        if (str_is(word, kind_words[kind]) && name.len > 0) {
            *ret_kind = (enum watch_kind)kind;
            *ret_unit = (struct str){key.at, unit_len};
            *ret_name = name;
            return true;
        }
    }
    return false;
}

struct str watch_key(struct str unit, enum watch_kind kind, struct str name,
                     char ret_text[WATCH_KEY_MAX_BYTES])
{
    const struct str parts[] = {unit, STR_LITERAL("/"), str_of(kind_words[kind]), STR_LITERAL("/"),
                                name};
    return (struct str){ret_text, str_join(parts, 5, WATCH_KEY_MAX_BYTES, ret_text)};
}

/* --- Units ----------------------------------------------------------------------------------------------------------- */

struct watch_unit *watch_find_unit(const struct watch *watch, struct str unit)
{
    return map_get(&watch->units, unit);
}

static bool make_room(struct watch *watch)
{
    if (watch->count < watch->capacity) {
        return true;
    }
    size_t capacity = watch->capacity == 0 ? 16 : 2 * watch->capacity;
    struct watch_unit **by_index = heap_alloc_array(capacity, sizeof(struct watch_unit *));
    if (by_index == NULL) {
        return false;
    }
    if (watch->count > 0) {
        memcpy(by_index, watch->by_index, watch->count * sizeof(struct watch_unit *));
    }
    heap_free(watch->by_index);
    watch->by_index = by_index;
    watch->capacity = capacity;
    return true;
}

struct watch_unit *watch_get_unit(struct watch *watch, struct str name)
{
    struct watch_unit *unit = watch_find_unit(watch, name);
    if (unit != NULL || !make_room(watch)) {
        return unit;
    }
    unit = heap_alloc(sizeof(*unit) + name.len);
    if (unit == NULL) {
        return NULL;
    }
    memcpy(unit + 1, name.at, name.len);
    unit->name = (struct str){(const char *)(unit + 1), name.len};
    unit->index = (uint32_t)watch->count;
    list_init(&unit->held);
    list_init(&unit->doubts);
    if (map_add(&watch->units, unit->name, unit) != 0) {
        heap_free(unit);
        return NULL;
    }
    watch->by_index[watch->count++] = unit;
    return unit;
}

/* The unit of a key of that kind. */
static int unit_of(struct watch *watch, struct str key, enum watch_kind wanted,
                   struct watch_unit **ret_unit, struct str *ret_name)
{
    enum watch_kind kind;
    struct str name;
    if (!watch_parse_key(key, &kind, &name, ret_name) || kind != wanted) {
        return ERR_INVALID;
    }
    *ret_unit = watch_get_unit(watch, name);
    return *ret_unit == NULL ? ERR_MEMORY : 0;
}

/* --- Clocks ---------------------------------------------------------------------------------------------------------- */

static size_t clock_index(const struct watch_unit *unit, struct str expectation)
{
    size_t i = 0;
    while (i < unit->clock_count && !str_equal(unit->clocks[i]->expectation, expectation)) {
        i++;
    }
    return i;
}

const struct clock *watch_find_clock(const struct watch_unit *unit, struct str expectation)
{
    size_t i = clock_index(unit, expectation);
    return i == unit->clock_count ? NULL : unit->clocks[i];
}

int watch_put_clock(struct watch *watch, struct str key, const struct clock_state *state)
{
    struct watch_unit *unit = NULL;
    struct str name;
    int error = unit_of(watch, key, WATCH_CLOCK, &unit, &name);
    if (error != 0) {
        return error;
    }
    size_t i = clock_index(unit, name);
    if (state == NULL && i < unit->clock_count) {
        heap_free(unit->clocks[i]);
        unit->clocks[i] = unit->clocks[--unit->clock_count];
    }
    if (state == NULL) {
        return 0;
    }
    if (i == RULESET_EXPECTATIONS_MAX) {
        return ERR_FULL;
    }
    if (i == unit->clock_count) {
        struct clock *clock = heap_alloc(sizeof(*clock) + key.len);
        if (clock == NULL) {
            return ERR_MEMORY;
        }
        char *text = (char *)(clock + 1);
        memcpy(text, key.at, key.len);
        clock->key = (struct str){text, key.len};
        clock->expectation = (struct str){text + (name.at - key.at), name.len};
        unit->clocks[unit->clock_count++] = clock;
    }
    unit->clocks[i]->state = *state;
    return 0;
}

/* --- Held ------------------------------------------------------------------------------------------------------------ */

const struct held *watch_find_held(const struct watch *watch, struct str key)
{
    return map_get(&watch->held, key);
}

static char *put_text(char *at, struct str from, struct str *ret_text)
{
    if (from.len > 0) {
        memcpy(at, from.at, from.len);
    }
    *ret_text = (struct str){at, from.len};
    return at + from.len;
}

static struct held *make_held(struct str key, const struct held_state *state)
{
    size_t text_bytes = key.len + state->group.len + state->subject.len + state->bytes.len;
    struct held *held = heap_alloc(sizeof(*held) + text_bytes);
    if (held != NULL) {
        char *at = (char *)(held + 1);
        held->state = *state;
        at = put_text(at, key, &held->key);
        at = put_text(at, state->group, &held->state.group);
        at = put_text(at, state->subject, &held->state.subject);
        (void)put_text(at, state->bytes, &held->state.bytes);
        list_init(&held->list);
    }
    return held;
}

static bool is_before(const struct held *a, const struct held *b)
{
    if (a->state.due_ms != b->state.due_ms) {
        return a->state.due_ms < b->state.due_ms;
    }
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = memcmp(a->key.at, b->key.at, len);
    return order != 0 ? order < 0 : a->key.len < b->key.len;
}

/* From behind: what comes is nearly always due last. */
static void sort_in(struct watch_unit *unit, struct held *held)
{
    struct list *at = unit->held.prev;
    while (at != &unit->held && is_before(held, LIST_ENTRY(at, struct held, list))) {
        at = at->prev;
    }
    list_push_front(at, &held->list);
    unit->held_count++;
}

int watch_put_held(struct watch *watch, struct str key, const struct held_state *state)
{
    struct watch_unit *unit = NULL;
    struct str name;
    int error = unit_of(watch, key, WATCH_HELD, &unit, &name);
    struct held *held = error != 0 || state == NULL ? NULL : make_held(key, state);
    if (error != 0 || (state != NULL && held == NULL)) {
        return error != 0 ? error : ERR_MEMORY;
    }
    struct held *old = map_remove(&watch->held, key);
    if (old != NULL) {
        list_remove(&old->list);
        unit->held_count--;
    }
    error = held == NULL ? 0 : map_add(&watch->held, held->key, held);
    if (held != NULL && error == 0) {
        sort_in(unit, held);
    } else {
        heap_free(held);
    }
    heap_free(old); /* last: `key` and `state` may be its own */
    return error;
}

/* --- Doubts ---------------------------------------------------------------------------------------------------------- */

const struct doubt *watch_find_doubt(const struct watch_unit *unit, struct str scope)
{
    for (struct list *at = unit->doubts.next; at != &unit->doubts; at = at->next) {
        const struct doubt *doubt = LIST_ENTRY(at, struct doubt, list);
        if (str_equal(doubt->scope, scope)) {
            return doubt;
        }
    }
    return NULL;
}

int watch_put_doubt(struct watch *watch, struct str key, const struct doubt_state *state)
{
    struct watch_unit *unit = NULL;
    struct str scope;
    int error = unit_of(watch, key, WATCH_DOUBT, &unit, &scope);
    if (error != 0) {
        return error;
    }
    struct doubt *doubt = (struct doubt *)(uintptr_t)watch_find_doubt(unit, scope);
    if (state == NULL && doubt != NULL) {
        list_remove(&doubt->list);
        unit->doubt_count--;
        heap_free(doubt);
    }
    if (state == NULL) {
        return 0;
    }
    if (doubt == NULL) {
        doubt = heap_alloc(sizeof(*doubt) + key.len);
        if (doubt == NULL) {
            return ERR_MEMORY;
        }
        char *text = (char *)(doubt + 1);
        memcpy(text, key.at, key.len);
        doubt->key = (struct str){text, key.len};
        doubt->scope = (struct str){text + (scope.at - key.at), scope.len};
        list_push_back(&unit->doubts, &doubt->list);
        unit->doubt_count++;
    }
    doubt->state = *state;
    return 0;
}

/* --- Time ------------------------------------------------------------------------------------------------------------ */

int watch_arm(struct watch *watch, const struct watch_unit *unit, int64_t due_ms)
{
    return wheel_set(watch->wheel, unit->index, due_ms);
}

struct watch_unit *watch_expire(struct watch *watch, int64_t now_ms, int64_t *ret_due_ms)
{
    struct wheel_due due;
    if (wheel_expire(watch->wheel, now_ms, &due, 1) == 0) {
        return NULL;
    }
    sw_assert(due.id < watch->count);
    *ret_due_ms = due.deadline_ms;
    return watch->by_index[due.id];
}
