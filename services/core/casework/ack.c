/* Acknowledgements: of a person in a role, for the steps of the generation in force.
 *
 * One lives as long as the person makes progress, that is, gives any command on the case; when it expires, its steps
 * are fired again for whoever let it lapse and, when nobody is left who has the case, the whole ladder starts anew. */
#include <string.h>

#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/parts.h"

/* From the latest that the case has seen, if that is later than when it was said. Our clock calls, the broker's dates the answer:
 * if ours is ahead by more than the expiry, each word would have lapsed when it comes, and ring again whoever gave it. */
static int64_t expiry_from_now(const struct work *work)
{
    int64_t expiry_ms = work->set->ack_expiry_ms[work->file->level];
    int64_t heard_ms =
        work->file->changed_ms > work->now_ms ? work->file->changed_ms : work->now_ms;
    return expiry_ms > 0 ? heard_ms + expiry_ms : CASE_NEVER;
}

bool ack_is_active(const struct work *work, struct str person, struct str role)
{
    for (size_t i = 0; i < work->file->ack_count; i++) {
        const struct ack *ack = &work->file->acks[i];
        if (ack->state == ACK_ACTIVE && str_equal(ack->person, person) &&
            str_equal(ack->role, role)) {
            return true;
        }
    }
    return false;
}

/* One that was judged to have expired, although what is said now was said before. */
static bool may_revive(const struct work *work, const struct ack *ack)
{
    return ack->state == ACK_EXPIRED && ack->generation == work->file->generation &&
           work->now_ms < ack->expires_ms && casefile_is_running(work->file);
}

static bool is_there(const struct work *work, struct str person, struct str role)
{
    for (size_t i = 0; i < work->file->ack_count; i++) {
        const struct ack *ack = &work->file->acks[i];
        if (str_equal(ack->person, person) && str_equal(ack->role, role) &&
            (ack->state == ACK_ACTIVE || may_revive(work, ack))) {
            return true;
        }
    }
    return false;
}

static void make_room(struct casefile *file)
{
    size_t gone = 0;
    for (size_t i = 0; i < file->ack_count; i++) {
        if (file->acks[i].state != ACK_ACTIVE) {
            gone = i;
            break;
        }
    }
    file->ack_count--;
    memmove(&file->acks[gone], &file->acks[gone + 1],
            (file->ack_count - gone) * sizeof(struct ack));
}

static size_t count_satisfied(const struct casefile *file)
{
    size_t count = 0;
    for (size_t i = 0; i < file->step_count; i++) {
        count += file->steps[i].state == STEP_SATISFIED;
    }
    return count;
}

/* Everyone already alerted gets one word that somebody has it, in a digest where the alert was in one; those at home are told by
 * a person. */
static void tell_taken_over(struct work *work, const struct ack *ack)
{
    enum { HOUR_MS = 60 * 60 * 1000 };
    bool waits = work->file->level < CASE_LEVEL_WARNING;
    struct work_people people = {0};
    char digits[IDENT_TEXT_BYTES];
    ident_format(ack->id, digits);
    struct str parts[] = {STR_LITERAL("taken_over/"), str_of(digits)};
    struct work_message message = {
        .cause = work_join(work, parts, 2),
        .purpose = STR_LITERAL("taken_over"),
        .lane = waits ? EFFECT_LANE_BULK : EFFECT_LANE_URGENT,
        .may_wait = waits,
        .expires_ms = work->wall_ms + (waits ? 24 : 1) * (int64_t)HOUR_MS,
        .taken_over_role = ack->role,
        .taken_over_ms = ack->at_ms,
    };
    notice_list_told(work, &people);
    for (size_t i = 0; i < people.count; i++) {
        const struct work_person *to = &people.items[i];
        if (!str_equal(to->person, ack->person) && !str_is(to->role, "guardians")) {
            (void)notice_send_one(
                work, to, waits ? notice_written_channels() : notice_quiet_channels(), &message);
        }
    }
}

static void accept(struct work *work, const struct ack *ack)
{
    struct episode *episode = work_episode(work);
    size_t satisfied = count_satisfied(work->file);
    if (episode->first_acknowledger.len == 0) {
        episode->first_acknowledger = ack->person;
    }
    step_cancel_person(work, ack->person, ack->role, "acked");
    step_review(work);
    if (count_satisfied(work->file) > satisfied) {
        tell_taken_over(work, ack);
    }
}

