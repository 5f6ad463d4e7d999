/* bench-cases PACK CASES: what casework costs, without any I/O, on a made-up county and the pack in the folder PACK.
 *
 * 10,000 cases live their first hours: opened by a signal, their notices delivered, from high up acknowledged, one duty of a
 * crisis done, time gone by. Of each 20 cases one is a crisis, four are high, ten a warning, five need attention. CASES (at
 * least 10,000) are then put into a second casework as a restore puts them, from their encoding, each the like of one of
 * those with a pupil of its own.
 *
 * Printed: opening signals and all inputs a second; bytes a case, of the changelog and of memory, all indexes and timers
 * included; restore seconds; the cost of a signal that joins an open case, at 10,000 and at CASES, in turns in one run. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "cases_county.h"
#include "io/seal.h"
#include "wire/case.h"

#define START_MS INT64_C(1764000000000)

enum {
    FEW = 10000,
    FAMILIES = 4, /* cases of one pupil */
    HOURS_MS = 3 * 60 * 60 * 1000,
    SEALED_BYTES = 150, /* a sentence */
    SCRATCH_BYTES = 16 << 20,
    TURNS = 20,
};

struct bench {
    struct county county;
    struct effects effects;
    struct arena arena;
    char sealed[2][SEALED_BYTES];
    struct str *records; /* FEW encodings */
    size_t inputs;
    size_t notices;
};

