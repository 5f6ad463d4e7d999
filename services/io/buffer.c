/* A bounded growing buffer: doubling, never above its bound; the first thing that does not fit is remembered. */
#include "io/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void buffer_init(struct buffer *buffer, size_t max_bytes)
{
    *buffer = (struct buffer){.max = max_bytes};
}

void buffer_fini(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){.max = buffer->max};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->overflowed = false;
}

/* Makes room for `more` bytes and a NUL behind them. */
static bool reserve(struct buffer *buffer, size_t more)
{
    sw_assert(buffer->len <= buffer->max);
    if (more > buffer->max - buffer->len) {
        buffer->overflowed = true;
        return false;
    }
    size_t needed = buffer->len + more + 1;
    if (needed <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity == 0 ? 256 : buffer->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        buffer->overflowed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, struct str bytes)
{
    if (bytes.len == 0 || !reserve(buffer, bytes.len)) {
        return;
    }
    memcpy(buffer->bytes + buffer->len, bytes.at, bytes.len);
    buffer->len += bytes.len;
    buffer->bytes[buffer->len] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, str_of(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    sw_assert(length >= 0);
    if (!reserve(buffer, (size_t)length)) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(buffer->bytes + buffer->len, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->len += (size_t)length;
}

void buffer_add_json(struct buffer *buffer, struct str text)
{
    buffer_add_text(buffer, "\"");
    while (text.len > 0) {
        size_t good = text.len;
        if (!str_is_utf8(text, &good) && good == 0) {
            buffer_add_text(buffer, "\\ufffd");
            text = (struct str){text.at + 1, text.len - 1};
            continue;
        }
        for (size_t i = 0; i < good; i++) {
            unsigned char c = (unsigned char)text.at[i];
            if (c == '"' || c == '\\') {
                buffer_format(buffer, "\\%c", c);
            } else if (c < ' ') {
                buffer_format(buffer, "\\u%04x", c);
            } else {
                buffer_add(buffer, (struct str){text.at + i, 1});
            }
        }
        text = (struct str){text.at + good, text.len - good};
    }
    buffer_add_text(buffer, "\"");
}

struct str buffer_str(const struct buffer *buffer)
{
    return (struct str){buffer->bytes, buffer->len};
}
