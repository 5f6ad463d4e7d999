/* The key files of a service, loaded at its start. */
#ifndef SHELL_KEYS_H
#define SHELL_KEYS_H

#include "base/error.h"
#include "io/config.h"
#include "io/keyring.h"

/* Starts io/seal and loads what `wants` (KEYRING_* or-ed) asks for from the folder `keys.dir` of the configuration, which
 * the service's table names. Blocks on files; logs what is missing. Errors as keyring_load, and ERR_UNAVAILABLE. */
SW_NODISCARD int keys_load(const struct config *config, unsigned wants,
                           struct keyring **ret_keyring);

#endif
