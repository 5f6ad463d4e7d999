/* bench-timers N...: the timing wheel of base beside libuv's timers and a binary heap, with N timers pending: nanoseconds of CPU
 * time per insert, move, cancel and expiry, and bytes per timer. Deadlines lie 1 ms to 10 min ahead, drawn once for all.
 *
 * bench-timers --late SECONDS: how late timers are with a million of them pending, every one that fires set anew, in a loop that
 * is never idle: between two turns it moves a hundred others. One descriptor for the whole wheel, one uv_timer_t each for libuv. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

#include "base/assert.h"
#include "base/wheel.h"
#include "io/loop.h"

enum { REACH_MS = 600000, LATE_TIMERS = 1000000, LATE_REACH_MS = 100000, LATE_MOVES = 100 };

#define START_MS INT64_C(1764000000000)

static uint32_t draw(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static void *take(size_t count, size_t element_bytes)
{
    void *items = malloc(count * element_bytes);
    sw_assert(items != NULL);
    memset(items, 0, count * element_bytes); /* touched: what is measured is not the kernel's */
    return items;
}

/* --- the peers: times are ms from 0 --------------------------------------------------------------------------------- */

struct peer {
    const char *name;
    void *(*make)(size_t count);
    void (*set)(void *peer, uint32_t id, int64_t at_ms);
    void (*cancel)(void *peer, uint32_t id);
    size_t (*expire_all)(void *peer); /* in order, millisecond by millisecond; answers how many */
    size_t (*bytes)(void *peer);
    void (*drop)(void *peer);
};

static void *wheel_make(size_t count)
{
    struct wheel *wheel = wheel_new(START_MS, count, count);
    sw_assert(wheel != NULL);
    return wheel;
}

static void wheel_put(void *peer, uint32_t id, int64_t at_ms)
{
    int error = wheel_set(peer, id, START_MS + at_ms);
    sw_assert(error == 0);
}

static void wheel_stop(void *peer, uint32_t id)
{
    wheel_cancel(peer, id);
}

static size_t wheel_expire_all(void *peer)
{
    enum { ROOM = 256 };
    struct wheel_due due[ROOM];
    size_t all = 0;
    for (int64_t now_ms = 0; now_ms <= REACH_MS; now_ms++) {
        size_t count = ROOM;
        while (count == ROOM) {
            count = wheel_expire(peer, START_MS + now_ms, due, ROOM);
            all += count;
        }
    }
    return all;
}

static size_t wheel_bytes(void *peer)
{
    return wheel_memory_bytes(peer);
}

static void wheel_drop(void *peer)
{
    wheel_free(peer);
}

/* A binary heap in an array that knows where each timer stands, so that one can be moved or taken out. */
struct heap_item {
    int64_t at_ms;
    uint32_t id;
};

struct heap {
    struct heap_item *items;
    uint32_t *place; /* + 1; 0: not in it */
    size_t count;
    size_t capacity;
};

static void *heap_make(size_t count)
{
    struct heap *heap = take(1, sizeof(*heap));
    heap->items = take(count, sizeof(*heap->items));
    heap->place = take(count, sizeof(*heap->place));
    heap->capacity = count;
    return heap;
}

static void heap_put_at(struct heap *heap, size_t at, struct heap_item item)
{
    heap->items[at] = item;
    heap->place[item.id] = (uint32_t)at + 1;
}

