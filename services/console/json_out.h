/* Writes JSON into a buffer, for the pages' views. Commas are its own business; nesting is the caller's (asserted). */
#ifndef CONSOLE_JSON_OUT_H
#define CONSOLE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "io/buffer.h"

enum { JSON_OUT_DEPTH_MAX = 16 };

/* A value type; `buffer` is borrowed, and its `overflowed` tells whether all of it fitted. */
struct json_out {
    struct buffer *buffer;
    unsigned depth;
    bool
        follows[JSON_OUT_DEPTH_MAX]; /* whether a member stands before the next one at this depth */
};

void json_out_init(struct json_out *out, struct buffer *buffer);

/* `name` is the member's name inside an object, NULL inside an array or at the top. */
void json_out_object(struct json_out *out, const char *name);
void json_out_array(struct json_out *out, const char *name);
void json_out_end_object(struct json_out *out);
void json_out_end_array(struct json_out *out);

/* Text is taken as UTF-8; a byte that is not becomes U+FFFD. */
void json_out_str(struct json_out *out, const char *name, struct str value);
void json_out_text(struct json_out *out, const char *name, const char *value);
void json_out_int(struct json_out *out, const char *name, int64_t value);
void json_out_bool(struct json_out *out, const char *name, bool value);

#endif
