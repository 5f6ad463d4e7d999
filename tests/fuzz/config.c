/* A configuration file. No secret is in the table: one that begins with @ reads the file that the input names. */
#include <stdint.h>

#include "io/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config_key keys[] = {
    {.name = "text", .type = CONFIG_TEXT, .max = 64, .help = "A text."},
    {.name = "number",
     .type = CONFIG_INT,
     .initial = "5",
     .min = -3,
     .max = 12,
     .help = "A number."},
    {.name = "wait", .type = CONFIG_DURATION, .initial = "5s", .max = 90000, .help = "A duration."},
    {.name = "room", .type = CONFIG_SIZE, .initial = "1MiB", .max = 1 << 30, .help = "A size."},
    {.name = "on", .type = CONFIG_BOOL, .initial = "true", .help = "A switch."},
    {.name = "where", .type = CONFIG_ADDRESS, .help = "An address."},
};
static const struct config_table table = {.program = "fuzz",
                                          .summary = "A table of each type.",
                                          .keys = keys,
                                          .key_count = sizeof(keys) / sizeof(keys[0])};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer text;
    buffer_init(&text, 1024 * 1024);
    struct config *config = NULL;
    struct str file = {.at = (const char *)data, .len = size};
    if (config_parse(&table, "fuzz.conf", file, NULL, &text, &config) == 0) {
        config_dump(config, &text);
        config_free(config);
    }
    buffer_fini(&text);
    return 0;
}
