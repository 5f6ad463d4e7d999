/* Looks once more at the files of a pack that was built: what stands in them is of the right form. */
#include "wire/pack_lint.h"

#include <stdio.h>
#include <string.h>

#include "core/expr/holds.h"
#include "core/rules/ruleset.h"
#include "core/rules/schema.h"
#include "wire/pack_lint_parts.h"

enum { RULES_MAX = RULESET_RULES_MAX, WORD_BYTES = 96 };

static const char *const languages[] = {"zh", "en"};
enum { LANGUAGES = sizeof(languages) / sizeof(languages[0]) };

/* A rule as it is written; NULL: the key is not there. */
struct written {
    const struct yaml_node *node;
    const struct yaml_node *id;
    const struct yaml_node *on;
    const struct yaml_node *when;
    const struct yaml_node *about;
    const struct yaml_node *then; /* of an expectation `else` */
    const struct yaml_node *why;
};

struct lint {
    struct lint_run run;
    struct written rules[RULES_MAX];
    size_t rule_count;
    uint64_t used; /* features, by index */
};

const char *pack_finding_id(enum pack_finding_kind kind)
{
    static const char *const ids[] = {
#define PACK_FINDING(name, id, is_error, text) id,
#include "wire/pack_lint.def"
#undef PACK_FINDING
    };
    return ids[kind];
}

const char *pack_finding_text(enum pack_finding_kind kind)
{
    static const char *const texts[] = {
#define PACK_FINDING(name, id, is_error, text) text,
#include "wire/pack_lint.def"
#undef PACK_FINDING
    };
    return texts[kind];
}

bool pack_finding_is_error(enum pack_finding_kind kind)
{
    static const bool errors[] = {
#define PACK_FINDING(name, id, is_error, text) is_error,
#include "wire/pack_lint.def"
#undef PACK_FINDING
    };
    return errors[kind];
}

void lint_tell(const struct lint_run *run, enum pack_finding_kind kind, const struct yaml_node *at,
               struct str what, struct str other)
{
    const struct pack_finding finding = {kind, at->path, at->line, at->column, what, other};
    run->found(run->ctx, &finding);
}

static void tell(const struct lint *lint, enum pack_finding_kind kind, const struct yaml_node *at,
                 struct str what, struct str other)
{
    lint_tell(&lint->run, kind, at, what, other);
}

static void tell_file(const struct lint *lint, enum pack_finding_kind kind, const char *path,
                      struct str what, struct str other)
{
    const struct pack_finding finding = {kind, path, 0, 0, what, other};
    lint->run.found(lint->run.ctx, &finding);
}

/* ---- what is written */

const struct yaml_node *lint_member(const struct yaml_node *node, const char *key)
{
    for (size_t i = 0; node != NULL && node->kind == YAML_MAPPING && i < node->count; i++) {
        if (str_is(node->pairs[i].key.text, key)) {
            return &node->pairs[i].value;
        }
    }
    return NULL;
}

struct str lint_text(const struct yaml_node *node)
{
    return node == NULL ? (struct str){NULL, 0} : node->text;
}

/* The n-th of a list; a single value is a list of itself. */
static const struct yaml_node *nth(const struct yaml_node *node, size_t n)
{
    if (node == NULL || node->kind != YAML_SEQUENCE) {
        return n == 0 ? node : NULL;
    }
    return n < node->count ? &node->items[n] : NULL;
}

static bool has(const struct yaml_node *list, struct str text)
{
    const struct yaml_node *item;
    for (size_t n = 0; (item = nth(list, n)) != NULL; n++) {
        if (str_equal(item->text, text)) {
            return true;
        }
    }
    return false;
}

/* The pack's question has no id of its own. */
static struct str name_of(const struct written *rule)
{
    return rule->id == NULL ? STR_LITERAL("plausibility") : rule->id->text;
}

static void add_rule(struct lint *lint, const struct yaml_node *node, const char *then)
{
    struct written rule = {.node = node,
                           .id = lint_member(node, "id"),
                           .on = lint_member(node, "on"),
                           .when = lint_member(node, "when"),
                           .about = lint_member(node, "about"),
                           .then = lint_member(node, then),
                           .why = lint_member(node, "why")};
    if (strcmp(then, "else") ==
        0) { /* of an expectation: a calendar, and whom it is about together */
        rule.on = NULL;
        rule.about = NULL;
    }
    if (lint->rule_count < RULES_MAX) {
        lint->rules[lint->rule_count++] = rule;
    }
}

/* ---- conditions */

