/* Who is who in a backtest of files: the files of a bureau, whose references stand as the ids, so that events may name people by
 * them. Nothing is hashed, since nothing leaves the process. */
#ifndef CTL_BACKTEST_PEOPLE_H
#define CTL_BACKTEST_PEOPLE_H

#include "core/org/org.h"
#include "ctl/ctl.h"
#include "wire/directory_file.h"

struct backtest_people {
    struct directory_import *import; /* NULL: no files were given */
    struct org *nobody;              /* then */
};

/* Reads the files of the option --directory. CTL_REFUSED: they have mistakes, told on stderr; CTL_UNAVAILABLE. To be given back
 * by backtest_people_fini in any case. */
enum ctl_exit backtest_read_people(struct ctl *ctl, struct backtest_people *ret_people);
void backtest_people_fini(struct backtest_people *people);

/* NULL: nothing was read. */
const struct org *backtest_people_org(const struct backtest_people *people);

#endif
