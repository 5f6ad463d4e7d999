#include "core/rules/reads.h"

#include <string.h>

#include "base/assert.h"

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Behind a literal in quotes that begins at `at`. */
static size_t skip_quoted(struct str source, size_t at)
{
    char quote = source.at[at++];
    while (at < source.len && source.at[at] != quote) {
        at += source.at[at] == '\\' ? 2 : 1;
    }
    return at < source.len ? at + 1 : source.len;
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* Behind a name that begins at `at`, with the fields and the quoted index behind it. */
static size_t skip_path(struct str source, size_t at)
{
    while (at < source.len) {
        if (is_name(source.at[at])) {
            at++;
        } else if (source.at[at] == '.' && at + 1 < source.len && is_name(source.at[at + 1])) {
            at++;
        } else if (source.at[at] == '[' && at + 1 < source.len && is_quote(source.at[at + 1])) {
            size_t end = skip_quoted(source, at + 1);
            if (end == source.len || source.at[end] != ']') {
                break;
            }
            at = end + 1;
        } else {
            break;
        }
    }
    return at;
}

bool reads_next_path(struct str source, size_t *at, struct str *ret_path)
{
    while (*at < source.len) {
        size_t from = *at;
        if (is_quote(source.at[from])) {
            *at = skip_quoted(source, from);
        } else if (!is_name(source.at[from])) {
            *at = from + 1;
        } else {
            *at = skip_path(source, from);
            struct str path = {source.at + from, *at - from};
            bool is_call = *at < source.len && source.at[*at] == '(';
            bool is_number = path.at[0] >= '0' && path.at[0] <= '9';
            if (!is_call && !is_number && memchr(path.at, '.', path.len) != NULL) {
                *ret_path = path;
                return true;
            }
        }
    }
    return false;
}

bool reads_same_path(struct str a, struct str b)
{
    bool is_same = a.len == b.len;
    for (size_t i = 0; i < a.len && is_same; i++) {
        is_same = a.at[i] == b.at[i] || (is_quote(a.at[i]) && is_quote(b.at[i]));
    }
    return is_same;
}

/* --- Values ---------------------------------------------------------------------------------------------------------- */

/* Compiles a part of a text that compiles as a whole; NULL where the part does not stand alone. ERR_MEMORY. */
static int compile_part(struct str part, const struct expr_env *env, struct arena *arena,
                        const struct expr **ret_expr)
{
    struct expr_error error;
    *ret_expr = NULL;
    int code = expr_compile(part, env, arena, &error, ret_expr);
    return code == ERR_INVALID ? 0 : code;
}

static bool is_scalar(const struct expr *expr)
{
    switch (expr_type_of(expr).kind) {
    case EXPR_BOOL:
    case EXPR_INT:
    case EXPR_UINT:
    case EXPR_DOUBLE:
    case EXPR_STRING:
        return true;
    case EXPR_DYN:
    case EXPR_NULL:
    case EXPR_BYTES:
    case EXPR_LIST:
    case EXPR_MAP:
    case EXPR_OBJECT:
    case EXPR_ERROR:
    case EXPR_TIMESTAMP:
    case EXPR_DURATION:
    case EXPR_TYPE:
    case EXPR_OPTIONAL:
        return false;
    }
    return false;
}

static int find_values(struct str source, const struct expr_env *env, struct arena *arena,
                       struct reads *reads)
{
    struct read *items = arena_alloc_array(arena, READS_MAX, sizeof(*items));
    struct str path;
    size_t at = 0;
    if (items == NULL) {
        return ERR_MEMORY;
    }
    reads->items = items;
    while (reads->count < READS_MAX && reads_next_path(source, &at, &path)) {
        const struct expr *expr = NULL;
        bool is_known = false;
        for (size_t i = 0; i < reads->count; i++) {
            is_known = is_known || reads_same_path(items[i].path, path);
        }
        int error = is_known ? 0 : compile_part(path, env, arena, &expr);
        if (error != 0) {
            return error;
        }
        if (expr != NULL && is_scalar(expr)) {
            items[reads->count++] = (struct read){path, expr};
        }
    }
    return 0;
}

/* --- Terms ----------------------------------------------------------------------------------------------------------- */

/* The place of `word` outside of quotes and brackets at or behind `from`; SIZE_MAX: there is none. */
static size_t find_outside(struct str source, size_t from, struct str word)
{
    int depth = 0;
    for (size_t at = from; at < source.len;) {
        char c = source.at[at];
        if (is_quote(c)) {
            at = skip_quoted(source, at);
            continue;
        }
        struct str rest = {source.at + at, source.len - at};
        if (depth == 0 && str_starts(rest, word)) {
            return at;
        }
        depth += c == '(' || c == '[' || c == '{' ? 1 : 0;
        depth -= c == ')' || c == ']' || c == '}' ? 1 : 0;
        at++;
    }
    return SIZE_MAX;
}

static struct str trim(struct str text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\n')) {
        text = (struct str){text.at + 1, text.len - 1};
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\n')) {
        text.len--;
    }
    return text;
}

