/* One step: a case is worked on in a scratch copy, packed, and put back with all others of the step, or none is. */
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/casework/casework_inside.h"
#include "core/casework/parts.h"

enum { SIBLINGS_MAX = 11 };

/* Classes are promoted and pupils change them: what is open goes with the pupil to those who have the pupil now. */
static void follow_class(struct work *work)
{
    struct casefile *file = work->file;
    const struct org_person *pupil =
        file->subject_kind == CASE_SUBJECT_STUDENT && file->state != CASE_CLOSED
            ? org_find_person(work->org, file->unit, file->subject)
            : NULL;
    if (pupil != NULL && pupil->group.len > 0 && !str_equal(pupil->group, file->group)) {
        file->group = work_copy(work, pupil->group);
    }
}

static struct work begin(struct casework *casework, const struct slot *slot,
                         const struct case_input *input, struct effects *effects)
{
    const struct casefile *file = &casework->scratch.file;
    pack_load(&casework->packer, &casework->scratch, slot != NULL ? slot->packed : NULL);
    casework->begun_subject = file->subject;
    casework->begun_family = file->family;
    struct work work = {
        .hash = casework->setup.hash,
        .org = casework->setup.org,
        .set = slot != NULL ? casework_find_set(casework, file->pack) : NULL,
        .file = &casework->scratch.file,
        .effects = effects,
        .input = input,
        .now_ms = input->time_ms,
        .wall_ms = input->time_ms,
    };
    if (slot != NULL) {
        follow_class(&work);
    }
    return work;
}

/* Settles what came due with the input, checks the case and packs it; it is installed with the rest of the step. */
static int end(struct casework *casework, struct work *work, struct slot *slot)
{
    due_step(work);
    if (work->wall_ms > work->file->changed_ms) {
        work->file->changed_ms = work->wall_ms;
    }
    casefile_check(work->file);
    struct packed *packed = work->failed ? NULL : pack_new(&casework->packer, work->file);
    if (packed == NULL) {
        return ERR_MEMORY;
    }
    bool has_key = work->file->family == casework->begun_family &&
                   str_equal(work->file->subject, casework->begun_subject);
    sw_assert(casework->touched_count < TOUCHED_MAX);
    struct touched *touched = &casework->touched[casework->touched_count++];
    *touched = casework_describe(casework, slot, work->file, has_key);
    touched->packed = packed;
    struct effect *effect = effects_add(work->effects, EFFECT_CASE, work->wall_ms);
    struct str unit = work_copy(work, work->file->unit);
    if (effect == NULL || work->failed) {
        return ERR_MEMORY;
    }
    effect->change = (struct effect_change){.case_id = work->file->id, .unit = unit};
    return 0;
}

static void drop_touched(struct casework *casework)
{
    for (size_t i = 0; i < casework->touched_count; i++) {
        packed_free(&casework->packer, casework->touched[i].packed);
    }
    casework->touched_count = 0;
}

/* A slot for a case that opens, with room in the wheel for its id. */
static struct slot *make_slot(struct casework *casework, struct ident id)
{
    struct slot *slot = casework_add_slot(casework, id);
    if (slot != NULL && wheel_set(casework->wheel, slot->index, WHEEL_NEVER - 1) != 0) {
        casework_remove_slot(casework, slot);
        return NULL;
    }
    return slot;
}

/* Puts all cases of the step in. */
static int commit(struct casework *casework)
{
    for (size_t i = 0; i < casework->touched_count; i++) {
        struct touched *touched = &casework->touched[i];
        bool opens = touched->slot == NULL;
        struct slot *slot = opens ? make_slot(casework, touched->id) : touched->slot;
        struct packed *old = slot != NULL ? slot->packed : NULL;
        if (slot == NULL || casework_install(casework, slot, touched) != 0) {
            if (opens && slot != NULL) {
                casework_remove_slot(casework, slot);
            }
            return ERR_MEMORY; /* behind the first: halfway; the shell ends the process when memory is out */
        }
        touched->packed = NULL;
        if (old != NULL) {
            casework->retired[casework->retired_count++] = (struct retired){touched->id, old};
        }
    }
    casework->touched_count = 0;
    return 0;
}

typedef void (*keep_out_fn)(struct work *work, struct str person, enum case_conflict_reason reason);

