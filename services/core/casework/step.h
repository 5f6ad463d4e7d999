/* What step.c, step_judge.c and step_review.c share. Internal to casework. */
#ifndef CORE_CASEWORK_STEP_H
#define CORE_CASEWORK_STEP_H

#include "core/casework/parts.h"

/* Guardians are told, never asked to take over. */
bool step_role_counts(struct str role);

/* Whether a cause is a step's: its index, while all other causes begin with a letter. */
bool step_is_cause(struct str cause);

/* Whether the entry is of a person whom the step told in this generation. */
bool step_told(const struct work *work, const struct told *told, const struct step *step);

/* Whether the step begins anew every repeat_gap until it is acknowledged: it says so, or it is the last one of a crisis that asks
 * anybody as things stand. */
bool step_repeats(const struct work *work, const struct step *step);

/* Whether the step's `unless` holds now. */
bool step_is_unneeded(const struct work *work, const struct step *step);

#endif
