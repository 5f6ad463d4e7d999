#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"
#include "world_inside.h"
#include "world_people.h"
#include "world_policies.h"

/* FNV-1a, twice: good enough for ids of a test. */
static void hash(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES])
{
    const uint8_t *at = bytes;
    for (uint64_t half = 0; half < 2; half++) {
        uint64_t value = UINT64_C(0xcbf29ce484222325) + half * UINT64_C(0x9E3779B97F4A7C15);
        for (size_t i = 0; i < len; i++) {
            value = (value ^ at[i]) * UINT64_C(0x100000001b3);
        }
        value ^= value >> 29;
        memcpy(ret_hash + 8 * half, &value, 8);
    }
}

static const struct policy_set *policies_of(void *ctx, struct str unit)
{
    (void)ctx;
    (void)unit;
    return world_policies();
}

struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct org_setup setup = {.record_max = 1000};
    assert_non_null(world);
    world->org = org_new(&setup);
    assert_non_null(world->org);
    world_people_put(world->org);
    const struct casework_setup casework_setup = {.hash = hash,
                                                  .policies_of = policies_of,
                                                  .org = world->org,
                                                  .case_max = 100000,
                                                  .start_ms = WORLD_START_MS};
    world->casework = casework_new(&casework_setup);
    assert_non_null(world->casework);
    effects_init(&world->effects);
    map_init(&world->sent_ids, WORLD_SENT_MAX, 1);
    world->now_ms = WORLD_START_MS;
    return world;
}

void world_free(struct world *world)
{
    effects_fini(&world->effects);
    map_fini(&world->sent_ids);
    casework_free(world->casework);
    org_free(world->org);
    free(world);
}

struct casework *world_casework(struct world *world)
{
    return world->casework;
}

struct org *world_org(struct world *world)
{
    return world->org;
}

/* --- checkers: what must hold for every run ---------------------------------------------------------------------------- */

static void copy_text(char *into, size_t size, struct str text)
{
    snprintf(into, size, "%.*s", (int)text.len, text.at == NULL ? "" : text.at);
}

/* Not the person, not who lives with them, not a number of theirs. */
static void check_not_excluded(struct world *world, const struct casefile *file,
                               const struct effect_notice *notice)
{
    struct org_excluded excluded[CASE_CONFLICTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < file->conflict_count; i++) {
        if (file->conflicts[i].state != CONFLICT_CLEARED) {
            excluded[count++] =
                (struct org_excluded){file->conflicts[i].person, file->conflicts[i].household};
        }
    }
    for (size_t i = 0; i < file->hold_count; i++) {
        bool held =
            file->holds[i].state == HOLD_HELD && str_equal(file->holds[i].what, notice->person);
        assert_false(held);
    }
    const struct org_person *person = org_find_person(world->org, notice->unit, notice->person);
    assert_non_null(person);
    assert_false(org_is_excluded(world->org, person, excluded, count));
    assert_false(org_is_shared_digest(world->org, notice->address_digest, excluded, count));
}

static void check_notice(struct world *world, const struct effect *effect)
{
    const struct effect_notice *notice = &effect->notice;
    const struct casefile *file = casework_get(world->casework, notice->case_id);
    assert_true(effect->at_ms <= world->now_ms); /* nothing early */
    assert_non_null(file);
    check_not_excluded(world, file, notice);
    assert_true(world->sent_count < WORLD_SENT_MAX);
    struct sent *sent = &world->sent[world->sent_count++];
    sent->id = notice->id;
    sent->channel = notice->channel;
    sent->lane = notice->lane;
    sent->case_id = notice->case_id;
    copy_text(sent->person, sizeof(sent->person), notice->person);
    copy_text(sent->role, sizeof(sent->role), notice->role);
    copy_text(sent->cause, sizeof(sent->cause), notice->cause);
    if (map_add(&world->sent_ids, ident_part(&sent->id), sent) != 0) {
        fail_msg("twice: %s to %s, firing %u, generation %u", sent->cause, sent->person,
                 notice->firing, notice->generation);
    }
}

static void take_cancel(struct world *world, const struct effect_control *control)
{
    for (size_t i = 0; i < control->notice_count; i++) {
        assert_true(world->cancelled_count < CANCELLED_MAX);
        world->cancelled[world->cancelled_count++] = control->notice_ids[i];
    }
}

static void remember_case(struct world *world, struct ident id)
{
    for (size_t i = 0; i < world->case_count; i++) {
        if (ident_equal(world->cases[i], id)) {
            return;
        }
    }
    assert_true(world->case_count < CASES_MAX);
    world->cases[world->case_count++] = id;
}

static void take_effect(struct world *world, size_t index)
{
    const struct effect *effect = world->effects.items[index];
    switch (effect->kind) {
    case EFFECT_CASE:
        world->case_id = effect->change.case_id;
        remember_case(world, world->case_id);
        if (world->watch != NULL) {
            world->watch(casework_get(world->casework, world->case_id));
        }
        break;
    case EFFECT_JOURNAL:
        if (effect->journal.outcome.len > 0) {
            bool applied = str_is(effect->journal.outcome, "applied");
            copy_text(world->outcome, sizeof(world->outcome),
                      applied ? effect->journal.outcome : effect->journal.reason);
        }
        break;
    case EFFECT_NOTICE:
        check_notice(world, effect);
        break;
    case EFFECT_CONTROL:
        take_cancel(world, &effect->control);
        break;
    case EFFECT_ALERT:
        break;
    }
    world_render(world, index);
}

