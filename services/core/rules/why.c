#include "core/rules/why.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum { PARTS_MAX = 2 * SIGNAL_VALUES_MAX + 1 };

struct cursor {
    struct str source;
    size_t at;
    uint32_t line;
    uint32_t column;
};

static void advance(struct cursor *cursor, size_t bytes)
{
    for (size_t end = cursor->at + bytes; cursor->at < end; cursor->at++) {
        unsigned char c = (unsigned char)cursor->source.at[cursor->at];
        cursor->line += c == '\n' ? 1 : 0;
        cursor->column = c == '\n' ? 1 : cursor->column + ((c & 0xC0) != 0x80 ? 1 : 0);
    }
}

static int fail(const struct cursor *cursor, const char *text, struct expr_error *ret_error)
{
    ret_error->kind = EXPR_ERROR_SYNTAX;
    ret_error->line = cursor->line;
    ret_error->column = cursor->column;
    (void)snprintf(ret_error->text, EXPR_ERROR_MAX_BYTES, "%s", text);
    return ERR_INVALID;
}

/* The length of the expression up to the brace that closes it; SIZE_MAX: none does. */
static size_t hole_length(struct str rest)
{
    size_t depth = 0;
    char quote = '\0';
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.at[i];
        if (quote != '\0') {
            i += c == '\\' ? 1 : 0;
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && depth-- == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static int take_hole(struct cursor *cursor, const struct expr_env *env, struct arena *arena,
                     struct expr_error *ret_error, struct why_part *ret_part)
{
    advance(cursor, 1);
    struct str rest = {cursor->source.at + cursor->at, cursor->source.len - cursor->at};
    size_t len = hole_length(rest);
    if (len == SIZE_MAX) {
        return fail(cursor, "a \"{\" is not closed", ret_error);
    }
    ret_part->text = (struct str){rest.at, len};
    int error = expr_compile(ret_part->text, env, arena, ret_error, &ret_part->hole);
    if (error == ERR_INVALID) {
        ret_error->column += ret_error->line == 1 ? cursor->column - 1 : 0;
        ret_error->line += cursor->line - 1;
    }
    advance(cursor, len + 1);
    return error;
}

/* Text up to the next hole; a doubled brace ends a part behind its first one. */
static int take_text(struct cursor *cursor, struct expr_error *ret_error, struct why_part *ret_part)
{
    size_t from = cursor->at;
    while (cursor->at < cursor->source.len) {
        char c = cursor->source.at[cursor->at];
        bool is_doubled = cursor->at + 1 < cursor->source.len &&
                          cursor->source.at[cursor->at + 1] == c && (c == '{' || c == '}');
        if (is_doubled) {
            ret_part->text = (struct str){cursor->source.at + from, cursor->at + 1 - from};
            advance(cursor, 2);
            return 0;
        }
        if (c == '}') {
            return fail(cursor, "a \"}\" without its \"{\"; write \"}}\" for a brace", ret_error);
        }
        if (c == '{') {
            break;
        }
        advance(cursor, 1);
    }
    ret_part->text = (struct str){cursor->source.at + from, cursor->at - from};
    return 0;
}

int why_compile(struct str source, const struct expr_env *env, struct arena *arena,
                struct expr_error *ret_error, struct why_text *ret_text)
{
    struct cursor cursor = {.source = source, .line = 1, .column = 1};
    struct why_part *parts = arena_alloc_array(arena, PARTS_MAX, sizeof(*parts));
    struct why_text text = {.parts = parts};
    if (parts == NULL) {
        return ERR_MEMORY;
    }
    if (source.len > WHY_SOURCE_MAX_BYTES) {
        return fail(&cursor, "the text is longer than 512 bytes", ret_error);
    }
    while (cursor.at < source.len) {
        if (text.count == PARTS_MAX || text.hole_count == SIGNAL_VALUES_MAX) {
            return fail(&cursor, "the text has more than 15 expressions", ret_error);
        }
        char next = cursor.at + 1 < source.len ? source.at[cursor.at + 1] : ' ';
        bool is_hole = source.at[cursor.at] == '{' && next != '{';
        struct why_part *part = &parts[text.count];
        int error = is_hole ? take_hole(&cursor, env, arena, ret_error, part)
                            : take_text(&cursor, ret_error, part);
        if (error != 0) {
            return error;
        }
        text.hole_count += is_hole ? 1 : 0;
        text.count++;
    }
    *ret_text = text;
    return 0;
}

/* A value for people, into `out`; its length. */
static size_t format_value(const struct expr_value *value, char *out, size_t size)
{
    int wrote = 0;
    switch (value->kind) {
    case EXPR_BOOL:
        wrote = snprintf(out, size, "%s", value->boolean ? "true" : "false");
        break;
    case EXPR_INT:
        wrote = snprintf(out, size, "%lld", (long long)value->integer);
        break;
    case EXPR_UINT:
        wrote = snprintf(out, size, "%llu", (unsigned long long)value->natural);
        break;
    case EXPR_DOUBLE:
        wrote = snprintf(out, size, "%.15g", value->real);
        break;
    case EXPR_STRING:
        wrote = snprintf(out, size, "%.*s", (int)(value->text.len < size ? value->text.len : size),
                         value->text.len == 0 ? "" : value->text.at);
        break;
    case EXPR_NULL:
    case EXPR_BYTES:
    case EXPR_TIMESTAMP:
    case EXPR_DURATION:
    case EXPR_TYPE:
    case EXPR_LIST:
    case EXPR_MAP:
    case EXPR_OPTIONAL:
    case EXPR_OBJECT:
        wrote = snprintf(out, size, "(%s)", expr_kind_name(value->kind));
        break;
    case EXPR_DYN:
    case EXPR_ERROR:
        wrote = snprintf(out, size, "?");
        break;
    }
    return wrote < 0 ? 0 : (size_t)wrote < size ? (size_t)wrote : size - 1;
}

int why_value(struct str name, const struct expr *expr, const struct expr_run *run,
              struct signal_value *ret_value)
{
    enum { VALUE_MAX_BYTES = 128 };
    char text[VALUE_MAX_BYTES];
    size_t len = 0;
    if (expr_reads_sealed(expr)) {
        len = (size_t)snprintf(text, sizeof(text), "(sealed)");
    } else {
        struct expr_value value = expr_evaluate(expr, run);
        len = format_value(&value, text, sizeof(text));
    }
    while (len > 0 && !str_is_utf8((struct str){text, len}, NULL)) {
        len--; /* a code point that was cut */
    }
    ret_value->name = name;
    ret_value->value = arena_copy_str(run->arena, (struct str){text, len});
    return ret_value->value.at == NULL ? ERR_MEMORY : 0;
}

int why_render(const struct why_text *text, const struct expr_run *run, struct signal_why *ret_why)
{
    char *out = arena_alloc(run->arena, WHY_TEXT_MAX_BYTES);
    struct signal_value *values = arena_alloc_array(run->arena, text->hole_count, sizeof(*values));
    size_t used = 0;
    size_t value_count = 0;
    if (out == NULL || values == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < text->count; i++) {
        struct str piece = text->parts[i].text;
        if (text->parts[i].hole != NULL) {
            int error = why_value(piece, text->parts[i].hole, run, &values[value_count]);
            if (error != 0) {
                return error;
            }
            piece = values[value_count++].value;
        }
        if (used + piece.len > WHY_TEXT_MAX_BYTES) {
            break; /* the values are all there still */
        }
        memcpy(out + used, piece.at, piece.len);
        used += piece.len;
    }
    sw_assert(value_count <= text->hole_count);
    ret_why->text = (struct str){out, used};
    ret_why->values = values;
    ret_why->value_count = value_count;
    return 0;
}
