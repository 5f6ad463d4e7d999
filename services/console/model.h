/* What the console reads of the Redis read model: boards and cases. When Redis is away the last answer to the same
 * question is given again, marked stale; what was never asked is then unavailable. */
#ifndef CONSOLE_MODEL_H
#define CONSOLE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/redis.h"

enum {
    MODEL_UNITS_MAX = 1024,     /* of one board */
    MODEL_CASES_MAX = 500,      /* of one board, the most urgent first of each unit */
    MODEL_LEDGER_MAX = 5000,    /* cases of one ledger, or breaches of one history */
    MODEL_KEPT_BYTES = 64 << 20 /* of last answers; above it the oldest go */
};

struct model;

/* ERR_MEMORY, ERR_IO. `prefix` as the relay's. */
SW_NODISCARD int model_new(struct loop *loop, const struct redis_options *redis, const char *prefix,
                           struct model **ret_model);
/* Open questions are answered unavailable before this returns. NULL is fine. */
void model_free(struct model *model);

bool model_is_ready(const struct model *model);

struct model_answer {
    int error; /* 0; ERR_NOT_FOUND (no such case); ERR_UNAVAILABLE (away, and never asked before) */
    bool stale;       /* an earlier answer */
    int64_t as_of_ms; /* when Redis gave it */
    const struct str *
        items; /* board: packed cases; case: the packed case, then its packed journal lines, oldest first */
    size_t count;
};

/* Which part of a history: units, and from when. */
struct model_span {
    struct str scope; /* names the question, as of a board */
    const struct str *units;
    size_t unit_count;
    int64_t from_ms;
};

/* Borrowed for the call. Called exactly once, on the loop, never from inside the asking function. */
typedef void (*model_done_fn)(const struct model_answer *answer, void *ctx);

/* The open cases of some units; `scope` names the question among the kept answers (the top unit of the user). */
void model_ask_board(struct model *model, struct str scope, const struct str *units,
                     size_t unit_count, model_done_fn done, void *ctx);

/* The cases of some units, open and ended, at most a thousand of each kind and unit. Never an earlier answer. */
void model_ask_ledger(struct model *model, struct str scope, const struct str *units,
                      size_t unit_count, model_done_fn done, void *ctx);

/* The packed journal lines of the units that say a deadline passed, since `from_ms`, the newest first in each unit. */
void model_ask_breaches(struct model *model, const struct model_span *span, model_done_fn done,
                        void *ctx);

/* One case with its journal lines. */
void model_ask_case(struct model *model, struct str case_hex, model_done_fn done, void *ctx);

#endif
