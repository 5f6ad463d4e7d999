/* One call of triage in hand, a turn, and what its parts share. Internal to core/rules. */
#ifndef CORE_RULES_TRIAGE_INSIDE_H
#define CORE_RULES_TRIAGE_INSIDE_H

#include "core/org/org.h"
#include "core/rules/judge.h"
#include "core/rules/triage.h"

struct triage {
    struct triage_setup setup;
    struct seen seen;
    struct windows windows;
    struct watch watch;
    bool is_stale;    /* units or rules have changed */
    size_t refreshed; /* units that were worked out again since */
};

struct turn {
    struct triage *triage;
    int64_t now_ms;
    struct arena *arena;
    struct triage_result *result;
    struct triage_change *changes;
    size_t capacity;
    struct str *releases;
    size_t release_capacity;
    struct county_fact fact; /* of the event in hand, while it is made */
    struct county_count *counts;
    struct judge judge; /* of the event in hand, or of one that stands for a decision of our own */
};

/* --- triage_entity.c: changes of entities; `state` NULL takes it away. What a state points at lives as long as the result.
 * ERR_MEMORY, ERR_FULL. -------------------------------- */

SW_NODISCARD int turn_change_seen(struct turn *turn, struct str key,
                                  const struct seen_state *state);
SW_NODISCARD int turn_change_window(struct turn *turn, struct str key,
                                    const struct window_state *state);
SW_NODISCARD int turn_change_clock(struct turn *turn, struct str key,
                                   const struct clock_state *state);
SW_NODISCARD int turn_change_held(struct turn *turn, struct str key,
                                  const struct held_state *state);
SW_NODISCARD int turn_change_doubt(struct turn *turn, struct str key,
                                   const struct doubt_state *state);

/* Sets the unit's timer to what is due first in it. */
SW_NODISCARD int turn_arm(struct turn *turn, const struct watch_unit *unit);

/* --- triage.c -------------------------------------------------------------------------------------------------------- */

/* The event in hand becomes one of our own about a class (`group`) or the school: "<what>/<scope>/<at>". */
SW_NODISCARD int turn_own_event(struct turn *turn, struct str what, struct str group,
                                int64_t at_ms);

/* Whether nobody is told of the event in hand: history, or reported too long ago. */
bool turn_is_silent(const struct judge *judge);

/* --- feed.c: what features count of the event in hand ---------------------------------------------------------------- */

/* Into the windows of the unit; what is the county's to count becomes the result's fact. ERR_MEMORY, ERR_FULL. */
SW_NODISCARD int feed_features(struct turn *turn, const struct signal_subject *subjects,
                               size_t count);

/* Into the windows of the county, which is the turn's unit; then the rules about it are judged. As above. */
SW_NODISCARD int feed_fact(struct turn *turn, const struct county_fact *fact);

/* --- expect.c: what must happen by a time ---------------------------------------------------------------------------- */

/* Notes for whom the event in hand is what was expected. */
SW_NODISCARD int expect_mark(struct turn *turn, const struct signal_subject *subjects,
                             size_t count);

/* Whether the student has one of the flags, or any where none is named, and it stands at the instant. */
bool expect_is_flagged(const struct org_person *person, const struct str *flags, size_t flag_count,
                       int64_t at_ms);

/* How long what came is remembered, from the begin of its day. */
int64_t expect_keep_ms(const struct expectation *expectation);

/* When the next expectation of the unit is due; INT64_MAX: never. */
int64_t expect_due(const struct triage *triage, const struct watch_unit *unit,
                   const struct ruleset *rules);

/* Judges what of it is due by the instant. */
SW_NODISCARD int expect_fire(struct turn *turn, struct watch_unit *unit, int64_t due_ms);

/* The unit's clocks become those of its rules; a new one counts from now. */
SW_NODISCARD int expect_refresh(struct turn *turn, struct str unit);

/* --- plausible.c: so many at once that it may be a fault ------------------------------------------------------------- */

/* Keeps back those of the judged signals that wait, and lets go whom the event in hand explains. */
SW_NODISCARD int plausible_take(struct turn *turn);

int64_t plausible_due(const struct watch_unit *unit, const struct ruleset *rules);
SW_NODISCARD int plausible_fire(struct turn *turn, struct watch_unit *unit, int64_t due_ms);
SW_NODISCARD int plausible_answer(struct turn *turn, const struct triage_answer *answer);

#endif
