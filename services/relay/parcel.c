#include "relay/parcel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "io/buffer.h"

enum { TEXT_MAX_BYTES = 64 * 1024 };

/* The CloudEvents attributes and the content type, as a JSON object of texts. */
static void add_headers(struct buffer *text, const struct kafka_record *record)
{
    const char *before = "{";
    for (size_t i = 0; i < record->header_count; i++) {
        struct kafka_header header = record->headers[i];
        if (header.value.at != NULL &&
            (str_starts(header.name, STR_LITERAL("ce_")) || str_is(header.name, "content-type"))) {
            buffer_add_text(text, before);
            buffer_add_json(text, header.name);
            buffer_add_text(text, ":");
            buffer_add_json(text, header.value);
            before = ",";
        }
    }
    buffer_add_text(text, before[0] == '{' ? "{}" : "}");
}

static struct parcel *join(const struct str parts[PARCEL_PARTS])
{
    size_t size = sizeof(struct parcel);
    for (unsigned i = 0; i < PARCEL_PARTS; i++) {
        size += parts[i].len;
    }
    struct parcel *parcel = calloc(1, size);
    if (parcel == NULL) {
        return NULL;
    }
    char *at = parcel->bytes;
    for (unsigned i = 0; i < PARCEL_PARTS; i++) {
        parcel->parts[i] = (struct str){at, parts[i].len};
        if (parts[i].len > 0) {
            memcpy(at, parts[i].at, parts[i].len);
        }
        at += parts[i].len;
    }
    list_init(&parcel->node);
    parcel->size_bytes = size;
    return parcel;
}

struct parcel *parcel_new(struct str name, uint32_t stream, struct str path,
                          const struct kafka_record *record)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    buffer_format(&text, "%.*s.%.*s", (int)name.len, name.at, (int)path.len, path.at);
    size_t topic_len = text.len;
    buffer_format(&text, "%.*s %" PRId32 " %" PRId64, (int)name.len, name.at, record->partition,
                  record->offset);
    size_t sequence_len = text.len - topic_len;
    add_headers(&text, record);
    struct parcel *parcel = NULL;
    if (!text.overflowed) {
        const char *sequence = text.bytes + topic_len;
        const char *headers = sequence + sequence_len;
        parcel = join((const struct str[PARCEL_PARTS]){
            [PARCEL_TOPIC] = {text.bytes, topic_len},
            [PARCEL_SEQUENCE] = {sequence, sequence_len},
            [PARCEL_HEADERS] = {headers, text.len - topic_len - sequence_len},
            [PARCEL_BODY] = record->value});
    }
    buffer_fini(&text);
    if (parcel != NULL) {
        parcel->stream = stream;
        parcel->partition = record->partition;
        parcel->offset = record->offset;
    }
    return parcel;
}
