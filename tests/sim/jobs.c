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
    uint64_t seed; /* underway */
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

static void run_job(const struct jobs_options *options, unsigned index, struct job *jobs)
{
    struct job *job = &jobs[index];
    struct stage_setup stage;
    const struct run_setup setup = {
        .stage = &stage, .days = options->days, .tells = options->tells};
    stage_setup_init(&stage, options->pack);
    for (uint64_t i = index; i < options->count && !is_enough(options, jobs); i += options->jobs) {
        struct run_result result;
        job->seed = options->first + i;
        run_seed(&setup, job->seed, &result);
        add(&job->sum, &result);
        job->done++;
        if (result.has_failed) {
            job->has_failed = true;
            print_finding(options, job->seed, result.finding, result.at_ms);
        }
    }
    job->seed = 0;
    stage_setup_fini(&stage);
}

/* --- all of them ------------------------------------------------------------------------------------------------------- */

static double clock_s(void)
{
    struct timespec now;
    sw_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_all(const struct jobs_options *options, struct job *jobs)
{
    pid_t children[JOBS_MAX];
    bool has_failed = false;
    for (unsigned i = 0; i < options->jobs; i++) {
        children[i] = fork();
        sw_assert(children[i] >= 0);
        if (children[i] == 0) {
            run_job(options, i, jobs);
            (void)fflush(stdout);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < options->jobs; i++) {
        int status = 0;
        sw_assert(waitpid(children[i], &status, 0) == children[i]);
        if (status != 0) {
            print_finding(options, jobs[i].seed, "the process died (assertion or sanitizer above)",
                          0);
        }
        has_failed = has_failed || status != 0 || jobs[i].has_failed;
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
