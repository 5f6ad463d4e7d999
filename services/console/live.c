#include "console/live.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/ident.h"
#include "base/list.h"

enum { QUEUE_BYTES = 16 * 1024, SCOPE_BYTES = 64 };

struct follower {
    struct list node;
    struct live *live;
    struct http_stream *stream;
    char scope[SCOPE_BYTES];
    char case_hex[IDENT_TEXT_BYTES];
};

struct live {
    struct list followers;
    size_t count;
    uint64_t too_slow;
    live_within_fn within;
    void *ctx;
};

struct live *live_new(live_within_fn within, void *ctx)
{
    struct live *live = calloc(1, sizeof(*live));
    if (live != NULL) {
        list_init(&live->followers);
        live->within = within;
        live->ctx = ctx;
    }
    return live;
}

void live_free(struct live *live)
{
    sw_assert(live == NULL || live->count == 0);
    free(live);
}

static void stream_closed(struct http_stream *stream, void *ctx)
{
    struct follower *follower = ctx;
    sw_assert(follower->stream == stream);
    list_remove(&follower->node);
    follower->live->count--;
    free(follower);
}

void live_open(struct live *live, struct http_request *request, struct str scope,
               struct str case_hex)
{
    struct follower *follower =
        live->count < LIVE_STREAMS_MAX ? calloc(1, sizeof(*follower)) : NULL;
    if (follower == NULL) {
        http_reply_text(request, 503, "too many open pages");
        return;
    }
    follower->live = live;
    list_init(&follower->node);
    snprintf(follower->scope, sizeof(follower->scope), "%.*s", (int)scope.len, scope.at);
    snprintf(follower->case_hex, sizeof(follower->case_hex), "%.*s", (int)case_hex.len,
             case_hex.at);
    follower->stream = http_stream_open(request, QUEUE_BYTES, stream_closed, follower);
    if (follower->stream == NULL) {
        free(follower);
        return;
    }
    live->count++;
    list_push_back(&live->followers, &follower->node);
}

static void tell(struct follower *follower, struct str case_hex)
{
    if (http_stream_send(follower->stream, "change", NULL, case_hex) != 0) {
        follower->live->too_slow++; /* the stream ends by itself, and the page connects anew */
    }
}

void live_change(struct live *live, struct str unit, struct str case_hex)
{
    for (struct list *node = live->followers.next; node != &live->followers; node = node->next) {
        struct follower *follower = LIST_ENTRY(node, struct follower, node);
        bool of_case = follower->case_hex[0] == '\0' || str_is(case_hex, follower->case_hex);
        if (of_case && live->within(unit, str_of(follower->scope), live->ctx)) {
            tell(follower, case_hex);
        }
    }
}

void live_change_all(struct live *live)
{
    for (struct list *node = live->followers.next; node != &live->followers; node = node->next) {
        tell(LIST_ENTRY(node, struct follower, node), STR_LITERAL("all"));
    }
}

size_t live_count(const struct live *live)
{
    return live->count;
}
