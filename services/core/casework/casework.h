/* Cases of many units, one casework per partition: signals, commands, receipts and time in, effects out.
 *
 * Pure: the same inputs on the same directory and policies give the same effects. A step either happens as a whole or
 * not at all: the case is worked on in a scratch copy and put back, packed, at its end.
 *
 * Time: inputs carry their broker time, and the shell steps every deadline that lies before an input (CASE_INPUT_TIME
 * with the deadline, while casework_next_deadline() < input.time) first; an input at the very instant of a deadline
 * goes first. An input older than what was already judged corrects it. */
#ifndef CORE_CASEWORK_CASEWORK_H
#define CORE_CASEWORK_CASEWORK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "core/casework/casefile.h"
#include "core/casework/effect.h"
#include "core/casework/input.h"
#include "core/casework/policy.h"

struct org;
struct casework;

enum { CASEWORK_CASES_MAX = 4 * 1024 * 1024, CASEWORK_SETS_MAX = 64 };

/* The policies by which a new case of the unit is judged, or NULL while there are none. They live as long as the
 * casework; two of one hash are the same. */
typedef const struct policy_set *(*casework_policies_fn)(void *ctx, struct str unit);

struct casework_setup {
    ident_hash_fn hash;
    casework_policies_fn policies_of;
    void *ctx;             /* of policies_of */
    const struct org *org; /* borrowed; changes under us between steps */
    size_t case_max;  /* 0: CASEWORK_CASES_MAX; a new case beyond it is refused with ERR_FULL */
    int64_t start_ms; /* deadlines before it count as overdue, none is lost */
};

/* NULL when memory is out. */
struct casework *casework_new(const struct casework_setup *setup);
void casework_free(struct casework *casework);

/* Makes a policy set known, as casework itself does with what policies_of answers: a restore needs those of the cases
 * that it puts. ERR_EXISTS: its hash is known already, nothing changes. ERR_FULL. */
SW_NODISCARD int casework_add_policies(struct casework *casework, const struct policy_set *set);

/* One input in, effects out. ERR_NOT_FOUND: the signal opens a case, and its unit has no policies (nothing
 * changed, try again once it has); ERR_FULL, ERR_MEMORY: nothing changed. A command that is refused is not an error: it is a journal
 * line. A TIME input settles what is due, up to its time, of the one case whose deadline is earliest. */
SW_NODISCARD int casework_step(struct casework *casework, const struct case_input *input,
                               struct effects *ret_effects);

/* The id of the case that the signal opens, where it opens one. */
struct ident casework_case_id(ident_hash_fn hash, const struct case_signal *opening);

/* The earliest instant at which time alone does something; INT64_MAX: none. */
int64_t casework_next_deadline(const struct casework *casework);

/* Puts a case as the changelog has it, instead of the one in memory: restore and abort. The file is copied.
 * ERR_INVALID when it breaks an invariant, ERR_NOT_FOUND when its policy set is not known, ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int casework_put(struct casework *casework, const struct casefile *file);

/* Takes a case out (an abort of its first step); unknown ids are ignored. */
void casework_forget(struct casework *casework, struct ident case_id);

/* The case as it is, unpacked; valid until the next step or the next case that is got. NULL: there is none. */
const struct casefile *casework_get(const struct casework *casework, struct ident case_id);

/* The case as it was before the last step, valid as long; NULL: that step did not touch it, or made it. */
const struct casefile *casework_get_before(const struct casework *casework, struct ident case_id);

size_t casework_case_count(const struct casework *casework);

/* The running number that the next case of the unit gets is kept here; the shell keeps it in its changelog beside
 * the journal's head. */
uint64_t casework_unit_number(const struct casework *casework, struct str unit);
SW_NODISCARD int casework_set_unit_number(struct casework *casework, struct str unit,
                                          uint64_t number);

/* Asserts the invariants of the whole: indexes, timers, each case. Slow; for tests. */
void casework_check(const struct casework *casework);

#endif
