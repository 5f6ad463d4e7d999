/* Records of every topic: bytes -> a checked protobuf message, and back. Every service takes its records through here.
 *
 * protobuf-c itself accepts invalid UTF-8, embedded NUL, unknown enum values and any number of anything. decode_message
 * accepts a message only when each string is well-formed UTF-8 without NUL, each length, count, alphabet and range is
 * inside wire/limits.def (a field without a row: text at most 256 bytes, bytes at most 64 KiB, 256 elements), and each
 * enum value is known, but for the enums listed there as open: an unknown value of those is kept, and read as "unknown".
 * Unknown fields are kept and survive encode_message. */
#ifndef WIRE_DECODE_H
#define WIRE_DECODE_H

#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "wire/fault.h"

enum { DECODE_RECORD_MAX_BYTES = 1024 * 1024 };

/* Decodes one record. The message lies in `arena`, borrows nothing from `bytes`, and is never freed by itself. It takes
 * some 5 times the record's bytes of the arena, up to 30 times where a record is made of very short parts.
 * ERR_INVALID: refused, see `ret_fault` (a record that unfolds beyond the arena's bound is REJECT_TOO_LARGE);
 * ERR_MEMORY: the heap is empty, try again later. Outputs are untouched when they do not apply.
 *
 *     ProtobufCMessage *message;
 *     int error = decode_message(&shouwang__v1__event__descriptor, value, &arena, &fault, &message);
 *     const Shouwang__V1__Event *event = (const Shouwang__V1__Event *)message; */
SW_NODISCARD int decode_message(const ProtobufCMessageDescriptor *descriptor, struct str bytes,
                                struct arena *arena, struct fault *ret_fault,
                                ProtobufCMessage **ret_message);

/* The same checks on a message made in memory (strings cannot hold a NUL then). ERR_INVALID. */
SW_NODISCARD int decode_check(const ProtobufCMessage *message, struct fault *ret_fault);

/* The bytes of a message, in `arena`; deterministic for equal messages. ERR_TOO_LARGE: more than
 * DECODE_RECORD_MAX_BYTES; ERR_MEMORY: the arena is full. */
SW_NODISCARD int encode_message(const ProtobufCMessage *message, struct arena *arena,
                                struct str *ret_bytes);

/* What a record of a topic is, by the topic's name without prefix and version ("events.incident", "cases") and its key
 * (compacted topics hold several kinds); NULL: not known. For tools that show any topic. */
const ProtobufCMessageDescriptor *decode_descriptor(struct str topic, struct str key);

#endif
