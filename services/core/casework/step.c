/* Steps: who is called when, until it is acknowledged.
 *
 * A step that comes due resolves its roles at that instant and sends. From high all channels at once, then the call
 * again after voice_gap, three rounds in all; below, one channel after the other, each after channel_gap without
 * `reached`. Each send is a firing of its own. A step that repeats begins anew every repeat_gap, with today's roster.
 * A step in order takes one person after the other (guardians in their contact order), each with all channels and, after
 * voice_gap, one more call; the next one's turn comes when the one before was not reached, and it ends with the first who
 * is. A step whose `unless` holds stops, whenever that comes about. */
#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/told.h"
#include "core/casework/step.h"

enum { VOICE_ROUNDS = 3 };

/* One send of a round: what goes out, and when the next one does. */
struct send {
    uint32_t channels;
    int64_t gap_ms; /* to the next send */
    bool last;
};

/* --- what a round sends --------------------------------------------------------------------------------------------- */

static bool has_voice(struct policy_channels via)
{
    for (size_t i = 0; i < via.count; i++) {
        if (via.items[i] == CASE_CHANNEL_VOICE) {
            return true;
        }
    }
    return false;
}

static uint32_t channel_bits(struct policy_channels via)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < via.count; i++) {
        bits |= 1u << via.items[i];
    }
    return bits;
}

/* From high: all channels, then the call again. */
static struct send send_together(const struct work *work, struct policy_channels via, uint32_t slot)
{
    return (struct send){
        .channels = slot == 0 ? channel_bits(via) : 1u << CASE_CHANNEL_VOICE,
        .gap_ms = work->set->voice_gap_ms,
        .last = !has_voice(via) || slot + 1 >= VOICE_ROUNDS,
    };
}

/* Below high: one channel after the other, a call three times. */
static struct send send_in_turn(const struct work *work, struct policy_channels via, uint32_t slot)
{
    uint32_t start = 0;
    for (size_t i = 0; i < via.count; i++) {
        bool voice = via.items[i] == CASE_CHANNEL_VOICE;
        uint32_t rounds = voice ? VOICE_ROUNDS : 1;
        if (slot < start + rounds) {
            bool round_left = slot + 1 < start + rounds;
            int64_t spent_ms = (int64_t)(rounds - 1) * work->set->voice_gap_ms;
            int64_t rest_ms = work->set->channel_gap_ms - spent_ms;
            return (struct send){
                .channels = 1u << via.items[i],
                .gap_ms = round_left ? work->set->voice_gap_ms : (rest_ms > 0 ? rest_ms : 1),
                .last = !round_left && i + 1 == via.count,
            };
        }
        start += rounds;
    }
    return (struct send){.last = true};
}

static struct send plan_send(const struct work *work, const struct policy_step *policy_step,
                             uint32_t slot)
{
    return work->file->level >= CASE_LEVEL_HIGH ? send_together(work, policy_step->via, slot)
                                                : send_in_turn(work, policy_step->via, slot);
}

/* Whether another step of the ladder asks somebody after this one, or will: one that nobody holds, or that is needed no more, asks
 * nobody. */
static bool is_followed(const struct work *work, const struct step *step, size_t policy_steps)
{
    for (size_t i = 0; i < work->file->step_count; i++) {
        const struct step *later = &work->file->steps[i];
        struct policy_step policy_step = step_policy(work, later);
        if (later->index > step->index && later->index < policy_steps &&
            later->state != STEP_UNNEEDED && later->state != STEP_SKIPPED &&
            policy_step_wants_ack(&policy_step)) {
            return true;
        }
    }
    return false;
}

/* The last step of a crisis always repeats; guardians, who are not asked to take over, are no last step. */
bool step_repeats(const struct work *work, const struct step *step)
{
    const struct policy *policy = work_policy(work);
    struct policy_step policy_step = step_policy(work, step);
    if (policy_step.repeat_until_acked || work->file->level != CASE_LEVEL_CRISIS ||
        policy == NULL) {
        return policy_step.repeat_until_acked;
    }
    return policy_step_wants_ack(&policy_step) && !is_followed(work, step, policy->step_count);
}

/* What is said again and again need not wait for long: the next one is on its way, and a notifier that comes back after hours
 * must not bring them all. */
