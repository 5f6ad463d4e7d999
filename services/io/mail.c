#include "io/mail.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

enum {
    WORD_BYTES = 45, /* of text in one encoded word: 60 characters of base64, 75 with its marks */
    LINE_BYTES = 57, /* of text in one line of base64: 76 characters */
    HEAD_BYTES = 4 * MAIL_ADDRESS_MAX_BYTES + 512,
};

static bool is_plain(char c)
{
    return c > ' ' && c < 0x7F && strchr("<>()[]\\,;:\"", c) == NULL;
}

bool mail_is_address(struct str text)
{
    size_t marks = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_plain(text.at[i])) {
            return false;
        }
        marks += text.at[i] == '@';
    }
    return marks == 1 && text.len >= 3 && text.len <= MAIL_ADDRESS_MAX_BYTES && text.at[0] != '@' &&
           text.at[0] != '-' && text.at[text.len - 1] != '@';
}

static char *put(char *to, const char *text)
{
    size_t len = strlen(text);
    memcpy(to, text, len);
    return to + len;
}

static char *put_base64(char *to, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes[i + 2] : 0;
        *to++ = digits[group >> 18];
        *to++ = digits[group >> 12 & 63];
        *to++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[group & 63] : '=';
    }
    return to;
}

/* The begin of a text, at most `max` bytes, that splits no character. */
static size_t cut(struct str text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    while (len > 0 && len < text.len && ((uint8_t)text.at[len] & 0xC0) == 0x80) {
        len--;
    }
    return len;
}

static struct str first_line(struct str text)
{
    size_t len = 0;
    while (len < text.len && (uint8_t)text.at[len] >= ' ' && text.at[len] != 0x7F) {
        len++;
    }
    return (struct str){text.at, cut((struct str){text.at, len}, MAIL_SUBJECT_MAX_BYTES)};
}

/* As encoded words, one a line: whatever is in it, it is one header. */
static char *put_subject(char *to, struct str subject)
{
    to = put(to, "Subject:");
    for (size_t at = 0; at < subject.len;) {
        size_t len = cut((struct str){subject.at + at, subject.len - at}, WORD_BYTES);
        sw_assert(len > 0);
        to = put(to, at == 0 ? " =?UTF-8?B?" : "\r\n =?UTF-8?B?");
        to = put_base64(to, (const uint8_t *)subject.at + at, len);
        to = put(to, "?=");
        at += len;
    }
    return put(to, "\r\n");
}

/* "Tue, 24 Nov 2026 20:08:47 +0800", whatever the locale. */
static char *put_date(char *to, int64_t at_ms, int32_t offset_s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[80];
    struct tm local;
    time_t wall_s = (time_t)(at_ms / 1000 + offset_s);
    int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    (void)gmtime_r(&wall_s, &local);
    (void)snprintf(text, sizeof(text), "Date: %.3s, %02d %.3s %d %02d:%02d:%02d %c%02d%02d\r\n",
                   days + 3 * local.tm_wday, local.tm_mday, months + 3 * local.tm_mon,
                   local.tm_year + 1900, local.tm_hour, local.tm_min, local.tm_sec,
                   offset_s < 0 ? '-' : '+', (int)(minutes / 60), (int)(minutes % 60));
    return put(to, text);
}

static char *put_head(char *to, const struct mail_message *message, struct str subject)
{
    char text[HEAD_BYTES];
    const char *domain = memchr(message->from.at, '@', message->from.len);
    int domain_len = (int)(message->from.at + message->from.len - domain);
    to = put_date(to, message->at_ms, message->offset_s);
    (void)snprintf(text, sizeof(text), "From: <%.*s>\r\nTo: <%.*s>\r\nMessage-ID: <%.*s%.*s>\r\n",
                   (int)message->from.len, message->from.at, (int)message->to.len, message->to.at,
                   (int)message->id.len, message->id.at, domain_len, domain);
    to = put(to, text);
    to = put_subject(to, subject);
    return put(to, "Auto-Submitted: auto-generated\r\n"
                   "MIME-Version: 1.0\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n");
}

int mail_format(const struct mail_message *message, struct arena *arena, struct str *ret_bytes)
{
    struct str subject = first_line(message->subject);
    size_t lines = message->text.len / LINE_BYTES + 1;
    if (!mail_is_address(message->from) || !mail_is_address(message->to) || message->id.len == 0 ||
        message->id.len > MAIL_ADDRESS_MAX_BYTES || !str_is_utf8(subject, NULL) ||
        !str_is_utf8(message->text, NULL)) {
        return ERR_INVALID;
    }
    for (size_t i = 0; i < message->id.len; i++) {
        if (!is_plain(message->id.at[i])) {
            return ERR_INVALID;
        }
    }
    char *bytes = arena_alloc(arena, HEAD_BYTES + 512 + 3 * MAIL_SUBJECT_MAX_BYTES + lines * 80);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    char *to = put_head(bytes, message, subject);
    for (size_t at = 0; at < message->text.len; at += LINE_BYTES) {
        size_t left = message->text.len - at;
        to = put_base64(to, (const uint8_t *)message->text.at + at,
                        left < LINE_BYTES ? left : LINE_BYTES);
        to = put(to, "\r\n");
    }
    *ret_bytes = (struct str){bytes, (size_t)(to - bytes)};
    return 0;
}

/* A 5xx that is about us and not about the message: the login is wrong, TLS is wanted. An operator mends it. */
static bool is_about_us(unsigned status)
{
    return status == 530 || status == 534 || status == 535 || status == 538;
}

enum mail_outcome mail_outcome_of(const struct http_call_result *result)
{
    if (result->error == 0) {
        return MAIL_TAKEN;
    }
    if (result->error == ERR_DENIED && !result->maybe_sent) {
        return MAIL_CANCELLED;
    }
    if (result->status / 100 == 5 && !is_about_us(result->status)) {
        return MAIL_NEVER;
    }
    if (!result->maybe_sent || result->status / 100 == 4) {
        return MAIL_LATER;
    }
    return MAIL_SILENT;
}
