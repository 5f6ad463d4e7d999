/* The store: records by key, and one index for everything else that is asked. A record is replaced as a whole; whatever can
 * fail is done before anything changes. */
#include "core/org/org.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "core/org/index.h"
#include "core/org/object.h"
#include "core/org/store.h"

struct org *org_new(const struct org_setup *setup)
{
    struct org *org = heap_alloc(sizeof(*org));
    if (org == NULL) {
        return NULL;
    }
    map_init(&org->objects, setup->record_max == 0 ? ORG_RECORDS_MAX : setup->record_max,
             setup->seed);
    org_index_init(&org->index, setup->seed);
    org->keep_sealed = setup->keep_sealed;
    return org;
}

void org_free(struct org *org)
{
    if (org == NULL) {
        return;
    }
    for (size_t i = 0; i < org->objects.count; i++) {
        heap_free(org->objects.entries[i].value);
    }
    map_fini(&org->objects);
    org_index_fini(&org->index);
    heap_free(org);
}

static void take_out(struct org *org, struct org_object *object)
{
    for (size_t i = 0; i < object->link_count; i++) {
        org_index_remove(&org->index, &object->links[i]);
    }
    void *removed = map_remove(&org->objects, object->key);
    sw_assert(removed == object);
    org->memory_bytes -= object->bytes;
    heap_free(object);
}

int org_put(struct org *org, const struct org_record *record)
{
    if (org_record_fault(record) != NULL) {
        return ERR_INVALID;
    }
    struct org_object *object = org_object_new(record, org->keep_sealed);
    if (object == NULL) {
        return ERR_MEMORY;
    }
    int error = org_index_reserve(&org->index, object->link_count);
    if (error != 0) {
        heap_free(object);
        return error;
    }
    struct org_object *old = map_get(&org->objects, object->key);
    if (old != NULL) {
        take_out(org, old);
    }
    error = map_add(&org->objects, object->key, object);
    if (error != 0) {
        sw_assert(old == NULL); /* an entry that was just taken out leaves its room */
        heap_free(object);
        return error;
    }
    for (size_t i = 0; i < object->link_count; i++) {
        org_index_add(&org->index, &object->links[i]);
    }
    org->memory_bytes += object->bytes;
    return 0;
}

bool org_remove(struct org *org, struct str key)
{
    struct org_object *object = map_get(&org->objects, key);
    if (object == NULL) {
        return false;
    }
    take_out(org, object);
    return true;
}

size_t org_count(const struct org *org)
{
    return org->objects.count;
}

size_t org_memory_bytes(const struct org *org)
{
    return org->memory_bytes + org->index.slot_count * sizeof(struct org_link *) +
           org->objects.capacity * (sizeof(struct map_entry) + 2 * sizeof(uint32_t));
}
