/* Those who are rung at: they answer at once, late or never, do their duties in time, too late or not at all, and press the wrong
 * buttons. They know what the provider brings them and what the newest state of a case says. */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/agenda.h"
#include "sim/broker.h"
#include "sim/dice.h"
#include "sim/ledger.h"
#include "sim/provider.h"

struct people_habits {
    unsigned answers;  /* per 1,000 rings that somebody answers */
    int64_t answer_ms; /* within, at most; most are far quicker */
    unsigned dutiful;  /* duties that are done */
    int64_t duty_ms;   /* within, at most */
    unsigned clumsy;   /* any other command instead */
    unsigned repeated; /* commands that come twice */
    int64_t look_ms;   /* between two looks at all open cases */
};

struct people {
    struct agenda *agenda;
    struct broker *broker;
    struct dice *dice;
    struct ledger *ledger;
    struct provider *provider;
    struct arena *arena; /* of the run */
    struct people_habits habits;
    uint64_t command_count;
};

/* struct provider_calls: somebody's telephone rings. */
void people_ring(struct people *people, const struct provider_sent *sent);

/* From now on somebody looks after every open case now and then: one duty of each is done. Keeps crises from ringing for weeks. */
void people_look_after(struct people *people);

/* From now on nobody does anything silly, and somebody looks every two hours. */
void people_calm_down(struct people *people);

#endif
