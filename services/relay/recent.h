/* The latest messages of all streams, so that a client which looks whether it missed something is answered from memory. */
#ifndef RELAY_RECENT_H
#define RELAY_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/parcel.h"

enum { RECENT_STREAMS_MAX = 66, RECENT_PARTITIONS_MAX = 1024 };

struct recent;

/* Keeps at most `max_bytes`, the oldest out. NULL: memory is out. */
struct recent *recent_new(size_t max_bytes);
/* NULL is fine. */
void recent_free(struct recent *recent);

/* Takes the parcel, in the order of offsets of its partition. */
void recent_add(struct recent *recent, struct parcel *parcel);

/* The offset from which all of the partition is here; -1: nothing of it came yet, so that all is here from wherever its
 * reader stands. */
int64_t recent_floor(const struct recent *recent, uint32_t stream, int32_t partition);

typedef void (*recent_each_fn)(void *ctx, const struct parcel *parcel);

/* Each of them, oldest first. */
void recent_each(const struct recent *recent, recent_each_fn each, void *ctx);

#endif
