#include "core/casework/work.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

const struct policy *work_policy(const struct work *work)
{
    return policy_by_id(work->set, work->file->policy);
}

struct episode *work_episode(const struct work *work)
{
    struct episode *episode = casefile_episode(work->file, work->file->episode);
    sw_assert(episode != NULL);
    return episode;
}

struct str work_join(struct work *work, const struct str *parts, size_t part_count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < part_count; i++) {
        bytes += parts[i].len;
    }
    char *at = arena_alloc(&work->effects->arena, bytes);
    if (at == NULL) {
        work->failed = true;
        return STR_LITERAL("");
    }
    size_t used = 0;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].len > 0) {
            memcpy(at + used, parts[i].at, parts[i].len);
        }
        used += parts[i].len;
    }
    return (struct str){at, bytes};
}

struct str work_copy(struct work *work, struct str text)
{
    return work_join(work, &text, 1);
}

struct str work_number(struct work *work, uint64_t number)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return work_copy(work, (struct str){text, (size_t)length});
}

const struct case_command *work_command(const struct work *work)
{
    return work->input->kind == CASE_INPUT_COMMAND ? &work->input->command : NULL;
}

static struct effect *add(struct work *work, enum effect_kind kind)
{
    struct effect *effect = effects_add(work->effects, kind, work->now_ms);
    if (effect == NULL) {
        work->failed = true;
        work->sink = (struct effect){.kind = kind};
        effect = &work->sink;
    }
    return effect;
}

static struct ident cause_of(const struct work *work)
{
    switch (work->input->kind) {
    case CASE_INPUT_SIGNAL:
        return work->input->signal.id;
    case CASE_INPUT_RECEIPT:
        return work->input->receipt.notice_id;
    case CASE_INPUT_COMMAND:
    case CASE_INPUT_TIME:
        break;
    }
    return (struct ident){{0}};
}

struct effect_journal *work_journal(struct work *work, const char *what)
{
    const struct case_command *command = work_command(work);
    const struct casefile *file = work->file;
    struct effect_journal *line = &add(work, EFFECT_JOURNAL)->journal;
    *line = (struct effect_journal){
        .unit = work_copy(work, file->unit),
        .case_id = file->id,
        .case_number = file->number,
        .episode = file->episode,
        .what = str_of(what),
        .level = file->level,
        .cause_id = cause_of(work),
    };
    if (command != NULL) {
        line->actor = work_copy(work, command->actor);
        line->actor_role = work_copy(work, command->actor_role);
        line->command_id = command->id;
    }
    return line;
}

void work_fact(struct work *work, struct effect_journal *line, const char *key, struct str value)
{
    sw_assert(line->fact_count < EFFECT_FACTS_MAX);
    line->facts[line->fact_count++] = (struct effect_fact){str_of(key), work_copy(work, value)};
}

void work_fact_number(struct work *work, struct effect_journal *line, const char *key,
                      uint64_t value)
{
    work_fact(work, line, key, work_number(work, value));
}

struct effect_alert *work_alert(struct work *work, const char *what)
{
    const struct casefile *file = work->file;
    struct effect_alert *alert = &add(work, EFFECT_ALERT)->alert;
    struct str number = work_number(work, work->effects->count);
    struct str at = work_number(work, (uint64_t)work->now_ms);
    struct str generation = work_number(work, file->generation);
    struct str parts[] = {
        STR_LITERAL("alert"), ident_part(&file->id), generation, str_of(what), at, number};
    *alert = (struct effect_alert){
        .id = ident_derive(work->hash, parts, sizeof(parts) / sizeof(parts[0])),
        .unit = work_copy(work, file->unit),
        .case_id = file->id,
        .what = str_of(what),
        .level = file->level,
        .layer = file->layer,
        .kind = work_copy(work, file->kind),
        .state = file->state,
        .generation = file->generation,
    };
    return alert;
}

struct effect_control *work_control(struct work *work, enum effect_control_kind kind)
{
    enum { KEPT_MS = 24 * 60 * 60 * 1000 };
    const struct casefile *file = work->file;
    struct effect_control *control = &add(work, EFFECT_CONTROL)->control;
    struct str number = work_number(work, work->effects->count);
    struct str at = work_number(work, (uint64_t)work->now_ms);
    struct ident cause = work_command(work) != NULL ? work_command(work)->id : cause_of(work);
    struct str parts[] = {STR_LITERAL("control"), ident_part(&file->id), ident_part(&cause), at,
                          number};
    *control = (struct effect_control){
        .kind = kind,
        .id = ident_derive(work->hash, parts, sizeof(parts) / sizeof(parts[0])),
        .unit = work_copy(work, file->unit),
        .case_id = file->id,
        .until_ms = work->now_ms + KEPT_MS,
    };
    return control;
}
