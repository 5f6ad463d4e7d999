#include "wire/pack.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/disclose/disclose.h"
#include "core/rules/ruleset.h"
#include "wire/pack_calendar.h"
#include "wire/pack_rules.h"

enum {
    PACK_ARENA_BYTES = 256 * 1024 * 1024, /* the files, their trees and what is compiled of them */
    PACK_TOTAL_MAX_BYTES = 16 * 1024 * 1024,
};

/* --- Files ----------------------------------------------------------------------------------------------------------- */

static bool is_path(struct str path)
{
    static const char others[] = "_+./-";
    bool is_good = path.len > 0 && path.len <= PACK_PATH_MAX_BYTES && path.at[0] != '/';
    for (size_t i = 0; i < path.len && is_good; i++) {
        char c = path.at[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool is_up = c == '.' && i + 1 < path.len && path.at[i + 1] == '.';
        is_good = !is_up && (is_word || memchr(others, c, sizeof(others) - 1) != NULL);
    }
    return is_good;
}

static bool has_ending(struct str path, const char *ending)
{
    struct str end = str_of(ending);
    return path.len > end.len &&
           str_equal((struct str){path.at + path.len - end.len, end.len}, end);
}

/* Whether a file belongs into a pack, at its place. */
static bool is_known(struct str path)
{
    static const struct {
        const char *folder;
        const char *ending;
    } places[] = {{"rules/", ".yaml"},         {"policies/", ".yaml"},
                  {"templates/", ".mustache"}, {"templates/", "words.txt"},
                  {"instruments/", ".yaml"},   {"calendars/", ".yaml"},
                  {"examples/", ".yaml"}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (str_starts(path, str_of(places[i].folder)) && has_ending(path, places[i].ending)) {
            return true;
        }
    }
    return str_is(path, "README.md");
}

static void check_file(const struct pack_file *file, struct yaml_faults *faults)
{
    struct str path = str_of(file->path);
    if (!is_path(path)) {
        yaml_fail_at(faults, file->path, 0, 0, "not a path of a pack");
    } else if (!is_known(path)) {
        yaml_fail_at(faults, file->path, 0, 0,
                     "no such file in a pack: expected YAML under rules/, policies/, "
                     "instruments/, calendars/ or examples/, texts under templates/<lang>/");
    } else if (file->content.len > PACK_FILE_MAX_BYTES) {
        yaml_fail_at(faults, file->path, 0, 0, "larger than 900 KiB");
    }
}

/* Sorted by path, by insertion: some hundred files at most. */
static int copy_files(struct pack *pack, const struct pack_file *files, size_t count,
                      struct yaml_faults *faults)
{
    struct pack_file *copies = arena_alloc_array(&pack->arena, count, sizeof(*copies));
    size_t total = 0;
    if (copies == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct str path = arena_copy_str(&pack->arena, str_of(files[i].path));
        struct str content = arena_copy_str(&pack->arena, files[i].content);
        size_t at = i;
        if (path.at == NULL || content.at == NULL) {
            return ERR_MEMORY;
        }
        total += content.len;
        while (at > 0 && strcmp(copies[at - 1].path, path.at) > 0) {
            copies[at] = copies[at - 1];
            at--;
        }
        copies[at] = (struct pack_file){path.at, content};
        check_file(&copies[at], faults);
        if (at > 0 && strcmp(copies[at - 1].path, path.at) == 0) {
            yaml_fail_at(faults, path.at, 0, 0, "the file is given twice");
        }
    }
    if (total > PACK_TOTAL_MAX_BYTES) {
        yaml_fail_at(faults, "pack", 0, 0, "all files together are larger than 16 MiB");
    }
    pack->files = copies;
    pack->file_count = count;
    return 0;
}

/* The hash of all paths and the hashes of their contents: the same files give the same hash, wherever they lie. */
static int hash_files(struct pack *pack, pack_hash_fn hash)
{
    enum { ROW_BYTES = PACK_PATH_MAX_BYTES + 1 + PACK_HASH_BYTES };
    uint8_t *rows = arena_alloc_array(&pack->arena, pack->file_count, ROW_BYTES);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct pack_file *file = &pack->files[i];
        uint8_t *row = rows + i * ROW_BYTES; /* zeroed: shorter paths end in zeros */
        memcpy(row, file->path, strlen(file->path));
        hash(file->content.at, file->content.len, row + PACK_PATH_MAX_BYTES + 1);
    }
    hash(rows, pack->file_count * ROW_BYTES, pack->hash);
    return 0;
}

