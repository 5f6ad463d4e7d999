/* The parser: one pass, tag by tag. A comment, section, partial or delimiter tag that stands alone on its line takes the
 * line with it (whitespace, line end); whether it does is read off the source, so that any other tag on the line keeps it. */
#include "core/disclose/mustache.h"

#include <string.h>

#include "base/assert.h"
#include "core/disclose/mustache_node.h"

enum { DELIMITER_MAX_BYTES = 8 };

struct parser {
    struct str source;
    struct arena *arena;
    struct mustache *out;
    size_t at; /* the first byte not read yet */
    struct str open;
    struct str close;
    size_t sections[MUSTACHE_DEPTH_MAX]; /* indices of those not closed yet */
    size_t depth;
    const char *what; /* set by whoever finds a fault */
    size_t fault_at;
};

/* One tag as it stands in the source. */
struct tag {
    char sigil; /* 0 for a plain variable */
    struct str name;
    size_t begin; /* of its opening delimiter */
    size_t end;   /* behind its closing delimiter */
};

static int fail(struct parser *parser, size_t at, const char *what)
{
    parser->what = what;
    parser->fault_at = at;
    return ERR_INVALID;
}

static uint32_t line_of(struct str source, size_t at)
{
    uint32_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += source.at[i] == '\n';
    }
    return line;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str text)
{
    while (text.len > 0 && is_blank(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* The offset of `needle` in the source from `from`, or the source's length. */
static size_t find(struct str source, size_t from, struct str needle)
{
    const char *hit = from < source.len
                          ? memmem(source.at + from, source.len - from, needle.at, needle.len)
                          : NULL;
    return hit != NULL ? (size_t)(hit - source.at) : source.len;
}

static struct mustache_node *add_node(struct parser *parser, enum mustache_node_kind kind,
                                      struct str text)
{
    struct mustache *out = parser->out;
    if (out->count == out->capacity) {
        size_t capacity = out->capacity == 0 ? 16 : out->capacity * 2;
        struct mustache_node *nodes =
            arena_alloc_array(parser->arena, capacity, sizeof(struct mustache_node));
        if (nodes == NULL) {
            return NULL;
        }
        if (out->count > 0) {
            memcpy(nodes, out->nodes, out->count * sizeof(struct mustache_node));
        }
        out->nodes = nodes;
        out->capacity = capacity;
    }
    struct mustache_node *node = &out->nodes[out->count++];
    *node = (struct mustache_node){.kind = kind, .text = text};
    return node;
}

static int add_text(struct parser *parser, size_t begin, size_t end)
{
    if (begin >= end) {
        return 0;
    }
    struct mustache_node *node =
        add_node(parser, MUSTACHE_NODE_TEXT, (struct str){parser->source.at + begin, end - begin});
    if (node == NULL) {
        return ERR_MEMORY;
    }
    node->line = line_of(parser->source, begin);
    return 0;
}

/* Reads the tag whose opening delimiter is at `begin`. */
static int read_tag(struct parser *parser, size_t begin, struct tag *ret_tag)
{
    struct str source = parser->source;
    size_t at = begin + parser->open.len;
    struct tag tag = {.begin = begin};
    if (at < source.len && memchr("!#^/>=&{", source.at[at], 8) != NULL) {
        tag.sigil = source.at[at++];
    }
    /* Two kinds end with a sign of their own before the delimiter. */
    char needle[DELIMITER_MAX_BYTES + 1] = {tag.sigil == '{' ? '}' : '='};
    size_t own = tag.sigil == '{' || tag.sigil == '=';
    memcpy(needle + own, parser->close.at, parser->close.len);
    size_t close = find(source, at, (struct str){needle, own + parser->close.len});
    if (close >= source.len) {
        return fail(parser, begin, "tag is not closed");
    }
    tag.end = close + own + parser->close.len;
    tag.name = trim((struct str){source.at + at, close - at});
    *ret_tag = tag;
    return 0;
}

/* Whether nothing but whitespace shares the lines with the tag; then where the line begins and where the next one does. */
static bool stands_alone(struct str source, const struct tag *tag, size_t *ret_begin,
                         size_t *ret_end)
{
    if (tag->sigil == 0 || tag->sigil == '&' || tag->sigil == '{') {
        return false;
    }
    size_t begin = tag->begin;
    while (begin > 0 && (source.at[begin - 1] == ' ' || source.at[begin - 1] == '\t')) {
        begin--;
    }
    size_t end = tag->end;
    while (end < source.len && (source.at[end] == ' ' || source.at[end] == '\t')) {
        end++;
    }
    if (end + 1 < source.len && source.at[end] == '\r' && source.at[end + 1] == '\n') {
        end++;
    }
    if ((begin > 0 && source.at[begin - 1] != '\n') ||
        (end < source.len && source.at[end] != '\n')) {
        return false;
    }
    *ret_begin = begin;
    *ret_end = end < source.len ? end + 1 : end;
    return true;
}

static int set_delimiters(struct parser *parser, const struct tag *tag)
{
    size_t split = 0;
    while (split < tag->name.len && !is_blank(tag->name.at[split])) {
        split++;
    }
    struct str open = {tag->name.at, split};
    struct str close = trim((struct str){tag->name.at + split, tag->name.len - split});
    if (open.len == 0 || close.len == 0 || open.len > DELIMITER_MAX_BYTES ||
        close.len > DELIMITER_MAX_BYTES || memchr(close.at, ' ', close.len) != NULL ||
        memchr(tag->name.at, '=', tag->name.len) != NULL) {
        return fail(parser, tag->begin, "delimiters are two short words without '='");
    }
    parser->open = open;
    parser->close = close;
    return 0;
}

static int close_section(struct parser *parser, const struct tag *tag)
{
    if (parser->depth == 0) {
        return fail(parser, tag->begin, "no section to close");
    }
    struct mustache_node *node = &parser->out->nodes[parser->sections[parser->depth - 1]];
    if (!str_equal(node->text, tag->name)) {
        return fail(parser, tag->begin, "closes another section than the one that is open");
    }
    node->end = parser->out->count;
    parser->depth--;
    return 0;
}

static enum mustache_node_kind kind_of_sigil(char sigil)
{
    switch (sigil) {
    case '#':
        return MUSTACHE_NODE_SECTION;
    case '^':
        return MUSTACHE_NODE_INVERTED;
    case '>':
        return MUSTACHE_NODE_PARTIAL;
    case '&':
    case '{':
        return MUSTACHE_NODE_RAW;
    default:
        return MUSTACHE_NODE_VARIABLE;
    }
}

static int add_tag(struct parser *parser, const struct tag *tag, struct str indent)
{
    for (size_t i = 0; i < tag->name.len; i++) {
        if (is_blank(tag->name.at[i])) {
            return fail(parser, tag->begin, "a name has no blanks");
        }
    }
    if (tag->name.len == 0) {
        return fail(parser, tag->begin, "a tag needs a name");
    }
    if (tag->sigil == '/') {
        return close_section(parser, tag);
    }
    enum mustache_node_kind kind = kind_of_sigil(tag->sigil);
    struct mustache_node *node = add_node(parser, kind, tag->name);
    if (node == NULL) {
        return ERR_MEMORY;
    }
    node->line = line_of(parser->source, tag->begin);
    node->indent = indent;
    if (kind == MUSTACHE_NODE_SECTION || kind == MUSTACHE_NODE_INVERTED) {
        if (parser->depth == MUSTACHE_DEPTH_MAX) {
            return fail(parser, tag->begin, "sections are too deep");
        }
        parser->sections[parser->depth++] = parser->out->count - 1;
    }
    return 0;
}

static int parse_tag(struct parser *parser, size_t begin)
{
    struct tag tag;
    int error = read_tag(parser, begin, &tag);
    if (error != 0) {
        return error;
    }
    size_t line_begin = tag.begin;
    size_t line_end = tag.end;
    bool alone = stands_alone(parser->source, &tag, &line_begin, &line_end);
    struct str indent = {parser->source.at + line_begin, alone ? tag.begin - line_begin : 0};
    error = add_text(parser, parser->at, line_begin);
    if (error == 0 && tag.sigil == '=') {
        error = set_delimiters(parser, &tag);
    } else if (error == 0 && tag.sigil != '!') {
        error = add_tag(parser, &tag, tag.sigil == '>' ? indent : (struct str){NULL, 0});
    }
    parser->at = line_end;
    return error;
}

static int parse(struct parser *parser)
{
    int error = 0;
    while (error == 0) {
        size_t begin = find(parser->source, parser->at, parser->open);
        if (begin == parser->source.len) {
            break;
        }
        error = parse_tag(parser, begin);
    }
    if (error == 0) {
        error = add_text(parser, parser->at, parser->source.len);
    }
    if (error == 0 && parser->depth > 0) {
        const struct mustache_node *node = &parser->out->nodes[parser->sections[parser->depth - 1]];
        error = fail(parser, (size_t)(node->text.at - parser->source.at), "section is not closed");
    }
    return error;
}

int mustache_compile(struct arena *arena, struct str source, struct mustache_fault *ret_fault,
                     struct mustache **ret_mustache)
{
    sw_assert(ret_mustache != NULL);
    if (source.len > MUSTACHE_SOURCE_MAX_BYTES) {
        return ERR_TOO_LARGE;
    }
    struct parser parser = {
        .source = source,
        .arena = arena,
        .out = arena_alloc(arena, sizeof(struct mustache)),
        .open = STR_LITERAL("{{"),
        .close = STR_LITERAL("}}"),
    };
    if (parser.out == NULL) {
        return ERR_MEMORY;
    }
    int error = parse(&parser);
    if (error == 0) {
        *ret_mustache = parser.out;
    } else if (error == ERR_INVALID && ret_fault != NULL) {
        size_t line_begin = parser.fault_at;
        while (line_begin > 0 && source.at[line_begin - 1] != '\n') {
            line_begin--;
        }
        *ret_fault = (struct mustache_fault){
            .line = line_of(source, parser.fault_at),
            .column = (uint32_t)(parser.fault_at - line_begin + 1),
            .what = parser.what,
        };
    }
    return error;
}

static enum mustache_use use_of_kind(enum mustache_node_kind kind)
{
    switch (kind) {
    case MUSTACHE_NODE_TEXT:
        return MUSTACHE_USE_TEXT;
    case MUSTACHE_NODE_VARIABLE:
    case MUSTACHE_NODE_RAW:
        return MUSTACHE_USE_VARIABLE;
    case MUSTACHE_NODE_SECTION:
    case MUSTACHE_NODE_INVERTED:
        return MUSTACHE_USE_SECTION;
    case MUSTACHE_NODE_PARTIAL:
        return MUSTACHE_USE_PARTIAL;
    }
    return MUSTACHE_USE_TEXT;
}

int mustache_each_item(const struct mustache *mustache, mustache_item_fn each, void *ctx)
{
    sw_assert(each != NULL);
    for (size_t i = 0; i < mustache->count; i++) {
        const struct mustache_node *node = &mustache->nodes[i];
        struct mustache_item item = {use_of_kind(node->kind), node->text, node->line};
        int stop = each(&item, ctx);
        if (stop != 0) {
            return stop;
        }
    }
    return 0;
}
