#include "ctl/vault.h"

#include <string.h>

#include "ctl/log_reader.h"

static void take_key(void *ctx, const struct kafka_record *record)
{
    struct ctl_vault *vault = ctx;
    /* What is refused is not ours to repair: sealing for that owner then fails by its name. */
    (void)!erasure_apply(vault->erasure, record->key,
                         record->value.at == NULL ? NULL : &record->value);
}

enum ctl_exit ctl_vault_open(struct ctl *ctl, unsigned wants, bool read_topic,
                             struct ctl_vault *ret_vault)
{
    const char *folder = config_text(ctl->config, "keys.dir");
    if (folder == NULL) {
        return ctl_fail(CTL_USAGE,
                        "keys.dir is not set (--set keys.dir=DIR; swctl keys generate DIR)");
    }
    struct ctl_vault vault = {NULL, NULL};
    const char *file = folder;
    int error = seal_init();
    if (error == 0) {
        error = keyring_load(folder, wants, &file, &vault.keyring);
    }
    if (error != 0) {
        return ctl_fail(CTL_REFUSED, "%s: %s", file, error_text(error));
    }
    enum ctl_exit code = CTL_OK;
    error = erasure_new(&vault.erasure);
    if (error != 0) {
        code = ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
    } else if (read_topic) {
        code = log_read_all(ctl, TOPIC_KEYS, take_key, &vault);
    }
    if (code != CTL_OK) {
        ctl_vault_close(&vault);
        return code;
    }
    *ret_vault = vault;
    return CTL_OK;
}

void ctl_vault_close(struct ctl_vault *vault)
{
    keyring_free(vault->keyring);
    erasure_free(vault->erasure);
    memset(vault, 0, sizeof(*vault));
}
