/* libcurl says which sockets it waits for, and for what; the loop says when they are ready. */
#include "io/http_client_sockets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

/* One watch per socket that libcurl waits for. A connection's own lives as long as the connection and stays armed for
 * reading between two requests: arming it anew for each would cost more system calls than the request itself. Others go
 * as soon as libcurl is through with them, since it does not tell when it closes them: the resolver's, and what never became
 * a connection (7.88 closes a socket whose connect was given up without a word). */
struct socket_watch {
    struct http_client_sockets *sockets;
    curl_socket_t socket;
    struct loop_fd *fd;
    unsigned armed;
    unsigned wanted;   /* 0: idle */
    bool is_kept;      /* made by us for a connection */
    bool is_connected; /* libcurl has waited for an answer on it */
};

static void arm(struct socket_watch *watch, unsigned events)
{
    if (events != watch->armed) {
        watch->armed = events;
        (void)!loop_fd_want(watch->fd, events); /* if not, the call meets its deadline */
    }
}

static void socket_ready(void *ctx, unsigned events)
{
    struct socket_watch *watch = ctx;
    struct http_client_sockets *sockets = watch->sockets;
    if ((events & LOOP_BROKEN) != 0) {
        watch->armed = 0; /* libuv has stopped it */
    }
    if (watch->wanted == 0) {
        arm(watch,
            0); /* the server closes an idle connection: libcurl finds out when it needs it */
        return;
    }
    int action = 0;
    action |= (events & LOOP_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    action |= (events & LOOP_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    action |= (events & LOOP_BROKEN) != 0 ? CURL_CSELECT_ERR : 0;
    int running;
    (void)curl_multi_socket_action(sockets->multi, watch->socket, action,
                                   &running); /* `watch` may be gone now */
    sockets->acted(sockets->ctx);
}

static void watch_free(struct socket_watch *watch)
{
    if (watch != NULL) {
        loop_fd_free(watch->fd);
        free(watch);
    }
}

/* NULL when memory is out: the call then meets its deadline. */
static struct socket_watch *watch_new(struct http_client_sockets *sockets, curl_socket_t socket)
{
    struct socket_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return NULL;
    }
    *watch = (struct socket_watch){.sockets = sockets, .socket = socket};
    if (loop_fd_new(sockets->loop, socket, socket_ready, watch, &watch->fd) != 0) {
        free(watch);
        return NULL;
    }
    return watch;
}

static struct socket_watch *kept_watch(const struct http_client_sockets *sockets,
                                       curl_socket_t socket)
{
    return (size_t)socket < sockets->kept_size ? sockets->kept[socket] : NULL;
}

/* Files the watch of a new connection; without room it is one that is not kept. */
static void keep_watch(struct http_client_sockets *sockets, curl_socket_t socket)
{
    size_t size = (size_t)socket + 1;
    if (size > sockets->kept_size) {
        struct socket_watch **kept = realloc(sockets->kept, size * sizeof(struct socket_watch *));
        if (kept == NULL) {
            return;
        }
        memset(kept + sockets->kept_size, 0, (size - sockets->kept_size) * sizeof(*kept));
        sockets->kept = kept;
        sockets->kept_size = size;
    }
    sw_assert(sockets->kept[socket] == NULL); /* see socket_wanted */
    sockets->kept[socket] = watch_new(sockets, socket);
    if (sockets->kept[socket] != NULL) {
        sockets->kept[socket]->is_kept = true;
    }
}

static curl_socket_t open_connection(void *ctx, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct http_client_sockets *sockets = ctx;
    (void)purpose;
    int fd = socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
    if (fd >= 0) {
        keep_watch(sockets, fd);
    }
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int close_connection(void *ctx, curl_socket_t socket)
{
    struct http_client_sockets *sockets = ctx;
    if ((size_t)socket < sockets->kept_size) {
        watch_free(sockets->kept[socket]);
        sockets->kept[socket] = NULL;
    }
    return close(socket);
}

static int socket_wanted(CURL *easy, curl_socket_t socket, int what, void *ctx, void *socket_ctx)
{
    struct http_client_sockets *sockets = ctx;
    struct socket_watch *watch = kept_watch(sockets, socket);
    (void)easy;
    if (watch == NULL) {
        watch = socket_ctx != NULL || what == CURL_POLL_REMOVE ? socket_ctx
                                                               : watch_new(sockets, socket);
        (void)curl_multi_assign(sockets->multi, socket, what == CURL_POLL_REMOVE ? NULL : watch);
    }
    if (watch == NULL) {
        return 0; /* an error here would end every call of the multi handle */
    }
    watch->is_connected |= what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    if (what == CURL_POLL_REMOVE && !(watch->is_kept && watch->is_connected)) {
        if (watch->is_kept) {
            sockets->kept[socket] = NULL;
        }
        watch_free(watch);
        return 0;
    }
    watch->wanted = 0;
    watch->wanted |= what == CURL_POLL_IN || what == CURL_POLL_INOUT ? LOOP_READABLE : 0U;
    watch->wanted |= what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? LOOP_WRITABLE : 0U;
    arm(watch, watch->wanted != 0 ? watch->wanted : watch->armed & LOOP_READABLE);
    return 0;
}

void http_client_sockets_init(struct http_client_sockets *sockets, struct loop *loop, CURLM *multi,
                              loop_fn acted, void *ctx)
{
    *sockets =
        (struct http_client_sockets){.loop = loop, .multi = multi, .acted = acted, .ctx = ctx};
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets);
}

void http_client_sockets_fini(struct http_client_sockets *sockets)
{
    free(sockets->kept);
    sockets->kept = NULL;
}

void http_client_sockets_use(struct http_client_sockets *sockets, CURL *easy)
{
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_connection);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_connection);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
}
