/* Who has a role for a subject at an instant, with the addresses that may be used; why somebody was passed over; and
 * whether the role has a gap.
 *
 * For one role, in this order: on duty by the unit's roster of that role, if it has one; else those who hold it, in the
 * nearest scope that has any (class, grade, campus, unit; roles.def says which). Whoever is excluded or has no usable
 * address is replaced by the substitute (of the shift or the holding), if that one is neither. When a roster has nobody,
 * those who hold the role are taken; when the unit has nobody at all, the role above it of the nearest unit that has one
 * (roles.def). Either way `gap` says what fell short of the role itself: a step is empty only when `count` is 0. */
#ifndef CORE_ORG_RESOLVE_H
#define CORE_ORG_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/org/org.h"
#include "core/org/role.h"

enum {
    ORG_RECIPIENTS_MAX = 16, /* further ones are left out, and `cut` is set */
    ORG_PASSED_MAX = 32,     /* further ones are not listed */
    ORG_EXCLUDED_MAX = 64,   /* asserted */
};

enum org_gap {
    ORG_GAP_NONE,
    ORG_GAP_NO_HOLDER,   /* nobody holds the role */
    ORG_GAP_NOT_ON_DUTY, /* it has a roster, and nobody is on duty */
    ORG_GAP_EXCLUDED,    /* all who would be are in conflict, and no substitute is left */
    ORG_GAP_NO_CHANNEL,  /* all who would be cannot be reached, and no substitute is left */
};

/* "no_holder" …, for alerts and journal lines; "" for NONE. Static storage. */
const char *org_gap_name(enum org_gap gap);

struct org_query {
    enum org_role role;
    struct str unit;
    struct str subject; /* person the case is about; empty or unknown: none */
    struct str group;   /* its class, or the group the case is about; empty: its record tells */
    int64_t at_ms;
    const struct org_excluded *excluded;
    size_t excluded_count;
};

struct org_reach {
    enum case_channel channel;
    struct str digest;
};

/* All texts are borrowed from the org: valid until the next put or remove. */
struct org_recipient {
    const struct org_person *person;
    enum org_role role;    /* the one asked for, or the role above that stands in for it */
    struct str instead_of; /* person who is replaced; empty: nobody */
    struct str relation;   /* of a guardian */
    bool remote;           /* of a guardian */
    bool pick_up;          /* of a guardian */
    bool by_roster;        /* on duty, not only holder */
    struct org_reach reaches[ORG_ADDRESSES_MAX]; /* usable addresses, in order of preference */
    size_t reach_count;                          /* at least one */
};

/* One who was not taken, for the explanation. */
struct org_passed {
    struct str person;
    enum org_gap reason; /* EXCLUDED, NO_CHANNEL; NO_HOLDER: named, but has no record */
};

struct org_resolution {
    struct org_recipient recipients[ORG_RECIPIENTS_MAX]; /* each person once */
    size_t count;
    struct org_passed passed[ORG_PASSED_MAX];
    size_t passed_count;
    enum org_gap gap;
    struct str unit; /* where they were found; empty when nobody was */
    bool cut;
};

/* Never fails; a query for ORG_ROLE_NONE or an unknown unit answers NO_HOLDER. About 8 kB are written. */
void org_resolve(const struct org *org, const struct org_query *query,
                 struct org_resolution *ret_resolution);

/* Whether the person may act in the role: holds it in the unit (of a class or grade: the subject's, where that is known), is
 * a substitute in it, or is on duty by roster; a role of county scope also from the units above. For `guardians`: is one of
 * `subject`. Exclusions are not looked at. */
bool org_has_role(const struct org *org, const struct org_query *query, struct str person);

#endif
