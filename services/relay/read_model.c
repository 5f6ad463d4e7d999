/* Happy path: Redis is ready, sw_epoch answers the epoch in force, the stored offsets are told, writes flow.
 * Failure: a write that errs, times out or meets another epoch makes the model `lost`; it is asked again at once when
 * Redis is there, else when it comes back. A write that is answered "known already" is no error. */
#include "relay/read_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/ident.h"
#include "io/log.h"
#include "io/seal.h"

extern const unsigned char relay_read_model_lua[];
extern const size_t relay_read_model_lua_size;

enum {
    WATCH_MS = 2000,
    IN_FLIGHT_MAX = 1024,
    PAIRS_MAX = (REDIS_ARGUMENTS_MAX - 13) / 2,
    NUMBER_BYTES = 24
};

/* Sorts behind every real due time. */
static const int64_t no_due_ms = INT64_C(9000000000000000);

enum state { AWAY, ASKING, LIVE };

struct read_model {
    struct redis *redis;
    struct read_model_events events;
    enum state state;
    struct loop_timer *again;
    struct loop_timer *watch; /* while nothing is written: is it still of our epoch */
    char prefix[32];
    char epoch[IDENT_TEXT_BYTES];
    char offsets_key[48];
    struct read_model_counts counts;
};

static void lose(struct read_model *model)
{
    if (model->state == LIVE) {
        model->counts.lost++;
        log_warn("read_model_lost");
        model->events.lost(model->events.ctx);
    }
    model->state = AWAY;
    loop_timer_after(model->again, 100);
}

static void offsets_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct read_model *model = ctx;
    if (model->state != ASKING) {
        return;
    }
    if (outcome != REDIS_REPLY || redis_value_type(value) != REDIS_ARRAY) {
        lose(model);
        return;
    }
    for (size_t i = 0; i + 1 < redis_value_count(value); i += 2) {
        model->events.stored(redis_value_str(redis_value_at(value, i)),
                             redis_value_int(redis_value_at(value, i + 1)), model->events.ctx);
    }
    model->state = LIVE;
    log_info("read_model_live", log_count("partitions", (int64_t)redis_value_count(value) / 2));
    model->events.live(model->events.ctx);
}

static void epoch_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct read_model *model = ctx;
    if (model->state != ASKING) {
        return;
    }
    struct str epoch = outcome == REDIS_REPLY ? redis_value_str(value) : (struct str){NULL, 0};
    if (epoch.len == 0 || epoch.len >= sizeof(model->epoch)) {
        lose(model);
        return;
    }
    model->counts.rebuilds += str_is(epoch, model->epoch) ? 1 : 0;
    snprintf(model->epoch, sizeof(model->epoch), "%.*s", (int)epoch.len, epoch.at);
    struct str arguments[] = {STR_LITERAL("HGETALL"), str_of(model->offsets_key)};
    if (redis_send(model->redis, &(struct redis_command){.arguments = arguments, .count = 2},
                   offsets_done, model) != 0) {
        lose(model);
    }
}

static void watch_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct read_model *model = ctx;
    if (model->state == LIVE && outcome == REDIS_REPLY &&
        !str_is(redis_value_str(value), model->epoch)) {
        lose(model); /* emptied, or taken out on purpose */
    }
}

static void watch(void *ctx)
{
    struct read_model *model = ctx;
    struct str arguments[] = {STR_LITERAL("FCALL"), STR_LITERAL("sw_epoch"), STR_LITERAL("1"),
                              str_of(model->prefix), STR_LITERAL("")};
    /* Not taken: what is wrong shows by itself. */
    int error =
        model->state != LIVE
            ? 0
            : redis_send(model->redis, &(struct redis_command){.arguments = arguments, .count = 5},
                         watch_done, model);
    if (error != 0) {
        log_debug("read_model_not_watched", log_error_code("why", error));
    }
    loop_timer_after(model->watch, WATCH_MS);
}

