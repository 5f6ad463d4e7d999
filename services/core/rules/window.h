/* What features count: the entries of sliding windows, per unit, scope, feature and day. Bounded: a day keeps its newest
 * WINDOW_ENTRIES_MAX entries, the whole its newest buckets; what falls out is counted by the caller.
 *
 * Each bucket is an entity of triage's changelog, under the key `<unit>/window/<scope>/<feature>/<day>` (a day of UTC); a
 * scope is "s:<person>", "c:<class>", "g:<grade>" or "u:<unit>". In memory the buckets of one scope and feature hang in a row
 * that knows how many entries lie before each: counting costs the same for a day and for a hundred. */
#ifndef CORE_RULES_WINDOW_H
#define CORE_RULES_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "core/roster/calendar.h"
#include "core/roster/zone.h"

enum {
    WINDOW_ENTRIES_MAX = 256,         /* of one bucket: a scope, a feature, a day */
    WINDOW_BUCKETS_MAX = 1024 * 1024, /* of one partition */
    WINDOW_KEY_MAX_BYTES = 256,
    WINDOW_AGES = 8, /* up to 1 day, 2, 4 … 64, and more */
};

struct window_entry {
    int64_t at_ms;      /* of the event */
    struct ident value; /* of the distinct value; none where the feature has none */
    double number;      /* that is summed or compared; finite, 0 where the feature has none */
};

/* The content of a bucket, ascending by time, then value, then number. */
struct window_state {
    const struct window_entry *entries;
    size_t count;
};

/* Which bucket, or which row of buckets. */
struct window_key {
    struct str unit;
    char scope; /* 's', 'c', 'g' or 'u' */
    struct str scope_id;
    struct str feature;
    struct row *row; /* of windows_find_row */
    bool is_found;
};

/* The instants in (to_ms - length_ms, to_ms]. */
struct window_span {
    int64_t to_ms;
    int64_t length_ms;
};

/* What a streak is counted by. */
struct window_days {
    const struct zone *zone;
    const struct calendar *calendar;
    struct window_span span;
};

/* What the numbers of entries come to. */
struct window_fold {
    double sum; /* each halved for every half-life that lies between it and `at_ms` */
    double max;
    double min;
    int64_t at_ms; /* of the newest entry; in an answer, the end of the span */
    bool is_empty; /* there was no entry: nothing else counts */
};

struct windows {
    struct map buckets;
    struct map rows;
    struct list order; /* oldest first, by when the bucket was made */
    struct list fresh; /* those whose end is not known yet */
    struct list ages
        [WINDOW_AGES]; /* the others, by how long they are kept: so none waits behind one that is kept longer */
    size_t max;
    int64_t newest_ms; /* of all entries that ever were */
};

/* Caller's storage. `max` 0: WINDOW_BUCKETS_MAX. */
void windows_init(struct windows *windows, size_t max, uint64_t seed);
void windows_fini(struct windows *windows);

/* The text of a bucket's key at an instant, with a NUL. */
struct str windows_key(const struct window_key *key, int64_t at_ms,
                       char ret_text[WINDOW_KEY_MAX_BYTES]);

/* Whether a text is the key of a bucket; its feature and its day. */
bool windows_parse_key(struct str text, struct str *ret_feature, int64_t *ret_day);

/* The bucket's content, borrowed until it changes; count 0: there is none. */
struct window_state windows_get(const struct windows *windows, struct str key);

/* Makes the bucket what `state` says; count 0 takes it away. ERR_FULL: a new one has no room, make some first. */
SW_NODISCARD int windows_put(struct windows *windows, struct str key,
                             const struct window_state *state);

/* The key of the bucket that was made first; empty: there is none. `is_full`: a new one has no room. */
struct str windows_oldest(const struct windows *windows, bool *ret_is_full);

/* A bucket whose end is not known; empty: of all it is. It becomes known by windows_set_end: then the bucket counts for nothing
 * any more. */
struct str windows_fresh(const struct windows *windows);
void windows_set_end(struct windows *windows, struct str key, int64_t end_ms);

/* A bucket whose end has come by `now_ms`; empty: there is none that is due first of its like. */
struct str windows_ended(const struct windows *windows, int64_t now_ms);

/* No end is known any more: the rules are others. */
void windows_forget_ends(struct windows *windows);

/* The content with one entry more, in `arena`; the oldest falls out of a full bucket (`ret_is_cut`). ERR_MEMORY. */
SW_NODISCARD int windows_add_entry(const struct window_state *state,
                                   const struct window_entry *entry, struct arena *arena,
                                   struct window_state *ret_state, bool *ret_is_cut);

/* Looks the key's row up for all questions that follow, until a window changes. */
void windows_find_row(const struct windows *windows, struct window_key *key);

/* How many entries lie in the span. */
int64_t windows_count(const struct windows *windows, const struct window_key *key,
                      const struct window_span *span);

/* How many different values they have. Looks at each value of the row, and at each entry only where the span ends before the
 * newest of them. ERR_MEMORY. */
SW_NODISCARD int windows_count_distinct(const struct windows *windows, const struct window_key *key,
                                        const struct window_span *span, int64_t *ret_count);

/* On how many school days in a row, up to the one that the span ends on, there was an entry in the span. The last day is
 * not over: without an entry on it, those before it count. Entries on other days neither count nor break a streak. */
int64_t windows_count_streak(const struct windows *windows, const struct window_key *key,
                             const struct window_days *days);

/* Folds the numbers of the span; `half_life_ms` 0: nothing decays. Always in one order, whatever order they came in. Looks at
 * each entry of the days that the span's two ends cut; what lies between is kept from one call to the next, and made anew,
 * when a day is over or a late entry came, by steps that grow with the logarithm of the span's length. ERR_MEMORY. */
SW_NODISCARD int windows_fold(const struct windows *windows, const struct window_key *key,
                              const struct window_span *span, int64_t half_life_ms,
                              struct window_fold *ret_fold);

/* The newest number of the span; false: there is none. */
bool windows_last(const struct windows *windows, const struct window_key *key,
                  const struct window_span *span, double *ret_number);

/* The median of the numbers of the span; NAN: there is none. Looks, in `arena`, at those of the days that the span's two ends
 * cut and at as many again; what lies between is kept sorted from one call to the next. ERR_MEMORY. */
SW_NODISCARD int windows_median(const struct windows *windows, const struct window_key *key,
                                const struct window_span *span, struct arena *arena,
                                double *ret_number);

/* No entry is newer; INT64_MIN: there never was one. */
int64_t windows_newest_ms(const struct windows *windows);

/* The instant of the newest entry at or before `to_ms`, which may lie in the bucket of the day behind; INT64_MIN: none. */
int64_t windows_last_ms(const struct windows *windows, const struct window_key *key, int64_t to_ms);

/* The instant of the first entry behind `after_ms`; INT64_MAX: none. */
int64_t windows_next_ms(const struct windows *windows, const struct window_key *key,
                        int64_t after_ms);

#endif
