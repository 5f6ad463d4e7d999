/* The HTTP client of a notifier that stops itself (SIGSTOP) at a chosen instant of a send; linked with
 * --wrap=http_client_call. SW_STOP_BEFORE=<call|head|body>: before a request is handed to the client, or at the last
 * word before its head or its body goes out; once, when STOP_AFTER requests have been answered and none is on the wire.
 * With SW_ASKS_NOBODY set the last word is always yes: the rule that a test is about, switched off. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/http_client.h"

enum { STOP_AFTER = 5 };

int __real_http_client_call(struct http_client *client, const struct http_call_options *options,
                            http_call_done_fn done, void *ctx, struct http_call **ret_call);
int __wrap_http_client_call(struct http_client *client, const struct http_call_options *options,
                            http_call_done_fn done, void *ctx, struct http_call **ret_call);

struct guarded {
    http_call_done_fn done;
    bool (*may_send)(void *ctx);
    void *ctx;
    unsigned questions;
};

static unsigned given;
static unsigned answered;

static void stop_before(const char *instant)
{
    static bool has_stopped;
    const char *wish = getenv("SW_STOP_BEFORE");
    if (!has_stopped && wish != NULL && strcmp(wish, instant) == 0 && answered >= STOP_AFTER &&
        given == answered) {
        has_stopped = true;
        (void)raise(SIGSTOP);
    }
}

static bool may_send(void *ctx)
{
    struct guarded *guarded = ctx;
    bool is_body = ++guarded->questions % 2 == 0;
    stop_before(is_body ? "body" : "head");
    bool is_yes = getenv("SW_ASKS_NOBODY") != NULL || guarded->may_send(guarded->ctx);
    given += is_yes && is_body;
    return is_yes;
}

static void done(const struct http_call_result *result, void *ctx)
{
    struct guarded *guarded = ctx;
    answered += result->maybe_sent;
    guarded->done(result, guarded->ctx);
    free(guarded);
}

int __wrap_http_client_call(struct http_client *client, const struct http_call_options *options,
                            http_call_done_fn real_done, void *ctx, struct http_call **ret_call)
{
    if (options->may_send == NULL) {
        return __real_http_client_call(client, options, real_done, ctx, ret_call);
    }
    struct guarded *guarded = calloc(1, sizeof(*guarded));
    sw_assert(guarded != NULL);
    *guarded = (struct guarded){real_done, options->may_send, ctx, 0};
    struct http_call_options held = *options;
    held.may_send = may_send;
    stop_before("call");
    int error = __real_http_client_call(client, &held, done, guarded, ret_call);
    if (error != 0) {
        free(guarded);
    }
    return error;
}
