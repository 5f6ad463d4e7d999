#include "wire/json_names.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

/* The length of "NOTICE_STATE_" for enum NoticeState: the values' common beginning by protobuf's style guide. */
static size_t enum_prefix_len(const ProtobufCEnumDescriptor *descriptor)
{
    size_t len = 1;
    for (const char *at = descriptor->short_name; *at != '\0'; at++) {
        bool starts_word = at != descriptor->short_name && *at >= 'A' && *at <= 'Z';
        len += starts_word ? 2 : 1;
    }
    return len;
}

bool json_enum_name(const ProtobufCEnumDescriptor *descriptor, int value,
                    char ret_name[JSON_NAME_BYTES])
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (known == NULL) {
        return false;
    }
    size_t prefix_len = enum_prefix_len(descriptor);
    sw_assert(strlen(known->name) > prefix_len && strlen(known->name) < JSON_NAME_BYTES);
    size_t i = 0;
    for (const char *at = known->name + prefix_len; *at != '\0'; at++) {
        ret_name[i++] = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    }
    ret_name[i] = '\0';
    return true;
}

bool json_enum_find(const ProtobufCEnumDescriptor *descriptor, struct str name, int *ret_value)
{
    char known[JSON_NAME_BYTES];
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        if (json_enum_name(descriptor, descriptor->values[i].value, known) && str_is(name, known)) {
            *ret_value = descriptor->values[i].value;
            return true;
        }
    }
    return false;
}

bool json_field_is_time(const ProtobufCFieldDescriptor *field)
{
    size_t len = strlen(field->name);
    return field->type == PROTOBUF_C_TYPE_INT64 && len > 3 &&
           memcmp(field->name + len - 3, "_ms", 3) == 0;
}

void json_time_name(const ProtobufCFieldDescriptor *field, char ret_name[JSON_NAME_BYTES])
{
    size_t len = strlen(field->name);
    sw_assert(len > 3 && len < JSON_NAME_BYTES);
    memcpy(ret_name, field->name, len - 3);
    ret_name[len - 3] = '\0';
}

const ProtobufCFieldDescriptor *json_field_find(const ProtobufCMessageDescriptor *descriptor,
                                                const char *name, bool *ret_by_alias)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
    *ret_by_alias = false;
    if (field != NULL) {
        return field;
    }
    char longer[JSON_NAME_BYTES];
    int len = snprintf(longer, sizeof(longer), "%s_ms", name);
    if (len < 0 || len >= (int)sizeof(longer)) {
        return NULL;
    }
    field = protobuf_c_message_descriptor_get_field_by_name(descriptor, longer);
    if (field == NULL || !json_field_is_time(field)) {
        return NULL;
    }
    *ret_by_alias = true;
    return field;
}

const char *json_clean_name(const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return name[len] == '\0' && len > 0 && len <= 48 ? name : "?";
}

struct json_integer_range json_integer_range(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return (struct json_integer_range){INT32_MIN, INT32_MAX, false};
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return (struct json_integer_range){0, UINT32_MAX, false};
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return (struct json_integer_range){0, INT64_MAX, true};
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return (struct json_integer_range){INT64_MIN, INT64_MAX, true};
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    sw_assert(!"an integer field");
    return (struct json_integer_range){0, 0, false};
}
