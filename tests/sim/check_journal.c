/* The journal by itself: its chain, and what it says became of commands, signals, acknowledgements, duties and cases. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "io/seal.h"
#include "sim/check_inside.h"
#include "wire/reader.h"

static size_t index_of(struct str unit)
{
    for (size_t i = 0; i < COUNTY_SCHOOLS; i++) {
        if (str_is(unit, county_schools[i])) {
            return i;
        }
    }
    return COUNTY_SCHOOLS;
}

static struct str fact(const Shouwang__V1__JournalLine *line, const char *key)
{
    for (size_t i = 0; i < line->n_facts; i++) {
        if (strcmp(line->facts[i]->key, key) == 0) {
            return str_of(line->facts[i]->value);
        }
    }
    return STR_LITERAL("");
}

static int64_t fact_number(const Shouwang__V1__JournalLine *line, const char *key)
{
    int64_t number = 0;
    return str_to_int64(fact(line, key), 0, INT64_MAX, &number) ? number : 0;
}

static bool says(const Shouwang__V1__JournalLine *line, const char *what)
{
    return strcmp(line->what, what) == 0;
}

/* --- commands and signals ---------------------------------------------------------------------------------------------- */

static void follow_cause(struct check *check, const Shouwang__V1__JournalLine *line)
{
    struct ident cause = reader_ident(line->cause_id);
    struct check_signal *signal = map_get(&check->signals, ident_part(&cause));
    if (signal != NULL) {
        signal->is_told = true;
    }
    if (line->outcome[0] == '\0') {
        return;
    }
    struct ident id = reader_ident(line->command_id);
    struct check_command *command = map_get(&check->commands, ident_part(&id));
    if (command == NULL) {
        check_fail(check, "a line of no command: %s", check_id(id));
        return;
    }
    uint64_t number = ++check->answered[index_of(str_of(line->unit))];
    if (++command->lines > 1 && number - command->number < CHECK_COMMANDS_KNOWN) {
        check_fail(check, "a command twice: %s, %s", check_id(id), line->outcome);
    }
    command->number = number;
}

/* --- acknowledgements -------------------------------------------------------------------------------------------------- */

static struct str ack_key(struct ident case_id, struct str person, struct str role,
                          char room[CHECK_KEY_BYTES])
{
    int len = snprintf(room, CHECK_KEY_BYTES, "%s/%.*s/%.*s", check_id(case_id), (int)person.len,
                       person.at, (int)role.len, role.at);
    return (struct str){room, (size_t)len};
}

int64_t check_acked_for_ms(struct check *check, struct ident case_id, struct str person,
                           struct str role)
{
    char room[CHECK_KEY_BYTES];
    const struct check_ack *ack = map_get(&check->acks, ack_key(case_id, person, role, room));
    return ack != NULL && ack->is_active ? check_now(check) - ack->since_ms : -1;
}

static void end_acks(struct check *check, struct ident case_id)
{
    for (size_t i = 0; i < check->acks.count; i++) {
        struct check_ack *ack = check->acks.entries[i].value;
        ack->is_active = ack->is_active && !ident_equal(ack->case_id, case_id);
    }
}

static void follow_acks(struct check *check, const Shouwang__V1__JournalLine *line)
{
    static const char *const ends[] = {"level_raised", "level_lowered",   "episode_opened",
                                       "reopened",     "stood_down",      "settled",
                                       "closed",       "conflict_set",    "case_joined",
                                       "plan_started", "episodes_joined", "ack_corrected"};
    char room[CHECK_KEY_BYTES];
    struct str *key;
    struct ident case_id = reader_ident(line->case_id);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (says(line, ends[i])) {
            end_acks(check, case_id);
        }
    }
    if (!says(line, "acked") && !says(line, "ack_expired")) {
        return;
    }
    struct str text = ack_key(case_id, fact(line, "person"), fact(line, "role"), room);
    struct check_ack *ack = check_entry(check, &check->acks, text, sizeof(*ack), &key);
    ack->case_id = case_id;
    ack->is_active = says(line, "acked");
    ack->since_ms = check_now(check);
}

