/* A process of a service: its life, its clock, its network, and the turns of its loop. What the services call of io/ is played by
 * fakes of the same names (fake_*.c) which find the process here.
 *
 * A machine is up or down. While it is up it may be
 *     stopped   as by SIGSTOP: no turn, no answer, no heartbeat; it goes on where it was
 *     cut       from the brokers only: it works on, and nothing that it says there is heard
 * Both, when longer than the session, cost it its partitions, of which it hears when it is back: until then it is a zombie. */
#ifndef TESTS_SIM_MACHINE_H
#define TESTS_SIM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "io/config.h"
#include "io/service.h"
#include "sim/agenda.h"
#include "sim/broker.h"
#include "sim/dice.h"

enum { MACHINE_SESSION_MS = 6000, MACHINE_SLOTS = 2, MACHINE_TIMERS_MAX = 4 };

struct machine;
struct provider;
struct store;
struct http_call;
struct http_request;

/* What all machines of a run share; outlives them. */
struct machine_world {
    struct agenda *agenda;
    struct broker *broker;
    struct dice *dice;
    struct provider *provider;
    struct store *store; /* of Redis */
    struct arena *arena; /* of the run: what is freed with it */
    struct machine *machines[BROKER_GROUPS][MACHINE_SLOTS];
    const struct config *config[BROKER_GROUPS][MACHINE_SLOTS];
    unsigned abort_per_mille;                   /* transactions that the brokers abort */
    int64_t latency_ms;                         /* of a hop, at most */
    void (*failed)(void *ctx, const char *why); /* a service ended itself: always a finding */
    void *ctx;
    uint64_t steps; /* of all parts */
};

/* A timer of the loop that a service made. */
struct loop_timer {
    struct machine *machine;
    loop_fn fire;
    void *ctx;
    int64_t due_ms; /* monotonic; INT64_MAX: not armed */
};

struct loop {
    struct machine *machine;
    struct loop_timer *timers[MACHINE_TIMERS_MAX];
};

struct service {
    struct machine *machine;
    struct metrics *metrics;
};

struct machine {
    struct machine_world *world;
    enum broker_group group;
    int slot;
    const struct service_definition *definition;
    bool is_up;
    bool is_ending;           /* between crash and the last free: what it still says is not heard */
    uint64_t life;            /* entries of the agenda carry it */
    int64_t skew_ms;          /* its clock: true time + skew */
    int64_t stopped_until_ms; /* 0: runs */
    int64_t cut_until_ms;     /* 0: not cut */
    bool is_in_contact;       /* with the group coordinator, as far as it knows */
    int64_t contact_ms;       /* the last time for certain, when not in contact */
    bool is_member;           /* of the group, as the coordinator sees it */
    bool is_draining;
    bool is_drained;
    int64_t planned_ms; /* the earliest turn in the agenda; INT64_MAX: none */
    struct service service;
    struct loop loop;
    void *state;
    struct stream *stream;
    struct http_server *server;
    struct http_call *calls;
    struct redis *redis;
    unsigned redis_asked; /* commands whose answer is still to come */
};

void machine_init(struct machine *machine, struct machine_world *world, enum broker_group group,
                  int slot);

/* From down to up. It joins its group within the second. */
void machine_start(struct machine *machine);

/* kill -9: what was not committed is gone. Nothing when it is down. */
void machine_crash(struct machine *machine);

/* SIGTERM: it drains, then it is down. */
void machine_drain(struct machine *machine);

void machine_stop(struct machine *machine, int64_t for_ms);
void machine_cut(struct machine *machine, int64_t for_ms);

/* Its clock is set. */
void machine_set_skew(struct machine *machine, int64_t skew_ms);

/* A turn of its loop at that true time at the latest. */
void machine_wake(struct machine *machine, int64_t at_ms);

/* Whether it runs now: up and not stopped. */
bool machine_runs(const struct machine *machine);

/* Whether it waits for an answer of the provider or of Redis. */
bool machine_is_asking(const struct machine *machine);

/* Whose code runs now; set around every call into a service. Answers the one before. */
struct machine *machine_enter(struct machine *machine);
void machine_leave(struct machine *before);

/* The time for an answer that reaches the machine: now, or when it goes on. */
int64_t machine_hears_at(const struct machine *machine);

/* A hop's time. */
int64_t machine_hop_ms(struct machine_world *world);

#endif
