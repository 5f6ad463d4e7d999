/* What is missing in an organisation before anybody needs it: roles that resolve to nobody, rosters with gaps, people who
 * cannot be called. */
#ifndef CORE_ORG_CHECK_H
#define CORE_ORG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/org/org.h"
#include "core/org/resolve.h"

enum org_finding_kind {
#define ORG_FINDING(name, is_error, id, zh, en) ORG_FINDING_##name,
#include "core/org/finding.def"
#undef ORG_FINDING
    ORG_FINDING_COUNT,
};

enum { ORG_CHECK_GAPS_MAX = 8 }; /* of one roster and campus; further ones are not listed */

/* Texts are borrowed from the org. */
struct org_finding {
    enum org_finding_kind kind;
    struct str unit;
    struct str group;       /* class, grade or campus; empty: the unit */
    struct str person;      /* of UNREACHABLE, NOT_FILED, PUPIL_WITHOUT_GUARDIAN */
    enum org_role role;     /* NONE where it is about no role */
    enum org_gap gap;       /* of a role: what fell short */
    struct roster_gap when; /* of ROSTER_GAP */
};

bool org_finding_is_error(enum org_finding_kind kind);

/* "roster_gap" …; static storage. */
const char *org_finding_id(enum org_finding_kind kind);

/* `lang` "en", anything else gives Chinese. Static storage. */
const char *org_finding_text(enum org_finding_kind kind, struct str lang);

struct org_check {
    const struct org *org;
    struct roster_gap
        within; /* the time that rosters must cover; roles are asked for at its start */
    const enum org_role *roles; /* those that the policies call */
    size_t role_count;
};

/* Unit by unit in the order of their ids; at most `max` findings are written, `ret_count` is how many there are in all.
 * Takes a while (every minute of every roster). ERR_MEMORY. */
SW_NODISCARD int org_check(const struct org_check *check, struct org_finding *ret_findings,
                           size_t max, size_t *ret_count);

#endif
