#include "core/disclose/disclose.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/disclose/disclose_set.h"

static const struct str fallback_lang = {"zh", 2};

size_t disclose_position(const struct disclose *disclose, struct str key)
{
    size_t low = 0;
    size_t high = disclose->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(disclose->entries[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct disclose_entry *disclose_find(const struct disclose *disclose, struct str key)
{
    size_t at = disclose_position(disclose, key);
    bool found = at < disclose->count && str_equal(disclose->entries[at].key, key);
    return found ? &disclose->entries[at] : NULL;
}

static const struct disclose_entry *find_text(const struct disclose *disclose, struct str lang,
                                              struct str purpose,
                                              const struct disclose_query *query)
{
    char key[DISCLOSE_KEY_BYTES];
    int len = snprintf(key, sizeof(key), "%.*s/%.*s.%s.%s", (int)lang.len, lang.at,
                       (int)purpose.len, purpose.at, case_channel_name(query->channel),
                       disclose_audience_id(query->audience));
    if (len < 0 || (size_t)len >= sizeof(key)) {
        return NULL;
    }
    return disclose_find(disclose, (struct str){key, (size_t)len});
}

/* The person's language before the right purpose: a text that cannot be read says nothing. */
static const struct disclose_entry *find_best(const struct disclose *disclose,
                                              const struct disclose_query *query)
{
    const struct str langs[] = {query->lang, fallback_lang};
    char precise[DISCLOSE_KEY_BYTES] = "";
    if (query->obligation.len > 0) {
        (void)snprintf(precise, sizeof(precise), "%.*s_%.*s", (int)query->purpose.len,
                       query->purpose.at, (int)query->obligation.len, query->obligation.at);
    }
    const struct str purposes[] = {str_of(precise), query->purpose, STR_LITERAL("default")};
    for (size_t i = 0; i < sizeof(langs) / sizeof(langs[0]); i++) {
        for (size_t k = 0; k < sizeof(purposes) / sizeof(purposes[0]); k++) {
            const struct disclose_entry *entry = find_text(disclose, langs[i], purposes[k], query);
            if (entry != NULL) {
                return entry;
            }
        }
    }
    return NULL;
}

struct partial_source {
    const struct disclose *disclose;
    struct str lang;
};

static struct str find_partial(struct str name, void *ctx)
{
    const struct partial_source *source = ctx;
    char key[DISCLOSE_KEY_BYTES];
    int len = snprintf(key, sizeof(key), "%.*s/_%.*s", (int)source->lang.len, source->lang.at,
                       (int)name.len, name.at);
    const struct disclose_entry *entry = NULL;
    if (len > 0 && (size_t)len < sizeof(key)) {
        entry = disclose_find(source->disclose, (struct str){key, (size_t)len});
    }
    return entry != NULL ? entry->text : (struct str){NULL, 0};
}

/* Only what the audience may see over the channel: the second lock behind the check at load. */
static void fill_in(const struct disclose_query *query, const struct disclose_context *context,
                    struct mustache_value items[DISCLOSE_FIELD_COUNT],
                    struct str names[DISCLOSE_FIELD_COUNT])
{
    for (unsigned i = 0; i < DISCLOSE_FIELD_COUNT; i++) {
        enum disclose_field field = (enum disclose_field)i;
        names[i] = str_of(disclose_field_id(field));
        items[i] = (struct mustache_value){.kind = MUSTACHE_NULL};
        if (disclose_may_see(query->audience, query->channel, field)) {
            items[i] = (struct mustache_value){.kind = MUSTACHE_TEXT, .text = context->fields[i]};
        }
    }
}

int disclose_render(const struct disclose *disclose, const struct disclose_query *query,
                    const struct disclose_context *context, struct arena *scratch,
                    struct str *ret_text)
{
    sw_assert(ret_text != NULL);
    const struct disclose_entry *entry = find_best(disclose, query);
    if (entry == NULL) {
        return ERR_NOT_FOUND;
    }
    struct mustache_value items[DISCLOSE_FIELD_COUNT];
    struct str names[DISCLOSE_FIELD_COUNT];
    fill_in(query, context, items, names);
    struct mustache_value data = {
        .kind = MUSTACHE_HASH, .items = items, .names = names, .count = DISCLOSE_FIELD_COUNT};
    const char *slash = memchr(entry->key.at, '/', entry->key.len);
    struct partial_source source = {disclose, {entry->key.at, (size_t)(slash - entry->key.at)}};
    struct mustache_options options = {
        .escape_html = false, .partial = find_partial, .ctx = &source, .arena = scratch};
    struct mustache_output output = {.bytes = arena_alloc(scratch, DISCLOSE_TEXT_MAX_BYTES),
                                     .size = DISCLOSE_TEXT_MAX_BYTES};
    if (output.bytes == NULL) {
        return ERR_MEMORY;
    }
    int error = mustache_render(entry->mustache, &data, &options, &output);
    while (error == 0 && output.len > 0 && strchr(" \n", output.bytes[output.len - 1]) != NULL) {
        output.len--; /* what an empty last field has left */
    }
    if (error == 0) {
        *ret_text = (struct str){output.bytes, output.len};
    }
    return error;
}

struct str disclose_word(const struct disclose *disclose, struct str lang, struct str group,
                         struct str id)
{
    const struct str langs[] = {lang, fallback_lang};
    for (size_t i = 0; i < 2; i++) {
        char key[DISCLOSE_KEY_BYTES];
        int len = snprintf(key, sizeof(key), "%.*s=%.*s.%.*s", (int)langs[i].len, langs[i].at,
                           (int)group.len, group.at, (int)id.len, id.at);
        const struct disclose_entry *entry = NULL;
        if (len > 0 && (size_t)len < sizeof(key)) {
            entry = disclose_find(disclose, (struct str){key, (size_t)len});
        }
        if (entry != NULL) {
            return entry->text;
        }
    }
    return id;
}

int disclose_check(const struct disclose *disclose, struct disclose_fault *ret_fault)
{
    static const enum disclose_audience audiences[] = {
        DISCLOSE_AUDIENCE_CLASS_TEACHER, DISCLOSE_AUDIENCE_DUTY,   DISCLOSE_AUDIENCE_PSYCH_TEACHER,
        DISCLOSE_AUDIENCE_GUARDIAN,      DISCLOSE_AUDIENCE_POLICE, DISCLOSE_AUDIENCE_HOSPITAL,
        DISCLOSE_AUDIENCE_BUREAU_DUTY,
    };
    static const enum case_channel channels[] = {CASE_CHANNEL_VOICE, CASE_CHANNEL_SMS,
                                                 CASE_CHANNEL_WECOM, CASE_CHANNEL_MAIL};
    for (size_t i = 0; i < sizeof(audiences) / sizeof(audiences[0]); i++) {
        for (size_t k = 0; k < sizeof(channels) / sizeof(channels[0]); k++) {
            struct disclose_query query = {.lang = fallback_lang,
                                           .purpose = STR_LITERAL("default"),
                                           .channel = channels[k],
                                           .audience = audiences[i]};
            if (find_best(disclose, &query) == NULL) {
                (void)snprintf(ret_fault->text, DISCLOSE_FAULT_BYTES,
                               "templates/zh: no default text for %s over %s",
                               disclose_audience_id(audiences[i]), case_channel_name(channels[k]));
                return ERR_INVALID;
            }
        }
    }
    return 0;
}

void disclose_each_text(const struct disclose *disclose, disclose_text_fn each, void *ctx)
{
    sw_assert(each != NULL);
    for (size_t i = 0; i < disclose->count; i++) {
        const struct disclose_entry *entry = &disclose->entries[i];
        if (entry->purpose.len > 0) {
            const char *slash = memchr(entry->key.at, '/', entry->key.len);
            struct disclose_query query = {
                .lang = {entry->key.at, (size_t)(slash - entry->key.at)},
                .purpose = entry->purpose,
                .channel = entry->channel,
                .audience = entry->audience,
            };
            each(&query, ctx);
        }
    }
}