/* Asks for the epoch in force, offering a new one for a Redis that has none. */
static void ask(void *ctx)
{
    struct read_model *model = ctx;
    if (model->state != AWAY || !redis_is_ready(model->redis)) {
        return;
    }
    struct ident fresh;
    seal_random(fresh.bytes, sizeof(fresh.bytes));
    ident_format(fresh, model->epoch);
    model->state = ASKING;
    struct str arguments[] = {STR_LITERAL("FCALL"), STR_LITERAL("sw_epoch"), STR_LITERAL("1"),
                              str_of(model->prefix), str_of(model->epoch)};
    if (redis_send(model->redis, &(struct redis_command){.arguments = arguments, .count = 5},
                   epoch_done, model) != 0) {
        lose(model);
    }
}

static void redis_changed(bool ready, void *ctx)
{
    struct read_model *model = ctx;
    if (ready) {
        ask(model);
    } else {
        lose(model);
    }
}

int read_model_new(struct loop *loop, const struct redis_options *redis, const char *prefix,
                   const struct read_model_events *events, struct read_model **ret_model)
{
    sw_assert(strlen(prefix) < sizeof((struct read_model){0}.prefix));
    struct read_model *model = calloc(1, sizeof(*model));
    if (model == NULL) {
        return ERR_MEMORY;
    }
    model->events = *events;
    snprintf(model->prefix, sizeof(model->prefix), "%s", prefix);
    snprintf(model->offsets_key, sizeof(model->offsets_key), "%s:offsets", prefix);
    int error = loop_timer_new(loop, LOOP_MONOTONIC, ask, model, &model->again);
    if (error == 0) {
        error = loop_timer_new(loop, LOOP_MONOTONIC, watch, model, &model->watch);
    }
    if (error == 0) {
        loop_timer_after(model->watch, WATCH_MS);
        struct redis_options options = *redis;
        options.function_library =
            (struct str){(const char *)relay_read_model_lua, relay_read_model_lua_size};
        error = redis_new(loop, &options, redis_changed, model, &model->redis);
    }
    if (error != 0) {
        read_model_free(model);
        return error;
    }
    *ret_model = model;
    return 0;
}

void read_model_free(struct read_model *model)
{
    if (model == NULL) {
        return;
    }
    model->state = AWAY;
    model->events = (struct read_model_events){0};
    redis_free(model->redis);
    loop_timer_free(model->again);
    loop_timer_free(model->watch);
    free(model);
}

bool read_model_is_live(const struct read_model *model)
{
    return model->state == LIVE;
}

bool read_model_has_room(const struct read_model *model)
{
    return redis_in_flight(model->redis) < IN_FLIGHT_MAX;
}

static void write_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct read_model *model = ctx;
    if (outcome == REDIS_REPLY) {
        model->counts.written += redis_value_int(value) == 1 ? 1 : 0;
    } else if (model->state == LIVE) {
        lose(model);
    }
}

static int send_write(struct read_model *model, const struct str *arguments, size_t count)
{
    if (model->state != LIVE) {
        return ERR_UNAVAILABLE;
    }
    int error =
        redis_send(model->redis, &(struct redis_command){.arguments = arguments, .count = count},
                   write_done, model);
    return error == 0 ? 0 : ERR_UNAVAILABLE;
}

static struct str number(char room[NUMBER_BYTES], int64_t value)
{
    int length = snprintf(room, NUMBER_BYTES, "%lld", (long long)value);
    return (struct str){room, (size_t)length};
}

static bool is_open_obligation(const Shouwang__V1__Obligation *obligation)
{
    return strcmp(obligation->state, "pending") == 0 || strcmp(obligation->state, "warned") == 0 ||
           strcmp(obligation->state, "breached") == 0;
}

/* One member of the due board. */
struct due {
    char member[160];
    char score[NUMBER_BYTES];
};

