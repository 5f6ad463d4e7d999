/* What two packs made of the same events, side by side: for whom the level, the time or what is asked for differs. */
#ifndef CTL_BACKTEST_DIFF_H
#define CTL_BACKTEST_DIFF_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "core/casework/terms.h"
#include "shell/replay.h"

/* A signal as far as it is compared; texts lie in the arena of its list. */
struct backtest_signal {
    int64_t at_ms;
    struct str unit;
    struct str event_source;
    struct str event_id;
    struct str subject;
    struct str kind;
    enum case_level level;
    struct str rules; /* "a b c" */
    struct str ask_interview;
    struct str tell; /* "a b" */
    bool is_silent;
    bool only_on_file;
};

struct backtest_signals {
    struct arena *arena;
    struct backtest_signal *items;
    size_t count;
    size_t capacity;
    bool is_full; /* memory is out: the list is no use */
};

/* A copy behind the others. */
void backtest_keep_signal(struct backtest_signals *signals, const struct replay_signal *signal);

enum backtest_change {
    BACKTEST_RAISED,  /* a higher level, or a signal where there was none */
    BACKTEST_LOWERED, /* a lower level, or none where there was one */
    BACKTEST_CHANGED, /* the same level, but another kind, time, interview, whom it tells, or whether it tells at all */
    BACKTEST_CHANGES,
};

/* One difference; `before` or `after` NULL: no signal. Both borrow from the lists. */
struct backtest_difference {
    enum backtest_change change;
    const struct backtest_signal *before;
    const struct backtest_signal *after;
};

/* Pairs the signals of one event, subject and family of kinds; sorts both lists. The differences lie in `arena`, ascending by
 * time. ERR_MEMORY. */
SW_NODISCARD int backtest_compare(struct backtest_signals *before, struct backtest_signals *after,
                                  struct arena *arena, struct backtest_difference **ret_differences,
                                  size_t *ret_count);

/* "raised" …; static storage. */
const char *backtest_change_name(enum backtest_change change);

#endif
