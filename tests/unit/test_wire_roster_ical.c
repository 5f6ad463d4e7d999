/* Rosters as iCalendar files: what programs write, what people get wrong, and the way back. All people are made up. */
#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "wire/roster_ical.h"

#define S(literal) STR_LITERAL(literal)
#define HOUR_MS INT64_C(3600000)

static struct yaml_faults faults;
static struct arena arena;
static struct roster_node nodes[64];
static const struct zone CHINA = {NULL, 0};

/* "mailto:a@x", "urn:shouwang:person:a" -> "a"; nobody is called z. */
static bool find_person(void *ctx, struct str address, struct arena *to, struct str *ret_id)
{
    (void)ctx;
    struct str urn = S("urn:shouwang:person:");
    struct str mail = S("mailto:");
    struct str rest = {address.at, 0};
    (void)to;
    if (str_starts(address, urn)) {
        rest = (struct str){address.at + urn.len, address.len - urn.len};
    } else if (str_starts(address, mail)) {
        rest = (struct str){address.at + mail.len, 1};
    }
    *ret_id = arena_copy_str(&arena, rest);
    return rest.len > 0 && rest.at[0] != 'z';
}

static bool find_campus(void *ctx, struct str text, struct arena *to, struct str *ret_id)
{
    (void)ctx;
    *ret_id = arena_copy_str(to, text);
    return str_is(text, "east");
}

static const struct roster_ical_names names = {find_person, find_campus, NULL};

static int read_text(struct str content, struct roster *ret_roster)
{
    const struct roster_ical file = {.path = "duty.ics",
                                     .content = content,
                                     .unit = S("s1"),
                                     .role = S("duty_leader"),
                                     .time_zone = S("Asia/Shanghai")};
    faults.count = 0;
    return roster_ical_read(&file, &names, &arena, &faults, ret_roster);
}

/* The lines as a calendar of one event "A"; `head` stands before it. */
static struct str calendar_of(const char *head, const char *lines)
{
    static char text[16384];
    int len =
        snprintf(text, sizeof(text),
                 "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%sBEGIN:VEVENT\r\nUID:A\r\n%sEND:VEVENT\r\n"
                 "END:VCALENDAR\r\n",
                 head, lines);
    return (struct str){text, (size_t)len};
}

static struct roster read_good(struct str content)
{
    struct roster roster = {.shift_count = 0};
    if (read_text(content, &roster) != 0) {
        fail_msg("%s", faults.texts[0]);
    }
    assert_true(roster.shift_count + roster.override_count <= 64);
    roster_index(&roster, nodes);
    return roster;
}

static void assert_fault(struct str content, const char *expected)
{
    struct roster roster;
    assert_int_equal(read_text(content, &roster), ERR_INVALID);
    assert_true(faults.count > 0);
    if (strncmp(faults.texts[0], expected, strlen(expected)) != 0) {
        fail_msg("expected \"%s…\", got \"%s\"", expected, faults.texts[0]);
    }
}

static int64_t at(int64_t year, uint32_t month, uint32_t day, int64_t hour, int64_t minute)
{
    return zone_from_local(&CHINA, zone_day_of(year, month, day), hour * HOUR_MS + minute * 60000);
}

static void assert_on_duty(const struct roster *roster, int64_t at_ms, const char *expected)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    char text[256] = "";
    size_t count = roster_on_duty(roster, &CHINA, S(""), at_ms, duties);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%.*s", i > 0 ? " " : "",
                 (int)duties[i].person.len, duties[i].person.at);
    }
    assert_string_equal(text, expected);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

#define WHO "ATTENDEE;ROLE=REQ-PARTICIPANT:mailto:a@example.org\r\n"

static void test_roster_ical_reads_a_weekly_series(void **state)
{
    (void)state;
    struct roster roster = read_good(calendar_of(
        "",
        "DTSTART;TZID=Asia/Shanghai:20260901T190000\r\nDTEND;TZID=Asia/Shanghai:20260902T073000\r\n"
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE;UNTIL=20261231T155959Z\r\n"
        "EXDATE;TZID=Asia/Shanghai:20260902T190000,20260915T190000\r\n" WHO
        "ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:b@example.org\r\nLOCATION:east\r\n"
        "SUMMARY:值班;\\, folded\r\n  here\r\n"));
    assert_int_equal(roster.shift_count, 3);
    assert_int_equal(roster.override_count, 2);
    assert_on_duty(&roster, at(2026, 8, 31, 20, 0), ""); /* a Monday before the series */
    assert_on_duty(&roster, at(2026, 9, 1, 20, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 2, 7, 29), "a");
    assert_on_duty(&roster, at(2026, 9, 2, 20, 0), ""); /* let out */
    assert_on_duty(&roster, at(2026, 9, 8, 20, 0), "");
    assert_on_duty(&roster, at(2026, 9, 14, 20, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 15, 20, 0), ""); /* let out */
    assert_on_duty(&roster, at(2026, 12, 23, 20, 0), "a");
    assert_on_duty(&roster, at(2027, 1, 4, 20, 0), "");
    assert_true(str_is(roster.shifts[0].substitute, "b"));
    assert_true(str_is(roster.shifts[0].campus, "east"));
}

