/* The container behind struct casework. Internal to casework. */
#ifndef CORE_CASEWORK_CASEWORK_INSIDE_H
#define CORE_CASEWORK_CASEWORK_INSIDE_H

#include "base/ident_index.h"
#include "base/map.h"
#include "base/wheel.h"
#include "core/casework/casework.h"
#include "core/casework/pack.h"

enum {
    WHEEL_START = 1024,
    CHUNK_SLOTS = 256,
    UNITS_MAX = 1024 * 1024,
    TOUCHED_MAX = 64, /* cases of one step: a conflict reaches the pupil's and the siblings' */
};

struct slot {
    struct ident id;
    struct ident key;      /* of subject and family, while the case is open */
    struct packed *packed; /* NULL while the slot is free */
    uint32_t index;
    bool keyed;
    bool owes_interview;
};

struct unit {
    struct str name;     /* its bytes follow the struct */
    uint64_t number;     /* of the last case */
    uint32_t interviews; /* cases that owe one */
};

/* A person who is kept out of a case of the unit, also of one that is closed. */
struct kept_out {
    struct ident key;
    size_t count; /* cases */
    enum case_conflict_reason reason;
};

/* A case as a step leaves it, with what its slot must know of it. */
struct touched {
    struct slot *slot; /* NULL: a new case */
    struct packed *packed;
    struct ident id;
    struct ident key;
    bool wants_key;    /* it takes in further signals */
    struct unit *unit; /* where that changes how many interviews are owed, else NULL */
    bool owes_interview;
    int64_t due_ms;
};

/* A block that the last step replaced: its effects may point there. */
struct retired {
    struct ident id;
    struct packed *packed;
};

struct casework {
    struct casework_setup setup;
    const struct policy_set *sets[CASEWORK_SETS_MAX];
    size_t set_count;
    struct slot **chunks; /* of CHUNK_SLOTS each: slots stay where they are */
    size_t chunk_count;
    size_t chunk_capacity;
    size_t slot_count;
    struct ident_index by_id;
    struct ident_index by_key;
    struct map units;
    struct map kept_out;
    struct wheel *wheel;
    struct packer packer;
    struct pack_scratch scratch; /* the case that is worked on */
    struct pack_scratch *view;   /* a case that is looked at */
    struct str begun_subject;    /* of the scratch, as it was loaded */
    enum case_family begun_family;
    struct touched touched[TOUCHED_MAX];
    size_t touched_count;
    struct retired retired[TOUCHED_MAX];
    size_t retired_count;
};

/* --- casework.c ------------------------------------------------------------------------------------------------------ */

const struct policy_set *casework_find_set(const struct casework *casework,
                                           const uint8_t hash[POLICY_HASH_BYTES]);

/* The set for a new case of the unit, made known. ERR_NOT_FOUND, ERR_FULL. */
SW_NODISCARD int casework_choose_set(struct casework *casework, struct str unit,
                                     const struct policy_set **ret_set);

/* NULL when memory is out. */
struct unit *casework_get_unit(struct casework *casework, struct str name);

static inline struct slot *casework_slot(const struct casework *casework, uint32_t index)
{
    return &casework->chunks[index / CHUNK_SLOTS][index % CHUNK_SLOTS];
}

/* The slot of a case, or NULL. */
struct slot *casework_find(const struct casework *casework, struct ident case_id);

/* The case that takes in signals of the family about the subject, or NULL. */
struct slot *casework_find_open(const struct casework *casework, struct str unit,
                                struct str subject, enum case_family family);

void casework_free_retired(struct casework *casework);

/* NULL when memory is out or the bound is reached. */
struct slot *casework_add_slot(struct casework *casework, struct ident id);
void casework_remove_slot(struct casework *casework, struct slot *slot);

/* The case of the slot, unpacked into the view: until the next one is looked at. */
const struct casefile *casework_look(const struct casework *casework, const struct slot *slot);

/* What the slot must know of the case; `has_key`: the slot's key is that of the case. `slot` may be NULL. */
struct touched casework_describe(const struct casework *casework, struct slot *slot,
                                 const struct casefile *file, bool has_key);

/* Puts a packed case into its slot and arms its timer; what lay there is the caller's. Uses the view. ERR_MEMORY, ERR_FULL:
 * nothing changed. */
SW_NODISCARD int casework_install(struct casework *casework, struct slot *slot,
                                  const struct touched *touched);

/* Why the person is kept out of some case of the unit, or CASE_CONFLICT_NONE. */
enum case_conflict_reason casework_conflict_of(const struct casework *casework, struct str unit,
                                               struct str person);

#endif
