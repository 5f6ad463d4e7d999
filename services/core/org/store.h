/* Inside of org: what its files share. */
#ifndef CORE_ORG_STORE_H
#define CORE_ORG_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "core/org/index.h"

struct org {
    struct map objects; /* struct org_object by key */
    struct org_index index;
    size_t memory_bytes; /* of the objects */
    bool keep_sealed;
};

#endif
