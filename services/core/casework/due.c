/* Time: everything of a case that is due, in the order of its deadlines. */
#include "base/assert.h"
#include "core/casework/parts.h"

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
    case CASE_DUE_MEMBER:
        team_leave(work, due.index, "expired");
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
    /* An input settles what itself made due at once; what was due before waits for TIME, since an acknowledgement that
     * is still in the log may come first. */
    int64_t from_ms = work->input->kind == CASE_INPUT_TIME ? INT64_MIN : work->wall_ms;
    int turns = 0;
    for (;;) {
        struct case_due due = casefile_next_due(work->file, from_ms);
        if (due.at_ms > work->wall_ms) {
            break;
        }
        turns++;
        sw_assert(turns < TURNS_MAX); /* each turn moves a deadline on */
        work->now_ms = due.at_ms;
        work->late = work->wall_ms - due.at_ms > WORK_LATE_AFTER_MS;
        work->any_late |= work->late;
        fire(work, due);
        step_review(work);
    }
    work->now_ms = work->wall_ms;
    work->late = false;
    if (work->any_late) {
        notice_merge_late(work);
    }
}

void due_judge_obligations(struct work *work)
{
    int64_t now_ms = work->now_ms;
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        bool waits =
            obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED;
        bool frozen = work->file->state == CASE_STOOD_DOWN || work->file->state == CASE_CLOSED ||
                      casefile_episode(work->file, obligation->episode)->state == EPISODE_JOINED;
        if (waits && !frozen && obligation->due_ms < now_ms) {
            /* Overdue since before this input, or by what it just told us: then it is nobody's outage. */
            bool new_here = work->input->kind == CASE_INPUT_SIGNAL;
            work->now_ms = new_here ? now_ms : obligation->due_ms;
            work->late = !new_here && now_ms - obligation->due_ms > WORK_LATE_AFTER_MS;
            work->any_late |= work->late;
            obligation_due(work, i);
        }
    }
    work->now_ms = now_ms;
    work->late = false;
}
