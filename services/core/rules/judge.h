/* What an event means for one subject: facts and rules -> signals. Private to core/rules. */
#ifndef CORE_RULES_JUDGE_H
#define CORE_RULES_JUDGE_H

#include "core/org/org.h"
#include "core/rules/ruleset.h"
#include "core/rules/schema.h"
#include "core/rules/signal.h"
#include "core/rules/triage.h"

/* What the expressions of a rule see of one subject at one event; the features are bound by who counts them. */
struct judge_scene {
    struct event event;
    struct schema_day day;
    struct expr_value bindings[RULESET_VARIABLES];
};

/* One event in hand; what the judge needs of it for each subject. */
struct judge {
    ident_hash_fn hash;
    struct str unit;
    int64_t time_ms;             /* broker time of the event, or now */
    const struct ruleset *rules; /* of the unit; NULL: none yet, facts alone judge */
    const struct event *event;   /* in hand */
    const struct windows *windows;
    const struct org *org;
    struct arena *arena;
    bool id_reused;
    bool is_silent;
    bool is_of_county;      /* the event in hand is what a county counts of it */
    bool is_flagged;        /* the subject in hand has a flag that stands */
    uint32_t rule_errors;   /* counted up */
    struct signal *signals; /* those so far; in the arena */
    size_t count;
    size_t capacity;
    struct judge_scene scene; /* of judge_open_scene */
    const struct event *scene_event;
};

/* Of the event in hand, without features; the judge has rules. The same one each time, made once for each event: it points into
 * itself and into the judge. */
struct judge_scene *judge_open_scene(struct judge *judge, struct str subject);

/* When the event happened, as features count it. */
int64_t judge_event_time(const struct event *event);

/* Where a feature counts for a subject: the pupil, or the class, grade or school it is in; false: nowhere. */
bool judge_window_key(const struct judge *judge, const struct feature *feature,
                      const struct signal_subject *subject, struct window_key *ret_key);

/* The group of that kind that the group is or lies in; empty: none that is known. A group of which nothing is known counts
 * as a class. */
struct str judge_group_of(const struct judge *judge, struct str group, enum org_group_kind kind);

/* Adds the signals of one subject, one for each family of kinds that anything held for: the highest level, with all
 * reasons. ERR_MEMORY. */
SW_NODISCARD int judge_subject(struct judge *judge, const struct signal_subject *subject);

/* Adds the signals about the county, of which the judge has an event. ERR_MEMORY. */
SW_NODISCARD int judge_county(struct judge *judge);

/* Adds the signal of one rule that held without an event's condition: an episode of its own. ERR_MEMORY. */
SW_NODISCARD int judge_rule(struct judge *judge, const struct signal_subject *subject,
                            const struct rule *rule);

#endif