static bool add_words(struct arena *arena, const char *field, struct holds_words *given)
{
    struct str *words = arena_alloc_array(arena, SCHEMA_WORDS_MAX, sizeof(*words));
    char path[WORD_BYTES];
    (void)snprintf(path, sizeof(path), "event.%s", field);
    *given = (struct holds_words){.path = arena_copy_str(arena, str_of(path)), .words = words};
    if (words == NULL || given->path.at == NULL) {
        return false;
    }
    given->count = schema_event_words(str_of(field), words);
    return true;
}

/* "incident.concern" -> "concern". */
static bool add_kinds(struct arena *arena, const struct yaml_node *on, struct holds_words *given)
{
    struct str *words = arena_alloc_array(arena, RULESET_ON_MAX, sizeof(*words));
    const struct yaml_node *item;
    *given = (struct holds_words){.path = STR_LITERAL("event.kind"), .words = words};
    for (; words != NULL && given->count < RULESET_ON_MAX && (item = nth(on, given->count)) != NULL;
         given->count++) {
        const char *dot = memchr(item->text.at, '.', item->text.len);
        size_t skip = dot == NULL ? 0 : (size_t)(dot + 1 - item->text.at);
        words[given->count] = (struct str){item->text.at + skip, item->text.len - skip};
    }
    return words != NULL;
}

/* What the condition asks for is never there; `on` NULL: it is judged on any kind. */
static int check_condition(struct lint *lint, const struct yaml_node *when,
                           const struct yaml_node *on, struct str what)
{
    static const char *const closed[] = {"state", "place", "danger", "injury"};
    enum { CLOSED = sizeof(closed) / sizeof(closed[0]) };
    struct holds_words given[CLOSED + 1];
    bool is_never = false;
    bool is_good = true;
    for (size_t i = 0; i < CLOSED && is_good; i++) {
        is_good = add_words(lint->run.arena, closed[i], &given[i]);
    }
    is_good = is_good && add_kinds(lint->run.arena, on, &given[CLOSED]);
    if (!is_good) {
        return ERR_MEMORY;
    }
    int error =
        holds_never(when->text, (struct holds_given){given, CLOSED}, lint->run.arena, &is_never);
    if (error == 0 && is_never) {
        tell(lint, PACK_FINDING_NEVER_HOLDS, when, what, (struct str){NULL, 0});
    } else if (error == 0 && on != NULL) {
        error = holds_never(when->text, (struct holds_given){given, CLOSED + 1}, lint->run.arena,
                            &is_never);
        if (error == 0 && is_never) {
            tell(lint, PACK_FINDING_UNREACHABLE, when, what, (struct str){NULL, 0});
        }
    }
    return error;
}

/* `event.instrument == "X"`, as it is mostly written: a text in quotes right behind it. */
static void check_instruments(const struct lint *lint, const struct yaml_node *when,
                              struct str what)
{
    static const char asked[] = "event.instrument == \"";
    struct str rest = when->text;
    const char *at;
    while ((at = rest.len == 0 ? NULL : memmem(rest.at, rest.len, asked, sizeof(asked) - 1)) !=
           NULL) {
        const char *from = at + sizeof(asked) - 1;
        rest = (struct str){from, rest.len - (size_t)(from - rest.at)};
        const char *end = memchr(rest.at, '"', rest.len);
        if (end == NULL) {
            return;
        }
        struct str id = {rest.at, (size_t)(end - rest.at)};
        if (instrument_find(&lint->run.pack->instruments, id) == NULL) {
            tell(lint, PACK_FINDING_UNKNOWN_INSTRUMENT, when, what, id);
        }
    }
}

static bool share_kind(const struct written *a, const struct written *b)
{
    const struct yaml_node *item;
    for (size_t n = 0; (item = nth(a->on, n)) != NULL; n++) {
        if (has(b->on, item->text)) {
            return true;
        }
    }
    return false;
}

static int check_overlaps(struct lint *lint, size_t index)
{
    const struct written *rule = &lint->rules[index];
    for (size_t i = 0; i < index; i++) {
        const struct written *before = &lint->rules[i];
        bool is_same = rule->when != NULL && before->when != NULL && share_kind(before, rule) &&
                       str_equal(lint_text(before->about), lint_text(rule->about)) &&
                       str_equal(lint_text(lint_member(before->then, "kind")),
                                 lint_text(lint_member(rule->then, "kind"))) &&
                       str_equal(lint_text(lint_member(before->node, "only")),
                                 lint_text(lint_member(rule->node, "only")));
        int error =
            is_same ? holds_same(before->when->text, rule->when->text, lint->run.arena, &is_same)
                    : 0;
        if (error != 0) {
            return error;
        }
        if (is_same) {
            tell(lint, PACK_FINDING_OVERLAP, rule->node, name_of(rule), name_of(before));
        }
    }
    return 0;
}

