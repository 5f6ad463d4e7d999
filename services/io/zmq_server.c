/* Three sockets of one context. The ZAP handler is bound first: without one libzmq would let every key in. In manual mode
 * an XPUB sends nothing that was not granted, and the metadata of each subscription names the user whom the handler
 * found. */
#include "io/zmq_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "io/zmq_base.h"

enum {
    ZAP_FRAMES = 7, /* version, request, domain, address, identity, mechanism, key */
    ZAP_KEY_BYTES = 32,
    PREFIX_MAX_BYTES = 256,
    QUESTION_MAX_BYTES = 64 * 1024, /* of one frame */
    COMMAND_MAX_BYTES = 2048, /* of a subscriber: the steps of its handshake are the longest */
};

struct zmq_server {
    struct zmq_base zap; /* owns the context */
    struct zmq_base publish;
    struct zmq_base ask;
    struct zmq_server_calls calls;
    void *ctx;
    bool granting; /* inside `subscribe` */
    char publish_endpoint[ZMQ_ENDPOINT_MAX];
    char ask_endpoint[ZMQ_ENDPOINT_MAX];
};

static void close_frames(zmq_msg_t *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)zmq_msg_close(&frames[i]);
    }
}

/* Takes messages by `take` until none waits or enough were taken; true: look again. */
static bool drain(struct zmq_base *base, struct zmq_server *server,
                  bool (*take)(struct zmq_server *server))
{
    if (!base->look) {
        return false;
    }
    bool any = true;
    for (int i = 0; any && i < ZMQ_DRAIN_MAX; i++) {
        any = take(server);
    }
    base->look = any || zmq_base_has_input(base);
    return base->look;
}

/* ---- who is it */

static bool zap_take(struct zmq_server *server)
{
    zmq_msg_t frames[ZAP_FRAMES];
    unsigned count;
    if (!zmq_base_receive(&server->zap, frames, ZAP_FRAMES, &count)) {
        close_frames(frames, ZAP_FRAMES);
        return false;
    }
    char key[ZMQ_KEY_TEXT_BYTES];
    char user[ZMQ_USER_BYTES] = "";
    struct str bytes = zmq_base_frame(&frames[6]);
    bool known = count == ZAP_FRAMES && str_is(zmq_base_frame(&frames[5]), "CURVE") &&
                 bytes.len == ZAP_KEY_BYTES &&
                 zmq_z85_encode(key, (const uint8_t *)bytes.at, ZAP_KEY_BYTES) != NULL &&
                 server->calls.admit(server->ctx, str_of(key), user);
    const struct str reply[] = {STR_LITERAL("1.0"),
                                zmq_base_frame(&frames[1]),
                                str_of(known ? "200" : "400"),
                                str_of(known ? "OK" : "unknown key"),
                                str_of(known ? user : ""),
                                STR_LITERAL("")};
    /* Only libzmq itself speaks on this socket: it takes an answer at once. */
    int error = zmq_base_send(&server->zap, reply, sizeof(reply) / sizeof(reply[0]));
    sw_assert(error == 0);
    close_frames(frames, ZAP_FRAMES);
    return true;
}

static bool zap_drain(void *ctx)
{
    struct zmq_server *server = ctx;
    _Static_assert(offsetof(struct zmq_server, zap) == 0, "the hook's context is the base");
    return drain(&server->zap, server, zap_take);
}

/* ---- subscriptions */

static bool publish_take(struct zmq_server *server)
{
    zmq_msg_t frame;
    unsigned count;
    bool any = zmq_base_receive(&server->publish, &frame, 1, &count);
    struct str text = zmq_base_frame(&frame);
    const char *user = any ? zmq_msg_gets(&frame, "User-Id") : NULL;
    /* 1 and a prefix, or 0 and a prefix; anything else is a subscriber's own idea. One that has gone has no name. */
    if (user != NULL && count == 1 && text.len >= 1 && text.len <= PREFIX_MAX_BYTES &&
        (text.at[0] == 0 || text.at[0] == 1)) {
        server->granting = true;
        server->calls.subscribe(server->ctx, str_of(user), (struct str){text.at + 1, text.len - 1},
                                text.at[0] == 1);
        server->granting = false;
    }
    (void)zmq_msg_close(&frame);
    return any;
}

static bool publish_drain(void *ctx)
{
    struct zmq_server *server = LIST_ENTRY(ctx, struct zmq_server, publish);
    return drain(&server->publish, server, publish_take);
}

void zmq_server_grant(struct zmq_server *server, struct str prefix, bool is_on)
{
    sw_assert(server->granting);
    int option = is_on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
    int code = zmq_setsockopt(server->publish.socket, option, prefix.len == 0 ? "" : prefix.at,
                              prefix.len);
    sw_assert(code == 0 || errno == EINVAL); /* EINVAL: cancels what the connection has not */
}

int zmq_server_publish(struct zmq_server *server, const struct str *frames, size_t count)
{
    return zmq_base_send(&server->publish, frames, count);
}

/* ---- questions */

