/* What must hold. Every record is looked at when it is appended, every send when the provider hears it, everything once more at
 * the end; the first finding ends the run.
 *
 *     nothing lost       each incident has a signal, each signal and command its line of the journal, each notice an end
 *     nothing repeated   ids of signals and notices, commands applied, sends but for the stated window
 *     none early         steps, breaches, calls beyond a number's quota
 *     none late          once all is well: lines and urgent sends within a second or two
 *     bearable           after an outage one word for each case and person
 *     none covered       by an acknowledgement, a cancel, an expiry
 *     none to those      in conflict, their household and numbers, or held
 *     always next        an open case has a next deadline; at the end each obligation has one final state
 *     the same again     the journal's chain holds and tells the state of each case; the changelog restores it */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/casework/policy.h"
#include "sim/county.h"
#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/provider.h"
#include "wire/journal.h"

enum { CHECK_TEXT_BYTES = 400, CHECK_UNITS = COUNTY_SCHOOLS + 1 };

struct check {
    struct machine_world *world;
    struct ledger *ledger;
    const struct policy_set *policies;
    struct arena arena;
    struct arena scratch;
    int64_t skew_max_ms;      /* of any clock of the run */
    int64_t healed_ms;        /* since then all is well; INT64_MAX: not yet */
    int64_t store_emptied_ms; /* Redis lost what it held, the last time; 0: never */
    struct map events;        /* incidents by id -> struct check_event */
    struct map signals;       /* -> struct check_signal */
    struct map commands;      /* -> struct check_command */
    struct map acks;          /* case, person, role -> struct check_ack */
    struct map conflicts;     /* case, person -> struct check_ack */
    struct map duties;        /* case, episode, obligation -> struct check_duty */
    struct map lives;         /* case -> struct check_life */
    struct map calls;         /* number -> struct check_calls */
    struct map words;         /* late ones: case, person, instant -> struct check_word */
    struct journal_place places[CHECK_UNITS];
    uint64_t answered[CHECK_UNITS]; /* commands */
    bool has_found;
    char text[CHECK_TEXT_BYTES];
    int64_t found_ms;
    unsigned sends;
    unsigned repeated; /* sends inside the stated window */
};

void check_init(struct check *check, struct machine_world *world, struct ledger *ledger,
                const struct policy_set *policies);
void check_fini(struct check *check);

/* A finding; the first one counts. */
__attribute__((format(printf, 2, 3))) void check_fail(struct check *check, const char *format, ...);

/* A record that was appended, after the ledger took it. */
void check_record(struct check *check, const struct broker_record *record);

/* struct provider_calls. */
void check_send(struct check *check, const struct provider_sent *sent);

/* Whatever process owns a partition and waits for nothing has in memory what the changelog has. Now and then. */
void check_restores(struct check *check);

/* After the healing. */
void check_end(struct check *check);

#endif
