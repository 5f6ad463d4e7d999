/* A CloudEvent as its sender writes it -> an event to be judged here and now: nothing is sealed, and nothing is kept. For
 * tools that try rules (a pack's examples, files of a replay), with the same reading and the same checks as intake's. */
#ifndef WIRE_EVENT_OPEN_H
#define WIRE_EVENT_OPEN_H

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "wire/cloudevents.h"
#include "wire/fault.h"

/* Who is known, and how bodies are told apart. */
struct event_opening {
    const struct org *org; /* a party it has not is unresolved; NULL: everybody is known */
    ident_hash_fn hash;
};

/* The event with its answers open and every other personal value left out. A sender's own identifier is looked for by the digits of
 * its hash, as the organisation's digest; where nobody has it, it stands as the opaque id.
 * Everything lies in `arena`. `now_ms` fills the times that were not given. ERR_INVALID as event_read;
 * ERR_MEMORY. */
SW_NODISCARD int event_open(const struct cloudevent *source, int64_t now_ms,
                            const struct event_opening *opening, struct arena *arena,
                            struct fault *ret_fault, struct event *ret_event);

#endif
