/* RE2's syntax, by recursive descent. */
#include <string.h>

#include "base/assert.h"
#include "core/expr/regex_inside.h"
#include "core/expr/utf8.h"

enum flag { FLAG_FOLD = 1, FLAG_LINES = 2, FLAG_DOT_ALL = 4 };

struct reader {
    struct str pattern;
    size_t at;
    struct arena *arena;
    struct regex_error *error;
    unsigned flags; /* of the group that is being read */
    int nesting;
    bool is_quoted; /* behind "\\Q", up to "\\E": code points are as they are written */
};

static int parse_choice(struct reader *reader, struct regex_node **ret_node);

/* --- Reading --------------------------------------------------------------------------------------------------------- */

static int fail(struct reader *reader, const char *fault)
{
    reader->error->fault = fault;
    reader->error->at = reader->at;
    return ERR_INVALID;
}

static bool is_over(const struct reader *reader)
{
    return reader->at >= reader->pattern.len;
}

/* The byte at hand; NUL at the end. */
static char peek(const struct reader *reader)
{
    return is_over(reader) ? '\0' : reader->pattern.at[reader->at];
}

static bool accept(struct reader *reader, const char *text)
{
    struct str rest = {reader->pattern.at + reader->at, reader->pattern.len - reader->at};
    bool is_there = str_starts(rest, str_of(text));
    reader->at += is_there ? str_of(text).len : 0;
    return is_there;
}

static uint32_t take_code(struct reader *reader)
{
    uint32_t code = 0;
    reader->at = utf8_next(reader->pattern, reader->at, &code);
    return code;
}

static int new_node(struct reader *reader, enum regex_kind kind, struct regex_node **ret_node)
{
    struct regex_node *node = arena_alloc(reader->arena, sizeof(*node));
    if (node == NULL) {
        return ERR_MEMORY;
    }
    node->kind = kind;
    *ret_node = node;
    return 0;
}

static void add_child(struct regex_node *parent, struct regex_node *child)
{
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
}

/* --- Escapes --------------------------------------------------------------------------------------------------------- */

/* Behind "\x": two digits, or any number of them in braces. */
static int take_hex(struct reader *reader, uint32_t *ret_code)
{
    bool has_brace = accept(reader, "{");
    size_t count = 0;
    uint32_t code = 0;
    while (utf8_hex_digit(peek(reader)) >= 0 && (has_brace || count < 2) &&
           code <= REGEX_CODE_MAX) {
        code = code * 16 + (uint32_t)utf8_hex_digit(peek(reader));
        reader->at++;
        count++;
    }
    bool is_good = has_brace ? count > 0 && accept(reader, "}") : count == 2;
    if (!is_good || code > REGEX_CODE_MAX) {
        return fail(reader, "an escape \\x wants a code point in hexadecimal");
    }
    *ret_code = code;
    return 0;
}

/* A code point behind a backslash that was taken. */
static int take_escape(struct reader *reader, uint32_t *ret_code)
{
    static const char from[] = "afnrtv";
    static const char to[] = "\a\f\n\r\t\v";
    char c = peek(reader);
    const char *simple = c == '\0' ? NULL : strchr(from, c);
    if (simple != NULL) {
        reader->at++;
        *ret_code = (uint32_t)to[simple - from];
        return 0;
    }
    if (c == 'x') {
        reader->at++;
        return take_hex(reader, ret_code);
    }
    bool is_octal = c == '0' || (c >= '1' && c <= '7' && reader->at + 1 < reader->pattern.len &&
                                 reader->pattern.at[reader->at + 1] >= '0' &&
                                 reader->pattern.at[reader->at + 1] <= '7');
    if (is_octal) {
        uint32_t code = 0;
        for (int i = 0; i < 3 && peek(reader) >= '0' && peek(reader) <= '7'; i++) {
            code = code * 8 + (uint32_t)(peek(reader) - '0');
            reader->at++;
        }
        *ret_code = code;
        return 0;
    }
    bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_over(reader) || is_word || (unsigned char)c >= 0x80) {
        return fail(reader, "an escape that is not one");
    }
    *ret_code = take_code(reader);
    return 0;
}

