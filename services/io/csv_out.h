/* Writes CSV that spreadsheet programs open as what it is: RFC 4180, UTF-8 with its byte order mark, and no cell that would be
 * taken for a formula. */
#ifndef IO_CSV_OUT_H
#define IO_CSV_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "io/buffer.h"

/* A value type; `buffer` is borrowed, and its `overflowed` tells whether all of it fitted. */
struct csv_out {
    struct buffer *buffer;
    bool follows; /* a cell stands before the next one */
};

/* Begins the file. */
void csv_out_init(struct csv_out *out, struct buffer *buffer);

/* A text that begins with = + - @ or a tab or line break gets an apostrophe before it. */
void csv_out_str(struct csv_out *out, struct str value);
void csv_out_text(struct csv_out *out, const char *value);
void csv_out_int(struct csv_out *out, int64_t value);

/* A time as "2026-11-24 08:00:00", `offset_s` seconds east of UTC; nothing for 0. */
void csv_out_time(struct csv_out *out, int64_t utc_ms, int32_t offset_s);

void csv_out_end_row(struct csv_out *out);

#endif
