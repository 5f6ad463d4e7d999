/* One checked event, as rules and triage see it: plain values, bytes borrowed from whoever made it (wire fills it from the
 * record; the driver of a test by hand). A value type.
 *
 * Closed vocabularies are those of casework, and like them have the values of the records (shouwang/v1), 0 = not given.
 * Sealed parts are encoded Sealed values that nobody here opens; the answers of a screening come opened, or not at all. */
#ifndef CORE_RULES_EVENT_H
#define CORE_RULES_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "core/casework/terms.h"

enum {
    EVENT_ID_MAX_BYTES = 128,
    EVENT_SOURCE_MAX_BYTES = 256,
    EVENT_UNIT_MAX_BYTES = 48, /* [a-z0-9-] */
    EVENT_KIND_MAX_BYTES = 48, /* [a-z0-9_] */
    EVENT_REF_MAX_BYTES = 64,  /* [A-Za-z0-9._-] */
    EVENT_PARTIES_MAX = 32,
    EVENT_SIGNS_MAX = 8,
    EVENT_JOINS_MAX = 8,
    EVENT_ITEMS_MAX = 200,
    EVENT_SESSION_MAX_BYTES = 32,
    EVENT_GATE_MAX_BYTES = 64,
    EVENT_CODE_MAX_BYTES = 64, /* instrument, version, campaign, informant, norm set, gbt35561 */
    EVENT_MANDATORY_CODE_MAX = 9,
};

enum event_family {
    EVENT_FAMILY_NONE,
    EVENT_FAMILY_SCREENING,
    EVENT_FAMILY_ATTENDANCE,
    EVENT_FAMILY_INCIDENT,
    EVENT_FAMILY_COUNT,
};

enum event_kind {
    EVENT_KIND_UNKNOWN,
#define EVENT_KIND(name, text, family) EVENT_KIND_##name,
#include "core/rules/event_kinds.def"
#undef EVENT_KIND
    EVENT_KIND_COUNT,
};

/* Bits of event_incident.signs: 1 << value of the record's Sign. A value that this version does not know is kept as its
 * bit up to 31: any bit is a ticked sign. */
enum event_sign {
    EVENT_SIGN_FAREWELL = 1 << 1,
    EVENT_SIGN_PLAN = 1 << 2,
    EVENT_SIGN_MEANS = 1 << 3
};

enum event_roll {
    EVENT_ROLL_NONE,
    EVENT_ROLL_PRESENT,
    EVENT_ROLL_ABSENT_EXPLAINED,
    EVENT_ROLL_ABSENT_UNEXPLAINED,
    EVENT_ROLL_LATE,
    EVENT_ROLL_NOT_TAKEN,
};

struct event_party {
    struct str ref; /* opaque person id, or "u-…" */
    enum case_party_role role;
    bool unresolved;
    enum case_conflict_reason conflict;
};

struct event_incident {
    enum case_place place; /* NONE is read as unknown, here and in the next two */
    enum case_danger danger;
    enum case_injury injury;
    uint32_t signs; /* bits of event_sign */
    uint32_t mandatory_code;
    struct str gbt35561;
    const struct str *joins;
    size_t join_count;
};

struct event_attendance {
    struct str session;
    int64_t session_start_ms;
    enum event_roll state;
    uint32_t enrolled_count;
    uint32_t absent_count; /* unexplained */
    uint32_t absent_share; /* hundredths of a percent, where there are no counts */
    bool confirmed;
    struct str gate;
};

struct event_item {
    struct str item; /* "9" */
    int32_t value;
};

struct event_screening {
    struct str instrument;
    struct str version;
    uint32_t item_count;
    struct str campaign;
    struct str informant;
    struct str norm_set;
    bool refused;
    struct str answers;    /* encoded Sealed; empty: none */
    bool answers_are_open; /* the members below hold what it says */
    const struct event_item *items;
    size_t opened_count;
    bool has_score;
    double score;
    bool valid;
};

/* Encoded Sealed values; empty: none. */
struct event_sealed {
    struct str text;
    struct str reporter_name;
    struct str callback;
    struct str with_pupil;
    struct str place_detail;
    struct str sender_ids;
    struct str extra;
};

struct event {
    struct str id;
    struct str source;
    struct str unit;
    enum event_family family;
    enum event_kind
        kind; /* UNKNOWN: `kind_name` is all there is; also a known name in another family */
    struct str kind_name;
    const struct event_party *parties;
    size_t party_count;
    bool has_scope;   /* no person is affected: it is about `group` */
    struct str group; /* class or grade id; empty: the whole unit */
    int64_t occurred_ms;
    int64_t discovered_ms; /* never 0: reported_ms when it was missing */
    int64_t reported_ms;   /* never 0 */
    int64_t accepted_ms;   /* 0 from a foreign producer */
    struct str
        subject; /* whom it is judged for: set by triage, of its subjects one after the other */
    struct ident
        body_digest; /* of the body as the sender wrote it; of the record when the sender wrote that */
    bool discovered_missing;
    bool unresolved;
    bool history;
    bool id_reused;
    union { /* by family */
        struct event_incident incident;
        struct event_attendance attendance;
        struct event_screening screening;
    };
    struct event_sealed sealed;
};

/* The kind of that name in that family, or UNKNOWN. */
enum event_kind event_kind_find(enum event_family family, struct str name);

/* "self_harm"; "" for UNKNOWN. Static storage. */
const char *event_kind_name(enum event_kind kind);

/* The family of a known kind; NONE for UNKNOWN. */
enum event_family event_kind_family(enum event_kind kind);

/* "incident", "screening", "attendance"; "" for NONE. Static storage: also the word in topic names and ce_type. */
const char *event_family_name(enum event_family family);

/* The family of such a word, or NONE. */
enum event_family event_family_find(struct str name);

/* The first party with that role, or NULL. */
const struct event_party *event_find_party(const struct event *event, enum case_party_role role);

#endif
