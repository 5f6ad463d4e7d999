/* The keys that a command seals and names with: key files, and the erasure keys of the topic `keys`. */
#ifndef CTL_VAULT_H
#define CTL_VAULT_H

#include "ctl/ctl.h"
#include "io/keyring.h"

struct Shouwang__V1__Sealed;

struct ctl_vault {
    struct keyring *keyring;
    struct erasure_keys *erasure;
};

/* Loads `wants` (KEYRING_*) from keys.dir and, with `read_topic`, the erasure keys. On any other code than CTL_OK a line
 * was said and nothing is held. */
enum ctl_exit ctl_vault_open(struct ctl *ctl, unsigned wants, bool read_topic,
                             struct ctl_vault *ret_vault);

/* Wipes. A zeroed vault is fine. */
void ctl_vault_close(struct ctl_vault *vault);

#endif
