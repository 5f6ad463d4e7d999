/* What a step asked for, in the shell's order: changelog, then outputs. */
#include <string.h>

#include "base/assert.h"
#include "escalator/part_inside.h"
#include "io/seal.h"
#include "shell/envelope.h"
#include "shell/rejection.h"
#include "wire/journal.h"
#include "wire/notice.h"

#define SOURCE "/shouwang/escalator"

static void fail(struct part *part, int error)
{
    part->shared->fail(part->shared->ctx, error_name(error));
}

/* --- the changelog --------------------------------------------------------------------------------------------------- */

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

static void put_case(struct part *part, const struct effect_change *change,
                     struct stream_effects *effects)
{
    char room[CASE_KEY_MAX_BYTES];
    struct str key = case_key(change->unit, change->case_id, room);
    struct str before = KAFKA_NONE;
    struct str value;
    const struct casefile *file = casework_get(part->casework, change->case_id);
    put_policies(part, file,
                 effects); /* touched first, they lie before the case in the changelog */
    int error = case_encode(file, &part->arena, &value);
    if (error == 0 && !stream_is_touched(effects, key)) {
        const struct casefile *old = casework_get_before(part->casework, change->case_id);
        error = old != NULL ? case_encode(old, &part->arena, &before) : 0;
        if (error == 0) {
            stream_touch(effects, key, before);
        }
    }
    if (error != 0) {
        fail(part, error);
        return;
    }
    stream_put_state(effects, key, value);
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

struct output {
    enum topic topic;
    struct str unit;
    struct str kind;
    struct ident id;
    struct str subject; /* opaque */
    int64_t at_ms;
};

static void emit(const struct output *output, struct str value, struct stream_effects *effects)
{
    char id[IDENT_TEXT_BYTES];
    ident_format(output->id, id);
    const struct envelope envelope = {.topic = output->topic,
                                      .unit = output->unit,
                                      .source = SOURCE,
                                      .kind = output->kind,
                                      .id = str_of(id),
                                      .subject = output->subject,
                                      .at_ms = output->at_ms};
    envelope_emit(&envelope, value, effects);
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
    const struct output output = {TOPIC_JOURNAL,   line->unit,
                                  line->what,      ident_derive(seal_hash128, parts, 3),
                                  STR_LITERAL(""), effect->at_ms};
    emit(&output, value, effects);
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
    const struct output output = {urgent ? TOPIC_NOTICES_URGENT : TOPIC_NOTICES_BULK,
                                  notice->unit,
                                  notice->purpose,
                                  notice->id,
                                  notice->subject,
                                  effect->at_ms};
    emit(&output, value, effects);
    if (urgent) {
        stream_hurry(effects);
    }
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
    const struct output output = {
        TOPIC_NOTICES_CONTROL, control->unit,   str_of(kinds[control->kind]),
        control->id,           STR_LITERAL(""), effect->at_ms};
    emit(&output, value, effects);
    stream_hurry(effects);
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
    const struct output output = {TOPIC_ALERTS, alert->unit,     alert->what,
                                  alert->id,    str_of(subject), effect->at_ms};
    emit(&output, value, effects);
    const char *labels[] = {clean_label(part, alert->what)};
    metric_add(metric_with(part->shared->metric[PART_ALERTS], labels), 1);
}

static void perform_state(struct part *part, struct stream_effects *effects)
{
    for (size_t i = 0; i < part->effects.count; i++) {
        const struct effect *effect = part->effects.items[i];
        if (effect->kind == EFFECT_CASE) {
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
            unit = effect->change.unit;
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

void part_reject(struct part *part, const struct kafka_record *record, const struct fault *fault,
                 struct stream_effects *effects)
{
    const char *labels[] = {topic_rows[record->topic].suffix, reject_reason_code(fault->reason)};
    /* The escalator holds no keys: the record goes without its body. */
    const struct rejection rejection = {
        .record = record,
        .fault = fault,
        .origin = {.service = "sw-escalator",
                   .topic = str_of(labels[0]),
                   .partition = record->partition,
                   .offset = record->offset,
                   .unit = record->key,
                   .at_ms = record->time_ms},
        .source = SOURCE,
    };
    metric_add(metric_with(part->shared->metric[PART_REJECTS], labels), 1);
    int error = rejection_emit(&rejection, &part->arena, effects);
    if (error != 0) {
        fail(part, error);
    }
}
