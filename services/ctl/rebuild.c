/* swctl rebuild: takes the read model out of Redis, whereupon the relay fills it anew from Kafka. */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "io/loop.h"
#include "io/redis.h"

enum { TURN_MS = 20, COMMAND_MS = 60000 };

struct asking {
    bool answered;
    enum redis_outcome outcome;
    int64_t number;
    char text[256];
};

static void answered(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct asking *asking = ctx;
    asking->answered = true;
    asking->outcome = outcome;
    if (value != NULL) {
        struct str text = redis_value_str(value);
        asking->number = redis_value_int(value);
        (void)snprintf(asking->text, sizeof(asking->text), "%.*s", (int)text.len, text.at);
    }
}

/* One call of a function of the read model, with the topics' prefix. */
static bool call(struct loop *loop, struct redis *redis, const char *function,
                 const struct str *more, struct asking *ret_asking)
{
    struct str arguments[5] = {STR_LITERAL("FCALL"), str_of(function), STR_LITERAL("1"), more[0],
                               more[1]};
    *ret_asking = (struct asking){.answered = false};
    const struct redis_command command = {
        .arguments = arguments, .count = more[1].at == NULL ? 4 : 5, .timeout_ms = COMMAND_MS};
    if (redis_send(redis, &command, answered, ret_asking) != 0) {
        return false;
    }
    while (!ret_asking->answered) {
        loop_turn(loop, TURN_MS);
    }
    return ret_asking->outcome == REDIS_REPLY;
}

/* Until the relay has begun a new one. */
static enum ctl_exit wait_for_new(struct ctl *ctl, struct loop *loop, struct redis *redis)
{
    const struct str epoch[] = {str_of(config_text(ctl->config, "topic.prefix")), STR_LITERAL("")};
    int64_t until_ms = loop_monotonic_ms() + config_int(ctl->config, "kafka.timeout");
    struct asking asking = {.answered = false};
    while (loop_monotonic_ms() < until_ms) {
        if (call(loop, redis, "sw_epoch", epoch, &asking) && asking.text[0] != '\0') {
            ctl_say(ctl->json ? "{\"epoch\": \"%s\"}"
                              : "begun anew (epoch %s); sw_relay_model_lag_records says how far",
                    asking.text);
            return CTL_OK;
        }
        int64_t pause_ms = loop_monotonic_ms() + 10 * TURN_MS;
        while (loop_monotonic_ms() < pause_ms) {
            loop_turn(loop, TURN_MS);
        }
    }
    return ctl_fail(CTL_UNAVAILABLE, "taken out; no relay has begun a new one yet");
}

static enum ctl_exit drop(struct ctl *ctl, struct loop *loop, struct redis *redis)
{
    const struct str prefix[] = {str_of(config_text(ctl->config, "topic.prefix")), {NULL, 0}};
    int64_t until_ms = loop_monotonic_ms() + config_int(ctl->config, "kafka.timeout");
    struct asking asking = {.answered = false};
    while (!redis_is_ready(redis)) {
        loop_turn(loop, TURN_MS);
        if (loop_monotonic_ms() > until_ms) {
            return ctl_fail(CTL_UNAVAILABLE, "Redis does not answer");
        }
    }
    if (!call(loop, redis, "sw_drop", prefix, &asking)) {
        return ctl_fail(CTL_UNAVAILABLE, "Redis: %s",
                        asking.text[0] == '\0' ? "no answer" : asking.text);
    }
    if (!ctl->json) {
        ctl_say("%" PRId64 " keys taken out", asking.number);
    }
    return wait_for_new(ctl, loop, redis);
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct loop *loop = NULL;
    struct redis *redis = NULL;
    const struct address *address = config_address(ctl->config, "redis.address");
    if (address == NULL) {
        return ctl_fail(CTL_USAGE, "redis.address is not set");
    }
    const struct redis_options options = {.address = *address,
                                          .password = config_text(ctl->config, "redis.password")};
    int error = loop_new(&loop);
    error = error != 0 ? error : redis_new(loop, &options, NULL, NULL, &redis);
    enum ctl_exit code = error == 0 ? drop(ctl, loop, redis)
                                    : ctl_fail(CTL_UNAVAILABLE, "Redis: %s", error_text(error));
    redis_free(redis);
    loop_free(loop);
    return code;
}

const struct ctl_command ctl_command_rebuild = {
    .name = "rebuild",
    .arguments = "",
    .help = "Take the read model out of Redis, so that the relay fills it anew from Kafka.",
    .run = run,
};
