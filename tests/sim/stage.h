/* The services on their stage: a broker, Redis, a provider and the six processes, without anybody who acts. A run plays a seed on
 * it; a directed test plays its few steps. */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

#include <stdint.h>

#include "base/arena.h"
#include "sim/county.h"
#include "sim/machine.h"
#include "sim/provider.h"

/* Made once per process. */
struct stage_setup {
    struct county *county;
    const struct config *config[BROKER_GROUPS][MACHINE_SLOTS];
    char keys_dir[96];
};

/* What the stage tells; all given. */
struct stage_calls {
    void (*appended)(void *ctx, const struct broker_record *record);
    void (*heard)(void *ctx, const struct provider_sent *sent);
    void (*rings)(void *ctx, const struct provider_sent *sent);
    void (*failed)(void *ctx, const char *why);
    void *ctx;
};

enum { STAGE_DICE = 3 };

struct stage {
    const struct stage_setup *setup;
    struct stage_calls calls;
    struct arena arena; /* of the run */
    struct agenda *agenda;
    struct dice dice[STAGE_DICE];
    struct machine_world world;
    struct machine machines[BROKER_GROUPS][MACHINE_SLOTS];
    int64_t start_ms;
};

/* Keys and county, with the pack of a folder. */
void stage_setup_init(struct stage_setup *ret_setup, const char *pack_folder);
void stage_setup_fini(struct stage_setup *setup);

/* Everything is there, the directory is written, and nobody has started yet. */
void stage_open(struct stage *ret_stage, const struct stage_setup *setup,
                const struct stage_calls *calls, uint64_t seed, int64_t start_ms);
void stage_start(struct stage *stage);
void stage_close(struct stage *stage);

#endif
