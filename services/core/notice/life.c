#include "core/notice/life.h"

#include "base/assert.h"

enum {
    BIT_ENDS = 1 << CASE_DELIVERY_FAILED | 1 << CASE_DELIVERY_REFUSED | 1 << CASE_DELIVERY_ACKED
};

/* For each state, the states it may become. A provider's words may come in any order but never take one back. */
static const unsigned successors[CASE_DELIVERY_UNKNOWN + 1] = {
    [CASE_DELIVERY_NONE] = 1 << CASE_DELIVERY_QUEUED,
    [CASE_DELIVERY_QUEUED] = BIT_ENDS | 1 << CASE_DELIVERY_ACCEPTED | 1 << CASE_DELIVERY_DELIVERED |
                             1 << CASE_DELIVERY_REACHED | 1 << CASE_DELIVERY_THROTTLED |
                             1 << CASE_DELIVERY_CANCELLED | 1 << CASE_DELIVERY_EXPIRED |
                             1 << CASE_DELIVERY_UNKNOWN,
    [CASE_DELIVERY_ACCEPTED] = BIT_ENDS | 1 << CASE_DELIVERY_DELIVERED | 1 << CASE_DELIVERY_REACHED,
    [CASE_DELIVERY_DELIVERED] = BIT_ENDS | 1 << CASE_DELIVERY_REACHED,
    [CASE_DELIVERY_REACHED] = 1 << CASE_DELIVERY_ACKED | 1 << CASE_DELIVERY_REFUSED,
};

bool notice_may_become(enum case_delivery from, enum case_delivery to)
{
    sw_assert(from <= CASE_DELIVERY_UNKNOWN && to <= CASE_DELIVERY_UNKNOWN);
    return (successors[from] >> to & 1) != 0;
}

bool notice_is_end(enum case_delivery state)
{
    sw_assert(state <= CASE_DELIVERY_UNKNOWN);
    return successors[state] == 0;
}

void notice_transition(struct notice_life *life, enum case_delivery to)
{
    sw_assert(notice_may_become(life->state, to));
    life->state = to;
}

static int64_t backoff_ms(uint32_t attempt, int64_t max_ms)
{
    int64_t wait_ms = NOTICE_RETRY_FIRST_MS;
    for (uint32_t i = 1; i < attempt && wait_ms < max_ms; i++) {
        wait_ms *= 2;
    }
    return wait_ms < max_ms ? wait_ms : max_ms;
}

/* A wait that outlasts the notice ends it now, so that whoever waits for it knows. */
static void wait_or_end(struct notice_life *life, int64_t next_ms, enum case_delivery end)
{
    if (next_ms >= life->expires_ms) {
        notice_transition(life, end);
    } else {
        life->next_ms = next_ms;
    }
}

void notice_apply_answer(struct notice_life *life, const struct notice_answer *answer,
                         int64_t now_ms)
{
    sw_assert(life->state == CASE_DELIVERY_QUEUED);
    int64_t wait_ms = backoff_ms(life->attempt, answer->is_urgent ? NOTICE_RETRY_URGENT_MAX_MS
                                                                  : NOTICE_RETRY_MAX_MS);
    if (answer->retry_after_ms > wait_ms) {
        wait_ms = answer->retry_after_ms < NOTICE_RETRY_AFTER_MAX_MS ? answer->retry_after_ms
                                                                     : NOTICE_RETRY_AFTER_MAX_MS;
    }
    switch (answer->kind) {
    case NOTICE_ANSWER_TAKEN:
        notice_transition(life, CASE_DELIVERY_ACCEPTED);
        break;
    case NOTICE_ANSWER_LATER:
        wait_or_end(life, now_ms + wait_ms, CASE_DELIVERY_FAILED);
        break;
    case NOTICE_ANSWER_THROTTLED:
        wait_or_end(life, now_ms + wait_ms, CASE_DELIVERY_THROTTLED);
        break;
    case NOTICE_ANSWER_NEVER:
        notice_transition(life, CASE_DELIVERY_FAILED);
        break;
    case NOTICE_ANSWER_STOPPED:
        notice_transition(life, CASE_DELIVERY_CANCELLED);
        break;
    case NOTICE_ANSWER_SILENT:
        if (answer->is_urgent) {
            wait_or_end(life, now_ms + wait_ms, CASE_DELIVERY_UNKNOWN);
        } else {
            notice_transition(life, CASE_DELIVERY_UNKNOWN);
        }
        break;
    }
}

enum case_delivery notice_word(struct str state, struct str digits)
{
    if (digits.len > 0) {
        return str_is(digits, "1")   ? CASE_DELIVERY_ACKED
               : str_is(digits, "2") ? CASE_DELIVERY_REFUSED
                                     : CASE_DELIVERY_REACHED;
    }
    if (str_is(state, "acked") || str_is(state, "reached")) {
        return CASE_DELIVERY_REACHED;
    }
    if (str_is(state, "delivered")) {
        return CASE_DELIVERY_DELIVERED;
    }
    if (str_is(state, "refused")) {
        return CASE_DELIVERY_REFUSED;
    }
    return str_is(state, "failed") ? CASE_DELIVERY_FAILED : CASE_DELIVERY_NONE;
}
