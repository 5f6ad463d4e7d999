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

#define SHIFT(day, start, length, who, stand_in, place)                                            \
    {                                                                                              \
        .weekday = (day), .start_minute = (start), .length_minutes = (length),                     \
        .person = TEXT(who), .substitute = TEXT(stand_in), .campus = TEXT(place)                   \
    }

static int64_t at_local(const struct zone *zone, int64_t year, uint32_t month, uint32_t day,
                        int64_t hour, int64_t minute)
{
    return zone_from_local(zone, zone_day_of(year, month, day), hour * HOUR_MS + minute * 60000);
}

enum { NODES_MAX = 64 };

static struct roster with_index(const struct roster *roster, struct roster_node *nodes)
{
    struct roster indexed = *roster;
    assert_true(roster->shift_count + roster->override_count <= NODES_MAX);
    roster_index(&indexed, nodes);
    return indexed;
}

static bool find_gap(const struct roster *roster, const struct zone *zone, struct roster_gap within,
                     struct roster_gap *ret_gap)
{
    struct roster_node nodes[NODES_MAX];
    struct roster indexed = with_index(roster, nodes);
    return roster_find_gap(&indexed, zone, str_of(""), within, ret_gap);
}

static void assert_on_duty(const struct roster *roster, const struct zone *zone, const char *campus,
                           int64_t at_ms, const char *expected)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    char text[256] = "";
    struct roster_node nodes[NODES_MAX];
    struct roster indexed = with_index(roster, nodes);
    size_t count = roster_on_duty(&indexed, zone, str_of(campus), at_ms, duties);
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
    SHIFT(1, 450, 690, "wang", "sun", ""),
    SHIFT(1, 1140, 750, "li", "", ""),
    SHIFT(2, 450, 690, "zhao", "", ""),
    SHIFT(7, 1140, 750, "qian", "", ""),
};
static const struct roster WEEKLY = {
    .unit = TEXT("school-1"), .role = TEXT("duty_leader"), .shifts = WEEK, .shift_count = 4};

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
        SHIFT(7, 0, 150, "an", "", ""),
        SHIFT(7, 150, 1290, "bo", "", ""),
    };
    struct roster roster = {.shifts = halves, .shift_count = 2};
    struct roster_gap sunday = {at_local(&BERLIN, 2026, 3, 29, 0, 0),
                                at_local(&BERLIN, 2026, 3, 30, 0, 0)};
    struct roster_gap gap;
    assert_int_equal(sunday.to_ms - sunday.from_ms, 23 * HOUR_MS);
    assert_false(find_gap(&roster, &BERLIN, sunday, &gap));
    assert_on_duty(&roster, &BERLIN, "", 1774746000000 - 1, "an"); /* 01:59 */
    assert_on_duty(&roster, &BERLIN, "", 1774746000000, "bo");     /* 03:00 */
    sunday = (struct roster_gap){at_local(&BERLIN, 2026, 10, 25, 0, 0),
                                 at_local(&BERLIN, 2026, 10, 26, 0, 0)};
    assert_int_equal(sunday.to_ms - sunday.from_ms, 25 * HOUR_MS);
    assert_false(find_gap(&roster, &BERLIN, sunday, &gap));
    assert_on_duty(&roster, &BERLIN, "", 1792890000000 - HOUR_MS, "an"); /* 02:00 the first time */
    assert_on_duty(&roster, &BERLIN, "", 1792890000000, "an");           /* and the second */
}

static void test_roster_override_replaces_the_weekly_shift(void **state)
{
    (void)state;
    struct roster_override swap = {.from_ms = at_local(&CHINA, 2026, 11, 23, 12, 0),
                                   .to_ms = at_local(&CHINA, 2026, 11, 23, 20, 0),
                                   .person = STR_LITERAL("feng"),
                                   .campus = STR_LITERAL("")};
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
        SHIFT(1, 0, 1440, "east", "", "c-east"),
        SHIFT(1, 0, 1440, "west", "", "c-west"),
        SHIFT(1, 0, 1440, "both", "", ""),
    };
    int64_t noon = at_local(&CHINA, 2026, 11, 23, 12, 0);
    struct roster_override swap = {.from_ms = noon,
                                   .to_ms = noon + HOUR_MS,
                                   .person = STR_LITERAL("new"),
                                   .campus = STR_LITERAL("c-west")};
    struct roster roster = {.shifts = shifts, .shift_count = 3};
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
    assert_true(find_gap(&WEEKLY, &CHINA, week, &gap));
    assert_int_equal(gap.from_ms, at_local(&CHINA, 2026, 11, 24, 19, 0));
    assert_int_equal(gap.to_ms, at_local(&CHINA, 2026, 11, 29, 19, 0));
    struct roster_gap monday = {week.from_ms, week.from_ms + DAY_MS};
    assert_false(find_gap(&WEEKLY, &CHINA, monday, &gap));
}

