/* Mustache templates: comments, set delimiters, variables with and without HTML escaping, sections, inverted sections,
 * partials with indentation. No lambdas. A template is compiled once and rendered often; both work in an arena.
 *
 * A missing name renders as nothing; a name that is no list, hash or text is never an error of rendering. */
#ifndef CORE_DISCLOSE_MUSTACHE_H
#define CORE_DISCLOSE_MUSTACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum {
    MUSTACHE_SOURCE_MAX_BYTES = 256 * 1024,
    MUSTACHE_DEPTH_MAX = 64, /* of sections and partials inside each other, in one rendering */
};

/* --- What is filled in ------------------------------------------------------------------------------------------------ */

enum mustache_kind {
    MUSTACHE_NULL,
    MUSTACHE_FALSE,
    MUSTACHE_TRUE,
    MUSTACHE_TEXT,
    MUSTACHE_LIST,
    MUSTACHE_HASH
};

struct mustache_value {
    enum mustache_kind kind;
    struct str text;                    /* of TEXT (numbers are texts), TRUE and FALSE */
    const struct mustache_value *items; /* of LIST; of HASH: the members' values */
    const struct str *names;            /* of HASH: the members' names */
    size_t count;                       /* of items */
};

/* --- Templates -------------------------------------------------------------------------------------------------------- */

struct mustache;

/* Where a template is wrong. */
struct mustache_fault {
    uint32_t line;    /* from 1 */
    uint32_t column;  /* from 1, in bytes */
    const char *what; /* static storage */
};

/* Compiles into `arena`; the template borrows from `source`. ERR_INVALID with `ret_fault`; ERR_TOO_LARGE, ERR_MEMORY. */
SW_NODISCARD int mustache_compile(struct arena *arena, struct str source,
                                  struct mustache_fault *ret_fault, struct mustache **ret_mustache);

enum mustache_use {
    MUSTACHE_USE_VARIABLE,
    MUSTACHE_USE_SECTION,
    MUSTACHE_USE_PARTIAL,
    MUSTACHE_USE_TEXT
};

/* One thing that a template holds: a name with its place, or (USE_TEXT) a run of its literal text. */
struct mustache_item {
    enum mustache_use use;
    struct str text; /* dotted names whole; "." is the item itself */
    uint32_t line;
};

typedef int (*mustache_item_fn)(const struct mustache_item *item, void *ctx);

/* Calls `each` for all of them in order, sections' contents included; stops at the first answer that is not 0 and
 * returns it. */
int mustache_each_item(const struct mustache *mustache, mustache_item_fn each, void *ctx);

/* The source of the partial, or at == NULL: it renders as nothing. */
typedef struct str (*mustache_partial_fn)(struct str name, void *ctx);

struct mustache_options {
    bool escape_html;            /* of {{name}}; {{{name}}} and {{&name}} never */
    mustache_partial_fn partial; /* may be NULL */
    void *ctx;
    struct arena *arena; /* scratch for partials */
};

/* The text, appended to nothing: a buffer of the caller's. */
struct mustache_output {
    char *bytes;
    size_t size;
    size_t len; /* written so far; no NUL behind */
};

/* Renders `data` behind what `output` holds. ERR_TOO_LARGE: it does not fit, or partials are deeper than the bound;
 * ERR_INVALID: a partial does not compile; ERR_MEMORY. */
SW_NODISCARD int mustache_render(const struct mustache *mustache, const struct mustache_value *data,
                                 const struct mustache_options *options,
                                 struct mustache_output *output);

#endif
