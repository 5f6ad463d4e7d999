#include "io/zmq_base.h"

#include <errno.h>

#include "base/assert.h"

enum { RECONNECT_MAX_MS = 1000 };

int zmq_base_error(int number)
{
    if (number == EADDRINUSE || number == EADDRNOTAVAIL) {
        return ERR_UNAVAILABLE;
    }
    if (number == EINVAL || number == EPROTONOSUPPORT || number == ENODEV || number == ENOENT) {
        return ERR_INVALID;
    }
    if (number == EAGAIN) {
        return ERR_FULL;
    }
    if (number == EHOSTUNREACH) {
        return ERR_CLOSED;
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

void zmq_base_close(struct zmq_base *base)
{
    loop_fd_free(base->watch);
    loop_hook_free(base->hook);
    if (base->socket != NULL) {
        (void)zmq_close(base->socket);
    }
    if (base->context != NULL && !base->shares_context) {
        (void)zmq_ctx_term(base->context); /* does not wait: linger is 0 */
    }
    *base = (struct zmq_base){0};
}

int zmq_base_set(struct zmq_base *base, int option, int value)
{
    return zmq_setsockopt(base->socket, option, &value, sizeof(value)) == 0 ? 0
                                                                            : zmq_base_error(errno);
}

int zmq_base_open(struct loop *loop, int type, int queue_max, loop_hook_fn drain,
                  struct zmq_base *base)
{
    if (!base->shares_context) {
        base->context = zmq_ctx_new();
    }
    base->socket = base->context == NULL ? NULL : zmq_socket(base->context, type);
    if (base->socket == NULL) {
        return ERR_MEMORY;
    }
    int fd = -1;
    size_t size = sizeof(fd);
    int error = zmq_base_set(base, ZMQ_LINGER, 0);
    error = error != 0 ? error : zmq_base_set(base, ZMQ_SNDHWM, queue_max);
    error = error != 0 ? error : zmq_base_set(base, ZMQ_RCVHWM, queue_max);
    error = error != 0 ? error : zmq_base_set(base, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    if (error == 0 && zmq_getsockopt(base->socket, ZMQ_FD, &fd, &size) != 0) {
        error = zmq_base_error(errno);
    }
    base->look = true;
    error = error != 0 ? error : loop_hook_new(loop, drain, base, &base->hook);
    error = error != 0 ? error : loop_fd_new(loop, fd, descriptor_ready, base, &base->watch);
    return error != 0 ? error : loop_fd_want(base->watch, LOOP_READABLE);
}

bool zmq_base_has_input(struct zmq_base *base)
{
    int events = 0;
    size_t size = sizeof(events);
    return zmq_getsockopt(base->socket, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

struct str zmq_base_frame(zmq_msg_t *frame)
{
    return (struct str){zmq_msg_data(frame), zmq_msg_size(frame)};
}

bool zmq_base_receive(struct zmq_base *base, zmq_msg_t *ret_frames, unsigned max,
                      unsigned *ret_count)
{
    unsigned count = 0;
    bool more = true;
    for (unsigned i = 0; i < max; i++) {
        (void)zmq_msg_init(&ret_frames[i]); /* cannot fail */
    }
    while (more) {
        zmq_msg_t extra;
        (void)zmq_msg_init(&extra);
        zmq_msg_t *frame = count < max ? &ret_frames[count] : &extra;
        int got = zmq_msg_recv(frame, base->socket, ZMQ_DONTWAIT);
        more = got >= 0 && zmq_msg_more(frame) != 0;
        count += got >= 0;
        (void)zmq_msg_close(&extra);
    }
    *ret_count = count;
    return count > 0;
}

int zmq_base_send(struct zmq_base *base, const struct str *frames, size_t count)
{
    base->look = true; /* a send may have eaten the edge of the descriptor */
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        /* Only the first frame can be refused: libzmq takes a message as a whole. */
        if (zmq_send(base->socket, frames[i].len == 0 ? "" : frames[i].at, frames[i].len, flags) <
            0) {
            return zmq_base_error(errno);
        }
    }
    return 0;
}
