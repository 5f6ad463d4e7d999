/* The buckets of windows and the rows they hang in: what window.c, window_count.c and window_fold.c share. Internal to
 * core/rules. */
#ifndef CORE_RULES_WINDOW_INSIDE_H
#define CORE_RULES_WINDOW_INSIDE_H

#include "core/rules/window.h"

#define WINDOW_DAY_MS INT64_C(86400000)

/* A value and when it came last. */
struct last {
    struct ident value;
    int64_t at_ms;
};

/* The buckets of one scope and feature, ascending by day. */
struct row {
    struct str key; /* that of its buckets, up to the day; its bytes follow the struct */
    struct bucket **buckets;
    size_t count;
    size_t capacity;
    struct last *lasts; /* of each value; made anew when it is asked for and `is_stale` */
    size_t last_count;
    size_t last_capacity;
    int64_t half_life_ms;      /* that the folds were made with */
    struct window_fold middle; /* of the days [middle_from, middle_end): most of the last answer */
    int64_t middle_from;
    int64_t middle_end; /* at or before middle_from: there is none */
    double *sorted;     /* the numbers of the days [sorted_from, sorted_end), for the median */
    size_t sorted_count;
    int64_t sorted_from;
    int64_t sorted_end; /* at sorted_from: none, or they are no longer what they were */
    bool is_stale;
    bool has_folds;
};

/* What window_fold.c keeps of a bucket: the fold of its own entries, and that of itself with the days before it that it
 * stands for. Each is made anew when it is asked for and stale. */
struct folds {
    struct window_fold own;
    struct window_fold span;
    bool is_own_stale;
    bool is_span_stale;
};

/* One allocation: the key's bytes lie behind the entries. */
struct bucket {
    struct list order;
    struct list age; /* of windows.fresh, or of the ages */
    int64_t end_ms;
    struct row *row;
    struct folds *folds; /* NULL: nobody has asked */
    int64_t day;
    int64_t before; /* entries of the row in earlier days */
    struct str key;
    size_t count;
    size_t capacity;
    struct window_entry entries[];
};

/* --- window.c -------------------------------------------------------------------------------------------------------- */

/* Of UTC. Rounds down, also before 1970. */
int64_t window_day_of(int64_t at_ms);

/* The key of a row up to the day; the day's number comes behind it. */
size_t window_format_row(const struct window_key *key, char text[WINDOW_KEY_MAX_BYTES]);

/* The index of the row's first bucket of that day or a later one. */
size_t window_find_day(const struct row *row, int64_t day);

/* Makes the row's last values anew. ERR_MEMORY. */
SW_NODISCARD int window_make_values(struct row *row);

/* --- window_count.c -------------------------------------------------------------------------------------------------- */

/* The row, or NULL. */
struct row *window_find_row(const struct windows *windows, const struct window_key *key);

/* How many entries of the bucket lie at or before the instant. */
size_t window_count_until(const struct bucket *bucket, int64_t at_ms);

/* --- window_fold.c --------------------------------------------------------------------------------------------------- */

/* The bucket is about to have one entry more behind its others, or, `appended` NULL, to change in any other way or to go. */
void window_note_folds(struct bucket *bucket, const struct window_entry *appended);

/* --- window_median.c ------------------------------------------------------------------------------------------------- */

/* The bucket is about to change, or to go. */
void window_note_numbers(const struct bucket *bucket);

#endif
