/* Obligations and time: anchors, warnings, breaches, occurrences.
 *
 * A single one is breached when its deadline passes. Occurrence k of a recurring one comes due at anchor + k x period,
 * which is told to its owner; it is breached when the next one comes due and it is still owed. After an outage all
 * occurrences that came due are told once, with their count. */
#include <string.h>

#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/obligation.h"
#include "core/casework/told.h"

static const struct str county_designee = {"county_designee", 15};
static const struct str principal = {"principal", 9};
static const struct str of_overdue_interviews[] = {{"duty_leader", 11}, {"county_centre", 13}};

static const struct policy_obligation built_in[] = {
    {.id = {"hold", 4},
     .owner = {"duty_leader", 11},
     .breach_roles = {&county_designee, 1},
     .breach_via = {{CASE_CHANNEL_VOICE, CASE_CHANNEL_SMS}, 2}},
    {.id = {"interview", 9},
     .owner = {"psych_teacher", 13},
     .breach_roles = {of_overdue_interviews, 2}},
};

const struct policy_obligation *obligation_definition(const struct work *work,
                                                      const struct obligation *obligation)
{
    const struct policy *policy = policy_by_id(work->set, obligation->policy);
    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]) && obligation->policy.len == 0;
         i++) {
        if (str_equal(built_in[i].id, obligation->id)) {
            return &built_in[i];
        }
    }
    sw_assert(policy != NULL);
    int index = policy_obligation_index(policy, obligation->id);
    sw_assert(index >= 0);
    return &policy->obligations[index];
}

struct str obligation_cause(struct work *work, const struct obligation *obligation,
                            const char *tail, uint32_t number)
{
    bool first = obligation->episode == 1;
    struct str parts[] = {
        first ? STR_LITERAL("") : STR_LITERAL("e"),
        first ? STR_LITERAL("") : work_number(work, obligation->episode),
        first ? STR_LITERAL("") : STR_LITERAL("/"),
        obligation->id,
        STR_LITERAL("/"),
        str_of(tail),
        number > 0 ? STR_LITERAL("/") : STR_LITERAL(""),
        number > 0 ? work_number(work, number) : STR_LITERAL(""),
    };
    return work_join(work, parts, sizeof(parts) / sizeof(parts[0]));
}

struct effect_journal *obligation_journal(struct work *work, const struct obligation *obligation,
                                          const char *what)
{
    struct effect_journal *line = work_journal(work, what);
    line->episode = obligation->episode;
    work_fact(work, line, "obligation", obligation->id);
    if (obligation->due_ms != CASE_NEVER) {
        work_fact_number(work, line, "due_ms", (uint64_t)obligation->due_ms);
    }
    if (obligation->occurrence > 0) {
        work_fact_number(work, line, "occurrence", obligation->occurrence);
    }
    return line;
}

int64_t obligation_time_at(const struct work *work, const struct policy_obligation *definition,
                           int64_t anchor_ms, int64_t after_ms)
{
    struct zone zone = org_zone(work->org, work->file->unit);
    return policy_clock_end(work->set, &zone, definition->clock, anchor_ms, after_ms);
}

static int64_t warning_at(const struct work *work, const struct obligation *obligation,
                          const struct policy_obligation *definition)
{
    return obligation->warned < definition->warn_count
               ? obligation_time_at(work, definition, obligation->anchor_ms,
                                    definition->warn_ms[obligation->warned])
               : CASE_NEVER;
}

/* The next warning that still lies ahead; those that passed before there was a clock are counted as given. */
static void set_warning(const struct work *work, struct obligation *obligation)
{
    const struct policy_obligation *definition = obligation_definition(work, obligation);
    obligation->warn_ms = warning_at(work, obligation, definition);
    while (obligation->warn_ms < work->now_ms) {
        obligation->warned++;
        obligation->warn_ms = warning_at(work, obligation, definition);
    }
}

void obligation_start(struct work *work, struct obligation *obligation, int64_t anchor_ms)
{
    const struct policy_obligation *definition = obligation_definition(work, obligation);
    obligation->anchor_ms = anchor_ms;
    obligation->due_ms =
        obligation->occurrence > 0
            ? anchor_ms + (int64_t)obligation->occurrence * definition->every_ms
            : obligation_time_at(work, definition, anchor_ms, definition->within_ms);
    if (definition->pass_to.count > 0 && !obligation_ask_next(work, obligation)) {
        obligation->due_ms = work->now_ms; /* nobody to ask: it goes up at once */
    }
    set_warning(work, obligation);
}

