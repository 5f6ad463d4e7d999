#include "cases_life.h"

#include <string.h>

#include "base/assert.h"
#include "io/seal.h"

enum { SCRATCH_BYTES = 16 << 20 };

struct casework *cases_casework(struct cases *cases, size_t case_max)
{
    const struct casework_setup setup = {.hash = seal_hash128,
                                         .policies_of = county_policies_of,
                                         .ctx = &cases->county,
                                         .org = cases->county.org,
                                         .case_max = case_max,
                                         .start_ms = CASES_START_MS};
    struct casework *casework = casework_new(&setup);
    sw_assert(casework != NULL);
    return casework;
}

/* A Sealed of a usual length: suite 1, class content, ids, a nonce, and bytes that say nothing. */
static void make_sealed(char filler, char ret_sealed[CASES_SEALED_BYTES])
{
    static const char head[] = "\x08\x01\x10\x02\x1a\x0a"
                               "content-01\x22\x12"
                               "zaihe-school-00042\x18"
                               "0123456789abcdefghijklmn\x32";
    char *at = ret_sealed;
    memset(ret_sealed, filler, CASES_SEALED_BYTES);
    memcpy(at, head, 6 + 10 + 2 + 18);
    at += 6 + 10 + 2 + 18;
    *at++ = 0x2a;
    memcpy(at, head + 6 + 10 + 2 + 18, 1 + 24 + 1);
    at += 1 + 24 + 1;
    *at = (char)(ret_sealed + CASES_SEALED_BYTES - at - 1);
}

static struct str sealed(const struct cases *cases, size_t which)
{
    return (struct str){cases->sealed[which], CASES_SEALED_BYTES};
}

/* The signal that opens, or joins, the case of that number. `turn` tells it from others. */
static struct case_signal make_signal(const struct cases *cases, size_t number, size_t turn,
                                      char room[2][COUNTY_ID_BYTES])
{
    static const char *const kinds[CASES_FAMILIES] = {"self_harm", "bullying", "accident",
                                                      "concern"};
    static const struct case_why why[] = {{.text = {"facts/danger", 12},
                                           .values = {"\x0a\x0c"
                                                      "facts/danger",
                                                      14}}};
    static struct case_input_party party;
    size_t family = number % CASES_FAMILIES;
    size_t pupil = number / CASES_FAMILIES;
    bool crisis = family == 0 && pupil % 5 == 0;
    struct case_signal signal = {
        .unit = county_school(pupil / COUNTY_PUPILS_EACH, room[0]),
        .kind = str_of(kinds[family]),
        .subject = county_pupil(pupil, room[1]),
        .subject_kind = CASE_SUBJECT_STUDENT,
        .level = CASE_LEVEL_WARNING,
        .layer = 4,
        .opens_episode = family == 0 && turn == 0,
        .place = CASE_PLACE_ON_CAMPUS,
        .danger = crisis ? CASE_DANGER_IMMINENT : CASE_DANGER_UNKNOWN,
        .injury = CASE_INJURY_UNKNOWN,
        .group = STR_LITERAL("k1"),
        .parties = &party,
        .party_count = 1,
        .why = why,
        .why_count = 1,
        .text = sealed(cases, 0),
    };
    if (family == 0) {
        signal.level = crisis ? CASE_LEVEL_CRISIS : CASE_LEVEL_HIGH;
        signal.callback = sealed(cases, 1);
    } else if (family == 3) {
        signal.level = CASE_LEVEL_ATTENTION;
    }
    party = (struct case_input_party){.ref = signal.subject, .role = CASE_PARTY_AFFECTED};
    uint64_t id[2] = {number + 1, turn + 1};
    memcpy(signal.id.bytes, id, sizeof(id));
    return signal;
}

/* --- the first hours -------------------------------------------------------------------------------------------------- */

void cases_step(struct cases *cases, struct casework *casework, const struct case_input *input)
{
    int error = casework_step(casework, input, &cases->effects);
    sw_assert(error == 0);
    cases->inputs++;
}

struct case_input cases_signal(const struct cases *cases, size_t number, size_t turn,
                               int64_t now_ms, char room[2][COUNTY_ID_BYTES])
{
    struct case_input input = {.kind = CASE_INPUT_SIGNAL,
                               .time_ms = now_ms,
                               .signal = make_signal(cases, number, turn, room)};
    input.signal.occurred_ms = input.signal.discovered_ms = input.signal.reported_ms = now_ms;
    return input;
}

