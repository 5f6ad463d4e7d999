#include "sim/command.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/command.pb-c.h>

#include "base/assert.h"
#include "sim/county.h"
#include "wire/decode.h"

enum { MINUTE_MS = 60 * 1000, DIGEST_BYTES = 32, REPEATED_WITHIN_MS = 10 * MINUTE_MS };

static uint8_t digest[DIGEST_BYTES] = {1}; /* of a text that nobody wrote */

struct sent {
    struct people *people;
    struct kafka_output output;
};

static void send(void *ctx, uint64_t mark)
{
    struct sent *sent = ctx;
    (void)mark;
    broker_append(sent->people->broker, &sent->output);
}

static char *text_of(struct people *people, struct str text)
{
    struct str copied = arena_copy_str(people->arena, text);
    char *bytes = NULL;
    sw_assert(copied.at != NULL);
    memcpy(&bytes, &copied.at, sizeof(bytes)); /* the generated struct wants it mutable */
    return bytes;
}

static ProtobufCBinaryData bytes_of(const void *bytes, size_t len)
{
    ProtobufCBinaryData data = {.len = len};
    memcpy(&data.data, &bytes, sizeof(data.data));
    return data;
}

static void deliver(const struct command_draft *draft, Shouwang__V1__Command *command)
{
    struct people *people = draft->people;
    struct ident id = {{0}};
    struct sent *sent = arena_alloc(people->arena, sizeof(*sent));
    sw_assert(sent != NULL);
    people->command_count++;
    memcpy(id.bytes, &people->command_count, sizeof(people->command_count));
    id.bytes[IDENT_BYTES - 1] = 0xc0;
    command->id = bytes_of(id.bytes, IDENT_BYTES);
    command->unit = text_of(people, draft->unit);
    command->case_id = bytes_of(draft->case_id.bytes, IDENT_BYTES);
    command->actor = text_of(people, draft->actor);
    command->actor_role = text_of(people, draft->role);
    command->via = text_of(people, STR_LITERAL("console"));
    *sent = (struct sent){people, {.topic = TOPIC_COMMANDS}};
    sent->output.unit = arena_copy_str(people->arena, draft->unit);
    sw_assert(encode_message(&command->base, people->arena, &sent->output.value) == 0);
    int64_t at_ms = agenda_now(people->agenda) + dice_between(people->dice, 1, 500);
    agenda_add(people->agenda, at_ms, send, sent, 0);
    if (dice_chance(people->dice, people->habits.repeated)) {
        agenda_add(people->agenda, at_ms + dice_between(people->dice, 1, REPEATED_WITHIN_MS), send,
                   sent, 0);
    }
}

void command_acknowledge(const struct command_draft *draft, struct ident notice_id)
{
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Acknowledge action = SHOUWANG__V1__ACKNOWLEDGE__INIT;
    action.notice_id = bytes_of(notice_id.bytes, IDENT_BYTES);
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_ACKNOWLEDGE;
    command.acknowledge = &action;
    deliver(draft, &command);
}

static const char *code_for(struct people *people, const char *key)
{
    static const char *const calls[] = {"110", "not_needed"};
    static const char *const answers[] = {"fault", "real"};
    static const char *const decisions[] = {"green_channel", "not_needed"};
    if (strcmp(key, "call") == 0) {
        return calls[dice_below(people->dice, 2)];
    }
    if (strcmp(key, "decision") == 0) {
        return decisions[dice_below(people->dice, 2)];
    }
    return strcmp(key, "answer") == 0 ? answers[dice_below(people->dice, 2)] : "";
}

/* Of the reference pack: id of the obligation, keys. */
static const struct {
    const char *obligation;
    const char *keys[3];
} evidence_rows[] = {
    {"emergency_call", {"caller", "call", "reason"}},
    {"guardian_contact", {"attempts", NULL, NULL}},
    {"mandatory_report", {"call", "reason", NULL}},
    {"plausibility", {"answer", "reason", NULL}},
    {"hospital_contact", {"decision", "reason", NULL}},
};

static size_t give_evidence(struct people *people, struct str obligation,
                            Shouwang__V1__Evidence ret_items[3])
{
    size_t count = 0;
    for (size_t row = 0; row < sizeof(evidence_rows) / sizeof(evidence_rows[0]); row++) {
        for (size_t i = 0; str_is(obligation, evidence_rows[row].obligation) && i < 3; i++) {
            const char *key = evidence_rows[row].keys[i];
            if (key == NULL) {
                continue;
            }
            const char *code = code_for(people, key);
            ret_items[count] = (Shouwang__V1__Evidence)SHOUWANG__V1__EVIDENCE__INIT;
            ret_items[count].key = text_of(people, str_of(key));
            ret_items[count].code = text_of(people, str_of(code));
            ret_items[count++].digest = bytes_of(digest, code[0] == '\0' ? DIGEST_BYTES : 0);
        }
    }
    return count;
}

