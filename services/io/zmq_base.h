/* Inside of io/zmq*: a ZeroMQ socket on the loop, whose events are looked at whenever something may have happened. */
#ifndef IO_ZMQ_BASE_H
#define IO_ZMQ_BASE_H

#include <stdbool.h>
#include <zmq.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"

enum { ZMQ_DRAIN_MAX = 256, ZMQ_ENDPOINT_MAX = 256 };

struct zmq_base {
    void *context;
    void *socket;
    struct loop_fd *watch;
    struct loop_hook *hook;
    bool look;           /* ZMQ_EVENTS must be read */
    bool shares_context; /* it is another's to end */
};

/* The ERR_* of an errno that libzmq left. */
int zmq_base_error(int number);

/* Makes socket and context, or takes the context that `base` was given with `shares_context`; the hook gets `base`.
 * Call zmq_base_close whatever is answered. ERR_INVALID, ERR_MEMORY, ERR_IO. */
SW_NODISCARD int zmq_base_open(struct loop *loop, int type, int queue_max, loop_hook_fn drain,
                               struct zmq_base *base);

/* Drops what is queued; does not wait. A zeroed base is fine. */
void zmq_base_close(struct zmq_base *base);

/* Whether a message waits. Reading ZMQ_EVENTS also lets libzmq take up what its I/O thread has for it. */
bool zmq_base_has_input(struct zmq_base *base);

/* The bytes of a frame, borrowed. */
struct str zmq_base_frame(zmq_msg_t *frame);

/* Receives one message: at most `max` frames into `ret_frames`, those beyond are dropped; `ret_count` counts all of
 * them. All of `ret_frames` are to be closed in any case. False when none waits. */
bool zmq_base_receive(struct zmq_base *base, zmq_msg_t *ret_frames, unsigned max,
                      unsigned *ret_count);

/* Sends the frames as one message, without waiting. ERR_FULL: the peer's queue; ERR_CLOSED: no such peer; ERR_IO. */
SW_NODISCARD int zmq_base_send(struct zmq_base *base, const struct str *frames, size_t count);

/* A number as a socket option. ERR_* as zmq_base_error. */
SW_NODISCARD int zmq_base_set(struct zmq_base *base, int option, int value);

#endif
