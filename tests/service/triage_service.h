/* sw-triage as a process on a real broker, for its tests: a made-up school "no-3" and another one "no-8", which lie in two
 * partitions, a foreign producer "/gates" that may write for "no-3", and the reference pack. */
#ifndef TESTS_SERVICE_TRIAGE_SERVICE_H
#define TESTS_SERVICE_TRIAGE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/reject.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "core/org/org.h"
#include "core/rules/event.h"
#include "support/outside.h"

enum { RECORDS_MAX = 64 };

struct written {
    char value[8192];
    size_t len;
    char key[64];
    char type[96];
};

struct world {
    struct outside out;
    uint16_t admin_port;
    pid_t pid;
    struct written signals[RECORDS_MAX];
    unsigned signal_count;
    struct written rejects[RECORDS_MAX];
    unsigned reject_count;
};

struct draft {
    Shouwang__V1__Event event;
    Shouwang__V1__Party party;
    Shouwang__V1__Party *parties[1];
    Shouwang__V1__Incident incident;
    struct str padding; /* a header of the record */
    enum event_family family;
    Shouwang__V1__Attendance attendance;
};

struct plan {
    const struct pack_patch *patches;
    size_t patch_count;
    void (*prepare)(struct world *world); /* before the process starts; NULL: nothing */
};

/* A running, ready process; NULL: no plan. Ends all of it. */
struct world *triage_service_new(const struct plan *plan);
void triage_service_free(struct world *world);

/* Starts the process again after its end. */
void triage_service_spawn(struct world *world);
void triage_service_wait_ready(struct world *world);

/* An incident of that kind about pupil p-1, reported now; `unit` is "no-3" or "no-8". */
void triage_service_draft(struct draft *draft, const char *id, const char *unit, const char *kind);

/* Makes it an attendance event about that person. */
void triage_service_draft_absence(struct draft *draft, const char *person);

/* Writes the event; `as_intake` with the mark of our own intake, `placed_as` under the key and in the partition of that
 * unit. */
void triage_service_send(struct world *world, const struct draft *draft, bool as_intake,
                         const char *placed_as);

/* The n-th signal or reject that was written, from 0; waits for it. */
const Shouwang__V1__Signal *triage_service_signal(struct world *world, unsigned index);
const Shouwang__V1__Reject *triage_service_reject(struct world *world, unsigned index);

/* The value of a series of /metrics, 0 when there is none. */
long triage_service_metric(struct world *world, const char *series);

#endif
