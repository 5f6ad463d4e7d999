/* Values of expressions as JSON: for people and tests, not for records. */
#ifndef WIRE_EXPR_JSON_H
#define WIRE_EXPR_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "core/expr/expr.h"

struct json_t; /* jansson's */

/* JSON as a value: a whole number is an int, any other number a double, an object a map of texts. Texts are borrowed from
 * `json`, the rest lies in `arena`. ERR_MEMORY. */
SW_NODISCARD int expr_value_of_json(const struct json_t *json, struct arena *arena,
                                    struct expr_value *ret_value);

/* The members of an object as variables with their types (what lists and maps hold is dyn) and values, in `arena`; NULL is
 * an empty one. ERR_INVALID: no object; ERR_TOO_LARGE: more than EXPR_VARIABLES_MAX; ERR_MEMORY. */
SW_NODISCARD int expr_bindings_of_json(const struct json_t *json, struct arena *arena,
                                       struct expr_env *ret_env,
                                       const struct expr_value **ret_bindings);

/* The value on one line, in `arena`. What JSON has not is a text: bytes in base64, times and durations as string() gives
 * them, types by name, numbers that are not finite. An optional is its value or null; keys of maps are texts.
 * ERR_INVALID: an error has none; ERR_MEMORY. */
SW_NODISCARD int expr_value_write(const struct expr_value *value, struct arena *arena,
                                  struct str *ret_text);

#endif
