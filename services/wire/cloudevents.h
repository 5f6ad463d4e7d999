/* CloudEvents 1.0: HTTP structured, binary and batch modes, and Kafka's binary and structured modes <-> attributes. */
#ifndef WIRE_CLOUDEVENTS_H
#define WIRE_CLOUDEVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "wire/fault.h"

struct json_t; /* jansson's */
struct ProtobufCMessage;

enum {
    CLOUDEVENT_MAX_BYTES =
        64 * 1024, /* what every intermediary must forward; larger: REJECT_TOO_LARGE */
    CLOUDEVENT_BATCH_MAX = 1000,
    CLOUDEVENT_HEADERS_MAX = 9 /* of one Kafka record of ours */
};

/* One event's context and data. Everything borrows from what it was read from, or lies in the arena given. Texts that
 * were not given are empty. */
struct cloudevent {
    struct str specversion;
    struct str id;
    struct str source;
    struct str type;
    struct str time; /* as given; checked */
    struct str subject;
    struct str partitionkey;
    struct str datacontenttype;
    struct str dataschema;
    int64_t time_ms;           /* of `time`; 0: not given */
    const struct json_t *json; /* JSON data, borrowed; NULL: none */
    struct str data;           /* other data, bytes */
    size_t extension_count;    /* further attributes: checked by CloudEvents' rules, not kept */
};

enum cloudevent_mode {
    CLOUDEVENT_BINARY, /* application/json: attributes in the headers, data in the body */
    CLOUDEVENT_STRUCTURED,
    CLOUDEVENT_BATCH,
    CLOUDEVENT_PROTOBUF, /* application/protobuf: our Kafka records */
    CLOUDEVENT_UNSUPPORTED
};

/* By the content type with its parameters; a charset other than utf-8 is unsupported. NULL is unsupported. */
enum cloudevent_mode cloudevent_mode(const char *content_type);

/* One event as a JSON object (structured mode, or one of a batch). ERR_INVALID with the place, ERR_MEMORY. */
SW_NODISCARD int cloudevent_read_object(const struct json_t *object, struct arena *arena,
                                        struct fault *ret_fault, struct cloudevent *ret_event);

/* How headers are asked for: the value of "ce-id", or NULL; borrowed. */
typedef const char *(*cloudevent_header_fn)(void *ctx, const char *name);

/* Binary mode over HTTP. Header values are percent-decoded. `json` is the parsed body, or NULL. */
SW_NODISCARD int cloudevent_read_http(cloudevent_header_fn header, void *ctx,
                                      const struct json_t *json, struct arena *arena,
                                      struct fault *ret_fault, struct cloudevent *ret_event);

struct cloudevent_header {
    const char *name;
    struct str value;
};

/* Kafka's binary mode: attributes from the headers; `data` stays empty, the value is the caller's. Missing required
 * attributes are refused; "content-type" is in datacontenttype. Header names are NUL-terminated. */
SW_NODISCARD int cloudevent_read_kafka(const struct cloudevent_header *headers, size_t count,
                                       struct fault *ret_fault, struct cloudevent *ret_event);

/* The headers of one of our records, all borrowed from `event` or static: the attributes that are given, and
 * content-type. Returns how many. */
size_t cloudevent_write_kafka(const struct cloudevent *event,
                              struct cloudevent_header ret_headers[CLOUDEVENT_HEADERS_MAX]);

/* Our type: "shouwang.<topic>.<kind>", in `ret_text`; false when it does not fit. */
bool cloudevent_format_type(const char *topic, struct str kind, char *ret_text, size_t size);

/* Structured mode: the attributes that are given with the message as `data`, as JSON text in `arena`. ERR_INVALID: an
 * attribute is not UTF-8; ERR_MEMORY. */
SW_NODISCARD int cloudevent_write_object(const struct cloudevent *event,
                                         const struct ProtobufCMessage *data, struct arena *arena,
                                         struct str *ret_text);

#endif
