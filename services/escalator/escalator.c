#include "escalator/escalator.h"

#include <stdlib.h>

#include "core/casework/casework.h"
#include "escalator/part.h"
#include "io/log.h"
#include "io/seal.h"
#include "io/stream.h"
#include "shell/heartbeat.h"

static const struct config_key keys[] = {
    {.name = "escalator.case.max",
     .type = CONFIG_INT,
     .initial = "1000000",
     .min = 1000,
     .max = CASEWORK_CASES_MAX,
     .unit = "cases",
     .help = "Cases in memory per partition; a signal that would open one more goes to rejects."},
    HEARTBEAT_CONFIG_KEYS,
};

static const struct config_table table = {
    .program = "sw-escalator",
    .summary =
        "Opens and raises cases, calls who must know, and does not let go until each duty is done.",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0]),
};

/* In the order of priority: what people said, what became of notices, then what is new. */
static const struct stream_input inputs[] = {
    {.topic = TOPIC_DIRECTORY, .is_table = true},
    {.topic = TOPIC_COMMANDS, .before_timers = true},
    {.topic = TOPIC_RECEIPTS, .before_timers = true},
    {.topic = TOPIC_SIGNALS},
};

static const struct stream_definition stream_definition = {
    .name = "escalator",
    .changelog = TOPIC_CASES,
    .inputs = inputs,
    .input_count = sizeof(inputs) / sizeof(inputs[0]),
    .part_new = part_new,
    .part_free = part_free,
    .load = part_load,
    .table = part_table,
    .step = part_step,
    .refuse = part_refuse,
    .next_deadline = part_next_deadline,
    .step_time = part_step_time,
    .live = part_live,
};

struct escalator {
    struct service *service;
    struct stream_definition definition;
    struct stream *stream;
    struct heartbeat *heartbeat;
    struct part_shared shared;
};

static void fail(void *ctx, const char *why)
{
    struct escalator *escalator = ctx;
    service_fail(escalator->service, why);
}

static void set_unready(void *ctx, const char *reason)
{
    struct escalator *escalator = ctx;
    service_set_unready(escalator->service, "packs", reason);
}

static bool commits(void *ctx)
{
    const struct escalator *escalator = ctx;
    return stream_proof_age_ms(escalator->stream) < stream_proof_limit_ms(escalator->stream);
}

static int start(struct service *service, void **ret_state)
{
    struct escalator *escalator = calloc(1, sizeof(*escalator));
    if (escalator == NULL) {
        return ERR_MEMORY;
    }
    *ret_state = escalator;
    escalator->service = service;
    escalator->shared = (struct part_shared){
        .case_max = (size_t)config_int(service_config(service), "escalator.case.max"),
        .fail = fail,
        .set_unready = set_unready,
        .ctx = escalator,
    };
    int error = seal_init();
    error = error != 0 ? error
                       : metrics_register(service_metrics(service), part_metric_rows, PART_METRICS,
                                          escalator->shared.metric);
    /* A sign of life is owed when nothing happens, too: then the proof of ownership is what is committed. */
    escalator->definition = stream_definition;
    escalator->definition.heartbeat = config_is_set(service_config(service), "heartbeat.url");
    error = error != 0 ? error
                       : stream_start(service, &escalator->definition, &escalator->shared,
                                      &escalator->stream);
    return error != 0 ? error : heartbeat_new(service, commits, escalator, &escalator->heartbeat);
}

static void drained(void *ctx)
{
    struct escalator *escalator = ctx;
    service_drained(escalator->service);
}

static void drain(void *state)
{
    struct escalator *escalator = state;
    stream_drain(escalator->stream, drained, escalator);
}

static void stop(void *state)
{
    struct escalator *escalator = state;
    heartbeat_free(escalator->heartbeat);
    stream_free(escalator->stream);
    free(escalator);
}

const struct service_definition escalator_definition = {
    .table = &table,
    .start = start,
    .drain = drain,
    .stop = stop,
};
