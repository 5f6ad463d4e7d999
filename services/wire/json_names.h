/* How fields and enum values are called in JSON. For the json_*.c files only. */
#ifndef WIRE_JSON_NAMES_H
#define WIRE_JSON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/str.h"

#define JSON_UNKNOWN_FIELDS "_unknown"

enum { JSON_NAME_BYTES = 64 };

/* The value of a short name ("on_campus" of PLACE_ON_CAMPUS in enum Place). */
bool json_enum_find(const ProtobufCEnumDescriptor *descriptor, struct str name, int *ret_value);

/* The short name of a value; false: not a known one. */
bool json_enum_name(const ProtobufCEnumDescriptor *descriptor, int value,
                    char ret_name[JSON_NAME_BYTES]);

/* The field of a member: by its own name, or a time's by its name without "_ms" (`ret_by_alias`); NULL: none. */
const ProtobufCFieldDescriptor *json_field_find(const ProtobufCMessageDescriptor *descriptor,
                                                const char *name, bool *ret_by_alias);

/* Whether the field is a time since the epoch: in our records every int64 that ends in "_ms". */
bool json_field_is_time(const ProtobufCFieldDescriptor *field);

/* The name of a time without "_ms". */
void json_time_name(const ProtobufCFieldDescriptor *field, char ret_name[JSON_NAME_BYTES]);

/* The sender's own name for a member, or "?" where it might tell something: only [A-Za-z0-9_-]{1,48} passes. */
const char *json_clean_name(const char *name);

struct json_integer_range {
    int64_t min;
    int64_t max;
    bool is_wide; /* 64 bits in memory */
};

/* What an integer field can hold (unsigned 64-bit ones up to INT64_MAX, as jansson does). */
struct json_integer_range json_integer_range(const ProtobufCFieldDescriptor *field);

#endif
