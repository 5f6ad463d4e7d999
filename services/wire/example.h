/* Examples of a pack: what a few events, in their time, must give. One YAML file has the people and several examples (config/packs/
 * README.md shows the form); an event is written as a sender writes it (wire/event.h), with short forms for what is in each.
 *
 * Happy path: example_read gives checked events and the expected signals as lines of text; the caller replays the events and
 * compares. Faults have file, line and column. */
#ifndef WIRE_EXAMPLE_H
#define WIRE_EXAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "wire/yaml.h"

enum {
    EXAMPLES_MAX = 500,       /* of one file */
    EXAMPLE_STEPS_MAX = 500,  /* of one example */
    EXAMPLE_PUPILS_MAX = 500, /* of one class */
    EXAMPLE_LINES_MAX = 1000, /* that are expected */
    EXAMPLE_TIME_BYTES = 20,  /* "2026-10-12 09:00:00" and a NUL */
};

/* The one school of each example, and the county that it lies in. */
#define EXAMPLE_UNIT "school"
#define EXAMPLE_COUNTY "county"

/* An event, or a person's word on the question that was asked last. */
struct example_step {
    int64_t at_ms;
    bool is_answer;
    bool is_fault;      /* of an answer */
    struct event event; /* of anything else */
};

struct example {
    struct str id;
    const struct yaml_node *place;
    int64_t from_ms;                  /* when time begins */
    int64_t until_ms;                 /* and ends */
    const struct example_step *steps; /* ascending by time */
    size_t step_count;
    const struct str *lines; /* expected, without blanks around, sorted */
    size_t line_count;
};

struct example_file {
    struct org *org; /* the school and its people; the caller's */
    const struct example *examples;
    size_t count;
};

/* Reads one file; all but the organisation lies in `arena`. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int example_read(const char *path, struct str content, ident_hash_fn hash,
                              struct arena *arena, struct yaml_faults *faults,
                              struct example_file *ret_file);

/* China's local time of an instant, as examples write it. */
void example_format_time(int64_t at_ms, char ret_text[EXAMPLE_TIME_BYTES]);

/* "2026-10-12 09:00" or with seconds, China's local time; false: something else. */
bool example_parse_time(struct str text, int64_t *ret_ms);

#endif
