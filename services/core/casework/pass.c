/* Obligations that are passed on: a referral, a green channel. One person after the other is asked, those of the owner's role
 * and then those of the roles behind it, each with the whole time; whoever refuses or stays silent is followed by the next.
 * Until somebody accepts, it is the sender's: everything else that the case owes stays with them, and when nobody is left
 * it is breached and goes up as any other. One who accepts late, while the next is being asked, has accepted.
 * Whoever heard the answer writes it down: a hospital has no console. */
#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/obligation.h"

bool obligation_passes(const struct work *work, const struct obligation *obligation)
{
    return obligation_definition(work, obligation)->pass_to.count > 0;
}

static bool was_asked(struct work *work, const struct obligation *obligation, struct str person)
{
    struct str prefix = obligation_cause(work, obligation, "ask/", 0);
    for (size_t i = 0; i < work->file->told_count; i++) {
        const struct told *told = &work->file->told[i];
        if (told->not_told.len == 0 && str_equal(told->person, person) &&
            str_starts(told->cause, prefix)) {
            return true;
        }
    }
    return false;
}

/* The first of the role who was not asked yet; false: there is none. */
static bool find_next(struct work *work, const struct obligation *obligation, struct str role,
                      struct work_person *ret_next)
{
    struct work_people people = {0};
    resolve_role(work, role, obligation_cause(work, obligation, "ask", obligation->returned + 1),
                 &people);
    for (size_t i = 0; i < people.count; i++) {
        if (!was_asked(work, obligation, people.items[i].person)) {
            *ret_next = people.items[i];
            return true;
        }
    }
    return false;
}

static void ask(struct work *work, const struct obligation *obligation,
                const struct work_person *next)
{
    struct work_message message = {
        .cause = obligation_cause(work, obligation, "ask", obligation->returned),
        .purpose = STR_LITERAL("help"),
        .channels = 1u << CASE_CHANNEL_SMS,
        .lane = work->file->level >= CASE_LEVEL_WARNING ? EFFECT_LANE_URGENT : EFFECT_LANE_BULK,
        .expires_ms = obligation->due_ms > work->wall_ms ? obligation->due_ms : work->wall_ms + 1,
        .obligation = obligation->id,
        .due_ms = obligation->due_ms,
    };
    if (work->file->level >= CASE_LEVEL_HIGH) {
        message.channels |= 1u << CASE_CHANNEL_VOICE;
    }
    (void)notice_send(work, next, &message);
}

bool obligation_ask_next(struct work *work, struct obligation *obligation)
{
    const struct policy_obligation *definition = obligation_definition(work, obligation);
    struct work_person next;
    bool found = find_next(work, obligation, definition->owner, &next);
    for (size_t i = 0; i < definition->pass_to.count && !found; i++) {
        found = find_next(work, obligation, definition->pass_to.items[i], &next);
    }
    if (!found) {
        return false;
    }
    if (obligation->returned > 0) {
        notice_cancel_cause(work, obligation_cause(work, obligation, "ask", obligation->returned),
                            "passed");
    }
    if (obligation->state != OBLIGATION_PENDING) {
        obligation_transition(obligation, OBLIGATION_PENDING);
    }
    obligation->returned++;
    obligation->owner_role = work_copy(work, next.role);
    obligation->anchor_ms = work->now_ms;
    obligation->due_ms = obligation_time_at(work, definition, work->now_ms, definition->within_ms);
    struct effect_journal *line = obligation_journal(work, obligation, "obligation_passed");
    work_fact(work, line, "role", next.role);
    work_fact(work, line, "person", next.person);
    ask(work, obligation, &next);
    return true;
}

void obligation_say_accepted(struct work *work, const struct obligation *obligation)
{
    enum { LIFE_MS = 24 * 60 * 60 * 1000 };
    struct work_people people = {0};
    struct work_message message = {
        .cause = obligation_cause(work, obligation, "accepted", obligation->returned),
        .purpose = STR_LITERAL("taken_over"),
        .lane = work->file->level >= CASE_LEVEL_WARNING ? EFFECT_LANE_URGENT : EFFECT_LANE_BULK,
        .expires_ms = work->wall_ms + LIFE_MS,
        .taken_over_role = obligation->owner_role,
        .taken_over_ms = work->now_ms,
    };
    notice_cancel_cause(work, obligation_cause(work, obligation, "ask", obligation->returned),
                        "met");
    resolve_role(work, obligation->to_role, message.cause, &people);
    for (size_t i = 0; i < people.count; i++) {
        (void)notice_send_one(work, &people.items[i], notice_quiet_channels(), &message);
    }
}