/* Once the case is there, each is said at once. */
static void keep_out_now(struct work *work, struct str person, enum case_conflict_reason reason)
{
    (void)conflict_set(work, person, reason, STR_LITERAL(""));
}

/* Guardians who are kept out of the record of this pupil or of a sibling, and whoever is kept out of the pupil's other
 * open cases, are kept out of this one. */
static void inherit_conflicts(struct casework *casework, struct work *work, struct str unit,
                              struct str subject, keep_out_fn keep_out)
{
    const struct org_person *record = org_find_person(work->org, unit, subject);
    for (size_t i = 0; record != NULL && i < record->guardian_count; i++) {
        struct str guardian = record->guardians[i].person;
        enum case_conflict_reason reason = casework_conflict_of(casework, unit, guardian);
        if (reason != CASE_CONFLICT_NONE) {
            keep_out(work, guardian, reason);
        }
    }
    for (int family = CASE_FAMILY_SELF_HARM; family <= CASE_FAMILY_WELLBEING; family++) {
        const struct slot *other =
            casework_find_open(casework, unit, subject, (enum case_family)family);
        if (other == NULL || other->packed->conflict_count == 0) {
            continue;
        }
        const struct casefile *file = casework_look(casework, other);
        for (size_t i = 0; i < file->conflict_count; i++) {
            const struct conflict *conflict = &file->conflicts[i];
            if (conflict->state != CONFLICT_CLEARED) {
                keep_out(work, conflict->person, conflict->reason);
            }
        }
    }
}

/* A pupil on file: an open case at high or above, of whatever family, also one that is only watched by now. */
static bool is_on_file(const struct casework *casework, struct str unit, struct str subject)
{
    for (int family = CASE_FAMILY_SELF_HARM; family <= CASE_FAMILY_WELLBEING; family++) {
        const struct slot *slot =
            casework_find_open(casework, unit, subject, (enum case_family)family);
        if (slot != NULL && slot->packed->level >= CASE_LEVEL_HIGH &&
            slot->packed->state != CASE_STOOD_DOWN) {
            return true;
        }
    }
    return false;
}

struct ident casework_case_id(ident_hash_fn hash, const struct case_signal *opening)
{
    struct str parts[] = {STR_LITERAL("case"), opening->unit, opening->subject,
                          str_of(case_family_name(case_family_of(opening->kind))),
                          ident_part(&opening->id)};
    return ident_derive(hash, parts, sizeof(parts) / sizeof(parts[0]));
}

/* What did not come long ago is nobody's case any more. */
static bool is_past(const struct case_signal *signal)
{
    enum case_family family = case_family_of(signal->kind);
    return signal->silent && (family == CASE_FAMILY_ROLL || family == CASE_FAMILY_DOUBT);
}

