/* The life of a case beyond its steps: level, settle, stand-down, close. */
#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/parts.h"

/* The duty leader, or who stands in where the school has none. */
static bool is_leader(struct str role)
{
    return str_is(role, "duty_leader") || str_is(role, "county_designee");
}

void life_raise_quietly(struct work *work, enum case_level level)
{
    struct casefile *file = work->file;
    sw_assert(level > file->level);
    file->level = level;
    work_episode(work)->level_reached_ms = work->now_ms;
    obligation_anchor(work, POLICY_ANCHOR_LEVEL_REACHED, work->now_ms);
    (void)work_journal(work, "level_raised");
    (void)work_alert(work, "raised");
}

void life_raise(struct work *work, enum case_level level)
{
    struct casefile *file = work->file;
    sw_assert(casefile_is_running(file));
    life_raise_quietly(work, level);
    if (file->state != CASE_OPEN) {
        ack_end_all(work);
        case_transition(file, CASE_OPEN);
    }
    plan_start(work, false);
}

static void lower(struct work *work, enum case_level level)
{
    struct casefile *file = work->file;
    file->level = level;
    work_episode(work)->level_reached_ms = work->now_ms;
    (void)work_journal(work, "level_lowered");
    (void)work_alert(work, "lowered");
    if (casefile_is_running(file) && !file->is_queued) {
        plan_start(work, true);
    }
}

const char *life_change_level(struct work *work, const struct case_command *command)
{
    const struct casefile *file = work->file;
    if (command->level < CASE_LEVEL_NORMAL || command->level > CASE_LEVEL_CRISIS) {
        return "unknown_level";
    }
    if (command->level == file->level) {
        return "same_level";
    }
    if (file->state == CASE_CLOSED || file->state == CASE_STOOD_DOWN) {
        return "not_open";
    }
    if (command->level > file->level) {
        if (!casefile_is_running(file)) {
            return "not_open"; /* a new happening is reported, so that it rings */
        }
        life_raise(work, command->level);
        return NULL;
    }
    if (!str_is(command->actor_role, "psych_teacher") &&
        !str_is(command->actor_role, "county_centre")) {
        return "not_psych_teacher";
    }
    if (command->reason_code.len == 0) {
        return "reason_missing";
    }
    if (command->level + 1 != file->level) {
        return "one_step_at_a_time";
    }
    lower(work, command->level);
    return NULL;
}

const char *life_settle(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    bool psych = file->level < CASE_LEVEL_HIGH && str_is(command->actor_role, "psych_teacher");
    if (!is_leader(command->actor_role) && !psych) {
        return "not_duty_leader";
    }
    if (!casefile_is_running(file)) {
        return "not_open";
    }
    plan_stop(work, "settled");
    for (size_t i = 0; i < file->episode_count; i++) {
        if (file->episodes[i].state == EPISODE_RUNNING) {
            episode_transition(&file->episodes[i], EPISODE_SETTLED);
            file->episodes[i].settled_ms = work->now_ms;
        }
    }
    case_transition(file, CASE_SETTLED);
    (void)work_journal(work, "settled");
    (void)work_alert(work, "settled");
    obligation_settle_recurring(work);
    obligation_anchor(work, POLICY_ANCHOR_SETTLED, work->now_ms);
    life_review_monitoring(work);
    return NULL;
}

void life_review_monitoring(struct work *work)
{
    if (work->file->state == CASE_SETTLED && obligation_all_settled_done(work)) {
        case_transition(work->file, CASE_MONITORING);
        (void)work_journal(work, "monitoring");
        (void)work_alert(work, "monitoring");
    }
}

/* Everyone told is told, whatever has become of their part. */
static void tell_stood_down(struct work *work)
{
    enum { LIFE_MS = 24 * 60 * 60 * 1000 };
    struct work_people people = {0};
    struct work_message message = {
        .cause = STR_LITERAL("stood_down"),
        .purpose = STR_LITERAL("stood_down"),
        .expires_ms = work->wall_ms + LIFE_MS,
    };
    notice_list_told(work, &people);
    for (size_t i = 0; i < people.count; i++) {
        (void)notice_send_one(work, &people.items[i], notice_quiet_channels(), &message);
    }
}

