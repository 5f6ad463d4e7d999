/* The closed list of roles, from roles.def. */
#ifndef CORE_ORG_ROLE_H
#define CORE_ORG_ROLE_H

#include <stdbool.h>

#include "base/str.h"

enum org_role {
    ORG_ROLE_NONE,
#define ORG_ROLE(name, scope, above, id, zh, en) ORG_ROLE_##name,
#include "core/org/roles.def"
#undef ORG_ROLE
    ORG_ROLE_COUNT,
};

enum org_role_scope {
    ORG_ROLE_SCOPE_NONE,
    ORG_ROLE_SCOPE_CLASS,
    ORG_ROLE_SCOPE_GRADE,
    ORG_ROLE_SCOPE_SCHOOL,
    ORG_ROLE_SCOPE_COUNTY,
    ORG_ROLE_SCOPE_FAMILY,
};

/* "duty_leader" of files and records; "" for NONE and outside of the enum. Static storage, as all of these. */
const char *org_role_id(enum org_role role);

/* What people read; `lang` "en", anything else gives Chinese. */
const char *org_role_label(enum org_role role, struct str lang);

enum org_role_scope org_role_scope(enum org_role role);

/* The role of the units above that takes this one when a unit has nobody; NONE: nobody does. */
enum org_role org_role_above(enum org_role role);

/* The role of an id; false, and nothing written, for any other text ("first_acknowledger" is casework's, not one). */
bool org_role_parse(struct str id, enum org_role *ret_role);

#endif
