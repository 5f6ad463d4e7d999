/* Who is who for the commands of rosters: the directory of the topic, or files named by --directory, in which references stand
 * as the ids. */
#ifndef CTL_ROSTER_OPEN_H
#define CTL_ROSTER_OPEN_H

#include "ctl/backtest_people.h"
#include "ctl/directory_open.h"

struct roster_people {
    struct directory directory;
    struct backtest_people files;
    const struct org *org;
    bool is_from_files;
};

/* The command has the option --directory. Any code but CTL_OK after a line on stderr; roster_close in any case. */
enum ctl_exit roster_open(struct ctl *ctl, struct roster_people *ret_people);
void roster_close(struct roster_people *people);

/* Whether the first word is a unit; the role of the second. CTL_REFUSED, CTL_USAGE after a line on stderr. */
enum ctl_exit roster_read_role(struct ctl *ctl, const struct org *org, enum org_role *ret_role);

#endif
