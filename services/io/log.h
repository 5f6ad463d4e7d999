/* Structured lines on stderr: time, level, a stable event id, key=value. Only shell functions log; a library function
 * answers an error.
 *
 *     log_warn("redis_lost", log_code("why", "timeout"), log_count("in_flight", n));
 *     2026-11-24T08:00:00.123Z warn redis_lost service=sw-relay why=timeout in_flight=12
 *
 * Never personal data: a value can only come from one of the helpers below. None takes what a person wrote or who a
 * person is: log_code lets only [A-Za-z0-9._:/+-] through and shows anything else as "#" with its length. A line is at
 * most LOG_LINE_MAX bytes and is cut at the end with "…cut". Safe from any thread; a full or closed stderr never
 * blocks longer than one write. */
#ifndef IO_LOG_H
#define IO_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"

enum { LOG_LINE_MAX = 1024 };

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

enum log_kind { LOG_KIND_END, LOG_KIND_NUMBER, LOG_KIND_CODE, LOG_KIND_IDENT, LOG_KIND_LIBRARY };

/* Made by the helpers only. */
struct log_field {
    const char *key; /* snake_case; durations end in _ms, sizes in _bytes */
    enum log_kind kind;
    int64_t number;
    struct str text;
    struct ident ident;
};

struct log_field log_count(const char *key,
                           int64_t number); /* counts, sizes, milliseconds, offsets, ports */
struct log_field log_code(const char *key,
                          const char *code); /* a code, topic, unit, opaque id, address */
struct log_field log_code_str(const char *key, struct str code);
struct log_field log_ident(const char *key, struct ident ident); /* 32 hexadecimal digits */
struct log_field log_error_code(const char *key, int error);     /* the name of an ERR_* */
/* What a library says about its own trouble (strerror, librdkafka, libcurl): never about a record's content. Printable
 * ASCII, quoted, at most 200 bytes. */
struct log_field log_library(const char *key, const char *text);

/* Sets the process's name in every line and the lowest level that is written (default: info). */
void log_init(const char *service, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
const char *log_level_name(enum log_level level);
/* False when there is no such level ("debug" "info" "warn" "error"). */
bool log_level_parse(struct str text, enum log_level *ret_level);

/* Lines written per level since the start; for metrics. */
uint64_t log_written(enum log_level level);

/* Where lines go instead of stderr, for tests; NULL restores it. */
typedef void (*log_sink_fn)(const char *line, size_t len, void *ctx);
void log_set_sink(log_sink_fn sink, void *ctx);

/* One line; fields end with LOG_KIND_END. Use the macros. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_at(level, event, ...)                                                                  \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})
#define log_debug(event, ...) log_at(LOG_LEVEL_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)
#define log_info(event, ...) log_at(LOG_LEVEL_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(event, ...) log_at(LOG_LEVEL_WARN, event __VA_OPT__(, ) __VA_ARGS__)
#define log_error(event, ...) log_at(LOG_LEVEL_ERROR, event __VA_OPT__(, ) __VA_ARGS__)

#endif
