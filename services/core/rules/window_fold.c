/* Sums that decay, greatest and least numbers over a window.
 *
 * Floating-point sums depend on the order of adding, so there is one order: from the newest entry back, by whole days where
 * a day lies inside the window. A day that is divisible by 2, 4 … stands for as many days up to itself, as in a Fenwick tree:
 * its fold over them is kept and used as a whole where all of them lie inside. What is kept is a function of the entries
 * alone, and so is the answer: neither the order of arrival nor what lies outside the window changes a bit of it. */
#include <math.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/rules/window_inside.h"

enum { REACH_MAX_DAYS = 64 };

/* One fold in hand: whose, and what halves a number. */
struct folding {
    const struct row *row;
    int64_t half_life_ms;
};

static double decay(const struct folding *folding, int64_t age_ms)
{
    sw_assert(age_ms >= 0);
    return folding->half_life_ms == 0 ? 1.0 : exp2(-(double)age_ms / (double)folding->half_life_ms);
}

/* Adds what came earlier than all that `fold` holds. */
static void add_earlier(const struct folding *folding, const struct window_fold *earlier,
                        struct window_fold *fold)
{
    if (earlier->is_empty) {
        return;
    }
    if (fold->is_empty) {
        *fold = *earlier;
        return;
    }
    fold->sum += earlier->sum * decay(folding, fold->at_ms - earlier->at_ms);
    fold->max = earlier->max > fold->max ? earlier->max : fold->max;
    fold->min = earlier->min < fold->min ? earlier->min : fold->min;
}

/* The fold with a newer entry. */
static struct window_fold append(const struct folding *folding, const struct window_fold *older,
                                 const struct window_entry *entry)
{
    struct window_fold fold = {entry->number, entry->number, entry->number, entry->at_ms, false};
    add_earlier(folding, older, &fold);
    return fold;
}

/* The entries [from, to) of a bucket. */
static struct window_fold fold_entries(const struct folding *folding, const struct bucket *bucket,
                                       size_t from, size_t to)
{
    struct window_fold fold = {.is_empty = true};
    for (size_t i = from; i < to; i++) {
        fold = append(folding, &fold, &bucket->entries[i]);
    }
    return fold;
}

/* How many days up to its own a day stands for. */
static int64_t reach_of(int64_t day)
{
    uint64_t lowest = (uint64_t)day & (~(uint64_t)day + 1);
    return lowest == 0 || lowest > REACH_MAX_DAYS ? REACH_MAX_DAYS : (int64_t)lowest;
}

/* --- What is kept ---------------------------------------------------------------------------------------------------- */

/* Those days that stand for the bucket's, too, are no longer what they were. */
static void spoil_spans(const struct row *row, int64_t day)
{
    int64_t newest = row->buckets[row->count - 1]->day;
    int64_t reach = 0;
    for (; day <= newest && reach < REACH_MAX_DAYS; day += reach) {
        size_t at = window_find_day(row, day);
        bool is_there = at < row->count && row->buckets[at]->day == day;
        if (is_there && row->buckets[at]->folds != NULL) {
            row->buckets[at]->folds->is_span_stale = true;
        }
        reach = reach_of(day);
    }
}

void window_note_folds(struct bucket *bucket, const struct window_entry *appended)
{
    const struct folding folding = {bucket->row, bucket->row->half_life_ms};
    struct folds *folds = bucket->folds;
    if (!bucket->row->has_folds) {
        return;
    }
    if (bucket->day >= bucket->row->middle_from && bucket->day < bucket->row->middle_end) {
        bucket->row->middle_end = bucket->row->middle_from;
    }
    if (folds != NULL && appended != NULL && !folds->is_own_stale) {
        folds->own = append(&folding, &folds->own, appended);
    } else if (folds != NULL) {
        folds->is_own_stale = true;
    }
    spoil_spans(bucket->row, bucket->day);
}

/* All folds of the row are to be made with that half-life. */
static void set_half_life(struct row *row, int64_t half_life_ms)
{
    row->has_folds = true;
    if (row->half_life_ms == half_life_ms) {
        return;
    }
    row->half_life_ms = half_life_ms;
    row->middle_end = row->middle_from;
    for (size_t i = 0; i < row->count; i++) {
        if (row->buckets[i]->folds != NULL) {
            row->buckets[i]->folds->is_own_stale = true;
            row->buckets[i]->folds->is_span_stale = true;
        }
    }
}

/* The folds of the bucket, its own up to date. ERR_MEMORY. */
static int fold_own(const struct folding *folding, struct bucket *bucket)
{
    if (bucket->folds == NULL) {
        bucket->folds = heap_alloc(sizeof(*bucket->folds));
        if (bucket->folds == NULL) {
            return ERR_MEMORY;
        }
        bucket->folds->is_own_stale = true;
        bucket->folds->is_span_stale = true;
    }
    if (bucket->folds->is_own_stale) {
        bucket->folds->own = fold_entries(folding, bucket, 0, bucket->count);
        bucket->folds->is_own_stale = false;
    }
    return 0;
}

static int fold_span(const struct folding *folding, size_t index);

