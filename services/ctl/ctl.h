/* swctl: one table of commands, each a row with its options, help and function.
 *
 * A command reports an outcome, not a sending, on stdout, as text or with --json as one JSON object per line; what went
 * wrong goes to stderr. Its exit code says it again. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "io/buffer.h"
#include "io/config.h"

enum ctl_exit {
    CTL_OK = 0,
    CTL_REFUSED = 1, /* the answer is no: refused, not found, differences found, does not verify */
    CTL_USAGE = 2,
    CTL_UNAVAILABLE = 3 /* Kafka or a service is away, or its answer did not come in time */
};

enum {
    CTL_OPTIONS_MAX = 16,
    CTL_VALUES_MAX = 64,
    CTL_WORDS_MAX = 4096,
    CTL_ARENA_MAX_BYTES = 1 << 30
};

struct ctl_option {
    const char *name;  /* "--performed-at"; NULL ends the table */
    const char *value; /* "TIME"; NULL: a flag */
    const char *help;
};

struct ctl;

struct ctl_command {
    const char *name; /* "ack", "case show" */
    const char *
        arguments; /* "CASE OBLIGATION"; a last one in brackets may be left out, "…" may be repeated */
    const char *help;                 /* one sentence */
    const struct ctl_option *options; /* may be NULL */
    enum ctl_exit (*run)(struct ctl *ctl);
};

/* All of them, in the order of the help; ends with name == NULL. */
extern const struct ctl_command *const ctl_commands[];

/* What swctl understands of configuration. */
extern const struct config_table ctl_config_table;

struct ctl_value {
    size_t option; /* index in the command's table */
    const char *text;
};

struct ctl {
    const struct config *config;
    const struct ctl_command *command;
    bool json;
    struct arena arena;               /* for the whole run */
    const char *words[CTL_WORDS_MAX]; /* the positional arguments */
    size_t word_count;
    struct ctl_value values[CTL_VALUES_MAX];
    size_t value_count;
};

/* The whole program. */
int ctl_main(int argc, char **argv);

/* Reads a command line without the program's own options into `ctl`, which begins zeroed but for what the command is to
 * have. False: it is none; told on stderr. */
bool ctl_parse(struct ctl *ctl, int argc, char **argv);

/* Whether the command has such an option. */
bool ctl_has_option(const struct ctl *ctl, const char *name);

/* The last value of an option, NULL when it was not given ("" for a flag). Asking for one that the command has not is a
 * bug. */
const char *ctl_option(const struct ctl *ctl, const char *name);

/* The n-th value of a repeated option, NULL behind the last. */
const char *ctl_option_at(const struct ctl *ctl, const char *name, size_t n);

/* A line on stderr, "swctl: …", and the code back. */
__attribute__((format(printf, 2, 3))) enum ctl_exit ctl_fail(enum ctl_exit code, const char *format,
                                                             ...);

/* A line on stdout. */
__attribute__((format(printf, 1, 2))) void ctl_say(const char *format, ...);

/* Several lines on stdout: as they are, or with --json as {"name": ["line", …]}. */
void ctl_say_lines(const struct ctl *ctl, const char *name, struct str lines);

/* A whole file in the arena, "-" is stdin; ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO, ERR_MEMORY. */
SW_NODISCARD int ctl_read_file(struct ctl *ctl, const char *path, size_t max_bytes,
                               struct str *ret_text);

#endif
