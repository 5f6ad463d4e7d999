/* Who may write what, and how fast: bearer tokens of the directory, one bucket of events per token. */
#ifndef INTAKE_GATE_H
#define INTAKE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "wire/fault.h"

struct gate;

enum { GATE_TOKENS_MAX = 65536 }; /* buckets; when reached, all are filled anew */

/* Each token may send `per_second` events on average and `burst` at once. ERR_MEMORY. */
SW_NODISCARD int gate_new(int64_t per_second, int64_t burst, struct gate **ret_gate);
/* NULL is fine. */
void gate_free(struct gate *gate);

/* Takes `events` out of the token's bucket at `monotonic_ms`. False: it is empty, nothing was taken, and the sender may
 * come again after `ret_wait_ms`. More events than the burst cost the whole burst. */
bool gate_take(struct gate *gate, const struct org_token *token, size_t events,
               int64_t monotonic_ms, int64_t *ret_wait_ms);

/* The same for what can wait: true only while half of the bucket stays for what cannot. At most half the burst at once. */
bool gate_take_spare(struct gate *gate, const struct org_token *token, size_t events,
                     int64_t monotonic_ms, int64_t *ret_wait_ms);

/* What an event says of itself. */
struct gate_claim {
    struct str unit;
    struct str source;
    enum event_family family;
    struct str kind;
};

/* REJECT_NONE when the token may write this at `utc_ms`, else why not. */
enum reject_reason gate_allows(const struct org *org, const struct org_token *token,
                               const struct gate_claim *claim, int64_t utc_ms);

#endif
