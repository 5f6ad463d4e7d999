/* HTTP/1.1 on the loop (libmicrohttpd, external epoll): routes, bounded bodies, answers now or later, server-sent
 * events, files from memory. No TLS: it stands behind a proxy.
 *
 * A handler is called once, on the loop, with the whole body; it answers with http_reply or http_stream_open, either
 * at once or any time later: the request stays valid until then, even if the client has gone. */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/address.h"
#include "io/loop.h"

struct http_server;
struct http_request;
struct http_stream;

typedef void (*http_handler_fn)(struct http_request *request, void *ctx);

struct http_route {
    const char *method;  /* "GET" also answers HEAD */
    const char *pattern; /* "/v1/cases/:id/ack"; ":name" is one segment, a last "*" is the rest */
    http_handler_fn handler;
    void *ctx;
    size_t body_max_bytes; /* 0: the server's */
};

/* A file in memory: its texts and bytes must outlive the server. */
struct http_file {
    const char *path; /* exact */
    const char *content_type;
    struct str body;
};

struct http_server_options {
    struct address listen;
    size_t body_max_bytes;    /* larger: 413; 0: 1 MiB */
    unsigned connections_max; /* 0: 1,024; further ones wait in the backlog */
    unsigned per_client_max;  /* connections of one IP address; 0: no limit */
    int64_t
        request_timeout_ms; /* the whole request must have arrived by then (a slow client is cut off); 0: 30 s */
    int64_t idle_timeout_ms; /* between requests; 0: 60 s */
};

/* Listens at once. Routes and files are added before the loop runs. ERR_UNAVAILABLE (address in use), ERR_NOT_FOUND,
 * ERR_DENIED, ERR_MEMORY, ERR_IO. */
SW_NODISCARD int http_server_new(struct loop *loop, const struct http_server_options *options,
                                 struct http_server **ret_server);

/* Ends all connections: open requests are answered 503, streams are closed. NULL is fine. */
void http_server_free(struct http_server *server);

/* Copies the rows; the first match wins. At most 128. ERR_FULL. */
SW_NODISCARD int http_server_route(struct http_server *server, const struct http_route *routes,
                                   size_t count);

/* Copies the rows and serves the files under GET with an ETag; `cache` is the Cache-Control value. At most 64. ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int http_server_files(struct http_server *server, const struct http_file *files,
                                   size_t count, const char *cache);

/* The real address (the port when 0 was asked for). */
struct address http_server_address(const struct http_server *server);

/* Accepts no more connections; answers what was begun with "Connection: close" and ends the streams. */
void http_server_drain(struct http_server *server);

/* Connections still open, after a drain zero sooner or later; requests taken and not answered yet. */
unsigned http_server_connections(const struct http_server *server);
unsigned http_server_pending(const struct http_server *server);

/* Why requests ended without reaching a handler; ascending counters. */
struct http_server_counts {
    uint64_t requests;
    uint64_t not_found; /* 404 and 405 */
    uint64_t too_large; /* 413 */
    uint64_t too_slow;  /* cut off */
};
struct http_server_counts http_server_counts(const struct http_server *server);

/* Of the request; all borrowed until the answer. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request); /* decoded, without the query */
struct str http_body(const struct http_request *request);
const char *http_header(const struct http_request *request,
                        const char *name); /* case-insensitive; NULL if absent */
const char *http_query(const struct http_request *request,
                       const char *name); /* decoded; NULL if absent */
const char *http_cookie(const struct http_request *request, const char *name); /* NULL if absent */
/* What ":name" or "*" (under the name "*") stood for, decoded. Asking for a name that the pattern has not is a bug. */
const char *http_param(const struct http_request *request, const char *name);
/* A field of an application/x-www-form-urlencoded body, decoded; NULL if absent or larger than 64 KiB. */
const char *http_form(struct http_request *request, const char *name);
/* The peer's numeric IP address, "unix" for a unix socket. */
const char *http_client_address(const struct http_request *request);

struct http_header_pair {
    const char *name;
    const char *value;
};

struct http_answer {
    unsigned status;
    const char *content_type; /* NULL with an empty body */
    struct str body;          /* copied */
    const struct http_header_pair *headers;
    size_t header_count;
};

/* Answers; the request is gone for the caller when it returns. */
void http_reply(struct http_request *request, const struct http_answer *answer);

/* text/plain; application/json. */
void http_reply_text(struct http_request *request, unsigned status, const char *text);
void http_reply_json(struct http_request *request, unsigned status, struct str json);

/* A Set-Cookie value: HttpOnly, SameSite=Strict, Path=/, Secure when asked; `max_age_s` 0 deletes the cookie. Answers
 * false, with an empty text, when it does not fit or holds a character that a cookie may not have. */
bool http_cookie_format(const char *name, const char *value, int64_t max_age_s, bool secure,
                        char ret_text[1024]);

typedef void (*http_stream_closed_fn)(struct http_stream *stream, void *ctx);

/* Answers with text/event-stream. `closed` is called exactly once, on the loop, never from inside a call of this
 * module on the stream: after http_stream_close, when the client has gone, when the queue was full, or when the server
 * is freed; the stream is gone when it returns. A comment every 15 s keeps proxies and notices the dead. NULL when
 * memory is out (the request is then answered 503 and `closed` never called). */
struct http_stream *http_stream_open(struct http_request *request, size_t queue_max_bytes,
                                     http_stream_closed_fn closed, void *ctx);

/* Queues one event; `event` and `id` may be NULL, line breaks in `data` are handled. ERR_FULL: the client is too slow;
 * the stream ends, and the client comes again with Last-Event-ID. ERR_CLOSED after any end. */
SW_NODISCARD int http_stream_send(struct http_stream *stream, const char *event, const char *id,
                                  struct str data);

/* Ends it after what is queued. */
void http_stream_close(struct http_stream *stream);

#endif
