/* Server-sent events: a response that libmicrohttpd asks for more of, suspended while there is nothing to say.
 *
 * A suspended connection does not notice that its client has gone: the comment every 15 s does. A stream ends when
 * libmicrohttpd lets go of its response; `closed` is called after that, from the server's hook. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/http_server_parts.h"

enum { BLOCK_BYTES = 16 * 1024, COMMENT_EVERY_MS = 15000 };

static void stream_end(struct http_stream *stream)
{
    list_remove(&stream->node);
    list_push_back(&stream->server->ended, &stream->node);
    loop_hook_kick(stream->server->hook);
}

static ssize_t read_queue(void *ctx, uint64_t position, char *ret_bytes, size_t max)
{
    struct http_stream *stream = ctx;
    (void)position;
    sw_assert(stream->magic == HTTP_STREAM_MAGIC);
    size_t left = stream->queue.len - stream->sent;
    if (left == 0) {
        if (stream->closing) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        stream->suspended = true;
        MHD_suspend_connection(stream->handle);
        return 0;
    }
    size_t now = left < max ? left : max;
    memcpy(ret_bytes, stream->queue.bytes + stream->sent, now);
    stream->sent += now;
    if (stream->sent >= stream->queue.len - stream->sent) {
        /* Moves less than was sent, so that a stream that is never quite empty does not fill up. */
        stream->queue.len -= stream->sent;
        memmove(stream->queue.bytes, stream->queue.bytes + stream->sent, stream->queue.len);
        stream->sent = 0;
    }
    return (ssize_t)now;
}

static void response_freed(void *ctx)
{
    struct http_stream *stream = ctx;
    stream->released = true;
    stream->closing = true;
    stream_end(stream);
}

static void wake(struct http_stream *stream)
{
    if (stream->suspended && !stream->released) {
        stream->suspended = false;
        MHD_resume_connection(stream->handle);
        stream->server->run_wanted = true;
        loop_hook_kick(stream->server->hook);
    }
}

struct http_stream *http_stream_open(struct http_request *request, size_t queue_max_bytes,
                                     http_stream_closed_fn closed, void *ctx)
{
    struct http_server *server = request->server;
    struct http_stream *stream = calloc(1, sizeof(*stream));
    struct MHD_Response *response = NULL;
    if (stream != NULL) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_queue,
                                                     stream, response_freed);
    }
    if (response == NULL ||
        MHD_add_response_header(response, "Content-Type", "text/event-stream") != MHD_YES ||
        MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
        MHD_add_response_header(response, "X-Accel-Buffering", "no") != MHD_YES) {
        http_reply_text(request, 503, "out of memory\n");
        if (response == NULL) {
            free(stream);
            return NULL;
        }
        stream->server = server; /* freeing the response hands the stream to http_streams_reap */
        list_init(&stream->node);
        MHD_destroy_response(response);
        return NULL;
    }
    stream->magic = HTTP_STREAM_MAGIC;
    stream->server = server;
    stream->handle = request->connection->handle;
    stream->closed = closed;
    stream->ctx = ctx;
    stream->comment_due_ms = loop_monotonic_ms() + COMMENT_EVERY_MS;
    buffer_init(&stream->queue, queue_max_bytes);
    list_push_back(&server->streams, &stream->node);
    http_request_answer(request, 200, response);
    return stream;
}

static void add_lines(struct buffer *queue, struct str data)
{
    while (true) {
        const char *end = data.len == 0 ? NULL : memchr(data.at, '\n', data.len);
        struct str line = {data.at, end == NULL ? data.len : (size_t)(end - data.at)};
        if (line.len > 0 && line.at[line.len - 1] == '\r') {
            line.len--;
        }
        buffer_add_text(queue, "data: ");
        buffer_add(queue, line);
        buffer_add_text(queue, "\n");
        if (end == NULL) {
            return;
        }
        data = (struct str){end + 1, data.len - (size_t)(end + 1 - data.at)};
    }
}

int http_stream_send(struct http_stream *stream, const char *event, const char *id, struct str data)
{
    sw_assert(stream->magic == HTTP_STREAM_MAGIC);
    if (stream->closing) {
        return ERR_CLOSED;
    }
    size_t before = stream->queue.len;
    if (event != NULL) {
        buffer_format(&stream->queue, "event: %s\n", event);
    }
    if (id != NULL) {
        buffer_format(&stream->queue, "id: %s\n", id);
    }
    add_lines(&stream->queue, data);
    buffer_add_text(&stream->queue, "\n");
    int error = 0;
    if (stream->queue.overflowed) {
        stream->queue.len = before; /* no half event */
        stream->closing = true;
        error = ERR_FULL;
    }
    wake(stream);
    return error;
}

void http_stream_close(struct http_stream *stream)
{
    sw_assert(stream->magic == HTTP_STREAM_MAGIC);
    stream->closing = true;
    wake(stream);
}

void http_streams_sweep(struct http_server *server, int64_t now_ms)
{
    for (struct list *at = server->streams.next; at != &server->streams; at = at->next) {
        struct http_stream *stream = LIST_ENTRY(at, struct http_stream, node);
        struct http_connection *connection = NULL;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(stream->handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        connection = info == NULL ? NULL : info->socket_context;
        if (connection != NULL && !stream->closing) {
            connection->due_ms = INT64_MAX; /* a stream lasts; the queue's bound ends a slow one */
        }
        if (!stream->closing && stream->comment_due_ms <= now_ms) {
            stream->comment_due_ms = now_ms + COMMENT_EVERY_MS;
            buffer_add_text(&stream->queue, ":\n\n");
            stream->closing = stream->queue.overflowed;
            wake(stream);
        }
    }
}

void http_streams_reap(struct http_server *server)
{
    while (!list_is_empty(&server->ended)) {
        struct list *node = list_pop_front(&server->ended);
        struct http_stream *stream = LIST_ENTRY(node, struct http_stream, node);
        if (stream->closed != NULL) {
            stream->closed(stream, stream->ctx);
        }
        buffer_fini(&stream->queue);
        stream->magic = 0;
        free(stream);
    }
}

void http_streams_close(struct http_server *server)
{
    for (struct list *at = server->streams.next; at != &server->streams; at = at->next) {
        http_stream_close(LIST_ENTRY(at, struct http_stream, node));
    }
}
