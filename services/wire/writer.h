/* Building protobuf messages in an arena. The first failure stays, and everything after it does nothing: callers check
 * `error` once, at the end, and only whether what they index was given. */
#ifndef WIRE_WRITER_H
#define WIRE_WRITER_H

#include <stddef.h>

#include <shouwang/v1/sealed.pb-c.h>

#include "base/arena.h"
#include "base/ident.h"
#include "base/str.h"

struct writer {
    struct arena *arena;
    int error;
};

/* Zeroed elements, or NULL. */
void *writer_take(struct writer *writer, size_t count, size_t element_bytes);

/* A copy with a NUL behind it; protobuf's own empty text for an empty one. Never NULL without an error. */
char *writer_text(struct writer *writer, struct str text);
char **writer_texts(struct writer *writer, const struct str *texts, size_t count);

/* Copies. An ident of zeros gives no bytes. */
ProtobufCBinaryData writer_bytes(struct writer *writer, struct str bytes);
ProtobufCBinaryData writer_ident(struct writer *writer, struct ident id);
ProtobufCBinaryData *writer_idents(struct writer *writer, const struct ident *ids, size_t count);

/* An encoded Sealed as the message it is; NULL for an empty one. A value that does not decode is ERR_INVALID. */
Shouwang__V1__Sealed *writer_sealed(struct writer *writer, struct str sealed);

/* A repeated message field: `count` messages set by `init`, in `messages` and, one after the other, in `bodies`. */
#define WRITER_MESSAGES(writer, number, type, init)                                                \
    type **messages = writer_take((writer), (number), sizeof(*messages));                          \
    type *bodies = writer_take((writer), (number), sizeof(*bodies));                               \
    for (size_t each = 0; bodies != NULL && messages != NULL && each < (number); each++) {         \
        init(&bodies[each]);                                                                       \
        messages[each] = &bodies[each];                                                            \
    }

#endif
