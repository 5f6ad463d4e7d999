/* CSV as files of schools are written: RFC 4180 quotes, UTF-8 with or without a byte order mark, lines that end in CR LF or
 * LF. Strict and streaming: bytes come in pieces of any size, rows go out one at a time, and what is kept is one row.
 *
 * A row that is not good is told with its place, and reading goes on with the next line. The exception is a quote that is
 * never closed: everything behind it may belong to it, so that reading ends there, and says so. Rows are numbered from 1,
 * as a spreadsheet numbers them: the header and blank lines count, blank lines are not handed out.
 *
 *     csv_feed(csv, bytes);
 *     while ((result = csv_next(csv, &row, &fault)) != CSV_MORE && result != CSV_END) … */
#ifndef WIRE_CSV_H
#define WIRE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "wire/fault.h"

enum {
    CSV_COLUMNS_MAX = 512,
    CSV_ROW_MAX_BYTES = 64 * 1024, /* of all fields of a row together, without their quotes */
};

struct csv;

struct csv_row {
    const struct str *fields; /* borrowed until the next csv_next; UTF-8 without NUL */
    size_t count;             /* at least 1 */
    size_t number;            /* from 1 */
};

/* A row that was not taken. `column` counts from 1; 0: the row as a whole. `lines`: how many lines of the file it is. */
struct csv_fault {
    enum reject_reason
        reason; /* BAD_QUOTES, BAD_UTF8, NUL_IN_TEXT, BAD_CHARACTER, TOO_LARGE, TOO_MANY */
    size_t row;
    size_t column;
    size_t lines;
};

enum csv_result {
    CSV_ROW,
    CSV_BAD,  /* `ret_fault` is filled; the next row follows */
    CSV_MORE, /* all bytes are read: feed more, or end */
    CSV_END, /* all is read, after csv_end; or a quote was never closed, which came as CSV_BAD before */
};

/* Takes CSV_ROW_MAX_BYTES and the fields' places once and no more. ERR_MEMORY. */
SW_NODISCARD int csv_new(struct csv **ret_csv);
/* NULL is fine. */
void csv_free(struct csv *csv);

/* Gives it the next bytes, once it has asked for more; borrowed until it asks again. */
void csv_feed(struct csv *csv, struct str bytes);

/* No more bytes will come: the last row may lack its line end. */
void csv_end(struct csv *csv);

/* The next row or fault; outputs that do not apply are untouched. */
enum csv_result csv_next(struct csv *csv, struct csv_row *ret_row, struct csv_fault *ret_fault);

#endif
