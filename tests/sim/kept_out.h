/* Who must not learn of a case, worked out once more from the made-up people instead of from the directory. */
#ifndef TESTS_SIM_KEPT_OUT_H
#define TESTS_SIM_KEPT_OUT_H

#include <stdbool.h>

#include "base/str.h"
#include "core/casework/casefile.h"

/* In conflict, or of the household of somebody who is: can be released by nobody. */
bool kept_out_in_person(const struct casefile *file, struct str person);

/* The same, or all of whose numbers are those of somebody who is in conflict. */
bool kept_out_by_conflict(const struct casefile *file, struct str person);

/* Held until a named person releases them. */
bool kept_out_by_hold(const struct casefile *file, struct str person);

#endif
