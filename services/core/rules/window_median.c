/* The median of a window's numbers. It is none that a few partial results give: each number of the window is looked at, and the
 * middle one selected; so it is for what comes seldom, as the roll of a school, and not for each gate's every event. */
#include <math.h>
#include <stddef.h>

#include "base/assert.h"
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

/* The middle one, or what lies halfway between the two. */
static double middle_of(double *numbers, size_t count)
{
    ptrdiff_t half = (ptrdiff_t)(count / 2);
    double upper = select_rank(numbers, (ptrdiff_t)count, half);
    double lower = count % 2 == 1 ? upper : select_rank(numbers, half, half - 1);
    return (lower + upper) / 2;
}

static size_t gather(const struct row *row, const struct window_span *span, double *numbers,
                     size_t max)
{
    int64_t from_ms = span->to_ms - span->length_ms; /* not itself inside */
    size_t count = 0;
    for (size_t i = window_find_day(row, window_day_of(from_ms)); i < row->count; i++) {
        const struct bucket *bucket = row->buckets[i];
        size_t end = window_count_until(bucket, span->to_ms);
        for (size_t e = window_count_until(bucket, from_ms); e < end; e++) {
            sw_assert(count < max);
            numbers[count++] = bucket->entries[e].number;
        }
    }
    return count;
}

int windows_median(const struct windows *windows, const struct window_key *key,
                   const struct window_span *span, struct arena *arena, double *ret_number)
{
    const struct row *row = window_find_row(windows, key);
    size_t count = row == NULL ? 0 : (size_t)windows_count(windows, key, span);
    double *numbers = arena_alloc_array(arena, count, sizeof(*numbers));
    if (numbers == NULL) {
        return ERR_MEMORY;
    }
    if (count > 0) {
        size_t gathered = gather(row, span, numbers, count);
        sw_assert(gathered == count);
    }
    *ret_number = count == 0 ? NAN : middle_of(numbers, count);
    return 0;
}
