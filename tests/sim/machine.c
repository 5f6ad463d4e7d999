#include "sim/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/fakes.h"
#include "sim/shell.h"

enum { JOIN_MAX_MS = 1000, BACK_MAX_MS = 700 };

/* The services find their clock through it: loop_utc_ms has no argument. */
static struct machine *running;

struct machine *machine_enter(struct machine *machine)
{
    struct machine *before = running;
    running = machine;
    return before;
}

void machine_leave(struct machine *before)
{
    running = before;
}

int64_t loop_utc_ms(void)
{
    sw_assert(running != NULL);
    return agenda_now(running->world->agenda) + running->skew_ms;
}

int64_t loop_monotonic_ms(void)
{
    sw_assert(running != NULL);
    return agenda_now(running->world->agenda);
}

int64_t loop_monotonic_us(void)
{
    return running == NULL ? 0 : 1000 * loop_monotonic_ms();
}

int64_t loop_boottime_ms(void)
{
    return loop_monotonic_ms();
}

/* Seeds of tables and names of claims: of the run, not of the computer (linked by --wrap). */
void __wrap_seal_random(void *ret_bytes, size_t len);
void __wrap_seal_random(void *ret_bytes, size_t len)
{
    static struct dice outside; /* keys, which nothing depends on */
    struct dice *dice = running != NULL ? running->world->dice : &outside;
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)ret_bytes)[i] = (uint8_t)dice_below(dice, 256);
    }
}

int64_t machine_hop_ms(struct machine_world *world)
{
    return dice_between(world->dice, 1, world->latency_ms);
}

bool machine_runs(const struct machine *machine)
{
    return machine->is_up && machine->stopped_until_ms == 0;
}

bool machine_is_asking(const struct machine *machine)
{
    return machine->calls != NULL || machine->redis_asked > 0;
}

int64_t machine_hears_at(const struct machine *machine)
{
    int64_t now_ms = agenda_now(machine->world->agenda);
    return machine->stopped_until_ms > now_ms ? machine->stopped_until_ms : now_ms;
}

void machine_init(struct machine *machine, struct machine_world *world, enum broker_group group,
                  int slot)
{
    static const struct service_definition *const definitions[BROKER_GROUPS] = {
        [BROKER_TRIAGE] = &triage_definition,
        [BROKER_ESCALATOR] = &escalator_definition,
        [BROKER_NOTIFIER] = &notifier_definition,
    };
    *machine = (struct machine){.world = world,
                                .group = group,
                                .slot = slot,
                                .definition = definitions[group],
                                .planned_ms = INT64_MAX};
    world->machines[group][slot] = machine;
}

/* --- the group --------------------------------------------------------------------------------------------------------- */

static void contact(void *ctx, uint64_t mark);

static void hear_soon(struct machine *machine)
{
    struct machine_world *world = machine->world;
    agenda_add(world->agenda, agenda_now(world->agenda) + machine_hop_ms(world), contact, machine,
               machine->life);
}

/* Assignor range: the members take the partitions in turns; who keeps one hears of the change, too. */
static void rebalance(struct machine_world *world, enum broker_group group)
{
    struct machine *members[MACHINE_SLOTS];
    int count = 0;
    for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
        if (world->machines[group][slot]->is_member) {
            members[count++] = world->machines[group][slot];
        }
    }
    for (int32_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
        int slot = count == 0 ? BROKER_NOBODY : members[partition % count]->slot;
        if (broker_owner_of(world->broker, group, partition).slot != slot) {
            broker_give(world->broker, group, partition, slot);
        }
    }
    for (int i = 0; i < count; i++) {
        hear_soon(members[i]);
    }
}

/* A member that was not heard for the length of its session is none any more. */
static void expire(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    int64_t now_ms = agenda_now(machine->world->agenda);
    (void)mark;
    if (machine->is_member && !machine->is_in_contact &&
        now_ms - machine->contact_ms >= MACHINE_SESSION_MS) {
        machine->is_member = false;
        rebalance(machine->world, machine->group);
    }
}

static void lose_contact(struct machine *machine)
{
    struct agenda *agenda = machine->world->agenda;
    if (machine->is_in_contact) {
        machine->is_in_contact = false;
        machine->contact_ms = agenda_now(agenda);
    }
    agenda_add(agenda, machine->contact_ms + MACHINE_SESSION_MS, expire, machine, 0);
}

/* The coordinator and the process hear of each other (again). */
static void contact(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    if (!machine_runs(machine) || machine->life != mark || machine->cut_until_ms > 0 ||
        machine->stream == NULL) {
        return;
    }
    machine->is_in_contact = true;
    if (!machine->is_member) {
        machine->is_member = true;
        rebalance(machine->world, machine->group);
    }
    struct machine *before = machine_enter(machine);
    shell_sync(machine->stream);
    machine_leave(before);
    machine_wake(machine, agenda_now(machine->world->agenda));
}

/* A new life of a static member fences what the old one left. */
static void join(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    struct broker *broker = machine->world->broker;
    if (!machine->is_up || machine->life != mark) {
        return;
    }
    for (int32_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
        if (broker_owner_of(broker, machine->group, partition).slot == machine->slot) {
            broker_give(broker, machine->group, partition, machine->slot);
        }
    }
    contact(machine, mark);
}

/* --- turns ------------------------------------------------------------------------------------------------------------- */

