/* The maps of `imports.dir`: files of schools by our names, each called by its file's name without ".yaml". */
#ifndef INTAKE_MAPS_H
#define INTAKE_MAPS_H

#include "base/error.h"
#include "wire/import_map.h"

struct maps;

/* Reads all *.yaml of a folder; NULL: there are none. Blocks: at start only. Each fault is logged. ERR_INVALID, ERR_NOT_FOUND,
 * ERR_IO, ERR_TOO_LARGE, ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int maps_load(const char *folder, struct maps **ret_maps);
/* NULL is fine. */
void maps_free(struct maps *maps);

/* The map of that name, or NULL. */
const struct import_map *maps_find(const struct maps *maps, const char *name);

#endif
