#include "wire/writer.h"

#include <string.h>

#include "base/error.h"
#include "wire/decode.h"

void *writer_take(struct writer *writer, size_t count, size_t element_bytes)
{
    void *taken =
        writer->error != 0 ? NULL : arena_alloc_array(writer->arena, count, element_bytes);
    if (taken == NULL && writer->error == 0) {
        writer->error = ERR_MEMORY;
    }
    return taken;
}

char *writer_text(struct writer *writer, struct str text)
{
    char *copy = writer_take(writer, text.len + 1, 1);
    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return copy;
}

char **writer_texts(struct writer *writer, const struct str *texts, size_t count)
{
    char **copies = writer_take(writer, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = writer_text(writer, texts[i]);
    }
    return copies;
}

ProtobufCBinaryData writer_bytes(struct writer *writer, struct str bytes)
{
    uint8_t *copy = bytes.len > 0 ? writer_take(writer, bytes.len, 1) : NULL;
    if (copy == NULL) {
        return (ProtobufCBinaryData){0, NULL};
    }
    memcpy(copy, bytes.at, bytes.len);
    return (ProtobufCBinaryData){bytes.len, copy};
}

ProtobufCBinaryData writer_ident(struct writer *writer, struct ident id)
{
    return ident_is_none(id) ? (ProtobufCBinaryData){0, NULL}
                             : writer_bytes(writer, ident_part(&id));
}

ProtobufCBinaryData *writer_idents(struct writer *writer, const struct ident *ids, size_t count)
{
    ProtobufCBinaryData *copies = writer_take(writer, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = writer_bytes(writer, ident_part(&ids[i]));
    }
    return copies;
}

Shouwang__V1__Sealed *writer_sealed(struct writer *writer, struct str sealed)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;
    if (sealed.len == 0 || writer->error != 0) {
        return NULL;
    }
    writer->error =
        decode_message(&shouwang__v1__sealed__descriptor, sealed, writer->arena, &fault, &message);
    return (Shouwang__V1__Sealed *)message;
}
