/* The frame of every service's process. */
#include "io/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/log.h"

enum { PARTS_MAX = 16, REASON_MAX = 200 };

enum exit_code { EXIT_DRAINED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_DRAINED = 3 };

enum { READY, LOG_LINES, START_TIME, CPU, MEMORY, METRIC_ROWS };

static const struct metric_row metric_rows[METRIC_ROWS] = {
    [READY] = {.name = "sw_ready", .kind = METRIC_GAUGE, .help = "1 when the service is ready."},
    [LOG_LINES] = {.name = "sw_log_lines_total",
                   .kind = METRIC_COUNTER,
                   .help = "Log lines written.",
                   .labels = {"level"}},
    [START_TIME] = {.name = "process_start_time_seconds",
                    .kind = METRIC_GAUGE,
                    .help = "Start of the process since the epoch.",
                    .scale = 1000},
    [CPU] = {.name = "process_cpu_seconds_total",
             .kind = METRIC_COUNTER,
             .help = "CPU time of the process, user and system.",
             .scale = 1000000},
    [MEMORY] = {.name = "process_resident_memory_bytes",
                .kind = METRIC_GAUGE,
                .help = "Resident memory."},
};

struct part {
    const char *name;
    char reason[REASON_MAX]; /* empty: ready */
};

struct service {
    const struct service_definition *definition;
    int argc;
    char **argv;
    struct config *config;
    struct loop *loop;
    struct metrics *metrics;
    struct admin *admin;
    struct loop_timer *drain_timer;
    struct metric *metric[METRIC_ROWS];
    struct part parts[PARTS_MAX];
    size_t part_count;
    int64_t started_ms;
    bool draining;
    bool ready; /* as last logged */
    int exit_code;
    void *state;
};

struct loop *service_loop(struct service *service)
{
    return service->loop;
}

const struct config *service_config(const struct service *service)
{
    return service->config;
}

struct metrics *service_metrics(struct service *service)
{
    return service->metrics;
}

struct admin *service_admin(struct service *service)
{
    return service->admin;
}

bool service_is_ready(const struct service *service)
{
    bool ready = !service->draining;
    for (size_t i = 0; i < service->part_count; i++) {
        ready = ready && service->parts[i].reason[0] == '\0';
    }
    return ready;
}

static void note_readiness(struct service *service)
{
    bool ready = service_is_ready(service);
    if (ready && !service->ready) {
        log_info("service_ready", log_count("after_ms", loop_monotonic_ms() - service->started_ms));
    } else if (!ready && service->ready) {
        log_warn("service_not_ready", log_code("draining", service->draining ? "yes" : "no"));
    }
    service->ready = ready;
}

void service_set_unready(struct service *service, const char *part, const char *reason)
{
    size_t i = 0;
    while (i < service->part_count && strcmp(service->parts[i].name, part) != 0) {
        i++;
    }
    if (i == service->part_count) {
        sw_assert(i < PARTS_MAX);
        service->parts[service->part_count++].name = part;
    }
    const char *text = reason == NULL ? "" : reason;
    if (strncmp(service->parts[i].reason, text, REASON_MAX - 1) == 0) {
        note_readiness(service);
        return;
    }
    (void)snprintf(service->parts[i].reason, REASON_MAX, "%s", text);
    if (reason == NULL) {
        log_info("part_ready", log_code("part", part));
    } else {
        log_info("part_not_ready", log_code("part", part), log_library("reason", reason));
    }
    note_readiness(service);
}

static void unready_text(struct buffer *ret_text, void *ctx)
{
    const struct service *service = ctx;
    if (service->draining) {
        buffer_add_text(ret_text, "service: draining\n");
    }
    for (size_t i = 0; i < service->part_count; i++) {
        if (service->parts[i].reason[0] != '\0') {
            buffer_format(ret_text, "%s: %s\n", service->parts[i].name, service->parts[i].reason);
        }
    }
}

static int show_state(const char *argument, struct buffer *ret_text, void *ctx)
{
    struct service *service = ctx;
    (void)argument;
    buffer_format(ret_text, "program %s\npid %ld\nup_ms %lld\nready %s\nlog %s\n",
                  service->definition->table->program, (long)getpid(),
                  (long long)(loop_monotonic_ms() - service->started_ms),
                  service_is_ready(service) ? "yes" : "no", log_level_name(log_get_level()));
    unready_text(ret_text, service);
    return 0;
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*d %ld", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(file);
    }
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static void collect(void *ctx)
{
    struct service *service = ctx;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail with these arguments */
    int64_t cpu_us = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    metric_set(metric_with(service->metric[READY], NULL), service_is_ready(service) ? 1 : 0);
    metric_set(metric_with(service->metric[CPU], NULL), cpu_us);
    metric_set(metric_with(service->metric[MEMORY], NULL), resident_bytes());
    for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
        const char *name = log_level_name((enum log_level)level);
        metric_set(metric_with(service->metric[LOG_LINES], (const char *[]){name}),
                   (int64_t)log_written((enum log_level)level));
    }
}

