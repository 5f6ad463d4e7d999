#include "sim/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define RUN_START_MS INT64_C(1756684800000) /* 2025-09-01 00:00 UTC */

enum { RUN_ARENA_BYTES = 1 << 30, DAY_MS = 24 * 60 * 60 * 1000 };

/* One stream of numbers for each. */
enum subject {
    OF_START,
    OF_BROKER,
    OF_WORLD,
    OF_PROVIDER,
    OF_SCHOOL,
    OF_PEOPLE,
    OF_FAULTS,
    SUBJECTS
};

struct run {
    const struct run_setup *setup;
    struct dice dice[SUBJECTS];
    struct arena arena;
    struct agenda *agenda;
    struct ledger ledger;
    struct check check;
    struct machine_world world;
    struct machine machines[BROKER_GROUPS][MACHINE_SLOTS];
    struct people people;
    struct school school;
    struct faults faults;
    int64_t start_ms;
};

static void tell(void *ctx, const char *what)
{
    struct run *run = ctx;
    if (run->setup->tells) {
        int64_t at_ms = agenda_now(run->agenda) - run->start_ms;
        printf("%3" PRId64 "d %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 " %s\n",
               at_ms / DAY_MS, at_ms / 3600000 % 24, at_ms / 60000 % 60, at_ms / 1000 % 60,
               at_ms % 1000, what);
    }
}

static void appended(void *ctx, const struct broker_record *record)
{
    struct run *run = ctx;
    check_record(&run->check, record);
    ledger_take(&run->ledger, record);
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_wake(&run->machines[group][slot], record->visible_ms);
        }
    }
}

static void failed(void *ctx, const char *why)
{
    struct run *run = ctx;
    check_fail(&run->check, "a service ended itself: %s", why);
}

static void heard(void *ctx, const struct provider_sent *sent)
{
    struct run *run = ctx;
    check_send(&run->check, sent);
}

static void rings(void *ctx, const struct provider_sent *sent)
{
    struct run *run = ctx;
    people_ring(&run->people, sent);
}

static void begin_world(struct run *run)
{
    const struct broker_setup broker = {
        .agenda = run->agenda, .dice = &run->dice[OF_BROKER], .watch = appended, .ctx = run};
    const struct provider_calls calls = {.heard = heard, .rings = rings, .ctx = run};
    run->world = (struct machine_world){.agenda = run->agenda,
                                        .broker = broker_new(&broker),
                                        .dice = &run->dice[OF_WORLD],
                                        .store = store_new(run->agenda),
                                        .arena = &run->arena,
                                        .latency_ms = 10,
                                        .failed = failed,
                                        .ctx = run};
    memcpy(run->world.config, run->setup->config, sizeof(run->world.config));
    run->world.provider = provider_new(&run->world, &run->dice[OF_PROVIDER], &calls);
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_init(&run->machines[group][slot], &run->world, (enum broker_group)group, slot);
        }
    }
}

static void begin_actors(struct run *run, int64_t bad_until_ms)
{
    run->people = (struct people){.agenda = run->agenda,
                                  .broker = run->world.broker,
                                  .dice = &run->dice[OF_PEOPLE],
                                  .ledger = &run->ledger,
                                  .provider = run->world.provider,
                                  .arena = &run->arena};
    run->school = (struct school){.agenda = run->agenda,
                                  .broker = run->world.broker,
                                  .dice = &run->dice[OF_SCHOOL],
                                  .arena = &run->arena,
                                  .until_ms = bad_until_ms};
    run->faults = (struct faults){.world = &run->world,
                                  .provider = run->world.provider,
                                  .county = run->setup->county,
                                  .dice = &run->dice[OF_FAULTS],
                                  .until_ms = bad_until_ms,
                                  .tell = tell,
                                  .ctx = run};
    faults_draw(&run->faults, &run->school.habits, &run->people.habits);
    run->check.skew_max_ms = run->faults.skew_ms;
}

