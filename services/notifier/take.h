/* What a part takes from its streams, and how a notice of it ends. Internal to the notifier. */
#ifndef NOTIFIER_TAKE_H
#define NOTIFIER_TAKE_H

#include "notifier/part.h"

/* Ends a queued notice: receipt, changelog, memory. `held` is gone when it returns. */
void take_end(struct part *part, struct held *held, enum case_delivery state, const char *reason,
              struct stream_effects *effects);

/* After a change of its state: writes and schedules it, or removes it when it has ended. `held` may be gone. */
void take_settle(struct part *part, struct held *held, int64_t now_ms,
                 struct stream_effects *effects);

/* Stops reading bulk notices while the part holds too many, goes on when it holds few again. */
void take_review_pause(struct part *part);

#endif
