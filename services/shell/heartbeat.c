#include "shell/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/http_client.h"
#include "io/log.h"
#include "io/metrics.h"

enum { TIMEOUT_MS = 10000, URL_MAX_BYTES = 1000 };

enum { SENT, ROWS };

static const struct metric_row metric_rows[ROWS] = {
    [SENT] = {.name = "sw_heartbeat_total",
              .kind = METRIC_COUNTER,
              .help = "signs of life: ok (taken), failed, or held back since nothing was committed",
              .labels = {"outcome"}},
};

struct heartbeat {
    struct http_client *client;
    struct loop_timer *timer;
    bool (*alive)(void *ctx);
    void *ctx;
    char url[URL_MAX_BYTES + 1]; /* a copy: a reload frees the config */
    int64_t every_ms;
    struct metric *metrics[ROWS];
};

static void count(struct heartbeat *heartbeat, const char *outcome)
{
    metric_add(metric_with(heartbeat->metrics[SENT], &outcome), 1);
}

static void answered(const struct http_call_result *result, void *ctx)
{
    bool good = result->error == 0 && result->status >= 200 && result->status < 300;
    if (result->error != ERR_CLOSED) { /* else the service ends */
        count(ctx, good ? "ok" : "failed");
    }
    if (!good && result->error != ERR_CLOSED) {
        log_warn("heartbeat_failed", log_error_code("why", result->error),
                 log_count("status", result->status));
    }
}

static void beat(void *ctx)
{
    struct heartbeat *heartbeat = ctx;
    const struct http_call_options options = {.method = "POST",
                                              .url = heartbeat->url,
                                              .body = STR_LITERAL("alive\n"),
                                              .timeout_ms = TIMEOUT_MS};
    loop_timer_after(heartbeat->timer, heartbeat->every_ms);
    if (!heartbeat->alive(heartbeat->ctx)) {
        count(heartbeat, "held_back");
    } else if (http_client_call(heartbeat->client, &options, answered, heartbeat, NULL) != 0) {
        count(heartbeat, "failed");
    }
}

int heartbeat_new(struct service *service, bool (*alive)(void *ctx), void *ctx,
                  struct heartbeat **ret_heartbeat)
{
    const struct config *config = service_config(service);
    struct loop *loop = service_loop(service);
    *ret_heartbeat = NULL;
    if (config_text(config, "heartbeat.url") == NULL) {
        return 0;
    }
    struct heartbeat *heartbeat = calloc(1, sizeof(*heartbeat));
    if (heartbeat == NULL) {
        return ERR_MEMORY;
    }
    heartbeat->alive = alive;
    heartbeat->ctx = ctx;
    (void)snprintf(heartbeat->url, sizeof(heartbeat->url), "%s",
                   config_text(config, "heartbeat.url"));
    heartbeat->every_ms = config_int(config, "heartbeat.every");
    int error = metrics_register(service_metrics(service), metric_rows, ROWS, heartbeat->metrics);
    error = error != 0 ? error
                       : http_client_new(loop, &(struct http_client_options){.in_flight_max = 2},
                                         &heartbeat->client);
    error = error != 0 ? error
                       : loop_timer_new(loop, LOOP_MONOTONIC, beat, heartbeat, &heartbeat->timer);
    if (error != 0) {
        heartbeat_free(heartbeat);
        return error;
    }
    loop_timer_after(heartbeat->timer, heartbeat->every_ms);
    *ret_heartbeat = heartbeat;
    return 0;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    if (heartbeat != NULL) {
        http_client_free(heartbeat->client);
        loop_timer_free(heartbeat->timer);
        free(heartbeat);
    }
}