static void test_roster_ical_counts_and_days_in_turn(void **state)
{
    (void)state;
    struct roster roster =
        read_good(calendar_of("", "DTSTART:20260901T080000\r\nDURATION:PT24H\r\nRRULE:FREQ=DAILY;"
                                  "INTERVAL=3;COUNT=4\r\n" WHO));
    assert_on_duty(&roster, at(2026, 9, 1, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 2, 8, 0), "");
    assert_on_duty(&roster, at(2026, 9, 10, 8, 0), "a"); /* the fourth */
    assert_on_duty(&roster, at(2026, 9, 13, 8, 0), "");
    roster = read_good(calendar_of("", "DTSTART:20260902T080000\r\nDTEND:20260902T090000\r\n"
                                       "RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=MO,WE\r\n" WHO));
    assert_on_duty(&roster, at(2026, 9, 2, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 7, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 16, 8, 0), "a"); /* the fifth */
    assert_on_duty(&roster, at(2026, 9, 21, 8, 0), "");
}

static void test_roster_ical_comes_round_by_months(void **state)
{
    (void)state;
    struct roster roster = read_good(calendar_of(
        "", "DTSTART:20260907T080000\r\nDTEND:20260907T180000\r\nRRULE:FREQ=MONTHLY;BYDAY=1MO;"
            "UNTIL=20261102T000000Z\r\n" WHO));
    assert_on_duty(&roster, at(2026, 9, 7, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 14, 8, 0), "");
    assert_on_duty(&roster, at(2026, 10, 5, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 11, 2, 8, 0), "a"); /* UNTIL is 08:00 in China */
    assert_on_duty(&roster, at(2026, 12, 7, 8, 0), "");
    struct str text;
    assert_int_equal(roster_ical_write(&roster, &CHINA, at(2026, 9, 1, 0, 0), &arena, &text), 0);
    roster = read_good(text);
    assert_int_equal(roster.shift_count, 3);
    assert_on_duty(&roster, at(2026, 10, 5, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 10, 12, 8, 0), "");
    roster = read_good(calendar_of(
        "", "DTSTART:20260831T080000\r\nDTEND:20260831T180000\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY="
            "-1,15;COUNT=3\r\nEXDATE:20260915T080000\r\n" WHO));
    assert_on_duty(&roster, at(2026, 8, 31, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 15, 8, 0), "");
    assert_on_duty(&roster, at(2026, 9, 30, 8, 0), "a");
    assert_on_duty(&roster, at(2026, 10, 15, 8, 0), "");
}

static void test_roster_ical_changes_one_instance(void **state)
{
    (void)state;
    struct roster roster = read_good(calendar_of(
        "", "DTSTART:20260901T080000\r\nDTEND:20260901T180000\r\nRRULE:FREQ=WEEKLY\r\n" WHO
            "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:A\r\nRECURRENCE-ID:20260908T080000\r\n"
            "DTSTART:20260908T100000\r\nDTEND:20260908T120000\r\nATTENDEE:mailto:c@example.org\r\n"
            "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:A\r\nRECURRENCE-ID:20260915T080000\r\n"
            "DTSTART:20260915T090000\r\nDTEND:20260915T190000\r\n" WHO
            "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:A\r\nRECURRENCE-ID:20260922T080000\r\n"
            "DTSTART:20260922T080000\r\nDTEND:20260922T180000\r\nSTATUS:CANCELLED\r\n"));
    assert_on_duty(&roster, at(2026, 9, 1, 9, 0), "a");
    assert_on_duty(&roster, at(2026, 9, 8, 9, 0), "");
    assert_on_duty(&roster, at(2026, 9, 8, 10, 0), "c");
    assert_on_duty(&roster, at(2026, 9, 8, 12, 0), "");
    assert_on_duty(&roster, at(2026, 9, 15, 8, 30), ""); /* an hour later that week */
    assert_on_duty(&roster, at(2026, 9, 15, 9, 30), "a");
    assert_on_duty(&roster, at(2026, 9, 15, 18, 30), "a");
    assert_on_duty(&roster, at(2026, 9, 22, 9, 0), "");
    assert_on_duty(&roster, at(2026, 9, 29, 9, 0), "a");
}

