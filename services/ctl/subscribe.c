/* swctl subscribe: a client of the relay's public wire, as services/relay/PROTOCOL.md describes it.
 *
 * The live messages are the fast path, the questions are the truth: at its start, and then every CHECK_MS, it asks for
 * what lies behind its position, drops what it has already, and moves its position to where the answer ended.
 *
 * A relay that gives no sign of an answer is connected to anew: libzmq does not by itself once a key was refused, and a
 * key that was withdrawn may be given back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/live_state.h"
#include "io/loop.h"
#include "io/zmq_client.h"
#include "io/zmq_key.h"
#include "wire/decode.h"
#include "wire/json.h"

enum {
    TOPICS_MAX = 16,
    CREDIT = 500,
    CHECK_MS = 10000,
    ANSWER_MS = 5000, /* without a sign of an answer: asked again */
    TURN_MS = 50,
    QUEUE_MAX = 100000,
    RECORD_MAX_BYTES = 16 << 20,
    LINE_MAX_BYTES = 16 << 20,
    FRAMES_MAX = 4 + LIVE_STREAMS_MAX,
};

struct subscribe {
    struct ctl *ctl;
    struct loop *loop;
    struct zmq_client *client;
    struct zmq_key key;
    struct zmq_client_options wire;
    char ask_room[256];
    struct live_state state;
    struct live_state next; /* where the round that goes on has come to */
    const char *path;       /* of the state file; NULL: none */
    struct buffer title;    /* the topics, one state file belongs to one set of them */
    const char *topics[TOPICS_MAX];
    size_t topic_count;
    size_t asked;    /* topic that is being asked for; topic_count: the round is over */
    unsigned number; /* of the last question */
    int64_t credit;  /* what the relay has left of ours */
    int64_t due_ms;  /* when to ask again, monotonic */
    bool answered;   /* a round was completed */
    bool heard;      /* something came to the last question */
    bool dirty;      /* the state file is behind */
    bool interrupted;
    enum ctl_exit refused; /* CTL_OK: not */
    struct arena arena;
    struct buffer line;
};

static void interrupt(void *ctx)
{
    struct subscribe *sub = ctx;
    sub->interrupted = true;
}

/* ---- showing */

static void add_value(struct subscribe *sub, struct str sequence, struct str body)
{
    bool is_alert = str_starts(sequence, STR_LITERAL("alerts "));
    const ProtobufCMessageDescriptor *descriptor =
        decode_descriptor(is_alert ? STR_LITERAL("alerts") : STR_LITERAL("feed."), body);
    ProtobufCMessage *message = NULL;
    struct fault fault = {.reason = REJECT_NONE};
    struct str json;
    if (descriptor != NULL &&
        decode_message(descriptor, body, &sub->arena, &fault, &message) == 0 &&
        json_write_message(message, JSON_WRITE_TIMES, &sub->arena, &json) == 0) {
        buffer_add(&sub->line, json);
    } else {
        buffer_format(&sub->line, "{\"undecoded_bytes\": %zu}", body.len);
    }
}

/* Frames: topic, sequence, headers, body. */
static void show(struct subscribe *sub, const struct str *frames)
{
    if (!live_state_take(&sub->state, frames[1])) {
        return;
    }
    arena_reset(&sub->arena);
    buffer_clear(&sub->line);
    buffer_add_text(&sub->line, "{\"topic\": ");
    buffer_add_json(&sub->line, frames[0]);
    buffer_add_text(&sub->line, ", \"sequence\": ");
    buffer_add_json(&sub->line, frames[1]);
    buffer_add_text(&sub->line, ", \"headers\": ");
    buffer_add(&sub->line, frames[2]); /* JSON already */
    buffer_add_text(&sub->line, ", \"value\": ");
    add_value(sub, frames[1], frames[3]);
    buffer_add_text(&sub->line, "}\n");
    fwrite(sub->line.bytes, 1, sub->line.len, stdout);
    sub->dirty = true;
}