/* "\p{Han}", "\pL", "\d": adds the class. `ret_taken` false: it is none, and nothing was read. */
static int take_class_escape(struct reader *reader, struct regex_class *class, bool *ret_taken)
{
    size_t start = reader->at;
    struct str name = {reader->pattern.at + reader->at + 1, 1};
    char letter = start + 1 < reader->pattern.len ? reader->pattern.at[start + 1] : '\0';
    bool is_perl = letter != '\0' && strchr("dDwWsS", letter) != NULL;
    bool is_unicode = letter == 'p' || letter == 'P';
    char lower = (char)(letter | 0x20);
    *ret_taken = peek(reader) == '\\' && (is_perl || is_unicode);
    if (!*ret_taken) {
        return 0;
    }
    bool is_negated = letter != lower;
    reader->at += 2;
    if (is_perl) {
        return regex_class_add_named(class, (struct str){&lower, 1}, is_negated, reader->arena);
    }
    if (accept(reader, "{")) {
        is_negated ^= accept(reader, "^");
        const char *from = reader->pattern.at + reader->at;
        const char *end = memchr(from, '}', reader->pattern.len - reader->at);
        name = (struct str){from, end == NULL ? 0 : (size_t)(end - from)};
        reader->at += end == NULL ? 0 : name.len + 1;
    } else if (!is_over(reader)) {
        name.at = reader->pattern.at + reader->at++;
    }
    bool is_known = str_is(name, "Han");
    int error = is_known ? regex_class_add_named(class, name, is_negated, reader->arena) : 0;
    return is_known ? error : fail(reader, "of the classes of Unicode only \\p{Han} is built");
}

/* --- Classes --------------------------------------------------------------------------------------------------------- */

/* "[:alpha:]" inside a class. `ret_taken` as above. */
static int take_posix(struct reader *reader, struct regex_class *class, bool *ret_taken)
{
    struct str rest = {reader->pattern.at + reader->at, reader->pattern.len - reader->at};
    const char *end = memmem(rest.at, rest.len, ":]", 2);
    *ret_taken = str_starts(rest, STR_LITERAL("[:")) && end != NULL;
    if (!*ret_taken) {
        return 0;
    }
    bool is_negated = rest.len > 2 && rest.at[2] == '^';
    size_t skipped = is_negated ? 3 : 2;
    if (end < rest.at + skipped) {
        return fail(reader, "a class of POSIX without a name");
    }
    struct str name = {rest.at + skipped, (size_t)(end - rest.at) - skipped};
    reader->at += (size_t)(end - rest.at) + 2;
    bool is_long = name.len > 1 && !str_is(name, "Han"); /* "d", "Han" are other kinds of names */
    int error =
        is_long ? regex_class_add_named(class, name, is_negated, reader->arena) : ERR_NOT_FOUND;
    return error == ERR_NOT_FOUND ? fail(reader, "no such class of POSIX") : error;
}

static int take_class_code(struct reader *reader, uint32_t *ret_code)
{
    if (is_over(reader)) {
        return fail(reader, "a class is not closed");
    }
    if (accept(reader, "\\")) {
        return take_escape(reader, ret_code);
    }
    *ret_code = take_code(reader);
    return 0;
}

/* One code point, or from one to another. */
static int take_range(struct reader *reader, struct regex_class *class)
{
    uint32_t from = 0;
    int error = take_class_code(reader, &from);
    uint32_t to = from;
    bool has_end = error == 0 && peek(reader) == '-' && reader->at + 1 < reader->pattern.len &&
                   reader->pattern.at[reader->at + 1] != ']';
    if (has_end) {
        reader->at++;
        error = take_class_code(reader, &to);
    }
    if (error == 0 && to < from) {
        return fail(reader, "a range of a class goes backwards");
    }
    return error != 0 ? error : regex_class_add(class, from, to, reader->arena);
}

static int finish_class(struct reader *reader, struct regex_class *class, bool is_negated)
{
    int error = (reader->flags & FLAG_FOLD) != 0 ? regex_class_fold(class, reader->arena) : 0;
    return error != 0 ? error : regex_class_finish(class, is_negated, reader->arena);
}

/* Behind "[". */
static int parse_class(struct reader *reader, struct regex_node **ret_node)
{
    int error = new_node(reader, REGEX_ONE, ret_node);
    bool is_negated = accept(reader, "^");
    bool is_first = true; /* a "]" there is one of the class */
    while (error == 0 && (is_first || peek(reader) != ']' || is_over(reader))) {
        struct regex_class *class = &(*ret_node)->class;
        bool is_taken = false;
        if (is_over(reader)) {
            return fail(reader, "a class is not closed");
        }
        error = take_posix(reader, class, &is_taken);
        error = error == 0 && !is_taken ? take_class_escape(reader, class, &is_taken) : error;
        error = error == 0 && !is_taken ? take_range(reader, class) : error;
        is_first = false;
    }
    reader->at++;
    return error != 0 ? error : finish_class(reader, &(*ret_node)->class, is_negated);
}

/* --- Atoms ----------------------------------------------------------------------------------------------------------- */

static int parse_code(struct reader *reader, uint32_t code, struct regex_node **ret_node)
{
    int error = new_node(reader, REGEX_ONE, ret_node);
    error = error != 0 ? error : regex_class_add(&(*ret_node)->class, code, code, reader->arena);
    return error != 0 ? error : finish_class(reader, &(*ret_node)->class, false);
}

