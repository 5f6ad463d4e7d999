/* One walk over a record knows all of its texts and arrays. It runs twice: the first adds up their sizes, the second moves
 * them into the block and points the copy at them. */
#include "core/org/object.h"

#include <stdalign.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

struct walk {
    char *block; /* NULL: measure only */
    size_t used;
    bool keep_sealed;
};

static struct str move_text(struct walk *walk, struct str text)
{
    char *at = walk->block == NULL ? NULL : walk->block + walk->used;
    walk->used += text.len;
    if (at == NULL || text.len == 0) {
        return (struct str){NULL, 0};
    }
    memcpy(at, text.at, text.len);
    return (struct str){at, text.len};
}

static struct str move_sealed(struct walk *walk, struct str text)
{
    return walk->keep_sealed ? move_text(walk, text) : (struct str){NULL, 0};
}

/* Room for an array; NULL in the first pass. */
static void *move_array(struct walk *walk, size_t count, size_t element_bytes)
{
    size_t alignment = alignof(max_align_t);
    walk->used = (walk->used + alignment - 1) / alignment * alignment;
    void *at = walk->block == NULL ? NULL : walk->block + walk->used;
    walk->used += count * element_bytes;
    return at;
}

/* An array of values without texts. */
static void *move_plain(struct walk *walk, const void *items, size_t count, size_t element_bytes)
{
    void *moved = move_array(walk, count, element_bytes);
    if (moved != NULL && count > 0) {
        memcpy(moved, items, count * element_bytes);
    }
    return moved;
}

static const struct str *move_texts(struct walk *walk, const struct str *texts, size_t count)
{
    struct str *moved = move_array(walk, count, sizeof(*moved));
    for (size_t i = 0; i < count; i++) {
        struct str text = move_text(walk, texts[i]);
        if (moved != NULL) {
            moved[i] = text;
        }
    }
    return moved;
}

static void move_unit(struct walk *walk, struct org_unit *unit)
{
    unit->zone.offsets =
        move_plain(walk, unit->zone.offsets, unit->zone.count, sizeof(*unit->zone.offsets));
    unit->help_lines = move_texts(walk, unit->help_lines, unit->help_line_count);
    unit->above = move_texts(walk, unit->above, unit->above_count);
    unit->id = move_text(walk, unit->id);
    unit->parent = move_text(walk, unit->parent);
    unit->jurisdiction = move_text(walk, unit->jurisdiction);
    unit->label = move_text(walk, unit->label);
    unit->time_zone = move_text(walk, unit->time_zone);
    unit->switchboard = move_text(walk, unit->switchboard);
}

static void move_group(struct walk *walk, struct org_group *group)
{
    group->id = move_text(walk, group->id);
    group->unit = move_text(walk, group->unit);
    group->parent = move_text(walk, group->parent);
    group->label = move_text(walk, group->label);
}

static void move_addresses(struct walk *walk, struct org_person *person)
{
    struct org_address *moved = move_array(walk, person->address_count, sizeof(*moved));
    for (size_t i = 0; i < person->address_count; i++) {
        struct org_address address = person->addresses[i];
        address.digest = move_text(walk, address.digest);
        address.sealed = move_sealed(walk, address.sealed);
        if (moved != NULL) {
            moved[i] = address;
        }
    }
    person->addresses = moved;
}

static void move_guardians(struct walk *walk, struct org_person *person)
{
    struct org_guardian *moved = move_array(walk, person->guardian_count, sizeof(*moved));
    for (size_t i = 0; i < person->guardian_count; i++) {
        struct org_guardian guardian = person->guardians[i];
        guardian.person = move_text(walk, guardian.person);
        guardian.relation = move_text(walk, guardian.relation);
        if (moved != NULL) {
            moved[i] = guardian;
        }
    }
    person->guardians = moved;
}

static void move_holdings(struct walk *walk, struct org_person *person)
{
    struct org_holding *moved = move_array(walk, person->holding_count, sizeof(*moved));
    for (size_t i = 0; i < person->holding_count; i++) {
        struct org_holding holding = person->holdings[i];
        holding.group = move_text(walk, holding.group);
        holding.substitute = move_text(walk, holding.substitute);
        if (moved != NULL) {
            moved[i] = holding;
        }
    }
    person->holdings = moved;
}

static void move_flags(struct walk *walk, struct org_person *person)
{
    struct org_flag *moved = move_array(walk, person->flag_count, sizeof(*moved));
    for (size_t i = 0; i < person->flag_count; i++) {
        struct org_flag flag = person->flags[i];
        flag.code = move_text(walk, flag.code);
        flag.source = move_text(walk, flag.source);
        if (moved != NULL) {
            moved[i] = flag;
        }
    }
    person->flags = moved;
}

