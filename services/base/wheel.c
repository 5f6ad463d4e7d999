/* See wheel.h. A timer lies in the level at which its deadline and the wheel's time first differ, counted in bytes from
 * the top; when time enters a slot of an upper level, its entries are dealt out to the levels below. Bitmaps of
 * occupied slots let time jump over empty stretches of any length. Entries whose time has come wait, sorted, in `due`. */
#include "base/wheel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum {
    LEVELS = 5,
    SLOT_BITS = 8,
    SLOTS = 1 << SLOT_BITS,
    CROWDED = 256, /* entries of a slot that are looked through for the exact deadline */
    STALE_MIN = 4096,
    SWEEP_EACH =
        4, /* entries looked at for each timer moved or cancelled, while a third of them are stale */
    AHEAD = 8, /* entries: how far ahead timers are fetched */
};

struct entry {
    int64_t deadline_ms;
    uint32_t id;
    uint32_t turn; /* which setting of the timer put it here */
};

struct bag {
    struct entry *items;
    uint32_t count;
    uint32_t capacity;
};

struct timer {
    int64_t deadline_ms;
    uint32_t turn;
};

struct wheel {
    int64_t now_ms; /* everything up to and including it is in `due` */
    struct timer *timers;
    size_t capacity;
    size_t max;
    size_t live;
    size_t entries; /* in all bags, stale ones too */
    int64_t next_ms;
    bool next_known;
    bool due_sorted;
    int64_t far_span; /* the span of which `far` holds nothing any more */
    size_t due_at;    /* of `due`: what lies before was handed out */
    size_t
        sweep_bag; /* where the sweep goes on: the bag (all slots, then far) and the entry in it */
    size_t sweep_at;
    struct bag due;
    struct bag far;
    struct bag slots[LEVELS][SLOTS];
    uint64_t occupied[LEVELS][SLOTS / 64];
};

static bool is_live(const struct wheel *wheel, const struct entry *entry)
{
    const struct timer *timer = &wheel->timers[entry->id];
    return timer->turn == entry->turn && timer->deadline_ms == entry->deadline_ms;
}

static int bag_reserve(struct bag *bag, size_t more)
{
    size_t need = bag->count + more;
    if (need <= bag->capacity) {
        return 0;
    }
    size_t capacity = bag->capacity == 0 ? 4 : bag->capacity;
    while (capacity < need) {
        capacity += capacity / 2 + 1;
    }
    struct entry *items =
        capacity > UINT32_MAX ? NULL : realloc(bag->items, capacity * sizeof(*items));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    bag->items = items;
    bag->capacity = (uint32_t)capacity;
    return 0;
}

static void bag_push(struct bag *bag, struct entry entry)
{
    sw_assert(bag->count < bag->capacity);
    bag->items[bag->count++] = entry;
}

/* A bag that was large gives its memory back; a small one keeps it for the next round. */
static void bag_clear(struct bag *bag)
{
    bag->count = 0;
    if (bag->capacity > CROWDED) {
        free(bag->items);
        *bag = (struct bag){0};
    }
}

static size_t slot_of(int64_t time_ms, int level)
{
    return ((uint64_t)time_ms >> (level * SLOT_BITS)) & (SLOTS - 1);
}

static void mark(struct wheel *wheel, int level, size_t slot)
{
    wheel->occupied[level][slot / 64] |= UINT64_C(1) << (slot % 64);
}

