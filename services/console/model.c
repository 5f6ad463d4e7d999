/* A question is a struct that collects replies: a board first asks each unit's list, then for the cases in them; a
 * case asks for the record and its lines. Any reply that fails turns the whole answer into the kept one. */
#include "console/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/map.h"

enum { ANSWER_BYTES_MAX = 48 << 20, KEPT_MAX = 4096, KEY_BYTES = 160, CHUNK = 50 };

/* A last answer, by the name of its question. */
struct kept {
    struct list node; /* oldest first */
    char *name;
    int64_t as_of_ms;
    struct str *items; /* one block: the array, then the bytes */
    size_t count;
    size_t bytes;
};

struct model {
    struct redis *redis;
    struct loop *loop;
    char prefix[32];
    struct map kept_by_name;
    struct list kept;
    size_t kept_bytes;
    struct list questions;
    struct loop_timer *later; /* delivers answers that need no Redis */
};

struct question {
    struct list node;
    struct model *model;
    model_done_fn done;
    void *ctx;
    char name[KEY_BYTES];
    struct arena arena;
    struct str *ids; /* hexadecimal ids of a board's cases */
    size_t id_count;
    size_t id_max;
    struct str *items;
    size_t item_count;
    size_t item_max;
    size_t waiting; /* replies to come */
    bool failed;
    bool is_case;
    bool is_large; /* not kept: it would push out all others */
    bool deliver;  /* nothing more to ask */
};

/* --- Kept answers ---------------------------------------------------------------------------------------------- */

static void forget(struct model *model, struct kept *kept)
{
    (void)map_remove(&model->kept_by_name, str_of(kept->name));
    list_remove(&kept->node);
    model->kept_bytes -= kept->bytes;
    free(kept->items);
    free(kept->name);
    free(kept);
}

static size_t total_bytes(const struct str *items, size_t count)
{
    size_t bytes = sizeof(struct kept) + KEY_BYTES;
    for (size_t i = 0; i < count; i++) {
        bytes += sizeof(items[i]) + items[i].len;
    }
    return bytes;
}

/* A copy of the items in one block; NULL when memory is out. */
static struct str *copy_items(const struct str *items, size_t count, size_t bytes)
{
    struct str *copy = malloc(bytes);
    if (copy == NULL) {
        return NULL;
    }
    char *at = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct str){at, items[i].len};
        if (items[i].len > 0) {
            memcpy(at, items[i].at, items[i].len);
        }
        at += items[i].len;
    }
    return copy;
}

/* Keeps an answer; without memory it is simply not kept. */
static void keep(struct model *model, const struct question *question, int64_t now_ms)
{
    struct kept *old = map_get(&model->kept_by_name, str_of(question->name));
    if (old != NULL) {
        forget(model, old);
    }
    size_t bytes = total_bytes(question->items, question->item_count);
    while (!list_is_empty(&model->kept) && (model->kept_bytes + bytes > MODEL_KEPT_BYTES ||
                                            model->kept_by_name.count == KEPT_MAX)) {
        forget(model, LIST_ENTRY(model->kept.next, struct kept, node));
    }
    struct kept *kept = calloc(1, sizeof(*kept));
    if (kept == NULL) {
        return;
    }
    list_init(&kept->node);
    kept->name = strdup(question->name);
    kept->items = copy_items(question->items, question->item_count, bytes);
    if (kept->name == NULL || kept->items == NULL ||
        map_add(&model->kept_by_name, str_of(kept->name), kept) != 0) {
        free(kept->name);
        free(kept->items);
        free(kept);
        return;
    }
    kept->count = question->item_count;
    kept->bytes = bytes;
    kept->as_of_ms = now_ms;
    model->kept_bytes += bytes;
    list_push_back(&model->kept, &kept->node);
}

/* --- Questions ------------------------------------------------------------------------------------------------- */

static void finish(struct question *question)
{
    struct model *model = question->model;
    struct model_answer answer = {.as_of_ms = loop_utc_ms()};
    if (question->failed) {
        const struct kept *kept = map_get(&model->kept_by_name, str_of(question->name));
        answer.error = kept == NULL ? ERR_UNAVAILABLE : 0;
        answer.stale = true;
        if (kept != NULL) {
            answer.items = kept->items;
            answer.count = kept->count;
            answer.as_of_ms = kept->as_of_ms;
        }
    } else {
        answer.items = question->items;
        answer.count = question->item_count;
        answer.error = question->is_case && question->item_count == 0 ? ERR_NOT_FOUND : 0;
        if (answer.error == 0 && !question->is_large) {
            keep(model, question, answer.as_of_ms);
        }
    }
    list_remove(&question->node);
    question->done(&answer, question->ctx);
    arena_fini(&question->arena);
    free(question);
}

