/* Who would be contacted if a file were imported live: its rows through the rules and policies of the unit's active pack, in
 * memory, before anything is sent. It counts; it shows no row. */
#ifndef CTL_IMPORT_PREVIEW_H
#define CTL_IMPORT_PREVIEW_H

#include "ctl/ctl.h"
#include "wire/import.h"

struct preview;

struct preview_setup {
    enum event_family family;
    const char *unit;
    bool is_made_up;
};

/* Reads directory and pack from the topic. CTL_REFUSED: no such unit, no active pack; CTL_UNAVAILABLE; both after a line on
 * stderr. */
enum ctl_exit preview_new(struct ctl *ctl, const struct preview_setup *setup,
                          struct preview **ret_preview);
/* NULL is fine. */
void preview_free(struct preview *preview);

/* The header, then each row, by our names. What intake would refuse is passed over: it says so itself. ERR_INVALID: the
 * header; ERR_MEMORY. */
SW_NODISCARD int preview_header(struct preview *preview, const struct csv_row *header,
                                struct import_fault *ret_fault);
SW_NODISCARD int preview_row(struct preview *preview, const struct csv_row *row);

/* The counts as lines for people, or as a JSON array. */
void preview_write(const struct preview *preview, bool as_json, struct buffer *text);

#endif
