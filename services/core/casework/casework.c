/* The container: cases by id, open cases by subject and family, timers, units. Each step works on a scratch copy and
 * puts packed blocks back at its end, all or none. */
#include "core/casework/casework.h"

#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/heap.h"
#include "base/wheel.h"
#include "core/casework/pack.h"
#include "core/casework/work.h"

enum {
    WHEEL_START = 1024,
    UNITS_MAX = 1024 * 1024,
    TOUCHED_MAX = 64, /* cases of one step: a conflict reaches the pupil's and the siblings' */
    SIBLINGS_MAX = 11,
};

struct slot {
    struct ident id;
    struct ident key;      /* of subject and family, while the case is open */
    struct casefile *file; /* packed; NULL while the slot is free */
    uint32_t index;
    bool keyed;
};

struct unit {
    struct str name; /* its bytes follow the struct */
    uint64_t number; /* of the last case */
};

struct touched {
    struct slot *slot; /* NULL: a new case */
    struct casefile *file;
};

struct casework {
    struct casework_setup setup;
    const struct policy_set *sets[CASEWORK_SETS_MAX];
    size_t set_count;
    struct slot **slots;
    size_t slot_count;
    size_t slot_capacity;
    struct map by_id;
    struct map by_key;
    struct map units;
    struct wheel *wheel;
    struct pack_scratch scratch;
    struct touched touched[TOUCHED_MAX];
    size_t touched_count;
    struct casefile
        *retired[TOUCHED_MAX]; /* blocks that the last step replaced: its effects may point there */
    size_t retired_count;
};

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
    map_init(&casework->by_id, casework->setup.case_max, 0x5157);
    map_init(&casework->by_key, casework->setup.case_max, 0x5158);
    map_init(&casework->units, UNITS_MAX, 0x5159);
    if (casework->wheel == NULL) {
        heap_free(casework);
        return NULL;
    }
    return casework;
}

static void free_retired(struct casework *casework)
{
    for (size_t i = 0; i < casework->retired_count; i++) {
        heap_free(casework->retired[i]);
    }
    casework->retired_count = 0;
}

void casework_free(struct casework *casework)
{
    if (casework == NULL) {
        return;
    }
    free_retired(casework);
    for (size_t i = 0; i < casework->slot_count; i++) {
        heap_free(casework->slots[i]->file);
        heap_free(casework->slots[i]);
    }
    heap_free(casework->slots);
    for (size_t i = 0; i < casework->units.count; i++) {
        heap_free(casework->units.entries[i].value);
    }
    map_fini(&casework->by_id);
    map_fini(&casework->by_key);
    map_fini(&casework->units);
    wheel_free(casework->wheel);
    heap_free(casework);
}

static const struct policy_set *find_set(const struct casework *casework,
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
    if (find_set(casework, set->hash) != NULL) {
        return ERR_EXISTS;
    }
    if (casework->set_count == CASEWORK_SETS_MAX) {
        return ERR_FULL;
    }
    casework->sets[casework->set_count++] = set;
    return 0;
}

/* The set for a new case of the unit, made known. */
static int choose_set(struct casework *casework, struct str unit, const struct policy_set **ret_set)
{
    const struct policy_set *set = casework->setup.policies_of(casework->setup.ctx, unit);
    if (set == NULL) {
        return ERR_NOT_FOUND;
    }
    int error = casework_add_policies(casework, set);
    if (error != 0 && error != ERR_EXISTS) {
        return error;
    }
    *ret_set = find_set(casework, set->hash);
    return 0;
}

/* --- units ---------------------------------------------------------------------------------------------------------- */

static struct unit *get_unit(struct casework *casework, struct str name)
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
    struct unit *entry = get_unit(casework, unit);
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

static struct slot *find_open(const struct casework *casework, struct str unit, struct str subject,
                              enum case_family family)
{
    struct ident key = key_of(casework, unit, subject, family);
    return map_get(&casework->by_key, ident_part(&key));
}

static void set_key(struct casework *casework, struct slot *slot)
{
    const struct casefile *file = slot->file;
    struct ident key = key_of(casework, file->unit, file->subject, file->family);
    bool wanted = takes_signals(file);
    if (slot->keyed && (!wanted || !ident_equal(key, slot->key))) {
        (void)map_remove(&casework->by_key, ident_part(&slot->key));
        slot->keyed = false;
    }
    if (wanted && !slot->keyed) {
        slot->key = key;
        /* One linked to a pupil who has an open case already stays beside it, until a person joins them. */
        slot->keyed = map_add(&casework->by_key, ident_part(&slot->key), slot) == 0;
    }
}

