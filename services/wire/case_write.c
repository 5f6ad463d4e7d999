/* Casefiles -> records. Each function writes the fields of one message of case.proto, the last one first (wire/tail.h). */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>

#include "wire/case.h"
#include "wire/decode.h"
#include "wire/tail.h"

_Static_assert((int)SHOUWANG__V1__CASE_STATE__CASE_STATE_STOOD_DOWN == (int)CASE_STOOD_DOWN,
               "same values");
_Static_assert((int)SHOUWANG__V1__LEVEL__LEVEL_CRISIS == (int)CASE_LEVEL_CRISIS, "same values");
_Static_assert((int)SHOUWANG__V1__SUBJECT_KIND__SUBJECT_KIND_UNRESOLVED ==
                   (int)CASE_SUBJECT_UNRESOLVED,
               "same values");
_Static_assert((int)SHOUWANG__V1__ANCHOR__ANCHOR_AFTER == (int)POLICY_ANCHOR_AFTER, "same values");
_Static_assert((int)SHOUWANG__V1__EPISODE_STATE__EPISODE_STATE_JOINED == (int)EPISODE_JOINED,
               "same values");
_Static_assert((int)SHOUWANG__V1__NOTICE_STATE__NOTICE_STATE_UNKNOWN == (int)CASE_DELIVERY_UNKNOWN,
               "same values");
_Static_assert((int)SHOUWANG__V1__STAND_DOWN_REASON__STAND_DOWN_REASON_WRONG_PERSON ==
                   (int)CASE_STAND_DOWN_WRONG_PERSON,
               "same values");

enum { NUMBER_TEXT_BYTES = 24 };

/* On the wire 0 is "never". */
static uint64_t deadline(int64_t deadline_ms)
{
    return deadline_ms == CASE_NEVER ? 0 : (uint64_t)deadline_ms;
}

static void write_step(struct tail *tail, const struct step *step)
{
    tail_number(tail, 9, step->only_new);
    tail_number(tail, 8, step->slot);
    tail_number(tail, 7, (uint64_t)step->next_ms);
    tail_number(tail, 5, (uint64_t)step->fired_ms);
    tail_text(tail, 4, str_of(step_state_name(step->state)));
    tail_number(tail, 3, step->firing);
    tail_number(tail, 2, (uint64_t)step->due_ms);
    tail_number(tail, 1, step->index);
}

static void write_evidence(struct tail *tail, const struct case_evidence *evidence)
{
    tail_number(tail, 5, evidence->version);
    tail_text(tail, 4, evidence->digest);
    tail_text(tail, 3, evidence->sealed);
    tail_text(tail, 2, evidence->code);
    tail_text(tail, 1, evidence->key);
}

static void write_obligation(struct tail *tail, const struct obligation *from)
{
    tail_number(tail, 25, (uint64_t)from->urged_ms);
    tail_number(tail, 24, from->urged);
    tail_text(tail, 23, from->reason);
    tail_text(tail, 22, from->by_role);
    tail_number(tail, 21, (uint64_t)from->breached_ms);
    tail_number(tail, 20, deadline(from->warn_ms));
    tail_number(tail, 19, from->returned);
    tail_number(tail, 18, from->done);
    tail_number(tail, 17, from->owed);
    tail_number(tail, 16, from->anchor);
    tail_text(tail, 15, from->policy);
    tail_text(tail, 14, from->answer);
    for (size_t i = from->evidence_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        write_evidence(tail, &from->evidence[i]);
        tail_message(tail, 13, mark);
    }
    tail_text(tail, 12, from->by);
    tail_number(tail, 11, from->recorded_late);
    tail_number(tail, 10, (uint64_t)from->recorded_ms);
    tail_number(tail, 9, (uint64_t)from->performed_ms);
    tail_number(tail, 8, from->warned);
    tail_text(tail, 7, from->to_role);
    tail_text(tail, 6, from->owner_role);
    tail_number(tail, 5, deadline(from->due_ms));
    tail_number(tail, 4, (uint64_t)from->anchor_ms);
    tail_text(tail, 3, str_of(obligation_state_name(from->state)));
    tail_number(tail, 2, from->occurrence);
    tail_text(tail, 1, from->id);
}

