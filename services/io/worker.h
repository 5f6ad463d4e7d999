/* One thread that does one blocking job at a time for the loop. */
#ifndef IO_WORKER_H
#define IO_WORKER_H

#include <stdbool.h>

#include "base/error.h"
#include "io/loop.h"

struct worker;

/* On the worker's thread. */
typedef void (*worker_job_fn)(void *job);

/* `done` is called on the loop's thread when a job has ended, with that job. ERR_MEMORY, ERR_IO. */
SW_NODISCARD int worker_new(struct loop *loop, void (*done)(void *ctx, void *job), void *ctx,
                            struct worker **ret_worker);

/* Asks the job under way to end (worker_is_stopping), waits for it and frees the thread; `done` is not called
 * any more. NULL is fine. Blocks. */
void worker_free(struct worker *worker);

/* Gives a job; the worker was idle (asserted). What `job` points at is the thread's until `done`. */
void worker_submit(struct worker *worker, worker_job_fn run, void *job);

/* Between submit and `done`. Loop thread. */
bool worker_is_busy(const struct worker *worker);

/* From any thread: a blocking job looks at it between slices of at most a second. */
bool worker_is_stopping(struct worker *worker);

#endif
