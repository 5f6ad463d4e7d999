/* The other end of the live wire, for one partner: SUB and DEALER behind CURVE, on the loop. Connects, and connects again
 * by itself for ever; a wrong key shows as silence. */
#ifndef IO_ZMQ_CLIENT_H
#define IO_ZMQ_CLIENT_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/zmq_key.h"

enum { ZMQ_CLIENT_FRAMES_MAX = 40 }; /* of one message; longer ones are dropped */

struct zmq_client;

/* Frames are borrowed for the call; neither may free the client. */
typedef void (*zmq_client_fn)(void *ctx, const struct str *frames, size_t count);

struct zmq_client_options {
    const char *publish; /* the server's endpoints */
    const char *ask;
    const char *server_key;    /* its public one */
    const struct zmq_key *key; /* ours; copied */
    int queue_max;
    zmq_client_fn message; /* published */
    zmq_client_fn answer;  /* to what was asked */
    void *ctx;
};

/* ERR_INVALID (endpoint, key), ERR_MEMORY, ERR_IO. */
SW_NODISCARD int zmq_client_new(struct loop *loop, const struct zmq_client_options *options,
                                struct zmq_client **ret_client);
/* NULL is fine. */
void zmq_client_free(struct zmq_client *client);

/* From now on what begins with the prefix comes, as far as the server allows. ERR_IO. */
SW_NODISCARD int zmq_client_subscribe(struct zmq_client *client, struct str prefix);

/* Never waits. ERR_FULL: not connected for long, or the server is busy; ERR_IO. */
SW_NODISCARD int zmq_client_ask(struct zmq_client *client, const struct str *frames, size_t count);

#endif
