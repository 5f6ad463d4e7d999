/* "Did you mean …": the nearest known name to one that is not known. */
#ifndef CORE_EXPR_NEAR_H
#define CORE_EXPR_NEAR_H

#include <stddef.h>

#include "base/str.h"

enum { NEAR_NAME_MAX_BYTES = 64 }; /* longer names are near to nothing */

/* Offers one candidate after the other. A value type: zeroed but for `wanted`. */
struct near {
    struct str wanted;
    struct str best; /* empty: none so far */
    size_t distance; /* of `best` */
};

struct near near_start(struct str wanted);

/* Keeps the candidate when it is nearer than the best so far and at most a third of its letters (at least two) differ. */
void near_offer(struct near *near, struct str candidate);

#endif
