/* What the files of the shell share. */
#ifndef TESTS_SIM_SHELL_INSIDE_H
#define TESTS_SIM_SHELL_INSIDE_H

#include "base/arena.h"
#include "base/map.h"
#include "sim/shell.h"

enum { SHELL_ARENA_BYTES = 256 << 20, SHELL_ENTITIES_MAX = 1 << 20, SHELL_STEPS_MAX = 4096 };

enum shell_phase { SHELL_NOT_OURS, SHELL_PROVING, SHELL_CATCHING_UP, SHELL_LIVE };

struct shell_entity {
    struct shell_entity *next; /* the one touched before */
    struct stream_partition *partition;
    struct str key;
    struct str before;
    struct str after;
    bool is_put;
};

struct shell_output {
    struct shell_output *next;
    struct kafka_output output;
};

struct shell_token {
    struct shell_token *next;
    struct stream_partition *partition;
    uint64_t token;
};

/* What steps left and one transaction will say. */
struct shell_batch {
    struct arena arena;
    struct map entities;
    struct shell_entity *last_entity;
    struct shell_entity *first_written; /* in the order of touching, made at the seal */
    struct shell_output *first_output;
    struct shell_output **last_output;
    struct shell_token *first_token;
    struct shell_token **last_token;
    bool has[BROKER_PARTITIONS];
    uint64_t epoch[BROKER_PARTITIONS];
    int64_t positions[BROKER_PARTITIONS][STREAM_INPUTS_MAX]; /* at the seal */
    bool is_empty;
};

struct stream_partition {
    struct stream *stream;
    int32_t index;
    enum shell_phase phase;
    uint64_t epoch;
    int64_t proven_ms; /* true time at which its first transaction is through */
    void *part;
    bool was_live;
    int64_t positions[STREAM_INPUTS_MAX];
    int64_t committed[STREAM_INPUTS_MAX];
    int64_t seen_end[STREAM_INPUTS_MAX];
    bool is_paused[STREAM_INPUTS_MAX];
};

enum shell_fate { SHELL_UNKNOWN, SHELL_COMMITTED, SHELL_ABORTED, SHELL_FENCED };

struct stream {
    struct machine *machine;
    const struct stream_definition *definition;
    void *ctx;
    struct stream_partition partitions[BROKER_PARTITIONS];
    struct shell_batch *open;
    struct shell_batch *flying; /* NULL: none */
    struct shell_batch *spare;
    enum shell_fate fate; /* of the flying one */
    uint64_t number;      /* of the transaction */
    bool is_draining;
    loop_fn drained;
    void *drained_ctx;
};

struct stream_effects {
    struct stream *stream;
    struct stream_partition *partition;
};

struct shell_batch *shell_batch_new(void);
void shell_batch_clear(struct shell_batch *batch);
void shell_batch_free(struct shell_batch *batch);

/* Sends the open batch away when it holds something and none is underway. */
void shell_commit(struct stream *stream);

/* A batch that will not be: entities are loaded again as they were. Newest batch first. */
void shell_undo(struct stream *stream);

/* Entities and tokens of a partition that is lost are forgotten with it. */
void shell_batch_drop(struct shell_batch *batch, const struct stream_partition *partition);

#endif
