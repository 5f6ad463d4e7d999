/* What a handler asks of its request, and how it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/http_server_parts.h"

enum { COOKIE_MAX_BYTES = 1024 };

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

struct str http_body(const struct http_request *request)
{
    return buffer_str(&request->body);
}

static const char *look_up(const struct http_request *request, enum MHD_ValueKind kind,
                           const char *name)
{
    return MHD_lookup_connection_value(request->connection->handle, kind, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return look_up(request, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
    return look_up(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_cookie(const struct http_request *request, const char *name)
{
    return look_up(request, MHD_COOKIE_KIND, name);
}

const char *http_param(const struct http_request *request, const char *name)
{
    size_t len = strlen(name);
    const char *value = NULL;
    for (size_t i = 0; i < request->param_count; i++) {
        const struct http_param *param = &request->params[i];
        if (param->name_len == len && memcmp(param->name, name, len) == 0) {
            value = param->value;
        }
    }
    sw_assert(value != NULL);
    return value;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place; a "%" that is not followed by two digits stays as it is. */
static void decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        int high = from[0] == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
}

static void parse_form(struct http_request *request)
{
    struct str body = http_body(request);
    request->form_text = strndup(body.len == 0 ? "" : body.at, body.len);
    char *rest = request->form_text;
    while (rest != NULL && request->form_count < HTTP_FORM_FIELDS_MAX) {
        char *pair = strsep(&rest, "&");
        char *value = strchr(pair, '=');
        if (value == NULL) {
            continue;
        }
        *value++ = '\0';
        decode(pair);
        decode(value);
        request->form[request->form_count++] = (struct http_form_field){pair, value};
    }
}

const char *http_form(struct http_request *request, const char *name)
{
    if (request->body.len > HTTP_FORM_MAX_BYTES) {
        return NULL;
    }
    if (request->form_text == NULL) {
        parse_form(request);
    }
    for (size_t i = 0; i < request->form_count; i++) {
        if (strcmp(request->form[i].name, name) == 0) {
            return request->form[i].value;
        }
    }
    return NULL;
}

const char *http_client_address(const struct http_request *request)
{
    return request->connection->client;
}

void http_request_answer(struct http_request *request, unsigned status,
                         struct MHD_Response *response)
{
    sw_assert(request->magic == HTTP_REQUEST_MAGIC);
    sw_assert(request->state == REQUEST_HANDLING || request->state == REQUEST_WAITING);
    bool waiting = request->state == REQUEST_WAITING;
    struct http_server *server = request->server;
    request->status = status;
    request->response = response;
    request->state = REQUEST_ANSWERED;
    server->pending_count--;
    if (waiting) {
        MHD_resume_connection(request->connection->handle);
        server->run_wanted = true;
        loop_hook_kick(server->hook);
    }
}

void http_reply(struct http_request *request, const struct http_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.len, (void *)(uintptr_t)(answer->body.len == 0 ? "" : answer->body.at),
        MHD_RESPMEM_MUST_COPY);
    bool good = response != NULL;
    if (good && answer->content_type != NULL) {
        good = MHD_add_response_header(response, "Content-Type", answer->content_type) == MHD_YES;
    }
    if (good && request->server->draining) {
        good = MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    }
    for (size_t i = 0; good && i < answer->header_count; i++) {
        good = MHD_add_response_header(response, answer->headers[i].name,
                                       answer->headers[i].value) == MHD_YES;
    }
    if (!good && response != NULL) {
        /* Memory, or a header with a line break: rather no answer than a wrong one. */
        MHD_destroy_response(response);
        response = NULL;
    }
    http_request_answer(request, answer->status, response);
}

void http_reply_text(struct http_request *request, unsigned status, const char *text)
{
    http_reply(request, &(const struct http_answer){.status = status,
                                                    .content_type = "text/plain; charset=utf-8",
                                                    .body = str_of(text)});
}

void http_reply_json(struct http_request *request, unsigned status, struct str json)
{
    http_reply(request, &(const struct http_answer){
                            .status = status, .content_type = "application/json", .body = json});
}

static bool is_cookie_text(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || strchr("\",;\\", *at) != NULL) {
            return false;
        }
    }
    return true;
}

bool http_cookie_format(const char *name, const char *value, int64_t max_age_s, bool secure,
                        char ret_text[COOKIE_MAX_BYTES])
{
    ret_text[0] = '\0';
    if (!is_cookie_text(name) || strchr(name, '=') != NULL || !is_cookie_text(value)) {
        return false;
    }
    int length = snprintf(ret_text, COOKIE_MAX_BYTES,
                          "%s=%s; Max-Age=%lld; Path=/; HttpOnly; SameSite=Strict%s", name, value,
                          (long long)max_age_s, secure ? "; Secure" : "");
    if (length >= COOKIE_MAX_BYTES) {
        ret_text[0] = '\0';
        return false;
    }
    return true;
}

void http_request_free(struct http_request *request)
{
    for (size_t i = 0; i < request->param_count; i++) {
        free(request->params[i].value);
    }
    if (request->response != NULL) {
        MHD_destroy_response(request->response);
    }
    buffer_fini(&request->body);
    free(request->form_text);
    free(request->path);
    request->magic = 0;
    free(request);
}
