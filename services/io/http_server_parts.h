/* What the three files of the HTTP server share: http_server.c (daemon, connections, routes), http_request.c (what a
 * handler asks and answers), http_stream.c (server-sent events). Inside io/ only. */
#ifndef IO_HTTP_SERVER_PARTS_H
#define IO_HTTP_SERVER_PARTS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "io/buffer.h"
#include "io/http_server.h"

enum {
    HTTP_ROUTES_MAX = 128,
    HTTP_FILES_MAX = 64,
    HTTP_PARAMS_MAX = 4,
    HTTP_FORM_FIELDS_MAX = 64,
    HTTP_FORM_MAX_BYTES = 64 * 1024,
    HTTP_CLIENT_TEXT_MAX = 64,
    HTTP_REQUEST_MAGIC = 0x48745265,
    HTTP_STREAM_MAGIC = 0x48745374
};

struct http_loaded_file {
    struct http_file file;
    struct MHD_Response *response;
    struct MHD_Response *not_modified;
    char etag[24];
};

struct http_server {
    struct loop *loop;
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    struct loop_fd *watch;    /* libmicrohttpd's epoll descriptor */
    struct loop_hook *hook;   /* runs the daemon when it or we have work */
    struct loop_timer *sweep; /* once a second while there are connections */
    int listen_fd;
    struct address address;
    bool run_wanted;
    bool draining;
    struct http_route routes[HTTP_ROUTES_MAX];
    size_t route_count;
    struct http_loaded_file files[HTTP_FILES_MAX];
    size_t file_count;
    struct list connections;
    unsigned connection_count;
    unsigned pending_count;
    struct list requests; /* all of them */
    struct list streams;  /* open ones */
    struct list ended;    /* streams whose `closed` is still to be called */
    struct http_server_counts counts;
};

/* One TCP connection; due_ms is when it is cut off, INT64_MAX while we are the ones who let it wait. */
struct http_connection {
    struct list node;
    struct http_server *server;
    struct MHD_Connection *handle;
    int fd;
    int64_t due_ms;
    bool in_request;
    bool has_asked; /* at least one request has come whole */
    char client[HTTP_CLIENT_TEXT_MAX];
};

enum http_request_state {
    REQUEST_READING,  /* the body is arriving */
    REQUEST_HANDLING, /* inside the handler */
    REQUEST_WAITING,  /* suspended: the handler answers later */
    REQUEST_ANSWERED, /* the response is ready to be queued */
    REQUEST_SENT      /* queued */
};

struct http_param {
    const char *name; /* in the route's pattern, not NUL-terminated */
    size_t name_len;
    char *value;
};

struct http_form_field {
    const char *name;
    const char *value;
};

struct http_request {
    unsigned magic;
    struct list node;
    struct http_server *server;
    struct http_connection *connection;
    enum http_request_state state;
    const char *method;
    char *path;
    const struct http_loaded_file *file; /* what is asked for, instead of a route */
    const struct http_route *route;
    struct http_param params[HTTP_PARAMS_MAX];
    size_t param_count;
    struct buffer body;
    size_t dropped_bytes; /* of a body that is too large */
    char *form_text;
    struct http_form_field form[HTTP_FORM_FIELDS_MAX];
    size_t form_count;
    unsigned status;
    struct MHD_Response *response; /* ours until it is queued; NULL when memory was out */
};

struct http_stream {
    unsigned magic;
    struct list node;
    struct http_server *server;
    struct MHD_Connection *handle;
    struct buffer queue;
    size_t sent; /* of the queue's bytes */
    bool suspended;
    bool closing;  /* no more is taken; ends when the queue is empty */
    bool released; /* libmicrohttpd has let go of it */
    int64_t comment_due_ms;
    http_stream_closed_fn closed;
    void *ctx;
};

/* http_request.c: frees what a request owns. */
void http_request_free(struct http_request *request);
/* The request is answered: takes the response (NULL: the connection is closed). */
void http_request_answer(struct http_request *request, unsigned status,
                         struct MHD_Response *response);

/* http_stream.c: sends a comment where one is due; called about once a second. */
void http_streams_sweep(struct http_server *server, int64_t now_ms);
/* Calls `closed` of the streams that have ended. */
void http_streams_reap(struct http_server *server);
void http_streams_close(struct http_server *server);

#endif
