/* What others ask of the records. */
#include <string.h>

#include "base/assert.h"
#include "core/org/index.h"
#include "core/org/object.h"
#include "core/org/org.h"
#include "core/org/store.h"

static const struct str NO_TEXT = {NULL, 0};

/* The record of a key in parts; texts of any length and content are fine. */
static const struct org_record *find(const struct org *org, struct str unit, const char *kind,
                                     struct str own)
{
    char key[ORG_KEY_MAX_BYTES];
    if (unit.len == 0 || unit.len > ORG_UNIT_ID_MAX_BYTES || own.len > ORG_SOURCE_MAX_BYTES) {
        return NULL;
    }
    size_t kind_len = strlen(kind);
    sw_assert(unit.len + 1 + kind_len + own.len <= sizeof(key));
    memcpy(key, unit.at, unit.len);
    memcpy(key + unit.len, kind, kind_len);
    if (own.len > 0) {
        memcpy(key + unit.len + kind_len, own.at, own.len);
    }
    const struct org_object *object =
        map_get(&org->objects, (struct str){key, unit.len + kind_len + own.len});
    return object == NULL ? NULL : &object->record;
}

const struct org_unit *org_find_unit(const struct org *org, struct str unit)
{
    const struct org_record *record = find(org, unit, "/unit", NO_TEXT);
    return record == NULL ? NULL : &record->unit;
}

const struct org_group *org_find_group(const struct org *org, struct str unit, struct str group)
{
    const struct org_record *record = group.len == 0 ? NULL : find(org, unit, "/group/", group);
    return record == NULL ? NULL : &record->group;
}

const struct org_person *org_find_person(const struct org *org, struct str unit, struct str person)
{
    const struct org_record *record = person.len == 0 ? NULL : find(org, unit, "/person/", person);
    if (record != NULL) {
        return &record->person;
    }
    const struct org_unit *here = org_find_unit(org, unit);
    for (size_t i = 0; here != NULL && person.len > 0 && i < here->above_count; i++) {
        record = find(org, here->above[i], "/person/", person);
        if (record != NULL) {
            return &record->person;
        }
    }
    return NULL;
}

const struct org_partner *org_find_partner(const struct org *org, struct str unit,
                                           struct str partner)
{
    const struct org_record *record =
        partner.len == 0 ? NULL : find(org, unit, "/partner/", partner);
    const struct org_unit *here = org_find_unit(org, unit);
    for (size_t i = 0; record == NULL && partner.len > 0 && here != NULL && i < here->above_count;
         i++) {
        record = find(org, here->above[i], "/partner/", partner);
    }
    return record == NULL ? NULL : &record->partner;
}

const struct roster *org_find_roster(const struct org *org, struct str unit, struct str role)
{
    const struct org_record *record = role.len == 0 ? NULL : find(org, unit, "/roster/", role);
    return record == NULL ? NULL : &record->roster;
}

/* The object that a value answered earlier lies in: all values share one place in the record. */
static const struct org_object *object_of(const void *value)
{
    return (const struct org_object *)(const void *)((const char *)value -
                                                     offsetof(struct org_object, record.unit));
}

/* Puts a value in its place by key, each object once, keeping the `max` smallest. Returns the new count. */
static size_t insert_sorted(const void **values, size_t count, size_t max,
                            const struct org_object *object)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(object_of(values[middle])->key, object->key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_known = low < count && object_of(values[low]) == object;
    if (is_known || low == max) {
        return count;
    }
    size_t kept = count < max ? count : max - 1;
    memmove(&values[low + 1], &values[low], (kept - low) * sizeof(*values));
    values[low] = &object->record.unit;
    return kept + 1;
}

/* All values of an index key, sorted, at most `max` of them; returns how many there are in all. */
static size_t list(const struct org *org, enum org_index_tag tag, struct str unit, struct str word,
                   const void **values, size_t max)
{
    size_t count = 0;
    size_t total = 0;
    struct org_index_key key = {tag, unit, word};
    for (const struct org_link *link = org_index_first(&org->index, &key); link != NULL;
         link = org_index_next(link)) {
        count = insert_sorted(values, count, max, link->object);
        total++;
    }
    return total;
}

