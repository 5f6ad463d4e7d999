/* Incident facts -> level (model: "Events and levels"). Facts are what a person saw and ticked; they are not capped. One
 * table; each row that holds is a reason, and the highest one decides. */
#ifndef CORE_RULES_FACTS_H
#define CORE_RULES_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "core/rules/event.h"
#include "core/rules/level.h"
#include "core/rules/signal.h"

enum { FACTS_REASONS_MAX = 9, FACTS_TELL_MAX = 2 };

/* One row that held. */
struct facts_reason {
    const char *rule; /* "facts/danger" */
    const char *text; /* Chinese / English */
    enum case_level level;
    enum level_layer layer;
    const char *const *tell; /* FACTS_TELL_MAX role ids, NULL behind the last */
    const char *ask_interview;
    struct signal_value value; /* the fact it stands on */
};

struct facts {
    struct facts_reason reasons[FACTS_REASONS_MAX]; /* in the order of the table */
    size_t
        count; /* 0: the facts alone say nothing (screening and attendance of known kinds, records) */
    bool is_happening; /* a happening of its own, which opens an episode whatever its level */
};

void facts_judge(const struct event *event, struct facts *ret_facts);

#endif