static int64_t anchor_of(const struct work *work, const struct policy_obligation *definition)
{
    const struct episode *episode = work_episode(work);
    int64_t discovered_ms =
        episode->discovered_ms > 0 ? episode->discovered_ms : episode->opened_ms;
    switch (definition->anchor) {
    case POLICY_ANCHOR_OPENED:
        return work->file->plan_ms; /* nobody can be late for what the level asks only now */
    case POLICY_ANCHOR_OCCURRED:
        return episode->occurred_ms > 0 ? episode->occurred_ms : discovered_ms;
    case POLICY_ANCHOR_DISCOVERED:
        return discovered_ms;
    case POLICY_ANCHOR_CONFIRMED:
        return episode->confirmed_ms;
    case POLICY_ANCHOR_LEVEL_REACHED:
        return episode->level_reached_ms;
    case POLICY_ANCHOR_SETTLED:
        return episode->settled_ms;
    case POLICY_ANCHOR_AFTER:
        for (size_t i = 0; i < work->file->obligation_count; i++) {
            const struct obligation *before = &work->file->obligations[i];
            if (before->episode == episode->number && str_equal(before->id, definition->after)) {
                return before->performed_ms;
            }
        }
        break;
    }
    return 0;
}

static struct obligation *find(const struct casefile *file, uint32_t episode, struct str id)
{
    for (size_t i = 0; i < file->obligation_count; i++) {
        if (file->obligations[i].episode == episode && str_equal(file->obligations[i].id, id)) {
            return &file->obligations[i];
        }
    }
    return NULL;
}

static bool make_room(struct casefile *file)
{
    for (size_t i = 0; i < file->obligation_count; i++) {
        if (file->obligations[i].episode != file->episode &&
            !obligation_is_open(file, &file->obligations[i])) {
            file->obligation_count--;
            memmove(&file->obligations[i], &file->obligations[i + 1],
                    (file->obligation_count - i) * sizeof(struct obligation));
            return true;
        }
    }
    return false;
}

static struct obligation *add(struct work *work, const struct policy_obligation *definition,
                              struct str policy)
{
    struct casefile *file = work->file;
    if (file->obligation_count == CASE_OBLIGATIONS_MAX && !make_room(file)) {
        work_fact(work, work_journal(work, "obligation_dropped"), "obligation", definition->id);
        return NULL;
    }
    struct obligation *obligation = &file->obligations[file->obligation_count++];
    *obligation = (struct obligation){
        .id = definition->id,
        .policy = policy,
        .owner_role = definition->owner,
        .to_role = definition->to,
        .episode = file->episode,
        .anchor = definition->anchor,
        .due_ms = CASE_NEVER,
        .warn_ms = CASE_NEVER,
        .occurrence = definition->every_ms > 0 ? 1 : 0,
    };
    return obligation;
}

/* What the episode owes already stays as it is, but that a stricter deadline counts. */
static void tighten(const struct work *work, struct obligation *obligation,
                    const struct policy_obligation *definition)
{
    bool waits = obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED;
    int64_t due_ms =
        obligation_time_at(work, definition, obligation->anchor_ms, definition->within_ms);
    if (waits && obligation->occurrence == 0 && obligation->anchor_ms > 0 &&
        due_ms < obligation->due_ms) {
        obligation->due_ms = due_ms;
    }
}

void obligation_open_all(struct work *work, const struct policy *policy)
{
    for (size_t i = 0; i < policy->obligation_count; i++) {
        const struct policy_obligation *definition = &policy->obligations[i];
        struct obligation *there = find(work->file, work->file->episode, definition->id);
        if (there != NULL) {
            tighten(work, there, definition);
            continue;
        }
        struct obligation *obligation = add(work, definition, policy->id);
        int64_t anchor_ms = anchor_of(work, definition);
        if (obligation != NULL && anchor_ms > 0) {
            obligation_start(work, obligation, anchor_ms);
        }
    }
}

