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
#include "io/log.h"
#include "sim/run.h"

/* What jobs write and the parent reads. */
struct job {
    uint64_t seed; /* underway */
    uint64_t done;
    struct run_result sum;
    bool has_failed;
};

/* --- one job ----------------------------------------------------------------------------------------------------------- */

static const struct config *make_config(const struct service_definition *definition, int slot,
                                        const char *keys)
{
    char keys_dir[128];
    char slot_text[16];
    const char *settings[16] = {slot_text, "topic.prefix=sim", "redis.address=127.0.0.1:1",
                                "http.listen=127.0.0.1:1", NULL};
    size_t count = 4;
    struct buffer errors;
    struct config *config = NULL;
    (void)snprintf(keys_dir, sizeof(keys_dir), "keys.dir=%s", keys);
    (void)snprintf(slot_text, sizeof(slot_text), "slot=%d", slot);
    if (definition != &escalator_definition) {
        settings[count++] = keys_dir;
    }
    if (definition == &notifier_definition) {
        settings[count++] = "phone.person=true";
        settings[count++] = "console.url=https://console.example";
    }
    buffer_init(&errors, 4096);
    if (config_parse(definition->table, NULL, KAFKA_NONE, settings, &errors, &config) != 0) {
        fprintf(stderr, "sim: %.*s", (int)errors.len, errors.bytes);
        exit(2);
    }
    buffer_fini(&errors);
    return config;
}

static void make_setup(const struct jobs_options *options, const char *keys,
                       struct run_setup *ret_setup)
{
    static const struct service_definition *const definitions[BROKER_GROUPS] = {
        &triage_definition, &escalator_definition, &notifier_definition};
    *ret_setup = (struct run_setup){
        .county = county_new(keys, options->pack), .days = options->days, .tells = options->tells};
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
            ret_setup->config[group][slot] = make_config(definitions[group], slot, keys);
        }
    }
}

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

static void run_job(const struct jobs_options *options, unsigned index, struct job *job,
                    const char *folder)
{
    char keys[96];
    struct run_setup setup;
    (void)snprintf(keys, sizeof(keys), "%s/%u", folder, index);
    log_set_level(LOG_LEVEL_ERROR);
    make_setup(options, keys, &setup);
    for (uint64_t i = index; i < options->count; i += options->jobs) {
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
}

/* --- all of them ------------------------------------------------------------------------------------------------------- */

static double clock_s(void)
{
    struct timespec now;
    sw_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void remove_folder(const char *folder)
{
    char command[160];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    (void)(system(command) + 0);
}

static bool run_all(const struct jobs_options *options, struct job *jobs, const char *folder)
{
    pid_t children[JOBS_MAX];
    bool has_failed = false;
    for (unsigned i = 0; i < options->jobs; i++) {
        children[i] = fork();
        sw_assert(children[i] >= 0);
        if (children[i] == 0) {
            run_job(options, i, &jobs[i], folder);
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
    char folder[] = "/tmp/sw-sim-XXXXXX";
    struct job *jobs = mmap(NULL, JOBS_MAX * sizeof(*jobs), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sw_assert(jobs != MAP_FAILED && mkdtemp(folder) != NULL);
    double start_s = clock_s();
    bool has_failed = run_all(options, jobs, folder);
    remove_folder(folder);
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
    return !has_failed;
}