/* ---- texts */

/* Whether there is Chinese, or a word in small Latin letters, outside of the values. */
static void find_scripts(struct str text, bool ret_has[LANGUAGES])
{
    size_t depth = 0;
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        depth += c == '{' ? 1 : 0;
        depth -= c == '}' && depth > 0 ? 1 : 0;
        run = depth == 0 && c >= 'a' && c <= 'z' ? run + 1 : 0;
        ret_has[0] = ret_has[0] || (depth == 0 && c >= 0xe4 && c <= 0xe9); /* U+4000 … U+9FFF */
        ret_has[1] = ret_has[1] || run >= 2;
    }
}

static void check_why(const struct lint *lint, const struct written *rule)
{
    bool has_script[LANGUAGES] = {false, false};
    find_scripts(lint_text(rule->why), has_script);
    for (size_t i = 0; i < LANGUAGES; i++) {
        if (!has_script[i]) {
            tell(lint, PACK_FINDING_UNTRANSLATED_WHY, rule->why == NULL ? rule->node : rule->why,
                 name_of(rule), str_of(languages[i]));
        }
    }
}

static const struct pack_file *words_of(const struct lint *lint, const char *language)
{
    char path[WORD_BYTES];
    (void)snprintf(path, sizeof(path), "templates/%s/words.txt", language);
    return pack_find_file(lint->run.pack, path);
}

/* The next "group.code" of a file of words; empty: there is none. */
static struct str next_word(struct str *rest)
{
    while (rest->len > 0) {
        const char *end = memchr(rest->at, '\n', rest->len);
        struct str line = {rest->at, end == NULL ? rest->len : (size_t)(end - rest->at)};
        size_t skip = end == NULL ? rest->len : line.len + 1;
        const char *equal = memchr(line.at, '=', line.len);
        *rest = (struct str){rest->at + skip, rest->len - skip};
        line.len = equal == NULL ? 0 : (size_t)(equal - line.at);
        while (line.len > 0 && line.at[line.len - 1] == ' ') {
            line.len--;
        }
        if (line.len > 0 && line.at[0] != '#') {
            return line;
        }
    }
    return (struct str){NULL, 0};
}

static bool has_word(const struct pack_file *file, struct str word)
{
    struct str rest = file->content;
    struct str found;
    while ((found = next_word(&rest)).len > 0) {
        if (str_equal(found, word)) {
            return true;
        }
    }
    return false;
}

static int check_kind_word(const struct lint *lint, const struct written *rule)
{
    const struct yaml_node *kind = lint_member(rule->then, "kind");
    char text[WORD_BYTES];
    if (kind == NULL) {
        return 0;
    }
    (void)snprintf(text, sizeof(text), "kind.%.*s", (int)kind->text.len, kind->text.at);
    struct str word = arena_copy_str(lint->run.arena, str_of(text));
    for (size_t i = 0; i < LANGUAGES && word.at != NULL; i++) {
        const struct pack_file *file = words_of(lint, languages[i]);
        if (file != NULL && !has_word(file, word)) {
            tell(lint, PACK_FINDING_UNTRANSLATED_WORD, kind, word, str_of(languages[i]));
        }
    }
    return word.at == NULL ? ERR_MEMORY : 0;
}

static void check_words(const struct lint *lint)
{
    for (size_t i = 0; i < LANGUAGES; i++) {
        const char *other = languages[LANGUAGES - 1 - i];
        const struct pack_file *from = words_of(lint, languages[i]);
        const struct pack_file *to = words_of(lint, other);
        struct str rest = from == NULL || to == NULL ? (struct str){NULL, 0} : from->content;
        struct str word;
        while ((word = next_word(&rest)).len > 0) {
            if (!has_word(to, word)) {
                tell_file(lint, PACK_FINDING_UNTRANSLATED_WORD, to->path, word, str_of(other));
            }
        }
    }
}

/* "templates/zh/x" is to have "templates/en/x", and the other way round. */
static void check_template(const struct lint *lint, const struct pack_file *file)
{
    for (size_t i = 0; i < LANGUAGES; i++) {
        char folder[32];
        char path[PACK_PATH_MAX_BYTES + 8];
        const char *other = languages[LANGUAGES - 1 - i];
        (void)snprintf(folder, sizeof(folder), "templates/%s/", languages[i]);
        if (str_starts(str_of(file->path), str_of(folder))) {
            (void)snprintf(path, sizeof(path), "templates/%s/%s", other,
                           file->path + strlen(folder));
            if (pack_find_file(lint->run.pack, path) == NULL) {
                tell_file(lint, PACK_FINDING_UNTRANSLATED_TEMPLATE, file->path, str_of(file->path),
                          str_of(other));
            }
        }
    }
}

