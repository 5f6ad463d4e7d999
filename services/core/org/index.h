/* Inside of org: finds objects by something other than their key. A hash table of chains; a link lies in the object it
 * finds, so that nothing is allocated per entry. Not thread-safe. */
#ifndef CORE_ORG_INDEX_H
#define CORE_ORG_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct org_object;

enum org_index_tag {
    ORG_INDEX_UNITS,      /* every unit; no words */
    ORG_INDEX_CHILDREN,   /* units by parent */
    ORG_INDEX_GROUPS,     /* groups by unit */
    ORG_INDEX_PERSONS,    /* persons by unit */
    ORG_INDEX_STUDENTS,   /* by unit and class */
    ORG_INDEX_HOLDERS,    /* by unit and role */
    ORG_INDEX_WARDS,      /* students by unit and guardian */
    ORG_INDEX_IDENTIFIER, /* persons by unit and identifier digest */
    ORG_INDEX_HOUSEHOLD,  /* persons by household */
    ORG_INDEX_DIGEST,     /* persons by address digest */
    ORG_INDEX_PERSON,     /* persons by id, in any unit */
    ORG_INDEX_TOKEN,      /* by hash */
    ORG_INDEX_SOURCE,     /* by name */
    ORG_INDEX_USER,       /* by login */
    ORG_INDEX_PARTNERS,   /* by unit */
};

/* What is looked for; a word that the tag does not use is empty. */
struct org_index_key {
    enum org_index_tag tag;
    struct str unit;
    struct str word;
};

/* The texts of the key are borrowed from the object. */
struct org_link {
    struct org_link *next;
    struct org_link **slot; /* what points at this one; NULL: in no index */
    struct org_object *object;
    struct org_index_key key;
    uint64_t hash;
};

struct org_index {
    struct org_link **slots; /* a power of two of them */
    size_t slot_count;
    size_t count;
    uint64_t seed;
};

void org_index_init(struct org_index *index, uint64_t seed);
void org_index_fini(struct org_index *index);

/* Makes room for `count` more links. ERR_MEMORY: nothing changed. */
SW_NODISCARD int org_index_reserve(struct org_index *index, size_t count);

/* Adds a link with its object and key set; there must be room. */
void org_index_add(struct org_index *index, struct org_link *link);

void org_index_remove(struct org_index *index, struct org_link *link);

/* The links of a key in no order: first, then next until NULL. */
struct org_link *org_index_first(const struct org_index *index, const struct org_index_key *key);
struct org_link *org_index_next(const struct org_link *link);

#endif