static struct run *run_new(const struct run_setup *setup, uint64_t seed)
{
    struct run *run = calloc(1, sizeof(*run));
    sw_assert(run != NULL);
    run->setup = setup;
    for (size_t subject = 0; subject < SUBJECTS; subject++) {
        dice_init(&run->dice[subject], seed, subject);
    }
    run->start_ms = RUN_START_MS + dice_between(&run->dice[OF_START], 0, 300) * (int64_t)DAY_MS;
    arena_init(&run->arena, RUN_ARENA_BYTES);
    run->agenda = agenda_new(run->start_ms);
    ledger_init(&run->ledger);
    check_init(&run->check, &run->world, &run->ledger);
    begin_world(run);
    return run;
}

/* How much was said where. */
static void tell_logs(const struct run *run)
{
    for (size_t topic = 0; run->setup->tells && topic < TOPIC_COUNT; topic++) {
        int64_t records = 0;
        int64_t bytes = 0;
        for (int32_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
            const struct broker_record *record;
            for (int64_t at = 0; (record = broker_read(run->world.broker, (enum topic)topic,
                                                       partition, at)) != NULL;
                 at++) {
                records++;
                bytes += (int64_t)(record->record.key.len + record->record.value.len);
            }
        }
        printf("%8" PRId64 " records, %10" PRId64 " bytes in %s\n", records, bytes,
               topic_rows[topic].suffix);
    }
}

static void run_free(struct run *run)
{
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_crash(&run->machines[group][slot]);
        }
    }
    provider_free(run->world.provider);
    store_free(run->world.store);
    broker_free(run->world.broker);
    check_fini(&run->check);
    ledger_fini(&run->ledger);
    agenda_free(run->agenda);
    arena_fini(&run->arena);
    free(run);
}

static void go(struct run *run, int64_t until_ms)
{
    while (!run->check.has_found && agenda_step(run->agenda, until_ms)) {
    }
}

static void count(struct run *run, struct run_result *ret_result)
{
    *ret_result = (struct run_result){
        .has_failed = run->check.has_found,
        .at_ms = run->check.found_ms - run->start_ms,
        .entries = agenda_count(run->agenda),
        .steps = run->world.steps,
        .events = run->school.count,
        .commands = (unsigned)run->people.command_count,
        .cases = (unsigned)run->ledger.cases.count,
        .notices = (unsigned)run->ledger.notices.count,
        .sends = run->check.sends,
        .faults = run->faults.count,
    };
    memcpy(ret_result->finding, run->check.text, sizeof(ret_result->finding));
    for (const struct ledger_case *entry = run->ledger.first_case; entry != NULL;
         entry = entry->next) {
        struct casefile file;
        ledger_read_case(&run->ledger, entry, &file);
        ret_result->closed += file.state == CASE_CLOSED || file.state == CASE_STOOD_DOWN;
    }
}

void run_seed(const struct run_setup *setup, uint64_t seed, struct run_result *ret_result)
{
    struct run *run = run_new(setup, seed);
    int64_t bad_until_ms = run->start_ms + setup->days * DAY_MS * 2 / 3;
    int64_t end_ms = run->start_ms + setup->days * DAY_MS;
    begin_actors(run, bad_until_ms);
    county_write(setup->county, run->world.broker);
    for (size_t school = 0; school < COUNTY_SCHOOLS; school++) {
        county_write_roster(run->world.broker, school, 0, run->start_ms);
    }
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            machine_start(&run->machines[group][slot]);
        }
    }
    school_open(&run->school);
    faults_begin(&run->faults);
    people_look_after(&run->people);
    go(run, bad_until_ms);
    if (!run->check.has_found) {
        faults_heal(&run->faults);
        people_calm_down(&run->people);
        go(run, end_ms);
    }
    if (!run->check.has_found) {
        check_end(&run->check);
    }
    tell_logs(run);
    count(run, ret_result);
    run_free(run);
}
