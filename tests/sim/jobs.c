#include "sim/jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "sim/run.h"

/* What jobs write and the parent reads. */
struct job {
    uint64_t next; /* of its seeds, as counted from the first of all: where it goes on if it dies */
    uint64_t done;
    struct run_result sum;
    bool has_failed;
};

/* --- one job ----------------------------------------------------------------------------------------------------------- */

static void add(struct run_result *sum, const struct run_result *result)
{
    sum->entries += result->entries;
    sum->steps += result->steps;
    sum->events += result->events;
    sum->commands += result->commands;
    sum->cases += result->cases;
    sum->notices += result->notices;
    sum->sends += result->sends;
    sum->faults += result->faults;
    sum->closed += result->closed;
}

static void print_finding(const struct jobs_options *options, uint64_t seed, const char *finding,
                          int64_t at_ms)
{
    printf("seed %" PRIu64 ": after %.3f days: %s\n  %s --first %" PRIu64
           " --seeds 1 --jobs 1 --days %" PRId64 " --tell\n",
           seed, (double)at_ms / 86400000.0, finding, options->program, seed, options->days);
    (void)fflush(stdout);
}

static bool is_enough(const struct jobs_options *options, const struct job *jobs)
{
    for (unsigned i = 0; options->finds && i < options->jobs; i++) {
        if (jobs[i].has_failed) {
            return true;
        }
    }
    return false;
}

static void run_job(const struct jobs_options *options, struct job *job, const struct job *jobs)
{
    struct stage_setup stage;
    const struct run_setup setup = {
        .stage = &stage, .days = options->days, .tells = options->tells};
    stage_setup_init(&stage, options->pack);
    while (job->next < options->count && !is_enough(options, jobs)) {
        struct run_result result;
        uint64_t seed = options->first + job->next;
        run_seed(&setup, seed, &result);
        job->next += options->jobs;
        add(&job->sum, &result);
        job->done++;
        if (result.has_failed) {
            job->has_failed = true;
            print_finding(options, seed, result.finding, result.at_ms);
        }
    }
    stage_setup_fini(&stage);
}

/* --- all of them ------------------------------------------------------------------------------------------------------- */

static double clock_s(void)
{
    struct timespec now;
    sw_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static pid_t start_job(const struct jobs_options *options, struct job *job, const struct job *jobs)
{
    pid_t child = fork();
    sw_assert(child >= 0);
    if (child == 0) {
        run_job(options, job, jobs);
        (void)fflush(stdout);
        _exit(0);
    }
    return child;
}

/* Another process takes the seeds after the one that it died of. */
static void go_on(const struct jobs_options *options, struct job *job)
{
    print_finding(options, options->first + job->next,
                  "the process died (assertion or sanitizer above)", 0);
    job->has_failed = true;
    job->next += options->jobs;
}

static bool run_all(const struct jobs_options *options, struct job *jobs)
{
    pid_t children[JOBS_MAX];
    bool has_failed = false;
    for (unsigned i = 0; i < options->jobs; i++) {
        jobs[i].next = i;
        children[i] = start_job(options, &jobs[i], jobs);
    }
    for (unsigned i = 0; i < options->jobs; i++) {
        int status = 0;
        sw_assert(waitpid(children[i], &status, 0) == children[i]);
        while (status != 0) {
            go_on(options, &jobs[i]);
            children[i] = start_job(options, &jobs[i], jobs);
            sw_assert(waitpid(children[i], &status, 0) == children[i]);
        }
        has_failed = has_failed || jobs[i].has_failed;
    }
    return has_failed;
}

bool jobs_run(const struct jobs_options *options)
{
    struct job *jobs = mmap(NULL, JOBS_MAX * sizeof(*jobs), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sw_assert(jobs != MAP_FAILED);
    double start_s = clock_s();
    bool has_failed = run_all(options, jobs);
    struct run_result sum = {0};
    uint64_t done = 0;
    for (unsigned i = 0; i < options->jobs; i++) {
        add(&sum, &jobs[i].sum);
        done += jobs[i].done;
    }
    printf("%" PRIu64 " seeds x %" PRId64 " days in %.1f s: %u events, %u cases (%u ended), "
           "%u notices, %u sends, %u commands, %u faults, %" PRIu64 " steps\n",
           done, options->days, clock_s() - start_s, sum.events, sum.cases, sum.closed, sum.notices,
           sum.sends, sum.commands, sum.faults, sum.steps);
    return has_failed == options->finds;
}
