/* What is said to a partner: one FeedEntry, rendered for the partner's audience and cut by its channel. Internal to the
 * notifier. */
#ifndef NOTIFIER_ENTRY_H
#define NOTIFIER_ENTRY_H

#include <shouwang/v1/alert.pb-c.h>
#include <shouwang/v1/feed.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>

#include "notifier/notifier.h"

/* The role of notices that the notifier makes of alerts for a partner; their person is the partner's id. */
#define ENTRY_ROLE "partner"

/* Lives in the part's arena. */
struct entry {
    const struct org_partner *partner;
    Shouwang__V1__FeedEntry record;
};

/* Of a held notice. ERR_NOT_FOUND: no such partner, or the unit is not in its area, or the channel is another; ERR_DENIED: a
 * conflict; ERR_CORRUPT: the address does not open; ERR_MEMORY. */
SW_NODISCARD int entry_build(struct part *part, const struct held *held, struct entry *ret_entry);

/* One record to the partner's topic, in the step's transaction. */
void entry_emit(struct part *part, const struct entry *entry, struct stream_effects *effects);

/* Tells every partner of the unit that may hear of it what became of a case: to topics at once, to webhooks by notices that
 * `hold` takes. */
typedef void (*entry_hold_fn)(struct part *part, const Shouwang__V1__Notice *notice,
                              struct stream_effects *effects);
void entry_tell_partners(struct part *part, const Shouwang__V1__Alert *alert, entry_hold_fn hold,
                         struct stream_effects *effects);

#endif