static double cpu_s(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    sw_assert(failed == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static struct casework *make(struct bench *bench, size_t case_max)
{
    const struct casework_setup setup = {.hash = seal_hash128,
                                         .policies_of = county_policies_of,
                                         .ctx = &bench->county,
                                         .org = bench->county.org,
                                         .case_max = case_max,
                                         .start_ms = START_MS};
    struct casework *casework = casework_new(&setup);
    sw_assert(casework != NULL);
    return casework;
}

/* A Sealed of a usual length: suite 1, class content, ids, a nonce, and bytes that say nothing. */
static void make_sealed(char filler, char ret_sealed[SEALED_BYTES])
{
    static const char head[] = "\x08\x01\x10\x02\x1a\x0a"
                               "content-01\x22\x12"
                               "zaihe-school-00042\x18"
                               "0123456789abcdefghijklmn\x32";
    char *at = ret_sealed;
    memset(ret_sealed, filler, SEALED_BYTES);
    memcpy(at, head, 6 + 10 + 2 + 18);
    at += 6 + 10 + 2 + 18;
    *at++ = 0x2a;
    memcpy(at, head + 6 + 10 + 2 + 18, 1 + 24 + 1);
    at += 1 + 24 + 1;
    *at = (char)(ret_sealed + SEALED_BYTES - at - 1);
}

static struct str sealed(const struct bench *bench, size_t which)
{
    return (struct str){bench->sealed[which], SEALED_BYTES};
}

/* The signal that opens, or joins, the case of that number. `turn` tells it from others. */
static struct case_signal make_signal(const struct bench *bench, size_t number, size_t turn,
                                      char room[2][COUNTY_ID_BYTES])
{
    static const char *const kinds[FAMILIES] = {"self_harm", "bullying", "accident", "concern"};
    static const struct case_why why[] = {{.text = {"facts/danger", 12},
                                           .values = {"\x0a\x0c"
                                                      "facts/danger",
                                                      14}}};
    static struct case_input_party party;
    size_t family = number % FAMILIES;
    size_t pupil = number / FAMILIES;
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
        .text = sealed(bench, 0),
    };
    if (family == 0) {
        signal.level = crisis ? CASE_LEVEL_CRISIS : CASE_LEVEL_HIGH;
        signal.callback = sealed(bench, 1);
    } else if (family == 3) {
        signal.level = CASE_LEVEL_ATTENTION;
    }
    party = (struct case_input_party){.ref = signal.subject, .role = CASE_PARTY_AFFECTED};
    uint64_t id[2] = {number + 1, turn + 1};
    memcpy(signal.id.bytes, id, sizeof(id));
    return signal;
}

/* --- the first hours -------------------------------------------------------------------------------------------------- */

static void step(struct bench *bench, struct casework *casework, const struct case_input *input)
{
    int error = casework_step(casework, input, &bench->effects);
    sw_assert(error == 0);
    bench->inputs++;
}

static struct case_input signal_input(const struct bench *bench, size_t number, size_t turn,
                                      int64_t now_ms, char room[2][COUNTY_ID_BYTES])
{
    struct case_input input = {.kind = CASE_INPUT_SIGNAL,
                               .time_ms = now_ms,
                               .signal = make_signal(bench, number, turn, room)};
    input.signal.occurred_ms = input.signal.discovered_ms = input.signal.reported_ms = now_ms;
    return input;
}

/* The receipts of what the last step sent: accepted, then delivered. */
static void deliver(struct bench *bench, struct casework *casework, int64_t now_ms)
{
    enum { KEPT = 64 };
    static struct case_receipt receipts[KEPT];
    size_t count = 0;
    arena_reset(&bench->arena);
    for (size_t i = 0; i < bench->effects.count && count < KEPT; i++) {
        const struct effect *effect = bench->effects.items[i];
        if (effect->kind == EFFECT_NOTICE) {
            const struct effect_notice *notice = &effect->notice;
            receipts[count++] =
                (struct case_receipt){.notice_id = notice->id,
                                      .unit = arena_copy_str(&bench->arena, notice->unit),
                                      .case_id = notice->case_id,
                                      .person = arena_copy_str(&bench->arena, notice->person),
                                      .role = arena_copy_str(&bench->arena, notice->role),
                                      .channel = notice->channel};
        }
    }
    bench->notices += count;
    for (size_t i = 0; i < 2 * count; i++) {
        struct case_input input = {
            .kind = CASE_INPUT_RECEIPT, .time_ms = now_ms, .receipt = receipts[i % count]};
        input.receipt.state = i < count ? CASE_DELIVERY_ACCEPTED : CASE_DELIVERY_DELIVERED;
        step(bench, casework, &input);
    }
}

static void acknowledge(struct bench *bench, struct casework *casework, struct ident case_id,
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
    arena_reset(&bench->arena);
    for (size_t i = 0; i < file->told_count; i++) {
        if (str_is(file->told[i].role, role)) {
            input.command.actor = arena_copy_str(&bench->arena, file->told[i].person);
        }
    }
    input.command.unit = arena_copy_str(&bench->arena, file->unit);
    memcpy(input.command.id.bytes, case_id.bytes, IDENT_BYTES);
    input.command.id.bytes[0] ^= (uint8_t)role[0];
    step(bench, casework, &input);
    deliver(bench, casework, now_ms);
    if (file->level < CASE_LEVEL_CRISIS || role[0] != 'd') {
        return;
    }
    input.command.kind = CASE_COMMAND_MET;
    input.command.id.bytes[1] ^= 1;
    input.command.obligation = STR_LITERAL("on_scene");
    step(bench, casework, &input);
    deliver(bench, casework, now_ms);
}

static void let_time_pass(struct bench *bench, struct casework *casework, int64_t until_ms)
{
    for (int64_t next_ms = casework_next_deadline(casework); next_ms <= until_ms;
         next_ms = casework_next_deadline(casework)) {
        struct case_input input = {.kind = CASE_INPUT_TIME, .time_ms = next_ms};
        step(bench, casework, &input);
        deliver(bench, casework, next_ms);
    }
}

/* Opens FEW cases and lets them live; keeps their encodings. */
static struct casework *live(struct bench *bench, struct ident ids[FEW])
{
    struct casework *casework = make(bench, FEW);
    char room[2][COUNTY_ID_BYTES];
    double opening_s = 0;
    double began = cpu_s();
    for (size_t i = 0; i < FEW; i++) {
        struct case_input input = signal_input(bench, i, 0, START_MS, room);
        ids[i] = casework_case_id(seal_hash128, &input.signal);
        double opened = cpu_s();
        step(bench, casework, &input);
        opening_s += cpu_s() - opened;
        deliver(bench, casework, START_MS + 2000);
        if (i % FAMILIES == 0) {
            acknowledge(bench, casework, ids[i], "duty_leader", START_MS + 30000);
            acknowledge(bench, casework, ids[i], "psych_teacher", START_MS + 40000);
        }
    }
    let_time_pass(bench, casework, START_MS + HOURS_MS);
    double all_s = cpu_s() - began;
    printf("%d cases opened: %.0f signals/s (%.1f us each); their first hours, %zu inputs and %zu "
           "notices: %.0f inputs/s (%.1f us each)\n",
           FEW, FEW / opening_s, opening_s * 1e6 / FEW, bench->inputs, bench->notices,
           (double)bench->inputs / all_s, all_s * 1e6 / (double)bench->inputs);
    return casework;
}

static void keep_records(struct bench *bench, const struct casework *casework,
                         const struct ident ids[FEW])
{
    size_t bytes[CASE_LEVEL_CRISIS + 1] = {0};
    size_t count[CASE_LEVEL_CRISIS + 1] = {0};
    size_t all = 0;
    double began = cpu_s();
    for (size_t i = 0; i < FEW; i++) {
        const struct casefile *file = casework_get(casework, ids[i]);
        arena_reset(&bench->arena);
        int error = case_encode(file, &bench->arena, &bench->records[i]);
        sw_assert(error == 0);
        char *copy = malloc(bench->records[i].len);
        sw_assert(copy != NULL);
        memcpy(copy, bench->records[i].at, bench->records[i].len);
        bench->records[i].at = copy;
        bytes[file->level] += bench->records[i].len;
        count[file->level]++;
        all += bench->records[i].len;
    }
    double took_s = cpu_s() - began;
    printf("encoded: %zu bytes a case, %.2f us each (attention %zu, warning %zu, high %zu, crisis "
           "%zu bytes)\n",
           all / FEW, took_s * 1e6 / FEW, bytes[CASE_LEVEL_ATTENTION] / count[CASE_LEVEL_ATTENTION],
           bytes[CASE_LEVEL_WARNING] / count[CASE_LEVEL_WARNING],
           bytes[CASE_LEVEL_HIGH] / count[CASE_LEVEL_HIGH],
           bytes[CASE_LEVEL_CRISIS] / count[CASE_LEVEL_CRISIS]);
}

/* --- many ------------------------------------------------------------------------------------------------------------- */

/* The case of that number, the like of one of those that lived. */
static struct ident put_like(struct bench *bench, struct casework *casework, size_t number)
{
    char room[2][COUNTY_ID_BYTES];
    struct casefile file;
    struct fault fault;
    arena_reset(&bench->arena);
    int error = case_decode(bench->records[number % FEW], &bench->arena, &file, &fault);
    sw_assert(error == 0);
    const struct case_signal signal = make_signal(bench, number, 0, room);
    file.id = casework_case_id(seal_hash128, &signal);
    file.number = number + 1;
    file.unit = signal.unit;
    file.subject = signal.subject;
    for (size_t i = 0; i < file.party_count; i++) {
        file.parties[i].ref = signal.subject;
    }
    error = casework_put(casework, &file);
    sw_assert(error == 0);
    return file.id;
}

static struct casework *restore(struct bench *bench, size_t count)
{
    struct casework *casework = make(bench, count);
    int error = casework_add_policies(casework, &bench->county.pack->policies);
    sw_assert(error == 0);
    size_t bytes = heap_bytes();
    double began = cpu_s();
    for (size_t i = 0; i < count; i++) {
        (void)put_like(bench, casework, i);
    }
    double took_s = cpu_s() - began;
    printf("%zu cases restored in %.2f s (%.2f us each, their ids made anew); %.0f bytes of memory "
           "a case\n",
           count, took_s, took_s * 1e6 / (double)count,
           (double)(heap_bytes() - bytes) / (double)count);
    return casework;
}

/* --- a signal that joins ------------------------------------------------------------------------------------------------ */

/* FEW signals, each to another case, from the case numbered `first` on in steps of `stride`; seconds of CPU time. */
static double join(struct bench *bench, struct casework *casework, size_t first, size_t stride,
                   size_t turn)
{
    char room[2][COUNTY_ID_BYTES];
    double took_s = 0;
    for (size_t i = 0; i < FEW; i++) {
        size_t number = first + (i * 7919 % FEW) * stride; /* in no order of memory */
        struct case_input input = signal_input(bench, number, turn, START_MS + HOURS_MS + 1, room);
        double began = cpu_s();
        step(bench, casework, &input);
        took_s += cpu_s() - began;
        sw_assert(bench->effects.count > 0);
    }
    return took_s;
}

static int compare_doubles(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Each turn takes other cases of the many; those of the few are put back as they were. */
static void compare_sizes(struct bench *bench, struct casework *many, size_t count)
{
    double few_s[TURNS];
    double many_s[TURNS];
    double ratios[TURNS];
    struct casework *few = make(bench, FEW);
    int error = casework_add_policies(few, &bench->county.pack->policies);
    sw_assert(error == 0);
    size_t stride = count / FEW;
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < FEW; i++) {
            (void)put_like(bench, few, i);
        }
        few_s[turn] = join(bench, few, 0, 1, turn + 1);
        many_s[turn] = join(bench, many, turn % stride, stride, turn + 1);
        ratios[turn] = many_s[turn] / few_s[turn];
    }
    qsort(few_s, TURNS, sizeof(double), compare_doubles);
    qsort(many_s, TURNS, sizeof(double), compare_doubles);
    qsort(ratios, TURNS, sizeof(double), compare_doubles);
    printf("a signal that joins: %.2f us at %d open cases, %.2f us at %zu: %.2f x (medians of %d "
           "turns); %.0f signals/s\n",
           few_s[TURNS / 2] * 1e6 / FEW, FEW, many_s[TURNS / 2] * 1e6 / FEW, count,
           ratios[TURNS / 2], TURNS, FEW / many_s[TURNS / 2]);
    casework_free(few);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    static struct ident ids[FEW];
    unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (count < FEW || count % FEW != 0 || count > CASEWORK_CASES_MAX) {
        fprintf(stderr, "usage: bench-cases PACK CASES (a multiple of %d)\n", FEW);
        return 2;
    }
    const char *fault = county_open(argv[1], &bench.county);
    if (fault != NULL) {
        fprintf(stderr, "bench-cases: %s\n", fault);
        return 1;
    }
    effects_init(&bench.effects);
    arena_init(&bench.arena, SCRATCH_BYTES);
    make_sealed('x', bench.sealed[0]);
    make_sealed('y', bench.sealed[1]);
    bench.records = calloc(FEW, sizeof(*bench.records));
    sw_assert(bench.records != NULL);
    county_add_schools(&bench.county, 0, count / FAMILIES / COUNTY_PUPILS_EACH + 1);
    struct casework *casework = live(&bench, ids);
    keep_records(&bench, casework, ids);
    casework_free(casework);
    casework = restore(&bench, count);
    compare_sizes(&bench, casework, count);
    casework_free(casework);
    for (size_t i = 0; i < FEW; i++) {
        free((char *)(uintptr_t)bench.records[i].at);
    }
    free(bench.records);
    effects_fini(&bench.effects);
    arena_fini(&bench.arena);
    county_close(&bench.county);
    return 0;
}
