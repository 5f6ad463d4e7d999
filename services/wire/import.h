/* Rows of a CSV file -> events as their sender would have written them: CloudEvents with a JSON body, which event_read then
 * checks like any other. Columns have our names (services/intake/README.md lists them); a file with other names goes through
 * wire/import_map first.
 *
 * A row of answers gives one result for each instrument that the header names; a row of attendance gives one event. What is
 * wrong with one result does not touch the others: an answer that needs somebody today is never lost to an empty cell of
 * another questionnaire.
 *
 * Ids come from the content: of unit, kind, the row's cells and how many equal rows stand before it in the file. So a second
 * upload changes nothing, and of two persons who answered alike neither is lost. The hash is keyed: who sees an id cannot try
 * out which answers give it. */
#ifndef WIRE_IMPORT_H
#define WIRE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "wire/cloudevents.h"
#include "wire/csv.h"
#include "wire/import_rows.h"
#include "wire/instrument.h"

struct import;

enum {
    IMPORT_ITEMS_MAX = 8, /* events of one row: instruments of one file */
    IMPORT_SUBJECT_BYTES = 32,
};

struct import_setup {
    enum event_family family; /* SCREENING or ATTENDANCE */
    struct str unit;          /* of rows that do not name their own */
    bool is_live;             /* else imported as history: features fill, nobody is paged */
    bool is_made_up; /* rows name nobody: they are made-up students, by their number in the file */
    const struct instrument_set *instruments; /* of the unit's pack; NULL: none is known */
    const struct org *org;                    /* for the units' local time; NULL: China's */
    import_digest_fn digest;                  /* keyed, so that ids tell nothing */
    void *ctx;
};

/* Why a file or a row is not taken. `column` counts from 1; 0: the row as a whole. */
struct import_fault {
    enum reject_reason reason;
    size_t column;
    struct str name; /* of a column that is missing, where one is meant; borrowed */
};

/* One event of a row: taken (`reason` is NONE), or not. */
struct import_item {
    struct import_fault fault;
    struct cloudevent event; /* texts in the arena; its JSON is `json` */
    struct json_t *json;     /* the caller's: json_drop; NULL with a fault */
};

/* Begins a file by its header row. `setup` is copied; what it points at outlives the import. ERR_INVALID: see `ret_fault` (an unknown
 * column, one twice, one missing, an instrument that the pack has not so); ERR_MEMORY. */
SW_NODISCARD int import_begin(const struct import_setup *setup, const struct csv_row *header,
                              struct import_fault *ret_fault, struct import **ret_import);
/* NULL is fine. */
void import_free(struct import *import);

/* How many events a good row gives. */
size_t import_item_count(const struct import *import);

/* The events of a row, in `arena`; `*ret_count` of `ret_items` are filled, at least one. What is wrong with the row as a whole
 * is one item with its fault. ERR_MEMORY; ERR_FULL: more different rows than are counted (IMPORT_ROWS_MAX), send the file
 * in pieces with the columns `row` and `equal`. */
SW_NODISCARD int import_row(struct import *import, const struct csv_row *row, struct arena *arena,
                            struct import_item ret_items[IMPORT_ITEMS_MAX], size_t *ret_count);

/* The column that a fault of event_read is about; 0: none. */
size_t import_column_of(const struct import *import, const struct fault *fault);

#endif