static void set_log_level(const struct service *service)
{
    enum log_level level = LOG_LEVEL_INFO;
    bool known = log_level_parse(str_of(config_text(service->config, "log.level")), &level);
    sw_assert(known);
    log_set_level(level);
}

static void reload(void *ctx)
{
    struct service *service = ctx;
    struct config *next;
    if (config_load(service->definition->table, service->argc, service->argv, &next) !=
        CONFIG_RUN) {
        log_error("reload_refused", log_code("why", "bad_configuration"));
        return;
    }
    struct buffer fixed;
    buffer_init(&fixed, 4096);
    config_compare(service->config, next, &fixed);
    if (fixed.len > 0) {
        fixed.bytes[fixed.len - 1] = '\0'; /* its last line feed */
        log_error("reload_refused", log_code("why", "not_reloadable"),
                  log_library("keys", fixed.bytes));
        config_free(next);
    } else {
        config_free(service->config);
        service->config = next;
        set_log_level(service);
        log_info("reloaded");
        if (service->definition->reload != NULL) {
            service->definition->reload(service->state);
        }
    }
    buffer_fini(&fixed);
}

static void drain_late(void *ctx)
{
    struct service *service = ctx;
    log_error("drain_timeout");
    service->exit_code = EXIT_NOT_DRAINED;
    loop_stop(service->loop);
}

void service_drain(struct service *service)
{
    if (service->draining) {
        return;
    }
    service->draining = true;
    note_readiness(service);
    log_info("draining");
    loop_timer_after(service->drain_timer, config_int(service->config, "drain.timeout"));
    if (service->definition->drain == NULL || service->state == NULL) {
        service_drained(service);
    } else {
        service->definition->drain(service->state);
    }
}

static void drain_asked(void *ctx)
{
    service_drain(ctx);
}

void service_drained(struct service *service)
{
    log_info("drained");
    loop_stop(service->loop);
}

void service_fail(struct service *service, const char *why)
{
    log_error("failed", log_library("why", why));
    service->exit_code = EXIT_FAILED;
    loop_stop(service->loop);
}

static int open_admin(struct service *service)
{
    const struct admin_options options = {.listen =
                                              *config_address(service->config, "admin.listen"),
                                          .metrics = service->metrics,
                                          .config = (const struct config *const *)&service->config,
                                          .drain = drain_asked,
                                          .unready = unready_text,
                                          .ctx = service};
    int error = admin_new(service->loop, &options, &service->admin);
    if (error != 0) {
        return error;
    }
    const struct admin_show rows[] = {
        {"state", "readiness, uptime, log level", show_state, service}};
    error = admin_add(service->admin, rows, 1);
    if (error == 0) {
        struct address address = admin_address(service->admin);
        char text[ADDRESS_HOST_MAX + 16];
        address_format(&address, text, sizeof(text));
        log_info("admin_listening", log_library("address", text));
    }
    return error;
}

/* Everything a service may use in its start. */
static int open_frame(struct service *service)
{
    int error = loop_new(&service->loop);
    if (error == 0) {
        error = metrics_new(&service->metrics);
    }
    if (error == 0) {
        error = metrics_register(service->metrics, metric_rows, METRIC_ROWS, service->metric);
    }
    if (error == 0) {
        error = metrics_on_collect(service->metrics, collect, service);
    }
    if (error == 0) {
        error = loop_timer_new(service->loop, LOOP_MONOTONIC, drain_late, service,
                               &service->drain_timer);
    }
    if (error == 0) {
        error = loop_on_signals(service->loop, drain_asked, reload, service);
    }
    if (error == 0) {
        metric_set(metric_with(service->metric[START_TIME], NULL), loop_utc_ms());
        error = open_admin(service);
    }
    return error;
}

static void close_frame(struct service *service)
{
    admin_free(service->admin);
    loop_timer_free(service->drain_timer);
    loop_free(service->loop);
    metrics_free(service->metrics);
    config_free(service->config);
}

int service_main(const struct service_definition *definition, int argc, char **argv)
{
    struct service service = {.definition = definition, .argc = argc, .argv = argv};
    enum config_wish wish = config_load(definition->table, argc, argv, &service.config);
    if (wish != CONFIG_RUN) {
        return wish == CONFIG_DONE ? EXIT_DRAINED : EXIT_USAGE;
    }
    service.started_ms = loop_monotonic_ms();
    log_init(definition->table->program, LOG_LEVEL_INFO);
    set_log_level(&service);
    int error = open_frame(&service);
    if (error == 0) {
        error = definition->start(&service, &service.state);
    }
    if (error != 0) {
        log_error("not_started", log_error_code("error", error));
        service.exit_code = EXIT_FAILED;
    } else {
        note_readiness(&service);
        loop_run(service.loop);
    }
    if (service.state != NULL && definition->stop != NULL) {
        definition->stop(service.state);
    }
    close_frame(&service);
    log_info("stopped", log_count("exit", service.exit_code));
    return service.exit_code;
}
