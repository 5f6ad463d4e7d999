/* Timers and notices of a part. */
#include "notifier/entity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shouwang/v1/state.pb-c.h>

#include "base/assert.h"
#include "notifier/digest.h"
#include "wire/decode.h"
#include "wire/reader.h"

enum {
    LIFE_DEFAULT_MS = 24 * 60 * 60 * 1000, /* of a notice that names no deadline */
    KEEP_SENT_MS = 10 * 60 * 1000,         /* after the deadline, for words of the provider */
};

/* --- Timers ------------------------------------------------------------------------------------ */

static bool grow_timers(struct part *part)
{
    uint32_t count = part->timer_count == 0 ? 256 : part->timer_count * 2;
    struct part_timer *timers = realloc(part->timers, count * sizeof(*timers));
    if (timers == NULL) {
        return false;
    }
    part->timers = timers;
    /* Index 0 is never given: 0 means none. */
    for (uint32_t i = part->timer_count == 0 ? 1 : part->timer_count; i < count; i++) {
        timers[i] = (struct part_timer){PART_TIMER_FREE, NULL, part->timer_free};
        part->timer_free = i;
    }
    part->timer_count = count;
    return true;
}

uint32_t part_timer_take(struct part *part, enum part_timer_kind kind, void *owner)
{
    if (part->timer_free == 0 && !grow_timers(part)) {
        return 0;
    }
    uint32_t timer = part->timer_free;
    part->timer_free = part->timers[timer].next_free;
    part->timers[timer] = (struct part_timer){kind, owner, 0};
    return timer;
}

void part_timer_give(struct part *part, uint32_t timer)
{
    if (timer != 0) {
        wheel_cancel(part->wheel, timer);
        part->timers[timer] = (struct part_timer){PART_TIMER_FREE, NULL, part->timer_free};
        part->timer_free = timer;
    }
}

int part_timer_set(struct part *part, uint32_t timer, int64_t due_ms)
{
    sw_assert(timer != 0 && timer < part->timer_count);
    return wheel_set(part->wheel, timer, due_ms);
}

/* --- Notices ----------------------------------------------------------------------------------- */

struct held *held_find(const struct part *part, struct ident id)
{
    return map_get(&part->held, ident_part(&id));
}

static struct str put_behind(char **at, struct str text)
{
    char *begin = *at;
    if (text.len > 0) {
        memcpy(begin, text.at, text.len);
    }
    *at += text.len;
    return (struct str){begin, text.len};
}

static struct held *make_held(const Shouwang__V1__Notice *notice, struct str bytes)
{
    struct str unit = str_of(notice->unit);
    struct str person = str_of(notice->person);
    struct str role = str_of(notice->role);
    struct str digest = str_of(notice->address_digest);
    size_t behind = unit.len + person.len + role.len + digest.len + bytes.len;
    struct held *held = calloc(1, sizeof(*held) + behind);
    if (held == NULL) {
        return NULL;
    }
    char *at = (char *)(held + 1);
    held->id = reader_ident(notice->id);
    held->case_id = reader_ident(notice->case_id);
    held->generation = notice->generation;
    held->channel = (enum case_channel)notice->channel;
    held->via = held->channel;
    held->unit = put_behind(&at, unit);
    held->person = put_behind(&at, person);
    held->role = put_behind(&at, role);
    held->address_digest = put_behind(&at, digest);
    held->record = put_behind(&at, bytes);
    held->created_ms = notice->created_at_ms;
    held->wants_key_press = notice->wants_key_press;
    held->may_wait = notice->may_wait;
    held->has_merged = notice->n_merged > 0;
    held->life.expires_ms =
        notice->expires_at_ms > 0 ? notice->expires_at_ms : notice->created_at_ms + LIFE_DEFAULT_MS;
    notice_transition(&held->life, CASE_DELIVERY_QUEUED);
    list_init(&held->node);
    return held;
}

int held_add(struct part *part, const Shouwang__V1__Notice *notice, struct str bytes,
             enum notifier_lane lane, struct held **ret_held)
{
    struct held *held = make_held(notice, bytes);
    if (held == NULL) {
        return ERR_MEMORY;
    }
    held->lane = lane;
    held->timer = part_timer_take(part, PART_TIMER_HELD, held);
    int error = held->timer == 0 ? ERR_MEMORY : map_add(&part->held, ident_part(&held->id), held);
    if (error != 0) {
        part_timer_give(part, held->timer);
        free(held);
        return error;
    }
    part->bulk_count += lane == LANE_BULK;
    *ret_held = held;
    return 0;
}

void held_drop(struct part *part, struct held *held)
{
    (void)map_remove(&part->held, ident_part(&held->id));
    list_remove(&held->node);
    part_timer_give(part, held->timer);
    part->bulk_count -= held->lane == LANE_BULK;
    free(held);
}

const Shouwang__V1__Notice *held_record(struct part *part, const struct held *held)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    if (decode_message(&shouwang__v1__notice__descriptor, held->record, &part->arena, &fault,
                       &message) != 0) {
        return NULL; /* it was checked when it was taken: memory */
    }
    return (const Shouwang__V1__Notice *)message;
}

