/* io/redis, as far as claims need it: SET with NX, GET and PX, and DEL. A command is done at once and answered a hop later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "io/redis.h"
#include "sim/fakes.h"

enum { ENTRIES_MAX = 1 << 20, VALUE_BYTES = 128, KEY_BYTES = 192 };

struct entry {
    char key[KEY_BYTES];
    char value[VALUE_BYTES];
    int64_t until_ms;
};

struct store {
    struct agenda *agenda;
    struct map entries;
    bool is_away;
};

struct redis {
    struct machine *machine;
    redis_state_fn state;
    void *ctx;
};

struct redis_value {
    bool is_nil;
    char text[VALUE_BYTES];
};

struct answer {
    struct machine *machine;
    redis_done_fn done;
    void *ctx;
    struct redis_value value;
};

struct store *store_new(struct agenda *agenda)
{
    struct store *store = calloc(1, sizeof(*store));
    sw_assert(store != NULL);
    store->agenda = agenda;
    map_init(&store->entries, ENTRIES_MAX, 0);
    return store;
}

static void empty(struct store *store)
{
    for (size_t i = 0; i < store->entries.count; i++) {
        free(store->entries.entries[i].value);
    }
    map_fini(&store->entries);
    map_init(&store->entries, ENTRIES_MAX, 0);
}

void store_free(struct store *store)
{
    if (store != NULL) {
        empty(store);
        map_fini(&store->entries);
        free(store);
    }
}

bool store_is_away(const struct store *store)
{
    return store->is_away;
}

void store_set_away(struct store *store, bool is_away, bool is_emptied, struct machine_world *world)
{
    store->is_away = is_away;
    if (is_emptied) {
        empty(store);
    }
    for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
        struct machine *machine = world->machines[BROKER_NOTIFIER][slot];
        if (machine->is_up && machine->redis != NULL) {
            struct machine *before = machine_enter(machine);
            machine->redis->state(!is_away, machine->redis->ctx);
            machine_leave(before);
        }
    }
}

static struct entry *find(const struct store *store, struct str key)
{
    struct entry *entry = map_get(&store->entries, key);
    return entry != NULL && entry->until_ms > agenda_now(store->agenda) ? entry : NULL;
}

struct str store_get(const struct store *store, struct str key)
{
    const struct entry *entry = find(store, key);
    return entry != NULL ? str_of(entry->value) : STR_LITERAL("");
}

static void set(struct store *store, struct str key, struct str value, int64_t for_ms)
{
    struct entry *entry = map_get(&store->entries, key);
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry));
        sw_assert(entry != NULL && key.len < KEY_BYTES);
        memcpy(entry->key, key.at, key.len);
        sw_assert(map_add(&store->entries, str_of(entry->key), entry) == 0);
    }
    (void)snprintf(entry->value, sizeof(entry->value), "%.*s", (int)value.len, value.at);
    entry->until_ms = agenda_now(store->agenda) + for_ms;
}

static struct redis_value run(struct store *store, const struct redis_command *command)
{
    const struct str *words = command->arguments;
    struct redis_value value = {.is_nil = true};
    if (str_is(words[0], "DEL")) {
        free(map_remove(&store->entries, words[1]));
        return value;
    }
    sw_assert(str_is(words[0], "SET"));
    const struct entry *old = find(store, words[1]);
    bool if_absent = false;
    int64_t for_ms = 0;
    for (size_t i = 3; i < command->count; i++) {
        if_absent = if_absent || str_is(words[i], "NX");
        if (str_is(words[i], "PX")) {
            sw_assert(str_to_int64(words[i + 1], 1, INT64_MAX, &for_ms));
        }
    }
    if (old != NULL) {
        value.is_nil = false;
        (void)snprintf(value.text, sizeof(value.text), "%s", old->value);
    }
    if (old == NULL || !if_absent) {
        set(store, words[1], words[2], for_ms);
    }
    return value;
}

/* --- io/redis.h -------------------------------------------------------------------------------------------------------- */

int redis_new(struct loop *loop, const struct redis_options *options, redis_state_fn state,
              void *ctx, struct redis **ret_redis)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    sw_assert(redis != NULL);
    (void)options;
    *redis = (struct redis){loop->machine, state, ctx};
    loop->machine->redis = redis;
    loop->machine->redis_asked = 0;
    *ret_redis = redis;
    return 0;
}

void redis_free(struct redis *redis)
{
    if (redis != NULL) {
        redis->machine->redis = NULL;
        free(redis);
    }
}

bool redis_is_ready(const struct redis *redis)
{
    return !redis->machine->world->store->is_away;
}

/* An answer that finds Redis gone by then is none. */
static void answered(void *ctx, uint64_t mark)
{
    struct answer *answer = ctx;
    struct machine *machine = answer->machine;
    if (!machine->is_up || machine->life != mark) {
        return;
    }
    if (machine->stopped_until_ms > 0) {
        agenda_add(machine->world->agenda, machine->stopped_until_ms, answered, answer, mark);
        return;
    }
    struct machine *before = machine_enter(machine);
    machine->redis_asked--;
    if (machine->world->store->is_away) {
        answer->done(REDIS_UNAVAILABLE, NULL, answer->ctx);
    } else {
        answer->done(REDIS_REPLY, &answer->value, answer->ctx);
    }
    machine_leave(before);
}

int redis_send(struct redis *redis, const struct redis_command *command, redis_done_fn done,
               void *ctx)
{
    struct machine *machine = redis->machine;
    struct machine_world *world = machine->world;
    if (world->store->is_away || machine->is_ending) {
        return ERR_UNAVAILABLE;
    }
    struct redis_value value = run(world->store, command);
    if (done != NULL) {
        struct answer *answer = arena_alloc(world->arena, sizeof(*answer));
        sw_assert(answer != NULL);
        *answer = (struct answer){machine, done, ctx, value};
        machine->redis_asked++;
        agenda_add(world->agenda, agenda_now(world->agenda) + machine_hop_ms(world), answered,
                   answer, machine->life);
    }
    return 0;
}

enum redis_type redis_value_type(const struct redis_value *value)
{
    return value->is_nil ? REDIS_NIL : REDIS_STRING;
}

struct str redis_value_str(const struct redis_value *value)
{
    return value->is_nil ? STR_LITERAL("") : str_of(value->text);
}
