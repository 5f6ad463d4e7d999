/* The action is put together as JSON and read by the one mapper, which knows the fields. */
#include "ctl/act_draft.h"

#include <string.h>

#include "base/assert.h"
#include "io/seal.h"
#include "wire/json.h"

enum { JSON_MAX_BYTES = 256 * 1024 };

static int note_typed(void *ctx, const ProtobufCFieldDescriptor *field, const struct json_t *value,
                      Shouwang__V1__Sealed **slot, struct fault *ret_fault)
{
    struct act_draft *draft = ctx;
    (void)field;
    (void)ret_fault;
    if (draft->typed_count == CTL_VALUES_MAX) {
        return ERR_FULL;
    }
    draft->typed[draft->typed_count++] = (struct act_typed){slot, json_text_of(value)};
    return 0;
}

/* As text, which is sealed; a code of the policy is found out when the case is known (keep_codes). */
static bool add_evidence(struct act_draft *draft, struct buffer *json)
{
    buffer_add_text(json, "[");
    const char *pair;
    for (size_t i = 0; (pair = ctl_option_at(draft->ctl, "--evidence", i)) != NULL; i++) {
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

static bool add_time(const struct act_draft *draft, const char *text, struct buffer *json)
{
    int64_t ago_ms;
    int64_t at_ms;
    if (str_to_duration_ms(str_of(text), &ago_ms)) {
        at_ms = draft->now_ms - ago_ms;
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

static const char *field_text(const struct act_draft *draft, const struct act_field *field)
{
    if (field->option != NULL) {
        return ctl_option(draft->ctl, field->option);
    }
    return field->word < draft->ctl->word_count ? draft->ctl->words[field->word] : NULL;
}

static bool add_value(struct act_draft *draft, const struct act_field *field, const char *text,
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
        return add_time(draft, text, json);
    case ACT_EVIDENCE:
        return add_evidence(draft, json);
    case ACT_TRUE:
    case ACT_FALSE:
        buffer_add_text(json, field->kind == ACT_TRUE ? "true" : "false");
        return true;
    case ACT_END:
        break;
    }
    return false;
}

static bool add_fields(struct act_draft *draft, struct buffer *json)
{
    const char *comma = "";
    buffer_format(json, "{\"%s\": {", draft->act->action);
    for (size_t i = 0; i < ACT_FIELDS_MAX && draft->act->fields[i].kind != ACT_END; i++) {
        const struct act_field *field = &draft->act->fields[i];
        const char *text = field_text(draft, field);
        if (text == NULL && field->is_needed) {
            (void)ctl_fail(CTL_USAGE, "%s is needed", field->option);
            return false;
        }
        if (text == NULL) {
            continue;
        }
        buffer_format(json, "%s\"%s\": ", comma, field->json);
        comma = ", ";
        if (!add_value(draft, field, text, json)) {
            return false;
        }
    }
    buffer_add_text(json, "}}");
    return true;
}

/* The action as a Command without its head; the JSON stays until the texts are sealed. */
static enum ctl_exit read_action(struct act_draft *draft, struct str json)
{
    const struct json_reader reader = {.sealed = note_typed, .ctx = draft};
    struct fault fault = {0};
    Shouwang__V1__Command *command =
        (void *)json_new_message(&shouwang__v1__command__descriptor, &draft->ctl->arena);
    int error = command == NULL ? ERR_MEMORY : json_parse_text(json, &fault, &draft->tree);
    if (error == 0) {
        error = json_read_message(draft->tree, &reader, &draft->ctl->arena, &fault, &command->base);
    }
    if (error == ERR_INVALID) {
        return ctl_fail(CTL_USAGE, "%s: %s", fault.path, reject_reason_text(fault.reason));
    }
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
    }
    draft->command = command;
    return CTL_OK;
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

enum ctl_exit act_draft_read(struct ctl *ctl, int64_t now_ms, struct act_draft *ret_draft)
{
    struct buffer json;
    *ret_draft = (struct act_draft){.ctl = ctl, .act = find_act(ctl), .now_ms = now_ms};
    buffer_init(&json, JSON_MAX_BYTES);
    enum ctl_exit code = CTL_USAGE;
    if (add_fields(ret_draft, &json)) {
        code = read_action(ret_draft, buffer_str(&json));
    }
    buffer_fini(&json);
    return code;
}

void act_draft_fini(struct act_draft *draft)
{
    json_drop(draft->tree);
}

/* What was typed as evidence stays in clear only where the policy of the case wants a code and has this one. */
int act_draft_keep_codes(struct act_draft *draft, const struct policy_set *set)
{
    Shouwang__V1__Met *met = draft->command->met;
    if (draft->command->action_case != SHOUWANG__V1__COMMAND__ACTION_MET) {
        return 0;
    }
    for (size_t i = 0; i < met->n_evidence; i++) {
        Shouwang__V1__Evidence *evidence = met->evidence[i];
        for (size_t t = 0; t < draft->typed_count; t++) {
            struct act_typed *typed = &draft->typed[t];
            if (typed->slot != &evidence->text ||
                !policy_set_takes_code(set, str_of(met->obligation), str_of(evidence->key),
                                       typed->clear)) {
                continue;
            }
            struct str text = arena_copy_str(&draft->ctl->arena, typed->clear);
            if (text.at == NULL) {
                return ERR_MEMORY;
            }
            evidence->code = (char *)(uintptr_t)text.at;
            *typed = draft->typed[--draft->typed_count];
            break;
        }
    }
    return 0;
}

/* Typed evidence carries its digest; others that have a digest field, too. */
static int add_digest(struct act_draft *draft, struct str clear, ProtobufCBinaryData *ret_digest)
{
    uint8_t *digest = arena_alloc(&draft->ctl->arena, SEAL_DIGEST_BYTES);
    if (digest == NULL) {
        return ERR_MEMORY;
    }
    seal_digest(clear.at, clear.len, digest);
    *ret_digest = (ProtobufCBinaryData){SEAL_DIGEST_BYTES, digest};
    return 0;
}

static int digest_typed(struct act_draft *draft, const struct act_typed *typed)
{
    Shouwang__V1__Command *command = draft->command;
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_MET) {
        for (size_t i = 0; i < command->met->n_evidence; i++) {
            Shouwang__V1__Evidence *evidence = command->met->evidence[i];
            if (typed->slot == &evidence->text) {
                evidence->version = 1;
                return add_digest(draft, typed->clear, &evidence->digest);
            }
        }
    }
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_NOTE) {
        return add_digest(draft, typed->clear, &command->note->digest);
    }
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_WAIVE) {
        return add_digest(draft, typed->clear, &command->waive->reason_digest);
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

int act_draft_seal(struct act_draft *draft, act_seal_fn seal, void *ctx)
{
    for (size_t i = 0; i < draft->typed_count; i++) {
        const struct act_typed *typed = &draft->typed[i];
        int error = seal(ctx, typed->clear, typed->slot);
        error = error != 0 ? error : digest_typed(draft, typed);
        if (error != 0) {
            return error;
        }
    }
    state_reason(draft->command);
    return 0;
}
