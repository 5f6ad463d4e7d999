/* When what may wait is told, under virtual time: digest times, quiet hours, clock changes, ids. */
#include "core/notice/digest.h"
#include "support/runner.h"

enum { MINUTE = 60 * 1000 };

static const int64_t HOUR = 60 * MINUTE;
static const int64_t DAY = 24 * 60 * MINUTE;

/* 07:00, 12:30, 16:30; quiet from 21:00 to 06:30. */
static const struct policy_digest plan = {
    .at_minute = {420, 750, 990}, .count = 3, .quiet_from_minute = 1260, .quiet_to_minute = 390};
static const struct zone china = {NULL, 0};

/* An instant of Tuesday, 24 November 2026, or `days` behind it, in China. */
static int64_t at(int64_t days, int64_t hour, int64_t minute)
{
    return (zone_day_of(2026, 11, 24) + days) * DAY + (hour - 8) * HOUR + minute * MINUTE;
}

static void test_digest_next_is_the_first_time_behind_now(void **state)
{
    (void)state;
    static const int64_t cases[][4] = {
        /* now: hour, minute; then: hour of the same day + 24 for the next, minute */
        {0, 0, 7, 0},     {6, 59, 7, 0},   {7, 0, 12, 30},  {12, 29, 12, 30},
        {12, 31, 16, 30}, {16, 30, 31, 0}, {23, 59, 31, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(digest_next_ms(&plan, &china, at(0, cases[i][0], cases[i][1])),
                         at(0, cases[i][2], cases[i][3]));
    }
}

/* Minute by minute through three days: never early, never quiet, never further than the longest gap. */
static void test_digest_never_falls_into_quiet_hours(void **state)
{
    (void)state;
    for (int64_t now_ms = at(0, 0, 0); now_ms < at(3, 0, 0); now_ms += MINUTE) {
        int64_t next_ms = digest_next_ms(&plan, &china, now_ms);
        assert_true(next_ms > now_ms);
        assert_true(next_ms - now_ms <= 14 * HOUR + 30 * MINUTE);
        assert_int_equal(digest_wake_ms(&plan, &china, next_ms), next_ms);
        int64_t wake_ms = digest_wake_ms(&plan, &china, now_ms);
        int64_t minute = (now_ms - at(0, 0, 0)) / MINUTE % (24 * 60);
        bool is_quiet = minute >= 1260 || minute < 390;
        assert_int_equal(wake_ms > now_ms, is_quiet);
        assert_int_equal(digest_wake_ms(&plan, &china, wake_ms), wake_ms);
    }
    assert_int_equal(digest_wake_ms(&plan, &china, at(0, 21, 0)), at(1, 6, 30));
    assert_int_equal(digest_wake_ms(&plan, &china, at(0, 6, 29)), at(0, 6, 30));
}

static void test_digest_without_times_waits_for_the_end_of_quiet_hours(void **state)
{
    (void)state;
    const struct policy_digest quiet = {.quiet_from_minute = 1320, .quiet_to_minute = 360};
    const struct policy_digest none = {.count = 0};
    assert_int_equal(digest_next_ms(&quiet, &china, at(0, 12, 0)), at(0, 12, 0));
    assert_int_equal(digest_next_ms(&quiet, &china, at(0, 22, 0)), at(1, 6, 0));
    assert_int_equal(digest_next_ms(&none, &china, at(0, 3, 0)), at(0, 3, 0));
    const struct policy_digest noon = {.quiet_from_minute = 720, .quiet_to_minute = 780};
    assert_int_equal(digest_next_ms(&noon, &china, at(0, 12, 30)), at(0, 13, 0));
    assert_int_equal(digest_next_ms(&noon, &china, at(0, 13, 0)), at(0, 13, 0));
}

/* Central European time around 29 March 2026, 01:00 UTC, when its clocks skip an hour. */
static void test_digest_times_are_the_wall_clocks(void **state)
{
    (void)state;
    const int64_t change_ms = zone_day_of(2026, 3, 29) * DAY + HOUR;
    const struct zone_offset offsets[] = {{0, 3600}, {change_ms, 7200}};
    const struct zone europe = {offsets, 2};
    int64_t evening_ms = zone_day_of(2026, 3, 28) * DAY + 20 * HOUR; /* 21:00 there */
    /* 07:00 in summer time is 05:00 UTC. */
    assert_int_equal(digest_next_ms(&plan, &europe, evening_ms),
                     zone_day_of(2026, 3, 29) * DAY + 5 * HOUR);
    assert_int_equal(digest_wake_ms(&plan, &europe, evening_ms),
                     zone_day_of(2026, 3, 29) * DAY + 4 * HOUR + 30 * MINUTE);
    const struct policy_digest skipped = {.at_minute = {150}, .count = 1}; /* 02:30 is not */
    int64_t next_ms = digest_next_ms(&skipped, &europe, evening_ms);
    assert_true(next_ms > evening_ms && next_ms <= change_ms + HOUR);
}

/* The night of 25 October 2026, when 02:00 to 03:00 comes twice: from 00:00 UTC and from 01:00 UTC. */
static void test_digest_of_the_hour_that_comes_twice_comes_once(void **state)
{
    (void)state;
    const int64_t change_ms = zone_day_of(2026, 10, 25) * DAY + HOUR;
    const struct zone_offset offsets[] = {{0, 7200}, {change_ms, 3600}};
    const struct zone europe = {offsets, 2};
    const struct policy_digest twice = {.at_minute = {150}, .count = 1}; /* 02:30 */
    int64_t evening_ms = change_ms - 6 * HOUR;
    int64_t first_ms = digest_next_ms(&twice, &europe, evening_ms);
    int64_t second_ms = digest_next_ms(&twice, &europe, first_ms);
    assert_true(first_ms == change_ms - 30 * MINUTE || first_ms == change_ms + 30 * MINUTE);
    assert_true(second_ms >= zone_day_of(2026, 10, 26) * DAY);
    /* Quiet hours end by the wall: 06:00 is 05:00 UTC then, nine hours of quiet. */
    const struct policy_digest quiet = {.quiet_from_minute = 1320, .quiet_to_minute = 360};
    int64_t morning_ms = zone_day_of(2026, 10, 25) * DAY + 5 * HOUR;
    assert_int_equal(digest_next_ms(&quiet, &europe, change_ms - 30 * MINUTE), morning_ms);
    assert_int_equal(digest_next_ms(&quiet, &europe, change_ms + 30 * MINUTE), morning_ms);
    assert_int_equal(digest_next_ms(&quiet, &europe, morning_ms - 1), morning_ms);
    assert_int_equal(digest_next_ms(&quiet, &europe, morning_ms), morning_ms);
}

static void hash(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES])
{
    const uint8_t *at_byte = bytes;
    for (size_t i = 0; i < IDENT_BYTES; i++) {
        uint32_t sum = (uint32_t)i + 1;
        for (size_t k = 0; k < len; k++) {
            sum = sum * 31 + at_byte[k];
        }
        ret_hash[i] = (uint8_t)(sum >> 3);
    }
}

