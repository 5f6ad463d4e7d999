/* Inside of import: what the columns of a file are, and what its cells say. */
#ifndef WIRE_IMPORT_INSIDE_H
#define WIRE_IMPORT_INSIDE_H

#include "wire/import.h"

/* The columns by our names, in the order of import_columns.def. */
enum import_column {
#define IMPORT_COLUMN(name, text, family, member, shape) IMPORT_COLUMN_##name,
#include "wire/import_columns.def"
#undef IMPORT_COLUMN
    IMPORT_COLUMN_COUNT
};

/* What a cell becomes. */
enum import_shape {
    IMPORT_SHAPE_OWN,  /* is read where it is used */
    IMPORT_SHAPE_TEXT, /* a member of the event's body, as it is */
    IMPORT_SHAPE_COUNT,
    IMPORT_SHAPE_FLAG,
};

struct import_column_row {
    const char *name;
    enum event_family family; /* NONE: both */
    const char *member;       /* of the event's body */
    enum import_shape shape;
};

extern const struct import_column_row import_columns[IMPORT_COLUMN_COUNT];

/* Places are column numbers from 1; 0: the file has no such column. */
struct import_answers {
    const struct instrument *instrument;
    size_t version;
    size_t score;
    size_t items[EVENT_ITEMS_MAX];
    size_t item_count; /* of them given */
};

struct import {
    struct import_setup setup;
    size_t column_count;
    size_t at[IMPORT_COLUMN_COUNT];
    struct import_answers answers[IMPORT_ITEMS_MAX];
    size_t answers_count;
    struct import_rows *rows;
};

/* A cell by its place; empty where the file has no such column. */
struct str import_cell(const struct import *import, const struct csv_row *row,
                       enum import_column column);

/* "20161005", "2016-10-05", "2016/10/05" -> days since 1970; false: not a day. */
bool import_read_day(struct str text, int64_t *ret_day);

/* "08:00" -> ms since midnight. */
bool import_read_time(struct str text, int64_t *ret_ms);

/* "93.44" -> hundredths, 0..10000; at most two decimals. */
bool import_read_percent(struct str text, uint32_t *ret_hundredths);

/* The body of one event of a row. `answers`: of a screening. ERR_INVALID: see `ret_fault`; ERR_MEMORY. */
SW_NODISCARD int import_body(const struct import *import, const struct csv_row *row,
                             const struct import_answers *answers, struct import_fault *ret_fault,
                             struct json_t **ret_json);

#endif
