/* What example.c and example_people.c share. Internal to wire. */
#ifndef WIRE_EXAMPLE_INSIDE_H
#define WIRE_EXAMPLE_INSIDE_H

#include "wire/event_open.h"
#include "wire/example.h"

enum { EXAMPLE_NAME_BYTES = 64 };

/* One file while it is read. */
struct example_reading {
    struct arena *arena;
    struct yaml_faults *faults;
    struct event_opening opening;
    struct str unit; /* of events that name none */
    struct org *org;
    int error; /* ERR_MEMORY, kept */
};

/* Keeps the error; false. */
bool example_out_of_memory(struct example_reading *reading);

/* --- example.c: what scenarios are made of, too ----------------------------------------------------------------------- */

/* An event of the file, as it would have been sent; `step` has its time. Without an id it is "e<index + 1>". False after a fault,
 * or out of memory. */
bool example_read_event(struct example_reading *reading, const struct yaml_node *node, size_t index,
                        struct example_step *step);

/* The lines of a text, without blanks around; "none", empty lines and comments are no lines. False after a fault, or out of
 * memory. */
bool example_read_lines(struct example_reading *reading, const struct yaml_node *node,
                        const struct str **ret_lines, size_t *ret_count);

/* --- example_people.c; each answers false after a fault, or out of memory. -------------------------------------------- */

/* The school, its county, and who is in its classes; `flags` may be NULL. */
bool example_put_people(struct example_reading *reading, const struct yaml_node *root,
                        const struct yaml_node *classes, const struct yaml_node *flags);

/* Whoever reports and is no pupil works at the school. NULL: nobody. */
bool example_put_reporter(struct example_reading *reading, const struct yaml_node *node);

#endif
