/* Reads the files of a pack's templates and refuses what must not be sent. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/disclose/disclose_set.h"
#include "core/disclose/lint.h"

enum { LIST_MAX = 16, PARTIAL_DEPTH_MAX = 8 };

struct loader {
    struct arena *arena;
    struct disclose *disclose;
    struct disclose_fault *fault;
    struct str path; /* of the file in hand */
    struct str lang;
};

__attribute__((format(printf, 3, 4))) static int fail(struct loader *loader, uint32_t line,
                                                      const char *format, ...)
{
    char what[DISCLOSE_FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    int path_len = (int)(loader->path.len < 120 ? loader->path.len : 120);
    if (loader->fault != NULL && line > 0) {
        (void)snprintf(loader->fault->text, DISCLOSE_FAULT_BYTES, "%.*s:%u: %.100s", path_len,
                       loader->path.at, line, what);
    } else if (loader->fault != NULL) {
        (void)snprintf(loader->fault->text, DISCLOSE_FAULT_BYTES, "%.*s: %.100s", path_len,
                       loader->path.at, what);
    }
    return ERR_INVALID;
}

static int add_entry(struct loader *loader, const struct disclose_entry *entry)
{
    struct disclose *disclose = loader->disclose;
    size_t at = disclose_position(disclose, entry->key);
    if (at < disclose->count && str_equal(disclose->entries[at].key, entry->key)) {
        return fail(loader, 0, "%.*s stands in %.*s already", (int)entry->key.len, entry->key.at,
                    (int)disclose->entries[at].path.len, disclose->entries[at].path.at);
    }
    if (disclose->count == DISCLOSE_ENTRIES_MAX) {
        return ERR_FULL;
    }
    struct disclose_entry copy = *entry;
    copy.path = loader->path;
    copy.key = arena_copy_str(loader->arena, entry->key);
    if (copy.key.at == NULL) {
        return ERR_MEMORY;
    }
    memmove(&disclose->entries[at + 1], &disclose->entries[at],
            (disclose->count - at) * sizeof(disclose->entries[0]));
    disclose->entries[at] = copy;
    disclose->count++;
    return 0;
}

/* --- Words ------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str text)
{
    while (text.len > 0 && is_blank(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* Takes what stands before `mark` off the front of `rest`; all of it when there is no mark. */
static struct str take_until(struct str *rest, char mark)
{
    const char *hit = rest->len > 0 ? memchr(rest->at, mark, rest->len) : NULL;
    struct str part = *rest;
    *rest = (struct str){rest->at + rest->len, 0};
    if (hit != NULL) {
        size_t behind = part.len - (size_t)(hit - part.at) - 1;
        part.len = (size_t)(hit - part.at);
        *rest = (struct str){hit + 1, behind};
    }
    return part;
}

/* What happened is never written on a lock screen; the other groups of words are. */
static unsigned where_of_word(struct str name)
{
    static const char *const hidden[] = {"kind.", "danger.", "injury.", "place."};
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (str_starts(name, str_of(hidden[i]))) {
            return LINT_ALL;
        }
    }
    return LINT_ALL | LINT_SCREEN;
}

static int load_word(struct loader *loader, struct str line, uint32_t number)
{
    char key[DISCLOSE_KEY_BYTES];
    struct str rest = line;
    struct str name = trim(take_until(&rest, '='));
    struct str text = trim(rest);
    if (name.len == 0 || text.len == 0 || memchr(name.at, '.', name.len) == NULL) {
        return fail(loader, number, "expected \"group.id = word\"");
    }
    struct lint_finding finding = lint_find(text, where_of_word(name));
    if (finding.phrase != NULL) {
        return fail(loader, number, "\"%s\": %s", finding.phrase, finding.why);
    }
    int len = snprintf(key, sizeof(key), "%.*s=%.*s", (int)loader->lang.len, loader->lang.at,
                       (int)name.len, name.at);
    if (len < 0 || (size_t)len >= sizeof(key)) {
        return fail(loader, number, "name is too long");
    }
    struct disclose_entry entry = {.key = {key, (size_t)len}, .text = text};
    return add_entry(loader, &entry);
}

static int load_words(struct loader *loader, struct str content)
{
    int error = 0;
    for (uint32_t number = 1; error == 0 && content.len > 0; number++) {
        struct str line = trim(take_until(&content, '\n'));
        if (line.len > 0 && line.at[0] != '#') {
            error = load_word(loader, line, number);
        }
    }
    return error;
}

/* --- Templates --------------------------------------------------------------------------------- */

static int compile(struct loader *loader, struct str content, struct mustache **ret_mustache)
{
    struct mustache_fault fault;
    int error = mustache_compile(loader->arena, content, &fault, ret_mustache);
    return error == ERR_INVALID ? fail(loader, fault.line, "%s", fault.what) : error;
}