static void heap_settle(struct heap *heap, size_t at, struct heap_item item)
{
    while (at > 0 && item.at_ms < heap->items[(at - 1) / 2].at_ms) {
        heap_put_at(heap, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (size_t child = 2 * at + 1; child < heap->count; child = 2 * at + 1) {
        bool right =
            child + 1 < heap->count && heap->items[child + 1].at_ms < heap->items[child].at_ms;
        child += right;
        if (item.at_ms <= heap->items[child].at_ms) {
            break;
        }
        heap_put_at(heap, at, heap->items[child]);
        at = child;
    }
    heap_put_at(heap, at, item);
}

static void heap_put(void *peer, uint32_t id, int64_t at_ms)
{
    struct heap *heap = peer;
    size_t at = heap->place[id] > 0 ? heap->place[id] - 1 : heap->count++;
    heap_settle(heap, at, (struct heap_item){at_ms, id});
}

static void heap_stop(void *peer, uint32_t id)
{
    struct heap *heap = peer;
    if (heap->place[id] == 0) {
        return;
    }
    size_t at = heap->place[id] - 1;
    heap->place[id] = 0;
    heap->count--;
    if (at < heap->count) {
        heap_settle(heap, at, heap->items[heap->count]);
    }
}

static size_t heap_expire_all(void *peer)
{
    struct heap *heap = peer;
    size_t all = 0;
    for (int64_t now_ms = 0; now_ms <= REACH_MS; now_ms++) {
        for (; heap->count > 0 && heap->items[0].at_ms <= now_ms; all++) {
            heap_stop(heap, heap->items[0].id);
        }
    }
    return all;
}

static size_t heap_bytes(void *peer)
{
    const struct heap *heap = peer;
    return heap->capacity * (sizeof(*heap->items) + sizeof(*heap->place));
}

static void heap_drop(void *peer)
{
    struct heap *heap = peer;
    free(heap->items);
    free(heap->place);
    free(heap);
}

/* One uv_timer_t each. libuv has no virtual time: the loop's is set back by as much as the timers reach ahead, so that all are
 * due when it looks at the clock, and fires them in order. */
struct uv_peer {
    uv_loop_t loop;
    uv_timer_t *timers;
    size_t count;
    size_t fired;
};

static void uv_fired(uv_timer_t *timer)
{
    struct uv_peer *peer = timer->data;
    peer->fired++;
}

static void *uv_make(size_t count)
{
    struct uv_peer *peer = take(1, sizeof(*peer));
    int failed = uv_loop_init(&peer->loop);
    sw_assert(failed == 0);
    sw_assert(peer->loop.time > REACH_MS); /* the machine runs for ten minutes at least */
    peer->loop.time -= REACH_MS + 1;
    peer->timers = take(count, sizeof(*peer->timers));
    peer->count = count;
    for (size_t i = 0; i < count; i++) {
        (void)uv_timer_init(&peer->loop, &peer->timers[i]); /* cannot fail */
        peer->timers[i].data = peer;
    }
    return peer;
}

static void uv_put(void *peer, uint32_t id, int64_t at_ms)
{
    struct uv_peer *uv = peer;
    (void)uv_timer_start(&uv->timers[id], uv_fired, (uint64_t)at_ms, 0); /* has a callback */
}

static void uv_stop_one(void *peer, uint32_t id)
{
    struct uv_peer *uv = peer;
    (void)uv_timer_stop(&uv->timers[id]); /* always 0 */
}

static size_t uv_expire_all(void *peer)
{
    struct uv_peer *uv = peer;
    uv->fired = 0;
    (void)uv_run(&uv->loop, UV_RUN_NOWAIT); /* whether handles are left is no matter */
    return uv->fired;
}

static size_t uv_bytes(void *peer)
{
    const struct uv_peer *uv = peer;
    return uv->count * sizeof(*uv->timers);
}

static void uv_drop(void *peer)
{
    struct uv_peer *uv = peer;
    for (size_t i = 0; i < uv->count; i++) {
        uv_close((uv_handle_t *)&uv->timers[i], NULL);
    }
    (void)uv_run(&uv->loop, UV_RUN_DEFAULT); /* runs the closes */
    int failed = uv_loop_close(&uv->loop);
    sw_assert(failed == 0);
    free(uv->timers);
    free(uv);
}

/* --- speed ---------------------------------------------------------------------------------------------------------- */

static double cpu_ns(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    sw_assert(failed == 0);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct cost {
    double insert_ns;
    double move_ns;
    double cancel_ns;
    double expire_ns;
    double bytes;
};

/* All are set, all are moved once, in another order, one in two is cancelled, and the others expire. */
static struct cost measure(const struct peer *kind, const int64_t *at_ms, const uint32_t *order,
                           size_t count)
{
    struct cost cost;
    void *peer = kind->make(count);
    double began = cpu_ns();
    for (uint32_t id = 0; id < count; id++) {
        kind->set(peer, id, at_ms[id]);
    }
    cost.insert_ns = (cpu_ns() - began) / (double)count;
    began = cpu_ns();
    for (size_t i = 0; i < count; i++) {
        kind->set(peer, order[i], at_ms[count - 1 - i]);
    }
    cost.move_ns = (cpu_ns() - began) / (double)count;
    cost.bytes = (double)kind->bytes(peer) / (double)count;
    began = cpu_ns();
    for (size_t i = 0; i < count; i += 2) {
        kind->cancel(peer, order[i]);
    }
    cost.cancel_ns = (cpu_ns() - began) / (double)((count + 1) / 2);
    began = cpu_ns();
    size_t fired = kind->expire_all(peer);
    cost.expire_ns = (cpu_ns() - began) / (double)fired;
    sw_assert(fired == count / 2);
    kind->drop(peer);
    return cost;
}

static void print_cost(const char *name, const struct cost *cost)
{
    printf("  %-12s insert %7.1f ns (%5.1f M/s)  move %7.1f  cancel %7.1f  expire %7.1f (%5.2f M/s)"
           "  %5.1f bytes\n",
           name, cost->insert_ns, 1e3 / cost->insert_ns, cost->move_ns, cost->cancel_ns,
           cost->expire_ns, 1e3 / cost->expire_ns, cost->bytes);
}

static void compare(size_t count)
{
    static const struct peer peers[] = {
        {"wheel", wheel_make, wheel_put, wheel_stop, wheel_expire_all, wheel_bytes, wheel_drop},
        {"binary heap", heap_make, heap_put, heap_stop, heap_expire_all, heap_bytes, heap_drop},
        {"uv_timer", uv_make, uv_put, uv_stop_one, uv_expire_all, uv_bytes, uv_drop},
    };
    int64_t *at_ms = take(count, sizeof(*at_ms));
    uint32_t *order = take(count, sizeof(*order));
    for (uint32_t i = 0; i < count; i++) {
        at_ms[i] = 1 + draw() % REACH_MS;
        uint32_t other = draw() % (i + 1); /* a shuffle from the inside out */
        order[i] = order[other];
        order[other] = i;
    }
    printf("%zu timers pending\n", count);
    struct cost wheel = {0};
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        struct cost cost = measure(&peers[i], at_ms, order, count);
        wheel = i == 0 ? cost : wheel;
        print_cost(peers[i].name, &cost);
        if (i > 0) {
            printf("    the wheel is %.1f x at insert, %.1f x at move, %.1f x at cancel, %.1f x at "
                   "expire\n",
                   cost.insert_ns / wheel.insert_ns, cost.move_ns / wheel.move_ns,
                   cost.cancel_ns / wheel.cancel_ns, cost.expire_ns / wheel.expire_ns);
        }
        fflush(stdout);
    }
    free(at_ms);
    free(order);
}

/* --- lateness ------------------------------------------------------------------------------------------------------- */

struct lateness {
    int64_t *late_us;
    size_t count;
    size_t max;
    size_t early;
    size_t moves;
};

static void note(struct lateness *lateness, int64_t late_us)
{
    lateness->early += late_us < 0;
    if (lateness->count < lateness->max) {
        lateness->late_us[lateness->count++] = late_us;
    }
}

static int compare_us(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void print_lateness(const char *name, struct lateness *lateness)
{
    const double parts[] = {0.5, 0.99, 0.999, 1};
    const char *const names[] = {"p50", "p99", "p99.9", "max"};
    qsort(lateness->late_us, lateness->count, sizeof(int64_t), compare_us);
    printf("  %-12s", name);
    for (size_t i = 0; i < 4 && lateness->count > 0; i++) {
        size_t at = (size_t)(parts[i] * (double)(lateness->count - 1));
        printf(" %s %lld us", names[i], (long long)lateness->late_us[at]);
    }
    printf("  early %zu  fired %zu  moved meanwhile %zu\n", lateness->early, lateness->count,
           lateness->moves);
    fflush(stdout);
}

static int64_t late_reach(void)
{
    return 1 + draw() % LATE_REACH_MS;
}

struct wheel_run {
    struct loop *loop;
    struct loop_timer *timer;
    struct wheel *wheel;
    int64_t end_ms;
    struct lateness lateness;
};

static int64_t utc_us(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    sw_assert(failed == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wheel_due_now(void *ctx)
{
    enum { ROOM = 256 };
    struct wheel_run *run = ctx;
    struct wheel_due due[ROOM];
    int64_t now_ms = loop_utc_ms();
    size_t count = wheel_expire(run->wheel, now_ms, due, ROOM);
    for (size_t i = 0; i < count; i++) {
        note(&run->lateness, utc_us() - due[i].deadline_ms * 1000);
        int error = wheel_set(run->wheel, due[i].id, now_ms + late_reach());
        sw_assert(error == 0);
    }
    loop_timer_set(run->timer, wheel_next_deadline(run->wheel));
    if (now_ms >= run->end_ms) {
        loop_stop(run->loop);
    }
}

static bool wheel_load(void *ctx)
{
    struct wheel_run *run = ctx;
    int64_t now_ms = loop_utc_ms();
    for (int i = 0; i < LATE_MOVES; i++) {
        int error = wheel_set(run->wheel, draw() % LATE_TIMERS, now_ms + late_reach());
        sw_assert(error == 0);
    }
    run->lateness.moves += LATE_MOVES;
    loop_timer_set(run->timer, wheel_next_deadline(run->wheel));
    return true;
}

static void run_wheel(int64_t run_ms, struct lateness lateness)
{
    struct wheel_run run = {.lateness = lateness};
    struct loop_hook *hook = NULL;
    int64_t now_ms = loop_utc_ms();
    run.end_ms = now_ms + run_ms;
    run.wheel = wheel_new(now_ms, LATE_TIMERS, LATE_TIMERS);
    int error = loop_new(&run.loop);
    error =
        error != 0 ? error : loop_timer_new(run.loop, LOOP_UTC, wheel_due_now, &run, &run.timer);
    error = error != 0 ? error : loop_hook_new(run.loop, wheel_load, &run, &hook);
    sw_assert(error == 0 && run.wheel != NULL);
    for (uint32_t id = 0; id < LATE_TIMERS; id++) {
        error = wheel_set(run.wheel, id, loop_utc_ms() + late_reach());
        sw_assert(error == 0);
    }
    loop_hook_kick(hook);
    loop_run(run.loop);
    print_lateness("wheel", &run.lateness);
    loop_hook_free(hook);
    loop_timer_free(run.timer);
    loop_free(run.loop);
    wheel_free(run.wheel);
}

struct uv_run_state {
    uv_loop_t loop;
    uv_timer_t *timers;
    uint64_t *due_ms;
    uint64_t end_ms;
    struct lateness lateness;
};

static void uv_late_fired(uv_timer_t *timer);

static void uv_late_set(struct uv_run_state *run, size_t id)
{
    uint64_t delay_ms = (uint64_t)late_reach();
    run->due_ms[id] = uv_now(&run->loop) + delay_ms;
    (void)uv_timer_start(&run->timers[id], uv_late_fired, delay_ms, 0); /* has a callback */
}

static void uv_late_fired(uv_timer_t *timer)
{
    struct uv_run_state *run = timer->data;
    size_t id = (size_t)(timer - run->timers);
    note(&run->lateness, (int64_t)(uv_hrtime() / 1000) - (int64_t)(run->due_ms[id] * 1000));
    uv_late_set(run, id);
    if (uv_now(&run->loop) >= run->end_ms) {
        uv_stop(&run->loop);
    }
}

static void uv_load(uv_idle_t *idle)
{
    struct uv_run_state *run = idle->data;
    for (int i = 0; i < LATE_MOVES; i++) {
        uv_late_set(run, draw() % LATE_TIMERS);
    }
    run->lateness.moves += LATE_MOVES;
}

static void run_uv(int64_t run_ms, struct lateness lateness)
{
    struct uv_run_state run = {.lateness = lateness};
    uv_idle_t idle = {.data = &run};
    run.timers = take(LATE_TIMERS, sizeof(*run.timers));
    run.due_ms = take(LATE_TIMERS, sizeof(*run.due_ms));
    int failed = uv_loop_init(&run.loop);
    sw_assert(failed == 0);
    for (size_t id = 0; id < LATE_TIMERS; id++) {
        (void)uv_timer_init(&run.loop, &run.timers[id]); /* cannot fail */
        run.timers[id].data = &run;
        uv_late_set(&run, id);
        if (id % 1000 == 0) {
            uv_update_time(&run.loop);
        }
    }
    (void)uv_idle_init(&run.loop, &idle); /* cannot fail */
    idle.data = &run;
    (void)uv_idle_start(&idle, uv_load);
    uv_update_time(&run.loop);
    run.end_ms = uv_now(&run.loop) + (uint64_t)run_ms;
    (void)uv_run(&run.loop, UV_RUN_DEFAULT); /* until uv_stop: handles are left */
    print_lateness("uv_timer", &run.lateness);
    (void)uv_idle_stop(&idle);
    for (size_t id = 0; id < LATE_TIMERS; id++) {
        uv_close((uv_handle_t *)&run.timers[id], NULL);
    }
    uv_close((uv_handle_t *)&idle, NULL);
    (void)uv_run(&run.loop, UV_RUN_DEFAULT); /* runs the closes */
    failed = uv_loop_close(&run.loop);
    sw_assert(failed == 0);
    free(run.timers);
    free(run.due_ms);
}

static void compare_lateness(long seconds)
{
    size_t max = (size_t)seconds * 100000;
    struct lateness lateness = {.late_us = take(max, sizeof(int64_t)), .max = max};
    printf("lateness with %d pending, %d due in a second, in a loop that is never idle\n",
           LATE_TIMERS, LATE_TIMERS / (LATE_REACH_MS / 1000));
    run_wheel(seconds * 1000, lateness);
    run_uv(seconds * 1000, lateness);
    free(lateness.late_us);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--late") == 0) {
        long seconds = strtol(argv[2], NULL, 10);
        sw_assert(seconds > 0 && seconds <= 600);
        compare_lateness(seconds);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        unsigned long count = strtoul(argv[i], NULL, 10);
        sw_assert(count >= 2 && count <= 100000000);
        compare(count);
    }
    return argc > 1 ? 0 : 2;
}
