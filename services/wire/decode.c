/* Unpacks into an arena, then walks the message by its descriptor and wire/limits.def.
 *
 * protobuf-c hands strings out without their length, so a NUL inside would hide what follows it. Each allocation
 * therefore carries its size in front: a string's length is the size of its allocation less one. */
#include "wire/decode.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

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
#include <shouwang/v1/signal.pb-c.h>
#include <shouwang/v1/state.pb-c.h>

#include "base/assert.h"
#include "wire/limits.h"

enum {
    ALLOCATION_HEADER_BYTES = 16, /* keeps the alignment that the arena gives */
    NESTING_MAX = 16              /* of our records; deeper is a bug of the schema */
};

struct arena_allocator {
    struct arena *arena;
    bool bound_reached;
    bool heap_empty;
};

static void *allocate(void *data, size_t size)
{
    struct arena_allocator *allocator = data;
    size_t room = allocator->arena->max_bytes - allocator->arena->used_bytes;
    if (size > SIZE_MAX - ALLOCATION_HEADER_BYTES) {
        return NULL;
    }
    char *at = arena_take(allocator->arena, size + ALLOCATION_HEADER_BYTES);
    if (at == NULL) {
        /* The arena pads each piece; what comes this near to the bound has reached it. */
        allocator->bound_reached = room < size + 4 * ALLOCATION_HEADER_BYTES;
        allocator->heap_empty = !allocator->bound_reached;
        return NULL;
    }
    memcpy(at, &size, sizeof(size));
    return at + ALLOCATION_HEADER_BYTES;
}

static void forget(void *data, void *at)
{
    (void)data; /* the arena goes as a whole */
    (void)at;
}

static size_t allocated_bytes(const char *at)
{
    size_t size;
    memcpy(&size, at - ALLOCATION_HEADER_BYTES, sizeof(size));
    return size;
}

/* Where the walk is: the path is put together only when something is wrong. */
struct walk {
    bool sized; /* strings came from `allocate` */
    unsigned depth;
    struct {
        const char *name;
        size_t index; /* SIZE_MAX: not an element */
        const ProtobufCMessageDescriptor *descriptor;
        const struct limit *rows; /* of the descriptor */
    } steps[NESTING_MAX];
    struct fault *fault;
};

static int refuse(struct walk *walk, enum reject_reason reason, int64_t at_byte)
{
    (void)fault_set(walk->fault, reason, "", at_byte);
    for (unsigned i = walk->depth; i-- > 0;) {
        if (walk->steps[i].index != SIZE_MAX) {
            fault_inside_index(walk->fault, walk->steps[i].index);
        }
        fault_inside(walk->fault, walk->steps[i].name);
    }
    return ERR_INVALID;
}

static bool is_letter_or_digit(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether the shape lets the byte through. Text was checked as UTF-8 as a whole. */
static bool shape_allows(enum limit_shape shape, unsigned char c)
{
    bool lower_or_digit = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    switch (shape) {
    case LIMIT_PRINT:
        return c > 0x20 && c < 0x7F;
    case LIMIT_UNIT:
        return lower_or_digit || c == '-';
    case LIMIT_REF:
        return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
    case LIMIT_CODE:
        return lower_or_digit || c == '_';
    case LIMIT_HEX:
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case LIMIT_ANY:
    case LIMIT_TEXT:
    case LIMIT_IDENT:
    case LIMIT_BYTES:
    case LIMIT_SECRET:
    case LIMIT_NUMBER:
        return true;
    }
    return false;
}

static int check_length(struct walk *walk, const struct limit *limit, size_t len)
{
    if (len < (size_t)limit->min) {
        return refuse(walk, len == 0 ? REJECT_MISSING : REJECT_TOO_SHORT, FAULT_NO_BYTE);
    }
    if (limit->max > 0 && len > (size_t)limit->max) {
        return refuse(walk, REJECT_TOO_LONG, limit->max);
    }
    return 0;
}

static int check_text(struct walk *walk, const struct limit *limit, const char *at)
{
    size_t len = 0;
    if (at != NULL && at != protobuf_c_empty_string) {
        len = walk->sized ? allocated_bytes(at) - 1 : strlen(at);
    }
    int error = check_length(walk, limit, len);
    size_t bad = 0;
    if (error != 0) {
        return error;
    }
    if (!str_is_utf8((struct str){at, len}, &bad)) {
        return refuse(walk, at[bad] == '\0' ? REJECT_NUL_IN_TEXT : REJECT_BAD_UTF8, (int64_t)bad);
    }
    if (limit->shape <= LIMIT_TEXT) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (!shape_allows(limit->shape, (unsigned char)at[i])) {
            return refuse(walk, REJECT_BAD_CHARACTER, (int64_t)i);
        }
    }
    return 0;
}