static struct slot *add_slot(struct casework *casework, struct ident id)
{
    if (casework->slot_count == casework->slot_capacity) {
        size_t capacity = casework->slot_capacity == 0 ? 64 : 2 * casework->slot_capacity;
        struct slot **slots = heap_alloc_array(capacity, sizeof(struct slot *));
        if (slots == NULL) {
            return NULL;
        }
        if (casework->slot_count > 0) {
            memcpy(slots, casework->slots, casework->slot_count * sizeof(struct slot *));
        }
        heap_free(casework->slots);
        casework->slots = slots;
        casework->slot_capacity = capacity;
    }
    struct slot *slot = heap_alloc(sizeof(*slot));
    if (slot == NULL) {
        return NULL;
    }
    slot->id = id;
    slot->index = (uint32_t)casework->slot_count;
    if (map_add(&casework->by_id, ident_part(&slot->id), slot) != 0) {
        heap_free(slot);
        return NULL;
    }
    casework->slots[casework->slot_count++] = slot;
    return slot;
}

static void remove_slot(struct casework *casework, struct slot *slot)
{
    struct slot *last = casework->slots[casework->slot_count - 1];
    (void)map_remove(&casework->by_id, ident_part(&slot->id));
    if (slot->keyed) {
        (void)map_remove(&casework->by_key, ident_part(&slot->key));
    }
    int64_t last_ms = wheel_deadline(casework->wheel, last->index);
    wheel_cancel(casework->wheel, last->index);
    wheel_cancel(casework->wheel, slot->index);
    casework->slots[slot->index] = last;
    last->index = slot->index;
    casework->slot_count--;
    if (last != slot && wheel_set(casework->wheel, last->index, last_ms) != 0) {
        sw_assert(!"the wheel has room for an id it knew");
    }
    heap_free(slot->file);
    heap_free(slot);
}

/* Puts a packed case into its slot and arms its timer. */
static int install(struct casework *casework, struct slot *slot, struct casefile *file)
{
    int error = wheel_set(casework->wheel, slot->index, casefile_next_due(file, INT64_MIN).at_ms);
    if (error != 0) {
        return error;
    }
    slot->file = file;
    set_key(casework, slot);
    return 0;
}

const struct casefile *casework_get(const struct casework *casework, struct ident case_id)
{
    const struct slot *slot = map_get(&casework->by_id, ident_part(&case_id));
    return slot != NULL ? slot->file : NULL;
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
    if (find_set(casework, file->pack) == NULL) {
        return ERR_NOT_FOUND;
    }
    struct slot *slot = map_get(&casework->by_id, ident_part(&file->id));
    struct unit *unit = get_unit(casework, file->unit);
    struct casefile *packed = pack_new(file);
    if (unit == NULL || packed == NULL) {
        heap_free(packed);
        return ERR_MEMORY;
    }
    if (slot == NULL && casework->slot_count >= casework->setup.case_max) {
        heap_free(packed);
        return ERR_FULL;
    }
    bool fresh = slot == NULL;
    slot = fresh ? add_slot(casework, file->id) : slot;
    if (slot == NULL) {
        heap_free(packed);
        return ERR_MEMORY;
    }
    struct casefile *old = slot->file;
    if (install(casework, slot, packed) != 0) {
        heap_free(packed);
        if (fresh) {
            remove_slot(casework, slot);
        }
        return ERR_MEMORY;
    }
    heap_free(old);
    unit->number = file->number > unit->number ? file->number : unit->number;
    return 0;
}

void casework_forget(struct casework *casework, struct ident case_id)
{
    struct slot *slot = map_get(&casework->by_id, ident_part(&case_id));
    if (slot != NULL) {
        remove_slot(casework, slot);
    }
}

/* --- one step ------------------------------------------------------------------------------------------------------- */

static struct work begin(struct casework *casework, const struct slot *slot,
                         const struct case_input *input, struct effects *effects)
{
    pack_load(&casework->scratch, slot != NULL ? slot->file : NULL);
    return (struct work){
        .hash = casework->setup.hash,
        .org = casework->setup.org,
        .set = slot != NULL ? find_set(casework, slot->file->pack) : NULL,
        .file = &casework->scratch.file,
        .effects = effects,
        .input = input,
        .now_ms = input->time_ms,
        .wall_ms = input->time_ms,
    };
}

/* Settles what came due with the input, checks the case and packs it; it is installed with the rest of the step. */
static int end(struct casework *casework, struct work *work, struct slot *slot)
{
    due_step(work);
    work->file->changed_ms = work->wall_ms;
    casefile_check(work->file);
    struct casefile *packed = work->failed ? NULL : pack_new(work->file);
    if (packed == NULL) {
        return ERR_MEMORY;
    }
    sw_assert(casework->touched_count < TOUCHED_MAX);
    casework->touched[casework->touched_count++] = (struct touched){slot, packed};
    struct effect *effect = effects_add(work->effects, EFFECT_CASE, work->wall_ms);
    if (effect == NULL) {
        return ERR_MEMORY;
    }
    effect->change.file = packed;
    effect->change.before = slot != NULL ? slot->file : NULL;
    return 0;
}

