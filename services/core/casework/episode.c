/* Episodes: each happening opens one in its case, with obligations and steps of its own. */
#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/parts.h"

static void add_signal(struct casefile *file, struct ident id)
{
    if (file->signal_count == CASE_SIGNALS_MAX) {
        for (size_t i = 1; i < file->signal_count; i++) {
            file->signals[i - 1] = file->signals[i];
        }
        file->signal_count--;
    }
    file->signals[file->signal_count++] = id;
}

void episode_open(struct work *work, const struct case_signal *signal)
{
    struct casefile *file = work->file;
    if (file->episode_count == CASE_EPISODES_MAX) {
        episode_join_signal(work, signal); /* rung all the same: the plan starts anew */
        return;
    }
    struct episode *episode = &file->episodes[file->episode_count++];
    *episode = (struct episode){
        .number = (uint32_t)file->episode_count,
        .opened_ms = work->now_ms,
        .occurred_ms = signal->occurred_ms,
        .discovered_ms = signal->discovered_ms > 0 ? signal->discovered_ms : signal->reported_ms,
        .level_reached_ms = work->now_ms,
        .place = signal->place,
        .danger = signal->danger,
        .injury = signal->injury,
        .mandatory_code = signal->mandatory_code,
        .callback = signal->callback,
        .with_pupil = signal->with_pupil,
        .place_detail = signal->place_detail,
        .text = signal->text,
    };
    file->episode = episode->number;
    add_signal(file, signal->id);
    (void)work_journal(work, "episode_opened");
}

static void fill(struct str *text, struct str from)
{
    if (text->len == 0) {
        *text = from;
    }
}

void episode_join_signal(struct work *work, const struct case_signal *signal)
{
    struct episode *episode = work_episode(work);
    add_signal(work->file, signal->id);
    fill(&episode->callback, signal->callback);
    fill(&episode->with_pupil, signal->with_pupil);
    fill(&episode->place_detail, signal->place_detail);
    if (episode->place == CASE_PLACE_NONE || episode->place == CASE_PLACE_UNKNOWN) {
        episode->place = signal->place;
    }
    if (episode->danger == CASE_DANGER_NONE || episode->danger == CASE_DANGER_UNKNOWN) {
        episode->danger = signal->danger;
    }
    if (episode->mandatory_code == 0) {
        episode->mandatory_code = signal->mandatory_code;
    }
    (void)work_journal(work, "signal_joined");
}

/* Whoever has the case, each person once. */
static void list_owners(const struct work *work, struct work_people *owners)
{
    const struct casefile *file = work->file;
    for (size_t i = 0; i < file->ack_count; i++) {
        const struct ack *ack = &file->acks[i];
        const struct org_person *record = org_find_person(work->org, file->unit, ack->person);
        bool out = ack->state != ACK_ACTIVE || record == NULL ||
                   resolve_is_excluded(work, ack->person) ||
                   resolve_is_held(work, ack->person, ack->role);
        for (size_t k = 0; k < owners->count && !out; k++) {
            out = str_equal(owners->items[k].person, ack->person);
        }
        if (!out) {
            owners->items[owners->count++] = (struct work_person){ack->person, ack->role, record};
        }
    }
}

void episode_tell_owners(struct work *work, struct str cause)
{
    enum { LIFE_MS = 60 * 60 * 1000 };
    const struct casefile *file = work->file;
    struct work_message message = {
        .cause = cause,
        .purpose = STR_LITERAL("joined"),
        .expires_ms = work->wall_ms + LIFE_MS,
        .wants_key_press = true,
    };
    struct work_people owners = {0};
    list_owners(work, &owners);
    for (size_t i = 0; i < owners.count; i++) {
        if (file->level >= CASE_LEVEL_HIGH) {
            message.channels = 1u << CASE_CHANNEL_VOICE;
            (void)notice_send(work, &owners.items[i], &message);
        } else {
            (void)notice_send_one(work, &owners.items[i], notice_quiet_channels(), &message);
        }
    }
}

