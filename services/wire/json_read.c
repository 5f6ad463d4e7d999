/* A JSON tree -> a message, field by field of the descriptor. Errors put their path together on the way out. */
#include "wire/json.h"

#include <string.h>

#include <jansson.h>

#include <shouwang/v1/sealed.pb-c.h>

#include "wire/bytes.h"
#include "wire/json_names.h"
#include "wire/limits.h"

struct reading {
    const struct json_reader *reader;
    struct arena *arena;
    struct fault *fault;
};

static int refuse(struct reading *reading, enum reject_reason reason)
{
    return fault_set(reading->fault, reason, "", FAULT_NO_BYTE);
}

ProtobufCMessage *json_new_message(const ProtobufCMessageDescriptor *descriptor,
                                   struct arena *arena)
{
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    if (message != NULL) {
        protobuf_c_message_init(descriptor, message);
    }
    return message;
}

static int read_text(struct reading *reading, const json_t *value, void *slot)
{
    if (!json_is_string(value)) {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    struct str text = {json_string_value(value), json_string_length(value)};
    struct str copy = arena_copy_str(reading->arena, text);
    if (copy.at == NULL) {
        return ERR_MEMORY;
    }
    *(char **)slot = (char *)(uintptr_t)copy.at;
    return 0;
}

static int read_bytes(struct reading *reading, const struct limit *limit, const json_t *value,
                      void *slot)
{
    if (!json_is_string(value)) {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    struct str text = {json_string_value(value), json_string_length(value)};
    uint8_t *bytes = arena_alloc(reading->arena, text.len + 1);
    size_t len = 0;
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    if (limit->shape == LIMIT_IDENT ? !bytes_parse_hex(text, bytes, text.len, &len)
                                    : !bytes_parse_base64(text, bytes, &len)) {
        return refuse(reading, REJECT_BAD_CHARACTER);
    }
    *(ProtobufCBinaryData *)slot = (ProtobufCBinaryData){.len = len, .data = bytes};
    return 0;
}

static int read_enum(struct reading *reading, const ProtobufCEnumDescriptor *descriptor,
                     const json_t *value, void *slot)
{
    int number = 0;
    if (json_is_string(value)) {
        struct str name = {json_string_value(value), json_string_length(value)};
        if (!json_enum_find(descriptor, name, &number)) {
            return refuse(reading, REJECT_UNKNOWN_VALUE);
        }
    } else if (json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= INT32_MAX) {
        number = (int)json_integer_value(value);
    } else {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    *(int *)slot = number;
    return 0;
}

/* A number, or for 64-bit fields a text of digits, or for times an RFC 3339 text. */
static int read_integer(struct reading *reading, const ProtobufCFieldDescriptor *field,
                        const json_t *value, int64_t *ret_number)
{
    struct json_integer_range range = json_integer_range(field);
    int64_t number = 0;
    if (json_is_string(value) && range.is_wide) {
        struct str text = {json_string_value(value), json_string_length(value)};
        if (!str_to_int64(text, INT64_MIN, INT64_MAX, &number)) {
            if (!json_field_is_time(field)) {
                return refuse(reading, REJECT_BAD_TYPE);
            }
            if (!json_parse_time(text, &number)) {
                return refuse(reading, REJECT_BAD_TIME);
            }
        }
    } else if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else {
        return refuse(reading, json_field_is_time(field) ? REJECT_BAD_TIME : REJECT_BAD_TYPE);
    }
    if (number < range.min || number > range.max) {
        return refuse(reading, REJECT_OUT_OF_RANGE);
    }
    *ret_number = number;
    return 0;
}

static int read_integer_into(struct reading *reading, const ProtobufCFieldDescriptor *field,
                             const json_t *value, void *slot)
{
    int64_t number = 0;
    int error = read_integer(reading, field, value, &number);
    if (error != 0) {
        return error;
    }
    if (json_integer_range(field).is_wide) {
        *(int64_t *)slot = number;
    } else {
        uint32_t narrow = (uint32_t)number;
        memcpy(slot, &narrow, sizeof(narrow));
    }
    return 0;
}

static int read_real(struct reading *reading, const ProtobufCFieldDescriptor *field,
                     const json_t *value, void *slot)
{
    if (!json_is_number(value)) {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    if (field->type == PROTOBUF_C_TYPE_FLOAT) {
        *(float *)slot = (float)json_number_value(value);
    } else {
        *(double *)slot = json_number_value(value);
    }
    return 0;
}

static int read_inner(struct reading *reading, const ProtobufCFieldDescriptor *field,
                      const json_t *value, void *slot)
{
    if (field->descriptor == &shouwang__v1__sealed__descriptor) {
        const struct json_reader *reader = reading->reader;
        (void)refuse(reading, REJECT_SEALED_NOT_ALLOWED);
        return reader == NULL || reader->sealed == NULL
                   ? ERR_INVALID
                   : reader->sealed(reader->ctx, field, value, (Shouwang__V1__Sealed **)slot,
                                    reading->fault);
    }
    ProtobufCMessage *message = json_new_message(field->descriptor, reading->arena);
    if (message == NULL) {
        return ERR_MEMORY;
    }
    *(ProtobufCMessage **)slot = message;
    return json_read_message(value, reading->reader, reading->arena, reading->fault, message);
}

/* One value into its slot: a singular field, or an element. */
static int read_value(struct reading *reading, const struct limit *limit,
                      const ProtobufCFieldDescriptor *field, const json_t *value, void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return read_text(reading, value, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reading, limit, value, slot);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_inner(reading, field, value, slot);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reading, field->descriptor, value, slot);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value)) {
            return refuse(reading, REJECT_BAD_TYPE);
        }
        *(protobuf_c_boolean *)slot = json_is_true(value);
        return 0;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_real(reading, field, value, slot);
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
        return read_integer_into(reading, field, value, slot);
    }
    return refuse(reading, REJECT_BAD_TYPE);
}

