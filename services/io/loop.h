/* The one event loop of a process (libuv): clocks, timers, descriptors, hooks, wake-ups from threads, signals.
 *
 * Everything here but loop_wake_send is called on the loop's thread. No callback is ever called from inside the
 * function that starts it. Objects are freed by their `_free` at any time, even from their own callback; the callback
 * is not called again afterwards, and memory goes when libuv has let go of the handle. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct uv_loop_s;
struct loop;
struct loop_timer;
struct loop_fd;
struct loop_hook;
struct loop_wake;

typedef void (*loop_fn)(void *ctx);
typedef void (*loop_fd_fn)(void *ctx, unsigned events);
typedef bool (*loop_hook_fn)(void *ctx);

/* Milliseconds of UTC since the epoch: what deadlines are compared with. */
int64_t loop_utc_ms(void);
/* Never steps, stands still while the machine sleeps. For durations inside one process. */
int64_t loop_monotonic_ms(void);
int64_t loop_monotonic_us(void);
/* Never steps and goes on while the machine sleeps or the process is stopped: for "how long was I away". */
int64_t loop_boottime_ms(void);

/* One per process in services; tests may have several. From the first one on SIGPIPE is ignored. ERR_MEMORY, ERR_IO (no descriptors). */
SW_NODISCARD int loop_new(struct loop **ret_loop);

/* Closes what is left open and runs until all handles are closed. NULL is fine. Every object made on the loop must
 * have been freed by its owner before (asserted). */
void loop_free(struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);

/* Makes loop_run return at the end of this turn. */
void loop_stop(struct loop *loop);

/* Runs one turn: waits at most `wait_ms` (0 = only what is ready). For tests and the end of a drain. */
void loop_turn(struct loop *loop, int64_t wait_ms);

/* The libuv loop, for the other files of io/. */
struct uv_loop_s *loop_uv(struct loop *loop);

/* From now on SIGTERM and SIGINT call `stop` once (a second one ends the process with status 130), SIGHUP calls
 * `reload` (may be NULL: ignored). ERR_IO. */
SW_NODISCARD int loop_on_signals(struct loop *loop, loop_fn stop, loop_fn reload, void *ctx);

enum loop_clock {
    LOOP_UTC,      /* absolute deadlines: survives clock steps in both directions */
    LOOP_MONOTONIC /* time-outs and periods inside the process */
};

/* A one-shot timer that calls `fire` once its clock reads at least the deadline: never early. Not armed yet.
 * ERR_MEMORY, ERR_IO. */
SW_NODISCARD int loop_timer_new(struct loop *loop, enum loop_clock clock, loop_fn fire, void *ctx,
                                struct loop_timer **ret_timer);

/* Arms it, or moves it, to an absolute time of its clock; a past one fires on the next turn. INT64_MAX disarms. */
void loop_timer_set(struct loop_timer *timer, int64_t due_ms);

/* Arms it `delay_ms` from now on its clock. Call it in the callback to make it periodic. */
void loop_timer_after(struct loop_timer *timer, int64_t delay_ms);

/* Disarms it; nothing when it is not armed. */
void loop_timer_clear(struct loop_timer *timer);

/* NULL is fine. */
void loop_timer_free(struct loop_timer *timer);

enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2, LOOP_BROKEN = 4 };

/* Watches a descriptor, level-triggered. It stays the caller's: free the watch before closing it. `ready` gets what is
 * ready; LOOP_BROKEN comes with both other bits when libuv reports an error, which has then stopped the watch (the
 * case in which the packaged hiredis adapter goes silent). ERR_MEMORY, ERR_IO. */
SW_NODISCARD int loop_fd_new(struct loop *loop, int fd, loop_fd_fn ready, void *ctx,
                             struct loop_fd **ret_watch);

/* Which of LOOP_READABLE | LOOP_WRITABLE are wanted; 0 stops watching. ERR_IO. */
SW_NODISCARD int loop_fd_want(struct loop_fd *watch, unsigned events);

/* NULL is fine. */
void loop_fd_free(struct loop_fd *watch);

/* Runs once in each turn, before the loop waits. Answer true while there is more to do: the loop then does not wait.
 * This is where an inbox is drained in bounded batches, so that nothing steps inside a third-party callback.
 * ERR_MEMORY, ERR_IO. */
SW_NODISCARD int loop_hook_new(struct loop *loop, loop_hook_fn run, void *ctx,
                               struct loop_hook **ret_hook);

/* Makes the loop run the hook soon although nothing else happens. */
void loop_hook_kick(struct loop_hook *hook);

/* NULL is fine. */
void loop_hook_free(struct loop_hook *hook);

/* Lets another thread call `woken` on the loop's thread. ERR_MEMORY, ERR_IO. */
SW_NODISCARD int loop_wake_new(struct loop *loop, loop_fn woken, void *ctx,
                               struct loop_wake **ret_wake);

/* From any thread; several sends may become one call. Not after loop_wake_free: join the thread first. */
void loop_wake_send(struct loop_wake *wake);

/* NULL is fine. */
void loop_wake_free(struct loop_wake *wake);

#endif
