/* What persons decide. Each command ends in one line with its outcome; what it changed stands in lines of its own. */
#include "base/assert.h"
#include "core/casework/parts.h"

static const char *request_help(struct work *work, const struct case_command *command)
{
    enum { LIFE_MS = 30 * 60 * 1000 };
    struct work_people people = {0};
    char digits[IDENT_TEXT_BYTES];
    ident_format(command->id, digits);
    struct str parts[] = {STR_LITERAL("help/"), str_of(digits)};
    struct work_message message = {
        .cause = work_join(work, parts, 2),
        .purpose = STR_LITERAL("help"),
        .channels = 1u << CASE_CHANNEL_VOICE | 1u << CASE_CHANNEL_SMS | 1u << CASE_CHANNEL_MAIL |
                    1u << CASE_CHANNEL_WEBHOOK | 1u << CASE_CHANNEL_FEED,
        .expires_ms = work->wall_ms + LIFE_MS,
        .wants_key_press = true,
    };
    if (!str_is(command->role, "police_liaison") && !str_is(command->role, "hospital")) {
        return "unknown_role";
    }
    if (work->file->state == CASE_CLOSED || work->file->state == CASE_STOOD_DOWN) {
        return "not_open";
    }
    resolve_role(work, command->role, message.cause, &people);
    if (people.count == 0) {
        return "nobody";
    }
    for (size_t i = 0; i < people.count; i++) {
        (void)notice_send(work, &people.items[i], &message);
    }
    work_fact(work, work_journal(work, "help_requested"), "role", command->role);
    return NULL;
}

static const char *set_conflict(struct work *work, const struct case_command *command)
{
    if (command->person.len == 0 || command->conflict == CASE_CONFLICT_NONE) {
        return "person_or_reason_missing";
    }
    return conflict_set(work, command->person, command->conflict, command->actor)
               ? NULL
               : "too_many_conflicts";
}

/* Why the person of the case cannot be that one; NULL: it can, the case has none yet, or the wrong one. */
static const char *link_refusal(const struct work *work, const struct case_command *command,
                                const struct org_person *person)
{
    if (!work->file->unresolved && !life_awaits_person(work->file)) {
        return "already_resolved";
    }
    if (command->unresolved.len > 0 && !str_equal(command->unresolved, work->file->subject)) {
        return "other_subject";
    }
    if (person == NULL) {
        return "unknown_person";
    }
    if (person->kind != ORG_PERSON_STUDENT && person->kind != ORG_PERSON_STAFF) {
        return "no_pupil_or_staff";
    }
    if (str_equal(person->id, work->file->subject)) {
        return "already_linked";
    }
    return resolve_is_excluded(work, person->id) ? "in_conflict" : NULL;
}

/* Where the person has a case of this kind that runs (work->other), this one is then taken in there: it tells nobody more. */
static const char *link(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    const struct org_person *person = org_find_person(work->org, file->unit, command->person);
    const char *refusal = link_refusal(work, command, person);
    if (refusal != NULL) {
        return refusal;
    }
    bool staff = person->kind == ORG_PERSON_STAFF;
    bool corrects = life_awaits_person(file);
    if (corrects) {
        team_end(work, "stood_down");
        life_forget_person(file);
    }
    file->subject = work_copy(work, person->id);
    file->subject_kind = staff ? CASE_SUBJECT_STAFF : CASE_SUBJECT_STUDENT;
    file->group = work_copy(work, person->group);
    file->unresolved = false;
    work_fact(work, work_journal(work, "linked"), "person", person->id);
    if (work->other != NULL) {
        return NULL;
    }
    if (staff) {
        (void)conflict_set(work, file->subject, CASE_CONFLICT_UNFIT_NOW, STR_LITERAL(""));
    }
    conflict_hold_all(work);
    if (corrects) {
        life_reopen(work);
    } else {
        step_refresh(work);
    }
    return NULL;
}

