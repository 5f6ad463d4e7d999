/* Cases as the changelog has them. */
#include "base/assert.h"
#include "sim/check_inside.h"
#include "wire/case.h"

static bool is_told_of_nobody(const struct casefile *file)
{
    return file->silent || file->is_queued || file->level < CASE_LEVEL_CRISIS;
}

/* All that its policy asked for is done, and nobody is owed anything: it waits for a person to settle it. */
static bool is_done(const struct casefile *file)
{
    for (size_t i = 0; i < file->step_count; i++) {
        if (file->steps[i].state != STEP_UNNEEDED) {
            return false;
        }
    }
    for (size_t i = 0; i < file->obligation_count; i++) {
        if (file->obligations[i].state < OBLIGATION_MET) {
            return false;
        }
    }
    return true;
}

/* A crisis that runs has a time at which the next thing happens, if nobody does anything. */
static void check_next(struct check *check, const struct casefile *file)
{
    if (casefile_is_running(file) && !is_told_of_nobody(file) && !is_done(file) &&
        casefile_next_due(file, INT64_MIN).at_ms == CASE_NEVER) {
        check_fail(check, "no next deadline: case %s, level %d, state %s", check_id(file->id),
                   (int)file->level, case_state_name(file->state));
    }
}

void check_case(struct check *check, const struct broker_record *record)
{
    struct ident id;
    struct str unit;
    enum case_entity kind;
    if (!case_parse_key(record->record.key, &kind, &unit, &id) || kind != CASE_ENTITY_CASE) {
        return;
    }
    struct ledger_case *entry = ledger_find_case(check->ledger, id);
    const struct casefile *file = &entry->state->file;
    if (entry->before != NULL) {
        /* A state comes ahead of its lines: those of the one before are all there by now. */
        check_life(check, &entry->before->file);
    }
    const char *fault = casefile_fault(file);
    if (fault != NULL) {
        check_fail(check, "case %s: %s", check_id(id), fault);
    }
    check_next(check, file);
}
