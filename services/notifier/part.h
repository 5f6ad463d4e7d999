/* A part of the notifier as the stream shell calls it; see io/stream.h for each. Internal to the notifier. */
#ifndef NOTIFIER_PART_H
#define NOTIFIER_PART_H

#include <shouwang/v1/notice.pb-c.h>

#include "notifier/notifier.h"
#include "wire/fault.h"

void *part_new(void *ctx, struct stream_partition *partition, int32_t index);
void part_free(void *part);
void part_table(void *part, const struct kafka_record *record);
void part_step(void *part, const struct kafka_record *record, struct stream_effects *effects);
void part_refuse(void *part, const struct kafka_record *record, struct stream_effects *effects);
int64_t part_next_deadline(const void *part);
void part_step_time(void *part, int64_t now_ms, struct stream_effects *effects);
void part_live(void *part);
void part_ended(void *part, uint64_t token, bool is_committed);

/* --- Outputs (output.c) ------------------------------------------------------------------------------------------------- */

struct output_receipt {
    const Shouwang__V1__Notice *notice;
    enum case_delivery state;
    const char *reason;
    uint32_t attempt;
    bool sent_again;
    int64_t at_ms;
};

/* One record to receipts. */
void output_receipt(struct part *part, const struct output_receipt *receipt,
                    struct stream_effects *effects);

/* One record to rejects, its bytes sealed under the unit's key. */
void output_reject(struct part *part, const struct kafka_record *record, const struct fault *fault,
                   struct stream_effects *effects);

#endif
