/* bench-rules-events PACK: what one event costs the core of triage, without any I/O, under the pack in the folder PACK. All
 * pupils are made up.
 *
 * First a term: 2,000 pupils of four schools, 100 school days, two rolls a day.
 *
 * Then windows that are full: in each of 32 schools one pupil (class, school) has so many events in the windows of features,
 * and a few more come, on a day that has its share already; the steps of time that they bring (what waits two minutes) are told
 * apart. A day keeps 256 entries of a feature: where a window is too short for as many, it is filled as far as that goes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "measure.h"
#include "rules_made.h"
#include "shell/replay.h"

enum {
    SENDING = 4, /* schools in the term */
    TERM_PUPILS = SENDING * COUNTY_PUPILS_EACH,
    TERM_DAYS = 100,
    TURNS = 5,
    DAY_ENTRIES = 250, /* below WINDOW_ENTRIES_MAX: there is room for the turns */
};

#define MINUTE_MS INT64_C(60000)
#define FULL_AT_MS (TERM_START_MS + 104 * TERM_DAY_MS + 23 * TERM_HOUR_MS) /* a Monday */

struct bench {
    struct county county;
    struct term term;
    size_t signals;
};

/* --- the replay --------------------------------------------------------------------------------------------------------- */

static const struct pack *pack_of(void *ctx, struct str unit)
{
    const struct bench *bench = ctx;
    (void)unit;
    return bench->county.pack;
}

static void take_signal(void *ctx, const struct replay_signal *signal)
{
    struct bench *bench = ctx;
    (void)signal;
    bench->signals++;
}

static struct replay *open_replay(struct bench *bench)
{
    const struct replay_setup setup = {
        .org = bench->county.org, .pack_of = pack_of, .signal = take_signal, .ctx = bench};
    struct replay *replay = replay_new(&setup);
    sw_assert(replay != NULL);
    bench->signals = 0;
    return replay;
}

/* Judges the events in hand, in the order of `order` or as they were made, and lets time pass; seconds of CPU time. */
static double judge(struct bench *bench, struct replay *replay, struct made *const *order,
                    int64_t to_ms)
{
    double began = measure_cpu_s();
    for (size_t i = 0; i < bench->term.made_count; i++) {
        const struct event *event = order == NULL ? &bench->term.made[i].event : &order[i]->event;
        int error = replay_event(replay, event, event->occurred_ms);
        sw_assert(error == 0);
    }
    int error = replay_run_until(replay, to_ms);
    sw_assert(error == 0);
    bench->term.made_count = 0;
    return measure_cpu_s() - began;
}

static int compare_times(const void *left, const void *right)
{
    const struct made *a = *(struct made *const *)left;
    const struct made *b = *(struct made *const *)right;
    bool is_later = a->event.occurred_ms != b->event.occurred_ms
                        ? a->event.occurred_ms > b->event.occurred_ms
                        : a > b;
    return is_later ? 1 : -1;
}

static void run_term(struct bench *bench)
{
    static struct made *order[TERM_EVENTS_MAX];
    size_t bytes = measure_heap_bytes();
    struct replay *replay = open_replay(bench);
    double took_s = 0;
    for (size_t day = 0; day < TERM_DAYS; day++) {
        int64_t day_ms =
            TERM_START_MS + (int64_t)(day + (day + 1) / 5 * 2) * TERM_DAY_MS; /* no weekend */
        for (size_t pupil = 0; pupil < TERM_PUPILS; pupil++) {
            term_make_day(&bench->term, pupil, day, day_ms);
        }
        for (size_t i = 0; i < bench->term.made_count; i++) {
            order[i] = &bench->term.made[i];
        }
        qsort(order, bench->term.made_count, sizeof(struct made *), compare_times);
        took_s += judge(bench, replay, order, day_ms + 20 * TERM_HOUR_MS);
    }
    struct replay_counts counts = replay_counts(replay);
    double events = (double)counts.events;
    printf(
        "a term of %d pupils, %.0f events, %zu signals: %.0f events/s on one core (%.0f ns each); "
        "%.0f bytes of memory a pupil at its end\n",
        TERM_PUPILS, events, bench->signals, events / took_s, took_s * 1e9 / events,
        (double)(measure_heap_bytes() - bytes) / TERM_PUPILS);
    sw_assert(counts.rule_errors == 0 && counts.evicted == 0);
    replay_free(replay);
}

/* --- full windows ------------------------------------------------------------------------------------------------------- */

