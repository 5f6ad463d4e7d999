/* Windows against a plain list of the same entries: counts, distinct values, streaks, whatever order they come in. */
#include "support/runner.h"
#include "window_model.h"

static void put(int64_t at_ms, uint8_t value)
{
    const struct window_entry entry = {at_ms, {{value}}, 0};
    window_model_put(&entry);
}

static void compare(const struct window_span *span)
{
    int64_t entries = 0;
    int64_t distinct = 0;
    int64_t next_ms = INT64_MAX;
    bool is_seen[256] = {false};
    int64_t counted = 0;
    for (size_t i = 0; i < model.count; i++) {
        const struct window_entry *entry = &model.entries[i];
        bool is_inside =
            entry->at_ms > span->to_ms - span->length_ms && entry->at_ms <= span->to_ms;
        uint8_t value = entry->value.bytes[0];
        entries += is_inside ? 1 : 0;
        distinct += is_inside && !is_seen[value] ? 1 : 0;
        is_seen[value] = is_seen[value] || is_inside;
        next_ms = entry->at_ms > span->to_ms && entry->at_ms < next_ms ? entry->at_ms : next_ms;
    }
    assert_int_equal(windows_count(&model.windows, &model_key, span), entries);
    assert_int_equal(windows_count_distinct(&model.windows, &model_key, span, &counted), 0);
    assert_int_equal(counted, distinct);
    assert_true(windows_next_ms(&model.windows, &model_key, span->to_ms) == next_ms);
}

static void test_window_counts_as_a_plain_list_does(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        if (model.count > 0 && (model.count == MODEL_ENTRIES_MAX || window_model_pick(40) == 0)) {
            window_model_drop_oldest();
        } else {
            put((window_model_pick(30 * 24) - 100) * HOUR_MS / 2, (uint8_t)window_model_pick(9));
        }
        const struct window_span span = {(window_model_pick(30 * 24) - 100) * HOUR_MS / 2,
                                         (1 + window_model_pick(200)) * HOUR_MS};
        const struct window_span whole = {31 * 24 * (int64_t)HOUR_MS,
                                          (1 + window_model_pick(800)) * HOUR_MS};
        compare(&span);
        compare(&whole);
    }
}

static void test_window_edges_are_exact_to_the_millisecond(void **state)
{
    (void)state;
    put(DAY_MS, 1);
    for (int64_t to_ms = 2 * DAY_MS - 2; to_ms <= 2 * DAY_MS + 2; to_ms++) {
        const struct window_span span = {to_ms, DAY_MS};
        assert_int_equal(windows_count(&model.windows, &model_key, &span),
                         to_ms < 2 * DAY_MS ? 1 : 0);
        compare(&span);
    }
}

/* 2026-09-14 is a Monday. China is 8 hours ahead. */
static int64_t at(int64_t day, int64_t hour)
{
    return (zone_day_of(2026, 9, 14) + day) * DAY_MS + (hour - 8) * HOUR_MS;
}

static int64_t streak_of(struct window_span span)
{
    const struct zone china = {NULL, 0};
    const int64_t sunday = zone_day_of(2026, 9, 20);
    const struct calendar_span make_up = {sunday, sunday};
    const struct calendar calendar = {.make_up_days = &make_up, .make_up_count = 1};
    const struct window_days days = {&china, &calendar, span};
    return windows_count_streak(&model.windows, &model_key, &days);
}

static int64_t streak(int64_t at_ms)
{
    return streak_of((struct window_span){at_ms, 30 * (int64_t)DAY_MS});
}

static void test_window_streak_edges_are_exact_to_the_millisecond(void **state)
{
    (void)state;
    put(at(0, 9), 0);
    for (int64_t off_ms = -1; off_ms <= 1; off_ms++) {
        assert_int_equal(streak_of((struct window_span){at(1, 9) + off_ms, DAY_MS}),
                         off_ms < 0 ? 1 : 0);
        assert_int_equal(streak_of((struct window_span){at(0, 9) + off_ms, DAY_MS}),
                         off_ms < 0 ? 0 : 1);
    }
}

static void test_window_streak_counts_school_days(void **state)
{
    (void)state;
    assert_int_equal(streak(at(0, 9)), 0);
    put(at(3, 7), 0); /* Thursday, before 8: the day before by UTC */
    put(at(3, 8), 0);
    put(at(4, 8), 0); /* Friday */
    assert_int_equal(streak(at(4, 9)), 2);
    put(at(5, 9), 0); /* Saturday neither counts nor breaks */
    put(at(6, 9), 0); /* the Sunday that is made up for */
    assert_int_equal(streak(at(6, 10)), 3);
    assert_int_equal(streak(at(7, 7)), 3); /* Monday is not over */
    put(at(7, 9), 0);
    assert_int_equal(streak(at(7, 10)), 4);
    assert_int_equal(streak(at(8, 23)), 4);
    assert_int_equal(streak(at(9, 7)), 0); /* Tuesday had none */
    put(at(2, 8), 0);                      /* late, and at the other end */
    assert_int_equal(streak(at(7, 10)), 5);
    assert_int_equal(streak(at(3, 10)), 2); /* as it was then */
}

