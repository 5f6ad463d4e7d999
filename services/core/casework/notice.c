/* Building notices: one message to one person over one channel, its id derived from its reason. */
#include <string.h>

#include "base/assert.h"
#include "core/casework/told.h"
#include "core/casework/parts.h"
#include "core/disclose/audience.h"

enum { QUIET_COUNT = 6 };

struct policy_channels notice_quiet_channels(void)
{
    return (struct policy_channels){.items = {CASE_CHANNEL_SMS, CASE_CHANNEL_WECOM,
                                              CASE_CHANNEL_DINGTALK, CASE_CHANNEL_FEISHU,
                                              CASE_CHANNEL_MAIL, CASE_CHANNEL_VOICE},
                                    .count = QUIET_COUNT};
}

struct policy_channels notice_written_channels(void)
{
    return (struct policy_channels){.items = {CASE_CHANNEL_WECOM, CASE_CHANNEL_DINGTALK,
                                              CASE_CHANNEL_FEISHU, CASE_CHANNEL_MAIL,
                                              CASE_CHANNEL_SMS},
                                    .count = 5};
}

struct ident notice_id(const struct work *work, uint32_t generation, struct str cause,
                       uint32_t firing, struct str person, enum case_channel channel)
{
    uint32_t numbers[3] = {generation, firing, (uint32_t)channel};
    struct str parts[] = {STR_LITERAL("notice"),
                          ident_part(&work->file->id),
                          cause,
                          person,
                          {(const char *)numbers, sizeof(numbers)}};
    return ident_derive(work->hash, parts, sizeof(parts) / sizeof(parts[0]));
}

/* The address of a channel for the nth send: one after the other, so that all numbers of a person are tried. Empty when
 * the person has none that may be used. */
static struct str choose_address(const struct work *work, const struct org_person *person,
                                 enum case_channel channel, uint32_t turn)
{
    struct org_excluded excluded[CASE_CONFLICTS_MAX];
    size_t excluded_count = resolve_list_excluded(work, excluded);
    struct str usable[ORG_ADDRESSES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < person->address_count && count < ORG_ADDRESSES_MAX; i++) {
        const struct org_address *address = &person->addresses[i];
        if (address->channel == channel &&
            !org_is_shared_digest(work->org, address->digest, excluded, excluded_count)) {
            usable[count++] = address->digest;
        }
    }
    return count > 0 ? usable[turn % count] : STR_LITERAL("");
}

/* Emergency life protection from high; below, what a school must do to protect minors. */
static const char *legal_basis_of(enum case_level level)
{
    return level >= CASE_LEVEL_HIGH ? "pipl-13-4" : "minors-11";
}

static void fill_case(struct work *work, struct effect_notice *notice)
{
    const struct casefile *file = work->file;
    const struct episode *episode = work_episode(work);
    notice->unit = work_copy(work, file->unit);
    notice->case_id = file->id;
    notice->case_number = file->number;
    notice->level = file->level;
    notice->legal_basis = str_of(legal_basis_of(file->level));
    notice->generation = file->generation;
    notice->subject = work_copy(work, file->subject);
    notice->kind = work_copy(work, file->kind);
    notice->place = episode->place;
    notice->danger = episode->danger;
    notice->injury = episode->injury;
    notice->occurred_ms = episode->occurred_ms;
    notice->group = work_copy(work, file->group);
    notice->created_ms = work->wall_ms;
    notice->late = work->late;
    notice->callback = work_copy(work, episode->callback);
    notice->with_pupil = work_copy(work, episode->with_pupil);
    notice->place_detail = work_copy(work, episode->place_detail);
}

static void emit(struct work *work, const struct work_person *to,
                 const struct work_message *message, enum case_channel channel, struct str digest)
{
    struct effect *effect = effects_add(work->effects, EFFECT_NOTICE, work->now_ms);
    if (effect == NULL) {
        work->failed = true;
        return;
    }
    struct effect_notice *notice = &effect->notice;
    fill_case(work, notice);
    notice->id = notice_id(work, work->file->generation, message->cause, message->firing,
                           to->person, channel);
    notice->lane = message->lane;
    notice->person = work_copy(work, to->person);
    notice->role = work_copy(work, to->role);
    notice->channel = channel;
    notice->address_digest = work_copy(work, digest);
    notice->purpose = work_copy(work, message->purpose);
    notice->audience = str_of(disclose_audience_id(disclose_audience_of_role(to->role)));
    notice->cause = work_copy(work, message->cause);
    notice->firing = message->firing;
    notice->expires_ms = message->expires_ms;
    notice->wants_key_press = message->wants_key_press && channel == CASE_CHANNEL_VOICE;
    notice->may_wait = message->may_wait && !str_is(to->role, "guardians");
    notice->obligation = work_copy(work, message->obligation);
    notice->due_ms = message->due_ms;
    notice->taken_over_role = work_copy(work, message->taken_over_role);
    notice->taken_over_ms = message->taken_over_ms;
    if (str_is(to->role, "guardians")) {
        notice->callback = STR_LITERAL(""); /* guardians ring the school's printed number */
        notice->danger = CASE_DANGER_NONE;
        notice->injury = CASE_INJURY_NONE;
        notice->occurred_ms = 0;
        notice->with_pupil = STR_LITERAL("");
        notice->place_detail = STR_LITERAL("");
    }
    told_mark(work, to->person, to->role, message->cause, channel)->firings = message->firing + 1;
}

