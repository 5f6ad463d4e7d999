/* How many equal rows stand before each row of a file: what tells persons who answered alike apart. */
#ifndef WIRE_IMPORT_ROWS_H
#define WIRE_IMPORT_ROWS_H

#include <stddef.h>

#include "base/error.h"
#include "base/ident.h"
#include "wire/csv.h"

struct import_rows;

/* A hash of a row's bytes; keyed, where its result is shown. */
typedef void (*import_digest_fn)(void *ctx, struct str bytes, uint8_t ret_digest[IDENT_BYTES]);

enum { IMPORT_ROWS_MAX = 1 << 21 };

/* ERR_MEMORY. */
SW_NODISCARD int import_rows_new(import_digest_fn digest, void *ctx, struct import_rows **ret_rows);
/* NULL is fine. */
void import_rows_free(struct import_rows *rows);

/* The digest of a row's cells, but for columns `skip` and `skip_too` (from 1; 0: none), which say where the row stood. */
struct ident import_rows_digest(struct import_rows *rows, const struct csv_row *row, size_t skip,
                                size_t skip_too);

/* Counts a row; `ret_equal`: how often it came before. ERR_FULL: more than IMPORT_ROWS_MAX different rows; ERR_MEMORY. */
SW_NODISCARD int import_rows_count(struct import_rows *rows, struct ident digest,
                                   size_t *ret_equal);

/* Appends a part with its length before it; returns the new length of `bytes`, which has room. */
size_t import_rows_add_part(char *bytes, size_t len, struct str part);

#endif