static bool ask_take(struct zmq_server *server)
{
    enum { FRAMES = ZMQ_FRAMES_MAX + 1 }; /* and the peer's */
    zmq_msg_t messages[FRAMES];
    struct str frames[FRAMES];
    unsigned count;
    bool any = zmq_base_receive(&server->ask, messages, FRAMES, &count);
    const char *user = any && count >= 2 ? zmq_msg_gets(&messages[1], "User-Id") : NULL;
    if (user != NULL && count <= FRAMES) {
        for (unsigned i = 0; i < count; i++) {
            frames[i] = zmq_base_frame(&messages[i]);
        }
        server->calls.ask(server->ctx, str_of(user), frames[0], &frames[1], count - 1);
    }
    close_frames(messages, FRAMES);
    return any;
}

static bool ask_drain(void *ctx)
{
    struct zmq_server *server = LIST_ENTRY(ctx, struct zmq_server, ask);
    return drain(&server->ask, server, ask_take);
}

int zmq_server_answer(struct zmq_server *server, struct str peer, const struct str *frames,
                      size_t count)
{
    struct str all[ZMQ_FRAMES_MAX] = {peer};
    sw_assert(count < ZMQ_FRAMES_MAX);
    memcpy(&all[1], frames, count * sizeof(*frames));
    return zmq_base_send(&server->ask, all, count + 1);
}

/* ---- life */

static int bind_curve(struct zmq_base *base, const struct zmq_key *key, const char *endpoint,
                      char ret_endpoint[ZMQ_ENDPOINT_MAX])
{
    static const char domain[] = "shouwang";
    size_t size = ZMQ_ENDPOINT_MAX;
    int error = zmq_base_set(base, ZMQ_CURVE_SERVER, 1);
    if (error == 0 &&
        (zmq_setsockopt(base->socket, ZMQ_CURVE_SECRETKEY, key->secret_key, ZMQ_KEY_TEXT_BYTES) !=
             0 ||
         zmq_setsockopt(base->socket, ZMQ_ZAP_DOMAIN, domain, sizeof(domain) - 1) != 0 ||
         zmq_bind(base->socket, endpoint) != 0 ||
         zmq_getsockopt(base->socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) != 0)) {
        error = zmq_base_error(errno);
    }
    return error;
}

static int set_max_bytes(struct zmq_base *base, int64_t max_bytes)
{
    return zmq_setsockopt(base->socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof(max_bytes)) == 0
               ? 0
               : zmq_base_error(errno);
}

static int open_zap(struct loop *loop, struct zmq_server *server)
{
    int error = zmq_base_open(loop, ZMQ_REP, 0, zap_drain, &server->zap);
    if (error == 0 && zmq_bind(server->zap.socket, "inproc://zeromq.zap.01") != 0) {
        error = zmq_base_error(errno);
    }
    return error;
}

static int open_publish(struct loop *loop, const struct zmq_server_options *options,
                        struct zmq_server *server)
{
    struct zmq_base *base = &server->publish;
    base->context = server->zap.context;
    base->shares_context = true;
    int error = zmq_base_open(loop, ZMQ_XPUB, options->queue_max, publish_drain, base);
    error = error != 0 ? error : zmq_base_set(base, ZMQ_XPUB_MANUAL, 1);
    error = error != 0 ? error : zmq_base_set(base, ZMQ_XPUB_VERBOSER, 1);
    error = error != 0 ? error : set_max_bytes(base, COMMAND_MAX_BYTES);
    return error != 0 ? error
                      : bind_curve(base, options->key, options->publish, server->publish_endpoint);
}

static int open_ask(struct loop *loop, const struct zmq_server_options *options,
                    struct zmq_server *server)
{
    struct zmq_base *base = &server->ask;
    base->context = server->zap.context;
    base->shares_context = true;
    int error = zmq_base_open(loop, ZMQ_ROUTER, options->queue_max, ask_drain, base);
    error = error != 0 ? error : zmq_base_set(base, ZMQ_ROUTER_MANDATORY, 1);
    error = error != 0 ? error : set_max_bytes(base, QUESTION_MAX_BYTES);
    return error != 0 ? error : bind_curve(base, options->key, options->ask, server->ask_endpoint);
}

int zmq_server_new(struct loop *loop, const struct zmq_server_options *options,
                   struct zmq_server **ret_server)
{
    struct zmq_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return ERR_MEMORY;
    }
    server->calls = *options->calls;
    server->ctx = options->ctx;
    int error = open_zap(loop, server);
    error = error != 0 ? error : open_publish(loop, options, server);
    error = error != 0 ? error : open_ask(loop, options, server);
    if (error != 0) {
        zmq_server_free(server);
        return error;
    }
    *ret_server = server;
    return 0;
}

void zmq_server_free(struct zmq_server *server)
{
    if (server != NULL) {
        zmq_base_close(&server->ask);
        zmq_base_close(&server->publish);
        zmq_base_close(&server->zap);
        free(server);
    }
}

const char *zmq_server_publish_endpoint(const struct zmq_server *server)
{
    return server->publish_endpoint;
}

const char *zmq_server_ask_endpoint(const struct zmq_server *server)
{
    return server->ask_endpoint;
}
