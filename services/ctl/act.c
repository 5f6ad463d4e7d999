/* swctl ack, met, waive …: what a person decides. A row says which words and options go into which member of the Command
 * record; the action is put together as JSON and read by the one mapper, which knows the fields. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "ctl/act.h"
#include "ctl/case_find.h"
#include "ctl/command_send.h"
#include "ctl/log_reader.h"
#include "ctl/vault.h"
#include "io/loop.h"
#include "io/seal_record.h"
#include "wire/decode.h"
#include "wire/json.h"
#include "wire/pack.h"

enum { JSON_MAX_BYTES = 256 * 1024, WAIT_MS = 2000 };

/* What was typed, to be sealed once the owner is known. */
struct typed {
    Shouwang__V1__Sealed **slot;
    struct str clear;
};

struct acting {
    struct ctl *ctl;
    const struct act *act;
    struct ctl_vault vault;
    struct case_found found;
    struct typed typed[CTL_VALUES_MAX];
    size_t typed_count;
};

static int note_typed(void *ctx, const ProtobufCFieldDescriptor *field, const struct json_t *value,
                      Shouwang__V1__Sealed **slot, struct fault *ret_fault)
{
    struct acting *acting = ctx;
    (void)field;
    (void)ret_fault;
    if (acting->typed_count == CTL_VALUES_MAX) {
        return ERR_FULL;
    }
    acting->typed[acting->typed_count++] = (struct typed){slot, json_text_of(value)};
    return 0;
}

/* As text, which is sealed; a code of the policy is found out when the case is known (keep_codes). */
static bool add_evidence(struct acting *acting, struct buffer *json)
{
    buffer_add_text(json, "[");
    const char *pair;
    for (size_t i = 0; (pair = ctl_option_at(acting->ctl, "--evidence", i)) != NULL; i++) {
        const char *equals = strchr(pair, '=');
        if (equals == NULL || equals == pair || equals[1] == '\0') {
            (void)ctl_fail(CTL_USAGE, "--evidence: expected key=value, found %s", pair);
            return false;
        }
        buffer_add_text(json, i == 0 ? "{\"key\": " : ", {\"key\": ");
        buffer_add_json(json, (struct str){pair, (size_t)(equals - pair)});
        buffer_add_text(json, ", \"text\": ");
        buffer_add_json(json, str_of(equals + 1));
        buffer_add_text(json, "}");
    }
    buffer_add_text(json, "]");
    return true;
}

static bool add_time(struct buffer *json, const char *text)
{
    int64_t ago_ms;
    int64_t at_ms;
    if (str_to_duration_ms(str_of(text), &ago_ms)) {
        at_ms = loop_utc_ms() - ago_ms;
    } else if (!json_parse_time(str_of(text), &at_ms) &&
               !str_to_int64(str_of(text), 0, INT64_MAX, &at_ms)) {
        (void)ctl_fail(
            CTL_USAGE,
            "expected a time such as 2026-11-24T08:00:00+08:00, or 8m for 8 minutes ago; "
            "found %s",
            text);
        return false;
    }
    buffer_format(json, "%lld", (long long)at_ms);
    return true;
}

static const char *field_text(const struct acting *acting, const struct act_field *field)
{
    if (field->option != NULL) {
        return ctl_option(acting->ctl, field->option);
    }
    return field->word < acting->ctl->word_count ? acting->ctl->words[field->word] : NULL;
}

static bool add_value(struct acting *acting, const struct act_field *field, const char *text,
                      struct buffer *json)
{
    int64_t number;
    switch (field->kind) {
    case ACT_TEXT:
        buffer_add_json(json, str_of(text));
        return true;
    case ACT_NUMBER:
        if (!str_to_int64(str_of(text), 0, UINT32_MAX, &number)) {
            (void)ctl_fail(CTL_USAGE, "%s: expected a number", field->option);
            return false;
        }
        buffer_add_text(json, text);
        return true;
    case ACT_TIME:
        return add_time(json, text);
    case ACT_EVIDENCE:
        return add_evidence(acting, json);
    case ACT_TRUE:
    case ACT_FALSE:
        buffer_add_text(json, field->kind == ACT_TRUE ? "true" : "false");
        return true;
    case ACT_END:
        break;
    }
    return false;
}

static bool add_fields(struct acting *acting, struct buffer *json)
{
    const char *comma = "";
    buffer_format(json, "{\"%s\": {", acting->act->action);
    for (size_t i = 0; i < ACT_FIELDS_MAX && acting->act->fields[i].kind != ACT_END; i++) {
        const struct act_field *field = &acting->act->fields[i];
        const char *text = field_text(acting, field);
        if (text == NULL && field->is_needed) {
            (void)ctl_fail(CTL_USAGE, "%s is needed", field->option);
            return false;
        }
        if (text == NULL) {
            continue;
        }
        buffer_format(json, "%s\"%s\": ", comma, field->json);
        comma = ", ";
        if (!add_value(acting, field, text, json)) {
            return false;
        }
    }
    buffer_add_text(json, "}}");
    return true;
}

