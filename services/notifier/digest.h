/* Notices that may wait: held until the pack's next digest time, then merged into one of the person and channel, in one step
 * and so in one transaction: its parts are gone and it is there, or neither. Internal to the notifier. */
#ifndef NOTIFIER_DIGEST_H
#define NOTIFIER_DIGEST_H

#include "notifier/part.h"

struct digest_group; /* what waits for one slot of a person and channel */

enum {
    DIGEST_PARTS_MAX = 512,    /* of one message; what is more goes into another */
    DIGEST_PARTS_A_TURN = 8192 /* merged by one step_time of a part */
};

/* Decides of a new one, before it is written: whether it waits, and until when. */
void digest_place(struct part *part, struct held *held, int64_t now_ms);

/* One that waits joins its group, whose timer is set. ERR_MEMORY, ERR_FULL. */
SW_NODISCARD int digest_join(struct part *part, struct held *held);

/* The group's timer: merges what it holds. The group may be gone. */
void digest_due(struct part *part, struct digest_group *group, int64_t now_ms,
                struct stream_effects *effects);

/* `now_ms`, or when the quiet hours end that the notice may not be sent in. */
int64_t digest_not_before(const struct part *part, const struct held *held, int64_t now_ms);

/* Frees all groups; their notices are not theirs. */
void digest_free_all(struct part *part);

#endif