static int check_bytes(struct walk *walk, const struct limit *limit,
                       const ProtobufCBinaryData *bytes)
{
    int error = check_length(walk, limit, bytes->len);
    if (error == 0 && limit->shape == LIMIT_IDENT && bytes->len != 0 && bytes->len != 16 &&
        bytes->len != 32) {
        return refuse(walk, REJECT_TOO_SHORT, FAULT_NO_BYTE);
    }
    return error;
}

/* The value of any integer field; what does not fit an int64 is its largest. */
static int64_t integer_of(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return *(const int32_t *)value;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return *(const uint32_t *)value;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return *(const uint64_t *)value > INT64_MAX ? INT64_MAX
                                                    : (int64_t) * (const uint64_t *)value;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return *(const int64_t *)value;
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
    return 0;
}

static int check_number(struct walk *walk, const struct limit *limit,
                        const ProtobufCFieldDescriptor *field, const void *value)
{
    if (limit->shape != LIMIT_NUMBER) {
        return 0;
    }
    int64_t number = integer_of(field, value);
    return number < limit->min || number > limit->max
               ? refuse(walk, REJECT_OUT_OF_RANGE, FAULT_NO_BYTE)
               : 0;
}

static int check_message(struct walk *walk, const ProtobufCMessage *message);

/* One value: a singular field, or an element. */
static int check_value(struct walk *walk, const struct limit *limit,
                       const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return check_text(walk, limit, *(char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return check_bytes(walk, limit, value);
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)value;
        if (inner == NULL) {
            return limit->min > 0 ? refuse(walk, REJECT_MISSING, FAULT_NO_BYTE) : 0;
        }
        return check_message(walk, inner);
    }
    case PROTOBUF_C_TYPE_ENUM:
        if (protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value) == NULL &&
            !limit_is_open(field->descriptor)) {
            return refuse(walk, REJECT_UNKNOWN_VALUE, FAULT_NO_BYTE);
        }
        return 0;
    case PROTOBUF_C_TYPE_FLOAT:
        return isfinite(*(const float *)value) ? 0
                                               : refuse(walk, REJECT_OUT_OF_RANGE, FAULT_NO_BYTE);
    case PROTOBUF_C_TYPE_DOUBLE:
        return isfinite(*(const double *)value) ? 0
                                                : refuse(walk, REJECT_OUT_OF_RANGE, FAULT_NO_BYTE);
    case PROTOBUF_C_TYPE_BOOL:
        return 0;
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
        return check_number(walk, limit, field, value);
    }
    return 0;
}

static int check_repeated(struct walk *walk, const struct limit *limit,
                          const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
    const char *elements = *(const char *const *)((const char *)message + field->offset);
    size_t most = limit->count > 0 ? limit->count : LIMIT_ELEMENTS;
    if (count > most) {
        return refuse(walk, REJECT_TOO_MANY, FAULT_NO_BYTE);
    }
    for (size_t i = 0; i < count; i++) {
        walk->steps[walk->depth - 1].index = i;
        int error = check_value(walk, limit, field, elements + i * limit_element_bytes(field));
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int check_field(struct walk *walk, const struct limit *limit,
                       const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return check_repeated(walk, limit, field, message);
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *)((const char *)message + field->quantifier_offset) != field->id) {
        return 0;
    }
    return check_value(walk, limit, field, (const char *)message + field->offset);
}

/* Looked up once for all elements of a field. */
static const struct limit *rows_of(struct walk *walk, const ProtobufCMessageDescriptor *descriptor)
{
    sw_assert(walk->depth < NESTING_MAX);
    if (walk->steps[walk->depth].descriptor != descriptor) {
        walk->steps[walk->depth].descriptor = descriptor;
        walk->steps[walk->depth].rows = limit_rows(descriptor);
    }
    return walk->steps[walk->depth].rows;
}

