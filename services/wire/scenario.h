/* Scenarios: what happens at a made-up school, and who must be told of it, when. One YAML file has the people and one or several
 * scenarios (tests/trace/scenarios/README.md shows the form).
 *
 * Happy path: scenario_read gives the steps in their order, with what is expected as lines of text; scenario_people_* makes an
 * organisation of the people and changes it; scenario_open_event reads an event when its time has come, as the school is then.
 * Faults have file, line and column. */
#ifndef WIRE_SCENARIO_H
#define WIRE_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/casework/terms.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "wire/yaml.h"

enum {
    SCENARIOS_MAX = 100, /* of one file */
    SCENARIO_STEPS_MAX = 500,
    SCENARIO_FILES_MAX = 8, /* of people */
    SCENARIO_DOES_MAX_BYTES = 2000,
};

enum scenario_step_kind {
    SCENARIO_EVENT,
    SCENARIO_COMMAND,   /* what a person decides, as it is written for swctl */
    SCENARIO_WORD,      /* a provider's, of what it took last for the person */
    SCENARIO_DIRECTORY, /* people and rosters change */
    SCENARIO_PROVIDER,  /* it fails, or is there again */
    SCENARIO_OUTAGE,    /* nobody judges until a time */
};

struct scenario_step {
    int64_t at_ms;
    enum scenario_step_kind kind;
    const struct yaml_node *node; /* the whole step */
    struct str by;                /* of a command or word */
    struct str does;              /* "met phone_report --performed-at 8m" */
    int64_t case_number;          /* in the order of opening; 0: the last one */
    enum case_channel channel;    /* of a word */
    enum case_delivery state;
    const struct yaml_node *directory;
    bool is_down; /* the provider */
    int64_t until_ms;
};

struct scenario {
    struct str id;
    const struct yaml_node *place;
    const struct yaml_node *directory; /* beside the file's; NULL: none */
    int64_t from_ms;
    int64_t until_ms;
    const struct scenario_step *steps; /* ascending by time */
    size_t step_count;
    const struct str *show; /* patterns of the lines that are compared; none: all */
    size_t show_count;
    const struct str *expect; /* with whole times, sorted */
    size_t expect_count;
    const struct str *never; /* patterns */
    size_t never_count;
};

struct scenario_file {
    const struct str *people; /* files of people, beside this one */
    size_t people_count;
    const struct yaml_node *directory; /* NULL: none */
    const struct scenario *scenarios;
    size_t count;
};

/* Reads one file; everything lies in `arena`. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int scenario_read(const char *path, struct str content, struct arena *arena,
                               struct yaml_faults *faults, struct scenario_file *ret_file);

/* What opens an event: who is known, and which unit is meant where none is named. */
struct scenario_opening {
    const struct org *org;
    struct str unit;
    ident_hash_fn hash;
};

/* The event of a step, the `index`th; it lies in `arena`. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int scenario_open_event(const struct scenario_step *step, size_t index,
                                     const struct scenario_opening *opening, struct arena *arena,
                                     struct yaml_faults *faults, struct event *ret_event);

/* --- people (scenario_people.c) ---------------------------------------------------------------------------------------- */

struct scenario_people;

/* Nobody yet; lies in `arena`, with all that is added. NULL when memory is out. */
struct scenario_people *scenario_people_new(struct arena *arena, ident_hash_fn hash);

/* Sections as in a directory file (config/sample/README.md). What names somebody who is there changes only the keys it has: `none`
 * takes a key away, `remove: true` the whole. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int scenario_people_add(struct scenario_people *people, const struct yaml_node *root,
                                     struct yaml_faults *faults);

/* Makes `org` what was added so far; ids are the references of the file. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int scenario_people_put(struct scenario_people *people, struct org *org,
                                     struct yaml_faults *faults);

/* The first unit that is a school, else the first; empty: none. */
struct str scenario_people_unit(const struct scenario_people *people);

#endif
