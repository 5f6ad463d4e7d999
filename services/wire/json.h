/* The one mapper between JSON and protobuf messages, driven by the descriptors; serves intake, swctl, console, simulator.
 *
 * Names are the fields' own (snake_case). Enum values are their short names in lower case ("on_campus"). Ids (bytes that
 * wire/limits.def calls ids) are hexadecimal, other bytes base64. 64-bit integers are numbers, or texts of digits. A
 * field `<x>_ms` that counts from the epoch also answers to `<x>` with an RFC 3339 text and its offset. null is "not
 * given". A Sealed field takes the clear content, which the caller seals; in output it is {"sealed":"contact"}. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "wire/fault.h"

struct json_t; /* jansson's */
struct Shouwang__V1__Sealed;

enum { JSON_TEXT_MAX_BYTES = 4 * 1024 * 1024, JSON_NESTING_MAX = 32 };

/* Parses an object or array: strict UTF-8 (no NUL, not even escaped), no member twice, nesting and size bounded, nothing
 * behind it. The caller gives `ret_json` back with json_drop. ERR_INVALID: `ret_fault` has the byte; ERR_MEMORY. */
SW_NODISCARD int json_parse_text(struct str text, struct fault *ret_fault,
                                 struct json_t **ret_json);

/* The bytes of a JSON text or member, borrowed; at == NULL: not a text. */
struct str json_text_of(const struct json_t *json);

/* Elements of an array, borrowed; false for anything else. For callers without jansson's header. */
bool json_array_of(const struct json_t *json, size_t *ret_count);
const struct json_t *json_element(const struct json_t *array, size_t index);

/* A member of an object, borrowed; NULL: none, or no object. */
const struct json_t *json_member(const struct json_t *object, const char *name);

/* A whole number; false for anything else. */
bool json_integer_of(const struct json_t *json, int64_t *ret_number);

/* The bytes of a value written without spaces. */
size_t json_compact_bytes(const struct json_t *json);

/* Gives the caller's reference back (json_decref without the header). NULL is fine. */
void json_drop(struct json_t *json);

/* What becomes of members that are no plain fields. Each may be NULL; an error it answers ends the reading (with
 * ERR_INVALID it has filled the fault's reason, and the path is put before). */
struct json_reader {
    /* A Sealed field was given; `value` is its clear content, a text in most fields, and lives as long as the JSON.
     * `slot` is where the sealed value belongs, now or later. NULL: REJECT_SEALED_NOT_ALLOWED. */
    int (*sealed)(void *ctx, const ProtobufCFieldDescriptor *field, const struct json_t *value,
                  struct Shouwang__V1__Sealed **slot, struct fault *ret_fault);
    /* The message has no field of that name. `value` is borrowed. NULL: REJECT_UNKNOWN_FIELD. */
    int (*unknown)(void *ctx, ProtobufCMessage *message, const char *name, struct json_t *value,
                   struct fault *ret_fault);
    void *ctx;
    bool
        unknown_fields; /* takes "_unknown", the protobuf fields that json_write_message has shown, back */
};

/* Fills `message`, which the caller has initialised, from a JSON object. Everything made lies in `arena`. Texts are
 * copied. The limits of wire/limits.def are the caller's next step (decode_check). ERR_INVALID with the place,
 * ERR_MEMORY. */
SW_NODISCARD int json_read_message(const struct json_t *object, const struct json_reader *reader,
                                   struct arena *arena, struct fault *ret_fault,
                                   ProtobufCMessage *message);

/* An initialised message of the descriptor's kind in `arena`, or NULL. */
ProtobufCMessage *json_new_message(const ProtobufCMessageDescriptor *descriptor,
                                   struct arena *arena);

enum json_write_flags {
    JSON_WRITE_TIMES =
        1, /* `<x>_ms` since the epoch as `<x>` with RFC 3339 text in UTC, for people */
    JSON_WRITE_ZEROS = 2,  /* also fields that are not given, but for messages */
    JSON_WRITE_INDENT = 4, /* lines, indented by two */
};

/* The message as JSON text in `arena`, NUL behind it. Unknown enum values are numbers; unknown protobuf fields are shown
 * as "_unknown": [{"tag", "wire_type", "data" (base64)}]. ERR_MEMORY. */
SW_NODISCARD int json_write_message(const ProtobufCMessage *message, unsigned flags,
                                    struct arena *arena, struct str *ret_text);

/* The same as a tree of jansson, the caller's (json_drop); NULL: memory is out. */
struct json_t *json_of_message(const ProtobufCMessage *message, unsigned flags);

/* "2026-11-24T08:00:00.123+08:00" -> ms of UTC since the epoch; 'T', 'Z' in either case; a leap second counts as the
 * next one's start; digits beyond milliseconds are cut. False: not RFC 3339 with an offset, or not a day. */
bool json_parse_time(struct str text, int64_t *ret_ms);

enum { JSON_TIME_BYTES = 25 };

/* "2026-11-24T00:00:00.123Z" and a NUL; years 0..9999 (asserted). */
void json_format_time(int64_t utc_ms, char ret_text[JSON_TIME_BYTES]);

#endif
