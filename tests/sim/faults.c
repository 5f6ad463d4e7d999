#include "sim/faults.h"

#include <stdio.h>

#include "base/assert.h"
#include "sim/fakes.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS
};

static int64_t now(const struct faults *faults)
{
    return agenda_now(faults->world->agenda);
}

static struct machine *any_machine(struct faults *faults)
{
    return faults->world->machines[dice_below(faults->dice, BROKER_GROUPS)]
                                  [dice_below(faults->dice, MACHINE_SLOTS)];
}

void faults_draw(struct faults *faults, struct school_habits *ret_school,
                 struct people_habits *ret_people)
{
    struct dice *dice = faults->dice;
    for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
        faults->weight[kind] = dice_chance(dice, 500) ? (unsigned)dice_spread(dice, 1, 100) : 0;
    }
    faults->weight[FAULT_PACK] /= 8; /* each makes the directory longer */
    faults->gap_ms = dice_spread(dice, 2 * (int64_t)DAY_MS, 40 * (int64_t)DAY_MS);
    faults->skew_ms = dice_chance(dice, 150)   ? HOUR_MS
                      : dice_chance(dice, 500) ? 2 * SECOND_MS
                                               : 50;
    *ret_school = (struct school_habits){
        .gap_ms = dice_spread(dice, 2 * (int64_t)DAY_MS, 12 * (int64_t)DAY_MS),
        .repeated = (unsigned)dice_below(dice, 300),
        .fear = (unsigned)dice_below(dice, 300),
        .serious = (unsigned)dice_between(dice, 50, 500),
        .crowd = (unsigned)dice_below(dice, 200),
    };
    *ret_people = (struct people_habits){
        .answers = (unsigned)dice_between(dice, 100, 950),
        .answer_ms = dice_spread(dice, 20 * SECOND_MS, 6 * (int64_t)HOUR_MS),
        .dutiful = (unsigned)dice_between(dice, 100, 900),
        .duty_ms = dice_spread(dice, 5 * MINUTE_MS, 12 * (int64_t)HOUR_MS),
        .look_ms = dice_spread(dice, HOUR_MS, 10 * (int64_t)HOUR_MS),
        .clumsy = (unsigned)dice_below(dice, 400),
        .repeated = (unsigned)dice_below(dice, 200),
    };
}

/* --- each of them ------------------------------------------------------------------------------------------------------ */

static void start_again(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    if (!machine->is_up && machine->life == mark) {
        machine_start(machine);
    }
}

static void restart_after(struct faults *faults, struct machine *machine, int64_t after_ms)
{
    agenda_add(faults->world->agenda, now(faults) + after_ms, start_again, machine, machine->life);
}

static void crash(struct faults *faults, struct machine *machine, int64_t after_ms)
{
    machine_crash(machine);
    restart_after(faults, machine, after_ms);
}

static void break_down(struct faults *faults)
{
    size_t group = dice_below(faults->dice, BROKER_GROUPS);
    int64_t for_ms = dice_spread(faults->dice, 10 * SECOND_MS, 30 * (int64_t)HOUR_MS);
    for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
        crash(faults, faults->world->machines[group][slot],
              for_ms + dice_between(faults->dice, 0, MINUTE_MS));
    }
}

static void drained(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    (void)mark;
    if (machine->is_up && machine->is_draining) {
        machine_crash(machine); /* drain.timeout */
    }
    if (!machine->is_up) {
        machine_start(machine);
    }
}

static void drain(struct faults *faults, struct machine *machine)
{
    enum { TIMEOUT_MS = 30 * SECOND_MS };
    machine_drain(machine);
    agenda_add(faults->world->agenda, now(faults) + TIMEOUT_MS, drained, machine, 0);
}

static int64_t away_ms(struct faults *faults)
{
    return dice_chance(faults->dice, 100)
               ? dice_spread(faults->dice, MINUTE_MS, 10 * (int64_t)HOUR_MS)
               : dice_spread(faults->dice, 50, 30 * SECOND_MS);
}

static void store_back(void *ctx, uint64_t mark)
{
    struct faults *faults = ctx;
    (void)mark;
    store_set_away(faults->world->store, false, false, faults->world);
}

static void lose_store(struct faults *faults)
{
    store_set_away(faults->world->store, true, dice_chance(faults->dice, 300), faults->world);
    agenda_add(faults->world->agenda, now(faults) + away_ms(faults), store_back, faults, 0);
}

static void behave(struct faults *faults)
{
    struct dice *dice = faults->dice;
    const struct provider_habits habits = {
        .busy = (unsigned)dice_below(dice, 300),
        .throttled = (unsigned)dice_below(dice, 200),
        .refused = (unsigned)dice_below(dice, 30),
        .silent = (unsigned)dice_below(dice, 200),
        .deaf = (unsigned)dice_below(dice, 200),
        .lying = (unsigned)dice_below(dice, 200),
        .dead_line = (unsigned)dice_below(dice, 200),
        .forgetful = (unsigned)dice_below(dice, 500),
        .failed = (unsigned)dice_below(dice, 200),
        .twice = (unsigned)dice_below(dice, 300),
        .no_word = (unsigned)dice_below(dice, 300),
        .quick_ms = 1,
        .slow_ms = dice_spread(dice, 2, 30 * SECOND_MS),
        .word_ms = dice_spread(dice, 2, 30 * SECOND_MS),
        .bring_ms = dice_spread(dice, 100, 10 * MINUTE_MS),
    };
    provider_set_habits(faults->provider, &habits);
}

