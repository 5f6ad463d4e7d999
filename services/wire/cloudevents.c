/* One table of attributes serves every mode; a mode only knows where an attribute stands. */
#include "wire/cloudevents.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/assert.h"
#include "wire/bytes.h"
#include "wire/json.h"
#include "wire/json_names.h"

enum { ATTRIBUTE_MAX_BYTES = 1024, ATTRIBUTE_NAME_MAX_BYTES = 64 };

static const struct attribute {
    const char *name;      /* structured mode */
    const char *http_name; /* binary mode */
    const char *kafka_name;
    size_t offset;
    bool required;
} attributes[] = {
#define ATTRIBUTE(name, required)                                                                  \
    {                                                                                              \
#name, "ce-" #name, "ce_" #name, offsetof(struct cloudevent, name), required               \
    }
    ATTRIBUTE(specversion, true),
    ATTRIBUTE(id, true),
    ATTRIBUTE(source, true),
    ATTRIBUTE(type, true),
    ATTRIBUTE(time, false),
    ATTRIBUTE(subject, false),
    ATTRIBUTE(partitionkey, false),
    ATTRIBUTE(dataschema, false),
#undef ATTRIBUTE
    {"datacontenttype", "content-type", "content-type",
     offsetof(struct cloudevent, datacontenttype), false},
};
enum { ATTRIBUTE_COUNT = sizeof(attributes) / sizeof(attributes[0]) };
_Static_assert((int)ATTRIBUTE_COUNT <= (int)CLOUDEVENT_HEADERS_MAX,
               "each attribute is one Kafka header");

static struct str *slot_of(struct cloudevent *event, const struct attribute *attribute)
{
    return (struct str *)(void *)((char *)event + attribute->offset);
}

static int refuse(struct fault *ret_fault, enum reject_reason reason, const char *name)
{
    (void)fault_set(ret_fault, reason, "", FAULT_NO_BYTE);
    fault_inside(ret_fault, json_clean_name(name));
    return ERR_INVALID;
}

/* CloudEvents strings: no control characters, C1 ones (two bytes in UTF-8) neither. */
static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c == 0x7F ||
            (c == 0xC2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xA0)) {
            return true;
        }
    }
    return false;
}

static int check_value(struct str value, const char *name, struct fault *ret_fault)
{
    size_t bad = 0;
    if (value.len == 0) {
        return refuse(ret_fault, REJECT_MISSING, name);
    }
    if (value.len > ATTRIBUTE_MAX_BYTES) {
        return refuse(ret_fault, REJECT_TOO_LONG, name);
    }
    if (!str_is_utf8(value, &bad)) {
        (void)refuse(ret_fault, REJECT_BAD_UTF8, name);
        ret_fault->at_byte = (int64_t)bad;
        return ERR_INVALID;
    }
    return has_control(value) ? refuse(ret_fault, REJECT_BAD_ATTRIBUTE, name) : 0;
}

static int set_attribute(struct cloudevent *event, const struct attribute *attribute,
                         struct str value, struct fault *ret_fault)
{
    struct str *slot = slot_of(event, attribute);
    if (slot->at != NULL) {
        return refuse(ret_fault, REJECT_GIVEN_TWICE, attribute->name);
    }
    *slot = value;
    return check_value(value, attribute->name, ret_fault);
}

/* What no single attribute tells. */
static int finish(struct cloudevent *event, struct fault *ret_fault, struct cloudevent *ret_event)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (attributes[i].required && slot_of(event, &attributes[i])->at == NULL) {
            return refuse(ret_fault, REJECT_MISSING, attributes[i].name);
        }
    }
    if (!str_is(event->specversion, "1.0")) {
        return refuse(ret_fault, REJECT_BAD_SPECVERSION, "specversion");
    }
    if (event->time.at != NULL && !json_parse_time(event->time, &event->time_ms)) {
        return refuse(ret_fault, REJECT_BAD_TIME, "time");
    }
    *ret_event = *event;
    return 0;
}

static bool media_type_is(struct str type, const char *name)
{
    return type.len == strlen(name) && strncasecmp(type.at, name, type.len) == 0;
}

