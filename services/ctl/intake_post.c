#include "ctl/intake_post.h"

#include <stdio.h>

#include "io/http_client.h"
#include "io/loop.h"

enum { ANSWER_MAX_BYTES = 4 << 20, URL_BYTES = 4096, TURN_MS = 50 };

struct waiting {
    struct intake_answer *answer;
    bool is_done;
    int error;
};

static void answered(const struct http_call_result *result, void *ctx)
{
    struct waiting *waiting = ctx;
    waiting->is_done = true;
    waiting->error = result->error;
    waiting->answer->status = result->status;
    waiting->answer->retry_after_ms = result->retry_after_ms;
    buffer_add(&waiting->answer->body, result->body);
}

int intake_post(struct ctl *ctl, const struct intake_request *request,
                struct intake_answer *ret_answer)
{
    char url[URL_BYTES];
    char type[128];
    char authorization[1024];
    const char *token = config_text(ctl->config, "intake.token");
    (void)snprintf(url, sizeof(url), "%s%s", config_text(ctl->config, "intake.url"), request->path);
    (void)snprintf(type, sizeof(type), "Content-Type: %s", request->content_type);
    (void)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s",
                   token == NULL ? "" : token);
    const char *const headers[] = {type, token == NULL ? NULL : authorization, NULL};
    const struct http_call_options options = {.method = "POST",
                                              .url = url,
                                              .headers = headers,
                                              .body = request->body,
                                              .timeout_ms = request->timeout_ms,
                                              .response_max_bytes = ANSWER_MAX_BYTES};
    const struct http_client_options one = {.in_flight_max = 1};
    struct waiting waiting = {.answer = ret_answer};
    struct loop *loop = NULL;
    struct http_client *client = NULL;
    *ret_answer = (struct intake_answer){.retry_after_ms = -1};
    buffer_init(&ret_answer->body, ANSWER_MAX_BYTES);
    int error = loop_new(&loop);
    if (error == 0) {
        error = http_client_new(loop, &one, &client);
    }
    if (error == 0) {
        error = http_client_call(client, &options, answered, &waiting, NULL);
    }
    while (error == 0 && !waiting.is_done) {
        loop_turn(loop, TURN_MS);
    }
    http_client_free(client);
    loop_free(loop);
    return error == 0 ? waiting.error : error;
}

void intake_answer_fini(struct intake_answer *answer)
{
    buffer_fini(&answer->body);
}
