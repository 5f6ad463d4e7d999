/* Casefiles -> records. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>

#include "wire/case.h"
#include "wire/decode.h"
#include "wire/writer.h"

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

/* On the wire 0 is "never". */
static int64_t write_deadline(int64_t deadline_ms)
{
    return deadline_ms == CASE_NEVER ? 0 : deadline_ms;
}

static void write_steps(struct writer *writer, const struct casefile *file,
                        Shouwang__V1__Episode *to)
{
    WRITER_MESSAGES(writer, file->step_count, Shouwang__V1__StepState,
                    shouwang__v1__step_state__init)
    for (size_t i = 0; bodies != NULL && i < file->step_count; i++) {
        const struct step *step = &file->steps[i];
        bodies[i].index = step->index;
        bodies[i].due_at_ms = step->due_ms;
        bodies[i].firing = step->firing;
        bodies[i].state = writer_text(writer, str_of(step_state_name(step->state)));
        bodies[i].fired_at_ms = step->fired_ms;
        bodies[i].next_at_ms = step->next_ms;
        bodies[i].slot = step->slot;
        bodies[i].only_new = step->only_new;
    }
    to->steps = messages;
    to->n_steps = file->step_count;
}

static void write_evidence(struct writer *writer, const struct obligation *from,
                           Shouwang__V1__Obligation *to)
{
    WRITER_MESSAGES(writer, from->evidence_count, Shouwang__V1__Evidence,
                    shouwang__v1__evidence__init)
    for (size_t i = 0; bodies != NULL && i < from->evidence_count; i++) {
        bodies[i].key = writer_text(writer, from->evidence[i].key);
        bodies[i].code = writer_text(writer, from->evidence[i].code);
        bodies[i].text = writer_sealed(writer, from->evidence[i].sealed);
        bodies[i].digest = writer_bytes(writer, from->evidence[i].digest);
        bodies[i].version = from->evidence[i].version;
    }
    to->evidence = messages;
    to->n_evidence = from->evidence_count;
}

static void write_obligation(struct writer *writer, const struct obligation *from,
                             Shouwang__V1__Obligation *to)
{
    to->id = writer_text(writer, from->id);
    to->occurrence = from->occurrence;
    to->state = writer_text(writer, str_of(obligation_state_name(from->state)));
    to->anchor_ms = from->anchor_ms;
    to->due_at_ms = write_deadline(from->due_ms);
    to->owner_role = writer_text(writer, from->owner_role);
    to->to_role = writer_text(writer, from->to_role);
    to->warned = from->warned;
    to->performed_at_ms = from->performed_ms;
    to->recorded_at_ms = from->recorded_ms;
    to->recorded_late = from->recorded_late;
    to->by = writer_text(writer, from->by);
    to->answer = writer_text(writer, from->answer);
    to->policy = writer_text(writer, from->policy);
    to->anchored_to = (Shouwang__V1__Anchor)from->anchor;
    to->owed = from->owed;
    to->done = from->done;
    to->returned = from->returned;
    to->warn_at_ms = write_deadline(from->warn_ms);
    to->breached_at_ms = from->breached_ms;
    to->by_role = writer_text(writer, from->by_role);
    to->reason = writer_text(writer, from->reason);
    to->urged = from->urged;
    to->urged_at_ms = from->urged_ms;
    write_evidence(writer, from, to);
}

static void write_obligations(struct writer *writer, const struct casefile *file,
                              Shouwang__V1__Episode *to)
{
    size_t count = 0;
    WRITER_MESSAGES(writer, file->obligation_count, Shouwang__V1__Obligation,
                    shouwang__v1__obligation__init)
    for (size_t i = 0; bodies != NULL && i < file->obligation_count; i++) {
        if (file->obligations[i].episode == to->number) {
            write_obligation(writer, &file->obligations[i], &bodies[count++]);
        }
    }
    to->obligations = messages;
    to->n_obligations = count;
}

