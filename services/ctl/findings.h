/* What core/org/check finds, told line by line: for `check --directory` and `roster check`. */
#ifndef CTL_FINDINGS_H
#define CTL_FINDINGS_H

#include "core/org/org.h"
#include "ctl/ctl.h"

/* The number of the option --days, 28 without it. CTL_USAGE after a line on stderr. */
enum ctl_exit findings_read_days(const struct ctl *ctl, int64_t *ret_days);

/* The roles that must have somebody. */
struct findings_roles {
    enum org_role items[ORG_ROLE_COUNT];
    size_t count;
};

/* Checks the organisation from now on for so many days and says each finding of the unit (empty: of all). CTL_REFUSED:
 * there were errors. */
enum ctl_exit findings_tell(struct ctl *ctl, const struct org *org, int64_t days, struct str unit,
                            const struct findings_roles *roles);

/* `, "name": "value"`, or nothing for an empty value. */
void findings_add_member(struct buffer *text, const char *name, struct str value);

#endif
