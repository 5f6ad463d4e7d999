/* Many records from a tool, in transactions: an import, a pack.
 *
 * Everything here blocks: for swctl, never for a loop. Records gather in a transaction until it is large or old enough
 * and is then committed by itself; a record that goes everywhere is whole in one transaction. Readers are
 * read_committed: of a batch that fails they see nothing, of the batches before it all. All tools under one topic prefix share
 * one transactional.id, so that a tool that was killed leaves nothing open for longer than the next one's start, and
 * of two at the same time the older one is refused. */
#ifndef IO_KAFKA_BULK_H
#define IO_KAFKA_BULK_H

#include <stdint.h>

#include "base/error.h"
#include "io/config.h"
#include "io/kafka.h"

enum {
    KAFKA_BULK_RECORDS = 5000, /* a batch with so many, or so many bytes, is committed before */
    KAFKA_BULK_BYTES = 8 << 20 /* the next record; one set of an everywhere record comes on top */
};

struct kafka_bulk;

/* Connects, ends what a predecessor left open, and learns the number of partitions. Takes bootstrap.servers and every
 * kafka.* of the config. `timeout_ms` bounds this call and each later wait without progress. ERR_UNAVAILABLE,
 * ERR_TIMEOUT (no broker), ERR_NOT_FOUND (no topics yet), ERR_DENIED, ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int kafka_bulk_new(const struct config *config, int64_t timeout_ms,
                                struct kafka_bulk **ret_bulk);

/* Drops what is not committed. NULL is fine. */
void kafka_bulk_free(struct kafka_bulk *bulk);

/* One record, placed by its unit. Blocks while a batch is committed or the queue is full. After any error the batch is
 * dropped and only kafka_bulk_free is left: ERR_TOO_LARGE (value), ERR_FENCED (another tool writes), ERR_DENIED,
 * ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_IO. */
SW_NODISCARD int kafka_bulk_write(struct kafka_bulk *bulk, const struct kafka_output *output);

/* The same record once into each partition, all in one transaction: what lies above the schools, and packs. The key is
 * given (asserted), the unit places nothing. Errors as kafka_bulk_write. */
SW_NODISCARD int kafka_bulk_write_everywhere(struct kafka_bulk *bulk,
                                             const struct kafka_output *output);

/* Commits what was written: when it answers 0, all replicas have everything. Errors as kafka_bulk_write. */
SW_NODISCARD int kafka_bulk_commit(struct kafka_bulk *bulk);

#endif
