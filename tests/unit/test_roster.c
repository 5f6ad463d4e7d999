#include "core/roster/roster.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static const struct zone CHINA = {NULL, 0};

/* Berlin about 2026, as the offsets of a real zone: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC. */
static const struct zone_offset BERLIN_OFFSETS[] = {
    {1761440400000, 3600},
    {1774746000000, 7200},
    {1792890000000, 3600},
};
static const struct zone BERLIN = {BERLIN_OFFSETS, 3};

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static int64_t at_local(const struct zone *zone, int64_t year, uint32_t month, uint32_t day,
                        int64_t hour, int64_t minute)
{
    return zone_from_local(zone, zone_day_of(year, month, day), hour * HOUR_MS + minute * 60000);
}

static void assert_on_duty(const struct roster *roster, const struct zone *zone, const char *campus,
                           int64_t at_ms, const char *expected)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    char text[256] = "";
    size_t count = roster_on_duty(roster, zone, str_of(campus), at_ms, duties);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%.*s", i > 0 ? " " : "",
                 (int)duties[i].person.len, duties[i].person.at);
    }
    assert_string_equal(text, expected);
}

static void test_zone_tells_weekday_and_day(void **state)
{
    (void)state;
    struct zone_local local = zone_to_local(&CHINA, 0); /* 1970-01-01 08:00, a Thursday */
    assert_int_equal(local.day, 0);
    assert_int_equal(local.weekday, 4);
    assert_int_equal(local.day_ms, 8 * HOUR_MS);
    local = zone_to_local(&CHINA, -9 * HOUR_MS); /* the evening before */
    assert_int_equal(local.day, -1);
    assert_int_equal(local.weekday, 3);
    assert_int_equal(local.day_ms, 23 * HOUR_MS);
    assert_int_equal(zone_day_of(1970, 1, 1), 0);
    assert_int_equal(zone_day_of(2000, 2, 29), 11016);
    assert_int_equal(zone_day_of(2026, 11, 24), 20781);
    assert_int_equal(zone_day_of(1969, 12, 31), -1);
}

static void test_zone_reads_skipped_and_repeated_hours(void **state)
{
    (void)state;
    assert_int_equal(zone_offset_s(&BERLIN, 0), 3600); /* before the table: its first entry */
    assert_int_equal(zone_offset_s(&BERLIN, 1774745999999), 3600);
    assert_int_equal(zone_offset_s(&BERLIN, 1774746000000), 7200);
    /* 02:30 on 29 March does not exist: half an hour after the change. */
    assert_int_equal(at_local(&BERLIN, 2026, 3, 29, 2, 30), 1774746000000 + 1800000);
    /* 02:30 on 25 October comes twice: the first. */
    assert_int_equal(at_local(&BERLIN, 2026, 10, 25, 2, 30), 1792890000000 - 1800000);
    assert_int_equal(at_local(&BERLIN, 2026, 10, 25, 3, 0), 1792890000000 + HOUR_MS);
    for (int64_t at = 1774746000000 - 3 * DAY_MS; at < 1774746000000 + 3 * DAY_MS; at += 1800000) {
        struct zone_local local = zone_to_local(&BERLIN, at);
        assert_int_equal(zone_from_local(&BERLIN, local.day, local.day_ms), at);
    }
}

/* Day and night of each weekday; the night passes midnight, Sunday's the end of the week. */
static const struct roster_shift WEEK[] = {
    {1, 450, 690, TEXT("wang"), TEXT("sun"), TEXT("")},
    {1, 1140, 750, TEXT("li"), TEXT(""), TEXT("")},
    {2, 450, 690, TEXT("zhao"), TEXT(""), TEXT("")},
    {7, 1140, 750, TEXT("qian"), TEXT(""), TEXT("")},
};
static const struct roster WEEKLY = {TEXT("school-1"), TEXT("duty_leader"), WEEK, 4, NULL, 0};

static void test_roster_passes_midnight_and_the_end_of_the_week(void **state)
{
    (void)state;
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 23, 7, 29), "qian");
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 23, 7, 30), "wang");
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 23, 18, 59), "wang");
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 23, 19, 0), "li");
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 24, 0, 0), "li");
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 24, 7, 30), "zhao");
    assert_on_duty(&WEEKLY, &CHINA, "", at_local(&CHINA, 2026, 11, 25, 8, 0), "");
}

static void test_roster_has_no_gap_when_the_clock_is_moved(void **state)
{
    (void)state;
    /* Two halves of Sunday that meet at 02:30, a time that 29 March does not have. */
    static const struct roster_shift halves[] = {
        {7, 0, 150, TEXT("an"), TEXT(""), TEXT("")},
        {7, 150, 1290, TEXT("bo"), TEXT(""), TEXT("")},
    };
    struct roster roster = {STR_LITERAL("s"), STR_LITERAL("duty_leader"), halves, 2, NULL, 0};
    struct roster_gap sunday = {at_local(&BERLIN, 2026, 3, 29, 0, 0),
                                at_local(&BERLIN, 2026, 3, 30, 0, 0)};
    struct roster_gap gap;
    assert_int_equal(sunday.to_ms - sunday.from_ms, 23 * HOUR_MS);
    assert_false(roster_find_gap(&roster, &BERLIN, str_of(""), sunday, &gap));
    assert_on_duty(&roster, &BERLIN, "", 1774746000000 - 1, "an"); /* 01:59 */
    assert_on_duty(&roster, &BERLIN, "", 1774746000000, "bo");     /* 03:00 */
    sunday = (struct roster_gap){at_local(&BERLIN, 2026, 10, 25, 0, 0),
                                 at_local(&BERLIN, 2026, 10, 26, 0, 0)};
    assert_int_equal(sunday.to_ms - sunday.from_ms, 25 * HOUR_MS);
    assert_false(roster_find_gap(&roster, &BERLIN, str_of(""), sunday, &gap));
    assert_on_duty(&roster, &BERLIN, "", 1792890000000 - HOUR_MS, "an"); /* 02:00 the first time */
    assert_on_duty(&roster, &BERLIN, "", 1792890000000, "an");           /* and the second */
}