/* The action as a Command without its head; the JSON stays until the texts are sealed. */
static enum ctl_exit read_action(struct acting *acting, struct buffer *json,
                                 struct json_t **ret_tree, Shouwang__V1__Command **ret_command)
{
    const struct json_reader reader = {.sealed = note_typed, .ctx = acting};
    struct fault fault = {0};
    Shouwang__V1__Command *command =
        (void *)json_new_message(&shouwang__v1__command__descriptor, &acting->ctl->arena);
    int error = command == NULL ? ERR_MEMORY : json_parse_text(buffer_str(json), &fault, ret_tree);
    if (error == 0) {
        error = json_read_message(*ret_tree, &reader, &acting->ctl->arena, &fault, &command->base);
    }
    if (error == ERR_INVALID) {
        return ctl_fail(CTL_USAGE, "%s: %s", fault.path, reject_reason_text(fault.reason));
    }
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
    }
    *ret_command = command;
    return CTL_OK;
}

/* Sealed under the subject's erasure key; an unresolved or unknown one's under the unit's. */
static int seal_one(struct acting *acting, const struct typed *typed)
{
    const struct vault vault = {acting->vault.keyring, acting->vault.erasure};
    const Shouwang__V1__Case *record = acting->found.record;
    struct vault_target target = {str_of(record->unit), str_of(record->subject),
                                  SEAL_CLASS_CONTENT};
    struct arena *arena = &acting->ctl->arena;
    int error = vault_close_record(&vault, &target, typed->clear, arena, typed->slot);
    if (error == ERR_NOT_FOUND) {
        target.erasure_id = str_of(record->unit);
        error = vault_close_record(&vault, &target, typed->clear, arena, typed->slot);
    }
    return error;
}

/* Typed evidence carries its digest; others that have a digest field, too. */
static int add_digest(struct acting *acting, struct str clear, ProtobufCBinaryData *ret_digest)
{
    uint8_t *digest = arena_alloc(&acting->ctl->arena, SEAL_DIGEST_BYTES);
    if (digest == NULL) {
        return ERR_MEMORY;
    }
    seal_digest(clear.at, clear.len, digest);
    *ret_digest = (ProtobufCBinaryData){SEAL_DIGEST_BYTES, digest};
    return 0;
}

static int digest_typed(struct acting *acting, Shouwang__V1__Command *command,
                        const struct typed *typed)
{
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_MET) {
        for (size_t i = 0; i < command->met->n_evidence; i++) {
            Shouwang__V1__Evidence *evidence = command->met->evidence[i];
            if (typed->slot == &evidence->text) {
                evidence->version = 1;
                return add_digest(acting, typed->clear, &evidence->digest);
            }
        }
    }
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_NOTE) {
        return add_digest(acting, typed->clear, &command->note->digest);
    }
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_WAIVE) {
        return add_digest(acting, typed->clear, &command->waive->reason_digest);
    }
    return 0;
}

/* Where a policy wants a code and a reason was typed, the code says just that. As in the console. */
static void state_reason(Shouwang__V1__Command *command)
{
    static char stated[] = "stated";
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_WAIVE &&
        command->waive->reason_code[0] == '\0' && command->waive->reason != NULL) {
        command->waive->reason_code = stated;
    }
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_CHANGE_LEVEL &&
        command->change_level->reason_code[0] == '\0' && command->change_level->reason != NULL) {
        command->change_level->reason_code = stated;
    }
}

static void take_pack(void *ctx, const struct kafka_record *record)
{
    static struct yaml_faults faults; /* large, and nobody reads it */
    faults.count = 0;
    if (pack_owns_key(record->key)) {
        /* a pack that is refused has no codes: what was typed is sealed, and the escalator judges */
        (void)!pack_store_apply(ctx, record->key, record->value.at == NULL ? NULL : &record->value,
                                &faults, NULL);
    }
}

