#include "io/token.h"

#include <string.h>

#include "base/assert.h"

/* version, purpose, five bytes of expiry in seconds, then each field with its length; behind them the MAC. */
enum { VERSION = 1, HEAD_BYTES = 7, BODY_MAX_BYTES = (TOKEN_TEXT_BYTES - 1) / 4 * 3 };

_Static_assert((int)BODY_MAX_BYTES <= (int)TOKEN_TEXT_BYTES,
               "a token that was read keeps its fields");

int token_make(const struct keyring *keyring, enum token_purpose purpose, const struct token *token,
               char ret_text[TOKEN_TEXT_BYTES])
{
    sw_assert(token->field_count <= TOKEN_FIELDS_MAX);
    sw_assert(token->expires_ms >= 0);
    uint8_t body[BODY_MAX_BYTES] = {VERSION, (uint8_t)purpose};
    uint64_t seconds = ((uint64_t)token->expires_ms + 999) / 1000;
    for (unsigned i = 0; i < 5; i++) {
        body[2 + i] = (uint8_t)(seconds >> (32 - 8 * i));
    }
    size_t at = HEAD_BYTES;
    for (size_t i = 0; i < token->field_count; i++) {
        struct str field = token->fields[i];
        if (field.len > TOKEN_FIELD_MAX_BYTES ||
            at + 1 + field.len + SEAL_MAC_BYTES > sizeof(body)) {
            return ERR_TOO_LARGE;
        }
        body[at++] = (uint8_t)field.len;
        if (field.len > 0) {
            memcpy(body + at, field.at, field.len);
        }
        at += field.len;
    }
    seal_mac(keyring_token_key(keyring, 0), (struct str){(const char *)body, at}, body + at);
    seal_text_write(body, at + SEAL_MAC_BYTES, ret_text, TOKEN_TEXT_BYTES);
    return 0;
}

static bool is_ours(const struct keyring *keyring, const uint8_t *body, size_t len)
{
    struct str text = {(const char *)body, len - SEAL_MAC_BYTES};
    for (size_t i = 0; keyring_token_key(keyring, i) != NULL; i++) {
        if (seal_mac_check(keyring_token_key(keyring, i), text, body + text.len)) {
            return true;
        }
    }
    return false;
}

static int read_fields(struct str body, struct token *token)
{
    size_t at = HEAD_BYTES;
    token->field_count = 0;
    while (at < body.len) {
        size_t len = (uint8_t)body.at[at++];
        if (token->field_count == TOKEN_FIELDS_MAX || len > body.len - at) {
            return ERR_CORRUPT;
        }
        token->fields[token->field_count++] = (struct str){body.at + at, len};
        at += len;
    }
    return 0;
}

int token_read(const struct keyring *keyring, enum token_purpose purpose, struct str text,
               int64_t now_ms, struct token *ret_token)
{
    size_t len = 0;
    uint8_t *body = ret_token->storage;
    if (seal_text_read(text, body, sizeof(ret_token->storage), &len) != 0 ||
        len < HEAD_BYTES + SEAL_MAC_BYTES || !is_ours(keyring, body, len) || body[0] != VERSION ||
        body[1] != (uint8_t)purpose) {
        return ERR_CORRUPT;
    }
    uint64_t seconds = 0;
    for (unsigned i = 0; i < 5; i++) {
        seconds = seconds << 8 | body[2 + i];
    }
    ret_token->expires_ms = (int64_t)(seconds * 1000);
    int error = read_fields((struct str){(const char *)body, len - SEAL_MAC_BYTES}, ret_token);
    if (error != 0) {
        return error;
    }
    return now_ms >= ret_token->expires_ms ? ERR_TIMEOUT : 0;
}

int token_make_notice(const struct keyring *keyring, enum token_purpose purpose,
                      const struct token_notice *notice, char ret_text[TOKEN_TEXT_BYTES])
{
    const char channel = (char)notice->channel;
    struct token token = {
        .expires_ms = notice->expires_ms,
        .fields = {notice->unit,
                   ident_part(&notice->case_id),
                   ident_part(&notice->notice_id),
                   notice->person,
                   notice->role,
                   {&channel, 1}},
        .field_count = 6,
    };
    return token_make(keyring, purpose, &token, ret_text);
}

int token_read_notice(const struct keyring *keyring, enum token_purpose purpose, struct str text,
                      int64_t now_ms, struct token_notice *ret_notice)
{
    struct token *token = &ret_notice->token;
    int error = token_read(keyring, purpose, text, now_ms, token);
    if (error != 0) {
        return error;
    }
    if (token->field_count != 6 || token->fields[5].len != 1 ||
        token->fields[1].len != IDENT_BYTES || token->fields[2].len != IDENT_BYTES) {
        return ERR_CORRUPT;
    }
    ret_notice->unit = token->fields[0];
    memcpy(ret_notice->case_id.bytes, token->fields[1].at, IDENT_BYTES);
    memcpy(ret_notice->notice_id.bytes, token->fields[2].at, IDENT_BYTES);
    ret_notice->person = token->fields[3];
    ret_notice->role = token->fields[4];
    ret_notice->channel = (uint8_t)token->fields[5].at[0];
    ret_notice->expires_ms = token->expires_ms;
    return 0;
}
