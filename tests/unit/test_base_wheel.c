/* The timing wheel against a plain table of deadlines. */
#include "support/runner.h"

#include <stdlib.h>

#include "base/wheel.h"

#define START_MS INT64_C(1764000000000)

enum { IDS = 500, DAY_MS = 24 * 60 * 60 * 1000 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What is due by `now_ms` in the table, earliest first; takes it out. */
static size_t expected_due(int64_t table[IDS], int64_t now_ms, struct wheel_due *ret_due)
{
    size_t count = 0;
    for (;;) {
        uint32_t best = IDS;
        for (uint32_t id = 0; id < IDS; id++) {
            if (table[id] <= now_ms && (best == IDS || table[id] < table[best])) {
                best = id;
            }
        }
        if (best == IDS) {
            return count;
        }
        ret_due[count++] = (struct wheel_due){table[best], best};
        table[best] = WHEEL_NEVER;
    }
}

static void expect_expire(struct wheel *wheel, int64_t table[IDS], int64_t now_ms)
{
    struct wheel_due expected[IDS];
    struct wheel_due due[IDS];
    size_t count = expected_due(table, now_ms, expected);
    size_t got = 0;
    for (size_t more = 1; more > 0; got += more) {
        more = wheel_expire(wheel, now_ms, due + got, got + 7 < IDS ? 7 : IDS - got);
    }
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(due[i].id, expected[i].id);
        assert_int_equal(due[i].deadline_ms, expected[i].deadline_ms);
    }
}

static void expect_next(struct wheel *wheel, const int64_t table[IDS])
{
    int64_t earliest_ms = WHEEL_NEVER;
    for (size_t id = 0; id < IDS; id++) {
        earliest_ms = table[id] < earliest_ms ? table[id] : earliest_ms;
    }
    if (earliest_ms == WHEEL_NEVER) {
        assert_int_equal(wheel_next_deadline(wheel), WHEEL_NEVER);
    }
    assert_true(wheel_next_deadline(wheel) <= earliest_ms);
}

static void test_wheel_agrees_with_a_sorted_list(void **state)
{
    static const int64_t reach_ms[] = {
        3, 300, 70000, 5 * 3600 * 1000, INT64_C(60) * DAY_MS, INT64_C(20000) * DAY_MS};
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15);
        int64_t now_ms = START_MS + (int64_t)(next_random(&random) % 100000);
        struct wheel *wheel = wheel_new(now_ms, 16, IDS);
        int64_t table[IDS];
        for (size_t id = 0; id < IDS; id++) {
            table[id] = WHEEL_NEVER;
        }
        for (int turn = 0; turn < 4000; turn++) {
            uint32_t id = (uint32_t)(next_random(&random) % IDS);
            int64_t reach = reach_ms[next_random(&random) % 6];
            int64_t in_ms = (int64_t)(next_random(&random) % (uint64_t)reach);
            switch (next_random(&random) % 8) {
            case 0:
                now_ms += in_ms / 8;
                expect_expire(wheel, table, now_ms);
                break;
            case 1:
                wheel_cancel(wheel, id);
                table[id] = WHEEL_NEVER;
                break;
            case 2:
                in_ms = -in_ms; /* overdue already when it is set */
                __attribute__((fallthrough));
            default:
                assert_int_equal(wheel_set(wheel, id, now_ms + in_ms), 0);
                table[id] = now_ms + in_ms;
                break;
            }
            expect_next(wheel, table);
        }
        wheel_free(wheel);
    }
}

static void test_wheel_knows_a_far_deadline_behind_a_cancelled_due_one(void **state)
{
    (void)state;
    const int64_t far_ms = INT64_C(1) << 42; /* in another span than START_MS */
    struct wheel *wheel = wheel_new(START_MS, 4, 4);
    assert_non_null(wheel);
    assert_int_equal(wheel_set(wheel, 0, START_MS - 1), 0);
    assert_int_equal(wheel_set(wheel, 1, far_ms), 0);
    assert_int_equal(wheel_next_deadline(wheel), START_MS - 1);
    wheel_cancel(wheel, 0);
    assert_int_equal(wheel_next_deadline(wheel), far_ms);
    wheel_free(wheel);
}

static void test_wheel_fires_nothing_when_the_clock_goes_back(void **state)
{
    struct wheel_due due[4];
    struct wheel *wheel = wheel_new(START_MS, 4, 4);
    (void)state;
    assert_int_equal(wheel_set(wheel, 0, START_MS + 1000), 0);
    assert_int_equal(wheel_expire(wheel, START_MS + 500, due, 4), 0);
    assert_int_equal(wheel_expire(wheel, START_MS - 3600000, due, 4), 0);
    assert_int_equal(wheel_set(wheel, 1, START_MS + 200),
                     0); /* behind the wheel, ahead of the clock */
    assert_int_equal(wheel_expire(wheel, START_MS + 100, due, 4), 0);
    assert_int_equal(wheel_expire(wheel, START_MS + 999, due, 4), 1);
    assert_int_equal(due[0].id, 1);
    assert_int_equal(wheel_expire(wheel, START_MS + 1000, due, 4), 1);
    assert_int_equal(due[0].id, 0);
    assert_int_equal(wheel_count(wheel), 0);
    wheel_free(wheel);
}

/* A clock that was set an hour ahead by mistake and then right again, as when somebody takes summer time for UTC: what fired
 * meanwhile does not fire again, and what is due later waits for its true instant. */