static void test_roster_ical_keeps_other_clocks(void **state)
{
    (void)state;
    struct roster roster =
        read_good(calendar_of("", "DTSTART:20260906T233000Z\r\nDTEND:20260907T003000Z\r\nRRULE:"
                                  "FREQ=WEEKLY;BYDAY=SU\r\n" WHO));
    assert_on_duty(&roster, at(2026, 9, 7, 7, 30), "a"); /* Sunday there, Monday here */
    assert_on_duty(&roster, at(2026, 9, 14, 8, 29), "a");
    assert_on_duty(&roster, at(2026, 9, 14, 8, 30), "");
    const char *outlook = "BEGIN:VTIMEZONE\r\nTZID:China Standard Time\r\nBEGIN:STANDARD\r\n"
                          "DTSTART:16010101T000000\r\nTZOFFSETFROM:+0800\r\nTZOFFSETTO:+0800\r\n"
                          "END:STANDARD\r\nEND:VTIMEZONE\r\n";
    roster = read_good(calendar_of(
        outlook, "DTSTART;TZID=China Standard Time:20260901T080000\r\nDURATION:PT1H\r\n" WHO));
    assert_on_duty(&roster, at(2026, 9, 1, 8, 0), "a");
    roster = read_good(
        calendar_of("", "DTSTART;TZID=/x/Europe/Berlin:20260901T080000\r\nDURATION:PT1H\r\n" WHO));
    assert_on_duty(&roster, at(2026, 9, 1, 14, 0), "a");
    assert_fault(calendar_of("", "DTSTART;TZID=Europe/Berlin:20260901T080000\r\nDURATION:PT1H\r\n"
                                 "RRULE:FREQ=DAILY\r\n" WHO),
                 "duty.ics:7:1: a series on a clock that changes otherwise");
    assert_fault(
        calendar_of("", "DTSTART;TZID=Nowhere/Town:20260901T080000\r\nDURATION:PT1H\r\n" WHO),
        "duty.ics:5:1: TZID: neither known here");
}

static void test_roster_ical_makes_the_round(void **state)
{
    (void)state;
    struct roster_shift shifts[] = {
        {.weekday = 4,
         .start_minute = 480,
         .length_minutes = 600,
         .person = S("a"),
         .substitute = S("b"),
         .campus = S("east"),
         .period_days = 14,
         .first_day = 20700,
         .last_day = 20900,
         .days = ROSTER_DAYS_SCHOOL},
        {.start_minute = 1200,
         .length_minutes = 720,
         .person = S("c"),
         .period_days = 3,
         .first_day = 20701},
        {.weekday = 2, .start_minute = 0, .length_minutes = 1440, .person = S("d")},
        {.weekday = 1,
         .start_minute = 60,
         .length_minutes = 30,
         .person = S("e"),
         .first_day = 20717,
         .last_day = 20717},
    };
    struct roster_override overrides[] = {
        {.from_ms = at(2026, 9, 3, 8, 0), .to_ms = at(2026, 9, 3, 9, 0), .instead_of = S("a")},
        {.from_ms = at(2026, 9, 4, 8, 0), .to_ms = at(2026, 9, 4, 9, 0), .person = S("b")},
    };
    struct calendar_span holiday = {20728, 20734};
    struct roster_make_up make_up = {20737, 4};
    struct roster roster = {.unit = S("s1"),
                            .role = S("duty_leader"),
                            .shifts = shifts,
                            .shift_count = 4,
                            .overrides = overrides,
                            .override_count = 2,
                            .holidays = &holiday,
                            .holiday_count = 1,
                            .make_up_days = &make_up,
                            .make_up_count = 1};
    static struct roster_node first_nodes[8];
    struct str text;
    roster_index(&roster, first_nodes);
    assert_int_equal(roster_ical_write(&roster, &CHINA, at(2026, 9, 1, 0, 0), &arena, &text), 0);
    struct roster back = read_good(text);
    assert_int_equal(back.shift_count, 4);
    assert_int_equal(back.override_count, 2);
    assert_int_equal(back.holidays[0].last_day, 20734);
    assert_int_equal(back.make_up_days[0].weekday, 4);
    assert_true(str_is(back.overrides[0].instead_of, "a"));
    assert_int_equal(back.overrides[0].person.len, 0);
    assert_true(str_is(back.shifts[0].campus, "east"));
    for (int64_t now = at(2026, 9, 1, 0, 0); now < at(2027, 6, 1, 0, 0); now += 17 * 60000) {
        struct roster_duty before[ROSTER_ON_DUTY_MAX];
        struct roster_duty after[ROSTER_ON_DUTY_MAX];
        size_t count = roster_on_duty(&roster, &CHINA, S(""), now, before);
        assert_int_equal(roster_on_duty(&back, &CHINA, S(""), now, after), count);
        for (size_t i = 0; i < count; i++) {
            assert_true(str_equal(before[i].person, after[i].person));
            assert_true(str_equal(before[i].substitute, after[i].substitute));
        }
    }
}

