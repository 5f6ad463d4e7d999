/* What happens at the schools: incidents, concerns, absences and rolls, said late, twice, or out of order. */
#ifndef TESTS_SIM_SCHOOL_H
#define TESTS_SIM_SCHOOL_H

#include <stdint.h>

#include "base/arena.h"
#include "sim/agenda.h"
#include "sim/broker.h"
#include "sim/dice.h"

struct school_habits {
    int64_t gap_ms;    /* between happenings, on average */
    unsigned repeated; /* per 1,000: sent again, minutes or days later */
    unsigned fear;     /* somebody is named whom the pupil fears */
    unsigned serious;  /* of kinds that ring at once */
    unsigned crowd;    /* so many absent that it may be a fault */
};

struct school {
    struct agenda *agenda;
    struct broker *broker;
    struct dice *dice;
    struct arena *arena; /* of the run */
    struct school_habits habits;
    int64_t until_ms; /* nothing happens after it */
    unsigned count;   /* events so far, repeats not counted */
};

/* Something happens now and then, until `until_ms`. */
void school_open(struct school *school);

#endif