static void test_digest_id_is_of_person_channel_date_and_slot(void **state)
{
    (void)state;
    const struct digest_slot slot = {.unit = STR_LITERAL("s1"),
                                     .person = STR_LITERAL("p-1"),
                                     .channel = CASE_CHANNEL_WECOM,
                                     .slot_ms = at(0, 7, 0)};
    struct ident id = digest_id(&slot, hash);
    assert_true(ident_equal(id, digest_id(&slot, hash)));
    struct digest_slot others[5] = {slot, slot, slot, slot, slot};
    others[0].unit = STR_LITERAL("s2");
    others[1].person = STR_LITERAL("p-2");
    others[2].channel = CASE_CHANNEL_MAIL;
    others[3].slot_ms = at(1, 7, 0);
    others[4].part = 1;
    for (size_t i = 0; i < 5; i++) {
        assert_false(ident_equal(id, digest_id(&others[i], hash)));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_next_is_the_first_time_behind_now),
        cmocka_unit_test(test_digest_never_falls_into_quiet_hours),
        cmocka_unit_test(test_digest_without_times_waits_for_the_end_of_quiet_hours),
        cmocka_unit_test(test_digest_times_are_the_wall_clocks),
        cmocka_unit_test(test_digest_of_the_hour_that_comes_twice_comes_once),
        cmocka_unit_test(test_digest_id_is_of_person_channel_date_and_slot),
    };
    return RUN_TESTS(argc, argv, tests);
}
