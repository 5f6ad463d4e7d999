/* Stops and calls of a part; and all entities out of the changelog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shouwang/v1/state.pb-c.h>

#include "base/assert.h"
#include "notifier/digest.h"
#include "io/log.h"
#include "notifier/entity.h"
#include "wire/decode.h"
#include "wire/reader.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static void give_up(struct part *part)
{
    service_fail(part->notifier->service, error_name(ERR_MEMORY));
}

/* --- Stops ------------------------------------------------------------------------------------- */

static struct stop_entity *find_stop(const struct part *part, struct ident id)
{
    return map_get(&part->stop_entities, ident_part(&id));
}

static struct stop_entity *make_stop_entity(struct ident id, struct str unit, struct str bytes)
{
    struct stop_entity *entity = calloc(1, sizeof(*entity) + unit.len + bytes.len);
    if (entity == NULL) {
        return NULL;
    }
    char *at = (char *)(entity + 1);
    memcpy(at, unit.at, unit.len);
    memcpy(at + unit.len, bytes.at, bytes.len);
    entity->id = id;
    entity->unit = (struct str){at, unit.len};
    entity->record = (struct str){at + unit.len, bytes.len};
    return entity;
}

/* The core's view of a control; its ids lie in the part's arena. */
static int read_stop(struct part *part, const Shouwang__V1__Control *control, struct stop *ret_stop)
{
    struct stop stop = {
        .id = reader_ident(control->id),
        .case_id = reader_ident(control->case_id),
        .until_ms = control->until_ms,
    };
    if (control->action_case == SHOUWANG__V1__CONTROL__ACTION_CONFLICT_SET) {
        stop.kind = STOP_CONFLICT;
        stop.person = str_of(control->conflict_set->person);
        *ret_stop = stop;
        return 0;
    }
    sw_assert(control->action_case == SHOUWANG__V1__CONTROL__ACTION_CANCEL);
    const Shouwang__V1__Cancel *cancel = control->cancel;
    struct ident *ids = arena_alloc_array(&part->arena, cancel->n_notice_ids, sizeof(*ids));
    if (ids == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < cancel->n_notice_ids; i++) {
        ids[i] = reader_ident(cancel->notice_ids[i]);
    }
    stop.kind = STOP_CANCEL;
    stop.notices = ids;
    stop.notice_count = cancel->n_notice_ids;
    stop.person = str_of(cancel->person);
    stop.role = str_of(cancel->role);
    stop.generation_at_most = cancel->generation_at_most;
    stop.reason = str_of(cancel->reason);
    *ret_stop = stop;
    return 0;
}

int stop_add(struct part *part, const Shouwang__V1__Control *control, struct str bytes)
{
    struct stop stop;
    int error = read_stop(part, control, &stop);
    if (error != 0) {
        return error;
    }
    stop_drop(part, stop.id);
    struct stop_entity *entity = make_stop_entity(stop.id, str_of(control->unit), bytes);
    if (entity == NULL) {
        return ERR_MEMORY;
    }
    entity->timer = part_timer_take(part, PART_TIMER_STOP, entity);
    error = entity->timer == 0 ? ERR_MEMORY : part_timer_set(part, entity->timer, stop.until_ms);
    if (error == 0) {
        error = map_add(&part->stop_entities, ident_part(&entity->id), entity);
    }
    if (error != 0) {
        part_timer_give(part, entity->timer);
        free(entity);
        return error;
    }
    error = stops_put(part->stops, &stop);
    if (error != 0) {
        stop_drop(part, stop.id);
    }
    return error;
}

void stop_drop(struct part *part, struct ident id)
{
    struct stop_entity *entity = map_remove(&part->stop_entities, ident_part(&id));
    (void)stops_remove(part->stops, id); /* goes with its entity, or never was */
    if (entity != NULL) {
        part_timer_give(part, entity->timer);
        free(entity);
    }
}

struct ident stop_oldest(const struct part *part)
{
    sw_assert(part->stop_entities.count > 0);
    /* In the order they came, but for what removals have moved. */
    return ((const struct stop_entity *)part->stop_entities.entries[0].value)->id;
}

static struct str stop_key(const struct stop_entity *entity, char ret_bytes[NOTIFIER_KEY_BYTES])
{
    char id[IDENT_TEXT_BYTES];
    ident_format(entity->id, id);
    int len = snprintf(ret_bytes, NOTIFIER_KEY_BYTES, "%.*s/control/%s", (int)entity->unit.len,
                       entity->unit.at, id);
    return (struct str){ret_bytes, (size_t)len};
}

/* KeptControl {control = 1}: a tag and a length before the record as it came. */
static struct str stop_encode(struct part *part, const struct stop_entity *entity)
{
    uint8_t *bytes = arena_alloc(&part->arena, entity->record.len + 8);
    size_t at = 0;
    if (bytes == NULL) {
        give_up(part);
        return KAFKA_NONE;
    }
    bytes[at++] = 1 << 3 | 2;
    size_t len = entity->record.len;
    for (; len >= 0x80; len >>= 7) {
        bytes[at++] = (uint8_t)(len | 0x80);
    }
    bytes[at++] = (uint8_t)len;
    memcpy(bytes + at, entity->record.at, entity->record.len);
    return (struct str){(const char *)bytes, at + entity->record.len};
}

