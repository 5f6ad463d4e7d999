/* JSON text as the fields of an event's record, as a person's tool would give it. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/json.h"

#include <shouwang/v1/event.pb-c.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {.at = (const char *)data, .len = size};
    struct fault fault;
    struct json_t *json = NULL;
    if (json_parse_text(text, &fault, &json) != 0) {
        return 0;
    }
    const struct json_reader reader = {.unknown_fields = true};
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    ProtobufCMessage *message = json_new_message(&shouwang__v1__event__descriptor, &arena);
    sw_assert(message != NULL);
    if (json_read_message(json, &reader, &arena, &fault, message) == 0 &&
        decode_check(message, &fault) == 0) {
        struct str bytes;
        sw_assert(encode_message(message, &arena, &bytes) == 0);
        sw_assert(
            decode_message(&shouwang__v1__event__descriptor, bytes, &arena, &fault, &message) == 0);
    }
    json_drop(json);
    arena_fini(&arena);
    return 0;
}
