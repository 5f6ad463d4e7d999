/* How far a client of the live wire has come: per stream the next offset of each partition, below which nothing is missing,
 * and the messages beyond it that came already. Kept in a file of lines. */
#ifndef CTL_LIVE_STATE_H
#define CTL_LIVE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "io/buffer.h"

enum { LIVE_STREAMS_MAX = 64, LIVE_PARTITIONS_MAX = 1024, LIVE_NAME_BYTES = 49 };

struct live_stream {
    char name[LIVE_NAME_BYTES];
    int64_t *offsets; /* of LIVE_PARTITIONS_MAX; -1: not known */
};

struct live_state {
    struct live_stream streams[LIVE_STREAMS_MAX];
    size_t stream_count;
    struct map seen; /* by "<stream> <partition> <offset>" */
};

void live_state_init(struct live_state *state);
void live_state_fini(struct live_state *state);

/* Whether this message is new; from then on it is not. False also for what does not read as a sequence. */
bool live_state_take(struct live_state *state, struct str sequence);

enum live_move { LIVE_SET, LIVE_LOWER };

/* Sets the offsets as "<stream> <partition>:<offset> …" says, or lowers those that are known already. ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int live_state_move(struct live_state *state, struct str position, enum live_move how);

/* Sets every offset that `from` knows. ERR_MEMORY. */
SW_NODISCARD int live_state_adopt(struct live_state *state, const struct live_state *from);

/* Forgets what lies below the offsets. */
void live_state_trim(struct live_state *state);

/* The position of one stream as live_state_move reads it. */
void live_state_position(const struct live_state *state, size_t stream, struct buffer *ret_text);

/* All of it as lines, the first one `title`; and back: ERR_NOT_FOUND (no file: nothing changed), ERR_CONFLICT (another
 * title), ERR_INVALID, ERR_IO. Writing replaces the file by a rename. Both block. */
SW_NODISCARD int live_state_save(const struct live_state *state, const char *path,
                                 struct str title);
SW_NODISCARD int live_state_load(struct live_state *state, const char *path, struct str title);

#endif
