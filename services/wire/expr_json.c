#include "wire/expr_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/bytes.h"
#include "wire/json.h"

/* --- From JSON ------------------------------------------------------------------------------------------------------- */

static int read_array(const json_t *json, struct arena *arena, struct expr_value *ret_value)
{
    size_t count = json_array_size(json);
    struct expr_value *items = arena_alloc_array(arena, count, sizeof(*items));
    int error = items == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        error = expr_value_of_json(json_array_get(json, i), arena, &items[i]);
    }
    *ret_value = (struct expr_value){.kind = EXPR_LIST, .list = {items, count, NULL}};
    return error;
}

static int read_object(const json_t *json, struct arena *arena, struct expr_value *ret_value)
{
    json_t *object = (json_t *)(uintptr_t)json; /* jansson iterates through a mutable pointer */
    size_t count = json_object_size(json);
    struct expr_entry *entries = arena_alloc_array(arena, count, sizeof(*entries));
    int error = entries == NULL ? ERR_MEMORY : 0;
    void *at = json_object_iter(object);
    for (size_t i = 0; at != NULL && error == 0; i++) {
        entries[i].key = expr_string(str_of(json_object_iter_key(at)));
        error = expr_value_of_json(json_object_iter_value(at), arena, &entries[i].value);
        at = json_object_iter_next(object, at);
    }
    *ret_value = (struct expr_value){.kind = EXPR_MAP, .map = {entries, count, NULL}};
    return error;
}

int expr_value_of_json(const struct json_t *json, struct arena *arena, struct expr_value *ret_value)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return read_object(json, arena, ret_value);
    case JSON_ARRAY:
        return read_array(json, arena, ret_value);
    case JSON_STRING:
        *ret_value = expr_string(json_text_of(json));
        return 0;
    case JSON_INTEGER:
        *ret_value = expr_int(json_integer_value(json));
        return 0;
    case JSON_REAL:
        *ret_value = expr_double(json_real_value(json));
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        *ret_value = expr_bool(json_is_true(json));
        return 0;
    case JSON_NULL:
        break;
    }
    *ret_value = expr_null();
    return 0;
}

int expr_bindings_of_json(const struct json_t *json, struct arena *arena, struct expr_env *ret_env,
                          const struct expr_value **ret_bindings)
{
    static const struct expr_type string_type = {.kind = EXPR_STRING};
    if (json != NULL && !json_is_object(json)) {
        return ERR_INVALID;
    }
    size_t count = json == NULL ? 0 : json_object_size(json);
    struct expr_variable *variables = arena_alloc_array(arena, count, sizeof(*variables));
    struct expr_value *values = arena_alloc_array(arena, count, sizeof(*values));
    json_t *object = (json_t *)(uintptr_t)json;
    int error = variables == NULL || values == NULL ? ERR_MEMORY
                : count > EXPR_VARIABLES_MAX        ? ERR_TOO_LARGE
                                                    : 0;
    void *at = count == 0 ? NULL : json_object_iter(object);
    for (size_t i = 0; at != NULL && error == 0; i++) {
        error = expr_value_of_json(json_object_iter_value(at), arena, &values[i]);
        variables[i].name = json_object_iter_key(at);
        variables[i].type.kind = values[i].kind;
        variables[i].type.key = values[i].kind == EXPR_MAP ? &string_type : NULL;
        at = json_object_iter_next(object, at);
    }
    *ret_env = (struct expr_env){.variables = variables, .count = count};
    *ret_bindings = values;
    return error;
}

/* --- To JSON --------------------------------------------------------------------------------------------------------- */

static json_t *write_value(const struct expr_value *value, struct arena *arena, int depth);

static json_t *write_text(struct str text)
{
    json_t *json = json_stringn(text.len == 0 ? "" : text.at, text.len);
    return json != NULL ? json : json_string("(not well-formed UTF-8)");
}

static json_t *write_base64(struct str bytes, struct arena *arena)
{
    char *text = arena_alloc(arena, bytes_base64_size(bytes.len));
    if (text == NULL) {
        return NULL;
    }
    bytes_format_base64((const uint8_t *)bytes.at, bytes.len, text);
    return json_string(text);
}

/* What string() gives of a value that JSON has no kind for. */
static json_t *write_by_string(const struct expr_value *value, struct arena *arena)
{
    static const struct expr_variable variable = {"x", {.kind = EXPR_DYN}};
    const struct expr_env env = {.variables = &variable, .count = 1};
    struct expr_error error;
    const struct expr *expr = NULL;
    if (expr_compile(STR_LITERAL("string(x)"), &env, arena, &error, &expr) != 0) {
        return NULL;
    }
    const struct expr_run run = {.bindings = value, .arena = arena, .cost_max = 1000};
    struct expr_value text = expr_evaluate(expr, &run);
    return text.kind == EXPR_STRING ? write_text(text.text) : NULL;
}

static json_t *write_list(const struct expr_list *list, struct arena *arena, int depth)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count && array != NULL; i++) {
        struct expr_value item = expr_list_item(list, i);
        if (json_array_append_new(array, write_value(&item, arena, depth)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static bool write_entry(json_t *object, const struct expr_entry *entry, struct arena *arena,
                        int depth)
{
    json_t *name = entry->key.kind == EXPR_STRING ? write_text(entry->key.text)
                                                  : write_by_string(&entry->key, arena);
    const char *key = json_string_value(name);
    bool is_kept = key != NULL &&
                   json_object_set_new(object, key, write_value(&entry->value, arena, depth)) == 0;
    json_decref(name);
    return is_kept;
}

static json_t *write_map(const struct expr_map *map, struct arena *arena, int depth)
{
    json_t *object = json_object();
    for (size_t i = 0; i < map->count && object != NULL; i++) {
        struct expr_entry entry = expr_map_entry(map, i);
        if (!write_entry(object, &entry, arena, depth)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *write_value(const struct expr_value *value, struct arena *arena, int depth)
{
    if (depth == 0) {
        return NULL;
    }
    switch (value->kind) {
    case EXPR_NULL:
        return json_null();
    case EXPR_BOOL:
        return json_boolean(value->boolean);
    case EXPR_INT:
        return json_integer(value->integer);
    case EXPR_DOUBLE:
        return isfinite(value->real) ? json_real(value->real) : write_by_string(value, arena);
    case EXPR_UINT:
        return value->natural <= INT64_MAX ? json_integer((json_int_t)value->natural)
                                           : write_by_string(value, arena);
    case EXPR_STRING:
    case EXPR_TYPE:
        return write_text(value->text);
    case EXPR_BYTES:
        return write_base64(value->text, arena);
    case EXPR_TIMESTAMP:
    case EXPR_DURATION:
        return write_by_string(value, arena);
    case EXPR_LIST:
        return write_list(&value->list, arena, depth - 1);
    case EXPR_MAP:
        return write_map(&value->map, arena, depth - 1);
    case EXPR_OPTIONAL:
        return value->inside == NULL ? json_null() : write_value(value->inside, arena, depth - 1);
    case EXPR_OBJECT:
        return json_string(value->object.schema->name);
    case EXPR_DYN:
    case EXPR_ERROR:
        return NULL;
    }
    return NULL;
}

int expr_value_write(const struct expr_value *value, struct arena *arena, struct str *ret_text)
{
    if (value->kind == EXPR_ERROR) {
        return ERR_INVALID;
    }
    json_t *json = write_value(value, arena, EXPR_DEPTH_MAX);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    json_decref(json);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    *ret_text = arena_copy_str(arena, str_of(text));
    free(text);
    return ret_text->at == NULL ? ERR_MEMORY : 0;
}