static bool send_over(struct work *work, const struct work_person *to,
                      const struct work_message *message, enum case_channel channel)
{
    struct str digest = choose_address(work, to->record, channel, message->firing);
    if (digest.len == 0) {
        return false;
    }
    emit(work, to, message, channel, digest);
    return true;
}

/* Over any channel the person has, where those asked for are not to be had: rather so than not at all; below high a call is
 * the last of them. */
static bool send_anyhow(struct work *work, const struct work_person *to,
                        const struct work_message *message)
{
    const struct policy_channels quiet = notice_quiet_channels();
    for (size_t i = 0; i < quiet.count && work->file->level < CASE_LEVEL_HIGH; i++) {
        if (send_over(work, to, message, quiet.items[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < to->record->address_count; i++) {
        if (send_over(work, to, message, to->record->addresses[i].channel)) {
            return true;
        }
    }
    told_mark_not(work, to->person, to->role, message->cause, "no_channel");
    return false;
}

/* Below high one channel comes after the other: whoever lacks a later one was told over one before it. */
static bool has_it_in_turn(const struct work *work, const struct work_person *to,
                           const struct work_message *message)
{
    const struct told *told = told_find(work, to->person, to->role, message->cause);
    return work->file->level < CASE_LEVEL_HIGH && told != NULL && told->not_told.len == 0;
}

bool notice_send(struct work *work, const struct work_person *to,
                 const struct work_message *message)
{
    bool sent = false;
    sw_assert(!resolve_is_excluded(work, to->person));
    sw_assert(!resolve_is_held(work, to->person, to->role));
    for (int channel = 1; channel < CASE_CHANNEL_COUNT; channel++) {
        if ((message->channels >> channel & 1) != 0) {
            sent |= send_over(work, to, message, (enum case_channel)channel);
        }
    }
    return sent || has_it_in_turn(work, to, message) || send_anyhow(work, to, message);
}

bool notice_send_one(struct work *work, const struct work_person *to, struct policy_channels via,
                     const struct work_message *message)
{
    sw_assert(!resolve_is_excluded(work, to->person));
    for (size_t i = 0; i < via.count; i++) {
        if (send_over(work, to, message, via.items[i])) {
            return true;
        }
    }
    return send_anyhow(work, to, message);
}

/* The first notice of this step to the person that is late, before `index`; NULL: none. */
static struct effect_notice *find_earlier(const struct work *work, size_t index)
{
    const struct effect_notice *notice = &work->effects->items[index]->notice;
    for (size_t i = 0; i < index; i++) {
        struct effect *other = work->effects->items[i];
        if (other->kind == EFFECT_NOTICE && other->notice.late &&
            ident_equal(other->notice.case_id, notice->case_id) &&
            str_equal(other->notice.person, notice->person)) {
            return &other->notice;
        }
    }
    return NULL;
}

static void append_merged(struct work *work, struct effect_notice *into, struct ident id)
{
    if (into->merged_count == EFFECT_MERGED_MAX) {
        return; /* its receipt answers the case all the same */
    }
    struct ident *merged =
        arena_alloc_array(&work->effects->arena, into->merged_count + 1, sizeof(*merged));
    if (merged == NULL) {
        work->failed = true;
        return;
    }
    for (size_t i = 0; i < into->merged_count; i++) {
        merged[i] = into->merged[i];
    }
    merged[into->merged_count] = id;
    into->merged = merged;
    into->merged_count++;
}

void notice_merge_late(struct work *work)
{
    size_t kept = 0;
    for (size_t i = 0; i < work->effects->count; i++) {
        struct effect *effect = work->effects->items[i];
        struct effect_notice *earlier = NULL;
        work->effects->items[kept] = effect;
        if (effect->kind == EFFECT_NOTICE && effect->notice.late) {
            earlier = find_earlier(work, kept);
        }
        if (earlier != NULL) {
            append_merged(work, earlier, effect->notice.id);
            earlier->wants_key_press |=
                effect->notice.wants_key_press && earlier->channel == CASE_CHANNEL_VOICE;
            earlier->expires_ms = earlier->expires_ms > effect->notice.expires_ms
                                      ? earlier->expires_ms
                                      : effect->notice.expires_ms;
        } else {
            kept++;
        }
    }
    work->effects->count = kept;
}

void notice_list_told(const struct work *work, struct work_people *people)
{
    const struct casefile *file = work->file;
    for (size_t i = 0; i < file->told_count; i++) {
        const struct told *told = &file->told[i];
        const struct org_person *record = org_find_person(work->org, file->unit, told->person);
        bool known = record == NULL || told->not_told.len > 0 ||
                     resolve_is_excluded(work, told->person) ||
                     resolve_is_held(work, told->person, told->role) ||
                     team_has_left(work, told->person, told->role);
        for (size_t k = 0; k < people->count && !known; k++) {
            known = str_equal(people->items[k].person, told->person);
        }
        if (!known && people->count < WORK_PEOPLE_MAX) {
            people->items[people->count++] = (struct work_person){record->id, told->role, record};
        }
    }
}
