/* Callbacks of providers over HTTP: POST /v1/callbacks {ref, state, digits, at, message_id}. Any process may receive one: the
 * reference is checked, the callback goes to topic `callbacks`, placed by the unit inside the reference, and only then it is
 * answered 204. Internal to the notifier.
 *
 *     400 not such JSON, or no known state    403 the reference is not ours    410 it has expired
 *     503 Kafka does not take it now: call again */
#ifndef NOTIFIER_HOOK_H
#define NOTIFIER_HOOK_H

#include "notifier/notifier.h"

/* Adds the route to the server. ERR_FULL. */
SW_NODISCARD int hook_add_route(struct notifier *notifier);

/* Forgets callbacks that Kafka has not answered; the producer and the server are gone. */
void hook_free_all(struct notifier *notifier);

#endif
