/* bench-outage PACK CASES HOURS: what each person gets after an outage, without any I/O.
 *
 * CASES cases of 72 made-up schools live their first three hours (bench/cases_life.h); then nothing runs for HOURS hours, and
 * everything that was due meanwhile is done at once. Printed, for each role: how many people get something, how many notices the
 * one who gets most does, by lane; a notice that may wait comes in the notifier's next digest, all of a person's in one
 * message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "cases_life.h"
#include "io/seal.h"

enum { SCHOOLS = 72, PEOPLE_MAX = 100000, ROLES_MAX = 64, HOUR_MS = 3600000, TEXT_BYTES = 64 };

struct person {
    char id[TEXT_BYTES];
    char role[TEXT_BYTES];
    size_t calls;  /* voice */
    size_t urgent; /* other channels */
    size_t waiting;
    size_t merged; /* notices that were made one with another */
};

static struct map people;

static struct person *person_of(const struct effect_notice *notice)
{
    struct person *person = map_get(&people, notice->person);
    if (person == NULL) {
        person = calloc(1, sizeof(*person));
        sw_assert(person != NULL);
        snprintf(person->id, sizeof(person->id), "%.*s", (int)notice->person.len,
                 notice->person.at);
        snprintf(person->role, sizeof(person->role), "%.*s", (int)notice->role.len,
                 notice->role.at);
        int error = map_add(&people, str_of(person->id), person);
        sw_assert(error == 0);
    }
    return person;
}

static void take_notice(void *ctx, const struct effect *effect)
{
    const struct effect_notice *notice = &effect->notice;
    struct person *person = person_of(notice);
    (void)ctx;
    person->merged += notice->merged_count;
    if (notice->may_wait) {
        person->waiting++;
    } else if (notice->channel == CASE_CHANNEL_VOICE) {
        person->calls++;
    } else {
        person->urgent++;
    }
}

struct row {
    const char *role;
    size_t people;
    struct person all;
    struct person most; /* who gets most that does not wait */
};

static size_t at_once(const struct person *person)
{
    return person->calls + person->urgent;
}

static void add_to(struct row *row, const struct person *person)
{
    row->role = person->role;
    row->people++;
    row->all.calls += person->calls;
    row->all.urgent += person->urgent;
    row->all.waiting += person->waiting;
    row->all.merged += person->merged;
    if (row->people == 1 || at_once(person) > at_once(&row->most)) {
        row->most = *person;
    }
}

static void tell(void)
{
    struct row rows[ROLES_MAX] = {{0}};
    size_t row_count = 0;
    for (size_t i = 0; i < people.count; i++) {
        const struct person *person = people.entries[i].value;
        size_t row = 0;
        while (row < row_count && strcmp(rows[row].role, person->role) != 0) {
            row++;
        }
        row_count += row == row_count;
        sw_assert(row_count <= ROLES_MAX);
        add_to(&rows[row], person);
    }
    printf("%-18s %7s %9s %9s %9s %9s   who gets most at once\n", "role", "people", "calls",
           "messages", "waiting", "merged");
    for (size_t i = 0; i < row_count; i++) {
        const struct row *row = &rows[i];
        printf("%-18s %7zu %9zu %9zu %9zu %9zu   %zu calls, %zu messages, %zu in a digest\n",
               row->role, row->people, row->all.calls, row->all.urgent, row->all.waiting,
               row->all.merged, row->most.calls, row->most.urgent, row->most.waiting);
    }
}

/* CASES cases, in turn of all schools. */
static struct casework *live(struct cases *cases, size_t count)
{
    struct casework *casework = cases_casework(cases, count);
    char room[2][COUNTY_ID_BYTES];
    for (size_t i = 0; i < count; i++) {
        size_t pupil = i % SCHOOLS * COUNTY_PUPILS_EACH + i / SCHOOLS;
        size_t number = pupil * CASES_FAMILIES + i / SCHOOLS % CASES_FAMILIES;
        struct case_input input = cases_signal(cases, number, 0, CASES_START_MS, room);
        struct ident id = casework_case_id(seal_hash128, &input.signal);
        cases_step(cases, casework, &input);
        cases_answer(cases, casework, number, id);
    }
    cases_run(cases, casework, CASES_START_MS + CASES_HOURS_MS);
    return casework;
}

int main(int argc, char **argv)
{
    static struct cases cases;
    unsigned long count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    unsigned long hours = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (count == 0 || count > (unsigned long)SCHOOLS * COUNTY_PUPILS_EACH || hours > 10000) {
        fprintf(stderr, "usage: bench-outage PACK CASES HOURS\n");
        return 2;
    }
    const char *fault = cases_open(argv[1], &cases);
    if (fault != NULL) {
        fprintf(stderr, "bench-outage: %s\n", fault);
        return 1;
    }
    county_add_schools(&cases.county, 0, SCHOOLS);
    struct casework *casework = live(&cases, count);
    map_init(&people, PEOPLE_MAX, 1);
    cases.notice = take_notice;
    printf("%lu open cases of %d schools, away for %lu h\n", count, SCHOOLS, hours);
    cases_jump(&cases, casework, CASES_START_MS + CASES_HOURS_MS + (int64_t)hours * HOUR_MS);
    tell();
    for (size_t i = 0; i < people.count; i++) {
        free(people.entries[i].value);
    }
    map_fini(&people);
    casework_free(casework);
    cases_close(&cases);
    return 0;
}