static int64_t message_life_ms(const struct work *work, bool is_repeated)
{
    enum { MINUTE_MS = 60 * 1000 };
    if (is_repeated) {
        return 15 * MINUTE_MS;
    }
    switch (work->file->level) {
    case CASE_LEVEL_CRISIS:
        return 15 * MINUTE_MS;
    case CASE_LEVEL_HIGH:
        return 60 * MINUTE_MS;
    case CASE_LEVEL_NONE:
    case CASE_LEVEL_NORMAL:
    case CASE_LEVEL_ATTENTION:
    case CASE_LEVEL_WARNING:
        break;
    }
    return 24 * 60 * MINUTE_MS; /* past the next digest */
}

static struct work_message page(struct work *work, const struct step *step, struct str cause)
{
    struct policy_step policy_step = step_policy(work, step);
    bool bulk = work->file->level < CASE_LEVEL_WARNING;
    return (struct work_message){
        .cause = cause,
        .firing = step->firing,
        .purpose = policy_step.purpose.len > 0 ? policy_step.purpose : STR_LITERAL("step"),
        .lane = bulk ? EFFECT_LANE_BULK : EFFECT_LANE_URGENT,
        .may_wait = bulk,
        .expires_ms = work->wall_ms + message_life_ms(work, step_repeats(work, step)),
        .wants_key_press = true,
    };
}

/* --- one after the other ---------------------------------------------------------------------------------------------- */

/* Whom the step told last; NULL: nobody yet. `ret_reached`: somebody was reached. */
static const struct told *last_told(const struct work *work, const struct step *step,
                                    bool *ret_reached)
{
    const struct told *last = NULL;
    *ret_reached = false;
    for (size_t i = 0; i < work->file->told_count; i++) {
        const struct told *told = &work->file->told[i];
        if (step_told(work, told, step)) {
            last = told;
            *ret_reached |=
                told->best == CASE_DELIVERY_REACHED || told->best == CASE_DELIVERY_ACKED;
        }
    }
    return last;
}

static bool can_be_called(const struct org_person *person)
{
    for (size_t i = 0; i < person->address_count; i++) {
        if (person->addresses[i].channel == CASE_CHANNEL_VOICE) {
            return true;
        }
    }
    return false;
}

/* Whose turn it is of those whom the step may tell now; false: somebody was reached, or nobody is left. */
static bool take_turn(struct work *work, struct step *step, const struct work_people *people,
                      struct work_person *ret_person, struct send *ret_send)
{
    struct policy_step policy_step = step_policy(work, step);
    bool calls = has_voice(policy_step.via);
    bool is_anybody_reached = false;
    const struct told *last = last_told(work, step, &is_anybody_reached);
    for (size_t i = 0; i < people->count && calls && step->slot % 2 == 1; i++) {
        const struct work_person *person = &people->items[i];
        if (last != NULL && str_equal(person->person, last->person) && !is_anybody_reached &&
            can_be_called(person->record)) {
            *ret_person = *person;
            *ret_send = (struct send){1u << CASE_CHANNEL_VOICE, work->set->voice_gap_ms, false};
            return true;
        }
    }
    step->slot += calls ? step->slot % 2 : 0; /* who was told last is not called again */
    for (size_t i = 0; i < people->count && !is_anybody_reached; i++) {
        const struct work_person *person = &people->items[i];
        if (told_find(work, person->person, person->role, step_cause(work, step)) == NULL) {
            *ret_person = *person;
            *ret_send =
                (struct send){channel_bits(policy_step.via),
                              calls ? work->set->voice_gap_ms : work->set->channel_gap_ms, false};
            return true;
        }
    }
    return false;
}

/* --- firing --------------------------------------------------------------------------------------------------------- */

/* Whoever the step told and may still be told, or, for a new round, whoever has its roles today. */
static void list_people(struct work *work, const struct step *step, bool resolve,
                        struct work_people *people)
{
    struct policy_step policy_step = step_policy(work, step);
    struct str cause = step_cause(work, step);
    if (resolve) {
        for (size_t i = 0; i < policy_step.roles.count; i++) {
            resolve_role(work, policy_step.roles.items[i], cause, people);
        }
        return;
    }
    for (size_t i = 0; i < work->file->told_count; i++) {
        const struct told *told = &work->file->told[i];
        const struct org_person *record =
            org_find_person(work->org, work->file->unit, told->person);
        if (step_told(work, told, step) && record != NULL &&
            !resolve_is_excluded(work, told->person) &&
            !resolve_is_held(work, told->person, told->role)) {
            people->items[people->count++] = (struct work_person){told->person, told->role, record};
        }
    }
}

