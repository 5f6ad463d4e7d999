/* What a step asked for, in the shell's order: changelog, then outputs. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "escalator/part_inside.h"
#include "io/seal.h"
#include "wire/cloudevents.h"
#include "wire/decode.h"
#include "wire/journal.h"
#include "wire/notice.h"
#include "wire/reject.h"

#define SOURCE STR_LITERAL("/shouwang/escalator")

static void fail(struct part *part, int error)
{
    part->shared->fail(part->shared->ctx, error_name(error));
}

/* --- the changelog --------------------------------------------------------------------------------------------------- */

static void put_case(struct part *part, const struct effect_change *change,
                     struct stream_effects *effects)
{
    char room[CASE_KEY_MAX_BYTES];
    struct str key = case_key(change->file->unit, change->file->id, room);
    struct str before = KAFKA_NONE;
    struct str value;
    int error = 0;
    if (!stream_is_touched(effects, key)) {
        error = change->before != NULL ? case_encode(change->before, &part->arena, &before) : 0;
        if (error == 0) {
            stream_touch(effects, key, before);
        }
    }
    error = error != 0 ? error : case_encode(change->file, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return;
    }
    stream_put_state(effects, key, value);
}

/* A case refers to its pack's policies by hash: they are kept beside it from its unit's first use on. */
static void put_policies(struct part *part, const struct casefile *file,
                         struct stream_effects *effects)
{
    char room[CASE_KEY_MAX_BYTES];
    struct part_unit *unit = part_get_unit(part, file->unit);
    struct str value;
    for (size_t i = 0; i < part->pinned_count && unit != NULL; i++) {
        struct part_pinned *pinned = part->pinned[i];
        bool used = memcmp(pinned->set.hash, file->pack, POLICY_HASH_BYTES) == 0;
        if (!used || (unit->stored >> i & 1) != 0) {
            continue;
        }
        struct str key = case_policy_key(file->unit, pinned->set.hash, room);
        int error = case_encode_policies(&pinned->files, &part->arena, &value);
        if (error != 0) {
            fail(part, error);
            return;
        }
        stream_touch(effects, key, KAFKA_NONE);
        stream_put_state(effects, key, value);
        unit->stored |= UINT64_C(1) << i;
    }
}

/* Keeps the head as it was before the first line of the batch. */
static void touch_head(struct part *part, const struct part_unit *unit, struct str key,
                       struct stream_effects *effects)
{
    struct str before = KAFKA_NONE;
    if (stream_is_touched(effects, key)) {
        return;
    }
    int error = unit->head.number > 0 ? case_encode_head(&unit->head, &part->arena, &before) : 0;
    if (error != 0) {
        fail(part, error);
        return;
    }
    stream_touch(effects, key, before);
}

static void put_head(struct part *part, struct part_unit *unit, struct str key,
                     struct stream_effects *effects)
{
    struct str value;
    unit->head.case_number = casework_unit_number(part->casework, unit->name);
    int error = case_encode_head(&unit->head, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return;
    }
    stream_put_state(effects, key, value);
}

/* --- outputs ----------------------------------------------------------------------------------------------------------- */

/* What the headers of a record say of it. */
struct envelope {
    enum topic topic;
    struct str unit;
    const char *group; /* of the type: "notice", "alert" … */
    struct str kind;
    struct ident id;
    struct str subject; /* opaque */
    int64_t at_ms;
};

static void format_time(int64_t at_ms, char *ret_text, size_t size)
{
    struct tm parts;
    time_t seconds = (time_t)(at_ms / 1000);
    gmtime_r(&seconds, &parts);
    snprintf(ret_text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
             parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
             (int)(at_ms % 1000));
}

static void emit(const struct envelope *envelope, struct str value, struct stream_effects *effects)
{
    char id[IDENT_TEXT_BYTES];
    char type[128];
    char at[64];
    struct cloudevent_header written[CLOUDEVENT_HEADERS_MAX];
    struct kafka_header headers[CLOUDEVENT_HEADERS_MAX];
    ident_format(envelope->id, id);
    format_time(envelope->at_ms, at, sizeof(at));
    if (!cloudevent_format_type(envelope->group, envelope->kind, type, sizeof(type))) {
        snprintf(type, sizeof(type), "shouwang.%s", envelope->group);
    }
    struct cloudevent event = {
        .specversion = STR_LITERAL("1.0"),
        .id = str_of(id),
        .source = SOURCE,
        .type = str_of(type),
        .time = str_of(at),
        .subject = envelope->subject,
        .partitionkey = envelope->unit,
        .datacontenttype = STR_LITERAL("application/protobuf"),
    };
    size_t header_count = cloudevent_write_kafka(&event, written);
    for (size_t i = 0; i < header_count; i++) {
        headers[i] = (struct kafka_header){str_of(written[i].name), written[i].value};
    }
    struct kafka_output output = {
        .topic = envelope->topic,
        .unit = envelope->unit,
        .value = value,
        .headers = headers,
        .header_count = header_count,
    };
    stream_emit(effects, &output);
}