static int step_signal(struct casework *casework, const struct case_input *input,
                       struct effects *effects)
{
    const struct case_signal *signal = &input->signal;
    struct str subject = signal->subject;
    struct slot *slot =
        casework_find_open(casework, signal->unit, subject, case_family_of(signal->kind));
    if (is_past(signal) || (signal->only_on_file && !is_on_file(casework, signal->unit, subject))) {
        return 0; /* what it means for the others is a signal of its own */
    }
    if (slot == NULL && casework->slot_count >= casework->setup.case_max) {
        return ERR_FULL;
    }
    struct unit *unit = casework_get_unit(casework, signal->unit);
    if (unit == NULL) {
        return ERR_MEMORY;
    }
    struct work work = begin(casework, slot, input, effects);
    work.interviews = unit->interviews - (slot != NULL && slot->owes_interview ? 1 : 0);
    if (slot == NULL) {
        work.file->id = casework_case_id(work.hash, signal);
        work.file->number = unit->number + 1;
        int error = casework_choose_set(casework, signal->unit, &work.set);
        if (error != 0) {
            return error;
        }
        memcpy(work.file->pack, work.set->hash, POLICY_HASH_BYTES);
        if (casework_find(casework, work.file->id) != NULL) {
            return 0; /* the signal that opened a case since closed, once more */
        }
    }
    for (size_t i = 0; i < work.file->signal_count; i++) {
        if (ident_equal(work.file->signals[i], signal->id)) {
            return 0; /* seen */
        }
    }
    if (slot == NULL) {
        inherit_conflicts(casework, &work, signal->unit, subject, conflict_inherit);
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
            casework_find_open(casework, input->command.unit, subject, (enum case_family)family);
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

/* The case of the same kind that the person who is linked has already, where it takes this one in: both run, and what was
 * history does not become an alarm. Any other stays beside this one. */
static struct slot *find_own(const struct casework *casework, const struct casefile *file,
                             const struct case_command *command)
{
    struct slot *own = casework_find_open(casework, command->unit, command->person, file->family);
    if (own == NULL || ident_equal(own->id, file->id)) {
        return NULL;
    }
    const struct casefile *taking = casework_look(casework, own);
    bool joins = casefile_is_running(taking) && casefile_is_running(file) &&
                 (!taking->silent || file->silent);
    return joins ? own : NULL;
}

/* The second case of a command that makes one of two. */
static struct slot *find_other(const struct casework *casework, const struct casefile *file,
                               const struct case_command *command)
{
    struct slot *other = NULL;
    if (command->kind == CASE_COMMAND_LINK) {
        return find_own(casework, file, command);
    }
    if (command->kind == CASE_COMMAND_JOIN_EPISODES &&
        !ident_equal(command->other_case, command->case_id)) {
        other = casework_find(casework, command->other_case);
    }
    return other != NULL && str_equal(casework_look(casework, other)->unit, command->unit) ? other
                                                                                           : NULL;
}

/* What the second case has to do with it: it gives itself away to the first, or takes the linked one in. */
static int step_other(struct casework *casework, const struct case_input *input,
                      struct effects *effects, const struct slot *slot, struct slot *other)
{
    struct work work = begin(casework, other, input, effects);
    if (input->command.kind == CASE_COMMAND_LINK) {
        const char *refusal = episode_take_in(&work, casework_look(casework, slot));
        sw_assert(refusal == NULL); /* both run */
    } else {
        episode_give_away(&work, slot->id, input->command.actor);
    }
    return end(casework, &work, other);
}

static int step_command(struct casework *casework, const struct case_input *input,
                        struct effects *effects)
{
    const struct case_command *command = &input->command;
    struct slot *slot = casework_find(casework, command->case_id);
    struct work work = begin(casework, slot, input, effects);
    if (slot == NULL || !str_equal(work.file->unit, command->unit)) {
        refuse_unknown(input, effects);
        return 0;
    }
    struct str subject = work.file->subject;
    struct slot *other = find_other(casework, work.file, command);
    work.other = other != NULL ? casework_look(casework, other) : NULL;
    bool applied = command_step(&work, command);
    bool is_linked = applied && command->kind == CASE_COMMAND_LINK;
    if (is_linked && other != NULL) {
        episode_give_away(&work, other->id, command->actor);
    } else if (is_linked) {
        inherit_conflicts(casework, &work, command->unit, work.file->subject, keep_out_now);
    }
    int error = end(casework, &work, slot);
    if (error == 0 && applied && command->kind == CASE_COMMAND_SET_CONFLICT) {
        return spread_conflict(casework, input, effects, subject);
    }
    return error == 0 && applied && other != NULL
               ? step_other(casework, input, effects, slot, other)
               : error;
}

static int step_receipt(struct casework *casework, const struct case_input *input,
                        struct effects *effects)
{
    struct slot *slot = casework_find(casework, input->receipt.case_id);
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
        /* Nothing is due, or the wheel could not turn for want of memory. */
        return wheel_next_deadline(casework->wheel) > input->time_ms ? 0 : ERR_MEMORY;
    }
    sw_assert(due.id < casework->slot_count);
    struct slot *slot = casework_slot(casework, due.id);
    struct work work = begin(casework, slot, input, effects);
    int error = end(casework, &work, slot);
    error = error == 0 ? commit(casework) : error;
    if (error != 0 && wheel_set(casework->wheel, slot->index, due.deadline_ms) != 0) {
        return ERR_MEMORY; /* twice over: the timer is lost with the process, which the shell ends */
    }
    return error;
}

int casework_step(struct casework *casework, const struct case_input *input,
                  struct effects *ret_effects)
{
    int error = ERR_INVALID;
    casework_free_retired(casework);
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