/* The next person is told and acknowledges as anybody does; an acknowledgement that is there goes on until then. */
static const char *hand_over(struct work *work, const struct case_command *command)
{
    enum { LIFE_MS = 2 * 60 * 60 * 1000 };
    const struct org_person *next = org_find_person(work->org, work->file->unit, command->person);
    char digits[IDENT_TEXT_BYTES];
    ident_format(command->id, digits);
    struct str parts[] = {STR_LITERAL("handover/"), str_of(digits)};
    const struct work_message message = {
        .cause = work_join(work, parts, 2),
        .purpose = STR_LITERAL("handover"),
        .lane = work->file->level >= CASE_LEVEL_WARNING ? EFFECT_LANE_URGENT : EFFECT_LANE_BULK,
        .expires_ms = work->wall_ms + LIFE_MS,
        .wants_key_press = true,
    };
    if (work->file->state == CASE_CLOSED || work->file->state == CASE_STOOD_DOWN) {
        return "not_open";
    }
    if (next == NULL || next->kind != ORG_PERSON_STAFF || str_equal(next->id, command->actor)) {
        return next == NULL ? "unknown_person" : "not_to_this_person";
    }
    if (resolve_is_excluded(work, next->id)) {
        return "not_to_this_person";
    }
    const struct work_person to = {next->id, command->actor_role, next};
    if (!notice_send_one(work, &to, notice_quiet_channels(), &message)) {
        return "not_reachable";
    }
    work_fact(work, work_journal(work, "handed_over"), "person", next->id);
    return NULL;
}

static const char *dispatch(struct work *work, const struct case_command *command)
{
    switch (command->kind) {
    case CASE_COMMAND_ACKNOWLEDGE:
        return ack_add(work, command->actor, command->actor_role, command->id);
    case CASE_COMMAND_MET:
        return obligation_meet(work, command);
    case CASE_COMMAND_WAIVE:
        return obligation_waive(work, command);
    case CASE_COMMAND_REQUEST_HELP:
        return request_help(work, command);
    case CASE_COMMAND_SET_CONFLICT:
        return set_conflict(work, command);
    case CASE_COMMAND_CLEAR_CONFLICT:
        return conflict_clear(work, command);
    case CASE_COMMAND_RELEASE_HOLD:
        return conflict_release(work, command);
    case CASE_COMMAND_CHANGE_LEVEL:
        return life_change_level(work, command);
    case CASE_COMMAND_JOIN_EPISODES:
        return episode_join(work, command);
    case CASE_COMMAND_SETTLE:
        return life_settle(work, command);
    case CASE_COMMAND_STAND_DOWN:
        return life_stand_down(work, command);
    case CASE_COMMAND_CONFIRM_STAND_DOWN:
        return life_confirm(work, command);
    case CASE_COMMAND_CLOSE:
        return life_close(work, command);
    case CASE_COMMAND_RESPOND:
        return obligation_respond(work, command);
    case CASE_COMMAND_LINK:
        return link(work, command);
    case CASE_COMMAND_URGE:
        return obligation_urge(work, command);
    case CASE_COMMAND_HAND_OVER:
        return hand_over(work, command);
    case CASE_COMMAND_TEAM:
        return team_change(work, command);
    case CASE_COMMAND_NOTE:
    case CASE_COMMAND_READ:
        return NULL;
    case CASE_COMMAND_COUNT:
        break;
    }
    return "unknown_command";
}

const char *command_name(enum case_command_kind kind)
{
    static const char *const names[CASE_COMMAND_COUNT] = {
        "acknowledge",  "met",          "waive",
        "request_help", "set_conflict", "clear_conflict",
        "release_hold", "change_level", "join_episodes",
        "settle",       "stand_down",   "confirm_stand_down",
        "close",        "note",         "read",
        "respond",      "link",         "urge",
        "hand_over",    "team"};
    sw_assert((unsigned)kind < CASE_COMMAND_COUNT);
    return names[kind];
}

/* Whoever is kept out of either case of the command decides nothing in it. */
static bool is_kept_out(const struct work *work, struct str actor)
{
    struct work there = *work;
    there.file = (struct casefile *)(uintptr_t)work->other; /* only read */
    return resolve_is_excluded(work, actor) ||
           (work->other != NULL && resolve_is_excluded(&there, actor));
}

bool command_step(struct work *work, const struct case_command *command)
{
    const char *refusal = NULL;
    due_judge_obligations(work);
    if (command->actor.len == 0) {
        refusal = "no_actor";
    } else if (is_kept_out(work, command->actor) || str_is(command->actor_role, "guardians")) {
        refusal = "denied";
    } else {
        refusal = team_refusal(work, command);
        refusal = refusal != NULL ? refusal : dispatch(work, command);
    }
    if (refusal == NULL && command->kind != CASE_COMMAND_READ) {
        ack_progress(work, command->actor);
    }
    struct effect_journal *line = work_journal(work, "command");
    line->outcome = str_of(refusal == NULL ? "applied" : "refused");
    line->reason = str_of(refusal);
    line->sealed = work_copy(work, command->sealed);
    work_fact(work, line, "command", str_of(command_name(command->kind)));
    if (command->via.len > 0) {
        work_fact(work, line, "via", command->via);
    }
    if (command->code.len > 0) {
        work_fact(work, line, "code", command->code);
    }
    return refusal == NULL;
}
