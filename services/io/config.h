/* One table of keys per service drives parsing, validation, --help, --check-config, --dump-config and `show config`.
 *
 * Sources, later ones win: defaults, `--config FILE` ("key = value" lines, # comments), the environment
 * (SW_KEY_WITH_UNDERSCORES), `--set key=value`. An unknown key is an error that names the nearest known one. Keys that
 * begin with one of the table's prefixes ("kafka.") are kept as they are (in the environment SW_KAFKA_SASL_MECHANISM
 * is kafka.sasl.mechanism). The result never changes; a reload builds another one. */
#ifndef IO_CONFIG_H
#define IO_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/address.h"
#include "io/buffer.h"

enum config_type {
    CONFIG_TEXT,     /* min..max is its length in bytes */
    CONFIG_INT,      /* min..max */
    CONFIG_DURATION, /* "90s", "250ms"; min..max in milliseconds */
    CONFIG_SIZE,     /* "64KiB", "16MiB", "4096"; min..max in bytes */
    CONFIG_BOOL,     /* true or false */
    CONFIG_ADDRESS,  /* see io/address.h */
    CONFIG_CHOICE,   /* one of `unit`, "fast|stock" */
    CONFIG_SECRET    /* text that no dump shows; "@/path" is read from that file */
};

struct config_key {
    const char *name; /* "http.listen" */
    enum config_type type;
    const char *initial; /* the default as it would be written; NULL: not set (allowed) */
    int64_t min;
    int64_t max;
    const char *unit; /* for people, or the choices of CONFIG_CHOICE; may be NULL */
    bool reloadable;
    const char *help; /* one sentence */
};

/* What a service understands: its own keys; those of config_common are added. */
struct config_table {
    const char *program; /* "sw-intake" */
    const char *summary; /* one sentence for --help */
    const struct config_key *keys;
    size_t key_count;
};

/* bootstrap.servers topic.prefix slot profile log.level admin.listen http.listen redis.address redis.password
 * drain.timeout, and the prefix kafka. */
extern const struct config_key config_common[];
extern const size_t config_common_count;

struct config;

enum config_wish {
    CONFIG_RUN,  /* go on */
    CONFIG_DONE, /* --help, --check-config or --dump-config was answered on stdout: exit 0 */
    CONFIG_BAD   /* errors are on stderr, each with its place: exit 2 */
};

/* Reads everything. With CONFIG_RUN `ret_config` is the caller's, else untouched. Arguments it does not know are
 * errors. Blocks on the file. */
enum config_wish config_load(const struct config_table *table, int argc, char **argv,
                             struct config **ret_config);

/* As config_load from texts, without printing: `file_text` under the name `file_name` (may be NULL), `settings` of
 * "key=value" (NULL-terminated, may be NULL). On ERR_INVALID `ret_errors` has one line per error, with its place. ERR_MEMORY. */
SW_NODISCARD int config_parse(const struct config_table *table, const char *file_name,
                              struct str file_text, const char *const *settings,
                              struct buffer *ret_errors, struct config **ret_config);

/* NULL is fine. */
void config_free(struct config *config);

/* Values by key; asking for a key that is not in the table, or of another type, is a bug (asserted). Texts live as
 * long as the config. */
const char *config_text(const struct config *config,
                        const char *key); /* TEXT CHOICE SECRET; NULL when not set */
int64_t config_int(const struct config *config,
                   const char *key); /* INT, DURATION in ms, SIZE in bytes */
bool config_bool(const struct config *config, const char *key);
bool config_is_set(const struct config *config, const char *key);
/* NULL when not set. */
const struct address *config_address(const struct config *config, const char *key);

typedef void (*config_pair_fn)(const char *name, const char *value, void *ctx);

/* Calls `each` for every key given under the prefix "kafka.", without the prefix ("security.protocol", "SASL_SSL"). */
void config_each_kafka(const struct config *config, config_pair_fn each, void *ctx);

/* Every key with its value and source, secrets hidden ("kafka.*password*", "*secret*" and the like too); this can be
 * read back with --config. */
void config_dump(const struct config *config, struct buffer *ret_text);

/* The names of keys that differ and are not reloadable, one per line; nothing when `next` may replace `now`. */
void config_compare(const struct config *now, const struct config *next, struct buffer *ret_text);

#endif
