#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/rules/window_inside.h"

/* Undoing a batch brings back what it had evicted before it takes out what it had made. */
enum { UNDO_ROOM = 64 * 1024 };

static void free_row(struct row *row)
{
    heap_free(row->buckets);
    heap_free(row->lasts);
    heap_free(row->sorted);
    heap_free(row);
}

static void free_bucket(struct bucket *bucket)
{
    if (bucket != NULL) {
        heap_free(bucket->folds);
        heap_free(bucket);
    }
}

void windows_init(struct windows *windows, size_t max, uint64_t seed)
{
    windows->max = max == 0 ? WINDOW_BUCKETS_MAX : max;
    windows->newest_ms = INT64_MIN;
    map_init(&windows->buckets, windows->max + UNDO_ROOM, seed);
    map_init(&windows->rows, windows->max + UNDO_ROOM, seed);
    list_init(&windows->order);
    list_init(&windows->fresh);
    for (size_t i = 0; i < WINDOW_AGES; i++) {
        list_init(&windows->ages[i]);
    }
}

void windows_fini(struct windows *windows)
{
    for (size_t i = 0; i < windows->buckets.count; i++) {
        free_bucket(windows->buckets.entries[i].value);
    }
    for (size_t i = 0; i < windows->rows.count; i++) {
        free_row(windows->rows.entries[i].value);
    }
    map_fini(&windows->buckets);
    map_fini(&windows->rows);
    list_init(&windows->order);
    list_init(&windows->fresh);
}

int64_t window_day_of(int64_t at_ms)
{
    return at_ms / WINDOW_DAY_MS - (at_ms % WINDOW_DAY_MS < 0 ? 1 : 0);
}

size_t window_format_row(const struct window_key *key, char text[WINDOW_KEY_MAX_BYTES])
{
    const struct str scope = {&key->scope, 1};
    const struct str parts[] = {key->unit,        STR_LITERAL("/window/"), scope,
                                STR_LITERAL(":"), key->scope_id,           STR_LITERAL("/"),
                                key->feature,     STR_LITERAL("/")};
    return str_join(parts, sizeof(parts) / sizeof(parts[0]), WINDOW_KEY_MAX_BYTES, text);
}

static struct str append_day(char text[WINDOW_KEY_MAX_BYTES], size_t row_len, int64_t day)
{
    char digits[24];
    size_t count = 0;
    uint64_t left = day < 0 ? (uint64_t)-day : (uint64_t)day;
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (day < 0) {
        digits[count++] = '-';
    }
    sw_assert(row_len + count < WINDOW_KEY_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        text[row_len + i] = digits[count - 1 - i];
    }
    text[row_len + count] = '\0';
    return (struct str){text, row_len + count};
}

struct str windows_key(const struct window_key *key, int64_t at_ms,
                       char ret_text[WINDOW_KEY_MAX_BYTES])
{
    return append_day(ret_text, window_format_row(key, ret_text), window_day_of(at_ms));
}

bool windows_parse_key(struct str text, struct str *ret_feature, int64_t *ret_day)
{
    struct str parts[5];
    for (size_t i = 0; i < 5; i++) {
        const char *slash = text.len == 0 ? NULL : memchr(text.at, '/', text.len);
        bool is_last = i == 4;
        if ((slash == NULL) != is_last) {
            return false;
        }
        parts[i] = (struct str){text.at, is_last ? text.len : (size_t)(slash - text.at)};
        size_t skipped = parts[i].len + (is_last ? 0 : 1);
        text = (struct str){text.at + skipped, text.len - skipped};
    }
    bool is_window = str_is(parts[1], "window") && parts[0].len > 0 && parts[3].len > 0;
    if (!is_window || !str_to_int64(parts[4], INT32_MIN, INT32_MAX, ret_day)) {
        return false;
    }
    *ret_feature = parts[3];
    return true;
}

struct window_state windows_get(const struct windows *windows, struct str key)
{
    const struct bucket *bucket = map_get(&windows->buckets, key);
    return bucket == NULL ? (struct window_state){NULL, 0}
                          : (struct window_state){bucket->entries, bucket->count};
}

/* --- Rows ------------------------------------------------------------------------------------------------------------ */