static void fire_timers(struct machine *machine)
{
    for (size_t i = 0; i < MACHINE_TIMERS_MAX; i++) {
        struct loop_timer *timer = machine->loop.timers[i];
        if (timer != NULL && timer->due_ms <= agenda_now(machine->world->agenda)) {
            timer->due_ms = INT64_MAX;
            timer->fire(timer->ctx);
        }
    }
}

/* The loop's own timers only look after things; they come along with other turns, but for a drain. */
static void plan(struct machine *machine)
{
    int64_t next_ms = shell_next_ms(machine->stream);
    for (size_t i = 0; i < MACHINE_TIMERS_MAX && machine->is_draining; i++) {
        const struct loop_timer *timer = machine->loop.timers[i];
        next_ms = timer != NULL && timer->due_ms < next_ms ? timer->due_ms : next_ms;
    }
    if (next_ms != INT64_MAX) {
        machine_wake(machine, next_ms);
    }
}

static void end(struct machine *machine);

static void turn(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    if (machine->life != mark || !machine->is_up ||
        machine->planned_ms > agenda_now(machine->world->agenda)) {
        return;
    }
    machine->planned_ms = INT64_MAX;
    if (machine->stopped_until_ms > 0) {
        machine_wake(machine, machine->stopped_until_ms);
        return;
    }
    struct machine *before = machine_enter(machine);
    fire_timers(machine);
    shell_turn(machine->stream);
    machine_leave(before);
    if (machine->is_drained) {
        end(machine);
        return;
    }
    before = machine_enter(machine);
    plan(machine);
    machine_leave(before);
}

void machine_wake(struct machine *machine, int64_t at_ms)
{
    if (!machine->is_up || at_ms >= machine->planned_ms) {
        return;
    }
    machine->planned_ms = at_ms;
    agenda_add(machine->world->agenda, at_ms, turn, machine, machine->life);
}

/* --- up and down ------------------------------------------------------------------------------------------------------- */

void machine_start(struct machine *machine)
{
    struct machine_world *world = machine->world;
    sw_assert(!machine->is_up);
    machine->life++;
    machine->is_up = true;
    machine->is_draining = false;
    machine->is_drained = false;
    machine->planned_ms = INT64_MAX;
    machine->loop = (struct loop){.machine = machine};
    machine->service = (struct service){.machine = machine};
    sw_assert(metrics_new(&machine->service.metrics) == 0);
    struct machine *before = machine_enter(machine);
    sw_assert(machine->definition->start(&machine->service, &machine->state) == 0);
    machine_leave(before);
    agenda_add(world->agenda,
               agenda_now(world->agenda) + dice_between(world->dice, 50, JOIN_MAX_MS), join,
               machine, machine->life);
}

static void end(struct machine *machine)
{
    struct machine *before = machine_enter(machine);
    machine->is_ending = true;
    machine->definition->stop(machine->state);
    metrics_free(machine->service.metrics);
    machine->is_ending = false;
    machine_leave(before);
    machine->is_up = false;
    machine->life++;
    machine->state = NULL;
    machine->stream = NULL;
    machine->stopped_until_ms = 0;
    machine->cut_until_ms = 0;
    lose_contact(machine);
}

void machine_crash(struct machine *machine)
{
    if (machine->is_up) {
        end(machine);
    }
}

void machine_drain(struct machine *machine)
{
    if (!machine_runs(machine) || machine->is_draining) {
        return;
    }
    machine->is_draining = true;
    struct machine *before = machine_enter(machine);
    machine->definition->drain(machine->state);
    machine_leave(before);
    machine_wake(machine, agenda_now(machine->world->agenda) + 1);
}

/* It goes on: at first as if nothing had been; a while later it hears what became of it. */
static void go_on(void *ctx, uint64_t mark)
{
    struct machine *machine = ctx;
    struct agenda *agenda = machine->world->agenda;
    int64_t now_ms = agenda_now(agenda);
    if (machine->life != mark || !machine->is_up) {
        return;
    }
    if (machine->stopped_until_ms > 0 && machine->stopped_until_ms <= now_ms) {
        machine->stopped_until_ms = 0;
    }
    if (machine->cut_until_ms > 0 && machine->cut_until_ms <= now_ms) {
        machine->cut_until_ms = 0;
    }
    machine_wake(machine, now_ms);
    agenda_add(agenda, now_ms + dice_between(machine->world->dice, 1, BACK_MAX_MS), contact,
               machine, machine->life);
}

static void be_away(struct machine *machine, int64_t *until_ms, int64_t for_ms)
{
    struct agenda *agenda = machine->world->agenda;
    int64_t back_ms = agenda_now(agenda) + for_ms;
    if (!machine->is_up) {
        return;
    }
    *until_ms = back_ms > *until_ms ? back_ms : *until_ms;
    lose_contact(machine);
    agenda_add(agenda, *until_ms, go_on, machine, machine->life);
}

void machine_stop(struct machine *machine, int64_t for_ms)
{
    be_away(machine, &machine->stopped_until_ms, for_ms);
}

void machine_cut(struct machine *machine, int64_t for_ms)
{
    be_away(machine, &machine->cut_until_ms, for_ms);
}

void machine_set_skew(struct machine *machine, int64_t skew_ms)
{
    machine->skew_ms = skew_ms;
    machine_wake(machine, agenda_now(machine->world->agenda));
}
