/* When notices that may wait are told: at the pack's digest times on the unit's wall clock, each time as one message to a
 * person over a channel; and never in quiet hours. Pure: time is given. */
#ifndef CORE_NOTICE_DIGEST_H
#define CORE_NOTICE_DIGEST_H

#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "core/casework/policy.h"
#include "core/roster/zone.h"

/* The first digest time behind `now_ms`; `now_ms` itself, or the end of the quiet hours it lies in, when the plan has no
 * times. */
int64_t digest_next_ms(const struct policy_digest *plan, const struct zone *zone, int64_t now_ms);

/* `at_ms`, or the end of the quiet hours that it lies in. */
int64_t digest_wake_ms(const struct policy_digest *plan, const struct zone *zone, int64_t at_ms);

/* When a notice that may wait is told: the digest time at which it goes with others, or `now_ms` where it does not wait: a plan
 * without times, a channel that carries no digest, a notice that would be over by then. */
int64_t digest_slot_ms(const struct policy_digest *plan, const struct zone *zone,
                       enum case_channel channel, int64_t now_ms, int64_t expires_ms);

/* What one digest is for. */
struct digest_slot {
    struct str unit;
    struct str person;
    enum case_channel channel;
    int64_t slot_ms; /* its digest time: the date and slot of it */
    uint32_t part;   /* 0; 1, 2 … for what one message cannot list */
};

/* The id of its notice. */
struct ident digest_id(const struct digest_slot *slot, ident_hash_fn hash);

#endif