static void emit_line(struct part *part, const struct effect *effect, struct part_unit *unit,
                      struct stream_effects *effects)
{
    const struct effect_journal *line = &effect->journal;
    struct journal_place place = {.number = unit->head.number + 1, .at_ms = effect->at_ms};
    struct str value;
    memcpy(place.previous, unit->head.digest, sizeof(place.previous));
    int error = journal_encode(line, &place, seal_digest, &part->arena, &value, unit->head.digest);
    if (error != 0) {
        fail(part, error);
        return;
    }
    unit->head.number = place.number;
    struct str number = {(const char *)&place.number, sizeof(place.number)};
    struct str parts[] = {STR_LITERAL("journal"), line->unit, number};
    struct envelope envelope = {
        TOPIC_JOURNAL,   line->unit,   "journal", line->what, ident_derive(seal_hash128, parts, 3),
        STR_LITERAL(""), effect->at_ms};
    emit(&envelope, value, effects);
    metric_add(metric_with(part->shared->metric[PART_JOURNAL_LINES], NULL), 1);
}

static const char *clean_label(struct part *part, struct str text)
{
    struct str copy = arena_copy_str(&part->arena, text);
    return copy.at != NULL ? copy.at : "other";
}

static void emit_notice(struct part *part, const struct effect *effect,
                        struct stream_effects *effects)
{
    const struct effect_notice *notice = &effect->notice;
    bool urgent = notice->lane == EFFECT_LANE_URGENT;
    struct str value;
    int error = notice_encode(notice, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return;
    }
    struct envelope envelope = {urgent ? TOPIC_NOTICES_URGENT : TOPIC_NOTICES_BULK,
                                notice->unit,
                                "notice",
                                notice->purpose,
                                notice->id,
                                notice->subject,
                                effect->at_ms};
    emit(&envelope, value, effects);
    const char *labels[] = {urgent ? "urgent" : "bulk", clean_label(part, notice->purpose)};
    metric_add(metric_with(part->shared->metric[PART_NOTICES], labels), 1);
}

static void emit_control(struct part *part, const struct effect *effect,
                         struct stream_effects *effects)
{
    static const char *const kinds[] = {"cancel", "conflict_set", "conflict_cleared"};
    const struct effect_control *control = &effect->control;
    struct str value;
    int error = notice_encode_control(control, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return;
    }
    struct envelope envelope = {
        TOPIC_NOTICES_CONTROL, control->unit,   "control",    str_of(kinds[control->kind]),
        control->id,           STR_LITERAL(""), effect->at_ms};
    emit(&envelope, value, effects);
}

static void emit_alert(struct part *part, const struct effect *effect,
                       struct stream_effects *effects)
{
    const struct effect_alert *alert = &effect->alert;
    struct str value;
    char subject[IDENT_TEXT_BYTES];
    int error = notice_encode_alert(alert, effect->at_ms, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return;
    }
    ident_format(alert->case_id, subject);
    struct envelope envelope = {TOPIC_ALERTS, alert->unit,     "alert",      alert->what,
                                alert->id,    str_of(subject), effect->at_ms};
    emit(&envelope, value, effects);
    const char *labels[] = {clean_label(part, alert->what)};
    metric_add(metric_with(part->shared->metric[PART_ALERTS], labels), 1);
}

static void perform_state(struct part *part, struct stream_effects *effects)
{
    for (size_t i = 0; i < part->effects.count; i++) {
        const struct effect *effect = part->effects.items[i];
        if (effect->kind == EFFECT_CASE) {
            put_policies(part, effect->change.file, effects);
            put_case(part, &effect->change, effects);
        }
    }
}

static void perform_lines(struct part *part, struct part_unit *unit, struct stream_effects *effects)
{
    char room[CASE_KEY_MAX_BYTES];
    struct str key = case_unit_key(unit->name, "journal", room);
    bool any = false;
    for (size_t i = 0; i < part->effects.count; i++) {
        const struct effect *effect = part->effects.items[i];
        if (effect->kind == EFFECT_JOURNAL) {
            if (!any) {
                touch_head(part, unit, key, effects);
            }
            any = true;
            emit_line(part, effect, unit, effects);
        }
    }
    if (any) {
        put_head(part, unit, key, effects);
    }
}