static int load_partial(struct loader *loader, struct str name, struct str content)
{
    char key[DISCLOSE_KEY_BYTES];
    struct mustache *mustache = NULL;
    int error = compile(loader, content, &mustache);
    if (error != 0) {
        return error;
    }
    int len = snprintf(key, sizeof(key), "%.*s/%.*s", (int)loader->lang.len, loader->lang.at,
                       (int)name.len, name.at);
    if (len < 0 || (size_t)len >= sizeof(key)) {
        return fail(loader, 0, "name is too long");
    }
    struct disclose_entry entry = {
        .key = {key, (size_t)len}, .text = content, .mustache = mustache};
    return add_entry(loader, &entry);
}

struct name_lists {
    struct str purposes[LIST_MAX];
    size_t purpose_count;
    enum case_channel channels[LIST_MAX];
    size_t channel_count;
    enum disclose_audience audiences[LIST_MAX];
    size_t audience_count;
};

/* "step+breach.wecom+mail.duty" */
static int parse_name(struct loader *loader, struct str name, struct name_lists *ret_lists)
{
    struct str purposes = take_until(&name, '.');
    struct str channels = take_until(&name, '.');
    struct str audiences = name;
    struct name_lists lists = {0};
    while (purposes.len > 0 && lists.purpose_count < LIST_MAX) {
        lists.purposes[lists.purpose_count++] = take_until(&purposes, '+');
    }
    while (channels.len > 0 && lists.channel_count < LIST_MAX) {
        struct str id = take_until(&channels, '+');
        if (!case_channel_parse(id, &lists.channels[lists.channel_count++])) {
            return fail(loader, 0, "no channel is called \"%.*s\"", (int)id.len, id.at);
        }
    }
    while (audiences.len > 0 && lists.audience_count < LIST_MAX) {
        struct str id = take_until(&audiences, '+');
        if (!disclose_audience_parse(id, &lists.audiences[lists.audience_count++])) {
            return fail(loader, 0, "no audience is called \"%.*s\"", (int)id.len, id.at);
        }
    }
    if (lists.purpose_count == 0 || lists.channel_count == 0 || lists.audience_count == 0 ||
        purposes.len + channels.len + audiences.len > 0) {
        return fail(loader, 0, "expected <purposes>.<channels>.<audiences>.mustache");
    }
    *ret_lists = lists;
    return 0;
}

static int add_texts(struct loader *loader, const struct name_lists *lists,
                     const struct mustache *mustache)
{
    size_t total = lists->purpose_count * lists->channel_count * lists->audience_count;
    int error = 0;
    for (size_t i = 0; error == 0 && i < total; i++) {
        char key[DISCLOSE_KEY_BYTES];
        struct disclose_entry entry = {
            .mustache = mustache,
            .purpose = lists->purposes[i % lists->purpose_count],
            .channel = lists->channels[i / lists->purpose_count % lists->channel_count],
            .audience = lists->audiences[i / lists->purpose_count / lists->channel_count],
        };
        int len = snprintf(key, sizeof(key), "%.*s/%.*s.%s.%s", (int)loader->lang.len,
                           loader->lang.at, (int)entry.purpose.len, entry.purpose.at,
                           case_channel_name(entry.channel), disclose_audience_id(entry.audience));
        if (len < 0 || (size_t)len >= sizeof(key)) {
            return fail(loader, 0, "name is too long");
        }
        entry.key = (struct str){key, (size_t)len};
        error = add_entry(loader, &entry);
    }
    return error;
}

static int load_template(struct loader *loader, struct str name, struct str content)
{
    struct name_lists lists = {.purpose_count = 0};
    struct mustache *mustache = NULL;
    int error = parse_name(loader, name, &lists);
    if (error == 0) {
        error = compile(loader, content, &mustache);
    }
    return error != 0 ? error : add_texts(loader, &lists, mustache);
}

static int load_file(struct loader *loader, struct str content)
{
    static const struct str ending = {".mustache", 9};
    struct str rest = loader->path;
    (void)take_until(&rest, '/'); /* "templates" */
    loader->lang = take_until(&rest, '/');
    if (loader->lang.len == 0 || loader->lang.len > DISCLOSE_LANG_BYTES || rest.len == 0) {
        return fail(loader, 0, "expected templates/<lang>/<file>");
    }
    size_t bad = 0;
    if (!str_is_utf8(content, &bad)) {
        return fail(loader, 0, "not UTF-8 at byte %zu", bad);
    }
    if (str_is(rest, "words.txt")) {
        return load_words(loader, content);
    }
    struct str tail = {rest.at + rest.len - ending.len, ending.len};
    if (rest.len <= ending.len || !str_equal(tail, ending)) {
        return fail(loader, 0, "neither words.txt nor *.mustache");
    }
    rest.len -= ending.len;
    content = trim(content);
    return rest.at[0] == '_' ? load_partial(loader, rest, content)
                             : load_template(loader, rest, content);
}

