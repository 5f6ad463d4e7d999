/* A record that a step cannot take: to the topic rejects, with its place and reason, its bytes sealed under the unit's key
 * where the service holds keys. */
#ifndef SHELL_REJECTION_H
#define SHELL_REJECTION_H

#include "io/keyring.h"
#include "io/stream.h"
#include "wire/fault.h"
#include "wire/reject.h"

/* All borrowed. */
struct rejection {
    const struct kafka_record *record;
    const struct fault *fault;
    struct reject_origin origin; /* its unit may be empty: not known, or not clean */
    const char *source;          /* "/shouwang/triage" */
    struct vault
        vault; /* no keyring: the record goes without its bytes, and its place finds them in the topic */
};

/* ERR_MEMORY. */
SW_NODISCARD int rejection_emit(const struct rejection *rejection, struct arena *arena,
                                struct stream_effects *effects);

#endif
