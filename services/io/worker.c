/* A thread with one slot for a job. The slot is handed over under a mutex; while the job runs, all that it points at
 * belongs to the thread, so that nothing else needs a lock. */
#include "io/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/assert.h"

enum slot { SLOT_EMPTY, SLOT_WAITING, SLOT_RUNNING, SLOT_ENDED };

struct worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct loop_wake *wake;
    void (*done)(void *ctx, void *job);
    void *ctx;
    bool is_busy; /* the loop's own view */
    /* under the mutex */
    enum slot slot;
    worker_job_fn run;
    void *job;
    bool is_stopping;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    pthread_mutex_lock(&worker->mutex);
    while (!worker->is_stopping) {
        if (worker->slot != SLOT_WAITING) {
            pthread_cond_wait(&worker->given, &worker->mutex);
            continue;
        }
        worker->slot = SLOT_RUNNING;
        worker_job_fn run = worker->run;
        void *job = worker->job;
        pthread_mutex_unlock(&worker->mutex);
        run(job);
        pthread_mutex_lock(&worker->mutex);
        worker->slot = SLOT_ENDED;
        loop_wake_send(worker->wake);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

static void woken(void *ctx)
{
    struct worker *worker = ctx;
    pthread_mutex_lock(&worker->mutex);
    bool has_ended = worker->slot == SLOT_ENDED;
    void *job = worker->job;
    if (has_ended) {
        worker->slot = SLOT_EMPTY;
    }
    pthread_mutex_unlock(&worker->mutex);
    if (has_ended) {
        worker->is_busy = false;
        worker->done(worker->ctx, job);
    }
}

/* Signals are the loop's: a worker blocks them all. */
static int start_thread(struct worker *worker)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : ERR_IO;
}

int worker_new(struct loop *loop, void (*done)(void *ctx, void *job), void *ctx,
               struct worker **ret_worker)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return ERR_MEMORY;
    }
    worker->done = done;
    worker->ctx = ctx;
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->given, NULL);
    int error = loop_wake_new(loop, woken, worker, &worker->wake);
    if (error != 0) {
        goto fail_allocated;
    }
    error = start_thread(worker);
    if (error != 0) {
        goto fail_wake;
    }
    *ret_worker = worker;
    return 0;
fail_wake:
    loop_wake_free(worker->wake);
fail_allocated:
    pthread_cond_destroy(&worker->given);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
    return error;
}

void worker_free(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->mutex);
    worker->is_stopping = true;
    pthread_cond_signal(&worker->given);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    loop_wake_free(worker->wake);
    pthread_cond_destroy(&worker->given);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

void worker_submit(struct worker *worker, worker_job_fn run, void *job)
{
    sw_assert(!worker->is_busy);
    worker->is_busy = true;
    pthread_mutex_lock(&worker->mutex);
    sw_assert(worker->slot == SLOT_EMPTY);
    worker->run = run;
    worker->job = job;
    worker->slot = SLOT_WAITING;
    pthread_cond_signal(&worker->given);
    pthread_mutex_unlock(&worker->mutex);
}

bool worker_is_busy(const struct worker *worker)
{
    return worker->is_busy;
}

bool worker_is_stopping(struct worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    bool is_stopping = worker->is_stopping;
    pthread_mutex_unlock(&worker->mutex);
    return is_stopping;
}
