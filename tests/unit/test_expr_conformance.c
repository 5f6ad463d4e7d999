/* The public conformance cases of the Common Expression Language, one a line of cel-conformance.jsonl.
 *
 * A case is passed, omitted or failed. Omitted is what says so itself: an expression refused with "not supported yet", names
 * with dots and containers, values that are types or messages, and cases that ask for no type check where our check finds
 * something. Anything else that does not give the expected value is a failure. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/expr/node.h"
#include "support/runner.h"

enum { NAMES_MAX = 8, COST_MAX = 1000000 };

enum verdict { PASSED, OMITTED, FAILED };

struct fixture {
    struct arena arena;
    struct expr_variable variables[NAMES_MAX];
    struct expr_value bindings[NAMES_MAX];
    size_t count;
};

static size_t base64_decode(const char *text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned pending = 0;
    size_t used = 0;
    for (; *text != '\0' && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        assert_non_null(digit);
        pending = pending << 6 | (unsigned)(digit - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[used++] = (char)(pending >> bits & 0xFF);
        }
    }
    return used;
}

static double read_double(const json_t *json)
{
    if (!json_is_string(json)) {
        return json_number_value(json);
    }
    const char *text = json_string_value(json);
    return strcmp(text, "NaN") == 0 ? NAN : text[0] == '-' ? -INFINITY : INFINITY;
}

static bool read_value(struct fixture *fixture, const json_t *json, struct expr_value *ret_value);

static bool read_list(struct fixture *fixture, const json_t *json, struct expr_value *ret_value)
{
    const json_t *values = json_object_get(json, "values");
    size_t count = json_array_size(values);
    struct expr_value *items = arena_alloc_array(&fixture->arena, count, sizeof(*items));
    assert_non_null(items);
    for (size_t i = 0; i < count; i++) {
        if (!read_value(fixture, json_array_get(values, i), &items[i])) {
            return false;
        }
    }
    *ret_value = (struct expr_value){.kind = EXPR_LIST, .list = {items, count, NULL}};
    return true;
}

static bool read_map(struct fixture *fixture, const json_t *json, struct expr_value *ret_value)
{
    const json_t *values = json_object_get(json, "entries");
    size_t count = json_array_size(values);
    struct expr_entry *entries = arena_alloc_array(&fixture->arena, count, sizeof(*entries));
    assert_non_null(entries);
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(values, i);
        if (!read_value(fixture, json_object_get(entry, "key"), &entries[i].key) ||
            !read_value(fixture, json_object_get(entry, "value"), &entries[i].value)) {
            return false;
        }
    }
    *ret_value = (struct expr_value){.kind = EXPR_MAP, .map = {entries, count, NULL}};
    return true;
}

/* False: a value that no expression of ours can have. */
static bool read_value(struct fixture *fixture, const json_t *json, struct expr_value *ret_value)
{
    const char *kind = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)json));
    const json_t *inside = json_object_get(json, kind);
    const char *text = json_is_string(inside) ? json_string_value(inside) : "";
    if (strcmp(kind, "null_value") == 0) {
        *ret_value = expr_null();
    } else if (strcmp(kind, "bool_value") == 0) {
        *ret_value = expr_bool(json_is_true(inside));
    } else if (strcmp(kind, "int64_value") == 0) {
        *ret_value = expr_int(strtoll(text, NULL, 10));
    } else if (strcmp(kind, "uint64_value") == 0) {
        *ret_value = expr_uint(strtoull(text, NULL, 10));
    } else if (strcmp(kind, "double_value") == 0) {
        *ret_value = expr_double(read_double(inside));
    } else if (strcmp(kind, "string_value") == 0) {
        *ret_value = expr_string((struct str){text, json_string_length(inside)});
    } else if (strcmp(kind, "bytes_value") == 0) {
        char *out = arena_alloc(&fixture->arena, strlen(text) + 1);
        assert_non_null(out);
        *ret_value = expr_bytes((struct str){out, base64_decode(text, out)});
    } else if (strcmp(kind, "list_value") == 0) {
        return read_list(fixture, inside, ret_value);
    } else if (strcmp(kind, "map_value") == 0) {
        return read_map(fixture, inside, ret_value);
    } else {
        return false;
    }
    return true;
}

