/* The people of a scenario: sections of directory files laid one over the other, and read as one file each time somebody changes.
 * References stand as ids, and what would be sealed is sealed under nothing: nobody in it is real. */
#include "wire/scenario.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/sealed.pb-c.h>

#include "wire/decode.h"
#include "wire/directory.h"
#include "wire/directory_file.h"

enum { SECTIONS = 8, ITEMS_MAX = 5000, GONE_MAX = 200, SCRATCH_BYTES = 4 << 20 };

/* What tells the items of a section apart, and the word of their records' keys where they may be taken out. */
static const struct section_row {
    const char *name;
    const char *keys[2];
    const char *record;
} section_rows[SECTIONS] = {
    {"units", {"id", NULL}, NULL},         {"groups", {"unit", "id"}, "group"},
    {"people", {"unit", "ref"}, "person"}, {"rosters", {"unit", "role"}, "roster"},
    {"tokens", {"secret", NULL}, NULL},    {"sources", {"name", NULL}, NULL},
    {"users", {"login", NULL}, NULL},      {"partners", {"unit", "id"}, NULL},
};

struct section {
    struct yaml_node *items;
    size_t count;
    size_t capacity;
};

struct scenario_people {
    struct arena *arena;
    ident_hash_fn hash;
    struct section sections[SECTIONS];
    struct str gone[GONE_MAX]; /* keys of records that are there no more */
    size_t gone_count;
};

struct scenario_people *scenario_people_new(struct arena *arena, ident_hash_fn hash)
{
    struct scenario_people *people = arena_alloc(arena, sizeof(*people));
    if (people != NULL) {
        people->arena = arena;
        people->hash = hash;
    }
    return people;
}

/* --- laying over ------------------------------------------------------------------------------------------------------ */

static const struct yaml_node *value_of(const struct yaml_node *item, const char *key)
{
    for (size_t i = 0; key != NULL && i < item->count && item->kind == YAML_MAPPING; i++) {
        if (str_is(item->pairs[i].key.text, key)) {
            return &item->pairs[i].value;
        }
    }
    return NULL;
}

/* A person may be filed in several units: the first counts. */
static struct str text_of(const struct yaml_node *item, const char *key)
{
    const struct yaml_node *value = value_of(item, key);
    if (value != NULL && value->kind == YAML_SEQUENCE && value->count > 0) {
        value = &value->items[0];
    }
    return value == NULL ? STR_LITERAL("") : value->text;
}

static struct yaml_node *find_same(const struct section_row *row, const struct section *section,
                                   const struct yaml_node *item)
{
    for (size_t i = 0; i < section->count; i++) {
        bool is_same = true;
        for (size_t k = 0; k < 2; k++) {
            is_same = is_same && str_equal(text_of(&section->items[i], row->keys[k]),
                                           text_of(item, row->keys[k]));
        }
        if (is_same) {
            return &section->items[i];
        }
    }
    return NULL;
}

static bool is_none(const struct yaml_node *value)
{
    return value->kind == YAML_SCALAR && value->is_plain && str_is(value->text, "none");
}

/* `under` with the keys of `over` in place of its own. */
static int lay_over(struct scenario_people *people, struct yaml_node *under,
                    const struct yaml_node *over)
{
    struct yaml_pair *pairs =
        arena_alloc_array(people->arena, under->count + over->count, sizeof(*pairs));
    size_t count = 0;
    if (pairs == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < under->count; i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "%.*s", (int)under->pairs[i].key.text.len,
                       under->pairs[i].key.text.at);
        if (value_of(over, key) == NULL) {
            pairs[count++] = under->pairs[i];
        }
    }
    for (size_t i = 0; i < over->count; i++) {
        if (!is_none(&over->pairs[i].value)) {
            pairs[count++] = over->pairs[i];
        }
    }
    under->pairs = pairs;
    under->count = count;
    return 0;
}

