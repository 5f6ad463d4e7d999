/* The simulator: seeds in, findings out.
 *
 *     sim [--seeds N] [--first SEED] [--days D] [--jobs J] [--pack DIR] [--tell] [--find]
 *
 * Exit code 0: nothing was found; 1: a seed failed, and its command was printed; 2: usage. With --find a finding is what is
 * wanted: it ends the run with 0, and 1 is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/jobs.h"
#include "sim/run.h"

static bool take_number(const char *text, uint64_t *ret_number)
{
    char *end = NULL;
    *ret_number = strtoull(text, &end, 10);
    return end != text && *end == '\0';
}

static bool read_options(int argc, char **argv, struct jobs_options *ret_options)
{
    uint64_t days = RUN_DAYS_DEFAULT;
    uint64_t jobs = 2;
    *ret_options =
        (struct jobs_options){.first = 1, .count = 100, .pack = SIM_PACK, .program = argv[0]};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--tell") == 0) {
            ret_options->tells = true;
        } else if (strcmp(argv[i], "--find") == 0) {
            ret_options->finds = true;
        } else if (strcmp(argv[i], "--pack") == 0 && value[0] != '\0') {
            ret_options->pack = argv[++i];
        } else {
            uint64_t *into = strcmp(argv[i], "--seeds") == 0   ? &ret_options->count
                             : strcmp(argv[i], "--first") == 0 ? &ret_options->first
                             : strcmp(argv[i], "--days") == 0  ? &days
                             : strcmp(argv[i], "--jobs") == 0  ? &jobs
                                                               : NULL;
            if (into == NULL || !take_number(value, into)) {
                return false;
            }
            i++;
        }
    }
    ret_options->days = (int64_t)days;
    ret_options->jobs = (unsigned)jobs;
    return days >= 3 && days <= 3650 && jobs >= 1 && jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
    struct jobs_options options;
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr,
                "usage: %s [--seeds N] [--first SEED] [--days D] [--jobs J] [--pack DIR] "
                "[--tell] [--find]\n",
                argv[0]);
        return 2;
    }
    return jobs_run(&options) ? 0 : 1;
}
