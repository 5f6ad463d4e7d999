/* The container: cases by id, open cases by subject and family, persons in conflict, timers, units. */
#include "core/casework/casework.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/casework/casework_inside.h"

static const struct ident *id_of(const void *ctx, uint32_t index)
{
    return &casework_slot(ctx, index)->id;
}

static const struct ident *key_of_slot(const void *ctx, uint32_t index)
{
    return &casework_slot(ctx, index)->key;
}

struct casework *casework_new(const struct casework_setup *setup)
{
    struct casework *casework = heap_alloc(sizeof(*casework));
    sw_assert(setup->hash != NULL && setup->org != NULL);
    sw_assert(setup->policies_of != NULL);
    if (casework == NULL) {
        return NULL;
    }
    casework->setup = *setup;
    if (casework->setup.case_max == 0) {
        casework->setup.case_max = CASEWORK_CASES_MAX;
    }
    size_t room = casework->setup.case_max < WHEEL_START ? casework->setup.case_max : WHEEL_START;
    casework->wheel = wheel_new(setup->start_ms, room, casework->setup.case_max);
    casework->view = heap_alloc(sizeof(*casework->view));
    packer_init(&casework->packer);
    ident_index_init(&casework->by_id, id_of, casework);
    ident_index_init(&casework->by_key, key_of_slot, casework);
    map_init(&casework->units, UNITS_MAX, 0x5159);
    map_init(&casework->kept_out, casework->setup.case_max, 0x515a);
    if (casework->wheel == NULL || casework->view == NULL) {
        casework_free(casework);
        return NULL;
    }
    return casework;
}

void casework_free_retired(struct casework *casework)
{
    for (size_t i = 0; i < casework->retired_count; i++) {
        packed_free(&casework->packer, casework->retired[i].packed);
    }
    casework->retired_count = 0;
}

void casework_free(struct casework *casework)
{
    if (casework == NULL) {
        return;
    }
    casework_free_retired(casework);
    for (uint32_t i = 0; i < casework->slot_count; i++) {
        packed_free(&casework->packer, casework_slot(casework, i)->packed);
    }
    for (size_t i = 0; i < casework->chunk_count; i++) {
        heap_free(casework->chunks[i]);
    }
    heap_free(casework->chunks);
    for (size_t i = 0; i < casework->units.count; i++) {
        heap_free(casework->units.entries[i].value);
    }
    for (size_t i = 0; i < casework->kept_out.count; i++) {
        heap_free(casework->kept_out.entries[i].value);
    }
    map_fini(&casework->kept_out);
    ident_index_fini(&casework->by_id);
    ident_index_fini(&casework->by_key);
    map_fini(&casework->units);
    wheel_free(casework->wheel);
    packer_fini(&casework->packer);
    heap_free(casework->view);
    heap_free(casework);
}

const struct policy_set *casework_find_set(const struct casework *casework,
                                           const uint8_t hash[POLICY_HASH_BYTES])
{
    for (size_t i = 0; i < casework->set_count; i++) {
        if (memcmp(casework->sets[i]->hash, hash, POLICY_HASH_BYTES) == 0) {
            return casework->sets[i];
        }
    }
    return NULL;
}

int casework_add_policies(struct casework *casework, const struct policy_set *set)
{
    if (casework_find_set(casework, set->hash) != NULL) {
        return ERR_EXISTS;
    }
    if (casework->set_count == CASEWORK_SETS_MAX) {
        return ERR_FULL;
    }
    casework->sets[casework->set_count++] = set;
    return 0;
}

/* The set for a new case of the unit, made known. */
int casework_choose_set(struct casework *casework, struct str unit,
                        const struct policy_set **ret_set)
{
    const struct policy_set *set = casework->setup.policies_of(casework->setup.ctx, unit);
    if (set == NULL) {
        return ERR_NOT_FOUND;
    }
    int error = casework_add_policies(casework, set);
    if (error != 0 && error != ERR_EXISTS) {
        return error;
    }
    *ret_set = casework_find_set(casework, set->hash);
    return 0;
}

/* --- units ---------------------------------------------------------------------------------------------------------- */

struct unit *casework_get_unit(struct casework *casework, struct str name)
{
    struct unit *unit = map_get(&casework->units, name);
    if (unit != NULL) {
        return unit;
    }
    unit = heap_alloc(sizeof(*unit) + name.len + 1);
    if (unit == NULL) {
        return NULL;
    }
    char *bytes = (char *)(unit + 1);
    if (name.len > 0) {
        memcpy(bytes, name.at, name.len);
    }
    unit->name = (struct str){bytes, name.len};
    if (map_add(&casework->units, unit->name, unit) != 0) {
        heap_free(unit);
        return NULL;
    }
    return unit;
}

