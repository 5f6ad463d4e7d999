/* The event loop over libuv.
 *
 * Each object is one heap block with its libuv handle inside; `_free` starts the close and the close callback gives
 * the block back, so that an object may be freed from its own callback. Timers are timerfd descriptors, since a
 * CLOCK_REALTIME one follows clock steps by itself and is more exact than uv_timer; a step back between its expiry and
 * our reading is seen by comparing, and arms it again. */
#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/assert.h"

enum { SIGNALS = 3, STATUS_SECOND_SIGNAL = 130 };

enum {
    TIMER_MAGIC = 0x4c6f5469,
    FD_MAGIC = 0x4c6f4664,
    HOOK_MAGIC = 0x4c6f486f,
    WAKE_MAGIC = 0x4c6f5761
};

struct loop {
    uv_loop_t uv;
    uv_async_t keep; /* keeps uv_run from returning when nothing else is open */
    uv_timer_t turn; /* bounds loop_turn */
    uv_signal_t signals[SIGNALS];
    bool signals_open;
    bool stop_asked; /* by a first signal */
    bool stopping;   /* by loop_stop */
    unsigned object_count;
    loop_fn stop;
    loop_fn reload;
    void *signal_ctx;
};

struct loop_timer {
    unsigned magic;
    enum loop_clock clock;
    struct loop *loop;
    int fd;
    int64_t due_ms; /* INT64_MAX: not armed */
    loop_fn fire;
    void *ctx;
    uv_poll_t poll;
};

struct loop_fd {
    unsigned magic;
    struct loop *loop;
    loop_fd_fn ready;
    void *ctx;
    uv_poll_t poll;
};

struct loop_hook {
    unsigned magic;
    unsigned open_handles;
    struct loop *loop;
    loop_hook_fn run;
    void *ctx;
    uv_prepare_t prepare;
    uv_idle_t idle;
};

struct loop_wake {
    unsigned magic;
    struct loop *loop;
    loop_fn woken;
    void *ctx;
    uv_async_t async;
};

static int64_t read_clock_us(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    sw_assert(failed == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t loop_utc_ms(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t loop_monotonic_ms(void)
{
    return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t loop_monotonic_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

int64_t loop_boottime_ms(void)
{
    return read_clock_us(CLOCK_BOOTTIME) / 1000;
}

static void async_ignore(uv_async_t *handle)
{
    (void)handle;
}

int loop_new(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return ERR_MEMORY;
    }
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return ERR_IO;
    }
    if (uv_async_init(&loop->uv, &loop->keep, async_ignore) != 0) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return ERR_IO;
    }
    (void)uv_timer_init(&loop->uv, &loop->turn); /* cannot fail */
    (void)signal(SIGPIPE, SIG_IGN);              /* hiredis writes without MSG_NOSIGNAL */
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    sw_assert(loop->object_count == 0);
    uv_close((uv_handle_t *)&loop->keep, NULL);
    uv_close((uv_handle_t *)&loop->turn, NULL);
    for (int i = 0; loop->signals_open && i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    }
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
    }
    int busy = uv_loop_close(&loop->uv);
    sw_assert(busy == 0);
    free(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopping) {
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* its answer only tells that handles are open */
    }
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    uv_stop(&loop->uv);
}

static void turn_over(uv_timer_t *timer)
{
    (void)timer;
}

void loop_turn(struct loop *loop, int64_t wait_ms)
{
    if (wait_ms <= 0) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->turn, turn_over, (uint64_t)wait_ms, 0);
    (void)uv_run(&loop->uv, UV_RUN_ONCE);
    (void)uv_timer_stop(&loop->turn);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

static void signal_came(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;
    if (number == SIGHUP) {
        if (loop->reload != NULL) {
            loop->reload(loop->signal_ctx);
        }
        return;
    }
    if (loop->stop_asked) {
        _exit(STATUS_SECOND_SIGNAL);
    }
    loop->stop_asked = true;
    loop->stop(loop->signal_ctx);
}

int loop_on_signals(struct loop *loop, loop_fn stop, loop_fn reload, void *ctx)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    sw_assert(!loop->signals_open);
    loop->stop = stop;
    loop->reload = reload;
    loop->signal_ctx = ctx;
    for (int i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(&loop->uv,
                             &loop->signals[i]); /* fails only before the loop's own pipe is made */
        loop->signals[i].data = loop;
    }
    loop->signals_open = true;
    for (int i = 0; i < SIGNALS; i++) {
        if (uv_signal_start(&loop->signals[i], signal_came, numbers[i]) != 0) {
            return ERR_IO;
        }
    }
    return 0;
}

