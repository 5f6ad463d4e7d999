/* The legality tables: row = from, bits = to. */
#include "core/casework/machine.h"

#include "base/assert.h"

#define TO(state) (1u << (state))

static const unsigned case_table[CASE_STATE_COUNT] = {
    [CASE_NONE] = TO(CASE_OPEN),
    [CASE_OPEN] = TO(CASE_ACKNOWLEDGED) | TO(CASE_SETTLED) | TO(CASE_STOOD_DOWN) | TO(CASE_CLOSED),
    [CASE_ACKNOWLEDGED] = TO(CASE_OPEN) | TO(CASE_RESPONDING) | TO(CASE_SETTLED) |
                          TO(CASE_STOOD_DOWN) | TO(CASE_CLOSED),
    [CASE_RESPONDING] = TO(CASE_OPEN) | TO(CASE_SETTLED) | TO(CASE_STOOD_DOWN) | TO(CASE_CLOSED),
    [CASE_SETTLED] = TO(CASE_OPEN) | TO(CASE_MONITORING) | TO(CASE_STOOD_DOWN) | TO(CASE_CLOSED),
    [CASE_MONITORING] = TO(CASE_OPEN) | TO(CASE_CLOSED) | TO(CASE_STOOD_DOWN),
    [CASE_CLOSED] = TO(CASE_OPEN) | TO(CASE_REOPENED),
    [CASE_REOPENED] = TO(CASE_OPEN) | TO(CASE_ACKNOWLEDGED) | TO(CASE_SETTLED) |
                      TO(CASE_STOOD_DOWN) | TO(CASE_CLOSED),
    [CASE_STOOD_DOWN] = TO(CASE_OPEN) | TO(CASE_REOPENED),
};

static const unsigned episode_table[EPISODE_STATE_COUNT] = {
    [EPISODE_RUNNING] = TO(EPISODE_SETTLED) | TO(EPISODE_STOOD_DOWN) | TO(EPISODE_JOINED),
    [EPISODE_SETTLED] = TO(EPISODE_RUNNING) | TO(EPISODE_STOOD_DOWN) | TO(EPISODE_JOINED),
    [EPISODE_STOOD_DOWN] = TO(EPISODE_RUNNING),
    [EPISODE_JOINED] = 0,
};

/* What brings a step back to PENDING is an acknowledgement that expired, or a person who became tellable; from SENT to FIRING, that
 * it became the last one that asks anybody. */
static const unsigned step_table[STEP_STATE_COUNT] = {
    [STEP_PENDING] =
        TO(STEP_FIRING) | TO(STEP_SENT) | TO(STEP_SATISFIED) | TO(STEP_UNNEEDED) | TO(STEP_SKIPPED),
    [STEP_FIRING] = TO(STEP_SENT) | TO(STEP_SATISFIED) | TO(STEP_UNNEEDED) | TO(STEP_PENDING),
    [STEP_SENT] = TO(STEP_FIRING) | TO(STEP_SATISFIED) | TO(STEP_UNNEEDED) | TO(STEP_PENDING),
    [STEP_SATISFIED] = TO(STEP_PENDING),
    [STEP_UNNEEDED] = TO(STEP_PENDING),
    [STEP_SKIPPED] = TO(STEP_PENDING),
};

/* MET and MET_LATE go back when the recipient returns the report. */
static const unsigned obligation_table[OBLIGATION_STATE_COUNT] = {
    [OBLIGATION_PENDING] = TO(OBLIGATION_WARNED) | TO(OBLIGATION_BREACHED) | TO(OBLIGATION_MET) |
                           TO(OBLIGATION_MET_LATE) | TO(OBLIGATION_WAIVED),
    [OBLIGATION_WARNED] = TO(OBLIGATION_PENDING) | TO(OBLIGATION_BREACHED) | TO(OBLIGATION_MET) |
                          TO(OBLIGATION_MET_LATE) | TO(OBLIGATION_WAIVED),
    [OBLIGATION_BREACHED] = TO(OBLIGATION_PENDING) | TO(OBLIGATION_MET) | TO(OBLIGATION_MET_LATE) |
                            TO(OBLIGATION_WAIVED),
    [OBLIGATION_MET] = TO(OBLIGATION_PENDING),
    [OBLIGATION_MET_LATE] = TO(OBLIGATION_PENDING),
    [OBLIGATION_WAIVED] = 0,
};

static const unsigned ack_table[ACK_STATE_COUNT] = {
    [ACK_ACTIVE] = TO(ACK_EXPIRED) | TO(ACK_ENDED),
    [ACK_EXPIRED] = TO(ACK_ACTIVE) | TO(ACK_ENDED),
    [ACK_ENDED] = TO(ACK_ACTIVE),
    [ACK_SEEN] = 0,
};

static const unsigned conflict_table[CONFLICT_STATE_COUNT] = {
    [CONFLICT_ACTIVE] = TO(CONFLICT_CLEAR_ASKED),
    [CONFLICT_CLEAR_ASKED] = TO(CONFLICT_CLEARED) | TO(CONFLICT_ACTIVE),
    [CONFLICT_CLEARED] = TO(CONFLICT_ACTIVE),
};

static const unsigned hold_table[HOLD_STATE_COUNT] = {
    [HOLD_HELD] = TO(HOLD_RELEASED),
    [HOLD_RELEASED] = TO(HOLD_HELD),
};

#define MACHINE(entity, type, count)                                                               \
    bool entity##_may(enum entity##_state from, enum entity##_state to)                            \
    {                                                                                              \
        sw_assert((unsigned)from < (unsigned)(count));                                             \
        sw_assert((unsigned)to < (unsigned)(count));                                               \
        return (entity##_table[from] & TO(to)) != 0;                                               \
    }                                                                                              \
    void entity##_transition(type *entity, enum entity##_state to)                                 \
    {                                                                                              \
        sw_assert(entity##_may(entity->state, to));                                                \
        entity->state = to;                                                                        \
    }

MACHINE(episode, struct episode, EPISODE_STATE_COUNT)
MACHINE(step, struct step, STEP_STATE_COUNT)
MACHINE(obligation, struct obligation, OBLIGATION_STATE_COUNT)
MACHINE(ack, struct ack, ACK_STATE_COUNT)
MACHINE(conflict, struct conflict, CONFLICT_STATE_COUNT)
MACHINE(hold, struct hold, HOLD_STATE_COUNT)

bool case_may(enum case_state from, enum case_state to)
{
    sw_assert((unsigned)from < CASE_STATE_COUNT);
    sw_assert((unsigned)to < CASE_STATE_COUNT);
    return (case_table[from] & TO(to)) != 0;
}

void case_transition(struct casefile *file, enum case_state to)
{
    sw_assert(case_may(file->state, to));
    file->state = to;
}
