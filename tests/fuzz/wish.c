/* A question of the live wire: its frames, one a line, as a client with a key might write them; and a file of clients. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/zmq_server.h"
#include "relay/asks.h"
#include "relay/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two streams, both there. */
size_t streams_count(const struct streams *streams)
{
    (void)streams;
    return 2;
}

struct str streams_name(const struct streams *streams, size_t stream)
{
    (void)streams;
    return stream == 0 ? STR_LITERAL("alerts") : STR_LITERAL("police");
}

size_t streams_positions(const struct streams *streams, size_t stream, int64_t *ret_offsets)
{
    (void)streams;
    (void)stream;
    (void)ret_offsets;
    return 4;
}

static void check(const struct wish *wish)
{
    sw_assert(wish->credit >= 1 && wish->credit <= ASK_CREDIT_MAX);
    for (size_t i = 0; i < wish->prefix_count; i++) {
        struct str prefix = str_of(wish->prefixes[i]);
        sw_assert(str_starts(prefix, STR_LITERAL("police.")) ||
                  str_starts(prefix, STR_LITERAL("alerts.area.")));
    }
    for (size_t i = 0; i < wish->stream_count; i++) {
        for (size_t k = 0; k < RECENT_PARTITIONS_MAX; k++) {
            sw_assert(wish->streams[i].offsets[k] >= -1);
        }
    }
}

static void ask(struct str text)
{
    static const struct client client = {
        .name = "police", .prefixes = {"police.", "alerts.area."}, .prefix_count = 2};
    struct str frames[ZMQ_FRAMES_MAX];
    struct wish wish;
    size_t count = 0;
    while (count < ZMQ_FRAMES_MAX) {
        const char *end = text.len == 0 ? NULL : memchr(text.at, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.at);
        frames[count++] = (struct str){text.at, len};
        if (end == NULL) {
            break;
        }
        text = (struct str){end + 1, text.len - len - 1};
    }
    if (wish_read(&client, NULL, frames, count, &wish) == NULL) {
        check(&wish);
    }
    wish_fini(&wish);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct clients *clients = NULL;
    size_t line = 0;
    ask(text);
    if (clients_parse(text, &line, &clients) == 0) {
        sw_assert(clients->count <= CLIENTS_MAX);
        free(clients);
    }
    return 0;
}
