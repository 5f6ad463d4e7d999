/* Structured log lines. A line is built on the stack and written by one write(2), so that threads need no lock and
 * lines do not mix. */
#include "io/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"

enum { LIBRARY_TEXT_MAX = 200, CODE_MAX = 256, SERVICE_MAX = 32, LEVELS = LOG_LEVEL_ERROR + 1 };

static const char *const level_names[LEVELS] = {"debug", "info", "warn", "error"};

static char service_name[SERVICE_MAX] = "shouwang";
static atomic_int lowest_level = LOG_LEVEL_INFO;
static atomic_uint_fast64_t written[LEVELS];
static log_sink_fn sink;
static void *sink_ctx;

/* A line in the making; what does not fit is left out and marked. */
struct line {
    char text[LOG_LINE_MAX];
    size_t len;
    bool cut;
};

#define LINE_CUT "\xe2\x80\xa6"

/* The end keeps room for the mark and the line feed. */
enum { LINE_ROOM = LOG_LINE_MAX - (int)sizeof(LINE_CUT "cut\n") };

static void line_add(struct line *line, const char *bytes, size_t len)
{
    if (line->cut || len > LINE_ROOM - line->len) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void line_add_text(struct line *line, const char *text)
{
    line_add(line, text, strlen(text));
}

struct log_field log_count(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_NUMBER, .number = number};
}

struct log_field log_code_str(const char *key, struct str code)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_CODE, .text = code};
}

struct log_field log_code(const char *key, const char *code)
{
    return log_code_str(key, str_of(code));
}

struct log_field log_ident(const char *key, struct ident ident)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_IDENT, .ident = ident};
}

struct log_field log_error_code(const char *key, int error)
{
    return log_code(key, error_name(error));
}

struct log_field log_library(const char *key, const char *text)
{
    return (struct log_field){.key = key, .kind = LOG_KIND_LIBRARY, .text = str_of(text)};
}

void log_init(const char *service, enum log_level level)
{
    (void)snprintf(service_name, sizeof(service_name), "%s", service);
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&lowest_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&lowest_level, memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
    sw_assert((unsigned)level < LEVELS);
    return level_names[level];
}

bool log_level_parse(struct str text, enum log_level *ret_level)
{
    for (int i = 0; i < LEVELS; i++) {
        if (str_is(text, level_names[i])) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

uint64_t log_written(enum log_level level)
{
    sw_assert((unsigned)level < LEVELS);
    return atomic_load_explicit(&written[level], memory_order_relaxed);
}

void log_set_sink(log_sink_fn new_sink, void *ctx)
{
    sink = new_sink;
    sink_ctx = ctx;
}

static bool is_code_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._:/+-", c) != NULL);
}

static void add_code(struct line *line, struct str code)
{
    bool clean = code.len > 0 && code.len <= CODE_MAX;
    for (size_t i = 0; clean && i < code.len; i++) {
        clean = is_code_byte((unsigned char)code.at[i]);
    }
    if (clean) {
        line_add(line, code.at, code.len);
        return;
    }
    /* Not a code, so perhaps something a person wrote: only its size is told. */
    char size[32];
    (void)snprintf(size, sizeof(size), "#%zu", code.len);
    line_add_text(line, size);
}

static void add_library(struct line *line, struct str text)
{
    char quoted[2 * LIBRARY_TEXT_MAX + 2];
    size_t len = 0;
    quoted[len++] = '"';
    for (size_t i = 0; i < text.len && i < LIBRARY_TEXT_MAX; i++) {
        char c = text.at[i];
        if (c == '"' || c == '\\') {
            quoted[len++] = '\\';
        }
        quoted[len++] =
            c < ' ' || c > '~' ? '?' : c; /* every byte above ASCII is negative or over '~' */
    }
    quoted[len++] = '"';
    line_add(line, quoted, len);
}

static void add_field(struct line *line, const struct log_field *field)
{
    char scratch[IDENT_TEXT_BYTES];
    line_add(line, " ", 1);
    line_add_text(line, field->key);
    line_add(line, "=", 1);
    switch (field->kind) {
    case LOG_KIND_NUMBER:
        (void)snprintf(scratch, sizeof(scratch), "%" PRId64, field->number);
        line_add_text(line, scratch);
        break;
    case LOG_KIND_CODE:
        add_code(line, field->text);
        break;
    case LOG_KIND_IDENT:
        ident_format(field->ident, scratch);
        line_add_text(line, scratch);
        break;
    case LOG_KIND_LIBRARY:
        add_library(line, field->text);
        break;
    case LOG_KIND_END:
        break;
    }
}

static void add_head(struct line *line, enum log_level level, const char *event)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    (void)gmtime_r(&now.tv_sec, &utc);
    char head[160];
    (void)snprintf(head, sizeof(head), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s %s service=%s",
                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                   utc.tm_sec, (int)(now.tv_nsec / 1000000), level_names[level], event,
                   service_name);
    line_add_text(line, head);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    sw_assert((unsigned)level < LEVELS);
    if (level < log_get_level()) {
        return;
    }
    struct line line = {.len = 0};
    add_head(&line, level, event);
    for (const struct log_field *field = fields; field->kind != LOG_KIND_END; field++) {
        add_field(&line, field);
    }
    if (line.cut) {
        memcpy(line.text + line.len, LINE_CUT "cut", sizeof(LINE_CUT "cut") - 1);
        line.len += sizeof(LINE_CUT "cut") - 1;
    }
    line.text[line.len++] = '\n';
    atomic_fetch_add_explicit(&written[level], 1, memory_order_relaxed);
    if (sink != NULL) {
        sink(line.text, line.len, sink_ctx);
        return;
    }
    ssize_t done = write(STDERR_FILENO, line.text, line.len);
    (void)done; /* there is nowhere to complain */
}
