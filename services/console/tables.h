/* The directory, the erasure keys and the active packs in memory, followed from Kafka. */
#ifndef CONSOLE_TABLES_H
#define CONSOLE_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "core/org/org.h"
#include "io/config.h"
#include "io/erasure.h"
#include "io/loop.h"
#include "wire/pack.h"

struct tables;

/* `caught_up` is called once, when everything that was there at the start has been read. ERR_MEMORY, ERR_IO, ERR_INVALID. */
SW_NODISCARD int tables_new(struct loop *loop, const struct config *config, loop_fn caught_up,
                            void *ctx, struct tables **ret_tables);
/* NULL is fine. */
void tables_free(struct tables *tables);

const struct org *tables_org(const struct tables *tables);
const struct erasure_keys *tables_keys(const struct tables *tables);
const struct pack_store *tables_packs(const struct tables *tables);

/* Records that were refused; each is logged with its place. */
uint64_t tables_refused(const struct tables *tables);

#endif