static void drop_touched(struct casework *casework)
{
    for (size_t i = 0; i < casework->touched_count; i++) {
        heap_free(casework->touched[i].file);
    }
    casework->touched_count = 0;
}

/* Puts all cases of the step in, or none. New slots are made first, since only they can fail. */
static int commit(struct casework *casework)
{
    for (size_t i = 0; i < casework->touched_count; i++) {
        struct touched *touched = &casework->touched[i];
        if (touched->slot == NULL) {
            touched->slot = add_slot(casework, touched->file->id);
            if (touched->slot == NULL) {
                return ERR_MEMORY;
            }
            /* A timer for ever later than any: makes room in the wheel for the id. */
            if (wheel_set(casework->wheel, touched->slot->index, WHEEL_NEVER - 1) != 0) {
                remove_slot(casework, touched->slot);
                return ERR_MEMORY;
            }
        }
    }
    for (size_t i = 0; i < casework->touched_count; i++) {
        struct touched *touched = &casework->touched[i];
        struct casefile *old = touched->slot->file;
        if (install(casework, touched->slot, touched->file) != 0) {
            sw_assert(i == 0);
            if (old == NULL) {
                remove_slot(casework, touched->slot);
            }
            return ERR_MEMORY;
        }
        if (old != NULL) {
            casework->retired[casework->retired_count++] = old;
        }
    }
    casework->touched_count = 0;
    return 0;
}

static int step_signal(struct casework *casework, const struct case_input *input,
                       struct effects *effects)
{
    const struct case_signal *signal = &input->signal;
    struct str subject = signal->subject;
    struct slot *slot = find_open(casework, signal->unit, subject, case_family_of(signal->kind));
    if (slot == NULL && casework->slot_count >= casework->setup.case_max) {
        return ERR_FULL;
    }
    struct unit *unit = get_unit(casework, signal->unit);
    if (unit == NULL) {
        return ERR_MEMORY;
    }
    struct work work = begin(casework, slot, input, effects);
    if (slot == NULL) {
        struct str parts[] = {STR_LITERAL("case"), signal->unit, subject,
                              str_of(case_family_name(case_family_of(signal->kind))),
                              ident_part(&signal->id)};
        work.file->id = ident_derive(work.hash, parts, sizeof(parts) / sizeof(parts[0]));
        work.file->number = unit->number + 1;
        int error = choose_set(casework, signal->unit, &work.set);
        if (error != 0) {
            return error;
        }
        memcpy(work.file->pack, work.set->hash, POLICY_HASH_BYTES);
        if (map_get(&casework->by_id, ident_part(&work.file->id)) != NULL) {
            return 0; /* the signal that opened a case since closed, once more */
        }
    }
    for (size_t i = 0; i < work.file->signal_count; i++) {
        if (ident_equal(work.file->signals[i], signal->id)) {
            return 0; /* seen */
        }
    }
    signal_step(&work, signal);
    int error = end(casework, &work, slot);
    if (error == 0 && slot == NULL) {
        unit->number++;
    }
    return error;
}

static void refuse_unknown(const struct case_input *input, struct effects *effects)
{
    const struct case_command *command = &input->command;
    struct effect *effect = effects_add(effects, EFFECT_JOURNAL, input->time_ms);
    if (effect == NULL) {
        return;
    }
    bool reads = command->kind == CASE_COMMAND_READ && ident_is_none(command->case_id);
    effect->journal = (struct effect_journal){
        .unit = arena_copy_str(&effects->arena, command->unit),
        .case_id = command->case_id,
        .what = STR_LITERAL("command"),
        .actor = arena_copy_str(&effects->arena, command->actor),
        .actor_role = arena_copy_str(&effects->arena, command->actor_role),
        .command_id = command->id,
        .outcome = reads ? STR_LITERAL("applied") : STR_LITERAL("refused"),
        .reason = reads ? STR_LITERAL("") : STR_LITERAL("unknown_case"),
    };
    effect->journal.facts[0] =
        (struct effect_fact){STR_LITERAL("command"), str_of(command_name(command->kind))};
    effect->journal.fact_count = 1;
}

