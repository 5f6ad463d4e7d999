/* Configuration from one table.
 *
 * Sources are read in order, each over the one before: defaults, file, environment, --set. All errors are gathered,
 * each with its place, before anything is refused, so that an operator mends a file in one go. */
#include "io/config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/config_value.h"

enum {
    KEYS_MAX = 128,
    KAFKA_MAX = 64,
    NAME_MAX_BYTES = 128,
    VALUE_MAX_BYTES = 4096,
    PLACE_MAX_BYTES = 300
};

#define KAFKA_PREFIX "kafka."

extern char **environ;

const struct config_key config_common[] = {
    {"bootstrap.servers", CONFIG_TEXT, "127.0.0.1:9092", 1, 2000, "host:port,…", false,
     "Kafka brokers to begin with."},
    {"topic.prefix", CONFIG_TEXT, "sw", 1, 32, NULL, false, "First part of every topic's name."},
    {"slot", CONFIG_INT, "0", 0, 255, NULL, false,
     "Number of this process among its twins; fixes its transactional and instance id."},
    {"profile", CONFIG_CHOICE, "stock", 0, 0, "fast|stock", false,
     "Session and transaction time-outs: stock suits any broker, fast needs broker settings."},
    {"log.level", CONFIG_CHOICE, "info", 0, 0, "debug|info|warn|error", true,
     "Lowest level that is written."},
    {"admin.listen", CONFIG_ADDRESS, "127.0.0.1:0", 0, 0, NULL, false,
     "Where /metrics, /readyz and the admin commands are served; it has no login."},
    {"http.listen", CONFIG_ADDRESS, NULL, 0, 0, NULL, false,
     "Where the service's own HTTP is served."},
    {"redis.address", CONFIG_ADDRESS, NULL, 0, 0, NULL, false,
     "Redis, as host:port or unix:/path."},
    {"redis.password", CONFIG_SECRET, NULL, 0, 512, NULL, false,
     "Redis password, or @/path of a file."},
    {"drain.timeout", CONFIG_DURATION, "30s", 0, 600000, NULL, false,
     "How long a stop waits for what was taken to be finished."},
};
const size_t config_common_count = sizeof(config_common) / sizeof(config_common[0]);

struct value {
    const struct config_key *key;
    char *text; /* as written; NULL: not set */
    const char *source;
    int64_t number; /* INT DURATION SIZE BOOL */
    struct address address;
};

struct kafka_pair {
    char *name; /* without the prefix */
    char *value;
};

struct config {
    const struct config_table *table;
    struct value values[KEYS_MAX];
    size_t count;
    struct kafka_pair kafka[KAFKA_MAX];
    size_t kafka_count;
};

/* One reading: the config in the making and its errors. */
struct reading {
    struct config *config;
    struct buffer *errors;
    unsigned error_count;
    bool out_of_memory;
};

/* Where a setting stands, for errors ("intake.conf:12") and the dump ("file"). */
struct place {
    const char *text;
    const char *source;
};

__attribute__((format(printf, 3, 4))) static void
complain(struct reading *reading, const struct place *place, const char *format, ...)
{
    char text[VALUE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buffer_format(reading->errors, "%s: %s\n", place->text, text);
    reading->error_count++;
}

/* The index of the key, or the count when there is none. */
static size_t find(const struct config *config, struct str name)
{
    size_t i = 0;
    while (i < config->count && !str_is(name, config->values[i].key->name)) {
        i++;
    }
    return i;
}

/* Levenshtein distance, both at most NAME_MAX_BYTES. */
static size_t distance(struct str a, struct str b)
{
    size_t row[NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < shorter ? change : shorter;
        }
    }
    return row[b.len];
}

static const char *nearest(const struct config *config, struct str name)
{
    const char *best = config->values[0].key->name;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; name.len <= NAME_MAX_BYTES && i < config->count; i++) {
        size_t far = distance(name, str_of(config->values[i].key->name));
        if (far < best_distance) {
            best_distance = far;
            best = config->values[i].key->name;
        }
    }
    return best;
}

/* The content of "@/path", without its last line feed; NULL when it cannot be read. */
static char *read_secret(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    char text[VALUE_MAX_BYTES];
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        len--;
    }
    return failed ? NULL : strndup(text, len);
}

