/* A school that sends: posts made-up incidents to intake, one per line of a pupils file, and writes what became of each.
 * Used by the benches and by the end-to-end tests that count what is lost.
 *
 *     bench-load --url http://127.0.0.1:8081/v1/events --token TOKEN --pupils FILE --count 20000
 *                [--concurrency 64] [--rate 500] [--crisis-every 10] [--prefix NAME] [--alertmanager] --out FILE
 *     bench-load --url … --token … --events FILE --count 20000 [--concurrency 64] [--rate 500] --out FILE
 *
 * A pupils line: "<unit>,<number>", as tests/support/make_county writes them. Every crisis-every-th incident is self-harm
 * with danger happening, the others are accidents in the past. An events line: "<id> <unit> <identifier> <kind> <JSON>",
 * the event posted as it is. An answer other than 2xx is tried again (as a school would) until it is taken; a 4xx but 429
 * ends the run. --alertmanager: the same posted as an alert of Alertmanager's API (v2), for bench/whole. An output line:
 * "<id> <unit> <identifier> <kind> <status> <tries> <sent ms> <answered ms>". */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http_client.h"
#include "io/loop.h"

enum {
    LABEL_MAX_BYTES = 320,
    BODY_MAX_BYTES = 2048,
    LINE_MAX_BYTES = LABEL_MAX_BYTES + BODY_MAX_BYTES,
    LABEL_WORDS = 4,
    PUPILS_MAX = 1000000,
    CALL_TIMEOUT_MS = 15000,
    AGAIN_MS = 100
};

struct pupil {
    char unit[64];
    char identifier[64];
};

struct load {
    struct loop *loop;
    struct http_client *client;
    struct loop_timer *pace;
    FILE *out;
    FILE *events; /* NULL: they are made of the pupils */
    const char *url;
    const char *token;
    const char *prefix;
    struct pupil *pupils;
    size_t pupil_count;
    size_t count;
    size_t crisis_every;
    size_t concurrency;
    double rate; /* per second; 0: as fast as answers come */
    size_t next;
    size_t in_flight; /* waiting for a second try included */
    size_t done;
    size_t tries;
    int64_t start_ms;
    bool is_alertmanager;
    bool failed;
};

struct post {
    struct load *load;
    unsigned tries;
    int64_t first_ms;
    struct loop_timer *again;
    char label[LABEL_MAX_BYTES]; /* "<id> <unit> <identifier> <kind>" */
    char body[BODY_MAX_BYTES];
};

static bool is_crisis(const struct load *load, size_t number)
{
    return load->crisis_every > 0 && number % load->crisis_every == 0;
}

static const struct pupil *pupil_of(const struct load *load, size_t number)
{
    return &load->pupils[number % load->pupil_count];
}

static void pump(void *ctx);
static void send_post(void *ctx);

static void write_line(const struct post *post, unsigned status)
{
    fprintf(post->load->out, "%s %u %u %lld %lld\n", post->label, status, post->tries,
            (long long)post->first_ms, (long long)loop_utc_ms());
}

static void end_post(struct post *post, unsigned status)
{
    struct load *load = post->load;
    write_line(post, status);
    loop_timer_free(post->again);
    free(post);
    load->in_flight--;
    load->done++;
    if (load->done % 1000 == 0) {
        fprintf(stderr, "%zu of %zu taken\n", load->done, load->count);
    }
    if (load->done == load->count || load->failed) {
        loop_stop(load->loop);
    } else {
        loop_timer_after(load->pace, 0);
    }
}

static void answered(const struct http_call_result *result, void *ctx)
{
    struct post *post = ctx;
    struct load *load = post->load;
    bool taken = result->error == 0 && result->status / 100 == 2;
    bool hopeless = result->error == 0 && result->status / 100 == 4 && result->status != 429;
    if (hopeless) {
        fprintf(stderr, "refused with %u: %.*s\n", result->status, (int)result->body.len,
                result->body.at);
        load->failed = true;
    }
    if (taken || hopeless || load->failed) {
        end_post(post, result->status);
    } else {
        loop_timer_after(post->again, AGAIN_MS);
    }
}

