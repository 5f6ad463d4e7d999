/* Receipts: what became of a notice. */
#include "core/casework/told.h"
#include "core/casework/parts.h"

/* Which of a person's entries the notice belongs to: its id is derived again from each reason it may have had. */
static struct told *find_told(const struct work *work, struct str person, struct ident id)
{
    for (size_t i = work->file->told_count; i-- > 0;) {
        struct told *told = &work->file->told[i];
        if (!str_equal(told->person, person) || told->not_told.len > 0) {
            continue;
        }
        for (uint32_t firing = 0; firing < told->firings; firing++) {
            for (int channel = 1; channel < CASE_CHANNEL_COUNT; channel++) {
                if ((told->channels >> channel & 1) != 0 &&
                    ident_equal(id, notice_id(work, told->generation, told->cause, firing,
                                              told->person, (enum case_channel)channel))) {
                    return told;
                }
            }
        }
    }
    return NULL;
}

/* How much a state tells; a later receipt never takes it back. */
static int rank(enum case_delivery state)
{
    switch (state) {
    case CASE_DELIVERY_ACKED:
        return 5;
    case CASE_DELIVERY_REACHED:
        return 4;
    case CASE_DELIVERY_DELIVERED:
        return 3;
    case CASE_DELIVERY_ACCEPTED:
        return 2;
    case CASE_DELIVERY_REFUSED:
    case CASE_DELIVERY_FAILED:
    case CASE_DELIVERY_THROTTLED:
    case CASE_DELIVERY_CANCELLED:
    case CASE_DELIVERY_EXPIRED:
    case CASE_DELIVERY_UNKNOWN:
        return 1;
    case CASE_DELIVERY_NONE:
    case CASE_DELIVERY_QUEUED:
        break;
    }
    return 0;
}

static bool is_worth_a_line(enum case_delivery state)
{
    return rank(state) != 0 && state != CASE_DELIVERY_ACCEPTED && state != CASE_DELIVERY_DELIVERED;
}

static void mark(struct told *told, enum case_delivery state)
{
    if (told != NULL && rank(state) > rank(told->best)) {
        told->best = state;
    }
}

void receipt_step(struct work *work, const struct case_receipt *receipt)
{
    struct told *told = find_told(work, receipt->person, receipt->notice_id);
    mark(told, receipt->state);
    for (size_t i = 0; i < receipt->merged_count; i++) {
        mark(find_told(work, receipt->person, receipt->merged[i]), receipt->state);
    }
    if (is_worth_a_line(receipt->state)) {
        struct effect_journal *line = work_journal(work, "receipt");
        work_fact(work, line, "person", receipt->person);
        work_fact(work, line, "channel", str_of(case_channel_name(receipt->channel)));
        work_fact(work, line, "state", str_of(case_delivery_name(receipt->state)));
        line->reason = work_copy(work, receipt->reason);
    }
    bool acks = receipt->state == CASE_DELIVERY_ACKED && told != NULL &&
                told->generation == work->file->generation &&
                !resolve_is_excluded(work, told->person);
    if (acks) {
        (void)ack_add(work, told->person, told->role, receipt->notice_id);
        ack_progress(work, receipt->person);
    }
}