/* Fills the open obligations of a case, at most PAIRS_MAX, and answers the earliest due time. */
static size_t collect_due(const Shouwang__V1__Case *record, struct str case_hex,
                          struct due dues[PAIRS_MAX], int64_t *ret_next_ms)
{
    size_t count = 0;
    *ret_next_ms = no_due_ms;
    for (size_t e = 0; e < record->n_episodes; e++) {
        const Shouwang__V1__Episode *episode = record->episodes[e];
        for (size_t o = 0; o < episode->n_obligations && count < PAIRS_MAX; o++) {
            const Shouwang__V1__Obligation *obligation = episode->obligations[o];
            if (!is_open_obligation(obligation) || obligation->due_at_ms == 0) {
                continue; /* done, or its clock has not started */
            }
            struct due *due = &dues[count++];
            snprintf(due->member, sizeof(due->member), "%.*s/%u/%.64s/%u", (int)case_hex.len,
                     case_hex.at, episode->number, obligation->id, obligation->occurrence);
            (void)number(due->score, obligation->due_at_ms);
            if (obligation->due_at_ms < *ret_next_ms) {
                *ret_next_ms = obligation->due_at_ms;
            }
        }
    }
    return count;
}

static bool has_ended(const Shouwang__V1__Case *record)
{
    return record->state == SHOUWANG__V1__CASE_STATE__CASE_STATE_CLOSED ||
           record->state == SHOUWANG__V1__CASE_STATE__CASE_STATE_STOOD_DOWN;
}

int read_model_put_case(struct read_model *model, struct read_model_place place, struct str unit,
                        struct str case_hex, const Shouwang__V1__Case *record)
{
    struct due dues[PAIRS_MAX];
    char offset[NUMBER_BYTES];
    char next[NUMBER_BYTES];
    char changed[NUMBER_BYTES];
    int64_t next_ms = no_due_ms;
    size_t due_count = record == NULL ? 0 : collect_due(record, case_hex, dues, &next_ms);
    size_t packed_len = record == NULL ? 0 : shouwang__v1__case__get_packed_size(record);
    uint8_t *packed = malloc(packed_len + 1);
    if (packed == NULL) {
        return ERR_UNAVAILABLE;
    }
    if (record != NULL) {
        (void)shouwang__v1__case__pack(record, packed);
    }
    struct str arguments[REDIS_ARGUMENTS_MAX] = {
        STR_LITERAL("FCALL"),
        STR_LITERAL("sw_case"),
        STR_LITERAL("1"),
        str_of(model->prefix),
        str_of(model->epoch),
        place.partition,
        number(offset, place.offset),
        unit,
        case_hex,
        {(const char *)packed, packed_len},
        record != NULL && has_ended(record) ? STR_LITERAL("1") : STR_LITERAL("0"),
        number(next, next_ms),
        number(changed, record == NULL ? 0 : record->changed_at_ms)};
    size_t count = 13;
    for (size_t i = 0; i < due_count && count + 2 <= REDIS_ARGUMENTS_MAX; i++) {
        arguments[count++] = str_of(dues[i].member);
        arguments[count++] = str_of(dues[i].score);
    }
    int error = send_write(model, arguments, count);
    free(packed);
    return error;
}

int read_model_add_line(struct read_model *model, struct read_model_place place,
                        const struct read_model_line *line)
{
    char offset[NUMBER_BYTES];
    char at[NUMBER_BYTES];
    struct str arguments[] = {STR_LITERAL("FCALL"),
                              STR_LITERAL("sw_journal"),
                              STR_LITERAL("1"),
                              str_of(model->prefix),
                              str_of(model->epoch),
                              place.partition,
                              number(offset, place.offset),
                              line->case_hex,
                              line->packed,
                              line->breached_unit,
                              number(at, line->at_ms)};
    return send_write(model, arguments, line->breached_unit.len > 0 ? 11 : 9);
}

struct read_model_counts read_model_counts(const struct read_model *model)
{
    return model->counts;
}
