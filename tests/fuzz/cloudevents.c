/* CloudEvents from headers and from JSON. Lines of the input are header names and values by turns; all of it is also a
 * content type and a JSON text. */
#include <string.h>

#include "base/assert.h"
#include "wire/cloudevents.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 32 };

struct lines {
    char *at[LINES_MAX];
    size_t count;
};

static const char *header_of(void *ctx, const char *name)
{
    const struct lines *lines = ctx;
    for (size_t i = 0; i + 1 < lines->count; i += 2) {
        if (strcmp(lines->at[i], name) == 0) {
            return lines->at[i + 1];
        }
    }
    return NULL;
}

static void read_headers(struct lines *lines, struct arena *arena)
{
    struct cloudevent_header headers[LINES_MAX / 2];
    struct cloudevent event, again;
    struct fault fault;
    size_t count = 0;
    for (; 2 * count + 1 < lines->count; count++) {
        headers[count] =
            (struct cloudevent_header){lines->at[2 * count], str_of(lines->at[2 * count + 1])};
    }
    if (cloudevent_read_kafka(headers, count, &fault, &event) == 0) {
        struct cloudevent_header written[CLOUDEVENT_HEADERS_MAX];
        count = cloudevent_write_kafka(&event, written);
        sw_assert(cloudevent_read_kafka(written, count, &fault, &again) == 0);
        sw_assert(str_equal(event.id, again.id) && event.time_ms == again.time_ms);
    }
    (void)!cloudevent_read_http(header_of, lines, NULL, arena, &fault, &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct fault fault;
    struct cloudevent event;
    struct json_t *json = NULL;
    struct lines lines = {.count = 0};
    char text[4096];
    size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    arena_init(&arena, 1 << 20);
    if (len > 0) {
        memcpy(text, data, len);
    }
    text[len] = '\0';
    (void)cloudevent_mode(text);
    if (json_parse_text((struct str){(const char *)data, size}, &fault, &json) == 0) {
        (void)!cloudevent_read_object(json, &arena, &fault, &event);
    }
    json_drop(json);
    char *rest = text;
    while (rest != NULL && lines.count < LINES_MAX) {
        lines.at[lines.count++] = strsep(&rest, "\n");
    }
    read_headers(&lines, &arena);
    arena_fini(&arena);
    return 0;
}
