/* Records of topic commands -> inputs of casework. */
#ifndef WIRE_COMMAND_H
#define WIRE_COMMAND_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/input.h"
#include "wire/fault.h"

/* Decodes and checks one record into `arena`; borrows nothing from `value`. ERR_INVALID with `ret_fault` (a command
 * without an action that this version knows too); ERR_MEMORY. */
SW_NODISCARD int command_decode(struct str value, struct arena *arena,
                                struct case_command *ret_command, struct fault *ret_fault);

#endif
