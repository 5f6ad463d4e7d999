/* GET /v1/feed: a partner's feed as JSON, for a partner that speaks neither Kafka nor ZeroMQ. The bearer token says whose: one
 * of the kinds that it may is "feed.<partner>".
 *
 *     ?after=CURSOR   where the last answer ended; without it all that the log holds
 *     &limit=N        at most so many entries, 1 to 500; 100
 *     &wait=SECONDS   waits so long for the first one, 0 to 30; 0
 *
 * Answers {"entries": [...], "cursor": "...", "gap": true (something after the cursor is gone)}. */
#ifndef CONSOLE_FEED_H
#define CONSOLE_FEED_H

#include <stddef.h>

#include "console/console.h"

enum { FEED_READERS_MAX = 16 };

struct feed;

/* NULL: memory is out. */
struct feed *feed_new(struct console *console);
/* Requests that wait are answered with what they have. NULL is fine. */
void feed_free(struct feed *feed);

/* GET; `ctx` is the struct feed. */
void feed_get(struct http_request *request, void *ctx);

#endif
