/* The parser's events -> the tree of yaml.h. libfyaml is used for events only: its own document loses the marks of
 * collections, and its scalars would still be ours to judge. */
#include "wire/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct yaml_faults *yaml_faults_new(void)
{
    struct yaml_faults *faults = malloc(sizeof(*faults));
    if (faults != NULL) {
        faults->count = 0;
    }
    return faults;
}

struct reader {
    const char *path;
    struct str content;
    struct fy_parser *parser;
    struct arena *arena;
    struct yaml_faults *faults;
    size_t node_count;
    int error;
};

/* A child while its parent is still open. */
struct draft {
    struct yaml_node node;
    struct draft *next;
};

struct drafts {
    struct draft *first;
    struct draft **end;
    size_t count;
};

void yaml_fail_at(struct yaml_faults *faults, const char *path, uint32_t line, uint32_t column,
                  const char *text)
{
    if (faults->count < YAML_FAULTS_MAX) {
        char *out = faults->texts[faults->count];
        if (line == 0) {
            (void)snprintf(out, YAML_FAULT_MAX_BYTES, "%s: %s", path, text); /* cut if too long */
        } else {
            (void)snprintf(out, YAML_FAULT_MAX_BYTES, "%s:%u:%u: %s", path, line, column, text);
        }
    }
    faults->count++;
}

