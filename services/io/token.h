/* Short signed texts of our own that come back from outside: acknowledgement links, notice references, cookies. URL-safe,
 * with an expiry and a purpose inside, checked without any store. Not secret: whoever holds one can read its fields, so
 * they carry ids and codes only. */
#ifndef IO_TOKEN_H
#define IO_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"
#include "io/keyring.h"

enum {
    TOKEN_FIELDS_MAX = 8,
    TOKEN_FIELD_MAX_BYTES = 255,
    TOKEN_TEXT_BYTES = 512 /* with its NUL */
};

/* A token of one purpose never passes for another. */
enum token_purpose {
    TOKEN_ACKNOWLEDGE = 'a', /* the link in a message to staff: shows, and acknowledges by POST */
    TOKEN_NOTICE = 'n',      /* what a provider hands back in its callbacks */
    TOKEN_SESSION = 's',     /* the console's cookie */
};

struct token {
    int64_t expires_ms; /* kept in whole seconds, rounded up */
    struct str fields[TOKEN_FIELDS_MAX];
    size_t field_count;
    uint8_t storage
        [TOKEN_TEXT_BYTES]; /* where a token that was read keeps its fields: do not copy the struct */
};

/* ERR_TOO_LARGE: it does not fit into TOKEN_TEXT_BYTES, or a field is too long. */
SW_NODISCARD int token_make(const struct keyring *keyring, enum token_purpose purpose,
                            const struct token *token, char ret_text[TOKEN_TEXT_BYTES]);

/* ERR_CORRUPT: not ours, changed, or of another purpose; ERR_TIMEOUT: expired at `now_ms`. */
SW_NODISCARD int token_read(const struct keyring *keyring, enum token_purpose purpose,
                            struct str text, int64_t now_ms, struct token *ret_token);

/* What links and notice references carry. */
struct token_notice {
    struct str unit;
    struct ident case_id;
    struct ident notice_id;
    struct str person;
    struct str role;
    uint8_t channel; /* of the notice: a value of its enum */
    int64_t expires_ms;
    struct token token; /* of one that was read: do not copy the struct */
};

/* TOKEN_ACKNOWLEDGE or TOKEN_NOTICE; errors as token_make. */
SW_NODISCARD int token_make_notice(const struct keyring *keyring, enum token_purpose purpose,
                                   const struct token_notice *notice,
                                   char ret_text[TOKEN_TEXT_BYTES]);

/* Errors as token_read. */
SW_NODISCARD int token_read_notice(const struct keyring *keyring, enum token_purpose purpose,
                                   struct str text, int64_t now_ms,
                                   struct token_notice *ret_notice);

#endif
