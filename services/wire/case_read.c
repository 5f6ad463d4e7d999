/* Records -> casefiles. */
#include <string.h>

#include <shouwang/v1/case.pb-c.h>

#include "wire/case.h"
#include "wire/decode.h"
#include "wire/reader.h"

/* What a casefile is read with: the first failure stays. */
struct reading {
    struct arena *arena;
    struct fault *fault;
    int error;
};

static void *take(struct reading *reading, size_t count, size_t element_bytes)
{
    void *taken =
        reading->error != 0 ? NULL : arena_alloc_array(reading->arena, count, element_bytes);
    if (taken == NULL && reading->error == 0) {
        reading->error = ERR_MEMORY;
    }
    return taken;
}

static void refuse(struct reading *reading, const char *path)
{
    if (reading->error == 0) {
        reading->error = fault_set(reading->fault, REJECT_UNKNOWN_VALUE, path, FAULT_NO_BYTE);
    }
}

static int64_t read_deadline(int64_t deadline_ms)
{
    return deadline_ms == 0 ? CASE_NEVER : deadline_ms;
}

static struct str read_sealed(struct reading *reading, const Shouwang__V1__Sealed *sealed)
{
    struct str value = STR_LITERAL("");
    if (reading->error == 0) {
        reading->error = reader_sealed(sealed, reading->arena, &value);
    }
    return value;
}

/* The state of a name; the count of states, and a refusal, for any other text. */
#define READ_STATE(reading, text, type, name_of, count, path)                                      \
    type state = (type)0;                                                                          \
    while ((int)state < (int)(count) && strcmp(name_of(state), (text)) != 0) {                     \
        state = (type)((int)state + 1);                                                            \
    }                                                                                              \
    if ((int)state == (int)(count)) {                                                              \
        refuse((reading), (path));                                                                 \
        return;                                                                                    \
    }

static void read_step(struct reading *reading, const Shouwang__V1__StepState *from, struct step *to)
{
    READ_STATE(reading, from->state, enum step_state, step_state_name, STEP_STATE_COUNT,
               "/episodes/steps/state")
    *to = (struct step){
        .index = from->index,
        .state = state,
        .due_ms = from->due_at_ms,
        .fired_ms = from->fired_at_ms,
        .next_ms = from->next_at_ms,
        .firing = from->firing,
        .slot = from->slot,
        .only_new = from->only_new,
    };
}

static void read_evidence(struct reading *reading, const Shouwang__V1__Obligation *from,
                          struct obligation *to)
{
    struct case_evidence *evidence = take(reading, from->n_evidence, sizeof(*evidence));
    for (size_t i = 0; evidence != NULL && i < from->n_evidence; i++) {
        evidence[i] = (struct case_evidence){
            .key = str_of(from->evidence[i]->key),
            .code = str_of(from->evidence[i]->code),
            .sealed = read_sealed(reading, from->evidence[i]->text),
            .digest = reader_bytes(from->evidence[i]->digest),
            .version = from->evidence[i]->version,
        };
    }
    to->evidence = evidence;
    to->evidence_count = from->n_evidence;
}

static void read_obligation(struct reading *reading, const Shouwang__V1__Obligation *from,
                            uint32_t episode, struct obligation *to)
{
    READ_STATE(reading, from->state, enum obligation_state, obligation_state_name,
               OBLIGATION_STATE_COUNT, "/episodes/obligations/state")
    *to = (struct obligation){
        .id = str_of(from->id),
        .policy = str_of(from->policy),
        .episode = episode,
        .state = state,
        .owner_role = str_of(from->owner_role),
        .to_role = str_of(from->to_role),
        .anchor = (enum policy_anchor)from->anchored_to,
        .anchor_ms = from->anchor_ms,
        .due_ms = read_deadline(from->due_at_ms),
        .occurrence = from->occurrence,
        .owed = from->owed,
        .done = from->done,
        .returned = from->returned,
        .warned = from->warned,
        .warn_ms = read_deadline(from->warn_at_ms),
        .breached_ms = from->breached_at_ms,
        .performed_ms = from->performed_at_ms,
        .recorded_ms = from->recorded_at_ms,
        .recorded_late = from->recorded_late,
        .by = str_of(from->by),
        .by_role = str_of(from->by_role),
        .reason = str_of(from->reason),
        .answer = str_of(from->answer),
        .urged = from->urged,
        .urged_ms = from->urged_at_ms,
    };
    read_evidence(reading, from, to);
}