/* Adds, from behind, the days from `from_day` on of the buckets before index `end`. A day whose reach lies inside counts for
 * all of it: always, so that the numbers are always added in the same way. */
static int fold_days(const struct folding *folding, int64_t from_day, size_t end,
                     struct window_fold *fold)
{
    const struct row *row = folding->row;
    int error = 0;
    while (end > 0 && row->buckets[end - 1]->day >= from_day && error == 0) {
        const struct bucket *bucket = row->buckets[end - 1];
        int64_t first = bucket->day - reach_of(bucket->day) + 1;
        bool is_whole = first >= from_day;
        error = is_whole ? fold_span(folding, end - 1) : fold_own(folding, row->buckets[end - 1]);
        if (error == 0) {
            add_earlier(folding, is_whole ? &bucket->folds->span : &bucket->folds->own, fold);
            end = is_whole ? window_find_day(row, first) : end - 1;
        }
    }
    return error;
}

/* Makes what the bucket stands for. The days below reach half as far at most: the recursion is log2(REACH_MAX_DAYS) deep. */
static int fold_span(const struct folding *folding, size_t index)
{
    struct bucket *bucket = folding->row->buckets[index];
    int error = fold_own(folding, bucket);
    if (error != 0 || !bucket->folds->is_span_stale) {
        return error;
    }
    struct window_fold fold = bucket->folds->own;
    error = fold_days(folding, bucket->day - reach_of(bucket->day) + 1, index, &fold);
    if (error == 0) {
        bucket->folds->span = fold;
        bucket->folds->is_span_stale = false;
    }
    return error;
}

/* --- Answers --------------------------------------------------------------------------------------------------------- */

/* The newest day of the span, up to its end. */
static int fold_last_day(const struct folding *folding, size_t index,
                         const struct window_span *span, struct window_fold *fold)
{
    struct bucket *bucket = folding->row->buckets[index];
    int64_t from_ms = span->to_ms - span->length_ms;
    size_t from = window_count_until(bucket, from_ms);
    size_t to = window_count_until(bucket, span->to_ms);
    if (from > 0 || to < bucket->count) {
        *fold = fold_entries(folding, bucket, from, to);
        return 0;
    }
    int error = fold_own(folding, bucket);
    *fold = error == 0 ? bucket->folds->own : *fold;
    return error;
}

/* The days [from_day, end_day), which lie whole in the span. They are the same from event to event until the day changes. */
static int fold_middle(const struct folding *folding, struct row *row, int64_t from_day,
                       int64_t end_day, struct window_fold *fold)
{
    bool is_kept = row->middle_from < row->middle_end && row->middle_from == from_day &&
                   row->middle_end == end_day;
    if (!is_kept && from_day < end_day) {
        struct window_fold middle = {.is_empty = true};
        int error = fold_days(folding, from_day, window_find_day(row, end_day), &middle);
        if (error != 0) {
            return error;
        }
        row->middle = middle;
        row->middle_from = from_day;
        row->middle_end = end_day;
    }
    if (from_day < end_day) {
        add_earlier(folding, &row->middle, fold);
    }
    return 0;
}

int windows_fold(const struct windows *windows, const struct window_key *key,
                 const struct window_span *span, int64_t half_life_ms, struct window_fold *ret_fold)
{
    struct row *row = window_find_row(windows, key);
    struct window_fold fold = {.is_empty = true};
    int64_t from_ms = span->to_ms - span->length_ms; /* not itself inside */
    int64_t first_day = window_day_of(from_ms);
    int64_t last_day = window_day_of(span->to_ms);
    const struct folding folding = {row, half_life_ms};
    int error = 0;
    if (row != NULL) {
        set_half_life(row, half_life_ms);
        size_t end = window_find_day(row, last_day);
        if (end < row->count && row->buckets[end]->day == last_day) {
            error = fold_last_day(&folding, end, span, &fold);
        }
        error = error != 0 ? error : fold_middle(&folding, row, first_day + 1, last_day, &fold);
        size_t first = window_find_day(row, first_day);
        if (error == 0 && first < end && row->buckets[first]->day == first_day) {
            const struct bucket *bucket = row->buckets[first];
            struct window_fold part =
                fold_entries(&folding, bucket, window_count_until(bucket, from_ms), bucket->count);
            add_earlier(&folding, &part, &fold);
        }
    }
    if (error == 0) {
        fold.sum *= fold.is_empty ? 0.0 : decay(&folding, span->to_ms - fold.at_ms);
        fold.at_ms = span->to_ms;
        *ret_fold = fold;
    }
    return error;
}

bool windows_last(const struct windows *windows, const struct window_key *key,
                  const struct window_span *span, double *ret_number)
{
    const struct row *row = window_find_row(windows, key);
    size_t at = row == NULL ? 0 : window_find_day(row, window_day_of(span->to_ms) + 1);
    while (at > 0) {
        const struct bucket *bucket = row->buckets[--at];
        size_t count = window_count_until(bucket, span->to_ms);
        if (count > 0) {
            *ret_number = bucket->entries[count - 1].number;
            return bucket->entries[count - 1].at_ms > span->to_ms - span->length_ms;
        }
    }
    return false;
}
