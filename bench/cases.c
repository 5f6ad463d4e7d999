/* bench-cases PACK CASES: what casework costs, without any I/O, on a made-up county and the pack in the folder PACK.
 *
 * 10,000 cases live their first hours: opened by a signal, their notices delivered, from high up acknowledged, one duty of a
 * crisis done, time gone by. Of each 20 cases one is a crisis, four are high, ten a warning, five need attention. CASES (at
 * least 10,000) are then put into a second casework as a restore puts them, from their encoding, each the like of one of
 * those with a pupil of its own.
 *
 * Printed: opening signals and all inputs a second; bytes a case, of the changelog and of memory, all indexes and timers
 * included; restore seconds; the cost of a signal that joins an open case, at 10,000 and at CASES, in turns in one run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cases_life.h"
#include "io/seal.h"
#include "measure.h"
#include "wire/case.h"

enum { FEW = 10000, TURNS = 100 /* each case of a million once */ };

/* Their encodings. */
static struct str records[FEW];

/* Opens FEW cases and lets them live; keeps their encodings. */
static struct casework *live(struct cases *cases, struct ident ids[FEW])
{
    struct casework *casework = cases_casework(cases, FEW);
    char room[2][COUNTY_ID_BYTES];
    double opening_s = 0;
    double began = measure_cpu_s();
    for (size_t i = 0; i < FEW; i++) {
        struct case_input input = cases_signal(cases, i, 0, CASES_START_MS, room);
        ids[i] = casework_case_id(seal_hash128, &input.signal);
        double opened = measure_cpu_s();
        cases_step(cases, casework, &input);
        opening_s += measure_cpu_s() - opened;
        cases_answer(cases, casework, i, ids[i]);
    }
    cases_run(cases, casework, CASES_START_MS + CASES_HOURS_MS);
    double all_s = measure_cpu_s() - began;
    printf("%d cases opened: %.0f signals/s (%.1f us each); their first hours, %zu inputs and %zu "
           "notices: %.0f inputs/s (%.1f us each)\n",
           FEW, FEW / opening_s, opening_s * 1e6 / FEW, cases->inputs, cases->notices,
           (double)cases->inputs / all_s, all_s * 1e6 / (double)cases->inputs);
    return casework;
}

static void keep_records(struct cases *cases, const struct casework *casework,
                         const struct ident ids[FEW])
{
    size_t bytes[CASE_LEVEL_CRISIS + 1] = {0};
    size_t count[CASE_LEVEL_CRISIS + 1] = {0};
    size_t all = 0;
    double began = measure_cpu_s();
    for (size_t i = 0; i < FEW; i++) {
        const struct casefile *file = casework_get(casework, ids[i]);
        arena_reset(&cases->arena);
        int error = case_encode(file, &cases->arena, &records[i]);
        sw_assert(error == 0);
        char *copy = malloc(records[i].len);
        sw_assert(copy != NULL);
        memcpy(copy, records[i].at, records[i].len);
        records[i].at = copy;
        bytes[file->level] += records[i].len;
        count[file->level]++;
        all += records[i].len;
    }
    double took_s = measure_cpu_s() - began;
    printf("encoded: %zu bytes a case, %.2f us each (attention %zu, warning %zu, high %zu, crisis "
           "%zu bytes)\n",
           all / FEW, took_s * 1e6 / FEW, bytes[CASE_LEVEL_ATTENTION] / count[CASE_LEVEL_ATTENTION],
           bytes[CASE_LEVEL_WARNING] / count[CASE_LEVEL_WARNING],
           bytes[CASE_LEVEL_HIGH] / count[CASE_LEVEL_HIGH],
           bytes[CASE_LEVEL_CRISIS] / count[CASE_LEVEL_CRISIS]);
}

/* --- many ------------------------------------------------------------------------------------------------------------- */

/* The case of that number, the like of one of those that lived. */
static void put_like(struct cases *cases, struct casework *casework, size_t number)
{
    char room[2][COUNTY_ID_BYTES];
    struct casefile file;
    struct fault fault;
    arena_reset(&cases->arena);
    int error = case_decode(records[number % FEW], &cases->arena, &file, &fault);
    sw_assert(error == 0);
    const struct case_signal signal = cases_signal(cases, number, 0, CASES_START_MS, room).signal;
    file.id = casework_case_id(seal_hash128, &signal);
    file.number = number + 1;
    file.unit = signal.unit;
    file.subject = signal.subject;
    for (size_t i = 0; i < file.party_count; i++) {
        file.parties[i].ref = signal.subject;
    }
    error = casework_put(casework, &file);
    sw_assert(error == 0);
}

static struct casework *restore(struct cases *cases, size_t count)
{
    struct casework *casework = cases_casework(cases, count);
    int error = casework_add_policies(casework, &cases->county.pack->policies);
    sw_assert(error == 0);
    size_t bytes = measure_heap_bytes();
    double began = measure_cpu_s();
    for (size_t i = 0; i < count; i++) {
        put_like(cases, casework, i);
    }
    double took_s = measure_cpu_s() - began;
    printf("%zu cases restored in %.2f s (%.2f us each, their ids made anew); %.0f bytes of memory "
           "a case\n",
           count, took_s, took_s * 1e6 / (double)count,
           (double)(measure_heap_bytes() - bytes) / (double)count);
    return casework;
}

/* --- a signal that joins ------------------------------------------------------------------------------------------------ */

/* FEW signals, each to another case, from the case numbered `first` on in steps of `stride`; seconds of CPU time. */
static double join(struct cases *cases, struct casework *casework, size_t first, size_t stride,
                   size_t turn)
{
    char room[2][COUNTY_ID_BYTES];
    double took_s = 0;
    for (size_t i = 0; i < FEW; i++) {
        size_t number = first + (i * 7919 % FEW) * stride; /* in no order of memory */
        struct case_input input =
            cases_signal(cases, number, turn, CASES_START_MS + CASES_HOURS_MS + 1, room);
        double began = measure_cpu_s();
        cases_step(cases, casework, &input);
        took_s += measure_cpu_s() - began;
        sw_assert(cases->effects.count > 0);
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
static void compare_sizes(struct cases *cases, struct casework *many, size_t count)
{
    double few_s[TURNS];
    double many_s[TURNS];
    double ratios[TURNS];
    struct casework *few = cases_casework(cases, FEW);
    int error = casework_add_policies(few, &cases->county.pack->policies);
    sw_assert(error == 0);
    size_t stride = count / FEW;
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < FEW; i++) {
            put_like(cases, few, i);
        }
        few_s[turn] = join(cases, few, 0, 1, turn + 1);
        many_s[turn] = join(cases, many, turn % stride, stride, turn + 1);
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
    static struct cases cases;
    static struct ident ids[FEW];
    unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (count < FEW || count % FEW != 0 || count > CASEWORK_CASES_MAX) {
        fprintf(stderr, "usage: bench-cases PACK CASES (a multiple of %d)\n", FEW);
        return 2;
    }
    const char *fault = cases_open(argv[1], &cases);
    if (fault != NULL) {
        fprintf(stderr, "bench-cases: %s\n", fault);
        return 1;
    }
    county_add_schools(&cases.county, 0, count / CASES_FAMILIES / COUNTY_PUPILS_EACH + 1);
    struct casework *casework = live(&cases, ids);
    keep_records(&cases, casework, ids);
    casework_free(casework);
    casework = restore(&cases, count);
    compare_sizes(&cases, casework, count);
    casework_free(casework);
    for (size_t i = 0; i < FEW; i++) {
        free((char *)(uintptr_t)records[i].at);
    }
    cases_close(&cases);
    return 0;
}
