/* What a step gives is told before the next one begins: the results lie in an arena of one step. */
#include "shell/replay.h"

#include <string.h>

#include <shouwang/v1/signal.pb-c.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/casework/casework.h"
#include "io/seal.h"
#include "wire/decode.h"
#include "wire/instrument.h"
#include "wire/signal_write.h"

enum { REPLAY_ARENA_BYTES = TRIAGE_ARENA_BYTES + (16 << 20) };

/* The question asked last: it is answered by its case, which is known by the signal that opened it. */
struct question {
    struct ident case_id;
    char unit[EVENT_UNIT_MAX_BYTES + 1];
};

struct replay {
    struct replay_setup setup;
    struct triage *triage;
    struct arena arena; /* of one step */
    struct replay_counts counts;
    struct question question;
    int64_t now_ms;
};

static const struct ruleset *rules_of(void *ctx, struct str unit)
{
    const struct replay *replay = ctx;
    const struct pack *pack = replay->setup.pack_of(replay->setup.ctx, unit);
    return pack == NULL ? NULL : pack->rules;
}

struct replay *replay_new(const struct replay_setup *setup)
{
    struct replay *replay = heap_alloc(sizeof(*replay));
    if (replay == NULL) {
        return NULL;
    }
    replay->setup = *setup;
    replay->now_ms = INT64_MIN;
    arena_init(&replay->arena, REPLAY_ARENA_BYTES);
    const struct triage_setup triage = {.hash = seal_hash128,
                                        .rules_of = rules_of,
                                        .encode = signal_encode,
                                        .ctx = replay,
                                        .org = setup->org,
                                        .seed = 1};
    replay->triage = triage_new(&triage);
    if (replay->triage == NULL) {
        replay_free(replay);
        return NULL;
    }
    return replay;
}

void replay_free(struct replay *replay)
{
    if (replay != NULL) {
        triage_free(replay->triage);
        arena_fini(&replay->arena);
        heap_free(replay);
    }
}

/* --- what a step gave ------------------------------------------------------------------------------------------------ */

static void keep_question(struct replay *replay, const struct signal *signal)
{
    if (case_family_of(signal->kind) != CASE_FAMILY_DOUBT) {
        return;
    }
    struct str unit = signal->event->unit;
    const struct case_signal opening = {.id = signal->id,
                                        .unit = unit,
                                        .kind = signal->kind,
                                        .subject = signal->subject.ref,
                                        .subject_kind = signal->subject.kind,
                                        .unresolved = signal->subject.is_unresolved};
    sw_assert(unit.len <= EVENT_UNIT_MAX_BYTES);
    replay->question.case_id = casework_case_id(seal_hash128, &opening);
    memcpy(replay->question.unit, unit.at, unit.len);
    replay->question.unit[unit.len] = '\0';
}

static void tell(struct replay *replay, const struct replay_signal *signal)
{
    replay->counts.signals++;
    replay->setup.signal(replay->setup.ctx, signal);
}

static int tell_signal(struct replay *replay, const struct signal *signal)
{
    struct replay_signal told = {.at_ms = replay->now_ms,
                                 .unit = signal->event->unit,
                                 .event_source = signal->event->source,
                                 .event_id = signal->event->id,
                                 .subject = signal->subject.ref,
                                 .kind = signal->kind,
                                 .level = signal->level,
                                 .layer = signal->layer,
                                 .rule_count = signal->why_count,
                                 .ask_interview = signal->ask_interview,
                                 .tell_count = signal->tell_count,
                                 .is_silent = signal->is_silent,
                                 .only_on_file = signal->only_on_file};
    for (size_t i = 0; i < signal->why_count; i++) {
        told.rules[i] = signal->why[i].rule;
    }
    memcpy(told.tell, signal->tell, sizeof(told.tell));
    if (replay->setup.wants_records) {
        int error = signal_encode(signal, &replay->arena, &told.record);
        if (error != 0) {
            return error;
        }
    }
    keep_question(replay, signal);
    tell(replay, &told);
    return 0;
}

/* One that was held back comes as the bytes of its record. */
static int tell_release(struct replay *replay, struct str bytes)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;
    int error =
        decode_message(&shouwang__v1__signal__descriptor, bytes, &replay->arena, &fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__Signal *record = (const Shouwang__V1__Signal *)message;
    struct replay_signal told = {.at_ms = replay->now_ms,
                                 .unit = str_of(record->unit),
                                 .event_source = str_of(record->event_source),
                                 .event_id = str_of(record->event_id),
                                 .subject = str_of(record->subject),
                                 .kind = str_of(record->kind),
                                 .level = (enum case_level)record->level,
                                 .layer = (enum level_layer)record->layer,
                                 .ask_interview = str_of(record->ask_interview),
                                 .is_silent = record->silent,
                                 .only_on_file = record->only_on_file,
                                 .record = bytes};
    for (; told.rule_count < record->n_why && told.rule_count < SIGNAL_WHY_MAX; told.rule_count++) {
        told.rules[told.rule_count] = str_of(record->why[told.rule_count]->rule);
    }
    for (; told.tell_count < record->n_tell && told.tell_count < SIGNAL_TELL_MAX;
         told.tell_count++) {
        told.tell[told.tell_count] = str_of(record->tell[told.tell_count]);
    }
    tell(replay, &told);
    return 0;
}

