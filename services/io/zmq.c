/* ZeroMQ sockets on the loop. Their descriptor is edge-triggered and tells only "look at ZMQ_EVENTS": it is read until
 * empty, in bounded batches, from a hook, and looked at again after each send. */
#include "io/zmq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/assert.h"

enum { DRAIN_MAX = 256, ENDPOINT_MAX = 256, RECONNECT_MAX_MS = 1000 };

/* What both kinds share: a socket whose events are looked at by `drain` whenever something may have happened. */
struct zmq_base {
    void *context;
    void *socket;
    struct loop_fd *watch;
    struct loop_hook *hook;
    bool look; /* ZMQ_EVENTS must be read */
};

struct zmq_pub {
    struct zmq_base base;
    char endpoint[ENDPOINT_MAX];
};

struct zmq_sub {
    struct zmq_base base;
    zmq_message_fn message;
    void *ctx;
    uint64_t malformed;
    bool freed_inside; /* its callback frees it while a drain runs */
    bool draining;
};

static int error_of_zmq(int number)
{
    if (number == EADDRINUSE || number == EADDRNOTAVAIL) {
        return ERR_UNAVAILABLE;
    }
    if (number == EINVAL || number == EPROTONOSUPPORT || number == ENODEV || number == ENOENT) {
        return ERR_INVALID;
    }
    return number == ENOMEM ? ERR_MEMORY : ERR_IO;
}

static void descriptor_ready(void *ctx, unsigned events)
{
    struct zmq_base *base = ctx;
    (void)events;
    base->look = true;
    loop_hook_kick(base->hook);
}

static void base_close(struct zmq_base *base)
{
    loop_fd_free(base->watch);
    loop_hook_free(base->hook);
    if (base->socket != NULL) {
        (void)zmq_close(base->socket);
    }
    if (base->context != NULL) {
        (void)zmq_ctx_term(base->context); /* does not wait: linger is 0 */
    }
}

static int base_open(struct loop *loop, int type, int queue_max, loop_hook_fn drain,
                     struct zmq_base *base)
{
    base->context = zmq_ctx_new();
    base->socket = base->context == NULL ? NULL : zmq_socket(base->context, type);
    if (base->socket == NULL) {
        return ERR_MEMORY;
    }
    int none = 0;
    int reconnect_max_ms = RECONNECT_MAX_MS;
    int fd = -1;
    size_t size = sizeof(fd);
    if (zmq_setsockopt(base->socket, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(base->socket, ZMQ_SNDHWM, &queue_max, sizeof(queue_max)) != 0 ||
        zmq_setsockopt(base->socket, ZMQ_RCVHWM, &queue_max, sizeof(queue_max)) != 0 ||
        zmq_setsockopt(base->socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_max_ms,
                       sizeof(reconnect_max_ms)) != 0 ||
        zmq_getsockopt(base->socket, ZMQ_FD, &fd, &size) != 0) {
        return error_of_zmq(errno);
    }
    base->look = true;
    int error = loop_hook_new(loop, drain, base, &base->hook);
    if (error == 0) {
        error = loop_fd_new(loop, fd, descriptor_ready, base, &base->watch);
    }
    if (error == 0) {
        error = loop_fd_want(base->watch, LOOP_READABLE);
    }
    return error;
}

/* Reading ZMQ_EVENTS also lets libzmq take up what its I/O thread has for it (a new subscriber). */
static bool has_input(struct zmq_base *base)
{
    int events = 0;
    size_t size = sizeof(events);
    return zmq_getsockopt(base->socket, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

static bool pub_drain(void *ctx)
{
    struct zmq_base *base = ctx;
    if (base->look) {
        base->look = false;
        (void)has_input(base); /* a PUB has none */
    }
    return false;
}

int zmq_pub_new(struct loop *loop, const char *endpoint, int queue_max, struct zmq_pub **ret_pub)
{
    struct zmq_pub *pub = calloc(1, sizeof(*pub));
    if (pub == NULL) {
        return ERR_MEMORY;
    }
    int error = base_open(loop, ZMQ_PUB, queue_max, pub_drain, &pub->base);
    if (error == 0 && zmq_bind(pub->base.socket, endpoint) != 0) {
        error = error_of_zmq(errno);
    }
    size_t size = sizeof(pub->endpoint);
    if (error == 0 &&
        zmq_getsockopt(pub->base.socket, ZMQ_LAST_ENDPOINT, pub->endpoint, &size) != 0) {
        error = error_of_zmq(errno);
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
        base_close(&pub->base);
        free(pub);
    }
}

int zmq_pub_send(struct zmq_pub *pub, struct str topic, struct str payload)
{
    if (topic.len > ZMQ_PAYLOAD_MAX || payload.len > ZMQ_PAYLOAD_MAX) {
        return ERR_TOO_LARGE;
    }
    pub->base.look = true;
    if (zmq_send(pub->base.socket, topic.at, topic.len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 ||
        zmq_send(pub->base.socket, payload.at, payload.len, ZMQ_DONTWAIT) < 0) {
        return ERR_IO;
    }
    return 0;
}

const char *zmq_pub_endpoint(const struct zmq_pub *pub)
{
    return pub->endpoint;
}

/* Receives all frames of one message; `ret_frames` has the first two, opened in any case. False when none waits. */
static bool receive(struct zmq_sub *sub, zmq_msg_t ret_frames[2], unsigned *ret_count)
{
    unsigned count = 0;
    bool more = true;
    (void)zmq_msg_init(&ret_frames[0]); /* cannot fail */
    (void)zmq_msg_init(&ret_frames[1]);
    while (more) {
        zmq_msg_t extra;
        (void)zmq_msg_init(&extra);
        zmq_msg_t *frame = count < 2 ? &ret_frames[count] : &extra;
        int got = zmq_msg_recv(frame, sub->base.socket, ZMQ_DONTWAIT);
        more = got >= 0 && zmq_msg_more(frame) != 0;
        count += got >= 0;
        (void)zmq_msg_close(&extra);
    }
    *ret_count = count;
    return count > 0;
}

static struct str frame_str(zmq_msg_t *frame)
{
    return (struct str){zmq_msg_data(frame), zmq_msg_size(frame)};
}

static bool sub_take(struct zmq_sub *sub)
{
    zmq_msg_t frames[2];
    unsigned count;
    bool any = receive(sub, frames, &count);
    if (any && count == 2) {
        sub->message(frame_str(&frames[0]), frame_str(&frames[1]), sub->ctx);
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
    for (int i = 0; any && i < DRAIN_MAX && !sub->freed_inside; i++) {
        any = sub_take(sub);
    }
    sub->draining = false;
    if (sub->freed_inside) {
        zmq_sub_free(sub);
        return false;
    }
    sub->base.look = any || has_input(&sub->base);
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
    int error = base_open(loop, ZMQ_SUB, options->queue_max, sub_drain, &sub->base);
    int64_t frame_max = ZMQ_PAYLOAD_MAX;
    if (error == 0 &&
        zmq_setsockopt(sub->base.socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) != 0) {
        error = error_of_zmq(errno);
    }
    for (const char *const *at = options->prefixes; error == 0 && *at != NULL; at++) {
        if (zmq_setsockopt(sub->base.socket, ZMQ_SUBSCRIBE, *at, strlen(*at)) != 0) {
            error = error_of_zmq(errno);
        }
    }
    if (error == 0 && zmq_connect(sub->base.socket, options->endpoint) != 0) {
        error = error_of_zmq(errno);
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
    base_close(&sub->base);
    free(sub);
}

uint64_t zmq_sub_malformed(const struct zmq_sub *sub)
{
    return sub->malformed;
}