static void message_came(void *ctx, const struct str *frames, size_t count)
{
    if (count == 4) {
        show(ctx, frames);
    }
}

/* ---- asking */

static struct str id_of(const struct subscribe *sub, char room[16])
{
    return (struct str){room, (size_t)snprintf(room, 16, "%u", sub->number)};
}

static void ask(struct subscribe *sub)
{
    char id[16];
    char credit[16];
    struct buffer positions[LIVE_STREAMS_MAX];
    struct str frames[FRAMES_MAX];
    sub->number++;
    sub->heard = false;
    sub->credit = CREDIT;
    frames[0] = STR_LITERAL("RESUME");
    frames[1] = id_of(sub, id);
    frames[2] = str_of(sub->topics[sub->asked]);
    frames[3] = (struct str){credit, (size_t)snprintf(credit, sizeof(credit), "%d", CREDIT)};
    for (size_t i = 0; i < sub->state.stream_count; i++) {
        buffer_init(&positions[i], LINE_MAX_BYTES);
        live_state_position(&sub->state, i, &positions[i]);
        frames[4 + i] = buffer_str(&positions[i]);
    }
    int error = zmq_client_ask(sub->client, frames, 4 + sub->state.stream_count);
    /* A queue that is full is a relay that is away: what gets no answer is asked again. */
    sub->due_ms = loop_monotonic_ms() + (error == 0 ? ANSWER_MS : CHECK_MS);
    for (size_t i = 0; i < sub->state.stream_count; i++) {
        buffer_fini(&positions[i]);
    }
}

static void begin_round(struct subscribe *sub)
{
    sub->asked = 0;
    live_state_fini(&sub->next);
    live_state_init(&sub->next);
    ask(sub);
}

/* What an answer's end says counts once all topics were asked for from the same position: the lowest of them. */
static void end_answer(struct subscribe *sub, const struct str *frames, size_t count)
{
    int error = 0;
    for (size_t i = 2; i < count && error == 0; i++) {
        error = live_state_move(&sub->next, frames[i], LIVE_LOWER);
    }
    sub->asked++;
    if (error == 0 && sub->asked < sub->topic_count) {
        ask(sub);
        return;
    }
    error = error != 0 ? error : live_state_adopt(&sub->state, &sub->next);
    if (error != 0) {
        sub->refused = ctl_fail(CTL_UNAVAILABLE, "an answer: %s", error_text(error));
        return;
    }
    live_state_trim(&sub->state);
    sub->answered = true;
    sub->dirty = true;
    sub->due_ms = loop_monotonic_ms() + CHECK_MS;
}

static void data_came(struct subscribe *sub, const struct str *frames)
{
    char id[16];
    show(sub, &frames[2]);
    sub->due_ms = loop_monotonic_ms() + ANSWER_MS;
    if (--sub->credit == CREDIT / 2) {
        char more[16];
        const struct str credit[] = {
            STR_LITERAL("CREDIT"),
            id_of(sub, id),
            {more, (size_t)snprintf(more, sizeof(more), "%d", CREDIT / 2)}};
        sub->credit += zmq_client_ask(sub->client, credit, 3) == 0 ? CREDIT / 2 : 0;
    }
}

static void error_came(struct subscribe *sub, struct str reason)
{
    if (str_is(reason, "not_allowed") || str_is(reason, "malformed")) {
        sub->refused = ctl_fail(CTL_REFUSED, "refused: %.*s", (int)reason.len, reason.at);
    } else {
        sub->due_ms = loop_monotonic_ms() + 1000; /* busy: once more, a little later */
    }
}

