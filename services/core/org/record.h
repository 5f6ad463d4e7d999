/* The records of the directory as checked values. A record in hand borrows its texts and arrays from whoever made it; one
 * that the org answers is the org's own, valid until that record is put again or removed. Empty text: not given. */
#ifndef CORE_ORG_RECORD_H
#define CORE_ORG_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/casework/terms.h"
#include "core/org/role.h"
#include "core/roster/roster.h"
#include "core/roster/zone.h"

/* Bounds of one record; a record beyond one is refused as a whole. */
enum {
    ORG_ID_MAX_BYTES = 64,        /* persons, groups, households, logins: [A-Za-z0-9._-] */
    ORG_UNIT_ID_MAX_BYTES = 48,   /* [a-z0-9-] */
    ORG_DIGEST_MAX_BYTES = 64,    /* hexadecimal */
    ORG_SOURCE_MAX_BYTES = 256,   /* ce_source; printable, without spaces */
    ORG_TEXT_MAX_BYTES = 256,     /* labels, numbers, jurisdictions, zone names */
    ORG_PASSWORD_MAX_BYTES = 128, /* an argon2id text as libsodium writes it */
    ORG_SEALED_MAX_BYTES = 8192,  /* of one encoded value */
    ORG_TOKEN_HASH_BYTES = 32,
    ORG_ABOVE_MAX = 8,
    ORG_HELP_LINES_MAX = 8,
    ORG_ADDRESSES_MAX = 16,
    ORG_GUARDIANS_MAX = 12,
    ORG_HOLDINGS_MAX = 16,
    ORG_IDENTIFIERS_MAX = 8,
    ORG_FLAGS_MAX = 16,
    ORG_KINDS_MAX = 32,
    ORG_UNITS_MAX = 256,
    ORG_ROLES_MAX = 16,
    ORG_SECRETS_MAX = 4,
    ORG_KEY_MAX_BYTES = 512, /* of a record's key in the topic */
};

/* Values equal those of the records, as those of case_channel do. */
enum org_unit_kind { ORG_UNIT_NONE, ORG_UNIT_SCHOOL, ORG_UNIT_COUNTY, ORG_UNIT_CITY };
enum org_group_kind { ORG_GROUP_NONE, ORG_GROUP_CAMPUS, ORG_GROUP_GRADE, ORG_GROUP_CLASS };
enum org_person_kind {
    ORG_PERSON_NONE,
    ORG_PERSON_STUDENT,
    ORG_PERSON_STAFF,
    ORG_PERSON_GUARDIAN,
    ORG_PERSON_PARTNER,
};

struct org_unit {
    struct str id;
    enum org_unit_kind kind;
    struct str parent;
    struct str jurisdiction; /* chooses the policies */
    struct str label;
    struct str time_zone; /* IANA name, for people; `zone` is what counts */
    struct zone zone;
    struct str switchboard; /* the printed number */
    const struct str *help_lines;
    size_t help_line_count;
    const struct str *above; /* unit ids from parent to top */
    size_t above_count;
};

struct org_group {
    struct str id;
    struct str unit;
    enum org_group_kind kind;
    struct str parent; /* group */
    struct str label;
};

struct org_address {
    enum case_channel channel;
    struct str digest; /* keyed: equal numbers have equal digests */
    struct str sealed; /* one encoded Sealed, opaque; empty where the org does not keep it */
};

struct org_guardian {
    struct str person;
    struct str relation; /* mother, father, grandparent, caregiver, other */
    bool remote;         /* does not live with the pupil */
    bool pick_up;        /* may fetch the pupil */
};

struct org_holding {
    enum org_role role;
    struct str group;      /* class, grade or campus; empty: the unit */
    struct str substitute; /* person */
};

/* What asks for more care of a student (left behind, poverty, a divorce …) and is no finding of risk: it changes when they are
 * talked to, and never a level. */
struct org_flag {
    struct str code;    /* "left_behind" */
    struct str source;  /* who says so, a code: "class_teacher", "civil_affairs" */
    int64_t expires_ms; /* 0: it stands until it is taken away */
};

struct org_person {
    struct str id;
    struct str unit;
    enum org_person_kind kind;
    struct str household;
    struct str group; /* class of a student */
    struct str lang;  /* empty: "zh" */
    struct str name;  /* one encoded Sealed, opaque; empty where the org does not keep it */
    const struct org_address *addresses; /* in order of preference */
    size_t address_count;
    const struct org_guardian *guardians; /* in contact order */
    size_t guardian_count;
    const struct org_holding *holdings;
    size_t holding_count;
    const struct str *identifiers; /* keyed hashes of the sender's own identifiers */
    size_t identifier_count;
    const struct org_flag *flags; /* of a student */
    size_t flag_count;
};

/* A bearer token, hashed at rest. */
struct org_token {
    uint8_t hash[ORG_TOKEN_HASH_BYTES];
    struct str unit;         /* the subtree it may write for */
    const struct str *kinds; /* "incident.*", "incident.concern"; none: all */
    size_t kind_count;
    struct str source; /* the ce_source it may use; empty: any */
    struct str label;
    int64_t expires_ms; /* 0: never */
};

/* A foreign producer on the topic. */
struct org_source {
    struct str name;         /* ce_source */
    struct str unit;         /* where it is filed */
    const struct str *units; /* what it may name, with all below each */
    size_t unit_count;
};

struct org_user {
    struct str login;
    struct str person;
    struct str unit;         /* the subtree the user may see */
    struct str password;     /* argon2id text */
    const struct str *roles; /* console roles beside those the person holds */
    size_t role_count;
};

/* An organisation beside the schools that hears of its area by machine. */
struct org_partner {
    struct str id;       /* as a unit's */
    struct str unit;     /* its area: this unit and all below it */
    struct str audience; /* of core/disclose */
    struct str label;
    enum case_channel channel; /* FEED or WEBHOOK */
    struct str url; /* one encoded Sealed, opaque; empty where the org does not keep it */
    const struct str *secrets; /* likewise, the newest first */
    size_t secret_count;
    enum case_level level_at_least; /* of alerts; NONE: all */
};

enum org_record_kind {
    ORG_RECORD_NONE,
    ORG_RECORD_UNIT,
    ORG_RECORD_GROUP,
    ORG_RECORD_PERSON,
    ORG_RECORD_ROSTER,
    ORG_RECORD_TOKEN,
    ORG_RECORD_SOURCE,
    ORG_RECORD_USER,
    ORG_RECORD_PARTNER,
};

enum { ORG_RECORD_LAST = ORG_RECORD_PARTNER };

struct org_record {
    enum org_record_kind kind;
    union {
        struct org_unit unit;
        struct org_group group;
        struct org_person person;
        struct roster roster;
        struct org_token token;
        struct org_source source;
        struct org_user user;
        struct org_partner partner;
    };
};

/* What is wrong with a record from outside: NULL, or a sentence in static storage. Bounds, alphabets, enums and what one
 * record can tell of itself; not whether what it names exists. */
const char *org_record_fault(const struct org_record *record);

/* The key in the topic: "<unit>/person/<id>" …; a record without fault fits. Returns the text in `ret_key`. */
struct str org_record_key(const struct org_record *record, char ret_key[ORG_KEY_MAX_BYTES]);

#endif
