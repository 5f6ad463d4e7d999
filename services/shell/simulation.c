/* A step's effects are taken in their order; receipts that the outbox gives meanwhile wait until the step is over, as they would in
 * their topic. */
#include "shell/simulation.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "io/seal.h"
#include "wire/signal.h"

enum { SIMULATION_ARENA_BYTES = 16 << 20, CASES_MAX = 1024, RECEIPTS_MAX = 4096 };

struct simulation {
    struct simulation_setup setup;
    struct replay *replay;
    struct casework *casework;
    struct outbox *outbox;
    struct effects effects;
    struct arena arena; /* of one record */
    int64_t now_ms;
    int error; /* kept: callbacks cannot answer one */
    struct ident cases[CASES_MAX];
    size_t case_count;
    struct case_receipt receipts[RECEIPTS_MAX]; /* that wait; their texts are the outbox's */
    size_t receipt_count;
};

static void step(struct simulation *simulation, const struct case_input *input);

/* --- what a step gave ------------------------------------------------------------------------------------------------- */

static void fail(struct simulation *simulation, int error)
{
    simulation->error = simulation->error != 0 ? simulation->error : error;
}

static void take_case(struct simulation *simulation, struct ident id)
{
    for (size_t i = 0; i < simulation->case_count; i++) {
        if (ident_equal(simulation->cases[i], id)) {
            return;
        }
    }
    if (simulation->case_count == CASES_MAX) {
        fail(simulation, ERR_FULL);
        return;
    }
    simulation->cases[simulation->case_count++] = id;
}

static void take_effect(struct simulation *simulation, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_CASE:
        take_case(simulation, effect->change.case_id);
        break;
    case EFFECT_JOURNAL:
        simulation->setup.calls.journal(simulation->setup.calls.ctx, effect->at_ms,
                                        &effect->journal);
        break;
    case EFFECT_NOTICE:
        fail(simulation, outbox_take(simulation->outbox, &effect->notice, simulation->now_ms));
        break;
    case EFFECT_CONTROL:
        fail(simulation, outbox_control(simulation->outbox, &effect->control, simulation->now_ms));
        break;
    case EFFECT_ALERT: /* of what the journal says */
        break;
    }
}

static void take_receipts(struct simulation *simulation)
{
    while (simulation->receipt_count > 0 && simulation->error == 0) {
        struct case_input input = {.kind = CASE_INPUT_RECEIPT,
                                   .time_ms = simulation->now_ms,
                                   .receipt = simulation->receipts[0]};
        simulation->receipt_count--;
        memmove(simulation->receipts, simulation->receipts + 1,
                simulation->receipt_count * sizeof(simulation->receipts[0]));
        step(simulation, &input);
    }
}

static void step(struct simulation *simulation, const struct case_input *input)
{
    fail(simulation, casework_step(simulation->casework, input, &simulation->effects));
    for (size_t i = 0; i < simulation->effects.count && simulation->error == 0; i++) {
        take_effect(simulation, simulation->effects.items[i]);
    }
}

/* A record of topic signals. */
static void take_signal(void *ctx, const struct replay_signal *signal)
{
    struct simulation *simulation = ctx;
    struct fault fault;
    struct case_input input = {.kind = CASE_INPUT_SIGNAL, .time_ms = simulation->now_ms};
    simulation->setup.calls.signal(simulation->setup.calls.ctx, signal);
    arena_reset(&simulation->arena);
    int error = signal_decode(signal->record, &simulation->arena, &input.signal, &fault);
    if (error != 0) {
        fail(simulation, error);
        return;
    }
    step(simulation, &input);
}

static void take_news(void *ctx, const struct outbox_news *news)
{
    struct simulation *simulation = ctx;
    const struct effect_notice *notice = news->notice;
    simulation->setup.calls.notice(simulation->setup.calls.ctx, news);
    if (simulation->receipt_count == RECEIPTS_MAX) {
        fail(simulation, ERR_FULL);
        return;
    }
    simulation->receipts[simulation->receipt_count++] =
        (struct case_receipt){.notice_id = notice->id,
                              .unit = notice->unit,
                              .case_id = notice->case_id,
                              .person = notice->person,
                              .role = notice->role,
                              .channel = notice->channel,
                              .state = news->state,
                              .merged = notice->merged,
                              .merged_count = notice->merged_count};
}

/* --- its life --------------------------------------------------------------------------------------------------------- */

static const struct pack *pack_of(void *ctx, struct str unit)
{
    const struct simulation *simulation = ctx;
    (void)unit;
    return simulation->setup.pack;
}

static const struct policy_set *policies_of(void *ctx, struct str unit)
{
    return &pack_of(ctx, unit)->policies;
}

static const struct policy_digest *plan_of(void *ctx, struct str unit)
{
    return &pack_of(ctx, unit)->policies.digest;
}

