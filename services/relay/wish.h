/* What one question asks for, read from its frames and held against what its client may read. */
#ifndef RELAY_WISH_H
#define RELAY_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/clients.h"
#include "relay/parcel.h"
#include "relay/streams.h"

enum { WISH_ID_MAX_BYTES = 64, WISH_STREAMS_MAX = 2 /* alerts, and the client's feed */ };

/* One stream of it. */
struct wish_stream {
    uint32_t number;  /* of `streams` */
    int64_t *offsets; /* of RECENT_PARTITIONS_MAX: the next one wanted, -1: the beginning */
};

struct wish {
    char id[WISH_ID_MAX_BYTES];
    size_t id_len;
    char prefixes[CLIENT_PREFIXES_MAX][CLIENT_PREFIX_BYTES];
    size_t prefix_count;
    int64_t credit;
    struct wish_stream streams[WISH_STREAMS_MAX];
    size_t stream_count;
};

/* Reads SNAPSHOT and RESUME. NULL, or the reason for which it is refused: "malformed", "not_allowed", "no_memory". The
 * caller calls wish_fini in any case. */
const char *wish_read(const struct client *client, const struct streams *streams,
                      const struct str *frames, size_t count, struct wish *ret_wish);
void wish_fini(struct wish *wish);

/* The stream of the wish with that number; NULL: not wished for. */
const struct wish_stream *wish_stream(const struct wish *wish, uint32_t number);

/* Whether the parcel lies under the wish's prefixes, at or behind its offsets. */
bool wish_wants(const struct wish *wish, const struct parcel *parcel);

#endif
