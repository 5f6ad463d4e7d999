#include "window_model.h"

#include <string.h>

#include "support/runner.h"

const struct window_key model_key = {
    .unit = {"s1", 2}, .scope = 's', .scope_id = {"p-1", 3}, .feature = {"f", 1}};

struct window_model model;

int window_model_setup(void **state)
{
    (void)state;
    memset(&model, 0, sizeof(model));
    model.state = 7;
    windows_init(&model.windows, 0, 1);
    arena_init(&model.arena, 16 << 20);
    return 0;
}

int window_model_teardown(void **state)
{
    (void)state;
    windows_fini(&model.windows);
    arena_fini(&model.arena);
    return 0;
}

int64_t window_model_pick(int64_t below)
{
    model.state = model.state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((model.state >> 33) % (uint64_t)below);
}

void window_model_add(struct windows *windows, const struct window_entry *entry)
{
    char text[WINDOW_KEY_MAX_BYTES];
    struct str bucket = windows_key(&model_key, entry->at_ms, text);
    struct window_state before = windows_get(windows, bucket);
    struct window_state after;
    bool is_cut = false;
    arena_reset(&model.arena);
    assert_int_equal(windows_add_entry(&before, entry, &model.arena, &after, &is_cut), 0);
    assert_int_equal(windows_put(windows, bucket, &after), 0);
}

void window_model_put(const struct window_entry *entry)
{
    assert_true(model.count < MODEL_ENTRIES_MAX);
    window_model_add(&model.windows, entry);
    model.entries[model.count++] = *entry;
}

void window_model_drop_oldest(void)
{
    static const struct window_state none = {NULL, 0};
    bool is_full = false;
    int64_t day = 0;
    struct str feature;
    char text[WINDOW_KEY_MAX_BYTES];
    struct str oldest = windows_oldest(&model.windows, &is_full);
    memcpy(text, oldest.at, oldest.len);
    struct str copy = {text, oldest.len};
    assert_true(windows_parse_key(copy, &feature, &day));
    assert_int_equal(windows_put(&model.windows, copy, &none), 0);
    size_t kept = 0;
    for (size_t i = 0; i < model.count; i++) {
        int64_t at_ms = model.entries[i].at_ms;
        if (at_ms < day * DAY_MS || at_ms >= (day + 1) * DAY_MS) {
            model.entries[kept++] = model.entries[i];
        }
    }
    model.count = kept;
}
