/* The streams of the live wire, "alerts" and each client's own feed: read from their ends on, published, kept a while. */
#ifndef RELAY_STREAMS_H
#define RELAY_STREAMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/config.h"
#include "io/loop.h"
#include "relay/areas.h"
#include "relay/clients.h"
#include "relay/recent.h"

struct streams;

struct streams_setup {
    struct loop *loop;
    const struct config *config;   /* for the call only */
    const struct areas *areas;     /* outlive it */
    const struct clients *clients; /* for the call only */
    size_t keep_bytes;             /* of messages, for those who missed them */
    void (*message)(void *ctx, const struct parcel *parcel); /* a new one */
    void *ctx;
};

/* ERR_MEMORY, ERR_INVALID, ERR_IO. A feed whose topic does not exist yet is waited for. */
SW_NODISCARD int streams_new(const struct streams_setup *setup, struct streams **ret_streams);
/* NULL is fine. */
void streams_free(struct streams *streams);

/* How many; their names, by number. */
size_t streams_count(const struct streams *streams);
struct str streams_name(const struct streams *streams, size_t stream);

/* The next offset of each partition, RECENT_PARTITIONS_MAX at most; 0: the topic was not found yet. */
size_t streams_positions(const struct streams *streams, size_t stream, int64_t *ret_offsets);

/* The messages that were kept. */
const struct recent *streams_recent(const struct streams *streams);

#endif
