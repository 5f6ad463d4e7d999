/* What differs between two lists of lines: those that are only in one, in their order. */
#ifndef CTL_DIFF_H
#define CTL_DIFF_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* `sign`: ' ' in both, '-' only in the first, '+' only in the second. */
struct diff_line {
    char sign;
    struct str text;
};

struct diff_lines {
    const struct str *items;
    size_t count;
};

/* The shortest such list, in `arena`; takes (n + 1) * (m + 1) * 2 bytes of it beside. Lines are at most 60,000. ERR_MEMORY. */
SW_NODISCARD int diff_make(struct diff_lines first, struct diff_lines second, struct arena *arena,
                           struct diff_line **ret_lines, size_t *ret_count);

#endif