static bool read_type(struct fixture *fixture, const json_t *json, struct expr_type *ret_type)
{
    static const struct {
        const char *name;
        enum expr_kind kind;
    } primitives[] = {{"BOOL", EXPR_BOOL},     {"INT64", EXPR_INT},     {"UINT64", EXPR_UINT},
                      {"DOUBLE", EXPR_DOUBLE}, {"STRING", EXPR_STRING}, {"BYTES", EXPR_BYTES}};
    const char *primitive = json_string_value(json_object_get(json, "primitive"));
    const json_t *list = json_object_get(json, "list_type");
    const json_t *map = json_object_get(json, "map_type");
    for (size_t i = 0; primitive != NULL && i < sizeof(primitives) / sizeof(primitives[0]); i++) {
        if (strcmp(primitive, primitives[i].name) == 0) {
            *ret_type = (struct expr_type){.kind = primitives[i].kind};
            return true;
        }
    }
    struct expr_type *key = arena_alloc(&fixture->arena, sizeof(*key));
    struct expr_type *element = arena_alloc(&fixture->arena, sizeof(*element));
    assert_true(key != NULL && element != NULL);
    if (list != NULL) {
        *ret_type = (struct expr_type){.kind = EXPR_LIST, .element = element};
        return read_type(fixture, json_object_get(list, "elem_type"), element);
    }
    *ret_type = (struct expr_type){.kind = EXPR_MAP, .key = key, .element = element};
    return map != NULL && read_type(fixture, json_object_get(map, "key_type"), key) &&
           read_type(fixture, json_object_get(map, "value_type"), element);
}

static bool read_environment(struct fixture *fixture, const json_t *test)
{
    const json_t *declared = json_object_get(test, "type_env");
    const json_t *bindings = json_object_get(test, "bindings");
    fixture->count = json_array_size(declared);
    assert_true(fixture->count <= NAMES_MAX);
    for (size_t i = 0; i < fixture->count; i++) {
        const json_t *one = json_array_get(declared, i);
        const json_t *type = json_object_get(json_object_get(one, "ident"), "type");
        const char *name = json_string_value(json_object_get(one, "name"));
        const json_t *value = json_object_get(json_object_get(bindings, name), "value");
        fixture->variables[i].name = name;
        if (strchr(name, '.') != NULL || value == NULL ||
            !read_type(fixture, type, &fixture->variables[i].type) ||
            !read_value(fixture, value, &fixture->bindings[i])) {
            return false;
        }
    }
    return json_object_size(bindings) == fixture->count;
}

/* The file was made from protobuf's text format and kept some of its escapes (\\?, \\u, \\U) in the values. */
static struct str resolve_escapes(struct fixture *fixture, struct str text)
{
    const struct expr_env env = {.count = 0};
    const struct expr *expr = NULL;
    struct expr_error error;
    size_t used = 3;
    char *source = arena_alloc(&fixture->arena, text.len * 2 + 6);
    assert_non_null(source);
    memcpy(source, "\"\"\"", 3);
    for (size_t i = 0; i < text.len; i++) {
        bool is_quote = text.at[i] == '"';
        source[used++] = is_quote ? '\\' : text.at[i];
        if (is_quote) {
            source[used++] = '"';
        }
    }
    memcpy(source + used, "\"\"\"", 3);
    if (expr_compile((struct str){source, used + 3}, &env, &fixture->arena, &error, &expr) != 0) {
        return text;
    }
    const struct expr_run how = {NULL, &fixture->arena, COST_MAX};
    return expr_evaluate(expr, &how).text;
}

static bool is_as_expected(struct expr_value value, struct expr_value expected)
{
    uint64_t cost = COST_MAX;
    bool both_nan = value.kind == EXPR_DOUBLE && expected.kind == EXPR_DOUBLE &&
                    isnan(value.real) && isnan(expected.real);
    return value.kind == expected.kind &&
           (both_nan || (value.kind != EXPR_ERROR && expr_equal(value, expected, &cost)));
}