const char *ack_add(struct work *work, struct str person, struct str role, struct ident id)
{
    struct casefile *file = work->file;
    if (!casefile_is_running(file)) {
        return "not_open";
    }
    if (is_there(work, person, role)) {
        (void)work_journal(work, "acked_again"); /* ack_progress takes up an expired one */
        return NULL;
    }
    bool counts = step_takes_role(work, role) && !str_is(role, "guardians");
    if (file->ack_count == CASE_ACKS_MAX) {
        make_room(file);
    }
    struct ack *ack = &file->acks[file->ack_count++];
    *ack = (struct ack){
        .id = id,
        .person = work_copy(work, person),
        .role = work_copy(work, role),
        .episode = file->episode,
        .generation = file->generation,
        .state = counts ? ACK_ACTIVE : ACK_SEEN,
        .at_ms = work->now_ms,
        .expires_ms = counts ? expiry_from_now(work) : CASE_NEVER,
    };
    struct effect_journal *line = work_journal(work, counts ? "acked" : "seen");
    work_fact(work, line, "person", person);
    work_fact(work, line, "role", role);
    if (counts) {
        accept(work, ack);
    }
    return NULL;
}

static bool anybody_active(const struct casefile *file)
{
    for (size_t i = 0; i < file->ack_count; i++) {
        if (file->acks[i].state == ACK_ACTIVE) {
            return true;
        }
    }
    return false;
}

/* The first acknowledger is one who still has it. */
static void replace_first(struct work *work, struct str person)
{
    struct episode *episode = work_episode(work);
    if (!str_equal(episode->first_acknowledger, person)) {
        return;
    }
    episode->first_acknowledger = STR_LITERAL("");
    for (size_t i = 0; i < work->file->ack_count; i++) {
        if (work->file->acks[i].state == ACK_ACTIVE && episode->first_acknowledger.len == 0) {
            episode->first_acknowledger = work->file->acks[i].person;
        }
    }
}

void ack_expire(struct work *work, size_t index)
{
    struct ack *ack = &work->file->acks[index];
    ack_transition(ack, ACK_EXPIRED);
    struct effect_journal *line = work_journal(work, "ack_expired");
    work_fact(work, line, "person", ack->person);
    work_fact(work, line, "role", ack->role);
    if (!anybody_active(work->file)) {
        step_restart(work);
    }
    step_review(work);
}

/* The newest of a role, where there are several; with what it had stopped. */
static void revive(struct work *work, struct ack *ack)
{
    if (ack_is_active(work, ack->person, ack->role)) {
        return;
    }
    ack_transition(ack, ACK_ACTIVE);
    (void)work_journal(work, "ack_corrected");
    step_cancel_person(work, ack->person, ack->role, "acked");
}

void ack_progress(struct work *work, struct str person)
{
    struct casefile *file = work->file;
    bool revived = false;
    if (resolve_is_excluded(work, person)) {
        return; /* by that very word: who says that the pupil fears them, or lives with whom it fears */
    }
    for (size_t i = file->ack_count; i-- > 0;) {
        struct ack *ack = &file->acks[i];
        if (!str_equal(ack->person, person) || ack->generation != file->generation) {
            continue;
        }
        if (may_revive(work, ack)) {
            revive(work, ack);
            revived = true;
        }
        if (ack->state == ACK_ACTIVE && ack->expires_ms != CASE_NEVER) {
            int64_t expires_ms = expiry_from_now(work);
            ack->expires_ms = expires_ms > ack->expires_ms ? expires_ms : ack->expires_ms;
        }
    }
    if (revived) {
        step_review(work);
    }
}

void ack_end_all(struct work *work)
{
    for (size_t i = 0; i < work->file->ack_count; i++) {
        if (work->file->acks[i].state == ACK_ACTIVE) {
            ack_transition(&work->file->acks[i], ACK_ENDED);
        }
    }
}

void ack_end_person(struct work *work, struct str person)
{
    bool ended = false;
    for (size_t i = 0; i < work->file->ack_count; i++) {
        struct ack *ack = &work->file->acks[i];
        if (ack->state == ACK_ACTIVE && str_equal(ack->person, person)) {
            ack_transition(ack, ACK_ENDED);
            ended = true;
        }
    }
    replace_first(work, person);
    if (ended && !anybody_active(work->file) && casefile_is_running(work->file)) {
        step_restart(work);
    }
}
