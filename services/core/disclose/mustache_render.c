#include <string.h>

#include "base/assert.h"
#include "core/disclose/mustache.h"
#include "core/disclose/mustache_node.h"

struct rendering {
    const struct mustache_options *options;
    struct mustache_output *output;
    const struct mustache_value *stack[MUSTACHE_DEPTH_MAX + 1]; /* innermost last */
    size_t stack_count;
    size_t depth; /* of sections and partials */
};

static int put(struct mustache_output *output, struct str text)
{
    if (text.len > output->size - output->len) {
        return ERR_TOO_LARGE;
    }
    if (text.len > 0) {
        memcpy(output->bytes + output->len, text.at, text.len);
        output->len += text.len;
    }
    return 0;
}

static struct str escape_of(char c)
{
    switch (c) {
    case '&':
        return STR_LITERAL("&amp;");
    case '"':
        return STR_LITERAL("&quot;");
    case '<':
        return STR_LITERAL("&lt;");
    case '>':
        return STR_LITERAL("&gt;");
    case '\'':
        return STR_LITERAL("&#39;");
    default:
        return (struct str){NULL, 0};
    }
}

static int put_escaped(struct mustache_output *output, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        struct str escape = escape_of(text.at[i]);
        if (escape.len == 0) {
            continue;
        }
        int error = put(output, (struct str){text.at + from, i - from});
        if (error == 0) {
            error = put(output, escape);
        }
        if (error != 0) {
            return error;
        }
        from = i + 1;
    }
    return from == text.len ? 0 : put(output, (struct str){text.at + from, text.len - from});
}

/* --- Names ------------------------------------------------------------------------------------- */

static const struct mustache_value *member(const struct mustache_value *value, struct str name)
{
    if (value->kind != MUSTACHE_HASH) {
        return NULL;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (str_equal(value->names[i], name)) {
            return &value->items[i];
        }
    }
    return NULL;
}

/* The part before the first '.', and in `rest` what is behind it. */
static struct str first_part(struct str name, struct str *rest)
{
    const char *dot = name.len > 0 ? memchr(name.at, '.', name.len) : NULL;
    struct str part = name;
    *rest = (struct str){NULL, 0};
    if (dot != NULL) {
        part.len = (size_t)(dot - name.at);
        *rest = (struct str){dot + 1, name.len - part.len - 1};
    }
    return part;
}

/* The first part is looked for from the innermost context outwards, the others only inside what was found. NULL: missing. */
static const struct mustache_value *resolve(const struct rendering *rendering, struct str name)
{
    if (str_is(name, ".")) {
        return rendering->stack[rendering->stack_count - 1];
    }
    struct str rest;
    struct str part = first_part(name, &rest);
    const struct mustache_value *value = NULL;
    for (size_t i = rendering->stack_count; i > 0 && value == NULL; i--) {
        value = member(rendering->stack[i - 1], part);
    }
    while (value != NULL && rest.len > 0) {
        part = first_part(rest, &rest);
        value = member(value, part);
    }
    return value;
}

static bool is_truthy(const struct mustache_value *value)
{
    if (value == NULL) {
        return false;
    }
    switch (value->kind) {
    case MUSTACHE_NULL:
    case MUSTACHE_FALSE:
        return false;
    case MUSTACHE_TRUE:
    case MUSTACHE_HASH:
        return true;
    case MUSTACHE_TEXT:
        return value->text.len > 0;
    case MUSTACHE_LIST:
        return value->count > 0;
    }
    return false;
}

/* --- Nodes ------------------------------------------------------------------------------------- */

static int render_nodes(struct rendering *rendering, const struct mustache *mustache, size_t from,
                        size_t to);

static int render_with(struct rendering *rendering, const struct mustache *mustache, size_t index,
                       const struct mustache_value *context)
{
    if (rendering->depth == MUSTACHE_DEPTH_MAX) {
        return ERR_TOO_LARGE;
    }
    rendering->depth++;
    rendering->stack[rendering->stack_count++] = context;
    int error = render_nodes(rendering, mustache, index + 1, mustache->nodes[index].end);
    rendering->stack_count--;
    rendering->depth--;
    return error;
}

