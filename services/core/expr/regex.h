/* Regular expressions in RE2's syntax, matched in time linear in the text. Private to core/expr.
 *
 * A pattern becomes a nondeterministic automaton whose states are followed all at once, code point by code point: no
 * pattern and no text takes more than size(pattern) * size(text). Only whether it matches somewhere is asked, so groups do
 * not capture and lazy repetition is as greedy. */
#ifndef CORE_EXPR_REGEX_H
#define CORE_EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum {
    REGEX_REPEAT_MAX = 1000, /* x{n,m} */
    REGEX_STATES_MAX = 20000,
    REGEX_NESTING_MAX = 100,
};

struct regex;

/* The automaton of a well-formed UTF-8 pattern, in `arena`. ERR_INVALID: `ret_fault` (static storage) says why, `ret_at`
 * is the byte; ERR_MEMORY. */
SW_NODISCARD int regex_compile(struct str pattern, struct arena *arena, const char **ret_fault,
                               size_t *ret_at, const struct regex **ret_regex);

/* Whether the well-formed UTF-8 text has a match anywhere. Takes from `cost` one for each 16 states visited; when that
 * runs out, `*cost` is 0 and the answer false. ERR_MEMORY: `arena` has no room for the lists of states. */
SW_NODISCARD int regex_match(const struct regex *regex, struct str text, struct arena *arena,
                             uint64_t *cost, bool *ret_matches);

#endif
