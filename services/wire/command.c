#include "wire/command.h"

#include <shouwang/v1/command.pb-c.h>

#include "wire/decode.h"
#include "wire/reader.h"

_Static_assert((int)SHOUWANG__V1__CONFLICT_REASON__CONFLICT_REASON_SUSPECTED_OFFENDER ==
                   (int)CASE_CONFLICT_SUSPECTED_OFFENDER,
               "same values");

struct reading {
    struct arena *arena;
    struct case_command *command;
    int error;
};

static void read_sealed(struct reading *reading, const Shouwang__V1__Sealed *sealed)
{
    if (reading->error == 0) {
        reading->error = reader_sealed(sealed, reading->arena, &reading->command->sealed);
    }
}

static void read_met(struct reading *reading, const Shouwang__V1__Met *met)
{
    struct case_command *command = reading->command;
    struct case_evidence *evidence =
        arena_alloc_array(reading->arena, met->n_evidence, sizeof(*evidence));
    command->kind = CASE_COMMAND_MET;
    command->obligation = str_of(met->obligation);
    command->occurrence = met->occurrence;
    command->episode = met->episode;
    command->performed_ms = met->performed_at_ms;
    if (evidence == NULL) {
        reading->error = ERR_MEMORY;
        return;
    }
    for (size_t i = 0; i < met->n_evidence && reading->error == 0; i++) {
        const Shouwang__V1__Evidence *from = met->evidence[i];
        evidence[i] = (struct case_evidence){.key = str_of(from->key),
                                             .code = str_of(from->code),
                                             .digest = reader_bytes(from->digest),
                                             .version = from->version};
        reading->error = reader_sealed(from->text, reading->arena, &evidence[i].sealed);
    }
    command->evidence = evidence;
    command->evidence_count = met->n_evidence;
}

static void read_waive(struct reading *reading, const Shouwang__V1__Waive *waive)
{
    struct case_command *command = reading->command;
    command->kind = CASE_COMMAND_WAIVE;
    command->obligation = str_of(waive->obligation);
    command->occurrence = waive->occurrence;
    command->episode = waive->episode;
    command->reason_code = str_of(waive->reason_code);
    command->digest = reader_bytes(waive->reason_digest);
    read_sealed(reading, waive->reason);
}

static void read_team(struct reading *reading, const Shouwang__V1__Team *team)
{
    struct case_command *command = reading->command;
    command->kind = CASE_COMMAND_TEAM;
    command->person = str_of(team->person);
    command->until_ms = team->until_at_ms;
    read_sealed(reading, team->reason);
}

static void read_people(struct reading *reading, const Shouwang__V1__Command *record)
{
    struct case_command *command = reading->command;
    if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_SET_CONFLICT) {
        command->kind = CASE_COMMAND_SET_CONFLICT;
        command->person = str_of(record->set_conflict->person);
        command->conflict = (enum case_conflict_reason)record->set_conflict->reason;
        read_sealed(reading, record->set_conflict->note);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_CLEAR_CONFLICT) {
        command->kind = CASE_COMMAND_CLEAR_CONFLICT;
        command->person = str_of(record->clear_conflict->person);
        read_sealed(reading, record->clear_conflict->reason);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_RELEASE_HOLD) {
        command->kind = CASE_COMMAND_RELEASE_HOLD;
        command->person = str_of(record->release_hold->person);
        read_sealed(reading, record->release_hold->reason);
    } else {
        command->kind = CASE_COMMAND_LINK;
        command->unresolved = str_of(record->link->unresolved);
        command->person = str_of(record->link->person);
    }
}

static void read_life(struct reading *reading, const Shouwang__V1__Command *record)
{
    struct case_command *command = reading->command;
    if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_CHANGE_LEVEL) {
        command->kind = CASE_COMMAND_CHANGE_LEVEL;
        command->level = (enum case_level)record->change_level->level;
        command->reason_code = str_of(record->change_level->reason_code);
        read_sealed(reading, record->change_level->reason);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_SETTLE) {
        command->kind = CASE_COMMAND_SETTLE;
        read_sealed(reading, record->settle->summary);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_STAND_DOWN) {
        command->kind = CASE_COMMAND_STAND_DOWN;
        command->stand_down = (enum case_stand_down_reason)record->stand_down->reason;
        read_sealed(reading, record->stand_down->note);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_CONFIRM_STAND_DOWN) {
        command->kind = CASE_COMMAND_CONFIRM_STAND_DOWN;
        command->confirmed = record->confirm_stand_down->confirmed;
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_CLOSE) {
        command->kind = CASE_COMMAND_CLOSE;
        command->code = str_of(record->close->outcome);
        read_sealed(reading, record->close->summary);
    } else {
        command->kind = CASE_COMMAND_JOIN_EPISODES;
        command->other_case = reader_ident(record->join_episodes->other_case_id);
        command->episode = record->join_episodes->episode;
    }
}