static int render_section(struct rendering *rendering, const struct mustache *mustache,
                          size_t index)
{
    const struct mustache_node *node = &mustache->nodes[index];
    const struct mustache_value *value = resolve(rendering, node->text);
    if (node->kind == MUSTACHE_NODE_INVERTED) {
        return is_truthy(value) ? 0 : render_nodes(rendering, mustache, index + 1, node->end);
    }
    if (!is_truthy(value)) {
        return 0;
    }
    if (value->kind != MUSTACHE_LIST) {
        return render_with(rendering, mustache, index, value);
    }
    int error = 0;
    for (size_t i = 0; error == 0 && i < value->count; i++) {
        error = render_with(rendering, mustache, index, &value->items[i]);
    }
    return error;
}

/* A copy of the source with `indent` before each of its lines. */
static int indent_source(struct arena *arena, struct str source, struct str indent,
                         struct str *ret_source)
{
    size_t lines = 1;
    for (size_t i = 0; i < source.len; i++) {
        lines += source.at[i] == '\n';
    }
    char *bytes = arena_alloc(arena, source.len + lines * indent.len);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    size_t len = 0;
    for (size_t i = 0; i < source.len; i++) {
        if (i == 0 || source.at[i - 1] == '\n') {
            memcpy(bytes + len, indent.at, indent.len);
            len += indent.len;
        }
        bytes[len++] = source.at[i];
    }
    *ret_source = (struct str){bytes, len};
    return 0;
}

static int render_partial(struct rendering *rendering, const struct mustache_node *node)
{
    const struct mustache_options *options = rendering->options;
    struct str source = {NULL, 0};
    if (options->partial != NULL) {
        source = options->partial(node->text, options->ctx);
    }
    if (source.at == NULL || source.len == 0) {
        return 0;
    }
    if (rendering->depth == MUSTACHE_DEPTH_MAX) {
        return ERR_TOO_LARGE;
    }
    int error = 0;
    if (node->indent.len > 0) {
        error = indent_source(options->arena, source, node->indent, &source);
    }
    struct mustache *partial = NULL;
    if (error == 0) {
        error = mustache_compile(options->arena, source, NULL, &partial);
    }
    if (error == 0) {
        rendering->depth++;
        error = render_nodes(rendering, partial, 0, partial->count);
        rendering->depth--;
    }
    return error;
}

static int render_variable(struct rendering *rendering, const struct mustache_node *node)
{
    const struct mustache_value *value = resolve(rendering, node->text);
    if (value == NULL || value->kind == MUSTACHE_LIST || value->kind == MUSTACHE_HASH) {
        return 0;
    }
    bool escape = rendering->options->escape_html && node->kind == MUSTACHE_NODE_VARIABLE;
    return escape ? put_escaped(rendering->output, value->text)
                  : put(rendering->output, value->text);
}

static int render_nodes(struct rendering *rendering, const struct mustache *mustache, size_t from,
                        size_t to)
{
    int error = 0;
    for (size_t i = from; error == 0 && i < to; i++) {
        const struct mustache_node *node = &mustache->nodes[i];
        switch (node->kind) {
        case MUSTACHE_NODE_TEXT:
            error = put(rendering->output, node->text);
            break;
        case MUSTACHE_NODE_VARIABLE:
        case MUSTACHE_NODE_RAW:
            error = render_variable(rendering, node);
            break;
        case MUSTACHE_NODE_SECTION:
        case MUSTACHE_NODE_INVERTED:
            error = render_section(rendering, mustache, i);
            i = node->end - 1;
            break;
        case MUSTACHE_NODE_PARTIAL:
            error = render_partial(rendering, node);
            break;
        }
    }
    return error;
}

int mustache_render(const struct mustache *mustache, const struct mustache_value *data,
                    const struct mustache_options *options, struct mustache_output *output)
{
    sw_assert(output->len <= output->size);
    sw_assert(options->partial == NULL || options->arena != NULL);
    struct rendering rendering = {
        .options = options, .output = output, .stack = {data}, .stack_count = 1};
    return render_nodes(&rendering, mustache, 0, mustache->count);
}
