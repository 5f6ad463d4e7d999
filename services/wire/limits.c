#include "wire/limits.h"

#include <stddef.h>

#include <shouwang/v1/alert.pb-c.h>
#include <shouwang/v1/callback.pb-c.h>
#include <shouwang/v1/case.pb-c.h>
#include <shouwang/v1/command.pb-c.h>
#include <shouwang/v1/county.pb-c.h>
#include <shouwang/v1/directory.pb-c.h>
#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/feed.pb-c.h>
#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/keys.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/receipt.pb-c.h>
#include <shouwang/v1/reject.pb-c.h>
#include <shouwang/v1/sealed.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>
#include <shouwang/v1/state.pb-c.h>

/* One array of rows per message … */
#define LIMIT_OPEN(name)
#define LIMIT_MESSAGE(name) static const struct limit rows_of_##name[] = {
#define LIMIT(tag, name, shape, min, max, count) {tag, LIMIT_##shape, min, max, count, #name},
#define LIMIT_END                                                                                  \
    {                                                                                              \
        0, LIMIT_ANY, 0, 0, 0, ""                                                                  \
    }                                                                                              \
    }                                                                                              \
    ;
#include "wire/limits.def"
#undef LIMIT_MESSAGE
#undef LIMIT
#undef LIMIT_END

/* … and where they are found. */
static const struct {
    const ProtobufCMessageDescriptor *descriptor;
    const struct limit *rows;
} messages[] = {
#define LIMIT_MESSAGE(name) {&shouwang__v1__##name##__descriptor, rows_of_##name},
#define LIMIT(tag, name, shape, min, max, count)
#define LIMIT_END
#include "wire/limits.def"
#undef LIMIT_MESSAGE
#undef LIMIT
#undef LIMIT_END
};
#undef LIMIT_OPEN

static const ProtobufCEnumDescriptor *const open_enums[] = {
#define LIMIT_OPEN(name) &shouwang__v1__##name##__descriptor,
#define LIMIT_MESSAGE(name)
#define LIMIT(tag, name, shape, min, max, count)
#define LIMIT_END
#include "wire/limits.def"
#undef LIMIT_OPEN
#undef LIMIT_MESSAGE
#undef LIMIT
#undef LIMIT_END
};

const struct limit *limit_rows(const ProtobufCMessageDescriptor *descriptor)
{
    static const struct limit none = {0, LIMIT_ANY, 0, 0, 0, ""};
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].descriptor == descriptor) {
            return messages[i].rows;
        }
    }
    return &none;
}

const struct limit *limit_of_field(const ProtobufCFieldDescriptor *field, const struct limit *row,
                                   const struct limit **ret_row)
{
    static const struct limit text = {0, LIMIT_TEXT, 0, LIMIT_TEXT_BYTES, 0, ""};
    static const struct limit bytes = {0, LIMIT_BYTES, 0, LIMIT_BLOB_BYTES, 0, ""};
    static const struct limit any = {0, LIMIT_ANY, 0, LIMIT_BLOB_BYTES, 0, ""};
    while (row->tag != 0 && row->tag < field->id) {
        row++;
    }
    *ret_row = row;
    if (row->tag == field->id) {
        return row;
    }
    return field->type == PROTOBUF_C_TYPE_STRING  ? &text
           : field->type == PROTOBUF_C_TYPE_BYTES ? &bytes
                                                  : &any;
}

bool limit_is_open(const ProtobufCEnumDescriptor *descriptor)
{
    for (size_t i = 0; i < sizeof(open_enums) / sizeof(open_enums[0]); i++) {
        if (open_enums[i] == descriptor) {
            return true;
        }
    }
    return false;
}

size_t limit_element_bytes(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    return 0;
}
