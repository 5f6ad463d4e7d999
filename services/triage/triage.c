#include "triage/triage.h"

#include <stdlib.h>

#include "io/stream.h"
#include "shell/keys.h"
#include "triage/part.h"

static const struct config_key keys[] = {
    {.name = "keys.dir",
     .type = CONFIG_TEXT,
     .initial = "keys",
     .min = 1,
     .max = 4096,
     .help = "Folder of the key files: ident.key, the public keys, and answers.key."},
    {.name = "triage.seen.max",
     .type = CONFIG_INT,
     .initial = "1000000",
     .min = 1000,
     .max = 4 * 1024 * 1024,
     .unit = "events",
     .help = "Events remembered per partition against repeats, for 7 days; beyond it the oldest "
             "are forgotten, counted."},
    {.name = "triage.window.max",
     .type = CONFIG_INT,
     .initial = "1000000",
     .min = 1000,
     .max = 1024 * 1024,
     .unit = "buckets",
     .help = "Days of one pupil or class counted by one feature, per partition; beyond it the "
             "oldest are forgotten, counted."},
};

static const struct config_table table = {
    .program = "sw-triage",
    .summary = "Judges events: drops repeats, gives each its level and reason, writes signals.",
    .keys = keys,
    .key_count = sizeof(keys) / sizeof(keys[0]),
};

/* In the order of priority: who there is and what may be opened, then what people decided, what happens, what was answered, what
 * counties count.
 * All of it is read before the clock is turned: a roll that lies in the log is no roll that is missing, and a word that lies
 * there comes before its question ends. */
static const struct stream_input inputs[] = {
    {.topic = TOPIC_DIRECTORY, .is_table = true},
    {.topic = TOPIC_KEYS, .is_table = true},
    {.topic = TOPIC_COMMANDS, .before_timers = true},
    {.topic = TOPIC_EVENTS_INCIDENT, .before_timers = true},
    {.topic = TOPIC_EVENTS_ATTENDANCE, .before_timers = true},
    {.topic = TOPIC_EVENTS_SCREENING, .before_timers = true},
    {.topic = TOPIC_FACTS_COUNTY, .before_timers = true},
};

static const struct stream_definition stream_definition = {
    .name = "triage",
    .changelog = TOPIC_STATE_TRIAGE,
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
};

struct triage_service {
    struct service *service;
    struct keyring *keyring;
    struct stream *stream;
    struct part_shared shared;
};

static void fail(void *ctx, const char *why)
{
    struct triage_service *triage = ctx;
    service_fail(triage->service, why);
}

static int start(struct service *service, void **ret_state)
{
    struct triage_service *triage = calloc(1, sizeof(*triage));
    if (triage == NULL) {
        return ERR_MEMORY;
    }
    *ret_state = triage;
    triage->service = service;
    int error = keys_load(service_config(service),
                          KEYRING_CLOSE | KEYRING_IDENT | KEYRING_OPEN_ANSWERS, &triage->keyring);
    if (error != 0) {
        return error;
    }
    triage->shared = (struct part_shared){
        .keyring = triage->keyring,
        .seen_max = (size_t)config_int(service_config(service), "triage.seen.max"),
        .window_max = (size_t)config_int(service_config(service), "triage.window.max"),
        .fail = fail,
        .ctx = triage,
    };
    error = metrics_register(service_metrics(service), part_metric_rows, PART_METRICS,
                             triage->shared.metric);
    if (error == 0) {
        error = stream_start(service, &stream_definition, &triage->shared, &triage->stream);
    }
    triage->shared.stream = triage->stream;
    return error;
}

static void drained(void *ctx)
{
    struct triage_service *triage = ctx;
    service_drained(triage->service);
}

static void drain(void *state)
{
    struct triage_service *triage = state;
    stream_drain(triage->stream, drained, triage);
}

static void stop(void *state)
{
    struct triage_service *triage = state;
    stream_free(triage->stream);
    keyring_free(triage->keyring);
    free(triage);
}

const struct service_definition triage_definition = {
    .table = &table,
    .start = start,
    .drain = drain,
    .stop = stop,
};