uint64_t casework_unit_number(const struct casework *casework, struct str unit)
{
    const struct unit *entry = map_get(&casework->units, unit);
    return entry != NULL ? entry->number : 0;
}

int casework_set_unit_number(struct casework *casework, struct str unit, uint64_t number)
{
    struct unit *entry = casework_get_unit(casework, unit);
    if (entry == NULL) {
        return ERR_MEMORY;
    }
    entry->number = number;
    return 0;
}

/* --- slots ---------------------------------------------------------------------------------------------------------- */

/* Cases that take in further signals: all but the closed, and those whose stand-down is confirmed. */
static bool takes_signals(const struct casefile *file)
{
    bool confirmed = file->state == CASE_STOOD_DOWN && file->stand_down_by_ms == CASE_NEVER;
    return file->state != CASE_CLOSED && !confirmed && file->subject.len > 0;
}

static struct ident key_of(const struct casework *casework, struct str unit, struct str subject,
                           enum case_family family)
{
    struct str parts[] = {STR_LITERAL("open"), unit, subject, str_of(case_family_name(family))};
    return ident_derive(casework->setup.hash, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct slot *found_slot(const struct casework *casework, uint32_t index)
{
    if (index == IDENT_INDEX_NONE) {
        return NULL;
    }
    wheel_prefetch(casework->wheel, index);
    return casework_slot(casework, index);
}

struct slot *casework_find_open(const struct casework *casework, struct str unit,
                                struct str subject, enum case_family family)
{
    struct ident key = key_of(casework, unit, subject, family);
    return found_slot(casework, ident_index_find(&casework->by_key, key));
}

struct slot *casework_find(const struct casework *casework, struct ident case_id)
{
    return found_slot(casework, ident_index_find(&casework->by_id, case_id));
}

/* Files a slot under its case's key, or under none. ERR_MEMORY: nothing changed. */
static int set_key(struct casework *casework, struct slot *slot, bool wanted, struct ident key)
{
    struct ident old = slot->key;
    bool was_keyed = slot->keyed;
    if (was_keyed == wanted && (!wanted || ident_equal(key, old))) {
        return 0;
    }
    if (was_keyed) {
        ident_index_remove(&casework->by_key, slot->key);
    }
    slot->key = key;
    int error = wanted ? ident_index_add(&casework->by_key, key, slot->index) : 0;
    slot->keyed = wanted && error == 0;
    if (error == 0 || error == ERR_EXISTS) {
        return 0; /* one linked to a pupil whose other case no longer runs stays beside that */
    }
    slot->key = old;
    if (was_keyed) {
        slot->keyed = ident_index_add(&casework->by_key, old, slot->index) == 0;
        sw_assert(slot->keyed); /* it was there: there is room */
    }
    return ERR_MEMORY;
}

/* Room for one more slot. */
static bool reserve_slot(struct casework *casework)
{
    if (casework->slot_count < casework->chunk_count * CHUNK_SLOTS) {
        return true;
    }
    if (casework->chunk_count == casework->chunk_capacity) {
        size_t capacity = casework->chunk_capacity == 0 ? 16 : 2 * casework->chunk_capacity;
        struct slot **chunks = heap_alloc_array(capacity, sizeof(struct slot *));
        if (chunks == NULL) {
            return false;
        }
        if (casework->chunk_count > 0) {
            memcpy(chunks, casework->chunks, casework->chunk_count * sizeof(struct slot *));
        }
        heap_free(casework->chunks);
        casework->chunks = chunks;
        casework->chunk_capacity = capacity;
    }
    struct slot *chunk = heap_alloc_array(CHUNK_SLOTS, sizeof(*chunk));
    if (chunk == NULL) {
        return false;
    }
    casework->chunks[casework->chunk_count++] = chunk;
    return true;
}

struct slot *casework_add_slot(struct casework *casework, struct ident id)
{
    if (!reserve_slot(casework)) {
        return NULL;
    }
    uint32_t index = (uint32_t)casework->slot_count;
    struct slot *slot = casework_slot(casework, index);
    *slot = (struct slot){.id = id, .index = index};
    if (ident_index_add(&casework->by_id, id, index) != 0) {
        return NULL;
    }
    casework->slot_count++;
    return slot;
}

/* The last slot takes the place of one that goes. */
static void move_slot(struct casework *casework, struct slot *last, struct slot *into)
{
    uint32_t index = into->index;
    int64_t due_ms = wheel_deadline(casework->wheel, last->index);
    wheel_cancel(casework->wheel, last->index);
    ident_index_move(&casework->by_id, last->id, index);
    if (last->keyed) {
        ident_index_move(&casework->by_key, last->key, index);
    }
    *into = *last;
    into->index = index;
    if (wheel_set(casework->wheel, index, due_ms) != 0) {
        sw_assert(!"the wheel has room for an id it knew");
    }
}

void casework_remove_slot(struct casework *casework, struct slot *slot)
{
    struct slot *last = casework_slot(casework, (uint32_t)casework->slot_count - 1);
    ident_index_remove(&casework->by_id, slot->id);
    if (slot->keyed) {
        ident_index_remove(&casework->by_key, slot->key);
    }
    wheel_cancel(casework->wheel, slot->index);
    packed_free(&casework->packer, slot->packed);
    if (last != slot) {
        move_slot(casework, last, slot);
    }
    casework->slot_count--;
}

/* --- persons in conflict ------------------------------------------------------------------------------------------- */

static struct ident kept_out_key(const struct casework *casework, struct str unit,
                                 struct str person)
{
    struct str parts[] = {STR_LITERAL("kept_out"), unit, person};
    return ident_derive(casework->setup.hash, parts, sizeof(parts) / sizeof(parts[0]));
}

enum case_conflict_reason casework_conflict_of(const struct casework *casework, struct str unit,
                                               struct str person)
{
    struct ident key = kept_out_key(casework, unit, person);
    const struct kept_out *entry = map_get(&casework->kept_out, ident_part(&key));
    return entry != NULL ? entry->reason : CASE_CONFLICT_NONE;
}

static int keep_out(struct casework *casework, struct str unit, const struct conflict *conflict)
{
    struct ident key = kept_out_key(casework, unit, conflict->person);
    struct kept_out *entry = map_get(&casework->kept_out, ident_part(&key));
    if (entry == NULL) {
        entry = heap_alloc(sizeof(*entry));
        if (entry == NULL) {
            return ERR_MEMORY;
        }
        entry->key = key;
        int error = map_add(&casework->kept_out, ident_part(&entry->key), entry);
        if (error != 0) {
            heap_free(entry);
            return error;
        }
    }
    entry->count++;
    entry->reason = conflict->reason;
    return 0;
}

static void let_in(struct casework *casework, struct str unit, struct str person)
{
    struct ident key = kept_out_key(casework, unit, person);
    struct kept_out *entry = map_get(&casework->kept_out, ident_part(&key));
    sw_assert(entry != NULL && entry->count > 0);
    entry->count--;
    if (entry->count == 0) {
        (void)map_remove(&casework->kept_out, ident_part(&key));
        heap_free(entry);
    }
}

/* Those kept out of a packed case, looked at in the view; most cases have none. */
static const struct casefile *look_at_conflicts(const struct casework *casework,
                                                const struct packed *packed)
{
    if (packed == NULL || packed->conflict_count == 0) {
        return NULL;
    }
    pack_load(&casework->packer, casework->view, packed);
    return &casework->view->file;
}

static int count_conflicts(struct casework *casework, const struct packed *packed)
{
    const struct casefile *file = look_at_conflicts(casework, packed);
    for (size_t i = 0; file != NULL && i < file->conflict_count; i++) {
        bool kept = file->conflicts[i].state != CONFLICT_CLEARED;
        int error = kept ? keep_out(casework, file->unit, &file->conflicts[i]) : 0;
        for (size_t k = 0; error != 0 && k < i; k++) {
            if (file->conflicts[k].state != CONFLICT_CLEARED) {
                let_in(casework, file->unit, file->conflicts[k].person);
            }
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static void uncount_conflicts(struct casework *casework, const struct packed *packed)
{
    const struct casefile *file = look_at_conflicts(casework, packed);
    for (size_t i = 0; file != NULL && i < file->conflict_count; i++) {
        if (file->conflicts[i].state != CONFLICT_CLEARED) {
            let_in(casework, file->unit, file->conflicts[i].person);
        }
    }
}

struct touched casework_describe(const struct casework *casework, struct slot *slot,
                                 const struct casefile *file, bool has_key)
{
    struct touched touched = {
        .slot = slot,
        .id = file->id,
        .wants_key = takes_signals(file),
        .due_ms = casefile_next_due(file, INT64_MIN).at_ms,
        .owes_interview = casefile_owes_interview(file),
    };
    if (touched.owes_interview != (slot != NULL && slot->owes_interview)) {
        touched.unit = map_get(&casework->units, file->unit);
        sw_assert(touched.unit != NULL);
    }
    if (touched.wants_key) {
        bool is_filed = has_key && slot != NULL && slot->keyed;
        touched.key =
            is_filed ? slot->key : key_of(casework, file->unit, file->subject, file->family);
    }
    return touched;
}

static void count_interview(struct unit *unit, struct slot *slot, bool owes_interview)
{
    sw_assert(slot->owes_interview != owes_interview);
    sw_assert(owes_interview || unit->interviews > 0);
    unit->interviews = owes_interview ? unit->interviews + 1 : unit->interviews - 1;
    slot->owes_interview = owes_interview;
}

int casework_install(struct casework *casework, struct slot *slot, const struct touched *touched)
{
    struct ident old = slot->key;
    bool was_keyed = slot->keyed;
    int error = count_conflicts(casework, touched->packed);
    if (error != 0) {
        return error;
    }
    error = set_key(casework, slot, touched->wants_key, touched->key);
    if (error == 0) {
        error = wheel_set(casework->wheel, slot->index, touched->due_ms);
        if (error != 0) {
            int undone = set_key(casework, slot, was_keyed, old);
            sw_assert(undone == 0); /* the map has not shrunk */
        }
    }
    if (error != 0) {
        uncount_conflicts(casework, touched->packed);
        return error;
    }
    uncount_conflicts(casework, slot->packed);
    slot->packed = touched->packed;
    if (touched->unit != NULL) {
        count_interview(touched->unit, slot, touched->owes_interview);
    }
    return 0;
}

const struct casefile *casework_look(const struct casework *casework, const struct slot *slot)
{
    pack_load(&casework->packer, casework->view, slot->packed);
    return &casework->view->file;
}

const struct casefile *casework_get(const struct casework *casework, struct ident case_id)
{
    const struct slot *slot = casework_find(casework, case_id);
    return slot != NULL ? casework_look(casework, slot) : NULL;
}

const struct casefile *casework_get_before(const struct casework *casework, struct ident case_id)
{
    for (size_t i = 0; i < casework->retired_count; i++) {
        if (ident_equal(casework->retired[i].id, case_id)) {
            pack_load(&casework->packer, casework->view, casework->retired[i].packed);
            return &casework->view->file;
        }
    }
    return NULL;
}

size_t casework_case_count(const struct casework *casework)
{
    return casework->slot_count;
}

int casework_put(struct casework *casework, const struct casefile *file)
{
    if (casefile_fault(file) != NULL) {
        return ERR_INVALID;
    }
    if (casework_find_set(casework, file->pack) == NULL) {
        return ERR_NOT_FOUND;
    }
    struct slot *slot = casework_find(casework, file->id);
    if (slot == NULL && casework->slot_count >= casework->setup.case_max) {
        return ERR_FULL;
    }
    struct unit *unit = casework_get_unit(casework, file->unit);
    struct touched touched = casework_describe(casework, slot, file, false);
    touched.packed = pack_new(&casework->packer, file);
    if (unit == NULL || touched.packed == NULL) {
        packed_free(&casework->packer, touched.packed);
        return ERR_MEMORY;
    }
    uint64_t number = file->number;
    bool fresh = slot == NULL;
    slot = fresh ? casework_add_slot(casework, touched.id) : slot;
    struct packed *old = slot != NULL ? slot->packed : NULL;
    if (slot == NULL || casework_install(casework, slot, &touched) != 0) {
        packed_free(&casework->packer, touched.packed);
        if (fresh && slot != NULL) {
            casework_remove_slot(casework, slot);
        }
        return ERR_MEMORY;
    }
    packed_free(&casework->packer, old);
    unit->number = number > unit->number ? number : unit->number;
    return 0;
}

void casework_forget(struct casework *casework, struct ident case_id)
{
    struct slot *slot = casework_find(casework, case_id);
    if (slot != NULL) {
        uncount_conflicts(casework, slot->packed);
        if (slot->owes_interview) {
            struct str unit = casework_look(casework, slot)->unit;
            count_interview(map_get(&casework->units, unit), slot, false);
        }
        casework_remove_slot(casework, slot);
    }
}

int64_t casework_next_deadline(const struct casework *casework)
{
    return wheel_next_deadline(casework->wheel);
}

void casework_check(const struct casework *casework)
{
    sw_assert(casework->by_id.count == casework->slot_count);
    for (uint32_t i = 0; i < casework->slot_count; i++) {
        const struct slot *slot = casework_slot(casework, i);
        const struct casefile *file = casework_look(casework, slot);
        sw_assert(slot->index == i);
        sw_assert(ident_equal(slot->id, file->id));
        sw_assert(slot->owes_interview == casefile_owes_interview(file));
        casefile_check(file);
        sw_assert(wheel_deadline(casework->wheel, slot->index) ==
                  casefile_next_due(file, INT64_MIN).at_ms);
        sw_assert(ident_index_find(&casework->by_id, slot->id) == i);
        sw_assert(!slot->keyed || ident_index_find(&casework->by_key, slot->key) == i);
    }
}