static clockid_t clock_id(enum loop_clock clock)
{
    return clock == LOOP_UTC ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

static void timer_arm(struct loop_timer *timer)
{
    struct itimerspec when = {{0, 0}, {0, 0}};
    if (timer->due_ms != INT64_MAX) {
        /* A time of zero would disarm it; whatever lies in the past fires at once. */
        int64_t due_ms = timer->due_ms > 0 ? timer->due_ms : 1;
        when.it_value.tv_sec = due_ms / 1000;
        when.it_value.tv_nsec = due_ms % 1000 * 1000000;
    }
    int failed = timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
    sw_assert(failed == 0);
}

static void timer_ready(uv_poll_t *poll, int status, int events)
{
    struct loop_timer *timer = poll->data;
    (void)events;
    sw_assert(timer->magic == TIMER_MAGIC);
    sw_assert(status == 0);
    uint64_t expired;
    ssize_t got = read(timer->fd, &expired, sizeof(expired));
    if (got != (ssize_t)sizeof(expired) || timer->due_ms == INT64_MAX) {
        return; /* moved or disarmed since it expired */
    }
    if (read_clock_us(clock_id(timer->clock)) / 1000 < timer->due_ms) {
        timer_arm(timer);
        return;
    }
    timer->due_ms = INT64_MAX;
    timer->fire(timer->ctx);
}

int loop_timer_new(struct loop *loop, enum loop_clock clock, loop_fn fire, void *ctx,
                   struct loop_timer **ret_timer)
{
    int fd = timerfd_create(clock_id(clock), TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (timer == NULL) {
        (void)close(fd);
        return ERR_MEMORY;
    }
    *timer = (struct loop_timer){.magic = TIMER_MAGIC,
                                 .clock = clock,
                                 .loop = loop,
                                 .fd = fd,
                                 .due_ms = INT64_MAX,
                                 .fire = fire,
                                 .ctx = ctx};
    if (uv_poll_init(&loop->uv, &timer->poll, fd) != 0) {
        (void)close(fd);
        free(timer);
        return ERR_IO;
    }
    timer->poll.data = timer;
    loop->object_count++;
    int failed = uv_poll_start(&timer->poll, UV_READABLE, timer_ready);
    if (failed != 0) {
        loop_timer_free(timer);
        return ERR_IO;
    }
    *ret_timer = timer;
    return 0;
}

void loop_timer_set(struct loop_timer *timer, int64_t due_ms)
{
    sw_assert(timer->magic == TIMER_MAGIC);
    if (timer->due_ms == due_ms) {
        return;
    }
    timer->due_ms = due_ms;
    timer_arm(timer);
}

void loop_timer_after(struct loop_timer *timer, int64_t delay_ms)
{
    sw_assert(delay_ms >= 0);
    loop_timer_set(timer, read_clock_us(clock_id(timer->clock)) / 1000 + delay_ms);
}

void loop_timer_clear(struct loop_timer *timer)
{
    loop_timer_set(timer, INT64_MAX);
}

static void timer_closed(uv_handle_t *handle)
{
    struct loop_timer *timer = handle->data;
    (void)close(timer->fd);
    free(timer);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL) {
        return;
    }
    sw_assert(timer->magic == TIMER_MAGIC);
    timer->magic = 0;
    timer->loop->object_count--;
    uv_close((uv_handle_t *)&timer->poll, timer_closed);
}

static void fd_ready(uv_poll_t *poll, int status, int events)
{
    struct loop_fd *watch = poll->data;
    sw_assert(watch->magic == FD_MAGIC);
    if (status != 0) {
        watch->ready(watch->ctx, LOOP_READABLE | LOOP_WRITABLE | LOOP_BROKEN);
        return;
    }
    unsigned ready = 0;
    ready |= (events & UV_READABLE) != 0 ? LOOP_READABLE : 0U;
    ready |= (events & UV_WRITABLE) != 0 ? LOOP_WRITABLE : 0U;
    watch->ready(watch->ctx, ready);
}

int loop_fd_new(struct loop *loop, int fd, loop_fd_fn ready, void *ctx, struct loop_fd **ret_watch)
{
    struct loop_fd *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return ERR_MEMORY;
    }
    if (uv_poll_init(&loop->uv, &watch->poll, fd) != 0) {
        free(watch);
        return ERR_IO;
    }
    watch->magic = FD_MAGIC;
    watch->loop = loop;
    watch->ready = ready;
    watch->ctx = ctx;
    watch->poll.data = watch;
    loop->object_count++;
    *ret_watch = watch;
    return 0;
}