static void set_value(struct reading *reading, struct value *value, struct str text,
                      const struct place *place)
{
    const struct config_key *key = value->key;
    char *copy = strndup(text.len == 0 ? "" : text.at, text.len);
    if (copy != NULL && key->type == CONFIG_SECRET && copy[0] == '@') {
        char *secret = read_secret(copy + 1);
        if (secret == NULL) {
            complain(reading, place, "%s: cannot read %s", key->name, copy + 1);
            free(copy);
            return;
        }
        free(copy);
        copy = secret;
    }
    if (copy == NULL) {
        reading->out_of_memory = true;
        return;
    }
    struct value parsed = {.key = key, .text = copy, .source = place->source};
    const char *expected = config_value_parse(key, str_of(copy), &parsed.number, &parsed.address);
    bool secret = key->type == CONFIG_SECRET;
    if (expected != NULL) {
        complain(reading, place, "%s: expected %s, found \"%s\"", key->name, expected,
                 secret ? "…" : copy);
        free(copy);
        return;
    }
    if (config_value_has_range(key->type) &&
        (parsed.number < key->min || parsed.number > key->max)) {
        const char *what = key->type == CONFIG_TEXT || secret ? "length " : "";
        complain(reading, place, "%s: %s%" PRId64 " is not within %" PRId64 "..%" PRId64, key->name,
                 what, parsed.number, key->min, key->max);
        free(copy);
        return;
    }
    free(value->text);
    *value = parsed;
}

static void set_kafka(struct reading *reading, struct str name, struct str text,
                      const struct place *place)
{
    struct config *config = reading->config;
    struct kafka_pair *pair = NULL;
    for (size_t i = 0; i < config->kafka_count; i++) {
        if (str_is(name, config->kafka[i].name)) {
            pair = &config->kafka[i];
        }
    }
    if (pair == NULL && config->kafka_count == KAFKA_MAX) {
        complain(reading, place, "more than %d keys begin with kafka.", KAFKA_MAX);
        return;
    }
    char *value = strndup(text.len == 0 ? "" : text.at, text.len);
    char *key = pair == NULL ? strndup(name.at, name.len) : NULL;
    if (value == NULL || (pair == NULL && key == NULL)) {
        free(value);
        free(key);
        reading->out_of_memory = true;
        return;
    }
    if (pair == NULL) {
        pair = &config->kafka[config->kafka_count++];
        pair->name = key;
    } else {
        free(pair->value);
    }
    pair->value = value;
}

static void set(struct reading *reading, struct str name, struct str text,
                const struct place *place)
{
    if (name.len > NAME_MAX_BYTES || text.len >= VALUE_MAX_BYTES) {
        complain(reading, place, "a line is too long");
        return;
    }
    size_t index = find(reading->config, name);
    if (index < reading->config->count) {
        set_value(reading, &reading->config->values[index], text, place);
        return;
    }
    size_t prefix = sizeof(KAFKA_PREFIX) - 1;
    if (str_starts(name, STR_LITERAL(KAFKA_PREFIX)) && name.len > prefix) {
        set_kafka(reading, (struct str){name.at + prefix, name.len - prefix}, text, place);
        return;
    }
    complain(reading, place, "unknown key %.*s; the nearest is %s", (int)name.len, name.at,
             nearest(reading->config, name));
}