/* Lets each allocation of the step fail in turn: it is then given up as a whole, and the next attempt is as good. */
static void step_with_failures(struct world *world, const struct case_input *input)
{
    for (unsigned failing = 1;; failing++) {
        effects_fini(&world->effects);
        effects_init(&world->effects);
        world->fail_nth(failing);
        int error = casework_step(world->casework, input, &world->effects);
        world->fail_nth(0);
        if (error == 0) {
            return;
        }
        assert_int_equal(error, ERR_MEMORY);
        assert_int_equal(world->effects.count, 0);
        casework_check(world->casework);
    }
}

static void step(struct world *world, const struct case_input *input)
{
    if (world->fail_nth != NULL) {
        step_with_failures(world, input);
    } else {
        assert_int_equal(casework_step(world->casework, input, &world->effects), 0);
    }
    for (size_t i = 0; i < world->effects.count; i++) {
        take_effect(world, i);
    }
    casework_check(world->casework);
}

/* --- time and inputs -------------------------------------------------------------------------------------------------- */

static void fire_until(struct world *world, int64_t until_ms)
{
    while (casework_next_deadline(world->casework) <= until_ms) {
        int64_t deadline_ms = casework_next_deadline(world->casework);
        world->now_ms = deadline_ms > world->now_ms ? deadline_ms : world->now_ms;
        struct case_input input = {.kind = CASE_INPUT_TIME, .time_ms = world->now_ms};
        step(world, &input);
    }
}

void world_run(struct world *world, int64_t at_ms)
{
    fire_until(world, WORLD_START_MS + at_ms - 1);
    world->now_ms = WORLD_START_MS + at_ms;
}

void world_jump(struct world *world, int64_t at_ms)
{
    world->now_ms = WORLD_START_MS + at_ms;
    fire_until(world, world->now_ms);
}

static struct ident next_id(struct world *world)
{
    struct ident id = {{0}};
    world->next_id++;
    memcpy(id.bytes, &world->next_id, sizeof(world->next_id));
    return id;
}

struct case_signal world_signal(struct world *world)
{
    static const struct case_input_party parties[] = {
        {.ref = {"lan", 3}, .role = CASE_PARTY_AFFECTED}};
    static const struct case_why why[] = {{.text = {"facts/danger", 12}}};
    return (struct case_signal){
        .id = next_id(world),
        .unit = STR_LITERAL("s1"),
        .kind = STR_LITERAL("self_harm"),
        .subject = STR_LITERAL("lan"),
        .subject_kind = CASE_SUBJECT_STUDENT,
        .level = CASE_LEVEL_CRISIS,
        .layer = 4,
        .opens_episode = true,
        .place = CASE_PLACE_ON_CAMPUS,
        .danger = CASE_DANGER_HAPPENING,
        .injury = CASE_INJURY_UNKNOWN,
        .occurred_ms = world->now_ms,
        .discovered_ms = world->now_ms,
        .reported_ms = world->now_ms,
        .group = STR_LITERAL("k1"),
        .parties = parties,
        .party_count = 1,
        .why = why,
        .why_count = 1,
        .callback = STR_LITERAL("\x08\x01"), /* a Sealed, to whoever decodes it */
    };
}

void world_send(struct world *world, struct case_signal signal)
{
    struct case_input input = {
        .kind = CASE_INPUT_SIGNAL, .time_ms = world->now_ms, .signal = signal};
    step(world, &input);
}

struct case_command world_command(struct world *world, enum case_command_kind kind,
                                  const char *actor, const char *role)
{
    return (struct case_command){
        .kind = kind,
        .id = next_id(world),
        .unit = STR_LITERAL("s1"),
        .case_id = world->case_id,
        .actor = str_of(actor),
        .actor_role = str_of(role),
        .via = STR_LITERAL("console"),
    };
}

const char *world_do_at(struct world *world, struct case_command command, int64_t at_ms)
{
    struct case_input input = {
        .kind = CASE_INPUT_COMMAND, .time_ms = WORLD_START_MS + at_ms, .command = command};
    world->outcome[0] = '\0';
    world->now_ms = world->now_ms > input.time_ms ? world->now_ms : input.time_ms;
    step(world, &input);
    return world->outcome;
}

const char *world_do(struct world *world, struct case_command command)
{
    return world_do_at(world, command, world->now_ms - WORLD_START_MS);
}

const char *world_ack(struct world *world, const char *actor, const char *role)
{
    return world_do(world, world_command(world, CASE_COMMAND_ACKNOWLEDGE, actor, role));
}

