/* io/http_client to the provider; io/http_server and the plain producer for its callbacks. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "sim/fakes.h"
#include "sim/provider.h"

/* --- out --------------------------------------------------------------------------------------------------------------- */

struct http_client {
    struct machine *machine;
};

/* Lives as long as the run, so that whatever the agenda still has for it finds it. */
struct http_call {
    struct http_call *next; /* of the machine's open ones */
    struct machine *machine;
    struct http_call_options options;
    http_call_done_fn done;
    void *ctx;
    struct provider_verdict verdict;
    bool is_open;
    bool is_sent;
};

int http_client_new(struct loop *loop, const struct http_client_options *options,
                    struct http_client **ret_client)
{
    struct http_client *client = calloc(1, sizeof(*client));
    sw_assert(client != NULL);
    (void)options;
    client->machine = loop->machine;
    *ret_client = client;
    return 0;
}

static void unlink_call(struct http_call *call)
{
    struct http_call **at = &call->machine->calls;
    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    call->is_open = false;
}

static void finish(struct http_call *call, const struct http_call_result *result)
{
    struct machine *before = machine_enter(call->machine);
    unlink_call(call);
    call->done(result, call->ctx);
    machine_leave(before);
}

void http_call_cancel(struct http_call *call)
{
    const struct http_call_result result = {
        .error = ERR_CLOSED, .retry_after_ms = -1, .maybe_sent = call->is_sent};
    sw_assert(call->is_open);
    finish(call, &result);
}

void http_client_free(struct http_client *client)
{
    while (client != NULL && client->machine->calls != NULL) {
        http_call_cancel(client->machine->calls);
    }
    free(client);
}

static void fail(struct http_call *call, int error)
{
    const struct http_call_result result = {
        .error = error, .retry_after_ms = -1, .maybe_sent = call->is_sent};
    finish(call, &result);
}

/* A machine that is stopped hears of it when it goes on. */
static bool is_heard(struct http_call *call, agenda_fn again, uint64_t mark)
{
    struct machine *machine = call->machine;
    if (!call->is_open || machine->life != mark) {
        return false;
    }
    if (machine->stopped_until_ms > 0) {
        agenda_add(machine->world->agenda, machine->stopped_until_ms, again, call, mark);
        return false;
    }
    return true;
}

static void answer(void *ctx, uint64_t mark)
{
    struct http_call *call = ctx;
    if (!is_heard(call, answer, mark)) {
        return;
    }
    if (call->verdict.status == 0) {
        fail(call, ERR_TIMEOUT);
        return;
    }
    const struct http_call_result result = {.status = call->verdict.status,
                                            .body = call->verdict.body,
                                            .retry_after_ms = -1,
                                            .maybe_sent = true};
    finish(call, &result);
}

static void connected(void *ctx, uint64_t mark)
{
    struct http_call *call = ctx;
    struct machine_world *world = call->machine->world;
    if (!is_heard(call, connected, mark)) {
        return;
    }
    struct machine *before = machine_enter(call->machine);
    bool may = call->options.may_send == NULL || call->options.may_send(call->ctx);
    machine_leave(before);
    if (!may) {
        fail(call, ERR_DENIED);
        return;
    }
    if (!provider_is_reached(world->provider)) {
        fail(call, ERR_UNAVAILABLE);
        return;
    }
    call->is_sent = true;
    call->verdict = provider_take(world->provider, call->machine, call->options.method,
                                  call->options.url, call->options.body);
    bool is_late = call->verdict.status == 0 || call->verdict.after_ms >= call->options.timeout_ms;
    call->verdict.status = is_late ? 0 : call->verdict.status;
    agenda_add(world->agenda,
               agenda_now(world->agenda) +
                   (is_late ? call->options.timeout_ms : call->verdict.after_ms),
               answer, call, mark);
}

int http_client_call(struct http_client *client, const struct http_call_options *options,
                     http_call_done_fn done, void *ctx, struct http_call **ret_call)
{
    struct machine *machine = client->machine;
    struct machine_world *world = machine->world;
    if (machine->is_ending) {
        return ERR_FULL;
    }
    struct http_call *call = arena_alloc(world->arena, sizeof(*call));
    sw_assert(call != NULL && options->mail == NULL);
    *call = (struct http_call){.next = machine->calls,
                               .machine = machine,
                               .options = *options,
                               .done = done,
                               .ctx = ctx,
                               .is_open = true};
    call->options.url = arena_copy_str(world->arena, str_of(options->url)).at;
    call->options.body =
        options->body.at == NULL ? options->body : arena_copy_str(world->arena, options->body);
    machine->calls = call;
    agenda_add(world->agenda, agenda_now(world->agenda) + machine_hop_ms(world), connected, call,
               machine->life);
    if (ret_call != NULL) {
        *ret_call = call;
    }
    return 0;
}