void stop_write_new(struct part *part, struct ident id, struct stream_effects *effects)
{
    char bytes[NOTIFIER_KEY_BYTES];
    const struct stop_entity *entity = find_stop(part, id);
    sw_assert(entity != NULL);
    struct str key = stop_key(entity, bytes);
    if (!stream_is_touched(effects, key)) {
        stream_touch(effects, key, KAFKA_NONE);
    }
    stream_put_state(effects, key, stop_encode(part, entity));
}

void stop_write_gone(struct part *part, struct ident id, struct stream_effects *effects)
{
    char bytes[NOTIFIER_KEY_BYTES];
    const struct stop_entity *entity = find_stop(part, id);
    sw_assert(entity != NULL);
    struct str key = stop_key(entity, bytes);
    if (!stream_is_touched(effects, key)) {
        stream_touch(effects, key, stop_encode(part, entity));
    }
    stream_put_state(effects, key, KAFKA_NONE);
}

/* --- Calls ------------------------------------------------------------------------------------- */

static struct callee *callee_at(struct part *part, struct str key)
{
    struct callee *callee = map_get(&part->callees, key);
    if (callee != NULL) {
        return callee;
    }
    callee = calloc(1, sizeof(*callee) + key.len);
    if (callee == NULL) {
        return NULL;
    }
    memcpy(callee + 1, key.at, key.len);
    callee->key = (struct str){(const char *)(callee + 1), key.len};
    callee->timer = part_timer_take(part, PART_TIMER_CALLEE, callee);
    if (callee->timer == 0 || map_add(&part->callees, callee->key, callee) != 0) {
        part_timer_give(part, callee->timer);
        free(callee);
        return NULL;
    }
    return callee;
}

struct callee *callee_of(struct part *part, struct str unit, struct str digest)
{
    char bytes[NOTIFIER_KEY_BYTES];
    int len = snprintf(bytes, sizeof(bytes), "%.*s/quota/%.*s", (int)unit.len, unit.at,
                       (int)digest.len, digest.at);
    sw_assert(len > 0 && len < NOTIFIER_KEY_BYTES);
    return callee_at(part, (struct str){bytes, (size_t)len});
}

static struct str callee_encode(struct part *part, const struct callee *callee)
{
    Shouwang__V1__ChannelUse use = SHOUWANG__V1__CHANNEL_USE__INIT;
    int64_t at_ms[QUOTA_CALLS_MAX];
    struct str value = KAFKA_NONE;
    if (callee->quota.count == 0) {
        return KAFKA_NONE;
    }
    memcpy(at_ms, callee->quota.at_ms, sizeof(at_ms));
    use.voice_at_ms = at_ms;
    use.n_voice_at_ms = callee->quota.count;
    if (encode_message(&use.base, &part->arena, &value) != 0) {
        give_up(part);
    }
    return value;
}

static void write_callee(struct part *part, const struct callee *callee, struct str before,
                         struct stream_effects *effects)
{
    if (!stream_is_touched(effects, callee->key)) {
        stream_touch(effects, callee->key, before);
    }
    stream_put_state(effects, callee->key, callee_encode(part, callee));
}

static void arm_callee(struct part *part, const struct callee *callee)
{
    int64_t due_ms = callee->quota.count > 0
                         ? callee->quota.at_ms[callee->quota.count - 1] + DAY_MS + 1000
                         : WHEEL_NEVER;
    if (part_timer_set(part, callee->timer, due_ms) != 0) {
        give_up(part);
    }
}

void callee_count(struct part *part, struct callee *callee, int64_t at_ms,
                  struct stream_effects *effects)
{
    struct str before = callee_encode(part, callee);
    quota_take(&callee->quota, at_ms);
    write_callee(part, callee, before, effects);
    arm_callee(part, callee);
}

void callee_review(struct part *part, struct callee *callee, int64_t now_ms,
                   struct stream_effects *effects)
{
    if (!quota_is_idle(&callee->quota, now_ms)) {
        arm_callee(part, callee);
        return;
    }
    struct str before = callee_encode(part, callee);
    callee->quota.count = 0;
    write_callee(part, callee, before, effects);
}

/* --- The changelog ----------------------------------------------------------------------------- */

static ProtobufCMessage *decode(struct part *part, const ProtobufCMessageDescriptor *descriptor,
                                struct str value)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    return decode_message(descriptor, value, &part->arena, &fault, &message) == 0 ? message : NULL;
}