static void move_person(struct walk *walk, struct org_person *person)
{
    move_addresses(walk, person);
    move_guardians(walk, person);
    move_holdings(walk, person);
    move_flags(walk, person);
    person->identifiers = move_texts(walk, person->identifiers, person->identifier_count);
    person->id = move_text(walk, person->id);
    person->unit = move_text(walk, person->unit);
    person->household = move_text(walk, person->household);
    person->group = move_text(walk, person->group);
    person->lang = move_text(walk, person->lang);
    person->name = move_sealed(walk, person->name);
}

static void move_roster(struct walk *walk, struct roster *roster)
{
    struct roster_shift *shifts = move_array(walk, roster->shift_count, sizeof(*shifts));
    for (size_t i = 0; i < roster->shift_count; i++) {
        struct roster_shift shift = roster->shifts[i];
        shift.person = move_text(walk, shift.person);
        shift.substitute = move_text(walk, shift.substitute);
        shift.campus = move_text(walk, shift.campus);
        if (shifts != NULL) {
            shifts[i] = shift;
        }
    }
    struct roster_override *overrides =
        move_array(walk, roster->override_count, sizeof(*overrides));
    for (size_t i = 0; i < roster->override_count; i++) {
        struct roster_override override = roster->overrides[i];
        override.person = move_text(walk, override.person);
        override.substitute = move_text(walk, override.substitute);
        override.campus = move_text(walk, override.campus);
        override.instead_of = move_text(walk, override.instead_of);
        if (overrides != NULL) {
            overrides[i] = override;
        }
    }
    roster->holidays =
        move_plain(walk, roster->holidays, roster->holiday_count, sizeof(*roster->holidays));
    roster->make_up_days = move_plain(walk, roster->make_up_days, roster->make_up_count,
                                      sizeof(*roster->make_up_days));
    roster->shifts = shifts;
    roster->overrides = overrides;
    roster->unit = move_text(walk, roster->unit);
    roster->role = move_text(walk, roster->role);
    struct roster_node *nodes =
        move_array(walk, roster->shift_count + roster->override_count, sizeof(*nodes));
    if (nodes != NULL) {
        roster_index(roster, nodes);
    }
}

static void move_token(struct walk *walk, struct org_token *token)
{
    token->kinds = move_texts(walk, token->kinds, token->kind_count);
    token->unit = move_text(walk, token->unit);
    token->source = move_text(walk, token->source);
    token->label = move_text(walk, token->label);
}

static void move_source(struct walk *walk, struct org_source *source)
{
    source->units = move_texts(walk, source->units, source->unit_count);
    source->name = move_text(walk, source->name);
    source->unit = move_text(walk, source->unit);
}

static void move_user(struct walk *walk, struct org_user *user)
{
    user->roles = move_texts(walk, user->roles, user->role_count);
    user->login = move_text(walk, user->login);
    user->person = move_text(walk, user->person);
    user->unit = move_text(walk, user->unit);
    user->password = move_text(walk, user->password);
}

static void move_partner(struct walk *walk, struct org_partner *partner)
{
    if (!walk->keep_sealed) {
        partner->secret_count = 0;
    }
    partner->secrets = move_texts(walk, partner->secrets, partner->secret_count);
    partner->id = move_text(walk, partner->id);
    partner->unit = move_text(walk, partner->unit);
    partner->audience = move_text(walk, partner->audience);
    partner->label = move_text(walk, partner->label);
    partner->url = move_sealed(walk, partner->url);
}

static void move_record(struct walk *walk, struct org_record *record)
{
    switch (record->kind) {
    case ORG_RECORD_UNIT:
        move_unit(walk, &record->unit);
        break;
    case ORG_RECORD_GROUP:
        move_group(walk, &record->group);
        break;
    case ORG_RECORD_PERSON:
        move_person(walk, &record->person);
        break;
    case ORG_RECORD_ROSTER:
        move_roster(walk, &record->roster);
        break;
    case ORG_RECORD_TOKEN:
        move_token(walk, &record->token);
        break;
    case ORG_RECORD_SOURCE:
        move_source(walk, &record->source);
        break;
    case ORG_RECORD_USER:
        move_user(walk, &record->user);
        break;
    case ORG_RECORD_PARTNER:
        move_partner(walk, &record->partner);
        break;
    case ORG_RECORD_NONE:
        break;
    }
}

