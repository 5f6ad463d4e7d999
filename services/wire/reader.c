#include "wire/reader.h"

#include <string.h>

#include "wire/decode.h"

struct str reader_bytes(ProtobufCBinaryData bytes)
{
    return (struct str){(const char *)bytes.data, bytes.len};
}

struct ident reader_ident(ProtobufCBinaryData bytes)
{
    struct ident id = {{0}};
    if (bytes.len == IDENT_BYTES) {
        memcpy(id.bytes, bytes.data, IDENT_BYTES);
    }
    return id;
}

int reader_sealed(const Shouwang__V1__Sealed *sealed, struct arena *arena, struct str *ret_sealed)
{
    if (sealed == NULL) {
        *ret_sealed = STR_LITERAL("");
        return 0;
    }
    return encode_message(&sealed->base, arena, ret_sealed);
}