static void test_wheel_fires_once_when_the_clock_is_set_ahead_and_back(void **state)
{
    enum { HOUR_MS = 3600000 };
    struct wheel_due due[4];
    struct wheel *wheel = wheel_new(START_MS, 4, 4);
    (void)state;
    assert_int_equal(wheel_set(wheel, 0, START_MS + HOUR_MS / 2), 0);
    assert_int_equal(wheel_set(wheel, 1, START_MS + 2 * HOUR_MS), 0);
    assert_int_equal(wheel_expire(wheel, START_MS + HOUR_MS, due, 4), 1);
    assert_int_equal(wheel_expire(wheel, START_MS + HOUR_MS / 2, due, 4), 0);
    assert_int_equal(wheel_expire(wheel, START_MS + 2 * HOUR_MS - 1, due, 4), 0);
    assert_int_equal(wheel_next_deadline(wheel), START_MS + 2 * HOUR_MS);
    assert_int_equal(wheel_expire(wheel, START_MS + 2 * HOUR_MS, due, 4), 1);
    assert_int_equal(due[0].id, 1);
    wheel_free(wheel);
}

/* The machine slept over a holiday: no tick came in between, and all that is overdue comes at once, the oldest first. */
static void test_wheel_wakes_from_a_long_sleep_in_order(void **state)
{
    enum { TIMERS = 1000 };
    struct wheel_due due[TIMERS];
    struct wheel *wheel = wheel_new(START_MS, TIMERS, TIMERS);
    (void)state;
    for (uint32_t id = 0; id < TIMERS; id++) {
        int64_t in_ms = (int64_t)((id * 7919u) % TIMERS) * (DAY_MS / 100) + 1;
        assert_int_equal(wheel_set(wheel, id, START_MS + in_ms), 0);
    }
    assert_int_equal(wheel_expire(wheel, START_MS + INT64_C(10) * DAY_MS, due, TIMERS), TIMERS);
    for (size_t i = 1; i < TIMERS; i++) {
        assert_true(due[i].deadline_ms > due[i - 1].deadline_ms);
    }
    assert_int_equal(wheel_count(wheel), 0);
    wheel_free(wheel);
}

static void test_wheel_jumps_forward_in_order(void **state)
{
    struct wheel_due due[4];
    struct wheel *wheel = wheel_new(START_MS, 4, 4);
    (void)state;
    assert_int_equal(wheel_set(wheel, 2, START_MS + INT64_C(400) * DAY_MS), 0);
    assert_int_equal(wheel_set(wheel, 0, START_MS + INT64_C(30000) * DAY_MS), 0);
    assert_int_equal(wheel_set(wheel, 1, START_MS + 1), 0);
    assert_int_equal(wheel_next_deadline(wheel), START_MS + 1);
    assert_int_equal(wheel_expire(wheel, START_MS + INT64_C(40000) * DAY_MS, due, 4), 3);
    assert_int_equal(due[0].id, 1);
    assert_int_equal(due[1].id, 2);
    assert_int_equal(due[2].id, 0);
    wheel_free(wheel);
}

static void test_wheel_stays_below_64_bytes_a_timer(void **state)
{
    enum { TIMERS = 200000 };
    uint64_t random = 42;
    struct wheel *wheel = wheel_new(START_MS, TIMERS, TIMERS);
    (void)state;
    for (int turn = 0; turn < 10; turn++) { /* moved ten times each: what is stale is swept */
        for (uint32_t id = 0; id < TIMERS; id++) {
            int64_t in_ms = 1 + (int64_t)(next_random(&random) % (3 * DAY_MS));
            assert_int_equal(wheel_set(wheel, id, START_MS + in_ms), 0);
        }
    }
    assert_int_equal(wheel_count(wheel), TIMERS);
    assert_true(wheel_memory_bytes(wheel) <= 64 * TIMERS);
    struct wheel_due due[256]; /* and the sweep took no live one with it */
    size_t fired = 0;
    for (size_t count = 256; count > 0; fired += count) {
        count = wheel_expire(wheel, START_MS + 4 * DAY_MS, due, 256);
        for (size_t i = 1; i < count; i++) {
            assert_true(due[i].deadline_ms >= due[i - 1].deadline_ms);
        }
    }
    assert_int_equal(fired, TIMERS);
    wheel_free(wheel);
}

static void test_wheel_is_bounded(void **state)
{
    struct wheel *wheel = wheel_new(START_MS, 1, 2);
    (void)state;
    assert_int_equal(wheel_set(wheel, 1, START_MS + 5), 0);
    assert_int_equal(wheel_set(wheel, 2, START_MS + 5), ERR_FULL);
    assert_int_equal(wheel_deadline(wheel, 1), START_MS + 5);
    assert_int_equal(wheel_deadline(wheel, 2), WHEEL_NEVER);
    wheel_free(wheel);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wheel_agrees_with_a_sorted_list),
        cmocka_unit_test(test_wheel_knows_a_far_deadline_behind_a_cancelled_due_one),
        cmocka_unit_test(test_wheel_fires_nothing_when_the_clock_goes_back),
        cmocka_unit_test(test_wheel_fires_once_when_the_clock_is_set_ahead_and_back),
        cmocka_unit_test(test_wheel_wakes_from_a_long_sleep_in_order),
        cmocka_unit_test(test_wheel_jumps_forward_in_order),
        cmocka_unit_test(test_wheel_stays_below_64_bytes_a_timer),
        cmocka_unit_test(test_wheel_is_bounded),
    };
    return RUN_TESTS(argc, argv, tests);
}
