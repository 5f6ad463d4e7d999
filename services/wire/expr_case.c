#include "wire/expr_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/assert.h"
#include "core/expr/expr.h"
#include "wire/bytes.h"
#include "wire/json.h"
#include "wire/zone_file.h"

enum { ARENA_MAX_BYTES = 4 * 1024 * 1024, COST_MAX = 1000000, REASON_BYTES = 320 };

/* One case while it runs. */
struct run {
    struct arena arena;
    const json_t *test;
    struct expr_variable variables[EXPR_VARIABLES_MAX];
    struct expr_value bindings[EXPR_VARIABLES_MAX];
    size_t count;
    char reason[REASON_BYTES];
};

/* --- Values ---------------------------------------------------------------------------------------------------------- */

static bool read_value(struct run *run, const json_t *json, struct expr_value *ret_value);

static double read_double(const json_t *json)
{
    struct str text = json_text_of(json);
    if (text.at == NULL) {
        return json_number_value(json);
    }
    return str_is(text, "NaN") ? NAN : text.at[0] == '-' ? -INFINITY : INFINITY;
}

static bool read_bytes(struct run *run, const json_t *json, struct expr_value *ret_value)
{
    struct str text = json_text_of(json);
    uint8_t *bytes = arena_alloc(&run->arena, text.len + 1);
    size_t len = 0;
    if (bytes == NULL || !bytes_parse_base64(text, bytes, &len)) {
        return false;
    }
    *ret_value = expr_bytes((struct str){(const char *)bytes, len});
    return true;
}

static bool read_list(struct run *run, const json_t *json, struct expr_value *ret_value)
{
    const json_t *values = json_object_get(json, "values");
    size_t count = json_array_size(values);
    struct expr_value *items = arena_alloc_array(&run->arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        if (items == NULL || !read_value(run, json_array_get(values, i), &items[i])) {
            return false;
        }
    }
    *ret_value = (struct expr_value){.kind = EXPR_LIST, .list = {items, count, NULL}};
    return true;
}

static bool read_map(struct run *run, const json_t *json, struct expr_value *ret_value)
{
    const json_t *values = json_object_get(json, "entries");
    size_t count = json_array_size(values);
    struct expr_entry *entries = arena_alloc_array(&run->arena, count, sizeof(*entries));
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(values, i);
        if (entries == NULL || !read_value(run, json_object_get(entry, "key"), &entries[i].key) ||
            !read_value(run, json_object_get(entry, "value"), &entries[i].value)) {
            return false;
        }
    }
    *ret_value = (struct expr_value){.kind = EXPR_MAP, .map = {entries, count, NULL}};
    return true;
}

/* The value of an expression without names. */
static bool compute(struct run *run, const char *source, size_t len, struct expr_value *ret_value)
{
    const struct expr_env env = {.count = 0};
    const struct expr_run how = {NULL, &run->arena, COST_MAX};
    const struct expr *expr = NULL;
    struct expr_error error;
    if (expr_compile((struct str){source, len}, &env, &run->arena, &error, &expr) != 0) {
        return false;
    }
    *ret_value = expr_evaluate(expr, &how);
    return ret_value->kind != EXPR_ERROR;
}

/* Messages of protobuf that are values of the language too. */
static bool read_message(struct run *run, const json_t *json, struct expr_value *ret_value)
{
    struct str type = json_text_of(json_object_get(json, "@type"));
    struct str value = json_text_of(json_object_get(json, "value"));
    bool is_time = str_is(type, "type.googleapis.com/google.protobuf.Timestamp");
    bool is_duration = str_is(type, "type.googleapis.com/google.protobuf.Duration");
    char source[128];
    int len = snprintf(source, sizeof(source), "%s('%.*s')", is_time ? "timestamp" : "duration",
                       (int)value.len, value.len == 0 ? "" : value.at);
    return (is_time || is_duration) && len > 0 && (size_t)len < sizeof(source) &&
           compute(run, source, (size_t)len, ret_value);
}

/* False: a value that no expression of ours can have. */
static bool read_value(struct run *run, const json_t *json, struct expr_value *ret_value)
{
    const char *kind = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)json));
    const json_t *inside = json_object_get(json, kind == NULL ? "" : kind);
    struct str text = json_text_of(inside);
    if (kind == NULL) {
        return false;
    }
    if (strcmp(kind, "null_value") == 0) {
        *ret_value = expr_null();
    } else if (strcmp(kind, "bool_value") == 0) {
        *ret_value = expr_bool(json_is_true(inside));
    } else if (strcmp(kind, "int64_value") == 0) {
        *ret_value = expr_int(strtoll(text.at == NULL ? "" : text.at, NULL, 10));
    } else if (strcmp(kind, "uint64_value") == 0) {
        *ret_value = expr_uint(strtoull(text.at == NULL ? "" : text.at, NULL, 10));
    } else if (strcmp(kind, "double_value") == 0) {
        *ret_value = expr_double(read_double(inside));
    } else if (strcmp(kind, "string_value") == 0) {
        *ret_value = expr_string(text);
    } else if (strcmp(kind, "type_value") == 0) {
        *ret_value = (struct expr_value){.kind = EXPR_TYPE, .text = text};
    } else if (strcmp(kind, "bytes_value") == 0) {
        return read_bytes(run, inside, ret_value);
    } else if (strcmp(kind, "list_value") == 0) {
        return read_list(run, inside, ret_value);
    } else if (strcmp(kind, "map_value") == 0) {
        return read_map(run, inside, ret_value);
    } else {
        return strcmp(kind, "object_value") == 0 && read_message(run, inside, ret_value);
    }
    return true;
}