/* Summer time ends at night: an hour comes twice, and the day keeps its date. */
static void test_window_streak_follows_the_local_clock(void **state)
{
    const int64_t change_ms = zone_day_of(2026, 10, 25) * (int64_t)DAY_MS + HOUR_MS;
    const struct zone_offset offsets[] = {{0, 7200}, {change_ms, 3600}};
    const struct zone zone = {offsets, 2};
    const struct calendar calendar = {.weekdays = 0xfe};
    (void)state;
    put(change_ms - 4 * HOUR_MS + 1, 0);  /* Saturday 23:00 */
    put(change_ms - 2 * HOUR_MS, 0);      /* Sunday 01:00 */
    put(change_ms + 22 * HOUR_MS - 1, 0); /* Sunday 23:59 */
    put(change_ms + 22 * HOUR_MS, 0);     /* Monday 00:00 */
    const struct window_days days = {
        &zone, &calendar, {change_ms + 23 * HOUR_MS, 9 * (int64_t)DAY_MS}};
    assert_int_equal(windows_count_streak(&model.windows, &model_key, &days), 3);
}

/* Looks at each entry, from the newest back. */
static int64_t plain_streak(const struct window_days *days)
{
    const struct window_span *span = &days->span;
    int64_t today = zone_to_local(days->zone, span->to_ms).day;
    bool is_school_day = calendar_is_school_day(days->calendar, today);
    int64_t wanted = is_school_day ? today : calendar_step(days->calendar, today, -1);
    int64_t streak = 0;
    int64_t before_ms = span->to_ms + 1;
    for (;;) {
        int64_t newest_ms = span->to_ms - span->length_ms;
        for (size_t i = 0; i < model.count; i++) {
            int64_t at_ms = model.entries[i].at_ms;
            newest_ms = at_ms < before_ms && at_ms > newest_ms ? at_ms : newest_ms;
        }
        int64_t day = zone_to_local(days->zone, newest_ms).day;
        if (newest_ms == span->to_ms - span->length_ms) {
            return streak;
        }
        if (streak == 0 && day < wanted && wanted == today) {
            wanted = calendar_step(days->calendar, wanted, -1);
        }
        if (day < wanted) {
            return streak;
        }
        streak += day == wanted ? 1 : 0;
        wanted = day == wanted ? calendar_step(days->calendar, wanted, -1) : wanted;
        before_ms = newest_ms;
    }
}

/* Days are stepped over whole; on those on which the clock is moved, be it back over midnight, each entry is looked at. */
static void test_window_streak_is_that_of_a_plain_list(void **state)
{
    enum { DAYS = 7, CHANGE_DAY = 4 };
    const int64_t midnight_ms = zone_day_of(2026, 10, 25) * (int64_t)DAY_MS;
    (void)state;
    for (int round = 0; round < 1500; round++) {
        int64_t change_ms = midnight_ms + (window_model_pick(13) - 6) * HOUR_MS / 2;
        int32_t before_s = (int32_t)(window_model_pick(3) * 3600);
        const struct zone_offset offsets[] = {{0, before_s}, {change_ms, 3600}};
        const struct zone zone = {offsets, 2};
        const struct calendar calendar = {.weekdays = round % 2 == 0 ? 0xfe : 0x3e};
        int64_t first_ms = midnight_ms - CHANGE_DAY * (int64_t)DAY_MS;
        model.count = 0;
        windows_fini(&model.windows);
        windows_init(&model.windows, 0, 1);
        for (int i = 0; i < 20; i++) {
            put(first_ms + window_model_pick(DAYS * 48) * HOUR_MS / 2 + window_model_pick(2) - 1,
                0);
            const struct window_days days = {
                &zone,
                &calendar,
                {first_ms + window_model_pick((DAYS + 2) * 48) * HOUR_MS / 2,
                 (1 + window_model_pick(DAYS * 24)) * HOUR_MS}};
            assert_int_equal(windows_count_streak(&model.windows, &model_key, &days),
                             plain_streak(&days));
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_window_counts_as_a_plain_list_does, window_model_setup,
                                        window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_edges_are_exact_to_the_millisecond,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_streak_edges_are_exact_to_the_millisecond,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_streak_counts_school_days, window_model_setup,
                                        window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_streak_follows_the_local_clock,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_streak_is_that_of_a_plain_list,
                                        window_model_setup, window_model_teardown),
    };
    return RUN_TESTS(argc, argv, tests);
}
