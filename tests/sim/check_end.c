/* After the healing: everything has come to its end, and memory is what the logs say. */
#include <inttypes.h>

#include "base/assert.h"
#include "sim/check_inside.h"
#include "sim/shell.h"

enum { LAST_DAYS_MS = 2 * 24 * 60 * 60 * 1000 };

static void check_lost(struct check *check)
{
    for (size_t i = 0; i < check->events.count; i++) {
        const struct check_event *event = check->events.entries[i].value;
        if (event->signals == 0) {
            check_fail(check, "lost: event %.*s has no signal", (int)event->id.len, event->id.at);
        }
    }
    for (size_t i = 0; i < check->signals.count; i++) {
        const struct check_signal *signal = check->signals.entries[i].value;
        if (!signal->is_told && !signal->may_be_dropped) {
            check_fail(check, "lost: signal %s is in no line", check_id(signal->id));
        }
    }
    for (size_t i = 0; i < check->commands.count; i++) {
        const struct check_command *command = check->commands.entries[i].value;
        if (command->lines == 0) {
            check_fail(check, "lost: command %s has no answer", check_id(command->id));
        }
    }
    for (const struct ledger_notice *notice = check->ledger->first_notice; notice != NULL;
         notice = notice->next) {
        if (notice->states == 0) {
            check_fail(check, "lost: notice %s, cause %s, to %s has no receipt",
                       check_id(notice->id), notice->record->cause, notice->record->person);
        }
    }
}

static void check_obligations(struct check *check, const struct casefile *file)
{
    for (size_t i = 0; i < file->obligation_count; i++) {
        const struct obligation *obligation = &file->obligations[i];
        bool is_final = obligation->state == OBLIGATION_MET ||
                        obligation->state == OBLIGATION_MET_LATE ||
                        obligation->state == OBLIGATION_WAIVED;
        bool is_over = obligation->occurrence > 0 || obligation->anchor_ms == 0;
        const struct episode *episode = casefile_episode(file, obligation->episode);
        if (!is_final && !is_over && episode->state != EPISODE_JOINED) {
            check_fail(check, "closed with an open obligation: case %s, %.*s", check_id(file->id),
                       (int)obligation->id.len, obligation->id.at);
        }
    }
}

/* Every case is closed, but one of the last days: a roll that does not come opens one at any time; or stood down for good; and the journal says so. */
static void check_cases(struct check *check)
{
    for (const struct ledger_case *entry = check->ledger->first_case; entry != NULL;
         entry = entry->next) {
        const struct casefile *file = &entry->state->file;
        bool is_young = file->opened_ms > check_now(check) - LAST_DAYS_MS;
        bool has_ended = file->state == CASE_CLOSED ||
                         (file->state == CASE_STOOD_DOWN && file->stand_down_by_ms == CASE_NEVER);
        if (!has_ended && !is_young) {
            check_fail(check, "never ends: case %s is %s", check_id(entry->id),
                       case_state_name(file->state));
        }
        check_life(check, file);
        if (has_ended) {
            check_obligations(check, file);
        }
    }
}

/* Whoever takes a part over has the same to do next. */
static void check_restored(struct check *check, struct machine *machine, int32_t partition)
{
    struct machine *before = machine_enter(machine);
    void *part = shell_settled_part(machine->stream, partition);
    int64_t next_ms = part == NULL ? 0 : shell_next_deadline(machine->stream, partition);
    int64_t restored_ms = part == NULL ? 0 : shell_restored_deadline(machine->stream, partition);
    machine_leave(before);
    /* The notifier may wake for a digest of which nothing is left. */
    bool is_same =
        machine->group == BROKER_NOTIFIER ? next_ms <= restored_ms : next_ms == restored_ms;
    /* 0: a part looks around first; so it does at what is being sent, whose answer only the one before would hear. */
    bool looks_around =
        restored_ms == 0 || (restored_ms <= check_now(check) && machine_is_asking(machine));
    if (!looks_around && !is_same) {
        check_fail(check,
                   "restored otherwise: group %d, partition %d: next at %" PRId64
                   ", restored %" PRId64,
                   (int)machine->group, (int)partition, next_ms, restored_ms);
    }
}

void check_restores(struct check *check)
{
    struct machine_world *world = check->world;
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (size_t slot = 0; slot < MACHINE_SLOTS; slot++) {
            struct machine *machine = world->machines[group][slot];
            for (int32_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
                if (machine_runs(machine) && machine->stream != NULL &&
                    shell_settled_part(machine->stream, partition) != NULL &&
                    broker_owner_of(world->broker, (enum broker_group)group, partition).slot ==
                        machine->slot) {
                    check_restored(check, machine, partition);
                }
            }
        }
    }
}

static void check_machines(struct check *check)
{
    struct machine_world *world = check->world;
    for (size_t group = 0; group < BROKER_GROUPS; group++) {
        for (int32_t partition = 0; partition < BROKER_PARTITIONS; partition++) {
            struct broker_owner owner =
                broker_owner_of(world->broker, (enum broker_group)group, partition);
            struct machine *machine =
                owner.slot == BROKER_NOBODY ? NULL : world->machines[group][owner.slot];
            if (machine == NULL || !machine->is_up ||
                shell_settled_part(machine->stream, partition) == NULL) {
                check_fail(check, "group %zu, partition %d has not settled", group, (int)partition);
            } else {
                check_restored(check, machine, partition);
            }
        }
    }
}

void check_end(struct check *check)
{
    check_lost(check);
    check_cases(check);
    check_machines(check);
}
