#include "console/json_out.h"

#include <stdio.h>

#include "base/assert.h"

void json_out_init(struct json_out *out, struct buffer *buffer)
{
    *out = (struct json_out){.buffer = buffer};
}

/* One character of a string, as it may stand between quotation marks. */
static void add_byte(struct buffer *buffer, unsigned char byte)
{
    if (byte == '"' || byte == '\\') {
        buffer_add(buffer, (struct str){(const char[]){'\\', (char)byte}, 2});
    } else if (byte < 0x20 || byte == '<') { /* '<' so that a view may stand inside a page */
        buffer_format(buffer, "\\u%04x", byte);
    } else {
        buffer_add(buffer, (struct str){(const char *)&byte, 1});
    }
}

static void add_string(struct buffer *buffer, struct str value)
{
    buffer_add_text(buffer, "\"");
    while (value.len > 0) {
        size_t good = value.len;
        bool whole = str_is_utf8(value, &good);
        for (size_t i = 0; i < good; i++) {
            add_byte(buffer, (unsigned char)value.at[i]);
        }
        if (!whole) {
            buffer_add_text(buffer, "\xEF\xBF\xBD");
            good++;
        }
        value = (struct str){value.at + good, value.len - good};
    }
    buffer_add_text(buffer, "\"");
}

/* The comma and the name in front of a value. */
static void lead_in(struct json_out *out, const char *name)
{
    if (out->follows[out->depth]) {
        buffer_add_text(out->buffer, ",");
    }
    out->follows[out->depth] = true;
    if (name != NULL) {
        add_string(out->buffer, str_of(name));
        buffer_add_text(out->buffer, ":");
    }
}

static void open_with(struct json_out *out, const char *name, const char *bracket)
{
    lead_in(out, name);
    buffer_add_text(out->buffer, bracket);
    sw_assert(out->depth + 1 < JSON_OUT_DEPTH_MAX);
    out->follows[++out->depth] = false;
}

static void close_with(struct json_out *out, const char *bracket)
{
    sw_assert(out->depth > 0);
    out->depth--;
    buffer_add_text(out->buffer, bracket);
}

void json_out_object(struct json_out *out, const char *name)
{
    open_with(out, name, "{");
}

void json_out_array(struct json_out *out, const char *name)
{
    open_with(out, name, "[");
}

void json_out_end_object(struct json_out *out)
{
    close_with(out, "}");
}

void json_out_end_array(struct json_out *out)
{
    close_with(out, "]");
}

void json_out_str(struct json_out *out, const char *name, struct str value)
{
    lead_in(out, name);
    add_string(out->buffer, value);
}

void json_out_text(struct json_out *out, const char *name, const char *value)
{
    json_out_str(out, name, str_of(value));
}

void json_out_int(struct json_out *out, const char *name, int64_t value)
{
    lead_in(out, name);
    buffer_format(out->buffer, "%lld", (long long)value);
}

void json_out_bool(struct json_out *out, const char *name, bool value)
{
    lead_in(out, name);
    buffer_add_text(out->buffer, value ? "true" : "false");
}