static struct str trim(struct str text)
{
    while (text.len > 0 && isspace((unsigned char)text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && isspace((unsigned char)text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* "key = value"; false when there is no "=". */
static bool split(struct str line, struct str *ret_name, struct str *ret_value)
{
    const char *equals = line.len == 0 ? NULL : memchr(line.at, '=', line.len);
    if (equals == NULL) {
        return false;
    }
    size_t len = (size_t)(equals - line.at);
    *ret_name = trim((struct str){line.at, len});
    *ret_value = trim((struct str){equals + 1, line.len - len - 1});
    return true;
}

static void read_file(struct reading *reading, const char *file_name, struct str text)
{
    unsigned number = 0;
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = {text.at, end == NULL ? text.len : (size_t)(end - text.at)};
        size_t used = line.len + (end == NULL ? 0 : 1);
        text.at += used;
        text.len -= used;
        number++;
        line = trim(line);
        if (line.len == 0 || line.at[0] == '#') {
            continue;
        }
        char where[PLACE_MAX_BYTES];
        (void)snprintf(where, sizeof(where), "%s:%u", file_name, number);
        const struct place place = {where, "file"};
        struct str name;
        struct str value;
        if (!split(line, &name, &value) || name.len == 0) {
            complain(reading, &place, "expected \"key = value\"");
            continue;
        }
        set(reading, name, value, &place);
    }
}

/* SW_HTTP_LISTEN for http.listen. */
static void environment_name(const char *name, char *ret_text, size_t size)
{
    (void)snprintf(ret_text, size, "SW_%s", name);
    for (char *at = ret_text; *at != '\0'; at++) {
        *at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
    }
}

static void read_kafka_environment(struct reading *reading, const char *entry)
{
    static const char prefix[] = "SW_KAFKA_";
    if (strncmp(entry, prefix, sizeof(prefix) - 1) != 0 || strchr(entry, '=') == NULL) {
        return;
    }
    char name[NAME_MAX_BYTES];
    const char *from = entry + sizeof(prefix) - 1;
    const char *equals = strchr(entry, '=');
    size_t len = (size_t)(equals - from);
    if (len == 0 || len >= sizeof(name)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        name[i] = from[i] == '_' ? '.' : (char)tolower((unsigned char)from[i]);
    }
    char where[NAME_MAX_BYTES + 32];
    (void)snprintf(where, sizeof(where), "environment %.*s", (int)(equals - entry), entry);
    const struct place place = {where, "environment"};
    set_kafka(reading, (struct str){name, len}, str_of(equals + 1), &place);
}

/* Only variables of known keys count: the environment is shared by services with other tables. */
static void read_environment(struct reading *reading)
{
    for (size_t i = 0; i < reading->config->count; i++) {
        char name[NAME_MAX_BYTES + 8];
        environment_name(reading->config->values[i].key->name, name, sizeof(name));
        const char *text = getenv(name);
        char where[NAME_MAX_BYTES + 32];
        (void)snprintf(where, sizeof(where), "environment %s", name);
        const struct place place = {where, "environment"};
        if (text != NULL) {
            set_value(reading, &reading->config->values[i], str_of(text), &place);
        }
    }
    for (char **entry = environ; *entry != NULL; entry++) {
        read_kafka_environment(reading, *entry);
    }
}

static void read_settings(struct reading *reading, const char *const *settings)
{
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        char where[PLACE_MAX_BYTES];
        (void)snprintf(where, sizeof(where), "--set %s", settings[i]);
        const struct place place = {where, "command line"};
        struct str name;
        struct str value;
        if (!split(str_of(settings[i]), &name, &value)) {
            complain(reading, &place, "expected key=value");
            continue;
        }
        set(reading, name, value, &place);
    }
}

static void add_keys(struct config *config, const struct config_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sw_assert(config->count < KEYS_MAX);
        if (find(config, str_of(keys[i].name)) == config->count) {
            config->values[config->count++].key = &keys[i];
        }
    }
}

static void read_defaults(struct reading *reading)
{
    const struct place place = {"default", "default"};
    for (size_t i = 0; i < reading->config->count; i++) {
        struct value *value = &reading->config->values[i];
        if (value->key->initial != NULL) {
            unsigned before = reading->error_count;
            set_value(reading, value, str_of(value->key->initial), &place);
            sw_assert(reading->error_count == before); /* a default must pass its own row */
        }
    }
}

int config_parse(const struct config_table *table, const char *file_name, struct str file_text,
                 const char *const *settings, struct buffer *ret_errors, struct config **ret_config)
{
    struct config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        return ERR_MEMORY;
    }
    config->table = table;
    add_keys(config, table->keys,
             table->key_count); /* first: a service may give a common key another default */
    add_keys(config, config_common, config_common_count);
    struct reading reading = {.config = config, .errors = ret_errors};
    read_defaults(&reading);
    if (file_name != NULL) {
        read_file(&reading, file_name, file_text);
    }
    read_environment(&reading);
    read_settings(&reading, settings);
    if (reading.error_count > 0 || reading.out_of_memory) {
        config_free(config);
        return reading.error_count > 0 ? ERR_INVALID : ERR_MEMORY;
    }
    *ret_config = config;
    return 0;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->count; i++) {
        free(config->values[i].text);
    }
    for (size_t i = 0; i < config->kafka_count; i++) {
        free(config->kafka[i].name);
        free(config->kafka[i].value);
    }
    free(config);
}

