/* Ties the entries of all files together: units to their chain, references to ids, local times to instants; then checks
 * each record, and that whatever it names is there. */
#include <string.h>

#include "base/assert.h"
#include "wire/directory_file_parts.h"

struct finish {
    struct directory_import *import;
    struct yaml_faults *faults;
    bool is_good;
    int error;
};

static void fail(struct finish *finish, const struct directory_entry *entry, const char *what,
                 struct str name)
{
    yaml_fail(finish->faults, &entry->at, "%s: \"%.*s\"", what, (int)name.len, name.at);
    finish->is_good = false;
}

static struct directory_entry *find_unit(const struct finish *finish, struct str unit)
{
    return map_get(&finish->import->units, unit);
}

static void index_units(struct finish *finish)
{
    struct directory_entry *entry = finish->import->entries[ORG_RECORD_UNIT].first;
    for (; entry != NULL && finish->error == 0; entry = entry->next) {
        int error = map_add(&finish->import->units, entry->record.unit.id, entry);
        if (error == ERR_EXISTS) {
            fail(finish, entry, "the unit is given twice", entry->record.unit.id);
        } else {
            finish->error = error;
        }
    }
}

/* `above` of the file where the parent is in none of the files, else the way up through them. */
static void chain_unit(struct finish *finish, struct directory_entry *entry)
{
    struct org_unit *unit = &entry->record.unit;
    struct str *above = arena_alloc_array(&finish->import->arena, ORG_ABOVE_MAX, sizeof(*above));
    struct str parent = unit->parent;
    size_t count = 0;
    if (above == NULL) {
        finish->error = ERR_MEMORY;
        return;
    }
    if (unit->above_count > 0 && find_unit(finish, parent) == NULL) {
        return;
    }
    while (parent.len > 0) {
        const struct directory_entry *next = find_unit(finish, parent);
        if (next == NULL) {
            fail(finish, entry, "no such unit above (or give `above`)", parent);
            return;
        }
        if (count == ORG_ABOVE_MAX) {
            fail(finish, entry, "more than 8 units above, or one lies in itself", unit->id);
            return;
        }
        above[count++] = parent;
        parent = next->record.unit.parent;
    }
    unit->above = above;
    unit->above_count = count;
}

/* The unit within which references of `unit` are hashed; empty, with a fault, when it is not known. */
static struct str top_of(struct finish *finish, const struct directory_entry *entry,
                         struct str unit)
{
    const struct directory_entry *found = find_unit(finish, unit);
    if (found == NULL) {
        fail(finish, entry, "no such unit", unit);
        return (struct str){NULL, 0};
    }
    const struct org_unit *here = &found->record.unit;
    return here->above_count > 0 ? here->above[here->above_count - 1] : here->id;
}

static void make_id(struct finish *finish, char prefix, struct str top, struct str *ref)
{
    char id[DIRECTORY_ID_TEXT_BYTES];
    const struct directory_names *names = &finish->import->names;
    if (ref->len == 0) {
        return;
    }
    names->opaque_id(names->ctx, prefix, top, *ref, id);
    *ref = arena_copy_str(&finish->import->arena, str_of(id));
    finish->error = ref->at == NULL ? ERR_MEMORY : finish->error;
}

static void make_identifier(struct finish *finish, struct str unit, struct str *number)
{
    char digest[DIRECTORY_ID_TEXT_BYTES];
    const struct directory_names *names = &finish->import->names;
    names->identifier_digest(names->ctx, unit, *number, digest);
    *number = arena_copy_str(&finish->import->arena, str_of(digest));
    finish->error = number->at == NULL ? ERR_MEMORY : finish->error;
}

/* The zone of a unit, or of the first above that has one. */
static struct zone zone_of(const struct finish *finish, struct str unit)
{
    const struct directory_entry *found = find_unit(finish, unit);
    while (found != NULL && found->record.unit.zone.count == 0) {
        found = find_unit(finish, found->record.unit.parent);
    }
    return found == NULL ? (struct zone){NULL, 0} : found->record.unit.zone;
}

static int64_t to_instant(const struct zone *zone, int64_t local_ms)
{
    const int64_t day_ms = INT64_C(86400000);
    return local_ms == 0 ? 0 : zone_from_local(zone, local_ms / day_ms, local_ms % day_ms);
}