void yaml_fail(struct yaml_faults *faults, const struct yaml_node *at, const char *format, ...)
{
    char text[YAML_FAULT_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut if too long */
    va_end(arguments);
    yaml_fail_at(faults, at->path, at->line, at->column, text);
}

static int refuse(struct reader *reader, const struct fy_mark *mark, const char *text)
{
    uint32_t line = mark == NULL ? 0 : (uint32_t)mark->line + 1;
    uint32_t column = mark == NULL ? 0 : (uint32_t)mark->column + 1;
    yaml_fail_at(reader->faults, reader->path, line, column, text);
    return ERR_INVALID;
}

/* What the parser found wrong, in its words. */
static int refuse_syntax(struct reader *reader, struct fy_diag *diag)
{
    void *position = NULL;
    size_t before = reader->faults->count;
    const struct fy_diag_error *found = NULL;
    while ((found = fy_diag_errors_iterate(diag, &position)) != NULL) {
        if (found->type == FYET_ERROR && found->line > 0) {
            yaml_fail_at(reader->faults, reader->path, (uint32_t)found->line,
                         (uint32_t)(found->column > 0 ? found->column : 1), found->msg);
        }
    }
    if (reader->faults->count == before) {
        yaml_fail_at(reader->faults, reader->path, 0, 0, "not YAML");
    }
    return ERR_INVALID;
}

/* A text in single quotes on one line: two quotes are one. (libfyaml reads pairs of them that touch wrongly.) */
static int read_single_quoted(struct reader *reader, struct str source, struct str *ret_text)
{
    char *text = arena_alloc(reader->arena, source.len + 1);
    size_t len = 0;
    if (text == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < source.len; i++) {
        text[len++] = source.at[i];
        i += source.at[i] == '\'' ? 1 : 0;
    }
    *ret_text = (struct str){text, len};
    return 0;
}

/* Keeps the scalar as it is written: nothing to copy where the text is just that. */
static int keep_source(struct reader *reader, const struct fy_mark *start,
                       const struct fy_mark *end, struct yaml_node *node)
{
    bool is_known = start != NULL && end != NULL && start->input_pos <= end->input_pos &&
                    end->input_pos <= reader->content.len;
    if (!is_known) {
        return 0;
    }
    struct str source = {reader->content.at + start->input_pos, end->input_pos - start->input_pos};
    node->source_column = (uint32_t)start->column + 1;
    if (node->quote == '\'' && memmem(source.at, source.len, "''", 2) != NULL &&
        memchr(source.at, '\n', source.len) == NULL &&
        read_single_quoted(reader, source, &node->text) != 0) {
        return ERR_MEMORY;
    }
    node->source =
        str_equal(source, node->text) ? node->text : arena_copy_str(reader->arena, source);
    return node->source.at == NULL ? ERR_MEMORY : 0;
}

static int take_scalar(struct reader *reader, struct fy_event *event, struct yaml_node *node)
{
    if (event->scalar.tag != NULL || event->scalar.anchor != NULL) {
        return refuse(reader, fy_event_start_mark(event), "tags and anchors are not allowed");
    }
    size_t len = 0;
    const char *text = fy_token_get_text(event->scalar.value, &len);
    node->kind = YAML_SCALAR;
    node->text = arena_copy_str(reader->arena, (struct str){text, text == NULL ? 0 : len});
    if (node->text.at == NULL) {
        return ERR_MEMORY;
    }
    if (event->scalar.value != NULL) {
        enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
        const struct fy_mark *start = fy_event_start_mark(event);
        const struct fy_mark *end = fy_event_end_mark(event);
        node->quote = style == FYSS_SINGLE_QUOTED ? '\'' : style == FYSS_DOUBLE_QUOTED ? '"' : '\0';
        node->column -=
            node->quote != '\0' && node->column > 1 ? 1 : 0; /* its mark lies behind the quote */
        node->is_plain =
            style == FYSS_PLAIN && start != NULL && end != NULL && start->line == end->line;
        return keep_source(reader, start, end, node);
    }
    return 0;
}

static int read_node(struct reader *reader, struct fy_event *event, size_t depth,
                     struct yaml_node *ret_node);

/* Reads children until the end event of their parent. */
static int read_children(struct reader *reader, enum fy_event_type end, size_t depth,
                         struct drafts *drafts)
{
    drafts->first = NULL;
    drafts->end = &drafts->first;
    drafts->count = 0;
    for (;;) {
        struct fy_event *event = fy_parser_parse(reader->parser);
        if (event == NULL) {
            return ERR_CORRUPT; /* a syntax error: the caller asks the parser for it */
        }
        if (event->type == end) {
            fy_parser_event_free(reader->parser, event);
            return 0;
        }
        struct draft *draft = arena_alloc(reader->arena, sizeof(*draft));
        int error = draft == NULL ? ERR_MEMORY : read_node(reader, event, depth, &draft->node);
        fy_parser_event_free(reader->parser, event);
        if (error != 0) {
            return error;
        }
        *drafts->end = draft;
        drafts->end = &draft->next;
        drafts->count++;
    }
}

static int close_sequence(struct reader *reader, const struct drafts *drafts,
                          struct yaml_node *node)
{
    struct yaml_node *items = arena_alloc_array(reader->arena, drafts->count, sizeof(*items));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    size_t i = 0;
    for (const struct draft *draft = drafts->first; draft != NULL; draft = draft->next) {
        items[i++] = draft->node;
    }
    node->items = items;
    node->count = drafts->count;
    return 0;
}

static int check_key(struct reader *reader, const struct yaml_pair *pairs, size_t index)
{
    const struct yaml_node *key = &pairs[index].key;
    if (key->kind != YAML_SCALAR || key->text.len == 0) {
        yaml_fail(reader->faults, key, "expected a key");
        return ERR_INVALID;
    }
    for (size_t i = 0; i < index; i++) {
        if (str_equal(pairs[i].key.text, key->text)) {
            yaml_fail(reader->faults, key, "key \"%.*s\" is given twice, first on line %u",
                      (int)key->text.len, key->text.at, pairs[i].key.line);
            return ERR_INVALID;
        }
    }
    return 0;
}

static int close_mapping(struct reader *reader, const struct drafts *drafts, struct yaml_node *node)
{
    sw_assert(drafts->count % 2 == 0);
    size_t count = drafts->count / 2;
    if (count > YAML_PAIRS_MAX) {
        yaml_fail(reader->faults, node, "a mapping has at most %d keys", YAML_PAIRS_MAX);
        return ERR_INVALID;
    }
    struct yaml_pair *pairs = arena_alloc_array(reader->arena, count, sizeof(*pairs));
    if (pairs == NULL) {
        return ERR_MEMORY;
    }
    const struct draft *draft = drafts->first;
    for (size_t i = 0; i < count; i++) {
        pairs[i].key = draft->node;
        pairs[i].value = draft->next->node;
        draft = draft->next->next;
        int error = check_key(reader, pairs, i);
        if (error != 0) {
            return error;
        }
    }
    node->pairs = pairs;
    node->count = count;
    return 0;
}

static int read_sequence(struct reader *reader, struct fy_event *event, size_t depth,
                         struct yaml_node *node)
{
    if (event->sequence_start.tag != NULL || event->sequence_start.anchor != NULL) {
        return refuse(reader, fy_event_start_mark(event), "tags and anchors are not allowed");
    }
    struct drafts drafts;
    node->kind = YAML_SEQUENCE;
    int error = read_children(reader, FYET_SEQUENCE_END, depth + 1, &drafts);
    return error != 0 ? error : close_sequence(reader, &drafts, node);
}

static int read_mapping(struct reader *reader, struct fy_event *event, size_t depth,
                        struct yaml_node *node)
{
    if (event->mapping_start.tag != NULL || event->mapping_start.anchor != NULL) {
        return refuse(reader, fy_event_start_mark(event), "tags and anchors are not allowed");
    }
    struct drafts drafts;
    node->kind = YAML_MAPPING;
    int error = read_children(reader, FYET_MAPPING_END, depth + 1, &drafts);
    return error != 0 ? error : close_mapping(reader, &drafts, node);
}

static int read_node(struct reader *reader, struct fy_event *event, size_t depth,
                     struct yaml_node *ret_node)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (depth > YAML_DEPTH_MAX || ++reader->node_count > YAML_NODES_MAX) {
        return refuse(reader, mark, "nested too deeply, or too many values");
    }
    *ret_node = (struct yaml_node){.path = reader->path};
    if (mark != NULL) {
        ret_node->line = (uint32_t)mark->line + 1;
        ret_node->column = (uint32_t)mark->column + 1;
    }
    if (event->type == FYET_SCALAR) {
        return take_scalar(reader, event, ret_node);
    }
    if (event->type == FYET_SEQUENCE_START) {
        return read_sequence(reader, event, depth, ret_node);
    }
    if (event->type == FYET_MAPPING_START) {
        return read_mapping(reader, event, depth, ret_node);
    }
    return refuse(reader, mark, "aliases are not allowed: write the value out");
}