static int take_out(struct scenario_people *people, size_t index, struct yaml_node *there,
                    const struct yaml_node *item, struct yaml_faults *faults)
{
    const struct section_row *row = &section_rows[index];
    struct section *section = &people->sections[index];
    char key[200];
    struct str unit = text_of(item, row->keys[0]);
    struct str id = text_of(item, row->keys[1]);
    if (there == NULL || row->record == NULL || people->gone_count == GONE_MAX) {
        yaml_fail(faults, item, "nobody of that name is there, or this cannot be taken out");
        return ERR_INVALID;
    }
    (void)snprintf(key, sizeof(key), "%.*s/%s/%.*s", (int)unit.len, unit.at, row->record,
                   (int)id.len, id.at);
    struct str copy = arena_copy_str(people->arena, str_of(key));
    if (copy.at == NULL) {
        return ERR_MEMORY;
    }
    people->gone[people->gone_count++] = copy;
    *there = section->items[--section->count];
    return 0;
}

static int add_item(struct scenario_people *people, size_t index, const struct yaml_node *item,
                    struct yaml_faults *faults)
{
    struct section *section = &people->sections[index];
    struct yaml_node *there = find_same(&section_rows[index], section, item);
    const struct yaml_node *remove = value_of(item, "remove");
    if (item->kind != YAML_MAPPING || section->count == ITEMS_MAX) {
        yaml_fail(faults, item, "expected a mapping, and at most %d of them", ITEMS_MAX);
        return ERR_INVALID;
    }
    if (remove != NULL) {
        return take_out(people, index, there, item, faults);
    }
    if (there != NULL) {
        return lay_over(people, there, item);
    }
    struct yaml_node *items = arena_grow_array(people->arena, section->items, section->count,
                                               &section->capacity, sizeof(*items));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    section->items = items;
    items[section->count++] = *item;
    return 0;
}

int scenario_people_add(struct scenario_people *people, const struct yaml_node *root,
                        struct yaml_faults *faults)
{
    const struct yaml_node *nodes[SECTIONS];
    struct yaml_key keys[SECTIONS];
    int error = 0;
    for (size_t i = 0; i < SECTIONS; i++) {
        keys[i] = (struct yaml_key){section_rows[i].name, false, &nodes[i]};
    }
    if (!yaml_read_mapping(root, keys, SECTIONS, faults)) {
        return ERR_INVALID;
    }
    for (size_t i = 0; i < SECTIONS && error == 0; i++) {
        const struct yaml_node *items = NULL;
        size_t count = 0;
        if (nodes[i] != NULL &&
            !yaml_read_list(nodes[i], false, ITEMS_MAX, faults, &items, &count)) {
            return ERR_INVALID;
        }
        for (size_t k = 0; k < count && error == 0; k++) {
            error = add_item(people, i, &items[k], faults);
        }
    }
    return error;
}

struct str scenario_people_unit(const struct scenario_people *people)
{
    const struct section *units = &people->sections[0];
    for (size_t i = 0; i < units->count; i++) {
        if (str_is(text_of(&units->items[i], "kind"), "school")) {
            return text_of(&units->items[i], "id");
        }
    }
    return units->count > 0 ? text_of(&units->items[0], "id") : STR_LITERAL("");
}

/* --- into the organisation -------------------------------------------------------------------------------------------- */

