/* A sealed value as it lies in a record: read, and opened with keys that are not its own. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "io/seal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[SEAL_KEY_BYTES] = {1};
    struct arena arena;
    struct sealed sealed;
    static struct seal_recipient recipient;
    sw_assert(seal_init() == 0);
    seal_recipient_init(&recipient, key);
    arena_init(&arena, 64 * 1024 * 1024);
    if (sealed_decode((struct str){(const char *)data, size}, &arena, &sealed) == 0) {
        const struct seal_layers layers = {.key_class = sealed.key_class,
                                           .key_id = sealed.key_id,
                                           .erasure_id = sealed.erasure_id,
                                           .erasure_key = key};
        struct str plain;
        struct str again;
        sw_assert(seal_open(&recipient, &layers, &sealed, &arena, &plain) != 0);
        sw_assert(sealed_encode(&sealed, &arena, &again) == 0);
    }
    arena_fini(&arena);
    return 0;
}