/* --- duties ------------------------------------------------------------------------------------------------------------ */

static void follow_duties(struct check *check, const Shouwang__V1__JournalLine *line)
{
    char room[CHECK_KEY_BYTES];
    struct str *key;
    struct str id = fact(line, "obligation");
    if (id.len == 0 || fact(line, "occurrence").len > 0) {
        return;
    }
    /* A hold and an interview may be asked for again, with another deadline. */
    bool is_built_in = str_is(id, "hold") || str_is(id, "interview");
    int64_t due_ms = fact_number(line, "due_ms");
    int len =
        snprintf(room, sizeof(room), "%s/%u/%.*s/%" PRId64, check_id(reader_ident(line->case_id)),
                 (unsigned)line->episode, (int)id.len, id.at, is_built_in ? due_ms : 0);
    struct check_duty *duty =
        check_entry(check, &check->duties, (struct str){room, (size_t)len}, sizeof(*duty), &key);
    if (says(line, "obligation_met") || says(line, "obligation_met_late") ||
        says(line, "obligation_waived")) {
        duty->ends++;
    } else if (says(line, "obligation_answered") && str_is(fact(line, "answer"), "returned") &&
               duty->ends > 0) {
        duty->ends--;
    } else if (says(line, "obligation_breached") && line->at_ms < due_ms) {
        check_fail(check, "breached early: %s at %" PRId64 ", due %" PRId64, room, line->at_ms,
                   due_ms);
    }
    if (duty->ends > 1) {
        check_fail(check, "ended twice: obligation %s by %s", room, line->what);
    }
}

/* --- lives ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *what;
    enum case_state state;
} life_rows[] = {
    {"case_opened", CASE_OPEN}, {"settled", CASE_SETTLED},       {"monitoring", CASE_MONITORING},
    {"closed", CASE_CLOSED},    {"stood_down", CASE_STOOD_DOWN}, {"reopened", CASE_REOPENED},
};

/* No step fires before its offset has passed since the plan was made; nor since its ladder began anew, unless it waits for
 * something that does not depend on who has the case. */
static void check_fired(struct check *check, const Shouwang__V1__JournalLine *line,
                        const struct check_life *life)
{
    size_t index = (size_t)fact_number(line, "step");
    if (life->policy == NULL || life->has_moved || index >= life->policy->step_count) {
        return;
    }
    const struct policy_step *step = &life->policy->steps[index];
    if (step->unless == POLICY_UNLESS_MET && life->has_skipped) {
        return; /* judged at its time, and told when there is somebody to tell, by a word that is older */
    }
    int64_t from_ms = step->unless == POLICY_UNLESS_MET ? life->plan_ms : life->restart_ms;
    /* A clock that runs ahead of the brokers' puts its plans into the future of what they say next. */
    if (from_ms <= check_now(check) && line->at_ms < from_ms + step->at_ms) {
        check_fail(check, "early: step %zu of case %s, at %" PRId64 " of a plan of %" PRId64, index,
                   check_id(life->id), line->at_ms, from_ms);
    }
}

static void follow_plan(struct check *check, const Shouwang__V1__JournalLine *line,
                        struct check_life *life)
{
    if (says(line, "plan_started")) {
        life->policy = policy_by_id(check->policies, fact(line, "policy"));
        life->plan_ms = line->at_ms;
        life->has_skipped = false;
    }
    if (says(line, "plan_started") || says(line, "steps_restarted")) {
        life->restart_ms = line->at_ms;
        life->has_moved = false;
    }
    life->has_skipped = life->has_skipped || says(line, "step_skipped");
    life->has_moved = life->has_moved || says(line, "step_skipped") || says(line, "step_satisfied");
    if (says(line, "step_fired")) {
        check_fired(check, line, life);
    }
}