static void read_words(struct reading *reading, const Shouwang__V1__Command *record)
{
    struct case_command *command = reading->command;
    if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_NOTE) {
        command->kind = CASE_COMMAND_NOTE;
        command->digest = reader_bytes(record->note->digest);
        read_sealed(reading, record->note->text);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_READ) {
        command->kind = CASE_COMMAND_READ;
        command->code = str_of(record->read->what);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_RESPOND) {
        command->kind = CASE_COMMAND_RESPOND;
        command->obligation = str_of(record->respond->obligation);
        command->code = str_of(record->respond->answer);
        command->episode = record->respond->episode;
        read_sealed(reading, record->respond->note);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_URGE) {
        command->kind = CASE_COMMAND_URGE;
        command->obligation = str_of(record->urge->obligation);
        command->episode = record->urge->episode;
        read_sealed(reading, record->urge->note);
    } else if (record->action_case == SHOUWANG__V1__COMMAND__ACTION_HAND_OVER) {
        command->kind = CASE_COMMAND_HAND_OVER;
        command->person = str_of(record->hand_over->person);
        read_sealed(reading, record->hand_over->note);
    } else {
        command->kind = CASE_COMMAND_REQUEST_HELP;
        command->role = str_of(record->request_help->role);
        read_sealed(reading, record->request_help->reason);
    }
}

/* False: no action that is known. */
static bool read_action(struct reading *reading, const Shouwang__V1__Command *record)
{
    switch (record->action_case) {
    case SHOUWANG__V1__COMMAND__ACTION_ACKNOWLEDGE:
        reading->command->kind = CASE_COMMAND_ACKNOWLEDGE;
        reading->command->notice_id = reader_ident(record->acknowledge->notice_id);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION_MET:
        read_met(reading, record->met);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION_WAIVE:
        read_waive(reading, record->waive);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION_SET_CONFLICT:
    case SHOUWANG__V1__COMMAND__ACTION_CLEAR_CONFLICT:
    case SHOUWANG__V1__COMMAND__ACTION_RELEASE_HOLD:
    case SHOUWANG__V1__COMMAND__ACTION_LINK:
        read_people(reading, record);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION_CHANGE_LEVEL:
    case SHOUWANG__V1__COMMAND__ACTION_JOIN_EPISODES:
    case SHOUWANG__V1__COMMAND__ACTION_SETTLE:
    case SHOUWANG__V1__COMMAND__ACTION_STAND_DOWN:
    case SHOUWANG__V1__COMMAND__ACTION_CONFIRM_STAND_DOWN:
    case SHOUWANG__V1__COMMAND__ACTION_CLOSE:
        read_life(reading, record);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION_NOTE:
    case SHOUWANG__V1__COMMAND__ACTION_READ:
    case SHOUWANG__V1__COMMAND__ACTION_RESPOND:
    case SHOUWANG__V1__COMMAND__ACTION_URGE:
    case SHOUWANG__V1__COMMAND__ACTION_HAND_OVER:
    case SHOUWANG__V1__COMMAND__ACTION_REQUEST_HELP:
        read_words(reading, record);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION_TEAM:
        read_team(reading, record->team);
        return true;
    case SHOUWANG__V1__COMMAND__ACTION__NOT_SET:
    case _SHOUWANG__V1__COMMAND__ACTION__CASE_IS_INT_SIZE:
        break;
    }
    return false;
}

int command_decode(struct str value, struct arena *arena, struct case_command *ret_command,
                   struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    int error =
        decode_message(&shouwang__v1__command__descriptor, value, arena, ret_fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__Command *record = (const Shouwang__V1__Command *)message;
    struct case_command command = {
        .id = reader_ident(record->id),
        .unit = str_of(record->unit),
        .case_id = reader_ident(record->case_id),
        .actor = str_of(record->actor),
        .actor_role = str_of(record->actor_role),
        .via = str_of(record->via),
    };
    struct reading reading = {arena, &command, 0};
    if (!read_action(&reading, record)) {
        return fault_set(ret_fault, REJECT_MISSING, "/action", FAULT_NO_BYTE);
    }
    if (reading.error == 0) {
        *ret_command = command;
    }
    return reading.error;
}
