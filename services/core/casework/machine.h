/* The state machines of casework's entities: the only writers of a `state`. Internal to casework.
 *
 * Each transition asserts that it is legal; callers that act on a person's word ask <entity>_may first. */
#ifndef CORE_CASEWORK_MACHINE_H
#define CORE_CASEWORK_MACHINE_H

#include <stdbool.h>

#include "core/casework/casefile.h"

bool case_may(enum case_state from, enum case_state to);
void case_transition(struct casefile *file, enum case_state to);

bool episode_may(enum episode_state from, enum episode_state to);
void episode_transition(struct episode *episode, enum episode_state to);

bool step_may(enum step_state from, enum step_state to);
void step_transition(struct step *step, enum step_state to);

bool obligation_may(enum obligation_state from, enum obligation_state to);
void obligation_transition(struct obligation *obligation, enum obligation_state to);

bool ack_may(enum ack_state from, enum ack_state to);
void ack_transition(struct ack *ack, enum ack_state to);

bool conflict_may(enum conflict_state from, enum conflict_state to);
void conflict_transition(struct conflict *conflict, enum conflict_state to);

bool hold_may(enum hold_state from, enum hold_state to);
void hold_transition(struct hold *hold, enum hold_state to);

#endif