static void opaque_id(void *ctx, char prefix, struct str unit, struct str identifier,
                      char ret_id[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    (void)prefix;
    (void)unit;
    (void)snprintf(ret_id, DIRECTORY_ID_TEXT_BYTES, "%.*s", (int)identifier.len, identifier.at);
}

static void hash_text(const struct scenario_people *people, struct str text,
                      char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    struct ident hash;
    people->hash(text.at, text.len, hash.bytes);
    ident_format(hash, ret_text);
}

static void identifier_digest(void *ctx, struct str unit, struct str identifier,
                              char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    (void)unit;
    hash_text(ctx, identifier, ret_text);
}

static void address_digest(void *ctx, struct str address, char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    hash_text(ctx, address, ret_text);
    ret_text[16] = '\0'; /* 8 bytes, as the records have it */
}

static void token_hash(void *ctx, struct str secret, uint8_t ret_hash[ORG_TOKEN_HASH_BYTES])
{
    const struct scenario_people *people = ctx;
    struct ident hash;
    people->hash(secret.at, secret.len, hash.bytes);
    memset(ret_hash, 0, ORG_TOKEN_HASH_BYTES);
    memcpy(ret_hash, hash.bytes, IDENT_BYTES);
}

static int password_hash(void *ctx, struct str password,
                         char ret_text[DIRECTORY_PASSWORD_TEXT_BYTES])
{
    (void)ctx;
    (void)password;
    (void)snprintf(ret_text, DIRECTORY_PASSWORD_TEXT_BYTES, "nobody signs in");
    return 0;
}

static int ensure_key(void *ctx, struct str unit, struct str erasure_id, bool everywhere)
{
    (void)ctx;
    (void)unit;
    (void)erasure_id;
    (void)everywhere;
    return 0;
}

static int seal(void *ctx, struct str unit, struct str erasure_id, struct str clear,
                struct arena *arena, struct str *ret_sealed)
{
    Shouwang__V1__Sealed sealed = SHOUWANG__V1__SEALED__INIT;
    (void)ctx;
    (void)unit;
    (void)erasure_id;
    (void)clear;
    sealed.key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT;
    return encode_message(&sealed.base, arena, ret_sealed);
}

struct putting {
    struct org *org;
    struct arena scratch;
};

static int emit(void *ctx, struct str unit, struct str key, struct str value, bool everywhere)
{
    struct putting *putting = ctx;
    struct fault fault;
    (void)unit;
    (void)everywhere;
    return directory_apply(putting->org, &putting->scratch, key, &value, &fault);
}

/* All sections as the tree of one file. */
static int make_tree(const struct scenario_people *people, struct yaml_node *ret_root)
{
    struct yaml_pair *pairs = arena_alloc_array(people->arena, SECTIONS, sizeof(*pairs));
    size_t count = 0;
    if (pairs == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct section *section = &people->sections[i];
        if (section->count > 0) {
            pairs[count++] = (struct yaml_pair){
                .key = {.kind = YAML_SCALAR, .text = str_of(section_rows[i].name)},
                .value = {.kind = YAML_SEQUENCE,
                          .path = "",
                          .items = section->items,
                          .count = section->count}};
        }
    }
    *ret_root =
        (struct yaml_node){.kind = YAML_MAPPING, .path = "", .pairs = pairs, .count = count};
    return 0;
}

int scenario_people_put(struct scenario_people *people, struct org *org, struct yaml_faults *faults)
{
    const struct directory_names names = {.opaque_id = opaque_id,
                                          .identifier_digest = identifier_digest,
                                          .address_digest = address_digest,
                                          .token_hash = token_hash,
                                          .password_hash = password_hash,
                                          .ctx = people};
    struct putting putting = {.org = org};
    const struct directory_sink sink = {
        .ensure_key = ensure_key, .seal = seal, .emit = emit, .ctx = &putting};
    struct yaml_node root;
    struct directory_import *import = directory_import_new(&names);
    int error = import == NULL ? ERR_MEMORY : make_tree(people, &root);
    arena_init(&putting.scratch, SCRATCH_BYTES);
    error = error != 0 ? error : directory_import_add_tree(import, &root, faults);
    error = error != 0 ? error : directory_import_finish(import, faults);
    for (size_t i = 0; i < people->gone_count && error == 0; i++) {
        (void)org_remove(org, people->gone[i]);
    }
    error = error != 0 ? error : directory_import_write(import, &sink);
    directory_import_free(import);
    arena_fini(&putting.scratch);
    return error;
}
