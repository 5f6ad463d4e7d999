/* Records of the directory topic <-> values of core/org. The only place where their untrusted bytes are read: whatever
 * comes out is checked (UTF-8, enums, bounds, alphabets, the key says the same as the record). */
#ifndef WIRE_DIRECTORY_H
#define WIRE_DIRECTORY_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/org/org.h"
#include "wire/fault.h"

enum { DIRECTORY_VALUE_MAX_BYTES = 512 * 1024 }; /* of one record of the org */

/* Decodes one record into `arena`; the result borrows from it and not from `value`.
 * ERR_UNSUPPORTED: not one of the org's records (a pack's: see wire/pack), or of a kind that this version does not know;
 * ERR_INVALID: refused, `ret_fault` says where and why; ERR_MEMORY: the arena is full. A role held that this version does not
 * know is left out. */
SW_NODISCARD int directory_decode(struct str key, struct str value, struct arena *arena,
                                  struct org_record *ret_record, struct fault *ret_fault);

/* The bytes of a record, in `arena`. Sealed values go in as they are: ERR_INVALID when one does not decode, or the record
 * has a fault. ERR_MEMORY. */
SW_NODISCARD int directory_encode(const struct org_record *record, struct arena *arena,
                                  struct str *ret_value);

/* What a service does with each record of the topic: decodes and puts it, or, when `value` is NULL (a tombstone), removes
 * it. `scratch` is reset. Errors as directory_decode and org_put; a record that is refused leaves the one before it. */
SW_NODISCARD int directory_apply(struct org *org, struct arena *scratch, struct str key,
                                 const struct str *value, struct fault *ret_fault);

#endif
