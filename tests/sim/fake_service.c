/* io/service, io/loop and io/admin. */
#include <stdlib.h>

#include "base/assert.h"
#include "io/admin.h"
#include "io/loop.h"
#include "io/service.h"
#include "sim/machine.h"

struct loop *service_loop(struct service *service)
{
    return &service->machine->loop;
}

const struct config *service_config(const struct service *service)
{
    const struct machine *machine = service->machine;
    return machine->world->config[machine->group][machine->slot];
}

struct metrics *service_metrics(struct service *service)
{
    return service->metrics;
}

struct admin *service_admin(struct service *service)
{
    (void)service;
    return NULL;
}

void service_set_unready(struct service *service, const char *part, const char *reason)
{
    (void)service;
    (void)part;
    (void)reason;
}

void service_drained(struct service *service)
{
    service->machine->is_drained = true;
    machine_wake(service->machine, agenda_now(service->machine->world->agenda));
}

void service_fail(struct service *service, const char *why)
{
    struct machine_world *world = service->machine->world;
    world->failed(world->ctx, why);
}

int admin_add(struct admin *admin, const struct admin_show *rows, size_t count)
{
    (void)admin;
    (void)rows;
    (void)count;
    return 0;
}

int loop_timer_new(struct loop *loop, enum loop_clock clock, loop_fn fire, void *ctx,
                   struct loop_timer **ret_timer)
{
    sw_assert(clock == LOOP_MONOTONIC);
    for (size_t i = 0; i < MACHINE_TIMERS_MAX; i++) {
        if (loop->timers[i] == NULL) {
            struct loop_timer *timer = calloc(1, sizeof(*timer));
            sw_assert(timer != NULL);
            *timer = (struct loop_timer){loop->machine, fire, ctx, INT64_MAX};
            loop->timers[i] = timer;
            *ret_timer = timer;
            return 0;
        }
    }
    return ERR_FULL;
}

void loop_timer_after(struct loop_timer *timer, int64_t delay_ms)
{
    timer->due_ms = loop_monotonic_ms() + delay_ms;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL) {
        return;
    }
    struct loop *loop = &timer->machine->loop;
    for (size_t i = 0; i < MACHINE_TIMERS_MAX; i++) {
        loop->timers[i] = loop->timers[i] == timer ? NULL : loop->timers[i];
    }
    free(timer);
}
