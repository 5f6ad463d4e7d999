/* A template of a pack, checked for its audience and rendered with every field filled in. */
#include <stdint.h>

#include "base/assert.h"
#include "core/disclose/disclose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disclose_file files[] = {
        {STR_LITERAL("templates/zh/step.sms.duty.mustache"), {(const char *)data, size}},
        {STR_LITERAL("templates/zh/words.txt"), {(const char *)data, size}},
        {STR_LITERAL("templates/zh/_head.mustache"), {(const char *)data, size}}};
    struct disclose_fault fault = {.text = ""};
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    /* The file alone as each of the three, then all together. */
    for (size_t i = 0; i < 4; i++) {
        struct disclose *disclose = NULL;
        size_t from = i < 3 ? i : 0;
        int error = disclose_load(&arena, &files[from], i < 3 ? 1 : 3, &fault, &disclose);
        sw_assert(error != ERR_INVALID || fault.text[0] != '\0');
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return 0;
}
