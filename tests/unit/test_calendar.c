/* School days: the week, holidays, make-up days, terms; and how a pack writes them. */
#include <string.h>

#include "core/roster/zone.h"
#include "support/runner.h"
#include "wire/pack_calendar.h"

static struct yaml_faults faults;
static struct arena arena;

static int read_text(const char *text, struct calendar *ret_calendar)
{
    const struct yaml_node *root = NULL;
    faults.count = 0;
    arena_reset(&arena);
    assert_int_equal(yaml_parse("calendars/a.yaml", str_of(text), &arena, &faults, &root), 0);
    return pack_read_calendars(&root, 1, &arena, &faults, ret_calendar);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 4 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static bool is_school(const struct calendar *calendar, uint32_t month, uint32_t day)
{
    return calendar_is_school_day(calendar, zone_day_of(2026, month, day));
}

static void test_calendar_an_empty_one_is_monday_to_friday(void **state)
{
    static const struct calendar none = {0};
    (void)state;
    assert_true(is_school(&none, 11, 27));  /* Friday */
    assert_false(is_school(&none, 11, 28)); /* Saturday */
    assert_false(is_school(&none, 11, 29));
    assert_true(is_school(&none, 11, 30));
    assert_true(calendar_is_school_day(&none, -3)); /* 1969-12-29, a Monday */
    assert_false(calendar_is_school_day(&none, -4));
}

static void test_calendar_holidays_and_make_up_days(void **state)
{
    struct calendar calendar;
    (void)state;
    assert_int_equal(read_text("holidays: [{from: 2026-10-01, to: 2026-10-07}, 2026-11-24]\n"
                               "make_up_days: [2026-09-20, 2026-10-10]\n",
                               &calendar),
                     0);
    assert_true(is_school(&calendar, 9, 20)); /* a Sunday that is made up for */
    assert_true(is_school(&calendar, 9, 30));
    assert_false(is_school(&calendar, 10, 1));
    assert_false(is_school(&calendar, 10, 7));
    assert_true(is_school(&calendar, 10, 8));
    assert_true(is_school(&calendar, 10, 10));
    assert_false(is_school(&calendar, 11, 24));
    int64_t friday = zone_day_of(2026, 9, 18);
    assert_int_equal(calendar_step(&calendar, friday, 1), zone_day_of(2026, 9, 20));
    assert_int_equal(calendar_step(&calendar, zone_day_of(2026, 9, 30), 3),
                     zone_day_of(2026, 10, 10));
    assert_int_equal(calendar_step(&calendar, zone_day_of(2026, 10, 8), -1),
                     zone_day_of(2026, 9, 30));
}

static void test_calendar_terms_and_weekdays_bound_it(void **state)
{
    struct calendar calendar;
    (void)state;
    assert_int_equal(read_text("weekdays: [monday, saturday]\n"
                               "terms: [{from: 2026-09-01, to: 2026-12-31}]\n",
                               &calendar),
                     0);
    assert_false(is_school(&calendar, 8, 31));
    assert_true(is_school(&calendar, 9, 5));
    assert_true(is_school(&calendar, 9, 7));
    assert_false(is_school(&calendar, 9, 8));
    int64_t last = zone_day_of(2026, 12, 28);
    assert_int_equal(calendar_step(&calendar, last, 1),
                     last + CALENDAR_SEARCH_DAYS); /* none left */
}

static void test_calendar_faults_have_their_place(void **state)
{
    struct calendar calendar;
    (void)state;
    assert_int_equal(read_text("holidays: [2026-02-29]\n", &calendar), ERR_INVALID);
    assert_string_equal(faults.texts[0], "calendars/a.yaml:1:12: expected a date as in 2026-10-01");
    assert_int_equal(read_text("terms:\n  - {from: 2026-09-02, to: 2026-09-01}\n", &calendar),
                     ERR_INVALID);
    assert_string_equal(faults.texts[0], "calendars/a.yaml:2:28: this day lies before `from`");
    assert_int_equal(read_text("holiday: [2026-02-01]\n", &calendar), ERR_INVALID);
    assert_string_equal(
        faults.texts[0],
        "calendars/a.yaml:1:1: unknown key \"holiday\": did you mean \"holidays\"?");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calendar_an_empty_one_is_monday_to_friday, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_calendar_holidays_and_make_up_days, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calendar_terms_and_weekdays_bound_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calendar_faults_have_their_place, setup, teardown),
    };
    return RUN_TESTS(argc, argv, tests);
}
