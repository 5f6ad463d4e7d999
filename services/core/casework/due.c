/* Time: everything of a case that is due, in the order of its deadlines. */
#include "base/assert.h"
#include "core/casework/work.h"

static void fire(struct work *work, struct case_due due)
{
    switch (due.kind) {
    case CASE_DUE_NOTHING:
        break;
    case CASE_DUE_STAND_DOWN:
        life_reopen(work);
        break;
    case CASE_DUE_ACK:
        ack_expire(work, due.index);
        break;
    case CASE_DUE_OBLIGATION:
        obligation_due(work, due.index);
        break;
    case CASE_DUE_WARNING:
        obligation_warn(work, due.index);
        break;
    case CASE_DUE_STEP:
        step_fire(work, due.index);
        break;
    }
}

void due_step(struct work *work)
{
    enum { TURNS_MAX = 10000 };
    int turns = 0;
    bool any_late = false;
    for (;;) {
        struct case_due due = casefile_next_due(work->file);
        if (due.at_ms > work->wall_ms) {
            break;
        }
        turns++;
        sw_assert(turns < TURNS_MAX); /* each turn moves a deadline on */
        work->now_ms = due.at_ms;
        work->late = work->wall_ms - due.at_ms > WORK_LATE_AFTER_MS;
        any_late |= work->late;
        fire(work, due);
        step_review(work);
    }
    work->now_ms = work->wall_ms;
    work->late = false;
    if (any_late) {
        notice_merge_late(work);
    }
}