const struct org_token *org_find_token(const struct org *org,
                                       const uint8_t hash[ORG_TOKEN_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * ORG_TOKEN_HASH_BYTES];
    for (size_t i = 0; i < ORG_TOKEN_HASH_BYTES; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    const void *token = NULL;
    (void)list(org, ORG_INDEX_TOKEN, NO_TEXT, (struct str){text, sizeof(text)}, &token, 1);
    return token;
}

const struct org_user *org_find_user(const struct org *org, struct str login)
{
    const void *user = NULL;
    (void)list(org, ORG_INDEX_USER, NO_TEXT, login, &user, 1);
    return user;
}

const struct org_person *org_find_identifier(const struct org *org, struct str unit,
                                             struct str digest)
{
    const void *person = NULL;
    (void)list(org, ORG_INDEX_IDENTIFIER, unit, digest, &person, 1);
    return person;
}

bool org_is_within(const struct org *org, struct str unit, struct str top)
{
    const struct org_unit *here = org_find_unit(org, unit);
    if (here == NULL) {
        return false;
    }
    for (size_t i = 0; i < here->above_count; i++) {
        if (str_equal(here->above[i], top)) {
            return true;
        }
    }
    return str_equal(unit, top);
}

struct zone org_zone(const struct org *org, struct str unit)
{
    const struct org_unit *here = org_find_unit(org, unit);
    if (here == NULL || here->zone.count > 0) {
        return here == NULL ? (struct zone){NULL, 0} : here->zone;
    }
    for (size_t i = 0; i < here->above_count; i++) {
        const struct org_unit *above = org_find_unit(org, here->above[i]);
        if (above != NULL && above->zone.count > 0) {
            return above->zone;
        }
    }
    return (struct zone){NULL, 0};
}

size_t org_group_chain(const struct org *org, struct str unit, struct str group,
                       const struct org_group *ret_groups[ORG_CHAIN_MAX])
{
    size_t count = 0;
    const struct org_group *here = org_find_group(org, unit, group);
    while (here != NULL && count < ORG_CHAIN_MAX) {
        for (size_t i = 0; i < count; i++) {
            if (ret_groups[i] == here) {
                return count;
            }
        }
        ret_groups[count++] = here;
        here = org_find_group(org, unit, here->parent);
    }
    return count;
}

struct str org_campus(const struct org *org, struct str unit, struct str group)
{
    const struct org_group *chain[ORG_CHAIN_MAX];
    size_t count = org_group_chain(org, unit, group, chain);
    for (size_t i = 0; i < count; i++) {
        if (chain[i]->kind == ORG_GROUP_CAMPUS) {
            return chain[i]->id;
        }
    }
    return NO_TEXT;
}

static bool matches_kind(struct str pattern, struct str kind)
{
    if (pattern.len > 0 && pattern.at[pattern.len - 1] == '*') {
        return str_starts(kind, (struct str){pattern.at, pattern.len - 1});
    }
    return str_equal(pattern, kind);
}

bool org_token_allows(const struct org *org, const struct org_token *token, struct str unit,
                      struct str kind, int64_t at_ms)
{
    if (token->expires_ms != 0 && at_ms >= token->expires_ms) {
        return false;
    }
    bool is_kind = token->kind_count == 0;
    for (size_t i = 0; i < token->kind_count && !is_kind; i++) {
        is_kind = matches_kind(token->kinds[i], kind);
    }
    return is_kind && org_is_within(org, unit, token->unit);
}

bool org_source_allows(const struct org *org, struct str source, struct str unit)
{
    struct org_index_key key = {ORG_INDEX_SOURCE, NO_TEXT, source};
    for (const struct org_link *link = org_index_first(&org->index, &key); link != NULL;
         link = org_index_next(link)) {
        const struct org_source *record = &link->object->record.source;
        /* Nobody may grant beyond where the record is filed. */
        bool is_allowed = org_is_within(org, unit, record->unit);
        for (size_t i = 0; is_allowed && i < record->unit_count; i++) {
            if (org_is_within(org, unit, record->units[i])) {
                return true;
            }
        }
    }
    return false;
}

size_t org_list_children(const struct org *org, struct str unit, const struct org_unit **ret_units,
                         size_t max)
{
    return list(org, ORG_INDEX_CHILDREN, unit, NO_TEXT, (const void **)ret_units, max);
}

size_t org_list_units(const struct org *org, const struct org_unit **ret_units, size_t max)
{
    return list(org, ORG_INDEX_UNITS, NO_TEXT, NO_TEXT, (const void **)ret_units, max);
}

size_t org_list_partners(const struct org *org, struct str unit,
                         const struct org_partner **ret_partners, size_t max)
{
    const struct org_unit *here = org_find_unit(org, unit);
    size_t count = list(org, ORG_INDEX_PARTNERS, unit, NO_TEXT, (const void **)ret_partners, max);
    for (size_t i = 0; here != NULL && i < here->above_count; i++) {
        size_t filled = count < max ? count : max;
        count += list(org, ORG_INDEX_PARTNERS, here->above[i], NO_TEXT,
                      (const void **)(ret_partners + filled), max - filled);
    }
    return count;
}

size_t org_list_groups(const struct org *org, struct str unit, const struct org_group **ret_groups,
                       size_t max)
{
    return list(org, ORG_INDEX_GROUPS, unit, NO_TEXT, (const void **)ret_groups, max);
}

size_t org_list_persons(const struct org *org, struct str unit,
                        const struct org_person **ret_persons, size_t max)
{
    return list(org, ORG_INDEX_PERSONS, unit, NO_TEXT, (const void **)ret_persons, max);
}

size_t org_list_students(const struct org *org, struct str unit, struct str group,
                         const struct org_person **ret_persons, size_t max)
{
    return list(org, ORG_INDEX_STUDENTS, unit, group, (const void **)ret_persons, max);
}

size_t org_list_holders(const struct org *org, struct str unit, enum org_role role,
                        const struct org_person **ret_persons, size_t max)
{
    struct str word = str_of(org_role_id(role));
    return list(org, ORG_INDEX_HOLDERS, unit, word, (const void **)ret_persons, max);
}

size_t org_list_household(const struct org *org, struct str household,
                          const struct org_person **ret_persons, size_t max)
{
    return list(org, ORG_INDEX_HOUSEHOLD, NO_TEXT, household, (const void **)ret_persons, max);
}

size_t org_list_digest(const struct org *org, struct str digest,
                       const struct org_person **ret_persons, size_t max)
{
    return list(org, ORG_INDEX_DIGEST, NO_TEXT, digest, (const void **)ret_persons, max);
}

struct pupils {
    const void **values;
    size_t count;
    size_t max;
};

/* The pupils of one index key, but for the one who asks. */
static void add_pupils(const struct org *org, const struct org_index_key *key, struct str but,
                       struct pupils *pupils)
{
    for (const struct org_link *link = org_index_first(&org->index, key); link != NULL;
         link = org_index_next(link)) {
        const struct org_person *person = &link->object->record.person;
        if (person->kind == ORG_PERSON_STUDENT && !str_equal(person->id, but)) {
            pupils->count = insert_sorted(pupils->values, pupils->count, pupils->max, link->object);
        }
    }
}

size_t org_list_siblings(const struct org *org, const struct org_person *student,
                         const struct org_person **ret_persons, size_t max)
{
    struct pupils pupils = {(const void **)ret_persons, 0, max};
    struct org_index_key key = {ORG_INDEX_HOUSEHOLD, NO_TEXT, student->household};
    if (student->household.len > 0) {
        add_pupils(org, &key, student->id, &pupils);
    }
    for (size_t i = 0; i < student->guardian_count; i++) {
        key = (struct org_index_key){ORG_INDEX_WARDS, NO_TEXT, student->guardians[i].person};
        add_pupils(org, &key, student->id, &pupils);
    }
    return pupils.count;
}

/* Whether one record of somebody who is kept out shares the household; another pupil's does not count. */
static bool is_household_of(const struct org *org, const struct org_excluded *excluded,
                            struct str household)
{
    struct org_index_key key = {ORG_INDEX_PERSON, NO_TEXT, excluded->person};
    bool is_shared = str_equal(excluded->household, household);
    for (const struct org_link *link = org_index_first(&org->index, &key); link != NULL;
         link = org_index_next(link)) {
        const struct org_person *person = &link->object->record.person;
        if (person->kind == ORG_PERSON_STUDENT) {
            return false;
        }
        is_shared = is_shared || str_equal(person->household, household);
    }
    return is_shared;
}

bool org_is_excluded(const struct org *org, const struct org_person *person,
                     const struct org_excluded *excluded, size_t excluded_count)
{
    for (size_t i = 0; i < excluded_count; i++) {
        if (str_equal(excluded[i].person, person->id)) {
            return true;
        }
        if (person->household.len > 0 && is_household_of(org, &excluded[i], person->household)) {
            return true;
        }
    }
    return false;
}

bool org_is_shared_digest(const struct org *org, struct str digest,
                          const struct org_excluded *excluded, size_t excluded_count)
{
    struct org_index_key key = {ORG_INDEX_DIGEST, NO_TEXT, digest};
    for (const struct org_link *link = org_index_first(&org->index, &key); link != NULL;
         link = org_index_next(link)) {
        const struct org_person *person = &link->object->record.person;
        for (size_t i = 0; person->kind != ORG_PERSON_STUDENT && i < excluded_count; i++) {
            if (str_equal(excluded[i].person, person->id)) {
                return true;
            }
        }
    }
    return false;
}