struct simulation *simulation_new(const struct simulation_setup *setup)
{
    struct simulation *simulation = heap_alloc(sizeof(*simulation));
    if (simulation == NULL) {
        return NULL;
    }
    simulation->setup = *setup;
    simulation->now_ms = setup->start_ms;
    effects_init(&simulation->effects);
    arena_init(&simulation->arena, SIMULATION_ARENA_BYTES);
    const struct replay_setup replay = {.org = setup->org,
                                        .pack_of = pack_of,
                                        .signal = take_signal,
                                        .ctx = simulation,
                                        .wants_records = true};
    const struct casework_setup casework = {.hash = seal_hash128,
                                            .policies_of = policies_of,
                                            .ctx = simulation,
                                            .org = setup->org,
                                            .case_max = CASES_MAX,
                                            .start_ms = setup->start_ms};
    const struct outbox_setup outbox = {.org = setup->org,
                                        .plan_of = plan_of,
                                        .news = take_news,
                                        .ctx = simulation,
                                        .voice = QUOTA_LIMITS_DEFAULT};
    simulation->replay = replay_new(&replay);
    simulation->casework = casework_new(&casework);
    simulation->outbox = outbox_new(&outbox);
    if (simulation->replay == NULL || simulation->casework == NULL || simulation->outbox == NULL ||
        replay_run_until(simulation->replay, setup->start_ms) != 0) {
        simulation_free(simulation);
        return NULL;
    }
    return simulation;
}

void simulation_free(struct simulation *simulation)
{
    if (simulation == NULL) {
        return;
    }
    replay_free(simulation->replay);
    if (simulation->casework != NULL) {
        casework_free(simulation->casework);
    }
    outbox_free(simulation->outbox);
    effects_fini(&simulation->effects);
    arena_fini(&simulation->arena);
    heap_free(simulation);
}

/* --- time ------------------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Settles whatever of the three is due at `now_ms`, until nothing is. */
static void settle_instant(struct simulation *simulation)
{
    int64_t now_ms = simulation->now_ms;
    const struct case_input time = {.kind = CASE_INPUT_TIME, .time_ms = now_ms};
    fail(simulation, replay_run_until(simulation->replay, now_ms));
    while (simulation->error == 0 && casework_next_deadline(simulation->casework) <= now_ms) {
        step(simulation, &time);
        take_receipts(simulation);
    }
    if (outbox_next_deadline(simulation->outbox) <= now_ms) {
        fail(simulation, outbox_run(simulation->outbox, now_ms));
    }
    take_receipts(simulation);
}

int simulation_run_until(struct simulation *simulation, int64_t to_ms)
{
    while (simulation->error == 0) {
        int64_t due_ms = earlier(replay_next_deadline(simulation->replay),
                                 earlier(casework_next_deadline(simulation->casework),
                                         outbox_next_deadline(simulation->outbox)));
        if (due_ms > to_ms) {
            break;
        }
        simulation->now_ms = due_ms > simulation->now_ms ? due_ms : simulation->now_ms;
        settle_instant(simulation);
    }
    simulation->now_ms = to_ms > simulation->now_ms ? to_ms : simulation->now_ms;
    return simulation->error;
}

int simulation_run_before(struct simulation *simulation, int64_t time_ms)
{
    int error = simulation_run_until(simulation, time_ms - 1);
    simulation->now_ms = time_ms > simulation->now_ms ? time_ms : simulation->now_ms;
    return error;
}

int simulation_outage(struct simulation *simulation, int64_t from_ms, int64_t to_ms)
{
    int error = simulation_run_before(simulation, from_ms);
    simulation->now_ms = to_ms > simulation->now_ms ? to_ms : simulation->now_ms;
    return error;
}

/* --- inputs ----------------------------------------------------------------------------------------------------------- */

static int end_input(struct simulation *simulation)
{
    take_receipts(simulation);
    return simulation->error;
}

int simulation_event(struct simulation *simulation, const struct event *event, int64_t time_ms)
{
    int error = simulation_run_before(simulation, time_ms);
    if (error == 0) {
        fail(simulation, replay_event(simulation->replay, event, simulation->now_ms));
    }
    return error != 0 ? error : end_input(simulation);
}

int simulation_command(struct simulation *simulation, const struct case_command *command,
                       int64_t time_ms)
{
    int error = simulation_run_before(simulation, time_ms);
    struct triage_answer answer;
    const struct case_input input = {
        .kind = CASE_INPUT_COMMAND, .time_ms = simulation->now_ms, .command = *command};
    if (error == 0) {
        step(simulation, &input);
    }
    if (error == 0 && triage_read_answer(command, simulation->now_ms, &answer)) {
        fail(simulation, replay_answer_case(simulation->replay, &answer));
    }
    return error != 0 ? error : end_input(simulation);
}

int simulation_word(struct simulation *simulation, const struct outbox_word *word, int64_t time_ms)
{
    int error = simulation_run_before(simulation, time_ms);
    if (error == 0 && !outbox_word(simulation->outbox, word, simulation->now_ms)) {
        return ERR_NOT_FOUND;
    }
    return error != 0 ? error : end_input(simulation);
}

void simulation_refresh(struct simulation *simulation)
{
    replay_refresh(simulation->replay);
}

void simulation_set_provider(struct simulation *simulation, bool is_down)
{
    outbox_set_provider(simulation->outbox, is_down);
}

/* --- asking ----------------------------------------------------------------------------------------------------------- */

const struct casefile *simulation_case(const struct simulation *simulation, size_t number)
{
    size_t wanted = number == 0 ? simulation->case_count : number;
    return wanted == 0 || wanted > simulation->case_count
               ? NULL
               : casework_get(simulation->casework, simulation->cases[wanted - 1]);
}

struct str simulation_role_of(const struct simulation *simulation, struct ident case_id,
                              struct str person)
{
    return outbox_role_of(simulation->outbox, case_id, person);
}