struct series {
    const char *name;
    enum event_kind kind;
    size_t days;  /* of the longest window that counts it */
    size_t about; /* so many pupils in turn; 0: the school */
};

/* One event in each school, at the same instant. */
static void make_each(struct bench *bench, const struct series *series, size_t number,
                      int64_t at_ms)
{
    for (size_t school = 0; school < TERM_SCHOOLS; school++) {
        size_t pupil = school * COUNTY_PUPILS_EACH;
        pupil += series->about == 0 ? 0 : number % series->about;
        struct event *event = &term_make(&bench->term, series->kind, pupil, at_ms)->event;
        if (series->kind == EVENT_KIND_ABSENT) {
            event->attendance.state = EVENT_ROLL_ABSENT_UNEXPLAINED;
        }
        if (series->about == 0) {
            event->has_scope = true;
            event->party_count = 0;
            event->attendance.absent_share = (uint32_t)(100 + number * 7919 % 800);
        }
    }
}

static int compare_doubles(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* What an event costs, and the steps of time that it brings; the medians of the turns. */
struct cost {
    double event_ns;
    double time_ns;
};

static double median(double turns[TURNS])
{
    qsort(turns, TURNS, sizeof(double), compare_doubles);
    return turns[TURNS / 2] * 1e9 / TERM_SCHOOLS;
}

/* With `count` events before it in the window. */
static struct cost measure(struct bench *bench, const struct series *series, size_t count)
{
    double event_s[TURNS];
    double time_s[TURNS];
    struct replay *replay = open_replay(bench);
    int64_t step_ms = (int64_t)(series->days - 1) * TERM_DAY_MS / (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        int64_t at_ms = FULL_AT_MS - step_ms * (int64_t)(count - 1 - i) - 10 * MINUTE_MS;
        make_each(bench, series, i, at_ms);
        (void)judge(bench, replay, NULL, at_ms);
    }
    (void)judge(bench, replay, NULL, FULL_AT_MS - MINUTE_MS);
    for (size_t turn = 0; turn < TURNS; turn++) {
        int64_t at_ms = FULL_AT_MS + (int64_t)turn * 10 * MINUTE_MS;
        make_each(bench, series, count + turn, at_ms);
        event_s[turn] = judge(bench, replay, NULL, at_ms);
        time_s[turn] = judge(bench, replay, NULL, at_ms + 5 * MINUTE_MS);
    }
    struct replay_counts counts = replay_counts(replay);
    sw_assert(counts.rule_errors == 0 && counts.evicted == 0 && counts.repeats == 0);
    replay_free(replay);
    return (struct cost){median(event_s), median(time_s)};
}

static void run_series(struct bench *bench, const struct series *series)
{
    static const size_t sizes[] = {1, 10, 100, 1000, 10000};
    double least = HUGE_VAL;
    double most = 0;
    printf("%s, so many before it in %zu days:", series->name, series->days);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t room = (series->days - 1) * DAY_ENTRIES;
        size_t count = sizes[i] < room ? sizes[i] : room;
        struct cost cost = measure(bench, series, count);
        least = fmin(least, cost.event_ns);
        most = fmax(most, cost.event_ns);
        printf(" %zu: %.0f ns (and %.0f of time);", count, cost.event_ns, cost.time_ns);
        fflush(stdout);
    }
    printf(" largest/smallest %.2f x\n", most / least);
}

int main(int argc, char **argv)
{
    static const struct series all[] = {
        {"an absence of a pupil", EVENT_KIND_ABSENT, 70, 1},
        {"a concern about a pupil", EVENT_KIND_CONCERN, 14, 1},
        {"a self-harm in a class", EVENT_KIND_SELF_HARM, 14, TERM_CLASS_PUPILS},
        {"a roll of a school (median)", EVENT_KIND_ROLL, 30, 0},
    };
    static struct bench bench;
    const char *fault = argc == 2 ? county_open(argv[1], &bench.county) : "usage: PACK";
    if (fault != NULL) {
        fprintf(stderr, "bench-rules-events: %s\n", fault);
        return 2;
    }
    bench.term.chance = 20260901;
    term_add_schools(&bench.term, &bench.county, 0, SENDING);
    run_term(&bench);
    term_add_schools(&bench.term, &bench.county, SENDING, TERM_SCHOOLS);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        run_series(&bench, &all[i]);
    }
    county_close(&bench.county);
    return 0;
}
