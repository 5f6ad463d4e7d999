/* JSON text into a message: what is read and passes the limits comes back from its own JSON as the same bytes. */
#include <stdint.h>

#include <shouwang/v1/event.pb-c.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ProtobufCMessage *read_text(struct str text, struct arena *arena)
{
    static const struct json_reader reader = {.unknown_fields = true};
    struct fault fault = {.reason = REJECT_NONE};
    struct json_t *json = NULL;
    ProtobufCMessage *message = json_new_message(&shouwang__v1__event__descriptor, arena);
    int error = json_parse_text(text, &fault, &json);
    if (error == 0) {
        error = json_read_message(json, &reader, arena, &fault, message);
    }
    if (error == 0) {
        error = decode_check(message, &fault);
    }
    sw_assert(error == 0 || fault.reason != REJECT_NONE);
    json_drop(json);
    return error == 0 ? message : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 16 << 20);
    ProtobufCMessage *message = read_text((struct str){(const char *)data, size}, &arena);
    if (message != NULL) {
        struct str first, second, text;
        sw_assert(encode_message(message, &arena, &first) == 0);
        sw_assert(json_write_message(message, 0, &arena, &text) == 0);
        ProtobufCMessage *again = read_text(text, &arena);
        sw_assert(again != NULL);
        sw_assert(encode_message(again, &arena, &second) == 0);
        sw_assert(str_equal(first, second));
    }
    arena_fini(&arena);
    return 0;
}
