/* A YAML file: every node of the tree is read as each type. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct yaml_faults faults;

static void read_scalar(const struct yaml_node *node)
{
    static const char *const words[] = {"voice", "sms", "wecom"};
    struct str text;
    int64_t number;
    uint32_t percent;
    size_t index;
    bool is;
    (void)yaml_read_text(node, 100, &faults, &text);
    (void)yaml_read_id(node, true, &faults, &text);
    (void)yaml_read_int64(node, -5, 1000, &faults, &number);
    (void)yaml_read_bool(node, &faults, &is);
    (void)yaml_read_duration_ms(node, 0, 86400000, &faults, &number);
    (void)yaml_read_percent(node, &faults, &percent);
    (void)yaml_read_choice(node, words, 3, &faults, &index);
}

/* The tree is at most YAML_DEPTH_MAX deep. */
static void read_node(const struct yaml_node *node)
{
    const struct yaml_node *value;
    const struct yaml_node *items;
    size_t count;
    const struct yaml_key keys[] = {{"id", true, &value}};
    read_scalar(node);
    (void)yaml_read_mapping(node, keys, 1, &faults);
    (void)yaml_read_list(node, true, 64, &faults, &items, &count);
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_MAPPING) {
            read_node(&node->pairs[i].value);
        } else {
            read_node(&node->items[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str content = {.at = (const char *)data, .len = size};
    const struct yaml_node *root = NULL;
    struct arena arena;
    faults.count = 0;
    arena_init(&arena, 64 * 1024 * 1024);
    if (yaml_parse("fuzz.yaml", content, &arena, &faults, &root) == 0) {
        sw_assert(faults.count == 0);
        read_node(root);
    } else {
        sw_assert(faults.count > 0);
    }
    arena_fini(&arena);
    return 0;
}
