/* The command line of every service: --config, --set, --help, --check-config, --dump-config. */
#include "io/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MAX = 128, FILE_MAX_BYTES = 256 * 1024, ERRORS_MAX_BYTES = 64 * 1024 };

enum wish { WISH_RUN, WISH_HELP, WISH_CHECK, WISH_DUMP };

struct arguments {
    const char *file;
    const char *settings[SETTINGS_MAX + 1];
    size_t setting_count;
    enum wish wish;
};

static bool take_flag(struct arguments *arguments, const char *argument)
{
    if (strcmp(argument, "--help") == 0) {
        arguments->wish = WISH_HELP;
    } else if (strcmp(argument, "--check-config") == 0) {
        arguments->wish = WISH_CHECK;
    } else if (strcmp(argument, "--dump-config") == 0) {
        arguments->wish = WISH_DUMP;
    } else {
        return false;
    }
    return true;
}

static bool take_arguments(int argc, char **argv, struct arguments *ret_arguments)
{
    for (int i = 1; i < argc; i++) {
        if (take_flag(ret_arguments, argv[i])) {
            continue;
        }
        bool is_config = strcmp(argv[i], "--config") == 0;
        bool is_set = strcmp(argv[i], "--set") == 0;
        if ((!is_config && !is_set) || i + 1 == argc) {
            fprintf(stderr, "%s: %s %s; try --help\n", argv[0],
                    is_config || is_set ? "a value must follow" : "unknown argument", argv[i]);
            return false;
        }
        i++;
        if (is_config) {
            ret_arguments->file = argv[i];
        } else if (ret_arguments->setting_count < SETTINGS_MAX) {
            ret_arguments->settings[ret_arguments->setting_count++] = argv[i];
        } else {
            fprintf(stderr, "%s: more than %d --set\n", argv[0], SETTINGS_MAX);
            return false;
        }
    }
    return true;
}

static void print_key(const struct config_key *key)
{
    static const char *const types[] = {"text",    "number",  "duration", "size",
                                        "boolean", "address", "choice",   "secret"};
    printf("  %-26s %s", key->name, types[key->type]);
    if (key->type == CONFIG_INT || key->type == CONFIG_SIZE) {
        printf(" %" PRId64 "..%" PRId64, key->min, key->max);
    } else if (key->type == CONFIG_DURATION) {
        printf(" %" PRId64 "ms..%" PRId64 "ms", key->min, key->max);
    }
    if (key->unit != NULL) {
        printf(" (%s)", key->unit);
    }
    printf(", %s%s%s\n      %s\n", key->initial == NULL ? "not set" : "default ",
           key->initial == NULL ? "" : key->initial, key->reloadable ? ", reloadable" : "",
           key->help);
}

static bool overrides(const struct config_table *table, const char *name)
{
    for (size_t i = 0; i < table->key_count; i++) {
        if (strcmp(table->keys[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void print_help(const struct config_table *table)
{
    printf("%s: %s\n\n"
           "Usage: %s [--config FILE] [--set key=value]... [--check-config | --dump-config]\n\n"
           "Keys; later sources win: default, FILE (key = value), environment (SW_HTTP_LISTEN for\n"
           "http.listen), --set:\n",
           table->program, table->summary, table->program);
    for (size_t i = 0; i < table->key_count; i++) {
        print_key(&table->keys[i]);
    }
    for (size_t i = 0; i < config_common_count; i++) {
        if (!overrides(table, config_common[i].name)) {
            print_key(&config_common[i]);
        }
    }
    printf("  kafka.*                    any librdkafka property, unchanged\n");
}

/* The whole file; ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
static int read_whole(const char *path, struct buffer *ret_text)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    char piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0) {
        buffer_add(ret_text, (struct str){piece, got});
    }
    int error = ferror(file) != 0 ? ERR_IO : ret_text->overflowed ? ERR_TOO_LARGE : 0;
    (void)fclose(file);
    return error;
}

static int load(const struct config_table *table, const struct arguments *arguments,
                struct buffer *ret_errors, struct config **ret_config)
{
    struct buffer text;
    buffer_init(&text, FILE_MAX_BYTES);
    int error = arguments->file == NULL ? 0 : read_whole(arguments->file, &text);
    if (error != 0) {
        buffer_format(ret_errors, "%s: %s\n", arguments->file, error_text(error));
    } else {
        error = config_parse(table, arguments->file, buffer_str(&text), arguments->settings,
                             ret_errors, ret_config);
    }
    buffer_fini(&text);
    return error;
}

static void print_dump(const struct config *config)
{
    struct buffer text;
    buffer_init(&text, FILE_MAX_BYTES);
    config_dump(config, &text);
    fwrite(text.bytes, 1, text.len, stdout);
    buffer_fini(&text);
}

enum config_wish config_load(const struct config_table *table, int argc, char **argv,
                             struct config **ret_config)
{
    struct arguments arguments = {.wish = WISH_RUN};
    if (!take_arguments(argc, argv, &arguments)) {
        return CONFIG_BAD;
    }
    if (arguments.wish == WISH_HELP) {
        print_help(table);
        return CONFIG_DONE;
    }
    struct buffer errors;
    buffer_init(&errors, ERRORS_MAX_BYTES);
    struct config *config = NULL;
    int error = load(table, &arguments, &errors, &config);
    if (error != 0) {
        fprintf(stderr, "%.*s", (int)errors.len, errors.len == 0 ? "" : errors.bytes);
        buffer_fini(&errors);
        return CONFIG_BAD;
    }
    buffer_fini(&errors);
    if (arguments.wish == WISH_RUN) {
        *ret_config = config;
        return CONFIG_RUN;
    }
    if (arguments.wish == WISH_DUMP) {
        print_dump(config);
    } else {
        printf("%s: the configuration is good\n", table->program);
    }
    config_free(config);
    return CONFIG_DONE;
}
