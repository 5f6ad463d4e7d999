/* What must hold. Every record is looked at when it is appended, every send when the provider hears it, everything once more at
 * the end; the first finding ends the run. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/provider.h"

enum { CHECK_TEXT_BYTES = 400 };

struct check {
    struct machine_world *world;
    struct ledger *ledger;
    int64_t skew_max_ms; /* of any clock of the run */
    bool has_found;
    char text[CHECK_TEXT_BYTES];
    int64_t found_ms;
    unsigned sends;
};

void check_init(struct check *check, struct machine_world *world, struct ledger *ledger);
void check_fini(struct check *check);

/* A finding; the first one counts. */
__attribute__((format(printf, 2, 3))) void check_fail(struct check *check, const char *format, ...);

/* Before the ledger takes it. */
void check_record(struct check *check, const struct broker_record *record);

/* struct provider_calls. */
void check_send(struct check *check, const struct provider_sent *sent);

/* After the healing. */
void check_end(struct check *check);

#endif
