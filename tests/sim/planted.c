/* Bugs on purpose, one per build of the simulator (SIM_PLANTED_…): a function of the services or of the core is replaced by the
 * linker (--wrap), so that nothing of it is ever in a service. Each must be found; see CMakeLists.txt. */
#include <stdbool.h>

#include "core/casework/parts.h"
#include "core/org/org.h"
#include "escalator/part_inside.h"

#if defined(SIM_PLANTED_ACK_STOPS_NOTHING)

/* What an acknowledgement covers still goes out. */
void __wrap_step_cancel_person(struct work *work, struct str person, struct str role,
                               const char *reason);
void __wrap_step_cancel_person(struct work *work, struct str person, struct str role,
                               const char *reason)
{
    (void)work;
    (void)person;
    (void)role;
    (void)reason;
}

#elif defined(SIM_PLANTED_COMMANDS_NEW_EACH_TIME)

/* A command that comes twice is done twice. */
bool __real_part_take_command(struct part *part, struct str unit, struct ident id,
                              struct stream_effects *effects);
bool __wrap_part_take_command(struct part *part, struct str unit, struct ident id,
                              struct stream_effects *effects);
bool __wrap_part_take_command(struct part *part, struct str unit, struct ident id,
                              struct stream_effects *effects)
{
    (void)__real_part_take_command(part, unit, id, effects);
    return true;
}

#elif defined(SIM_PLANTED_HOUSEHOLD_FORGOTTEN)

/* Who lives with somebody in conflict is told. */
bool __wrap_org_is_excluded(const struct org *org, const struct org_person *person,
                            const struct org_excluded *excluded, size_t excluded_count);
bool __wrap_org_is_excluded(const struct org *org, const struct org_person *person,
                            const struct org_excluded *excluded, size_t excluded_count)
{
    (void)org;
    for (size_t i = 0; i < excluded_count; i++) {
        if (str_equal(person->id, excluded[i].person)) {
            return true;
        }
    }
    return false;
}

#elif defined(SIM_PLANTED_DEADLINES_EARLY)

/* Everything comes two seconds before its time. */
struct case_due __real_casefile_next_due(const struct casefile *file, int64_t from_ms);
struct case_due __wrap_casefile_next_due(const struct casefile *file, int64_t from_ms);
struct case_due __wrap_casefile_next_due(const struct casefile *file, int64_t from_ms)
{
    enum { EARLY_MS = 2000 };
    struct case_due due = __real_casefile_next_due(file, from_ms);
    due.at_ms -= due.at_ms == CASE_NEVER ? 0 : EARLY_MS;
    return due;
}

#elif defined(SIM_PLANTED_ANSWER_LEFT_BEHIND)

/* An answer of the provider that waits for its notice is never heard: undone once, the notice hangs. */
void __wrap_flight_unpark(void *part, struct ident id);
void __wrap_flight_unpark(void *part, struct ident id)
{
    (void)part;
    (void)id;
}

#elif defined(SIM_PLANTED_HOLDS_NOT_KEPT)

/* The changelog leaves the holds out: whoever takes over knows of none. */
int __real_case_encode(const struct casefile *file, struct arena *arena, struct str *ret_value);
int __wrap_case_encode(const struct casefile *file, struct arena *arena, struct str *ret_value);
int __wrap_case_encode(const struct casefile *file, struct arena *arena, struct str *ret_value)
{
    struct casefile without = *file;
    without.hold_count = 0;
    return __real_case_encode(&without, arena, ret_value);
}

#elif defined(SIM_PLANTED_CLAIM_NOT_READ)

/* Nobody looks whether a notice was sent already. */
struct flight;
typedef void (*planted_claim_fn)(struct flight *flight, int outcome);
bool __wrap_claim_begin(struct flight *flight, planted_claim_fn done);
bool __wrap_claim_begin(struct flight *flight, planted_claim_fn done)
{
    done(flight, 0); /* CLAIM_OURS */
    return true;
}

#endif
