/* An iCalendar file as a roster: whatever is read is a good roster, and makes the way back. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/roster_ical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool find_person(void *ctx, struct str address, struct arena *arena, struct str *ret_id)
{
    (void)ctx;
    (void)address;
    (void)arena;
    *ret_id = STR_LITERAL("p-1");
    return true;
}

static bool find_campus(void *ctx, struct str text, struct arena *arena, struct str *ret_id)
{
    (void)ctx;
    (void)text;
    (void)arena;
    *ret_id = STR_LITERAL("east");
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zone_offset china = {0, 28800};
    static struct yaml_faults faults;
    const struct roster_ical_names names = {find_person, find_campus, NULL};
    const struct roster_ical file = {.path = "f",
                                     .content = {(const char *)data, size},
                                     .unit = STR_LITERAL("s1"),
                                     .role = STR_LITERAL("duty_leader"),
                                     .zone = {&china, 1}};
    struct arena arena;
    struct roster roster;
    struct str text;
    arena_init(&arena, 256 << 20);
    faults.count = 0;
    if (roster_ical_read(&file, &names, &arena, &faults, &roster) == 0) {
        sw_assert(roster_fault(&roster) == NULL);
        if (roster_ical_write(&roster, &file.zone, INT64_C(1764000000000), &arena, &text) == 0) {
            sw_assert(text.len > 0);
        }
    }
    arena_fini(&arena);
    return 0;
}
