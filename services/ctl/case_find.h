/* Finds a case, and who acts on it, in the topics: by the case's id or its number, by a login or person id. */
#ifndef CTL_CASE_FIND_H
#define CTL_CASE_FIND_H

#include "ctl/ctl.h"
#include "io/erasure.h"
#include "shouwang/v1/case.pb-c.h"
#include "shouwang/v1/directory.pb-c.h"

/* What is looked for; borrowed. */
struct case_find {
    const char *what;             /* 32 hexadecimal digits, or a number as people see it */
    const char *unit;             /* NULL: any; a number in several units is then refused */
    const char *who;              /* login or person id; NULL: nobody is looked for */
    bool wants_role;              /* the role is not known otherwise */
    struct erasure_keys *erasure; /* filled from the topic `keys` when not NULL */
};

/* Lies in the arena of `ctl`. */
struct case_found {
    Shouwang__V1__Case *record;
    struct str person; /* of `who` */
    struct str
        role; /* in which the case told that person, or else the first one that is held; may be empty */
};

/* Reads the topics to their ends. CTL_REFUSED: no such case, or several; CTL_UNAVAILABLE; each after a line on stderr. */
enum ctl_exit case_find(struct ctl *ctl, const struct case_find *find,
                        struct case_found *ret_found);

#endif
