/* A hierarchical timing wheel: many deadlines, cheap to set and to move, yielded in order. Not thread-safe.
 *
 * Five levels of 256 slots, of 1 ms, 256 ms, 65.5 s, 4.7 h and 49.7 days; what lies in another 34-year span waits in a
 * list of its own. A slot is an array of {id, deadline}; moving or cancelling a timer leaves its old entry
 * behind, which is dropped when its slot is reached, or by a sweep that goes on by a few entries with each timer moved while a
 * third of them are stale: no call ever takes long because of it. One timer per id, ids are
 * small numbers chosen by the caller (an index into its own table).
 *
 * The wheel knows no clock: wheel_expire says how far time has come. Time that goes back is ignored: a deadline is
 * absolute, so nothing fires early or twice. */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define WHEEL_NEVER INT64_MAX

struct wheel;

struct wheel_due {
    int64_t deadline_ms;
    uint32_t id;
};

/* A wheel standing at `now_ms`, with room for `capacity` ids (0 .. capacity - 1) taken and touched at once, growing by
 * doubling up to `max`. NULL when memory is out. */
struct wheel *wheel_new(int64_t now_ms, size_t capacity, size_t max);
void wheel_free(struct wheel *wheel);

/* Sets or moves the timer of `id`; WHEEL_NEVER cancels it. A deadline at or before the wheel's time is due at the next
 * expire. ERR_FULL: id >= max; ERR_MEMORY: nothing changed. */
SW_NODISCARD int wheel_set(struct wheel *wheel, uint32_t id, int64_t deadline_ms);

void wheel_cancel(struct wheel *wheel, uint32_t id);

/* A hint that the timer of `id` will be set or asked for soon: it comes from memory meanwhile. */
void wheel_prefetch(const struct wheel *wheel, uint32_t id);

/* The deadline of `id`, or WHEEL_NEVER. */
int64_t wheel_deadline(const struct wheel *wheel, uint32_t id);

/* When to call wheel_expire next, or WHEEL_NEVER: the earliest live deadline, or, where that lies in a crowded slot,
 * the start of the slot, never later. Expiring then yields nothing or brings the answer closer. Cheap while it does
 * not change. */
int64_t wheel_next_deadline(struct wheel *wheel);

/* Moves to `now_ms` and takes out, into `ret_due`, at most `max` timers due by then, sorted by deadline, then id.
 * Returns how many; when it is `max`, more may be due: call again. A failure of memory inside loses nothing: what could
 * not be moved stays due. */
size_t wheel_expire(struct wheel *wheel, int64_t now_ms, struct wheel_due *ret_due, size_t max);

size_t wheel_count(const struct wheel *wheel); /* live timers */
size_t wheel_memory_bytes(const struct wheel *wheel);

#endif