const char *world_met(struct world *world, const char *obligation, int64_t performed_at_ms)
{
    static const struct case_evidence evidence[] = {
        {.key = {"caller", 6}, .sealed = {"\x08\x01", 2}},
        {.key = {"attempts", 8}, .sealed = {"\x08\x01", 2}},
        {.key = {"call", 4}, .code = {"120", 3}},
    };
    const bool wants_code = strcmp(obligation, "emergency_call") == 0;
    struct case_command command = world_command(world, CASE_COMMAND_MET, "duty", "duty_leader");
    command.obligation = str_of(obligation);
    command.performed_ms = WORLD_START_MS + performed_at_ms;
    command.evidence = evidence;
    command.evidence_count = wants_code ? 3 : 2;
    return world_do(world, command);
}

void world_receipt(struct world *world, const char *person, enum case_channel channel,
                   enum case_delivery state)
{
    for (size_t i = world->sent_count; i-- > 0;) {
        const struct sent *sent = &world->sent[i];
        if (strcmp(sent->person, person) == 0 && sent->channel == channel) {
            struct case_input input = {.kind = CASE_INPUT_RECEIPT,
                                       .time_ms = world->now_ms,
                                       .receipt = {.notice_id = sent->id,
                                                   .unit = STR_LITERAL("s1"),
                                                   .case_id = sent->case_id,
                                                   .person = str_of(sent->person),
                                                   .role = str_of(sent->role),
                                                   .channel = channel,
                                                   .state = state}};
            world->receipt = input;
            step(world, &input);
            return;
        }
    }
    fail_msg("no notice went to %s", person);
}

void world_receipt_again(struct world *world)
{
    struct case_input input = world->receipt;
    input.time_ms = world->now_ms;
    step(world, &input);
}

bool world_was_sent(const struct world *world, const char *person, enum case_channel channel)
{
    for (size_t i = 0; i < world->sent_count; i++) {
        if (strcmp(world->sent[i].person, person) == 0 && world->sent[i].channel == channel) {
            return true;
        }
    }
    return false;
}

bool world_only_waits(const struct world *world, const char *person)
{
    for (size_t i = world->shown; i < world->sent_count; i++) {
        if (strcmp(world->sent[i].person, person) == 0 && world->sent[i].lane != EFFECT_LANE_BULK) {
            return false;
        }
    }
    return true;
}

/* --- asking ------------------------------------------------------------------------------------------------------------ */

const struct casefile *world_case(const struct world *world)
{
    return casework_get(world->casework, world->case_id);
}

const struct obligation *world_obligation(const struct world *world, const char *id)
{
    const struct casefile *file = world_case(world);
    for (size_t i = 0; i < file->obligation_count; i++) {
        if (file->obligations[i].episode == file->episode && str_is(file->obligations[i].id, id)) {
            return &file->obligations[i];
        }
    }
    fail_msg("no obligation %s", id);
    return NULL;
}

void world_fail(struct world *world, world_fail_fn fail_nth)
{
    world->fail_nth = fail_nth;
}

void world_watch(struct world *world, world_watch_fn watch)
{
    world->watch = watch;
}

size_t world_case_count(const struct world *world)
{
    return world->case_count;
}

void world_select(struct world *world, size_t index)
{
    assert_true(index < world->case_count);
    world->case_id = world->cases[index];
}

size_t world_sent_count(const struct world *world)
{
    return world->sent_count;
}

int64_t world_now(const struct world *world)
{
    return world->now_ms - WORLD_START_MS;
}

void world_show(struct world *world, unsigned show)
{
    world->show = show;
    world->length = 0;
    world->text[0] = '\0';
    world->shown = world->sent_count;
    world->cancelled_count = 0;
}

void world_expect(struct world *world, const char *expected)
{
    if (strcmp(world->text, expected) != 0) {
        fail_msg("expected:\n%s\ngot:\n%s", expected, world->text);
    }
    world_show(world, world->show);
}

static bool is_of(const struct sent *sent, const char *person, const char *cause)
{
    return strcmp(sent->person, person) == 0 &&
           (cause[0] == '\0' || strcmp(sent->cause, cause) == 0);
}

size_t world_count(const struct world *world, const char *person, const char *cause)
{
    size_t count = 0;
    for (size_t i = world->shown; i < world->sent_count; i++) {
        count += is_of(&world->sent[i], person, cause);
    }
    return count;
}

static bool is_cancelled(const struct world *world, const struct sent *sent)
{
    for (size_t i = 0; i < world->cancelled_count; i++) {
        if (ident_equal(sent->id, world->cancelled[i])) {
            return true;
        }
    }
    return false;
}

bool world_is_cancelled(const struct world *world, const char *person, const char *cause)
{
    for (size_t i = 0; i < world->sent_count; i++) {
        if (is_of(&world->sent[i], person, cause) && is_cancelled(world, &world->sent[i])) {
            return true;
        }
    }
    return false;
}

size_t world_left(const struct world *world, const char *person, const char *cause)
{
    size_t count = 0;
    for (size_t i = world->shown; i < world->sent_count; i++) {
        const struct sent *sent = &world->sent[i];
        count += is_of(sent, person, cause) && !is_cancelled(world, sent);
    }
    return count;
}
