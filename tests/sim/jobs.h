/* Many seeds, in processes of their own: a seed that makes a service assert ends its process only. */
#ifndef TESTS_SIM_JOBS_H
#define TESTS_SIM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

enum { JOBS_MAX = 64 };

struct jobs_options {
    uint64_t first;
    uint64_t count;
    int64_t days;
    unsigned jobs;
    const char *pack;
    bool tells;
    const char *program;
};

/* Runs them, and prints each finding with the command that shows it again, and at last the sums. False: something was found. */
bool jobs_run(const struct jobs_options *options);

#endif
