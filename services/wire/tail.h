/* Protobuf records written from their end to their beginning, straight from our own values: the length of a message inside
 * another is known once it is written, so that nothing is built, measured or copied first. For the few records that are written
 * for every input; all others go through wire/writer.h, a tenth as fast and half as long to read.
 *
 * A field is written only when it is not its default, and fields from the highest number down, as their readers then see them
 * ascending: that is byte for byte what protobuf-c writes. */
#ifndef WIRE_TAIL_H
#define WIRE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"

/* A value type; what is written lies between `at` and `end`. */
struct tail {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool is_full; /* there was no room: nothing that was written counts */
};

/* Writes the fields of one message; has no effects but on the tail, and may be called again with more room. */
typedef void (*tail_write_fn)(struct tail *tail, const void *record);

/* The record's bytes, in `arena`. ERR_TOO_LARGE: more than DECODE_RECORD_MAX_BYTES; ERR_MEMORY. */
SW_NODISCARD int tail_encode(tail_write_fn write, const void *record, struct arena *arena,
                             struct str *ret_value);

/* uint32, uint64, int64, bool and enums. */
void tail_number(struct tail *tail, unsigned field, uint64_t value);

/* string and bytes; an ident of zeros is not written. */
void tail_text(struct tail *tail, unsigned field, struct str text);
void tail_ident(struct tail *tail, unsigned field, struct ident id);

/* One of a repeated field, or a message that was encoded before: written though it is empty. */
void tail_bytes(struct tail *tail, unsigned field, struct str bytes);

/* Around the fields of a message inside: what tail_mark answered before them goes to tail_message after. */
uint8_t *tail_mark(const struct tail *tail);
void tail_message(struct tail *tail, unsigned field, const uint8_t *mark);

#endif
