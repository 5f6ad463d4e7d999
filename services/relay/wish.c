#include "relay/wish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/asks.h"

static bool take_prefixes(const struct client *client, struct str asked, struct wish *wish)
{
    struct str may[CLIENT_PREFIXES_MAX];
    size_t count = client_narrow(client, asked, may);
    for (size_t i = 0; i < count; i++) {
        if (may[i].len >= CLIENT_PREFIX_BYTES) {
            return false; /* longer than any topic */
        }
        memcpy(wish->prefixes[i], may[i].at, may[i].len);
        wish->prefixes[i][may[i].len] = '\0';
    }
    wish->prefix_count = count;
    return count > 0;
}

/* Whether a prefix of the wish is one of the stream. */
static bool touches(const struct wish *wish, struct str name)
{
    for (size_t i = 0; i < wish->prefix_count; i++) {
        struct str prefix = str_of(wish->prefixes[i]);
        if (str_starts(prefix, name) && prefix.len > name.len && prefix.at[name.len] == '.') {
            return true;
        }
    }
    return false;
}

static bool add_streams(const struct streams *streams, struct wish *wish)
{
    int64_t positions[RECENT_PARTITIONS_MAX];
    for (size_t i = 0; i < streams_count(streams); i++) {
        if (!touches(wish, streams_name(streams, i)) ||
            streams_positions(streams, i, positions) == 0) {
            continue; /* not wished for, or no topic yet */
        }
        int64_t *offsets = malloc(sizeof(positions));
        if (offsets == NULL || wish->stream_count == WISH_STREAMS_MAX) {
            free(offsets);
            return false;
        }
        for (size_t k = 0; k < RECENT_PARTITIONS_MAX; k++) {
            offsets[k] = -1;
        }
        wish->streams[wish->stream_count++] = (struct wish_stream){(uint32_t)i, offsets};
    }
    return true;
}

/* "<partition>:<offset>" */
static bool take_pair(struct str pair, int64_t *offsets)
{
    const char *colon = memchr(pair.at, ':', pair.len);
    int64_t partition;
    int64_t offset;
    if (colon == NULL ||
        !str_to_int64((struct str){pair.at, (size_t)(colon - pair.at)}, 0,
                      RECENT_PARTITIONS_MAX - 1, &partition) ||
        !str_to_int64((struct str){colon + 1, (size_t)(pair.at + pair.len - colon - 1)}, 0,
                      INT64_MAX, &offset)) {
        return false;
    }
    if (offsets != NULL) {
        offsets[partition] = offset;
    }
    return true;
}

static struct str cut_word(struct str *text)
{
    const char *space = text->len == 0 ? NULL : memchr(text->at, ' ', text->len);
    struct str word = {text->at, space == NULL ? text->len : (size_t)(space - text->at)};
    size_t taken = word.len + (space == NULL ? 0 : 1);
    *text = (struct str){text->at + taken, text->len - taken};
    return word;
}

/* "<stream> <partition>:<offset> …"; a stream that is not the client's any more is passed over. */
static bool take_position(const struct streams *streams, struct wish *wish, struct str text)
{
    int64_t *offsets = NULL;
    struct str name = cut_word(&text);
    for (size_t i = 0; i < wish->stream_count; i++) {
        if (str_equal(streams_name(streams, wish->streams[i].number), name)) {
            offsets = wish->streams[i].offsets;
        }
    }
    while (text.len > 0) {
        if (!take_pair(cut_word(&text), offsets)) {
            return false;
        }
    }
    return name.len > 0;
}

const char *wish_read(const struct client *client, const struct streams *streams,
                      const struct str *frames, size_t count, struct wish *ret_wish)
{
    *ret_wish = (struct wish){0};
    bool resumes = str_is(frames[0], "RESUME");
    if (count < 4 || (!resumes && count > 4) || frames[1].len > WISH_ID_MAX_BYTES ||
        !str_to_int64(frames[3], 1, ASK_CREDIT_MAX, &ret_wish->credit)) {
        return "malformed";
    }
    memcpy(ret_wish->id, frames[1].at, frames[1].len);
    ret_wish->id_len = frames[1].len;
    if (!take_prefixes(client, frames[2], ret_wish)) {
        return "not_allowed";
    }
    if (!add_streams(streams, ret_wish)) {
        return "no_memory";
    }
    for (size_t i = 4; i < count; i++) {
        if (!take_position(streams, ret_wish, frames[i])) {
            return "malformed";
        }
    }
    return NULL;
}

void wish_fini(struct wish *wish)
{
    for (size_t i = 0; i < wish->stream_count; i++) {
        free(wish->streams[i].offsets);
    }
    wish->stream_count = 0;
}

const struct wish_stream *wish_stream(const struct wish *wish, uint32_t number)
{
    for (size_t i = 0; i < wish->stream_count; i++) {
        if (wish->streams[i].number == number) {
            return &wish->streams[i];
        }
    }
    return NULL;
}

bool wish_wants(const struct wish *wish, const struct parcel *parcel)
{
    const struct wish_stream *stream = wish_stream(wish, parcel->stream);
    if (stream == NULL || parcel->offset < stream->offsets[parcel->partition]) {
        return false;
    }
    for (size_t i = 0; i < wish->prefix_count; i++) {
        if (str_starts(parcel->parts[PARCEL_TOPIC], str_of(wish->prefixes[i]))) {
            return true;
        }
    }
    return false;
}
