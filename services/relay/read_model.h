/* The Redis read model behind the console: boards sorted by due time, cases, their journal lines. A view: it can be
 * emptied at any time and is then built anew from Kafka. The functions of read_model.lua do the writing, each record
 * once, so that several relays may write one model. */
#ifndef RELAY_READ_MODEL_H
#define RELAY_READ_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "io/loop.h"
#include "io/redis.h"
#include "shouwang/v1/case.pb-c.h"

struct read_model;

/* Where a record stands in Kafka. */
struct read_model_place {
    struct str partition; /* "<topic>/<partition>", at most 200 bytes */
    int64_t offset;
};

/* The model is there and takes writes: each partition it knows is told by `stored` (the last applied offset), then
 * `live` is called; what comes after those offsets must be applied, everything of a partition that was not told. */
struct read_model_events {
    void (*stored)(struct str partition, int64_t offset, void *ctx);
    void (*live)(void *ctx);
    void (*lost)(void *ctx); /* writes are refused until the next `live` */
    void *ctx;
};

/* `prefix` begins every key ("sw"). ERR_MEMORY, ERR_IO. */
SW_NODISCARD int read_model_new(struct loop *loop, const struct redis_options *redis,
                                const char *prefix, const struct read_model_events *events,
                                struct read_model **ret_model);

/* NULL is fine. */
void read_model_free(struct read_model *model);

bool read_model_is_live(const struct read_model *model);

/* Room for one more write; when false, stop reading until `read_model_in_flight` has fallen. */
bool read_model_has_room(const struct read_model *model);

/* Writes a case, or takes it out when `record` is NULL. ERR_UNAVAILABLE while not live or without room: nothing is
 * remembered, the next `live` brings the record again. */
SW_NODISCARD int read_model_put_case(struct read_model *model, struct read_model_place place,
                                     struct str unit, struct str case_hex,
                                     const Shouwang__V1__Case *record);

struct read_model_line {
    struct str case_hex;
    struct str packed;
    struct str breached_unit; /* not empty: it says that a deadline of this unit passed */
    int64_t at_ms;            /* of a breach */
};

/* Appends a packed journal line to its case, and to the unit's breaches where it is one. As above. */
SW_NODISCARD int read_model_add_line(struct read_model *model, struct read_model_place place,
                                     const struct read_model_line *line);

struct read_model_counts {
    uint64_t written;
    uint64_t rebuilds; /* times the model was found empty and started anew */
    uint64_t lost;
};
struct read_model_counts read_model_counts(const struct read_model *model);

#endif