/* Asked for again: one that waits may be owed sooner, one that was done is owed anew. Answers whether it is owed by this
 * asking. */
static bool ask_again(struct work *work, struct obligation *obligation, int64_t within_ms)
{
    bool waits = obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED;
    if (waits && work->now_ms + within_ms < obligation->due_ms) {
        obligation->due_ms = work->now_ms + within_ms;
        obligation->returned++; /* told anew */
        return true;
    }
    if (obligation->state != OBLIGATION_MET && obligation->state != OBLIGATION_MET_LATE) {
        return false;
    }
    obligation_transition(obligation, OBLIGATION_PENDING);
    obligation->returned++;
    obligation->recorded_late = false;
    obligation->anchor_ms = work->now_ms;
    obligation->due_ms = work->now_ms + within_ms;
    return true;
}

bool obligation_open_built_in(struct work *work, struct str id, int64_t within_ms)
{
    struct obligation *obligation = find(work->file, work->file->episode, id);
    if (obligation != NULL) {
        return ask_again(work, obligation, within_ms);
    }
    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
        if (str_equal(built_in[i].id, id)) {
            obligation = add(work, &built_in[i], STR_LITERAL(""));
        }
    }
    if (obligation != NULL) {
        obligation->anchor_ms = work->now_ms;
        obligation->due_ms = work->now_ms + within_ms;
    }
    return obligation != NULL;
}

void obligation_anchor(struct work *work, enum policy_anchor anchor, int64_t anchor_ms)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        const struct episode *episode = casefile_episode(work->file, obligation->episode);
        bool waits = obligation->state == OBLIGATION_PENDING && obligation->anchor_ms == 0;
        bool of_episode = obligation->episode == work->file->episode;
        if (anchor == POLICY_ANCHOR_SETTLED) {
            of_episode = episode->state == EPISODE_SETTLED;
        } else if (anchor == POLICY_ANCHOR_CONFIRMED) {
            of_episode = episode->confirmed_ms == anchor_ms;
        }
        if (waits && of_episode && obligation->anchor == anchor) {
            obligation_start(work, obligation, anchor_ms);
            obligation_tell_started(work, obligation);
        }
    }
}

static struct work_message message_of(struct work *work, const struct obligation *obligation,
                                      struct str cause, const char *purpose)
{
    enum { LIFE_MS = 60 * 60 * 1000 };
    return (struct work_message){
        .cause = cause,
        .firing = obligation->returned,
        .purpose = str_of(purpose),
        .lane = work->file->level >= CASE_LEVEL_WARNING ? EFFECT_LANE_URGENT : EFFECT_LANE_BULK,
        .expires_ms = work->wall_ms + LIFE_MS,
        .obligation = obligation->id,
        .due_ms = obligation->due_ms == CASE_NEVER ? 0 : obligation->due_ms,
    };
}

static void tell_role(struct work *work, struct str role, struct policy_channels via,
                      const struct work_message *message)
{
    struct work_people people = {0};
    resolve_role(work, role, message->cause, &people);
    for (size_t i = 0; i < people.count; i++) {
        (void)notice_send_one(work, &people.items[i], via, message);
    }
    if (people.count == 0 && !people.held) {
        (void)work_alert(work, "roster_gap");
        work_fact(work, work_journal(work, "roster_gap"), "obligation", message->obligation);
    }
}

void obligation_tell_owner(struct work *work, const struct obligation *obligation, struct str cause,
                           const char *purpose)
{
    const struct work_message message = message_of(work, obligation, cause, purpose);
    tell_role(work, obligation_definition(work, obligation)->owner, notice_quiet_channels(),
              &message);
}

void obligation_tell_started(struct work *work, const struct obligation *obligation)
{
    if (!obligation_passes(work, obligation)) { /* who is asked was told so */
        obligation_tell_owner(work, obligation, obligation_cause(work, obligation, "due", 0),
                              "due");
    }
}

void obligation_tell_later(struct work *work, const struct obligation *obligation, struct str role,
                           struct str cause)
{
    enum { LIFE_MS = 24 * 60 * 60 * 1000 };
    struct work_message message = message_of(work, obligation, cause, "due");
    message.lane = EFFECT_LANE_BULK;
    message.may_wait = true;
    message.expires_ms = work->wall_ms + LIFE_MS;
    tell_role(work, role, notice_written_channels(), &message);
}