static void write_ack(struct tail *tail, const struct ack *ack)
{
    tail_ident(tail, 7, ack->id);
    tail_text(tail, 6, str_of(ack_state_name(ack->state)));
    tail_number(tail, 5, ack->generation);
    tail_number(tail, 4, deadline(ack->expires_ms));
    tail_number(tail, 3, (uint64_t)ack->at_ms);
    tail_text(tail, 2, ack->role);
    tail_text(tail, 1, ack->person);
}

/* Steps, duties and acknowledgements of one episode, within it. */
static void write_plan(struct tail *tail, const struct casefile *file, uint32_t episode)
{
    for (size_t i = file->ack_count; i-- > 0;) {
        if (file->acks[i].episode == episode) {
            const uint8_t *mark = tail_mark(tail);
            write_ack(tail, &file->acks[i]);
            tail_message(tail, 13, mark);
        }
    }
    for (size_t i = file->obligation_count; i-- > 0;) {
        if (file->obligations[i].episode == episode) {
            const uint8_t *mark = tail_mark(tail);
            write_obligation(tail, &file->obligations[i]);
            tail_message(tail, 12, mark);
        }
    }
    for (size_t i = episode == file->episode ? file->step_count : 0; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        write_step(tail, &file->steps[i]);
        tail_message(tail, 11, mark);
    }
}

static void write_episode(struct tail *tail, const struct casefile *file,
                          const struct episode *from)
{
    tail_text(tail, 23, from->text);
    tail_text(tail, 22, from->place_detail);
    tail_text(tail, 21, from->with_pupil);
    tail_text(tail, 20, from->callback);
    tail_number(tail, 18, from->joined_to);
    tail_number(tail, 17, from->state);
    tail_number(tail, 16, from->injury);
    tail_text(tail, 14, from->first_acknowledger);
    write_plan(tail, file, from->number);
    tail_number(tail, 10, from->mandatory_code);
    tail_number(tail, 9, from->danger);
    tail_number(tail, 8, from->place);
    tail_number(tail, 7, (uint64_t)from->level_reached_ms);
    tail_number(tail, 6, (uint64_t)from->settled_ms);
    tail_number(tail, 5, (uint64_t)from->confirmed_ms);
    tail_number(tail, 4, (uint64_t)from->discovered_ms);
    tail_number(tail, 3, (uint64_t)from->occurred_ms);
    tail_number(tail, 2, (uint64_t)from->opened_ms);
    tail_number(tail, 1, from->number);
}

static uint64_t first_channel(uint32_t channels)
{
    unsigned channel = 1;
    while (channel < CASE_CHANNEL_COUNT && (channels >> channel & 1) == 0) {
        channel++;
    }
    return channel < CASE_CHANNEL_COUNT ? channel : 0;
}

static void write_told(struct tail *tail, const struct told *told)
{
    tail_number(tail, 10, told->channels);
    tail_number(tail, 9, told->firings);
    tail_number(tail, 8, told->generation);
    tail_text(tail, 7, told->cause);
    tail_text(tail, 6, told->not_told);
    tail_number(tail, 5, told->best);
    tail_number(tail, 4, (uint64_t)told->at_ms);
    tail_number(tail, 3, first_channel(told->channels));
    tail_text(tail, 2, told->role);
    tail_text(tail, 1, told->person);
}

