/* YAML files of a pack: bytes -> a tree with exact marks, and strict readers for what stands in it.
 *
 * Happy path: yaml_parse gives the root of one document; a mapping is read through a table of its keys, so that an unknown,
 * repeated or missing key is an error with its place; scalars are read by the type that is expected there, never guessed:
 * `5m` is a duration or an error, not 5, and `no` is a text.
 * Faults are collected, not thrown: a reader that finds one adds "path:line:column: what, and what was expected", answers
 * false and leaves its output alone, so that one run shows all of them. Whoever has read everything asks for the count.
 * Aliases, tags and merge keys are refused; several documents in one file too. */
#ifndef WIRE_YAML_H
#define WIRE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum {
    YAML_FILE_MAX_BYTES = 900 * 1024,
    YAML_DEPTH_MAX = 32,
    YAML_NODES_MAX = 100000,
    YAML_KEYS_MAX = 32,    /* of one table */
    YAML_PAIRS_MAX = 1024, /* of one mapping */
    YAML_FAULTS_MAX = 64,
    YAML_FAULT_MAX_BYTES = 320,
};

/* What was found wrong; further faults are only counted. Large: keep it in an arena or in static storage of a test. */
struct yaml_faults {
    char texts[YAML_FAULTS_MAX][YAML_FAULT_MAX_BYTES]; /* the first of them */
    size_t count;
};

/* None yet, to be given to free; NULL when memory is out. The texts are not cleared: that would cost more than reading a
 * record does. */
struct yaml_faults *yaml_faults_new(void);

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* A node of the tree; all of it lives in the arena given to yaml_parse. */
struct yaml_node {
    enum yaml_kind kind;
    const char *path;  /* of the file */
    uint32_t line;     /* from 1 */
    uint32_t column;   /* from 1, in code points */
    struct str text;   /* of a scalar, unescaped */
    bool is_plain;     /* of a scalar: written without quotes, on one line */
    struct str source; /* of a scalar: as it is written, without quotes; begins at `line` and */
    uint32_t source_column;
    char quote;                    /* of a scalar: ' or " around it, else NUL */
    const struct yaml_node *items; /* of a sequence */
    const struct yaml_pair *pairs; /* of a mapping, in file order; keys are scalars, each once */
    size_t count;                  /* of items or pairs */
};

struct yaml_pair {
    struct yaml_node key;
    struct yaml_node value;
};

/* Parses one document. `path` names the file in faults and nodes and must outlive them. An empty file is a fault.
 * ERR_INVALID: faults were added; ERR_TOO_LARGE: a fault too; ERR_MEMORY. */
SW_NODISCARD int yaml_parse(const char *path, struct str content, struct arena *arena,
                            struct yaml_faults *faults, const struct yaml_node **ret_root);

/* Adds "path:line:column: <text>". */
void yaml_fail(struct yaml_faults *faults, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a place that is not a node's own: a line and column inside a text, or a file as a whole (0, 0). */
void yaml_fail_at(struct yaml_faults *faults, const char *path, uint32_t line, uint32_t column,
                  const char *text);

/* The same for a line and column (from 1, in code points) of a scalar's text: their place in the file, whatever the style
 * it is written in. */
void yaml_fail_inside(struct yaml_faults *faults, const struct yaml_node *scalar, uint32_t line,
                      uint32_t column, const char *text);

/* One key of a mapping. `*ret_node` is set to the value, or to NULL when the key is absent. */
struct yaml_key {
    const char *name;
    bool is_required;
    const struct yaml_node **ret_node;
};

/* Reads a mapping by its table: every key known, each required one there. All `ret_node` are set even on false. */
bool yaml_read_mapping(const struct yaml_node *node, const struct yaml_key *keys, size_t key_count,
                       struct yaml_faults *faults);

/* `*ret_items` borrows the sequence's nodes. With `or_single`, anything else counts as a list of itself. At least one
 * item, at most `max`. */
bool yaml_read_list(const struct yaml_node *node, bool or_single, size_t max,
                    struct yaml_faults *faults, const struct yaml_node **ret_items,
                    size_t *ret_count);

/* A scalar that is not empty, at most `max_bytes`. */
bool yaml_read_text(const struct yaml_node *node, size_t max_bytes, struct yaml_faults *faults,
                    struct str *ret_text);

/* [a-z][a-z0-9_]*, at most 48 bytes; with `path`, such words with '/' between them. */
bool yaml_read_id(const struct yaml_node *node, bool path, struct yaml_faults *faults,
                  struct str *ret_id);

/* Plain decimal digits in [min, max]. */
bool yaml_read_int64(const struct yaml_node *node, int64_t min, int64_t max,
                     struct yaml_faults *faults, int64_t *ret_value);

/* `true` or `false`, nothing else. */
bool yaml_read_bool(const struct yaml_node *node, struct yaml_faults *faults, bool *ret_value);

/* "90s", "15m", "2h", "14d", "250ms" in [min, max]. */
bool yaml_read_duration_ms(const struct yaml_node *node, int64_t min_ms, int64_t max_ms,
                           struct yaml_faults *faults, int64_t *ret_ms);

/* "HH:MM", 00:00 to 24:00, as minutes of the day; false for any other text. */
bool yaml_parse_clock(struct str text, int64_t *ret_minute);

/* The same of a scalar. */
bool yaml_read_clock(const struct yaml_node *node, struct yaml_faults *faults,
                     uint32_t *ret_minute);

/* "30%" or "2.5%" with at most two decimals, in hundredths of a percent, 0..10000. */
bool yaml_read_percent(const struct yaml_node *node, struct yaml_faults *faults,
                       uint32_t *ret_basis_points);

/* One of `count` words; the index. The fault names the nearest word. */
bool yaml_read_choice(const struct yaml_node *node, const char *const *words, size_t count,
                      struct yaml_faults *faults, size_t *ret_index);

#endif
