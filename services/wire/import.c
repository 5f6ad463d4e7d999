/* A file's header and its rows: what each column is, who is equal to whom, and under which id an event goes. */
#include "wire/import.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wire/event.h"
#include "wire/import_inside.h"
#include "wire/json.h"

enum {
    KIND_BYTES = EVENT_TYPE_MAX_BYTES + EVENT_CODE_MAX_BYTES + 1,
};

const struct import_column_row import_columns[IMPORT_COLUMN_COUNT] = {
#define IMPORT_COLUMN(name, text, family, member, shape)                                           \
    {text, EVENT_FAMILY_##family, member, IMPORT_SHAPE_##shape},
#include "wire/import_columns.def"
#undef IMPORT_COLUMN
};

/* What the ids of a row's events are made of. */
struct place_of_row {
    struct arena *arena;
    struct ident digest; /* of its cells */
    size_t equal;        /* rows before it in the file */
};

static int refuse(struct import_fault *ret_fault, enum reject_reason reason, size_t column)
{
    *ret_fault = (struct import_fault){.reason = reason, .column = column};
    return ERR_INVALID;
}

/* --- The header ------------------------------------------------------------------------------------------------------ */

static struct import_answers *answers_of(struct import *import, const struct instrument *instrument)
{
    for (size_t i = 0; i < import->answers_count; i++) {
        if (import->answers[i].instrument == instrument) {
            return &import->answers[i];
        }
    }
    if (import->answers_count == IMPORT_ITEMS_MAX) {
        return NULL;
    }
    struct import_answers *answers = &import->answers[import->answers_count++];
    answers->instrument = instrument;
    return answers;
}

static int place(size_t *slot, size_t column, struct import_fault *ret_fault)
{
    if (*slot != 0) {
        return refuse(ret_fault, REJECT_GIVEN_TWICE, column);
    }
    *slot = column;
    return 0;
}

/* "PHQ-9/9", "PHQ-9/version", "PHQ-9/score" */
static int take_answers_column(struct import *import, struct str name, size_t column,
                               struct import_fault *ret_fault)
{
    const char *slash = name.len == 0 ? NULL : memchr(name.at, '/', name.len);
    int64_t item;
    if (slash == NULL || import->setup.family != EVENT_FAMILY_SCREENING) {
        return refuse(ret_fault, REJECT_UNKNOWN_COLUMN, column);
    }
    struct str id = {name.at, (size_t)(slash - name.at)};
    struct str part = {slash + 1, name.len - id.len - 1};
    const struct instrument *instrument =
        import->setup.instruments == NULL ? NULL : instrument_find(import->setup.instruments, id);
    if (instrument == NULL) {
        return refuse(ret_fault, REJECT_UNKNOWN_INSTRUMENT, column);
    }
    struct import_answers *answers = answers_of(import, instrument);
    if (answers == NULL) {
        return refuse(ret_fault, REJECT_TOO_MANY, column);
    }
    if (str_is(part, "version")) {
        return place(&answers->version, column, ret_fault);
    }
    if (str_is(part, "score")) {
        return place(&answers->score, column, ret_fault);
    }
    if (!str_to_int64(part, 1, (int64_t)instrument->item_count, &item)) {
        bool is_number = str_to_int64(part, 1, INT32_MAX, &item);
        return refuse(ret_fault, is_number ? REJECT_WRONG_INSTRUMENT : REJECT_UNKNOWN_COLUMN,
                      column);
    }
    answers->item_count++;
    return place(&answers->items[item - 1], column, ret_fault);
}

static int take_column(struct import *import, struct str name, size_t column,
                       struct import_fault *ret_fault)
{
    for (size_t i = 0; i < IMPORT_COLUMN_COUNT; i++) {
        bool is_of_family = import_columns[i].family == EVENT_FAMILY_NONE ||
                            import_columns[i].family == import->setup.family;
        if (is_of_family && str_is(name, import_columns[i].name)) {
            return place(&import->at[i], column, ret_fault);
        }
    }
    return take_answers_column(import, name, column, ret_fault);
}

static int lack(struct import_fault *ret_fault, enum import_column column)
{
    (void)refuse(ret_fault, REJECT_MISSING, 0);
    ret_fault->name = str_of(import_columns[column].name);
    return ERR_INVALID;
}

/* What a header must have beyond known columns. */
static int check_header(const struct import *import, struct import_fault *ret_fault)
{
    bool is_screening = import->setup.family == EVENT_FAMILY_SCREENING;
    bool has_person = import->at[IMPORT_COLUMN_PERSON] != 0;
    if (has_person && import->setup.is_made_up) {
        return refuse(ret_fault, REJECT_EXCLUDES_ANOTHER, import->at[IMPORT_COLUMN_PERSON]);
    }
    if (is_screening && !has_person && !import->setup.is_made_up) {
        return lack(ret_fault, IMPORT_COLUMN_PERSON);
    }
    if (is_screening && import->answers_count == 0) {
        return refuse(ret_fault, REJECT_UNKNOWN_INSTRUMENT, 0);
    }
    if (!is_screening && import->at[IMPORT_COLUMN_DATE] == 0) {
        return lack(ret_fault, IMPORT_COLUMN_DATE);
    }
    for (size_t i = 0; i < import->answers_count; i++) {
        const struct import_answers *answers = &import->answers[i];
        if (answers->item_count < answers->instrument->item_count || answers->version == 0) {
            (void)refuse(ret_fault, REJECT_WRONG_INSTRUMENT, 0);
            ret_fault->name = answers->instrument->id;
            return ERR_INVALID;
        }
    }
    return 0;
}

int import_begin(const struct import_setup *setup, const struct csv_row *header,
                 struct import_fault *ret_fault, struct import **ret_import)
{
    struct import *import = heap_alloc(sizeof(*import));
    if (import == NULL) {
        return ERR_MEMORY;
    }
    sw_assert(setup->family == EVENT_FAMILY_SCREENING || setup->family == EVENT_FAMILY_ATTENDANCE);
    import->setup = *setup;
    import->column_count = header->count;
    int error = import_rows_new(setup->digest, setup->ctx, &import->rows);
    for (size_t i = 0; error == 0 && i < header->count; i++) {
        error = take_column(import, header->fields[i], i + 1, ret_fault);
    }
    error = error != 0 ? error : check_header(import, ret_fault);
    if (error != 0) {
        import_free(import);
        return error;
    }
    *ret_import = import;
    return 0;
}

void import_free(struct import *import)
{
    if (import != NULL) {
        import_rows_free(import->rows);
        heap_free(import);
    }
}

size_t import_item_count(const struct import *import)
{
    return import->setup.family == EVENT_FAMILY_SCREENING ? import->answers_count : 1;
}

/* --- Events ---------------------------------------------------------------------------------------------------------- */

/* The cells, and how many equal rows stand before them: said by a sender that cut the file, or counted here. */
static int identify_row(struct import *import, const struct csv_row *row,
                        struct place_of_row *where, struct import_fault *ret_fault)
{
    struct str equal = import_cell(import, row, IMPORT_COLUMN_EQUAL);
    int64_t number;
    where->digest = import_rows_digest(import->rows, row, import->at[IMPORT_COLUMN_ROW],
                                       import->at[IMPORT_COLUMN_EQUAL]);
    if (import->at[IMPORT_COLUMN_EQUAL] == 0) {
        return import_rows_count(import->rows, where->digest, &where->equal);
    }
    if (!str_to_int64(equal, 0, INT32_MAX, &number)) {
        return refuse(ret_fault, REJECT_BAD_NUMBER, import->at[IMPORT_COLUMN_EQUAL]);
    }
    where->equal = (size_t)number;
    return 0;
}

/* What the id and the type say of one event. */
struct name {
    struct str unit;
    struct str kind;  /* "roll" */
    struct str which; /* "roll", "result/PHQ-9" */
};

static int name_event(const struct import *import, const struct csv_row *row,
                      const struct import_answers *answers, struct arena *arena,
                      struct import_fault *ret_fault, struct name *ret_name)
{
    struct str unit = import_cell(import, row, IMPORT_COLUMN_UNIT);
    struct str kind = import_cell(import, row, IMPORT_COLUMN_KIND);
    if (import->at[IMPORT_COLUMN_UNIT] == 0) {
        unit = import->setup.unit;
    }
    if (unit.len == 0 || unit.len > EVENT_UNIT_MAX_BYTES) {
        return refuse(ret_fault, unit.len == 0 ? REJECT_MISSING : REJECT_TOO_LONG,
                      import->at[IMPORT_COLUMN_UNIT]);
    }
    if (kind.len > EVENT_KIND_MAX_BYTES) {
        return refuse(ret_fault, REJECT_TOO_LONG, import->at[IMPORT_COLUMN_KIND]);
    }
    kind = answers != NULL ? STR_LITERAL("result") : kind.len == 0 ? STR_LITERAL("roll") : kind;
    *ret_name = (struct name){unit, kind, kind};
    if (answers != NULL) {
        char which[KIND_BYTES];
        int len = snprintf(which, sizeof(which), "result/%.*s", (int)answers->instrument->id.len,
                           answers->instrument->id.at);
        ret_name->which = arena_copy_str(arena, (struct str){which, (size_t)len});
    }
    return ret_name->which.at == NULL ? ERR_MEMORY : 0;
}

/* hash(unit, kind, row, number of equal rows before it in the file) */
static int make_id(const struct import *import, const struct name *name,
                   const struct place_of_row *where, struct str *ret_id)
{
    char bytes[EVENT_UNIT_MAX_BYTES + KIND_BYTES + IDENT_BYTES + 64];
    char number[24];
    char digits[IDENT_TEXT_BYTES];
    struct ident id;
    size_t len = 0;
    (void)snprintf(number, sizeof(number), "%zu", where->equal);
    const struct str parts[] = {STR_LITERAL("import"), name->unit, name->which,
                                ident_part(&where->digest), str_of(number)};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        sw_assert(len + sizeof(uint32_t) + parts[i].len <= sizeof(bytes));
        len = import_rows_add_part(bytes, len, parts[i]);
    }
    import->setup.digest(import->setup.ctx, (struct str){bytes, len}, id.bytes);
    ident_format(id, digits);
    *ret_id = arena_copy_str(where->arena, str_of(digits));
    return ret_id->at == NULL ? ERR_MEMORY : 0;
}