static void write_conflict(struct tail *tail, const struct conflict *conflict)
{
    bool asked = conflict->state == CONFLICT_CLEAR_ASKED;
    tail_number(tail, 7, conflict->state == CONFLICT_CLEARED);
    tail_text(tail, 6, conflict->household);
    tail_text(tail, 5, asked ? conflict->clear_by : STR_LITERAL(""));
    tail_number(tail, 4, (uint64_t)conflict->at_ms);
    tail_text(tail, 3, conflict->set_by);
    tail_number(tail, 2, conflict->reason);
    tail_text(tail, 1, conflict->person);
}

/* A reason travels through the core as the bytes of its message. */
static void write_people(struct tail *tail, const struct casefile *file)
{
    for (size_t i = file->party_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        tail_number(tail, 2, file->parties[i].role);
        tail_text(tail, 1, file->parties[i].ref);
        tail_message(tail, 28, mark);
    }
    for (size_t i = file->told_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        write_told(tail, &file->told[i]);
        tail_message(tail, 27, mark);
    }
}

static void write_reasons(struct tail *tail, const struct casefile *file)
{
    for (size_t i = file->why_count; i-- > 0;) {
        tail_bytes(tail, 20, file->why[i].values);
    }
    for (size_t i = file->signal_count; i-- > 0;) {
        tail_bytes(tail, 19, ident_part(&file->signals[i]));
    }
    for (size_t i = file->hold_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        tail_text(tail, 3, file->holds[i].released_by);
        tail_number(tail, 2, (uint64_t)file->holds[i].since_ms);
        tail_text(tail, 1, file->holds[i].what);
        tail_message(tail, 18, mark);
    }
    for (size_t i = file->conflict_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        write_conflict(tail, &file->conflicts[i]);
        tail_message(tail, 17, mark);
    }
    for (size_t i = file->episode_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        write_episode(tail, file, &file->episodes[i]);
        tail_message(tail, 16, mark);
    }
}

static void write_facts(struct tail *tail, const struct casefile *file)
{
    char number[NUMBER_TEXT_BYTES];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)file->number);
    tail_number(tail, 15, (uint64_t)file->changed_ms);
    tail_number(tail, 14, (uint64_t)file->opened_ms);
    tail_text(tail, 13, file->policy);
    tail_text(tail, 12, (struct str){(const char *)file->pack, POLICY_HASH_BYTES});
    tail_number(tail, 11, file->generation);
    tail_number(tail, 10, file->layer);
    tail_number(tail, 9, file->level);
    tail_number(tail, 8, file->state);
    tail_text(tail, 7, str_of(case_family_name(file->family)));
    tail_text(tail, 6, file->kind);
    tail_number(tail, 5, file->subject_kind);
    tail_text(tail, 4, file->subject);
    tail_text(tail, 3, str_of(number));
    tail_text(tail, 2, file->unit);
    tail_ident(tail, 1, file->id);
}

static void write_case(struct tail *tail, const void *record)
{
    const struct casefile *file = record;
    for (size_t i = file->member_count; i-- > 0;) {
        const uint8_t *mark = tail_mark(tail);
        tail_number(tail, 2, (uint64_t)file->members[i].until_ms);
        tail_text(tail, 1, file->members[i].person);
        tail_message(tail, 34, mark);
    }
    tail_number(tail, 33, file->is_queued);
    tail_number(tail, 32, file->silent);
    tail_number(tail, 31, file->quiet_before);
    tail_number(tail, 30, (uint64_t)file->plan_ms);
    tail_number(tail, 29, file->episode);
    write_people(tail, file);
    tail_number(tail, 26, file->unresolved);
    tail_text(tail, 25, file->group);
    tail_text(tail, 24, file->outcome);
    tail_number(tail, 23, deadline(file->stand_down_by_ms));
    tail_text(tail, 22, file->stood_down_by);
    tail_number(tail, 21, file->stand_down_reason);
    write_reasons(tail, file);
    write_facts(tail, file);
}

int case_encode(const struct casefile *file, struct arena *arena, struct str *ret_value)
{
    return tail_encode(write_case, file, arena, ret_value);
}
