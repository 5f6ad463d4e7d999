/* A signal on its case: opens, joins, raises. */
#include <stdio.h>

#include "base/assert.h"
#include "core/casework/machine.h"
#include "core/casework/obligation.h"
#include "core/casework/told.h"
#include "core/casework/parts.h"
#include "core/roster/zone.h"

static void add_party(struct work *work, const struct case_input_party *party)
{
    struct casefile *file = work->file;
    for (size_t i = 0; i < file->party_count; i++) {
        if (str_equal(file->parties[i].ref, party->ref) && file->parties[i].role == party->role) {
            return;
        }
    }
    if (file->party_count < CASE_PARTIES_MAX) {
        file->parties[file->party_count++] =
            (struct case_party){work_copy(work, party->ref), party->role};
    }
}

/* Whoever is suspected or feared is out from the first minute; so is an adult whose own case it is. */
static void take_parties(struct work *work, const struct case_signal *signal)
{
    for (size_t i = 0; i < signal->party_count; i++) {
        const struct case_input_party *party = &signal->parties[i];
        add_party(work, party);
        enum case_conflict_reason reason = party->conflict;
        if (reason == CASE_CONFLICT_NONE && party->role == CASE_PARTY_ALLEGED) {
            reason = CASE_CONFLICT_SUSPECTED_OFFENDER;
        }
        if (reason != CASE_CONFLICT_NONE && party->ref.len > 0) {
            (void)conflict_set(work, party->ref, reason, STR_LITERAL(""));
        }
    }
    if (work->file->subject_kind == CASE_SUBJECT_STAFF) {
        (void)conflict_set(work, work->file->subject, CASE_CONFLICT_UNFIT_NOW, STR_LITERAL(""));
    }
}

static void take_why(struct work *work, const struct case_signal *signal)
{
    struct casefile *file = work->file;
    file->why_count = signal->why_count < CASE_WHY_MAX ? signal->why_count : CASE_WHY_MAX;
    for (size_t i = 0; i < file->why_count; i++) {
        file->why[i] = signal->why[i];
    }
}

/* An interview that waits its turn is all that is owed. */
static bool is_queued_only(const struct case_signal *signal)
{
    return case_interview_waits(signal->ask_interview) && !signal->starts_plan;
}

/* Where an interview is all that is owed, there is no plan, whatever the level. */
static void start_plan(struct work *work, const struct case_signal *signal)
{
    if (is_queued_only(signal) && !work->file->silent) {
        plan_queue(work);
    } else {
        plan_start(work, false);
    }
}

/* By which pack the case lives, whichever is active later. */
static void say_opened(struct work *work)
{
    struct effect_journal *line = work_journal(work, "case_opened");
    char digits[2 * POLICY_HASH_BYTES + 1];
    for (size_t i = 0; i < POLICY_HASH_BYTES; i++) {
        (void)snprintf(digits + 2 * i, 3, "%02x", work->file->pack[i]);
    }
    work_fact(work, line, "pack", str_of(digits));
}

static void open_case(struct work *work, const struct case_signal *signal)
{
    struct casefile *file = work->file;
    file->unit = signal->unit;
    file->subject = signal->subject;
    file->subject_kind = signal->subject_kind;
    file->kind = signal->kind;
    file->family = case_family_of(signal->kind);
    file->level = signal->level;
    file->layer = signal->layer;
    file->group = signal->group;
    file->unresolved = signal->unresolved || signal->subject_kind == CASE_SUBJECT_UNRESOLVED;
    file->silent = signal->silent;
    file->opened_ms = work->now_ms;
    case_transition(file, CASE_OPEN);
    take_why(work, signal);
    episode_open(work, signal);
    say_opened(work);
    (void)work_alert(work, "opened");
    conflict_say_inherited(work);
    take_parties(work, signal);
    conflict_hold_all(work);
    start_plan(work, signal);
}

/* A new happening: a new round of steps and obligations, from whatever state. */
static void open_again(struct work *work, const struct case_signal *signal)
{
    struct casefile *file = work->file;
    if (file->state == CASE_STOOD_DOWN) {
        for (size_t i = 0; i < file->episode_count; i++) {
            if (file->episodes[i].state == EPISODE_STOOD_DOWN) {
                obligation_waive_all(work, file->episodes[i].number, file->stood_down_by,
                                     "stood_down");
            }
        }
        file->stand_down_reason = CASE_STAND_DOWN_NONE;
        file->stand_down_by_ms = CASE_NEVER;
    }
    plan_stop(work, "replaced");
    if (signal->level > file->level) {
        file->level = signal->level;
        take_why(work, signal);
    }
    file->kind = signal->level >= file->level ? signal->kind : file->kind;
    file->silent = false;
    if (file->state != CASE_OPEN) {
        case_transition(file, CASE_OPEN);
    }
    episode_open(work, signal);
    (void)work_alert(work, "episode");
    conflict_hold_all(work);
    start_plan(work, signal);
}

static bool joins_newest(const struct work *work)
{
    const struct casefile *file = work->file;
    const struct episode *episode = work_episode(work);
    return episode->state == EPISODE_RUNNING &&
           (file->state == CASE_OPEN || file->state == CASE_REOPENED) &&
           work->now_ms - episode->opened_ms <= work->set->join_within_ms;
}

