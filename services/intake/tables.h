/* The directory (units, persons, tokens) and the erasure keys in memory, followed from Kafka. */
#ifndef INTAKE_TABLES_H
#define INTAKE_TABLES_H

#include <stdint.h>

#include "base/error.h"
#include "core/org/org.h"
#include "io/config.h"
#include "io/erasure.h"
#include "io/loop.h"

struct tables;

/* `caught_up` is called once, when all that was there at the start has been read. ERR_MEMORY, ERR_IO, ERR_INVALID. */
SW_NODISCARD int tables_new(struct loop *loop, const struct config *config, loop_fn caught_up,
                            void *ctx, struct tables **ret_tables);
/* NULL is fine. */
void tables_free(struct tables *tables);

const struct org *tables_org(const struct tables *tables);
const struct erasure_keys *tables_keys(const struct tables *tables);

/* Records that were refused (each is logged with its place), and records still to be read. */
uint64_t tables_refused(const struct tables *tables);
int64_t tables_lag(const struct tables *tables);

#endif