static void unmark(struct wheel *wheel, int level, size_t slot)
{
    wheel->occupied[level][slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

/* The first occupied slot of the level at or behind `from`, or SLOTS. */
static size_t next_occupied(const struct wheel *wheel, int level, size_t from)
{
    while (from < SLOTS) {
        uint64_t word = wheel->occupied[level][from / 64] >> (from % 64);
        if (word != 0) {
            return from + (size_t)__builtin_ctzll(word);
        }
        from = (from / 64 + 1) * 64;
    }
    return SLOTS;
}

/* The level of a deadline behind `now_ms`; LEVELS for the far list. */
static int level_of(int64_t now_ms, int64_t deadline_ms)
{
    uint64_t differ = (uint64_t)now_ms ^ (uint64_t)deadline_ms;
    int level = differ == 0 ? 0 : (63 - __builtin_clzll(differ)) / SLOT_BITS;
    return level < LEVELS ? level : LEVELS;
}

static struct bag *bag_for(struct wheel *wheel, int64_t now_ms, int64_t deadline_ms)
{
    if (deadline_ms <= now_ms) {
        return &wheel->due;
    }
    int level = level_of(now_ms, deadline_ms);
    return level == LEVELS ? &wheel->far : &wheel->slots[level][slot_of(deadline_ms, level)];
}

/* Puts an entry for which its bag has room. */
static void place(struct wheel *wheel, int64_t now_ms, struct entry entry)
{
    bag_push(bag_for(wheel, now_ms, entry.deadline_ms), entry);
    if (entry.deadline_ms <= now_ms) {
        wheel->due_sorted = false;
        return;
    }
    int level = level_of(now_ms, entry.deadline_ms);
    if (level < LEVELS) {
        mark(wheel, level, slot_of(entry.deadline_ms, level));
    }
}

struct wheel *wheel_new(int64_t now_ms, size_t capacity, size_t max)
{
    sw_assert(now_ms >= 0);
    sw_assert(capacity > 0);
    sw_assert(capacity <= max && max <= UINT32_MAX);
    struct wheel *wheel = calloc(1, sizeof(*wheel));
    struct timer *timers = malloc(capacity * sizeof(*timers));
    if (wheel == NULL || timers == NULL) {
        free(wheel);
        free(timers);
        return NULL;
    }
    for (size_t i = 0; i < capacity; i++) {
        timers[i] = (struct timer){.deadline_ms = WHEEL_NEVER};
    }
    wheel->now_ms = now_ms;
    wheel->far_span = now_ms >> (LEVELS * SLOT_BITS);
    wheel->timers = timers;
    wheel->capacity = capacity;
    wheel->max = max;
    wheel->next_ms = WHEEL_NEVER;
    wheel->next_known = true;
    wheel->due_sorted = true;
    return wheel;
}

void wheel_free(struct wheel *wheel)
{
    if (wheel == NULL) {
        return;
    }
    for (int level = 0; level < LEVELS; level++) {
        for (size_t slot = 0; slot < SLOTS; slot++) {
            free(wheel->slots[level][slot].items);
        }
    }
    free(wheel->due.items);
    free(wheel->far.items);
    free(wheel->timers);
    free(wheel);
}

static int grow(struct wheel *wheel, uint32_t id)
{
    if (id >= wheel->max) {
        return ERR_FULL;
    }
    size_t capacity = wheel->capacity;
    while (capacity <= id) {
        capacity = 2 * capacity < wheel->max ? 2 * capacity : wheel->max;
    }
    struct timer *timers = realloc(wheel->timers, capacity * sizeof(*timers));
    if (timers == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = wheel->capacity; i < capacity; i++) {
        timers[i] = (struct timer){.deadline_ms = WHEEL_NEVER};
    }
    wheel->timers = timers;
    wheel->capacity = capacity;
    return 0;
}

/* The sweep goes round through all bags but `due`, a few entries at a time, so that nobody ever waits for it: garbage comes
 * one entry for each timer moved, and goes as fast as it comes once a third of all is stale. Their order in a bag is no matter. */
static void sweep_next_bag(struct wheel *wheel)
{
    size_t bag = wheel->sweep_bag + 1;
    wheel->sweep_at = 0;
    if (bag < LEVELS * SLOTS) {
        size_t slot = next_occupied(wheel, (int)(bag / SLOTS), bag % SLOTS);
        bag = bag / SLOTS * SLOTS + slot; /* SLOTS: the first of the next level, or far */
    }
    wheel->sweep_bag = bag <= LEVELS * SLOTS ? bag : 0;
}

static void sweep_some(struct wheel *wheel)
{
    for (int i = 0; i < SWEEP_EACH; i++) {
        size_t at = wheel->sweep_bag;
        struct bag *bag = at < LEVELS * SLOTS ? &wheel->slots[at / SLOTS][at % SLOTS] : &wheel->far;
        if (wheel->sweep_at >= bag->count) {
            sweep_next_bag(wheel);
            continue;
        }
        if (wheel->sweep_at + SWEEP_EACH < bag->count) {
            __builtin_prefetch(&wheel->timers[bag->items[wheel->sweep_at + SWEEP_EACH].id]);
        }
        if (is_live(wheel, &bag->items[wheel->sweep_at])) {
            wheel->sweep_at++;
            continue;
        }
        bag->items[wheel->sweep_at] = bag->items[--bag->count];
        wheel->entries--;
        if (bag->count == 0 && at < LEVELS * SLOTS) {
            unmark(wheel, (int)(at / SLOTS), at % SLOTS);
            bag_clear(bag);
        }
    }
}

static void tidy(struct wheel *wheel)
{
    if (wheel->entries > STALE_MIN && wheel->entries > wheel->live + wheel->live / 2) {
        sweep_some(wheel);
    }
}

/* Its entry stays behind, stale. */
static void disarm(struct wheel *wheel, struct timer *timer)
{
    if (timer->deadline_ms == WHEEL_NEVER) {
        return;
    }
    if (timer->deadline_ms <= wheel->next_ms) {
        wheel->next_known = false;
    }
    *timer = (struct timer){WHEEL_NEVER, timer->turn + 1};
    wheel->live--;
}

void wheel_cancel(struct wheel *wheel, uint32_t id)
{
    if (id < wheel->capacity) {
        disarm(wheel, &wheel->timers[id]);
        tidy(wheel);
    }
}

int wheel_set(struct wheel *wheel, uint32_t id, int64_t deadline_ms)
{
    if (wheel_deadline(wheel, id) == deadline_ms) {
        return 0;
    }
    if (deadline_ms == WHEEL_NEVER) {
        wheel_cancel(wheel, id);
        return 0;
    }
    int error = id < wheel->capacity ? 0 : grow(wheel, id);
    if (error == 0) {
        error = bag_reserve(bag_for(wheel, wheel->now_ms, deadline_ms), 1);
    }
    if (error != 0) {
        return error;
    }
    struct timer *timer = &wheel->timers[id];
    disarm(wheel, timer);
    timer->deadline_ms = deadline_ms;
    place(wheel, wheel->now_ms, (struct entry){deadline_ms, id, timer->turn});
    wheel->live++;
    wheel->entries++;
    if (deadline_ms < wheel->next_ms) {
        wheel->next_ms = deadline_ms; /* still a lower bound when next_known is false */
    }
    tidy(wheel);
    return 0;
}

void wheel_prefetch(const struct wheel *wheel, uint32_t id)
{
    if (id < wheel->capacity) {
        __builtin_prefetch(&wheel->timers[id]);
    }
}

int64_t wheel_deadline(const struct wheel *wheel, uint32_t id)
{
    return id < wheel->capacity ? wheel->timers[id].deadline_ms : WHEEL_NEVER;
}

/* The earliest live deadline of a bag, WHEEL_NEVER if all of it is stale; `crowded_ms` for a crowded one. */
static int64_t bag_next(const struct wheel *wheel, const struct bag *bag, int64_t crowded_ms)
{
    int64_t next_ms = WHEEL_NEVER;
    if (bag->count > CROWDED) {
        return crowded_ms;
    }
    for (size_t i = 0; i < bag->count; i++) {
        if (is_live(wheel, &bag->items[i]) && bag->items[i].deadline_ms < next_ms) {
            next_ms = bag->items[i].deadline_ms;
        }
    }
    return next_ms;
}

/* Clears the low bits of a time up to the start of its slot at `level`, with the slot set to `slot`. */
static int64_t slot_start(int64_t now_ms, int level, size_t slot)
{
    int shift = level * SLOT_BITS;
    uint64_t above = (uint64_t)now_ms >> (shift + SLOT_BITS) << (shift + SLOT_BITS);
    return (int64_t)(above | (uint64_t)slot << shift);
}

static int64_t find_next(const struct wheel *wheel)
{
    int64_t next_ms = WHEEL_NEVER;
    for (size_t i = wheel->due_at; i < wheel->due.count; i++) {
        if (is_live(wheel, &wheel->due.items[i]) && wheel->due.items[i].deadline_ms < next_ms) {
            next_ms = wheel->due.items[i].deadline_ms;
        }
    }
    for (int level = 0; level < LEVELS && next_ms == WHEEL_NEVER; level++) {
        size_t slot = next_occupied(wheel, level, slot_of(wheel->now_ms, level));
        for (; slot < SLOTS && next_ms == WHEEL_NEVER;
             slot = next_occupied(wheel, level, slot + 1)) {
            int64_t start_ms = slot_start(wheel->now_ms, level, slot);
            next_ms = bag_next(wheel, &wheel->slots[level][slot], start_ms);
        }
    }
    bool is_near = next_ms != WHEEL_NEVER; /* what is far lies behind everything else */
    for (size_t i = 0; i < wheel->far.count && !is_near; i++) {
        if (is_live(wheel, &wheel->far.items[i]) && wheel->far.items[i].deadline_ms < next_ms) {
            next_ms = wheel->far.items[i].deadline_ms;
        }
    }
    return next_ms;
}

int64_t wheel_next_deadline(struct wheel *wheel)
{
    if (!wheel->next_known) {
        wheel->next_ms = find_next(wheel);
        wheel->next_known = true;
    }
    return wheel->next_ms;
}

/* Deals a bag out as seen from the wheel's time. On a failure of memory the rest stays where it is: the slot is still
 * occupied, and the next advance begins with it. What is stale is dropped on the way into the last level, where its timer will
 * be needed soon; above, looking each one up would be most of the work. */
static int deal(struct wheel *wheel, struct bag *bag, int level)
{
    size_t kept = 0;
    int error = 0;
    bool look = level <= 1;
    for (size_t i = 0; i < bag->count; i++) {
        struct entry entry = bag->items[i];
        if (look && i + AHEAD < bag->count) {
            __builtin_prefetch(&wheel->timers[bag->items[i + AHEAD].id]);
        }
        if (look && !is_live(wheel, &entry)) {
            wheel->entries--;
            continue;
        }
        struct bag *target = bag_for(wheel, wheel->now_ms, entry.deadline_ms);
        if (error == 0 && target != bag) {
            error = bag_reserve(target, 1);
        }
        if (error != 0 || target == bag) {
            bag->items[kept++] = entry;
        } else {
            place(wheel, wheel->now_ms, entry);
        }
    }
    bag->count = (uint32_t)kept;
    return error;
}

/* Deals out the slots that the wheel's time lies in, from the top. */
static int enter_slots(struct wheel *wheel)
{
    int64_t span = wheel->now_ms >> (LEVELS * SLOT_BITS);
    if (wheel->far_span != span) {
        int error = deal(wheel, &wheel->far, LEVELS);
        if (error != 0) {
            return error;
        }
        wheel->far_span = span;
    }
    for (int level = LEVELS - 1; level >= 0; level--) {
        size_t slot = slot_of(wheel->now_ms, level);
        struct bag *bag = &wheel->slots[level][slot];
        if (bag->count > 0) {
            int error = deal(wheel, bag, level);
            if (error != 0) {
                return error;
            }
            bag_clear(bag);
        }
        unmark(wheel, level, slot);
    }
    return 0;
}

/* The next instant behind the wheel's time at which a slot must be entered, at most `to_ms`. */
static int64_t next_stop(const struct wheel *wheel, int64_t to_ms)
{
    int64_t stop_ms = to_ms;
    for (int level = 0; level < LEVELS; level++) {
        size_t slot = next_occupied(wheel, level, slot_of(wheel->now_ms, level) + 1);
        if (slot < SLOTS) {
            int64_t start_ms = slot_start(wheel->now_ms, level, slot);
            return start_ms < to_ms ? start_ms : to_ms;
        }
    }
    for (size_t i = 0; i < wheel->far.count; i++) {
        int64_t deadline_ms = wheel->far.items[i].deadline_ms;
        stop_ms = deadline_ms < stop_ms ? deadline_ms : stop_ms;
    }
    return stop_ms;
}

static void advance(struct wheel *wheel, int64_t to_ms)
{
    while (enter_slots(wheel) == 0 && wheel->now_ms < to_ms) {
        wheel->now_ms = next_stop(wheel, to_ms);
    }
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->deadline_ms != b->deadline_ms) {
        return a->deadline_ms < b->deadline_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

static void sort_due(struct wheel *wheel)
{
    struct entry *items = wheel->due.items;
    size_t left = 0;
    for (size_t i = wheel->due_at; i < wheel->due.count; i++) {
        if (is_live(wheel, &items[i])) {
            items[left++] = items[i];
        }
    }
    wheel->entries -= wheel->due.count - wheel->due_at - left;
    if (left > 1) {
        qsort(items, left, sizeof(struct entry), compare_entries);
    }
    wheel->due.count = (uint32_t)left;
    wheel->due_at = 0;
    wheel->due_sorted = true;
}

size_t wheel_expire(struct wheel *wheel, int64_t now_ms, struct wheel_due *ret_due, size_t max)
{
    size_t count = 0;
    advance(wheel, now_ms);
    if (!wheel->due_sorted) {
        sort_due(wheel);
    }
    while (count < max && wheel->due_at < wheel->due.count) {
        struct entry entry = wheel->due.items[wheel->due_at];
        if (is_live(wheel, &entry) && entry.deadline_ms > now_ms) {
            break; /* the wheel was ahead of a clock that went back */
        }
        wheel->due_at++;
        wheel->entries--;
        if (is_live(wheel, &entry)) {
            ret_due[count++] = (struct wheel_due){entry.deadline_ms, entry.id};
            wheel->timers[entry.id] = (struct timer){WHEEL_NEVER, entry.turn + 1};
            wheel->live--;
        }
    }
    if (wheel->due_at == wheel->due.count) {
        wheel->due_at = 0;
        bag_clear(&wheel->due);
    }
    wheel->next_known = false;
    sw_assert(wheel->live <= wheel->entries);
    return count;
}

size_t wheel_count(const struct wheel *wheel)
{
    return wheel->live;
}

size_t wheel_memory_bytes(const struct wheel *wheel)
{
    size_t entries = (size_t)wheel->due.capacity + wheel->far.capacity;
    for (int level = 0; level < LEVELS; level++) {
        for (size_t slot = 0; slot < SLOTS; slot++) {
            entries += wheel->slots[level][slot].capacity;
        }
    }
    return sizeof(*wheel) + wheel->capacity * sizeof(struct timer) + entries * sizeof(struct entry);
}
