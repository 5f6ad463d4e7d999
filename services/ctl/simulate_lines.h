/* What a simulation gives, as lines: the text that scenarios are compared by, and JSON with all of it. */
#ifndef CTL_SIMULATE_LINES_H
#define CTL_SIMULATE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "shell/simulation.h"

enum { SIMULATE_LINES_MAX = 20000 };

/* The lines of one scenario; zeroed at first but for `arena`, and `json` where each effect is to be said at once. */
struct simulate_lines {
    struct arena *arena; /* where the lines lie */
    bool json;
    struct str scenario; /* its id, named in each line of JSON */
    struct str items[SIMULATE_LINES_MAX];
    size_t count;
    bool is_cut; /* there were more, or memory is out */
    /* The notice that the last line is of: one over another channel joins it. */
    int64_t last_ms;
    const struct effect_notice *last;
    enum case_delivery last_state;
    size_t last_channels; /* where the channels end in the last line */
};

void simulate_lines_signal(void *lines, const struct replay_signal *signal);
void simulate_lines_journal(void *lines, int64_t at_ms, const struct effect_journal *line);
void simulate_lines_notice(void *lines, const struct outbox_news *news);

/* Whether the words of the pattern are in the line, in their order. A word is one of the line, one of those that '+' joins there,
 * or, with a '*' behind or before it, how one begins or ends. */
bool simulate_lines_match(struct str line, struct str pattern);

#endif