/* --- Names ----------------------------------------------------------------------------------------------------------- */

static bool read_type(struct run *run, const json_t *json, struct expr_type *ret_type)
{
    static const struct {
        const char *name;
        enum expr_kind kind;
    } names[] = {{"BOOL", EXPR_BOOL},           {"INT64", EXPR_INT},
                 {"UINT64", EXPR_UINT},         {"DOUBLE", EXPR_DOUBLE},
                 {"STRING", EXPR_STRING},       {"BYTES", EXPR_BYTES},
                 {"TIMESTAMP", EXPR_TIMESTAMP}, {"google.protobuf.Timestamp", EXPR_TIMESTAMP},
                 {"DURATION", EXPR_DURATION},   {"google.protobuf.Duration", EXPR_DURATION}};
    static const char *const members[] = {"primitive", "message_type", "well_known"};
    struct str name = {NULL, 0};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && name.at == NULL; i++) {
        name = json_text_of(json_object_get(json, members[i]));
    }
    const json_t *list = json_object_get(json, "list_type");
    const json_t *map = json_object_get(json, "map_type");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_is(name, names[i].name)) {
            *ret_type = (struct expr_type){.kind = names[i].kind};
            return true;
        }
    }
    if (json_object_get(json, "dyn") != NULL) {
        *ret_type = (struct expr_type){.kind = EXPR_DYN};
        return true;
    }
    struct expr_type *key = arena_alloc(&run->arena, sizeof(*key));
    struct expr_type *element = arena_alloc(&run->arena, sizeof(*element));
    if (key == NULL || element == NULL || (list == NULL && map == NULL)) {
        return false;
    }
    *ret_type = (struct expr_type){.kind = list != NULL ? EXPR_LIST : EXPR_MAP,
                                   .key = list != NULL ? NULL : key,
                                   .element = element};
    return list != NULL ? read_type(run, json_object_get(list, "elem_type"), element)
                        : read_type(run, json_object_get(map, "key_type"), key) &&
                              read_type(run, json_object_get(map, "value_type"), element);
}

/* A name with its type, and its value or the error that a name without one gives. */
static bool add_name(struct run *run, const char *name, const json_t *type, const json_t *value)
{
    struct expr_variable *variable = &run->variables[run->count];
    struct expr_value *binding = &run->bindings[run->count];
    if (name == NULL || run->count == EXPR_VARIABLES_MAX) {
        return false;
    }
    *variable = (struct expr_variable){.name = name, .type = {.kind = EXPR_DYN}};
    *binding = expr_error(EXPR_FAULT_NO_SUCH_NAME);
    run->count++;
    return (type == NULL || read_type(run, type, &variable->type)) &&
           (value == NULL || read_value(run, value, binding));
}

/* What is declared, then what is bound without a declaration. */
static bool read_names(struct run *run)
{
    const json_t *declared = json_object_get(run->test, "type_env");
    json_t *bindings = json_object_get(run->test, "bindings");
    bool is_good = true;
    for (size_t i = 0; i < json_array_size(declared) && is_good; i++) {
        const json_t *one = json_array_get(declared, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        const json_t *bound = json_object_get(bindings, name == NULL ? "" : name);
        is_good = add_name(run, name, json_object_get(json_object_get(one, "ident"), "type"),
                           json_object_get(bound, "value"));
    }
    void *at = bindings == NULL ? NULL : json_object_iter(bindings);
    for (; at != NULL && is_good; at = json_object_iter_next(bindings, at)) {
        const char *name = json_object_iter_key(at);
        bool is_known = false;
        for (size_t i = 0; i < run->count; i++) {
            is_known = is_known || strcmp(run->variables[i].name, name) == 0;
        }
        is_good = is_known ||
                  add_name(run, name, NULL, json_object_get(json_object_iter_value(at), "value"));
    }
    return is_good;
}

/* --- Verdicts -------------------------------------------------------------------------------------------------------- */

static bool are_equal(struct run *run, const struct expr_value *a, const struct expr_value *b)
{
    static const struct expr_variable names[] = {{"a", {.kind = EXPR_DYN}},
                                                 {"b", {.kind = EXPR_DYN}}};
    const struct expr_env env = {.variables = names, .count = 2};
    const struct expr_value values[] = {*a, *b};
    const struct expr_run how = {values, &run->arena, COST_MAX};
    const struct expr *expr = NULL;
    struct expr_error error;
    bool are_nan =
        a->kind == EXPR_DOUBLE && b->kind == EXPR_DOUBLE && isnan(a->real) && isnan(b->real);
    if (are_nan || a->kind != b->kind ||
        expr_compile(STR_LITERAL("a == b"), &env, &run->arena, &error, &expr) != 0) {
        return are_nan;
    }
    struct expr_value is_equal = expr_evaluate(expr, &how);
    return is_equal.kind == EXPR_BOOL && is_equal.boolean;
}

/* The published file was made from protobuf's text format and kept some of its escapes (\\?, \\u, \\U) in the values. */
static bool resolve_escapes(struct run *run, struct expr_value *value)
{
    struct str text = value->text;
    char *source = arena_alloc(&run->arena, text.len * 2 + 6);
    struct expr_value resolved;
    size_t used = 3;
    if (source == NULL || (value->kind != EXPR_STRING && value->kind != EXPR_BYTES)) {
        return false;
    }
    memcpy(source, "\"\"\"", 3);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"') {
            source[used++] = '\\';
        }
        source[used++] = text.at[i];
    }
    memcpy(source + used, "\"\"\"", 3);
    if (!compute(run, source, used + 3, &resolved)) {
        return false;
    }
    value->text = resolved.text;
    return true;
}

