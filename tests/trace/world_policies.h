/* Policies of the trace tests: the reference crisis of the model, word for word, and what else a pack must have. */
#ifndef TESTS_TRACE_WORLD_POLICIES_H
#define TESTS_TRACE_WORLD_POLICIES_H

#include "core/casework/policy.h"

const struct policy_set *world_policies(void);

#endif