/* ---- the whole */

static void add_rules(struct lint *lint, const struct yaml_node *list, const char *then)
{
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        add_rule(lint, &list->items[i], then);
    }
}

/* What counts nothing because its `where` cannot hold. */
static int check_where(struct lint *lint, const struct yaml_node *list)
{
    int error = 0;
    for (size_t i = 0; list != NULL && i < list->count && error == 0; i++) {
        const struct yaml_node *where = lint_member(&list->items[i], "where");
        error = where == NULL ? 0
                              : check_condition(lint, where, NULL,
                                                lint_text(lint_member(&list->items[i], "id")));
    }
    return error;
}

/* Which features any text of the file reads. */
static void mark_used(struct lint *lint, const struct yaml_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        mark_used(lint, node->kind == YAML_SEQUENCE ? &node->items[i] : &node->pairs[i].value);
    }
    if (node->kind == YAML_SCALAR) {
        lint->used |= ruleset_features_of(lint->run.pack->rules, node->text);
    }
}

static int check_file(struct lint *lint, const struct yaml_node *root)
{
    const struct yaml_node *plausibility = lint_member(root, "plausibility");
    size_t from = lint->rule_count;
    int error = 0;
    add_rules(lint, lint_member(root, "rules"), "then");
    add_rules(lint, lint_member(root, "expectations"), "else");
    if (plausibility != NULL) {
        add_rule(lint, plausibility, "then");
    }
    mark_used(lint, root);
    for (size_t i = from; i < lint->rule_count && error == 0; i++) {
        const struct written *rule = &lint->rules[i];
        if (rule->when != NULL) {
            error = check_condition(lint, rule->when, rule->on, name_of(rule));
            check_instruments(lint, rule->when, name_of(rule));
        }
        error = error != 0 ? error : check_overlaps(lint, i);
        check_why(lint, rule);
        error = error != 0 ? error : check_kind_word(lint, rule);
    }
    error = error != 0 ? error : check_where(lint, lint_member(root, "features"));
    return error != 0 ? error : check_where(lint, lint_member(root, "expectations"));
}

static void check_unused(const struct lint *lint, const struct yaml_node *root)
{
    const struct yaml_node *features = lint_member(root, "features");
    for (size_t i = 0; features != NULL && i < features->count; i++) {
        struct str id = lint_text(lint_member(&features->items[i], "id"));
        int index = ruleset_find_feature(lint->run.pack->rules, id);
        if (index >= 0 && (lint->used >> index & 1) == 0) {
            tell(lint, PACK_FINDING_UNUSED_FEATURE, &features->items[i], id, (struct str){NULL, 0});
        }
    }
}

/* Each file under the folder with its tree; it was parsed before, so that only memory can be missing. */
static int each_root(struct lint *lint, struct str folder,
                     int (*check)(struct lint *lint, const struct yaml_node *root))
{
    struct yaml_faults *faults = arena_alloc(lint->run.arena, sizeof(*faults));
    int error = faults == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; i < lint->run.pack->file_count && error == 0; i++) {
        const struct pack_file *file = &lint->run.pack->files[i];
        const struct yaml_node *root = NULL;
        if (str_starts(str_of(file->path), folder)) {
            error = yaml_parse(file->path, file->content, lint->run.arena, faults, &root);
            error = error != 0 ? error : check(lint, root);
        }
    }
    return error;
}

static int check_unused_root(struct lint *lint, const struct yaml_node *root)
{
    check_unused(lint, root);
    return 0;
}

static int check_policies_root(struct lint *lint, const struct yaml_node *root)
{
    return lint_policies(&lint->run, root);
}

int pack_lint(const struct pack *pack, const struct org *org, struct arena *arena,
              pack_found_fn found, void *ctx)
{
    struct lint *lint = arena_alloc(arena, sizeof(*lint));
    if (lint == NULL) {
        return ERR_MEMORY;
    }
    *lint = (struct lint){.run = {pack, org, arena, found, ctx}};
    int error = each_root(lint, STR_LITERAL("rules/"), check_file);
    error = error != 0 ? error : each_root(lint, STR_LITERAL("rules/"), check_unused_root);
    error = error != 0 ? error : each_root(lint, STR_LITERAL("policies/"), check_policies_root);
    for (size_t i = 0; i < pack->file_count && error == 0; i++) {
        check_template(lint, &pack->files[i]);
    }
    check_words(lint);
    return error;
}
