#include "relay/streams.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "io/kafka.h"
#include "io/log.h"

struct stream {
    struct streams *of;
    uint32_t number;
    char name[CLIENT_NAME_BYTES];
    struct kafka_reader *reader;
};

struct streams {
    const struct areas *areas;
    void (*message)(void *ctx, const struct parcel *parcel);
    void *ctx;
    struct recent *recent;
    struct stream streams[1 + CLIENTS_MAX];
    size_t count;
};

_Static_assert(1 + CLIENTS_MAX <= RECENT_STREAMS_MAX, "each stream is kept");

static void take(void *ctx, const struct kafka_record *record)
{
    struct stream *stream = ctx;
    char room[AREA_PATH_BYTES];
    struct str path = areas_path(stream->of->areas, record->key, room);
    struct parcel *parcel = parcel_new(str_of(stream->name), stream->number, path, record);
    if (parcel == NULL) {
        log_warn("not_shown", log_code("stream", stream->name),
                 log_count("offset", record->offset));
        return;
    }
    stream->of->message(stream->of->ctx, parcel);
    recent_add(stream->of->recent, parcel);
}

static int open_stream(const struct streams_setup *setup, struct streams *streams, const char *name)
{
    struct stream *stream = &streams->streams[streams->count];
    stream->of = streams;
    stream->number = (uint32_t)streams->count++;
    (void)snprintf(stream->name, sizeof(stream->name), "%s", name);
    struct kafka_source source = {.topic = TOPIC_ALERTS,
                                  .partner =
                                      stream->number == 0 ? STR_LITERAL("") : str_of(stream->name),
                                  .from = KAFKA_FROM_END};
    int error = kafka_reader_new(setup->loop, setup->config, &source, 1, &stream->reader);
    if (error == 0) {
        kafka_reader_set_calls(stream->reader, &(struct kafka_reader_calls){.record = take},
                               stream);
    }
    return error;
}

static bool reads_feed(const struct client *client)
{
    char own[CLIENT_NAME_BYTES + 1];
    (void)snprintf(own, sizeof(own), "%s.", client->name);
    for (size_t i = 0; i < client->prefix_count; i++) {
        if (str_starts(str_of(client->prefixes[i]), str_of(own))) {
            return true;
        }
    }
    return false;
}

int streams_new(const struct streams_setup *setup, struct streams **ret_streams)
{
    struct streams *streams = calloc(1, sizeof(*streams));
    if (streams == NULL) {
        return ERR_MEMORY;
    }
    streams->areas = setup->areas;
    streams->message = setup->message;
    streams->ctx = setup->ctx;
    streams->recent = recent_new(setup->keep_bytes);
    int error = streams->recent == NULL ? ERR_MEMORY : open_stream(setup, streams, "alerts");
    for (size_t i = 0; i < setup->clients->count && error == 0; i++) {
        if (reads_feed(&setup->clients->clients[i])) {
            error = open_stream(setup, streams, setup->clients->clients[i].name);
        }
    }
    if (error != 0) {
        streams_free(streams);
        return error;
    }
    *ret_streams = streams;
    return 0;
}

void streams_free(struct streams *streams)
{
    if (streams == NULL) {
        return;
    }
    for (size_t i = 0; i < streams->count; i++) {
        kafka_reader_free(streams->streams[i].reader);
    }
    recent_free(streams->recent);
    free(streams);
}

size_t streams_count(const struct streams *streams)
{
    return streams->count;
}

struct str streams_name(const struct streams *streams, size_t stream)
{
    sw_assert(stream < streams->count);
    return str_of(streams->streams[stream].name);
}

size_t streams_positions(const struct streams *streams, size_t stream, int64_t *ret_offsets)
{
    sw_assert(stream < streams->count);
    return kafka_reader_positions(streams->streams[stream].reader, 0, RECENT_PARTITIONS_MAX,
                                  ret_offsets);
}

const struct recent *streams_recent(const struct streams *streams)
{
    return streams->recent;
}
