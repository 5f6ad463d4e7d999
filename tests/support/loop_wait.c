#include "support/loop_wait.h"

enum { TURN_MS = 20 };

bool loop_wait(struct loop *loop, loop_wait_fn condition, void *ctx, int64_t bound_ms)
{
    int64_t end_ms = loop_monotonic_ms() + bound_ms;
    while (!condition(ctx)) {
        if (loop_monotonic_ms() > end_ms) {
            return false;
        }
        loop_turn(loop, TURN_MS);
    }
    return true;
}

struct wanted_count {
    const unsigned *count;
    unsigned wanted;
};

static bool is_reached(void *ctx)
{
    const struct wanted_count *wanted = ctx;
    return *wanted->count >= wanted->wanted;
}

bool loop_wait_count(struct loop *loop, const unsigned *count, unsigned wanted, int64_t bound_ms)
{
    struct wanted_count ctx = {count, wanted};
    return loop_wait(loop, is_reached, &ctx, bound_ms);
}

void loop_turn_for(struct loop *loop, int64_t for_ms)
{
    int64_t end_ms = loop_monotonic_ms() + for_ms;
    while (loop_monotonic_ms() < end_ms) {
        loop_turn(loop, end_ms - loop_monotonic_ms());
    }
}