#define S(literal) STR_LITERAL(literal)

static int64_t day_of(int64_t year, uint32_t month, uint32_t day)
{
    return zone_day_of(year, month, day);
}

/* Two leaders, week by week; three managers, day by day: each has the turn from the day that the table says. */
static void test_roster_people_take_turns(void **state)
{
    (void)state;
    int64_t monday = day_of(2026, 11, 23);
    struct roster_shift shifts[] = {
        {.weekday = 1,
         .start_minute = 480,
         .length_minutes = 600,
         .person = S("a"),
         .period_days = 14,
         .first_day = monday},
        {.weekday = 1,
         .start_minute = 480,
         .length_minutes = 600,
         .person = S("b"),
         .period_days = 14,
         .first_day = monday + 7},
        {.start_minute = 1200,
         .length_minutes = 720,
         .person = S("x"),
         .period_days = 3,
         .first_day = monday},
        {.start_minute = 1200,
         .length_minutes = 720,
         .person = S("y"),
         .period_days = 3,
         .first_day = monday + 1},
        {.start_minute = 1200,
         .length_minutes = 720,
         .person = S("z"),
         .period_days = 3,
         .first_day = monday + 2},
    };
    struct roster roster = {.shifts = shifts, .shift_count = 5};
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 16, 9, 0), ""); /* not yet */
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 23, 9, 0), "a");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 30, 9, 0), "b");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 12, 7, 9, 0), "a");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 24, 7, 59), "x");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 24, 21, 0), "y");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 26, 21, 0), "x");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 11, 27, 7, 59),
                   "x"); /* past the cycle's end */
}

static void test_roster_follows_holidays_and_make_up_days(void **state)
{
    (void)state;
    struct roster_shift shifts[] = {
        {.weekday = 4,
         .start_minute = 480,
         .length_minutes = 600,
         .person = S("school"),
         .days = ROSTER_DAYS_SCHOOL},
        {.weekday = 4,
         .start_minute = 480,
         .length_minutes = 600,
         .person = S("holiday"),
         .days = ROSTER_DAYS_OTHER},
        {.weekday = 6,
         .start_minute = 480,
         .length_minutes = 600,
         .person = S("weekend"),
         .days = ROSTER_DAYS_OTHER},
        {.weekday = 4, .start_minute = 1080, .length_minutes = 840, .person = S("night")},
        {.weekday = 4,
         .start_minute = 1320,
         .length_minutes = 600,
         .person = S("dorm"),
         .days = ROSTER_DAYS_SCHOOL},
    };
    struct calendar_span holiday = {day_of(2026, 10, 1), day_of(2026, 10, 7)};
    struct roster_make_up make_up = {day_of(2026, 10, 10), 4}; /* a Saturday by Thursday's table */
    struct roster roster = {.shifts = shifts,
                            .shift_count = 5,
                            .holidays = &holiday,
                            .holiday_count = 1,
                            .make_up_days = &make_up,
                            .make_up_count = 1};
    assert_null(roster_fault(&roster));
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 9, 24, 9, 0), "school");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 1, 9, 0), "holiday");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 1, 23, 0), "night");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 3, 9, 0), "weekend");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 10, 9, 0), "school");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 10, 19, 0), "");
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 11, 7, 0),
                   "dorm"); /* past midnight */
    assert_on_duty(&roster, &CHINA, "", at_local(&CHINA, 2026, 10, 17, 9, 0), "weekend");
}

/* Of two who are on duty together one swaps, and one is away. */
static void test_roster_replaces_one_of_two(void **state)
{
    (void)state;
    struct roster_shift shifts[] = {SHIFT(1, 0, 1440, "a", "", ""), SHIFT(1, 0, 1440, "b", "", "")};
    int64_t noon = at_local(&CHINA, 2026, 11, 23, 12, 0);
    struct roster_override overrides[] = {
        {.from_ms = noon, .to_ms = noon + HOUR_MS, .person = S("c"), .instead_of = S("a")},
        {.from_ms = noon + HOUR_MS, .to_ms = noon + 2 * HOUR_MS, .instead_of = S("b")},
    };
    struct roster roster = {
        .shifts = shifts, .shift_count = 2, .overrides = overrides, .override_count = 2};
    assert_null(roster_fault(&roster));
    assert_on_duty(&roster, &CHINA, "", noon - 1, "a b");
    assert_on_duty(&roster, &CHINA, "", noon, "c b");
    assert_on_duty(&roster, &CHINA, "", noon + HOUR_MS, "a");
    assert_on_duty(&roster, &CHINA, "", noon + 2 * HOUR_MS, "a b");
    overrides[1].instead_of = S("");
    assert_non_null(roster_fault(&roster)); /* nobody instead of everybody */
}