/* All effects of one step are of one unit. */
static struct str unit_of(const struct part *part, struct str unit)
{
    for (size_t i = 0; i < part->effects.count && unit.len == 0; i++) {
        const struct effect *effect = part->effects.items[i];
        if (effect->kind == EFFECT_CASE) {
            unit = effect->change.file->unit;
        }
    }
    return unit;
}

void part_perform(struct part *part, struct str unit_name, struct stream_effects *effects)
{
    struct part_unit *unit = part_get_unit(part, unit_of(part, unit_name));
    if (unit == NULL) {
        fail(part, ERR_MEMORY);
        return;
    }
    perform_state(part, effects);
    perform_lines(part, unit, effects);
    for (size_t i = 0; i < part->effects.count; i++) {
        const struct effect *effect = part->effects.items[i];
        switch (effect->kind) {
        case EFFECT_CASE:
        case EFFECT_JOURNAL:
            break;
        case EFFECT_NOTICE:
            emit_notice(part, effect, effects);
            break;
        case EFFECT_CONTROL:
            emit_control(part, effect, effects);
            break;
        case EFFECT_ALERT:
            emit_alert(part, effect, effects);
            break;
        }
    }
}

bool part_take_command(struct part *part, struct str unit_name, struct ident id,
                       struct stream_effects *effects)
{
    char room[CASE_KEY_MAX_BYTES];
    struct part_unit *unit = part_get_unit(part, unit_name);
    struct str before = KAFKA_NONE;
    struct str value;
    if (unit == NULL) {
        fail(part, ERR_MEMORY);
        return false;
    }
    for (size_t i = 0; i < unit->command_count; i++) {
        if (ident_equal(unit->commands[i], id)) {
            return false;
        }
    }
    struct str key = case_unit_key(unit->name, "commands", room);
    int error = 0;
    if (!stream_is_touched(effects, key)) {
        error = unit->command_count > 0 ? case_encode_commands(unit->commands, unit->command_count,
                                                               &part->arena, &before)
                                        : 0;
        if (error == 0) {
            stream_touch(effects, key, before);
        }
    }
    if (unit->command_count == PART_COMMANDS_MAX) {
        unit->command_count--;
        memmove(&unit->commands[0], &unit->commands[1], unit->command_count * sizeof(struct ident));
    }
    unit->commands[unit->command_count++] = id;
    error = error != 0
                ? error
                : case_encode_commands(unit->commands, unit->command_count, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return false;
    }
    stream_put_state(effects, key, value);
    return true;
}

/* The escalator holds no keys: the record goes without its body, and its place finds it in the topic. */
static int cannot_seal(void *ctx, struct str unit, struct str clear, struct arena *arena,
                       Shouwang__V1__Sealed **ret_sealed)
{
    (void)ctx;
    (void)unit;
    (void)clear;
    (void)arena;
    (void)ret_sealed;
    return ERR_UNAVAILABLE;
}

void part_reject(struct part *part, const struct kafka_record *record, const struct fault *fault,
                 struct stream_effects *effects)
{
    Shouwang__V1__Reject *reject = NULL;
    struct str value;
    struct reject_origin origin = {
        .service = "sw-escalator",
        .topic = str_of(topic_rows[record->topic].suffix),
        .partition = record->partition,
        .offset = record->offset,
        .unit = record->key,
        .at_ms = record->time_ms,
    };
    const char *labels[] = {topic_rows[record->topic].suffix, reject_reason_code(fault->reason)};
    metric_add(metric_with(part->shared->metric[PART_REJECTS], labels), 1);
    int error =
        reject_make(&origin, fault, record->value, cannot_seal, NULL, &part->arena, &reject);
    error = error != 0 ? error : encode_message(&reject->base, &part->arena, &value);
    if (error != 0) {
        fail(part, error);
        return;
    }
    struct str place[] = {origin.topic,
                          {(const char *)&record->partition, sizeof(record->partition)},
                          {(const char *)&record->offset, sizeof(record->offset)}};
    struct envelope envelope = {TOPIC_REJECTS,
                                record->key.len > 0 ? record->key : STR_LITERAL("unknown"),
                                "reject",
                                str_of(labels[1]),
                                ident_derive(seal_hash128, place, 3),
                                STR_LITERAL(""),
                                record->time_ms};
    emit(&envelope, value, effects);
}
