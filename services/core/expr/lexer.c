#include "core/expr/lexer.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/utf8.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int lexer_fail(struct lexer *lexer, enum expr_error_kind kind, const char *text)
{
    struct node at = {.line = lexer->token.line, .column = lexer->token.column};
    return expr_fail(lexer->report, kind, &at, "%s", text);
}

static void advance(struct lexer *lexer, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)lexer->source.at[lexer->at + i];
        if (c == '\n') {
            lexer->line++;
            lexer->column = 1;
        } else if ((c & 0xC0) != 0x80) {
            lexer->column++; /* continuation bytes belong to the code point before them */
        }
    }
    lexer->at += bytes;
}

static void skip_blanks(struct lexer *lexer)
{
    while (lexer->at < lexer->source.len) {
        const char *rest = lexer->source.at + lexer->at;
        size_t left = lexer->source.len - lexer->at;
        if (memchr(" \t\n\r\f", rest[0], 5) != NULL) {
            advance(lexer, 1);
        } else if (left >= 2 && rest[0] == '/' && rest[1] == '/') {
            const char *end = memchr(rest, '\n', left);
            advance(lexer, end == NULL ? left : (size_t)(end - rest));
        } else {
            return;
        }
    }
}

/* Words that are literals, an operator, or CEL's to keep. */
static void classify_word(struct token *token)
{
    static const char *const reserved[] = {
        "as",  "break", "const",   "continue",  "else",   "for", "function", "if",    "import",
        "let", "loop",  "package", "namespace", "return", "var", "void",     "while",
    };
    token->kind = TOKEN_NAME;
    if (str_is(token->text, "in")) {
        token->kind = TOKEN_IN;
    } else if (str_is(token->text, "true") || str_is(token->text, "false")) {
        token->kind = TOKEN_VALUE;
        token->value = expr_bool(token->text.len == 4);
    } else if (str_is(token->text, "null")) {
        token->kind = TOKEN_VALUE;
        token->value = expr_null();
    }
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (str_is(token->text, reserved[i])) {
            token->kind = TOKEN_RESERVED;
        }
    }
}

static int read_word(struct str rest, struct token *token, size_t *ret_len)
{
    size_t len = 1;
    while (len < rest.len && (is_letter(rest.at[len]) || is_digit(rest.at[len]))) {
        len++;
    }
    token->text = (struct str){rest.at, len};
    *ret_len = len;
    classify_word(token);
    return 0;
}

static int read_quoted_name(struct lexer *lexer, struct str rest, struct token *token,
                            size_t *ret_len)
{
    size_t len = 1;
    while (len < rest.len && (is_letter(rest.at[len]) || is_digit(rest.at[len]) ||
                              memchr("_.-/ ", rest.at[len], 5) != NULL)) {
        len++;
    }
    if (len == rest.len || rest.at[len] != '`' || len == 1) {
        return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "a name in backquotes is not closed");
    }
    token->kind = TOKEN_QUOTED_NAME;
    token->text = (struct str){rest.at + 1, len - 1};
    *ret_len = len + 1;
    return 0;
}

static int read_symbol(struct lexer *lexer, struct str rest, struct token *token, size_t *ret_len)
{
    static const char *const symbols[] = {"==", "!=", "<=", ">=", "&&", "||", "<", ">",
                                          "!",  "+",  "-",  "*",  "/",  "%",  "(", ")",
                                          "[",  "]",  "{",  "}",  ".",  ",",  ":", "?"};
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        if (str_starts(rest, str_of(symbols[i]))) {
            token->kind = TOKEN_SYMBOL;
            token->text = str_of(symbols[i]);
            *ret_len = token->text.len;
            return 0;
        }
    }
    char text[64];
    if ((unsigned char)rest.at[0] >= 0x80 || (unsigned char)rest.at[0] < 0x20) {
        return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "a character that no expression has here");
    }
    (void)snprintf(text, sizeof(text), "\"%c\" is not expected here", rest.at[0]);
    return lexer_fail(lexer, EXPR_ERROR_SYNTAX, text);
}

int lexer_next(struct lexer *lexer)
{
    skip_blanks(lexer);
    struct token *token = &lexer->token;
    *token = (struct token){.line = lexer->line, .column = lexer->column};
    struct str rest = {lexer->source.at + lexer->at, lexer->source.len - lexer->at};
    if (rest.len == 0) {
        token->kind = TOKEN_END;
        return 0;
    }
    size_t len = 0;
    int error = 0;
    bool is_fraction = rest.len > 1 && rest.at[0] == '.' && is_digit(rest.at[1]);
    if (literal_string_opening(rest) > 0) {
        error = literal_read_string(lexer, rest, token, &len);
    } else if (is_letter(rest.at[0])) {
        error = read_word(rest, token, &len);
    } else if (is_digit(rest.at[0]) || is_fraction) {
        error = literal_read_number(lexer, rest, token, &len);
    } else if (rest.at[0] == '`') {
        error = read_quoted_name(lexer, rest, token, &len);
    } else {
        error = read_symbol(lexer, rest, token, &len);
    }
    if (error == 0) {
        sw_assert(len > 0 && len <= rest.len);
        advance(lexer, len);
    }
    return error;
}

int lexer_start(struct lexer *lexer)
{
    sw_assert(lexer->report != NULL && lexer->arena != NULL);
    lexer->line = 1;
    lexer->column = 1;
    size_t bad_at = 0;
    if (!utf8_is_good(lexer->source, &bad_at)) {
        advance(lexer, bad_at);
        lexer->token = (struct token){.line = lexer->line, .column = lexer->column};
        return lexer_fail(lexer, EXPR_ERROR_SYNTAX, "not well-formed UTF-8");
    }
    return lexer_next(lexer);
}