static bool has_type(const struct expr *expr, enum expr_kind kind)
{
    return expr != NULL && expr_type_of(expr).kind == kind;
}

/* "value >= 3", "value > 2.5". */
static int read_least(const struct expr_env *env, struct arena *arena, struct read_term *term)
{
    static const struct expr_env nothing = {.count = 0};
    const struct expr_run run = {NULL, arena, 16};
    size_t at = find_outside(term->text, 0, STR_LITERAL(">"));
    const struct expr *number = NULL;
    if (at == SIZE_MAX || at == 0) {
        return 0;
    }
    size_t behind = at + 1 + (at + 1 < term->text.len && term->text.at[at + 1] == '=' ? 1 : 0);
    struct str right = trim((struct str){term->text.at + behind, term->text.len - behind});
    term->value_text = trim((struct str){term->text.at, at});
    int error = compile_part(right, &nothing, arena, &number);
    error = error != 0 ? error : compile_part(term->value_text, env, arena, &term->value);
    bool is_real = has_type(number, EXPR_DOUBLE) && has_type(term->value, EXPR_DOUBLE);
    bool is_whole = has_type(number, EXPR_INT) && has_type(term->value, EXPR_INT);
    if (is_real || is_whole) {
        struct expr_value value = expr_evaluate(number, &run);
        term->least = value.kind == EXPR_INT ? (double)value.integer : value.real;
    } else {
        term->value = NULL;
    }
    return error;
}

static int find_terms(struct str source, const struct expr_env *env, struct arena *arena,
                      struct reads *reads)
{
    struct read_term *terms = arena_alloc_array(arena, READS_TERMS_MAX, sizeof(*terms));
    bool is_plain = find_outside(source, 0, STR_LITERAL("||")) == SIZE_MAX &&
                    find_outside(source, 0, STR_LITERAL("?")) == SIZE_MAX;
    size_t count = 0;
    int error = terms == NULL ? ERR_MEMORY : 0;
    for (size_t from = 0; error == 0 && is_plain && from <= source.len; count++) {
        size_t end = find_outside(source, from, STR_LITERAL("&&"));
        struct str text = {source.at + from, (end == SIZE_MAX ? source.len : end) - from};
        if (count == READS_TERMS_MAX) {
            return 0;
        }
        terms[count] = (struct read_term){.text = trim(text)};
        error = compile_part(terms[count].text, env, arena, &terms[count].expr);
        is_plain = has_type(terms[count].expr, EXPR_BOOL);
        error = error != 0 || !is_plain ? error : read_least(env, arena, &terms[count]);
        from = end == SIZE_MAX ? source.len + 1 : end + 2;
    }
    if (error == 0 && is_plain) {
        reads->terms = terms;
        reads->term_count = count;
    }
    return error;
}

int reads_compile(struct str source, const struct expr_env *env, struct arena *arena,
                  struct reads *ret_reads)
{
    struct reads reads = {.count = 0};
    int error = find_values(source, env, arena, &reads);
    error = error != 0 ? error : find_terms(source, env, arena, &reads);
    if (error == 0) {
        *ret_reads = reads;
    }
    return error;
}

static bool falls_short(const struct read_term *term, const struct expr_run *run)
{
    struct expr_value value = expr_evaluate(term->value, run);
    double number = value.kind == EXPR_INT ? (double)value.integer : value.real;
    double room = term->least > 10 ? term->least / 10 : 1;
    bool is_number = value.kind == EXPR_INT || value.kind == EXPR_DOUBLE;
    return is_number && number > 0 && number + room >= term->least;
}

bool reads_nearly(const struct reads *reads, const struct expr_run *run,
                  const struct read_term **ret_term)
{
    const struct read_term *missed = NULL;
    for (size_t i = 0; i < reads->term_count; i++) {
        const struct read_term *term = &reads->terms[i];
        struct expr_value value = expr_evaluate(term->expr, run);
        if (value.kind == EXPR_BOOL && value.boolean) {
            continue;
        }
        if (missed != NULL || value.kind != EXPR_BOOL || term->value == NULL) {
            return false;
        }
        missed = term;
    }
    *ret_term = missed;
    return missed != NULL && falls_short(missed, run);
}
