/* Entities of triage <-> records of its changelog. */
#ifndef WIRE_TRIAGE_STATE_H
#define WIRE_TRIAGE_STATE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/rules/triage.h"

/* The bytes of an entity that is there (asserted), in `arena`. ERR_MEMORY. */
SW_NODISCARD int triage_state_encode(const struct triage_state *state, struct arena *arena,
                                     struct str *ret_value);

/* The entity of a key; `value` NULL: it is not there. Arrays lie in `arena`. ERR_INVALID: not a key or a value of
 * ours; ERR_MEMORY. */
SW_NODISCARD int triage_state_decode(struct str key, const struct str *value, struct arena *arena,
                                     struct triage_state *ret_state);

#endif