/* --- in ---------------------------------------------------------------------------------------------------------------- */

struct http_server {
    struct machine *machine;
    struct http_route route;
    unsigned pending;
};

struct http_request {
    struct http_server *server; /* NULL: it is gone */
    struct str body;
    callback_done_fn done;
    void *ctx;
};

int http_server_new(struct loop *loop, const struct http_server_options *options,
                    struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    sw_assert(server != NULL);
    (void)options;
    server->machine = loop->machine;
    loop->machine->server = server;
    *ret_server = server;
    return 0;
}

void http_server_free(struct http_server *server)
{
    if (server != NULL) {
        server->machine->server = NULL;
        free(server);
    }
}

int http_server_route(struct http_server *server, const struct http_route *routes, size_t count)
{
    sw_assert(count == 1);
    server->route = routes[0];
    return 0;
}

void http_server_drain(struct http_server *server)
{
    (void)server;
}

unsigned http_server_pending(const struct http_server *server)
{
    return server->pending;
}

struct str http_body(const struct http_request *request)
{
    return request->body;
}

void http_reply(struct http_request *request, const struct http_answer *answer)
{
    request->server->pending--;
    request->done(request->ctx, answer->status);
}

void http_reply_json(struct http_request *request, unsigned status, struct str json)
{
    (void)json;
    http_reply(request, &(struct http_answer){.status = status});
}

void machine_post_callback(struct machine *machine, struct str body, callback_done_fn done,
                           void *ctx)
{
    struct machine_world *world = machine->world;
    if (!machine_runs(machine) || machine->server == NULL || machine->is_draining) {
        done(ctx, 0);
        return;
    }
    struct http_request *request = arena_alloc(world->arena, sizeof(*request));
    sw_assert(request != NULL);
    *request = (struct http_request){machine->server, body, done, ctx};
    machine->server->pending++;
    struct machine *before = machine_enter(machine);
    machine->server->route.handler(request, machine->server->route.ctx);
    machine_leave(before);
}

/* --- the producer behind it -------------------------------------------------------------------------------------------- */

struct kafka_producer {
    struct machine *machine;
};

struct produced {
    struct machine *machine;
    kafka_done_fn done;
    void *ctx;
};

int kafka_producer_new(struct loop *loop, const struct config *config, int64_t timeout_ms,
                       struct kafka_producer **ret_producer)
{
    struct kafka_producer *producer = calloc(1, sizeof(*producer));
    sw_assert(producer != NULL);
    (void)config;
    (void)timeout_ms;
    producer->machine = loop->machine;
    *ret_producer = producer;
    return 0;
}

void kafka_producer_free(struct kafka_producer *producer)
{
    free(producer);
}

bool kafka_producer_is_up(const struct kafka_producer *producer)
{
    return producer->machine->cut_until_ms == 0;
}

static void produced(void *ctx, uint64_t mark)
{
    struct produced *produced_record = ctx;
    struct machine *machine = produced_record->machine;
    if (!machine->is_up || machine->life != mark) {
        return;
    }
    struct machine *before = machine_enter(machine);
    produced_record->done(produced_record->ctx, 0, 0, 0);
    machine_leave(before);
}

int kafka_produce(struct kafka_producer *producer, const struct kafka_output *output,
                  kafka_done_fn done, void *ctx)
{
    struct machine *machine = producer->machine;
    struct machine_world *world = machine->world;
    struct produced *kept = arena_alloc(world->arena, sizeof(*kept));
    if (machine->is_ending || machine->cut_until_ms > 0) {
        return ERR_UNAVAILABLE;
    }
    sw_assert(kept != NULL);
    *kept = (struct produced){machine, done, ctx};
    broker_append(world->broker, output);
    agenda_add(world->agenda, agenda_now(world->agenda) + machine_hop_ms(world), produced, kept,
               machine->life);
    return 0;
}