/* Each with the line that is at fault. */
static void test_roster_ical_names_the_line_of_a_fault(void **state)
{
    (void)state;
    const char *when = "DTSTART:20260901T080000\r\nDURATION:PT1H\r\n";
    static const struct {
        const char *lines;
        const char *fault;
    } rows[] = {
        {"RRULE:FREQ=SECONDLY\r\n" WHO, "duty.ics:7:1: RRULE: expected FREQ=DAILY"},
        {"RRULE:FREQ=WEEKLY;INTERVAL=32000\r\n" WHO, "duty.ics:7:1: RRULE: INTERVAL"},
        {"RRULE:FREQ=DAILY;COUNT=2000000000\r\n" WHO, "duty.ics:7:1: RRULE: COUNT"},
        {"RRULE:FREQ=YEARLY;COUNT=2\r\n" WHO, "duty.ics:7:1: RRULE: expected FREQ"},
        {"RRULE:FREQ=MONTHLY;BYDAY=1MO\r\n" WHO,
         "duty.ics:7:1: RRULE: FREQ=MONTHLY without an end"},
        {"RRULE:FREQ=MONTHLY;BYHOUR=1;COUNT=2\r\n" WHO, "duty.ics:7:1: RRULE: expected INTERVAL"},
        {"RRULE:FREQ=MONTHLY;INTERVAL=13;COUNT=2\r\n" WHO, "duty.ics:7:1: RRULE: INTERVAL"},
        {"RRULE:FREQ=WEEKLY;BYDAY=2MO\r\n" WHO, "duty.ics:7:1: RRULE: BYDAY"},
        {"RRULE:FREQ=WEEKLY;BYHOUR=1,2,3\r\n" WHO, "duty.ics:7:1: RRULE: expected INTERVAL"},
        {"RRULE:nonsense\r\n" WHO, "duty.ics:7:1: not understood"},
        {WHO "EXDATE:yesterday\r\n", "duty.ics:8:1: not understood"},
        {"ATTENDEE:mailto:z@example.org\r\n", "duty.ics:7:1: the directory has no such person"},
        {WHO "LOCATION:nowhere\r\n", "duty.ics:8:1: LOCATION is no campus"},
        {WHO "DTSTART:20260901T080000\r\n", "duty.ics:8:1: given twice"},
        {"", "duty.ics:3:1: a VEVENT without ATTENDEE"},
        {WHO "no colon\r\n", "duty.ics:8:1: expected NAME:VALUE"},
        {WHO "END:VTODO\r\n", "duty.ics:8:1: an END without its BEGIN"},
        {WHO "RECURRENCE-ID:20260901T080000\r\n", "duty.ics:8:1: RECURRENCE-ID: the file has no"},
        {WHO "EXRULE:FREQ=DAILY\r\n", "duty.ics:8:1: EXRULE"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char lines[1024];
        snprintf(lines, sizeof(lines), "%s%s", when, rows[i].lines);
        assert_fault(calendar_of("", lines), rows[i].fault);
    }
    assert_fault(calendar_of("", "DTSTART:20260901T080000\r\n" WHO),
                 "duty.ics:3:1: expected an end");
    assert_fault(calendar_of("", "DTSTART:20260901T080000\r\nDURATION:P30D\r\n" WHO),
                 "duty.ics:6:1: expected a duration");
    assert_fault(calendar_of("", "DTSTART:20260901T080000\r\nDTEND:20260901T070000\r\n" WHO),
                 "duty.ics:6:1: expected an end");
    assert_fault(calendar_of("", "DTSTART:20260231T080000\r\nDURATION:PT1H\r\n" WHO),
                 "duty.ics:5:1: not");
    assert_fault(calendar_of("X-SHOUWANG-MAKE-UP:20261010/XX\r\n", WHO),
                 "duty.ics:3:1: expected a day");
    assert_fault(S("BEGIN:VEVENT\r\n"), "duty.ics:1:1: expected BEGIN:VCALENDAR");
    assert_fault(S("BEGIN:VCALENDAR\r\n"), "duty.ics:2:1: the file ends before");
    assert_fault(S("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
                 "duty.ics:1:1: a calendar without VEVENT");
    assert_fault(S("BEGIN:VCALENDAR\nX:\xff\xfe\nEND:VCALENDAR\n"),
                 "duty.ics:2:1: not text in UTF-8");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_roster_ical_reads_a_weekly_series, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_roster_ical_counts_and_days_in_turn, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_roster_ical_comes_round_by_months, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_roster_ical_changes_one_instance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_roster_ical_keeps_other_clocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_roster_ical_makes_the_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_roster_ical_names_the_line_of_a_fault, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
