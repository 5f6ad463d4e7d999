/* Types and values of expressions. A value is small and borrows what it shows: an event or a feature is reached through
 * the functions beside it, nothing is copied. Value types. */
#ifndef CORE_EXPR_VALUE_H
#define CORE_EXPR_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum expr_kind {
    EXPR_DYN, /* of a type: known at evaluation only */
    EXPR_NULL,
    EXPR_BOOL,
    EXPR_INT,
    EXPR_UINT,
    EXPR_DOUBLE,
    EXPR_STRING, /* well-formed UTF-8 */
    EXPR_BYTES,
    EXPR_TIMESTAMP, /* 0001-01-01T00:00:00Z .. 9999-12-31T23:59:59.999999999Z */
    EXPR_DURATION,
    EXPR_TYPE,
    EXPR_LIST,
    EXPR_MAP,
    EXPR_OPTIONAL,
    EXPR_OBJECT,
    EXPR_ERROR, /* of a value: it could not be computed */
};

/* Why a value could not be computed. */
enum expr_fault {
#define EXPR_FAULT(name, text) EXPR_FAULT_##name,
#include "core/expr/fault.def"
#undef EXPR_FAULT
    EXPR_FAULT_COUNT,
};

struct expr_schema;
struct expr_value;
struct expr_entry;

/* A type. Types that it points at live as long as it does. */
struct expr_type {
    enum expr_kind kind;
    const struct expr_type *key;      /* of a map; NULL: dyn */
    const struct expr_type *element;  /* of a list, an optional, a map's values; NULL: dyn */
    const struct expr_schema *schema; /* of an object */
};

/* The value at `index` < count. */
typedef void (*expr_item_fn)(const void *at, size_t index, struct expr_value *ret_item);
typedef void (*expr_entry_fn)(const void *at, size_t index, struct expr_entry *ret_entry);

struct expr_list {
    const void *at;
    size_t count;
    expr_item_fn item; /* NULL: `at` is an array of struct expr_value */
};

struct expr_map {
    const void *at;
    size_t count;        /* keys are distinct */
    expr_entry_fn entry; /* NULL: `at` is an array of struct expr_entry */
};

struct expr_object {
    const struct expr_schema *schema;
    const void *at;
};

struct expr_instant {
    int64_t seconds; /* since 1970-01-01T00:00:00Z */
    int32_t nanos;   /* 0 .. 999,999,999 */
};

struct expr_value {
    enum expr_kind kind;
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        double real;
        struct str text; /* of STRING and BYTES; of TYPE its name */
        struct expr_instant instant;
        int64_t duration_ns;
        struct expr_list list;
        struct expr_map map;
        const struct expr_value *inside; /* of OPTIONAL; NULL: none */
        struct expr_object object;
        enum expr_fault fault;
    };
};

struct expr_entry {
    struct expr_value key;
    struct expr_value value;
};

/* A field of an object. */
struct expr_field {
    const char *name;
    struct expr_type type;
    bool is_sealed; /* its value is a person's answer: it may decide, but not be shown */
};

/* What an object has. `get` writes the field's value (its default when it is not set) and answers whether it is set. */
struct expr_schema {
    const char *name;
    const struct expr_field *fields;
    size_t field_count;
    bool (*get)(const struct expr_schema *schema, const void *at, size_t field,
                struct expr_value *ret_value);
};

struct expr_value expr_null(void);
struct expr_value expr_bool(bool value);
struct expr_value expr_int(int64_t value);
struct expr_value expr_uint(uint64_t value);
struct expr_value expr_double(double value);
struct expr_value expr_string(struct str text);
struct expr_value expr_bytes(struct str bytes);
struct expr_value expr_timestamp(struct expr_instant instant);
struct expr_value expr_timestamp_ms(int64_t utc_ms); /* of a year from 1 to 9999 */
struct expr_value expr_duration_ns(int64_t ns);
struct expr_value expr_object(const struct expr_schema *schema, const void *at);
struct expr_value expr_error(enum expr_fault fault);

/* The item or entry at `index` < count. */
struct expr_value expr_list_item(const struct expr_list *list, size_t index);
struct expr_entry expr_map_entry(const struct expr_map *map, size_t index);

/* "string", "list", "google.protobuf.Timestamp" …, as CEL names types; static storage. */
const char *expr_kind_name(enum expr_kind kind);

/* "list(string)", "map(string, int)", "event" into `ret_text`, cut if too long. */
void expr_type_format(const struct expr_type *type, char *ret_text, size_t size);

/* The sentence of fault.def. Static storage. */
const char *expr_fault_text(enum expr_fault fault);

#endif