static void finish_person(struct finish *finish, struct directory_entry *entry)
{
    struct org_person *person = &entry->record.person;
    struct str top = top_of(finish, entry, person->unit);
    if (top.len == 0) {
        return;
    }
    make_id(finish, 'p', top, &person->id);
    make_id(finish, 'h', top, &person->household);
    for (size_t i = 0; i < person->guardian_count; i++) {
        make_id(finish, 'p', top, &entry->guardians[i].person);
    }
    for (size_t i = 0; i < person->holding_count; i++) {
        make_id(finish, 'p', top, &entry->holdings[i].substitute);
    }
    for (size_t i = 0; i < person->identifier_count; i++) {
        make_identifier(finish, person->unit, &entry->numbers[i]);
    }
    person->addresses = entry->addresses;
    person->guardians = entry->guardians;
    person->holdings = entry->holdings;
    struct zone zone = zone_of(finish, person->unit);
    for (size_t i = 0; i < person->flag_count; i++) {
        int64_t *expires_ms = &entry->flags[i].expires_ms;
        *expires_ms = *expires_ms == 0 ? 0 : to_instant(&zone, *expires_ms);
    }
    person->flags = entry->flags;
    person->identifiers = entry->numbers;
}

/* A further unit of a person gets a record of its own, without what belongs to the first: group, roles, numbers, flags. */
static void spread_person(struct finish *finish, const struct directory_entry *entry)
{
    for (size_t i = 1; i < entry->unit_count; i++) {
        (void)top_of(finish, entry, entry->units[i]);
        struct directory_entry *copy =
            directory_import_new_entry(finish->import, ORG_RECORD_PERSON, &entry->at);
        struct org_address *addresses = arena_alloc_array(
            &finish->import->arena, entry->record.person.address_count, sizeof(*addresses));
        if (copy == NULL || addresses == NULL) {
            finish->error = ERR_MEMORY;
            return;
        }
        memcpy(addresses, entry->addresses,
               entry->record.person.address_count * sizeof(*addresses));
        copy->record.person = entry->record.person;
        copy->record.person.unit = entry->units[i];
        copy->record.person.group = (struct str){NULL, 0};
        copy->record.person.guardian_count = 0;
        copy->record.person.holding_count = 0;
        copy->record.person.flag_count = 0;
        copy->record.person.identifier_count = 0;
        copy->name = entry->name;
        copy->clear = entry->clear;
        copy->addresses = addresses;
    }
}

/* The copies are added behind the last one, and not spread again. */
static void spread_persons(struct finish *finish)
{
    struct directory_entry *last = finish->import->entries[ORG_RECORD_PERSON].last;
    struct directory_entry *entry = finish->import->entries[ORG_RECORD_PERSON].first;
    while (entry != NULL && finish->error == 0) {
        spread_person(finish, entry);
        entry = entry == last ? NULL : entry->next;
    }
}

static void finish_roster(struct finish *finish, struct directory_entry *entry)
{
    struct roster *roster = &entry->record.roster;
    struct str top = top_of(finish, entry, roster->unit);
    struct zone zone = zone_of(finish, roster->unit);
    if (top.len == 0) {
        return;
    }
    for (size_t i = 0; i < roster->shift_count; i++) {
        make_id(finish, 'p', top, &entry->shifts[i].person);
        make_id(finish, 'p', top, &entry->shifts[i].substitute);
    }
    for (size_t i = 0; i < roster->override_count; i++) {
        struct roster_override *override = &entry->overrides[i];
        make_id(finish, 'p', top, &override->person);
        make_id(finish, 'p', top, &override->substitute);
        make_id(finish, 'p', top, &override->instead_of);
        override->from_ms = to_instant(&zone, override->from_ms);
        override->to_ms = to_instant(&zone, override->to_ms);
    }
    roster->shifts = entry->shifts;
    roster->overrides = entry->overrides;
}

static void finish_entry(struct finish *finish, struct directory_entry *entry)
{
    struct org_record *record = &entry->record;
    switch (record->kind) {
    case ORG_RECORD_PERSON:
        finish_person(finish, entry);
        break;
    case ORG_RECORD_ROSTER:
        finish_roster(finish, entry);
        break;
    case ORG_RECORD_USER:
        make_id(finish, 'p', top_of(finish, entry, record->user.unit), &record->user.person);
        break;
    case ORG_RECORD_TOKEN: {
        struct zone zone = zone_of(finish, record->token.unit);
        (void)top_of(finish, entry, record->token.unit);
        record->token.expires_ms = to_instant(&zone, record->token.expires_ms);
        break;
    }
    case ORG_RECORD_GROUP:
        (void)top_of(finish, entry, record->group.unit);
        break;
    case ORG_RECORD_SOURCE:
        (void)top_of(finish, entry, record->source.unit);
        break;
    case ORG_RECORD_PARTNER:
        (void)top_of(finish, entry, record->partner.unit);
        break;
    case ORG_RECORD_UNIT:
    case ORG_RECORD_NONE:
        break;
    }
}

static void store_entry(struct finish *finish, struct directory_entry *entry)
{
    char key[ORG_KEY_MAX_BYTES];
    const char *fault = org_record_fault(&entry->record);
    if (fault != NULL) {
        yaml_fail(finish->faults, &entry->at, "%s", fault);
        finish->is_good = false;
        return;
    }
    size_t before = org_count(finish->import->org);
    int error = org_put(finish->import->org, &entry->record);
    sw_assert(error != ERR_INVALID);
    if (error != 0) {
        finish->error = error;
    } else if (org_count(finish->import->org) == before) {
        fail(finish, entry, "the same record is given twice", org_record_key(&entry->record, key));
    }
}