void command_meet(const struct command_draft *draft, const struct obligation *obligation)
{
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Met action = SHOUWANG__V1__MET__INIT;
    Shouwang__V1__Evidence items[3];
    Shouwang__V1__Evidence *list[3] = {&items[0], &items[1], &items[2]};
    struct people *people = draft->people;
    action.obligation = text_of(people, obligation->id);
    action.episode = obligation->episode;
    action.performed_at_ms =
        agenda_now(people->agenda) -
        (dice_chance(people->dice, 500) ? dice_spread(people->dice, 1000, 120 * MINUTE_MS) : 0);
    action.n_evidence = give_evidence(people, obligation->id, items);
    action.evidence = list;
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_MET;
    command.met = &action;
    deliver(draft, &command);
}

void command_settle(const struct command_draft *draft)
{
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Settle action = SHOUWANG__V1__SETTLE__INIT;
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_SETTLE;
    command.settle = &action;
    deliver(draft, &command);
}

void command_close(const struct command_draft *draft)
{
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Close action = SHOUWANG__V1__CLOSE__INIT;
    action.outcome = text_of(draft->people, STR_LITERAL("true"));
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_CLOSE;
    command.close = &action;
    deliver(draft, &command);
}

void command_release(const struct command_draft *draft, struct str what)
{
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__ReleaseHold action = SHOUWANG__V1__RELEASE_HOLD__INIT;
    action.person = text_of(draft->people, what);
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_RELEASE_HOLD;
    command.release_hold = &action;
    deliver(draft, &command);
}

void command_confirm_stand_down(const struct command_draft *draft, bool is_confirmed)
{
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__ConfirmStandDown action = SHOUWANG__V1__CONFIRM_STAND_DOWN__INIT;
    action.confirmed = is_confirmed;
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_CONFIRM_STAND_DOWN;
    command.confirm_stand_down = &action;
    deliver(draft, &command);
}

/* --- any button -------------------------------------------------------------------------------------------------------- */

static void say_conflict(const struct command_draft *draft, Shouwang__V1__Command *command)
{
    static const char *const people[] = {"dad", "mum", "uncle", "gran", "teacher", "duty"};
    static Shouwang__V1__SetConflict set;
    static Shouwang__V1__ClearConflict clear;
    struct str person = str_of(people[dice_below(draft->people->dice, 6)]);
    if (dice_chance(draft->people->dice, 600)) {
        set = (Shouwang__V1__SetConflict)SHOUWANG__V1__SET_CONFLICT__INIT;
        set.person = text_of(draft->people, person);
        set.reason = (Shouwang__V1__ConflictReason)dice_between(draft->people->dice, 1, 3);
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_SET_CONFLICT;
        command->set_conflict = &set;
    } else {
        clear = (Shouwang__V1__ClearConflict)SHOUWANG__V1__CLEAR_CONFLICT__INIT;
        clear.person = text_of(draft->people, person);
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_CLEAR_CONFLICT;
        command->clear_conflict = &clear;
    }
}

static void say_level(const struct command_draft *draft, Shouwang__V1__Command *command)
{
    static Shouwang__V1__ChangeLevel level;
    level = (Shouwang__V1__ChangeLevel)SHOUWANG__V1__CHANGE_LEVEL__INIT;
    level.level = (Shouwang__V1__Level)dice_between(draft->people->dice, 1, 5);
    level.reason_code = text_of(draft->people, STR_LITERAL("reviewed"));
    command->action_case = SHOUWANG__V1__COMMAND__ACTION_CHANGE_LEVEL;
    command->change_level = &level;
}

static const struct obligation *any_obligation(const struct command_draft *draft,
                                               const struct casefile *file)
{
    return &file->obligations[dice_below(draft->people->dice, file->obligation_count)];
}

static void say_waive(const struct command_draft *draft, const struct casefile *file,
                      Shouwang__V1__Command *command)
{
    static Shouwang__V1__Waive waive;
    const struct obligation *obligation = any_obligation(draft, file);
    waive = (Shouwang__V1__Waive)SHOUWANG__V1__WAIVE__INIT;
    waive.obligation = text_of(draft->people, obligation->id);
    waive.episode = obligation->episode;
    waive.reason_code = text_of(draft->people, STR_LITERAL("not_possible"));
    command->action_case = SHOUWANG__V1__COMMAND__ACTION_WAIVE;
    command->waive = &waive;
}

static void say_respond(const struct command_draft *draft, const struct casefile *file,
                        Shouwang__V1__Command *command)
{
    static const char *const answers[] = {"confirmed", "disputed", "returned"};
    static Shouwang__V1__Respond respond;
    const struct obligation *obligation = any_obligation(draft, file);
    respond = (Shouwang__V1__Respond)SHOUWANG__V1__RESPOND__INIT;
    respond.obligation = text_of(draft->people, obligation->id);
    respond.episode = obligation->episode;
    respond.answer = text_of(draft->people, str_of(answers[dice_below(draft->people->dice, 3)]));
    command->action_case = SHOUWANG__V1__COMMAND__ACTION_RESPOND;
    command->respond = &respond;
}