static void make_incident(struct post *post, size_t number)
{
    const struct load *load = post->load;
    const struct pupil *pupil = pupil_of(load, number);
    bool crisis = is_crisis(load, number);
    snprintf(post->label, sizeof(post->label), "%s-%zu %s %s %s", load->prefix, number, pupil->unit,
             pupil->identifier, crisis ? "crisis" : "other");
    snprintf(
        post->body, sizeof(post->body),
        "{\"specversion\":\"1.0\",\"id\":\"%s-%zu\",\"source\":\"/made-up/"
        "load\",\"type\":\"shouwang.incident.%s\","
        "\"data\":{\"unit\":\"%s\",\"parties\":[{\"identifier\":\"%s\",\"role\":\"affected\"}],"
        "\"place\":\"on_campus\",\"danger\":\"%s\",\"injury\":\"none\",\"text\":\"编造的测试内容\","
        "\"callback\":\"10000000000\",\"with_pupil\":\"编造的老师\"}}",
        load->prefix, number, crisis ? "self_harm" : "accident", pupil->unit, pupil->identifier,
        crisis ? "happening" : "past");
}

static void make_alert(struct post *post, size_t number)
{
    const struct load *load = post->load;
    const struct pupil *pupil = pupil_of(load, number);
    snprintf(post->label, sizeof(post->label), "%s-%zu %s %s other", load->prefix, number,
             pupil->unit, pupil->identifier);
    snprintf(
        post->body, sizeof(post->body),
        "[{\"labels\":{\"alertname\":\"accident\",\"event\":\"%s-%zu\",\"unit\":\"%s\","
        "\"subject\":\"%s\",\"level\":\"warning\"},\"annotations\":{\"text\":\"编造的测试内容\"}}]",
        load->prefix, number, pupil->unit, pupil->identifier);
}

/* The next line of the events file; false when there is none, or it is not one. */
static bool take_event(struct post *post)
{
    char line[LINE_MAX_BYTES];
    if (fgets(line, sizeof(line), post->load->events) == NULL) {
        return false;
    }
    size_t label = 0;
    for (unsigned word = 0; word < LABEL_WORDS; word++) {
        label += word > 0 ? 1 : 0;
        label += strcspn(line + label, " \n");
        if (line[label] != ' ') {
            return false;
        }
    }
    size_t body = strcspn(line + label + 1, "\n");
    if (label >= sizeof(post->label) || line[label + 1 + body] != '\n' || body == 0 ||
        body >= sizeof(post->body)) {
        return false;
    }
    snprintf(post->label, sizeof(post->label), "%.*s", (int)label, line);
    snprintf(post->body, sizeof(post->body), "%.*s", (int)body, line + label + 1);
    return true;
}

static void send_post(void *ctx)
{
    struct post *post = ctx;
    struct load *load = post->load;
    char authorization[192];
    snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", load->token);
    const char *const headers[] = {authorization,
                                   load->is_alertmanager
                                       ? "Content-Type: application/json"
                                       : "Content-Type: application/cloudevents+json",
                                   NULL};
    struct http_call_options options = {.method = "POST",
                                        .url = load->url,
                                        .headers = headers,
                                        .body = str_of(post->body),
                                        .timeout_ms = CALL_TIMEOUT_MS};
    post->tries++;
    load->tries++;
    if (http_client_call(load->client, &options, answered, post, NULL) != 0) {
        loop_timer_after(post->again, AGAIN_MS);
    }
}

static void start_post(struct load *load)
{
    struct post *post = calloc(1, sizeof(*post));
    if (post == NULL ||
        loop_timer_new(load->loop, LOOP_MONOTONIC, send_post, post, &post->again) != 0) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    post->load = load;
    size_t number = load->next++;
    if (load->events == NULL) {
        (load->is_alertmanager ? make_alert : make_incident)(post, number);
    } else if (!take_event(post)) {
        fprintf(stderr, "no event in line %zu of the file\n", number + 1);
        exit(1);
    }
    post->first_ms = loop_utc_ms();
    load->in_flight++;
    send_post(post);
}

/* Starts what may start now, by the rate and the concurrency. */
static void pump(void *ctx)
{
    struct load *load = ctx;
    while (load->next < load->count && load->in_flight < load->concurrency && !load->failed) {
        double due_ms = load->rate > 0 ? (double)load->next * 1000.0 / load->rate : 0;
        double past_ms = (double)(loop_monotonic_ms() - load->start_ms);
        if (due_ms > past_ms) {
            loop_timer_after(load->pace, (int64_t)(due_ms - past_ms) + 1);
            return;
        }
        start_post(load);
    }
}

