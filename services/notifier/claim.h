/* Claims in Redis: who has begun to send a notice, and whether a provider has taken it. A guard against sending twice, not
 * a truth: losing it stops nothing urgent. Internal to the notifier.
 *
 *     <prefix>:notice:<id> = "sending <slot> <boot>" | "accepted <message id>", until a day after the notice's deadline */
#ifndef NOTIFIER_CLAIM_H
#define NOTIFIER_CLAIM_H

#include "notifier/flight.h"

/* False: Redis takes no commands now, and `done` is never called. Else it is called once, later; the flight must live until
 * then. */
bool claim_begin(struct flight *flight, claim_done_fn done);

/* Writes what became of a claimed flight: accepted; free again after a clear no; as it is when nobody knows. */
void claim_end(const struct flight *flight);

#endif
