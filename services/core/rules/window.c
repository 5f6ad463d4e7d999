#include "core/rules/window.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

/* Undoing a batch brings back what it had evicted before it takes out what it had made. */
enum { UNDO_ROOM = 64 * 1024 };

static const int64_t day_ms = INT64_C(86400000);

/* One allocation: the key's bytes lie behind the entries. */
struct bucket {
    struct list order;
    struct str key;
    size_t count;
    size_t capacity;
    struct window_entry entries[];
};

void windows_init(struct windows *windows, size_t max, uint64_t seed)
{
    windows->max = max == 0 ? WINDOW_BUCKETS_MAX : max;
    map_init(&windows->buckets, windows->max + UNDO_ROOM, seed);
    list_init(&windows->order);
}

void windows_fini(struct windows *windows)
{
    for (size_t i = 0; i < windows->buckets.count; i++) {
        heap_free(windows->buckets.entries[i].value);
    }
    map_fini(&windows->buckets);
    list_init(&windows->order);
}

/* Rounds down, also before 1970. */
static int64_t day_of(int64_t at_ms)
{
    return at_ms / day_ms - (at_ms % day_ms < 0 ? 1 : 0);
}

/* The key of a row up to the day; the day's number comes behind it. */
static size_t format_row(const struct window_key *key, char text[WINDOW_KEY_MAX_BYTES])
{
    int len = snprintf(text, WINDOW_KEY_MAX_BYTES, "%.*s/window/%c:%.*s/%.*s/", (int)key->unit.len,
                       key->unit.at, key->scope, (int)key->scope_id.len, key->scope_id.at,
                       (int)key->feature.len, key->feature.at);
    sw_assert(len > 0 && len < WINDOW_KEY_MAX_BYTES);
    return (size_t)len;
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
    return append_day(ret_text, format_row(key, ret_text), day_of(at_ms));
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

static void take_out(struct windows *windows, struct bucket *bucket)
{
    (void)map_remove(&windows->buckets, bucket->key);
    list_remove(&bucket->order);
    heap_free(bucket);
}

static struct bucket *make(struct str key, size_t capacity)
{
    size_t bytes = sizeof(struct bucket) + capacity * sizeof(struct window_entry) + key.len;
    struct bucket *bucket = heap_alloc(bytes);
    if (bucket != NULL) {
        char *text = (char *)&bucket->entries[capacity];
        memcpy(text, key.at, key.len);
        bucket->key = (struct str){text, key.len};
        bucket->capacity = capacity;
        list_init(&bucket->order);
    }
    return bucket;
}

/* A bucket of that key with room for `count` entries, in the place of `old` if there is one. */
static int replace(struct windows *windows, struct bucket *old, struct str key, size_t count,
                   struct bucket **ret_bucket)
{
    size_t capacity = old == NULL ? 1 : old->capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    struct bucket *bucket = make(key, capacity);
    if (bucket == NULL) {
        return ERR_MEMORY;
    }
    if (old != NULL) {
        list_push_front(&old->order, &bucket->order);
        take_out(windows, old);
    } else {
        list_push_back(&windows->order, &bucket->order);
    }
    int error = map_add(&windows->buckets, bucket->key, bucket);
    if (error != 0) {
        list_remove(&bucket->order);
        heap_free(bucket);
        return error;
    }
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
    if (bucket == NULL || bucket->capacity < state->count) {
        int error = replace(windows, bucket, key, state->count, &bucket);
        if (error != 0) {
            return error;
        }
    }
    memmove(bucket->entries, state->entries, state->count * sizeof(bucket->entries[0]));
    bucket->count = state->count;
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

static bool is_before(const struct window_entry *a, const struct window_entry *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms
                                : memcmp(a->value.bytes, b->value.bytes, IDENT_BYTES) < 0;
}

int windows_add_entry(const struct window_state *state, const struct window_entry *entry,
                      struct arena *arena, struct window_state *ret_state, bool *ret_is_cut)
{
    struct window_entry *entries = arena_alloc_array(arena, state->count + 1, sizeof(*entries));
    if (entries == NULL) {
        return ERR_MEMORY;
    }
    size_t at = 0; /* whatever order they come in, they lie in the same one */
    while (at < state->count && !is_before(entry, &state->entries[at])) {
        entries[at] = state->entries[at];
        at++;
    }
    entries[at] = *entry;
    for (; at < state->count; at++) {
        entries[at + 1] = state->entries[at];
    }
    *ret_is_cut = state->count == WINDOW_ENTRIES_MAX;
    *ret_state = *ret_is_cut ? (struct window_state){entries + 1, state->count}
                             : (struct window_state){entries, state->count + 1};
    return 0;
}

static int count_bucket(const struct window_state *state, int64_t from_ms, int64_t to_ms,
                        struct map *distinct, int64_t *count)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct window_entry *entry = &state->entries[i];
        if (entry->at_ms <= from_ms || entry->at_ms > to_ms) {
            continue;
        }
        int error = map_add(distinct, ident_part(&entry->value), (void *)(uintptr_t)entry);
        if (error != 0 && error != ERR_EXISTS) {
            return error;
        }
        ++*count;
    }
    return 0;
}

int windows_count(const struct windows *windows, const struct window_key *key,
                  const struct window_span *span, struct window_counts *ret_counts)
{
    int64_t from_ms = span->to_ms - span->length_ms; /* not itself inside */
    int64_t last_day = day_of(span->to_ms);
    struct window_counts counts = {0, 0};
    struct map distinct;
    char text[WINDOW_KEY_MAX_BYTES];
    size_t row_len = format_row(key, text);
    int error = 0;
    map_init(&distinct, WINDOW_BUCKETS_MAX, windows->buckets.seed);
    for (int64_t day = day_of(from_ms); day <= last_day && error == 0; day++) {
        struct window_state state = windows_get(windows, append_day(text, row_len, day));
        error = count_bucket(&state, from_ms, span->to_ms, &distinct, &counts.entries);
    }
    counts.distinct = (int64_t)distinct.count;
    map_fini(&distinct);
    if (error == 0) {
        *ret_counts = counts;
    }
    return error;
}
