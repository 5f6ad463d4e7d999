/* The frame of swctl: arguments, help, output. */
#include "ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "io/log.h"

enum { GLOBAL_MAX = 128 };

static const struct config_key keys[] = {
    {"intake.url", CONFIG_TEXT, "http://127.0.0.1:8080", 1, 500, NULL, false,
     "Where events are posted to."},
    {"intake.token", CONFIG_SECRET, NULL, 0, 512, NULL, false,
     "Bearer token of the sender, or @/path of a file."},
    {"keys.dir", CONFIG_TEXT, NULL, 1, 1000, NULL, false, "Folder of the key files."},
    {"actor", CONFIG_TEXT, NULL, 1, 64, NULL, false,
     "Person id in whose name commands are given; --as wins."},
    {"actor.role", CONFIG_TEXT, NULL, 1, 64, NULL, false, "Role acted in; --role wins."},
    {"kafka.timeout", CONFIG_DURATION, "30s", 100, 600000, NULL, false,
     "How long Kafka, or intake during an import, may stay away before a command gives up."},
};

const struct config_table ctl_config_table = {
    .program = "swctl",
    .summary = "administration of Shouwang",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0]),
};

enum ctl_exit ctl_fail(enum ctl_exit code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("swctl: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

void ctl_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

void ctl_say_lines(const struct ctl *ctl, const char *name, struct str lines)
{
    if (!ctl->json) {
        fwrite(lines.len == 0 ? "" : lines.at, 1, lines.len, stdout);
        return;
    }
    struct buffer text;
    buffer_init(&text, 64 << 20);
    buffer_format(&text, "{\"%s\": [", name);
    for (bool first = true; lines.len > 0; first = false) {
        const char *end = memchr(lines.at, '\n', lines.len);
        size_t len = end == NULL ? lines.len : (size_t)(end - lines.at);
        buffer_add_text(&text, first ? "" : ", ");
        buffer_add_json(&text, (struct str){lines.at, len});
        len += end == NULL ? 0 : 1;
        lines = (struct str){lines.at + len, lines.len - len};
    }
    buffer_add_text(&text, "]}");
    ctl_say("%.*s", (int)text.len, text.bytes);
    buffer_fini(&text);
}

int ctl_read_file(struct ctl *ctl, const char *path, size_t max_bytes, struct str *ret_text)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    struct buffer text;
    buffer_init(&text, max_bytes);
    char piece[16384];
    size_t got;
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0 && !text.overflowed) {
        buffer_add(&text, (struct str){piece, got});
    }
    int error = ferror(file) != 0 ? ERR_IO : text.overflowed ? ERR_TOO_LARGE : 0;
    if (!is_stdin) {
        (void)fclose(file);
    }
    if (error == 0) {
        *ret_text = arena_copy_str(&ctl->arena, buffer_str(&text));
        error = ret_text->at == NULL ? ERR_MEMORY : 0;
    }
    buffer_fini(&text);
    return error;
}

static size_t option_index(const struct ctl_command *command, const char *name)
{
    size_t i = 0;
    while (command->options != NULL && command->options[i].name != NULL) {
        if (strcmp(command->options[i].name, name) == 0) {
            return i;
        }
        i++;
    }
    return SIZE_MAX;
}

bool ctl_has_option(const struct ctl *ctl, const char *name)
{
    return option_index(ctl->command, name) != SIZE_MAX;
}

const char *ctl_option_at(const struct ctl *ctl, const char *name, size_t n)
{
    size_t index = option_index(ctl->command, name);
    sw_assert(index != SIZE_MAX);
    for (size_t i = 0; i < ctl->value_count; i++) {
        if (ctl->values[i].option == index && n-- == 0) {
            return ctl->values[i].text;
        }
    }
    return NULL;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
    const char *last = NULL;
    size_t n = 0;
    for (const char *value = ctl_option_at(ctl, name, n); value != NULL;
         value = ctl_option_at(ctl, name, ++n)) {
        last = value;
    }
    return last;
}

static void print_command_help(const struct ctl_command *command)
{
    printf("Usage: swctl %s%s%s%s\n\n%s\n", command->name, command->arguments[0] == '\0' ? "" : " ",
           command->arguments, command->options == NULL ? "" : " [OPTIONS]", command->help);
    for (const struct ctl_option *o = command->options; o != NULL && o->name != NULL; o++) {
        printf("  %s %-*s %s\n", o->name, (int)(22 - strlen(o->name)),
               o->value == NULL ? "" : o->value, o->help);
    }
}

static void print_help(void)
{
    printf("swctl: %s\n\n"
           "Usage: swctl [--config FILE] [--set key=value]... [--json] COMMAND ...\n\n"
           "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not available.\n"
           "swctl COMMAND --help tells more; swctl --help-config lists the keys.\n\nCommands:\n",
           ctl_config_table.summary);
    for (size_t i = 0; ctl_commands[i] != NULL; i++) {
        printf("  %-24s %s\n", ctl_commands[i]->name, ctl_commands[i]->help);
    }
}

/* The command whose words argv begins with; `ret_words` is how many they are. */
static const struct ctl_command *find_command(int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; ctl_commands[i] != NULL; i++) {
        const char *name = ctl_commands[i]->name;
        const char *space = strchr(name, ' ');
        size_t first = space == NULL ? strlen(name) : (size_t)(space - name);
        if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0) {
            continue;
        }
        if (space == NULL || (argc > 1 && strcmp(argv[1], space + 1) == 0)) {
            *ret_words = space == NULL ? 1 : 2;
            return ctl_commands[i];
        }
    }
    return NULL;
}

