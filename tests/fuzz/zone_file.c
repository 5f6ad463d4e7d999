/* A time-zone file. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/zone_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct zone zone;
    arena_init(&arena, 1024 * 1024);
    if (zone_file_parse((struct str){(const char *)data, size}, &arena, &zone) == 0) {
        sw_assert(zone.count >= 1);
        for (size_t i = 1; i < zone.count; i++) {
            sw_assert(zone.offsets[i].from_ms > zone.offsets[i - 1].from_ms);
        }
    }
    arena_fini(&arena);
    return 0;
}
