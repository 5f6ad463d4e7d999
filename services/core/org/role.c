#include "core/org/role.h"

static const struct {
    enum org_role_scope scope;
    enum org_role above;
    const char *id;
    const char *zh;
    const char *en;
} roles[ORG_ROLE_COUNT] = {
    [ORG_ROLE_NONE] = {ORG_ROLE_SCOPE_NONE, ORG_ROLE_NONE, "", "", ""},
#define ORG_ROLE(name, scope, above, id, zh, en)                                                   \
    [ORG_ROLE_##name] = {ORG_ROLE_SCOPE_##scope, ORG_ROLE_##above, #id, zh, en},
#include "core/org/roles.def"
#undef ORG_ROLE
};

/* The role as an index; whatever is outside of the enum is NONE. */
static enum org_role bounded(enum org_role role)
{
    return (unsigned)role < ORG_ROLE_COUNT ? role : ORG_ROLE_NONE;
}

const char *org_role_id(enum org_role role)
{
    return roles[bounded(role)].id;
}

const char *org_role_label(enum org_role role, struct str lang)
{
    return str_is(lang, "en") ? roles[bounded(role)].en : roles[bounded(role)].zh;
}

enum org_role_scope org_role_scope(enum org_role role)
{
    return roles[bounded(role)].scope;
}

enum org_role org_role_above(enum org_role role)
{
    return roles[bounded(role)].above;
}

bool org_role_parse(struct str id, enum org_role *ret_role)
{
    for (int role = ORG_ROLE_NONE + 1; role < ORG_ROLE_COUNT; role++) {
        if (str_is(id, roles[role].id)) {
            *ret_role = (enum org_role)role;
            return true;
        }
    }
    return false;
}
