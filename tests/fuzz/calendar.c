/* One file of calendars of a pack; what loads is asked. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/pack_calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yaml_faults faults;
    const struct str content = {.at = (const char *)data, .len = size};
    const struct yaml_node *root = NULL;
    struct calendar calendar;
    struct arena arena;
    faults.count = 0;
    arena_init(&arena, 64 * 1024 * 1024);
    if (yaml_parse("fuzz.yaml", content, &arena, &faults, &root) == 0) {
        int error = pack_read_calendars(&root, 1, &arena, &faults, &calendar);
        sw_assert((error == 0) == (faults.count == 0) || error == ERR_MEMORY);
        if (error == 0) {
            int64_t next = calendar_step(&calendar, (int64_t)size, 3);
            sw_assert(next > (int64_t)size && next <= (int64_t)size + CALENDAR_SEARCH_DAYS);
        }
    }
    arena_fini(&arena);
    return 0;
}