static void leave(struct faults *faults)
{
    size_t school = dice_below(faults->dice, COUNTY_SCHOOLS);
    faults->is_missing[school] = !faults->is_missing[school];
    county_write_person(faults->county, faults->world->broker, school, "teacher",
                        !faults->is_missing[school]);
}

static void set_clock(struct faults *faults, struct machine *machine)
{
    machine_set_skew(machine, dice_between(faults->dice, -faults->skew_ms, faults->skew_ms));
}

static void go_wrong(struct faults *faults, enum fault_kind kind)
{
    struct machine_world *world = faults->world;
    struct dice *dice = faults->dice;
    switch (kind) {
    case FAULT_CRASH:
        crash(faults, any_machine(faults), dice_spread(dice, 200, 5 * MINUTE_MS));
        break;
    case FAULT_OUTAGE:
        break_down(faults);
        break;
    case FAULT_DRAIN:
        drain(faults, any_machine(faults));
        break;
    case FAULT_STOP:
        machine_stop(any_machine(faults), away_ms(faults));
        break;
    case FAULT_CUT:
        machine_cut(any_machine(faults), away_ms(faults));
        break;
    case FAULT_CLOCK:
        set_clock(faults, any_machine(faults));
        break;
    case FAULT_REDIS:
        lose_store(faults);
        break;
    case FAULT_ABORTS:
        world->abort_per_mille = world->abort_per_mille > 0 ? 0 : (unsigned)dice_below(dice, 500);
        break;
    case FAULT_SLOW:
        world->latency_ms = dice_spread(dice, 2, 2 * SECOND_MS);
        broker_set_delay(world->broker, dice_spread(dice, 2, 5 * SECOND_MS));
        break;
    case FAULT_PROVIDER:
        behave(faults);
        break;
    case FAULT_ROSTER:
        county_write_roster(world->broker, dice_below(dice, COUNTY_SCHOOLS), faults->count,
                            now(faults));
        break;
    case FAULT_PERSON:
        leave(faults);
        break;
    case FAULT_PACK:
        faults->pack = 1 - faults->pack;
        county_activate(faults->county, world->broker, faults->pack, now(faults));
        break;
    case FAULT_KINDS:
        break;
    }
}

static enum fault_kind draw_kind(struct faults *faults)
{
    uint64_t total = 0;
    for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
        total += faults->weight[kind];
    }
    if (total == 0) {
        return FAULT_KINDS;
    }
    uint64_t at = dice_below(faults->dice, total);
    for (size_t kind = 0;; kind++) {
        if (at < faults->weight[kind]) {
            return (enum fault_kind)kind;
        }
        at -= faults->weight[kind];
    }
}

static const char *const names[FAULT_KINDS + 1] = {
    "crash",  "outage", "drain",    "stop",   "cut",    "clock", "redis",
    "aborts", "slow",   "provider", "roster", "person", "pack",  "nothing"};

static void go_on(void *ctx, uint64_t mark)
{
    struct faults *faults = ctx;
    (void)mark;
    if (faults->is_over || now(faults) >= faults->until_ms) {
        return;
    }
    /* Troubles come in company. */
    for (unsigned more = 1 + (unsigned)dice_below(faults->dice, 3); more > 0; more--) {
        enum fault_kind kind = draw_kind(faults);
        faults->count++;
        faults->tell(faults->ctx, names[kind]);
        go_wrong(faults, kind);
    }
    agenda_add(faults->world->agenda,
               now(faults) + dice_spread(faults->dice, 100, 2 * faults->gap_ms), go_on, faults, 0);
}

void faults_begin(struct faults *faults)
{
    agenda_add(faults->world->agenda,
               now(faults) + dice_between(faults->dice, 0, 2 * faults->gap_ms), go_on, faults, 0);
}

void faults_heal(struct faults *faults)
{
    const struct provider_habits honest = {
        .quick_ms = 1, .slow_ms = 50, .word_ms = 50, .bring_ms = 3000};
    struct machine_world *world = faults->world;
    faults->is_over = true;
    faults->tell(faults->ctx, "heal");
    world->abort_per_mille = 0;
    world->latency_ms = 10;
    broker_set_delay(world->broker, 10);
    provider_set_habits(faults->provider, &honest);
    store_set_away(world->store, false, false, world);
    for (size_t school = 0; school < COUNTY_SCHOOLS; school++) {
        county_write_person(faults->county, world->broker, school, "teacher", true);
    }
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            struct machine *machine = world->machines[group][slot];
            machine_set_skew(machine, 0);
            if (!machine->is_up) {
                machine_start(machine);
            }
        }
    }
}