static void answer_came(void *ctx, const struct str *frames, size_t count)
{
    struct subscribe *sub = ctx;
    char id[16];
    if (count < 2 || !str_equal(frames[1], id_of(sub, id)) || sub->asked == sub->topic_count) {
        return; /* to a question that was given up */
    }
    sub->heard = true;
    if (count == 6 && str_is(frames[0], "DATA")) {
        data_came(sub, frames);
    } else if (str_is(frames[0], "END")) {
        end_answer(sub, frames, count);
    } else if (count == 4 && str_is(frames[0], "GAP")) {
        (void)ctl_fail(CTL_OK, "gone for ever: %.*s %.*s (partition, from, to)", (int)frames[2].len,
                       frames[2].at, (int)frames[3].len, frames[3].at);
    } else if (count >= 3 && str_is(frames[0], "ERROR")) {
        error_came(sub, frames[2]);
    }
}

/* ---- running */

static enum ctl_exit save(struct subscribe *sub)
{
    if (fflush(stdout) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "cannot write what came");
    }
    if (sub->path == NULL || !sub->dirty) {
        return CTL_OK;
    }
    sub->dirty = false;
    int error = live_state_save(&sub->state, sub->path, buffer_str(&sub->title));
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s: %s", sub->path, error_text(error));
}

static int connect_wire(struct subscribe *sub)
{
    zmq_client_free(sub->client);
    sub->client = NULL;
    int error = zmq_client_new(sub->loop, &sub->wire, &sub->client);
    for (size_t i = 0; i < sub->topic_count && error == 0; i++) {
        error = zmq_client_subscribe(sub->client, str_of(sub->topics[i]));
    }
    return error;
}

/* The next round, or the last one again. */
static enum ctl_exit ask_again(struct subscribe *sub)
{
    int error = sub->heard ? 0 : connect_wire(sub);
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s: %s", sub->wire.publish, error_text(error));
    }
    begin_round(sub);
    return CTL_OK;
}

static enum ctl_exit follow(struct subscribe *sub)
{
    bool to_end = ctl_option(sub->ctl, "--to-end") != NULL;
    int64_t until_ms = loop_monotonic_ms() + config_int(sub->ctl->config, "kafka.timeout");
    enum ctl_exit code = CTL_OK;
    begin_round(sub);
    while (!sub->interrupted && code == CTL_OK && sub->refused == CTL_OK) {
        loop_turn(sub->loop, TURN_MS);
        code = save(sub);
        if (to_end && sub->answered) {
            return code;
        }
        if (!sub->answered && loop_monotonic_ms() > until_ms) {
            return ctl_fail(CTL_UNAVAILABLE,
                            "no answer: is the server there, does it know the key?");
        }
        if (code == CTL_OK && loop_monotonic_ms() >= sub->due_ms) {
            code = ask_again(sub);
        }
    }
    enum ctl_exit saved = save(sub);
    return sub->refused != CTL_OK ? sub->refused : code != CTL_OK ? code : saved;
}

/* "tcp://host:7791" of "tcp://host:7790". */
static bool next_port(const char *endpoint, char *ret_endpoint, size_t size)
{
    const char *colon = strrchr(endpoint, ':');
    int64_t port;
    if (colon == NULL || !str_to_int64(str_of(colon + 1), 1, 65534, &port)) {
        return false;
    }
    int len =
        snprintf(ret_endpoint, size, "%.*s:%" PRId64, (int)(colon - endpoint), endpoint, port + 1);
    return len > 0 && (size_t)len < size;
}

static enum ctl_exit read_wire(struct subscribe *sub)
{
    const char *server = ctl_option(sub->ctl, "--server");
    const char *server_key = ctl_option(sub->ctl, "--server-key");
    const char *key_path = ctl_option(sub->ctl, "--key");
    const char *ask_at = ctl_option(sub->ctl, "--ask");
    if (server == NULL || server_key == NULL || key_path == NULL ||
        !zmq_key_is_public(str_of(server_key)) ||
        (ask_at == NULL && !next_port(server, sub->ask_room, sizeof(sub->ask_room)))) {
        return ctl_fail(CTL_USAGE,
                        "--server tcp://HOST:PORT, --server-key KEY and --key FILE are wanted");
    }
    int error = zmq_key_read(key_path, &sub->key);
    if (error != 0) {
        return ctl_fail(CTL_REFUSED, "%s: %s", key_path, error_text(error));
    }
    sub->wire = (struct zmq_client_options){.publish = server,
                                            .ask = ask_at == NULL ? sub->ask_room : ask_at,
                                            .server_key = server_key,
                                            .key = &sub->key,
                                            .queue_max = QUEUE_MAX,
                                            .message = message_came,
                                            .answer = answer_came,
                                            .ctx = sub};
    error = connect_wire(sub);
    return error == 0 ? CTL_OK : ctl_fail(CTL_USAGE, "%s: %s", server, error_text(error));
}

