/* Files of the public Mustache specification: {"tests": [{"name", "data", "template", "partials", "expected"}, …]}. For
 * `swctl template test FILE` and the project's own tests. */
#ifndef WIRE_TEMPLATE_CASE_H
#define WIRE_TEMPLATE_CASE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/disclose/mustache.h"

struct json_t; /* jansson's */

/* One case, as it came out; borrowed for the call. */
struct template_case {
    struct str name;
    bool passed;
    struct str expected;
    struct str got;    /* empty when `fault` is set */
    const char *fault; /* why it did not render; else NULL */
};

typedef void (*template_case_fn)(const struct template_case *result, void *ctx);

/* Runs every case of the file's text, with HTML escaping, and tells each. ERR_INVALID: not such a file, `ret_fault`
 * (static storage) says why; ERR_MEMORY. */
SW_NODISCARD int template_case_run(struct str text, template_case_fn each, void *ctx,
                                   const char **ret_fault);

/* JSON as a value to render; texts are borrowed from `json`, the rest lies in `arena`. ERR_MEMORY. */
SW_NODISCARD int template_value_of_json(const struct json_t *json, struct arena *arena,
                                        struct mustache_value *ret_value);

#endif