const char *life_stand_down(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    if (!is_leader(command->actor_role)) {
        return "not_duty_leader";
    }
    if (command->stand_down == CASE_STAND_DOWN_NONE) {
        return "reason_missing";
    }
    if (!case_may(file->state, CASE_STOOD_DOWN)) {
        return "not_open";
    }
    plan_stop(work, "stood_down");
    struct effect_control *control = work_control(work, EFFECT_CANCEL);
    control->generation_at_most = file->generation;
    control->reason = STR_LITERAL("stood_down");
    file->generation++; /* so that the words below are not stopped with the rest */
    for (size_t i = 0; i < file->episode_count; i++) {
        if (episode_may(file->episodes[i].state, EPISODE_STOOD_DOWN)) {
            episode_transition(&file->episodes[i], EPISODE_STOOD_DOWN);
        }
    }
    case_transition(file, CASE_STOOD_DOWN);
    file->stand_down_reason = command->stand_down;
    file->stood_down_by = command->actor;
    file->stand_down_by_ms = work->now_ms + work->set->stand_down_confirm_ms;
    work_fact_number(work, work_journal(work, "stood_down"), "stand_down_reason",
                     command->stand_down);
    (void)work_alert(work, "stood_down");
    tell_stood_down(work);
    return NULL;
}

void life_reopen(struct work *work)
{
    struct casefile *file = work->file;
    file->stand_down_reason = CASE_STAND_DOWN_NONE;
    file->stand_down_by_ms = CASE_NEVER;
    file->stood_down_by = STR_LITERAL("");
    case_transition(file, CASE_REOPENED);
    for (size_t i = 0; i < file->episode_count; i++) {
        struct episode *episode = &file->episodes[i];
        if (episode->state == EPISODE_STOOD_DOWN) {
            episode_transition(episode, EPISODE_RUNNING);
            if (episode->settled_ms > 0 && episode->number != file->episode) {
                episode_transition(episode, EPISODE_SETTLED);
            }
        }
    }
    (void)work_journal(work, "reopened");
    (void)work_alert(work, "reopened");
    if (file->is_queued) {
        plan_queue(work);
    } else {
        plan_start(work, false);
    }
}

bool life_awaits_person(const struct casefile *file)
{
    return file->state == CASE_STOOD_DOWN &&
           file->stand_down_reason == CASE_STAND_DOWN_WRONG_PERSON &&
           file->stand_down_by_ms != CASE_NEVER;
}

void life_forget_person(struct casefile *file)
{
    file->told_count = 0; /* all of them have been told that it is not so */
    for (size_t i = 0; i < file->episode_count; i++) {
        file->episodes[i].first_acknowledger = STR_LITERAL("");
    }
    file->subject = STR_LITERAL("");
    file->subject_kind = CASE_SUBJECT_UNRESOLVED;
    file->group = STR_LITERAL("");
    file->party_count = 0;
}

const char *life_confirm(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    if (file->state != CASE_STOOD_DOWN || file->stand_down_by_ms == CASE_NEVER) {
        return "not_stood_down";
    }
    if (str_equal(file->stood_down_by, command->actor)) {
        return "same_person";
    }
    if (!command->confirmed) {
        life_reopen(work);
        return NULL;
    }
    file->stand_down_by_ms = CASE_NEVER;
    for (size_t i = 0; i < file->episode_count; i++) {
        obligation_waive_all(work, file->episodes[i].number, command->actor, "stood_down");
    }
    if (file->stand_down_reason == CASE_STAND_DOWN_WRONG_PERSON) {
        life_forget_person(file);
    }
    team_end(work, "stood_down");
    (void)work_journal(work, "stand_down_confirmed");
    return NULL;
}

const char *life_close(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    if (command->code.len == 0) {
        return "outcome_missing";
    }
    if (file->state != CASE_MONITORING && file->state != CASE_SETTLED) {
        return "not_settled";
    }
    for (size_t i = 0; i < file->obligation_count; i++) {
        if (obligation_is_open(file, &file->obligations[i])) {
            return "open_obligations";
        }
    }
    team_end(work, "closed");
    file->outcome = command->code;
    case_transition(file, CASE_CLOSED);
    work_fact(work, work_journal(work, "closed"), "outcome", command->code);
    (void)work_alert(work, "closed");
    return NULL;
}
