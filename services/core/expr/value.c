#include "core/expr/value.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

struct expr_value expr_null(void)
{
    return (struct expr_value){.kind = EXPR_NULL};
}

struct expr_value expr_bool(bool value)
{
    return (struct expr_value){.kind = EXPR_BOOL, .boolean = value};
}

struct expr_value expr_int(int64_t value)
{
    return (struct expr_value){.kind = EXPR_INT, .integer = value};
}

struct expr_value expr_uint(uint64_t value)
{
    return (struct expr_value){.kind = EXPR_UINT, .natural = value};
}

struct expr_value expr_double(double value)
{
    return (struct expr_value){.kind = EXPR_DOUBLE, .real = value};
}

struct expr_value expr_string(struct str text)
{
    return (struct expr_value){.kind = EXPR_STRING, .text = text};
}

struct expr_value expr_bytes(struct str bytes)
{
    return (struct expr_value){.kind = EXPR_BYTES, .text = bytes};
}

struct expr_value expr_timestamp(struct expr_instant instant)
{
    sw_assert(instant.nanos >= 0 && instant.nanos < 1000000000);
    return (struct expr_value){.kind = EXPR_TIMESTAMP, .instant = instant};
}

struct expr_value expr_timestamp_ms(int64_t utc_ms)
{
    int64_t seconds = utc_ms / 1000 - (utc_ms % 1000 < 0 ? 1 : 0);
    int64_t rest_ms = utc_ms - seconds * 1000;
    return expr_timestamp((struct expr_instant){seconds, (int32_t)(rest_ms * 1000000)});
}

struct expr_value expr_duration_ns(int64_t ns)
{
    return (struct expr_value){.kind = EXPR_DURATION, .duration_ns = ns};
}

struct expr_value expr_object(const struct expr_schema *schema, const void *at)
{
    sw_assert(schema != NULL);
    return (struct expr_value){.kind = EXPR_OBJECT, .object = {schema, at}};
}

struct expr_value expr_error(enum expr_fault fault)
{
    sw_assert(fault != EXPR_FAULT_NONE);
    return (struct expr_value){.kind = EXPR_ERROR, .fault = fault};
}

struct expr_value expr_list_item(const struct expr_list *list, size_t index)
{
    sw_assert(index < list->count);
    if (list->item == NULL) {
        return ((const struct expr_value *)list->at)[index];
    }
    struct expr_value item = expr_null();
    list->item(list->at, index, &item);
    return item;
}

struct expr_entry expr_map_entry(const struct expr_map *map, size_t index)
{
    sw_assert(index < map->count);
    if (map->entry == NULL) {
        return ((const struct expr_entry *)map->at)[index];
    }
    struct expr_entry entry = {expr_null(), expr_null()};
    map->entry(map->at, index, &entry);
    return entry;
}

const char *expr_kind_name(enum expr_kind kind)
{
    static const char *const names[] = {
        [EXPR_DYN] = "dyn",
        [EXPR_NULL] = "null_type",
        [EXPR_BOOL] = "bool",
        [EXPR_INT] = "int",
        [EXPR_UINT] = "uint",
        [EXPR_DOUBLE] = "double",
        [EXPR_STRING] = "string",
        [EXPR_BYTES] = "bytes",
        [EXPR_TIMESTAMP] = "google.protobuf.Timestamp",
        [EXPR_DURATION] = "google.protobuf.Duration",
        [EXPR_TYPE] = "type",
        [EXPR_LIST] = "list",
        [EXPR_MAP] = "map",
        [EXPR_OPTIONAL] = "optional_type",
        [EXPR_OBJECT] = "object",
        [EXPR_ERROR] = "error",
    };
    sw_assert(kind <= EXPR_ERROR);
    return names[kind];
}

void expr_type_format(const struct expr_type *type, char *ret_text, size_t size)
{
    char element[64] = "dyn";
    char key[32] = "dyn";
    if (type->kind == EXPR_OBJECT) {
        (void)snprintf(ret_text, size, "%s", type->schema->name);
        return;
    }
    if (type->element != NULL) {
        expr_type_format(type->element, element, sizeof(element));
    }
    if (type->key != NULL) {
        expr_type_format(type->key, key, sizeof(key));
    }
    if (type->kind == EXPR_LIST || type->kind == EXPR_OPTIONAL) {
        (void)snprintf(ret_text, size, "%s(%s)", expr_kind_name(type->kind), element);
    } else if (type->kind == EXPR_MAP) {
        (void)snprintf(ret_text, size, "map(%s, %s)", key, element);
    } else {
        (void)snprintf(ret_text, size, "%s", expr_kind_name(type->kind));
    }
}

const char *expr_fault_text(enum expr_fault fault)
{
    static const char *const texts[] = {
#define EXPR_FAULT(name, text) [EXPR_FAULT_##name] = text,
#include "core/expr/fault.def"
#undef EXPR_FAULT
    };
    sw_assert(fault < EXPR_FAULT_COUNT);
    return texts[fault];
}
