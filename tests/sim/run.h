/* One seed: a county, six processes, weeks of virtual time with everything going wrong, then a time in which nothing does and all
 * must come to an end. The same seed gives the same run. */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/check.h"
#include "sim/stage.h"

enum { RUN_DAYS_DEFAULT = 30 };

struct run_setup {
    const struct stage_setup *stage;
    int64_t days; /* a third of them is for healing */
    bool tells;   /* what happens, on stdout */
};

struct run_result {
    bool has_failed;
    char finding[CHECK_TEXT_BYTES];
    int64_t at_ms; /* of the finding, since the start */
    uint64_t entries;
    uint64_t steps;
    unsigned events;
    unsigned commands;
    unsigned cases;
    unsigned notices;
    unsigned sends;
    unsigned faults;
    unsigned closed;
};

void run_seed(const struct run_setup *setup, uint64_t seed, struct run_result *ret_result);

#endif
