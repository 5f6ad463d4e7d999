/* Where each unit lies, for the topics of the live wire: followed from the directory, units only. */
#ifndef RELAY_AREAS_H
#define RELAY_AREAS_H

#include "base/error.h"
#include "base/str.h"
#include "io/config.h"
#include "io/loop.h"

enum { AREA_PATH_BYTES = 512 }; /* with its NUL */

struct areas;

/* `caught_up` is called once, when the directory has been read. `config` is needed for the call only. ERR_INVALID, ERR_MEMORY, ERR_IO. */
SW_NODISCARD int areas_new(struct loop *loop, const struct config *config, loop_fn caught_up,
                           void *ctx, struct areas **ret_areas);
/* NULL is fine. */
void areas_free(struct areas *areas);

/* The unit behind all that is above it, each with a dot: "qinghe-shi.qinghe.qh-yizhong."; "?.<unit>." when the directory
 * does not know it, and "?." for none. */
struct str areas_path(const struct areas *areas, struct str unit, char room[AREA_PATH_BYTES]);

#endif
