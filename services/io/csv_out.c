#include "io/csv_out.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void csv_out_init(struct csv_out *out, struct buffer *buffer)
{
    *out = (struct csv_out){.buffer = buffer};
    buffer_add_text(buffer, "\xef\xbb\xbf");
}

static void begin_cell(struct csv_out *out)
{
    buffer_add_text(out->buffer, out->follows ? "," : "");
    out->follows = true;
}

void csv_out_str(struct csv_out *out, struct str value)
{
    bool is_formula = value.len > 0 && memchr("=+-@\t\r\n", value.at[0], 7) != NULL;
    bool quotes = false;
    for (size_t i = 0; i < value.len; i++) {
        quotes = quotes || memchr(",\"\r\n", value.at[i], 4) != NULL;
    }
    begin_cell(out);
    buffer_add_text(out->buffer, quotes ? "\"" : "");
    buffer_add_text(out->buffer, is_formula ? "'" : "");
    for (size_t i = 0; i < value.len; i++) {
        buffer_add(out->buffer, (struct str){value.at + i, 1});
        buffer_add_text(out->buffer, value.at[i] == '"' ? "\"" : "");
    }
    buffer_add_text(out->buffer, quotes ? "\"" : "");
}

void csv_out_text(struct csv_out *out, const char *value)
{
    csv_out_str(out, str_of(value));
}

void csv_out_int(struct csv_out *out, int64_t value)
{
    begin_cell(out);
    buffer_format(out->buffer, "%lld", (long long)value);
}

void csv_out_time(struct csv_out *out, int64_t utc_ms, int32_t offset_s)
{
    struct tm parts;
    time_t seconds = (time_t)(utc_ms / 1000) + offset_s;
    char text[32] = "";
    if (utc_ms > 0 && gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
    }
    begin_cell(out);
    buffer_add_text(out->buffer, text);
}

void csv_out_end_row(struct csv_out *out)
{
    buffer_add_text(out->buffer, "\r\n");
    out->follows = false;
}