size_t window_find_day(const struct row *row, int64_t day)
{
    size_t low = 0;
    size_t high = row->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row->buckets[middle]->day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct row *make_row(struct windows *windows, struct str key)
{
    struct row *row = heap_alloc(sizeof(*row) + key.len);
    if (row == NULL) {
        return NULL;
    }
    memcpy(row + 1, key.at, key.len);
    *row = (struct row){.key = {(const char *)(row + 1), key.len}};
    if (map_add(&windows->rows, row->key, row) != 0) {
        heap_free(row);
        return NULL;
    }
    return row;
}

static void drop_if_empty(struct windows *windows, struct row *row)
{
    if (row->count == 0) {
        (void)map_remove(&windows->rows, row->key);
        free_row(row);
    }
}

/* The row of a bucket's key, with room for one bucket more; NULL when memory is out. */
static struct row *open_row(struct windows *windows, struct str key)
{
    size_t len = key.len;
    while (key.at[len - 1] != '/') {
        len--;
    }
    struct str name = {key.at, len};
    struct row *row = map_get(&windows->rows, name);
    row = row != NULL ? row : make_row(windows, name);
    if (row != NULL && row->count == row->capacity) {
        size_t capacity = row->capacity == 0 ? 2 : 2 * row->capacity;
        struct bucket **buckets = heap_alloc_array(capacity, sizeof(struct bucket *));
        if (buckets == NULL) {
            drop_if_empty(windows, row);
            return NULL;
        }
        if (row->count > 0) {
            memcpy(buckets, row->buckets, row->count * sizeof(struct bucket *));
        }
        heap_free(row->buckets);
        row->buckets = buckets;
        row->capacity = capacity;
    }
    return row;
}

static void hang_in(struct row *row, struct bucket *bucket)
{
    size_t at = window_find_day(row, bucket->day);
    const struct bucket *earlier = at == 0 ? NULL : row->buckets[at - 1];
    const struct bucket *later = at == row->count ? NULL : row->buckets[at];
    bucket->row = row;
    bucket->before = earlier != NULL ? earlier->before + (int64_t)earlier->count
                     : later != NULL ? later->before
                                     : 0;
    memmove(&row->buckets[at + 1], &row->buckets[at], (row->count - at) * sizeof(struct bucket *));
    row->buckets[at] = bucket;
    row->count++;
}

static void hang_out(struct windows *windows, struct bucket *bucket)
{
    struct row *row = bucket->row;
    size_t at = window_find_day(row, bucket->day);
    sw_assert(row->buckets[at] == bucket);
    row->count--;
    memmove(&row->buckets[at], &row->buckets[at + 1], (row->count - at) * sizeof(struct bucket *));
    drop_if_empty(windows, row);
}

/* --- Values of a row ------------------------------------------------------------------------------------------------- */

/* Without memory the row is stale: they are made anew when somebody asks. */
static void note_value(struct row *row, const struct window_entry *entry)
{
    for (size_t i = 0; i < row->last_count; i++) {
        struct last *last = &row->lasts[i];
        if (ident_equal(last->value, entry->value)) {
            last->at_ms = entry->at_ms > last->at_ms ? entry->at_ms : last->at_ms;
            return;
        }
    }
    if (row->last_count == row->last_capacity) {
        size_t capacity = row->last_capacity == 0 ? 2 : 2 * row->last_capacity;
        struct last *lasts = heap_alloc_array(capacity, sizeof(*lasts));
        if (lasts == NULL) {
            row->is_stale = true;
            return;
        }
        if (row->last_count > 0) {
            memcpy(lasts, row->lasts, row->last_count * sizeof(*lasts));
        }
        heap_free(row->lasts);
        row->lasts = lasts;
        row->last_capacity = capacity;
    }
    row->lasts[row->last_count++] = (struct last){entry->value, entry->at_ms};
}

/* How many entries at their beginning are the same. Most often all that the bucket has, so they are compared as one first. */
static size_t common_count(const struct bucket *bucket, const struct window_state *state)
{
    size_t least = bucket->count < state->count ? bucket->count : state->count;
    size_t at = 0;
    if (memcmp(bucket->entries, state->entries, least * sizeof(bucket->entries[0])) == 0) {
        return least;
    }
    while (memcmp(&bucket->entries[at], &state->entries[at], sizeof(bucket->entries[0])) == 0) {
        at++;
    }
    return at;
}

/* The bucket becomes `state`: one entry more is noted, anything else makes what is known of the row stale. */
static void note_change(struct bucket *bucket, const struct window_state *state)
{
    size_t at = common_count(bucket, state);
    bool is_one_more = state->count == bucket->count + 1 &&
                       memcmp(&bucket->entries[at], &state->entries[at + 1],
                              (bucket->count - at) * sizeof(bucket->entries[0])) == 0;
    if (is_one_more) {
        note_value(bucket->row, &state->entries[at]);
    } else {
        bucket->row->is_stale = true;
    }
    bool is_appended = is_one_more && at == bucket->count;
    window_note_folds(bucket, is_appended ? &state->entries[at] : NULL);
    window_note_numbers(bucket);
}

int window_make_values(struct row *row)
{
    row->last_count = 0;
    row->is_stale = false;
    for (size_t i = 0; i < row->count; i++) {
        for (size_t e = 0; e < row->buckets[i]->count; e++) {
            note_value(row, &row->buckets[i]->entries[e]);
        }
    }
    return row->is_stale ? ERR_MEMORY : 0;
}

static void set_count(struct bucket *bucket, size_t count)
{
    struct row *row = bucket->row;
    int64_t more = (int64_t)count - (int64_t)bucket->count;
    for (size_t i = window_find_day(row, bucket->day) + 1; i < row->count && more != 0; i++) {
        row->buckets[i]->before += more;
    }
    bucket->count = count;
}

/* --- Buckets --------------------------------------------------------------------------------------------------------- */

static void take_out(struct windows *windows, struct bucket *bucket)
{
    set_count(bucket, 0);
    bucket->row->is_stale = true;
    window_note_folds(bucket, NULL);
    window_note_numbers(bucket);
    hang_out(windows, bucket);
    (void)map_remove(&windows->buckets, bucket->key);
    list_remove(&bucket->order);
    list_remove(&bucket->age);
    free_bucket(bucket);
}

/* A new bucket of that key at the end of the order. */
static int add_bucket(struct windows *windows, struct str key, size_t capacity,
                      struct bucket **ret_bucket)
{
    size_t bytes = sizeof(struct bucket) + capacity * sizeof(struct window_entry) + key.len;
    struct bucket *bucket = heap_alloc(bytes);
    struct row *row = bucket == NULL ? NULL : open_row(windows, key);
    struct str feature;
    if (row == NULL) {
        heap_free(bucket);
        return ERR_MEMORY;
    }
    *bucket = (struct bucket){.capacity = capacity};
    char *text = (char *)&bucket->entries[capacity];
    memcpy(text, key.at, key.len);
    bucket->key = (struct str){text, key.len};
    bool is_key = windows_parse_key(key, &feature, &bucket->day);
    sw_assert(is_key);
    int error = map_add(&windows->buckets, bucket->key, bucket);
    if (error != 0) {
        drop_if_empty(windows, row);
        heap_free(bucket);
        return error;
    }
    list_push_back(&windows->order, &bucket->order);
    list_push_back(&windows->fresh, &bucket->age);
    hang_in(row, bucket);
    *ret_bucket = bucket;
    return 0;
}

/* One with more room in the place of `old`. */
static int grow(struct windows *windows, struct bucket *old, size_t capacity,
                struct bucket **ret_bucket)
{
    size_t bytes = sizeof(struct bucket) + capacity * sizeof(struct window_entry) + old->key.len;
    struct bucket *bucket = heap_alloc(bytes);
    if (bucket == NULL) {
        return ERR_MEMORY;
    }
    *bucket = *old;
    bucket->capacity = capacity;
    memcpy(bucket->entries, old->entries, old->count * sizeof(bucket->entries[0]));
    char *text = (char *)&bucket->entries[capacity];
    memcpy(text, old->key.at, old->key.len);
    bucket->key.at = text;
    list_push_front(&old->order, &bucket->order);
    list_remove(&old->order);
    list_push_front(&old->age, &bucket->age);
    list_remove(&old->age);
    bucket->row->buckets[window_find_day(bucket->row, bucket->day)] = bucket;
    (void)map_remove(&windows->buckets, old->key);
    heap_free(old);
    int error = map_add(&windows->buckets, bucket->key, bucket);
    sw_assert(error == 0); /* into the place that was just given up */
    *ret_bucket = bucket;
    return 0;
}

int windows_put(struct windows *windows, struct str key, const struct window_state *state)
{
    struct bucket *bucket = map_get(&windows->buckets, key);
    sw_assert(state->count <= WINDOW_ENTRIES_MAX);
    if (state->count == 0) {
        if (bucket != NULL) {
            take_out(windows, bucket);
        }
        return 0;
    }
    size_t capacity = bucket == NULL ? 1 : bucket->capacity;
    while (capacity < state->count) {
        capacity *= 2;
    }
    int error = bucket == NULL                ? add_bucket(windows, key, capacity, &bucket)
                : bucket->capacity < capacity ? grow(windows, bucket, capacity, &bucket)
                                              : 0;
    if (error != 0) {
        return error;
    }
    int64_t last_ms = state->entries[state->count - 1].at_ms;
    windows->newest_ms = last_ms > windows->newest_ms ? last_ms : windows->newest_ms;
    note_change(bucket, state);
    memmove(bucket->entries, state->entries, state->count * sizeof(bucket->entries[0]));
    set_count(bucket, state->count);
    return 0;
}

struct str windows_oldest(const struct windows *windows, bool *ret_is_full)
{
    *ret_is_full = windows->buckets.count >= windows->max;
    if (list_is_empty(&windows->order)) {
        return (struct str){NULL, 0};
    }
    return LIST_ENTRY(windows->order.next, struct bucket, order)->key;
}

struct str windows_fresh(const struct windows *windows)
{
    return list_is_empty(&windows->fresh)
               ? (struct str){NULL, 0}
               : LIST_ENTRY(windows->fresh.next, struct bucket, age)->key;
}

void windows_set_end(struct windows *windows, struct str key, int64_t end_ms)
{
    struct bucket *bucket = map_get(&windows->buckets, key);
    int64_t kept_days = (end_ms - bucket->day * WINDOW_DAY_MS) / WINDOW_DAY_MS;
    size_t age = 0;
    while (age + 1 < WINDOW_AGES && kept_days > INT64_C(1) << age) {
        age++;
    }
    bucket->end_ms = end_ms;
    list_remove(&bucket->age);
    list_push_back(&windows->ages[age], &bucket->age);
}

struct str windows_ended(const struct windows *windows, int64_t now_ms)
{
    for (size_t i = 0; i < WINDOW_AGES; i++) {
        const struct list *ages = &windows->ages[i];
        const struct bucket *first =
            list_is_empty(ages) ? NULL : LIST_ENTRY(ages->next, struct bucket, age);
        if (first != NULL && first->end_ms <= now_ms) {
            return first->key;
        }
    }
    return (struct str){NULL, 0};
}

void windows_forget_ends(struct windows *windows)
{
    for (size_t i = 0; i < WINDOW_AGES; i++) {
        for (struct list *node = list_pop_front(&windows->ages[i]); node != NULL;
             node = list_pop_front(&windows->ages[i])) {
            list_push_back(&windows->fresh, node);
        }
    }
}

static bool is_before(const struct window_entry *a, const struct window_entry *b)
{
    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms;
    }
    int order = memcmp(a->value.bytes, b->value.bytes, IDENT_BYTES);
    return order != 0 ? order < 0 : a->number < b->number;
}

/* Behind all that are not later. */
static size_t place_of(const struct window_state *state, const struct window_entry *entry)
{
    size_t low = 0;
    size_t high = state->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(entry, &state->entries[middle])) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

int windows_add_entry(const struct window_state *state, const struct window_entry *entry,
                      struct arena *arena, struct window_state *ret_state, bool *ret_is_cut)
{
    struct window_entry *entries = arena_alloc_array(arena, state->count + 1, sizeof(*entries));
    if (entries == NULL) {
        return ERR_MEMORY;
    }
    size_t at = place_of(state, entry); /* whatever order they come in, they lie in the same one */
    if (state->count > 0) {
        memcpy(entries, state->entries, at * sizeof(*entries));
        memcpy(entries + at + 1, state->entries + at, (state->count - at) * sizeof(*entries));
    }
    entries[at] = *entry;
    *ret_is_cut = state->count == WINDOW_ENTRIES_MAX;
    *ret_state = *ret_is_cut ? (struct window_state){entries + 1, state->count}
                             : (struct window_state){entries, state->count + 1};
    return 0;
}