/* The person is kept out of the pupil's other cases, and of the siblings' that share that person. */
static int spread_to(struct casework *casework, const struct case_input *input,
                     struct effects *effects, struct str subject)
{
    for (int family = CASE_FAMILY_SELF_HARM; family <= CASE_FAMILY_WELLBEING; family++) {
        struct slot *slot =
            find_open(casework, input->command.unit, subject, (enum case_family)family);
        bool main_case = slot != NULL && ident_equal(slot->id, input->command.case_id);
        if (slot == NULL || main_case || casework->touched_count == TOUCHED_MAX) {
            continue;
        }
        struct work work = begin(casework, slot, input, effects);
        (void)conflict_set(&work, input->command.person, input->command.conflict,
                           input->command.actor);
        int error = end(casework, &work, slot);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static bool has_guardian(const struct org_person *student, struct str person)
{
    for (size_t i = 0; i < student->guardian_count; i++) {
        if (str_equal(student->guardians[i].person, person)) {
            return true;
        }
    }
    return false;
}

static int spread_conflict(struct casework *casework, const struct case_input *input,
                           struct effects *effects, struct str subject)
{
    const struct org_person *siblings[SIBLINGS_MAX];
    const struct org_person *student =
        org_find_person(casework->setup.org, input->command.unit, subject);
    int error = spread_to(casework, input, effects, subject);
    if (student == NULL || !has_guardian(student, input->command.person)) {
        return error;
    }
    size_t count = org_list_siblings(casework->setup.org, student, siblings, SIBLINGS_MAX);
    count = count < SIBLINGS_MAX ? count : SIBLINGS_MAX;
    for (size_t i = 0; i < count && error == 0; i++) {
        if (has_guardian(siblings[i], input->command.person)) {
            error = spread_to(casework, input, effects, siblings[i]->id);
        }
    }
    return error;
}

static int step_command(struct casework *casework, const struct case_input *input,
                        struct effects *effects)
{
    const struct case_command *command = &input->command;
    struct slot *slot = map_get(&casework->by_id, ident_part(&command->case_id));
    if (slot == NULL || !str_equal(slot->file->unit, command->unit)) {
        refuse_unknown(input, effects);
        return 0;
    }
    struct str subject = slot->file->subject;
    struct work work = begin(casework, slot, input, effects);
    command_step(&work, command);
    bool spreads =
        command->kind == CASE_COMMAND_SET_CONFLICT && resolve_is_excluded(&work, command->person);
    int error = end(casework, &work, slot);
    return error == 0 && spreads ? spread_conflict(casework, input, effects, subject) : error;
}

static int step_receipt(struct casework *casework, const struct case_input *input,
                        struct effects *effects)
{
    struct slot *slot = map_get(&casework->by_id, ident_part(&input->receipt.case_id));
    if (slot == NULL) {
        return 0; /* of a case that this partition no longer has: nothing to decide */
    }
    struct work work = begin(casework, slot, input, effects);
    receipt_step(&work, &input->receipt);
    return end(casework, &work, slot);
}

static int step_time(struct casework *casework, const struct case_input *input,
                     struct effects *effects)
{
    struct wheel_due due;
    if (wheel_expire(casework->wheel, input->time_ms, &due, 1) == 0) {
        return 0;
    }
    sw_assert(due.id < casework->slot_count);
    struct slot *slot = casework->slots[due.id];
    struct work work = begin(casework, slot, input, effects);
    int error = end(casework, &work, slot);
    if (error != 0 && wheel_set(casework->wheel, slot->index, due.deadline_ms) != 0) {
        return ERR_MEMORY; /* out of memory twice over: the shell restores the partition */
    }
    return error;
}

int casework_step(struct casework *casework, const struct case_input *input,
                  struct effects *ret_effects)
{
    int error = ERR_INVALID;
    free_retired(casework);
    effects_reset(ret_effects);
    switch (input->kind) {
    case CASE_INPUT_SIGNAL:
        error = step_signal(casework, input, ret_effects);
        break;
    case CASE_INPUT_COMMAND:
        error = step_command(casework, input, ret_effects);
        break;
    case CASE_INPUT_RECEIPT:
        error = step_receipt(casework, input, ret_effects);
        break;
    case CASE_INPUT_TIME:
        error = step_time(casework, input, ret_effects);
        break;
    }
    error = error == 0 ? commit(casework) : error;
    if (error != 0) {
        drop_touched(casework);
        effects_reset(ret_effects);
    }
    return error;
}

int64_t casework_next_deadline(const struct casework *casework)
{
    return wheel_next_deadline(casework->wheel);
}

void casework_check(const struct casework *casework)
{
    sw_assert(casework->by_id.count == casework->slot_count);
    for (size_t i = 0; i < casework->slot_count; i++) {
        const struct slot *slot = casework->slots[i];
        sw_assert(slot->index == i);
        sw_assert(ident_equal(slot->id, slot->file->id));
        casefile_check(slot->file);
        sw_assert(wheel_deadline(casework->wheel, slot->index) ==
                  casefile_next_due(slot->file, INT64_MIN).at_ms);
        sw_assert(!slot->keyed || map_get(&casework->by_key, ident_part(&slot->key)) == slot);
    }
}