static int parse_place(struct reader *reader, uint32_t place, struct regex_node **ret_node)
{
    int error = new_node(reader, REGEX_PLACE, ret_node);
    if (error == 0) {
        (*ret_node)->place = place;
    }
    return error;
}

static int parse_dot(struct reader *reader, struct regex_node **ret_node)
{
    bool is_all = (reader->flags & FLAG_DOT_ALL) != 0;
    int error = new_node(reader, REGEX_ONE, ret_node);
    if (error == 0 && !is_all) {
        error = regex_class_add(&(*ret_node)->class, '\n', '\n', reader->arena);
    }
    return error != 0 ? error : regex_class_finish(&(*ret_node)->class, true, reader->arena);
}

/* At a backslash. */
static int parse_escape(struct reader *reader, struct regex_node **ret_node)
{
    static const struct {
        const char *text;
        uint32_t place;
    } places[] = {{"\\A", REGEX_TEXT_START},
                  {"\\z", REGEX_TEXT_END},
                  {"\\b", REGEX_WORD_EDGE},
                  {"\\B", REGEX_NO_WORD_EDGE}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (accept(reader, places[i].text)) {
            return parse_place(reader, places[i].place, ret_node);
        }
    }
    bool is_class = false;
    int error = new_node(reader, REGEX_ONE, ret_node);
    error = error != 0 ? error : take_class_escape(reader, &(*ret_node)->class, &is_class);
    if (error != 0 || is_class) {
        return error != 0 ? error : finish_class(reader, &(*ret_node)->class, false);
    }
    uint32_t code = 0;
    reader->at++;
    error = take_escape(reader, &code);
    return error != 0 ? error : parse_code(reader, code, ret_node);
}

/* "i", "-s", "is-m" up to ":" or ")"; `ret_has_body` whether ":" ended it. */
static int take_flags(struct reader *reader, bool *ret_has_body)
{
    bool is_off = false;
    for (;;) {
        char c = peek(reader);
        unsigned flag = c == 'i' ? FLAG_FOLD : c == 'm' ? FLAG_LINES : c == 's' ? FLAG_DOT_ALL : 0;
        if (c == ':' || c == ')') {
            reader->at++;
            *ret_has_body = c == ':';
            return 0;
        }
        if (c == '-' && !is_off) {
            is_off = true;
        } else if (flag == 0 && c != 'U') { /* which of two is preferred is not asked */
            return fail(reader, "a group begins with what is none");
        }
        reader->flags = is_off ? reader->flags & ~flag : reader->flags | flag;
        reader->at++;
    }
}

/* Behind "(?": a name, flags, or nothing; `ret_has_body` false: only flags, for the rest of the group around it. */
static int take_group_start(struct reader *reader, bool *ret_has_body)
{
    *ret_has_body = true;
    if (!accept(reader, "P<") && !accept(reader, "<")) {
        return take_flags(reader, ret_has_body);
    }
    size_t start = reader->at;
    while (peek(reader) == '_' || utf8_hex_digit(peek(reader)) >= 0 ||
           ((peek(reader) | 0x20) >= 'a' && (peek(reader) | 0x20) <= 'z')) {
        reader->at++;
    }
    return reader->at > start && accept(reader, ">") ? 0 : fail(reader, "a group's name is none");
}

/* Behind "("; a group of flags only leaves NULL. */
static int parse_group(struct reader *reader, struct regex_node **ret_node)
{
    unsigned flags = reader->flags;
    bool has_body = true;
    int error = accept(reader, "?") ? take_group_start(reader, &has_body) : 0;
    if (error != 0) {
        return error;
    }
    if (!has_body) {
        return 0;
    }
    if (++reader->nesting > REGEX_NESTING_MAX) {
        return fail(reader, "groups are nested too deeply");
    }
    error = parse_choice(reader, ret_node);
    reader->nesting--;
    reader->flags = flags;
    if (error == 0 && !accept(reader, ")")) {
        return fail(reader, "a group is not closed");
    }
    return error;
}

static int parse_atom(struct reader *reader, struct regex_node **ret_node)
{
    bool has_lines = (reader->flags & FLAG_LINES) != 0;
    char c = peek(reader);
    switch (c) {
    case '(':
        reader->at++;
        return parse_group(reader, ret_node);
    case '[':
        reader->at++;
        return parse_class(reader, ret_node);
    case '\\':
        return parse_escape(reader, ret_node);
    case '.':
        reader->at++;
        return parse_dot(reader, ret_node);
    case '^':
        reader->at++;
        return parse_place(reader, has_lines ? REGEX_LINE_START : REGEX_TEXT_START, ret_node);
    case '$':
        reader->at++;
        return parse_place(reader, has_lines ? REGEX_LINE_END : REGEX_TEXT_END, ret_node);
    default:
        return parse_code(reader, take_code(reader), ret_node);
    }
}

