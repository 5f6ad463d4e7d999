/* 临时辅导组: the temporary team of a case. Whoever is in charge names a person, an instant and why; until then the person sees
 * the case and acts on it in the role "team_member", which is casework's own. It ends at that instant, when the team is
 * dissolved, and with the case; each of that is a line. Who is kept out of the case is never of it. */
#include <string.h>

#include "core/casework/parts.h"

static const struct str member_role = {"team_member", 11};

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;
static const int64_t LONGEST_MS = INT64_C(366) * 24 * 60 * 60 * 1000;

bool team_has_left(const struct work *work, struct str person, struct str role)
{
    return str_equal(role, member_role) && !casefile_has_member(work->file, person, work->now_ms);
}

static bool is_in_charge(struct str role)
{
    return str_is(role, "psych_teacher") || str_is(role, "duty_leader") ||
           str_is(role, "principal") || str_is(role, "county_designee") ||
           str_is(role, "county_centre");
}

/* What a member does is the counselling; deciding over the case stays with those in charge. */
const char *team_refusal(const struct work *work, const struct case_command *command)
{
    if (!str_equal(command->actor_role, member_role)) {
        return NULL;
    }
    if (team_has_left(work, command->actor, member_role)) {
        return "not_in_team";
    }
    switch (command->kind) {
    case CASE_COMMAND_ACKNOWLEDGE:
    case CASE_COMMAND_MET:
    case CASE_COMMAND_REQUEST_HELP:
    case CASE_COMMAND_SET_CONFLICT:
    case CASE_COMMAND_CHANGE_LEVEL: /* up: down is the psychology teacher's */
    case CASE_COMMAND_NOTE:
    case CASE_COMMAND_READ:
    case CASE_COMMAND_URGE:
        return NULL;
    case CASE_COMMAND_WAIVE:
    case CASE_COMMAND_CLEAR_CONFLICT:
    case CASE_COMMAND_RELEASE_HOLD:
    case CASE_COMMAND_JOIN_EPISODES:
    case CASE_COMMAND_SETTLE:
    case CASE_COMMAND_STAND_DOWN:
    case CASE_COMMAND_CONFIRM_STAND_DOWN:
    case CASE_COMMAND_CLOSE:
    case CASE_COMMAND_RESPOND:
    case CASE_COMMAND_LINK:
    case CASE_COMMAND_HAND_OVER:
    case CASE_COMMAND_TEAM:
    case CASE_COMMAND_COUNT:
        break;
    }
    return "not_for_team";
}

void team_leave(struct work *work, size_t index, const char *reason)
{
    struct casefile *file = work->file;
    struct str person = file->members[index].person;
    struct effect_journal *line = work_journal(work, "team_left");
    work_fact(work, line, "person", person);
    line->reason = str_of(reason);
    file->member_count--;
    memmove(&file->members[index], &file->members[index + 1],
            (file->member_count - index) * sizeof(file->members[0]));
    step_cancel_person(work, person, member_role, reason);
}

void team_end(struct work *work, const char *reason)
{
    while (work->file->member_count > 0) {
        team_leave(work, work->file->member_count - 1, reason);
    }
}

void team_review(struct work *work)
{
    for (size_t i = work->file->member_count; i-- > 0;) {
        if (resolve_is_excluded(work, work->file->members[i].person)) {
            team_leave(work, i, "in_conflict");
        }
    }
}

static bool can_join(const struct work *work, struct str person)
{
    const struct org_person *record = org_find_person(work->org, work->file->unit, person);
    return record != NULL &&
           (record->kind == ORG_PERSON_STAFF || record->kind == ORG_PERSON_PARTNER) &&
           !resolve_is_excluded(work, person);
}

static struct member *find(const struct casefile *file, struct str person)
{
    for (size_t i = 0; i < file->member_count; i++) {
        if (str_equal(file->members[i].person, person)) {
            return &file->members[i];
        }
    }
    return NULL;
}

static const char *fault_of(const struct work *work, const struct case_command *command)
{
    const struct casefile *file = work->file;
    if (!is_in_charge(command->actor_role)) {
        return "not_in_charge";
    }
    if (command->until_ms == 0) {
        return command->person.len == 0
                   ? (file->member_count == 0 ? "not_in_team" : NULL)
                   : (find(file, command->person) == NULL ? "not_in_team" : NULL);
    }
    if (file->state == CASE_CLOSED || file->state == CASE_STOOD_DOWN) {
        return "not_open";
    }
    if (command->until_ms <= work->now_ms) {
        return "end_in_past";
    }
    if (command->until_ms > work->now_ms + LONGEST_MS) {
        return "end_too_far";
    }
    if (command->sealed.len == 0) {
        return "reason_missing";
    }
    if (!can_join(work, command->person)) {
        return "not_to_this_person";
    }
    return find(file, command->person) == NULL && file->member_count == CASE_MEMBERS_MAX
               ? "too_many"
               : NULL;
}

static void tell(struct work *work, const struct case_command *command)
{
    const struct casefile *file = work->file;
    const struct org_person *record = org_find_person(work->org, file->unit, command->person);
    char digits[IDENT_TEXT_BYTES];
    ident_format(command->id, digits);
    struct str parts[] = {STR_LITERAL("team/"), str_of(digits)};
    int64_t last_ms = work->wall_ms + DAY_MS;
    const struct work_message message = {
        .cause = work_join(work, parts, 2),
        .purpose = STR_LITERAL("team"),
        .lane = file->level < CASE_LEVEL_WARNING ? EFFECT_LANE_BULK : EFFECT_LANE_URGENT,
        .expires_ms = command->until_ms < last_ms ? command->until_ms : last_ms,
    };
    const struct work_person to = {record->id, member_role, record};
    (void)notice_send_one(work, &to, notice_quiet_channels(), &message);
}

static void join(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    struct member *member = find(file, command->person);
    bool is_new = member == NULL;
    if (is_new) {
        member = &file->members[file->member_count++];
        member->person = work_copy(work, command->person);
    }
    member->until_ms = command->until_ms;
    struct effect_journal *line = work_journal(work, "team_joined");
    work_fact(work, line, "person", member->person);
    work_fact_number(work, line, "until_ms", (uint64_t)member->until_ms);
    if (is_new) {
        tell(work, command);
    }
}

const char *team_change(struct work *work, const struct case_command *command)
{
    struct casefile *file = work->file;
    const char *fault = fault_of(work, command);
    if (fault != NULL) {
        return fault;
    }
    if (command->until_ms > 0) {
        join(work, command);
    } else if (command->person.len > 0) {
        team_leave(work, (size_t)(find(file, command->person) - file->members), "removed");
    } else {
        team_end(work, "dissolved");
    }
    return NULL;
}
