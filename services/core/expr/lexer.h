/* CEL's tokens. Private to core/expr. */
#ifndef CORE_EXPR_LEXER_H
#define CORE_EXPR_LEXER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/expr/node.h"
#include "core/expr/value.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_RESERVED,    /* a word that is a name after a dot only */
    TOKEN_QUOTED_NAME, /* `a-b`, after a dot only */
    TOKEN_INT,         /* `magnitude`; its sign is the parser's */
    TOKEN_VALUE,       /* any other literal, in `value` */
    TOKEN_IN,
    TOKEN_SYMBOL, /* one of the operators and brackets, in `text` */
};

struct token {
    enum token_kind kind;
    uint32_t line;
    uint32_t column;
    struct str text;
    uint64_t magnitude;
    struct expr_value value;
};

/* Caller's storage: zeroed but for source, arena and report, then lexer_start. */
struct lexer {
    struct str source;
    struct arena *arena;
    struct expr_report *report;
    size_t at;
    uint32_t line;
    uint32_t column;
    struct token token; /* the current one */
};

/* Reads the first token. ERR_INVALID, ERR_MEMORY; as lexer_next. */
SW_NODISCARD int lexer_start(struct lexer *lexer);

/* Reads the next token into `token`. */
SW_NODISCARD int lexer_next(struct lexer *lexer);

/* Reports what is wrong at the current token, and answers ERR_INVALID. */
int lexer_fail(struct lexer *lexer, enum expr_error_kind kind, const char *text);

/* Reads the number at the start of `text`: digits, hexadecimal digits, a fraction, an exponent, a suffix. */
SW_NODISCARD int literal_read_number(struct lexer *lexer, struct str text, struct token *token,
                                     size_t *ret_len);

/* Reads the text between quotes, with its prefix: `text` starts at the prefix. */
SW_NODISCARD int literal_read_string(struct lexer *lexer, struct str text, struct token *token,
                                     size_t *ret_len);

/* The length of the prefix and opening quote of a string literal at the start of `text`, or 0. */
size_t literal_string_opening(struct str text);

#endif
