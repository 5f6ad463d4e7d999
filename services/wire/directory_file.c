#include "wire/directory_file.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wire/directory.h"
#include "wire/directory_file_parts.h"

struct directory_import *directory_import_new(const struct directory_names *names)
{
    struct directory_import *import = heap_alloc(sizeof(*import));
    if (import == NULL) {
        return NULL;
    }
    import->names = *names;
    arena_init(&import->arena, DIRECTORY_IMPORT_MAX_BYTES);
    arena_init(&import->scratch, DIRECTORY_IMPORT_MAX_BYTES);
    map_init(&import->units, ORG_RECORDS_MAX, 0);
    return import;
}

void directory_import_free(struct directory_import *import)
{
    if (import == NULL) {
        return;
    }
    org_free(import->org);
    map_fini(&import->units);
    arena_fini(&import->arena);
    arena_fini(&import->scratch);
    heap_free(import);
}

struct directory_entry *directory_import_new_entry(struct directory_import *import,
                                                   enum org_record_kind kind,
                                                   const struct yaml_node *at)
{
    struct directory_entry *entry = arena_alloc(&import->arena, sizeof(*entry));
    struct directory_entries *list = &import->entries[kind];
    if (entry == NULL) {
        return NULL;
    }
    entry->record.kind = kind;
    entry->at = (struct yaml_node){.path = at->path, .line = at->line, .column = at->column};
    if (list->last == NULL) {
        list->first = entry;
    } else {
        list->last->next = entry;
    }
    list->last = entry;
    import->count++;
    return entry;
}

int directory_import_add(struct directory_import *import, const char *path, struct str content,
                         struct yaml_faults *faults)
{
    const struct yaml_node *root = NULL;
    arena_reset(&import->scratch);
    int error = yaml_parse(path, content, &import->scratch, faults, &root);
    if (error != 0) {
        return error == ERR_TOO_LARGE ? ERR_INVALID : error;
    }
    return directory_import_add_tree(import, root, faults);
}

int directory_import_add_tree(struct directory_import *import, const struct yaml_node *root,
                              struct yaml_faults *faults)
{
    int error = 0;
    sw_assert(import->org == NULL); /* not after finish */
    bool is_good = directory_import_read(import, root, faults, &error);
    if (error != 0) {
        return error;
    }
    return is_good ? 0 : ERR_INVALID;
}

const struct org *directory_import_org(const struct directory_import *import)
{
    sw_assert(import->org != NULL);
    return import->org;
}

size_t directory_import_count(const struct directory_import *import)
{
    return import->count;
}

static int seal_person(struct directory_entry *entry, const struct directory_sink *sink,
                       struct arena *arena)
{
    struct org_person *person = &entry->record.person;
    int error = sink->seal(sink->ctx, person->unit, person->id, entry->name, arena, &person->name);
    for (size_t i = 0; error == 0 && i < person->address_count; i++) {
        error = sink->seal(sink->ctx, person->unit, person->id, entry->clear[i], arena,
                           &entry->addresses[i].sealed);
    }
    return error;
}

/* Under the key of the unit that is its area. */
static int seal_partner(struct directory_entry *entry, const struct directory_sink *sink,
                        struct arena *arena)
{
    struct org_partner *partner = &entry->record.partner;
    int error = 0;
    if (entry->url.len > 0) {
        error =
            sink->seal(sink->ctx, partner->unit, partner->unit, entry->url, arena, &partner->url);
    }
    for (size_t i = 0; error == 0 && i < partner->secret_count; i++) {
        error = sink->seal(sink->ctx, partner->unit, partner->unit, entry->secrets[i], arena,
                           &entry->sealed_secrets[i]);
    }
    return error;
}

static int seal_entry(struct directory_entry *entry, const struct directory_sink *sink,
                      struct arena *arena)
{
    if (entry->record.kind == ORG_RECORD_PERSON) {
        return seal_person(entry, sink, arena);
    }
    return entry->record.kind == ORG_RECORD_PARTNER ? seal_partner(entry, sink, arena) : 0;
}

static void forget_sealed(struct directory_entry *entry)
{
    if (entry->record.kind == ORG_RECORD_PARTNER) {
        entry->record.partner.url = (struct str){NULL, 0};
        for (size_t i = 0; i < entry->record.partner.secret_count; i++) {
            entry->sealed_secrets[i] = (struct str){NULL, 0};
        }
    }
    if (entry->record.kind != ORG_RECORD_PERSON) {
        return;
    }
    entry->record.person.name = (struct str){NULL, 0};
    for (size_t i = 0; i < entry->record.person.address_count; i++) {
        entry->addresses[i].sealed = (struct str){NULL, 0};
    }
}

/* Sealed values are in the scratch of this one record, and forgotten again with it. */
static int write_entry(struct directory_import *import, struct directory_entry *entry,
                       const struct directory_sink *sink)
{
    char key_text[ORG_KEY_MAX_BYTES];
    struct str value = {NULL, 0};
    struct org_record *record = &entry->record;
    int error = 0;
    arena_reset(&import->scratch);
    struct str key = org_record_key(record, key_text);
    struct str unit = {key.at, (size_t)((const char *)memchr(key.at, '/', key.len) - key.at)};
    const struct org_unit *filed = org_find_unit(import->org, unit);
    sw_assert(filed != NULL); /* finish has looked */
    bool is_above = filed->kind != ORG_UNIT_SCHOOL;
    if (record->kind == ORG_RECORD_UNIT || record->kind == ORG_RECORD_PARTNER) {
        error = sink->ensure_key(sink->ctx, unit, unit, is_above);
    } else if (record->kind == ORG_RECORD_PERSON) {
        error = sink->ensure_key(sink->ctx, unit, record->person.id, is_above);
    }
    if (error == 0 && sink->ensure_feed != NULL && record->kind == ORG_RECORD_PARTNER &&
        record->partner.channel == CASE_CHANNEL_FEED) {
        error = sink->ensure_feed(sink->ctx, record->partner.id);
    }
    if (error == 0) {
        error = seal_entry(entry, sink, &import->scratch);
    }
    if (error == 0) {
        error = directory_encode(record, &import->scratch, &value);
    }
    if (error == 0) {
        error = sink->emit(sink->ctx, unit, key, value, is_above);
    }
    forget_sealed(entry);
    return error;
}

int directory_import_write(struct directory_import *import, const struct directory_sink *sink)
{
    sw_assert(import->org != NULL);
    for (int kind = ORG_RECORD_UNIT; kind <= ORG_RECORD_LAST; kind++) {
        for (struct directory_entry *entry = import->entries[kind].first; entry != NULL;
             entry = entry->next) {
            int error = write_entry(import, entry, sink);
            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}