static void say_urge(const struct command_draft *draft, const struct casefile *file,
                     Shouwang__V1__Command *command)
{
    static Shouwang__V1__Urge urge;
    const struct obligation *obligation = any_obligation(draft, file);
    urge = (Shouwang__V1__Urge)SHOUWANG__V1__URGE__INIT;
    urge.obligation = text_of(draft->people, obligation->id);
    urge.episode = obligation->episode;
    command->action_case = SHOUWANG__V1__COMMAND__ACTION_URGE;
    command->urge = &urge;
}

static void say_stand_down(const struct command_draft *draft, Shouwang__V1__Command *command)
{
    static Shouwang__V1__StandDown stand_down;
    static Shouwang__V1__ConfirmStandDown confirm;
    struct dice *dice = draft->people->dice;
    if (dice_chance(dice, 600)) {
        stand_down = (Shouwang__V1__StandDown)SHOUWANG__V1__STAND_DOWN__INIT;
        stand_down.reason = (Shouwang__V1__StandDownReason)dice_between(dice, 0, 4);
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_STAND_DOWN;
        command->stand_down = &stand_down;
    } else {
        confirm = (Shouwang__V1__ConfirmStandDown)SHOUWANG__V1__CONFIRM_STAND_DOWN__INIT;
        confirm.confirmed = dice_chance(dice, 500);
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_CONFIRM_STAND_DOWN;
        command->confirm_stand_down = &confirm;
    }
}

static void say_person(const struct command_draft *draft, Shouwang__V1__Command *command)
{
    static const char *const people[] = {"deputy", "head", "boss", "mum", "psych"};
    static Shouwang__V1__HandOver hand_over;
    static Shouwang__V1__RequestHelp help;
    static Shouwang__V1__Link link;
    struct str person = str_of(people[dice_below(draft->people->dice, 5)]);
    switch (dice_below(draft->people->dice, 3)) {
    case 0:
        hand_over = (Shouwang__V1__HandOver)SHOUWANG__V1__HAND_OVER__INIT;
        hand_over.person = text_of(draft->people, person);
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_HAND_OVER;
        command->hand_over = &hand_over;
        return;
    case 1:
        help = (Shouwang__V1__RequestHelp)SHOUWANG__V1__REQUEST_HELP__INIT;
        help.role = text_of(draft->people, STR_LITERAL("police_liaison"));
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_REQUEST_HELP;
        command->request_help = &help;
        return;
    default:
        link = (Shouwang__V1__Link)SHOUWANG__V1__LINK__INIT;
        link.unresolved = text_of(draft->people, STR_LITERAL("u-1"));
        link.person = text_of(
            draft->people, str_of(county_pupils[dice_below(draft->people->dice, COUNTY_PUPILS)]));
        command->action_case = SHOUWANG__V1__COMMAND__ACTION_LINK;
        command->link = &link;
        return;
    }
}

static void say_join(const struct command_draft *draft, const struct casefile *file,
                     Shouwang__V1__Command *command)
{
    static Shouwang__V1__JoinEpisodes join;
    const struct ledger_case *other = draft->people->ledger->first_case;
    join = (Shouwang__V1__JoinEpisodes)SHOUWANG__V1__JOIN_EPISODES__INIT;
    while (other != NULL && !dice_chance(draft->people->dice, 300)) {
        other = other->next;
    }
    const struct ident *id = other != NULL ? &other->id : &draft->case_id;
    join.other_case_id = bytes_of(id->bytes, IDENT_BYTES);
    join.episode = (uint32_t)dice_below(draft->people->dice, file->episode_count + 1);
    command->action_case = SHOUWANG__V1__COMMAND__ACTION_JOIN_EPISODES;
    command->join_episodes = &join;
}

void command_anything(const struct command_draft *draft, const struct casefile *file)
{
    static Shouwang__V1__Note note;
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    struct command_draft own = *draft;
    struct dice *dice = draft->people->dice;
    unsigned which = (unsigned)dice_below(dice, 10);
    if (dice_chance(dice, 300)) {
        own.role =
            dice_chance(dice, 500) ? STR_LITERAL("psych_teacher") : STR_LITERAL("duty_leader");
    }
    note = (Shouwang__V1__Note)SHOUWANG__V1__NOTE__INIT;
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_NOTE;
    command.note = &note;
    if (which <= 1) {
        say_conflict(&own, &command);
    } else if (which == 2) {
        say_level(&own, &command);
    } else if (which == 3) {
        say_stand_down(&own, &command);
    } else if (which == 4) {
        say_person(&own, &command);
    } else if (which == 5) {
        say_join(&own, file, &command);
    } else if (which == 6 && file->obligation_count > 0) {
        say_waive(&own, file, &command);
    } else if (which == 7 && file->obligation_count > 0) {
        say_respond(&own, file, &command);
    } else if (which == 8 && file->obligation_count > 0) {
        say_urge(&own, file, &command);
    } else if (which == 9) {
        command_settle(&own);
        return;
    }
    deliver(&own, &command);
}
