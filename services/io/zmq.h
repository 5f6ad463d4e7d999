/* ZeroMQ PUB and SUB on the loop, over ipc or tcp: board changes from the relay to the console.
 *
 * A message is two frames: topic and payload. A slow subscriber loses messages (a gap, which its sequence shows);
 * nothing here waits. Sockets are drained until ZMQ_EVENTS is empty, since their descriptor is edge-triggered. */
#ifndef IO_ZMQ_H
#define IO_ZMQ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"

enum { ZMQ_PAYLOAD_MAX = 1 << 20 };

struct zmq_pub;
struct zmq_sub;

/* Binds "ipc:///run/…" or "tcp://127.0.0.1:5556"; `queue_max` messages wait per subscriber. ERR_UNAVAILABLE (in use),
 * ERR_INVALID (endpoint), ERR_MEMORY, ERR_IO. */
SW_NODISCARD int zmq_pub_new(struct loop *loop, const char *endpoint, int queue_max,
                             struct zmq_pub **ret_pub);
/* NULL is fine; what is queued is dropped. */
void zmq_pub_free(struct zmq_pub *pub);

/* Never waits. ERR_TOO_LARGE, ERR_IO. */
SW_NODISCARD int zmq_pub_send(struct zmq_pub *pub, struct str topic, struct str payload);

/* The endpoint really bound ("tcp://127.0.0.1:*" gets a port). */
const char *zmq_pub_endpoint(const struct zmq_pub *pub);

/* Both borrowed for the callback. */
typedef void (*zmq_message_fn)(struct str topic, struct str payload, void *ctx);

struct zmq_sub_options {
    const char *endpoint;
    const char *const *prefixes; /* topics wanted, NULL-terminated; {"", NULL}: all */
    int queue_max;
    zmq_message_fn message;
    void *ctx;
};

/* Connects, and connects again by itself for ever. ERR_INVALID, ERR_MEMORY, ERR_IO. */
SW_NODISCARD int zmq_sub_new(struct loop *loop, const struct zmq_sub_options *options,
                             struct zmq_sub **ret_sub);
/* NULL is fine. */
void zmq_sub_free(struct zmq_sub *sub);

/* Messages that were not two frames, or too large: dropped. */
uint64_t zmq_sub_malformed(const struct zmq_sub *sub);

#endif
