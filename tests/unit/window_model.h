/* Windows beside a plain list of what was put into them, for tests that compare the two. */
#ifndef TESTS_UNIT_WINDOW_MODEL_H
#define TESTS_UNIT_WINDOW_MODEL_H

#include "core/rules/window.h"

enum { MODEL_ENTRIES_MAX = 400, HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

struct window_model {
    struct windows windows;
    struct arena arena; /* reset by each put */
    struct window_entry entries[MODEL_ENTRIES_MAX];
    size_t count;
    uint64_t state; /* of window_model_pick */
};

extern struct window_model model;
extern const struct window_key model_key; /* the one row that all of it is in */

/* Of each case: an empty model, always with the same numbers to come. */
int window_model_setup(void **state);
int window_model_teardown(void **state);

/* A number in [0, below). */
int64_t window_model_pick(int64_t below);

/* Adds to any windows; and to the model's windows and its list. */
void window_model_add(struct windows *windows, const struct window_entry *entry);
void window_model_put(const struct window_entry *entry);

/* The oldest bucket goes, as when it has grown old or there is no room. */
void window_model_drop_oldest(void);

#endif
