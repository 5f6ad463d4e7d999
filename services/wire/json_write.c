/* A message -> a JSON tree or text, field by field of the descriptor. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include <shouwang/v1/sealed.pb-c.h>

#include "wire/bytes.h"
#include "wire/json.h"
#include "wire/json_names.h"
#include "wire/limits.h"

static json_t *base64_json(const uint8_t *bytes, size_t len)
{
    size_t size = bytes_base64_size(len);
    char *text = malloc(size);
    if (text == NULL) {
        return NULL;
    }
    bytes_format_base64(bytes, len, text);
    json_t *json = json_stringn_nocheck(text, size - 1);
    free(text);
    return json;
}

static json_t *bytes_json(const struct limit *limit, const ProtobufCBinaryData *bytes)
{
    if (limit->shape == LIMIT_SECRET) {
        return json_string("hidden");
    }
    if (limit->shape != LIMIT_IDENT || bytes->len > 32) {
        return base64_json(bytes->data, bytes->len);
    }
    char text[2 * 32 + 1];
    bytes_format_hex(bytes->data, bytes->len, text);
    return json_string(text);
}

static json_t *text_json(const struct limit *limit, const char *text)
{
    return json_string(limit->shape == LIMIT_SECRET ? "hidden" : text == NULL ? "" : text);
}

static json_t *enum_json(const ProtobufCEnumDescriptor *descriptor, int value)
{
    char name[JSON_NAME_BYTES];
    return json_enum_name(descriptor, value, name) ? json_string(name) : json_integer(value);
}

static json_t *time_json(int64_t utc_ms)
{
    char text[JSON_TIME_BYTES];
    if (utc_ms < INT64_C(-62167219200000) || utc_ms > INT64_C(253402300799999)) {
        return json_integer(utc_ms);
    }
    json_format_time(utc_ms, text);
    return json_string(text);
}

static json_t *integer_json(const ProtobufCFieldDescriptor *field, const void *value,
                            unsigned flags)
{
    struct json_integer_range range = json_integer_range(field);
    if (!range.is_wide) {
        return json_integer(range.min < 0 ? *(const int32_t *)value
                                          : (json_int_t) * (const uint32_t *)value);
    }
    if ((flags & JSON_WRITE_TIMES) != 0 && json_field_is_time(field)) {
        return time_json(*(const int64_t *)value);
    }
    uint64_t number = *(const uint64_t *)value;
    if (range.min == 0 && number > INT64_MAX) {
        char text[24];
        snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
        return json_string(text);
    }
    return json_integer((json_int_t)number);
}

/* {"sealed":"contact"}: what there is, and that it is not shown. */
static json_t *sealed_json(const Shouwang__V1__Sealed *sealed)
{
    return json_pack("{s:o}", "sealed",
                     enum_json(&shouwang__v1__key_class__descriptor, (int)sealed->key_class));
}

static json_t *value_json(const struct limit *limit, const ProtobufCFieldDescriptor *field,
                          const void *value, unsigned flags)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return text_json(limit, *(char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_json(limit, value);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_json(field->descriptor, *(const int *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_FLOAT:
        return json_real((double)*(const float *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return field->descriptor == &shouwang__v1__sealed__descriptor
                   ? sealed_json(*(Shouwang__V1__Sealed *const *)value)
                   : json_of_message(*(ProtobufCMessage *const *)value, flags);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return integer_json(field, value, flags);
    }
    return NULL;
}

static bool is_zero(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return *(char *const *)value == NULL || **(char *const *)value == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)value == NULL;
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const double *)value == 0;
    case PROTOBUF_C_TYPE_FLOAT:
        return *(const float *)value == 0;
    case PROTOBUF_C_TYPE_BOOL:
        return !*(const protobuf_c_boolean *)value;
    case PROTOBUF_C_TYPE_ENUM:
        return *(const int *)value == 0;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return *(const uint32_t *)value == 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return *(const uint64_t *)value == 0;
    }
    return true;
}

static json_t *repeated_json(const struct limit *limit, const ProtobufCFieldDescriptor *field,
                             const ProtobufCMessage *message, unsigned flags)
{
    size_t count =
        *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
    const char *elements = *(char *const *)(const void *)((const char *)message + field->offset);
    size_t element_bytes = limit_element_bytes(field);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *element = value_json(limit, field, elements + i * element_bytes, flags);
        if (json_array_append_new(array, element) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Whether the field is shown at all. */
static bool is_shown(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                     unsigned flags)
{
    const void *quantifier = (const char *)message + field->quantifier_offset;
    bool zeros = (flags & JSON_WRITE_ZEROS) != 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return zeros || *(const size_t *)quantifier > 0;
    }
    const void *value = (const char *)message + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *)quantifier == field->id &&
               (field->type != PROTOBUF_C_TYPE_MESSAGE || !is_zero(field, value));
    }
    return !is_zero(field, value) || (zeros && field->type != PROTOBUF_C_TYPE_MESSAGE);
}

static json_t *unknown_fields_json(const ProtobufCMessage *message)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &message->unknown_fields[i];
        json_t *json =
            json_pack("{s:I,s:i,s:o}", "tag", (json_int_t)field->tag, "wire_type",
                      (int)field->wire_type, "data", base64_json(field->data, field->len));
        if (json_array_append_new(array, json) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *json_of_message(const ProtobufCMessage *message, unsigned flags)
{
    const struct limit *row = limit_rows(message->descriptor);
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct limit *limit = limit_of_field(field, row, &row);
        if (!is_shown(field, message, flags)) {
            continue;
        }
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        json_t *value =
            repeated ? repeated_json(limit, field, message, flags)
                     : value_json(limit, field, (const char *)message + field->offset, flags);
        char name[JSON_NAME_BYTES];
        bool as_time = (flags & JSON_WRITE_TIMES) != 0 && !repeated && json_field_is_time(field);
        if (as_time) {
            json_time_name(field, name);
        }
        if (json_object_set_new(object, as_time ? name : field->name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    if (message->n_unknown_fields > 0 &&
        json_object_set_new(object, JSON_UNKNOWN_FIELDS, unknown_fields_json(message)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int json_write_message(const ProtobufCMessage *message, unsigned flags, struct arena *arena,
                       struct str *ret_text)
{
    json_t *json = json_of_message(message, flags);
    if (json == NULL) {
        return ERR_MEMORY;
    }
    size_t style = (flags & JSON_WRITE_INDENT) != 0 ? JSON_INDENT(2) : JSON_COMPACT;
    size_t size = json_dumpb(json, NULL, 0, style);
    char *text = size == 0 ? NULL : arena_alloc(arena, size + 1);
    if (text != NULL) {
        size_t written = json_dumpb(json, text, size, style);
        text[written <= size ? written : 0] = '\0';
        *ret_text = (struct str){text, size};
    }
    json_decref(json);
    return text == NULL ? ERR_MEMORY : 0;
}
