#include "relay/recent.h"

#include <stdlib.h>

#include "base/assert.h"

struct recent {
    struct list parcels;
    size_t bytes;
    size_t max_bytes;
    int64_t *floors[RECENT_STREAMS_MAX]; /* by partition, 1 more than the floor; 0: nothing came */
};

struct recent *recent_new(size_t max_bytes)
{
    struct recent *recent = calloc(1, sizeof(*recent));
    if (recent != NULL) {
        list_init(&recent->parcels);
        recent->max_bytes = max_bytes;
    }
    return recent;
}

static void set_floor(struct recent *recent, const struct parcel *parcel, int64_t floor)
{
    recent->floors[parcel->stream][parcel->partition] = floor + 1;
}

static void drop_oldest(struct recent *recent)
{
    struct parcel *parcel = LIST_ENTRY(list_pop_front(&recent->parcels), struct parcel, node);
    set_floor(recent, parcel, parcel->offset + 1);
    recent->bytes -= parcel->size_bytes;
    free(parcel);
}

void recent_free(struct recent *recent)
{
    if (recent == NULL) {
        return;
    }
    while (!list_is_empty(&recent->parcels)) {
        drop_oldest(recent);
    }
    for (size_t i = 0; i < RECENT_STREAMS_MAX; i++) {
        free(recent->floors[i]);
    }
    free(recent);
}

void recent_add(struct recent *recent, struct parcel *parcel)
{
    sw_assert(parcel->stream < RECENT_STREAMS_MAX && parcel->partition >= 0 &&
              parcel->partition < RECENT_PARTITIONS_MAX);
    int64_t **floors = &recent->floors[parcel->stream];
    if (*floors == NULL) {
        *floors = calloc(RECENT_PARTITIONS_MAX, sizeof(**floors));
    }
    if (*floors == NULL) {
        free(parcel); /* not kept, and not said to be here: whoever wants it reads Kafka */
        return;
    }
    if (recent_floor(recent, parcel->stream, parcel->partition) < 0) {
        set_floor(recent, parcel, parcel->offset);
    }
    list_push_back(&recent->parcels, &parcel->node);
    recent->bytes += parcel->size_bytes;
    while (recent->bytes > recent->max_bytes) {
        drop_oldest(recent);
    }
}

int64_t recent_floor(const struct recent *recent, uint32_t stream, int32_t partition)
{
    const int64_t *floors = recent->floors[stream];
    return floors == NULL ? -1 : floors[partition] - 1;
}

void recent_each(const struct recent *recent, recent_each_fn each, void *ctx)
{
    for (struct list *node = recent->parcels.next; node != &recent->parcels; node = node->next) {
        each(ctx, LIST_ENTRY(node, struct parcel, node));
    }
}
