/* swctl ack, met, waive …: what a person decides. A row says which words and options go into which member of the Command
 * record (act_draft.c); here the case is found, and the record goes out. */
#include <string.h>

#include "ctl/act_draft.h"
#include "ctl/case_find.h"
#include "ctl/command_send.h"
#include "ctl/log_reader.h"
#include "ctl/vault.h"
#include "io/loop.h"
#include "io/seal_record.h"
#include "wire/decode.h"
#include "wire/pack.h"

enum { WAIT_MS = 2000 };

struct acting {
    struct ctl *ctl;
    struct act_draft draft;
    struct ctl_vault vault;
    struct case_found found;
};

/* Sealed under the subject's erasure key; an unresolved or unknown one's under the unit's. */
static int seal_one(void *ctx, struct str clear, Shouwang__V1__Sealed **slot)
{
    struct acting *acting = ctx;
    const struct vault vault = {acting->vault.keyring, acting->vault.erasure};
    const Shouwang__V1__Case *record = acting->found.record;
    struct vault_target target = {str_of(record->unit), str_of(record->subject),
                                  SEAL_CLASS_CONTENT};
    struct arena *arena = &acting->ctl->arena;
    int error = vault_close_record(&vault, &target, clear, arena, slot);
    if (error == ERR_NOT_FOUND) {
        target.erasure_id = str_of(record->unit);
        error = vault_close_record(&vault, &target, clear, arena, slot);
    }
    return error;
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

/* The codes of the case's own pack. */
static enum ctl_exit keep_codes(struct acting *acting)
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
    if (pack != NULL && act_draft_keep_codes(&acting->draft, &pack->policies) != 0) {
        code = ctl_fail(CTL_UNAVAILABLE, "out of memory");
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

static enum ctl_exit complete(struct acting *acting)
{
    Shouwang__V1__Command *command = acting->draft.command;
    struct case_found *found = &acting->found;
    const char *role = said_role(acting->ctl);
    command->unit = found->record->unit;
    command->case_id = found->record->id;
    command->actor = (char *)(uintptr_t)found->person.at;
    command->actor_role = (char *)(uintptr_t)(role != NULL          ? role
                                              : found->role.len > 0 ? found->role.at
                                                                    : "");
    command->via = (char *)(uintptr_t) "swctl";
    if (command->action_case == SHOUWANG__V1__COMMAND__ACTION_MET &&
        acting->draft.typed_count > 0) {
        enum ctl_exit code = keep_codes(acting);
        if (code != CTL_OK) {
            return code;
        }
    }
    int error = act_draft_seal(&acting->draft, seal_one, acting);
    return error == 0
               ? CTL_OK
               : ctl_fail(CTL_REFUSED, "what was typed cannot be sealed: %s", error_text(error));
}

static enum ctl_exit find_and_send(struct acting *acting, int64_t wait_ms)
{
    Shouwang__V1__Command *command = acting->draft.command;
    struct ctl *ctl = acting->ctl;
    const char *who = ctl_option(ctl, "--as");
    who = who == NULL ? config_text(ctl->config, "actor") : who;
    if (who == NULL) {
        return ctl_fail(CTL_USAGE, "who acts? --as WHO, or the key actor");
    }
    if (acting->draft.typed_count > 0) {
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
    code = code == CTL_OK ? complete(acting) : code;
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

enum ctl_exit act_run(struct ctl *ctl)
{
    struct acting acting = {.ctl = ctl};
    int64_t wait_ms = WAIT_MS;
    const char *wait = ctl_option(ctl, "--wait");
    if (wait != NULL && !str_to_duration_ms(str_of(wait), &wait_ms)) {
        return ctl_fail(CTL_USAGE, "--wait: expected a duration such as 2s");
    }
    if (seal_init() != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "no entropy");
    }
    enum ctl_exit code = act_draft_read(ctl, loop_utc_ms(), &acting.draft);
    if (code == CTL_OK) {
        code = find_and_send(&acting, wait_ms);
    }
    act_draft_fini(&acting.draft);
    ctl_vault_close(&acting.vault);
    return code;
}
