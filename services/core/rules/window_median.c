/* The median of a window's numbers. It is none that a few partial results give, so those of the days that lie whole in the span
 * are kept sorted from one call to the next, until the day changes or one of them does. The numbers of the two days that the
 * span's ends cut move the middle by as many places as they are: beside them, no more of the sorted ones are looked at. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/rules/window_inside.h"

/* The number that is `rank`-th from below, put in its place: none before it is greater, none behind it less (Hoare, as Wirth
 * writes it). */
static double select_rank(double *numbers, ptrdiff_t count, ptrdiff_t rank)
{
    ptrdiff_t low = 0;
    ptrdiff_t high = count - 1;
    while (low < high) {
        double pivot = numbers[rank];
        ptrdiff_t left = low;
        ptrdiff_t right = high;
        while (left <= right) {
            while (numbers[left] < pivot) {
                left++;
            }
            while (numbers[right] > pivot) {
                right--;
            }
            if (left <= right) {
                double kept = numbers[left];
                numbers[left++] = numbers[right];
                numbers[right--] = kept;
            }
        }
        low = right < rank ? left : low;
        high = rank < left ? right : high;
    }
    return numbers[rank];
}

/* Lets the number at `at` sink to where none below it is greater. */
static void sink(double *heap, size_t at, size_t count)
{
    double number = heap[at];
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && heap[child + 1] > heap[child] ? 1 : 0;
        if (heap[child] <= number) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = number;
}

/* Ascending, by a heap: no more memory, and no order of arrival that is dear. */
static void sort(double *numbers, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sink(numbers, i - 1, count);
    }
    for (size_t left = count; left > 1; left--) {
        double greatest = numbers[0];
        numbers[0] = numbers[left - 1];
        numbers[left - 1] = greatest;
        sink(numbers, 0, left - 1);
    }
}

/* The numbers of the bucket's entries in (after_ms, until_ms]. Returns how many. */
static size_t copy_numbers(const struct bucket *bucket, int64_t after_ms, int64_t until_ms,
                           double *ret_numbers)
{
    size_t from = window_count_until(bucket, after_ms);
    size_t end = window_count_until(bucket, until_ms);
    for (size_t i = from; i < end; i++) {
        ret_numbers[i - from] = bucket->entries[i].number;
    }
    return end > from ? end - from : 0;
}

void window_note_numbers(const struct bucket *bucket)
{
    struct row *row = bucket->row;
    if (bucket->day >= row->sorted_from && bucket->day < row->sorted_end) {
        row->sorted_end = row->sorted_from;
        row->sorted_count = 0;
    }
}

/* Keeps the numbers of the days [from_day, end_day) sorted. ERR_MEMORY. */
static int keep_sorted(struct row *row, int64_t from_day, int64_t end_day)
{
    size_t first = window_find_day(row, from_day);
    size_t end = window_find_day(row, end_day);
    size_t count = 0;
    if (row->sorted != NULL && row->sorted_from == from_day && row->sorted_end == end_day) {
        return 0;
    }
    for (size_t i = first; i < end; i++) {
        count += row->buckets[i]->count;
    }
    double *sorted = heap_alloc_array(count + 1, sizeof(*sorted));
    if (sorted == NULL) {
        return ERR_MEMORY;
    }
    heap_free(row->sorted);
    row->sorted = sorted;
    row->sorted_count = 0;
    for (size_t i = first; i < end; i++) {
        row->sorted_count +=
            copy_numbers(row->buckets[i], INT64_MIN, INT64_MAX, sorted + row->sorted_count);
    }
    sort(sorted, count);
    row->sorted_from = from_day;
    row->sorted_end = end_day;
    return 0;
}

/* Of `count` numbers and the row's sorted ones. */
static double middle_of_both(const struct row *row, double *numbers, size_t count)
{
    size_t middle = (row->sorted_count + count) / 2; /* and perhaps the one before */
    size_t below = middle > count + 1 ? middle - count - 1 : 0;
    size_t end = middle + 1 < row->sorted_count ? middle + 1 : row->sorted_count;
    below = below < end ? below : end;
    memcpy(numbers + count, row->sorted + below, (end - below) * sizeof(*numbers));
    ptrdiff_t rank = (ptrdiff_t)(middle - below);
    ptrdiff_t near = (ptrdiff_t)(count + end - below);
    double upper = select_rank(numbers, near, rank);
    bool is_one = (row->sorted_count + count) % 2 == 1;
    double lower = is_one ? upper : select_rank(numbers, rank, rank - 1);
    return (lower + upper) / 2;
}

/* The numbers of the days that the span's ends cut. */
static size_t copy_cut(const struct row *row, const struct window_span *span, double *ret_numbers)
{
    int64_t from_ms = span->to_ms - span->length_ms; /* not itself inside */
    const int64_t cut[] = {window_day_of(from_ms), window_day_of(span->to_ms)};
    size_t count = 0;
    for (size_t i = cut[0] == cut[1] ? 1 : 0; i < 2; i++) {
        size_t at = window_find_day(row, cut[i]);
        if (at < row->count && row->buckets[at]->day == cut[i]) {
            count += copy_numbers(row->buckets[at], from_ms, span->to_ms, ret_numbers + count);
        }
    }
    return count;
}

int windows_median(const struct windows *windows, const struct window_key *key,
                   const struct window_span *span, struct arena *arena, double *ret_number)
{
    enum { NUMBERS_MAX = 2 * 2 * WINDOW_ENTRIES_MAX + 2 };
    struct row *row = window_find_row(windows, key);
    double *numbers = arena_take(arena, NUMBERS_MAX * sizeof(*numbers));
    int64_t from_day = window_day_of(span->to_ms - span->length_ms) + 1;
    int64_t end_day = window_day_of(span->to_ms);
    int error = numbers == NULL ? ERR_MEMORY : 0;
    *ret_number = NAN;
    if (error == 0 && row != NULL) {
        error = keep_sorted(row, from_day, from_day < end_day ? end_day : from_day);
    }
    if (error == 0 && row != NULL) {
        size_t count = copy_cut(row, span, numbers);
        bool is_any = count > 0 || row->sorted_count > 0;
        *ret_number = is_any ? middle_of_both(row, numbers, count) : NAN;
    }
    return error;
}
