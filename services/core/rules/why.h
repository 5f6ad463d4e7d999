/* The reason of a rule: a text in which each `{expression}` is evaluated. What is read from sealed answers may decide, but
 * is not shown: it renders as "(sealed)". */
#ifndef CORE_RULES_WHY_H
#define CORE_RULES_WHY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/expr/expr.h"
#include "core/rules/signal.h"

enum { WHY_SOURCE_MAX_BYTES = 512, WHY_TEXT_MAX_BYTES = 1024 };

/* Text, or an expression (`hole` not NULL) whose source is `text`. */
struct why_part {
    struct str text;
    const struct expr *hole;
};

struct why_text {
    const struct why_part *parts;
    size_t count;
    size_t hole_count; /* at most SIGNAL_VALUES_MAX */
};

/* Compiles a text that outlives the result, as does the environment. "{{" and "}}" are braces. ERR_INVALID: see
 * `ret_error`, its place counts from the text's begin; ERR_MEMORY. */
SW_NODISCARD int why_compile(struct str source, const struct expr_env *env, struct arena *arena,
                             struct expr_error *ret_error, struct why_text *ret_text);

/* One value for people, in the run's arena: what the expression gives, or "(sealed)". ERR_MEMORY. */
SW_NODISCARD int why_value(struct str name, const struct expr *expr, const struct expr_run *run,
                           struct signal_value *ret_value);

/* Puts the values in; text and values lie in the run's arena. The rule's name is the caller's to set. ERR_MEMORY. */
SW_NODISCARD int why_render(const struct why_text *text, const struct expr_run *run,
                            struct signal_why *ret_why);

#endif