static int fill_event(const struct import *import, const struct name *name,
                      const struct place_of_row *where, struct cloudevent *event)
{
    enum event_family family = import->setup.family;
    char *type = arena_alloc(where->arena, EVENT_TYPE_MAX_BYTES);
    if (type == NULL) {
        return ERR_MEMORY;
    }
    bool fits =
        cloudevent_format_type(event_family_name(family), name->kind, type, EVENT_TYPE_MAX_BYTES);
    sw_assert(fits); /* the kind is bounded */
    event->specversion = STR_LITERAL("1.0");
    event->source = family == EVENT_FAMILY_SCREENING ? STR_LITERAL("/import/screening")
                                                     : STR_LITERAL("/import/attendance");
    event->type = str_of(type);
    event->datacontenttype = STR_LITERAL("application/json");
    return make_id(import, name, where, &event->id);
}

static int make_item(const struct import *import, const struct csv_row *row,
                     const struct import_answers *answers, const struct place_of_row *where,
                     struct import_item *item)
{
    struct name name;
    int error = name_event(import, row, answers, where->arena, &item->fault, &name);
    error = error != 0 ? error : import_body(import, row, answers, &item->fault, &item->json);
    if (error == 0) {
        error = fill_event(import, &name, where, &item->event);
        item->event.json = item->json;
    }
    return error == ERR_INVALID ? 0 : error;
}

