/* The notifier under virtual time, for tools that try a policy: what becomes of a notice until a provider has it, and what the
 * provider says then. Nothing is sent, and nothing is kept.
 *
 * What may wait, what stops it, how often a number may be called and what an answer of a provider means is judged by the very
 * core that sw-notifier judges by (core/notice). The provider takes everything at once, but while it is down. */
#ifndef SHELL_OUTBOX_H
#define SHELL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/casework/effect.h"
#include "core/casework/policy.h"
#include "core/notice/quota.h"
#include "core/org/org.h"

struct outbox;

/* Something happened to a notice. */
struct outbox_news {
    int64_t at_ms;
    const struct effect_notice *notice; /* lives as long as the outbox */
    enum case_delivery state;
    enum case_channel via; /* SMS for a call past the quota of its number */
    struct str reason;     /* of an end; gone when the callback returns */
    size_t
        digest_count; /* 0: told by itself; else of the first of so many that one message tells, 1 of the others */
    bool is_first; /* of a digest; true where it is told by itself */
};

struct outbox_setup {
    const struct org *org; /* borrowed; may change between calls */
    /* The digest times of a unit's pack; NULL: none. */
    const struct policy_digest *(*plan_of)(void *ctx, struct str unit);
    void (*news)(void *ctx, const struct outbox_news *news);
    void *ctx;
    struct quota_limits voice;
};

/* NULL when memory is out. `setup` is copied. */
struct outbox *outbox_new(const struct outbox_setup *setup);
/* NULL is fine. */
void outbox_free(struct outbox *outbox);

/* Takes a notice; its news may come at once. Copied. ERR_MEMORY. */
SW_NODISCARD int outbox_take(struct outbox *outbox, const struct effect_notice *notice,
                             int64_t now_ms);

/* Takes what stops notices, or lets them go on. ERR_MEMORY, ERR_FULL. */
SW_NODISCARD int outbox_control(struct outbox *outbox, const struct effect_control *control,
                                int64_t now_ms);

/* The earliest instant at which time alone does something; INT64_MAX: none. */
int64_t outbox_next_deadline(const struct outbox *outbox);

/* Sends what is due. ERR_MEMORY. */
SW_NODISCARD int outbox_run(struct outbox *outbox, int64_t now_ms);

/* While it is down, sends fail and are tried again. */
void outbox_set_provider(struct outbox *outbox, bool is_down);

/* The provider's word on what it took last for the person over the channel (NONE: any), of the case if one is given. False: it
 * has nothing of which this can be said. */
struct outbox_word {
    struct str person;
    enum case_channel channel;
    const struct ident *case_id; /* NULL: any */
    enum case_delivery state;
    struct str reason; /* of a failure */
};
bool outbox_word(struct outbox *outbox, const struct outbox_word *word, int64_t now_ms);

/* The role in which the case last had a notice for the person; empty: never. */
struct str outbox_role_of(const struct outbox *outbox, struct ident case_id, struct str person);

#endif
