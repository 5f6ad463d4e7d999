/* Inside of wire/directory: the two halves of it. */
#ifndef WIRE_DIRECTORY_PARTS_H
#define WIRE_DIRECTORY_PARTS_H

#include <shouwang/v1/directory.pb-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "core/org/record.h"
#include "wire/fault.h"

/* A checked message as a record; borrows from it, arrays and encoded sealed values lie in `arena`. ERR_UNSUPPORTED,
 * ERR_MEMORY. */
SW_NODISCARD int directory_from_message(const Shouwang__V1__DirectoryRecord *message,
                                        struct arena *arena, struct org_record *ret_record);

/* A record without fault as a message in `arena`. ERR_INVALID: a sealed value does not decode; ERR_MEMORY. */
SW_NODISCARD int directory_to_message(const struct org_record *record, struct arena *arena,
                                      Shouwang__V1__DirectoryRecord *ret_message);

#endif
