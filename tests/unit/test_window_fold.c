/* Sums that decay, greatest, least, newest and middle numbers of windows: against the closed form, to the bit in any order. */
#include <math.h>
#include <stdlib.h>

#include "support/runner.h"
#include "window_model.h"

static void put(int64_t at_ms, double number)
{
    const struct window_entry entry = {at_ms, {{0}}, number};
    window_model_put(&entry);
}

static struct window_fold fold(struct windows *windows, const struct window_span *span,
                               int64_t half_life_ms)
{
    struct window_fold folded;
    assert_int_equal(windows_fold(windows, &model_key, span, half_life_ms, &folded), 0);
    return folded;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void compare_median(const struct window_span *span)
{
    double numbers[MODEL_ENTRIES_MAX];
    size_t count = 0;
    double median = 0;
    for (size_t i = 0; i < model.count; i++) {
        int64_t at_ms = model.entries[i].at_ms;
        if (at_ms > span->to_ms - span->length_ms && at_ms <= span->to_ms) {
            numbers[count++] = model.entries[i].number;
        }
    }
    qsort(numbers, count, sizeof(numbers[0]), ascending);
    assert_int_equal(windows_median(&model.windows, &model_key, span, &model.arena, &median), 0);
    assert_int_equal(isnan(median), count == 0);
    assert_true(count == 0 || median == (numbers[(count - 1) / 2] + numbers[count / 2]) / 2);
}

static void compare(const struct window_span *span, int64_t half_life_ms)
{
    struct window_fold folded = fold(&model.windows, span, half_life_ms);
    double sum = 0;
    double max = -INFINITY;
    double min = INFINITY;
    const struct window_entry *last = NULL;
    for (size_t i = 0; i < model.count; i++) {
        const struct window_entry *entry = &model.entries[i];
        if (entry->at_ms <= span->to_ms - span->length_ms || entry->at_ms > span->to_ms) {
            continue;
        }
        double halvings =
            half_life_ms == 0 ? 0 : (double)(span->to_ms - entry->at_ms) / (double)half_life_ms;
        sum += entry->number * exp2(-halvings);
        max = fmax(max, entry->number);
        min = fmin(min, entry->number);
        bool is_newer = last == NULL || entry->at_ms > last->at_ms ||
                        (entry->at_ms == last->at_ms && entry->number > last->number);
        last = is_newer ? entry : last;
    }
    double number = 0;
    assert_int_equal(windows_last(&model.windows, &model_key, span, &number), last != NULL);
    assert_int_equal(folded.is_empty, last == NULL);
    assert_true(fabs(folded.sum - sum) <= 1e-9);
    compare_median(span);
    if (last != NULL) {
        assert_true(folded.max == max && folded.min == min && number == last->number);
    }
}

/* Entries come early and late, days go, and every span is what adding its numbers by hand gives. */
static void test_window_folds_as_the_closed_form_says(void **state)
{
    static const int64_t half_lives_ms[] = {0, 90 * (int64_t)DAY_MS, 36 * HOUR_MS, 60000};
    (void)state;
    for (int i = 0; i < 6000; i++) {
        if (model.count > 0 && (model.count == MODEL_ENTRIES_MAX || window_model_pick(60) == 0)) {
            window_model_drop_oldest();
        } else {
            put((window_model_pick(130 * 24) - 400) * HOUR_MS / 2,
                (double)window_model_pick(900) / 7 - 20);
        }
        const struct window_span span = {(window_model_pick(130 * 24) - 400) * HOUR_MS / 2,
                                         (1 + window_model_pick(100 * 24)) * HOUR_MS};
        const struct window_span whole = {131 * 24 * (int64_t)HOUR_MS,
                                          (1 + window_model_pick(3200)) * HOUR_MS};
        compare(&span, half_lives_ms[i / 100 % 4]);
        compare(&whole, half_lives_ms[i / 100 % 4]);
    }
}

/* Bit by bit: sums are added in one order, and what was asked in between leaves no trace. */
static void test_window_folds_alike_in_any_order_of_arrival(void **state)
{
    struct windows other;
    (void)state;
    for (int round = 0; round < 40; round++) {
        const int64_t half_life_ms = round % 2 == 0 ? 20 * (int64_t)DAY_MS : 0;
        model.count = 0;
        windows_fini(&model.windows);
        windows_init(&model.windows, 0, 1);
        windows_init(&other, 0, 2);
        for (int i = 0; i < 200; i++) {
            put(window_model_pick(100 * 24) * HOUR_MS, (double)(1 + window_model_pick(1000)) / 3);
            const struct window_span span = {window_model_pick(100 * 24) * HOUR_MS,
                                             30 * (int64_t)DAY_MS};
            (void)fold(&model.windows, &span, half_life_ms);
        }
        for (size_t left = model.count; left > 0; left--) {
            size_t at = (size_t)window_model_pick((int64_t)left);
            window_model_add(&other, &model.entries[at]);
            model.entries[at] = model.entries[left - 1];
        }
        for (int i = 0; i < 100; i++) {
            const struct window_span span = {window_model_pick(110 * 24) * HOUR_MS,
                                             (1 + window_model_pick(2400)) * HOUR_MS};
            struct window_fold a = fold(&model.windows, &span, half_life_ms);
            struct window_fold b = fold(&other, &span, half_life_ms);
            assert_int_equal(a.is_empty, b.is_empty);
            assert_memory_equal(&a.sum, &b.sum, sizeof(a.sum));
            assert_true(a.is_empty || (a.max == b.max && a.min == b.min));
        }
        windows_fini(&other);
    }
}

/* The same days are asked for again and again, while entries come into the midst of them and go. */
static void test_window_folds_see_what_comes_between_two_answers(void **state)
{
    const struct window_span span = {60 * (int64_t)DAY_MS + 7, 50 * (int64_t)DAY_MS};
    (void)state;
    for (int i = 0; i < 600; i++) {
        if (i % 5 == 4) {
            window_model_drop_oldest();
        } else if (model.count < MODEL_ENTRIES_MAX) {
            put((window_model_pick(70) * 24 + window_model_pick(24)) * HOUR_MS,
                (double)window_model_pick(900) / 7);
        }
        compare(&span, 20 * (int64_t)DAY_MS);
    }
}

static void test_window_half_is_left_after_a_half_life(void **state)
{
    const int64_t half_life_ms = 90 * (int64_t)DAY_MS;
    (void)state;
    put(DAY_MS, 8);
    for (int n = 0; n <= 3; n++) {
        const struct window_span span = {DAY_MS + n * half_life_ms, 1000 * (int64_t)DAY_MS};
        assert_true(fold(&model.windows, &span, half_life_ms).sum == 8.0 / (1 << n));
    }
}

static void test_window_fold_edges_are_exact_to_the_millisecond(void **state)
{
    (void)state;
    put(5 * DAY_MS + 7, 3);
    for (int64_t length_ms = 1; length_ms <= 100 * (int64_t)DAY_MS; length_ms *= 10) {
        for (int64_t off_ms = -2; off_ms <= 2; off_ms++) {
            const struct window_span old = {5 * DAY_MS + 7 + length_ms + off_ms, length_ms};
            const struct window_span new = {5 * DAY_MS + 7 + off_ms, length_ms};
            assert_int_equal(fold(&model.windows, &old, 0).is_empty,
                             off_ms >= 0 || -off_ms > length_ms);
            assert_int_equal(fold(&model.windows, &new, 0).is_empty,
                             off_ms < 0 || off_ms >= length_ms);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_window_folds_as_the_closed_form_says,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_folds_alike_in_any_order_of_arrival,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_folds_see_what_comes_between_two_answers,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_half_is_left_after_a_half_life,
                                        window_model_setup, window_model_teardown),
        cmocka_unit_test_setup_teardown(test_window_fold_edges_are_exact_to_the_millisecond,
                                        window_model_setup, window_model_teardown),
    };
    return RUN_TESTS(argc, argv, tests);
}
