/* What a provider says to the notifier: a callback, and the answer to a send. */
#include <stdint.h>

#include "base/assert.h"
#include "core/notice/life.h"
#include "wire/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    struct provider_callback callback;
    struct fault fault;
    struct arena arena;
    arena_init(&arena, 4 * 1024 * 1024);
    int error = provider_decode_callback(body, &arena, &fault, &callback);
    sw_assert(error == 0 || error == ERR_INVALID);
    if (error == 0) {
        sw_assert(callback.ref.len > 0 && callback.ref.len <= PROVIDER_REF_MAX_BYTES);
        sw_assert(callback.digits.len <= PROVIDER_DIGITS_MAX_BYTES);
        enum case_delivery word = notice_word(callback.state, callback.digits);
        sw_assert(word == CASE_DELIVERY_NONE ||
                  (word >= CASE_DELIVERY_DELIVERED && word <= CASE_DELIVERY_FAILED));
    }
    struct provider_reply reply = provider_decode_reply(body, &arena);
    sw_assert(reply.message_id.len <= PROVIDER_MESSAGE_ID_MAX_BYTES && reply.retry_after_ms >= -1);
    arena_fini(&arena);
    return 0;
}