static void read_ack(struct reading *reading, const Shouwang__V1__Acknowledgement *from,
                     uint32_t episode, struct ack *to)
{
    READ_STATE(reading, from->state, enum ack_state, ack_state_name, ACK_STATE_COUNT,
               "/episodes/acknowledgements/state")
    *to = (struct ack){
        .id = reader_ident(from->id),
        .person = str_of(from->person),
        .role = str_of(from->role),
        .episode = episode,
        .generation = from->generation,
        .state = state,
        .at_ms = from->at_ms,
        .expires_ms = read_deadline(from->expires_at_ms),
    };
}

static void read_episode(struct reading *reading, const Shouwang__V1__Episode *from,
                         struct episode *to)
{
    *to = (struct episode){
        .number = from->number,
        .state = (enum episode_state)from->state,
        .joined_to = from->joined_to,
        .opened_ms = from->opened_at_ms,
        .occurred_ms = from->occurred_at_ms,
        .discovered_ms = from->discovered_at_ms,
        .confirmed_ms = from->confirmed_at_ms,
        .settled_ms = from->settled_at_ms,
        .level_reached_ms = from->level_reached_at_ms,
        .place = (enum case_place)from->place,
        .danger = (enum case_danger)from->danger,
        .injury = (enum case_injury)from->injury,
        .mandatory_code = from->mandatory_code,
        .first_acknowledger = str_of(from->first_acknowledger),
        .callback = read_sealed(reading, from->callback),
        .with_pupil = read_sealed(reading, from->with_pupil),
        .place_detail = read_sealed(reading, from->place_detail),
        .text = read_sealed(reading, from->text),
    };
}

/* The lists of all episodes one behind the other, as a casefile keeps them. */
static void read_episodes(struct reading *reading, const Shouwang__V1__Case *from,
                          struct casefile *to)
{
    size_t steps = 0;
    size_t obligations = 0;
    size_t acks = 0;
    for (size_t i = 0; i < from->n_episodes; i++) {
        steps += from->episodes[i]->n_steps;
        obligations += from->episodes[i]->n_obligations;
        acks += from->episodes[i]->n_acknowledgements;
    }
    to->episodes = take(reading, from->n_episodes, sizeof(struct episode));
    to->steps = take(reading, steps, sizeof(struct step));
    to->obligations = take(reading, obligations, sizeof(struct obligation));
    to->acks = take(reading, acks, sizeof(struct ack));
    for (size_t i = 0; i < from->n_episodes && reading->error == 0; i++) {
        const Shouwang__V1__Episode *episode = from->episodes[i];
        read_episode(reading, episode, &to->episodes[to->episode_count++]);
        for (size_t k = 0; k < episode->n_steps; k++) {
            read_step(reading, episode->steps[k], &to->steps[to->step_count++]);
        }
        for (size_t k = 0; k < episode->n_obligations; k++) {
            read_obligation(reading, episode->obligations[k], episode->number,
                            &to->obligations[to->obligation_count++]);
        }
        for (size_t k = 0; k < episode->n_acknowledgements; k++) {
            read_ack(reading, episode->acknowledgements[k], episode->number,
                     &to->acks[to->ack_count++]);
        }
    }
}

static void read_told(struct reading *reading, const Shouwang__V1__Case *from, struct casefile *to)
{
    to->told = take(reading, from->n_told, sizeof(struct told));
    for (size_t i = 0; to->told != NULL && i < from->n_told; i++) {
        const Shouwang__V1__Told *told = from->told[i];
        to->told[to->told_count++] = (struct told){
            .person = str_of(told->person),
            .role = str_of(told->role),
            .cause = str_of(told->cause),
            .generation = told->generation,
            .firings = told->firings,
            .channels = told->channels,
            .at_ms = told->at_ms,
            .best = (enum case_delivery)told->state,
            .not_told = str_of(told->not_told),
        };
    }
}

static enum conflict_state conflict_state_of(const Shouwang__V1__Conflict *conflict)
{
    if (conflict->cleared) {
        return CONFLICT_CLEARED;
    }
    return conflict->clear_first_by[0] != '\0' ? CONFLICT_CLEAR_ASKED : CONFLICT_ACTIVE;
}

