#include "shell/keys.h"

#include "io/log.h"
#include "io/seal.h"

int keys_load(const struct config *config, unsigned wants, struct keyring **ret_keyring)
{
    const char *file = "";
    int error = seal_init();
    if (error == 0) {
        error = keyring_load(config_text(config, "keys.dir"), wants, &file, ret_keyring);
    }
    if (error != 0) {
        log_error("keys_not_loaded", log_code("file", file), log_error_code("why", error));
    }
    return error;
}