/* --- Parts ----------------------------------------------------------------------------------------------------------- */

/* Parses all YAML files of a folder; those with faults are left out. */
static int parse_folder(struct pack *pack, const char *folder, struct yaml_faults *faults,
                        const struct yaml_node **roots, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct pack_file *file = &pack->files[i];
        if (!str_starts(str_of(file->path), str_of(folder))) {
            continue;
        }
        int error = yaml_parse(file->path, file->content, &pack->arena, faults, &roots[count]);
        if (error == ERR_MEMORY) {
            return error;
        }
        count += error == 0 ? 1 : 0;
    }
    *ret_count = count;
    return 0;
}

static int read_calendars(struct pack *pack, const struct yaml_node **roots,
                          struct yaml_faults *faults)
{
    size_t count = 0;
    int error = parse_folder(pack, "calendars/", faults, roots, &count);
    error = error != 0 ? error
                       : pack_read_calendars(roots, count, &pack->arena, faults, &pack->calendar);
    return error == ERR_INVALID ? 0 : error; /* its faults are in the list */
}

static int read_rules(struct pack *pack, const struct yaml_node **roots, struct yaml_faults *faults)
{
    struct ruleset *rules = arena_alloc(&pack->arena, sizeof(*rules));
    size_t count = 0;
    if (rules == NULL) {
        return ERR_MEMORY;
    }
    int error = parse_folder(pack, "rules/", faults, roots, &count);
    if (error == 0 && count == 0) {
        yaml_fail_at(faults, "rules/", 0, 0, "a pack needs rules");
    }
    error = error != 0 ? error : pack_read_rules(roots, count, &pack->arena, faults, rules);
    memcpy(rules->hash, pack->hash, sizeof(rules->hash));
    rules->calendar = pack->calendar;
    pack->rules = rules;
    return error == ERR_INVALID ? 0
                                : error; /* its faults are in the list: the policies are read too */
}

static int read_policies(struct pack *pack, const struct yaml_node **roots,
                         struct yaml_faults *faults)
{
    size_t count = 0;
    int error = parse_folder(pack, "policies/", faults, roots, &count);
    if (error != 0) {
        return error;
    }
    if (!pack_read_policies(roots, count, &pack->arena, faults, &pack->policies)) {
        sw_assert(faults->count > 0);
        return 0;
    }
    memcpy(pack->policies.hash, pack->hash, sizeof(pack->policies.hash));
    pack->policies.calendar = pack->calendar;
    static const struct str question = {"plausibility", 12};
    static const struct str answer = {"answer", 6};
    if (pack->rules->plausibility.is_set &&
        (!policy_set_takes_code(&pack->policies, question, answer, STR_LITERAL("fault")) ||
         !policy_set_takes_code(&pack->policies, question, answer, STR_LITERAL("real")))) {
        yaml_fail_at(faults, "policies/", 0, 0,
                     "rules ask for plausibility: expected an obligation \"plausibility\" with the "
                     "evidence {answer: [fault, real]}");
    }
    const char *lack = policy_set_lacks(&pack->policies);
    if (lack != NULL) {
        yaml_fail_at(faults, "policies/", 0, 0, lack);
    }
    return 0;
}

