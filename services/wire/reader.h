/* From checked protobuf messages to core values; counterparts of wire/writer. */
#ifndef WIRE_READER_H
#define WIRE_READER_H

#include <shouwang/v1/sealed.pb-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"

/* Borrowed. */
struct str reader_bytes(ProtobufCBinaryData bytes);

/* The id; none for anything but 16 bytes. */
struct ident reader_ident(ProtobufCBinaryData bytes);

/* The encoded bytes of a sealed value, in `arena`; empty for NULL. ERR_MEMORY, ERR_TOO_LARGE. */
SW_NODISCARD int reader_sealed(const Shouwang__V1__Sealed *sealed, struct arena *arena,
                               struct str *ret_sealed);

#endif
