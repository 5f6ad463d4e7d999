/* One file of policies of a pack. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yaml_faults faults;
    static struct policy_set set;
    struct str content = {.at = (const char *)data, .len = size};
    const struct yaml_node *root = NULL;
    struct arena arena;
    faults.count = 0;
    arena_init(&arena, 64 * 1024 * 1024);
    if (yaml_parse("fuzz.yaml", content, &arena, &faults, &root) == 0) {
        bool good = pack_read_policies(&root, 1, &arena, &faults, &set);
        sw_assert(good == (faults.count == 0));
    }
    arena_fini(&arena);
    return 0;
}
