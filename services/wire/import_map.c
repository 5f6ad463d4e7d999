#include "wire/import_map.h"

#include <string.h>

#include "base/heap.h"

enum {
    COLUMNS_MAX = CSV_COLUMNS_MAX,
    WORDS_MAX = 32,
    NAME_MAX_BYTES = 128,
    VIEW_BYTES = 4 * CSV_ROW_MAX_BYTES,
};

/* What stands in the file, and what it means. */
struct word {
    struct str from;
    struct str to;
};

struct column {
    struct str from; /* in the file */
    struct str to;   /* our name */
    struct str before;
    bool is_lower;
    struct word *words;
    size_t word_count;
};

struct import_map {
    enum event_family family;
    struct column *columns;
    size_t count;
    struct word *constants; /* our name, value */
    size_t constant_count;
};

/* --- Reading --------------------------------------------------------------------------------------------------------- */

static bool read_pairs(const struct yaml_node *node, size_t max, struct arena *arena,
                       struct yaml_faults *faults, struct word **ret_words, size_t *ret_count)
{
    if (node->kind != YAML_MAPPING || node->count > max) {
        yaml_fail(faults, node, "expected at most %zu pairs of texts", max);
        return false;
    }
    struct word *words = arena_alloc_array(arena, node->count, sizeof(*words));
    for (size_t i = 0; words != NULL && i < node->count; i++) {
        words[i].from = node->pairs[i].key.text;
        if (!yaml_read_text(&node->pairs[i].value, NAME_MAX_BYTES, faults, &words[i].to)) {
            return false;
        }
    }
    *ret_words = words;
    *ret_count = words == NULL ? 0 : node->count;
    return true;
}

static bool read_column(const struct yaml_pair *pair, struct arena *arena,
                        struct yaml_faults *faults, struct column *column)
{
    const struct yaml_node *as = &pair->value;
    const struct yaml_node *before = NULL;
    const struct yaml_node *lower = NULL;
    const struct yaml_node *words = NULL;
    const struct yaml_key keys[] = {{"as", true, &as},
                                    {"before", false, &before},
                                    {"lower", false, &lower},
                                    {"words", false, &words}};
    column->from = pair->key.text;
    if (pair->value.kind == YAML_MAPPING &&
        !yaml_read_mapping(&pair->value, keys, sizeof(keys) / sizeof(keys[0]), faults)) {
        return false;
    }
    return yaml_read_text(as, NAME_MAX_BYTES, faults, &column->to) &&
           (before == NULL || yaml_read_text(before, NAME_MAX_BYTES, faults, &column->before)) &&
           (lower == NULL || yaml_read_bool(lower, faults, &column->is_lower)) &&
           (words == NULL ||
            read_pairs(words, WORDS_MAX, arena, faults, &column->words, &column->word_count));
}

static bool read_map(const struct yaml_node *root, struct arena *arena, struct yaml_faults *faults,
                     struct import_map *map)
{
    static const char *const families[] = {"screening", "attendance"};
    const struct yaml_node *of = NULL;
    const struct yaml_node *columns = NULL;
    const struct yaml_node *constants = NULL;
    size_t family = 0;
    const struct yaml_key keys[] = {
        {"of", true, &of}, {"columns", true, &columns}, {"constants", false, &constants}};
    if (!yaml_read_mapping(root, keys, sizeof(keys) / sizeof(keys[0]), faults) ||
        !yaml_read_choice(of, families, 2, faults, &family)) {
        return false;
    }
    if (columns->kind != YAML_MAPPING || columns->count == 0 || columns->count > COLUMNS_MAX) {
        yaml_fail(faults, columns, "expected at most %d columns of the file", COLUMNS_MAX);
        return false;
    }
    map->family = family == 0 ? EVENT_FAMILY_SCREENING : EVENT_FAMILY_ATTENDANCE;
    map->columns = arena_alloc_array(arena, columns->count, sizeof(*map->columns));
    for (size_t i = 0; map->columns != NULL && i < columns->count; i++) {
        if (!read_column(&columns->pairs[i], arena, faults, &map->columns[map->count++])) {
            return false;
        }
    }
    return constants == NULL || read_pairs(constants, COLUMNS_MAX - map->count, arena, faults,
                                           &map->constants, &map->constant_count);
}

int import_map_read(const char *path, struct str content, struct arena *arena,
                    struct yaml_faults *faults, const struct import_map **ret_map)
{
    const struct yaml_node *root = NULL;
    struct import_map *map = arena_alloc(arena, sizeof(*map));
    int error = map == NULL ? ERR_MEMORY : yaml_parse(path, content, arena, faults, &root);
    if (error == 0 && !read_map(root, arena, faults, map)) {
        error = ERR_INVALID;
    }
    if (error == 0 &&
        (map->columns == NULL || (map->constants == NULL && map->constant_count > 0))) {
        error = ERR_MEMORY;
    }
    if (error == 0) {
        *ret_map = map;
    }
    return error;
}

enum event_family import_map_family(const struct import_map *map)
{
    return map->family;
}

/* --- A file ---------------------------------------------------------------------------------------------------------- */

/* One of our columns, in the order of the file's, the constants last. */
struct source {
    size_t at;                   /* the file's column from 1; 0: a constant */
    const struct column *column; /* NULL: as it is */
};