/* One that was to be cleared may be set once more. */
static void follow_conflicts(struct check *check, const Shouwang__V1__JournalLine *line,
                             struct check_life *life)
{
    char room[CHECK_KEY_BYTES];
    struct str *key;
    struct str person = fact(line, "person");
    if (!says(line, "conflict_set") && !says(line, "conflict_cleared")) {
        return;
    }
    struct str text = ack_key(life->id, person, STR_LITERAL("conflict"), room);
    struct check_ack *conflict =
        check_entry(check, &check->conflicts, text, sizeof(*conflict), &key);
    life->conflicts += (int)says(line, "conflict_set") - (int)conflict->is_active;
    conflict->is_active = says(line, "conflict_set");
}

static void follow_life(struct check *check, const Shouwang__V1__JournalLine *line)
{
    struct ident id = reader_ident(line->case_id);
    struct check_life *life = map_get(&check->lives, ident_part(&id));
    if (life == NULL) {
        life = arena_alloc(&check->arena, sizeof(*life));
        sw_assert(life != NULL);
        life->id = id;
        sw_assert(map_add(&check->lives, ident_part(&life->id), life) == 0);
    }
    life->level = (enum case_level)line->level;
    life->holds += says(line, "held");
    life->holds -= says(line, "hold_released");
    follow_conflicts(check, line, life);
    for (size_t i = 0; i < sizeof(life_rows) / sizeof(life_rows[0]); i++) {
        life->state = says(line, life_rows[i].what) ? life_rows[i].state : life->state;
    }
    if (says(line, "episode_opened") && life->state != CASE_OPEN) {
        life->state = CASE_OPEN;
    }
    follow_plan(check, line, life);
}

static bool runs(enum case_state state)
{
    return state == CASE_OPEN || state == CASE_ACKNOWLEDGED || state == CASE_RESPONDING ||
           state == CASE_REOPENED;
}

void check_life(struct check *check, const struct casefile *file)
{
    const struct check_life *life = map_get(&check->lives, ident_part(&file->id));
    int holds = 0;
    int conflicts = 0;
    for (size_t i = 0; i < file->hold_count; i++) {
        holds += file->holds[i].state == HOLD_HELD;
    }
    for (size_t i = 0; i < file->conflict_count; i++) {
        conflicts += file->conflicts[i].state != CONFLICT_CLEARED;
    }
    bool is_same = life != NULL && life->level == file->level && life->holds == holds &&
                   life->conflicts == conflicts &&
                   (life->state == file->state || (runs(life->state) && runs(file->state)));
    if (!is_same) {
        check_fail(check,
                   "the journal tells of case %s otherwise than its state: %s, level %d, "
                   "%d holds, %d conflicts",
                   check_id(file->id), case_state_name(file->state), (int)file->level, holds,
                   conflicts);
    }
}

void check_line(struct check *check, const struct broker_record *record)
{
    struct fault fault;
    struct journal_place *place = &check->places[index_of(record->record.key)];
    arena_reset(&check->scratch);
    if (journal_verify(record->record.value, seal_digest, &check->scratch, place, &fault) != 0) {
        check_fail(check, "the journal's chain breaks behind line %" PRIu64, place->number);
        return;
    }
    arena_reset(&check->scratch);
    const Shouwang__V1__JournalLine *line = (const Shouwang__V1__JournalLine *)ledger_decode(
        record, &shouwang__v1__journal_line__descriptor, &check->scratch);
    if (line->at_ms > check_now(check) + check->skew_max_ms) {
        check_fail(check, "a line of the future: %s", line->what);
    }
    if (check_is_well(check) && check_now(check) - line->at_ms > CHECK_LATE_MS) {
        check_fail(check, "late by %" PRId64 " ms: %s of case %s", check_now(check) - line->at_ms,
                   line->what, check_id(reader_ident(line->case_id)));
    }
    follow_cause(check, line);
    follow_acks(check, line);
    follow_duties(check, line);
    follow_life(check, line);
}
