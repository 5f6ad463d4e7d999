/* Forms of the case page -> the action of a command. One row per action; what was typed is sealed as content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/actions.h"
#include "console/console.h"
#include "io/seal_record.h"

struct filling {
    struct console *console;
    struct http_request *form;
    struct arena *arena;
    Shouwang__V1__Command *command;
    const char *bad_field; /* set by whoever answers ERR_INVALID */
};

static int invalid(struct filling *filling, const char *field)
{
    filling->bad_field = field;
    return ERR_INVALID;
}

static const char *field(struct filling *filling, const char *name)
{
    const char *value = http_form(filling->form, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* A required text, copied: the form's own goes with the request. */
static int take_text(struct filling *filling, const char *name, char **ret_text)
{
    const char *value = field(filling, name);
    if (value == NULL || !str_is_utf8(str_of(value), NULL)) {
        return invalid(filling, name);
    }
    struct str copy = arena_copy_str(filling->arena, str_of(value));
    if (copy.at == NULL) {
        return ERR_MEMORY;
    }
    *ret_text = (char *)(uintptr_t)copy.at;
    return 0;
}

static int take_number(struct filling *filling, const char *name, int64_t max, int64_t *ret_number)
{
    const char *value = field(filling, name);
    *ret_number = 0;
    return value == NULL || str_to_int64(str_of(value), 0, max, ret_number)
               ? 0
               : invalid(filling, name);
}

/* A typed text, sealed; nothing typed gives NULL. */
static int take_sealed(struct filling *filling, const char *name, Shouwang__V1__Sealed **ret_sealed)
{
    const char *value = field(filling, name);
    if (value == NULL) {
        return 0;
    }
    if (!str_is_utf8(str_of(value), NULL)) {
        return invalid(filling, name);
    }
    return console_seal(filling->console, str_of(filling->command->unit), str_of(value),
                        filling->arena, ret_sealed);
}

/* One of an enum's values by its short name. */
static int take_code(struct filling *filling, const char *name, const ProtobufCEnumDescriptor *type,
                     const char *prefix, int *ret_value)
{
    const char *value = field(filling, name);
    char full[96];
    snprintf(full, sizeof(full), "%s%s", prefix, value == NULL ? "" : value);
    for (char *c = full; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    }
    const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value_by_name(type, full);
    if (row == NULL || row->value == 0) {
        return invalid(filling, name);
    }
    *ret_value = row->value;
    return 0;
}

/* A new submessage in the arena; the macro names the type once. */
#define NEW(filling, type, init) new_message((filling)->arena, sizeof(type), &(const type)init)

static void *new_message(struct arena *arena, size_t size, const void *init)
{
    void *message = arena_alloc(arena, size);
    return message == NULL ? NULL : memcpy(message, init, size);
}

static int fill_acknowledge(struct filling *filling)
{
    Shouwang__V1__Acknowledge *action =
        NEW(filling, Shouwang__V1__Acknowledge, SHOUWANG__V1__ACKNOWLEDGE__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_ACKNOWLEDGE;
    filling->command->acknowledge = action;
    return 0;
}

enum { EVIDENCE_MAX = 16, CODE_MAX_BYTES = 32 };

static bool is_code(const char *text)
{
    return strlen(text) <= CODE_MAX_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

/* The n-th evidence: evidence.<n>.key with either .code, which was chosen from the policy's list and stays in clear, or
 * .value, which was typed: it is sealed, however much it looks like a code. */
static int take_evidence(struct filling *filling, unsigned n, Shouwang__V1__Evidence **ret_evidence)
{
    char name[48];
    snprintf(name, sizeof(name), "evidence.%u.key", n);
    const char *key = field(filling, name);
    if (key == NULL) {
        *ret_evidence = NULL;
        return 0;
    }
    Shouwang__V1__Evidence *evidence =
        NEW(filling, Shouwang__V1__Evidence, SHOUWANG__V1__EVIDENCE__INIT);
    if (evidence == NULL) {
        return ERR_MEMORY;
    }
    int error =
        is_code(key) ? take_text(filling, name, &evidence->key) : invalid(filling, "evidence");
    snprintf(name, sizeof(name), "evidence.%u.code", n);
    const char *code = field(filling, name);
    if (error == 0 && code != NULL) {
        error = console_takes_code(filling->console, str_of(filling->command->unit),
                                   str_of(field(filling, "obligation")), str_of(key), str_of(code))
                    ? take_text(filling, name, &evidence->code)
                    : invalid(filling, "evidence");
    }
    snprintf(name, sizeof(name), "evidence.%u.value", n);
    const char *value = code == NULL ? field(filling, name) : NULL;
    if (error == 0 && value != NULL) {
        uint8_t *digest = arena_alloc(filling->arena, SEAL_DIGEST_BYTES);
        if (digest == NULL) {
            return ERR_MEMORY;
        }
        seal_digest(value, strlen(value), digest);
        evidence->digest = (ProtobufCBinaryData){SEAL_DIGEST_BYTES, digest};
        evidence->version = 1;
        error = take_sealed(filling, name, &evidence->text);
    }
    *ret_evidence = evidence;
    return error;
}

static int fill_met(struct filling *filling)
{
    Shouwang__V1__Met *action = NEW(filling, Shouwang__V1__Met, SHOUWANG__V1__MET__INIT);
    Shouwang__V1__Evidence **list = arena_alloc_array(filling->arena, EVIDENCE_MAX, sizeof(*list));
    if (action == NULL || list == NULL) {
        return ERR_MEMORY;
    }
    int64_t occurrence = 0;
    int64_t episode = 0;
    int error = take_text(filling, "obligation", &action->obligation);
    error = error != 0 ? error : take_number(filling, "occurrence", UINT32_MAX, &occurrence);
    error = error != 0 ? error : take_number(filling, "episode", UINT32_MAX, &episode);
    error = error != 0
                ? error
                : take_number(filling, "performed_at_ms", INT64_MAX, &action->performed_at_ms);
    for (unsigned n = 0; error == 0 && n < EVIDENCE_MAX; n++) {
        error = take_evidence(filling, n, &list[action->n_evidence]);
        action->n_evidence += error == 0 && list[action->n_evidence] != NULL ? 1 : 0;
    }
    action->occurrence = (uint32_t)occurrence;
    action->episode = (uint32_t)episode;
    action->evidence = list;
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_MET;
    filling->command->met = action;
    return error;
}

static int fill_waive(struct filling *filling)
{
    Shouwang__V1__Waive *action = NEW(filling, Shouwang__V1__Waive, SHOUWANG__V1__WAIVE__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    int64_t occurrence = 0;
    int64_t episode = 0;
    int error = take_text(filling, "obligation", &action->obligation);
    error = error != 0 ? error : take_number(filling, "occurrence", UINT32_MAX, &occurrence);
    error = error != 0 ? error : take_number(filling, "episode", UINT32_MAX, &episode);
    error = error != 0 || field(filling, "reason") != NULL ? error : invalid(filling, "reason");
    error = error != 0 ? error : take_sealed(filling, "reason", &action->reason);
    action->occurrence = (uint32_t)occurrence;
    action->episode = (uint32_t)episode;
    action->reason_code = error == 0 ? (char *)(uintptr_t) "stated" : action->reason_code;
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_WAIVE;
    filling->command->waive = action;
    return error;
}

static int fill_request_help(struct filling *filling)
{
    Shouwang__V1__RequestHelp *action =
        NEW(filling, Shouwang__V1__RequestHelp, SHOUWANG__V1__REQUEST_HELP__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_REQUEST_HELP;
    filling->command->request_help = action;
    int error = take_text(filling, "role", &action->role);
    return error != 0 ? error : take_sealed(filling, "reason", &action->reason);
}

static int fill_conflict(struct filling *filling)
{
    Shouwang__V1__SetConflict *action =
        NEW(filling, Shouwang__V1__SetConflict, SHOUWANG__V1__SET_CONFLICT__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    int reason = 0;
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_SET_CONFLICT;
    filling->command->set_conflict = action;
    int error = take_text(filling, "person", &action->person);
    error = error != 0
                ? error
                : take_code(filling, "conflict_reason", &shouwang__v1__conflict_reason__descriptor,
                            "CONFLICT_REASON_", &reason);
    action->reason = (Shouwang__V1__ConflictReason)reason;
    return error;
}

static int fill_clear_conflict(struct filling *filling)
{
    Shouwang__V1__ClearConflict *action =
        NEW(filling, Shouwang__V1__ClearConflict, SHOUWANG__V1__CLEAR_CONFLICT__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_CLEAR_CONFLICT;
    filling->command->clear_conflict = action;
    int error = take_text(filling, "person", &action->person);
    return error != 0 ? error : take_sealed(filling, "reason", &action->reason);
}

static int fill_release(struct filling *filling)
{
    Shouwang__V1__ReleaseHold *action =
        NEW(filling, Shouwang__V1__ReleaseHold, SHOUWANG__V1__RELEASE_HOLD__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_RELEASE_HOLD;
    filling->command->release_hold = action;
    int error = take_text(filling, "person", &action->person);
    return error != 0 ? error : take_sealed(filling, "reason", &action->reason);
}

static int fill_level(struct filling *filling)
{
    Shouwang__V1__ChangeLevel *action =
        NEW(filling, Shouwang__V1__ChangeLevel, SHOUWANG__V1__CHANGE_LEVEL__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    int level = 0;
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_CHANGE_LEVEL;
    filling->command->change_level = action;
    int error = take_code(filling, "level", &shouwang__v1__level__descriptor, "LEVEL_", &level);
    error = error != 0 || field(filling, "reason") != NULL ? error : invalid(filling, "reason");
    action->level = (Shouwang__V1__Level)level;
    action->reason_code = error == 0 ? (char *)(uintptr_t) "stated" : action->reason_code;
    return error != 0 ? error : take_sealed(filling, "reason", &action->reason);
}

static int fill_join(struct filling *filling)
{
    Shouwang__V1__JoinEpisodes *action =
        NEW(filling, Shouwang__V1__JoinEpisodes, SHOUWANG__V1__JOIN_EPISODES__INIT);
    struct ident *other = arena_alloc(filling->arena, sizeof(*other));
    if (action == NULL || other == NULL) {
        return ERR_MEMORY;
    }
    const char *text = field(filling, "other_case_id");
    if (text == NULL || !ident_parse(str_of(text), other)) {
        return invalid(filling, "other_case_id");
    }
    action->other_case_id = (ProtobufCBinaryData){IDENT_BYTES, other->bytes};
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_JOIN_EPISODES;
    filling->command->join_episodes = action;
    return 0;
}

static int fill_settle(struct filling *filling)
{
    Shouwang__V1__Settle *action = NEW(filling, Shouwang__V1__Settle, SHOUWANG__V1__SETTLE__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_SETTLE;
    filling->command->settle = action;
    return take_sealed(filling, "reason", &action->summary);
}

static int fill_stand_down(struct filling *filling)
{
    Shouwang__V1__StandDown *action =
        NEW(filling, Shouwang__V1__StandDown, SHOUWANG__V1__STAND_DOWN__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    int reason = 0;
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_STAND_DOWN;
    filling->command->stand_down = action;
    int error =
        take_code(filling, "stand_down_reason", &shouwang__v1__stand_down_reason__descriptor,
                  "STAND_DOWN_REASON_", &reason);
    action->reason = (Shouwang__V1__StandDownReason)reason;
    return error != 0 ? error : take_sealed(filling, "reason", &action->note);
}

static int fill_confirm_stand_down(struct filling *filling)
{
    Shouwang__V1__ConfirmStandDown *action =
        NEW(filling, Shouwang__V1__ConfirmStandDown, SHOUWANG__V1__CONFIRM_STAND_DOWN__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    const char *answer = field(filling, "confirmed");
    action->confirmed = answer == NULL || strcmp(answer, "no") != 0;
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_CONFIRM_STAND_DOWN;
    filling->command->confirm_stand_down = action;
    return 0;
}

static int fill_close(struct filling *filling)
{
    Shouwang__V1__Close *action = NEW(filling, Shouwang__V1__Close, SHOUWANG__V1__CLOSE__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_CLOSE;
    filling->command->close = action;
    int error = take_text(filling, "outcome", &action->outcome);
    return error != 0 ? error : take_sealed(filling, "reason", &action->summary);
}

static int fill_note(struct filling *filling)
{
    Shouwang__V1__Note *action = NEW(filling, Shouwang__V1__Note, SHOUWANG__V1__NOTE__INIT);
    uint8_t *digest = arena_alloc(filling->arena, SEAL_DIGEST_BYTES);
    if (action == NULL || digest == NULL) {
        return ERR_MEMORY;
    }
    const char *text = field(filling, "reason");
    if (text == NULL) {
        return invalid(filling, "reason");
    }
    seal_digest(text, strlen(text), digest);
    action->digest = (ProtobufCBinaryData){SEAL_DIGEST_BYTES, digest};
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_NOTE;
    filling->command->note = action;
    return take_sealed(filling, "reason", &action->text);
}

static int fill_respond(struct filling *filling)
{
    Shouwang__V1__Respond *action =
        NEW(filling, Shouwang__V1__Respond, SHOUWANG__V1__RESPOND__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_RESPOND;
    filling->command->respond = action;
    int64_t episode = 0;
    int error = take_text(filling, "obligation", &action->obligation);
    error = error != 0 ? error : take_number(filling, "episode", UINT32_MAX, &episode);
    action->episode = (uint32_t)episode;
    error = error != 0 ? error : take_text(filling, "answer", &action->answer);
    return error != 0 ? error : take_sealed(filling, "reason", &action->note);
}

static int fill_urge(struct filling *filling)
{
    Shouwang__V1__Urge *action = NEW(filling, Shouwang__V1__Urge, SHOUWANG__V1__URGE__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_URGE;
    filling->command->urge = action;
    int64_t episode = 0;
    int error = take_text(filling, "obligation", &action->obligation);
    error = error != 0 ? error : take_number(filling, "episode", UINT32_MAX, &episode);
    action->episode = (uint32_t)episode;
    return error != 0 ? error : take_sealed(filling, "reason", &action->note);
}

static int fill_hand_over(struct filling *filling)
{
    Shouwang__V1__HandOver *action =
        NEW(filling, Shouwang__V1__HandOver, SHOUWANG__V1__HAND_OVER__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_HAND_OVER;
    filling->command->hand_over = action;
    int error = take_text(filling, "person", &action->person);
    return error != 0 ? error : take_sealed(filling, "reason", &action->note);
}

static int fill_team(struct filling *filling)
{
    Shouwang__V1__Team *action = NEW(filling, Shouwang__V1__Team, SHOUWANG__V1__TEAM__INIT);
    if (action == NULL) {
        return ERR_MEMORY;
    }
    filling->command->action_case = SHOUWANG__V1__COMMAND__ACTION_TEAM;
    filling->command->team = action;
    int error = take_text(filling, "person", &action->person);
    error =
        error != 0 ? error : take_number(filling, "until_at_ms", INT64_MAX, &action->until_at_ms);
    return error != 0 ? error : take_sealed(filling, "reason", &action->reason);
}

static const struct {
    const char *name;
    int (*fill)(struct filling *filling);
} actions[] = {
    {"acknowledge", fill_acknowledge},
    {"met", fill_met},
    {"waive", fill_waive},
    {"request_help", fill_request_help},
    {"conflict", fill_conflict},
    {"clear_conflict", fill_clear_conflict},
    {"release", fill_release},
    {"level", fill_level},
    {"join", fill_join},
    {"settle", fill_settle},
    {"stand_down", fill_stand_down},
    {"confirm_stand_down", fill_confirm_stand_down},
    {"close", fill_close},
    {"note", fill_note},
    {"respond", fill_respond},
    {"urge", fill_urge},
    {"hand_over", fill_hand_over},
    {"team", fill_team},
};

int actions_fill(struct console *console, const char *name, struct http_request *form,
                 struct arena *arena, Shouwang__V1__Command *command, const char **ret_field)
{
    struct filling filling = {.console = console, .form = form, .arena = arena, .command = command};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            int error = actions[i].fill(&filling);
            if (error == ERR_INVALID) {
                *ret_field = filling.bad_field;
            }
            return error;
        }
    }
    return ERR_NOT_FOUND;
}
