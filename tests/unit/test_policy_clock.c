/* Clocks that pause, over both changes of summer time: the same local time, none early. The dates are those of Berlin in 2026. */
#include "core/casework/policy.h"
#include "support/runner.h"

enum { HOUR_MS = 3600 * 1000 };

static const struct zone_offset BERLIN_OFFSETS[] = {
    {INT64_C(1761440400000), 3600},
    {INT64_C(1774746000000), 7200}, /* Sunday 2026-03-29 01:00 UTC */
    {INT64_C(1792890000000), 3600}, /* Sunday 2026-10-25 01:00 UTC */
};
static const struct zone BERLIN = {BERLIN_OFFSETS, 3};

static int64_t at_local(uint32_t month, uint32_t day, int64_t hour)
{
    return zone_from_local(&BERLIN, zone_day_of(2026, month, day), hour * HOUR_MS);
}

static void assert_end(enum policy_clock clock, int64_t anchor_ms, int64_t hours, int64_t end_ms)
{
    struct policy_set set;
    policy_set_defaults(&set);
    assert_int_equal(policy_clock_end(&set, &BERLIN, clock, anchor_ms, hours * HOUR_MS), end_ms);
}

static void test_policy_clock_keeps_the_local_time_over_a_weekend_of_23_hours(void **state)
{
    (void)state;
    assert_end(POLICY_CLOCK_SCHOOL_DAYS, at_local(3, 27, 10), 24, at_local(3, 30, 10));
    assert_end(POLICY_CLOCK_WORKING_HOURS, at_local(3, 27, 16), 2, at_local(3, 30, 9));
    assert_end(POLICY_CLOCK_ALWAYS, at_local(3, 28, 10), 24, at_local(3, 29, 11));
}

static void test_policy_clock_keeps_the_local_time_over_a_weekend_of_25_hours(void **state)
{
    (void)state;
    assert_end(POLICY_CLOCK_SCHOOL_DAYS, at_local(10, 23, 10), 24, at_local(10, 26, 10));
    assert_end(POLICY_CLOCK_WORKING_HOURS, at_local(10, 23, 16), 2, at_local(10, 26, 9));
    assert_end(POLICY_CLOCK_ALWAYS, at_local(10, 24, 10), 24, at_local(10, 25, 9));
}

static void test_policy_clock_is_not_early_from_the_hour_that_comes_twice(void **state)
{
    (void)state;
    static const struct calendar sundays = {.weekdays = 1u << 7};
    struct policy_set set;
    int64_t second_ms = BERLIN_OFFSETS[2].from_ms + HOUR_MS / 2; /* 02:30, for the second time */
    policy_set_defaults(&set);
    set.calendar = sundays;
    assert_int_equal(policy_clock_end(&set, &BERLIN, POLICY_CLOCK_SCHOOL_DAYS, second_ms, HOUR_MS),
                     second_ms + HOUR_MS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_clock_keeps_the_local_time_over_a_weekend_of_23_hours),
        cmocka_unit_test(test_policy_clock_keeps_the_local_time_over_a_weekend_of_25_hours),
        cmocka_unit_test(test_policy_clock_is_not_early_from_the_hour_that_comes_twice),
    };
    return RUN_TESTS(argc, argv, tests);
}
