/* HTTP requests, and mail over SMTP, on the loop (libcurl multi): keep-alive, bounded concurrency with a queue, one deadline
 * per request.
 *
 * When a kept connection turns out to be closed before any byte of an answer, libcurl sends the request once more on a
 * new one: what must not be done twice carries an id by which the server can tell. */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"

struct http_client;
struct http_call;

struct http_client_options {
    unsigned in_flight_max; /* 0: 64; connections are kept for reuse up to this many */
    unsigned queued_max;    /* waiting behind them; 0: 4,096 */
};

/* ERR_MEMORY, ERR_IO. */
SW_NODISCARD int http_client_new(struct loop *loop, const struct http_client_options *options,
                                 struct http_client **ret_client);

/* Cancels what is open (each `done` is called with ERR_CLOSED), then frees. NULL is fine. */
void http_client_free(struct http_client *client);

/* For a call that brings a mail to a server: `url` is smtp://host:port (STARTTLS) or smtps://, `body` the message with its
 * header, lines ended by CR LF. */
struct http_mail {
    const char *from;     /* of the envelope; addresses are the caller's to check */
    const char *to;       /* one recipient */
    const char *user;     /* NULL: no login */
    const char *password; /* with a user */
    const char *ca_file;  /* whom to trust; NULL: whom the system trusts */
    bool needs_tls;       /* no message, and no login, without */
};

struct http_call_options {
    const char *method;         /* "POST"; of a mail: NULL */
    const char *url;            /* http or https; redirects are not followed */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    struct str body;            /* copied; at == NULL: none */
    int64_t timeout_ms;         /* from now, queueing included; > 0 */
    size_t response_max_bytes;  /* 0: 64 KiB */
    /* The last word, with the call's ctx: asked when the connection stands and before the request's head goes out, and again
     * when its body is handed to the socket, each time it is. False ends the call with ERR_DENIED; a server that has the
     * head only has no request. It must not touch the client. May be NULL. */
    bool (*may_send)(void *ctx);
    const struct http_mail *mail; /* not NULL: a mail; borrowed for the call */
};

struct http_call_result {
    int error; /* 0: there is a status. ERR_TIMEOUT, ERR_UNAVAILABLE (no connection), ERR_TOO_LARGE, ERR_INVALID
                        (bad URL), ERR_CLOSED (cancelled), ERR_DENIED (may_send), ERR_IO */
    unsigned
        status; /* 0 on error; of a mail: the server's last word, also on error (550 …), 0: none */
    struct str body;        /* borrowed for the callback, NUL-terminated behind */
    int64_t retry_after_ms; /* of the header, when it was a number of seconds; else -1 */
    bool
        maybe_sent; /* whether the server may have seen the request: with an error, false means it certainly has not */
};

typedef void (*http_call_done_fn)(const struct http_call_result *result, void *ctx);

/* Starts a request. `done` is called exactly once if this answers 0 (from the loop, or from inside http_call_cancel
 * and http_client_free), else never. `ret_call` (may be NULL) is valid until then. ERR_FULL: the queue is at its
 * bound; ERR_MEMORY. */
SW_NODISCARD int http_client_call(struct http_client *client,
                                  const struct http_call_options *options, http_call_done_fn done,
                                  void *ctx, struct http_call **ret_call);

/* Ends it: `done` is called with ERR_CLOSED before this returns. */
void http_call_cancel(struct http_call *call);

unsigned http_client_in_flight(const struct http_client *client);
unsigned http_client_queued(const struct http_client *client);

#endif
