/* A file of a pack's examples: what loads has events in the order of their times, and lines within the bound. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/example.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough to tell texts apart. */
static void mix(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES])
{
    memset(ret_hash, 0, IDENT_BYTES);
    for (size_t i = 0; i < len; i++) {
        ret_hash[i % IDENT_BYTES] ^= ((const uint8_t *)bytes)[i];
    }
}

static void look(const struct example *example)
{
    sw_assert(example->line_count <= EXAMPLE_LINES_MAX);
    sw_assert(example->from_ms <= example->until_ms);
    for (size_t i = 0; i < example->step_count; i++) {
        const struct example_step *step = &example->steps[i];
        sw_assert(i == 0 || step->at_ms >= example->steps[i - 1].at_ms);
        sw_assert(step->is_answer || (step->event.unit.len > 0 && step->event.reported_ms > 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yaml_faults faults;
    struct str content = {.at = (const char *)data, .len = size};
    struct example_file file = {.org = NULL};
    struct arena arena;
    faults.count = 0;
    arena_init(&arena, 64 * 1024 * 1024);
    int error = example_read("fuzz.yaml", content, mix, &arena, &faults, &file);
    sw_assert((error == 0) == (faults.count == 0) || error == ERR_MEMORY);
    for (size_t i = 0; i < file.count; i++) {
        look(&file.examples[i]);
    }
    org_free(file.org);
    arena_fini(&arena);
    return 0;
}
