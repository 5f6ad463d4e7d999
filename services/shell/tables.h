/* The directory and the erasure keys in memory, followed from Kafka by a service that is not partitioned; with the packs,
 * where asked for. One thread: the loop's. */
#ifndef SHELL_TABLES_H
#define SHELL_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "core/org/org.h"
#include "io/config.h"
#include "io/erasure.h"
#include "io/loop.h"
#include "wire/pack.h"

struct tables;

struct tables_setup {
    bool keep_packs;
    bool keep_sealed;  /* names and addresses of persons, too */
    loop_fn caught_up; /* called once, when all that was there at the start has been read */
    void *ctx;
};

/* ERR_MEMORY, ERR_IO, ERR_INVALID. `loop` and `config` outlive it. */
SW_NODISCARD int tables_new(struct loop *loop, const struct config *config,
                            const struct tables_setup *setup, struct tables **ret_tables);
/* NULL is fine. */
void tables_free(struct tables *tables);

/* Borrowed; what they hold is good until the loop goes on. */
const struct org *tables_org(const struct tables *tables);
const struct erasure_keys *tables_keys(const struct tables *tables);
/* Packs were asked for (asserted). */
const struct pack_store *tables_packs(const struct tables *tables);

/* Records that were refused (each is logged with its place), and records still to be read. */
uint64_t tables_refused(const struct tables *tables);
int64_t tables_lag(const struct tables *tables);

#endif
