/* The organisation in memory, of one process or one partition: fed record by record from the topic, asked by everybody.
 *
 * Pure and idempotent: the same records in any order give the same answers. What a record names may come later or never: a
 * query then answers as if it were not there. Lists are sorted by unit, then id.
 *
 * Persons are filed per unit: one person may have a record in several units, under the same id (a guardian with children in
 * two schools). Queries take the unit they ask for and look there first, then in the units above. */
#ifndef CORE_ORG_ORG_H
#define CORE_ORG_ORG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "core/org/record.h"

struct org;

enum { ORG_RECORDS_MAX = 8 * 1024 * 1024, ORG_CHAIN_MAX = 8 };

struct org_setup {
    size_t record_max; /* 0: ORG_RECORDS_MAX; a new record beyond it is refused */
    uint64_t seed;     /* of the hash tables */
    bool keep_sealed;  /* names and address values; services that cannot open them leave them out */
};

/* NULL when memory is out. */
struct org *org_new(const struct org_setup *setup);
void org_free(struct org *org);

/* Copies the record in, in place of one of the same key. Values answered before for that key are gone. ERR_INVALID: it has
 * a fault; ERR_FULL, ERR_MEMORY: nothing changed. */
SW_NODISCARD int org_put(struct org *org, const struct org_record *record);

/* Takes the record of a key out (a tombstone); an unknown or malformed key is ignored. True: there was one. */
bool org_remove(struct org *org, struct str key);

/* Whether a key names a record of the org: "<unit>/unit", "<unit>/person/<id>" …, not a pack's. */
bool org_owns_key(struct str key);

size_t org_count(const struct org *org);
size_t org_memory_bytes(const struct org *org);

/* --- Single records; NULL: not there. ------------------------------------------------------------------------------ */

const struct org_unit *org_find_unit(const struct org *org, struct str unit);
const struct org_group *org_find_group(const struct org *org, struct str unit, struct str group);
const struct org_person *org_find_person(const struct org *org, struct str unit, struct str person);
const struct roster *org_find_roster(const struct org *org, struct str unit, struct str role);
const struct org_token *org_find_token(const struct org *org,
                                       const uint8_t hash[ORG_TOKEN_HASH_BYTES]);
const struct org_user *org_find_user(const struct org *org, struct str login);

/* The partner of that id whose area the unit lies in. */
const struct org_partner *org_find_partner(const struct org *org, struct str unit,
                                           struct str partner);

/* The person of the unit with that keyed hash of a sender's own identifier. */
const struct org_person *org_find_identifier(const struct org *org, struct str unit,
                                             struct str digest);

/* --- The tree ------------------------------------------------------------------------------------------------------ */

/* Whether `unit` is `top` or below it. False for a unit that is not known. */
bool org_is_within(const struct org *org, struct str unit, struct str top);

/* The offsets of the unit, or of the first one above that has any; China's when none has. */
struct zone org_zone(const struct org *org, struct str unit);

/* The group and what it lies in, innermost first: class, grade, campus. Stops at a loop. Returns how many. */
size_t org_group_chain(const struct org *org, struct str unit, struct str group,
                       const struct org_group *ret_groups[ORG_CHAIN_MAX]);

/* The campus of the group; empty: the unit has none, or not known. */
struct str org_campus(const struct org *org, struct str unit, struct str group);

/* What a token or a foreign producer may write: the unit, and "<topic>.<kind>" such as "incident.self_harm". Expiry is
 * judged at `at_ms`. */
bool org_token_allows(const struct org *org, const struct org_token *token, struct str unit,
                      struct str kind, int64_t at_ms);
bool org_source_allows(const struct org *org, struct str source, struct str unit);

/* --- Lists: at most `max` are written; returns how many there are in all. -------------------------------------------- */

size_t org_list_children(const struct org *org, struct str unit, const struct org_unit **ret_units,
                         size_t max);
size_t org_list_units(const struct org *org, const struct org_unit **ret_units, size_t max);
size_t org_list_groups(const struct org *org, struct str unit, const struct org_group **ret_groups,
                       size_t max);
size_t org_list_persons(const struct org *org, struct str unit,
                        const struct org_person **ret_persons, size_t max);
size_t org_list_students(const struct org *org, struct str unit, struct str group,
                         const struct org_person **ret_persons, size_t max); /* of one class */
size_t org_list_holders(const struct org *org, struct str unit, enum org_role role,
                        const struct org_person **ret_persons, size_t max); /* filed in that unit */
size_t org_list_household(const struct org *org, struct str household,
                          const struct org_person **ret_persons, size_t max);
size_t org_list_digest(const struct org *org, struct str digest,
                       const struct org_person **ret_persons, size_t max);

/* Partners whose area the unit lies in. */
size_t org_list_partners(const struct org *org, struct str unit,
                         const struct org_partner **ret_partners, size_t max);

/* Pupils who share a guardian or a household with the pupil, without the pupil itself; returns how many were written. */
size_t org_list_siblings(const struct org *org, const struct org_person *student,
                         const struct org_person **ret_persons, size_t max);

/* --- Conflicts ----------------------------------------------------------------------------------------------------- */

/* One who is kept out of a case. */
struct org_excluded {
    struct str person;
    struct str household; /* as it was at the time; empty: the person's record tells */
};

/* Whether the person is one of them or lives with one. Another pupil who is kept out does not keep out the household. */
bool org_is_excluded(const struct org *org, const struct org_person *person,
                     const struct org_excluded *excluded, size_t excluded_count);

/* Whether a number of the person is also one of theirs. */
bool org_is_shared_digest(const struct org *org, struct str digest,
                          const struct org_excluded *excluded, size_t excluded_count);

#endif
