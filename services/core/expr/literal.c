/* Numbers and texts as CEL writes them. */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/lexer.h"
#include "core/expr/utf8.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* --- Numbers --------------------------------------------------------------------------------------------------------- */

/* The length of the digits at the start. */
static size_t digits(struct str text, size_t from)
{
    size_t len = from;
    while (len < text.len && is_digit(text.at[len])) {
        len++;
    }
    return len - from;
}

/* The length of a fraction and exponent behind `from` whole digits, 0: neither is there. */
static size_t double_tail(struct str text, size_t from)
{
    size_t at = from;
    if (at < text.len && text.at[at] == '.' && digits(text, at + 1) > 0) {
        at += 1 + digits(text, at + 1);
    }
    if (at < text.len && (text.at[at] == 'e' || text.at[at] == 'E')) {
        size_t sign = at + 1 < text.len && (text.at[at + 1] == '+' || text.at[at + 1] == '-');
        size_t count = digits(text, at + 1 + sign);
        at += count > 0 ? 1 + sign + count : 0;
    }
    return at - from;
}

static bool read_magnitude(struct str text, unsigned base, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)utf8_hex_digit(text.at[i]), &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

static int read_integer(struct lexer *lexer, struct str text, struct token *token, size_t *ret_len)
{
    bool is_hex =
        text.len > 2 && text.at[0] == '0' && text.at[1] == 'x' && utf8_hex_digit(text.at[2]) >= 0;
    size_t start = is_hex ? 2 : 0;
    size_t end = start;
    while (end < text.len &&
           (is_hex ? utf8_hex_digit(text.at[end]) >= 0 : is_digit(text.at[end]))) {
        end++;
    }
    uint64_t magnitude = 0;
    if (!read_magnitude((struct str){text.at + start, end - start}, is_hex ? 16 : 10, &magnitude)) {
        return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "the number is out of range");
    }
    bool is_unsigned = end < text.len && (text.at[end] == 'u' || text.at[end] == 'U');
    token->kind = is_unsigned ? TOKEN_VALUE : TOKEN_INT;
    token->value = expr_uint(magnitude);
    token->magnitude = magnitude;
    *ret_len = end + (is_unsigned ? 1 : 0);
    return 0;
}

int literal_read_number(struct lexer *lexer, struct str text, struct token *token, size_t *ret_len)
{
    size_t whole = digits(text, 0);
    size_t tail = double_tail(text, whole);
    size_t len = whole + tail;
    if (tail > 0) {
        double value = 0;
        if (!str_to_double((struct str){text.at, len}, &value) || isinf(value)) {
            return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "the number is out of range");
        }
        token->kind = TOKEN_VALUE;
        token->value = expr_double(value);
    } else {
        int error = read_integer(lexer, text, token, &len);
        if (error != 0) {
            return error;
        }
    }
    char next = len < text.len ? text.at[len] : ' ';
    if (is_digit(next) || next == '_' || (next >= 'a' && next <= 'z') ||
        (next >= 'A' && next <= 'Z')) {
        return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "a number runs into a name");
    }
    *ret_len = len;
    return 0;
}

/* --- Texts ----------------------------------------------------------------------------------------------------------- */

struct opening {
    bool is_raw;
    bool is_bytes;
    char quote;
    bool is_triple;
    size_t len;
};

static struct opening read_opening(struct str text)
{
    struct opening opening = {.len = 0};
    size_t at = 0;
    for (; at < 2 && at < text.len; at++) {
        char c = text.at[at];
        bool is_raw = (c == 'r' || c == 'R') && !opening.is_raw;
        bool is_bytes = (c == 'b' || c == 'B') && at == 0; /* before what makes it raw */
        if (!is_raw && !is_bytes) {
            break;
        }
        opening.is_raw = opening.is_raw || is_raw;
        opening.is_bytes = opening.is_bytes || is_bytes;
    }
    if (at < text.len && (text.at[at] == '"' || text.at[at] == '\'')) {
        opening.quote = text.at[at];
        opening.is_triple = at + 2 < text.len && text.at[at + 1] == opening.quote &&
                            text.at[at + 2] == opening.quote;
        opening.len = at + (opening.is_triple ? 3 : 1);
    }
    return opening;
}

size_t literal_string_opening(struct str text)
{
    return read_opening(text).len;
}

