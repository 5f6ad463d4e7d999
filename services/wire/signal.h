/* Records of topic signals -> inputs of casework. */
#ifndef WIRE_SIGNAL_H
#define WIRE_SIGNAL_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/input.h"
#include "wire/fault.h"

/* Decodes and checks one record into `arena`; borrows nothing from `value`. A subject may be empty only where the
 * person is unresolved; then the signal's id stands for them, so that two unknown persons never share a case.
 * ERR_INVALID with `ret_fault`; ERR_MEMORY. */
SW_NODISCARD int signal_decode(struct str value, struct arena *arena,
                               struct case_signal *ret_signal, struct fault *ret_fault);

#endif