void cases_deliver(struct cases *cases, struct casework *casework, int64_t now_ms)
{
    enum { KEPT = 64 };
    static struct case_receipt receipts[KEPT];
    size_t count = 0;
    arena_reset(&cases->arena);
    for (size_t i = 0; i < cases->effects.count && count < KEPT; i++) {
        const struct effect *effect = cases->effects.items[i];
        if (effect->kind == EFFECT_NOTICE) {
            const struct effect_notice *notice = &effect->notice;
            if (cases->notice != NULL) {
                cases->notice(cases->ctx, effect);
            }
            receipts[count++] =
                (struct case_receipt){.notice_id = notice->id,
                                      .unit = arena_copy_str(&cases->arena, notice->unit),
                                      .case_id = notice->case_id,
                                      .person = arena_copy_str(&cases->arena, notice->person),
                                      .role = arena_copy_str(&cases->arena, notice->role),
                                      .channel = notice->channel};
        }
    }
    cases->notices += count;
    for (size_t i = 0; i < 2 * count; i++) {
        struct case_input input = {
            .kind = CASE_INPUT_RECEIPT, .time_ms = now_ms, .receipt = receipts[i % count]};
        input.receipt.state = i < count ? CASE_DELIVERY_ACCEPTED : CASE_DELIVERY_DELIVERED;
        cases_step(cases, casework, &input);
    }
}

static void acknowledge(struct cases *cases, struct casework *casework, struct ident case_id,
                        const char *role, int64_t now_ms)
{
    const struct casefile *file = casework_get(casework, case_id);
    struct case_input input = {.kind = CASE_INPUT_COMMAND,
                               .time_ms = now_ms,
                               .command = {.kind = CASE_COMMAND_ACKNOWLEDGE,
                                           .unit = file->unit,
                                           .case_id = case_id,
                                           .actor_role = str_of(role),
                                           .via = STR_LITERAL("console")}};
    arena_reset(&cases->arena);
    for (size_t i = 0; i < file->told_count; i++) {
        if (str_is(file->told[i].role, role)) {
            input.command.actor = arena_copy_str(&cases->arena, file->told[i].person);
        }
    }
    input.command.unit = arena_copy_str(&cases->arena, file->unit);
    memcpy(input.command.id.bytes, case_id.bytes, IDENT_BYTES);
    input.command.id.bytes[0] ^= (uint8_t)role[0];
    cases_step(cases, casework, &input);
    cases_deliver(cases, casework, now_ms);
    if (file->level < CASE_LEVEL_CRISIS || role[0] != 'd') {
        return;
    }
    input.command.kind = CASE_COMMAND_MET;
    input.command.id.bytes[1] ^= 1;
    input.command.obligation = STR_LITERAL("on_scene");
    cases_step(cases, casework, &input);
    cases_deliver(cases, casework, now_ms);
}

void cases_run(struct cases *cases, struct casework *casework, int64_t until_ms)
{
    for (int64_t next_ms = casework_next_deadline(casework); next_ms <= until_ms;
         next_ms = casework_next_deadline(casework)) {
        struct case_input input = {.kind = CASE_INPUT_TIME, .time_ms = next_ms};
        cases_step(cases, casework, &input);
        cases_deliver(cases, casework, next_ms);
    }
}

void cases_jump(struct cases *cases, struct casework *casework, int64_t now_ms)
{
    while (casework_next_deadline(casework) <= now_ms) {
        struct case_input input = {.kind = CASE_INPUT_TIME, .time_ms = now_ms};
        cases_step(cases, casework, &input);
        cases_deliver(cases, casework, now_ms);
    }
}

void cases_answer(struct cases *cases, struct casework *casework, size_t number,
                  struct ident case_id)
{
    cases_deliver(cases, casework, CASES_START_MS + 2000);
    if (number % CASES_FAMILIES == 0) {
        acknowledge(cases, casework, case_id, "duty_leader", CASES_START_MS + 30000);
        acknowledge(cases, casework, case_id, "psych_teacher", CASES_START_MS + 40000);
    }
}

const char *cases_open(const char *pack_folder, struct cases *ret_cases)
{
    *ret_cases = (struct cases){0};
    const char *fault = county_open(pack_folder, &ret_cases->county);
    if (fault == NULL) {
        effects_init(&ret_cases->effects);
        arena_init(&ret_cases->arena, SCRATCH_BYTES);
        make_sealed('x', ret_cases->sealed[0]);
        make_sealed('y', ret_cases->sealed[1]);
    }
    return fault;
}

void cases_close(struct cases *cases)
{
    effects_fini(&cases->effects);
    arena_fini(&cases->arena);
    county_close(&cases->county);
}
