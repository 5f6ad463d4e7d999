/* Receipts: what became of a notice. */
#include "core/casework/told.h"
#include "core/casework/parts.h"

/* Whether the notice is the entry's send of that number over one of the channels: its id is derived again. */
static bool is_send(const struct work *work, const struct told *told, uint32_t firing,
                    uint32_t channels, struct ident id)
{
    for (int channel = 1; channel < CASE_CHANNEL_COUNT; channel++) {
        if ((told->channels & channels & 1u << channel) != 0 &&
            ident_equal(id, notice_id(work, told->generation, told->cause, firing, told->person,
                                      (enum case_channel)channel))) {
            return true;
        }
    }
    return false;
}

/* Which of the person's entries sent the notice over one of the channels. Each try is a hash and a case has hundreds of sends, of
 * which the last ones are heard of: these come first. */
static struct told *find_sent(const struct work *work, struct str person, uint32_t channels,
                              struct ident id)
{
    uint32_t age = 0;
    bool has_older;
    do {
        has_older = false;
        for (size_t i = work->file->told_count; i-- > 0;) {
            struct told *told = &work->file->told[i];
            if (told->firings <= age || told->not_told.len > 0 ||
                !str_equal(told->person, person)) {
                continue;
            }
            if (is_send(work, told, told->firings - 1 - age, channels, id)) {
                return told;
            }
            has_older = true;
        }
        age++;
    } while (has_older);
    return NULL;
}

/* Which of the person's entries the notice belongs to. What was merged into another may have gone over another channel; a digest
 * is none of the case's own. */
static struct told *find_told(const struct work *work, const struct case_receipt *receipt,
                              struct ident id)
{
    if (receipt->is_digest) {
        return NULL;
    }
    uint32_t channel = 1u << receipt->channel;
    struct told *told = find_sent(work, receipt->person, channel, id);
    return told != NULL ? told : find_sent(work, receipt->person, ~channel, id);
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

/* A key that was pressed once and is told of again, however late, is no second acknowledgement. */
static bool is_known_ack(const struct casefile *file, struct ident id)
{
    for (size_t i = 0; i < file->ack_count; i++) {
        if (ident_equal(file->acks[i].id, id)) {
            return true;
        }
    }
    return false;
}

void receipt_step(struct work *work, const struct case_receipt *receipt)
{
    struct told *told = find_told(work, receipt, receipt->notice_id);
    mark(told, receipt->state);
    for (size_t i = 0; i < receipt->merged_count; i++) {
        mark(find_told(work, receipt, receipt->merged[i]), receipt->state);
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
                !is_known_ack(work->file, receipt->notice_id) &&
                !resolve_is_excluded(work, told->person);
    if (acks) {
        (void)ack_add(work, told->person, told->role, receipt->notice_id);
        ack_progress(work, receipt->person);
    }
}