/* --- What a text may not say ------------------------------------------------------------------- */

struct checking {
    struct loader *loader;
    const struct disclose_entry *text; /* whose audience and channel count */
    unsigned where;
    unsigned depth;
    bool names_switchboard;
};

static int check_item(const struct mustache_item *item, void *ctx);

static int check_partial(struct checking *checking, const struct mustache_item *item)
{
    char key[DISCLOSE_KEY_BYTES];
    struct loader *loader = checking->loader;
    struct str path = loader->path;
    const struct disclose_entry *partial = NULL;
    int len = snprintf(key, sizeof(key), "%.*s/_%.*s", (int)loader->lang.len, loader->lang.at,
                       (int)item->text.len, item->text.at);
    if (len > 0 && (size_t)len < sizeof(key)) {
        partial = disclose_find(loader->disclose, (struct str){key, (size_t)len});
    }
    if (partial == NULL) {
        return fail(loader, item->line, "no partial is called \"%.*s\"", (int)item->text.len,
                    item->text.at);
    }
    if (checking->depth == PARTIAL_DEPTH_MAX) {
        return fail(loader, item->line, "partials are too deep");
    }
    checking->depth++;
    loader->path = partial->path;
    int error = mustache_each_item(partial->mustache, check_item, checking);
    loader->path = path;
    checking->depth--;
    return error;
}

static int check_item(const struct mustache_item *item, void *ctx)
{
    struct checking *checking = ctx;
    const struct disclose_entry *text = checking->text;
    if (item->use == MUSTACHE_USE_TEXT) {
        struct lint_finding finding = lint_find(item->text, checking->where);
        uint32_t line = item->line;
        for (size_t i = 0; i < finding.at; i++) {
            line += item->text.at[i] == '\n';
        }
        return finding.phrase == NULL
                   ? 0
                   : fail(checking->loader, line, "\"%s\": %s", finding.phrase, finding.why);
    }
    if (item->use == MUSTACHE_USE_PARTIAL) {
        return check_partial(checking, item);
    }
    enum disclose_field field;
    if (str_is(item->text, ".")) {
        return 0; /* the section around it was checked */
    }
    if (!disclose_field_parse(item->text, &field)) {
        return fail(checking->loader, item->line, "no field is called %.*s", (int)item->text.len,
                    item->text.at);
    }
    checking->names_switchboard |= field == DISCLOSE_FIELD_SWITCHBOARD;
    if (!disclose_may_see(text->audience, text->channel, field)) {
        return fail(checking->loader, item->line, "field %s is not for %s over %s",
                    disclose_field_id(field), disclose_audience_id(text->audience),
                    case_channel_name(text->channel));
    }
    return 0;
}

static int check_text(struct loader *loader, const struct disclose_entry *text)
{
    struct checking checking = {.loader = loader, .text = text, .where = LINT_ALL};
    if (text->channel == CASE_CHANNEL_SMS) {
        checking.where |= LINT_SCREEN;
    }
    if (text->audience == DISCLOSE_AUDIENCE_GUARDIAN) {
        checking.where |= LINT_GUARDIAN;
    }
    struct str rest = text->key;
    loader->lang = take_until(&rest, '/');
    loader->path = text->path;
    int error = mustache_each_item(text->mustache, check_item, &checking);
    if (error == 0 && text->audience == DISCLOSE_AUDIENCE_GUARDIAN && !checking.names_switchboard) {
        return fail(loader, 0, "a guardian's text names the switchboard to ring");
    }
    return error;
}

static bool is_text(const struct disclose_entry *entry)
{
    return entry->purpose.len > 0;
}

int disclose_load(struct arena *arena, const struct disclose_file *files, size_t count,
                  struct disclose_fault *ret_fault, struct disclose **ret_disclose)
{
    sw_assert(ret_disclose != NULL);
    struct loader loader = {.arena = arena, .fault = ret_fault};
    loader.disclose = arena_alloc(arena, sizeof(struct disclose));
    struct disclose_entry *entries =
        arena_alloc_array(arena, DISCLOSE_ENTRIES_MAX, sizeof(struct disclose_entry));
    if (loader.disclose == NULL || entries == NULL) {
        return ERR_MEMORY;
    }
    loader.disclose->entries = entries;
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (!str_starts(files[i].path, STR_LITERAL("templates/"))) {
            continue;
        }
        struct str content = arena_copy_str(arena, files[i].content);
        loader.path = arena_copy_str(arena, files[i].path);
        error =
            content.at == NULL || loader.path.at == NULL ? ERR_MEMORY : load_file(&loader, content);
    }
    for (size_t i = 0; error == 0 && i < loader.disclose->count; i++) {
        const struct disclose_entry *entry = &loader.disclose->entries[i];
        error = is_text(entry) ? check_text(&loader, entry) : 0;
    }
    if (error == 0) {
        *ret_disclose = loader.disclose;
    }
    return error;
}