static int read_repeated(struct reading *reading, const struct limit *limit,
                         const ProtobufCFieldDescriptor *field, const json_t *value,
                         ProtobufCMessage *message)
{
    size_t count = json_array_size(value);
    size_t most = limit->count > 0 ? limit->count : LIMIT_ELEMENTS;
    size_t element_bytes = limit_element_bytes(field);
    if (!json_is_array(value)) {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    if (count > most) {
        return refuse(reading, REJECT_TOO_MANY);
    }
    char *elements = arena_alloc_array(reading->arena, count, element_bytes);
    if (elements == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int error = read_value(reading, limit, field, json_array_get(value, i),
                               elements + i * element_bytes);
        if (error != 0) {
            fault_inside_index(reading->fault, i);
            return error;
        }
    }
    *(size_t *)(void *)((char *)message + field->quantifier_offset) = count;
    *(void **)(void *)((char *)message + field->offset) = elements;
    return 0;
}

static int read_field(struct reading *reading, const ProtobufCFieldDescriptor *field,
                      const json_t *value, ProtobufCMessage *message)
{
    const struct limit *row = limit_rows(message->descriptor);
    const struct limit *limit = limit_of_field(field, row, &row);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return read_repeated(reading, limit, field, value, message);
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *chosen = (uint32_t *)(void *)((char *)message + field->quantifier_offset);
        if (*chosen != 0) {
            return refuse(reading, REJECT_EXCLUDES_ANOTHER);
        }
        *chosen = field->id;
    }
    return read_value(reading, limit, field, value, (char *)message + field->offset);
}

/* One element of "_unknown". */
static int read_unknown_field(struct reading *reading, const json_t *json,
                              ProtobufCMessageUnknownField *ret_field)
{
    const json_t *tag = json_object_get(json, "tag");
    const json_t *wire_type = json_object_get(json, "wire_type");
    const json_t *data = json_object_get(json, "data");
    if (!json_is_integer(tag) || !json_is_integer(wire_type) || !json_is_string(data)) {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    json_int_t number = json_integer_value(tag);
    json_int_t type = json_integer_value(wire_type);
    if (number < 1 || number > 536870911 || (type != 0 && type != 1 && type != 2 && type != 5)) {
        return refuse(reading, REJECT_OUT_OF_RANGE);
    }
    const struct limit limit = {.shape = LIMIT_BYTES};
    ProtobufCBinaryData bytes = {0, NULL};
    int error = read_bytes(reading, &limit, data, &bytes);
    if (error == 0) {
        *ret_field = (ProtobufCMessageUnknownField){.tag = (uint32_t)number,
                                                    .wire_type = (ProtobufCWireType)type,
                                                    .len = bytes.len,
                                                    .data = bytes.data};
    }
    return error;
}

static int read_unknown_fields(struct reading *reading, const json_t *value,
                               ProtobufCMessage *message)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value)) {
        return refuse(reading, REJECT_BAD_TYPE);
    }
    ProtobufCMessageUnknownField *fields =
        arena_alloc_array(reading->arena, count, sizeof(*fields));
    if (fields == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int error = read_unknown_field(reading, json_array_get(value, i), &fields[i]);
        if (error != 0) {
            fault_inside_index(reading->fault, i);
            return error;
        }
    }
    message->n_unknown_fields = (unsigned)count;
    message->unknown_fields = fields;
    return 0;
}

static int read_unknown_member(struct reading *reading, const char *name, json_t *value,
                               ProtobufCMessage *message)
{
    const struct json_reader *reader = reading->reader;
    if (reader != NULL && reader->unknown_fields && strcmp(name, JSON_UNKNOWN_FIELDS) == 0) {
        return read_unknown_fields(reading, value, message);
    }
    (void)refuse(reading, REJECT_UNKNOWN_FIELD);
    if (reader == NULL || reader->unknown == NULL) {
        return ERR_INVALID;
    }
    return reader->unknown(reader->ctx, message, name, value, reading->fault);
}

int json_read_message(const struct json_t *object, const struct json_reader *reader,
                      struct arena *arena, struct fault *ret_fault, ProtobufCMessage *message)
{
    struct reading reading = {reader, arena, ret_fault};
    if (!json_is_object(object)) {
        return refuse(&reading, REJECT_BAD_TYPE);
    }
    const char *name;
    json_t *value;
    json_t *tree =
        (json_t *)(uintptr_t)object; /* the macro's iterator wants it so; nothing is changed */
    json_object_foreach(tree, name, value)
    {
        if (json_is_null(value)) {
            continue;
        }
        bool by_alias = false;
        const ProtobufCFieldDescriptor *field =
            json_field_find(message->descriptor, name, &by_alias);
        int error = 0;
        if (field == NULL) {
            error = read_unknown_member(&reading, name, value, message);
        } else if (by_alias && json_object_get(tree, field->name) != NULL) {
            error = refuse(&reading, REJECT_GIVEN_TWICE);
        } else {
            error = read_field(&reading, field, value, message);
        }
        if (error != 0) {
            fault_inside(ret_fault, field != NULL ? name : json_clean_name(name));
            return error;
        }
    }
    return 0;
}
