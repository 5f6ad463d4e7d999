#include "shell/envelope.h"

#include <stdio.h>
#include <string.h>

static void write_type(const struct envelope *envelope, char ret_type[ENVELOPE_TYPE_MAX_BYTES])
{
    char topic[ENVELOPE_TYPE_MAX_BYTES / 2];
    const char *suffix = envelope->partner.len > 0 ? "feed" : topic_rows[envelope->topic].suffix;
    (void)snprintf(topic, sizeof(topic), "%.*s", (int)strcspn(suffix, "."), suffix);
    if (!cloudevent_format_type(topic, envelope->kind, ret_type, ENVELOPE_TYPE_MAX_BYTES)) {
        (void)snprintf(ret_type, ENVELOPE_TYPE_MAX_BYTES, "shouwang.%s", topic);
    }
}

void envelope_output(const struct envelope *envelope, struct str value, struct envelope_room *room,
                     struct kafka_output *ret_output)
{
    struct cloudevent_header written[CLOUDEVENT_HEADERS_MAX];
    write_type(envelope, room->type);
    json_format_time(envelope->at_ms, room->at);
    const struct cloudevent event = {
        .specversion = STR_LITERAL("1.0"),
        .id = envelope->id,
        .source = str_of(envelope->source),
        .type = str_of(room->type),
        .time = str_of(room->at),
        .subject = envelope->subject,
        .partitionkey = envelope->unit,
        .datacontenttype = STR_LITERAL("application/protobuf"),
    };
    size_t count = cloudevent_write_kafka(&event, written);
    for (size_t i = 0; i < count; i++) {
        room->headers[i] = (struct kafka_header){str_of(written[i].name), written[i].value};
    }
    *ret_output = (struct kafka_output){
        .topic = envelope->topic,
        .unit = envelope->unit,
        .value = value,
        .headers = room->headers,
        .header_count = count,
        .partner = envelope->partner,
    };
}

void envelope_emit(const struct envelope *envelope, struct str value,
                   struct stream_effects *effects)
{
    struct envelope_room room;
    struct kafka_output output;
    envelope_output(envelope, value, &room, &output);
    stream_emit(effects, &output);
}