/* What was typed as evidence stays in clear only where the policy of the case wants a code and has this one. */
static enum ctl_exit keep_codes(struct acting *acting, Shouwang__V1__Met *met)
{
    const Shouwang__V1__Case *record = acting->found.record;
    struct pack_store *store = pack_store_new(seal_digest);
    if (store == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    enum ctl_exit code = log_read_all(acting->ctl, TOPIC_DIRECTORY, take_pack, store);
    const struct pack *pack = code == CTL_OK && record->pack.len == PACK_HASH_BYTES
                                  ? pack_store_find(store, record->pack.data)
                                  : NULL;
    for (size_t i = 0; pack != NULL && i < met->n_evidence; i++) {
        Shouwang__V1__Evidence *evidence = met->evidence[i];
        for (size_t t = 0; t < acting->typed_count; t++) {
            struct typed *typed = &acting->typed[t];
            if (typed->slot == &evidence->text &&
                policy_set_takes_code(&pack->policies, str_of(met->obligation),
                                      str_of(evidence->key), typed->clear)) {
                struct str text = arena_copy_str(&acting->ctl->arena, typed->clear);
                evidence->code = (char *)(uintptr_t)text.at;
                *typed = acting->typed[--acting->typed_count];
                break;
            }
        }
    }
    pack_store_free(store);
    return code;
}

/* The role that was said; NULL: the directory knows it. */
static const char *said_role(const struct ctl *ctl)
{
    const char *role = ctl_option(ctl, "--role");
    return role == NULL ? config_text(ctl->config, "actor.role") : role;
}

static enum ctl_exit complete(struct acting *acting, Shouwang__V1__Command *command)
{
    struct case_found *found = &acting->found;
    const char *role = said_role(acting->ctl);
    command->unit = found->record->unit;
    command->case_id = found->record->id;
    command->actor = (char *)(uintptr_t)found->person.at;
    command->actor_role = (char *)(uintptr_t)(role != NULL          ? role
                                              : found->role.len > 0 ? found->role.at
                                                                    : "");
    command->via = (char *)(uintptr_t) "swctl";
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_MET && acting->typed_count > 0) {
        enum ctl_exit code = keep_codes(acting, command->met);
        if (code != CTL_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < acting->typed_count; i++) {
        int error = seal_one(acting, &acting->typed[i]);
        if (error == 0) {
            error = digest_typed(acting, command, &acting->typed[i]);
        }
        if (error != 0) {
            return ctl_fail(CTL_REFUSED, "what was typed cannot be sealed: %s", error_text(error));
        }
    }
    state_reason(command);
    return CTL_OK;
}

static enum ctl_exit find_and_send(struct acting *acting, Shouwang__V1__Command *command,
                                   int64_t wait_ms)
{
    struct ctl *ctl = acting->ctl;
    const char *who = ctl_option(ctl, "--as");
    who = who == NULL ? config_text(ctl->config, "actor") : who;
    if (who == NULL) {
        return ctl_fail(CTL_USAGE, "who acts? --as WHO, or the key actor");
    }
    if (acting->typed_count > 0) {
        enum ctl_exit code = ctl_vault_open(ctl, KEYRING_CLOSE, false, &acting->vault);
        if (code != CTL_OK) {
            return code;
        }
    }
    const struct case_find find = {.what = ctl->words[0],
                                   .unit = ctl_has_option(ctl, "--unit") ? ctl_option(ctl, "--unit")
                                                                         : NULL,
                                   .who = who,
                                   .wants_role = said_role(ctl) == NULL,
                                   .erasure = acting->vault.erasure};
    enum ctl_exit code = case_find(ctl, &find, &acting->found);
    code = code == CTL_OK ? complete(acting, command) : code;
    if (code != CTL_OK) {
        return code;
    }
    struct fault fault = {0};
    command->id = command->case_id; /* drawn by command_send; any 16 bytes pass the check */
    if (decode_check(&command->base, &fault) != 0) {
        return ctl_fail(CTL_USAGE, "%s: %s", fault.path, reject_reason_text(fault.reason));
    }
    return command_send(ctl, command, wait_ms);
}

static const struct act *find_act(const struct ctl *ctl)
{
    const struct act *act = act_rows;
    while (act->command != ctl->command ||
           (act->flag != NULL && ctl_option(ctl, act->flag) == NULL)) {
        act++;
        sw_assert(act->command != NULL);
    }
    return act;
}

enum ctl_exit act_run(struct ctl *ctl)
{
    struct acting acting = {.ctl = ctl, .act = find_act(ctl)};
    struct buffer json;
    struct json_t *tree = NULL;
    Shouwang__V1__Command *command = NULL;
    int64_t wait_ms = WAIT_MS;
    const char *wait = ctl_option(ctl, "--wait");
    if (wait != NULL && !str_to_duration_ms(str_of(wait), &wait_ms)) {
        return ctl_fail(CTL_USAGE, "--wait: expected a duration such as 2s");
    }
    if (seal_init() != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "no entropy");
    }
    buffer_init(&json, JSON_MAX_BYTES);
    enum ctl_exit code = CTL_USAGE;
    if (add_fields(&acting, &json)) {
        code = read_action(&acting, &json, &tree, &command);
    }
    if (code == CTL_OK) {
        code = find_and_send(&acting, command, wait_ms);
    }
    json_drop(tree);
    ctl_vault_close(&acting.vault);
    buffer_fini(&json);
    return code;
}
