/* A growing run of bytes with a bound: text put together for a reply, a body that arrives in pieces. */
#ifndef IO_BUFFER_H
#define IO_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buffer {
    char *bytes; /* NULL while empty */
    size_t len;
    size_t capacity;
    size_t max;      /* the bound on len */
    bool overflowed; /* something did not fit or memory was out; stays set until buffer_clear */
};

/* Caller's storage; takes no memory yet. */
void buffer_init(struct buffer *buffer, size_t max_bytes);

/* Frees the bytes. A zeroed buffer is fine. */
void buffer_fini(struct buffer *buffer);

/* Forgets the content and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Appends all or nothing; what does not fit sets `overflowed`, so that a caller may check once, at the end. */
void buffer_add(struct buffer *buffer, struct str bytes);
void buffer_add_text(struct buffer *buffer, const char *text);
__attribute__((format(printf, 2, 3))) void buffer_format(struct buffer *buffer, const char *format,
                                                         ...);

/* The text as a JSON string with its quotes; a byte that is not UTF-8 becomes U+FFFD. */
void buffer_add_json(struct buffer *buffer, struct str text);

/* The content; borrowed until the next change. */
struct str buffer_str(const struct buffer *buffer);

#endif