static bool is_reached(const struct work *work, const struct work_person *to, struct str cause)
{
    const struct told *told = told_find(work, to->person, to->role, cause);
    return told != NULL &&
           (told->best == CASE_DELIVERY_REACHED || told->best == CASE_DELIVERY_ACKED);
}

static bool is_told(const struct work *work, const struct work_person *to, struct str cause)
{
    const struct told *told = told_find(work, to->person, to->role, cause);
    return told != NULL && told->not_told.len == 0;
}

/* After a level went down, those who know of the episode are not called again. */
static bool knows_already(const struct work *work, const struct work_person *to)
{
    for (size_t i = 0; i < work->file->told_count; i++) {
        const struct told *told = &work->file->told[i];
        if (work->file->quiet_before > 0 && told->generation < work->file->generation &&
            told->generation >= work->file->quiet_before && told->not_told.len == 0 &&
            str_equal(told->person, to->person)) {
            return true;
        }
    }
    return false;
}

static size_t send_slot(struct work *work, struct step *step, const struct work_people *people,
                        struct send send)
{
    struct str cause = step_cause(work, step);
    struct work_message message = page(work, step, cause);
    bool in_turn = work->file->level < CASE_LEVEL_HIGH;
    size_t sent = 0;
    message.channels = send.channels;
    for (size_t i = 0; i < people->count; i++) {
        const struct work_person *to = &people->items[i];
        if (ack_is_active(work, to->person, to->role) || (in_turn && is_reached(work, to, cause)) ||
            (step->only_new && is_told(work, to, cause))) {
            sent++; /* has it already */
        } else if (knows_already(work, to)) {
            (void)told_mark(work, to->person, to->role, cause, CASE_CHANNEL_NONE);
            sent++;
        } else if (notice_send(work, to, &message)) {
            sent++;
        }
    }
    step->firing++;
    step->only_new = false;
    return sent;
}

static void raise_gap(struct work *work, const struct step *step, struct str gap)
{
    struct effect_journal *line = work_journal(work, "roster_gap");
    work_fact_number(work, line, "step", step->index);
    work_fact(work, line, "gap", gap.len > 0 ? gap : STR_LITERAL("no_holder"));
    (void)work_alert(work, "roster_gap");
}