static enum verdict judge_refused(const json_t *test, const struct expr_error *error, char *reason)
{
    bool is_about_types = error->kind == EXPR_ERROR_NAME || error->kind == EXPR_ERROR_TYPE;
    (void)snprintf(reason, EXPR_ERROR_MAX_BYTES, "%s", error->text);
    if (error->kind == EXPR_ERROR_UNSUPPORTED) {
        return OMITTED;
    }
    if (is_about_types && json_object_get(test, "eval_error") != NULL) {
        return PASSED; /* what fails when it is evaluated is refused before */
    }
    return is_about_types && json_is_true(json_object_get(test, "disable_check")) ? OMITTED
                                                                                  : FAILED;
}

static enum verdict run(struct fixture *fixture, const json_t *test, char *reason)
{
    const json_t *wanted = json_object_get(test, "value");
    struct expr_value expected = expr_error(EXPR_FAULT_NO_OVERLOAD);
    struct expr_error error = {.line = 0};
    const struct expr *expr = NULL;
    if (json_object_get(test, "container") != NULL || !read_environment(fixture, test) ||
        (wanted != NULL && !read_value(fixture, wanted, &expected))) {
        (void)snprintf(reason, EXPR_ERROR_MAX_BYTES, "names with dots, types or messages");
        return OMITTED;
    }
    const struct expr_env env = {.variables = fixture->variables, .count = fixture->count};
    const json_t *text = json_object_get(test, "expr");
    struct str source = {json_string_value(text), json_string_length(text)};
    if (expr_compile(source, &env, &fixture->arena, &error, &expr) != 0) {
        return judge_refused(test, &error, reason);
    }
    const struct expr_run how = {fixture->bindings, &fixture->arena, COST_MAX};
    struct expr_value value = expr_evaluate(expr, &how);
    (void)snprintf(reason, EXPR_ERROR_MAX_BYTES, "%s, %s", expr_kind_name(value.kind),
                   value.kind == EXPR_ERROR ? expr_fault_text(value.fault) : "another value");
    bool is_good = wanted == NULL ? value.kind == EXPR_ERROR : is_as_expected(value, expected);
    if (!is_good && (expected.kind == EXPR_STRING || expected.kind == EXPR_BYTES)) {
        expected.text = resolve_escapes(fixture, expected.text);
        is_good = is_as_expected(value, expected);
    }
    return is_good ? PASSED : FAILED;
}

static void test_expr_conformance_never_answers_wrongly(void **state)
{
    (void)state;
    const char *folder = getenv("SHOUWANG_DATA");
    size_t counts[3] = {0, 0, 0};
    char path[4096];
    char *line = NULL;
    size_t size = 0;
    assert_non_null(folder);
    (void)snprintf(path, sizeof(path), "%s/cel-conformance.jsonl", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (getline(&line, &size, file) > 0) {
        struct fixture fixture = {.count = 0};
        char reason[EXPR_ERROR_MAX_BYTES] = "";
        json_t *test = json_loads(line, JSON_ALLOW_NUL, NULL);
        assert_non_null(test);
        arena_init(&fixture.arena, 4 * 1024 * 1024);
        enum verdict verdict = run(&fixture, test, reason);
        counts[verdict]++;
        if (verdict == FAILED || (verdict == OMITTED && getenv("SHOW_OMITTED") != NULL)) {
            print_message("%s %s/%s/%s: %s: %s\n", verdict == FAILED ? "FAILED" : "omitted",
                          json_string_value(json_object_get(test, "file")),
                          json_string_value(json_object_get(test, "section")),
                          json_string_value(json_object_get(test, "name")),
                          json_string_value(json_object_get(test, "expr")), reason);
        }
        arena_fini(&fixture.arena);
        json_decref(test);
    }
    free(line);
    (void)fclose(file);
    print_message("cel-conformance: %zu passed, %zu omitted, %zu failed\n", counts[PASSED],
                  counts[OMITTED], counts[FAILED]);
    assert_int_equal(counts[FAILED], 0);
    assert_true(counts[PASSED] > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expr_conformance_never_answers_wrongly),
    };
    return RUN_TESTS(argc, argv, tests);
}
