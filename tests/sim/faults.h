/* What goes wrong, and how often: each seed draws its own mixture, so that rare things meet now and then. */
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/county.h"
#include "sim/dice.h"
#include "sim/machine.h"
#include "sim/people.h"
#include "sim/provider.h"
#include "sim/school.h"

enum fault_kind {
    FAULT_CRASH,
    FAULT_OUTAGE, /* both processes of a service, for hours */
    FAULT_DRAIN,
    FAULT_STOP,
    FAULT_CUT,
    FAULT_CLOCK,
    FAULT_REDIS,
    FAULT_ABORTS,
    FAULT_SLOW,
    FAULT_PROVIDER,
    FAULT_ROSTER,
    FAULT_PERSON,
    FAULT_PACK,
    FAULT_KINDS,
};

struct faults {
    struct machine_world *world;
    struct provider *provider;
    struct county *county;
    struct dice *dice;
    unsigned weight[FAULT_KINDS];
    int64_t gap_ms;   /* between faults, on average */
    int64_t skew_ms;  /* clocks go wrong by so much, at most */
    int64_t until_ms; /* no more of it after */
    bool is_over;
    size_t pack;                     /* the active one */
    bool is_missing[COUNTY_SCHOOLS]; /* the class teacher's record */
    unsigned count;
    void (*tell)(void *ctx, const char *what);
    void *ctx;
};

/* Draws the mixture of the seed, for the faults, the schools and the people. */
void faults_draw(struct faults *faults, struct school_habits *ret_school,
                 struct people_habits *ret_people);

void faults_begin(struct faults *faults);

/* Everything works again: all are up, clocks are right, the provider is quick and honest. */
void faults_heal(struct faults *faults);

#endif
