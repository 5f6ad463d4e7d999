/* What stops notices: cancels and conflicts of cases, kept until their time, for the notices that are queued and for those
 * that come after them. Entities of the notifier: put and removed by id, so that a batch can be undone. */
#ifndef CORE_NOTICE_STOPS_H
#define CORE_NOTICE_STOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"
#include "core/org/org.h"

enum {
    STOPS_MAX = 1000 * 1000, /* kept at once; a further one is refused */
    STOP_IDS_MAX = 128,      /* of one cancel */
    STOP_TEXT_MAX_BYTES = 64,
};

enum stop_kind { STOP_CANCEL, STOP_CONFLICT };

/* Borrowed. */
struct stop {
    enum stop_kind kind;
    struct ident id;
    struct ident case_id;
    const struct ident *notices; /* of a cancel; none: all of the case that match what follows */
    size_t notice_count;
    struct str person;           /* empty: any; of a conflict: who */
    struct str role;             /* empty: any */
    uint32_t generation_at_most; /* 0: any */
    struct str reason;
    uint64_t
        order; /* of the record: a later conflict record of a person overrules an earlier one */
    int64_t until_ms;
};

struct stops;

/* NULL when memory is out. */
struct stops *stops_new(uint64_t seed);
void stops_free(struct stops *stops);

/* Copies it in, in place of one of the same id. ERR_FULL, ERR_MEMORY, ERR_TOO_LARGE (more ids or longer texts than the
 * bounds). */
SW_NODISCARD int stops_put(struct stops *stops, const struct stop *stop);

/* False: there was none. */
bool stops_remove(struct stops *stops, struct ident id);

/* The one of that id, borrowed until the next change, or NULL. */
const struct stop *stops_find(const struct stops *stops, struct ident id);
/* The first conflict of the person in the case, or NULL: what a clearing removes. */
const struct stop *stops_find_conflict(const struct stops *stops, struct ident case_id,
                                       struct str person);
size_t stops_count(const struct stops *stops);

/* What is asked about a notice. */
struct stop_question {
    struct ident id;
    struct ident case_id;
    struct str unit;
    struct str person;
    struct str role;
    uint32_t generation;
    struct str address_digest; /* empty: not chosen yet */
};

/* The reason why the notice must not be sent, or an empty text. A conflict holds for the person, for whoever lives with
 * them, and for every number they share (`org`). The reason is borrowed until the next change. */
struct str stops_check(const struct stops *stops, const struct org *org,
                       const struct stop_question *question);

/* Whether the person is kept out of the case, by conflict alone. */
bool stops_is_conflicted(const struct stops *stops, const struct org *org,
                         const struct stop_question *question);

#endif