/* The stream: one document, then nothing. */
static int read_stream(struct reader *reader, struct yaml_node *ret_root)
{
    bool has_root = false;
    for (;;) {
        struct fy_event *event = fy_parser_parse(reader->parser);
        if (event == NULL) {
            return ERR_CORRUPT;
        }
        enum fy_event_type type = event->type;
        int error = 0;
        if (type == FYET_DOCUMENT_START && has_root) {
            error = refuse(reader, fy_event_start_mark(event), "a second document in the file");
        } else if (type == FYET_SCALAR || type == FYET_ALIAS || type == FYET_SEQUENCE_START ||
                   type == FYET_MAPPING_START) {
            has_root = true;
            error = read_node(reader, event, 0, ret_root);
        }
        fy_parser_event_free(reader->parser, event);
        if (error != 0) {
            return error;
        }
        if (type == FYET_STREAM_END) {
            return has_root ? 0 : refuse(reader, NULL, "the file is empty");
        }
    }
}

/* libfyaml takes any bytes; bad ones are found here, with their place. */
static int check_text(struct reader *reader, struct str content)
{
    size_t at = 0;
    if (content.len > YAML_FILE_MAX_BYTES) {
        yaml_fail_at(reader->faults, reader->path, 0, 0, "the file is larger than 900 KiB");
        return ERR_TOO_LARGE;
    }
    if (str_is_utf8(content, &at)) {
        return 0;
    }
    uint32_t line = 1;
    uint32_t column = 1;
    for (size_t i = 0; i < at; i++) {
        bool is_end = content.at[i] == '\n';
        bool is_continuation = ((unsigned char)content.at[i] & 0xC0) == 0x80;
        line += is_end ? 1 : 0;
        column = is_end ? 1 : column + (is_continuation ? 0 : 1);
    }
    yaml_fail_at(reader->faults, reader->path, line, column, "not well-formed UTF-8");
    return ERR_INVALID;
}

static int read_all(struct reader *reader, struct fy_diag *diag, struct str content,
                    struct yaml_node *ret_root)
{
    struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_JSON_NONE, .diag = diag};
    reader->parser = fy_parser_create(&config);
    if (reader->parser == NULL) {
        return ERR_MEMORY;
    }
    int error = ERR_MEMORY;
    if (fy_parser_set_string(reader->parser, content.at, content.len) == 0) {
        error = read_stream(reader, ret_root);
    }
    if (error == ERR_CORRUPT) {
        error = refuse_syntax(reader, diag);
    }
    fy_parser_destroy(reader->parser);
    return error;
}

int yaml_parse(const char *path, struct str content, struct arena *arena,
               struct yaml_faults *faults, const struct yaml_node **ret_root)
{
    struct reader reader = {.path = path, .content = content, .arena = arena, .faults = faults};
    int error = check_text(&reader, content);
    if (error != 0) {
        return error;
    }
    if (content.len == 0) {
        return refuse(&reader, NULL, "the file is empty");
    }
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.colorize = false;
    struct yaml_node *root = arena_alloc(arena, sizeof(*root));
    struct fy_diag *diag = fy_diag_create(&diag_config);
    if (root == NULL || diag == NULL) {
        fy_diag_destroy(diag);
        return ERR_MEMORY;
    }
    fy_diag_set_collect_errors(diag, true);
    error = read_all(&reader, diag, content, root);
    fy_diag_destroy(diag);
    if (error == 0) {
        *ret_root = root;
    }
    return error;
}