/* The acknowledgements of the episode that goes on count again. */
static void revive_acks(struct work *work, uint32_t episode)
{
    struct casefile *file = work->file;
    for (size_t i = 0; i < file->ack_count; i++) {
        struct ack *ack = &file->acks[i];
        if (ack->episode == episode && ack->state == ACK_ENDED && casefile_is_running(file) &&
            !resolve_is_excluded(work, ack->person) &&
            !ack_is_active(work, ack->person, ack->role)) {
            int64_t expiry_ms = work->set->ack_expiry_ms[file->level];
            ack_transition(ack, ACK_ACTIVE);
            ack->generation = file->generation;
            ack->expires_ms = expiry_ms > 0 ? work->now_ms + expiry_ms : CASE_NEVER;
        }
    }
}

/* The newest running episode before the current one, or the one asked for. */
static struct episode *join_target(const struct casefile *file, uint32_t asked)
{
    for (size_t i = file->episode_count; i-- > 0;) {
        struct episode *episode = &file->episodes[i];
        if (episode->number != file->episode && episode->state == EPISODE_RUNNING &&
            (asked == 0 || episode->number == asked)) {
            return episode;
        }
    }
    return NULL;
}

/* Whoever is kept out of the one is kept out of both. */
static void take_conflicts(struct work *work, const struct casefile *other)
{
    for (size_t i = 0; i < other->conflict_count; i++) {
        const struct conflict *conflict = &other->conflicts[i];
        if (conflict->state != CONFLICT_CLEARED) {
            (void)conflict_set(work, conflict->person, conflict->reason, conflict->set_by);
        }
    }
}

const char *episode_take_in(struct work *work, const struct casefile *other)
{
    const struct episode *from = casefile_episode(other, other->episode);
    struct episode *episode = work_episode(work);
    char digits[IDENT_TEXT_BYTES];
    if (!casefile_is_running(work->file) || !casefile_is_running(other)) {
        return "not_open";
    }
    for (size_t i = 0; i < other->signal_count; i++) {
        add_signal(work->file, other->signals[i]);
    }
    fill(&episode->callback, from->callback);
    fill(&episode->with_pupil, from->with_pupil);
    fill(&episode->place_detail, from->place_detail);
    if (episode->mandatory_code == 0) {
        episode->mandatory_code = from->mandatory_code;
    }
    ident_format(other->id, digits);
    work_fact(work, work_journal(work, "case_joined"), "other_case", str_of(digits));
    take_conflicts(work, other);
    conflict_hold_all(work);
    if (other->silent) {
        return NULL; /* history: nobody is told of it here either */
    }
    if (other->level > work->file->level) {
        life_raise(work, other->level);
    }
    struct str parts[] = {STR_LITERAL("joined/"), str_of(digits)};
    episode_tell_owners(work, work_join(work, parts, 2));
    return NULL;
}

void episode_give_away(struct work *work, struct ident to, struct str actor)
{
    struct casefile *file = work->file;
    char digits[IDENT_TEXT_BYTES];
    plan_stop(work, "joined");
    for (size_t i = 0; i < file->episode_count; i++) {
        obligation_waive_all(work, file->episodes[i].number, actor, "joined");
    }
    team_end(work, "joined");
    file->outcome = STR_LITERAL("joined");
    case_transition(file, CASE_CLOSED);
    ident_format(to, digits);
    work_fact(work, work_journal(work, "closed"), "joined_to", str_of(digits));
    (void)work_alert(work, "closed");
}

const char *episode_join(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    if (!ident_equal(command->other_case, command->case_id)) {
        return work->other != NULL ? episode_take_in(work, work->other) : "unknown_case";
    }
    struct episode *current = work_episode(work);
    struct episode *target = join_target(file, command->episode);
    if (target == NULL || current->state != EPISODE_RUNNING) {
        return "nothing_to_join";
    }
    obligation_waive_all(work, current->number, command->actor, "joined");
    episode_transition(current, EPISODE_JOINED);
    current->joined_to = target->number;
    file->episode = target->number;
    (void)work_journal(work, "episodes_joined");
    revive_acks(work, target->number);
    step_review(work);
    struct str parts[] = {STR_LITERAL("joined/e"), work_number(work, current->number)};
    episode_tell_owners(work, work_join(work, parts, 2));
    return NULL;
}
