/* A signal as one line of text, as examples and scenarios write it. */
#ifndef CTL_SIGNAL_LINE_H
#define CTL_SIGNAL_LINE_H

#include "io/buffer.h"
#include "shell/replay.h"

/* "warning wellbeing an: concern_repeated, concern; ask 3_school_days; tell grade_head" */
void signal_line_add(const struct replay_signal *signal, struct buffer *text);

#endif
