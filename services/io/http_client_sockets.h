/* The sockets of the HTTP client's libcurl, on the loop. Private to http_client.c. */
#ifndef IO_HTTP_CLIENT_SOCKETS_H
#define IO_HTTP_CLIENT_SOCKETS_H

#include <curl/curl.h>
#include <stddef.h>

#include "io/loop.h"

struct socket_watch;

struct http_client_sockets {
    struct loop *loop;
    CURLM *multi;
    struct socket_watch **kept; /* by descriptor: those of connections, which outlive a request */
    size_t kept_size;
    loop_fn acted;
    void *ctx;
};

/* Watches the sockets of `multi` from now on; `acted` is called from the loop whenever libcurl has done something for one,
 * never from inside libcurl. */
void http_client_sockets_init(struct http_client_sockets *sockets, struct loop *loop, CURLM *multi,
                              loop_fn acted, void *ctx);

/* When `multi` is gone. A zeroed object is fine. */
void http_client_sockets_fini(struct http_client_sockets *sockets);

/* Connections of this transfer are made and closed by us. */
void http_client_sockets_use(struct http_client_sockets *sockets, CURL *easy);

#endif