static enum expr_verdict judge_value(struct run *run, const struct expr_value *value,
                                     struct expr_value *expected)
{
    if (json_object_get(run->test, "eval_error") != NULL) {
        (void)snprintf(run->reason, sizeof(run->reason), "an error was expected");
        return value->kind == EXPR_ERROR ? EXPR_CASE_PASSED : EXPR_CASE_FAILED;
    }
    if (value->kind == EXPR_ERROR) {
        (void)snprintf(run->reason, sizeof(run->reason), "%s", expr_fault_text(value->fault));
        return EXPR_CASE_FAILED;
    }
    if (are_equal(run, value, expected) ||
        (resolve_escapes(run, expected) && are_equal(run, value, expected))) {
        return EXPR_CASE_PASSED;
    }
    (void)snprintf(run->reason, sizeof(run->reason), "another value, of type %s",
                   expr_kind_name(value->kind));
    return EXPR_CASE_FAILED;
}

static enum expr_verdict run_case(struct run *run, struct str source)
{
    const json_t *wanted = json_object_get(run->test, "value");
    struct expr_value expected = expr_bool(true); /* when nothing is said */
    struct expr_error error = {.line = 0};
    const struct expr *expr = NULL;
    if (!read_names(run) || (wanted != NULL && !read_value(run, wanted, &expected))) {
        (void)snprintf(run->reason, sizeof(run->reason), "left out: messages as values");
        return EXPR_CASE_OMITTED;
    }
    const struct expr_env env = {
        .variables = run->variables,
        .count = run->count,
        .find_zone = zone_file_find,
        .zone_ctx = &run->arena,
        .container = json_string_value(json_object_get(run->test, "container")),
        .is_unchecked = json_is_true(json_object_get(run->test, "disable_check")),
    };
    if (expr_compile(source, &env, &run->arena, &error, &expr) != 0) {
        if (error.kind == EXPR_ERROR_UNSUPPORTED) {
            (void)snprintf(run->reason, sizeof(run->reason), "%s", error.text);
            return EXPR_CASE_OMITTED;
        }
        (void)snprintf(run->reason, sizeof(run->reason), "%u:%u: %s", error.line, error.column,
                       error.text);
        return error.kind == EXPR_ERROR_TYPE && json_object_get(run->test, "eval_error") != NULL
                   ? EXPR_CASE_PASSED
                   : EXPR_CASE_FAILED;
    }
    const struct expr_run how = {run->bindings, &run->arena, COST_MAX};
    struct expr_value value = expr_evaluate(expr, &how);
    return judge_value(run, &value, &expected);
}

/* False: the line is no case. */
static bool tell_case(const json_t *test, expr_case_fn each, void *ctx)
{
    struct run run = {.test = test, .count = 0};
    struct expr_case result = {
        .file = json_text_of(json_object_get(test, "file")),
        .section = json_text_of(json_object_get(test, "section")),
        .name = json_text_of(json_object_get(test, "name")),
        .source = json_text_of(json_object_get(test, "expr")),
        .reason = run.reason,
    };
    if (result.source.at == NULL) {
        return false;
    }
    arena_init(&run.arena, ARENA_MAX_BYTES);
    result.verdict = run_case(&run, result.source);
    each(&result, ctx);
    arena_fini(&run.arena);
    return true;
}

int expr_case_run(struct str text, expr_case_fn each, void *ctx, size_t *ret_line)
{
    size_t line = 0;
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.at + at, '\n', text.len - at);
        size_t len = (end == NULL ? text.len : (size_t)(end - text.at)) - at;
        json_t *test = len == 0 ? NULL : json_loadb(text.at + at, len, JSON_ALLOW_NUL, NULL);
        bool is_case = len == 0 || (test != NULL && tell_case(test, each, ctx));
        json_decref(test);
        line++;
        if (!is_case) {
            *ret_line = line;
            return ERR_INVALID;
        }
        at += len + 1;
    }
    return 0;
}
