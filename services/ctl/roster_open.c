#include "ctl/roster_open.h"

enum ctl_exit roster_open(struct ctl *ctl, struct roster_people *ret_people)
{
    *ret_people = (struct roster_people){.is_from_files = ctl_option(ctl, "--directory") != NULL};
    enum ctl_exit code = ret_people->is_from_files ? backtest_read_people(ctl, &ret_people->files)
                                                   : directory_open(ctl, 0, &ret_people->directory);
    if (code == CTL_OK) {
        ret_people->org = ret_people->is_from_files ? backtest_people_org(&ret_people->files)
                                                    : ret_people->directory.org;
    }
    return code;
}

void roster_close(struct roster_people *people)
{
    if (people->is_from_files) {
        backtest_people_fini(&people->files);
    } else {
        directory_close(&people->directory);
    }
}

enum ctl_exit roster_read_role(struct ctl *ctl, const struct org *org, enum org_role *ret_role)
{
    if (org_find_unit(org, str_of(ctl->words[0])) == NULL) {
        return ctl_fail(CTL_REFUSED, "%s: no such unit", ctl->words[0]);
    }
    if (!org_role_parse(str_of(ctl->words[1]), ret_role) || *ret_role == ORG_ROLE_GUARDIANS) {
        return ctl_fail(CTL_USAGE, "%s: no role of the closed list that is worked in shifts",
                        ctl->words[1]);
    }
    return CTL_OK;
}
