/* Where alerts end in bench/whole: takes every POST, answers 200, and writes when it came and what it was about.
 *
 *     bench-sink --listen 127.0.0.1:9900 --find '"case_id":"' --out FILE
 *
 * One line for each place where a body has the text of --find: "<ms since the epoch> <what follows, to the next quote>".
 * SIGTERM ends it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/address.h"
#include "io/http_server.h"
#include "io/loop.h"

enum { BODY_MAX_BYTES = 4 << 20, CONNECTIONS_MAX = 4096 };

struct sink {
    struct loop *loop;
    const char *find;
    FILE *out;
};

static void take(struct http_request *request, void *ctx)
{
    const struct sink *sink = ctx;
    struct str body = http_body(request);
    size_t len = strlen(sink->find);
    const char *end = body.at + body.len;
    const char *found = memmem(body.at, body.len, sink->find, len);
    while (found != NULL) {
        const char *word = found + len;
        const char *quote = memchr(word, '"', (size_t)(end - word));
        if (quote == NULL) {
            break;
        }
        fprintf(sink->out, "%lld %.*s\n", (long long)loop_utc_ms(), (int)(quote - word), word);
        found = memmem(quote, (size_t)(end - quote), sink->find, len);
    }
    (void)fflush(sink->out);
    http_reply_text(request, 200, "ok\n");
}

static void stop(void *ctx)
{
    const struct sink *sink = ctx;
    loop_stop(sink->loop);
}

static int parse(struct sink *sink, int argc, char **argv, struct address *ret_listen)
{
    static const struct option options[] = {{"listen", 1, NULL, 'l'},
                                            {"find", 1, NULL, 'f'},
                                            {"out", 1, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    const char *listen = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            listen = optarg;
            break;
        case 'f':
            sink->find = optarg;
            break;
        case 'o':
            sink->out = fopen(optarg, "w");
            break;
        default:
            return -1;
        }
    }
    return listen == NULL || sink->find == NULL || sink->out == NULL
               ? -1
               : address_parse(str_of(listen), ret_listen);
}

int main(int argc, char **argv)
{
    struct sink sink = {0};
    struct http_server_options options = {.body_max_bytes = BODY_MAX_BYTES,
                                          .connections_max = CONNECTIONS_MAX};
    struct http_server *server = NULL;
    if (parse(&sink, argc, argv, &options.listen) != 0) {
        fprintf(stderr, "usage: bench-sink --listen HOST:PORT --find TEXT --out FILE\n");
        return 2;
    }
    const struct http_route route = {
        .method = "POST", .pattern = "/*", .handler = take, .ctx = &sink};
    if (loop_new(&sink.loop) != 0 || http_server_new(sink.loop, &options, &server) != 0 ||
        http_server_route(server, &route, 1) != 0 ||
        loop_on_signals(sink.loop, stop, NULL, &sink) != 0) {
        fprintf(stderr, "could not start\n");
        return 1;
    }
    loop_run(sink.loop);
    http_server_free(server);
    loop_free(sink.loop);
    fclose(sink.out);
    return 0;
}