static void write_acks(struct writer *writer, const struct casefile *file,
                       Shouwang__V1__Episode *to)
{
    size_t count = 0;
    WRITER_MESSAGES(writer, file->ack_count, Shouwang__V1__Acknowledgement,
                    shouwang__v1__acknowledgement__init)
    for (size_t i = 0; bodies != NULL && i < file->ack_count; i++) {
        const struct ack *ack = &file->acks[i];
        if (ack->episode != to->number) {
            continue;
        }
        Shouwang__V1__Acknowledgement *into = &bodies[count++];
        into->id = writer_ident(writer, ack->id);
        into->person = writer_text(writer, ack->person);
        into->role = writer_text(writer, ack->role);
        into->at_ms = ack->at_ms;
        into->expires_at_ms = write_deadline(ack->expires_ms);
        into->generation = ack->generation;
        into->state = writer_text(writer, str_of(ack_state_name(ack->state)));
    }
    to->acknowledgements = messages;
    to->n_acknowledgements = count;
}

static void write_episode(struct writer *writer, const struct casefile *file,
                          const struct episode *from, Shouwang__V1__Episode *to)
{
    to->number = from->number;
    to->opened_at_ms = from->opened_ms;
    to->occurred_at_ms = from->occurred_ms;
    to->discovered_at_ms = from->discovered_ms;
    to->confirmed_at_ms = from->confirmed_ms;
    to->settled_at_ms = from->settled_ms;
    to->level_reached_at_ms = from->level_reached_ms;
    to->place = (Shouwang__V1__Place)from->place;
    to->danger = (Shouwang__V1__Danger)from->danger;
    to->injury = (Shouwang__V1__Injury)from->injury;
    to->mandatory_code = from->mandatory_code;
    to->first_acknowledger = writer_text(writer, from->first_acknowledger);
    to->state = (Shouwang__V1__EpisodeState)from->state;
    to->joined_to = from->joined_to;
    to->callback = writer_sealed(writer, from->callback);
    to->with_pupil = writer_sealed(writer, from->with_pupil);
    to->place_detail = writer_sealed(writer, from->place_detail);
    to->text = writer_sealed(writer, from->text);
    if (from->number == file->episode) {
        write_steps(writer, file, to);
    }
    write_obligations(writer, file, to);
    write_acks(writer, file, to);
}

static void write_episodes(struct writer *writer, const struct casefile *file,
                           Shouwang__V1__Case *to)
{
    WRITER_MESSAGES(writer, file->episode_count, Shouwang__V1__Episode, shouwang__v1__episode__init)
    for (size_t i = 0; bodies != NULL && i < file->episode_count; i++) {
        write_episode(writer, file, &file->episodes[i], &bodies[i]);
    }
    to->episodes = messages;
    to->n_episodes = file->episode_count;
}

static Shouwang__V1__Channel first_channel(uint32_t channels)
{
    for (int channel = 1; channel < CASE_CHANNEL_COUNT; channel++) {
        if ((channels >> channel & 1) != 0) {
            return (Shouwang__V1__Channel)channel;
        }
    }
    return SHOUWANG__V1__CHANNEL__CHANNEL_UNSPECIFIED;
}

static void write_told(struct writer *writer, const struct casefile *file, Shouwang__V1__Case *to)
{
    WRITER_MESSAGES(writer, file->told_count, Shouwang__V1__Told, shouwang__v1__told__init)
    for (size_t i = 0; bodies != NULL && i < file->told_count; i++) {
        const struct told *told = &file->told[i];
        bodies[i].person = writer_text(writer, told->person);
        bodies[i].role = writer_text(writer, told->role);
        bodies[i].channel = first_channel(told->channels);
        bodies[i].at_ms = told->at_ms;
        bodies[i].state = (Shouwang__V1__NoticeState)told->best;
        bodies[i].not_told = writer_text(writer, told->not_told);
        bodies[i].cause = writer_text(writer, told->cause);
        bodies[i].generation = told->generation;
        bodies[i].firings = told->firings;
        bodies[i].channels = told->channels;
    }
    to->told = messages;
    to->n_told = file->told_count;
}

static void write_conflicts(struct writer *writer, const struct casefile *file,
                            Shouwang__V1__Case *to)
{
    WRITER_MESSAGES(writer, file->conflict_count, Shouwang__V1__Conflict,
                    shouwang__v1__conflict__init)
    for (size_t i = 0; bodies != NULL && i < file->conflict_count; i++) {
        const struct conflict *conflict = &file->conflicts[i];
        bool asked = conflict->state == CONFLICT_CLEAR_ASKED;
        bodies[i].person = writer_text(writer, conflict->person);
        bodies[i].reason = (Shouwang__V1__ConflictReason)conflict->reason;
        bodies[i].set_by = writer_text(writer, conflict->set_by);
        bodies[i].at_ms = conflict->at_ms;
        bodies[i].clear_first_by =
            writer_text(writer, asked ? conflict->clear_by : STR_LITERAL(""));
        bodies[i].household = writer_text(writer, conflict->household);
        bodies[i].cleared = conflict->state == CONFLICT_CLEARED;
    }
    to->conflicts = messages;
    to->n_conflicts = file->conflict_count;
}

