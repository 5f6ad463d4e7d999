/* Records of topic rejects: what could not be taken, with its place; the bytes go in sealed. */
#ifndef WIRE_REJECT_H
#define WIRE_REJECT_H

#include <stdint.h>

#include <shouwang/v1/reject.pb-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "wire/fault.h"

enum { REJECT_BODY_MAX_BYTES = 32 * 1024 }; /* of the bytes kept; longer ones are cut */

/* Where it came from. All borrowed. */
struct reject_origin {
    const char *service; /* "sw-triage" */
    struct str topic;    /* "http" for what came over HTTP */
    int32_t partition;
    int64_t offset;
    struct str source; /* ce_source and id as given; left out when they are not clean text */
    struct str event_id;
    struct str unit; /* where known and clean, else empty */
    int64_t at_ms;
};

/* Seals content under the unit's erasure key: 0 or ERR_*. `unit` may be empty: the service's own key. */
typedef int (*reject_seal_fn)(void *ctx, struct str unit, struct str clear, struct arena *arena,
                              Shouwang__V1__Sealed **ret_sealed);

/* The record, in `arena`, its texts borrowed from `origin` and `fault`. When the body cannot be sealed (no key) the
 * record goes without it. ERR_MEMORY. */
SW_NODISCARD int reject_make(const struct reject_origin *origin, const struct fault *fault,
                             struct str body, reject_seal_fn seal, void *ctx, struct arena *arena,
                             Shouwang__V1__Reject **ret_reject);

#endif