static size_t count_links(const struct org_record *record)
{
    if (record->kind != ORG_RECORD_PERSON) {
        return 2;
    }
    const struct org_person *person = &record->person;
    return 4 + person->address_count + person->guardian_count + person->holding_count +
           person->identifier_count;
}

static void link_by(struct org_object *object, enum org_index_tag tag, struct str unit,
                    struct str word)
{
    /* Two addresses with one digest are one way to be found. */
    for (size_t i = 0; i < object->link_count; i++) {
        const struct org_index_key *known = &object->links[i].key;
        if (known->tag == tag && str_equal(known->word, word)) {
            return;
        }
    }
    object->links[object->link_count++] = (struct org_link){
        .object = object,
        .key = {tag, unit, word},
    };
}

static const struct str NO_TEXT = {NULL, 0};

static void link_person(struct org_object *object)
{
    const struct org_person *person = &object->record.person;
    link_by(object, ORG_INDEX_PERSONS, person->unit, NO_TEXT);
    link_by(object, ORG_INDEX_PERSON, NO_TEXT, person->id);
    if (person->household.len > 0) {
        link_by(object, ORG_INDEX_HOUSEHOLD, NO_TEXT, person->household);
    }
    if (person->kind == ORG_PERSON_STUDENT && person->group.len > 0) {
        link_by(object, ORG_INDEX_STUDENTS, person->unit, person->group);
    }
    for (size_t i = 0; i < person->address_count; i++) {
        link_by(object, ORG_INDEX_DIGEST, NO_TEXT, person->addresses[i].digest);
    }
    for (size_t i = 0; i < person->guardian_count; i++) {
        link_by(object, ORG_INDEX_WARDS, NO_TEXT, person->guardians[i].person);
    }
    for (size_t i = 0; i < person->holding_count; i++) {
        struct str role = str_of(org_role_id(person->holdings[i].role));
        link_by(object, ORG_INDEX_HOLDERS, person->unit, role);
    }
    for (size_t i = 0; i < person->identifier_count; i++) {
        link_by(object, ORG_INDEX_IDENTIFIER, person->unit, person->identifiers[i]);
    }
}

static void link_record(struct org_object *object)
{
    const struct org_record *record = &object->record;
    switch (record->kind) {
    case ORG_RECORD_UNIT:
        link_by(object, ORG_INDEX_UNITS, NO_TEXT, NO_TEXT);
        link_by(object, ORG_INDEX_CHILDREN, record->unit.parent, NO_TEXT);
        break;
    case ORG_RECORD_GROUP:
        link_by(object, ORG_INDEX_GROUPS, record->group.unit, NO_TEXT);
        break;
    case ORG_RECORD_PERSON:
        link_person(object);
        break;
    case ORG_RECORD_TOKEN:
        link_by(object, ORG_INDEX_TOKEN, NO_TEXT,
                (struct str){object->key.at + object->key.len - 2 * ORG_TOKEN_HASH_BYTES,
                             2 * ORG_TOKEN_HASH_BYTES});
        break;
    case ORG_RECORD_SOURCE:
        link_by(object, ORG_INDEX_SOURCE, NO_TEXT, record->source.name);
        break;
    case ORG_RECORD_USER:
        link_by(object, ORG_INDEX_USER, NO_TEXT, record->user.login);
        break;
    case ORG_RECORD_PARTNER:
        link_by(object, ORG_INDEX_PARTNERS, record->partner.unit, NO_TEXT);
        break;
    case ORG_RECORD_ROSTER:
    case ORG_RECORD_NONE:
        break;
    }
}

struct org_object *org_object_new(const struct org_record *record, bool keep_sealed)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str key_text = org_record_key(record, key);
    size_t link_max = count_links(record);
    struct org_object head = {.record = *record};
    struct walk walk = {.used = sizeof(head), .keep_sealed = keep_sealed};
    (void)move_array(&walk, link_max, sizeof(struct org_link));
    move_record(&walk, &head.record);
    (void)move_text(&walk, key_text);

    struct org_object *object = heap_alloc(walk.used);
    if (object == NULL) {
        return NULL;
    }
    object->record = *record;
    object->bytes = walk.used;
    walk = (struct walk){.block = (char *)object, .used = sizeof(head), .keep_sealed = keep_sealed};
    object->links = move_array(&walk, link_max, sizeof(struct org_link));
    move_record(&walk, &object->record);
    object->key = move_text(&walk, key_text);
    sw_assert(walk.used == object->bytes);
    link_record(object);
    sw_assert(object->link_count <= link_max);
    return object;
}