static void write_holds(struct writer *writer, const struct casefile *file, Shouwang__V1__Case *to)
{
    WRITER_MESSAGES(writer, file->hold_count, Shouwang__V1__Hold, shouwang__v1__hold__init)
    for (size_t i = 0; bodies != NULL && i < file->hold_count; i++) {
        bodies[i].what = writer_text(writer, file->holds[i].what);
        bodies[i].since_ms = file->holds[i].since_ms;
        bodies[i].released_by = writer_text(writer, file->holds[i].released_by);
    }
    to->holds = messages;
    to->n_holds = file->hold_count;
}

static void write_parties(struct writer *writer, const struct casefile *file,
                          Shouwang__V1__Case *to)
{
    WRITER_MESSAGES(writer, file->party_count, Shouwang__V1__Party, shouwang__v1__party__init)
    for (size_t i = 0; bodies != NULL && i < file->party_count; i++) {
        bodies[i].ref = writer_text(writer, file->parties[i].ref);
        bodies[i].role = (Shouwang__V1__PartyRole)file->parties[i].role;
    }
    to->parties = messages;
    to->n_parties = file->party_count;
}

/* A reason travels through the core as the bytes of its message. */
static void write_why(struct writer *writer, const struct casefile *file, Shouwang__V1__Case *to)
{
    Shouwang__V1__Why **messages = writer_take(writer, file->why_count, sizeof(*messages));
    for (size_t i = 0; i < file->why_count && writer->error == 0; i++) {
        struct fault fault;
        ProtobufCMessage *message = NULL;
        writer->error = decode_message(&shouwang__v1__why__descriptor, file->why[i].values,
                                       writer->arena, &fault, &message);
        messages[i] = (Shouwang__V1__Why *)message;
    }
    to->why = messages;
    to->n_why = file->why_count;
}

static void write_facts(struct writer *writer, const struct casefile *file, Shouwang__V1__Case *to)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)file->number);
    to->id = writer_ident(writer, file->id);
    to->unit = writer_text(writer, file->unit);
    to->number = writer_text(writer, str_of(number));
    to->subject = writer_text(writer, file->subject);
    to->subject_kind = (Shouwang__V1__SubjectKind)file->subject_kind;
    to->kind = writer_text(writer, file->kind);
    to->family = writer_text(writer, str_of(case_family_name(file->family)));
    to->state = (Shouwang__V1__CaseState)file->state;
    to->level = (Shouwang__V1__Level)file->level;
    to->layer = (Shouwang__V1__Layer)file->layer;
    to->generation = file->generation;
    to->episode = file->episode;
    to->pack = writer_bytes(writer, (struct str){(const char *)file->pack, POLICY_HASH_BYTES});
    to->policy = writer_text(writer, file->policy);
    to->opened_at_ms = file->opened_ms;
    to->changed_at_ms = file->changed_ms;
    to->plan_at_ms = file->plan_ms;
    to->quiet_before = file->quiet_before;
    to->silent = file->silent;
    to->queued = file->is_queued;
    to->stand_down_reason = (Shouwang__V1__StandDownReason)file->stand_down_reason;
    to->stood_down_by = writer_text(writer, file->stood_down_by);
    to->stand_down_confirm_by_ms = write_deadline(file->stand_down_by_ms);
    to->outcome = writer_text(writer, file->outcome);
    to->group = writer_text(writer, file->group);
    to->unresolved = file->unresolved;
    to->signals = writer_idents(writer, file->signals, file->signal_count);
    to->n_signals = file->signal_count;
}

int case_encode(const struct casefile *file, struct arena *arena, struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__Case record = SHOUWANG__V1__CASE__INIT;
    write_facts(&writer, file, &record);
    write_episodes(&writer, file, &record);
    write_told(&writer, file, &record);
    write_conflicts(&writer, file, &record);
    write_holds(&writer, file, &record);
    write_parties(&writer, file, &record);
    write_why(&writer, file, &record);
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}
