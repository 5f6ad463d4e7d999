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
    bool finds; /* a bug is there, and must be found: the first finding ends it well */
    const char *program;
};

/* Runs them, and prints each finding with the command that shows it again, and at last the sums. False: something was found, or nothing where it should
 * have been. */
bool jobs_run(const struct jobs_options *options);

#endif