/* Cuts the next part off at `separator`, without the spaces around it. */
static struct str next_part(struct str *rest, char separator)
{
    const char *end = memchr(rest->at, separator, rest->len);
    struct str part = {rest->at, end == NULL ? rest->len : (size_t)(end - rest->at)};
    size_t cut = end == NULL ? rest->len : part.len + 1;
    *rest = (struct str){rest->at + cut, rest->len - cut};
    while (part.len > 0 && (part.at[0] == ' ' || part.at[0] == '\t')) {
        part = (struct str){part.at + 1, part.len - 1};
    }
    while (part.len > 0 && (part.at[part.len - 1] == ' ' || part.at[part.len - 1] == '\t')) {
        part.len--;
    }
    return part;
}

enum cloudevent_mode cloudevent_mode(const char *content_type)
{
    static const struct {
        const char *type;
        enum cloudevent_mode mode;
    } modes[] = {{"application/json", CLOUDEVENT_BINARY},
                 {"application/cloudevents+json", CLOUDEVENT_STRUCTURED},
                 {"application/cloudevents-batch+json", CLOUDEVENT_BATCH},
                 {"application/protobuf", CLOUDEVENT_PROTOBUF}};
    struct str rest = str_of(content_type);
    if (rest.len == 0) {
        return CLOUDEVENT_UNSUPPORTED;
    }
    struct str type = next_part(&rest, ';');
    while (rest.len > 0) {
        struct str value = next_part(&rest, ';');
        struct str name = value.len == 0 ? value : next_part(&value, '=');
        if (media_type_is(name, "charset") && !media_type_is(value, "utf-8") &&
            !media_type_is(value, "\"utf-8\"")) {
            return CLOUDEVENT_UNSUPPORTED;
        }
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (media_type_is(type, modes[i].type)) {
            return modes[i].mode;
        }
    }
    return CLOUDEVENT_UNSUPPORTED;
}

static bool is_attribute_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
    return len > 0 && name[len] == '\0' && len <= ATTRIBUTE_NAME_MAX_BYTES;
}

/* A further attribute: a text, a boolean or a 32-bit integer under a proper name. */
static int check_extension(const char *name, const json_t *value, struct fault *ret_fault)
{
    if (!is_attribute_name(name)) {
        return refuse(ret_fault, REJECT_BAD_ATTRIBUTE, name);
    }
    if (json_is_string(value)) {
        struct str text = {json_string_value(value), json_string_length(value)};
        return text.len == 0 ? 0 : check_value(text, name, ret_fault);
    }
    bool fits = json_is_boolean(value) ||
                (json_is_integer(value) && json_integer_value(value) >= INT32_MIN &&
                 json_integer_value(value) <= INT32_MAX);
    return fits ? 0 : refuse(ret_fault, REJECT_BAD_ATTRIBUTE, name);
}

static int read_data_base64(const json_t *value, struct arena *arena, struct fault *ret_fault,
                            struct cloudevent *event)
{
    if (!json_is_string(value)) {
        return refuse(ret_fault, REJECT_BAD_TYPE, "data_base64");
    }
    struct str text = {json_string_value(value), json_string_length(value)};
    uint8_t *bytes = arena_alloc(arena, text.len + 1);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    if (!bytes_parse_base64(text, bytes, &event->data.len)) {
        return refuse(ret_fault, REJECT_BAD_CHARACTER, "data_base64");
    }
    event->data.at = (const char *)bytes;
    return 0;
}

static int read_member(const char *name, const json_t *value, struct arena *arena,
                       struct fault *ret_fault, struct cloudevent *event)
{
    if (strcmp(name, "data") == 0) {
        event->json = value;
        return 0;
    }
    if (strcmp(name, "data_base64") == 0) {
        return read_data_base64(value, arena, ret_fault, event);
    }
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (strcmp(name, attributes[i].name) == 0) {
            struct str text = {json_string_value(value), json_string_length(value)};
            return json_is_string(value) ? set_attribute(event, &attributes[i], text, ret_fault)
                                         : refuse(ret_fault, REJECT_BAD_TYPE, name);
        }
    }
    event->extension_count++;
    return check_extension(name, value, ret_fault);
}

int cloudevent_read_object(const struct json_t *object, struct arena *arena,
                           struct fault *ret_fault, struct cloudevent *ret_event)
{
    struct cloudevent event = {.json = NULL};
    if (!json_is_object(object)) {
        return fault_set(ret_fault, REJECT_BAD_TYPE, "", FAULT_NO_BYTE);
    }
    const char *name;
    json_t *value;
    json_t *tree = (json_t *)(uintptr_t)object; /* the macro's iterator wants it so */
    json_object_foreach(tree, name, value)
    {
        int error = json_is_null(value) ? 0 : read_member(name, value, arena, ret_fault, &event);
        if (error != 0) {
            return error;
        }
    }
    if (event.json != NULL && event.data.at != NULL) {
        return refuse(ret_fault, REJECT_EXCLUDES_ANOTHER, "data_base64");
    }
    return finish(&event, ret_fault, ret_event);
}

