/* Where in the file a place of a scalar's text is: the text and its source are gone through side by side. Blanks are where
 * they differ most: lines that are indented, lines that are folded into one. */
#include "wire/yaml.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The byte of a line and column of the text; its end when there is no such place. */
static size_t offset_of(struct str text, uint32_t line, uint32_t column)
{
    size_t at = 0;
    for (uint32_t lines = 1; lines < line && at < text.len; at++) {
        lines += text.at[at] == '\n' ? 1 : 0;
    }
    for (uint32_t columns = 1; at < text.len && columns < column; columns++) {
        do {
            at++;
        } while (at < text.len && is_continuation(text.at[at]));
    }
    return at;
}

static size_t skip_blanks(struct str source, size_t at)
{
    while (at < source.len && is_blank(source.at[at])) {
        at++;
    }
    return at;
}

/* Behind what stands for one character that is no blank: it, two quotes for one, or an escape. */
static size_t skip_one(struct str source, size_t at, char quote)
{
    char next = at + 1 < source.len ? source.at[at + 1] : '\0';
    if (quote == '\'' && source.at[at] == '\'') {
        return at + 2;
    }
    if (quote == '"' && source.at[at] == '\\') {
        return at + (next == 'x' ? 4 : next == 'u' ? 6 : next == 'U' ? 10 : 2);
    }
    return at + 1;
}

/* The byte of the source that stands for the byte of the text at `offset`. */
static size_t source_of(const struct yaml_node *scalar, size_t offset)
{
    struct str text = scalar->text;
    struct str source = scalar->source;
    size_t at = 0;
    for (size_t i = 0; i < offset && at < source.len; i++) {
        char c = text.at[i];
        if (is_blank(c)) {
            at = source.at[at] == c ? at + 1 : skip_blanks(source, at);
        } else {
            at = skip_blanks(source, at);
            at = at < source.len ? skip_one(source, at, scalar->quote) : at;
        }
    }
    return offset < text.len && !is_blank(text.at[offset]) ? skip_blanks(source, at) : at;
}

void yaml_fail_inside(struct yaml_faults *faults, const struct yaml_node *scalar, uint32_t line,
                      uint32_t column, const char *text)
{
    size_t end = source_of(scalar, offset_of(scalar->text, line, column));
    uint32_t file_line = scalar->line;
    uint32_t file_column = scalar->source.len > 0 ? scalar->source_column : scalar->column;
    for (size_t i = 0; i < end && i < scalar->source.len; i++) {
        char c = scalar->source.at[i];
        file_line += c == '\n' ? 1 : 0;
        file_column = c == '\n' ? 1 : file_column + (is_continuation(c) ? 0 : 1);
    }
    yaml_fail_at(faults, scalar->path, file_line, file_column, text);
}
