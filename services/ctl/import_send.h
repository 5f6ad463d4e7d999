/* Rows by our names to intake, some hundred at a time; what became of them, row by row of the file. */
#ifndef CTL_IMPORT_SEND_H
#define CTL_IMPORT_SEND_H

#include "ctl/ctl.h"
#include "wire/import_map.h"

struct import_send;

struct import_options {
    enum event_family family;
    const char *unit;
    bool is_live;
    bool is_made_up;
    size_t row_count; /* of the file, for the progress bar */
};

/* Something of the file that was not taken. */
struct import_problem {
    size_t row;
    size_t column;             /* of the file, from 1; 0: the row as a whole */
    size_t lines;              /* of a row that is more than one */
    enum reject_reason reason; /* found here; NONE: see `code` and `text` */
    struct str name;           /* of the column by our names; may be empty */
    struct str code;
    struct str text;
};

/* `path` names the file in what is said. CTL_UNAVAILABLE after a line on stderr. */
enum ctl_exit import_send_new(struct ctl *ctl, const char *path,
                              const struct import_options *options, struct import_send **ret_send);
/* NULL is fine. */
void import_send_free(struct import_send *send);

/* Before the first row; `view` is borrowed until import_send_rest. ERR_FULL: too many columns; ERR_MEMORY. */
SW_NODISCARD int import_send_header(struct import_send *send, const struct import_view *view);

/* One row by our names. Sends when a piece is full, and waits while intake says so. CTL_REFUSED: intake takes nothing of this
 * file; CTL_UNAVAILABLE: it does not answer. Both after a line on stderr. */
enum ctl_exit import_send_row(struct import_send *send, const struct csv_row *row);

/* A row that is not sent. */
void import_send_problem(struct import_send *send, const struct import_problem *problem);

/* After the last row: sends what is left. As import_send_row. */
enum ctl_exit import_send_rest(struct import_send *send);

/* Tells the outcome, whatever came of it so far (`code`). `contacts`: JSON of who was to be contacted, empty when nobody was.
 * CTL_REFUSED when anything was. */
enum ctl_exit import_send_end(struct import_send *send, enum ctl_exit code, struct str contacts);

#endif
