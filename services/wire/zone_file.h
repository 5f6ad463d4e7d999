/* Time zones of the system (TZif, RFC 8536) -> the offsets that core/roster works with. */
#ifndef WIRE_ZONE_FILE_H
#define WIRE_ZONE_FILE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/roster/zone.h"

enum { ZONE_FILE_MAX_BYTES = 64 * 1024 };

/* The offsets from 2020 on, in `arena`, as far as the file's table goes (Debian's: 2037; the last one then holds for
 * ever). ERR_INVALID: not a TZif file, or one whose parts lie outside of it; ERR_TOO_LARGE: more than ZONE_OFFSETS_MAX
 * changes; ERR_MEMORY. */
SW_NODISCARD int zone_file_parse(struct str bytes, struct arena *arena, struct zone *ret_zone);

/* The zone of an IANA name, "Asia/Shanghai", from the system's folder. Blocks on a file. ERR_NOT_FOUND, and as above. */
SW_NODISCARD int zone_file_read(struct str name, struct arena *arena, struct zone *ret_zone);

/* The same as an expr_zone_fn; `ctx` is the arena. */
SW_NODISCARD int zone_file_find(void *ctx, struct str name, struct zone *ret_zone);

#endif