static void deliver_waiting(void *ctx)
{
    struct model *model = ctx;
    struct list *node = model->questions.next;
    while (node != &model->questions) {
        struct question *question = LIST_ENTRY(node, struct question, node);
        node = node->next;
        if (question->deliver && question->waiting == 0) {
            finish(question);
        }
    }
}

static struct question *ask(struct model *model, const char *kind, struct str name,
                            model_done_fn done, void *ctx)
{
    struct question *question = calloc(1, sizeof(*question));
    sw_assert(question != NULL); /* some hundred bytes: nothing can be answered without them */
    question->model = model;
    question->done = done;
    question->ctx = ctx;
    snprintf(question->name, sizeof(question->name), "%s/%.*s", kind,
             (int)(name.len < 100 ? name.len : 100), name.at);
    arena_init(&question->arena, ANSWER_BYTES_MAX);
    list_init(&question->node);
    list_push_back(&model->questions, &question->node);
    return question;
}

/* Sends one command of a question. */
static void send(struct question *question, const struct str *arguments, size_t count,
                 redis_done_fn done)
{
    int error = question->failed
                    ? ERR_UNAVAILABLE
                    : redis_send(question->model->redis,
                                 &(struct redis_command){.arguments = arguments, .count = count},
                                 done, question);
    if (error == 0) {
        question->waiting++;
    } else {
        question->failed = true;
    }
}

/* After each reply and after the first sends: goes on when nothing is awaited any more. */
static void settle(struct question *question)
{
    if (question->waiting > 0) {
        return;
    }
    question->deliver = true;
    loop_timer_after(question->model->later, 0);
}

static void add_item(struct question *question, struct str bytes)
{
    if (question->item_count == question->item_max) {
        return;
    }
    struct str copy = arena_copy_str(&question->arena, bytes);
    if (copy.at == NULL) {
        question->failed = true;
        return;
    }
    question->items[question->item_count++] = copy;
}

/* Takes every text of a reply: a string, or an array of strings and nils. */
static void take_items(struct question *question, enum redis_outcome outcome,
                       const struct redis_value *value)
{
    if (outcome != REDIS_REPLY) {
        question->failed = true;
        return;
    }
    if (redis_value_type(value) == REDIS_STRING) {
        add_item(question, redis_value_str(value));
    }
    for (size_t i = 0; i < redis_value_count(value); i++) {
        const struct redis_value *item = redis_value_at(value, i);
        if (redis_value_type(item) == REDIS_STRING) {
            add_item(question, redis_value_str(item));
        }
    }
}

static void items_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct question *question = ctx;
    question->waiting--;
    take_items(question, outcome, value);
    settle(question);
}

static struct str key_of(struct question *question, const char *what, struct str id)
{
    char key[KEY_BYTES];
    int length = snprintf(key, sizeof(key), "%s:%s:%.*s", question->model->prefix, what,
                          (int)(id.len < 100 ? id.len : 100), id.at);
    struct str copy = arena_copy_str(&question->arena, (struct str){key, (size_t)length});
    question->failed = question->failed || copy.at == NULL;
    return copy;
}

/* The lists of the units are there: asks for the cases. */
static void ask_cases(struct question *question)
{
    for (size_t first = 0; first < question->id_count; first += CHUNK) {
        struct str arguments[CHUNK + 1] = {STR_LITERAL("MGET")};
        size_t count = 1;
        for (size_t i = first; i < question->id_count && i < first + CHUNK; i++) {
            arguments[count++] = key_of(question, "case", question->ids[i]);
        }
        send(question, arguments, count, items_done);
    }
    settle(question);
}

static void list_done(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct question *question = ctx;
    question->waiting--;
    question->failed = question->failed || outcome != REDIS_REPLY;
    for (size_t i = 0; outcome == REDIS_REPLY && i < redis_value_count(value); i++) {
        struct str id = redis_value_str(redis_value_at(value, i));
        if (question->id_count < question->id_max) {
            question->ids[question->id_count++] = arena_copy_str(&question->arena, id);
        }
    }
    if (question->waiting == 0) {
        ask_cases(question);
    }
}

static void make_room(struct question *question, size_t max)
{
    question->ids = arena_alloc_array(&question->arena, max, sizeof(*question->ids));
    question->items = arena_alloc_array(&question->arena, max, sizeof(*question->items));
    question->id_max = max;
    question->item_max = max;
    question->failed = question->ids == NULL || question->items == NULL;
}

