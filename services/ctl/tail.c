/* swctl tail: any topic, decoded. What is sealed stays so ({"sealed": class}), and key material is never shown. */
#include <inttypes.h>
#include <stdio.h>

#include <shouwang/v1/keys.pb-c.h>

#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "wire/decode.h"
#include "wire/json.h"

enum { RECORD_MAX_BYTES = 16 << 20, TEXT_MAX_BYTES = 16 << 20 };

struct tail {
    struct ctl *ctl;
    enum topic topic;
    struct arena arena; /* of one record */
    struct buffer text; /* of one record */
};

/* By its name in the table, or by its full name. */
static bool find_topic(struct ctl *ctl, struct str name, enum topic *ret_topic)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        if (str_is(name, topic_rows[topic].suffix)) {
            *ret_topic = (enum topic)topic;
            return true;
        }
    }
    return topic_parse(config_text(ctl->config, "topic.prefix"), name, ret_topic);
}

static int add_message(struct tail *tail, ProtobufCMessage *message)
{
    if (message->descriptor == &shouwang__v1__erasure_key__descriptor) {
        ((Shouwang__V1__ErasureKey *)message)->key = (ProtobufCBinaryData){0, NULL};
    }
    struct str json;
    int error =
        json_write_message(message, tail->ctl->json ? 0 : JSON_WRITE_TIMES, &tail->arena, &json);
    if (error == 0) {
        buffer_add(&tail->text, json);
    }
    return error;
}

/* The value as JSON: null for a tombstone; what does not decode is told with its reason and size. */
static void add_value(struct tail *tail, const struct kafka_record *record)
{
    struct str suffix = str_of(topic_rows[record->topic].suffix);
    const ProtobufCMessageDescriptor *descriptor = decode_descriptor(suffix, record->key);
    ProtobufCMessage *message = NULL;
    struct fault fault = {.reason = REJECT_NONE};
    if (record->value.at == NULL) {
        buffer_add_text(&tail->text, "null");
        return;
    }
    int error = ERR_UNSUPPORTED;
    if (descriptor != NULL) {
        error = decode_message(descriptor, record->value, &tail->arena, &fault, &message);
    }
    if (error == 0) {
        error = add_message(tail, message);
    }
    if (error != 0) {
        char why[FAULT_PATH_MAX_BYTES + 64];
        (void)fault_format(&fault, why, sizeof(why));
        buffer_add_text(&tail->text, "{\"undecoded\": ");
        buffer_add_json(&tail->text, str_of(error == ERR_INVALID ? why : error_text(error)));
        buffer_format(&tail->text, ", \"bytes\": %zu}", record->value.len);
    }
}

static void add_headers(struct buffer *text, const struct kafka_record *record)
{
    buffer_add_text(text, "{");
    for (size_t i = 0; i < record->header_count; i++) {
        buffer_add_text(text, i == 0 ? "" : ", ");
        buffer_add_json(text, record->headers[i].name);
        buffer_add_text(text, ": ");
        if (record->headers[i].value.at == NULL) {
            buffer_add_text(text, "null");
        } else {
            buffer_add_json(text, record->headers[i].value);
        }
    }
    buffer_add_text(text, "}");
}

static void add_json(struct tail *tail, const struct kafka_record *record)
{
    struct buffer *text = &tail->text;
    buffer_format(text,
                  "{\"topic\": \"%s\", \"partition\": %" PRId32 ", \"offset\": %" PRId64
                  ", \"time_ms\": %" PRId64 ", \"key\": ",
                  topic_rows[record->topic].suffix, record->partition, record->offset,
                  record->time_ms);
    if (record->key.at == NULL) {
        buffer_add_text(text, "null");
    } else {
        buffer_add_json(text, record->key);
    }
    buffer_add_text(text, ", \"headers\": ");
    add_headers(text, record);
    buffer_add_text(text, ", \"value\": ");
    add_value(tail, record);
    buffer_add_text(text, "}");
}

static void add_line(struct tail *tail, const struct kafka_record *record)
{
    char when[JSON_TIME_BYTES];
    struct buffer *text = &tail->text;
    json_format_time(record->time_ms < 0 ? 0 : record->time_ms, when);
    buffer_format(text, "%s %" PRId32 ":%" PRId64 " ", when, record->partition, record->offset);
    buffer_add_json(text, record->key);
    buffer_add_text(text, " ");
    if (record->header_count > 0) {
        add_headers(text, record);
        buffer_add_text(text, " ");
    }
    add_value(tail, record);
}

static void show(void *ctx, const struct kafka_record *record)
{
    struct tail *tail = ctx;
    arena_reset(&tail->arena);
    buffer_clear(&tail->text);
    if (tail->ctl->json) {
        add_json(tail, record);
    } else {
        add_line(tail, record);
    }
    if (tail->text.overflowed) {
        (void)ctl_fail(CTL_UNAVAILABLE, "%" PRId32 ":%" PRId64 " is too large to show",
                       record->partition, record->offset);
        return;
    }
    fwrite(tail->text.bytes, 1, tail->text.len, stdout);
    putchar('\n');
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct tail tail = {.ctl = ctl};
    if (!find_topic(ctl, str_of(ctl->words[0]), &tail.topic)) {
        return ctl_fail(CTL_USAGE, "%s: no such topic (\"cases\", \"events.incident\", ...)",
                        ctl->words[0]);
    }
    bool from_start = ctl_option(ctl, "--from-start") != NULL;
    bool to_end = ctl_option(ctl, "--to-end") != NULL;
    const struct kafka_source source = {.topic = tail.topic,
                                        .from = from_start ? KAFKA_FROM_BEGINNING : KAFKA_FROM_END};
    if (!to_end) { /* whoever reads along reads each record when it comes */
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
    }
    arena_init(&tail.arena, RECORD_MAX_BYTES);
    buffer_init(&tail.text, TEXT_MAX_BYTES);
    enum ctl_exit code = log_read(ctl, &source, 1, !to_end, show, &tail);
    buffer_fini(&tail.text);
    arena_fini(&tail.arena);
    return code;
}

static const struct ctl_option options[] = {
    {"--from-start", NULL, "all that the topic holds; without it only what is new"},
    {"--to-end", NULL, "end where the topic ended when it was asked; without it Ctrl-C ends it"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_tail = {
    .name = "tail",
    .arguments = "TOPIC",
    .help = "Show the records of a topic, decoded; sealed values stay sealed.",
    .options = options,
    .run = run,
};