/* "<unit>,<number>"; false for any other line. */
static bool read_pupil(const char *line, struct pupil *ret_pupil)
{
    size_t unit = strcspn(line, ",\n");
    size_t number = line[unit] == ',' ? strcspn(line + unit + 1, "\n") : 0;
    if (unit == 0 || unit >= sizeof(ret_pupil->unit) || number == 0 ||
        number >= sizeof(ret_pupil->identifier)) {
        return false;
    }
    snprintf(ret_pupil->unit, sizeof(ret_pupil->unit), "%.*s", (int)unit, line);
    snprintf(ret_pupil->identifier, sizeof(ret_pupil->identifier), "%.*s", (int)number,
             line + unit + 1);
    return true;
}

static int read_pupils(struct load *load, const char *path)
{
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "r");
    load->pupils = calloc(PUPILS_MAX, sizeof(*load->pupils));
    if (file == NULL || load->pupils == NULL) {
        perror(path);
        return -1;
    }
    while (load->pupil_count < PUPILS_MAX && fgets(line, sizeof(line), file) != NULL) {
        load->pupil_count += read_pupil(line, &load->pupils[load->pupil_count]) ? 1 : 0;
    }
    fclose(file);
    return load->pupil_count > 0 ? 0 : -1;
}

static int parse(struct load *load, int argc, char **argv)
{
    static const struct option options[] = {
        {"url", 1, NULL, 'u'},          {"token", 1, NULL, 't'},  {"pupils", 1, NULL, 'p'},
        {"count", 1, NULL, 'n'},        {"out", 1, NULL, 'o'},    {"crisis-every", 1, NULL, 'k'},
        {"rate", 1, NULL, 'r'},         {"prefix", 1, NULL, 'x'}, {"concurrency", 1, NULL, 'c'},
        {"alertmanager", 0, NULL, 'a'}, {"events", 1, NULL, 'e'}, {NULL, 0, NULL, 0}};
    const char *pupils = NULL;
    const char *events = NULL;
    const char *out = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'u':
            load->url = optarg;
            break;
        case 't':
            load->token = optarg;
            break;
        case 'p':
            pupils = optarg;
            break;
        case 'e':
            events = optarg;
            break;
        case 'n':
            load->count = strtoul(optarg, NULL, 10);
            break;
        case 'o':
            out = optarg;
            break;
        case 'k':
            load->crisis_every = strtoul(optarg, NULL, 10);
            break;
        case 'r':
            load->rate = strtod(optarg, NULL);
            break;
        case 'x':
            load->prefix = optarg;
            break;
        case 'a':
            load->is_alertmanager = true;
            break;
        case 'c':
            load->concurrency = strtoul(optarg, NULL, 10);
            break;
        default:
            return -1;
        }
    }
    load->out = out == NULL ? NULL : fopen(out, "w");
    load->events = events == NULL ? NULL : fopen(events, "r");
    if (load->url == NULL || load->token == NULL || load->out == NULL || load->count == 0 ||
        load->concurrency == 0 || (pupils == NULL) == (load->events == NULL)) {
        return -1;
    }
    return pupils == NULL ? 0 : read_pupils(load, pupils);
}

int main(int argc, char **argv)
{
    struct load load = {.prefix = "load", .crisis_every = 10, .concurrency = 64};
    if (parse(&load, argc, argv) != 0) {
        fprintf(stderr, "usage: bench-load --url URL --token TOKEN --pupils FILE | --events FILE "
                        "--count N --out "
                        "FILE [--concurrency "
                        "N] [--rate PER-SECOND] "
                        "[--crisis-every N] [--prefix NAME] [--alertmanager]\n");
        return 2;
    }
    struct http_client_options options = {.in_flight_max = (unsigned)load.concurrency};
    if (loop_new(&load.loop) != 0 || http_client_new(load.loop, &options, &load.client) != 0 ||
        loop_timer_new(load.loop, LOOP_MONOTONIC, pump, &load, &load.pace) != 0) {
        fprintf(stderr, "could not start\n");
        return 1;
    }
    load.start_ms = loop_monotonic_ms();
    loop_timer_after(load.pace, 0);
    loop_run(load.loop);
    int64_t took_ms = loop_monotonic_ms() - load.start_ms;
    printf("taken %zu tries %zu seconds %.3f per_second %.0f\n", load.done, load.tries,
           (double)took_ms / 1000, (double)load.done * 1000 / (double)(took_ms > 0 ? took_ms : 1));
    loop_timer_free(load.pace);
    http_client_free(load.client);
    loop_free(load.loop);
    fclose(load.out);
    if (load.events != NULL) {
        fclose(load.events);
    }
    free(load.pupils);
    return load.failed ? 1 : 0;
}
