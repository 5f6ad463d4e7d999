/* A school's own file by our names: which of its columns is which of ours, what words in its cells mean, and what the file does
 * not say because it is the same for every row. A file of a few lines of YAML, so that another file needs no other program:
 *
 *     of: attendance
 *     columns:                       # a column that is not here is left out: it goes no further
 *       day: date
 *       school: {as: unit, before: nyc-, lower: true}
 *       present: {as: present_pct, words: {NS: not_taken}}
 *     constants: {time: "08:00"}
 *
 * A map is read once; a view is the map bound to the header of one file. */
#ifndef WIRE_IMPORT_MAP_H
#define WIRE_IMPORT_MAP_H

#include "base/arena.h"
#include "base/error.h"
#include "wire/import.h"
#include "wire/yaml.h"

enum { IMPORT_MAP_MAX_BYTES = 64 * 1024 };

struct import_map;

/* Reads a map into `arena`; `path` names it in faults. ERR_INVALID: see `faults`; ERR_TOO_LARGE, ERR_MEMORY. */
SW_NODISCARD int import_map_read(const char *path, struct str content, struct arena *arena,
                                 struct yaml_faults *faults, const struct import_map **ret_map);

/* What the map's files hold. */
enum event_family import_map_family(const struct import_map *map);

struct import_view;

/* `map` outlives the view; NULL: the file has our names already. ERR_INVALID: the file lacks a column of the map, or has it
 * twice; ERR_MEMORY. */
SW_NODISCARD int import_view_new(const struct import_map *map, const struct csv_row *header,
                                 struct import_fault *ret_fault, struct import_view **ret_view);
/* NULL is fine. */
void import_view_free(struct import_view *view);

/* The header by our names; borrowed from view and map. */
struct csv_row import_view_header(const struct import_view *view);

/* A row by our names; borrowed until the next one. ERR_INVALID: it has not as many columns as the header; ERR_MEMORY. */
SW_NODISCARD int import_view_row(struct import_view *view, const struct csv_row *row,
                                 struct import_fault *ret_fault, struct csv_row *ret_row);

/* The file's column, from 1, behind one of ours; 0: a constant, or none. */
size_t import_view_column(const struct import_view *view, size_t column);

#endif
