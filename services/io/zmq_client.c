/* Two sockets of one context; see io/zmq_server. */
#include "io/zmq_client.h"

#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "io/zmq_base.h"

struct zmq_client {
    struct zmq_base messages; /* owns the context */
    struct zmq_base answers;
    zmq_client_fn message;
    zmq_client_fn answer;
    void *ctx;
};

static bool take(struct zmq_client *client, struct zmq_base *base, zmq_client_fn call)
{
    zmq_msg_t messages[ZMQ_CLIENT_FRAMES_MAX];
    struct str frames[ZMQ_CLIENT_FRAMES_MAX];
    unsigned count;
    bool any = zmq_base_receive(base, messages, ZMQ_CLIENT_FRAMES_MAX, &count);
    if (any && count <= ZMQ_CLIENT_FRAMES_MAX) {
        for (unsigned i = 0; i < count; i++) {
            frames[i] = zmq_base_frame(&messages[i]);
        }
        call(client->ctx, frames, count);
    }
    for (unsigned i = 0; i < ZMQ_CLIENT_FRAMES_MAX; i++) {
        (void)zmq_msg_close(&messages[i]);
    }
    return any;
}

static bool drain(struct zmq_client *client, struct zmq_base *base, zmq_client_fn call)
{
    if (!base->look) {
        return false;
    }
    bool any = true;
    for (int i = 0; any && i < ZMQ_DRAIN_MAX; i++) {
        any = take(client, base, call);
    }
    base->look = any || zmq_base_has_input(base);
    return base->look;
}

static bool drain_messages(void *ctx)
{
    struct zmq_client *client = ctx;
    _Static_assert(offsetof(struct zmq_client, messages) == 0, "the hook's context is the base");
    return drain(client, &client->messages, client->message);
}

static bool drain_answers(void *ctx)
{
    struct zmq_client *client = LIST_ENTRY(ctx, struct zmq_client, answers);
    return drain(client, &client->answers, client->answer);
}

static int connect_curve(struct zmq_base *base, const struct zmq_client_options *options,
                         const char *endpoint)
{
    const struct zmq_key *key = options->key;
    if (zmq_setsockopt(base->socket, ZMQ_CURVE_SERVERKEY, options->server_key,
                       ZMQ_KEY_TEXT_BYTES) != 0 ||
        zmq_setsockopt(base->socket, ZMQ_CURVE_PUBLICKEY, key->public_key, ZMQ_KEY_TEXT_BYTES) !=
            0 ||
        zmq_setsockopt(base->socket, ZMQ_CURVE_SECRETKEY, key->secret_key, ZMQ_KEY_TEXT_BYTES) !=
            0 ||
        zmq_connect(base->socket, endpoint) != 0) {
        return zmq_base_error(errno);
    }
    return 0;
}

int zmq_client_new(struct loop *loop, const struct zmq_client_options *options,
                   struct zmq_client **ret_client)
{
    struct zmq_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return ERR_MEMORY;
    }
    client->message = options->message;
    client->answer = options->answer;
    client->ctx = options->ctx;
    int error = zmq_base_open(loop, ZMQ_SUB, options->queue_max, drain_messages, &client->messages);
    error = error != 0 ? error : connect_curve(&client->messages, options, options->publish);
    if (error == 0) {
        client->answers.context = client->messages.context;
        client->answers.shares_context = true;
        error =
            zmq_base_open(loop, ZMQ_DEALER, options->queue_max, drain_answers, &client->answers);
    }
    error = error != 0 ? error : connect_curve(&client->answers, options, options->ask);
    if (error != 0) {
        zmq_client_free(client);
        return error;
    }
    *ret_client = client;
    return 0;
}

void zmq_client_free(struct zmq_client *client)
{
    if (client != NULL) {
        zmq_base_close(&client->answers);
        zmq_base_close(&client->messages);
        free(client);
    }
}

int zmq_client_subscribe(struct zmq_client *client, struct str prefix)
{
    return zmq_setsockopt(client->messages.socket, ZMQ_SUBSCRIBE, prefix.len == 0 ? "" : prefix.at,
                          prefix.len) == 0
               ? 0
               : zmq_base_error(errno);
}

int zmq_client_ask(struct zmq_client *client, const struct str *frames, size_t count)
{
    return zmq_base_send(&client->answers, frames, count);
}