/* --- Repetition, rows, choices --------------------------------------------------------------------------------------- */

static bool take_count(struct reader *reader, uint32_t *ret_count)
{
    size_t start = reader->at;
    uint32_t count = 0;
    while (peek(reader) >= '0' && peek(reader) <= '9' && count <= REGEX_REPEAT_MAX) {
        count = count * 10 + (uint32_t)(peek(reader) - '0');
        reader->at++;
    }
    *ret_count = count;
    return reader->at > start;
}

/* "{2}", "{2,}", "{2,3}"; anything else is a text. `ret_taken` false: nothing was read. */
static int take_bounds(struct reader *reader, uint32_t *ret_min, uint32_t *ret_max, bool *ret_taken)
{
    size_t start = reader->at;
    bool is_good = accept(reader, "{") && take_count(reader, ret_min);
    *ret_max = *ret_min;
    if (is_good && accept(reader, ",") && !take_count(reader, ret_max)) {
        *ret_max = UINT32_MAX;
    }
    *ret_taken = is_good && accept(reader, "}");
    if (!*ret_taken) {
        reader->at = start;
        return 0;
    }
    bool is_large =
        *ret_min > REGEX_REPEAT_MAX || (*ret_max > REGEX_REPEAT_MAX && *ret_max != UINT32_MAX);
    return is_large || *ret_max < *ret_min ? fail(reader, "a repetition's bounds are none") : 0;
}

static int take_repetition(struct reader *reader, uint32_t *ret_min, uint32_t *ret_max,
                           bool *ret_taken)
{
    char c = peek(reader);
    *ret_taken = c == '*' || c == '+' || c == '?';
    if (!*ret_taken) {
        return take_bounds(reader, ret_min, ret_max, ret_taken);
    }
    reader->at++;
    *ret_min = c == '+' ? 1 : 0;
    *ret_max = c == '?' ? 1 : UINT32_MAX;
    return 0;
}

static int parse_repeated(struct reader *reader, struct regex_node **ret_node)
{
    uint32_t min = 0;
    uint32_t max = 0;
    bool is_repeated = false;
    struct regex_node *atom = NULL;
    bool was_quoted = reader->is_quoted;
    int error = was_quoted ? 0 : take_repetition(reader, &min, &max, &is_repeated);
    if (error != 0 || is_repeated) {
        return error != 0 ? error : fail(reader, "nothing is there to repeat");
    }
    error = was_quoted ? parse_code(reader, take_code(reader), &atom) : parse_atom(reader, &atom);
    reader->is_quoted = was_quoted && !accept(reader, "\\E");
    if (error == 0 && !reader->is_quoted) {
        error = take_repetition(reader, &min, &max, &is_repeated);
    }
    *ret_node = atom;
    if (error != 0 || !is_repeated) {
        return error;
    }
    if (atom == NULL) {
        return fail(reader, "flags cannot be repeated");
    }
    (void)accept(reader, "?"); /* lazy or not matches the same texts */
    error = new_node(reader, REGEX_REPEAT, ret_node);
    if (error != 0) {
        return error;
    }
    (*ret_node)->min = min;
    (*ret_node)->max = max;
    add_child(*ret_node, atom);
    size_t behind = reader->at;
    error = take_repetition(reader, &min, &max, &is_repeated);
    reader->at = behind;
    return error == 0 && is_repeated ? fail(reader, "a repetition is repeated") : error;
}

static int parse_row(struct reader *reader, struct regex_node **ret_node)
{
    int error = new_node(reader, REGEX_ROW, ret_node);
    while (error == 0 && !is_over(reader) &&
           (reader->is_quoted || (peek(reader) != '|' && peek(reader) != ')'))) {
        struct regex_node *child = NULL;
        if (!reader->is_quoted && accept(reader, "\\Q")) {
            reader->is_quoted = !accept(reader, "\\E");
            continue;
        }
        error = parse_repeated(reader, &child);
        if (error == 0 && child != NULL) {
            add_child(*ret_node, child);
        }
    }
    return error;
}

static int parse_choice(struct reader *reader, struct regex_node **ret_node)
{
    bool has_more = true;
    int error = new_node(reader, REGEX_CHOICE, ret_node);
    while (error == 0 && has_more) {
        struct regex_node *child = NULL;
        error = parse_row(reader, &child);
        if (error == 0) {
            add_child(*ret_node, child);
        }
        has_more = accept(reader, "|");
    }
    return error;
}

int regex_parse(struct str pattern, struct arena *arena, struct regex_error *ret_error,
                struct regex_node **ret_root)
{
    struct reader reader = {.pattern = pattern, .arena = arena, .error = ret_error};
    int error = parse_choice(&reader, ret_root);
    if (error == 0 && !is_over(&reader)) {
        return fail(&reader, "a group is closed that was not opened");
    }
    return error;
}
