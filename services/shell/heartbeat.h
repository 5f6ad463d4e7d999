/* A sign of life to an address outside, so that somebody is told when it stops coming (a dead man's switch). It is sent only
 * while the service really commits: a process that runs and gets nothing done is silent, too. */
#ifndef SHELL_HEARTBEAT_H
#define SHELL_HEARTBEAT_H

#include <stdbool.h>

#include "base/error.h"
#include "io/config.h"
#include "io/service.h"

/* Rows of the service's table. */
#define HEARTBEAT_CONFIG_KEYS                                                                      \
    {"heartbeat.url",                                                                              \
     CONFIG_SECRET,                                                                                \
     NULL,                                                                                         \
     1,                                                                                            \
     1000,                                                                                         \
     NULL,                                                                                         \
     false,                                                                                        \
     "where a sign of life is posted to; not set: none"},                                          \
    {                                                                                              \
        "heartbeat.every", CONFIG_DURATION, "60s", 100, 3600000, NULL, false,                      \
            "how often, while this process commits"                                                \
    }

struct heartbeat;

/* `alive` is asked before each. `ret_heartbeat` is NULL without heartbeat.url. ERR_MEMORY, ERR_IO. */
SW_NODISCARD int heartbeat_new(struct service *service, bool (*alive)(void *ctx), void *ctx,
                               struct heartbeat **ret_heartbeat);
/* NULL is fine. */
void heartbeat_free(struct heartbeat *heartbeat);

#endif