int loop_fd_want(struct loop_fd *watch, unsigned events)
{
    sw_assert(watch->magic == FD_MAGIC);
    if (events == 0) {
        return uv_poll_stop(&watch->poll) == 0 ? 0 : ERR_IO;
    }
    int wanted = 0;
    wanted |= (events & LOOP_READABLE) != 0 ? UV_READABLE : 0;
    wanted |= (events & LOOP_WRITABLE) != 0 ? UV_WRITABLE : 0;
    return uv_poll_start(&watch->poll, wanted, fd_ready) == 0 ? 0 : ERR_IO;
}

static void fd_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_fd_free(struct loop_fd *watch)
{
    if (watch == NULL) {
        return;
    }
    sw_assert(watch->magic == FD_MAGIC);
    watch->magic = 0;
    watch->loop->object_count--;
    uv_close((uv_handle_t *)&watch->poll, fd_closed);
}

static void idle_ignore(uv_idle_t *handle)
{
    (void)handle; /* that it is active keeps the loop from waiting */
}

static void hook_prepare(uv_prepare_t *prepare)
{
    struct loop_hook *hook = prepare->data;
    sw_assert(hook->magic == HOOK_MAGIC);
    (void)uv_idle_stop(&hook->idle); /* first, so that a kick from inside `run` holds */
    bool more = hook->run(hook->ctx);
    if (more && hook->magic == HOOK_MAGIC) {
        loop_hook_kick(hook);
    }
}

int loop_hook_new(struct loop *loop, loop_hook_fn run, void *ctx, struct loop_hook **ret_hook)
{
    struct loop_hook *hook = calloc(1, sizeof(*hook));
    if (hook == NULL) {
        return ERR_MEMORY;
    }
    hook->magic = HOOK_MAGIC;
    hook->open_handles = 2;
    hook->loop = loop;
    hook->run = run;
    hook->ctx = ctx;
    /* Neither init nor start of these two can fail in libuv 1.x. */
    (void)uv_prepare_init(&loop->uv, &hook->prepare);
    (void)uv_idle_init(&loop->uv, &hook->idle);
    hook->prepare.data = hook;
    hook->idle.data = hook;
    (void)uv_prepare_start(&hook->prepare, hook_prepare);
    loop->object_count++;
    *ret_hook = hook;
    return 0;
}

void loop_hook_kick(struct loop_hook *hook)
{
    sw_assert(hook->magic == HOOK_MAGIC);
    (void)uv_idle_start(&hook->idle, idle_ignore);
}

static void hook_closed(uv_handle_t *handle)
{
    struct loop_hook *hook = handle->data;
    hook->open_handles--;
    if (hook->open_handles == 0) {
        free(hook);
    }
}

void loop_hook_free(struct loop_hook *hook)
{
    if (hook == NULL) {
        return;
    }
    sw_assert(hook->magic == HOOK_MAGIC);
    hook->magic = 0;
    hook->loop->object_count--;
    uv_close((uv_handle_t *)&hook->prepare, hook_closed);
    uv_close((uv_handle_t *)&hook->idle, hook_closed);
}

static void wake_came(uv_async_t *async)
{
    struct loop_wake *wake = async->data;
    sw_assert(wake->magic == WAKE_MAGIC);
    wake->woken(wake->ctx);
}

int loop_wake_new(struct loop *loop, loop_fn woken, void *ctx, struct loop_wake **ret_wake)
{
    struct loop_wake *wake = calloc(1, sizeof(*wake));
    if (wake == NULL) {
        return ERR_MEMORY;
    }
    if (uv_async_init(&loop->uv, &wake->async, wake_came) != 0) {
        free(wake);
        return ERR_IO;
    }
    wake->magic = WAKE_MAGIC;
    wake->loop = loop;
    wake->woken = woken;
    wake->ctx = ctx;
    wake->async.data = wake;
    loop->object_count++;
    *ret_wake = wake;
    return 0;
}

void loop_wake_send(struct loop_wake *wake)
{
    int failed = uv_async_send(&wake->async);
    sw_assert(failed == 0);
}

static void wake_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_wake_free(struct loop_wake *wake)
{
    if (wake == NULL) {
        return;
    }
    sw_assert(wake->magic == WAKE_MAGIC);
    wake->magic = 0;
    wake->loop->object_count--;
    uv_close((uv_handle_t *)&wake->async, wake_closed);
}
