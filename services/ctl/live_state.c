#include "ctl/live_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/heap.h"

enum { SEEN_MAX = 1 << 20, SEEN_TEXT_BYTES = LIVE_NAME_BYTES + 48, FILE_MAX_BYTES = 64 << 20 };

struct seen {
    struct live_stream *stream;
    int64_t partition;
    int64_t offset;
    char text[SEEN_TEXT_BYTES];
};

void live_state_init(struct live_state *state)
{
    *state = (struct live_state){.stream_count = 0};
    map_init(&state->seen, SEEN_MAX, 1);
}

void live_state_fini(struct live_state *state)
{
    for (size_t i = 0; i < state->seen.count; i++) {
        heap_free(state->seen.entries[i].value);
    }
    map_fini(&state->seen);
    for (size_t i = 0; i < state->stream_count; i++) {
        heap_free(state->streams[i].offsets);
    }
    state->stream_count = 0;
}

/* The stream, made when it is new; NULL: no room. */
static struct live_stream *get_stream(struct live_state *state, struct str name)
{
    for (size_t i = 0; i < state->stream_count; i++) {
        if (str_is(name, state->streams[i].name)) {
            return &state->streams[i];
        }
    }
    if (state->stream_count == LIVE_STREAMS_MAX || name.len == 0 || name.len >= LIVE_NAME_BYTES) {
        return NULL;
    }
    struct live_stream *stream = &state->streams[state->stream_count];
    stream->offsets = heap_alloc(LIVE_PARTITIONS_MAX * sizeof(int64_t));
    if (stream->offsets == NULL) {
        return NULL;
    }
    memcpy(stream->name, name.at, name.len);
    for (size_t i = 0; i < LIVE_PARTITIONS_MAX; i++) {
        stream->offsets[i] = -1;
    }
    state->stream_count++;
    return stream;
}

static struct str cut(struct str *text, char by)
{
    const char *at = text->len == 0 ? NULL : memchr(text->at, by, text->len);
    struct str piece = {text->at, at == NULL ? text->len : (size_t)(at - text->at)};
    size_t taken = piece.len + (at == NULL ? 0 : 1);
    *text = (struct str){text->at + taken, text->len - taken};
    return piece;
}

bool live_state_take(struct live_state *state, struct str sequence)
{
    struct str rest = sequence;
    struct live_stream *stream = get_stream(state, cut(&rest, ' '));
    int64_t partition;
    int64_t offset;
    if (stream == NULL || sequence.len >= SEEN_TEXT_BYTES ||
        !str_to_int64(cut(&rest, ' '), 0, LIVE_PARTITIONS_MAX - 1, &partition) ||
        !str_to_int64(rest, 0, INT64_MAX, &offset) || offset < stream->offsets[partition] ||
        map_get(&state->seen, sequence) != NULL) {
        return false;
    }
    struct seen *seen = heap_alloc(sizeof(*seen));
    if (seen == NULL) {
        return true; /* it may come twice, but it comes */
    }
    *seen = (struct seen){.stream = stream, .partition = partition, .offset = offset};
    memcpy(seen->text, sequence.at, sequence.len);
    if (map_add(&state->seen, (struct str){seen->text, sequence.len}, seen) != 0) {
        heap_free(seen);
    }
    return true;
}

int live_state_move(struct live_state *state, struct str position, enum live_move how)
{
    struct live_stream *stream = get_stream(state, cut(&position, ' '));
    if (stream == NULL) {
        return ERR_MEMORY;
    }
    while (position.len > 0) {
        struct str pair = cut(&position, ' ');
        int64_t partition;
        int64_t offset;
        if (!str_to_int64(cut(&pair, ':'), 0, LIVE_PARTITIONS_MAX - 1, &partition) ||
            !str_to_int64(pair, 0, INT64_MAX, &offset)) {
            return ERR_INVALID;
        }
        int64_t *known = &stream->offsets[partition];
        if (how == LIVE_SET || *known < 0 || offset < *known) {
            *known = offset;
        }
    }
    return 0;
}

int live_state_adopt(struct live_state *state, const struct live_state *from)
{
    for (size_t i = 0; i < from->stream_count; i++) {
        struct live_stream *stream = get_stream(state, str_of(from->streams[i].name));
        if (stream == NULL) {
            return ERR_MEMORY;
        }
        for (size_t k = 0; k < LIVE_PARTITIONS_MAX; k++) {
            int64_t offset = from->streams[i].offsets[k];
            stream->offsets[k] = offset < 0 ? stream->offsets[k] : offset;
        }
    }
    return 0;
}

void live_state_trim(struct live_state *state)
{
    size_t i = 0;
    while (i < state->seen.count) {
        struct seen *seen = state->seen.entries[i].value;
        if (seen->offset < seen->stream->offsets[seen->partition]) {
            (void)map_remove(&state->seen, state->seen.entries[i].key);
            heap_free(seen);
        } else {
            i++;
        }
    }
}

void live_state_position(const struct live_state *state, size_t stream, struct buffer *ret_text)
{
    const struct live_stream *of = &state->streams[stream];
    buffer_add_text(ret_text, of->name);
    for (size_t i = 0; i < LIVE_PARTITIONS_MAX; i++) {
        if (of->offsets[i] >= 0) {
            buffer_format(ret_text, " %zu:%" PRId64, i, of->offsets[i]);
        }
    }
}

/* ---- the file: a title, "= <position>" for each stream, "+ <sequence>" for what came beyond */

int live_state_save(const struct live_state *state, const char *path, struct str title)
{
    struct buffer text;
    char beside[4096];
    buffer_init(&text, FILE_MAX_BYTES);
    buffer_format(&text, "%.*s\n", (int)title.len, title.at);
    for (size_t i = 0; i < state->stream_count; i++) {
        buffer_add_text(&text, "= ");
        live_state_position(state, i, &text);
        buffer_add_text(&text, "\n");
    }
    for (size_t i = 0; i < state->seen.count; i++) {
        struct str key = state->seen.entries[i].key;
        buffer_format(&text, "+ %.*s\n", (int)key.len, key.at);
    }
    int len = snprintf(beside, sizeof(beside), "%s.new", path);
    FILE *file = text.overflowed || len >= (int)sizeof(beside) ? NULL : fopen(beside, "we");
    int error = file == NULL ? ERR_IO : 0;
    if (file != NULL) {
        bool wrote = fwrite(text.bytes, 1, text.len, file) == text.len && fflush(file) == 0 &&
                     fsync(fileno(file)) == 0;
        bool closed = fclose(file) == 0;
        error = wrote && closed && rename(beside, path) == 0 ? 0 : ERR_IO;
    }
    buffer_fini(&text);
    return error;
}

static int take_line(struct live_state *state, struct str line)
{
    struct str mark = cut(&line, ' ');
    if (str_is(mark, "=")) {
        return live_state_move(state, line, LIVE_SET);
    }
    return str_is(mark, "+") && live_state_take(state, line) ? 0 : ERR_INVALID;
}

int live_state_load(struct live_state *state, const char *path, struct str title)
{
    char line[LIVE_PARTITIONS_MAX * 32];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    int error = ERR_INVALID;
    for (bool first = true; fgets(line, sizeof(line), file) != NULL; first = false) {
        struct str text = {line, strcspn(line, "\n")};
        if (first) {
            error = str_equal(text, title) ? 0 : ERR_CONFLICT;
        } else if (error == 0) {
            error = take_line(state, text);
        }
    }
    (void)fclose(file); /* nothing was written */
    return error;
}