static void merge(struct work *work, const struct case_signal *signal)
{
    struct casefile *file = work->file;
    bool raises = signal->level > file->level;
    char digits[IDENT_TEXT_BYTES];
    ident_format(signal->id, digits);
    struct str parts[] = {STR_LITERAL("joined/"), str_of(digits)};
    episode_join_signal(work, signal);
    conflict_hold_all(work);
    if (raises) {
        file->kind = signal->kind;
        take_why(work, signal);
    }
    if (raises && is_queued_only(signal)) {
        life_raise_quietly(work, signal->level);
    } else if (raises) {
        life_raise(work, signal->level);
    } else if (file->is_queued && !is_queued_only(signal) && casefile_is_running(file)) {
        plan_start(work, false); /* the first that is more than a place in the queue */
    } else {
        episode_tell_owners(work, work_join(work, parts, 2));
    }
}

static void tell(struct work *work, const struct case_signal *signal)
{
    enum { LIFE_MS = 24 * 60 * 60 * 1000 };
    char digits[IDENT_TEXT_BYTES];
    ident_format(signal->id, digits);
    struct str parts[] = {STR_LITERAL("tell/"), str_of(digits)};
    struct work_people people = {0};
    bool bulk = work->file->level < CASE_LEVEL_WARNING || is_queued_only(signal);
    struct work_message message = {
        .cause = work_join(work, parts, 2),
        .purpose = STR_LITERAL("tell"),
        .lane = bulk ? EFFECT_LANE_BULK : EFFECT_LANE_URGENT,
        .may_wait = bulk,
        .expires_ms = work->wall_ms + LIFE_MS,
    };
    for (size_t i = 0; i < signal->tell_count; i++) {
        resolve_role(work, signal->tell[i], message.cause, &people);
    }
    for (size_t i = 0; i < people.count; i++) {
        (void)notice_send_one(work, &people.items[i], notice_written_channels(), &message);
    }
}

/* "same_day": until the local midnight, at least an hour; "3_school_days": until the evening of the third one from now. */
static int64_t interview_within_ms(const struct work *work, struct str ask)
{
    enum { HOUR_MS = 60 * 60 * 1000, DAY_MS = 24 * HOUR_MS, EVENING_MS = 18 * HOUR_MS };
    struct zone zone = org_zone(work->org, work->file->unit);
    struct zone_local now = zone_to_local(&zone, work->now_ms);
    int64_t within_ms = 0;
    if (str_is(ask, "same_day")) {
        int64_t left_ms = DAY_MS - now.day_ms;
        return left_ms > HOUR_MS ? left_ms : HOUR_MS;
    }
    if (str_to_duration_ms(ask, &within_ms)) {
        return within_ms;
    }
    size_t digits = 0;
    while (digits < ask.len && ask.at[digits] >= '0' && ask.at[digits] <= '9') {
        digits++;
    }
    int64_t days = 1;
    (void)str_to_int64((struct str){ask.at, digits}, 1, 60, &days); /* anything else: a day */
    int64_t day = calendar_step(&work->set->calendar, now.day, days);
    return zone_from_local(&zone, day, EVENING_MS) - work->now_ms;
}

static const struct str teacher = {"psych_teacher", 13};
static const struct str centre = {"county_centre", 13};

/* More wait for an interview than the school's psychology teachers can talk to: the county's centre is told of this one, too. It
 * stays theirs until somebody has talked to the pupil. */
static void say_over_capacity(struct work *work, const struct obligation *obligation)
{
    uint32_t each = work->set->interviews_each;
    if (each == 0 || work->interviews < each) {
        return;
    }
    struct str cause = obligation_cause(work, obligation, "over_capacity", obligation->returned);
    struct work_people teachers = {0};
    resolve_role(work, teacher, cause, &teachers);
    uint64_t most = (uint64_t)each * teachers.count;
    if (work->interviews < most) {
        return;
    }
    struct effect_journal *line = obligation_journal(work, obligation, "interview_over_capacity");
    work_fact_number(work, line, "waiting", (uint64_t)work->interviews + 1);
    work_fact_number(work, line, "capacity", most);
    obligation_tell_later(work, obligation, centre, cause);
}

/* Only `same_day` and hours page; the others stand in the psychology teacher's queue, and are told of with others. */
static void ask_interview(struct work *work, const struct case_signal *signal)
{
    bool asked = obligation_open_built_in(work, STR_LITERAL("interview"),
                                          interview_within_ms(work, signal->ask_interview));
    for (size_t i = 0; i < work->file->obligation_count && asked; i++) {
        const struct obligation *obligation = &work->file->obligations[i];
        if (obligation->episode != work->file->episode || !str_is(obligation->id, "interview")) {
            continue;
        }
        struct str cause = obligation_cause(work, obligation, "due", obligation->returned);
        if (str_is(signal->ask_interview, "same_day")) {
            obligation_tell_owner(work, obligation, cause, "due");
        } else if (case_interview_waits(signal->ask_interview)) {
            obligation_tell_later(work, obligation, teacher, cause);
            say_over_capacity(work, obligation);
        }
    }
}

void signal_step(struct work *work, const struct case_signal *signal)
{
    struct casefile *file = work->file;
    if (file->state == CASE_NONE) {
        open_case(work, signal);
    } else if (signal->silent) {
        episode_join_signal(work, signal);
        return;
    } else {
        bool running = casefile_is_running(file);
        bool rings = (signal->opens_episode && !joins_newest(work)) ||
                     (!running && signal->level > file->level) || file->state == CASE_STOOD_DOWN ||
                     file->silent;
        take_parties(work, signal);
        if (rings) {
            open_again(work, signal);
        } else {
            merge(work, signal);
        }
    }
    if (!signal->silent) {
        due_judge_obligations(
            work); /* a report that comes after its own deadlines: nobody's outage */
        tell(work, signal);
        if (signal->ask_interview.len > 0) {
            ask_interview(work, signal);
        }
    }
}
