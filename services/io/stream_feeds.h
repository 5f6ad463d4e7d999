/* Which partners' topics there are. A record to a topic that is not there would fail its whole transaction, again and again:
 * one partner's missing feed may not stop everything else of a partition, so what is meant for it is left out and counted.
 * Inside of io/stream; the worker's thread only, but for `missed` between two jobs. */
#ifndef IO_STREAM_FEEDS_H
#define IO_STREAM_FEEDS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/topics.h"

enum { STREAM_FEEDS_MAX = 64 }; /* remembered; a further one takes the place of the oldest */

struct stream_feed {
    struct topic_name name;
    rd_kafka_topic_t *topic; /* held, so that its leaders are known */
    bool is_there;
    int64_t asked_ms; /* monotonic; 0: not since it was forgotten */
};

struct stream_feeds {
    struct stream_feed items[STREAM_FEEDS_MAX];
    size_t count;
    size_t next;
    int64_t missed; /* records left out since it was last read */
};

/* Whether records can go there. Asks the broker (up to a second) about a topic that is new, and every 30 s about one that is
 * missing. When it does not answer the topic is taken to be there: then a transaction could not end anyhow. */
bool stream_feeds_has(struct stream_feeds *feeds, rd_kafka_t *producer,
                      const struct topic_name *name);

/* After an abort: any of them may have gone, and is asked about again. */
void stream_feeds_doubt(struct stream_feeds *feeds);

/* Before the producer is destroyed. */
void stream_feeds_forget(struct stream_feeds *feeds);

#endif