/* The texts are compiled again by whoever renders them; here they are only checked. */
static int check_templates(struct pack *pack, struct yaml_faults *faults)
{
    struct arena scratch;
    struct disclose_fault fault;
    struct disclose *texts = NULL;
    struct disclose_file *files = arena_alloc_array(&pack->arena, pack->file_count, sizeof(*files));
    if (files == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < pack->file_count; i++) {
        files[i] = (struct disclose_file){str_of(pack->files[i].path), pack->files[i].content};
    }
    arena_init(&scratch, PACK_ARENA_BYTES);
    int error = disclose_load(&scratch, files, pack->file_count, &fault, &texts);
    error = error != 0 ? error : disclose_check(texts, &fault);
    arena_fini(&scratch);
    if (error == ERR_INVALID) {
        yaml_fail_at(faults, "templates", 0, 0, fault.text);
    }
    return error == ERR_INVALID ? 0 : error;
}

static int read_instruments(struct pack *pack, const struct yaml_node **roots,
                            struct yaml_faults *faults)
{
    size_t count = 0;
    int error = parse_folder(pack, "instruments/", faults, roots, &count);
    error = error != 0 ? error
                       : instrument_read(roots, count, &pack->arena, faults, &pack->instruments);
    return error == ERR_INVALID ? 0 : error; /* its faults are in the list */
}

static int read_parts(struct pack *pack, pack_hash_fn hash, struct yaml_faults *faults)
{
    const struct yaml_node **roots =
        arena_alloc_array(&pack->arena, pack->file_count, sizeof(*roots));
    const struct yaml_node **policies =
        arena_alloc_array(&pack->arena, pack->file_count, sizeof(*policies));
    if (roots == NULL || policies == NULL) {
        return ERR_MEMORY;
    }
    int error = hash_files(pack, hash);
    error = error != 0 ? error : read_instruments(pack, roots, faults);
    error = error != 0 ? error : read_calendars(pack, roots, faults);
    error = error != 0 ? error : read_rules(pack, roots, faults);
    return error != 0 ? error : read_policies(pack, policies, faults);
}

int pack_build_parts(const struct pack_file *files, size_t file_count, pack_hash_fn hash,
                     struct yaml_faults *faults, struct pack **ret_pack)
{
    size_t before = faults->count;
    if (file_count > PACK_FILES_MAX) {
        yaml_fail_at(faults, "pack", 0, 0, "more than 512 files");
        return ERR_INVALID;
    }
    struct pack *pack = heap_alloc(sizeof(*pack));
    if (pack == NULL) {
        return ERR_MEMORY;
    }
    arena_init(&pack->arena, PACK_ARENA_BYTES);
    int error = copy_files(pack, files, file_count, faults);
    if (error == 0 && faults->count == before) {
        error = read_parts(pack, hash, faults);
    }
    if (error == 0 && faults->count > before) {
        error = ERR_INVALID;
    }
    if (error != 0) {
        pack_free(pack);
        return error;
    }
    *ret_pack = pack;
    return 0;
}

int pack_build(const struct pack_file *files, size_t file_count, pack_hash_fn hash,
               struct yaml_faults *faults, struct pack **ret_pack)
{
    size_t before = faults->count;
    struct pack *pack = NULL;
    int error = pack_build_parts(files, file_count, hash, faults, &pack);
    if (error != 0) {
        return error;
    }
    error = check_templates(pack, faults);
    if (error == 0 && faults->count > before) {
        error = ERR_INVALID;
    }
    if (error != 0) {
        pack_free(pack);
        return error;
    }
    *ret_pack = pack;
    return 0;
}

void pack_free(struct pack *pack)
{
    if (pack != NULL) {
        arena_fini(&pack->arena);
        heap_free(pack);
    }
}

const struct pack_file *pack_find_file(const struct pack *pack, const char *path)
{
    for (size_t i = 0; i < pack->file_count; i++) {
        if (strcmp(pack->files[i].path, path) == 0) {
            return &pack->files[i];
        }
    }
    return NULL;
}
