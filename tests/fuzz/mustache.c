/* A template: up to the first zero byte the template, behind it the source of every partial. Rendered with each kind of
 * value. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "core/disclose/mustache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str partial(struct str name, void *ctx)
{
    (void)name;
    return *(struct str *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[64 * 1024];
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    struct str source = {(const char *)data, zero == NULL ? size : (size_t)(zero - data)};
    struct str rest = zero == NULL ? (struct str){NULL, 0}
                                   : (struct str){(const char *)zero + 1, size - source.len - 1};
    struct mustache_value items[] = {{.kind = MUSTACHE_TEXT, .text = STR_LITERAL("<1>")},
                                     {.kind = MUSTACHE_TRUE},
                                     {.kind = MUSTACHE_NULL}};
    struct mustache_value members[] = {{.kind = MUSTACHE_TEXT, .text = STR_LITERAL("a & b")},
                                       {.kind = MUSTACHE_FALSE},
                                       {.kind = MUSTACHE_LIST, .items = items, .count = 3}};
    struct str names[] = {STR_LITERAL("a"), STR_LITERAL("b"), STR_LITERAL("c")};
    struct mustache_value all = {
        .kind = MUSTACHE_HASH, .items = members, .names = names, .count = 3};
    struct mustache_output output = {.bytes = bytes, .size = sizeof(bytes)};
    struct mustache_fault fault;
    struct mustache *mustache = NULL;
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    if (mustache_compile(&arena, source, &fault, &mustache) == 0) {
        struct mustache_options options = {
            .escape_html = true, .partial = partial, .ctx = &rest, .arena = &arena};
        int error = mustache_render(mustache, &all, &options, &output);
        sw_assert(output.len <= output.size &&
                  (error == 0 || error == ERR_TOO_LARGE || error == ERR_INVALID));
    }
    arena_fini(&arena);
    return 0;
}
