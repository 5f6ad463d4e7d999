/* Questions of the clients of the live wire: what does the log hold, what did I miss. Answered from memory where that
 * goes back far enough, else read from Kafka, in pieces for which the client has given credit. PROTOCOL.md has the
 * conversation. */
#ifndef RELAY_ASKS_H
#define RELAY_ASKS_H

#include <stdint.h>

#include "base/error.h"
#include "io/config.h"
#include "io/loop.h"
#include "io/zmq_server.h"
#include "relay/areas.h"
#include "relay/clients.h"
#include "relay/streams.h"

enum { ASK_CREDIT_MAX = 1000, ASK_JOBS_MAX = 4 };

struct asks;

struct asks_setup {
    struct loop *loop;
    const struct config *config; /* all outlive it */
    const struct areas *areas;
    const struct streams *streams;
    struct zmq_server *server;
    int64_t patience_ms; /* how long a client may keep its answers waiting for credit */
};

/* NULL: memory is out. */
struct asks *asks_new(const struct asks_setup *setup);
/* What is not answered yet never is. NULL is fine. */
void asks_free(struct asks *asks);

/* A question of the client, from its connection `peer`. */
void asks_take(struct asks *asks, const struct client *client, struct str peer,
               const struct str *frames, size_t count);

struct asks_counts {
    uint64_t from_memory;
    uint64_t from_kafka;
    uint64_t refused; /* answered by ERROR */
    uint64_t running; /* now */
};
struct asks_counts asks_counts(const struct asks *asks);

#endif
