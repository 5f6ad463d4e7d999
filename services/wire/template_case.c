#include "wire/template_case.h"

#include <jansson.h>
#include <stdio.h>

#include "base/assert.h"
#include "wire/json.h"

enum { ARENA_MAX_BYTES = 16 * 1024 * 1024, OUTPUT_MAX_BYTES = 256 * 1024, NUMBER_BYTES = 32 };

static struct str str_of_json(const json_t *json)
{
    if (!json_is_string(json)) {
        return (struct str){NULL, 0};
    }
    return (struct str){json_string_value(json), json_string_length(json)};
}

static int value_of_number(const json_t *json, struct arena *arena,
                           struct mustache_value *ret_value)
{
    char *text = arena_alloc(arena, NUMBER_BYTES);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    int len = json_is_integer(json)
                  ? snprintf(text, NUMBER_BYTES, "%lld", (long long)json_integer_value(json))
                  : snprintf(text, NUMBER_BYTES, "%.15g", json_real_value(json));
    *ret_value = (struct mustache_value){.kind = MUSTACHE_TEXT, .text = {text, (size_t)len}};
    return 0;
}

static int value_of_array(const json_t *json, struct arena *arena, struct mustache_value *ret_value)
{
    size_t count = json_array_size(json);
    struct mustache_value *items = arena_alloc_array(arena, count, sizeof(*items));
    int error = items == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        error = template_value_of_json(json_array_get(json, i), arena, &items[i]);
    }
    *ret_value = (struct mustache_value){.kind = MUSTACHE_LIST, .items = items, .count = count};
    return error;
}

static int value_of_object(const json_t *json, struct arena *arena,
                           struct mustache_value *ret_value)
{
    /* jansson iterates a const object through a mutable pointer and changes nothing. */
    json_t *object = (json_t *)(uintptr_t)json;
    size_t count = json_object_size(json);
    struct mustache_value *items = arena_alloc_array(arena, count, sizeof(*items));
    struct str *names = arena_alloc_array(arena, count, sizeof(*names));
    int error = items == NULL || names == NULL ? ERR_MEMORY : 0;
    void *at = json_object_iter(object);
    for (size_t i = 0; error == 0 && at != NULL; i++) {
        names[i] = str_of(json_object_iter_key(at));
        error = template_value_of_json(json_object_iter_value(at), arena, &items[i]);
        at = json_object_iter_next(object, at);
    }
    *ret_value = (struct mustache_value){
        .kind = MUSTACHE_HASH, .items = items, .names = names, .count = count};
    return error;
}

int template_value_of_json(const struct json_t *json, struct arena *arena,
                           struct mustache_value *ret_value)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return value_of_object(json, arena, ret_value);
    case JSON_ARRAY:
        return value_of_array(json, arena, ret_value);
    case JSON_STRING:
        *ret_value = (struct mustache_value){.kind = MUSTACHE_TEXT, .text = str_of_json(json)};
        return 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return value_of_number(json, arena, ret_value);
    case JSON_TRUE:
        *ret_value = (struct mustache_value){.kind = MUSTACHE_TRUE, .text = STR_LITERAL("true")};
        return 0;
    case JSON_FALSE:
        *ret_value = (struct mustache_value){.kind = MUSTACHE_FALSE, .text = STR_LITERAL("false")};
        return 0;
    case JSON_NULL:
        break;
    }
    *ret_value = (struct mustache_value){.kind = MUSTACHE_NULL};
    return 0;
}

static struct str find_partial(struct str name, void *ctx)
{
    const json_t *partials = ctx;
    return str_of_json(json_object_getn(partials, name.at, name.len));
}

/* Renders one case into `output`; NULL, or why not. */
static const char *render_case(const json_t *test, struct arena *arena,
                               struct mustache_output *output)
{
    struct mustache_fault fault = {.what = "does not fit"};
    struct mustache *mustache = NULL;
    struct mustache_value data = {.kind = MUSTACHE_NULL};
    const json_t *json = json_object_get(test, "data");
    if (json != NULL && template_value_of_json(json, arena, &data) != 0) {
        return error_text(ERR_MEMORY);
    }
    struct str source = str_of_json(json_object_get(test, "template"));
    if (mustache_compile(arena, source, &fault, &mustache) != 0) {
        return fault.what;
    }
    struct mustache_options options = {
        .escape_html = true,
        .partial = find_partial,
        .ctx = json_object_get(test, "partials"),
        .arena = arena,
    };
    int error = mustache_render(mustache, &data, &options, output);
    return error != 0 ? error_text(error) : NULL;
}

static void run_case(const json_t *test, struct arena *arena, template_case_fn each, void *ctx)
{
    struct mustache_output output = {.bytes = arena_alloc(arena, OUTPUT_MAX_BYTES),
                                     .size = OUTPUT_MAX_BYTES};
    struct template_case result = {
        .name = str_of_json(json_object_get(test, "name")),
        .expected = str_of_json(json_object_get(test, "expected")),
        .fault = error_text(ERR_MEMORY),
    };
    if (output.bytes != NULL) {
        result.fault = render_case(test, arena, &output);
    }
    if (result.fault == NULL) {
        result.got = (struct str){output.bytes, output.len};
        result.passed = str_equal(result.got, result.expected);
    }
    each(&result, ctx);
}

int template_case_run(struct str text, template_case_fn each, void *ctx, const char **ret_fault)
{
    sw_assert(each != NULL);
    struct fault fault;
    json_t *file = NULL;
    int error = json_parse_text(text, &fault, &file);
    if (error != 0) {
        *ret_fault = "not JSON";
        return error;
    }
    const json_t *tests = json_object_get(file, "tests");
    if (!json_is_array(tests)) {
        *ret_fault = "has no list \"tests\"";
        json_drop(file);
        return ERR_INVALID;
    }
    struct arena arena;
    arena_init(&arena, ARENA_MAX_BYTES);
    for (size_t i = 0; i < json_array_size(tests); i++) {
        arena_reset(&arena);
        run_case(json_array_get(tests, i), &arena, each, ctx);
    }
    arena_fini(&arena);
    json_drop(file);
    return 0;
}
