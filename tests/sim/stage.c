#include "sim/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"
#include "sim/fakes.h"

enum { STAGE_ARENA_BYTES = 1 << 30 };

/* One stream of numbers for each; those of the actors come behind. */
enum subject { OF_BROKER, OF_WORLD, OF_PROVIDER };

static const struct service_definition *const definitions[BROKER_GROUPS] = {
    &triage_definition, &escalator_definition, &notifier_definition};

static const struct config *make_config(const struct service_definition *definition, int slot,
                                        const char *keys)
{
    char keys_dir[128];
    char slot_text[24];
    const char *settings[8] = {slot_text, "topic.prefix=sim", "redis.address=127.0.0.1:1",
                               "http.listen=127.0.0.1:1"};
    size_t count = 4;
    struct buffer errors;
    struct config *config = NULL;
    (void)snprintf(keys_dir, sizeof(keys_dir), "keys.dir=%s", keys);
    (void)snprintf(slot_text, sizeof(slot_text), "slot=%d", slot);
    if (definition != &escalator_definition) {
        settings[count++] = keys_dir;
    }
    if (definition == &notifier_definition) {
        settings[count++] = "phone.person=true";
        settings[count++] = "console.url=https://console.example";
    }
    buffer_init(&errors, 4096);
    sw_assert(config_parse(definition->table, NULL, KAFKA_NONE, settings, &errors, &config) == 0);
    buffer_fini(&errors);
    return config;
}

void stage_setup_init(struct stage_setup *ret_setup, const char *pack_folder)
{
    *ret_setup = (struct stage_setup){.keys_dir = "/tmp/sw-sim-XXXXXX"};
    log_set_level(LOG_LEVEL_ERROR);
    sw_assert(mkdtemp(ret_setup->keys_dir) != NULL);
    ret_setup->county = county_new(ret_setup->keys_dir, pack_folder);
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
            ret_setup->config[group][slot] =
                make_config(definitions[group], slot, ret_setup->keys_dir);
        }
    }
}

void stage_setup_fini(struct stage_setup *setup)
{
    char command[160];
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
            config_free((struct config *)(uintptr_t)setup->config[group][slot]);
        }
    }
    county_free(setup->county);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", setup->keys_dir);
    sw_assert(system(command) == 0);
}

static void appended(void *ctx, const struct broker_record *record)
{
    struct stage *stage = ctx;
    stage->calls.appended(stage->calls.ctx, record);
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_wake(&stage->machines[group][slot], record->visible_ms);
        }
    }
}

static void write_directory(struct stage *stage)
{
    county_write(stage->setup->county, stage->world.broker);
    county_activate(stage->setup->county, stage->world.broker, 0, stage->start_ms);
    for (size_t school = 0; school < COUNTY_SCHOOLS; school++) {
        county_write_roster(stage->world.broker, school, 0, stage->start_ms);
    }
}

void stage_open(struct stage *ret_stage, const struct stage_setup *setup,
                const struct stage_calls *calls, uint64_t seed, int64_t start_ms)
{
    struct stage *stage = ret_stage;
    *stage = (struct stage){.setup = setup, .calls = *calls, .start_ms = start_ms};
    for (size_t subject = 0; subject < STAGE_DICE; subject++) {
        dice_init(&stage->dice[subject], seed, subject);
    }
    arena_init(&stage->arena, STAGE_ARENA_BYTES);
    stage->agenda = agenda_new(start_ms);
    const struct broker_setup broker = {
        .agenda = stage->agenda, .dice = &stage->dice[OF_BROKER], .watch = appended, .ctx = stage};
    const struct provider_calls to_people = {calls->heard, calls->rings, calls->ctx};
    stage->world = (struct machine_world){.agenda = stage->agenda,
                                          .broker = broker_new(&broker),
                                          .dice = &stage->dice[OF_WORLD],
                                          .store = store_new(stage->agenda),
                                          .arena = &stage->arena,
                                          .latency_ms = 10,
                                          .failed = calls->failed,
                                          .ctx = calls->ctx};
    memcpy(stage->world.config, setup->config, sizeof(stage->world.config));
    stage->world.provider = provider_new(&stage->world, &stage->dice[OF_PROVIDER], &to_people);
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_init(&stage->machines[group][slot], &stage->world, (enum broker_group)group,
                         slot);
        }
    }
    write_directory(stage);
}

void stage_start(struct stage *stage)
{
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_start(&stage->machines[group][slot]);
        }
    }
}

void stage_close(struct stage *stage)
{
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_crash(&stage->machines[group][slot]);
        }
    }
    provider_free(stage->world.provider);
    store_free(stage->world.store);
    broker_free(stage->world.broker);
    agenda_free(stage->agenda);
    arena_fini(&stage->arena);
}