static int check_message(struct walk *walk, const ProtobufCMessage *message)
{
    const struct limit *row = rows_of(walk, message->descriptor);
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        /* protobuf-c keeps a field numbered 0, and then cannot read what it wrote. */
        if (message->unknown_fields[i].tag == 0) {
            return refuse(walk, REJECT_BAD_PROTOBUF, FAULT_NO_BYTE);
        }
    }
    walk->depth++;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct limit *limit = limit_of_field(field, row, &row);
        walk->steps[walk->depth - 1].name = field->name;
        walk->steps[walk->depth - 1].index = SIZE_MAX;
        int error = check_field(walk, limit, field, message);
        if (error != 0) {
            return error;
        }
    }
    walk->depth--;
    return 0;
}

int decode_message(const ProtobufCMessageDescriptor *descriptor, struct str bytes,
                   struct arena *arena, struct fault *ret_fault, ProtobufCMessage **ret_message)
{
    if (bytes.len > DECODE_RECORD_MAX_BYTES) {
        return fault_set(ret_fault, REJECT_TOO_LARGE, "", DECODE_RECORD_MAX_BYTES);
    }
    struct arena_allocator state = {.arena = arena};
    ProtobufCAllocator allocator = {allocate, forget, &state};
    ProtobufCMessage *message = protobuf_c_message_unpack(
        descriptor, &allocator, bytes.len, (const uint8_t *)(bytes.len == 0 ? "" : bytes.at));
    if (message == NULL) {
        return state.heap_empty      ? ERR_MEMORY
               : state.bound_reached ? fault_set(ret_fault, REJECT_TOO_LARGE, "", FAULT_NO_BYTE)
                                     : fault_set(ret_fault, REJECT_BAD_PROTOBUF, "", FAULT_NO_BYTE);
    }
    struct walk walk = {.sized = true, .fault = ret_fault};
    int error = check_message(&walk, message);
    if (error == 0) {
        *ret_message = message;
    }
    return error;
}

int decode_check(const ProtobufCMessage *message, struct fault *ret_fault)
{
    struct walk walk = {.fault = ret_fault};
    return check_message(&walk, message);
}

int encode_message(const ProtobufCMessage *message, struct arena *arena, struct str *ret_bytes)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > DECODE_RECORD_MAX_BYTES) {
        return ERR_TOO_LARGE;
    }
    char *at = arena_alloc(arena, size);
    if (at == NULL) {
        return ERR_MEMORY;
    }
    size_t written = protobuf_c_message_pack(message, (uint8_t *)at);
    sw_assert(written == size);
    *ret_bytes = (struct str){at, size};
    return 0;
}

/* What stands between the first two slashes of a key. */
static struct str key_kind(struct str key)
{
    const char *first = key.len == 0 ? NULL : memchr(key.at, '/', key.len);
    if (first == NULL) {
        return (struct str){NULL, 0};
    }
    struct str rest = {first + 1, key.len - (size_t)(first + 1 - key.at)};
    const char *second = rest.len == 0 ? NULL : memchr(rest.at, '/', rest.len);
    return (struct str){rest.at, second == NULL ? rest.len : (size_t)(second - rest.at)};
}

const ProtobufCMessageDescriptor *decode_descriptor(struct str topic, struct str key)
{
    static const struct {
        const char *topic;
        const char *key_kind;
        const ProtobufCMessageDescriptor *descriptor;
    } records[] = {
#define RECORD(topic, key_kind, message) {topic, key_kind, &shouwang__v1__##message##__descriptor},
#include "wire/records.def"
#undef RECORD
    };
    struct str kind = key_kind(key);
    if (str_starts(topic, STR_LITERAL("feed."))) {
        return &shouwang__v1__feed_entry__descriptor;
    }
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        if (str_is(topic, records[i].topic) &&
            (records[i].key_kind[0] == '\0' || str_is(kind, records[i].key_kind))) {
            return records[i].descriptor;
        }
    }
    return NULL;
}