/* How many words the command wants at least and at most, from its arguments text. */
static void count_arguments(const char *arguments, size_t *ret_min, size_t *ret_max)
{
    *ret_min = 0;
    *ret_max = 0;
    static const char again[] = "\xe2\x80\xa6";
    for (const char *at = arguments; *at != '\0'; at = strchrnul(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        if (strncmp(at, again, sizeof(again) - 1) == 0) {
            *ret_max = CTL_WORDS_MAX;
            return;
        }
        *ret_min += *at != '[' ? 1 : 0;
        *ret_max += 1;
    }
}

static bool take_option(struct ctl *ctl, int argc, char **argv, int *at)
{
    size_t index = option_index(ctl->command, argv[*at]);
    if (index == SIZE_MAX) {
        (void)ctl_fail(CTL_USAGE, "%s has no option %s", ctl->command->name, argv[*at]);
        return false;
    }
    bool is_flag = ctl->command->options[index].value == NULL;
    if (ctl->value_count == CTL_VALUES_MAX || (!is_flag && *at + 1 == argc)) {
        (void)ctl_fail(CTL_USAGE, "%s wants a value, and at most %d options are taken", argv[*at],
                       CTL_VALUES_MAX);
        return false;
    }
    *at += is_flag ? 0 : 1;
    ctl->values[ctl->value_count++] = (struct ctl_value){index, is_flag ? "" : argv[*at]};
    return true;
}

static bool take_words(struct ctl *ctl, int argc, char **argv)
{
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && strcmp(argv[i], "--json") == 0) {
            ctl->json = true;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(ctl, argc, argv, &i)) {
                return false;
            }
        } else if (ctl->word_count < CTL_WORDS_MAX) {
            ctl->words[ctl->word_count++] = argv[i];
        }
    }
    size_t min;
    size_t max;
    count_arguments(ctl->command->arguments, &min, &max);
    if (ctl->word_count < min || ctl->word_count > max) {
        (void)ctl_fail(CTL_USAGE, "usage: swctl %s %s", ctl->command->name,
                       ctl->command->arguments);
        return false;
    }
    return true;
}

/* The number of the command's words; 0: there is no such command, as was told. */
static int take_command(struct ctl *ctl, int argc, char **argv)
{
    int words = 0;
    ctl->command = find_command(argc, argv, &words);
    if (ctl->command == NULL) {
        (void)ctl_fail(CTL_USAGE, "%s%s: see swctl --help",
                       argc == 0 ? "no command" : "no such command: ", argc == 0 ? "" : argv[0]);
    }
    return words;
}

bool ctl_parse(struct ctl *ctl, int argc, char **argv)
{
    int words = take_command(ctl, argc, argv);
    return words > 0 && take_words(ctl, argc - words, argv + words);
}

static int run_command(struct ctl *ctl, int argc, char **argv)
{
    int words = take_command(ctl, argc, argv);
    if (words == 0) {
        return CTL_USAGE;
    }
    for (int i = words; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_command_help(ctl->command);
            return CTL_OK;
        }
    }
    if (!take_words(ctl, argc - words, argv + words)) {
        return CTL_USAGE;
    }
    enum ctl_exit code = ctl->command->run(ctl);
    if (fflush(stdout) != 0) {
        code = ctl_fail(CTL_UNAVAILABLE, "cannot write: %s", strerror(errno));
    }
    return (int)code;
}

int ctl_main(int argc, char **argv)
{
    static struct ctl ctl; /* large; one per process */
    char *global[GLOBAL_MAX] = {argv[0]};
    int global_count = 1;
    int at = 1;
    while (at < argc && argv[at][0] == '-' && global_count + 1 < GLOBAL_MAX) {
        if (strcmp(argv[at], "--help") == 0) {
            print_help();
            return CTL_OK;
        }
        if (strcmp(argv[at], "--json") == 0) {
            ctl.json = true;
            at++;
            continue;
        }
        bool has_value = strcmp(argv[at], "--config") == 0 || strcmp(argv[at], "--set") == 0;
        bool is_help = strcmp(argv[at], "--help-config") == 0;
        global[global_count++] = is_help ? (char *)(uintptr_t) "--help" : argv[at];
        at++;
        if (has_value && at < argc) {
            global[global_count++] = argv[at++];
        }
    }
    struct config *config = NULL;
    enum config_wish wish = config_load(&ctl_config_table, global_count, global, &config);
    if (wish != CONFIG_RUN) {
        return wish == CONFIG_DONE ? CTL_OK : CTL_USAGE;
    }
    enum log_level level = LOG_LEVEL_WARN;
    bool known = log_level_parse(str_of(config_text(config, "log.level")), &level);
    sw_assert(known);
    log_init("swctl", level > LOG_LEVEL_WARN ? level : LOG_LEVEL_WARN);
    ctl.config = config;
    arena_init(&ctl.arena, CTL_ARENA_MAX_BYTES);
    int code = run_command(&ctl, argc - at, argv + at);
    arena_fini(&ctl.arena);
    config_free(config);
    return code;
}