static struct str held_key(const struct held *held, char ret_bytes[NOTIFIER_KEY_BYTES])
{
    char id[IDENT_TEXT_BYTES];
    ident_format(held->id, id);
    int len = snprintf(ret_bytes, NOTIFIER_KEY_BYTES, "%.*s/notice/%s", (int)held->unit.len,
                       held->unit.at, id);
    return (struct str){ret_bytes, (size_t)len};
}

static size_t put_varint(uint8_t *to, size_t value)
{
    size_t at = 0;
    for (; value >= 0x80; value >>= 7) {
        to[at++] = (uint8_t)(value | 0x80);
    }
    to[at++] = (uint8_t)value;
    return at;
}

/* Two encodings one after the other are the encoding of the merged message: the notice's bytes go in as they came, and
 * nothing in them is lost or made anew. */
static int held_encode(struct part *part, const struct held *held, struct str *ret_value)
{
    char message_id[NOTIFIER_MESSAGE_ID_BYTES];
    (void)snprintf(message_id, sizeof(message_id), "%s", held->message_id);
    Shouwang__V1__NoticeProgress progress = SHOUWANG__V1__NOTICE_PROGRESS__INIT;
    progress.state = (Shouwang__V1__NoticeState)held->life.state;
    progress.attempt = held->life.attempt;
    progress.next_at_ms = held->life.next_ms;
    progress.message_id = message_id;
    char via[] = "sms";
    if (held->via != held->channel) {
        progress.via_channel = via;
    }
    progress.is_bulk = held->lane == LANE_BULK;
    progress.waits_for_digest = held->waits;
    size_t tail = shouwang__v1__notice_progress__get_packed_size(&progress);
    uint8_t *bytes = arena_alloc(&part->arena, 16 + held->record.len + tail);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    size_t len = 0;
    bytes[len++] = 1 << 3 | 2; /* field 1, with a length */
    len += put_varint(bytes + len, held->record.len);
    memcpy(bytes + len, held->record.at, held->record.len);
    len += held->record.len;
    len += shouwang__v1__notice_progress__pack(&progress, bytes + len);
    *ret_value = (struct str){(const char *)bytes, len};
    return 0;
}

/* Memory is out in a step: nothing can be kept in order, so the process ends and the shell undoes the batch. */
static void give_up(struct part *part)
{
    service_fail(part->notifier->service, error_name(ERR_MEMORY));
}

void held_touch(struct part *part, const struct held *held, struct stream_effects *effects)
{
    char bytes[NOTIFIER_KEY_BYTES];
    struct str key = held_key(held, bytes);
    struct str before;
    if (stream_is_touched(effects, key)) {
        return;
    }
    if (held_encode(part, held, &before) != 0) {
        give_up(part);
        return;
    }
    stream_touch(effects, key, before);
}

void held_write(struct part *part, const struct held *held, struct stream_effects *effects)
{
    char bytes[NOTIFIER_KEY_BYTES];
    struct str value;
    struct str key = held_key(held, bytes);
    if (!stream_is_touched(effects, key)) {
        stream_touch(effects, key, KAFKA_NONE); /* new in this step */
    }
    if (held_encode(part, held, &value) != 0) {
        give_up(part);
        return;
    }
    stream_put_state(effects, key, value);
}

void held_write_gone(struct part *part, const struct held *held, struct stream_effects *effects)
{
    char bytes[NOTIFIER_KEY_BYTES];
    held_note_ended(part, held->id);
    stream_put_state(effects, held_key(held, bytes), KAFKA_NONE);
}

static struct ident *recent_slot(const struct part *part, struct ident id)
{
    uint32_t hash;
    memcpy(&hash, id.bytes, sizeof(hash)); /* an id is a hash already */
    return &part->recent[hash & (NOTIFIER_RECENT - 1)];
}

bool held_ended_lately(const struct part *part, struct ident id)
{
    return ident_equal(*recent_slot(part, id), id);
}

void held_note_ended(struct part *part, struct ident id)
{
    *recent_slot(part, id) = id;
    part->has_recent = true;
}

void held_schedule(struct part *part, struct held *held, int64_t now_ms)
{
    int64_t due_ms = held->life.expires_ms;
    list_remove(&held->node);
    if (held->life.state == CASE_DELIVERY_QUEUED && held->waits) {
        if (digest_join(part, held) != 0) {
            give_up(part);
        }
    } else if (held->life.state == CASE_DELIVERY_QUEUED) {
        if (held->life.next_ms <= now_ms) {
            list_push_back(&part->ready[held->lane], &held->node);
        } else if (held->life.next_ms < due_ms) {
            due_ms = held->life.next_ms;
        }
    } else {
        due_ms += KEEP_SENT_MS;
    }
    if (part_timer_set(part, held->timer, due_ms) != 0) {
        give_up(part);
    }
}

struct stop_question held_question(const struct held *held)
{
    return (struct stop_question){
        .id = held->id,
        .case_id = held->case_id,
        .unit = held->unit,
        .person = held->person,
        .role = held->role,
        .generation = held->generation,
        .address_digest = held->address_digest,
    };
}