static void check_person_named(struct finish *finish, const struct directory_entry *entry,
                               struct str unit, struct str person)
{
    if (person.len > 0 && org_find_person(finish->import->org, unit, person) == NULL) {
        yaml_fail(finish->faults, &entry->at,
                  "names a person who is not filed in unit \"%.*s\" or above", (int)unit.len,
                  unit.at);
        finish->is_good = false;
    }
}

static void check_group_named(struct finish *finish, const struct directory_entry *entry,
                              struct str unit, struct str group)
{
    if (group.len > 0 && org_find_group(finish->import->org, unit, group) == NULL) {
        fail(finish, entry, "no such group in the unit", group);
    }
}

static void check_person(struct finish *finish, const struct directory_entry *entry)
{
    const struct org_person *person = &entry->record.person;
    check_group_named(finish, entry, person->unit, person->group);
    for (size_t i = 0; i < person->guardian_count; i++) {
        check_person_named(finish, entry, person->unit, person->guardians[i].person);
    }
    for (size_t i = 0; i < person->holding_count; i++) {
        check_person_named(finish, entry, person->unit, person->holdings[i].substitute);
        check_group_named(finish, entry, person->unit, person->holdings[i].group);
    }
}

static void check_roster(struct finish *finish, const struct directory_entry *entry)
{
    const struct roster *roster = &entry->record.roster;
    for (size_t i = 0; i < roster->shift_count; i++) {
        check_person_named(finish, entry, roster->unit, roster->shifts[i].person);
        check_person_named(finish, entry, roster->unit, roster->shifts[i].substitute);
        check_group_named(finish, entry, roster->unit, roster->shifts[i].campus);
    }
    for (size_t i = 0; i < roster->override_count; i++) {
        check_person_named(finish, entry, roster->unit, roster->overrides[i].person);
        check_person_named(finish, entry, roster->unit, roster->overrides[i].substitute);
        check_person_named(finish, entry, roster->unit, roster->overrides[i].instead_of);
        check_group_named(finish, entry, roster->unit, roster->overrides[i].campus);
    }
}

static void check_entry(struct finish *finish, struct directory_entry *entry)
{
    const struct org_record *record = &entry->record;
    switch (record->kind) {
    case ORG_RECORD_PERSON:
        check_person(finish, entry);
        break;
    case ORG_RECORD_ROSTER:
        check_roster(finish, entry);
        break;
    case ORG_RECORD_GROUP:
        check_group_named(finish, entry, record->group.unit, record->group.parent);
        break;
    case ORG_RECORD_USER:
        check_person_named(finish, entry, record->user.unit, record->user.person);
        break;
    case ORG_RECORD_SOURCE:
        for (size_t i = 0; i < record->source.unit_count; i++) {
            (void)top_of(finish, entry, record->source.units[i]);
        }
        break;
    case ORG_RECORD_UNIT:
    case ORG_RECORD_TOKEN:
    case ORG_RECORD_PARTNER:
    case ORG_RECORD_NONE:
        break;
    }
}

static void for_each(struct finish *finish, int first_kind, int last_kind,
                     void (*act)(struct finish *finish, struct directory_entry *entry))
{
    for (int kind = first_kind; kind <= last_kind; kind++) {
        for (struct directory_entry *entry = finish->import->entries[kind].first;
             entry != NULL && finish->error == 0; entry = entry->next) {
            act(finish, entry);
        }
    }
}

int directory_import_finish(struct directory_import *import, struct yaml_faults *faults)
{
    struct finish finish = {.import = import, .faults = faults, .is_good = true};
    struct org_setup setup = {.keep_sealed = false};
    sw_assert(import->org == NULL);
    import->org = org_new(&setup);
    if (import->org == NULL) {
        return ERR_MEMORY;
    }
    index_units(&finish);
    for_each(&finish, ORG_RECORD_UNIT, ORG_RECORD_UNIT, chain_unit);
    /* Each stage relies on the one before: a chain without a loop, ids that are no longer references. */
    if (finish.is_good) {
        for_each(&finish, ORG_RECORD_GROUP, ORG_RECORD_LAST, finish_entry);
        spread_persons(&finish);
    }
    if (finish.is_good) {
        for_each(&finish, ORG_RECORD_UNIT, ORG_RECORD_LAST, store_entry);
    }
    if (finish.is_good) {
        for_each(&finish, ORG_RECORD_UNIT, ORG_RECORD_LAST, check_entry);
    }
    if (finish.error != 0) {
        return finish.error;
    }
    return finish.is_good ? 0 : ERR_INVALID;
}
