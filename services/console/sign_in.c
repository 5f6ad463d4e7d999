/* The loop fills a ring of checks; the thread takes the oldest unchecked one, and wakes the loop when it is done. */
#include "console/sign_in.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io/seal.h"

struct check {
    char text[SIGN_IN_TEXT_BYTES];
    char password[SIGN_IN_TEXT_BYTES];
    size_t password_len;
    sign_in_done_fn done;
    void *ctx;
    bool good;
};

struct sign_in {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct loop_wake *wake;
    struct check checks[SIGN_IN_QUEUE_MAX];
    size_t first;   /* oldest that is not answered yet */
    size_t checked; /* of those behind `first`, how many the thread has finished */
    size_t count;   /* of those behind `first`, all */
    bool closing;
    bool running;
    char nobody[SEAL_PASSWORD_TEXT_BYTES]; /* what an unknown user is checked against */
};

static void *run(void *arg)
{
    struct sign_in *sign_in = arg;
    pthread_mutex_lock(&sign_in->lock);
    for (;;) {
        while (sign_in->checked == sign_in->count && !sign_in->closing) {
            pthread_cond_wait(&sign_in->filled, &sign_in->lock);
        }
        if (sign_in->closing) {
            break;
        }
        struct check *check =
            &sign_in->checks[(sign_in->first + sign_in->checked) % SIGN_IN_QUEUE_MAX];
        pthread_mutex_unlock(&sign_in->lock);
        const char *text = check->text[0] == '\0' ? sign_in->nobody : check->text;
        bool good =
            seal_password_check(str_of(text), (struct str){check->password, check->password_len});
        pthread_mutex_lock(&sign_in->lock);
        check->good = good && check->text[0] != '\0';
        seal_wipe(check->password, sizeof(check->password));
        sign_in->checked++;
        loop_wake_send(sign_in->wake);
    }
    pthread_mutex_unlock(&sign_in->lock);
    return NULL;
}

/* Takes the oldest finished check out; false: none. */
static bool take(struct sign_in *sign_in, bool unfinished_too, struct check *ret_check)
{
    pthread_mutex_lock(&sign_in->lock);
    bool there = sign_in->checked > 0 || (unfinished_too && sign_in->count > 0);
    if (there) {
        *ret_check = sign_in->checks[sign_in->first];
        sign_in->first = (sign_in->first + 1) % SIGN_IN_QUEUE_MAX;
        sign_in->checked -= sign_in->checked > 0 ? 1 : 0;
        sign_in->count--;
    }
    pthread_mutex_unlock(&sign_in->lock);
    return there;
}

static void woken(void *ctx)
{
    struct check check;
    while (take(ctx, false, &check)) {
        check.done(check.good, check.ctx);
    }
}

int sign_in_new(struct loop *loop, struct sign_in **ret_sign_in)
{
    struct sign_in *sign_in = calloc(1, sizeof(*sign_in));
    if (sign_in == NULL) {
        return ERR_MEMORY;
    }
    pthread_mutex_init(&sign_in->lock, NULL);
    pthread_cond_init(&sign_in->filled, NULL);
    int error = loop_wake_new(loop, woken, sign_in, &sign_in->wake);
    if (error == 0) {
        char noise[SEAL_KEY_BYTES];
        seal_random(noise, sizeof(noise));
        error = seal_password_hash((struct str){noise, sizeof(noise)}, sign_in->nobody);
    }
    if (error == 0) {
        error = pthread_create(&sign_in->thread, NULL, run, sign_in) == 0 ? 0 : ERR_MEMORY;
        sign_in->running = error == 0;
    }
    if (error != 0) {
        sign_in_free(sign_in);
        return error;
    }
    *ret_sign_in = sign_in;
    return 0;
}

void sign_in_free(struct sign_in *sign_in)
{
    if (sign_in == NULL) {
        return;
    }
    pthread_mutex_lock(&sign_in->lock);
    sign_in->closing = true;
    pthread_cond_signal(&sign_in->filled);
    pthread_mutex_unlock(&sign_in->lock);
    if (sign_in->running) {
        pthread_join(sign_in->thread, NULL);
    }
    struct check check;
    while (take(sign_in, true, &check)) {
        check.done(false, check.ctx);
    }
    loop_wake_free(sign_in->wake);
    pthread_cond_destroy(&sign_in->filled);
    pthread_mutex_destroy(&sign_in->lock);
    seal_wipe(sign_in->checks, sizeof(sign_in->checks));
    free(sign_in);
}

int sign_in_check(struct sign_in *sign_in, struct str text, struct str password,
                  sign_in_done_fn done, void *ctx)
{
    if (text.len >= SIGN_IN_TEXT_BYTES || password.len >= SIGN_IN_TEXT_BYTES) {
        return ERR_TOO_LARGE;
    }
    int error = ERR_FULL;
    pthread_mutex_lock(&sign_in->lock);
    if (sign_in->count < SIGN_IN_QUEUE_MAX) {
        struct check *check =
            &sign_in->checks[(sign_in->first + sign_in->count) % SIGN_IN_QUEUE_MAX];
        *check = (struct check){.password_len = password.len, .done = done, .ctx = ctx};
        if (text.len > 0) {
            memcpy(check->text, text.at, text.len);
        }
        if (password.len > 0) {
            memcpy(check->password, password.at, password.len);
        }
        sign_in->count++;
        pthread_cond_signal(&sign_in->filled);
        error = 0;
    }
    pthread_mutex_unlock(&sign_in->lock);
    return error;
}
