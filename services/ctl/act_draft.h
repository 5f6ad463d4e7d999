/* What a person decides, as typed for swctl: the words and options of a command on a case -> the Command record. Shared by the
 * commands themselves, which send it, and by `simulate`, which lets it happen in a scenario.
 *
 * In this order: act_draft_read; then, once the case is known, act_draft_keep_codes and act_draft_seal; act_draft_fini. */
#ifndef CTL_ACT_DRAFT_H
#define CTL_ACT_DRAFT_H

#include <shouwang/v1/command.pb-c.h>

#include "core/casework/policy.h"
#include "ctl/act.h"

struct json_t;

/* What was typed, to be sealed once the owner is known. */
struct act_typed {
    Shouwang__V1__Sealed **slot;
    struct str clear;
};

struct act_draft {
    struct ctl *ctl;
    const struct act *act;
    Shouwang__V1__Command *command; /* without its head; in the arena of `ctl` */
    struct json_t *tree;            /* of what was typed */
    struct act_typed typed[CTL_VALUES_MAX];
    size_t typed_count;
    int64_t now_ms;
};

/* Reads the words and options of `ctl`, whose command is one of act_rows; "8m" is counted back from `now_ms`. What is wrong is
 * told on stderr. act_draft_fini is due either way. */
enum ctl_exit act_draft_read(struct ctl *ctl, int64_t now_ms, struct act_draft *ret_draft);
void act_draft_fini(struct act_draft *draft);

/* What was typed as evidence stays in clear only where an obligation of the set wants a code and has this one. ERR_MEMORY. */
SW_NODISCARD int act_draft_keep_codes(struct act_draft *draft, const struct policy_set *set);

/* Seals one text into its slot. */
typedef int (*act_seal_fn)(void *ctx, struct str clear, Shouwang__V1__Sealed **slot);

/* Seals what was typed, adds its digests, and says "stated" where a reason was typed and a code is wanted. The error of `seal`;
 * ERR_MEMORY. */
SW_NODISCARD int act_draft_seal(struct act_draft *draft, act_seal_fn seal, void *ctx);

#endif