static void test_roster_override_replaces_the_weekly_shift(void **state)
{
    (void)state;
    struct roster_override swap = {at_local(&CHINA, 2026, 11, 23, 12, 0),
                                   at_local(&CHINA, 2026, 11, 23, 20, 0), STR_LITERAL("feng"),
                                   STR_LITERAL(""), STR_LITERAL("")};
    struct roster roster = WEEKLY;
    roster.overrides = &swap;
    roster.override_count = 1;
    assert_on_duty(&roster, &CHINA, "", swap.from_ms - 1, "wang");
    assert_on_duty(&roster, &CHINA, "", swap.from_ms, "feng");
    assert_on_duty(&roster, &CHINA, "", swap.to_ms - 1, "feng"); /* in li's shift by now */
    assert_on_duty(&roster, &CHINA, "", swap.to_ms, "li");
}

static void test_roster_knows_campuses(void **state)
{
    (void)state;
    static const struct roster_shift shifts[] = {
        {1, 0, 1440, TEXT("east"), TEXT(""), TEXT("c-east")},
        {1, 0, 1440, TEXT("west"), TEXT(""), TEXT("c-west")},
        {1, 0, 1440, TEXT("both"), TEXT(""), TEXT("")},
    };
    int64_t noon = at_local(&CHINA, 2026, 11, 23, 12, 0);
    struct roster_override swap = {noon, noon + HOUR_MS, STR_LITERAL("new"), STR_LITERAL(""),
                                   STR_LITERAL("c-west")};
    struct roster roster = {STR_LITERAL("s"), STR_LITERAL("duty_leader"), shifts, 3, NULL, 0};
    assert_on_duty(&roster, &CHINA, "c-east", noon, "east both");
    assert_on_duty(&roster, &CHINA, "", noon, "east west both");
    roster.overrides = &swap;
    roster.override_count = 1;
    assert_on_duty(&roster, &CHINA, "c-east", noon, "east both");
    assert_on_duty(&roster, &CHINA, "c-west", noon, "new");
    assert_on_duty(&roster, &CHINA, "", noon, "new east both");
}

static void test_roster_finds_its_first_gap(void **state)
{
    (void)state;
    struct roster_gap gap;
    struct roster_gap week = {at_local(&CHINA, 2026, 11, 23, 0, 0),
                              at_local(&CHINA, 2026, 11, 30, 0, 0)};
    assert_true(roster_find_gap(&WEEKLY, &CHINA, str_of(""), week, &gap));
    assert_int_equal(gap.from_ms, at_local(&CHINA, 2026, 11, 24, 19, 0));
    assert_int_equal(gap.to_ms, at_local(&CHINA, 2026, 11, 29, 19, 0));
    struct roster_gap monday = {week.from_ms, week.from_ms + DAY_MS};
    assert_false(roster_find_gap(&WEEKLY, &CHINA, str_of(""), monday, &gap));
}

static void test_roster_refuses_what_is_out_of_range(void **state)
{
    (void)state;
    struct roster_shift shift = WEEK[0];
    struct roster roster = {STR_LITERAL("s"), STR_LITERAL("duty_leader"), &shift, 1, NULL, 0};
    assert_null(roster_fault(&roster));
    shift.weekday = 0;
    assert_non_null(roster_fault(&roster));
    shift = WEEK[0];
    shift.start_minute = 1440;
    assert_non_null(roster_fault(&roster));
    shift = WEEK[0];
    shift.length_minutes = 0;
    assert_non_null(roster_fault(&roster));
    shift.length_minutes = 10081;
    assert_non_null(roster_fault(&roster));
    shift = WEEK[0];
    shift.person.len = 0;
    assert_non_null(roster_fault(&roster));
    struct roster_override swap = {5, 5, STR_LITERAL("a"), STR_LITERAL(""), STR_LITERAL("")};
    roster = (struct roster){STR_LITERAL("s"), STR_LITERAL("duty_leader"), NULL, 0, &swap, 1};
    assert_non_null(roster_fault(&roster));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_tells_weekday_and_day),
        cmocka_unit_test(test_zone_reads_skipped_and_repeated_hours),
        cmocka_unit_test(test_roster_passes_midnight_and_the_end_of_the_week),
        cmocka_unit_test(test_roster_has_no_gap_when_the_clock_is_moved),
        cmocka_unit_test(test_roster_override_replaces_the_weekly_shift),
        cmocka_unit_test(test_roster_knows_campuses),
        cmocka_unit_test(test_roster_finds_its_first_gap),
        cmocka_unit_test(test_roster_refuses_what_is_out_of_range),
    };
    return RUN_TESTS(argc, argv, tests);
}
