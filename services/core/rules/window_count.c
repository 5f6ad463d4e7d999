/* Counting over the buckets of a row: entries, different values, school days in a row. */
#include "base/assert.h"
#include "core/rules/window_inside.h"

struct row *window_find_row(const struct windows *windows, const struct window_key *key)
{
    char text[WINDOW_KEY_MAX_BYTES];
    if (key->is_found) {
        return key->row;
    }
    size_t len = window_format_row(key, text);
    return map_get(&windows->rows, (struct str){text, len});
}

void windows_find_row(const struct windows *windows, struct window_key *key)
{
    key->is_found = false;
    key->row = window_find_row(windows, key);
    key->is_found = true;
}

size_t window_count_until(const struct bucket *bucket, int64_t at_ms)
{
    size_t low = 0;
    size_t high = bucket->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bucket->entries[middle].at_ms <= at_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* An entry of a row, from behind: those before `entry` in the bucket, and all of the buckets before it, lie ahead. */
struct place {
    size_t bucket;
    size_t entry;
};

/* How many entries of the row lie at or before the instant, counted as `before` is. */
static int64_t rank_of(const struct row *row, int64_t at_ms)
{
    size_t at = window_find_day(row, window_day_of(at_ms));
    if (at == row->count) {
        const struct bucket *last = row->buckets[at - 1];
        return last->before + (int64_t)last->count;
    }
    const struct bucket *bucket = row->buckets[at];
    return bucket->before + (int64_t)window_count_until(bucket, at_ms);
}

int64_t windows_count(const struct windows *windows, const struct window_key *key,
                      const struct window_span *span)
{
    const struct row *row = window_find_row(windows, key);
    return row == NULL ? 0
                       : rank_of(row, span->to_ms) - rank_of(row, span->to_ms - span->length_ms);
}

/* By looking at each entry: the span ends before the row does. */
static int scan_distinct(const struct row *row, const struct window_span *span, uint64_t seed,
                         int64_t *ret_count)
{
    int64_t from_ms = span->to_ms - span->length_ms; /* not itself inside */
    struct map distinct;
    int error = 0;
    map_init(&distinct, WINDOW_BUCKETS_MAX, seed);
    for (size_t i = window_find_day(row, window_day_of(from_ms)); i < row->count && error == 0;
         i++) {
        const struct bucket *bucket = row->buckets[i];
        size_t end = window_count_until(bucket, span->to_ms);
        for (size_t e = window_count_until(bucket, from_ms); e < end && error == 0; e++) {
            error =
                map_add(&distinct, ident_part(&bucket->entries[e].value), (void *)(uintptr_t)row);
            error = error == ERR_EXISTS ? 0 : error;
        }
    }
    *ret_count = (int64_t)distinct.count;
    map_fini(&distinct);
    return error;
}

int windows_count_distinct(const struct windows *windows, const struct window_key *key,
                           const struct window_span *span, int64_t *ret_count)
{
    struct row *row = window_find_row(windows, key);
    int64_t from_ms = span->to_ms - span->length_ms;
    int64_t count = 0;
    if (row == NULL) {
        *ret_count = 0;
        return 0;
    }
    const struct bucket *newest = row->buckets[row->count - 1];
    if (span->to_ms < newest->entries[newest->count - 1].at_ms) {
        return scan_distinct(row, span, windows->buckets.seed, ret_count);
    }
    int error = row->is_stale ? window_make_values(row) : 0;
    for (size_t i = 0; i < row->last_count; i++) {
        count += row->lasts[i].at_ms > from_ms ? 1 : 0;
    }
    *ret_count = count;
    return error;
}

/* Before all entries of the local day, of which one is at `at_ms`. Only where no clock was moved between its midnight and then:
 * on the other days, two in a year, each entry is looked at. */
static void skip_day(const struct row *row, const struct window_days *days, int64_t at_ms,
                     const struct zone_local *local, struct place *at)
{
    int64_t midnight_ms = at_ms - local->day_ms;
    struct zone_local midnight = zone_to_local(days->zone, midnight_ms);
    if (midnight.day == local->day && midnight.day_ms == 0) {
        at->bucket = window_find_day(row, window_day_of(midnight_ms));
        at->entry = window_count_until(row->buckets[at->bucket], midnight_ms - 1);
    }
}

/* The local day of the newest entry of the row that lies before `at`, and from there back to what lies before that day; false:
 * there is none in the span. */
static bool step_back(const struct row *row, const struct window_days *days, struct place *at,
                      int64_t *ret_day)
{
    while (at->entry == 0 && at->bucket > 0) {
        at->bucket--;
        at->entry = window_count_until(row->buckets[at->bucket], days->span.to_ms);
    }
    if (at->entry == 0) {
        return false;
    }
    at->entry--;
    int64_t at_ms = row->buckets[at->bucket]->entries[at->entry].at_ms;
    struct zone_local local = zone_to_local(days->zone, at_ms);
    *ret_day = local.day;
    skip_day(row, days, at_ms, &local, at);
    return at_ms > days->span.to_ms - days->span.length_ms;
}

int64_t windows_count_streak(const struct windows *windows, const struct window_key *key,
                             const struct window_days *days)
{
    const struct row *row = window_find_row(windows, key);
    int64_t today = zone_to_local(days->zone, days->span.to_ms).day;
    int64_t wanted = calendar_is_school_day(days->calendar, today)
                         ? today
                         : calendar_step(days->calendar, today, -1);
    int64_t streak = 0;
    int64_t day = 0;
    struct place at = {.bucket = row == NULL ? 0 : row->count};
    while (row != NULL && step_back(row, days, &at, &day)) {
        if (streak == 0 && day < wanted && wanted == today) {
            wanted = calendar_step(days->calendar, wanted, -1);
        }
        if (day == wanted) {
            streak++;
            wanted = calendar_step(days->calendar, wanted, -1);
        } else if (day < wanted) {
            break;
        }
    }
    return streak;
}

int64_t windows_newest_ms(const struct windows *windows)
{
    return windows->newest_ms;
}

int64_t windows_next_ms(const struct windows *windows, const struct window_key *key,
                        int64_t after_ms)
{
    const struct row *row = window_find_row(windows, key);
    for (size_t i = row == NULL ? 0 : window_find_day(row, window_day_of(after_ms));
         row != NULL && i < row->count; i++) {
        const struct bucket *bucket = row->buckets[i];
        size_t at = window_count_until(bucket, after_ms);
        if (at < bucket->count) {
            return bucket->entries[at].at_ms;
        }
    }
    return INT64_MAX;
}

int64_t windows_last_ms(const struct windows *windows, const struct window_key *key, int64_t to_ms)
{
    const struct row *row = window_find_row(windows, key);
    size_t at = row == NULL ? 0 : window_find_day(row, window_day_of(to_ms) + 2);
    while (at > 0) {
        const struct bucket *bucket = row->buckets[--at];
        size_t count = window_count_until(bucket, to_ms);
        if (count > 0) {
            return bucket->entries[count - 1].at_ms;
        }
    }
    return INT64_MIN;
}