/* What the index must answer, looked through one by one: shifts of plain periods, no campus. */
static size_t look_through(const struct roster *roster, int64_t minute, int64_t at_ms,
                           struct str *ret_people)
{
    size_t count = 0;
    bool is_replaced = false;
    for (size_t i = 0; i < roster->override_count; i++) {
        if (roster->overrides[i].from_ms <= at_ms && at_ms < roster->overrides[i].to_ms) {
            ret_people[count++] = roster->overrides[i].person;
            is_replaced = true;
        }
    }
    for (size_t i = 0; i < roster->shift_count && !is_replaced; i++) {
        const struct roster_shift *shift = &roster->shifts[i];
        int64_t period = shift->period_days > 0 ? shift->period_days : 7;
        for (int64_t day = minute / 1440 - 8; day <= minute / 1440; day++) {
            int64_t since = minute - day * 1440 - shift->start_minute;
            if (day >= shift->first_day && (day - roster_anchor_day(shift)) % period == 0 &&
                since >= 0 && since < shift->length_minutes) {
                ret_people[count++] = shift->person;
                break;
            }
        }
    }
    return count;
}

static void test_roster_index_answers_as_looking_through(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    uint64_t random = 7;
    for (int round = 0; round < 200; round++) {
        struct roster_shift shifts[8] = {0};
        struct roster_override overrides[4] = {0};
        struct roster_node nodes[12];
        for (size_t i = 0; i < 8; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint32_t bits = (uint32_t)(random >> 33);
            bool is_weekly = bits % 2 == 0;
            shifts[i].weekday = is_weekly ? bits / 2 % 7 + 1 : 0;
            shifts[i].period_days = is_weekly ? 7 * (bits / 16 % 3 + 1) : bits / 16 % 9 + 1;
            shifts[i].first_day = 20000 + bits / 64 % 30;
            shifts[i].start_minute = bits / 128 % 1440;
            shifts[i].length_minutes = bits / 8 % (shifts[i].period_days > 6 ? 10080 : 1440) + 1;
            shifts[i].person = str_of(names[i]);
        }
        for (size_t i = 0; i < 4; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            overrides[i].from_ms = 20000 * DAY_MS + (int64_t)(random >> 40) % 60 * DAY_MS;
            overrides[i].to_ms = overrides[i].from_ms + 1 + (int64_t)(random >> 20) % (3 * DAY_MS);
            overrides[i].person = str_of(names[i]);
        }
        struct roster roster = {
            .shifts = shifts, .shift_count = 8, .overrides = overrides, .override_count = 4};
        assert_null(roster_fault(&roster));
        roster_index(&roster, nodes);
        for (int64_t at_ms = 20000 * DAY_MS; at_ms < 20060 * DAY_MS; at_ms += 7 * 61 * 60000) {
            struct roster_duty duties[ROSTER_ON_DUTY_MAX];
            struct str expected[12];
            int64_t minute = (at_ms + 8 * HOUR_MS) / 60000;
            size_t wanted = look_through(&roster, minute, at_ms, expected);
            assert_int_equal(roster_on_duty(&roster, &CHINA, str_of(""), at_ms, duties), wanted);
            for (size_t i = 0; i < wanted; i++) {
                assert_true(str_equal(duties[i].person, expected[i]));
            }
        }
    }
}

static void test_roster_refuses_what_is_out_of_range(void **state)
{
    (void)state;
    struct roster_shift shift = WEEK[0];
    struct roster roster = {.shifts = &shift, .shift_count = 1};
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
    struct roster_override swap = {
        .from_ms = 5, .to_ms = 5, .person = STR_LITERAL("a"), .campus = STR_LITERAL("")};
    roster = (struct roster){.overrides = &swap, .override_count = 1};
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
        cmocka_unit_test(test_roster_people_take_turns),
        cmocka_unit_test(test_roster_follows_holidays_and_make_up_days),
        cmocka_unit_test(test_roster_replaces_one_of_two),
        cmocka_unit_test(test_roster_index_answers_as_looking_through),
        cmocka_unit_test(test_roster_refuses_what_is_out_of_range),
    };
    return RUN_TESTS(argc, argv, tests);
}