void obligation_warn(struct work *work, size_t index)
{
    struct obligation *obligation = &work->file->obligations[index];
    const struct policy_obligation *definition = obligation_definition(work, obligation);
    if (obligation->state == OBLIGATION_PENDING) {
        obligation_transition(obligation, OBLIGATION_WARNED);
    }
    obligation->warned++;
    obligation->warn_ms = warning_at(work, obligation, definition);
    work_fact_number(work, obligation_journal(work, obligation, "obligation_warned"), "warning",
                     obligation->warned);
    obligation_tell_owner(work, obligation,
                          obligation_cause(work, obligation, "warn", obligation->warned), "warn");
}

/* The owner and those above, by voice from high: the duty goes up. */
static void tell_breach(struct work *work, const struct obligation *obligation, struct str cause)
{
    const struct policy_obligation *definition = obligation_definition(work, obligation);
    const struct policy_texts above = definition->breach_roles.count > 0
                                          ? definition->breach_roles
                                          : (struct policy_texts){&principal, 1};
    struct work_people people = {0};
    struct work_message message = message_of(work, obligation, cause, "breach");
    bool loud = work->file->level >= CASE_LEVEL_HIGH;
    message.wants_key_press = true;
    if (work->file->is_queued) { /* one of a hundred in a screening week: read with the others */
        message.lane = EFFECT_LANE_BULK;
        message.may_wait = true;
    }
    for (size_t i = 0; i < definition->breach_via.count; i++) {
        message.channels |= 1u << definition->breach_via.items[i];
    }
    if (message.channels == 0) {
        message.channels = 1u << CASE_CHANNEL_SMS | (loud ? 1u << CASE_CHANNEL_VOICE : 0);
    }
    if (definition->pass_to.count == 0) {
        resolve_role(work, definition->owner, cause, &people);
    }
    for (size_t i = 0; i < above.count; i++) {
        resolve_role(work, above.items[i], cause, &people);
    }
    for (size_t i = 0; i < people.count; i++) {
        (void)notice_send(work, &people.items[i], &message);
    }
}

static void breach(struct work *work, struct obligation *obligation, int64_t deadline_ms,
                   uint32_t number)
{
    if (obligation->state != OBLIGATION_BREACHED) {
        obligation_transition(obligation, OBLIGATION_BREACHED);
    }
    obligation->breached_ms = deadline_ms;
    obligation->warn_ms = CASE_NEVER;
    struct effect_journal *line = obligation_journal(work, obligation, "obligation_breached");
    if (obligation->owed > 0) {
        work_fact_number(work, line, "owed", obligation->owed);
    }
    struct effect_alert *alert = work_alert(work, "breached");
    alert->obligation = work_copy(work, obligation->id);
    alert->due_ms = deadline_ms;
    bool hold = obligation->policy.len == 0 && str_is(obligation->id, "hold");
    tell_breach(work, obligation,
                hold ? STR_LITERAL("hold") : obligation_cause(work, obligation, "breach", number));
}

static void recur(struct work *work, struct obligation *obligation)
{
    int64_t every_ms = obligation_definition(work, obligation)->every_ms;
    uint32_t came_due = 0;
    while (obligation->due_ms <= work->wall_ms) {
        obligation->due_ms += every_ms;
        obligation->occurrence++;
        came_due++;
    }
    sw_assert(came_due > 0);
    uint32_t number = obligation->occurrence - 1;
    obligation->owed += came_due;
    if (obligation->owed > 1) {
        breach(work, obligation, obligation->due_ms - every_ms, number);
        return;
    }
    obligation_transition(obligation, OBLIGATION_WARNED);
    work_fact_number(work, obligation_journal(work, obligation, "obligation_due"), "owed",
                     obligation->owed);
    obligation_tell_owner(work, obligation, obligation_cause(work, obligation, "due", number),
                          "due");
}

void obligation_due(struct work *work, size_t index)
{
    struct obligation *obligation = &work->file->obligations[index];
    if (obligation->occurrence > 0) {
        recur(work, obligation);
    } else if (!obligation_passes(work, obligation) || !obligation_ask_next(work, obligation)) {
        breach(work, obligation, obligation->due_ms, 0);
    }
}