static bool anybody_told_or_ahead(const struct work *work)
{
    const struct casefile *file = work->file;
    for (size_t i = 0; i < file->step_count; i++) {
        const struct step *step = &file->steps[i];
        struct policy_step policy_step = step_policy(work, step);
        for (size_t k = 0; k < file->told_count; k++) {
            if (step_told(work, &file->told[k], step) && step_role_counts(file->told[k].role)) {
                return true;
            }
        }
        for (size_t k = 0; k < policy_step.roles.count && step->state == STEP_PENDING; k++) {
            if (step_role_counts(policy_step.roles.items[k]) &&
                resolve_has_anybody(work, policy_step.roles.items[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Nobody of the whole plan can be told: the last responder is called at once. */
static void call_last_responder(struct work *work, int64_t base_ms)
{
    struct casefile *file = work->file;
    const struct policy *policy = work_policy(work);
    uint32_t index = policy != NULL ? (uint32_t)policy->step_count : 0;
    if (file->step_count > 0 && file->steps[file->step_count - 1].index == index) {
        return;
    }
    sw_assert(file->step_count < CASE_STEPS_MAX);
    file->steps[file->step_count++] = (struct step){.index = index, .due_ms = base_ms};
    (void)work_journal(work, "last_responder_called");
}

/* What waited for an empty step need not wait: the next step of the ladder takes its place. */
static void skip(struct work *work, struct step *step, const struct work_people *people,
                 int64_t base_ms)
{
    struct casefile *file = work->file;
    struct policy_step policy_step = step_policy(work, step);
    struct effect_journal *line = work_journal(work, "step_skipped");
    work_fact_number(work, line, "step", step->index);
    work_fact(work, line, "reason", people->held ? STR_LITERAL("held") : STR_LITERAL("empty"));
    if (step->index == (work_policy(work) != NULL ? work_policy(work)->step_count : 0)) {
        step->due_ms = base_ms + work->set->repeat_gap_ms; /* the last resort is tried for ever */
        raise_gap(work, step, people->gap);
        return;
    }
    step_transition(step, STEP_SKIPPED);
    bool guardians_unknown = !policy_step_wants_ack(&policy_step) && file->unresolved;
    if (!people->held && !guardians_unknown) {
        raise_gap(work, step, people->gap);
    }
    if (!policy_step_wants_ack(&policy_step) || people->held) {
        return;
    }
    for (size_t i = 0; i < file->step_count; i++) {
        struct step *next = &file->steps[i];
        if (next->index > step->index && next->state == STEP_PENDING &&
            step_policy(work, next).unless != POLICY_UNLESS_MET) {
            next->due_ms = next->due_ms < base_ms ? next->due_ms : base_ms;
            break;
        }
    }
    if (!anybody_told_or_ahead(work)) {
        call_last_responder(work, base_ms);
    }
}

/* Plans that are not a crisis's fire the first overdue step and keep the later gaps from it. */
static void shift_later(struct work *work, const struct step *step)
{
    if (!work->late || work->file->level == CASE_LEVEL_CRISIS) {
        return;
    }
    for (size_t i = 0; i < work->file->step_count; i++) {
        struct step *later = &work->file->steps[i];
        if (later->index > step->index && later->state == STEP_PENDING) {
            later->due_ms += work->wall_ms - step->due_ms;
        }
    }
}

static void set_state(struct step *step, enum step_state to)
{
    if (step->state != to) {
        step_transition(step, to);
    }
}

static void plan_next(struct work *work, struct step *step, struct send send, int64_t base_ms)
{
    if (!send.last) {
        step->slot++;
        step->next_ms = base_ms + send.gap_ms;
        set_state(step, STEP_FIRING);
    } else if (step_repeats(work, step)) {
        int64_t next_ms = step->fired_ms + work->set->repeat_gap_ms;
        step->slot = 0;
        step->next_ms = next_ms > base_ms ? next_ms : base_ms + work->set->repeat_gap_ms;
        set_state(step, STEP_FIRING);
    } else {
        step->slot = 0;
        set_state(step, STEP_SENT);
    }
}

static void say_fired(struct work *work, const struct step *step, const struct work_people *people)
{
    struct effect_journal *line = work_journal(work, "step_fired");
    work_fact_number(work, line, "step", step->index);
    work_fact_number(work, line, "firing", step->firing - 1);
    work_fact_number(work, line, "people", people->count);
    if (work->late) {
        work_fact_number(work, line, "late_ms", (uint64_t)(work->wall_ms - work->now_ms));
    }
}

/* The next person, or the next call to the one before. */
static void fire_in_order(struct work *work, struct step *step, const struct work_people *people,
                          int64_t base_ms)
{
    struct work_people one = {.count = 1};
    struct send send;
    while (take_turn(work, step, people, &one.items[0], &send)) {
        if (send_slot(work, step, &one, send) > 0) {
            say_fired(work, step, &one);
            plan_next(work, step, send, base_ms);
            return;
        }
        step->slot += step->slot % 2; /* no second call then */
    }
    if (step->state == STEP_PENDING) {
        skip(work, step, people, base_ms);
    } else {
        set_state(step, STEP_SENT);
    }
}

void step_fire(struct work *work, size_t index)
{
    struct step *step = &work->file->steps[index];
    struct policy_step policy_step = step_policy(work, step);
    struct work_people people = {0};
    bool round_begins = step->state == STEP_PENDING || step->slot == 0;
    int64_t due_ms = step->state == STEP_PENDING ? step->due_ms : step->next_ms;
    int64_t base_ms = work->late ? work->wall_ms : due_ms;
    if (step_is_unneeded(work, step)) {
        step_transition(step, STEP_UNNEEDED);
        work_fact_number(work, work_journal(work, "step_unneeded"), "step", step->index);
        return;
    }
    shift_later(work, step);
    list_people(work, step, round_begins || policy_step.in_order, &people);
    if (people.count == 0 && step->state == STEP_PENDING) {
        skip(work, step, &people, base_ms);
        return;
    }
    if (round_begins) {
        step->slot = 0;
        step->fired_ms = base_ms;
    }
    if (policy_step.in_order) {
        fire_in_order(work, step, &people, base_ms);
        return;
    }
    struct send send = plan_send(work, &policy_step, step->slot);
    if (send_slot(work, step, &people, send) == 0 && step->state == STEP_PENDING) {
        skip(work, step, &people, base_ms);
        return;
    }
    say_fired(work, step, &people);
    if (people.gap.len > 0 && step->firing == 1) {
        raise_gap(work, step, people.gap); /* somebody stands in: said once */
    }
    plan_next(work, step, send, base_ms);
    if (step->state == STEP_SENT && step_is_satisfied(work, step)) {
        step_transition(step, STEP_SATISFIED);
    }
}