struct import_view {
    const struct import_map *map;
    size_t file_count;  /* columns of the file */
    struct arena texts; /* of the header, when it has our names already */
    struct arena arena; /* of one row */
    size_t count;
    struct source sources[COLUMNS_MAX];
    struct str names[COLUMNS_MAX];
    struct str cells[COLUMNS_MAX];
};

static const struct column *find_column(const struct import_map *map, struct str name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (str_equal(map->columns[i].from, name)) {
            return &map->columns[i];
        }
    }
    return NULL;
}

static void add_source(struct import_view *view, struct source source, struct str name)
{
    view->names[view->count] = name;
    view->sources[view->count++] = source;
}

static int bind(struct import_view *view, const struct csv_row *header,
                struct import_fault *ret_fault)
{
    const struct import_map *map = view->map;
    for (size_t i = 0; i < header->count; i++) {
        const struct column *column = find_column(map, header->fields[i]);
        if (column == NULL) {
            continue;
        }
        for (size_t k = 0; k < view->count; k++) {
            if (view->sources[k].column == column) {
                *ret_fault = (struct import_fault){REJECT_GIVEN_TWICE, i + 1, column->from};
                return ERR_INVALID;
            }
        }
        add_source(view, (struct source){i + 1, column}, column->to);
    }
    for (size_t i = 0; view->count < map->count && i < map->count; i++) {
        bool is_there = false;
        for (size_t k = 0; k < view->count; k++) {
            is_there = is_there || view->sources[k].column == &map->columns[i];
        }
        if (!is_there) {
            *ret_fault = (struct import_fault){REJECT_MISSING, 0, map->columns[i].from};
            return ERR_INVALID;
        }
    }
    for (size_t i = 0; i < map->constant_count; i++) {
        add_source(view, (struct source){0, NULL}, map->constants[i].from);
        view->cells[view->count - 1] = map->constants[i].to;
    }
    return 0;
}

/* The file has our names: the header is kept, the rows go through. */
static int keep_header(struct import_view *view, const struct csv_row *header)
{
    for (size_t i = 0; i < header->count; i++) {
        struct str name = arena_copy_str(&view->texts, header->fields[i]);
        if (name.at == NULL) {
            return ERR_MEMORY;
        }
        add_source(view, (struct source){i + 1, NULL}, name);
    }
    return 0;
}

int import_view_new(const struct import_map *map, const struct csv_row *header,
                    struct import_fault *ret_fault, struct import_view **ret_view)
{
    struct import_view *view = heap_alloc(sizeof(*view));
    if (view == NULL) {
        return ERR_MEMORY;
    }
    view->map = map;
    view->file_count = header->count;
    arena_init(&view->texts, VIEW_BYTES);
    arena_init(&view->arena, VIEW_BYTES);
    int error = map != NULL ? bind(view, header, ret_fault) : keep_header(view, header);
    if (error != 0) {
        import_view_free(view);
        return error;
    }
    *ret_view = view;
    return 0;
}

void import_view_free(struct import_view *view)
{
    if (view != NULL) {
        arena_fini(&view->texts);
        arena_fini(&view->arena);
        heap_free(view);
    }
}

struct csv_row import_view_header(const struct import_view *view)
{
    return (struct csv_row){view->names, view->count, 1};
}

/* A cell by the map's words, or with what stands before it, in lower case; at == NULL: no memory. */
static struct str translate(struct arena *arena, const struct column *column, struct str cell)
{
    for (size_t i = 0; i < column->word_count; i++) {
        if (str_equal(column->words[i].from, cell)) {
            return column->words[i].to;
        }
    }
    if (cell.len == 0 || (column->before.len == 0 && !column->is_lower)) {
        return cell;
    }
    char *text = arena_alloc(arena, column->before.len + cell.len);
    if (text == NULL) {
        return (struct str){NULL, 0};
    }
    if (column->before.len > 0) {
        memcpy(text, column->before.at, column->before.len);
    }
    for (size_t i = 0; i < cell.len; i++) {
        char c = cell.at[i];
        bool is_capital = column->is_lower && c >= 'A' && c <= 'Z';
        text[column->before.len + i] = is_capital ? (char)(c - 'A' + 'a') : c;
    }
    return (struct str){text, column->before.len + cell.len};
}

int import_view_row(struct import_view *view, const struct csv_row *row,
                    struct import_fault *ret_fault, struct csv_row *ret_row)
{
    if (row->count != view->file_count) {
        *ret_fault = (struct import_fault){REJECT_WRONG_COUNT, 0, {NULL, 0}};
        return ERR_INVALID;
    }
    arena_reset(&view->arena);
    for (size_t i = 0; i < view->count; i++) {
        const struct source *source = &view->sources[i];
        if (source->at == 0) {
            continue; /* a constant, there from the start */
        }
        struct str cell = row->fields[source->at - 1];
        bool is_plain = source->column == NULL || cell.len == 0;
        view->cells[i] = is_plain ? cell : translate(&view->arena, source->column, cell);
        if (cell.len > 0 && view->cells[i].at == NULL) {
            return ERR_MEMORY;
        }
    }
    *ret_row = (struct csv_row){view->cells, view->count, row->number};
    return 0;
}

size_t import_view_column(const struct import_view *view, size_t column)
{
    return column == 0 || column > view->count ? 0 : view->sources[column - 1].at;
}