static int take_result(struct replay *replay, const struct triage_result *result)
{
    int error = 0;
    replay->counts.rule_errors += result->rule_errors;
    replay->counts.evicted += result->seen_evicted + result->windows_evicted;
    for (size_t i = 0; i < result->release_count && error == 0; i++) {
        error = tell_release(replay, result->releases[i]);
    }
    for (size_t i = 0; i < result->signal_count && error == 0; i++) {
        error = tell_signal(replay, &result->signals[i]);
    }
    if (error == 0 && result->fact != NULL) {
        struct triage_result counted;
        error = triage_step_fact(replay->triage, result->fact, replay->now_ms, &replay->arena,
                                 &counted);
        error = error != 0 ? error : take_result(replay, &counted);
    }
    return error;
}

/* --- time and events ------------------------------------------------------------------------------------------------- */

/* What is due at or before `to_ms`, each in its own time. */
static int settle(struct replay *replay, int64_t to_ms)
{
    int error = 0;
    int64_t due_ms;
    while (error == 0 && (due_ms = triage_next_deadline(replay->triage)) <= to_ms) {
        struct triage_result result;
        replay->now_ms = due_ms > replay->now_ms ? due_ms : replay->now_ms;
        arena_reset(&replay->arena);
        error = triage_step_time(replay->triage, replay->now_ms, &replay->arena, &result);
        error = error != 0 ? error : take_result(replay, &result);
    }
    return error;
}

int replay_run_until(struct replay *replay, int64_t to_ms)
{
    if (replay->now_ms == INT64_MIN) {
        replay->now_ms = to_ms;
    }
    int error = settle(replay, to_ms);
    replay->now_ms = to_ms > replay->now_ms ? to_ms : replay->now_ms;
    return error;
}

/* All that lies in the inputs is read before a deadline is judged: one of the very instant waits. */
static int begin(struct replay *replay, int64_t time_ms)
{
    if (replay->now_ms == INT64_MIN) {
        return replay_run_until(replay, time_ms);
    }
    int error = settle(replay, time_ms - 1);
    replay->now_ms = time_ms > replay->now_ms ? time_ms : replay->now_ms;
    arena_reset(&replay->arena);
    return error;
}

static void complete(struct replay *replay, struct event *event)
{
    const struct pack *pack = replay->setup.pack_of(replay->setup.ctx, event->unit);
    if (pack != NULL && event->family == EVENT_FAMILY_SCREENING &&
        event->screening.answers_are_open) {
        instrument_complete(&pack->instruments, &event->screening);
    }
}

int replay_event(struct replay *replay, const struct event *event, int64_t time_ms)
{
    struct event judged = *event;
    struct triage_result result;
    int error = begin(replay, time_ms);
    if (error != 0) {
        return error;
    }
    complete(replay, &judged);
    const struct triage_input input = {.event = &judged, .time_ms = replay->now_ms};
    error = triage_step(replay->triage, &input, &replay->arena, &result);
    if (error != 0) {
        return error;
    }
    replay->counts.events += result.outcome == TRIAGE_JUDGED ? 1 : 0;
    replay->counts.repeats += result.outcome == TRIAGE_REPEATED ? 1 : 0;
    replay->counts.conflicts += result.outcome == TRIAGE_CONFLICT ? 1 : 0;
    return take_result(replay, &result);
}

int replay_answer_case(struct replay *replay, const struct triage_answer *answer)
{
    struct triage_result result;
    int error = begin(replay, answer->time_ms);
    if (error != 0) {
        return error;
    }
    struct triage_answer judged = *answer;
    judged.time_ms = replay->now_ms;
    error = triage_step_answer(replay->triage, &judged, &replay->arena, &result);
    return error != 0 ? error : take_result(replay, &result);
}

void replay_refresh(struct replay *replay)
{
    triage_refresh(replay->triage);
}

int replay_answer(struct replay *replay, struct str unit, bool is_fault, int64_t time_ms)
{
    int error = begin(replay, time_ms); /* the question may come just before its answer */
    if (error != 0 || !str_is(unit, replay->question.unit)) {
        return error;
    }
    const struct triage_answer answer = {.unit = unit,
                                         .case_id = replay->question.case_id,
                                         .is_fault = is_fault,
                                         .time_ms = time_ms};
    return replay_answer_case(replay, &answer);
}

int64_t replay_next_deadline(const struct replay *replay)
{
    return triage_next_deadline(replay->triage);
}

struct replay_counts replay_counts(const struct replay *replay)
{
    return replay->counts;
}
