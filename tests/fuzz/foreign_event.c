/* A record that a foreign producer wrote to a topic of events: the first byte chooses the family, the rest is protobuf. It
 * is checked as strictly as a body over HTTP. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1795478400000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    enum event_family family = (enum event_family)(EVENT_FAMILY_SCREENING + data[0] % 3);
    struct str bytes = {.at = (const char *)data + 1, .len = size - 1};
    struct arena arena;
    struct fault fault;
    ProtobufCMessage *message = NULL;
    arena_init(&arena, 64 * 1024 * 1024);
    if (decode_message(&shouwang__v1__event__descriptor, bytes, &arena, &fault, &message) == 0) {
        const Shouwang__V1__Event *record = (const Shouwang__V1__Event *)message;
        struct event event;
        if (event_check(record, NOW_MS, &fault) == 0 &&
            event_check_foreign(record, family, NULL, &fault) == 0) {
            sw_assert(event_to_core(record, family, NOW_MS, &arena, &event) == 0);
        }
    }
    arena_fini(&arena);
    return 0;
}
