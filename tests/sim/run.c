/* The actors of a seed on the stage. */
#include "sim/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/faults.h"
#include "sim/people.h"
#include "sim/school.h"
#include "sim/tell.h"

#define RUN_START_MS INT64_C(1756684800000) /* 2025-09-01 00:00 UTC */

enum { DAY_MS = 24 * 60 * 60 * 1000, LOOK_DAYS = 2 };

/* One stream of numbers for each; those before them are the stage's. */
enum subject { OF_START, OF_SCHOOL, OF_PEOPLE, OF_FAULTS, SUBJECTS };

struct run {
    const struct run_setup *setup;
    struct dice dice[SUBJECTS];
    struct stage stage;
    struct ledger ledger;
    struct check check;
    struct people people;
    struct school school;
    struct faults faults;
};

static int64_t since_start(const struct run *run)
{
    return agenda_now(run->stage.agenda) - run->stage.start_ms;
}

static void tell(void *ctx, const char *what)
{
    struct run *run = ctx;
    if (strcmp(what, "redis") == 0) {
        run->check.store_emptied_ms = agenda_now(run->stage.agenda); /* perhaps */
    }
    if (run->setup->tells) {
        tell_text(since_start(run), what);
    }
}

static void appended(void *ctx, const struct broker_record *record)
{
    struct run *run = ctx;
    if (run->setup->tells) {
        tell_record(since_start(run), record);
    }
    ledger_take(&run->ledger, record);
    check_record(&run->check, record);
}

static void failed(void *ctx, const char *why)
{
    struct run *run = ctx;
    check_fail(&run->check, "a service ended itself: %s", why);
}

static void heard(void *ctx, const struct provider_sent *sent)
{
    struct run *run = ctx;
    if (run->setup->tells) {
        tell_send(since_start(run), sent);
    }
    check_send(&run->check, sent);
}

static void rings(void *ctx, const struct provider_sent *sent)
{
    struct run *run = ctx;
    people_ring(&run->people, sent);
}

static void begin_actors(struct run *run, int64_t bad_until_ms, int64_t quiet_from_ms)
{
    struct machine_world *world = &run->stage.world;
    run->people = (struct people){.agenda = world->agenda,
                                  .broker = world->broker,
                                  .dice = &run->dice[OF_PEOPLE],
                                  .ledger = &run->ledger,
                                  .provider = world->provider,
                                  .arena = world->arena};
    run->school = (struct school){.agenda = world->agenda,
                                  .broker = world->broker,
                                  .dice = &run->dice[OF_SCHOOL],
                                  .arena = world->arena,
                                  .until_ms = quiet_from_ms};
    run->faults = (struct faults){.world = world,
                                  .provider = world->provider,
                                  .county = run->setup->stage->county,
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
    const struct stage_calls calls = {appended, heard, rings, failed, run};
    run->setup = setup;
    for (size_t subject = 0; subject < SUBJECTS; subject++) {
        dice_init(&run->dice[subject], seed, STAGE_DICE + subject);
    }
    ledger_init(&run->ledger);
    check_init(&run->check, &run->stage.world, &run->ledger, county_policies(setup->stage->county));
    stage_open(&run->stage, setup->stage, &calls, seed,
               RUN_START_MS + dice_between(&run->dice[OF_START], 0, 300) * (int64_t)DAY_MS);
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
            for (int64_t at = 0; (record = broker_read(run->stage.world.broker, (enum topic)topic,
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
    stage_close(&run->stage);
    check_fini(&run->check);
    ledger_fini(&run->ledger);
    free(run);
}

/* Now and then somebody looks whether it could all be restored. */
static void go(struct run *run, int64_t until_ms)
{
    while (!run->check.has_found && agenda_now(run->stage.agenda) < until_ms) {
        int64_t next_ms = agenda_now(run->stage.agenda) + LOOK_DAYS * DAY_MS;
        next_ms = next_ms < until_ms ? next_ms : until_ms;
        while (!run->check.has_found && agenda_step(run->stage.agenda, next_ms)) {
        }
        check_restores(&run->check);
    }
}

static void count(struct run *run, struct run_result *ret_result)
{
    *ret_result = (struct run_result){
        .has_failed = run->check.has_found,
        .at_ms = run->check.found_ms - run->stage.start_ms,
        .entries = agenda_count(run->stage.agenda),
        .steps = run->stage.world.steps,
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
        enum case_state state = entry->state->file.state;
        ret_result->closed += state == CASE_CLOSED || state == CASE_STOOD_DOWN;
    }
}

void run_seed(const struct run_setup *setup, uint64_t seed, struct run_result *ret_result)
{
    struct run *run = run_new(setup, seed);
    int64_t bad_until_ms = run->stage.start_ms + setup->days * DAY_MS * 2 / 3;
    int64_t end_ms = run->stage.start_ms + setup->days * DAY_MS;
    begin_actors(run, bad_until_ms, bad_until_ms + (end_ms - bad_until_ms) / 2);
    stage_start(&run->stage);
    school_open(&run->school);
    faults_begin(&run->faults);
    people_look_after(&run->people);
    go(run, bad_until_ms);
    if (!run->check.has_found) {
        faults_heal(&run->faults);
        run->check.healed_ms = agenda_now(run->stage.agenda);
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
