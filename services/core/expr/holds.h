/* What can be said of a condition without evaluating it, for who checks a pack: whether it can hold at all, and whether two are the
 * same. Never wrong, but not complete: what is not plainly so is not said.
 *
 * It looks at literals, at `&&`, `||` and `!`, and at comparisons of one path (`event.state`, `event.items["9"]`) with
 * literals: equal, unequal, less and more, `in` a list. Anything else may hold. */
#ifndef CORE_EXPR_HOLDS_H
#define CORE_EXPR_HOLDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* The only texts that a path can have: "event.state". */
struct holds_words {
    struct str path;
    const struct str *words;
    size_t count;
};

struct holds_given {
    const struct holds_words *items;
    size_t count;
};

/* Whether the condition holds for no values of its paths. A text that does not parse may hold. ERR_MEMORY. */
SW_NODISCARD int holds_never(struct str source, struct holds_given given, struct arena *arena,
                             bool *ret_is_never);

/* Whether both texts are the same expression but for blanks, brackets and quotes. ERR_MEMORY. */
SW_NODISCARD int holds_same(struct str a, struct str b, struct arena *arena, bool *ret_is_same);

#endif