static int load_notice(struct part *part, struct ident id, struct str value)
{
    struct held *old = held_find(part, id);
    if (old != NULL) {
        held_drop(part, old);
    }
    if (value.at == NULL) {
        return 0;
    }
    const Shouwang__V1__NoticeProgress *progress = (const Shouwang__V1__NoticeProgress *)decode(
        part, &shouwang__v1__notice_progress__descriptor, value);
    struct str bytes;
    if (progress == NULL || progress->notice == NULL ||
        !ident_equal(reader_ident(progress->notice->id), id) ||
        (unsigned)progress->state > CASE_DELIVERY_UNKNOWN) {
        return ERR_CORRUPT;
    }
    int error = encode_message(&progress->notice->base, &part->arena, &bytes);
    struct held *held = NULL;
    if (error == 0) {
        error = held_add(part, progress->notice, bytes, progress->is_bulk ? LANE_BULK : LANE_URGENT,
                         &held);
    }
    if (error != 0) {
        return error;
    }
    held->life.state = (enum case_delivery)progress->state;
    held->life.attempt = progress->attempt;
    held->life.next_ms = progress->next_at_ms;
    held->waits = progress->waits_for_digest;
    held->via = progress->via_channel[0] != '\0' ? CASE_CHANNEL_SMS : held->channel;
    (void)snprintf(held->message_id, sizeof(held->message_id), "%s", progress->message_id);
    held_schedule(part, held, INT64_MIN); /* the next step_time looks at the clock */
    return 0;
}

static int load_stop(struct part *part, struct ident id, struct str value)
{
    stop_drop(part, id);
    if (value.at == NULL) {
        return 0;
    }
    const Shouwang__V1__KeptControl *kept = (const Shouwang__V1__KeptControl *)decode(
        part, &shouwang__v1__kept_control__descriptor, value);
    struct str bytes;
    if (kept == NULL || kept->control == NULL ||
        !ident_equal(reader_ident(kept->control->id), id) ||
        (kept->control->action_case != SHOUWANG__V1__CONTROL__ACTION_CANCEL &&
         kept->control->action_case != SHOUWANG__V1__CONTROL__ACTION_CONFLICT_SET)) {
        return ERR_CORRUPT;
    }
    int error = encode_message(&kept->control->base, &part->arena, &bytes);
    return error != 0 ? error : stop_add(part, kept->control, bytes);
}

static int load_callee(struct part *part, struct str key, struct str value)
{
    struct callee *callee = callee_at(part, key);
    if (callee == NULL) {
        return ERR_MEMORY;
    }
    callee->quota.count = 0;
    if (value.at != NULL) {
        const Shouwang__V1__ChannelUse *use = (const Shouwang__V1__ChannelUse *)decode(
            part, &shouwang__v1__channel_use__descriptor, value);
        if (use == NULL || use->n_voice_at_ms > QUOTA_CALLS_MAX) {
            return ERR_CORRUPT;
        }
        for (size_t i = 0; i < use->n_voice_at_ms; i++) {
            quota_take(&callee->quota, use->voice_at_ms[i]);
        }
    }
    arm_callee(part, callee);
    return 0;
}

/* "<unit>/<what>/<rest>" */
static bool split_key(struct str key, struct str *ret_what, struct str *ret_rest)
{
    const char *first = memchr(key.at, '/', key.len);
    if (first == NULL) {
        return false;
    }
    size_t left = key.len - (size_t)(first + 1 - key.at);
    const char *second = memchr(first + 1, '/', left);
    if (second == NULL) {
        return false;
    }
    *ret_what = (struct str){first + 1, (size_t)(second - first - 1)};
    *ret_rest = (struct str){second + 1, key.len - (size_t)(second + 1 - key.at)};
    return true;
}

int entity_load(void *object, struct str key, struct str value)
{
    struct part *part = object;
    struct str what;
    struct str rest;
    struct ident id;
    int error = ERR_CORRUPT;
    arena_reset(&part->arena);
    if (part->is_live && part->has_recent) { /* an undone end is none */
        memset(part->recent, 0, NOTIFIER_RECENT * sizeof(*part->recent));
        part->has_recent = false;
    }
    if (!split_key(key, &what, &rest)) {
        return ERR_CORRUPT;
    }
    if (str_is(what, "quota")) {
        error = load_callee(part, key, value);
    } else if (ident_parse(rest, &id) && str_is(what, "notice")) {
        error = load_notice(part, id, value);
    } else if (ident_parse(rest, &id) && str_is(what, "control")) {
        error = load_stop(part, id, value);
    }
    if (error != 0) {
        log_error("changelog_refused", log_code_str("key", key), log_error_code("why", error));
    }
    return error;
}

void entity_free_all(struct part *part)
{
    for (size_t i = 0; i < part->held.count; i++) {
        free(part->held.entries[i].value);
    }
    for (size_t i = 0; i < part->stop_entities.count; i++) {
        free(part->stop_entities.entries[i].value);
    }
    for (size_t i = 0; i < part->callees.count; i++) {
        free(part->callees.entries[i].value);
    }
    digest_free_all(part);
    map_fini(&part->held);
    map_fini(&part->stop_entities);
    map_fini(&part->callees);
}
