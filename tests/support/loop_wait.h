/* Bounded waiting on a condition while a loop turns: no sleeps in tests. */
#ifndef TESTS_SUPPORT_LOOP_WAIT_H
#define TESTS_SUPPORT_LOOP_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"

typedef bool (*loop_wait_fn)(void *ctx);

/* Turns the loop until the condition holds, at most `bound_ms`; answers whether it does. */
bool loop_wait(struct loop *loop, loop_wait_fn condition, void *ctx, int64_t bound_ms);

/* Turns the loop until *count is at least `wanted`. */
bool loop_wait_count(struct loop *loop, const unsigned *count, unsigned wanted, int64_t bound_ms);

/* Turns the loop for `for_ms`: only to show that something does not happen. */
void loop_turn_for(struct loop *loop, int64_t for_ms);

#endif