static const struct value *must_find(const struct config *config, const char *key)
{
    size_t index = find(config, str_of(key));
    sw_assert(index < config->count);
    return &config->values[index];
}

const char *config_text(const struct config *config, const char *key)
{
    const struct value *value = must_find(config, key);
    enum config_type type = value->key->type;
    sw_assert(type == CONFIG_TEXT || type == CONFIG_CHOICE || type == CONFIG_SECRET);
    return value->text;
}

int64_t config_int(const struct config *config, const char *key)
{
    const struct value *value = must_find(config, key);
    enum config_type type = value->key->type;
    sw_assert(type == CONFIG_INT || type == CONFIG_DURATION || type == CONFIG_SIZE);
    return value->number;
}

bool config_bool(const struct config *config, const char *key)
{
    const struct value *value = must_find(config, key);
    sw_assert(value->key->type == CONFIG_BOOL);
    return value->number != 0;
}

bool config_is_set(const struct config *config, const char *key)
{
    return must_find(config, key)->text != NULL;
}

const struct address *config_address(const struct config *config, const char *key)
{
    const struct value *value = must_find(config, key);
    sw_assert(value->key->type == CONFIG_ADDRESS);
    return value->text == NULL ? NULL : &value->address;
}

void config_each_kafka(const struct config *config, config_pair_fn each, void *ctx)
{
    for (size_t i = 0; i < config->kafka_count; i++) {
        each(config->kafka[i].name, config->kafka[i].value, ctx);
    }
}

static bool kafka_is_secret(const char *name)
{
    return strstr(name, "password") != NULL || strstr(name, "secret") != NULL ||
           strstr(name, "key.pem") != NULL || strstr(name, "jaas") != NULL ||
           strstr(name, "oauthbearer.config") != NULL;
}

void config_dump(const struct config *config, struct buffer *ret_text)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct value *value = &config->values[i];
        const char *name = value->key->name;
        if (value->text == NULL) {
            buffer_format(ret_text, "# %s is not set\n", name);
        } else if (value->key->type == CONFIG_SECRET) {
            buffer_format(ret_text, "# %s is hidden (%s)\n", name, value->source);
        } else {
            buffer_format(ret_text, "# %s\n%s = %s\n", value->source, name, value->text);
        }
    }
    for (size_t i = 0; i < config->kafka_count; i++) {
        const struct kafka_pair *pair = &config->kafka[i];
        if (kafka_is_secret(pair->name)) {
            buffer_format(ret_text, "# " KAFKA_PREFIX "%s is hidden\n", pair->name);
        } else {
            buffer_format(ret_text, KAFKA_PREFIX "%s = %s\n", pair->name, pair->value);
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const char *kafka_value(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->kafka_count; i++) {
        if (strcmp(config->kafka[i].name, name) == 0) {
            return config->kafka[i].value;
        }
    }
    return NULL;
}

static void compare_kafka(const struct config *a, const struct config *b, bool both,
                          struct buffer *ret_text)
{
    for (size_t i = 0; i < a->kafka_count; i++) {
        const char *other = kafka_value(b, a->kafka[i].name);
        if (other == NULL || (both && strcmp(other, a->kafka[i].value) != 0)) {
            buffer_format(ret_text, KAFKA_PREFIX "%s\n", a->kafka[i].name);
        }
    }
}

void config_compare(const struct config *now, const struct config *next, struct buffer *ret_text)
{
    sw_assert(now->table == next->table);
    for (size_t i = 0; i < now->count; i++) {
        if (!now->values[i].key->reloadable &&
            !same_text(now->values[i].text, next->values[i].text)) {
            buffer_format(ret_text, "%s\n", now->values[i].key->name);
        }
    }
    compare_kafka(now, next, true, ret_text);
    compare_kafka(next, now, false, ret_text);
}