int import_row(struct import *import, const struct csv_row *row, struct arena *arena,
               struct import_item ret_items[IMPORT_ITEMS_MAX], size_t *ret_count)
{
    struct place_of_row where = {.arena = arena};
    size_t count = import_item_count(import);
    memset(ret_items, 0, sizeof(*ret_items) * count);
    *ret_count = 1;
    int error = row->count == import->column_count
                    ? identify_row(import, row, &where, &ret_items[0].fault)
                    : refuse(&ret_items[0].fault, REJECT_WRONG_COUNT, 0);
    if (error != 0) {
        return error == ERR_INVALID ? 0 : error;
    }
    for (size_t i = 0; i < count && error == 0; i++) {
        const struct import_answers *answers =
            import->answers_count == 0 ? NULL : &import->answers[i];
        error = make_item(import, row, answers, &where, &ret_items[i]);
    }
    if (error != 0) {
        for (size_t i = 0; i < count; i++) {
            json_drop(ret_items[i].json);
            ret_items[i].json = NULL;
        }
        return error;
    }
    *ret_count = count;
    return 0;
}

size_t import_column_of(const struct import *import, const struct fault *fault)
{
    static const struct str data = {"/data/", 6};
    struct str path = str_of(fault->path);
    if (str_is(path, "/type")) {
        return import->at[IMPORT_COLUMN_KIND];
    }
    if (!str_starts(path, data)) {
        return 0;
    }
    path = (struct str){path.at + data.len, path.len - data.len};
    for (size_t i = 0; i < IMPORT_COLUMN_COUNT; i++) {
        if (import->at[i] != 0 && import_columns[i].member[0] != '\0' &&
            str_starts(path, str_of(import_columns[i].member))) {
            return import->at[i];
        }
    }
    return 0;
}
