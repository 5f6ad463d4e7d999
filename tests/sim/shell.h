/* The transactional shell of io/stream.h over the broker of the simulator: the contract of that header, without Kafka. */
#ifndef TESTS_SIM_SHELL_H
#define TESTS_SIM_SHELL_H

#include <stdbool.h>
#include <stdint.h>

#include "io/stream.h"
#include "sim/machine.h"

/* The machine is in contact with its group again: takes what it was given, lets go of what it lost. */
void shell_sync(struct stream *stream);

/* One turn: tables, inputs, timers, and a transaction when there is something to commit. */
void shell_turn(struct stream *stream);

/* True time of the next thing to do; INT64_MAX: nothing but what others cause. */
int64_t shell_next_ms(struct stream *stream);

/* The next deadline of a settled part. */
int64_t shell_next_deadline(struct stream *stream, int32_t partition);

/* The next deadline of a part that is settled, as whoever took it over now would have it: a part of its own is restored for it
 * and thrown away. INT64_MAX: none. */
int64_t shell_restored_deadline(struct stream *stream, int32_t partition);

/* The part of a partition when it is live and nothing of it waits for a commit; else NULL. For checks. */
void *shell_settled_part(struct stream *stream, int32_t partition);

#endif
