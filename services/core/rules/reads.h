/* What a condition reads, found in its text: the fields and features that made it hold, and, where it is a conjunction, its
 * terms, so that it can be said which one alone kept it from holding. */
#ifndef CORE_RULES_READS_H
#define CORE_RULES_READS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/expr/expr.h"

enum { READS_MAX = 16, READS_TERMS_MAX = 8 };

/* A path such as "event.danger", "features.concerns.count" or "event.items['9']". */
struct read {
    struct str path;
    const struct expr *expr;
};

/* One side of the outermost &&, or the whole condition. `value` is not NULL where it is `value >= least` or `value > least` with a number
 * on the right. */
struct read_term {
    struct str text;
    const struct expr *expr;
    const struct expr *value;
    struct str value_text;
    double least;
};

struct reads {
    const struct read
        *items; /* each path once, in the order of the text; further ones are left out */
    size_t count;
    const struct read_term *terms; /* of a conjunction of up to READS_TERMS_MAX; else none */
    size_t term_count;
};

/* Of a text that compiles under the environment and outlives the result, as does the environment. ERR_MEMORY. */
SW_NODISCARD int reads_compile(struct str source, const struct expr_env *env, struct arena *arena,
                               struct reads *ret_reads);

/* The next path of the text at or behind `*at` that begins with a name and a dot; `*at` moves behind it. False: there is
 * none. */
bool reads_next_path(struct str source, size_t *at, struct str *ret_path);

/* Whether two paths are the same, but for the quotes in them. */
bool reads_same_path(struct str a, struct str b);

/* Whether the one term that does not hold is a number that falls short of its least by no more than one, or a tenth of it. */
bool reads_nearly(const struct reads *reads, const struct expr_run *run,
                  const struct read_term **ret_term);

#endif
