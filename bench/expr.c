/* Nanoseconds per evaluation of the expressions of a file, over the same bindings: one line each, "ns value". The peers in
 * bench/peer print the same.
 *
 *   bench-expr EXPRESSIONS BINDINGS.json */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/expr/expr.h"
#include "wire/expr_json.h"
#include "wire/json.h"
#include "wire/zone_file.h"

enum { FILE_MAX_BYTES = 1 << 20, ROUNDS = 7, ROUND_NS = 40000000, COST_MAX = 1000000 };

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench-expr: %s\n", what);
    exit(2);
}

static struct str read_file(const char *path, struct arena *arena)
{
    FILE *file = fopen(path, "r");
    char *text = arena_alloc(arena, FILE_MAX_BYTES);
    if (file == NULL || text == NULL) {
        die(path);
    }
    size_t len = fread(text, 1, FILE_MAX_BYTES, file);
    (void)fclose(file);
    return (struct str){text, len};
}

/* CPU time, so that what else runs counts less. */
static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The best of some rounds: what else the machine did makes a round slower, never faster. */
static double measure(const struct expr *expr, const struct expr_value *bindings,
                      struct arena *arena)
{
    const struct expr_run run = {bindings, arena, COST_MAX};
    int64_t times = 16;
    double best_ns = 1e18;
    for (int round = 0; round < ROUNDS;) {
        int64_t from_ns = now_ns();
        for (int64_t i = 0; i < times; i++) {
            (void)expr_evaluate(expr, &run); /* the same each time */
            arena_reset(arena);
        }
        int64_t took_ns = now_ns() - from_ns;
        if (took_ns < ROUND_NS) {
            times *= 2;
            continue;
        }
        double each_ns = (double)took_ns / (double)times;
        best_ns = each_ns < best_ns ? each_ns : best_ns;
        round++;
    }
    return best_ns;
}

static void bench(struct str source, const struct expr_env *env, const struct expr_value *bindings,
                  struct arena *arena)
{
    struct arena scratch;
    struct expr_error error;
    const struct expr *expr = NULL;
    struct str text;
    if (expr_compile(source, env, arena, &error, &expr) != 0) {
        die(error.text);
    }
    arena_init(&scratch, 1 << 20);
    const struct expr_run run = {bindings, arena, COST_MAX};
    struct expr_value value = expr_evaluate(expr, &run);
    if (expr_value_write(&value, arena, &text) != 0) {
        text = STR_LITERAL("(no value)");
    }
    printf("%.1f %.*s\n", measure(expr, bindings, &scratch), (int)text.len, text.at);
    (void)fflush(stdout);
    arena_fini(&scratch);
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct fault fault;
    struct expr_env env;
    struct json_t *json = NULL;
    const struct expr_value *bindings = NULL;
    arena_init(&arena, 64 << 20);
    if (argc != 3) {
        die("bench-expr EXPRESSIONS BINDINGS.json");
    }
    struct str text = read_file(argv[1], &arena);
    if (json_parse_text(read_file(argv[2], &arena), &fault, &json) != 0 ||
        expr_bindings_of_json(json, &arena, &env, &bindings) != 0) {
        die("the bindings are no JSON object");
    }
    env.find_zone = zone_file_find;
    env.zone_ctx = &arena;
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.at + at, '\n', text.len - at);
        size_t len = end == NULL ? text.len - at : (size_t)(end - text.at) - at;
        bench((struct str){text.at + at, len}, &env, bindings, &arena);
        at += len + 1;
    }
    json_drop(json);
    arena_fini(&arena);
    return 0;
}