/* HTTP header values carry what is not printable ASCII as %XX (binding, 3.1.3.2). */
static int percent_decode(const char *text, struct arena *arena, struct str *ret_text)
{
    size_t len = strlen(text);
    char *decoded = arena_alloc(arena, len + 1);
    size_t written = 0;
    if (decoded == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        size_t one = 0;
        if (text[i] == '%' && len - i > 2 &&
            bytes_parse_hex((struct str){text + i + 1, 2}, &byte, 1, &one)) {
            i += 2;
        }
        decoded[written++] = (char)byte;
    }
    *ret_text = (struct str){decoded, written};
    return 0;
}

int cloudevent_read_http(cloudevent_header_fn header, void *ctx, const struct json_t *json,
                         struct arena *arena, struct fault *ret_fault, struct cloudevent *ret_event)
{
    struct cloudevent event = {.json = json};
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *text = header(ctx, attributes[i].http_name);
        struct str value;
        if (text == NULL) {
            continue;
        }
        int error = percent_decode(text, arena, &value);
        if (error == 0) {
            error = set_attribute(&event, &attributes[i], value, ret_fault);
        }
        if (error != 0) {
            return error;
        }
    }
    return finish(&event, ret_fault, ret_event);
}

static int read_header(const struct cloudevent_header *header, struct fault *ret_fault,
                       struct cloudevent *event)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (strcmp(header->name, attributes[i].kafka_name) == 0) {
            struct str value = header->value.at == NULL ? (struct str){"", 0} : header->value;
            return set_attribute(event, &attributes[i], value, ret_fault);
        }
    }
    if (strncmp(header->name, "ce_", 3) != 0) {
        return 0; /* not an attribute: tracing and the like */
    }
    event->extension_count++;
    return is_attribute_name(header->name + 3)
               ? 0
               : refuse(ret_fault, REJECT_BAD_ATTRIBUTE, header->name);
}

int cloudevent_read_kafka(const struct cloudevent_header *headers, size_t count,
                          struct fault *ret_fault, struct cloudevent *ret_event)
{
    struct cloudevent event = {.json = NULL};
    for (size_t i = 0; i < count; i++) {
        int error = read_header(&headers[i], ret_fault, &event);
        if (error != 0) {
            return error;
        }
    }
    return finish(&event, ret_fault, ret_event);
}

size_t cloudevent_write_kafka(const struct cloudevent *event,
                              struct cloudevent_header ret_headers[CLOUDEVENT_HEADERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        struct str value =
            *(const struct str *)(const void *)((const char *)event + attributes[i].offset);
        if (value.len > 0) {
            ret_headers[count++] = (struct cloudevent_header){attributes[i].kafka_name, value};
        }
    }
    return count;
}

bool cloudevent_format_type(const char *topic, struct str kind, char *ret_text, size_t size)
{
    int len = snprintf(ret_text, size, "shouwang.%s.%.*s", topic, (int)kind.len,
                       kind.len == 0 ? "" : kind.at);
    return len > 0 && (size_t)len < size;
}

int cloudevent_write_object(const struct cloudevent *event, const struct ProtobufCMessage *data,
                            struct arena *arena, struct str *ret_text)
{
    json_t *object = json_object();
    int error = 0;
    for (size_t i = 0; i < ATTRIBUTE_COUNT && error == 0; i++) {
        struct str value =
            *(const struct str *)(const void *)((const char *)event + attributes[i].offset);
        if (value.len > 0 && json_object_set_new(object, attributes[i].name,
                                                 json_stringn(value.at, value.len)) != 0) {
            error = ERR_INVALID;
        }
    }
    if (error == 0 &&
        json_object_set_new(object, "data", json_of_message(data, JSON_WRITE_TIMES)) != 0) {
        error = ERR_MEMORY;
    }
    size_t len = error == 0 ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
    char *bytes = len > 0 ? arena_alloc(arena, len) : NULL;
    if (bytes != NULL) {
        *ret_text = (struct str){bytes, json_dumpb(object, bytes, len, JSON_COMPACT)};
    }
    json_decref(object);
    return error == 0 && bytes == NULL ? ERR_MEMORY : error;
}
