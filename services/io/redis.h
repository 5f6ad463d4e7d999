/* Redis on the loop (hiredis with our own adapter): pipelined commands with deadlines, reconnect with backoff, a
 * function library loaded at each connect. Redis is a view and a guard: everything here fails fast, nothing waits for
 * it to come back. */
#ifndef IO_REDIS_H
#define IO_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/address.h"
#include "io/loop.h"

enum { REDIS_ARGUMENTS_MAX = 64 };

struct redis;
struct redis_value;

enum redis_outcome {
    REDIS_REPLY,       /* there is a value */
    REDIS_ERROR,       /* Redis answered an error; the value is its text */
    REDIS_UNAVAILABLE, /* the connection broke: it may or may not have been done */
    REDIS_TIMEOUT /* no answer by the deadline: likewise; the connection is given up and made anew */
};

struct redis_options {
    struct address address;
    const char *password; /* NULL: none */
    struct str
        function_library; /* Lua with its "#!lua name=…" line, loaded (REPLACE) before ready; may be empty */
    int64_t timeout_ms;     /* of a command without its own, and of connecting; 0: 500 */
    size_t in_flight_max;   /* 0: 4,096 */
    int64_t backoff_max_ms; /* the first retry is after 50 ms, doubling up to this; 0: 1,000 */
};

/* `ready` tells whether commands are taken now; called on each change. */
typedef void (*redis_state_fn)(bool ready, void *ctx);

/* Borrowed value, NULL unless REPLY or ERROR; gone when the callback returns. */
typedef void (*redis_done_fn)(enum redis_outcome outcome, const struct redis_value *value,
                              void *ctx);

/* Starts connecting; copies the options. `state` may be NULL. ERR_MEMORY, ERR_IO. */
SW_NODISCARD int redis_new(struct loop *loop, const struct redis_options *options,
                           redis_state_fn state, void *ctx, struct redis **ret_redis);

/* What is in flight gets REDIS_UNAVAILABLE before this returns; `state` is not called. NULL is fine. Not from inside a
 * callback of this client. */
void redis_free(struct redis *redis);

bool redis_is_ready(const struct redis *redis);

struct redis_command {
    const struct str *arguments; /* copied; the command's name first */
    size_t count;                /* 1..REDIS_ARGUMENTS_MAX */
    int64_t timeout_ms;          /* 0: the client's */
};

/* Sends a command behind those before it. 0: `done` is called exactly once, later, on the loop; `done` may be NULL
 * where the answer does not matter. ERR_UNAVAILABLE (not ready), ERR_FULL (in_flight_max): `done` is never called. */
SW_NODISCARD int redis_send(struct redis *redis, const struct redis_command *command,
                            redis_done_fn done, void *ctx);

size_t redis_in_flight(const struct redis *redis);

struct redis_counts {
    uint64_t sent;
    uint64_t errors;
    uint64_t timeouts;
    uint64_t unavailable; /* callbacks with it, and refused sends */
    uint64_t attempts;    /* to connect */
    uint64_t connects;    /* times it became ready */
};
struct redis_counts redis_counts(const struct redis *redis);

enum redis_type { REDIS_NIL, REDIS_INTEGER, REDIS_STRING, REDIS_ARRAY };

/* A status reply ("OK") is a string. */
enum redis_type redis_value_type(const struct redis_value *value);
int64_t redis_value_int(
    const struct redis_value *value); /* of an integer, or of a string that is one; else 0 */
struct str redis_value_str(const struct redis_value *value); /* empty unless a string or an error */
size_t redis_value_count(const struct redis_value *value);   /* 0 unless an array */
const struct redis_value *redis_value_at(const struct redis_value *value,
                                         size_t index); /* asserted in range */

#endif
