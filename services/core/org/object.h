/* Inside of org: a stored record in one block of memory, with its links, arrays, texts and key. */
#ifndef CORE_ORG_OBJECT_H
#define CORE_ORG_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/org/index.h"
#include "core/org/record.h"

struct org_object {
    struct org_record record;
    struct str key;
    size_t bytes; /* of the block */
    struct org_link *links;
    size_t link_count;
};

/* A copy of a record without fault, with its links set and in no index; NULL when memory is out. `keep_sealed` false leaves
 * names and address values out. The caller's until heap_free. */
struct org_object *org_object_new(const struct org_record *record, bool keep_sealed);

#endif