static void read_conflicts(struct reading *reading, const Shouwang__V1__Case *from,
                           struct casefile *to)
{
    to->conflicts = take(reading, from->n_conflicts, sizeof(struct conflict));
    to->holds = take(reading, from->n_holds, sizeof(struct hold));
    for (size_t i = 0; to->conflicts != NULL && i < from->n_conflicts; i++) {
        const Shouwang__V1__Conflict *conflict = from->conflicts[i];
        to->conflicts[to->conflict_count++] = (struct conflict){
            .person = str_of(conflict->person),
            .household = str_of(conflict->household),
            .reason = (enum case_conflict_reason)conflict->reason,
            .state = conflict_state_of(conflict),
            .set_by = str_of(conflict->set_by),
            .clear_by = str_of(conflict->clear_first_by),
            .at_ms = conflict->at_ms,
        };
    }
    for (size_t i = 0; to->holds != NULL && i < from->n_holds; i++) {
        const Shouwang__V1__Hold *hold = from->holds[i];
        to->holds[to->hold_count++] = (struct hold){
            .what = str_of(hold->what),
            .state = hold->released_by[0] != '\0' ? HOLD_RELEASED : HOLD_HELD,
            .since_ms = hold->since_ms,
            .released_by = str_of(hold->released_by),
        };
    }
}

static void read_team(struct reading *reading, const Shouwang__V1__Case *from, struct casefile *to)
{
    to->members = take(reading, from->n_team, sizeof(struct member));
    for (size_t i = 0; to->members != NULL && i < from->n_team; i++) {
        const Shouwang__V1__TeamMember *member = from->team[i];
        to->members[to->member_count++] = (struct member){str_of(member->person), member->until_ms};
    }
}

static void read_lists(struct reading *reading, const Shouwang__V1__Case *from, struct casefile *to)
{
    to->parties = take(reading, from->n_parties, sizeof(struct case_party));
    to->why = take(reading, from->n_why, sizeof(struct case_why));
    to->signals = take(reading, from->n_signals, sizeof(struct ident));
    for (size_t i = 0; reading->error == 0 && i < from->n_parties; i++) {
        to->parties[to->party_count++] = (struct case_party){
            str_of(from->parties[i]->ref), (enum case_party_role)from->parties[i]->role};
    }
    for (size_t i = 0; reading->error == 0 && i < from->n_why; i++) {
        struct case_why *why = &to->why[to->why_count++];
        why->text = str_of(from->why[i]->text);
        reading->error = encode_message(&from->why[i]->base, reading->arena, &why->values);
    }
    for (size_t i = 0; reading->error == 0 && i < from->n_signals; i++) {
        to->signals[to->signal_count++] = reader_ident(from->signals[i]);
    }
}

static void read_facts(struct reading *reading, const Shouwang__V1__Case *from, struct casefile *to)
{
    int64_t number = 0;
    if (!str_to_int64(str_of(from->number), 0, INT64_MAX, &number)) {
        refuse(reading, "/number");
        return;
    }
    *to = (struct casefile){
        .id = reader_ident(from->id),
        .unit = str_of(from->unit),
        .number = (uint64_t)number,
        .subject = str_of(from->subject),
        .subject_kind = (enum case_subject)from->subject_kind,
        .kind = str_of(from->kind),
        .family = case_family_of(str_of(from->kind)),
        .state = (enum case_state)from->state,
        .level = (enum case_level)from->level,
        .layer = (uint32_t)from->layer,
        .generation = from->generation,
        .quiet_before = from->quiet_before,
        .episode = from->episode,
        .policy = str_of(from->policy),
        .opened_ms = from->opened_at_ms,
        .changed_ms = from->changed_at_ms,
        .plan_ms = from->plan_at_ms,
        .stand_down_reason = (enum case_stand_down_reason)from->stand_down_reason,
        .stood_down_by = str_of(from->stood_down_by),
        .stand_down_by_ms = read_deadline(from->stand_down_confirm_by_ms),
        .outcome = str_of(from->outcome),
        .group = str_of(from->group),
        .unresolved = from->unresolved,
        .silent = from->silent,
        .is_queued = from->queued,
    };
    memcpy(to->pack, from->pack.data, POLICY_HASH_BYTES); /* its length was checked */
}

int case_decode(struct str value, struct arena *arena, struct casefile *ret_file,
                struct fault *ret_fault)
{
    ProtobufCMessage *message = NULL;
    struct reading reading = {.arena = arena, .fault = ret_fault};
    struct casefile file = {0};
    reading.error =
        decode_message(&shouwang__v1__case__descriptor, value, arena, ret_fault, &message);
    if (reading.error != 0) {
        return reading.error;
    }
    const Shouwang__V1__Case *record = (const Shouwang__V1__Case *)message;
    read_facts(&reading, record, &file);
    read_episodes(&reading, record, &file);
    read_told(&reading, record, &file);
    read_conflicts(&reading, record, &file);
    read_lists(&reading, record, &file);
    read_team(&reading, record, &file);
    if (reading.error == 0) {
        *ret_file = file;
    }
    return reading.error;
}