static enum ctl_exit read_topics(struct subscribe *sub)
{
    const char *topic = ctl_option_at(sub->ctl, "--topic", 0);
    for (size_t i = 0; topic != NULL; topic = ctl_option_at(sub->ctl, "--topic", ++i)) {
        if (sub->topic_count == TOPICS_MAX || strpbrk(topic, " \n") != NULL) {
            return ctl_fail(CTL_USAGE, "at most %d topics, without spaces", TOPICS_MAX);
        }
        sub->topics[sub->topic_count++] = topic;
    }
    if (sub->topic_count == 0) {
        sub->topics[sub->topic_count++] = ""; /* all that the key may read */
    }
    buffer_add_text(&sub->title, "topics");
    for (size_t i = 0; i < sub->topic_count; i++) {
        buffer_format(&sub->title, " %s", sub->topics[i]);
    }
    return CTL_OK;
}

static enum ctl_exit load_state(struct subscribe *sub)
{
    sub->path = ctl_option(sub->ctl, "--since");
    if (sub->path == NULL) {
        return CTL_OK;
    }
    int error = live_state_load(&sub->state, sub->path, buffer_str(&sub->title));
    if (error == ERR_CONFLICT) {
        return ctl_fail(CTL_REFUSED, "%s was written for other topics", sub->path);
    }
    return error == 0 || error == ERR_NOT_FOUND
               ? CTL_OK
               : ctl_fail(CTL_REFUSED, "%s: %s", sub->path, error_text(error));
}

static enum ctl_exit run(struct ctl *ctl)
{
    static struct subscribe sub; /* large; one per process */
    sub.ctl = ctl;
    live_state_init(&sub.state);
    live_state_init(&sub.next);
    buffer_init(&sub.title, 8192);
    buffer_init(&sub.line, LINE_MAX_BYTES);
    arena_init(&sub.arena, RECORD_MAX_BYTES);
    enum ctl_exit code = read_topics(&sub);
    code = code != CTL_OK ? code : load_state(&sub);
    if (code == CTL_OK &&
        (loop_new(&sub.loop) != 0 || loop_on_signals(sub.loop, interrupt, NULL, &sub) != 0)) {
        code = ctl_fail(CTL_UNAVAILABLE, "no event loop");
    }
    code = code != CTL_OK ? code : read_wire(&sub);
    code = code != CTL_OK ? code : follow(&sub);
    zmq_client_free(sub.client);
    loop_free(sub.loop);
    arena_fini(&sub.arena);
    buffer_fini(&sub.line);
    buffer_fini(&sub.title);
    live_state_fini(&sub.next);
    live_state_fini(&sub.state);
    return code;
}

static const struct ctl_option options[] = {
    {"--server", "ENDPOINT", "where the relay publishes, tcp://HOST:7790"},
    {"--ask", "ENDPOINT", "where it answers; without it the next port"},
    {"--server-key", "KEY", "the relay's public key"},
    {"--key", "FILE", "our key pair (swctl keys curve)"},
    {"--topic", "PREFIX",
     "alerts.CITY. and the like; may be repeated; without it all that the key may read"},
    {"--since", "FILE", "go on where this file says, and keep it up to date"},
    {"--to-end", NULL, "end when all there is now has come; without it Ctrl-C ends it"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_subscribe = {
    .name = "subscribe",
    .arguments = "",
    .help = "Show what a partner gets on the live wire, from where it was left.",
    .options = options,
    .run = run,
};
