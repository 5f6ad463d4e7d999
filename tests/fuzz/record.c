/* A record of any topic: the first byte chooses the message, the rest is its bytes. What is accepted can be written again
 * and is then the same, also as JSON for people. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/json.h"

#include <shouwang/v1/alert.pb-c.h>
#include <shouwang/v1/callback.pb-c.h>
#include <shouwang/v1/case.pb-c.h>
#include <shouwang/v1/command.pb-c.h>
#include <shouwang/v1/county.pb-c.h>
#include <shouwang/v1/directory.pb-c.h>
#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/keys.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/receipt.pb-c.h>
#include <shouwang/v1/reject.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>
#include <shouwang/v1/state.pb-c.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const messages[] = {
#define RECORD(topic, key_kind, message) &shouwang__v1__##message##__descriptor,
#include "wire/records.def"
#undef RECORD
};

static void read_back(const ProtobufCMessageDescriptor *descriptor, const ProtobufCMessage *first,
                      struct arena *arena)
{
    struct str bytes;
    struct str again;
    struct str text;
    struct fault fault;
    ProtobufCMessage *second = NULL;
    sw_assert(encode_message(first, arena, &bytes) == 0);
    sw_assert(decode_message(descriptor, bytes, arena, &fault, &second) == 0);
    sw_assert(encode_message(second, arena, &again) == 0);
    sw_assert(str_equal(bytes, again));
    sw_assert(json_write_message(second, JSON_WRITE_TIMES | JSON_WRITE_INDENT, arena, &text) == 0);
    sw_assert(str_is_utf8(text, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *descriptor =
        messages[data[0] % (sizeof(messages) / sizeof(messages[0]))];
    struct str bytes = {.at = (const char *)data + 1, .len = size - 1};
    struct arena arena;
    struct fault fault;
    ProtobufCMessage *message = NULL;
    arena_init(&arena, 64 * 1024 * 1024);
    if (decode_message(descriptor, bytes, &arena, &fault, &message) == 0) {
        read_back(descriptor, message, &arena);
    } else {
        char line[512];
        sw_assert(fault.reason != REJECT_NONE && fault_format(&fault, line, sizeof(line)) > 0);
    }
    arena_fini(&arena);
    return 0;
}
