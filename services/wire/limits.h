/* The rows of wire/limits.def. For decode and json only. */
#ifndef WIRE_LIMITS_H
#define WIRE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

enum limit_shape {
    LIMIT_ANY,
    LIMIT_TEXT,
    LIMIT_PRINT,
    LIMIT_UNIT,
    LIMIT_REF,
    LIMIT_CODE,
    LIMIT_HEX,
    LIMIT_IDENT,
    LIMIT_BYTES,
    LIMIT_SECRET,
    LIMIT_NUMBER
};

enum {
    LIMIT_TEXT_BYTES = 256,
    LIMIT_BLOB_BYTES = 64 * 1024,
    LIMIT_ELEMENTS = 4096,
};

struct limit {
    uint32_t tag;
    enum limit_shape shape;
    int64_t min;
    int64_t max;
    uint32_t count; /* of elements; 0: LIMIT_ELEMENTS */
    const char *name;
};

/* The rows of a message, ascending by tag, ended by tag 0; a message without rows has only that one. */
const struct limit *limit_rows(const ProtobufCMessageDescriptor *descriptor);

/* The row of a field, or the defaults of its type, which have no tag and no name. `row` is limit_rows' answer, or what this
 * returned in `ret_row` for a field with a lower tag: walking the fields in their order costs one pass. */
const struct limit *limit_of_field(const ProtobufCFieldDescriptor *field, const struct limit *row,
                                   const struct limit **ret_row);

/* The bytes that one element of a repeated field takes in memory. */
size_t limit_element_bytes(const ProtobufCFieldDescriptor *field);

/* Whether unknown values of the enum are kept. */
bool limit_is_open(const ProtobufCEnumDescriptor *descriptor);

#endif
