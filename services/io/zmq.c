/* ZeroMQ sockets on the loop. Their descriptor is edge-triggered and tells only "look at ZMQ_EVENTS": it is read until
 * empty, in bounded batches, from a hook, and looked at again after each send. */
#include "io/zmq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/zmq_base.h"

struct zmq_pub {
    struct zmq_base base;
    char endpoint[ZMQ_ENDPOINT_MAX];
};

struct zmq_sub {
    struct zmq_base base;
    zmq_message_fn message;
    void *ctx;
    uint64_t malformed;
    bool freed_inside; /* its callback frees it while a drain runs */
    bool draining;
};

static bool pub_drain(void *ctx)
{
    struct zmq_base *base = ctx;
    if (base->look) {
        base->look = false;
        (void)zmq_base_has_input(base); /* a PUB has none */
    }
    return false;
}

int zmq_pub_new(struct loop *loop, const char *endpoint, int queue_max, struct zmq_pub **ret_pub)
{
    struct zmq_pub *pub = calloc(1, sizeof(*pub));
    if (pub == NULL) {
        return ERR_MEMORY;
    }
    int error = zmq_base_open(loop, ZMQ_PUB, queue_max, pub_drain, &pub->base);
    if (error == 0 && zmq_bind(pub->base.socket, endpoint) != 0) {
        error = zmq_base_error(errno);
    }
    size_t size = sizeof(pub->endpoint);
    if (error == 0 &&
        zmq_getsockopt(pub->base.socket, ZMQ_LAST_ENDPOINT, pub->endpoint, &size) != 0) {
        error = zmq_base_error(errno);
    }
    if (error != 0) {
        zmq_pub_free(pub);
        return error;
    }
    *ret_pub = pub;
    return 0;
}

void zmq_pub_free(struct zmq_pub *pub)
{
    if (pub != NULL) {
        zmq_base_close(&pub->base);
        free(pub);
    }
}

int zmq_pub_send(struct zmq_pub *pub, struct str topic, struct str payload)
{
    if (topic.len > ZMQ_PAYLOAD_MAX || payload.len > ZMQ_PAYLOAD_MAX) {
        return ERR_TOO_LARGE;
    }
    const struct str frames[] = {topic, payload};
    return zmq_base_send(&pub->base, frames, 2);
}

const char *zmq_pub_endpoint(const struct zmq_pub *pub)
{
    return pub->endpoint;
}

static bool sub_take(struct zmq_sub *sub)
{
    zmq_msg_t frames[2];
    unsigned count;
    bool any = zmq_base_receive(&sub->base, frames, 2, &count);
    if (any && count == 2) {
        sub->message(zmq_base_frame(&frames[0]), zmq_base_frame(&frames[1]), sub->ctx);
    } else if (any) {
        sub->malformed++;
    }
    (void)zmq_msg_close(&frames[0]);
    (void)zmq_msg_close(&frames[1]);
    return any;
}

static bool sub_drain(void *ctx)
{
    struct zmq_sub *sub = ctx; /* its base is its first member */
    _Static_assert(offsetof(struct zmq_sub, base) == 0, "the hook's context is the base");
    if (!sub->base.look) {
        return false;
    }
    sub->draining = true;
    bool any = true;
    for (int i = 0; any && i < ZMQ_DRAIN_MAX && !sub->freed_inside; i++) {
        any = sub_take(sub);
    }
    sub->draining = false;
    if (sub->freed_inside) {
        zmq_sub_free(sub);
        return false;
    }
    sub->base.look = any || zmq_base_has_input(&sub->base);
    return sub->base.look;
}

int zmq_sub_new(struct loop *loop, const struct zmq_sub_options *options, struct zmq_sub **ret_sub)
{
    struct zmq_sub *sub = calloc(1, sizeof(*sub));
    if (sub == NULL) {
        return ERR_MEMORY;
    }
    sub->message = options->message;
    sub->ctx = options->ctx;
    int error = zmq_base_open(loop, ZMQ_SUB, options->queue_max, sub_drain, &sub->base);
    int64_t frame_max = ZMQ_PAYLOAD_MAX;
    if (error == 0 &&
        zmq_setsockopt(sub->base.socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) != 0) {
        error = zmq_base_error(errno);
    }
    for (const char *const *at = options->prefixes; error == 0 && *at != NULL; at++) {
        if (zmq_setsockopt(sub->base.socket, ZMQ_SUBSCRIBE, *at, strlen(*at)) != 0) {
            error = zmq_base_error(errno);
        }
    }
    if (error == 0 && zmq_connect(sub->base.socket, options->endpoint) != 0) {
        error = zmq_base_error(errno);
    }
    if (error != 0) {
        zmq_sub_free(sub);
        return error;
    }
    *ret_sub = sub;
    return 0;
}

void zmq_sub_free(struct zmq_sub *sub)
{
    if (sub == NULL) {
        return;
    }
    if (sub->draining) {
        sub->freed_inside = true;
        return;
    }
    zmq_base_close(&sub->base);
    free(sub);
}

uint64_t zmq_sub_malformed(const struct zmq_sub *sub)
{
    return sub->malformed;
}