static bool is_closing(const struct opening *opening, struct str text, size_t at)
{
    if (text.at[at] != opening->quote) {
        return false;
    }
    return !opening->is_triple || (at + 2 < text.len && text.at[at + 1] == opening->quote &&
                                   text.at[at + 2] == opening->quote);
}

/* Where the closing quote begins; SIZE_MAX: nowhere. */
static size_t find_closing(const struct opening *opening, struct str text)
{
    for (size_t at = opening->len; at < text.len; at++) {
        if (is_closing(opening, text, at)) {
            return at;
        }
        if (!opening->is_triple && (text.at[at] == '\n' || text.at[at] == '\r')) {
            return SIZE_MAX;
        }
        if (text.at[at] == '\\' && !opening->is_raw) {
            at++;
        }
    }
    return SIZE_MAX;
}

/* `count` digits of a base. False: not there. */
static bool read_code(struct str text, size_t count, int base, uint32_t *ret_code)
{
    uint32_t code = 0;
    if (text.len < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int digit = utf8_hex_digit(text.at[i]);
        if (digit < 0 || digit >= base) {
            return false;
        }
        code = code * (uint32_t)base + (uint32_t)digit;
    }
    *ret_code = code;
    return true;
}

/* An escape by number behind the backslash: its length, or 0. */
static size_t read_numbered(struct str text, bool is_bytes, uint32_t *ret_code)
{
    char c = text.at[0];
    size_t count = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (count > 0) {
        bool is_allowed = !is_bytes || count == 2;
        struct str rest = {text.at + 1, text.len - 1};
        return is_allowed && read_code(rest, count, 16, ret_code) ? 1 + count : 0;
    }
    return c >= '0' && c <= '3' && read_code(text, 3, 8, ret_code) ? 3 : 0;
}

/* Writes the escape behind a backslash; returns its length in the source, 0: not one. */
static size_t write_escape(struct str text, bool is_bytes, char *out, size_t *used)
{
    static const char from[] = "abfnrtv\\?\"'`";
    static const char to[] = "\a\b\f\n\r\t\v\\?\"'`";
    const char *simple =
        text.len > 0 && text.at[0] != '\0' ? memchr(from, text.at[0], sizeof(from) - 1) : NULL;
    if (simple != NULL) {
        out[(*used)++] = to[simple - from];
        return 1;
    }
    uint32_t code = 0;
    size_t len = text.len > 0 ? read_numbered(text, is_bytes, &code) : 0;
    if (len == 0) {
        return 0;
    }
    if (is_bytes) {
        out[(*used)++] = (char)(unsigned char)code;
        return len;
    }
    bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (is_surrogate || code > 0x10FFFF) {
        return 0;
    }
    *used += utf8_write(code, out + *used);
    return len;
}

/* Copies the inside of a literal, escapes resolved. An escape is never shorter than what it stands for. */
static int unescape(struct lexer *lexer, const struct opening *opening, struct str inside,
                    struct str *ret_text)
{
    char *out = arena_alloc(lexer->arena, inside.len + 1);
    size_t used = 0;
    if (out == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < inside.len;) {
        if (inside.at[i] != '\\' || opening->is_raw) {
            out[used++] = inside.at[i++];
            continue;
        }
        struct str rest = {inside.at + i + 1, inside.len - i - 1};
        size_t len = write_escape(rest, opening->is_bytes, out, &used);
        if (len == 0) {
            return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "the text has an escape that is not one");
        }
        i += 1 + len;
    }
    sw_assert(used <= inside.len);
    *ret_text = (struct str){out, used};
    return 0;
}

int literal_read_string(struct lexer *lexer, struct str text, struct token *token, size_t *ret_len)
{
    struct opening opening = read_opening(text);
    sw_assert(opening.len > 0);
    size_t end = find_closing(&opening, text);
    if (end == SIZE_MAX) {
        return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "the text is not closed");
    }
    struct str inside = {text.at + opening.len, end - opening.len};
    struct str value = {NULL, 0};
    int error = unescape(lexer, &opening, inside, &value);
    if (error != 0) {
        return error;
    }
    token->kind = TOKEN_VALUE;
    token->value = opening.is_bytes ? expr_bytes(value) : expr_string(value);
    *ret_len = end + (opening.is_triple ? 3 : 1);
    return 0;
}