void model_ask_board(struct model *model, struct str scope, const struct str *units,
                     size_t unit_count, model_done_fn done, void *ctx)
{
    struct question *question = ask(model, "board", scope, done, ctx);
    make_room(question, MODEL_CASES_MAX);
    for (size_t i = 0; i < unit_count && i < MODEL_UNITS_MAX; i++) {
        struct str arguments[] = {STR_LITERAL("ZRANGE"), key_of(question, "cases", units[i]),
                                  STR_LITERAL("0"), STR_LITERAL("99")};
        send(question, arguments, 4, list_done);
    }
    settle(question);
}

void model_ask_ledger(struct model *model, struct str scope, const struct str *units,
                      size_t unit_count, model_done_fn done, void *ctx)
{
    static const char *const lists[] = {"cases", "closed"};
    struct question *question = ask(model, "ledger", scope, done, ctx);
    make_room(question, MODEL_LEDGER_MAX);
    question->is_large = true;
    for (size_t i = 0; i < 2 * unit_count && i < 2 * MODEL_UNITS_MAX; i++) {
        struct str arguments[] = {STR_LITERAL("ZRANGE"),
                                  key_of(question, lists[i % 2], units[i / 2]), STR_LITERAL("0"),
                                  STR_LITERAL("999")};
        send(question, arguments, 4, list_done);
    }
    settle(question);
}

void model_ask_breaches(struct model *model, const struct model_span *span, model_done_fn done,
                        void *ctx)
{
    struct question *question = ask(model, "breaches", span->scope, done, ctx);
    char from[24];
    snprintf(from, sizeof(from), "%lld", (long long)span->from_ms);
    make_room(question, MODEL_LEDGER_MAX);
    for (size_t i = 0; i < span->unit_count && i < MODEL_UNITS_MAX; i++) {
        struct str arguments[] = {STR_LITERAL("ZREVRANGEBYSCORE"),
                                  key_of(question, "breaches", span->units[i]), STR_LITERAL("+inf"),
                                  str_of(from)};
        send(question, arguments, 4, items_done);
    }
    settle(question);
}

void model_ask_case(struct model *model, struct str case_hex, model_done_fn done, void *ctx)
{
    struct question *question = ask(model, "case", case_hex, done, ctx);
    question->is_case = true;
    question->item_max = 4096;
    question->items =
        arena_alloc_array(&question->arena, question->item_max, sizeof(*question->items));
    question->failed = question->items == NULL;
    struct str get[] = {STR_LITERAL("GET"), key_of(question, "case", case_hex)};
    send(question, get, 2, items_done);
    struct str lines[] = {STR_LITERAL("LRANGE"), key_of(question, "journal", case_hex),
                          STR_LITERAL("0"), STR_LITERAL("-1")};
    send(question, lines, 4, items_done);
    settle(question);
}

/* --- The whole ------------------------------------------------------------------------------------------------- */

int model_new(struct loop *loop, const struct redis_options *redis, const char *prefix,
              struct model **ret_model)
{
    struct model *model = calloc(1, sizeof(*model));
    if (model == NULL) {
        return ERR_MEMORY;
    }
    model->loop = loop;
    snprintf(model->prefix, sizeof(model->prefix), "%s", prefix);
    map_init(&model->kept_by_name, KEPT_MAX, (uint64_t)loop_monotonic_us());
    list_init(&model->kept);
    list_init(&model->questions);
    int error = loop_timer_new(loop, LOOP_MONOTONIC, deliver_waiting, model, &model->later);
    if (error == 0) {
        error = redis_new(loop, redis, NULL, NULL, &model->redis);
    }
    if (error != 0) {
        model_free(model);
        return error;
    }
    *ret_model = model;
    return 0;
}

void model_free(struct model *model)
{
    if (model == NULL) {
        return;
    }
    redis_free(model->redis); /* answers what is in flight */
    for (struct list *node = model->questions.next; node != &model->questions;) {
        struct question *question = LIST_ENTRY(node, struct question, node);
        node = node->next;
        finish(question);
    }
    while (!list_is_empty(&model->kept)) {
        forget(model, LIST_ENTRY(model->kept.next, struct kept, node));
    }
    map_fini(&model->kept_by_name);
    loop_timer_free(model->later);
    free(model);
}

bool model_is_ready(const struct model *model)
{
    return redis_is_ready(model->redis);
}
