/* The public end of the live wire: an XPUB that asks about every subscription, a ROUTER for questions, both behind CURVE,
 * and the handler (ZAP) that says whose key a connection has. All on the loop; nothing waits.
 *
 * A connection whose key nobody knows ends in its handshake. A subscriber that is too slow loses messages; a peer that
 * does not read its answers makes zmq_server_answer say so. */
#ifndef IO_ZMQ_SERVER_H
#define IO_ZMQ_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/zmq_key.h"

enum {
    ZMQ_USER_BYTES = 49, /* a user's name with its NUL */
    ZMQ_FRAMES_MAX = 40, /* of one message in either direction; longer questions are dropped */
};

struct zmq_server;

/* None of them may free the server. Everything is borrowed for the call. */
struct zmq_server_calls {
    /* Whose key is it? Answers false for nobody's. */
    bool (*admit)(void *ctx, struct str public_key, char ret_user[ZMQ_USER_BYTES]);
    /* The user subscribes to a prefix, or cancels it. Nothing is sent but under what zmq_server_grant names in here. */
    void (*subscribe)(void *ctx, struct str user, struct str prefix, bool is_on);
    /* A question of the user's connection `peer`. */
    void (*ask)(void *ctx, struct str user, struct str peer, const struct str *frames,
                size_t count);
};

struct zmq_server_options {
    const char *publish; /* "tcp://0.0.0.0:7790" */
    const char *ask;
    const struct zmq_key *key; /* the server's own; copied */
    int queue_max;             /* messages that wait per subscriber, and answers per peer */
    const struct zmq_server_calls *calls;
    void *ctx;
};

/* Binds both. ERR_UNAVAILABLE (in use), ERR_INVALID (endpoint, key), ERR_MEMORY, ERR_IO. */
SW_NODISCARD int zmq_server_new(struct loop *loop, const struct zmq_server_options *options,
                                struct zmq_server **ret_server);

/* Every connection ends; what is queued is dropped. NULL is fine. */
void zmq_server_free(struct zmq_server *server);

/* Inside `subscribe`: the connection in question gets, or gets no more, what begins with the prefix. */
void zmq_server_grant(struct zmq_server *server, struct str prefix, bool is_on);

/* To every subscriber with a prefix of the first frame. ERR_IO. */
SW_NODISCARD int zmq_server_publish(struct zmq_server *server, const struct str *frames,
                                    size_t count);

/* To one connection; fewer than ZMQ_FRAMES_MAX frames. ERR_FULL: it does not read; ERR_CLOSED: it is gone; ERR_IO. */
SW_NODISCARD int zmq_server_answer(struct zmq_server *server, struct str peer,
                                   const struct str *frames, size_t count);

/* The endpoints really bound ("tcp://127.0.0.1:*" gets a port). */
const char *zmq_server_publish_endpoint(const struct zmq_server *server);
const char *zmq_server_ask_endpoint(const struct zmq_server *server);

#endif
