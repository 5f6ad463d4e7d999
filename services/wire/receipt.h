/* Records of topic receipts -> inputs of casework. */
#ifndef WIRE_RECEIPT_H
#define WIRE_RECEIPT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/input.h"
#include "wire/fault.h"

/* Decodes and checks one record into `arena`; borrows nothing from `value`. ERR_INVALID with `ret_fault`; ERR_MEMORY. */
SW_NODISCARD int receipt_decode(struct str value, struct arena *arena,
                                struct case_receipt *ret_receipt, struct fault *ret_fault);

#endif
